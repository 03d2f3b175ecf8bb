"""Frames: what a page needs to draw a window of the timeline: a few binary arrays and some words, at most 64 KB.

How long the run was, and how often limits moved or it was paused, makes no frame larger; how many columns and models
there are leaves it fewer bars.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypedDict

from notebook_gen.observers.trace import AGAIN, FAILED
from notebook_gen.views.chart import Chart
from notebook_gen.views.chart_places import Band
from notebook_gen.views.gantt_traces import ERROR_LENGTH, grid_shades
from notebook_gen.views.lanes import LaneKind
from notebook_gen.views.level_of_detail import Detail
from notebook_gen.views.moves import Corner
from notebook_gen.views.occupancy import MOST_CELLS
from notebook_gen.views.row_choice import say_rows
from notebook_gen.views.row_turns import RowsFrame
from notebook_gen.views.text import one_sentence, plotly_text

if TYPE_CHECKING:
    from notebook_gen.views.history import Array, Columns, History

MOST_BYTES: Final = 64_000
"""Bytes of a frame."""

_FLOATS: Final = ("started", "seconds", "waited")
_WHOLE: Final = {
    "lane": "u",
    "node": "u",
    "state": "u",
    "row": "i",
    "attempt": "u",
    "cooled": "u",
    "tokens_in": "u",
    "tokens_out": "u",
}
"""The columns of bars: numbers with a fraction in 4 bytes, whole ones in as few as the largest of them needs."""
_LANE_BYTES: Final = 2
_WIDEST_BAR: Final = 34
_MOST_MEASURED: Final = 50_000
"""Attempts of which the largest numbers are looked for: of more, it takes too long."""
_GRID_BYTES: Final = 3 * MOST_CELLS
_OTHER_BYTES: Final = 11_000
_RESOURCE_BYTES: Final = 500
_NODE_BYTES: Final = 60
"""What a frame has room for besides its bars: a grid, all kinds of words, and those of each resource and node."""
_MOST_BARS: Final = 2500
_FEWEST_BARS: Final = 100
_ERRORS: Final = 30
_ERROR_BYTES: Final = 3_000


class GridFrame(TypedDict):
    """A `Grid`; a cell's shade is an index."""

    start: float
    step: float
    nodes: bytes
    shades: bytes


class LoadFrame(TypedDict):
    """A `Load`, with its moments from start to end at equal distances; what is in flight by curves."""

    start: float
    end: float
    waiting: bytes
    in_flight: bytes


class LimitsFrame(TypedDict):
    """The lines of limits: how many steps each has, 0: no line; from which moment on there might be how many tasks."""

    counts: list[int]
    moments: bytes
    limits: bytes


class LanesFrame(TypedDict):
    """Where lanes stand.

    Attributes:
        kind: what they are.
        counts: the lanes of each group.
        grounds: top and bottom of each group, whose lanes share it equally.
        thickness: of a bar.
        label_width: room for labels at the left.
        label_places: how far down each stands.
        labelled: the groups that have one, before the bands' own.
        waiting, in_flight: top and bottom of the bands; None where there are none.
    """

    kind: LaneKind
    counts: list[int]
    grounds: list[list[float]]
    thickness: float
    label_width: int
    label_places: list[float]
    labelled: list[int]
    waiting: list[float] | None
    in_flight: list[float] | None


class Frame(TypedDict):
    """A window of the timeline, as static/chart.js reads it.

    Attributes:
        start, end: the window, in seconds since the run began.
        now: when the frame was made.
        since: when what is shown begins, within the window.
        until: when it ends, if that was before now.
        lanes: where they stand.
        note: which of the rows are shown, where lanes are rows; else nothing.
        rows: where to turn from there; None where lanes are no rows.
        bars: columns of the bars, by name; moments since the window's start, and milliseconds of cooling down.
        labels: the labels at the left and the lines below them, escaped for plotly.
        titles: what each label says to who points at it; not escaped.
        curves: colour and opacity of each curve of what is in flight, those that are covered by others first.
        most_in_flight: what their band has room for.
        limits: of each curve.
        pauses: when the run was paused, from when to when; None: it still is.
        falls: words where a limit fell: moments, places from the top, the words.
        cooling: stretches of waits in which an endpoint was left alone: the bar, from when to when.
        usual, slowest: seconds that done attempts of each node take; None where there are none.
        errors: sentences of the first failed bars, by their place among the bars; not escaped.
    """

    start: float
    end: float
    now: float
    since: float
    until: float | None
    lanes: LanesFrame
    note: str
    rows: RowsFrame | None
    bars: dict[str, bytes]
    grid: GridFrame | None
    load: LoadFrame
    labels: list[list[str]]
    titles: list[str]
    curves: list[tuple[str, float]]
    most_in_flight: int
    limits: LimitsFrame
    pauses: list[tuple[float, float | None]]
    falls: list[tuple[float, float, str]]
    cooling: list[tuple[int, float, float]]
    usual: list[float | None]
    slowest: list[float | None]
    errors: dict[str, str]


def most_bars(history: "History") -> int:
    """Give how many bars a frame of a run has room for; where there are more attempts, a grid takes some of it."""
    graph = history.graph
    room = MOST_BYTES - _OTHER_BYTES - _RESOURCE_BYTES * len(graph.resources) - _NODE_BYTES * len(graph.nodes)
    size = _bar_bytes(history.columns, len(graph.nodes))
    most = max(_FEWEST_BARS, min(_MOST_BARS, room // size))
    if len(history) <= most:
        return most
    return max(_FEWEST_BARS, min(_MOST_BARS, (room - _GRID_BYTES) // size))


def _bar_bytes(columns: "Columns", nodes: int) -> int:
    """The bytes that one of some bars takes, at most."""
    if len(columns["row"]) > _MOST_MEASURED:
        return _WIDEST_BAR
    known = {"node": nodes, "cooled": 1000 * math.ceil(columns["waited"].max(initial=0.0))}
    most = {
        name: known[name] if name in known else int(columns[name].max(initial=0)) for name in _WHOLE if name != "lane"
    }
    return 4 * len(_FLOATS) + _LANE_BYTES + sum(int(_narrowest(name, value)[2]) for name, value in most.items())


def _narrowest(name: str, most: int) -> str:
    """The type of a column of whole numbers, none of which is larger."""
    import numpy as np

    return f"<{_WHOLE[name]}{np.min_scalar_type(most if _WHOLE[name] == 'u' else -most - 1).itemsize}"


def pack_frame(chart: Chart, errors: Mapping[int, str], rows: RowsFrame | None = None) -> Frame:
    """Pack what a window shows.

    Args:
        chart: the window.
        errors: the sentence of each failed attempt, by its line in the trace.
        rows: which of the rows it shows, where lanes are rows.
    """
    detail = chart.detail
    load, window, curves = detail.load, detail.window, chart.in_flight.curves
    return {
        "start": window.start,
        "end": window.end,
        "now": detail.now,
        "since": detail.since,
        "until": detail.until,
        "lanes": _pack_lanes(chart),
        "note": say_rows(detail.lanes, None if rows is None else rows["rows"]),
        "rows": rows,
        "bars": _pack_bars(chart),
        "grid": _pack_grid(detail),
        "load": {
            "start": float(load.times[0]),
            "end": float(load.times[-1]),
            "waiting": load.waiting.astype("<u4").tobytes(),
            "in_flight": b"".join(curve.heights.astype("<u2").tobytes() for curve in curves),
        },
        "labels": [[plotly_text(name), plotly_text(below)] for name, below in chart.labels],
        "titles": chart.titles,
        "curves": [(curve.color, curve.opacity) for curve in curves],
        "most_in_flight": chart.in_flight.most,
        "limits": _pack_limits([curve.limit for curve in curves]),
        "pauses": [(round(start, 3), None if math.isinf(end) else round(end, 3)) for start, end in chart.pauses],
        "falls": [(fall.moment, round(chart.places.words, 1), plotly_text(fall.words)) for fall in chart.falls],
        "cooling": [(bar, round(start, 3), round(end, 3)) for bar, start, end in chart.cooling],
        "usual": _numbers(detail.usual.median),
        "slowest": _numbers(detail.usual.slowest),
        "errors": _errors(detail, errors),
    }


def frame_size(frame: Frame) -> int:
    """Give the bytes of a frame: its arrays as they are, all else as JSON."""
    arrays: list[bytes] = []

    def set_apart(array: bytes) -> None:
        arrays.append(array)

    words = json.dumps(frame, default=set_apart, ensure_ascii=False)
    return len(words.encode()) + sum(map(len, arrays))


def _pack_bars(chart: Chart) -> dict[str, bytes]:
    import numpy as np

    bars = chart.detail.bars
    # since the window's start: 4 bytes tell moments apart that no picture of it can
    floats = bars | {"started": bars["started"] - chart.detail.window.start}
    whole = bars | {"cooled": np.rint(chart.cooled * 1000)}
    packed = {name: floats[name].astype("<f4").tobytes() for name in _FLOATS}
    return packed | {
        name: whole[name].astype(_narrowest(name, int(whole[name].max(initial=0)))).tobytes() for name in _WHOLE
    }


def _pack_lanes(chart: Chart) -> LanesFrame:
    places = chart.places
    return {
        "kind": chart.detail.lanes.kind,
        "counts": list(chart.detail.lanes.counts),
        "grounds": [_edges(band) for band in places.groups],
        "thickness": round(places.thickness, 2),
        "label_width": round(places.label_width),
        "label_places": [round(place, 1) for place in places.labels],
        "labelled": list(places.labelled),
        "waiting": None if places.waiting is None else _edges(places.waiting),
        "in_flight": None if places.in_flight is None else _edges(places.in_flight),
    }


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


def _pack_limits(lines: Sequence[Sequence[Corner]]) -> LimitsFrame:
    import numpy as np

    steps = [corner for corners in lines for corner in corners[:-1:2]]
    return {
        "counts": [len(corners) // 2 for corners in lines],
        "moments": np.array([moment for moment, _ in steps], "<f8").tobytes(),
        "limits": np.array([limit for _, limit in steps], "<u2").tobytes(),
    }


def _errors(detail: Detail, errors: Mapping[int, str]) -> dict[str, str]:
    states = detail.bars["state"]
    failed = ((states == FAILED) | (states == AGAIN)).nonzero()[0].tolist()[:_ERRORS]
    lines = detail.bars["line"][failed].tolist() if failed else []
    said: dict[str, str] = {}
    room = _ERROR_BYTES
    for at, line in zip(failed, lines, strict=True):
        error = one_sentence(errors.get(line, ""), ERROR_LENGTH)
        room -= len(error.encode())
        if room < 0:
            break
        said[str(at)] = error
    return said
