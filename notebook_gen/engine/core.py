"""SchedulerCore: decides what runs when. No I/O, no clock, no asyncio, no randomness.

Time is an argument (seconds since the run began, never going back). The shell asks for work with `take` whenever a
slot is free, tells what became of it, calls `tick` at `alarm`, and after each call performs what stands in `outbox`,
oldest first: events to publish, and instructions (see `engine.instructions`).

The core knows when row groups open and close, and what follows from an attempt. Where cells go is decided in `flow`,
which task is next in `order`, how many may run in `resources`, what follows from a failed attempt in `attempts`, how
finished rows leave in `delivery`, and how the run ends in `ending`.
"""

from collections import deque
from collections.abc import Collection, Container, Mapping, Sequence

from notebook_gen.config.settings import RunSettings
from notebook_gen.engine.attempts import Attempts
from notebook_gen.engine.delivery import Delivery
from notebook_gen.engine.ending import NEVER, Ending
from notebook_gen.engine.flow import CellFlow
from notebook_gen.engine.instructions import DecideSkips, Instruction, LookUp, MakeInPlace, ProcessRowGroup, UserStage
from notebook_gen.engine.open_group import DONE, OpenGroup
from notebook_gen.engine.order import make_resources
from notebook_gen.engine.pause import Pause
from notebook_gen.engine.resources import SPARED, Resource
from notebook_gen.engine.salvage import Deferred
from notebook_gen.engine.tracker import CompletionTracker
from notebook_gen.engine.upcoming import Upcoming
from notebook_gen.errors import DroppedByProcessor, GenerationError, ProcessorError, RateLimited, RunError, WriteError
from notebook_gen.events import DatasetReplaced, RowGroupOpened, RowGroupWritten
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.tasks import WHOLE_GROUP, RowGroup, RowGroups, Task, made_of
from notebook_gen.plan.values import NO_EARLIER_WORK, EarlierWork


class SchedulerCore:
    """The state machine of one run.

    Args:
        graph: what makes what.
        groups: the rows and how they fall into row groups.
        ceilings: slots of each of the graph's resources.
        settings: how to go about it.
        stages: where there are processors, or a callback.
        earlier: what an earlier run has left.

    Attributes:
        outbox: instructions for the shell, oldest first.
        flow: where cells go; the shell sets its `has_woken` to False.
        alarm: when `tick` is to be called next; infinite if nothing waits for its time.
        ending: how far the run is with ending.
        resources: in the graph's order.
        salvage: the tasks that wait for another attempt.
        tracker: the state of every cell.
    """

    flow_type: type[CellFlow] = CellFlow

    def __init__(
        self,
        graph: ExecutionGraph,
        groups: RowGroups,
        ceilings: Mapping[str, int],
        settings: RunSettings,
        stages: Collection[UserStage] = (),
        earlier: EarlierWork = NO_EARLIER_WORK,
    ) -> None:
        self.outbox: deque[Instruction] = deque()
        self.alarm = NEVER
        self.resources = make_resources(graph, ceilings, settings.limit_factor)
        self.tracker = CompletionTracker(graph, has_gate="pre_batch" in stages)
        self._delivery = Delivery(graph, groups.rows, stages)
        self.flow = self.flow_type(graph, self.resources, self.tracker, self._delivery, self.outbox, groups.rows)
        self.flow.begun = earlier.begun
        self._groups = groups
        self._settings = settings
        self._pool = self.flow.pool
        self._full = [node.full_column for node in graph.nodes]
        self._attempts = Attempts(graph, settings, earlier, self.outbox)
        self.salvage = self._attempts.salvage
        self._upcoming = Upcoming(groups, settings.max_open_rows, earlier)
        self.ending = Ending(self.flow, self.tracker, self._delivery, self._upcoming, self.salvage, self.outbox)
        self._pause = Pause(self.resources, self.outbox)

    def start(self, now: float) -> None:
        """Begin the run."""
        self.outbox.extend(kept := self._upcoming.kept(now))
        self._delivery.delivered = sum(len(group.rows) for group in kept)
        self._advance(now)

    def take(self, resource: int, now: float) -> tuple[Task, float] | None:
        """Give a free slot its next task and when that became ready; None if there is nothing for it now."""
        pool, flow = self.resources[resource], self.flow
        if pool.ready and pool.in_flight < pool.allowed:
            while (best := flow.ready.take(pool)) is not None:
                node, row = best
                group, full = self._group_of(row), self._full[node]
                if group is not None and full and flow.is_left_out(node, group, now):
                    self._settle(group, now)
                elif group is not None and self.tracker.start(node, group, row):
                    pool.in_flight += 1
                    ready_at = group.ready_at[node][0 if full else row - group.group.start]
                    attempt = self.salvage.attempt(node, row)
                    return made_of(Task, (node, group.group.number, WHOLE_GROUP if full else row, attempt)), ready_at
                self._let_go(node, row)
        if self._upcoming.is_left:
            self._advance(now)
        return None

    def finished(self, task: Task, started: float, error: GenerationError | None, now: float) -> bool:
        """Take note that a task gave its slot back, with its values or with an error.

        Returns:
            Whether the task gets another attempt.
        """
        node, number, row, _ = task
        pool, flow = self._pool[node], self.flow
        if pool is None:
            raise RuntimeError(f"node {node} has no slot to give back")
        group = self.tracker.groups[number]
        first = group.group.start if row == WHOLE_GROUP else row
        pool.in_flight -= 1
        group.in_flight -= 1
        if error is not None:
            is_over = not self._try_again(task, pool, started, error, now)
        else:
            is_over = True
            flow.ready.ended(node, now - started)
            for deferred in self._attempts.succeeded(pool, started, now):
                self._salvaged(deferred, now)
            if row == WHOLE_GROUP:
                flow.full_ended(node, group, DONE, now)
            else:
                flow.cell_ended(node, group, row, DONE, now)
        if is_over:
            self.salvage.forget(node, first)
            if flow.has_ordered:
                flow.release(node, first)
        if pool.is_endpoint and pool.takeable > 1:
            # its limit rose, or its silence ended: there is work for more than this slot
            flow.has_woken = True
        self._settle(group, now)
        return not is_over

    def made_in_place(
        self, made: MakeInPlace, rows: Sequence[int], failures: Mapping[int, GenerationError], now: float
    ) -> None:
        """Take note of cells made in place: some rows of the instruction, all if it is for a full-column node."""
        node, group = made.node, self.tracker.groups[made.row_group.number]
        if rows[-1] == made.rows[-1]:
            self.flow.end_in_place(group)
        live = [row for row in rows if not group.dropped[row - group.group.start]]
        self.flow.cells_failed(node, group, [(row, failures[row]) for row in live if row in failures], 1, now)
        if self._full[node]:
            self.flow.full_ended(node, group, DONE, now)
        else:
            self.flow.cells_ended(node, group, [row for row in live if row not in failures], DONE, now)
        self._settle(group, now)

    def skips_decided(
        self, order: DecideSkips, skipped: Sequence[int], failures: Mapping[int, GenerationError], now: float
    ) -> None:
        """Take note of which rows a condition skips, and of those for which it could not be evaluated."""
        group = self.tracker.groups[order.row_group.number]
        self.flow.end_in_place(group)
        self.flow.decide_skips(order, skipped, failures, now)
        self._settle(group, now)

    def looked_up(self, order: LookUp, kept: Container[int], now: float) -> None:
        """Take note of the rows whose cell an earlier run has made; their values are where they belong."""
        group = self.tracker.groups[order.row_group.number]
        self.flow.end_in_place(group)
        self._attempts.looked_up(order.node, order.rows, kept)
        self.flow.looked_up(order, kept, now)
        self._settle(group, now)

    def processed(self, order: ProcessRowGroup, dropped: Mapping[int, str], now: float) -> None:
        """Take note that a row group was processed; of each dropped row, which processor dropped it."""
        reasons = {row: DroppedByProcessor(name, order.stage) for row, name in dropped.items()}
        self._after_processing(order, reasons, now)

    def processor_failed(self, order: ProcessRowGroup, error: ProcessorError, now: float) -> None:
        """Take note that a processor failed: the run ends, or the row group is dropped, as the settings say."""
        number = order.row_group.number
        if order.stage == "post_batch" and not self._delivery.is_processing(number):
            return
        if order.stage == "pre_batch" and self.ending.is_stopped:
            return  # what is finished of the row group has left, and nothing is lost
        if self._settings.on_processor_error == "drop":
            problem = f"{error.subject} {error.problem}"
            reason = DroppedByProcessor(error.processor, error.stage, problem, advice=error.advice)
            self._after_processing(order, dict.fromkeys(order.rows, reason), now)
            return
        if order.stage == "post_batch":
            # a row group is never written unprocessed
            self._delivery.give_up(number)
        self.ending.overrule(error)

    def written(self, number: int, delivered: int, now: float) -> None:
        """Take note that a row group is where it belongs."""
        group = self.tracker.groups[number].group
        self.tracker.free(number)
        self._upcoming.open_rows -= group.size
        self.outbox.append(RowGroupWritten(now, group, delivered))
        self.outbox.extend(self._delivery.written(group, delivered))
        self._offer_in_order()
        self._advance(now)

    def write_failed(self, number: int, error: WriteError) -> None:
        """End the run because a row group could not be written; no other write is begun."""
        self._delivery.fail(number)
        self.ending.overrule(error)

    def called_back(self, error: RunError | None) -> bool:
        """Take note that the callback has returned, or why it did not; the run ends then, and calls it no more.

        Returns:
            False if that is told nobody: the run is ending for another reason.
        """
        if not self._delivery.is_telling:
            return False
        is_told = not self.ending.has_begun
        if error is not None:
            self.fail(error)
        self.outbox.extend(self._delivery.called_back(goes_on=error is None))
        self.ending.complete_if_idle()
        return is_told

    def dataset_done(self, event: DatasetReplaced | RunError | None = None) -> None:
        """Take note that the whole dataset was processed, or replaced, or why not; the run has failed then."""
        self.ending.dataset_done(event)

    def tick(self, now: float) -> None:
        """Take note that `alarm` has come."""
        for deferred in self.salvage.take_due(now):
            self._salvaged(deferred, now)
        for pool in self.resources:
            if pool.resume(now) and pool.ready:
                self.flow.has_woken = True
        if now >= self.ending.drain_until:
            self.ending.stop_work()
        resumes = [pool.resumes_at for pool in self.resources if pool.is_paused]
        self.alarm = min([self.salvage.next_due, self.ending.drain_until, *resumes])

    def pause(self, now: float) -> None:
        """Give no slot and open no row group until `resume`; harmless if the run is paused, ending or over.

        What is in flight goes on, and what follows from it without a slot is done.
        """
        if not self.ending.has_begun:
            self._pause.begin(now)

    def resume(self, now: float) -> None:
        """Go on after `pause`; harmless if the run is not paused, ending or over."""
        if not self.ending.has_begun and self._pause.end(now):
            self.flow.has_woken = True
            self._advance(now)

    # Endings

    def cancel(self, now: float) -> None:
        """Stop the run; finished rows are still written. Once more after the time of grace, give up the user's code."""
        self.ending.cancel(now, self._settings.grace)

    def fail(self, error: Exception) -> None:
        """End the run because of an error that is nobody's cell; finished rows are still written."""
        self.ending.begin("failed", error)

    def break_off(self, error: RunError) -> None:
        """End the run because of a mistake of our own, which is told even if the run was ending for another reason."""
        self.ending.overrule(error)

    def stopped(self, now: float) -> None:
        """Take note that nothing is in flight any more, as `StopWork` asked."""
        for resource in self.resources:
            resource.in_flight = 0
        self.ending.stopped(now)

    def check_alive(self) -> None:
        """Raise if nothing can ever happen again although the run is not over; to be asked when all slots are idle.

        Raises:
            RuntimeError: that is so; it is a bug.
        """
        is_busy = self.flow.in_place or self._delivery.is_busy or self.outbox or self.alarm < NEVER
        if self.ending.is_over or self.ending.reason or is_busy or self._pause.is_on:
            return
        if not any(resource.in_flight or resource.takeable for resource in self.resources):
            raise RuntimeError(f"the run is stuck: row groups {[*self.tracker.groups]} wait for nothing under way")

    # Row groups

    def _group_of(self, row: int) -> OpenGroup | None:
        return self.tracker.groups.get(row // self._groups.size)

    def _advance(self, now: float) -> None:
        """Open row groups as long as slots would stand empty and there is room; end the run when all is done."""
        while self._may_open():
            self._open(self._upcoming.take(), now)
        self.ending.complete_if_idle()

    def _may_open(self) -> bool:
        flow = self.flow
        # what is made in place is over soon, and may bring work for every slot; processors may never return
        is_quiet = flow.in_place == flow.at_gate
        if not is_quiet or self.ending.reason is not None or self._pause.is_on or not self._upcoming.is_left:
            return False
        # asked after every task: the answer is no as long as there is work for every slot
        for resource in self.resources:
            if resource.is_starving and flow.brings_work(resource):
                return self._upcoming.has_room()
        return not self.resources and flow.brings_work(None) and self._upcoming.has_room()

    def _open(self, group: RowGroup, now: float) -> None:
        self.outbox.append(RowGroupOpened(now, group))
        ready = self.tracker.open(group, now)
        self.flow.admit(ready, self.tracker.groups[group.number], now)
        self._offer_in_order()

    def _settle(self, group: OpenGroup, now: float) -> None:
        """Do what may be due when something of a row group has ended."""
        if self.flow.raised is not None and not self.ending.has_begun:
            self.fail(self.flow.raised)
        if group.is_closed and self.flow.is_open:
            self.outbox.append(self._delivery.close(group))
        if self.flow.has_ordered:
            self._offer_in_order()
        if self.ending.reason is not None:
            if not self.flow.in_place and not any(pool.in_flight for pool in self.resources):
                self.ending.stop_work()
        elif self._may_open():
            self._advance(now)

    def _offer_in_order(self) -> None:
        self.flow.offer_in_order(self._upcoming.number, self._groups.size)

    def _after_processing(self, order: ProcessRowGroup, reasons: Mapping[int, GenerationError], now: float) -> None:
        number = order.row_group.number
        if order.stage == "post_batch" and self._delivery.is_processing(number):
            group = self.tracker.groups[number]
            for row, reason in reasons.items():
                self.flow.drop_done(group, row, reason, now)
            self.outbox.extend(self._delivery.processed(group))
            self.ending.complete_if_idle()
        elif order.stage == "pre_batch" and not self.ending.is_stopped:
            group = self.tracker.groups[number]
            self.flow.end_at_gate(group)
            for row, reason in reasons.items():
                self.flow.drop(None, group, row, 1, reason, now)
            if self.tracker.gate is not None:
                self.flow.full_ended(self.tracker.gate, group, DONE, now)
            self._settle(group, now)

    # Attempts

    def _try_again(self, task: Task, pool: Resource, started: float, error: GenerationError, now: float) -> bool:
        """Decide what follows from a failed attempt; gives whether the task gets another."""
        node, number, row, _ = task
        group = self.tracker.groups[number]
        first = group.group.start if row == WHOLE_GROUP else row
        self._attempts.disturbed(task, pool, started, error, now)
        if pool.is_paused:
            self.alarm = min(self.alarm, pool.resumes_at)
        is_gone = not group.live_count if row == WHOLE_GROUP else group.dropped[row - group.group.start]
        if is_gone:
            return False
        delay = self._attempts.delay(task, first, pool, error, now)
        if delay is None:
            self.flow.task_failed(task, group, error, now)
        if self.ending.reason is not None:
            return False
        if delay:
            self.tracker.defer(node, group, first, now)
            self.salvage.defer(node, first, now + delay, may_be_early=not isinstance(error, RateLimited))
            self.alarm = min(self.alarm, now + delay)
        elif delay is not None:
            self.tracker.put_back(node, group, first, now)
            self.flow.queue_again(node, first)
        reason = self._attempts.reason_to_stop(task, pool, error, now, is_more=self.ending.is_work_untried)
        if reason is not None:
            self.ending.begin("stopped early", reason, now + self._settings.grace)
            self.alarm = min(self.alarm, self.ending.drain_until)
        return delay is not None and reason is None

    def _salvaged(self, deferred: Deferred, now: float) -> None:
        pool, group = self._pool[deferred.node], self._group_of(deferred.row)
        if pool is not None and pool.spares_deferred:
            self.salvage.defer(deferred.node, deferred.row, now + SPARED)
        elif group is not None and self.tracker.put_back(deferred.node, group, deferred.row, now):
            self.flow.queue_again(deferred.node, deferred.row)
        else:
            self._let_go(deferred.node, deferred.row)

    def _let_go(self, node: int, row: int) -> None:
        """Forget a task that waited, and whose row is gone."""
        self.salvage.forget(node, row)
        self.flow.release(node, row)
        self._offer_in_order()
