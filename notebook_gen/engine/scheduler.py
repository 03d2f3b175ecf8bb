"""AsyncTaskScheduler: the asyncio shell around SchedulerCore. It performs; every decision is the core's.

Each slot of each resource is one coroutine that lives as long as the run: it asks the core for work, awaits the
generator in place and tells what came of it. There is no asyncio task per cell.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, cast

from notebook_gen.engine.buffers import RowGroupBuffers
from notebook_gen.engine.core import EndRun, MakeInPlace, SchedulerCore, StopWork, WriteRowGroup
from notebook_gen.engine.ports import ExchangeKeeper, Generator, InPlaceGenerator, RowGroupWriter
from notebook_gen.errors import GenerationError, RunError, WriteError
from notebook_gen.events import EventBus, InPlaceEnded, RowGroupOpened, RunFinished, RunStarted, TaskEnded, TaskStarted
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.tasks import RowGroup, RowGroups, Task
from notebook_gen.plan.values import DroppedRow, Made

_TURN = 0.002
_CHUNK = 256

_Make = Callable[[RowGroup, int, Mapping[str, Any]], Awaitable[Made]]


@dataclass(frozen=True, slots=True)
class Job:
    """What a run is made of.

    Attributes:
        graph: what makes what.
        groups: the rows and how they fall into row groups.
        generators: the hands of each node, in the graph's order.
        writer: where finished row groups go.
        exchanges: where exchanges with models go.
        ceilings: slots of each of the graph's resources.
        max_open_rows: rows in open row groups, at most.
        threads: threads for sync functions.
    """

    graph: ExecutionGraph
    groups: RowGroups
    generators: Sequence[Generator]
    writer: RowGroupWriter
    exchanges: ExchangeKeeper
    ceilings: Mapping[str, int]
    max_open_rows: int
    threads: int


class AsyncTaskScheduler:
    """Performs one run. All its methods belong to the loop's thread.

    Args:
        job: what to run.
        bus: where events go.

    Attributes:
        core: the run's decisions.
        buffers: the values of row groups that are not yet written.
    """

    def __init__(self, job: Job, bus: EventBus) -> None:
        self.core = SchedulerCore(job.graph, job.groups, job.ceilings, job.max_open_rows)
        self.buffers = RowGroupBuffers(tuple(job.graph.columns))
        self._job = job
        self._bus = bus
        self._nodes = job.graph.nodes
        self._begin = time.perf_counter()
        self._last_turn = 0.0
        self._idle: list[list[int]] = [[] for _ in job.graph.resources]
        self._sleepers: dict[tuple[int, int], asyncio.Future[None]] = {}
        self._waking = [0] * len(job.graph.resources)
        self._in_place: deque[MakeInPlace] = deque()
        self._has_in_place = asyncio.Event()
        self._stop = asyncio.Event()
        self._ending: EndRun | None = None
        self._ended = asyncio.Event()
        self._pool = ThreadPoolExecutor(job.threads, thread_name_prefix="notebook_gen function")
        self._make = [self._maker(index) for index in range(len(job.generators))]

    def now(self) -> float:
        """Give the seconds since the run began."""
        return time.perf_counter() - self._begin

    async def run(self) -> RunFinished:
        """Run to the end, however it ends; publishes exactly one RunFinished, the last event, and gives it."""
        self._begin = time.perf_counter()
        self._bus.publish(RunStarted(0.0, self._job.groups.rows, time.time()))
        try:
            async with asyncio.TaskGroup() as self._writes:
                await self._work_until_stopped()
                await self._ended.wait()
        except* Exception as errors:  # noqa: BLE001  # the thread's edge: recorded, and raised to the caller
            self._ending = EndRun("failed", _bug(errors))
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)
        ending = await self._finish(self._ending or EndRun("failed", RunError("the run ended without a reason")))
        finished = RunFinished(self.now(), ending.state, ending.error)
        self._bus.publish(finished)
        return finished

    def cancel(self) -> None:
        """End the run; finished rows are kept. Harmless if it is over."""
        self.core.cancel()
        self._perform()

    async def _finish(self, ending: EndRun) -> EndRun:
        try:
            await asyncio.to_thread(self._job.writer.finish, ending.state)
        except WriteError as error:
            return ending if ending.error is not None else EndRun("failed", error)
        return ending

    async def _work_until_stopped(self) -> None:
        try:
            async with asyncio.TaskGroup() as slots:
                workers = [
                    slots.create_task(self._slot(number, slot))
                    for number, resource in enumerate(self.core.resources)
                    for slot in range(resource.ceiling)
                ]
                workers.append(slots.create_task(self._in_place_worker()))
                self.core.start(self.now())
                self._perform()
                await self._stop.wait()
                for worker in workers:
                    worker.cancel()
        except* Exception as errors:  # noqa: BLE001  # as in run
            self.core.fail(_bug(errors))
            self._perform()
        if self._ending is None:
            self._in_place.clear()
            self.core.stopped()
            self._perform()

    # Slots

    async def _slot(self, resource: int, slot: int) -> None:
        core, publish = self.core, self._bus.publish
        while True:
            now = self.now()
            taken = core.take(resource, now)
            if core.outbox:
                self._perform()
            if core.has_woken:
                self._wake()
            if taken is None:
                await self._sleep(resource, slot)
                continue
            task, ready = taken
            publish(TaskStarted(now, task, ready, slot))
            await self._run_task(task, slot)
            if self.now() - self._last_turn > _TURN:
                await asyncio.sleep(0)
                self._last_turn = self.now()

    async def _run_task(self, task: Task, slot: int) -> None:
        node = self._nodes[task.node]
        group = self.core.open_groups[task.row_group]
        made, error = None, None
        if node.full_column:
            # what reads nothing cannot tell how many rows are left; it makes all
            rows = group.live_rows() if node.inputs else group.group.rows
            inputs: Mapping[str, Any] = self.buffers.take(task.row_group, rows, node.inputs)
            row = group.group.start
        else:
            columns, row = self.buffers.columns(task.row_group), task.row
            offset = row - group.group.start
            inputs = {name: columns[name][offset] for name in node.inputs}
        try:
            made = await self._make[task.node](group.group, row, inputs)
        except GenerationError as failure:
            error = failure
        if made is not None:
            if node.full_column:
                for name, values in zip(node.outputs, made.values, strict=True):
                    self.buffers.put_rows(task.row_group, rows, name, values)
            else:
                self.buffers.put(task.row_group, row, node.outputs, made.values)
            if made.exchange is not None:
                self._job.exchanges.keep(task, made.exchange)
        now = self.now()
        self._bus.publish(TaskEnded(now, task, slot, error, made.usage if made is not None else None))
        self.core.finished(task, error, now)

    async def _sleep(self, resource: int, slot: int) -> None:
        """Wait until there is work for this slot; the lowest free slot is woken first."""
        heappush(self._idle[resource], slot)
        sleeper = self._sleepers[resource, slot] = asyncio.get_running_loop().create_future()
        if len(self._sleepers) == sum(pool.ceiling for pool in self.core.resources):
            self.core.check_alive()
        await sleeper
        self._waking[resource] -= 1

    def _wake(self) -> None:
        self.core.has_woken = False
        for resource, pool in enumerate(self.core.resources):
            idle = self._idle[resource]
            for _ in range(min(pool.takeable - self._waking[resource], len(idle))):
                self._waking[resource] += 1
                self._sleepers.pop((resource, heappop(idle))).set_result(None)

    def _maker(self, index: int) -> _Make:
        generator = self._job.generators[index]
        if self._nodes[index].mode != "thread":
            return cast("_Make", generator.make)
        make: Any = generator.make

        async def in_thread(group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
            loop = asyncio.get_running_loop()
            return cast("Made", await loop.run_in_executor(self._pool, make, group, row, inputs))

        return in_thread

    # Instructions

    def _perform(self) -> None:
        outbox = self.core.outbox
        while outbox:
            instruction = outbox.popleft()
            match instruction:
                case MakeInPlace():
                    self._begin_in_place(instruction)
                case WriteRowGroup():
                    self._writes.create_task(self._write(instruction))
                case StopWork():
                    self._stop.set()
                case EndRun():
                    self._ending = instruction
                    self._stop.set()
                    self._ended.set()
                case RowGroupOpened():
                    self.buffers.open(instruction.row_group)
                    self._bus.publish(instruction)
                case _:
                    self._bus.publish(instruction)
        if self.core.has_woken:
            self._wake()

    def _begin_in_place(self, order: MakeInPlace) -> None:
        """Make a few cells at once; leave many to the worker, which lets the loop turn in between."""
        if len(order.rows) > _CHUNK or self._in_place:
            self._in_place.append(order)
            self._has_in_place.set()
        else:
            self._make_in_place(order, order.rows)

    async def _in_place_worker(self) -> None:
        while True:
            await self._has_in_place.wait()
            while self._in_place:
                order = self._in_place[0]
                size = len(order.rows) if self._nodes[order.node].full_column else _CHUNK
                for first in range(0, len(order.rows), size):
                    self._make_in_place(order, order.rows[first : first + size])
                    self._perform()
                    await asyncio.sleep(0)
                self._in_place.popleft()
            self._has_in_place.clear()

    def _make_in_place(self, order: MakeInPlace, rows: Sequence[int]) -> None:
        node = self._nodes[order.node]
        generator = cast("InPlaceGenerator", self._job.generators[order.node])
        started = self.now()
        outputs = generator.make(order.row_group, rows, self.buffers.columns(order.row_group.number))
        failures = {
            row: value for row, value in zip(rows, outputs[0], strict=True) if isinstance(value, GenerationError)
        }
        for name, values in zip(node.outputs, outputs, strict=True):
            self.buffers.put_rows(order.row_group.number, rows, name, values)
        now = self.now()
        done = len(rows) - len(failures)
        self._bus.publish(InPlaceEnded(now, node.index, order.row_group.number, started, done, len(failures)))
        self.core.made_in_place(order, rows, failures, now)

    async def _write(self, order: WriteRowGroup) -> None:
        number = order.row_group.number
        columns = self.buffers.take(number, order.rows)
        names = [node.name for node in self._nodes]
        dropped = [DroppedRow(drop.row, names[drop.node], drop.attempt, drop.error) for drop in order.dropped]
        writer = self._job.writer

        def write() -> None:
            if dropped:
                writer.write_dropped(order.row_group, dropped)
            if order.rows:
                writer.write(order.row_group, columns, order.rows)

        try:
            await asyncio.to_thread(write)
        except WriteError as error:
            self.core.write_failed(number, error)
        else:
            self.buffers.free(number)
            self.core.written(number, len(order.rows), self.now())
        self._perform()


def _bug(errors: ExceptionGroup[Exception]) -> RunError:
    """The run's error for a mistake of our own: loud, and never retried."""
    first: BaseException = errors
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    if isinstance(first, RunError):
        return first
    error = RunError(
        f"a bug in notebook_gen ended the run: {type(first).__name__}: {first}",
        advice="please report it with its traceback; the rows made so far are in run.rows()",
    )
    error.__cause__ = first
    return error
