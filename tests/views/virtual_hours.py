"""Hours of a busy run in no time: the events that the engine would publish, with a made-up clock."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

from notebook_gen.engine.open_group import DONE, DROPPED, FAILED, IN_FLIGHT, OpenGroup, Shape
from notebook_gen.engine.snapshots import RowView
from notebook_gen.errors import Rejected, Transient
from notebook_gen.events import (
    InPlaceEnded,
    LimitMoved,
    RowDropped,
    RowGroupOpened,
    RowGroupWritten,
    RowsDone,
    TaskEnded,
    TaskStarted,
)
from notebook_gen.plan.tasks import RowGroup, Task
from notebook_gen.plan.values import Usage
from tests.views.fake_run import REVIEW, SCORE, FakeRun, traced_run

SLOTS = 8
"""Of each of the two models, as `FakeRun` has them; with calls of a second, 8 rows are made in a second."""

_GROUP = 1000
_AGAIN, _DROPPED, _MOVES = 0.05, 0.01, 0.1  # how often an attempt fails, a row is dropped, a limit moves
_STARS, _TONE = 0, 1
_USAGE = Usage(120, 340)
_ANSWER = "The kettle did exactly what the label promised, which is more than can be said of the label. " * 6


@dataclass
class VirtualHours:
    """A run of `REVIEWS` over so many rows that it never ends.

    Attributes:
        run: what observers and views see of it.
        events: how many were published.
    """

    run: FakeRun = field(default_factory=lambda: traced_run(rows=10_000_000))
    events: int = 0

    def __post_init__(self) -> None:
        self._draw = random.Random(7)
        self._shape = Shape(self.run.graph, has_gate=False)
        self._steps = self._schedule()

    def until(self, moment: float) -> None:
        """Let everything happen up to a moment, in seconds since the run began."""
        for now in self._steps:
            if now >= moment:
                break
        self.run.now = moment

    def _schedule(self) -> Iterator[float]:
        """Publish what happens, in order; gives the time of each step, with what happens then still to come."""
        due: list[tuple[float, int, int, Task]] = []
        free = {node: list(range(SLOTS)) for node in (REVIEW, SCORE)}
        scores: list[tuple[float, Task]] = []
        rows = self._rows()
        now = 0.0
        while True:
            while free[REVIEW]:
                self._start(due, now, free[REVIEW].pop(), now - 1, next(rows))
            while free[SCORE] and scores:
                ready, task = scores.pop(0)
                self._start(due, now, free[SCORE].pop(), ready, task)
            now, _, slot, task = heappop(due)
            yield now
            if self._fails(now, task, slot):
                self._start(due, now, slot, now, task._replace(attempt=task.attempt + 1))
                continue
            free[task.node].append(slot)
            if self._end(now, task, slot) and task.node == REVIEW:
                scores.append((now, task._replace(node=SCORE, attempt=1)))

    def _rows(self) -> Iterator[Task]:
        """The rows in order; row groups are opened, filled in place and in the end written."""
        number = 0
        while True:
            group = RowGroup(number, number * _GROUP, _GROUP)
            opened = OpenGroup(group, self._shape)
            self.run.open_groups[number] = opened
            self._publish(RowGroupOpened(self.run.now, group))
            for node in (_STARS, _TONE):
                opened.states[node][:] = bytes((DONE,)) * _GROUP
                self._publish(InPlaceEnded(self.run.now, node, number, self.run.now, _GROUP, 0))
            for row in group.rows:
                yield Task(REVIEW, number, row)
            if number:
                before = self.run.open_groups.pop(number - 1).group
                self._publish(RowGroupWritten(self.run.now, before, _GROUP - 10))
            number += 1

    def _start(self, due: list[tuple[float, int, int, Task]], now: float, slot: int, ready: float, task: Task) -> None:
        self.run.now = now
        self._state(task, IN_FLIGHT)
        self._publish(TaskStarted(now, task, ready, slot))
        heappush(due, (now + self._draw.lognormvariate(-0.2, 0.6), self.events, slot, task))

    def _fails(self, now: float, task: Task, slot: int) -> bool:
        """Let an attempt fail now and then; it will be made again."""
        if self._draw.random() >= _AGAIN:
            return False
        error = Transient(f"the endpoint closed the connection, call {self.events}")
        self._publish(TaskEnded(now, task, slot, error, None, again=True))
        if self._draw.random() < _MOVES:
            resource = self.run.graph.resources[task.node == SCORE]
            self._publish(LimitMoved(now, resource, self._draw.randint(1, SLOTS), now))
        return True

    def _end(self, now: float, task: Task, slot: int) -> bool:
        """End a task; gives whether its row lives."""
        if self._draw.random() < _DROPPED:
            error = Rejected(f"the answer of row {task.row} is not JSON")
            self._publish(TaskEnded(now, task, slot, error, _USAGE))
            self._state(task, FAILED)
            if task.node == REVIEW:
                self._state(task._replace(node=SCORE), DROPPED)
            self._publish(RowDropped(now, task.row_group, task.row, task.node, task.attempt, error))
            return False
        self._publish(TaskEnded(now, task, slot, None, _USAGE))
        self._state(task, DONE)
        if task.node == SCORE:
            self._publish(RowsDone(now, task.row_group, 1))
            view = RowView(task.row, False, ("done",) * 4, (4, "warm", _ANSWER, "fluent"))  # its fields
            self.run.views = [*self.run.views[-5:], view]
        return True

    def _state(self, task: Task, state: int) -> None:
        group = self.run.open_groups.get(task.row_group)
        if group is not None:
            group.states[task.node][task.row - group.group.start] = state

    def _publish(self, event: object) -> None:
        self.events += 1
        self.run.publish(event)  # type: ignore[arg-type]  # one of the events above
