"""Ending: from the reason why a run ends to its last instruction.

Ending a run goes in steps: nothing more waits for a slot; what is in flight may end in a time of grace, if there is
one; `StopWork` is asked for, once; the shell has stopped; what is on its way out has left; `EndRun`.
"""

from collections import deque
from typing import Final

from notebook_gen.engine.flow import CellFlow
from notebook_gen.engine.instructions import EndRun, Instruction, StopWork
from notebook_gen.errors import ProcessorError, RunCancelled, WriteError
from notebook_gen.events import State

NEVER: Final = float("inf")

GRACE: Final = 10.0
"""Seconds that calls in flight have to end when a run stops early."""


class Ending:
    """How far a run is with ending.

    Args:
        flow: told that nothing more waits for a slot, and that nothing more becomes of anything.
        outbox: where instructions go.

    Attributes:
        reason: why the run ends; None while it does not, or if it ends because all is done.
        drain_until: when the time of grace is over; infinite if there is none.
        is_stopped: whether nothing is in flight any more.
        is_over: whether the last instruction was given.
    """

    def __init__(self, flow: CellFlow, outbox: deque[Instruction]) -> None:
        self.reason: EndRun | None = None
        self.drain_until = NEVER
        self.is_stopped = False
        self.is_over = False
        self._flow = flow
        self._outbox = outbox

    @property
    def has_begun(self) -> bool:
        """Whether the run is ending, or over."""
        return self.reason is not None or self.is_over

    def begin(self, state: State, error: Exception, drain_until: float | None = None) -> None:
        """Begin to end the run, or hasten the end that has begun: without a time of grace, work is stopped at once."""
        if not self.has_begun:
            self.reason = EndRun(state, error)
            self._flow.stop()
            self.drain_until = drain_until if drain_until is not None else NEVER
        if drain_until is None:
            self.stop_work()

    def replace_reason(self, error: Exception) -> None:
        """End because finished rows are lost, even if the run was ending for another reason."""
        if self.reason is not None and not isinstance(self.reason.error, WriteError | ProcessorError):
            self.reason = EndRun("failed", error)

    def stop_work(self) -> None:
        """Ask for the stop of what is in flight, once."""
        self.drain_until = NEVER
        if self._flow.is_open and self.reason is not None:
            self._flow.is_open = False
            self._outbox.append(StopWork())

    def complete_stopped(self, reason: EndRun, rows_done: int) -> None:
        """Give the last instruction of a run that was stopped."""
        if isinstance(reason.error, RunCancelled):
            # fewer than when it was cancelled, if processors dropped some
            reason.error.rows_done = rows_done
        self.complete(reason)

    def complete(self, end: EndRun) -> None:
        """Give the last instruction."""
        self.is_over = True
        self._outbox.append(end)
