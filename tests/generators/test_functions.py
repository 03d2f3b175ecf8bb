"""Functions of the user for single cells: how they are called, what they may give, what their failures say."""

import asyncio
import datetime as dt
import functools
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from notebook_gen.config.columns import Function
from notebook_gen.errors import RateLimited, Rejected
from notebook_gen.generators.functions import AsyncFunctionGenerator, SyncFunctionGenerator
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.plan.values import Made
from tests.generators.nodes import generator_of

GROUP = RowGroup(0, 0, 3)
MOMENT = dt.datetime(2024, 1, 2)  # noqa: DTZ001  # without a zone, as most are


def call(function: Callable[..., Any], inputs: Mapping[str, Any], *, reads: Sequence[str] | None = None) -> Any:
    """The cell that a sync function makes."""
    spec = Function.from_callable(function, inputs=reads)
    made = generator_of(SyncFunctionGenerator, spec).make(GROUP, 0, inputs)
    assert made == Made(made.values)
    return made.values[0]


def call_async(function: Callable[..., Awaitable[Any]], inputs: Mapping[str, Any]) -> Any:
    """The cell that an async function makes."""
    generator = generator_of(AsyncFunctionGenerator, Function.from_callable(function))
    return asyncio.run(generator.make(GROUP, 0, inputs)).values[0]


def test_inputs_are_passed_by_name() -> None:
    def ratio(total: float, *, count: int, digits: int = 1) -> float:
        return round(total / count, digits)

    assert call(ratio, {"count": 3, "total": 10.0}) == 3.3


def test_what_can_only_be_passed_by_position_is() -> None:
    def ratio(total: float, /, count: int) -> float:
        return total / count

    assert call(ratio, {"count": 4, "total": 10.0}) == 2.5


def test_named_inputs_come_as_one_dict_of_its_own() -> None:
    inputs = {"first name": "Ada", "age": 36}

    def describe(row: dict[str, Any]) -> str:
        return f"{row.pop('first name')}, {row['age']}"

    assert call(describe, inputs, reads=["first name", "age"]) == "Ada, 36"
    assert inputs == {"first name": "Ada", "age": 36}


class Shout:
    """An object that is called like a function."""

    async def __call__(self, text: str) -> str:
        await asyncio.sleep(0)
        return text.upper()


def test_an_object_with_an_async_call_is_awaited() -> None:
    assert call_async(Shout(), {"text": "a"}) == "A"
    assert call_async(functools.partial(Shout(), text="b"), {}) == "B"


def test_a_partial_reads_what_is_left_to_give() -> None:
    def ratio(total: float, count: int) -> float:
        return total / count

    assert call(functools.partial(ratio, count=4), {"total": 10.0}) == 2.5


def test_a_function_may_change_what_it_gets_and_nobody_sees() -> None:
    def spoil(tags: list[str], facts: dict[str, Any], pair: tuple[list[int]]) -> None:
        tags.append("X")
        facts["sizes"].clear()
        pair[0].append(2)

    def spoil_all(row: dict[str, Any]) -> None:
        spoil(**row)

    inputs = {"tags": ["a"], "facts": {"sizes": {1}}, "pair": ([1],)}
    call(spoil, inputs)
    call(spoil_all, inputs, reads=list(inputs))

    assert inputs == {"tags": ["a"], "facts": {"sizes": {1}}, "pair": ([1],)}


def test_an_async_function_is_awaited() -> None:
    async def shout(text: str) -> str:
        await asyncio.sleep(0)
        return text.upper()

    assert call_async(shout, {"text": "a"}) == "A"


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array([[1, 2]]), [[1, 2]]),
        (np.datetime64("2024-01-02T00:00:00.000000006"), MOMENT),
        (np.datetime64("NaT"), None),
        (np.array(["2024-01-02"], dtype="datetime64[ns]"), [MOMENT]),
        (pd.NA, None),
        (pd.NaT, None),
        (pd.Timestamp("2024-01-02"), MOMENT),
        (pd.Timedelta(1, "s"), dt.timedelta(seconds=1)),
        ({"n": np.int64(3), "all": [np.float64(1), (pd.NA,)]}, {"n": 3, "all": [1.0, (None,)]}),
        (Decimal("1.5"), Decimal("1.5")),
        (None, None),
    ],
)
def test_values_come_out_in_types_of_python(given: Any, value: Any) -> None:
    made = call(lambda: given, {})

    assert made == value
    assert type(made) is type(value)


def test_a_nan_stays_a_nan() -> None:
    assert repr(call(lambda: float("nan"), {})) == "nan"


class PanicError(BaseException):
    """As a library written in Rust raises it."""


def raises_key_error(row: str) -> str:
    known = {"a": "b"}
    return known[row]


def test_an_exception_is_the_failure_of_the_cell_and_points_at_the_users_line() -> None:
    with pytest.raises(Rejected) as caught:
        call(raises_key_error, {"row": "x"})

    line = raises_key_error.__code__.co_firstlineno + 2
    assert caught.value.problem == "KeyError: 'x'"
    assert caught.value.advice == f"look at raises_key_error(), test_functions.py:{line}: return known[row]"
    assert isinstance(caught.value.__cause__, KeyError)


def test_the_line_is_the_users_own_where_a_library_raised() -> None:
    def parse(text: str) -> Any:
        return json.loads(text)

    with pytest.raises(Rejected) as caught:
        call(parse, {"text": "{"})

    assert caught.value.problem.startswith("JSONDecodeError: ")
    assert "look at parse(), test_functions.py:" in caught.value.advice
    assert caught.value.advice.endswith("return json.loads(text)")


def test_a_line_in_a_notebook_is_told_by_its_cell() -> None:
    source = "def half(n):\n    return n / 0\n"
    names: dict[str, Any] = {}
    exec(compile(source, "/tmp/ipykernel_12/3456.py", "exec"), names)  # noqa: S102, S108  # as a kernel does

    with pytest.raises(Rejected) as caught:
        call(names["half"], {"n": 1})

    assert caught.value.advice == "look at half(), line 2 of its cell"


def test_a_call_that_does_not_fit_the_function_names_it() -> None:
    def lower(text: str) -> str:
        return text

    with pytest.raises(Rejected) as caught:
        call(functools.wraps(lower)(lambda: "a"), {"text": "a"})

    assert caught.value.problem.startswith("TypeError: ")
    assert caught.value.advice == "look at how lower() is called"


@pytest.mark.parametrize(
    "error",
    [
        *(AssertionError(), TypeError("no"), StopIteration(), SystemExit(2), MemoryError()),
        *(KeyboardInterrupt(), GeneratorExit(), BaseExceptionGroup("all", [KeyboardInterrupt()])),
        *(asyncio.CancelledError(), PanicError("at the disco")),
    ],
)
def test_whatever_a_function_raises_is_the_failure_of_its_cell(error: BaseException) -> None:
    def fail() -> None:
        raise error

    async def fail_later() -> None:
        raise error

    with pytest.raises(Rejected, match=type(error).__name__):
        call(fail, {})
    with pytest.raises(Rejected, match=type(error).__name__):
        call_async(fail_later, {})


def test_a_function_may_say_itself_what_kind_of_failure_it_is() -> None:
    failure = RateLimited("slow down", retry_after=1.0)

    def fetch() -> None:
        raise failure

    with pytest.raises(RateLimited) as caught:
        call(fetch, {})

    assert caught.value is failure


class SilentError(Exception):
    """An error whose message cannot be read."""

    def __str__(self) -> str:
        raise KeyboardInterrupt


class UntoldError(Rejected):
    """A failure of the user's own that lacks what failures tell."""

    def __init__(self) -> None:
        pass


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (SilentError(), "SilentError (its message cannot be read)"),
        (ValueError("half a \ud83d"), "ValueError: half a \\ud83d"),
        (Rejected("half a \ud83d"), "half a \\ud83d"),
        (UntoldError(), "UntoldError (its message cannot be read)"),
    ],
)
def test_a_failure_is_told_in_text_that_can_be_kept(error: Exception, problem: str) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(Rejected) as caught:
        call(fail, {})

    assert caught.value.problem == problem


def test_a_timeout_of_the_functions_own_is_the_failure_of_its_cell() -> None:
    async def wait_a_moment() -> None:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    with pytest.raises(Rejected, match="TimeoutError"):
        call_async(wait_a_moment, {})


def test_a_cancellation_of_the_functions_own_is_the_failure_of_its_cell() -> None:
    async def wait() -> None:
        inner = asyncio.ensure_future(asyncio.Event().wait())
        await asyncio.sleep(0)
        inner.cancel()
        await inner

    def cancelled() -> None:
        raise asyncio.CancelledError

    with pytest.raises(Rejected, match="CancelledError"):
        call_async(wait, {})
    with pytest.raises(Rejected, match="CancelledError"):
        call(cancelled, {})


def test_a_generator_is_no_value() -> None:
    with pytest.raises(Rejected) as caught:
        call(lambda n: (i for i in range(n)), {"n": 3})

    assert caught.value.problem == "<lambda>() gave a generator, not a value"
    assert "use return in place of yield" in caught.value.advice


def test_a_coroutine_of_a_sync_function_is_no_value_and_nobody_warns() -> None:
    async def fetch(n: int) -> int:
        return n

    def wrapped(n: int) -> Awaitable[int]:
        return fetch(n)

    with pytest.raises(Rejected) as caught:
        call(wrapped, {"n": 3})

    assert caught.value.problem == "wrapped() gave a coroutine, which nobody awaits"
    assert caught.value.advice == "define it with async def, and await inside it"


def test_a_whole_series_is_no_cell() -> None:
    with pytest.raises(Rejected) as caught:
        call(lambda: pd.Series([1, 2]), {})

    assert caught.value.problem == "<lambda>() gave a Series for one cell"
    assert "full_column=True" in caught.value.advice


def test_a_value_that_contains_itself_is_rejected() -> None:
    endless: list[Any] = []
    endless.append(endless)

    with pytest.raises(Rejected, match="contains itself"):
        call(lambda: endless, {})
