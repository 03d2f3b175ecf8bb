"""Level of detail: which attempts a picture of a trace shows as bars, and what stands for all the others.

Rules it keeps:
- with at most `max_bars` attempts in the window, every one of them is a bar;
- with more, what is narrower than 2 pixels is no bar; failures, what is in flight, what was tried again, and the
  slowest of each node are bars all the same, and then the longest, until there are `max_bars`;
- whatever has no bar is counted in the grid, and so is whatever has one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from notebook_gen.observers.trace import AGAIN, DONE, FAILED, IN_FLIGHT
from notebook_gen.views.history import Columns, History, Lanes

if TYPE_CHECKING:
    from notebook_gen.views.history import Array

LEAST_PIXELS: Final = 2.0
"""Bars are at least this wide."""
NOBODY: Final = 0xFFFF
"""In a grid: nothing was in flight."""

_PIXELS_A_BUCKET: Final = 5
_MOST_CELLS: Final = 8_000
_LOAD_POINTS: Final = 240
_USUAL_OF: Final = 20_000


class Window(NamedTuple):
    """What is looked at: seconds since the run began, and the pixels they take."""

    start: float
    end: float
    pixels: int

    @property
    def seconds(self) -> float:
        """How long it is; never 0."""
        return max(self.end - self.start, 1e-6)


class Grid(NamedTuple):
    """How busy each lane was, in equal stretches of time from the window's start on.

    Attributes:
        step: seconds of a stretch.
        nodes: lanes × stretches; the node that was in flight longest, or `NOBODY`.
        busy: lanes × stretches; the share of the stretch in which anything was in flight, from 0 to 1.
    """

    step: float
    nodes: "Array"
    busy: "Array"


class Load(NamedTuple):
    """How many tasks waited and were in flight, in equal stretches of time from the window's start to now.

    Attributes:
        times: when each stretch begins; the last is now.
        waiting: tasks that were ready and had no slot, of all resources together.
        in_flight: resources × stretches; tasks with a slot.
    """

    times: "Array"
    waiting: "Array"
    in_flight: "Array"


class Usual(NamedTuple):
    """How long the done attempts of each node took, in seconds; NaN where there are none."""

    median: "Array"
    slowest: "Array"


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything a picture of a window shows.

    Attributes:
        window: what is looked at.
        now: seconds since the run began, or when it ended.
        lanes: where slots stand.
        bars: columns as in `History`, and `lane`; those in flight last until now; in the order they began.
        grid: stands for all attempts where there are too many for bars; else None.
        load: how busy the run was.
        usual: what to compare a bar with.
        total: attempts in the window.
    """

    window: Window
    now: float
    lanes: Lanes
    bars: Columns
    grid: Grid | None
    load: Load
    usual: Usual
    total: int


def query(
    history: History,
    window: Window,
    now: float,
    *,
    max_bars: int = 2000,
    waiting_since: Mapping[int, Sequence[float]] | None = None,
) -> Detail:
    """Find what a picture of a window shows.

    Args:
        history: all attempts.
        window: what is looked at.
        now: seconds since the run began, or when it ended.
        max_bars: bars, at most.
        waiting_since: by node, since when each task that is ready waits; None: nothing waits.
    """
    import numpy as np

    columns, lanes = history.columns, history.lanes
    seconds = np.where(columns["state"] == IN_FLIGHT, now - columns["started"], columns["seconds"])
    started = columns["started"]
    inside = np.nonzero((started <= window.end) & (started + seconds >= window.start))[0]
    first = np.array([lanes.first[resource] if resource >= 0 else 0 for resource in lanes.resource_of], np.int64)
    grid = None
    chosen = inside
    if len(inside) > max_bars:
        part = {"node": columns["node"][inside], "started": started[inside], "seconds": seconds[inside]}
        part["lane"] = first[part["node"]] + columns["slot"][inside]
        grid = _occupancy(part, lanes.total, len(lanes.resource_of), window)
        chosen = inside[_choose(part, columns["state"][inside], window, max_bars)]
    bars = {name: column[chosen] for name, column in columns.items()}
    bars["seconds"] = seconds[chosen]
    bars["lane"] = (first[bars["node"]] + bars["slot"]).astype("u2")
    load = _measure_load(history, window, now, waiting_since or {})
    return Detail(window, now, lanes, bars, grid, load, _usual_seconds(history), len(inside))


def _usual_seconds(history: History) -> Usual:
    """How long the newest attempts took that are done, by node."""
    import numpy as np

    columns = history.columns
    newest = slice(max(0, len(history) - _USUAL_OF), None)
    is_done = columns["state"][newest] == DONE
    nodes, seconds = columns["node"][newest][is_done], columns["seconds"][newest][is_done]
    median = np.full(len(history.graph.nodes), np.nan)
    slowest = median.copy()
    for node in np.unique(nodes).tolist():
        own = seconds[nodes == node]
        median[node], slowest[node] = np.median(own), own.max()
    return Usual(median, slowest)


def _choose(part: Columns, states: "Array", window: Window, max_bars: int) -> "Array":
    """Positions of the attempts that are bars, in order: by rank, failures first, then by length."""
    import numpy as np

    seconds = part["seconds"]
    rank = np.where(seconds >= LEAST_PIXELS * window.seconds / window.pixels, seconds, -1.0)
    rank[_is_slowest(part["node"], seconds)] += 1e12
    rank[states == AGAIN] = 2e12
    rank[states == IN_FLIGHT] = 3e12
    rank[states == FAILED] = 4e12
    candidates = np.nonzero(rank >= 0)[0]
    if len(candidates) > max_bars:
        best = np.argpartition(rank[candidates], len(candidates) - max_bars)[len(candidates) - max_bars :]
        candidates = np.sort(candidates[best])
    return candidates


def _is_slowest(nodes: "Array", seconds: "Array") -> "Array":
    """Whether no attempt of the same node took longer."""
    import numpy as np

    slowest = np.zeros(int(nodes.max()) + 1)
    np.maximum.at(slowest, nodes, seconds)
    is_slowest: Array = seconds >= slowest[nodes]
    return is_slowest


def _occupancy(part: Columns, lanes: int, nodes: int, window: Window) -> Grid:
    """How long each node was in flight in each stretch of each lane, as whole stretches and two broken ends."""
    import numpy as np

    buckets = max(1, min(window.pixels // _PIXELS_A_BUCKET, _MOST_CELLS // lanes))
    step = window.seconds / buckets
    begin = np.clip((part["started"] - window.start) / step, 0, buckets)
    end = np.clip((part["started"] + part["seconds"] - window.start) / step, 0, buckets)
    first = np.minimum(begin.astype(np.int64), buckets - 1)
    last = np.minimum(end.astype(np.int64), buckets - 1)
    width = buckets + 1  # one more, for what begins after the last
    key = (part["lane"].astype(np.int64) * nodes + part["node"]) * width
    size = lanes * nodes * width

    def add(at: "Array", amount: "Array | None" = None) -> "Array":
        return np.bincount(key + at, weights=amount, minlength=size)

    # within a single stretch the broken ends are 1 too much and the whole stretches 1 too few, which sums up right
    whole = np.cumsum((add(first + 1) - add(last)).reshape(lanes, nodes, width), axis=2)
    broken = add(first, first + 1 - begin) + add(last, end - last)
    covered = (whole + broken.reshape(lanes, nodes, width))[:, :, :buckets]
    busy = np.clip(covered.sum(axis=1), 0.0, 1.0)
    most = covered.argmax(axis=1).astype(np.uint16)
    most[busy <= 0] = NOBODY
    return Grid(step, most, busy.astype("f4"))


def _measure_load(history: History, window: Window, now: float, waiting_since: Mapping[int, Sequence[float]]) -> Load:
    import numpy as np

    columns, lanes = history.columns, history.lanes
    end = max(min(now, window.end), window.start)
    times = np.linspace(window.start, end, _LOAD_POINTS)
    step = max((end - window.start) / (_LOAD_POINTS - 1), 1e-9)

    def until(moments: "Array") -> "Array":
        """How many of the moments are past when each stretch ends."""
        at = np.clip(np.floor((moments - window.start) / step + 1e-9), 0, _LOAD_POINTS).astype(np.int64)
        return np.cumsum(np.bincount(at, minlength=_LOAD_POINTS + 1))[:_LOAD_POINTS]

    resource = np.array(lanes.resource_of, np.int64)[columns["node"]]
    started = columns["started"]
    ended = started + columns["seconds"]
    is_over = columns["state"] != IN_FLIGHT
    in_flight = np.zeros((len(lanes.counts), _LOAD_POINTS), np.int64)
    for number in range(len(lanes.counts)):
        own = resource == number
        in_flight[number] = until(started[own]) - until(ended[own & is_over])
    still = np.array([since for times_of_node in waiting_since.values() for since in times_of_node], "f8")
    waiting = np.maximum(until(started - columns["waited"]) - until(started) + until(still), 0)
    return Load(times, waiting, in_flight)
