"""Pause: while it lasts, nothing is given a slot."""

from collections import deque
from collections.abc import Sequence

from notebook_gen.engine.instructions import Instruction
from notebook_gen.engine.resources import Resource
from notebook_gen.events import RunPaused, RunResumed


class Pause:
    """Holds all resources, from `begin` to `end`.

    Args:
        resources: what tasks need slots of.
        outbox: where events go.

    Attributes:
        is_on: whether it lasts.
    """

    def __init__(self, resources: Sequence[Resource], outbox: deque[Instruction]) -> None:
        self.is_on = False
        self._resources = resources
        self._outbox = outbox

    def begin(self, now: float) -> None:
        """Hold all resources; harmless if they are held."""
        if self.is_on:
            return
        self.is_on = True
        for resource in self._resources:
            resource.hold(now)
        self._outbox.append(RunPaused(now))

    def end(self, now: float) -> bool:
        """Let go of all resources; gives False if they were not held."""
        if not self.is_on:
            return False
        self.is_on = False
        for resource in self._resources:
            resource.release(now)
        self._outbox.append(RunResumed(now))
        return True
