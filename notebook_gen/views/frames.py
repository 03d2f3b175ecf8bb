"""Frames: what a page needs to draw a window of the timeline: a few binary arrays, at most 64 KB of them."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypedDict

from notebook_gen.observers.trace import AGAIN, FAILED
from notebook_gen.views.chart import Chart
from notebook_gen.views.gantt_traces import grid_shades
from notebook_gen.views.level_of_detail import Detail
from notebook_gen.views.text import one_line, plotly_text

if TYPE_CHECKING:
    from notebook_gen.views.history import Array

MOST_BARS: Final = 1500
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
    "tokens_in": "<u4",
    "tokens_out": "<u4",
}
_ERRORS: Final = 30
_ERROR_LENGTH: Final = 120


class GridFrame(TypedDict):
    """A `Grid`; a cell's shade is an index."""

    step: float
    nodes: bytes
    shades: bytes


class LoadFrame(TypedDict):
    """A `Load`, with its moments from start to end at equal distances."""

    start: float
    end: float
    waiting: bytes
    in_flight: bytes


class Frame(TypedDict):
    """A window of the timeline, as static/chart.js reads it.

    Attributes:
        start, end: the window, in seconds since the run began.
        bars: columns of the bars, by name.
        labels: the labels at the left and the lines below them, escaped for plotly.
        ceilings: slots of each resource.
        limits: of each resource, the corners of the line of its limit: moments, then numbers of tasks.
        usual, slowest: seconds that done attempts of each node take; None where there are none.
        errors: sentences of the first failed bars, by their place among the bars; not escaped.
    """

    start: float
    end: float
    bars: dict[str, bytes]
    grid: GridFrame | None
    load: LoadFrame
    labels: list[list[str]]
    ceilings: list[int]
    limits: list[list[list[float]]]
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
    return {
        "start": window.start,
        "end": window.end,
        "bars": {name: detail.bars[name].astype(code).tobytes() for name, code in _BAR_TYPES.items()},
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


def _pack_grid(detail: Detail) -> GridFrame | None:
    grid = detail.grid
    if grid is None:
        return None
    nodes, shades = grid.nodes.astype("<u2").tobytes(), grid_shades(grid).astype("<u1").tobytes()
    return {"step": grid.step, "nodes": nodes, "shades": shades}


def _numbers(values: "Array") -> list[float | None]:
    """JSON knows no NaN."""
    return [None if math.isnan(value) else round(value, 4) for value in values.tolist()]


def _errors(detail: Detail, errors: Mapping[int, str]) -> dict[str, str]:
    states = detail.bars["state"]
    failed = ((states == FAILED) | (states == AGAIN)).nonzero()[0].tolist()[:_ERRORS]
    lines = detail.bars["line"][failed].tolist() if failed else []
    return {str(at): one_line(errors.get(line, ""), _ERROR_LENGTH) for at, line in zip(failed, lines, strict=True)}
