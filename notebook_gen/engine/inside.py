"""Which run the code at work belongs to: what a run has called must not wait for that run.

It stands in a variable of the context, as what an async function begins inherits that: tasks of its own, and calls by
`asyncio.to_thread`.
"""

from contextvars import ContextVar

from notebook_gen.events import EventBus

_bus: ContextVar[EventBus | None] = ContextVar("notebook_gen_bus", default=None)


def enter(bus: EventBus) -> None:
    """Let what this task or thread calls from here on belong to the run of a bus."""
    _bus.set(bus)


def is_inside(bus: EventBus) -> bool:
    """Tell whether the code that asks was called by the run of a bus."""
    return _bus.get() is bus
