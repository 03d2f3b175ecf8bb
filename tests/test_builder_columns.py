"""Columns as they are declared to a builder: names, and what is refused at once."""

import functools
from typing import Any

import pandas as pd
import pytest

import notebook_gen as ng


def builder() -> ng.DatasetBuilder:
    """A builder with one column."""
    b = ng.DatasetBuilder()
    b["n"] = ng.Integer(1, 5)
    return b


def double(n: int, times: int = 2) -> int:
    return n * times


class Doubling:
    """An object that is called like a function."""

    def __call__(self, n: int) -> int:
        return n * 2


def test_what_has_a_name_is_declared_under_it_unless_another_is_given() -> None:
    b = builder()

    b.column(double)
    b.column(name="twice")(functools.partial(double, times=2))
    b.column(name="again")(Doubling())
    b.column(name="half")(lambda n: n / 2)

    assert list(b) == ["n", "double", "twice", "again", "half"]


@pytest.mark.parametrize(
    ("function", "kind"), [(lambda n: n, "lambda"), (functools.partial(double), "partial"), (Doubling(), "Doubling")]
)
def test_what_has_no_name_needs_one(function: Any, kind: str) -> None:
    b = builder()

    with pytest.raises(ng.ConfigError) as caught:
        b.column(function)

    assert str(caught.value) == f"a {kind} has no name of its own; give one: name='…'"
    assert list(b) == ["n"]


def test_two_processors_without_a_name_do_not_replace_each_other() -> None:
    b = builder()

    with pytest.raises(ng.ConfigError, match="a lambda has no name of its own; give one: name='…'"):
        b.processor("post_batch", lambda frame: frame)
    b.processor("post_batch", lambda frame: frame, name="same")

    assert list(b.processors) == [("post_batch", "same")]


def generate(frame: pd.DataFrame) -> Any:
    yield frame


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (5, "processor 'int' is made by a int, which is no function"),
        (generate, "processor 'generate' is made by a generator, which has no result"),
    ],
)
def test_what_cannot_process_is_refused_at_once(function: Any, problem: str) -> None:
    with pytest.raises(ng.ConfigError, match=problem):
        builder().processor("post_batch", function)


@pytest.mark.parametrize(
    ("options", "function", "problem"),
    [
        ({}, "name", "'name' is no function; give one, or write the decorator above one"),
        ({"name": "x"}, None, "None is no function"),
        ({"name": "x"}, max, "column 'x' is made by 'max', which does not tell what it takes"),
        ({"inputs": 5}, double, "column 'double' inputs is 5; give a list"),
        ({"name": 5}, double, "a column's name is 5; give a text that is not blank"),
        ({"name": ""}, double, "a column's name is ''; give a text that is not blank"),
    ],
)
def test_what_makes_no_column_is_refused_at_once(options: dict[str, Any], function: Any, problem: str) -> None:
    b = builder()

    with pytest.raises(ng.ConfigError, match=problem):
        b.column(**options)(function) if options else b.column(function)

    assert list(b) == ["n"]


def test_a_parameter_with_a_default_keeps_it_whatever_columns_there_are() -> None:
    b = builder()
    b["times"] = ng.Integer(7, 7)
    b.column(double)

    assert b["double"].inputs == ("n",)
