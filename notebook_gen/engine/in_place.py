"""InPlaceWork: what costs next to nothing and is done on the loop's thread, a chunk at a time."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import cast

from notebook_gen.engine.buffers import RowGroupBuffers
from notebook_gen.engine.core import SchedulerCore
from notebook_gen.engine.instructions import DecideSkips, FillCells, LookUp, MakeInPlace
from notebook_gen.engine.job import Job
from notebook_gen.engine.ports import InPlaceGenerator
from notebook_gen.errors import GenerationError
from notebook_gen.events import CellsKept, EventBus, InPlaceEnded

_CHUNK = 256


class InPlaceWork:
    """Makes cells in place, evaluates conditions, fills skipped cells, and looks for cells that were kept.

    Args:
        job: what the run is made of.
        core: is told what was done.
        buffers: where values are.
        bus: where events go.
        now: tells the seconds since the run began.
    """

    def __init__(
        self, job: Job, core: SchedulerCore, buffers: RowGroupBuffers, bus: EventBus, now: Callable[[], float]
    ) -> None:
        self._nodes = job.graph.nodes
        self._generators = job.generators
        self._conditions = job.conditions
        self._kept = job.kept
        self._core = core
        self._buffers = buffers
        self._bus = bus
        self._now = now
        self._waiting: deque[MakeInPlace | DecideSkips | LookUp] = deque()
        self._has_work = asyncio.Event()

    def begin(self, order: MakeInPlace | DecideSkips | LookUp) -> None:
        """Do a few cells at once; leave many to `work`, which lets the loop turn in between."""
        if len(order.rows) > _CHUNK or self._waiting:
            self._waiting.append(order)
            self._has_work.set()
        else:
            self._do(order, order.rows)

    def fill(self, order: FillCells) -> None:
        """Put into cells that nobody makes what they hold: the skip value, or nothing."""
        node = self._nodes[order.node]
        for name, value in zip(node.outputs, node.skip_values, strict=True):
            filled = value if order.why == "skipped" else None
            self._buffers.put_rows(order.row_group.number, order.rows, name, [filled] * len(order.rows))

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    async def work(self, perform: Callable[[], None]) -> None:
        """Do what waits, for as long as the run goes on; `perform` does what the core asks for in return."""
        while True:
            await self._has_work.wait()
            while self._waiting:
                order = self._waiting[0]
                whole = isinstance(order, DecideSkips | LookUp) or self._nodes[order.node].full_column
                size = len(order.rows) if whole else _CHUNK
                for first in range(0, len(order.rows), size):
                    self._do(order, order.rows[first : first + size])
                    perform()
                    await asyncio.sleep(0)
                self._waiting.popleft()
            self._has_work.clear()

    def _do(self, order: MakeInPlace | DecideSkips | LookUp, rows: Sequence[int]) -> None:
        match order:
            case DecideSkips():
                self._decide(order)
            case LookUp():
                self._look_up(order)
            case MakeInPlace():
                self._make(order, rows)

    def _make(self, order: MakeInPlace, rows: Sequence[int]) -> None:
        node, number = self._nodes[order.node], order.row_group.number
        generator = cast("InPlaceGenerator", self._generators[order.node])
        # some may have been dropped since it was asked for
        group = self._core.tracker.groups[number]
        live = [row for row in rows if not group.dropped[row - group.group.start]] if group.rows_dropped else rows
        started = self._now()
        outputs = generator.make(order.row_group, live, self._buffers.columns(number))
        failures = {
            row: value for row, value in zip(live, outputs[0], strict=True) if isinstance(value, GenerationError)
        }
        for name, values in zip(node.outputs, outputs, strict=True):
            self._buffers.put_rows(number, live, name, values)
        ended = self._now()
        done = len(live) - len(failures)
        self._bus.publish(InPlaceEnded(ended, node.index, number, started, done, len(failures)))
        self._core.made_in_place(order, rows, failures, ended)

    def _look_up(self, order: LookUp) -> None:
        node, number = self._nodes[order.node], order.row_group.number
        columns = self._buffers.columns(number)
        inputs = {name: columns[name] for name in node.inputs}
        kept = self._kept.find(order.node, order.row_group, order.rows, inputs) if self._kept is not None else {}
        for position, name in enumerate(node.outputs):
            self._buffers.put_rows(number, [*kept], name, [values[position] for values in kept.values()])
        now = self._now()
        if kept:
            self._bus.publish(CellsKept(now, node.index, number, len(kept), [*kept]))
        self._core.looked_up(order, kept, now)

    def _decide(self, order: DecideSkips) -> None:
        columns = self._buffers.columns(order.row_group.number)
        verdicts = self._conditions[order.node].decide(order.row_group, order.rows, columns)
        skipped = [row for row, verdict in zip(order.rows, verdicts, strict=True) if verdict is True]
        failures = {
            row: verdict
            for row, verdict in zip(order.rows, verdicts, strict=True)
            if isinstance(verdict, GenerationError)
        }
        self._core.skips_decided(order, skipped, failures, self._now())
