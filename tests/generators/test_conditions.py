"""Conditions: which cells are skipped, and what is said where that cannot be told."""

from typing import Any

import pytest

from notebook_gen.config.columns import Expression, Integer, LLMText
from notebook_gen.errors import Rejected
from notebook_gen.generators.conditions import make_condition
from notebook_gen.plan.tasks import RowGroup
from tests.generators.nodes import node_of

GROUP = RowGroup(1, 10, 3)


def decide(skip_if: str, inputs: dict[str, list[Any]], rows: tuple[int, ...] = (10, 11, 12)) -> list[Any]:
    """What a condition says about some rows of a row group of three."""
    condition = make_condition(node_of(LLMText("Write.", skip_if=skip_if)))
    assert condition is not None
    return list(condition.decide(GROUP, rows, inputs))


def test_a_cell_is_skipped_where_the_expression_is_true() -> None:
    assert decide("{{ stars == 3 }}", {"stars": [1, 3, 3], "other": [0, 0, 0]}) == [False, True, True]


def test_only_the_rows_asked_for_are_decided() -> None:
    assert decide("{{ stars == 3 }}", {"stars": [1, 3, 2]}, rows=(11, 12)) == [True, False]


@pytest.mark.parametrize(
    ("value", "is_skipped"),
    [
        (0, False),
        (2, True),
        ("", False),
        ("no", True),
        ("False", False),
        (" false ", False),
        ("0", False),
        ([], False),
        (None, False),
        ({1: 2}, True),
    ],
)
def test_true_is_what_python_calls_true_but_for_a_text_that_says_it_is_not(value: Any, is_skipped: bool) -> None:
    assert decide("{{ a }}", {"a": [value] * 3}) == [is_skipped] * 3


def test_a_condition_that_reads_nothing_holds_for_every_row() -> None:
    assert decide("{{ true }}", {}) == [True, True, True]


def test_a_condition_that_cannot_be_told_fails_its_row_and_shows_the_expression_and_what_it_saw() -> None:
    first, second, third = decide("{{ stars > 3 }}", {"stars": [4, None, 1]})

    assert (first, third) == (True, False)
    assert isinstance(second, Rejected)
    assert second.problem.startswith("skip_if cannot be told: the template failed, '{{ stars > 3 }}': TypeError")
    assert second.advice.startswith("it saw stars=None; 'stars' has no value in this row")


def test_a_condition_is_not_true_because_something_is_undefined() -> None:
    failure = decide("{{ review.score }}", {"review": [{}] * 3})[0]

    assert isinstance(failure, Rejected)
    assert "has no attribute 'score'" in failure.problem


@pytest.mark.parametrize("spec", [Expression("{{ a }}"), Integer(1, 2)])
def test_a_column_without_a_condition_has_none(spec: Any) -> None:
    assert make_condition(node_of(spec)) is None
