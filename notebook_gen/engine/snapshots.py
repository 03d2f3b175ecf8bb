"""What a look at live rows gives: plain copies, safe to read on any thread."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Literal, NamedTuple

CellState = Literal["waiting", "ready", "in flight", "deferred", "done", "skipped", "failed", "dropped"]
CELL_STATES: tuple[CellState, ...] = (
    "waiting",
    "ready",
    "in flight",
    "deferred",
    "done",
    "skipped",
    "failed",
    "dropped",
)


class RowView(NamedTuple):
    """One row as it stands.

    Attributes:
        row: its number in the run.
        dropped: whether it was given up.
        states: one for each column of the run, in order. In a dropped row, "failed" marks the column that decided it,
            "dropped" what was not made because of it; in a row that lives, "failed" marks a cell that stays NA.
        values: one for each column; None wherever the state is neither "done" nor "skipped".
        left_empty: places of the columns whose cells an earlier run left without a value: skipped, failed, or made so.
        taken: places of the columns that processors have taken away since, and the words for it.
        reason: why it was dropped; empty where it was not, or nobody has told.
    """

    row: int
    dropped: bool
    states: tuple[CellState, ...]
    values: tuple[Any, ...]
    left_empty: AbstractSet[int] = frozenset()
    taken: Mapping[int, str] = {}
    reason: str = ""
