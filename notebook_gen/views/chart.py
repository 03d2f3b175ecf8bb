"""Where everything of a Gantt chart stands: pixels from the top of its plotting area, the same in every drawing.

From top to bottom: the lanes of each resource, a band for the tasks that wait, a band for those in flight, the axis.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.history import Lanes
from notebook_gen.views.level_of_detail import Detail
from notebook_gen.views.paint import node_paints
from notebook_gen.views.text import fit, text_width, write_clock, write_plural

AXIS_HEIGHT: Final = 26
TOP_MARGIN: Final = 6
LABEL_SIZE: Final = 11.0
SMALL_SIZE: Final = 10.0

_MODEL = "model "
_LANE_PITCH = 12.5
_WIDEST_PITCH = 18.0
_GROUP_GAP = 8.0
_WAITING = 26.0
_IN_FLIGHT = 32.0
_BAND_GAP = 12.0
_LEAST_LANES = 60.0
_MOST_LANES = 190.0
_NARROWEST_LABEL = 56.0
_WIDEST_LABEL = 120.0


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


def chart_height(graph: ExecutionGraph, ceilings: Mapping[str, int], rows: int) -> int:
    """Give the pixels that a chart of a run needs, axis included; known before the run begins."""
    lanes = 0
    for name in graph.resources:
        cells = sum(rows for node in graph.nodes if node.resource == name)
        lanes += max(1, min(ceilings.get(name, 1), cells))
    wanted = lanes * _LANE_PITCH + _GROUP_GAP * len(graph.resources)
    bands = _WAITING + _IN_FLIGHT + 2 * _BAND_GAP
    return round(TOP_MARGIN + max(_LEAST_LANES, min(_MOST_LANES, wanted)) + bands + AXIS_HEIGHT)


def lay_out_chart(graph: ExecutionGraph, lanes: Lanes, height: float) -> Geometry:
    """Place everything; what the lanes leave over makes the bands below them higher.

    Args:
        graph: whose resources have the lanes.
        lanes: the lanes there are.
        height: pixels of the whole, axis included.
    """
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
    return Geometry(inside, label_width(graph), tuple(middles), thickness, tuple(groups), waiting, in_flight)


def label_width(graph: ExecutionGraph) -> float:
    """Give the pixels that the longest label needs."""
    widths = [text_width(resource_label(name), LABEL_SIZE) for name in graph.resources]
    return max([_NARROWEST_LABEL, *widths]) + 8


def is_model(resource: str) -> bool:
    """Whether a resource is a model's endpoint, and its tasks are calls."""
    return resource.startswith(_MODEL)


def resource_label(name: str) -> str:
    """Give a resource's name as a chart shows it: of a model, its alias. One line, harmless, not escaped."""
    return fit(name.removeprefix(_MODEL), _WIDEST_LABEL, LABEL_SIZE)


def chart_labels(graph: ExecutionGraph, detail: Detail, ceilings: Mapping[str, int]) -> list[tuple[str, str]]:
    """Give the labels at the left, from top to bottom, each with the line below it; harmless, not escaped."""
    waiting, in_flight = int(detail.load.waiting[-1]), detail.load.in_flight[:, -1].tolist()
    is_over = not waiting and not any(in_flight)
    # what is in flight says nothing once all is over; how many slots were needed does
    figures = (
        [write_plural(count, "slot") for count in detail.lanes.counts]
        if is_over
        else [f"{count} of {ceilings.get(name, 0)}" for name, count in zip(graph.resources, in_flight, strict=True)]
    )
    labels = [(resource_label(name), figure) for name, figure in zip(graph.resources, figures, strict=True)]
    return [*labels, ("waiting", "cells" if is_over else f"{waiting} now"), ("in flight", "- - limit")]


def resource_paints(graph: ExecutionGraph) -> list[str]:
    """Give the name of each resource's colour: that of its only column, or a soft one if several share it."""
    paints = node_paints(graph)
    users = [[node.index for node in graph.nodes if node.resource == name] for name in graph.resources]
    return [paints[nodes[0]] if len(nodes) == 1 else "soft" for nodes in users]


def counted_resources(graph: ExecutionGraph) -> list[int]:
    """Give the resources whose load is shown: models, or all if there are none; indexes."""
    models = [number for number, name in enumerate(graph.resources) if is_model(name)]
    return models or list(range(len(graph.resources)))


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
