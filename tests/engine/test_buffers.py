"""RowGroupBuffers: values of several row groups at once."""

import pytest

from notebook_gen.engine.buffers import MISSING, RowGroupBuffers
from notebook_gen.plan.tasks import RowGroup

FIRST, SECOND = RowGroup(0, 0, 3), RowGroup(1, 3, 2)


def buffers() -> RowGroupBuffers:
    made = RowGroupBuffers(("a", "b"))
    made.open(FIRST)
    made.open(SECOND)
    return made


def test_what_was_not_made_is_missing() -> None:
    assert buffers().columns(0) == {"a": [MISSING] * 3, "b": [MISSING] * 3}
    assert repr(MISSING) == "MISSING"


def test_values_land_in_their_row_of_their_row_group() -> None:
    made = buffers()

    made.put(1, 4, ["b", "a"], ["four", 4])
    made.put_rows(0, [0, 2], "a", [10, 12])
    made.put_rows(0, range(3), "b", "xyz")

    assert made.columns(0) == {"a": [10, MISSING, 12], "b": ["x", "y", "z"]}
    assert made.columns(1) == {"a": [MISSING, 4], "b": [MISSING, "four"]}


def test_rows_in_any_order_are_told_apart_and_counted() -> None:
    made = buffers()

    made.put_rows(0, [2, 0, 1], "a", [12, 10, 11])

    assert made.columns(0)["a"] == [10, 11, 12]
    assert made.take(0, [1, 2, 0], ["a"]) == {"a": [11, 12, 10]}
    for rows in (range(3), [0, 1, 2]):
        with pytest.raises(ValueError, match="shorter"):
            made.put_rows(0, rows, "a", [0, 1])


def test_rows_are_taken_as_copies_for_all_columns_or_those_named() -> None:
    made = buffers()
    made.put_rows(0, range(3), "a", [0, 1, 2])

    whole, some = made.take(0, range(3), ["a"]), made.take(0, [0, 2])
    whole["a"][0] = 100

    assert some == {"a": [0, 2], "b": [MISSING, MISSING]}
    assert made.columns(0)["a"] == [0, 1, 2]


def test_a_row_group_gets_another_number_of_rows_each_a_copy_of_an_old_one() -> None:
    made = buffers()
    made.put_rows(0, range(3), "a", [0, 1, 2])

    made.resize(RowGroup(0, 0, 4), [2, 2, 0, 0])

    assert made.columns(0)["a"] == [2, 2, 0, 0]
    made.put(0, 3, ["b"], ["new"])
    assert made.columns(0)["b"] == [MISSING, MISSING, MISSING, "new"]


def test_freeing_twice_is_harmless_and_touches_no_other_row_group() -> None:
    made = buffers()

    made.free(0)
    made.free(0)

    assert made.columns(1) == {"a": [MISSING] * 2, "b": [MISSING] * 2}
    with pytest.raises(KeyError):
        made.columns(0)
