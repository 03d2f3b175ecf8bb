"""Delivery: how rows leave: row groups that have ended are processed, written, told of, and then the run has ended."""

from collections import deque
from collections.abc import Collection, Sequence

from notebook_gen.engine.instructions import CallBack, EndRun, ProcessRowGroup, UserStage, WriteRowGroup
from notebook_gen.engine.open_group import OpenGroup
from notebook_gen.errors import NoRowsLeft
from notebook_gen.events import RowDropped
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
    """

    def __init__(self, graph: ExecutionGraph, rows: int, stages: Collection[UserStage]) -> None:
        self.delivered = 0
        self.can_write = True
        self._graph = graph
        self.rows = rows
        self._has_processors = "post_batch" in stages
        self._calls_back = "written" in stages
        self._to_tell: deque[RowGroup] = deque()
        self._under_way: set[int] = set()
        self._given_up: set[int] = set()
        self._dropped: dict[int, list[RowDropped]] = {}
        self._kinds: dict[tuple[int | None, str], tuple[RowDropped, int]] = {}

    @property
    def is_busy(self) -> bool:
        """Whether a row group is being processed, written or told of."""
        return bool(self._under_way or self._to_tell)

    def knows(self, number: int) -> bool:
        """Tell whether a row group was sent off already."""
        return number in self._under_way or number in self._given_up

    def drop(self, drop: RowDropped) -> None:
        """Keep the record of a dropped row."""
        self._dropped.setdefault(drop.row_group, []).append(drop)
        kind = (drop.node, drop.error.problem)
        example, count = self._kinds.get(kind, (drop, 0))
        if count or len(self._kinds) < _KINDS_OF_DROPS:
            self._kinds[kind] = (example, count + 1)

    def close(self, group: OpenGroup) -> ProcessRowGroup | WriteRowGroup:
        """Send off a row group that has ended, or what has ended of it."""
        self._under_way.add(group.group.number)
        rows = group.done_rows()
        if self._has_processors and rows:
            return ProcessRowGroup("post_batch", group.group, rows)
        return self._write(group)

    def processed(self, group: OpenGroup) -> Sequence[WriteRowGroup]:
        """Send off a row group that is processed; nothing more is once a write has failed."""
        if self.can_write:
            return (self._write(group),)
        self.give_up(group.group.number)
        return ()

    def _write(self, group: OpenGroup) -> WriteRowGroup:
        dropped = tuple(self._dropped.get(group.group.number, ()))
        return WriteRowGroup(group.group, group.done_rows(), dropped)

    def written(self, group: RowGroup, delivered: int) -> Sequence[CallBack]:
        """Note that a row group is where it belongs; it is told of now, or after those written before it."""
        self._under_way.discard(group.number)
        self._dropped.pop(group.number, None)
        self.delivered += delivered
        if not self._calls_back:
            return ()
        self._to_tell.append(group)
        return (CallBack(group),) if len(self._to_tell) == 1 else ()

    def called_back(self, *, goes_on: bool) -> Sequence[CallBack]:
        """Note that a row group was told of; the next one is, if it goes on, and otherwise none any more."""
        self._to_tell.popleft()
        if not goes_on:
            self._calls_back = False
            self._to_tell.clear()
        return (CallBack(self._to_tell[0]),) if self._to_tell else ()

    def give_up(self, number: int) -> None:
        """Note that a row group could not be processed or written; it is not sent off again."""
        self._under_way.discard(number)
        self._given_up.add(number)

    def fail(self, number: int) -> None:
        """Note that a row group could not be written; no other is written any more."""
        self.give_up(number)
        self.can_write = False

    def ending(self) -> EndRun:
        """Tell how a run has ended that was neither stopped nor failed."""
        if self.delivered or not self._kinds:
            return EndRun("finished", None)
        example, count = max(self._kinds.values(), key=lambda entry: entry[1])
        who = f"column {self._graph.nodes[example.node].name!r}: " if example.node is not None else ""
        problem = f"all {self.rows} rows were dropped; {count} × {who}{example.error.problem}"
        return EndRun("failed", NoRowsLeft(problem, advice=example.error.advice or "run.failures() has every reason"))
