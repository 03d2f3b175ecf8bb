"""Ending: from the reason why a run ends to its last instruction.

Ending a run goes in steps: nothing more waits for a slot; what is in flight may end in a time of grace, if there is
one; `StopWork` is asked for, once; the shell has stopped; what is on its way out has left; the whole dataset is
processed, if the run has finished; `EndRun`.

The user's code that rows meet on their way out may never return. It is waited for until the run was cancelled, and is
cancelled again when the time of grace is over: a second click that comes sooner costs no row. From then on nothing of
it is begun, and what it gives too late changes nothing; what is being written is waited for always.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from notebook_gen.engine.delivery import Delivery
from notebook_gen.engine.flow import CellFlow
from notebook_gen.engine.instructions import EndRun, Instruction, StopWork, UserCall
from notebook_gen.engine.salvage import Salvage
from notebook_gen.engine.tracker import CompletionTracker
from notebook_gen.engine.upcoming import Upcoming
from notebook_gen.errors import ProcessorError, RunCancelled, RunError, WriteError
from notebook_gen.events import DatasetReplaced, State

NEVER: Final = float("inf")


class Ending:
    """How far a run is with ending.

    Args:
        flow: told that nothing more waits for a slot, and that nothing more becomes of anything.
        tracker: the row groups that have not left.
        delivery: how they leave.
        upcoming: the row groups still to open.
        salvage: told to forget what waits for another attempt.
        outbox: where instructions go.

    Attributes:
        reason: why the run ends; None while it does not, or if it ends because all is done.
        drain_until: when the time of grace is over; infinite if there is none.
        cancelled_at: when the run was cancelled; None until it was.
        gives_up_at: when another cancel gives up the user's code; None until the run was cancelled.
        is_stopped: whether nothing is in flight any more.
        is_over: whether the last instruction was given.
    """

    def __init__(
        self,
        flow: CellFlow,
        tracker: CompletionTracker,
        delivery: Delivery,
        upcoming: Upcoming,
        salvage: Salvage,
        outbox: deque[Instruction],
    ) -> None:
        self.reason: EndRun | None = None
        self.drain_until = NEVER
        self.cancelled_at: float | None = None
        self.gives_up_at: float | None = None
        self.is_stopped = False
        self.is_over = False
        self._flow = flow
        self._tracker = tracker
        self._delivery = delivery
        self._upcoming = upcoming
        self._salvage = salvage
        self._outbox = outbox
        self._has_given_up = False

    @property
    def has_begun(self) -> bool:
        """Whether the run is ending, or over."""
        return self.reason is not None or self.is_over

    @property
    def is_work_untried(self) -> bool:
        """Whether tasks wait that were never tried, or row groups; a few may hide among tasks that are tried again."""
        return self._upcoming.is_left or self._flow.ready.count > self._salvage.count

    @property
    def rows_done(self) -> int:
        """Rows that have all their cells, written or not."""
        return self._delivery.delivered + sum(group.rows_done for group in self._tracker.groups.values())

    @property
    def user_calls(self) -> Sequence[UserCall]:
        """The calls of the user's code that are waited for; safe on any thread."""
        return self._delivery.user_calls

    def begin(self, state: State, error: Exception, drain_until: float | None = None) -> None:
        """Begin to end the run, or hasten the end that has begun: without a time of grace, work is stopped at once."""
        if not self.has_begun:
            self.reason = EndRun(state, error)
            self._flow.stop()
            self._salvage.clear()
            self.drain_until = drain_until if drain_until is not None else NEVER
        if drain_until is None:
            self.stop_work()

    def cancel(self, now: float, grace: float) -> None:
        """Begin to end the run because it was cancelled; when it was `grace` seconds ago, give up the user's code."""
        if self.gives_up_at is None:
            self.cancelled_at, self.gives_up_at = now, now + grace
            self.begin("cancelled", self._cancelled())
        elif now >= self.gives_up_at:
            self.give_up()

    def give_up(self) -> None:
        """Wait no longer for the user's code; harmless where that was done, or the run is over."""
        if self._has_given_up or self.is_over:
            return
        self._has_given_up = True
        left_behind = self._delivery.give_up_calls()
        if self.reason is None:
            return
        if self.reason.state == "finished" and not self._delivery.is_busy:
            self.reason = EndRun("cancelled", self._cancelled())
        self.reason = self.reason._replace(left_behind=left_behind)
        self.complete_if_idle()

    def _cancelled(self) -> RunCancelled:
        return RunCancelled(self.rows_done, self._delivery.rows)

    def overrule(self, error: RunError) -> None:
        """End because of what is to be told even if the run was ending for another reason: finished rows are lost."""
        self.begin("failed", error)
        if self.reason is not None and not isinstance(self.reason.error, WriteError | ProcessorError):
            self.reason = self.reason._replace(state="failed", error=error)
        self.complete_if_idle()

    def stop_work(self) -> None:
        """Ask for the stop of what is in flight, once."""
        self.drain_until = NEVER
        if self._flow.is_open and self.reason is not None:
            self._flow.is_open = False
            self._outbox.append(StopWork())

    def stopped(self, now: float) -> None:
        """Send off what is finished, as nothing is in flight any more; row groups that are whole leave first."""
        self.is_stopped = True
        self._flow.in_place = 0
        for group in self._tracker.groups.values():
            group.in_flight = 0
            self._flow.end_left_out(group, now)
        for group in sorted(self._tracker.groups.values(), key=lambda group: not group.is_whole):
            if self._delivery.may_send(group):
                self._outbox.append(self._delivery.close(group))
        self.complete_if_idle()

    def dataset_done(self, event: DatasetReplaced | RunError | None) -> None:
        """Go on after a step with the whole dataset; if that was given up, the run is over, and nothing follows."""
        self._delivery.end_last_step()
        if isinstance(event, RunError):
            self.overrule(event)
            return
        if event is not None and not self.is_over:
            self._outbox.append(event)
        self.complete_if_idle()

    def complete_if_idle(self) -> None:
        """Give the last instruction if nothing is left to do."""
        if self.is_over or self._delivery.is_busy:
            return
        if self.reason is not None:
            if self.is_stopped:
                self._do_last_step(self.reason)
        elif not self._upcoming.is_left and not self._tracker.groups:
            self._end_well(self._delivery.ending())

    def _end_well(self, end: EndRun) -> None:
        if end.state == "finished" and self._delivery.has_last_step:
            # nothing is in flight, but slots still wait for work
            self.reason = end
            self._flow.stop()
            self.stop_work()
        else:
            self._complete(end)

    def _do_last_step(self, reason: EndRun) -> None:
        step = self._delivery.begin_last_step() if reason.state == "finished" else None
        if step is not None:
            self._outbox.append(step)
            return
        if isinstance(reason.error, RunCancelled):
            # not those that processors dropped since, or that were given up with them
            reason.error.rows_done = self._delivery.delivered
        self._complete(reason)

    def _complete(self, end: EndRun) -> None:
        if isinstance(end.error, RunError) and self._delivery.delivered:
            end.error.is_unprocessed = self._delivery.is_unprocessed
            if isinstance(end.error, ProcessorError):
                end.error.is_late = True
        self.is_over = True
        self._outbox.append(end)
