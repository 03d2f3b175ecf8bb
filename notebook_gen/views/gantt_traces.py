"""The traces of a Gantt chart, as plotly reads them: bars, waits, crosses, a grid that stands for many bars, the load.

static/chart.js makes the same traces in the page; a change here is a change there, too.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from notebook_gen.observers.trace import AGAIN, CANCELLED, DONE, FAILED, IN_FLIGHT
from notebook_gen.views.chart import PAUSED, Chart
from notebook_gen.views.chart_places import BAND_GAP, SMALL_SIZE, Band
from notebook_gen.views.gantt_marks import crossed
from notebook_gen.views.level_of_detail import LEAST_PIXELS, Detail
from notebook_gen.views.occupancy import NOBODY, Grid
from notebook_gen.views.palette import Paint
from notebook_gen.views.text import one_sentence, plotly_text, say_row, write_seconds

if TYPE_CHECKING:
    from notebook_gen.views.history import Array

Plotly = dict[str, Any]
"""JSON as plotly reads it: a trace, or a layout."""

UNUSUAL: Final = 2.0
"""An attempt that took so many times the usual is worth a word."""
BAR_OPACITY: Final[Mapping[int, float]] = {IN_FLIGHT: 0.5, DONE: 1.0, FAILED: 0.4, CANCELLED: 0.3, AGAIN: 0.2}
"""How full the colour of a bar is, by the attempt's state; what was tried again is hatched, too."""
GRID_SHADES: Final = (0.3, 0.55, 0.8, 1.0)
"""How full the colour of a grid's cell is, by the quarter of its time that was busy."""

_ROUND: Final = 10
"""Pixels of a column's bars that have round corners, on average: those of narrow ones would make beads of them."""
WAIT_OPACITY: Final = 0.6
LEAST_COOLED: Final = 0.05
"""Seconds of cooling down that are worth a word."""
ERROR_LENGTH: Final = 120

_STATE_WORDS: Final = {
    IN_FLIGHT: "in flight",
    FAILED: "failed",
    CANCELLED: "cancelled",
    AGAIN: "failed, and was tried again",
}


def draw_traces(chart: Chart, paint: Paint, errors: Mapping[int, str] | None = None) -> Iterator[Plotly]:
    """Draw everything that has a place in time, what lies below first.

    Args:
        chart: what is shown, and where.
        paint: the colours.
        errors: the sentence of each failed attempt, by its line in the trace.
    """
    yield from _draw_pauses(chart, paint)
    yield from _draw_grid(chart, paint)
    yield from _draw_load(chart, paint)
    yield from _draw_waits(chart, paint)
    yield from _draw_bars(chart, paint, errors or {})
    yield from _draw_crosses(chart, paint)


def bar_kinds(detail: Detail) -> list[tuple[int, int]]:
    """Give the pairs of node and state that have bars, column by column, what is done first."""
    import numpy as np

    bars = detail.bars
    keys = np.unique(bars["node"].astype(np.int64) * len(BAR_OPACITY) + bars["state"]).tolist()
    pairs = [divmod(key, len(BAR_OPACITY)) for key in keys]
    return sorted(pairs, key=lambda pair: (pair[0], pair[1] != DONE))


def grid_shades(grid: Grid) -> "Array":
    """Give each cell of a grid its shade, an index into `GRID_SHADES`."""
    import numpy as np

    shades: Array = np.minimum(grid.busy * len(GRID_SHADES), len(GRID_SHADES) - 1).astype(np.uint8)
    return shades


def _draw_pauses(chart: Chart, paint: Paint) -> Iterator[Plotly]:
    """A shade over the time in which the run was paused, with a word where there is room for it."""
    x: list[float | None] = []
    y: list[float | None] = []
    bottom = chart.places.pauses_end
    for start, end in chart.shown_pauses:
        x += [start, end, end, start, None]
        y += [bottom, bottom, 0, 0, None]
    if not x:
        return
    still = {"type": "scatter", "hoverinfo": "skip", "showlegend": False}
    shade = {"fill": "toself", "fillcolor": paint("soft", 0.16), "line": {"width": 0}}
    # who points at one too narrow for a word reads it there
    told = {"hoveron": "fills", "hoverinfo": "text", "text": PAUSED}
    yield still | {"mode": "lines", "x": x, "y": y} | shade | told
    middles = chart.pause_words
    yield still | {
        "mode": "text",
        "x": middles,
        "y": [bottom - BAND_GAP / 2] * len(middles),
        "text": [PAUSED] * len(middles),
        "textposition": "middle center",
        "textfont": {"size": SMALL_SIZE, "color": paint("ink", 1)},
    }


def _draw_bars(chart: Chart, paint: Paint, errors: Mapping[int, str]) -> Iterator[Plotly]:
    """One trace for each column and state: a constant colour draws fastest."""
    import numpy as np

    detail, bars = chart.detail, chart.detail.bars
    middles = np.array(chart.places.lanes)
    seconds = np.maximum(bars["seconds"], LEAST_PIXELS * detail.window.seconds / detail.window.pixels)
    named: set[int] = set()
    for node, state in bar_kinds(detail):
        own = (bars["node"] == node) & (bars["state"] == state)
        is_wide = seconds[bars["node"] == node].mean() >= _ROUND * detail.window.seconds / detail.window.pixels
        yield {
            "type": "bar",
            "orientation": "h",
            "name": plotly_text(chart.graph.nodes[node].name),
            "legendgroup": f"node {node}",
            "showlegend": node not in named,
            "base": bars["started"][own].tolist(),
            "x": seconds[own].tolist(),
            "y": middles[bars["lane"][own]].tolist(),
            "width": chart.places.thickness,
            "marker": _marker(chart, node, state, paint) | {"cornerradius": 2 if is_wide else 0},
            "hovertext": [_hover_text(chart, at, errors) for at in np.nonzero(own)[0].tolist()],
            "hovertemplate": "%{hovertext}<extra></extra>",
        }
        named.add(node)


def _marker(chart: Chart, node: int, state: int, paint: Paint) -> Plotly:
    """What bars look like: a failed one has an edge, one that was tried again is hatched."""
    bad = paint("bad", 1)
    gap = {"width": 1 if chart.detail.grid is None else 0, "color": paint("lane", 1)}
    marker = {
        "color": paint(chart.colors[node], BAR_OPACITY[state]),
        "line": {"width": 1.5, "color": bad} if state == FAILED else gap,
    }
    if state == AGAIN:
        marker["pattern"] = {
            "shape": "/",
            "size": 5,
            "solidity": 0.3,
            "fgcolor": bad,
            "fgopacity": 1,
            "fillmode": "overlay",
        }
    return marker


def say_wait(waited: float, cooled: float) -> str:
    """Say how long an attempt waited for a slot, and for how much of that its endpoint was left alone."""
    words = f"waited {write_seconds(waited)} for a slot"
    return f"{words}, {write_seconds(cooled)} of it cooling down" if cooled >= LEAST_COOLED else words


def _hover_text(chart: Chart, at: int, errors: Mapping[int, str]) -> str:
    """What a bar is, as plotly's HTML: column, row and attempt, times, tokens, what failed and what is unusual."""
    detail, bars = chart.detail, chart.detail.bars
    node, state, attempt = int(bars["node"][at]), int(bars["state"][at]), int(bars["attempt"][at])
    seconds, waited = float(bars["seconds"][at]), float(bars["waited"][at])
    again = f" · attempt {attempt}" if attempt > 1 else ""
    lines = [
        f"<b>{plotly_text(chart.graph.nodes[node].name)} · {say_row(int(bars['row'][at]))}{again}</b>",
        f"{write_seconds(seconds)} in flight, {say_wait(waited, float(chart.cooled[at]))}",
    ]
    tokens_in, tokens_out = int(bars["tokens_in"][at]), int(bars["tokens_out"][at])
    tokens = f" · {tokens_in:,} tokens in, {tokens_out:,} out" if tokens_in or tokens_out else ""
    lines.append(f"{plotly_text(chart.looks[detail.lanes.resource_of[node]].label)}{tokens}")
    if state != DONE:
        lines.append(_STATE_WORDS[state])
    if error := errors.get(int(bars["line"][at])):
        lines.append(plotly_text(one_sentence(error, ERROR_LENGTH)))
    usual = float(detail.usual.median[node])  # NaN if none is done, which compares as False
    if usual > 0 and seconds / usual >= UNUSUAL:
        slowest = ": the slowest so far" if seconds >= float(detail.usual.slowest[node]) else ""
        lines.append(f"{seconds / usual:.1f} × the usual{slowest}")
    return "<br>".join(lines)


def _draw_waits(chart: Chart, paint: Paint) -> Iterator[Plotly]:
    """Where lanes are rows: a thin line for as long as an attempt waited, dotted while its endpoint was left alone."""
    bars = chart.detail.bars
    if chart.detail.lanes.kind != "rows":
        return
    places = chart.places.lanes
    starts = bars["started"] - bars["waited"]
    for node in sorted(set(bars["node"].tolist())):
        own = (bars["node"] == node).nonzero()[0].tolist()
        spans = [(float(starts[at]), float(bars["started"][at]), places[int(bars["lane"][at])]) for at in own]
        yield _lines(spans, {"color": paint(chart.colors[node], WAIT_OPACITY), "width": 1.2})
    if chart.cooling:
        spans = [(part.start, part.end, places[int(bars["lane"][part.bar])]) for part in chart.cooling]
        yield _lines(spans, {"color": paint("warn", 1), "width": 1.6, "dash": "2px,2px"})


def _lines(spans: Iterable[tuple[float, float, float]], line: Plotly) -> Plotly:
    """Level lines, each from one moment to another at its height."""
    x: list[float | None] = []
    y: list[float | None] = []
    for start, end, height in spans:
        x += [start, end, None]
        y += [height, height, None]
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip", "showlegend": False}


def _draw_crosses(chart: Chart, paint: Paint) -> Iterator[Plotly]:
    """One trace with crosses on failed bars: colour alone says nothing."""
    import numpy as np

    bars, failed = chart.detail.bars, crossed(chart.detail)
    if failed:
        yield {
            "type": "scatter",
            "mode": "markers",
            "x": (bars["started"] + bars["seconds"] / 2)[failed].tolist(),
            "y": np.array(chart.places.lanes)[bars["lane"][failed]].tolist(),
            "marker": {"symbol": "x", "size": 6, "color": paint("bad", 1)},
            "hoverinfo": "skip",
            "showlegend": False,
        }


def _draw_grid(chart: Chart, paint: Paint) -> Iterator[Plotly]:
    """A heat map for each resource; a cell's number is its colour and shade, its text is nothing."""
    detail, grid = chart.detail, chart.detail.grid
    if grid is None:
        return
    shades = len(GRID_SHADES)
    steps = len(chart.colors) * shades
    scale: list[list[Any]] = []
    for step in range(steps):
        color = paint(chart.colors[step // shades], GRID_SHADES[step % shades])
        scale += [[step / steps, color], [(step + 1) / steps, color]]
    values = (grid.nodes * shades + grid_shades(grid) + 0.5).astype(object)
    values[grid.nodes == NOBODY] = None
    for first, count in zip(detail.lanes.first, detail.lanes.counts, strict=True):
        yield {
            "type": "heatmap",
            "x0": grid.start + grid.step / 2,
            "dx": grid.step,
            "y": list(chart.places.lanes[first : first + count]),
            "z": values[first : first + count].tolist(),
            "zmin": 0,
            "zmax": steps,
            "colorscale": scale,
            "showscale": False,
            "ygap": 2,
            "hoverinfo": "skip",
        }


def _draw_load(chart: Chart, paint: Paint) -> Iterator[Plotly]:
    """What waits; then what is in flight at each resource, with its limit dashed."""
    load, waiting, band = chart.detail.load, chart.places.waiting, chart.places.in_flight
    if waiting is None or band is None:
        return
    most_waiting = max(1, int(load.waiting.max()))
    yield _area(load.times, load.waiting, waiting, most_waiting, paint("warn", 0.3))
    most = chart.in_flight.most
    for curve in chart.in_flight.curves:
        yield _area(load.times, curve.heights, band, most, paint(curve.color, curve.opacity))
        if not curve.limit:
            continue
        moments, limits = zip(*curve.limit, strict=True)
        yield {
            "type": "scatter",
            "mode": "lines",
            "x": list(moments),
            "y": [band.bottom - (band.bottom - band.top) * limit / most for limit in limits],
            "line": {"color": paint(curve.color, 1), "width": 1.2, "dash": "3px,2px"},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    if falls := chart.falls:
        yield {
            "type": "scatter",
            "mode": "text",
            "x": [fall.moment for fall in falls],
            "y": [chart.places.words] * len(falls),
            "text": [plotly_text(fall.words) for fall in falls],
            "textposition": "middle right",
            "textfont": {"size": SMALL_SIZE, "color": paint("warn_text", 1)},
            "hoverinfo": "skip",
            "showlegend": False,
        }


def _area(times: "Array", values: "Array", band: Band, most: int, color: str) -> Plotly:
    """A curve in steps over the lower edge of its band, filled."""
    heights = band.bottom - (band.bottom - band.top) * values / most
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [float(times[0]), *times.tolist(), float(times[-1])],
        "y": [band.bottom, *heights.tolist(), band.bottom],
        "line": {"shape": "hv", "width": 0},
        "fill": "toself",
        "fillcolor": color,
        "hoverinfo": "skip",
        "showlegend": False,
    }
