"""Level of detail: which attempts a picture of a trace shows as bars, and what stands for all the others.

Rules it keeps:
- with at most `max_bars` attempts in the window, every one of them is a bar;
- with more, what is narrower than 2 pixels is no bar; failures, what is in flight, what was tried again, and the
  slowest of each node are bars all the same, and then the longest, until there are `max_bars`;
- whatever has no bar is counted in the grid, and so is whatever has one;
- where lanes are rows, there are only as many as fit, and only their attempts.

A million attempts are no more work than a few thousand: what is counted of all of them was counted as it happened.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from notebook_gen.observers.trace import AGAIN, DONE, FAILED, IN_FLIGHT
from notebook_gen.views.history import Columns, History
from notebook_gen.views.lanes import (
    LaneChoice,
    Lanes,
    column_lanes,
    most_rows,
    newest_rows,
    place_columns,
    place_rows,
    place_slots,
    rows_in_full,
    slot_lanes,
)
from notebook_gen.views.load import Load, measure_load
from notebook_gen.views.occupancy import MOST_CELLS, NOBODY, PIXELS_A_BUCKET, Grid, Spans, cover, make_grid

if TYPE_CHECKING:
    from notebook_gen.views.history import Array

LEAST_PIXELS: Final = 2.0
"""Bars are at least this wide."""

_USUAL_OF: Final = 5_000
_MOST_MEASURED: Final = 50_000
"""Attempts that are measured one by one for a grid; the sums of more are coarser, and quicker."""
_SLOTS: Final = LaneChoice()
_EDGE: Final = 0.02  # of the time that rows took
_SAMPLES: Final = 4  # of what is in flight, for each stretch of a column


class Window(NamedTuple):
    """What is looked at: seconds since the run began, and the pixels they take."""

    start: float
    end: float
    pixels: int

    @property
    def seconds(self) -> float:
        """How long it is; never 0."""
        return max(self.end - self.start, 1e-6)


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
        since: when what is shown begins to matter; rows were not all there from the window's start on.
        until: when it ends to matter, where somebody chose rows that were done before now; None: now.
        lanes: what stands beside what.
        bars: columns as in `History`, and `lane`; those in flight last until now; in the order they began.
        grid: stands for all attempts where there are too many for bars; else None.
        load: how busy the run was.
        usual: what to compare a bar with.
        total: attempts in the window.
        in_flight, peaks: of each group, where lanes are columns, what is in flight now and was at most.
    """

    window: Window
    now: float
    since: float
    lanes: Lanes
    bars: Columns
    grid: Grid | None
    load: Load
    usual: Usual
    total: int
    in_flight: tuple[int, ...] = ()
    peaks: tuple[int, ...] = ()
    until: float | None = None

    def fitted(self) -> "Detail":
        """Give it from where the first of its bars begins to where the last ends, with some room beside them."""
        begins, ends = self.bars["started"], self.bars["started"] + self.bars["seconds"]
        if not len(begins):
            return self
        begin, end = float(begins.min()), float(ends.max())
        edge = _EDGE * max(end - begin, 1e-3)
        until = None if end + edge >= self.now else end + edge
        return replace(self, since=max(self.window.start, begin - edge), until=until)


def query(
    history: History,
    window: Window,
    now: float,
    *,
    lanes: LaneChoice = _SLOTS,
    max_bars: int = 2000,
    waiting_since: Mapping[int, Sequence[float]] | None = None,
) -> Detail:
    """Find what a picture of a window shows.

    Args:
        history: all attempts.
        window: what is looked at.
        now: seconds since the run began, or when it ended.
        lanes: what lanes are.
        max_bars: bars, at most.
        waiting_since: by node, since when each task that is ready waits; None: nothing waits.
    """
    inside = _find_inside(history, window)
    shown = _Shown(history, window, now, max_bars, inside)
    match lanes.kind:
        case "rows":
            since, placed, bars, grid = shown.by_rows(lanes)
        case "columns":
            since, placed, bars, grid = shown.by_columns()
        case "slots":
            since, placed, bars, grid = shown.by_slots()
    load = measure_load(history, (window.start, window.end), now, waiting_since or {})
    flows = [history.flows[node] for node in placed.groups] if placed.kind == "columns" else []
    return Detail(
        window=window,
        now=now,
        since=since,
        lanes=placed,
        bars=bars,
        grid=grid,
        load=load,
        usual=_usual_seconds(history),
        total=inside.total,
        in_flight=tuple(flow.open for flow in flows),
        peaks=tuple(flow.peak for flow in flows),
    )


class _Inside(NamedTuple):
    """The attempts in a window.

    Attributes:
        first, last: where those may stand that have ended; in order of their begin.
        mask: which of these are in the window; None: all.
        open: positions of those in flight, all of which last until now.
        total: how many there are.
    """

    first: int
    last: int
    mask: "Array | None"
    open: "Array"
    total: int

    def positions(self, wanted: "Array | None" = None) -> "Array":
        """Where they stand, in order; of those that have ended only such as are wanted."""
        import numpy as np

        mask = np.ones(self.last - self.first, bool) if self.mask is None else self.mask.copy()
        if wanted is not None:
            mask &= wanted
        before = int(self.open.searchsorted(self.first))
        mask[self.open[before:] - self.first] = True
        return np.concatenate((self.open[:before], np.nonzero(mask)[0] + self.first))


def _find_inside(history: History, window: Window) -> _Inside:
    import numpy as np

    columns, still = history.columns, history.open
    started = columns["started"]
    last = int(started.searchsorted(window.end, side="right"))
    first = int(started.searchsorted(window.start - history.longest, side="left"))
    first = min(first, last)
    mask = None
    if window.start > 0:
        mask = started[first:last] + columns["seconds"][first:last] >= window.start  # False for NaN: what is in flight
    still = still[: still.searchsorted(last)]
    among = len(still) - int(still.searchsorted(first))
    total = last - first + len(still) - among if mask is None else int(np.count_nonzero(mask)) + len(still)
    return _Inside(first, last, mask, still, total)


_Placed = tuple[float, Lanes, Columns, Grid | None]
"""Since when it matters, the lanes, the bars in them, and what stands for all the others."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a window shows, in lanes of one kind or the other."""

    history: History
    window: Window
    now: float
    max_bars: int
    inside: _Inside

    def by_slots(self) -> _Placed:
        lanes, grid = slot_lanes(self.history), None
        chosen = self.inside.positions() if self.inside.total <= self.max_bars else self._choose()
        if self.inside.total > self.max_bars:
            grid = self._slots_grid(lanes)
        bars = self._bars(chosen)
        bars["lane"] = place_slots(lanes, bars).astype("u2")
        return self.window.start, lanes, bars, grid

    def by_columns(self) -> _Placed:
        lanes, grid = column_lanes(self.history), None
        is_exact = self.inside.total <= self.max_bars and lanes.shares == 1
        if not is_exact:
            grid = self._columns_grid(lanes)
        bars = self._bars(self.inside.positions() if self.inside.total <= self.max_bars else self._choose())
        bars["lane"] = place_columns(lanes, bars).astype("u2")
        return self.window.start, lanes, bars, grid

    def by_rows(self, choice: LaneChoice) -> _Placed:
        import numpy as np

        first, last, room = self.inside.first, self.inside.last, choice.room
        everything = self.history.columns["row"]
        rows = everything[first:last]
        if choice.rows is not None:
            wanted = list(choice.rows[: most_rows(room)])
        else:
            wanted = newest_rows(rows if self.inside.mask is None else everything[self.inside.positions()], room)
        is_shown = np.zeros(max([0, *wanted]) + 2, bool)
        is_shown[wanted] = True
        positions = self.inside.positions(is_shown[np.minimum(rows, len(is_shown) - 1)])
        positions = positions[np.isin(everything[positions], wanted)]
        chosen = wanted
        if len(positions) > self.max_bars:
            chosen = rows_in_full(wanted, everything[positions], self.max_bars)
            positions = positions[np.isin(everything[positions], chosen)][-self.max_bars :]
        bars = self._bars(positions)
        lanes, placed = place_rows(chosen, bars, room, self.history.resource_of)
        bars = {name: column[placed >= 0] for name, column in bars.items()}
        bars["lane"] = placed[placed >= 0].astype("u2")
        are_all = len(lanes.groups) == len(wanted) < most_rows(room)
        return self.window.start if are_all else self._since(bars), lanes, bars, None

    def _since(self, bars: Columns) -> float:
        """When the first of the bars begins, or a little before, so that it stands still for a while."""
        start = self.window.start
        if start > 0 or not len(bars["started"]):
            return start
        begins = float(bars["started"].min())
        step = 2.0 ** math.floor(math.log2(max(self.now - begins, 1e-3) / 6))
        return max(start, math.floor(begins / step) * step)

    def _bars(self, positions: "Array") -> Columns:
        bars = {name: column[positions] for name, column in self.history.columns.items()}
        still = bars["state"] == IN_FLIGHT
        bars["seconds"][still] = self.now - bars["started"][still]
        return bars

    def _choose(self) -> "Array":
        """Positions of the attempts that are bars, in order: by rank, failures first, then by length."""
        import numpy as np

        columns, part = self.history.columns, slice(self.inside.first, self.inside.last)
        seconds, states = columns["seconds"][part], columns["state"][part]
        is_wide = seconds >= LEAST_PIXELS * self.window.seconds / self.window.pixels
        slowest = self._slowest(seconds)
        is_wanted = is_wide | ((states != DONE) & (states != IN_FLIGHT))
        is_wanted[slowest - self.inside.first] = True
        candidates = self.inside.positions(is_wanted)
        states = columns["state"][candidates]
        rank = np.nan_to_num(columns["seconds"][candidates])
        rank[np.isin(candidates, slowest)] += 1e12
        rank[states == AGAIN] = 2e12
        rank[states == IN_FLIGHT] = 3e12
        rank[states == FAILED] = 4e12
        if len(candidates) > self.max_bars:
            best = np.argpartition(rank, len(candidates) - self.max_bars)[len(candidates) - self.max_bars :]
            candidates = np.sort(candidates[best])
        return candidates

    def _slowest(self, seconds: "Array") -> "Array":
        """The positions of attempts that have ended and took as long as no other of their node."""
        import numpy as np

        inside = self.inside
        if inside.mask is not None:
            seconds = np.where(inside.mask, seconds, np.nan)
        nodes = self.history.columns["node"][inside.first : inside.last]
        slowest = self.history.slowest
        if inside.mask is not None or inside.last < len(self.history):
            slowest = np.zeros(len(slowest))
            np.fmax.at(slowest, nodes, seconds)
        if not (slowest > 0).any():
            return self.history.open[:0]
        # few are as slow as the slowest of the quickest node: only these are looked at closely
        among = np.nonzero(seconds >= max(slowest[slowest > 0].min(), 1e-9))[0]
        positions: Array = among[seconds[among] >= np.maximum(slowest, 1e-9)[nodes[among]]] + inside.first
        return positions

    def _slots_grid(self, lanes: Lanes) -> Grid:
        window, place = self.window, partial(place_slots, lanes)
        buckets = max(1, min(window.pixels // PIXELS_A_BUCKET, MOST_CELLS // lanes.total))
        if self.inside.total > _MOST_MEASURED:
            occupancy = self.history.occupancy(place, lanes.total)
            return occupancy.grid(
                (window.start, min(window.end, self.now)), buckets, self._spans(self.history.open, place)
            )
        step, nodes = window.seconds / buckets, len(lanes.resource_of)
        spans = self._spans(self.inside.positions(), place)
        return make_grid(window.start, step, cover(spans, window.start, step, (lanes.total, nodes, buckets)))

    def _spans(self, positions: "Array", place: Callable[[Columns], "Array"]) -> Spans:
        import numpy as np

        part = {name: self.history.columns[name][positions] for name in ("node", "slot", "started", "seconds")}
        ended = part["started"] + part["seconds"]
        ended[np.isnan(ended)] = self.now  # what is in flight
        return Spans(part["node"], place(part), part["started"], ended)

    def _columns_grid(self, lanes: Lanes) -> Grid:
        """How many of a column's lanes were busy, from the first on."""
        import numpy as np

        window = self.window
        buckets = max(1, min(window.pixels // PIXELS_A_BUCKET, MOST_CELLS // lanes.total))
        step = window.seconds / buckets
        times = window.start + step / _SAMPLES * (np.arange(buckets * _SAMPLES) + 0.5)
        is_past = times <= self.now
        busy = np.zeros((lanes.total, buckets))
        nodes = np.empty((lanes.total, 1), np.uint16)
        for first, count, node in zip(lanes.first, lanes.counts, lanes.groups, strict=True):
            in_flight = np.where(is_past, self.history.flows[node].in_flight(times), 0)
            depth = in_flight.reshape(buckets, _SAMPLES).mean(axis=1) / lanes.shares
            busy[first : first + count] = np.clip(depth - np.arange(count)[:, None], 0.0, 1.0)
            nodes[first : first + count] = node
        return Grid(window.start, step, np.where(busy > 0, nodes, np.uint16(NOBODY)), busy.astype("f4"))


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
