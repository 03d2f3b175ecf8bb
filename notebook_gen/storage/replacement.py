"""Replacement: how rows that take the place of a whole dataset fall into row groups."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from notebook_gen.plan.values import NewDataset


class Piece(NamedTuple):
    """The rows of one row group.

    Attributes:
        number: the row group's.
        start: where they begin in the dataset.
        rows: their numbers, rising.
    """

    number: int
    start: int
    rows: Sequence[int]


def pieces_of(dataset: NewDataset, before: Mapping[int, Sequence[int]], size: int) -> list[Piece]:
    """Cut a dataset into row groups: its rows stay where they were, or are numbered anew if nobody knows where.

    Args:
        dataset: what takes the place of all rows.
        before: by row group, the numbers of its rows, which rise from each to the next.
        size: rows of a row group that are numbered anew.

    Returns:
        Every row group from the first to the last, also those without rows.
    """
    count = dataset.row_count
    if dataset.rows is None:
        starts = range(0, count, size)
        return [Piece(number, start, range(start, min(start + size, count))) for number, start in enumerate(starts)]
    pieces, start = list[Piece](), 0
    for number in range(max(before, default=-1) + 1):
        held = before.get(number, ())
        end = bisect_right(dataset.rows, held[-1], lo=start) if held else start
        pieces.append(Piece(number, start, dataset.rows[start:end]))
        start = end
    return pieces
