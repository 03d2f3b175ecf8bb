"""Which rows of a run somebody wants to see, and how it is said which are shown."""

from typing import Any

import numpy as np
import pytest

from notebook_gen.errors import ConfigError
from notebook_gen.views.lanes import Lanes
from notebook_gen.views.row_choice import choose_rows, say_rows


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        (7, [7, 8, 9]),
        (np.int64(8), [8, 9]),
        (range(2, 5), [2, 3, 4]),
        (range(8, 99), [8, 9]),
        (range(4, 1, -1), [2, 3, 4]),
        (range(0, 10**15, 4), [0, 4, 8]),
        (slice(3), [0, 1, 2]),
        (slice(-2, None), [8, 9]),
        (slice(None, None, -5), [4, 9]),
    ],
)
def test_rows_are_the_first_of_them_or_a_range_or_a_slice(rows: Any, chosen: list[int]) -> None:
    assert list(choose_rows(rows, 10)) == chosen


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (-1, "rows is -1, but rows are numbered from 0; give 40 for row 40 and those behind it, or range"),
        (range(-3, 3), r"rows is range\(-3, 3\), but rows are numbered from 0"),
        (10, "the run has none of the rows 10: it has rows 0–9"),
        (range(20, 30), r"the run has none of the rows range\(20, 30\): it has rows 0–9"),
        (range(5, 5), "the run has none of the rows"),
        (slice(4, 2), "the run has none of the rows"),
        (slice(0, 9, 0), r"rows is slice\(0, 9, 0\); give 40 for row 40"),
        (slice("a", None), r"rows is slice\('a', None, None\)"),
        (True, "rows is True; give"),
        (2.0, r"rows is 2\.0"),
        ([1, 2], r"rows is \[1, 2\]"),
        ("<b>\n" * 99, "rows is '<b>"),
    ],
)
def test_what_is_no_rows_is_told_with_a_way_out(rows: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as told:
        choose_rows(rows, 10)

    assert len(str(told.value)) < 260


def test_a_run_of_which_nothing_is_known_has_no_rows() -> None:
    with pytest.raises(ConfigError, match="no attempt tells of any row"):
        choose_rows(0, 0)


@pytest.mark.parametrize(
    ("rows", "count", "said"),
    [
        (range(40), 1_000, "rows 0–39 of 1,000"),
        (range(40), 40, "rows 0–39"),
        (range(40), None, "rows 0–39"),
        (range(7, 8), 9, "row 7 of 9"),
        ([3, 9, 20], 21, "3 rows between 3 and 20 of 21"),
        ([3, 9, 20], None, "3 rows of 3–20"),
        ([], 9, ""),
    ],
)
def test_it_is_said_which_rows_are_shown(rows: Any, count: int | None, said: str) -> None:
    assert say_rows(Lanes("rows", tuple(rows), (1,) * len(rows), (0,)), count) == said
    assert say_rows(Lanes("slots", tuple(rows), (1,) * len(rows), (0,)), count) == ""
