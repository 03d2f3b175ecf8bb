"""Turning to other rows in a chart whose lanes are rows, as in a book; until somebody does, it shows the newest."""

from typing import NamedTuple, TypedDict

from notebook_gen.views.lanes import Lanes, most_rows


class Turn(NamedTuple):
    """The rows that somebody turns to: from one on, or those that end before one."""

    row: int
    is_end: bool = False

    def rows(self, begun: int, room: float) -> tuple[int, ...]:
        """Give as many rows as there may be room for, the most important first.

        Args:
            begun: how many rows there are, the first of them or all.
            room: pixels for rows.
        """
        most = most_rows(room)
        if self.is_end:
            end = min(max(self.row, 1), begun)
            return tuple(range(end - 1, max(-1, end - 1 - most), -1))
        first = min(max(self.row, 0), max(0, begun - 1))
        return tuple(range(first, min(first + most, begun)))


class RowsFrame(TypedDict):
    """Which rows a picture shows, and where to turn from there.

    Attributes:
        first, end: the rows, from one up to another.
        count: how many of these are shown: where they are the newest to have been worked on, not always all.
        before: the rows that end before this one are the page before; None: there are none.
        after: the rows from this one on are the page after; None: there are none.
        rows: how many the run has.
        reach: the rows below this one can be turned to: all that have begun, unless a saved page lacks the last ones.
        chosen: whether somebody has turned to them.
    """

    first: int
    end: int
    count: int
    rows: int
    reach: int
    before: int | None
    after: int | None
    chosen: bool


def read_turn(message: object) -> Turn | None:
    """Read what a page sent as the rows it wants to see; None: the newest."""
    match message:
        case {"before": int() as row} if not isinstance(row, bool):
            return Turn(row, is_end=True)
        case {"after": int() as row} if not isinstance(row, bool):
            return Turn(row)
        case _:
            return None


def rows_frame(lanes: Lanes, begun: int, rows: int, *, chosen: bool) -> RowsFrame | None:
    """Say where to turn from the rows of a picture; None where lanes are no rows.

    Args:
        lanes: the lanes of the picture.
        begun: how many rows there are so far, the first of them or all.
        rows: how many the run has.
        chosen: whether somebody has turned to them.
    """
    if lanes.kind != "rows" or not lanes.groups:
        return None
    end, count = lanes.groups[-1] + 1, len(lanes.groups)
    # of the newest, those that follow each other; others are before them, still at work or just done
    run = next((length for length in range(1, count) if lanes.groups[-length - 1] != end - length - 1), count)
    behind = end - run
    return {
        "first": lanes.groups[0],
        "end": end,
        "count": count,
        "rows": max(rows, begun),
        "reach": begun,
        "before": behind if behind > 0 and count < end else None,
        "after": end if end < begun else None,
        "chosen": chosen,
    }
