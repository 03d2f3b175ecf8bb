"""How the demo endpoint behaves, as plain data: its server starts faster without the specs and their library."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Faults:
    """What it does wrong; the fields are those of the spec `DemoFaults`, and checked there.

    Attributes:
        rate_limited: share of calls answered with 429.
        server_error: share answered with 500.
        dropped_connection: share that loses its connection.
        retry_after: seconds that a 429 asks to wait; None: it does not say.
        capacity: (time, calls at once from then on), times rising; before the first there is no bound.
        outages: (begin, end) of each, in any order.
    """

    rate_limited: float = 0.0
    server_error: float = 0.0
    dropped_connection: float = 0.0
    retry_after: float | None = None
    capacity: tuple[tuple[float, int], ...] = ()
    outages: tuple[tuple[float, float], ...] = ()

    def capacity_at(self, time: float) -> float:
        """Calls that may be in flight; infinite where there is no bound.

        Args:
            time: seconds since the first call, as everywhere here.
        """
        return next((calls for begin, calls in reversed(self.capacity) if begin <= time), math.inf)

    def next_outage(self, time: float) -> float:
        """Seconds until one begins: 0 while one lasts, infinite if none is to come."""
        return min((max(0.0, begin - time) for begin, end in self.outages if time < end), default=math.inf)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How it answers.

    Attributes:
        latency: seconds a call takes, in the middle.
        spread: sigma of the log-normal distribution of latencies; 0: every call takes `latency`.
        seed: draws latencies, texts and faults.
        faults: what goes wrong.
    """

    latency: float = 0.6
    spread: float = 0.35
    seed: int = 0
    faults: Faults = Faults()
