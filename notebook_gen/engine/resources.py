"""Resource: how many tasks may use one endpoint, or the thread pool, at once."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Resource:
    """Slots of one endpoint or pool.

    Attributes:
        name: as in `ExecutionGraph.resources`.
        ceiling: slots it has; fixed.
        limit: slots that may be used now, at most `ceiling`.
        in_flight: slots in use.
        ready: tasks that wait for a slot.
        nodes: the nodes that use it, longest remaining path first.
    """

    name: str
    ceiling: int
    limit: int
    nodes: tuple[int, ...]
    in_flight: int = field(default=0, init=False)
    ready: int = field(default=0, init=False)

    @property
    def takeable(self) -> int:
        """How many more tasks could start now."""
        return max(0, min(self.ready, self.limit - self.in_flight))

    @property
    def is_starving(self) -> bool:
        """Whether slots will stand empty unless more tasks become ready."""
        return self.in_flight + self.ready < self.limit
