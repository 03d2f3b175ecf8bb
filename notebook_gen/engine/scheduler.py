"""AsyncTaskScheduler: the asyncio shell around SchedulerCore. It performs; every decision is the core's.

Each slot of each resource is one coroutine that lives as long as the run: it asks the core for work, awaits the
generator in place and tells what came of it. There is no asyncio task per cell.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from heapq import heappop, heappush
from typing import Any, cast

from notebook_gen.engine.buffers import RowGroupBuffers
from notebook_gen.engine.bugs import bug_error, cancelled_error, error_of
from notebook_gen.engine.core import SchedulerCore
from notebook_gen.engine.ending import NEVER
from notebook_gen.engine.flow import PROCESSED_AT_ONCE, may_be_kept
from notebook_gen.engine.in_place import InPlaceWork
from notebook_gen.engine.inside import enter
from notebook_gen.engine.instructions import (
    CallBack,
    DecideSkips,
    EndRun,
    FillCells,
    Instruction,
    LookUp,
    MakeInPlace,
    ProcessDataset,
    ProcessRowGroup,
    ReplaceDataset,
    StopWork,
    WriteRowGroup,
)
from notebook_gen.engine.job import Job
from notebook_gen.engine.outgoing import Order, Outgoing
from notebook_gen.engine.sequential import SequentialCore
from notebook_gen.engine.threads import DaemonThreads, in_thread
from notebook_gen.errors import GenerationError, RunCancelled, RunError
from notebook_gen.events import EventBus, RowGroupOpened, RunFinished, RunStarted, TaskEnded, TaskStarted, WorkStopped
from notebook_gen.plan.tasks import RowGroup, Task, made_of
from notebook_gen.plan.values import Exchange, Made, Usage

_TURN = 0.002
_PATIENCE = 2.0  # less than the end of the program waits: what is finished is still to be processed and written
_CANCEL_AGAIN = 0.2
_GOES_ON = "create it again in the same folder, and it goes on from there"

_Make = Callable[[RowGroup, int, Mapping[str, Any]], Awaitable[Made]]


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
        core_type = SequentialCore if job.settings.engine == "sequential" else SchedulerCore
        self.core = core_type(job.graph, job.groups, job.ceilings, job.settings, job.stages, job.earlier)
        self.buffers = RowGroupBuffers(tuple(job.graph.columns))
        self._job = job
        self._bus = bus
        self._keep = job.kept.keep if job.kept is not None else None
        self._is_kept = [may_be_kept(node) for node in job.graph.nodes]
        self._nodes = job.graph.nodes
        self._begin = time.perf_counter()
        self._last_turn = 0.0
        self._idle: list[list[int]] = [[] for _ in job.graph.resources]
        self._sleepers: dict[tuple[int, int], asyncio.Future[None]] = {}
        self._waking = [0] * len(job.graph.resources)
        self._in_place = InPlaceWork(job, self.core, self.buffers, bus, self.now)
        self._threads = DaemonThreads(job.settings.threads, "notebook_gen function", partial(enter, bus))
        self._other_threads = DaemonThreads(PROCESSED_AT_ONCE, "notebook_gen processor", partial(enter, bus))
        self._outgoing = Outgoing(job, self.core, self.buffers, self._other_threads, self.now)
        self._steps: set[asyncio.Task[None]] = set()
        self._due = NEVER
        self._alarm: asyncio.TimerHandle | None = None
        self._stop = asyncio.Event()
        self._ending: EndRun | None = None
        self._ended = asyncio.Event()
        self._is_closed = False
        self._bugs: list[BaseException] = []
        self._make = [self._maker(index) for index in range(len(job.generators))]

    def now(self) -> float:
        """Give the seconds since the run began."""
        return time.perf_counter() - self._begin

    async def run(self) -> RunFinished:
        """Run to the end, however it ends; publishes exactly one RunFinished, the last event, and gives it."""
        self._begin = time.perf_counter()
        enter(self._bus)
        self._bus.publish(RunStarted(0.0, self._job.groups.rows, time.time()))
        try:
            async with asyncio.TaskGroup() as self._writes:
                await self._work_until_stopped()
                await self._ended.wait()
                # nothing follows from what is still under way: the user's code may never return
                for step in self._steps:
                    step.cancel()
        except* Exception as errors:  # noqa: BLE001  # the thread's edge: recorded, and raised to the caller
            self._ending = EndRun("failed", bug_error(errors))
        finally:
            self._set_alarm(NEVER)
            self._threads.close()
            self._other_threads.close()
        ending = await self._finish(self._ending or EndRun("failed", RunError("the run ended without a reason")))
        if self._job.kept is not None and isinstance(ending.error, RunCancelled):
            ending.error.advice = _GOES_ON
        finished = RunFinished(self.now(), ending.state, ending.error)
        self._bus.publish(finished)
        return finished

    def cancel(self) -> None:
        """End the run; finished rows are kept. Once more, after the time of grace: without waiting for user's code."""
        self._do(lambda: self.core.cancel(self.now()))

    def give_up(self) -> None:
        """Cancel without waiting for user's code any longer."""
        self.cancel()
        self._do(self.core.ending.give_up)

    def waits_for(self) -> Sequence[str]:
        """Name the user's code that has not returned, and that a cancelled run waits for; on any thread."""
        return self._outgoing.names_of(self.core.ending.user_calls)

    def pause(self) -> None:
        """Begin nothing more until `resume`; what is in flight goes on."""
        self._do(lambda: self.core.pause(self.now()))

    def resume(self) -> None:
        """Go on after `pause`."""
        self._do(lambda: self.core.resume(self.now()))

    def _do(self, step: Callable[[], None]) -> None:
        """Do what nobody waits for; a mistake of our own in it ends the run, as one in a slot does."""
        if self._ending is not None:
            return
        try:
            step()
            self._perform()
        except Exception as error:  # noqa: BLE001  # the thread's edge: else only asyncio's own log would know of it
            self._bugs.append(error)
            self._stop.set()
            if self._is_closed:
                # slots have ended, and with them the last look at what went wrong
                self._ending = EndRun("failed", bug_error(error))
                self._ended.set()

    async def _finish(self, ending: EndRun) -> EndRun:
        try:
            await in_thread(self._job.writer.finish, ending.state)
        except RunError as error:
            return ending if ending.error is not None else EndRun("failed", error)
        return ending

    async def _work_until_stopped(self) -> None:
        # no TaskGroup: it would wait for ever for a function that swallows its cancellation
        workers = [
            asyncio.create_task(self._slot(number, slot))
            for number, resource in enumerate(self.core.resources)
            for slot in range(resource.ceiling)
        ]
        workers.append(asyncio.create_task(self._in_place.work(self._perform)))
        stop = asyncio.create_task(self._stop.wait())
        try:
            self.core.start(self.now())
            self._perform()
            ended, _ = await asyncio.wait({stop, *workers}, return_when=asyncio.FIRST_COMPLETED)
            if not self._stop.is_set() and any(worker.cancelled() for worker in ended):
                self._bugs.append(cancelled_error())
        finally:
            stop.cancel()
            self._stop.set()  # also for slots that outlive one which a bug of ours has ended
            await self._end(workers)
        bugs = [*self._bugs, *(error for worker in workers if (error := error_of(worker)) is not None)]
        if bugs:
            self.core.break_off(bug_error(bugs[0]))
            self._perform()
        if self._ending is None:
            self._in_place.clear()
            now = self.now()
            self._bus.publish(WorkStopped(now))
            self.core.stopped(now)
            self._perform()

    async def _end(self, workers: Iterable[asyncio.Task[None]]) -> None:
        """Cancel workers until they have ended; what does not end is left behind, and told nothing more."""
        pending, deadline = set(workers), self.now() + _PATIENCE
        while pending and self.now() < deadline:
            for worker in pending:
                worker.cancel()
            _, pending = await asyncio.wait(pending, timeout=_CANCEL_AGAIN)
        self._is_closed = True

    # Slots

    async def _slot(self, resource: int, slot: int) -> None:
        core, publish = self.core, self._bus.publish
        own = cast("asyncio.Task[None]", asyncio.current_task())
        now = self.now()
        while not self._stop.is_set():
            taken = core.take(resource, now)
            if core.outbox or core.alarm != self._due:
                self._perform()
            if core.flow.has_woken:
                self._wake()
            if taken is None:
                # a row group that was opened just now may have brought work, and nobody else is idle
                if core.resources[resource].takeable <= self._waking[resource]:
                    await self._sleep(resource, slot)
                now = self.now()
                continue
            task, ready = taken
            publish(made_of(TaskStarted, (now, task, ready, slot)))
            now = await self._run_task(task, slot, now, own)
            if now - self._last_turn > _TURN:
                await asyncio.sleep(0)
                now = self._last_turn = self.now()

    async def _run_task(self, task: Task, slot: int, started: float, own: "asyncio.Task[None]") -> float:
        """Make what a task is for, tell what came of it, and give the time of that.

        Args:
            task: what to make.
            slot: which slot of its resource it has.
            started: when it got it.
            own: what the slot runs in.
        """
        index, number, row, _ = task
        node = self._nodes[index]
        group = self.core.tracker.groups[number]
        made, error, exchange, usage = None, None, None, None
        if node.full_column:
            # what reads nothing cannot tell how many rows are left; it makes all
            rows = group.rows_of(index) if node.inputs else group.group.rows
            row = group.group.start
            inputs: Mapping[str, Any] = self.buffers.take(number, rows, node.inputs)
        else:
            inputs = self.buffers.row(number, row, node.inputs)
        try:
            made = await self._make[index](group.group, row, inputs)
        except GenerationError as failure:
            error, exchange, usage = failure, Exchange.of_failure(failure), Usage.of_failure(failure)
        if self._is_closed:
            return started
        if own.cancelling():
            await self._live_on(own)
        if made is not None:
            if node.full_column:
                self._keep_column(task, node.outputs, rows, made)
            else:
                if self._keep is not None and self._is_kept[index]:
                    # before anything else learns of it
                    self._keep(index, row, inputs, made.values, self.now() - started)
                self.buffers.put(number, row, node.outputs, made.values)
            exchange, usage = made.exchange, made.usage
        if exchange is not None:
            self._job.exchanges.keep(task, exchange)
        now = self.now()
        again = self.core.finished(task, started, error, now)
        self._bus.publish(made_of(TaskEnded, (now, task, slot, error, usage, again)))
        return now

    async def _live_on(self, own: "asyncio.Task[None]") -> None:
        """Take back what a function has asked of the slot that it ran in: to cancel it is for the end of work alone.

        Raises:
            CancelledError: that has come, even if the function swallowed it.
        """
        while own.cancelling() and not self._stop.is_set():
            own.uncancel()
        # a cancellation that nobody waited for yet is thrown here
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        if self._stop.is_set():
            raise asyncio.CancelledError

    def _keep_column(self, task: Task, outputs: Sequence[str], rows: Sequence[int], made: Made) -> None:
        """Store what a full-column node made of some rows, and change how many rows there are, if it did."""
        number, group = task.row_group, self.core.tracker.groups[task.row_group]
        wanted = group.rows_of(task.node)
        columns: Sequence[Sequence[Any]] = made.values
        sources = made.sources if made.sources is not None else range(len(rows))
        if len(wanted) < len(rows):
            # what reads nothing made all rows, also those in which its cells hold something already
            position = {row: at for at, row in enumerate(wanted)}
            places = [place for place, source in enumerate(sources) if rows[source] in position]
            columns = [[values[place] for place in places] for values in columns]
            sources = [position[rows[sources[place]]] for place in places]
        if made.sources is not None and isinstance(self.core, SequentialCore):
            self.buffers.resize(*self.core.resized(task, sources, self.now()))
            wanted = self.core.tracker.groups[number].rows_of(task.node)
        for name, values in zip(outputs, columns, strict=True):
            self.buffers.put_rows(number, wanted, name, values)

    async def _sleep(self, resource: int, slot: int) -> None:
        """Wait until there is work for this slot; the lowest free slot is woken first."""
        heappush(self._idle[resource], slot)
        sleeper = self._sleepers[resource, slot] = asyncio.get_running_loop().create_future()
        if len(self._sleepers) == sum(pool.ceiling for pool in self.core.resources):
            self.core.check_alive()
        await sleeper
        self._waking[resource] -= 1

    def _wake(self) -> None:
        self.core.flow.has_woken = False
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

        async def make_in_thread(group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
            return cast("Made", await self._threads.call(make, group, row, inputs))

        return make_in_thread

    # Instructions

    def _perform(self) -> None:
        outbox = self.core.outbox
        while outbox:
            self._perform_one(outbox.popleft())
        if self.core.flow.has_woken:
            self._wake()
        if self.core.alarm != self._due:
            self._set_alarm(self.core.alarm)

    def _perform_one(self, instruction: Instruction) -> None:
        match instruction:
            case MakeInPlace() | DecideSkips() | LookUp():
                self._in_place.begin(instruction)
            case FillCells():
                self._in_place.fill(instruction)
            case ProcessRowGroup() | WriteRowGroup() | CallBack() | ProcessDataset() | ReplaceDataset():
                self._begin_step(instruction)
            case StopWork():
                self._stop.set()
            case EndRun():
                self._outgoing.name_left_behind(instruction)
                self._ending = instruction
                self._stop.set()
                self._ended.set()
            case RowGroupOpened():
                self.buffers.open(instruction.row_group)
                self._bus.publish(instruction)
            case _:
                self._bus.publish(instruction)

    def _begin_step(self, order: Order) -> None:
        async def perform() -> None:
            await self._outgoing.perform(order)
            self._perform()

        step = self._writes.create_task(perform())
        self._steps.add(step)
        step.add_done_callback(self._end_step)

    def _end_step(self, step: asyncio.Task[None]) -> None:
        self._steps.discard(step)
        if step.cancelled() and not self._ended.is_set():
            # the core would wait for ever to be told that it is done
            self._ending = EndRun("failed", cancelled_error())
            self._stop.set()
            self._ended.set()

    def _set_alarm(self, due: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._due = due
        if due < NEVER:
            self._alarm = asyncio.get_running_loop().call_later(max(0.0, due - self.now()), self._ring)

    def _ring(self) -> None:
        self._due = NEVER
        # a bug in it would be met again and again, and end the run before finished rows are written
        if not self._bugs:
            self._do(lambda: self.core.tick(self.now()))
