"""Frames: what a page needs to draw a window of the timeline: a few binary arrays, at most 64 KB of them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from notebook_gen.observers.trace import FAILED, Trace
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.chart import chart_labels
from notebook_gen.views.gantt_traces import GRID_SHADES, plotly_text
from notebook_gen.views.level_of_detail import Detail
from notebook_gen.views.text import one_line

if TYPE_CHECKING:
    import numpy as np

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


def pack_frame(detail: Detail, graph: ExecutionGraph, trace: Trace, ceilings: Mapping[str, int]) -> dict[str, Any]:
    """Pack what a window shows; static/chart.js reads it."""
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
        "labels": [[plotly_text(name), plotly_text(below)] for name, below in chart_labels(graph, detail, ceilings)],
        "ceilings": [ceilings.get(name, 0) for name in graph.resources],
        "usual": _numbers(detail.usual.median),
        "slowest": _numbers(detail.usual.slowest),
        "errors": _errors(detail, trace),
    }


def frame_size(frame: Mapping[str, Any]) -> int:
    """Give the bytes of a frame's arrays."""
    parts = [frame["bars"], frame["grid"] or {}, frame["load"]]
    return sum(len(array) for part in parts for array in part.values() if isinstance(array, bytes))


def _pack_grid(detail: Detail) -> dict[str, Any] | None:
    import numpy as np

    grid = detail.grid
    if grid is None:
        return None
    shades = np.minimum(grid.busy * len(GRID_SHADES), len(GRID_SHADES) - 1)
    return {"step": grid.step, "nodes": grid.nodes.astype("<u2").tobytes(), "shades": shades.astype("<u1").tobytes()}


def _numbers(values: "np.ndarray[Any, Any]") -> list[float | None]:
    """JSON knows no NaN."""
    import numpy as np

    return [
        None if missing else round(value, 4) for value, missing in zip(values.tolist(), np.isnan(values), strict=True)
    ]


def _errors(detail: Detail, trace: Trace) -> dict[str, str]:
    """The sentences of the first failed bars, by their place among the bars; not escaped."""
    failed = (detail.bars["state"] == FAILED).nonzero()[0].tolist()[:_ERRORS]
    lines = detail.bars["line"][failed].tolist() if failed else []
    return {
        str(at): one_line(trace.errors.get(line, ""), _ERROR_LENGTH) for at, line in zip(failed, lines, strict=True)
    }
