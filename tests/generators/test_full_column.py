"""Full-column functions: what they get and what may come back."""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebook_gen.config.columns import Function
from notebook_gen.errors import Rejected
from notebook_gen.generators.full_column import as_series
from notebook_gen.generators.functions import AsyncFunctionGenerator, SyncFunctionGenerator
from notebook_gen.plan.tasks import RowGroup
from tests.generators.nodes import generator_of

GROUP = RowGroup(1, 10, 3)
MOMENT = dt.datetime(2024, 1, 2)  # noqa: DTZ001  # without a zone, as most are


def call(function: Callable[..., Any], inputs: Mapping[str, Any], *, reads: Sequence[str] | None = None) -> Any:
    """The column that a sync function makes of a row group."""
    spec = Function.from_callable(function, inputs=reads, full_column=True)
    return generator_of(SyncFunctionGenerator, spec).make(GROUP, 10, inputs).values[0]


def gives(result: Any) -> Any:
    """The column made of what a function gives for three rows."""

    def column(n: "pd.Series[int]") -> Any:
        return result

    return call(column, {"n": [1, 2, 3]})


def refusal(result: Any) -> tuple[str, str]:
    """The problem and advice where a function for three rows gives something."""
    with pytest.raises(Rejected) as caught:
        gives(result)
    return caught.value.problem, caught.value.advice


def test_a_function_gets_a_series_a_column_and_gives_one() -> None:
    def total(price: "pd.Series[float]", count: "pd.Series[int]") -> "pd.Series[float]":
        assert price.name == "price"
        assert list(price.index) == [0, 1, 2]
        return price * count

    made = call(total, {"price": [0.5, 1.0, 2.0], "count": [1, 2, 3]})

    assert made == [0.5, 2.0, 6.0]
    assert {type(value) for value in made} == {float}


def test_named_inputs_come_as_one_dataframe() -> None:
    def total(frame: pd.DataFrame) -> "pd.Series[float]":
        assert list(frame.columns) == ["unit price", "count"]
        return frame["unit price"] * frame["count"]

    assert call(total, {"unit price": [0.5, 1.0, 2.0], "count": [1, 2, 3]}, reads=["unit price", "count"]) == [
        0.5,
        2,
        6,
    ]


def test_an_async_function_is_awaited() -> None:
    async def double(n: "pd.Series[int]") -> "pd.Series[int]":
        await asyncio.sleep(0)
        return n * 2

    spec = Function.from_callable(double, full_column=True)
    made = asyncio.run(generator_of(AsyncFunctionGenerator, spec).make(GROUP, 10, {"n": [1, 2, 3]}))

    assert made.values == ([2, 4, 6],)


def test_a_function_may_change_what_it_gets_and_nobody_sees() -> None:
    inputs: dict[str, list[Any]] = {"tags": [["a"], None, ["b"]], "n": [1, 2, 3]}

    def spoil(tags: "pd.Series[Any]", n: "pd.Series[int]") -> "pd.Series[int]":
        tags[0].append("X")
        n[0] = 5
        return n

    def spoil_all(frame: pd.DataFrame) -> "pd.Series[int]":
        return spoil(frame["tags"], frame["n"].copy())

    call(spoil, inputs)
    call(spoil_all, inputs, reads=["tags", "n"])

    assert inputs == {"tags": [["a"], None, ["b"]], "n": [1, 2, 3]}


def test_rows_that_were_dropped_are_not_there() -> None:
    def ranks(n: "pd.Series[int]") -> "pd.Series[int]":
        return n.rank().astype(int)

    assert call(ranks, {"n": [30, 10]}) == [2, 1]


def test_a_function_that_reads_nothing_makes_a_value_for_each_row_of_the_group() -> None:
    def numbers(frame: pd.DataFrame) -> "pd.Index[int]":
        return frame.index

    assert call(numbers, {}, reads=[]) == [0, 1, 2]
    assert call(lambda: ["a", "b", "c"], {}) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], "int64"),
        ([1, None], "Int64"),
        ([2**62 + 1, None], "Int64"),
        ([1.5, 2], "float64"),
        ([1.5, None], "Float64"),
        ([True, False], "bool"),
        ([True, None], "boolean"),
        (["a", "b"], "str"),
        (["a", None], "str"),
        ([None, None], "object"),
        ([2**70, 1], "object"),
        ([1, "a"], "object"),
        ([True, 1], "object"),
        ([[1, 2], [3, 4]], "object"),
        ([{"a": 1}, None], "object"),
        ([MOMENT, None], "datetime64[us]"),
        ([dt.date(2024, 1, 2), None], "object"),
        ([MOMENT, MOMENT.replace(tzinfo=dt.UTC)], "object"),
        ([], "object"),
    ],
)
def test_a_series_has_the_type_that_holds_each_value_unchanged(values: list[Any], dtype: str) -> None:
    series = as_series(values, "x")

    assert str(series.dtype) == dtype
    assert [None if pd.api.types.is_scalar(value) and pd.isna(value) else value for value in series] == values


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.dates() | st.datetimes()
)


@settings(deadline=None)
@given(st.lists(SCALARS, max_size=6) | st.lists(st.none() | st.integers()) | st.lists(st.none() | st.text()))
def test_a_column_passed_through_unchanged_comes_out_unchanged(values: list[Any]) -> None:
    def same(n: "pd.Series[Any]") -> "pd.Series[Any]":
        return n

    made = call(same, {"n": values})

    assert made == values
    # int and float in one column are floats
    assert [type(value) for value in made if type(value) is not float] == [
        type(value) for value, out in zip(values, made, strict=True) if type(out) is not float
    ]


@pytest.mark.parametrize(
    "result",
    [
        ["a", "b", "c"],
        ("a", "b", "c"),
        np.array(["a", "b", "c"]),
        pd.Series(["a", "b", "c"]),
        pd.Series(["a", "b", "c"], dtype="category"),
        pd.Series(["c", "a", "b"], index=[2, 0, 1]),
        pd.DataFrame({"any": ["a", "b", "c"]}),
        pd.Index(["a", "b", "c"]),
        pd.array(["a", "b", "c"]),
    ],
    ids=lambda result: type(result).__name__,
)
def test_a_column_may_come_back_in_many_shapes(result: Any) -> None:
    made = gives(result)

    assert made == ["a", "b", "c"]
    assert {type(value) for value in made} == {str}


def test_missing_values_of_pandas_become_none_and_a_nan_in_a_list_stays() -> None:
    assert gives(pd.Series([1, pd.NA, 3], dtype="Int64")) == [1, None, 3]
    assert gives(pd.Series([0.5, float("nan"), 1])) == [0.5, None, 1]
    assert gives(pd.Series([pd.Timestamp("2024-01-02"), pd.NaT, pd.NaT])) == [MOMENT, None, None]
    assert repr(gives([0.5, float("nan"), None])) == "[0.5, nan, None]"
    assert repr(gives(np.array([0.5, float("nan"), 1]))) == "[0.5, nan, 1.0]"


@pytest.mark.parametrize("result", [["a", "b"], pd.Series(range(4)), np.arange(2), pd.DataFrame({"a": [1]})])
def test_another_number_of_values_is_told(result: Any) -> None:
    problem, advice = refusal(result)

    assert problem == f"column() gave {len(result)} values for 3 rows"
    assert advice == "give one value for each row it got, in the same order; None where there is none"


def test_another_index_is_told() -> None:
    problem, advice = refusal(pd.Series([1, 2, 3], index=[4, 5, 6]))

    assert problem == "column() gave a Series with index [4, 5, 6], expected its inputs': 0 to 2"
    assert advice == "end with .reset_index(drop=True) if its values are in the order of the rows"
    assert "index [0, 0, 1]" in refusal(pd.Series([1, 2, 3], index=[0, 0, 1]))[0]
    assert "index ['a', 'b', 'c']" in refusal(pd.Series([1, 2, 3], index=list("abc")))[0]


def test_several_columns_are_told() -> None:
    problem, _ = refusal(pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3]}))

    assert problem == "column() gave a DataFrame of 2 columns ('a', 'b'), but it makes one"


def test_an_array_of_another_shape_is_told() -> None:
    assert refusal(np.zeros((3, 2)))[0] == "column() gave an array of shape (3, 2), expected (3,)"


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        (None, "None (is a return missing?)"),
        (5, "a value of type int"),
        ("abc", "a value of type str"),
        ({"a": 1}, "a value of type dict"),
        (np.float64(1.0), "a value of type float64"),
        (map(str, "abc"), "a value of type map"),
    ],
)
def test_what_is_no_column_is_told(result: Any, shown: str) -> None:
    problem, advice = refusal(result)

    assert problem == f"column() gave {shown}, expected 3 values"
    assert "a Series, a list, an array or a DataFrame of one column" in advice


def test_an_exception_points_at_the_users_line() -> None:
    def first(n: "pd.Series[int]") -> Any:
        return n["missing"]

    with pytest.raises(Rejected) as caught:
        call(first, {"n": [1, 2, 3]})

    assert caught.value.problem == "KeyError: 'missing'"
    assert caught.value.advice.endswith('return n["missing"]')
