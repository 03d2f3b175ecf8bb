"""Functions that make several columns, or another number of rows."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pytest

from notebook_gen.config.columns import Function
from notebook_gen.errors import Rejected
from notebook_gen.generators.functions import AsyncFunctionGenerator, SyncFunctionGenerator
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.plan.values import Made
from tests.generators.nodes import generator_of

GROUP = RowGroup(1, 10, 3)
NAMES: Mapping[str, Any] = {"name": ["Ada", "Alan", "Grace"]}


def make(function: Callable[..., Any], inputs: Mapping[str, Any], **options: Any) -> Made:
    spec = Function.from_callable(function, **options)
    return generator_of(SyncFunctionGenerator, spec, name="names").make(GROUP, 10, inputs)


def gives(result: Any, **options: Any) -> Made:
    """What becomes of a result of a function of 'name' with two outputs."""

    def split(name: Any) -> Any:
        return result

    is_column = options.get("full_column", False)
    return make(split, NAMES if is_column else {"name": "Ada"}, outputs=["first", "last"], **options)


@pytest.mark.parametrize("result", [("Ada", "Lovelace"), ["Ada", "Lovelace"], {"last": "Lovelace", "first": "Ada"}])
def test_several_outputs_come_as_a_tuple_or_a_dict(result: Any) -> None:
    assert gives(result) == Made(("Ada", "Lovelace"))


def test_an_async_function_may_have_several_outputs_too() -> None:
    async def split(name: str) -> tuple[str, ...]:
        return tuple(name.split())

    generator = generator_of(AsyncFunctionGenerator, Function.from_callable(split, outputs=["first", "last"]))

    assert asyncio.run(generator.make(GROUP, 10, {"name": "Ada Lovelace"})).values == ("Ada", "Lovelace")


def test_one_output_is_no_exception() -> None:
    def split(name: str) -> tuple[str]:
        return (name,)

    assert make(split, {"name": "Ada"}, outputs=["first"]).values == ("Ada",)


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ("Ada", "split() gave a value of type str, expected values for 'first', 'last'"),
        (None, "split() gave None (is a return missing?), expected values for 'first', 'last'"),
        (("Ada",), "split() gave 1 values, expected 2: 'first', 'last'"),
        ({"first": "Ada", "lst": "L"}, "split() gave a dict with 'first', 'lst', expected 'first', 'last'"),
        ({"first": 1, "last": 2, "x": 3}, "split() gave a dict with 'first', 'last', 'x', expected 'first', 'last'"),
        ({}, "split() gave an empty dict, expected 'first', 'last'"),
        (("Ada", pd.Series([1])), "split() gave a Series for one cell"),
    ],
)
def test_a_wrong_shape_says_what_came_and_what_was_expected(result: Any, problem: str) -> None:
    with pytest.raises(Rejected) as caught:
        gives(result)

    assert caught.value.problem == problem
    assert caught.value.advice


COLUMNS = {"first": [1, 2, 3], "last": [4, 5, 6]}


@pytest.mark.parametrize(
    "result",
    [
        pd.DataFrame({"last": [4, 5, 6], "first": [1, 2, 3]}),
        pd.DataFrame(COLUMNS).iloc[::-1],
        {name: pd.Series(values) for name, values in COLUMNS.items()},
        tuple(COLUMNS.values()),
    ],
)
def test_several_outputs_of_a_full_column_come_as_a_frame_or_as_columns(result: Any) -> None:
    assert gives(result, full_column=True) == Made(([1, 2, 3], [4, 5, 6]))


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        (pd.DataFrame({"first": [1, 2, 3]}), "split() gave a DataFrame with 'first', expected 'first', 'last'"),
        (pd.Series([1, 2, 3]), "split() gave a value of type Series, expected columns for 'first', 'last'"),
        ({"first": [1, 2, 3], "last": [4]}, "split() gave 1 values for 3 rows"),
        (
            pd.DataFrame([[1, 2, 3]], columns=["first", "last", "last"]),
            "split() gave a DataFrame with several columns of one name",
        ),
    ],
)
def test_a_frame_of_a_wrong_shape_says_so(result: Any, problem: str) -> None:
    with pytest.raises(Rejected) as caught:
        gives(result, full_column=True)

    assert caught.value.problem == problem


def resize(result: Any, **options: Any) -> Made:
    def spread(name: Any) -> Any:
        return result(name) if callable(result) else result

    return make(spread, NAMES, full_column=True, allow_resize=True, **options)


def test_the_index_says_which_row_each_value_comes_from() -> None:
    made = resize(lambda name: name.map(list).explode())

    assert made.values == (list("AdaAlanGrace"),)
    assert made.sources == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2]


def test_rows_may_be_left_out() -> None:
    assert resize(lambda name: name[name != "Alan"]) == Made((["Ada", "Grace"],), sources=[0, 2])


def test_rows_that_are_as_they_were_have_no_sources() -> None:
    assert resize(lambda name: name.str.upper()) == Made((["ADA", "ALAN", "GRACE"],))


def test_several_outputs_change_the_number_of_rows_together() -> None:
    frame = pd.DataFrame({"first": ["a", "b"], "last": [1, None]}, index=[2, 2])

    assert resize(frame, outputs=["first", "last"]) == Made((["a", "b"], [1.0, None]), sources=[2, 2])


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        (["a", "b"], "spread() gave a value of type list, expected a Series whose index says"),
        (
            pd.Series([1, 2, 3, 4]),
            r"spread() gave a Series with index [0, 1, 2, 3], which does not say which of the rows 0",
        ),
        (pd.Series([1], index=["Ada"]), "spread() gave a Series with index ['Ada'], which does not say"),
        (pd.Series([1], index=[1.5]), "spread() gave a Series with index [1.5], which does not say"),
    ],
)
def test_rows_of_which_nobody_knows_where_they_come_from_are_an_error(result: Any, problem: str) -> None:
    with pytest.raises(Rejected) as caught:
        resize(result)

    assert caught.value.problem.startswith(problem)
    assert "Series.explode()" in caught.value.advice


def test_outputs_that_disagree_about_the_rows_are_an_error() -> None:
    columns = {"first": pd.Series([1], index=[0]), "last": pd.Series([2], index=[1])}

    with pytest.raises(Rejected, match=r"spread\(\) gave columns with different indexes; give all of them the same"):
        resize(columns, outputs=["first", "last"])
