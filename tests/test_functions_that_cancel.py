"""Async functions run in a slot's own task: what they cancel is theirs, and what the run cancels ends them."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

import notebook_gen as ng


def builder_of(function: Callable[..., Awaitable[Any]], **settings: Any) -> ng.DatasetBuilder:
    """One slot, so that each cell meets what the one before has left."""
    settings = {"max_async_functions": 1, "disable_early_shutdown": True, **settings}
    builder = ng.DatasetBuilder(seed=7, settings=ng.RunSettings(**settings))
    builder["n"] = ng.Integer(1, 5)
    builder.column(name="made")(function)
    return builder


def cancel_this_task() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


async def cancel_itself(n: int) -> int:
    cancel_this_task()
    await asyncio.sleep(0)
    return n


async def cancel_itself_and_swallow(n: int) -> int:
    cancel_this_task()
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(0)
    return n


async def cancel_itself_and_give(n: int) -> int:
    cancel_this_task()
    return n


async def cancel_itself_twice_and_give(n: int) -> int:
    cancel_this_task()
    cancel_this_task()
    return n


async def cancel_itself_and_fail(n: int) -> int:
    cancel_this_task()
    raise ValueError("no")


async def be_cancelled_soon(n: int) -> int:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_soon(task.cancel)
    await asyncio.Event().wait()
    return n


@pytest.mark.parametrize("function", [cancel_itself_and_swallow, cancel_itself_and_give, cancel_itself_twice_and_give])
def test_a_function_that_cancels_its_task_and_gives_a_value_has_made_it(
    function: Callable[..., Awaitable[Any]],
) -> None:
    rows = builder_of(function).preview(3, show=False).result().to_pandas()

    assert rows["made"].tolist() == rows["n"].tolist()


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (cancel_itself, "CancelledError"),
        (be_cancelled_soon, "CancelledError"),
        (cancel_itself_and_fail, "ValueError: no"),
    ],
)
def test_a_function_that_cancels_its_task_and_gives_no_value_fails_in_its_cells_alone(
    function: Callable[..., Awaitable[Any]], said: str
) -> None:
    run = builder_of(function).preview(3, show=False)

    with pytest.raises(ng.RunError, match="all 3 rows were dropped"):
        run.result()

    assert run.failures()["error"].tolist() == [said] * 3


async def wait(begun: threading.Event) -> None:
    begun.set()
    await asyncio.Event().wait()


async def swallow(begun: threading.Event) -> None:
    begun.set()
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


async def cancel_and_wait(begun: threading.Event) -> None:
    await cancel_itself_and_swallow(1)
    begun.set()
    await asyncio.Event().wait()


@pytest.mark.parametrize("function", [wait, swallow, cancel_and_wait])
def test_cancelling_a_run_cancels_the_function_under_way_and_begins_no_other(
    function: Callable[[threading.Event], Awaitable[None]],
) -> None:
    begun, calls = threading.Event(), 0

    async def made(n: int) -> int:
        nonlocal calls
        calls += 1
        await function(begun)
        return n

    run = builder_of(made).preview(3, show=False)
    assert begun.wait(10)
    run.cancel()

    with pytest.raises(ng.RunCancelled):
        run.result()

    assert calls == 1
    assert run.traces.to_pandas()["state"].tolist()[-1] == "cancelled"
