"""Moments: how many of them are past at any time, however many there are.

They never change: more of them make another object, which shares what it can with the first. Sorted runs, each more
than twice as long as the next: adding costs as if each moment were sorted a few times, counting some binary searches.
Runs that are long are not merged any more, so that adding never takes long either.

Source: the logarithmic method, Bentley & Saxe 1980.
"""

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


_LONG: Final = 100_000


class Moments(NamedTuple):
    """Moments in seconds since the run began.

    Attributes:
        runs: sorted, the longest first.
    """

    runs: "tuple[Array, ...]" = ()

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(map(len, self.runs))

    def with_more(self, moments: "Array") -> "Moments":
        """Add some, in any order."""
        import numpy as np

        if not len(moments):
            return self
        runs = [*self.runs, np.sort(moments)]
        while len(runs) > 1 and len(runs[-2]) <= min(2 * len(runs[-1]), _LONG):
            last = runs.pop()
            # a stable sort merges what is sorted already
            runs[-1] = np.sort(np.concatenate((runs[-1], last)), kind="stable")
        return Moments(tuple(runs))

    def before(self, times: "Array") -> "Array":
        """Count, for each time, the moments before it."""
        import numpy as np

        counts: Array = np.zeros(len(times), np.int64)
        for run in self.runs:
            counts += run.searchsorted(times)
        return counts


class Flow(NamedTuple):
    """When the attempts of one node began and ended.

    Attributes:
        started, ended: the moments.
        peak: how many were in flight at the same time, at most.
    """

    started: Moments = Moments()
    ended: Moments = Moments()
    peak: int = 0

    @property
    def open(self) -> int:
        """How many are in flight by now."""
        return self.started.total - self.ended.total

    def with_more(self, started: "Array", ended: "Array") -> "Flow":
        """Add what happened since: nothing of it before anything that was added already."""
        import numpy as np

        peak = self.peak
        if len(started):
            begun = np.arange(1, len(started) + 1) - np.sort(ended).searchsorted(np.sort(started), side="right")
            peak = max(peak, self.open + int(begun.max()))
        return Flow(self.started.with_more(started), self.ended.with_more(ended), peak)

    def in_flight(self, times: "Array") -> "Array":
        """Count, for each time, the attempts that began before it and had not ended."""
        counts: Array = self.started.before(times) - self.ended.before(times)
        return counts
