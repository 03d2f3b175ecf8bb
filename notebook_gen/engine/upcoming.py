"""Upcoming: which row group is opened next, and whether there is room for it."""

from collections.abc import Sequence

from notebook_gen.events import RowGroupKept
from notebook_gen.plan.tasks import RowGroup, RowGroups
from notebook_gen.plan.values import EarlierWork


class Upcoming:
    """The row groups of a run that are not yet opened, and how many rows are open.

    Args:
        groups: all row groups.
        max_open_rows: rows open at once; one row group always may be.
        earlier: what an earlier run has left; row groups that it finished are never opened.

    Attributes:
        number: of the row group that is next; as many as there are, if none is.
        open_rows: rows being worked on.
        is_left: whether there is a row group still to open.
    """

    def __init__(self, groups: RowGroups, max_open_rows: int, earlier: EarlierWork) -> None:
        self.number = 0
        self.open_rows = 0
        self.is_left = True
        self._groups = groups
        self._max_open_rows = max_open_rows
        self._finished = earlier.finished
        self._sizes = earlier.sizes
        self._left_out = earlier.left_out
        self._pass_finished()

    def kept(self, now: float) -> list[RowGroupKept]:
        """Tell of the row groups that are finished from the start."""
        return [self._kept(now, self._groups[number], rows) for number, rows in self._finished.items()]

    def _kept(self, now: float, planned: RowGroup, rows: Sequence[int]) -> RowGroupKept:
        group = planned._replace(size=self._sizes.get(planned.number, planned.size))
        return RowGroupKept(now, group, rows, planned.size, self._left_out.get(group.number, 0))

    def has_room(self) -> bool:
        """Tell whether the next row group may be opened beside those that are."""
        room = self._max_open_rows - self.open_rows
        return not self.open_rows or room >= self._groups.size or room >= self._groups[self.number].size

    def take(self) -> RowGroup:
        """Give the row group that is opened now."""
        group = self._groups[self.number]
        self.number += 1
        self.open_rows += group.size
        self._pass_finished()
        return group

    def _pass_finished(self) -> None:
        while self.number in self._finished:
            self.number += 1
        self.is_left = self.number < len(self._groups)
