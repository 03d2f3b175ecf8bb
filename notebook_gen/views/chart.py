"""Chart: what a Gantt chart shows and where: pixels from the top of its plotting area, the same in every drawing.

From top to bottom: the lanes of each resource, a band for the tasks that wait, a band for those in flight, the axis.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.history import History, Lanes
from notebook_gen.views.level_of_detail import Detail, Window, query
from notebook_gen.views.palette import color_names
from notebook_gen.views.resources import LABEL_SIZE, ResourceLook, counted, resource_looks
from notebook_gen.views.source import RunSource
from notebook_gen.views.text import text_width, write_clock

ROOM_AHEAD: Final = 1.15
"""The time axis ends so much later than now, while a run goes on."""
AXIS_HEIGHT: Final = 26
TOP_MARGIN: Final = 6
SMALL_SIZE: Final = 10.0

_LANE_PITCH = 12.5
_WIDEST_PITCH = 18.0
_GROUP_GAP = 8.0
_WAITING = 26.0
_IN_FLIGHT = 32.0
_BAND_GAP = 12.0
_LEAST_LANES = 60.0
_MOST_LANES = 190.0
_NARROWEST_LABEL = 66.0


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch across the chart."""

    top: float
    bottom: float

    @property
    def middle(self) -> float:
        """Half-way down."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Geometry:
    """A chart's places.

    Attributes:
        height: of the plotting area.
        label_width: room for labels at its left.
        lanes: the middle of each lane.
        thickness: of a bar.
        groups: the ground of each resource's lanes.
        waiting: the band of the tasks that wait.
        in_flight: the band of the tasks in flight.
    """

    height: float
    label_width: float
    lanes: tuple[float, ...]
    thickness: float
    groups: tuple[Band, ...]
    waiting: Band
    in_flight: Band

    @property
    def label_places(self) -> list[float]:
        """How far down each label stands, in the order of `Chart.labels`."""
        return [band.middle for band in (*self.groups, self.waiting, self.in_flight)]


Corner = tuple[float, int]
"""Where a line of limits turns: a moment, in seconds since the run began, and how many tasks."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What a picture shows, and where it stands; how it is drawn is for others to say.

    Attributes:
        graph: whose run it is.
        detail: what is shown of the run.
        ceilings: slots of each resource, in the order of `ExecutionGraph.resources`.
        limits: how many tasks of each might be in flight, as the corners of a line from the window's start to now.
        looks: how each resource is shown.
        colors: the name of each node's colour.
        geometry: where everything stands.
        height: pixels of the whole, axis included.
    """

    graph: ExecutionGraph
    detail: Detail
    ceilings: tuple[int, ...]
    limits: tuple[tuple[Corner, ...], ...]
    looks: tuple[ResourceLook, ...]
    colors: tuple[str, ...]
    geometry: Geometry
    height: int

    @property
    def counted(self) -> list[int]:
        """The resources whose load is shown, as indexes."""
        return counted(self.looks)

    @property
    def most_in_flight(self) -> int:
        """What the band of the tasks in flight has room for."""
        in_flight = self.detail.load.in_flight
        return max([1, *(max(self.ceilings[number], int(in_flight[number].max())) for number in self.counted)])

    @property
    def labels(self) -> list[tuple[str, str]]:
        """The labels at the left, from top to bottom, each with the line below it; harmless, not escaped."""
        load = self.detail.load
        waiting, in_flight = int(load.waiting[-1]), load.in_flight[:, -1].tolist()
        is_over, lane_counts = not waiting and not any(in_flight), self.detail.lanes.counts
        # what is in flight says nothing once all is over; how many slots were needed does
        figures = (
            [f"{count} of {max(count, most)} used" for count, most in zip(lane_counts, self.ceilings, strict=True)]
            if is_over
            else [f"{count} of {corners[-1][1]}" for count, corners in zip(in_flight, self.limits, strict=True)]
        )
        labels = [(look.label, figure) for look, figure in zip(self.looks, figures, strict=True)]
        return [*labels, ("waiting", "cells" if is_over else f"{waiting} now"), ("in flight", "- - limit")]


def chart_height(graph: ExecutionGraph, ceilings: Mapping[str, int], rows: int) -> int:
    """Give the pixels that a chart of a run needs, axis included; known before the run begins."""
    lanes = 0
    for name in graph.resources:
        cells = sum(rows for node in graph.nodes if node.resource == name)
        lanes += max(1, min(ceilings.get(name, 1), cells))
    wanted = lanes * _LANE_PITCH + _GROUP_GAP * len(graph.resources)
    bands = _WAITING + _IN_FLIGHT + 2 * _BAND_GAP
    return round(TOP_MARGIN + max(_LEAST_LANES, min(_MOST_LANES, wanted)) + bands + AXIS_HEIGHT)


def chart_of_run(source: RunSource, history: History, *, pixels: int, max_bars: int) -> Chart:
    """Chart a whole run so far; while it goes on, with some room ahead.

    Args:
        source: the run.
        history: its attempts.
        pixels: how wide the picture will be.
        max_bars: bars, at most.
    """
    is_over = source.progress.ended is not None
    now = max(source.elapsed(), history.latest, 1e-3)
    window = Window(0.0, now if is_over else now * ROOM_AHEAD, pixels)
    waiting = {} if is_over else source.waiting_since()
    detail = query(history, window, now, max_bars=max_bars, waiting_since=waiting)
    height = chart_height(source.graph, source.ceilings, source.progress.rows)
    return make_chart(source.graph, detail, source.ceilings, height, source.progress.limit_steps)


def make_chart(
    graph: ExecutionGraph,
    detail: Detail,
    ceilings: Mapping[str, int],
    height: int,
    limit_steps: Mapping[str, Sequence[Corner]] | None = None,
) -> Chart:
    """Place everything that a window shows.

    Args:
        graph: whose run it is.
        detail: what the window shows.
        ceilings: slots of each resource, by name.
        height: pixels of the whole, axis included.
        limit_steps: when the limit of a resource moved, and where to, as far as one did.
    """
    looks = tuple(resource_looks(graph))
    slots = tuple(ceilings.get(name, 0) for name in graph.resources)
    geometry = _place(detail.lanes, looks, height)
    steps = limit_steps or {}
    limits = tuple(
        _corners(steps.get(name, ()), ceiling, detail.load.times.tolist())
        for name, ceiling in zip(graph.resources, slots, strict=True)
    )
    return Chart(graph, detail, slots, limits, looks, tuple(color_names(graph)), geometry, height)


def _corners(steps: Sequence[Corner], ceiling: int, times: Sequence[float]) -> tuple[Corner, ...]:
    """The line of a limit over some moments: what moved between two of them is seen at the second."""
    corners: list[Corner] = []
    for moment in times:
        place = bisect_right(steps, (moment, math.inf))
        limit = steps[place - 1][1] if place else ceiling
        if not corners or limit != corners[-1][1]:
            corners += [(moment, corners[-1][1] if corners else limit), (moment, limit)]
    return (*corners[1:], (times[-1], corners[-1][1]))


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


def _place(lanes: Lanes, looks: Sequence[ResourceLook], height: float) -> Geometry:
    """Place everything; what the lanes leave over makes the bands below them higher."""
    inside = height - TOP_MARGIN - AXIS_HEIGHT
    gap = _GROUP_GAP if lanes.total <= 40 else _GROUP_GAP / 2
    room = inside - _WAITING - _IN_FLIGHT - 2 * _BAND_GAP - gap * max(0, len(lanes.counts) - 1)
    pitch = min(_WIDEST_PITCH, room / lanes.total) if lanes.total else 0.0
    middles: list[float] = []
    groups: list[Band] = []
    top = 0.0
    for count in lanes.counts:
        middles += [top + pitch * (lane + 0.5) for lane in range(count)]
        groups.append(Band(top, top + pitch * count))
        top += pitch * count + gap
    lanes_end = groups[-1].bottom if groups else 0.0
    spare = inside - lanes_end - _WAITING - _IN_FLIGHT - 2 * _BAND_GAP
    waiting = Band(lanes_end + _BAND_GAP, lanes_end + _BAND_GAP + _WAITING + spare * 0.45)
    in_flight = Band(waiting.bottom + _BAND_GAP, inside)
    thickness = pitch * (0.74 if pitch >= 5 else 0.9)
    label_width = max([_NARROWEST_LABEL, *(text_width(look.label, LABEL_SIZE) for look in looks)]) + 8
    return Geometry(inside, label_width, tuple(middles), thickness, tuple(groups), waiting, in_flight)


def _write_tick(moment: float, step: float, end: float) -> str:
    if end > 120 and step >= 1:
        return write_clock(moment + 1e-6)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{moment:.{decimals}f} s"
