"""Frames: what a page needs to draw a window of the timeline: a few binary arrays, at most 64 KB of them."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypedDict

from notebook_gen.observers.trace import AGAIN, FAILED
from notebook_gen.views.chart import Chart
from notebook_gen.views.chart_places import Band
from notebook_gen.views.gantt_traces import ERROR_LENGTH, grid_shades
from notebook_gen.views.lanes import LaneKind, Lanes
from notebook_gen.views.level_of_detail import Detail
from notebook_gen.views.text import one_line, plotly_text

if TYPE_CHECKING:
    from notebook_gen.views.history import Array

MOST_BARS: Final = 1400
"""Bars of a frame that has no grid."""
MOST_BARS_WITH_GRID: Final = 850

_BAR_TYPES: Final = {
    "lane": "<u2",
    "node": "<u2",
    "state": "<u1",
    "started": "<f8",
    "seconds": "<f4",
    "waited": "<f4",
    "row": "<i4",
    "attempt": "<u1",
    "cooled": "<f4",
    "tokens_in": "<u4",
    "tokens_out": "<u4",
}
_ERRORS: Final = 30


class GridFrame(TypedDict):
    """A `Grid`; a cell's shade is an index."""

    start: float
    step: float
    nodes: bytes
    shades: bytes


class LoadFrame(TypedDict):
    """A `Load`, with its moments from start to end at equal distances."""

    start: float
    end: float
    waiting: bytes
    in_flight: bytes


class LanesFrame(TypedDict):
    """Where lanes stand.

    Attributes:
        kind: what they are.
        counts: the lanes of each group.
        middles: of each lane.
        grounds: top and bottom of each group.
        thickness: of a bar.
        label_width: room for labels at the left.
        label_places: how far down each stands.
        waiting, in_flight: top and bottom of the bands; None where there are none.
    """

    kind: LaneKind
    counts: list[int]
    middles: list[float]
    grounds: list[list[float]]
    thickness: float
    label_width: int
    label_places: list[float]
    waiting: list[float] | None
    in_flight: list[float] | None


class Frame(TypedDict):
    """A window of the timeline, as static/chart.js reads it.

    Attributes:
        start, end: the window, in seconds since the run began.
        since: when what is shown begins, within the window.
        lanes: where they stand.
        note: which of the rows are shown, where lanes are rows; else nothing.
        bars: columns of the bars, by name.
        labels: the labels at the left and the lines below them, escaped for plotly.
        ceilings: slots of each resource.
        limits: of each resource, the corners of the line of its limit: moments, then numbers of tasks.
        falls: words where a limit fell: moments, places from the top, the words.
        cooling: stretches of waits in which an endpoint was left alone: the bar, from when to when.
        usual, slowest: seconds that done attempts of each node take; None where there are none.
        errors: sentences of the first failed bars, by their place among the bars; not escaped.
    """

    start: float
    end: float
    since: float
    lanes: LanesFrame
    note: str
    bars: dict[str, bytes]
    grid: GridFrame | None
    load: LoadFrame
    labels: list[list[str]]
    ceilings: list[int]
    limits: list[list[list[float]]]
    falls: list[tuple[float, float, str]]
    cooling: list[tuple[int, float, float]]
    usual: list[float | None]
    slowest: list[float | None]
    errors: dict[str, str]


def pack_frame(chart: Chart, errors: Mapping[int, str]) -> Frame:
    """Pack what a window shows.

    Args:
        chart: the window.
        errors: the sentence of each failed attempt, by its line in the trace.
    """
    detail = chart.detail
    load, window = detail.load, detail.window
    columns = detail.bars | {"cooled": chart.cooled}
    return {
        "start": window.start,
        "end": window.end,
        "since": detail.since,
        "lanes": _pack_lanes(chart),
        "note": _say_rows(detail.lanes),
        "bars": {name: columns[name].astype(code).tobytes() for name, code in _BAR_TYPES.items()},
        "grid": _pack_grid(detail),
        "load": {
            "start": float(load.times[0]),
            "end": float(load.times[-1]),
            "waiting": load.waiting.astype("<u4").tobytes(),
            "in_flight": load.in_flight.astype("<u4").tobytes(),
        },
        "labels": [[plotly_text(name), plotly_text(below)] for name, below in chart.labels],
        "ceilings": list(chart.ceilings),
        "limits": [[list(side) for side in zip(*corners, strict=True)] for corners in chart.limits],
        "falls": [(fall.moment, round(chart.places.words, 1), fall.words) for fall in chart.falls],
        "cooling": [(bar, round(start, 3), round(end, 3)) for bar, start, end in chart.cooling],
        "usual": _numbers(detail.usual.median),
        "slowest": _numbers(detail.usual.slowest),
        "errors": _errors(detail, errors),
    }


def frame_size(frame: Frame) -> int:
    """Give the bytes of a frame's arrays."""
    arrays = [*frame["bars"].values(), frame["load"]["waiting"], frame["load"]["in_flight"]]
    if frame["grid"] is not None:
        arrays += [frame["grid"]["nodes"], frame["grid"]["shades"]]
    return sum(map(len, arrays))


def _pack_lanes(chart: Chart) -> LanesFrame:
    places = chart.places
    return {
        "kind": chart.detail.lanes.kind,
        "counts": list(chart.detail.lanes.counts),
        "middles": [round(middle, 2) for middle in places.lanes],
        "grounds": [_edges(band) for band in places.groups],
        "thickness": round(places.thickness, 2),
        "label_width": round(places.label_width),
        "label_places": [round(place, 1) for place in places.labels],
        "waiting": None if places.waiting is None else _edges(places.waiting),
        "in_flight": None if places.in_flight is None else _edges(places.in_flight),
    }


def _say_rows(lanes: Lanes) -> str:
    if lanes.kind != "rows" or not lanes.groups:
        return ""
    first, last, count = lanes.groups[0], lanes.groups[-1], len(lanes.groups)
    return f"rows {first}–{last}" if last - first + 1 == count else f"{count} rows of {first}–{last}"


def _edges(band: Band) -> list[float]:
    return [round(band.top, 2), round(band.bottom, 2)]


def _pack_grid(detail: Detail) -> GridFrame | None:
    grid = detail.grid
    if grid is None:
        return None
    nodes, shades = grid.nodes.astype("<u2").tobytes(), grid_shades(grid).astype("<u1").tobytes()
    return {"start": grid.start, "step": grid.step, "nodes": nodes, "shades": shades}


def _numbers(values: "Array") -> list[float | None]:
    """JSON knows no NaN."""
    return [None if math.isnan(value) else round(value, 4) for value in values.tolist()]


def _errors(detail: Detail, errors: Mapping[int, str]) -> dict[str, str]:
    states = detail.bars["state"]
    failed = ((states == FAILED) | (states == AGAIN)).nonzero()[0].tolist()[:_ERRORS]
    lines = detail.bars["line"][failed].tolist() if failed else []
    return {str(at): one_line(errors.get(line, ""), ERROR_LENGTH) for at, line in zip(failed, lines, strict=True)}
