"""Ending: from the reason why a run ends to its last instruction.

Ending a run goes in steps: nothing more waits for a slot; what is in flight may end in a time of grace, if there is
one; `StopWork` is asked for, once; the shell has stopped; what is on its way out has left; `EndRun`.
"""

from collections import deque
from typing import Final

from notebook_gen.engine.delivery import Delivery
from notebook_gen.engine.flow import CellFlow
from notebook_gen.engine.instructions import EndRun, Instruction, StopWork
from notebook_gen.engine.salvage import Salvage
from notebook_gen.engine.tracker import CompletionTracker
from notebook_gen.engine.upcoming import Upcoming
from notebook_gen.errors import ProcessorError, RunCancelled, WriteError
from notebook_gen.events import State

NEVER: Final = float("inf")

GRACE: Final = 10.0
"""Seconds that calls in flight have to end when a run stops early."""


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
        self.is_stopped = False
        self.is_over = False
        self._flow = flow
        self._tracker = tracker
        self._delivery = delivery
        self._upcoming = upcoming
        self._salvage = salvage
        self._outbox = outbox

    @property
    def has_begun(self) -> bool:
        """Whether the run is ending, or over."""
        return self.reason is not None or self.is_over

    @property
    def rows_done(self) -> int:
        """Rows that have all their cells, written or not."""
        return self._delivery.delivered + sum(group.rows_done for group in self._tracker.groups.values())

    def begin(self, state: State, error: Exception, drain_until: float | None = None) -> None:
        """Begin to end the run, or hasten the end that has begun: without a time of grace, work is stopped at once."""
        if not self.has_begun:
            self.reason = EndRun(state, error)
            self._flow.stop()
            self._salvage.clear()
            self.drain_until = drain_until if drain_until is not None else NEVER
        if drain_until is None:
            self.stop_work()

    def cancel(self) -> None:
        """Begin to end the run because it was cancelled."""
        self.begin("cancelled", RunCancelled(self.rows_done, self._delivery.rows))

    def lose(self, error: Exception) -> None:
        """End because finished rows are lost, even if the run was ending for another reason."""
        self.begin("failed", error)
        if self.reason is not None and not isinstance(self.reason.error, WriteError | ProcessorError):
            self.reason = EndRun("failed", error)
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
            if self._delivery.can_write and not self._delivery.knows(group.group.number):
                self._outbox.append(self._delivery.close(group))
        self.complete_if_idle()

    def complete_if_idle(self) -> None:
        """Give the last instruction if nothing is left to do."""
        if self.is_over or self._delivery.is_busy:
            return
        if self.reason is not None:
            if self.is_stopped:
                if isinstance(self.reason.error, RunCancelled):
                    # fewer than when it was cancelled, if processors dropped some
                    self.reason.error.rows_done = self.rows_done
                self._complete(self.reason)
        elif not self._upcoming.is_left and not self._tracker.groups:
            self._complete(self._delivery.ending())

    def _complete(self, end: EndRun) -> None:
        self.is_over = True
        self._outbox.append(end)
