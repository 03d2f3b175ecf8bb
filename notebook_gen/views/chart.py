"""Chart: what a Gantt chart shows and where: pixels from the top of its plotting area, the same in every drawing.

From top to bottom: groups of lanes, a band for the tasks that wait, a band for those in flight, the axis. Where lanes
are rows, they take all the room: a row shows itself what waited for what.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.chart_places import (
    AXIS_HEIGHT,
    BAND_GAP,
    GROUP_GAP,
    IN_FLIGHT,
    LANE_PITCH,
    SMALL_SIZE,
    TOP_MARGIN,
    WAITING,
    Places,
    place_lanes,
    rows_height,
)
from notebook_gen.views.falls import Fall, Falling, choose_falls
from notebook_gen.views.history import History
from notebook_gen.views.in_flight import InFlight, make_in_flight, say_curves
from notebook_gen.views.lanes import LaneChoice, LaneKind, Lanes
from notebook_gen.views.level_of_detail import Detail, Window, query
from notebook_gen.views.moves import Corner, Moves
from notebook_gen.views.palette import color_names
from notebook_gen.views.pauses import MOST_STRETCHES, Cooling, Pause, find_cooling, measure_cooling, merge_close
from notebook_gen.views.resources import LABEL_SIZE, ResourceLook, Slots, counted, resource_looks, say_slots
from notebook_gen.views.row_turns import Turn
from notebook_gen.views.source import RunSource
from notebook_gen.views.text import fit, fit_apart, one_line, say_row, text_width, write_clock

if TYPE_CHECKING:
    from notebook_gen.views.history import Array

ROOM_AHEAD: Final = 0.15
"""The share of the time axis that lies ahead of now, while a run goes on."""

_LEAST_LANES = 60.0
_MOST_LANES = 190.0
_WIDEST_LABEL = 120.0
_TITLE = 240  # characters of what a label says to who points at it
_WIDEST_NAME = 60.0
_LEAST_STEPS = 24
_MOST_STEPS = 480  # of the lines of all limits together
_MOST_PAUSES = 60
_LEAST_BETWEEN_PAUSES = 3.0  # pixels
_PAUSE_WIDTH = 44.0  # pixels that a word about a pause needs

PAUSED: Final = "paused"
"""What is written on the ground of a pause."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What a picture shows, and where it stands; how it is drawn is for others to say.

    Attributes:
        graph: whose run it is.
        detail: what is shown of the run.
        ceilings: slots of each resource, in the order of `ExecutionGraph.resources`.
        limits: how many tasks of each might be in flight, as the corners of a line from the window's start to now.
        moves: all that the limit of each did.
        looks: how each resource is shown.
        colors: the name of each node's colour.
        places: where everything stands.
        height: pixels of the whole, axis included.
        is_over: whether the run is.
        cooled: of each bar, the seconds of its wait in which its endpoint was left alone.
        cooling: when that was, as far as it can be seen, where lanes are rows.
        pauses: when the run was paused, as far as it can be seen; what goes on ends at infinity.
        in_flight: the curves of what is in flight.
    """

    graph: ExecutionGraph
    detail: Detail
    ceilings: tuple[int, ...]
    limits: tuple[tuple[Corner, ...], ...]
    moves: tuple[Moves, ...]
    looks: tuple[ResourceLook, ...]
    colors: tuple[str, ...]
    places: Places
    height: int
    is_over: bool
    cooled: "Array"
    cooling: tuple[Cooling, ...]
    pauses: tuple[Pause, ...]
    in_flight: InFlight

    @property
    def labels(self) -> list[tuple[str, str]]:
        """The labels at the left, from top to bottom, each with the line below it; harmless, not escaped."""
        places, full = self.places, full_names(self.graph, self.detail.lanes)
        if self.detail.lanes.kind == "rows":
            return [(full[group], "") for group in places.labelled]
        load, figures = self.detail.load, self._figures()
        named = _and_more([full[group] for group in places.labelled], places.skipped)
        labels = [
            (name, figures[group] if is_roomy else "")
            for name, group, is_roomy in zip(named, places.labelled, places.two_lines, strict=True)
        ]
        now = "cells" if self.is_over else f"{int(load.waiting[-1])} now"
        return [*labels, ("waiting", now), ("in flight", "- - limits" if self.in_flight.is_stacked else "- - limit")]

    @property
    def titles(self) -> list[str]:
        """What each label says to who points at it, beside what is written there; not escaped."""
        names, places = full_names(self.graph, self.detail.lanes), self.places
        if self.detail.lanes.kind == "rows":
            return [""] * len(places.labelled)
        ends = [*places.labelled[1:], len(names)]
        titles = [one_line(", ".join(names[at:end]), _TITLE) for at, end in zip(places.labelled, ends, strict=True)]
        models = {number: self.looks[number].label for number in counted(self.looks)}
        return [*titles, "", one_line(say_curves(self.in_flight, models), _TITLE)]

    def _figures(self) -> list[str]:
        """What stands below the name of each group: what is in flight says nothing once all is over."""
        lanes, load = self.detail.lanes, self.detail.load
        if lanes.kind == "columns":
            if self.is_over:
                return [f"{most} at once" for most in self.detail.peaks]
            return [f"{count} in flight" for count in self.detail.in_flight]
        if self.is_over:
            return [
                f"{count} of {max(count, most)} used" for count, most in zip(lanes.counts, self.ceilings, strict=True)
            ]
        now = zip(load.in_flight[:, -1].tolist(), self.limits, self.ceilings, strict=True)
        return [say_slots(Slots(count, corners[-1][1], ceiling)) for count, corners, ceiling in now]

    @property
    def shown_pauses(self) -> list[Pause]:
        """The pauses of the run as far as they are drawn: from where the picture begins until now."""
        since, now = self.detail.since, self.detail.now
        return [Pause(max(start, since), max(start, min(end, now))) for start, end in self.pauses]

    @property
    def pause_words(self) -> list[float]:
        """Where to write that the run was paused: in the middle of what is in sight of a pause, if it has room."""
        window = self.detail.window
        in_sight = [(max(start, window.start), min(end, window.end)) for start, end in self.shown_pauses]
        room = _PAUSE_WIDTH * window.seconds / window.pixels
        return [(start + end) / 2 for start, end in in_sight if end - start >= room]

    @property
    def falls(self) -> list[Fall]:
        """Where to write that a limit fell: the deepest falls, as many as have room beside each other."""
        return self.choose_falls()

    def choose_falls(self, times_as_wide: float = 1.0) -> list[Fall]:
        """Choose the deepest falls, as many as have room beside each other.

        Args:
            times_as_wide: how much wider this chart is than the narrowest place in which it may be shown.
        """
        window = self.detail.window
        if self.places.in_flight is None:
            return []
        numbers = counted(self.looks)
        names = [fit(look.label, _WIDEST_NAME, SMALL_SIZE) if len(numbers) > 1 else "limit" for look in self.looks]
        limits = [Falling(names[at], self.ceilings[at], self.limits[at], self.moves[at]) for at in numbers]
        # no word crosses the line at now
        end = min(window.end, self.detail.now)
        return choose_falls(limits, window.start, end, window.pixels / window.seconds / times_as_wide)


def _and_more(names: Sequence[str], skipped: Sequence[int]) -> list[str]:
    """Labels, each of which stands for some groups after its own, too."""
    more = [f" +{count}" if count else "" for count in skipped]
    widths = [_WIDEST_LABEL - text_width(words, LABEL_SIZE) for words in more]
    return [name + words for name, words in zip(fit_apart(names, widths, LABEL_SIZE), more, strict=True)]


def _widest_figures(lanes: Lanes, ceilings: Sequence[int]) -> list[str]:
    """The widest lines that `Chart.labels` may have below names: a label's room stays as figures grow."""
    match lanes.kind:
        case "rows":
            return []
        case "columns":
            return [f"{max(ceilings, default=0)} in flight"]
        case "slots":
            most = [max(pair) for pair in zip(lanes.counts, ceilings, strict=True)]
            return [f"{count} of {count} used" for count in most]


def lane_names(graph: ExecutionGraph, lanes: Lanes) -> list[str]:
    """Give the name of each group of lanes, in one short line; harmless, not escaped."""
    match lanes.kind:
        case "rows":
            return [say_row(row) for row in lanes.groups]
        case "columns":
            names = [graph.nodes[node].name for node in lanes.groups]
            return fit_apart(names, [_WIDEST_LABEL] * len(names), LABEL_SIZE)
        case "slots":
            return [look.label for look in resource_looks(graph)]


def full_names(graph: ExecutionGraph, lanes: Lanes) -> list[str]:
    """Give the name of each group of lanes in full; not escaped."""
    match lanes.kind:
        case "rows":
            return [say_row(row) for row in lanes.groups]
        case "columns":
            return [graph.nodes[node].name for node in lanes.groups]
        case "slots":
            models = {node.resource: node.model for node in graph.nodes}
            return [models.get(name) or name for name in graph.resources]


def chart_height(graph: ExecutionGraph, ceilings: Mapping[str, int], rows: int) -> int:
    """Give the pixels that a chart of a run needs, axis included; known before the run begins."""
    lanes = 0
    for name in graph.resources:
        cells = sum(rows for node in graph.nodes if node.resource == name)
        lanes += max(1, min(ceilings.get(name, 1), cells))
    wanted = lanes * LANE_PITCH + GROUP_GAP * len(graph.resources)
    bands = WAITING + IN_FLIGHT + 2 * BAND_GAP
    return round(TOP_MARGIN + max(_LEAST_LANES, min(_MOST_LANES, wanted)) + bands + AXIS_HEIGHT)


def chart_of_run(
    source: RunSource,
    history: History,
    *,
    pixels: int,
    max_bars: int,
    lanes: LaneKind = "slots",
    turn: Turn | None = None,
) -> Chart:
    """Chart a whole run so far; while it goes on, with some room ahead.

    Args:
        source: the run.
        history: its attempts.
        pixels: how wide the picture will be.
        max_bars: bars, at most.
        lanes: what lanes are.
        turn: the rows that somebody has turned to; None: the newest.
    """
    is_over = source.progress.ended is not None
    now = max(source.elapsed(), history.latest, 1e-3)
    ahead = 0.0 if is_over else ROOM_AHEAD
    window = Window(0.0, now / (1 - ahead), pixels)
    height = chart_height(source.graph, source.ceilings, source.progress.rows)
    room = rows_height(height)
    choice = LaneChoice(lanes, room, None if turn is None else turn.rows(history.rows, room))
    detail = query(history, window, now, lanes=choice, max_bars=max_bars, waiting_since=source.waiting_since())
    if turn is not None:
        detail = detail.fitted()
    if detail.since > window.start or detail.until is not None:
        # rows: what was before the first of them is empty
        end = detail.until or detail.since + (now - detail.since) / (1 - ahead)
        detail = replace(detail, window=window._replace(start=detail.since, end=end))
    return make_chart(history, detail, source.ceilings, height, is_over=is_over)


def make_chart(history: History, detail: Detail, ceilings: Mapping[str, int], height: int, *, is_over: bool) -> Chart:
    """Place everything that a window shows.

    Args:
        history: of the run.
        detail: what the window shows.
        ceilings: slots of each resource, by name.
        height: pixels of the whole, axis included.
        is_over: whether the run is.
    """
    graph, window = history.graph, detail.window
    slots = tuple(ceilings.get(name, 0) for name in graph.resources)
    most = max(_LEAST_STEPS, _MOST_STEPS // max(1, len(slots)))
    limits = tuple(
        moves.line(ceiling, detail.load.times, most) for moves, ceiling in zip(history.moves, slots, strict=True)
    )
    cooled, cooling = _find_cooling(history, detail)
    looks = tuple(resource_looks(graph))
    pauses = [Pause(start, end) for start, end in history.pauses if start < window.end and end > window.start]
    return Chart(
        graph=graph,
        detail=detail,
        ceilings=slots,
        limits=limits,
        moves=history.moves,
        looks=looks,
        colors=tuple(color_names(graph)),
        places=place_lanes(
            detail.lanes, lane_names(graph, detail.lanes), height, below=_widest_figures(detail.lanes, slots)
        ),
        height=height,
        is_over=is_over,
        cooled=cooled,
        cooling=tuple(cooling),
        pauses=merge_close(pauses, _LEAST_BETWEEN_PAUSES * window.seconds / window.pixels, _MOST_PAUSES),
        in_flight=make_in_flight(looks, detail.load, limits, slots),
    )


def _find_cooling(history: History, detail: Detail) -> "tuple[Array, list[Cooling]]":
    """How much of each bar's wait was due to a pause; and when, where waits are seen."""
    import numpy as np

    bars = detail.bars
    cooled = np.zeros(len(bars["node"]))
    cooling: list[Cooling] = []
    least = detail.window.seconds / detail.window.pixels
    resource = np.array(detail.lanes.resource_of)[bars["node"]]
    for number, moves in enumerate(history.moves):
        pauses = moves.pauses()
        own = np.nonzero(resource == number)[0]
        started = bars["started"][own]
        cooled[own] = measure_cooling(pauses, started - bars["waited"][own], started)
        if detail.lanes.kind == "rows":
            waited = own[cooled[own] >= least].tolist()
            cooling += find_cooling(pauses, bars, waited, least)
    return cooled, cooling[:MOST_STRETCHES]


def time_ticks(start: float, end: float, most: int = 11) -> list[tuple[float, str]]:
    """Give round moments of a stretch of time, `most` at most, each as it is written on an axis."""
    span = max(end - start, 1e-6)
    step = next((step for step in _TICK_STEPS if span / step <= most - 1), 0.0)
    while not step or span / step > most - 1:
        step = step * 2 if step else _TICK_STEPS[-1]
    count = int(end / step + 1e-9)
    return [
        (number * step, _write_tick(number * step, step, end)) for number in range(math.ceil(start / step), count + 1)
    ]


_TICK_STEPS: Final = (
    *(digit * 10.0**power for power in range(-3, 1) for digit in (1, 2, 5)),
    *(10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0, 86400.0),
)


def _write_tick(moment: float, step: float, end: float) -> str:
    if end > 120 and step >= 1:
        return write_clock(moment + 1e-6)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{moment:.{decimals}f} s"
