"""Occupancy: how busy each lane was in equal stretches of time, as a picture shows it that has no room for bars.

`cover` measures attempts one by one. `Occupancy` keeps the sum of all that have ended, so that a picture of a whole run
costs the same however long it was; its stretches grow twice as long whenever there would be too many.
"""

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

NOBODY: Final = 0xFFFF
"""In a grid: nothing was in flight."""

MOST_CELLS: Final = 8_000
"""Cells of a grid, at most."""

PIXELS_A_BUCKET: Final = 5

_FIRST_STEP = 0.01
_MOST_SUMS = 1_000_000
_MOST_STRETCHES = 1024


class Grid(NamedTuple):
    """How busy each lane was, in equal stretches of time.

    Attributes:
        start: when the first stretch begins.
        step: seconds of a stretch.
        nodes: lanes × stretches; the node that was in flight longest, or `NOBODY`.
        busy: lanes × stretches; the share of the stretch in which anything was in flight, from 0 to 1.
    """

    start: float
    step: float
    nodes: "Array"
    busy: "Array"


class Spans(NamedTuple):
    """Attempts as stretches of time: columns of the same length."""

    node: "Array"
    lane: "Array"
    started: "Array"
    ended: "Array"


class Occupancy(NamedTuple):
    """The time that each node spent in each lane, in equal stretches since the run began; never changes.

    Attributes:
        step: seconds of a stretch.
        sums: lanes × nodes × stretches; the share of the stretch.
    """

    step: float
    sums: "Array"

    @classmethod
    def of(cls, lanes: int, nodes: int) -> "Occupancy":
        """Begin with nothing."""
        import numpy as np

        stretches = 64
        while stretches < _MOST_STRETCHES and 2 * stretches * lanes * nodes <= _MOST_SUMS:
            stretches *= 2
        return cls(_FIRST_STEP, np.zeros((lanes, nodes, stretches), "f4"))

    @property
    def lanes(self) -> int:
        """How many lanes it knows."""
        return len(self.sums)

    def with_more(self, spans: Spans) -> "Occupancy":
        """Add attempts that have ended."""
        import numpy as np

        if not len(spans.node):
            return self
        grown = self._reaching(float(spans.ended.max()))
        step = grown.step
        first = int(spans.started.min() / step)
        last = min(int(spans.ended.max() / step) + 1, grown.sums.shape[2])
        sums = grown.sums.copy()
        shape = (*sums.shape[:2], last - first)
        sums[:, :, first:last] += cover(spans, first * step, step, shape).astype("f4", copy=False)
        np.minimum(sums, 1.0, out=sums)
        return Occupancy(step, sums)

    def grid(self, window: tuple[float, float], buckets: int, still: Spans) -> Grid:
        """Show a window.

        Args:
            window: its start and end.
            buckets: stretches, at most.
            still: attempts that are in flight, up to now.
        """
        import numpy as np

        reached = self._reaching(max(window[1], float(still.ended.max(initial=0.0))))
        step, sums = reached.step, reached.sums
        first = max(0, int(window[0] / step))
        last = max(first + 1, min(sums.shape[2], int(window[1] / step) + 1))
        joined = -(-(last - first) // buckets)
        shape = (*sums.shape[:2], -(-(last - first) // joined))
        part = np.zeros((*sums.shape[:2], shape[2] * joined), "f4")
        part[:, :, : last - first] = sums[:, :, first:last]
        covered = part.reshape(*shape, joined).mean(axis=3) + cover(still, first * step, step * joined, shape)
        return make_grid(first * step, step * joined, covered)

    def _reaching(self, end: float) -> "Occupancy":
        """The same, in stretches long enough to reach so far."""
        step, sums = self.step, self.sums
        while end >= step * sums.shape[2]:
            import numpy as np

            pairs = (sums[:, :, ::2] + sums[:, :, 1::2]) / 2
            sums, step = np.concatenate((pairs, np.zeros_like(pairs)), axis=2), step * 2
        return Occupancy(step, sums)


def cover(spans: Spans, start: float, step: float, shape: tuple[int, int, int]) -> "Array":
    """Measure how much of each stretch each node was in flight in each lane: lanes × nodes × stretches.

    Every attempt covers some whole stretches and two broken ends.
    """
    import numpy as np

    lanes, nodes, buckets = shape
    begin = np.clip((spans.started - start) / step, 0, buckets)
    end = np.clip((spans.ended - start) / step, 0, buckets)
    first = np.minimum(begin.astype(np.int64), buckets - 1)
    last = np.minimum(end.astype(np.int64), buckets - 1)
    width = buckets + 1  # one more, for what begins after the last
    key = (spans.lane.astype(np.int64) * nodes + spans.node) * width
    size = lanes * nodes * width

    def add(at: "Array", amount: "Array | None" = None) -> "Array":
        return np.bincount(key + at, weights=amount, minlength=size)

    # within a single stretch the broken ends are 1 too much and the whole stretches 1 too few, which sums up right
    whole = np.cumsum((add(first + 1) - add(last)).reshape(lanes, nodes, width), axis=2)
    broken = add(first, first + 1 - begin) + add(last, end - last)
    covered: Array = (whole + broken.reshape(lanes, nodes, width))[:, :, :buckets]
    return covered


def make_grid(start: float, step: float, covered: "Array") -> Grid:
    """Make a grid of what `cover` has measured."""
    import numpy as np

    busy = np.clip(covered.sum(axis=1), 0.0, 1.0)
    most = covered.argmax(axis=1).astype(np.uint16)
    most[busy <= 0] = NOBODY
    return Grid(start, step, most, busy.astype("f4"))
