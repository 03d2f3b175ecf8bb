"""Delivery: how rows leave.

Row groups that have ended are processed, written and told of; when all have left, the whole dataset is processed.
"""

from collections import deque
from collections.abc import Collection, Iterable, Sequence

from notebook_gen.engine.instructions import (
    CallBack,
    EndRun,
    ProcessDataset,
    ProcessRowGroup,
    ReplaceDataset,
    UserCall,
    UserStage,
    WriteRowGroup,
)
from notebook_gen.engine.open_group import OpenGroup
from notebook_gen.errors import NoRowsLeft
from notebook_gen.events import CellFailed, RowDropped
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.tasks import RowGroup

_KINDS_OF_DROPS = 1000


class Delivery:
    """Keeps what was dropped, and which row groups are on their way.

    Args:
        graph: what makes what.
        rows: rows asked for.
        stages: where there are processors, or a callback.

    Attributes:
        rows: rows asked for.
        delivered: rows written.
        can_write: False once a write has failed; no other is begun then.
        is_unprocessed: whether there are processors of the whole dataset, and what they make of it is not in its place.
    """

    def __init__(self, graph: ExecutionGraph, rows: int, stages: Collection[UserStage]) -> None:
        self.delivered = 0
        self.can_write = True
        self.is_unprocessed = "after_run" in stages
        self._graph = graph
        self.rows = rows
        self._has_processors = "post_batch" in stages
        self._calls_back = "written" in stages
        self._to_tell: deque[CallBack] = deque()
        self._under_way: dict[int, ProcessRowGroup | WriteRowGroup] = {}
        self._last_steps = deque[ProcessDataset | ReplaceDataset]()
        if "after_run" in stages:
            self._last_steps.extend((ProcessDataset(), ReplaceDataset()))
        self._last_step: ProcessDataset | ReplaceDataset | None = None
        self._has_given_up = False
        self._given_up: set[int] = set()
        self._dropped: dict[int, list[RowDropped]] = {}
        self._empty: dict[int, list[CellFailed]] = {}
        self._kinds: dict[tuple[int | None, str], tuple[RowDropped, int, str]] = {}

    @property
    def is_busy(self) -> bool:
        """Whether a row group is being processed, written or told of, or the whole dataset is processed."""
        return bool(self._under_way or self._to_tell or self._last_step is not None)

    @property
    def has_last_step(self) -> bool:
        """Whether the whole dataset is to be processed."""
        return bool(self._last_steps)

    @property
    def is_telling(self) -> bool:
        """Whether the callback was called and has not returned."""
        return bool(self._to_tell)

    def is_processing(self, number: int) -> bool:
        """Tell whether a row group was given to processors, and not given up since."""
        return isinstance(self._under_way.get(number), ProcessRowGroup)

    def may_send(self, group: OpenGroup) -> bool:
        """Tell whether what is finished of a row group may leave: once, and never unprocessed."""
        number = group.group.number
        if not self.can_write or number in self._under_way or number in self._given_up:
            return False
        return not (self._has_given_up and self._has_processors and group.done_rows())

    def drop(self, drop: RowDropped) -> None:
        """Keep the record of a dropped row."""
        self._dropped.setdefault(drop.row_group, []).append(drop)
        kind = (drop.node, drop.error.reason)
        example, count, such_as = self._kinds.get(kind, (drop, 0, ""))
        if count or len(self._kinds) < _KINDS_OF_DROPS:
            if drop.error.problem != example.error.problem:
                such_as = "such as "
            self._kinds[kind] = (example, count + 1, such_as)

    def leave_empty(self, failed: Iterable[CellFailed]) -> None:
        """Keep the records of cells that stay empty."""
        for cell in failed:
            self._empty.setdefault(cell.row_group, []).append(cell)

    def resized(self, group: RowGroup, offsets: Sequence[int]) -> None:
        """Let the records of a row group's empty cells follow their rows.

        Args:
            group: the row group as it is from now on.
            offsets: of each of its rows, which of those before it is a copy of.
        """
        before: dict[int, list[CellFailed]] = {}
        for cell in self._empty.pop(group.number, ()):
            before.setdefault(cell.row - group.start, []).append(cell)
        self.leave_empty(
            cell._replace(row=row)
            for row, offset in zip(group.rows, offsets, strict=True)
            for cell in before.get(offset, ())
        )

    def close(self, group: OpenGroup) -> ProcessRowGroup | WriteRowGroup:
        """Send off a row group that has ended, or what has ended of it."""
        rows = group.done_rows()
        if not self._has_processors or not rows:
            return self._write(group)
        order = self._under_way[group.group.number] = ProcessRowGroup("post_batch", group.group, rows)
        return order

    def processed(self, group: OpenGroup) -> Sequence[WriteRowGroup]:
        """Send off a row group that is processed; nothing more is once a write has failed."""
        if self.can_write:
            return (self._write(group),)
        self.give_up(group.group.number)
        return ()

    def _write(self, group: OpenGroup) -> WriteRowGroup:
        number, rows = group.group.number, group.done_rows()
        empty: Sequence[CellFailed] = self._empty.get(number, ())
        if empty:
            done = frozenset(rows)
            empty = [cell for cell in empty if cell.row in done]
        dropped = tuple(self._dropped.get(number, ()))
        order = self._under_way[number] = WriteRowGroup(group.group, rows, dropped, empty)
        return order

    def written(self, group: RowGroup, delivered: int) -> Sequence[CallBack]:
        """Note that a row group is where it belongs; it is told of now, or after those written before it."""
        del self._under_way[group.number]
        self._dropped.pop(group.number, None)
        self._empty.pop(group.number, None)
        self.delivered += delivered
        if not self._calls_back:
            return ()
        self._to_tell.append(CallBack(group))
        return tuple(self._to_tell) if len(self._to_tell) == 1 else ()

    def called_back(self, *, goes_on: bool) -> Sequence[CallBack]:
        """Note that a row group was told of; the next one is, if it goes on, and otherwise none any more."""
        self._to_tell.popleft()
        if not goes_on:
            self._calls_back = False
            self._to_tell.clear()
        return (self._to_tell[0],) if self._to_tell else ()

    def begin_last_step(self) -> ProcessDataset | ReplaceDataset | None:
        """Give what is to be done next with the whole dataset, of which all row groups have left; None: nothing."""
        self._last_step = self._last_steps.popleft() if self._last_steps else None
        return self._last_step

    def end_last_step(self) -> None:
        """Note that something was done with the whole dataset."""
        self.is_unprocessed &= not isinstance(self._last_step, ReplaceDataset)
        self._last_step = None

    def give_up(self, number: int) -> None:
        """Note that a row group could not be processed or written; it is not sent off again."""
        self._under_way.pop(number, None)
        self._given_up.add(number)

    @property
    def user_calls(self) -> Sequence[UserCall]:
        """The calls of the user's code that have not returned; safe on any thread."""
        calls: list[UserCall] = [step for step in list(self._under_way.values()) if isinstance(step, ProcessRowGroup)]
        calls += list(self._to_tell)[:1]
        return [*calls, self._last_step] if isinstance(self._last_step, ProcessDataset) else calls

    def give_up_calls(self) -> Sequence[UserCall]:
        """Wait no more for the user's code, and call it no more; gives the calls that have not returned."""
        left_behind = self.user_calls
        for call in left_behind:
            if isinstance(call, ProcessRowGroup):
                self.give_up(call.row_group.number)
        self._to_tell.clear()
        self._calls_back = False
        self._has_given_up = True
        self._last_steps.clear()
        if isinstance(self._last_step, ProcessDataset):
            self._last_step = None
        return tuple(left_behind)

    def fail(self, number: int) -> None:
        """Note that a row group could not be written; no other is written any more."""
        self.give_up(number)
        self.can_write = False

    def ending(self) -> EndRun:
        """Tell how a run has ended that was neither stopped nor failed."""
        if self.delivered or not self._kinds:
            return EndRun("finished", None)
        example, count, such_as = max(self._kinds.values(), key=lambda entry: entry[1])
        who = f"column {self._graph.nodes[example.node].name!r}: " if example.node is not None else ""
        problem = f"all {self.rows} rows were dropped; {count} × {who}{such_as}{example.error.problem}"
        return EndRun(
            "failed", NoRowsLeft(problem, advice=example.error.advice or "the run's failures() has every reason")
        )
