"""What becomes of a call to the demo endpoint: counted, and decided by chance and schedule. No I/O, no clock.

The cases, and the first that holds decides:

```
an outage lasts           the connection is dropped, or 503, as likely
capacity is used up       429
drawn                     429 at once, 500 or a dropped connection when the answer is due
none of these             an answer, unless an outage begins before it is due
```
"""

from collections import Counter
from typing import Literal, NamedTuple

from notebook_gen.demo.behaviour import Faults
from notebook_gen.demo.draws import chance

Outcome = Literal["answered", "rate limited", "server error", "unavailable", "dropped"]


class Fate(NamedTuple):
    """What becomes of a call.

    Attributes:
        outcome: how it ends.
        outage_in: seconds until it loses its connection, if it is in flight then.
        is_immediate: it ends at once; otherwise it is in flight until its answer is due.
    """

    outcome: Outcome
    outage_in: float
    is_immediate: bool


class Traffic:
    """The calls to one address.

    Args:
        faults: what goes wrong.
        seed: draws it.

    Attributes:
        calls: that have come in.
        in_flight: of them, not ended yet.
        most_in_flight: at any time so far.
    """

    def __init__(self, faults: Faults, seed: int) -> None:
        self._faults = faults
        self._seed = seed
        self._shares: tuple[tuple[float, Outcome], ...] = (
            (faults.rate_limited, "rate limited"),
            (faults.server_error, "server error"),
            (faults.dropped_connection, "dropped"),
        )
        self._draws = any(share for share, _ in self._shares)
        self._attempts: Counter[int] = Counter()
        self._began: float | None = None
        self.calls = 0
        self.in_flight = 0
        self.most_in_flight = 0

    def arrive(self, request: bytes, now: float) -> Fate:
        """Decide what becomes of a call; unless it ends at once, it is in flight until `leave`.

        Args:
            request: its body; equal bodies are attempts of one request.
            now: seconds on any clock that never goes back.
        """
        self.calls += 1
        if self._began is None:
            self._began = now
        time = now - self._began
        outage_in = self._faults.next_outage(time)
        if outage_in == 0:
            is_dropped = chance("outage", request, 0, self._seed) < 0.5
            return Fate("dropped" if is_dropped else "unavailable", outage_in, is_immediate=True)
        if self.in_flight >= self._faults.capacity_at(time):
            return Fate("rate limited", outage_in, is_immediate=True)
        outcome = self._drawn(request)
        if outcome == "rate limited":
            return Fate(outcome, outage_in, is_immediate=True)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        return Fate(outcome, outage_in, is_immediate=False)

    def leave(self) -> None:
        """End a call that was in flight."""
        self.in_flight -= 1

    def _drawn(self, request: bytes) -> Outcome:
        if not self._draws:
            return "answered"
        # attempts that never came this far do not count: which they are depends on time, and the draw must not
        key = hash(request)
        self._attempts[key] += 1
        drawn = chance("fault", request, self._attempts[key], self._seed)
        for share, outcome in self._shares:
            if drawn < share:
                return outcome
            drawn -= share
        return "answered"
