"""The traces of the Gantt chart, as plotly reads them: bars, crosses, the grid that stands for many bars, the load."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from notebook_gen.observers.trace import CANCELLED, DONE, FAILED, IN_FLIGHT
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.chart import Band, Geometry, counted_resources, resource_label, resource_paints
from notebook_gen.views.level_of_detail import LEAST_PIXELS, NOBODY, Detail
from notebook_gen.views.paint import Paint, node_paints
from notebook_gen.views.text import escape, one_line, write_seconds

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

UNUSUAL: Final = 2.0
"""An attempt that took so many times the usual is worth a word."""
BAR_OPACITY: Final[Mapping[int, float]] = {IN_FLIGHT: 0.5, DONE: 1.0, FAILED: 0.4, CANCELLED: 0.3}
"""How full the colour of a bar is, by the attempt's state."""
GRID_SHADES: Final = (0.3, 0.55, 0.8, 1.0)
"""How full the colour of a grid's cell is, by the quarter of its time that was busy."""


def draw_bars(detail: Detail, graph: ExecutionGraph, geometry: Geometry, paint: Paint) -> Iterator[dict[str, Any]]:
    """One trace for each column and state: a constant colour draws fastest."""
    import numpy as np

    bars = detail.bars
    middles = np.array(geometry.lanes)
    seconds = np.maximum(bars["seconds"], LEAST_PIXELS * detail.window.seconds / detail.window.pixels)
    paints = node_paints(graph)
    named: set[int] = set()
    for node, state in bar_kinds(detail):
        own = (bars["node"] == node) & (bars["state"] == state)
        gap = {"width": 1 if detail.grid is None else 0, "color": paint("lane", 1)}
        edge = {"width": 1.5, "color": paint("bad", 1)} if state == FAILED else gap
        yield {
            "type": "bar",
            "orientation": "h",
            "name": plotly_text(graph.nodes[node].name),
            "legendgroup": f"node {node}",
            "showlegend": node not in named,
            "base": bars["started"][own].tolist(),
            "x": seconds[own].tolist(),
            "y": middles[bars["lane"][own]].tolist(),
            "width": geometry.thickness,
            "marker": {"color": paint(paints[node], BAR_OPACITY[state]), "line": edge, "cornerradius": 2},
            "hovertext": [hover_text(detail, graph, at) for at in np.nonzero(own)[0].tolist()],
            "hovertemplate": "%{hovertext}<extra></extra>",
        }
        named.add(node)


def bar_kinds(detail: Detail) -> list[tuple[int, int]]:
    """Give the pairs of node and state that have bars, column by column, what is done first."""
    import numpy as np

    bars = detail.bars
    keys = np.unique(bars["node"].astype(np.int64) * len(BAR_OPACITY) + bars["state"]).tolist()
    pairs = [divmod(key, len(BAR_OPACITY)) for key in keys]
    return sorted(pairs, key=lambda pair: (pair[0], pair[1] != DONE))


def hover_text(detail: Detail, graph: ExecutionGraph, at: int) -> str:
    """Say what a bar is, as plotly's HTML: column and row, times, tokens, and what is unusual."""
    bars = detail.bars
    node, state, row = (int(bars[name][at]) for name in ("node", "state", "row"))
    seconds = float(bars["seconds"][at])
    where = f"row {row}" if row >= 0 else "a whole row group"
    lines = [
        f"<b>{plotly_text(graph.nodes[node].name)} · {where}</b>",
        f"{write_seconds(seconds)} in flight, waited {write_seconds(float(bars['waited'][at]))} for a slot",
    ]
    resource = detail.lanes.resource_of[node]
    tokens_in, tokens_out = int(bars["tokens_in"][at]), int(bars["tokens_out"][at])
    tokens = f" · {tokens_in:,} tokens in, {tokens_out:,} out" if tokens_in or tokens_out else ""
    lines.append(f"{plotly_text(resource_label(graph.resources[resource]))}{tokens}")
    if state != DONE:
        lines.append({IN_FLIGHT: "in flight", FAILED: "failed", CANCELLED: "cancelled"}[state])
    times = seconds / float(detail.usual.median[node])
    if times >= UNUSUAL:
        slowest = ": the slowest so far" if seconds >= float(detail.usual.slowest[node]) else ""
        lines.append(f"{times:.1f} × the usual{slowest}")
    return "<br>".join(lines)


def draw_crosses(detail: Detail, geometry: Geometry, paint: Paint) -> Iterator[dict[str, Any]]:
    """One trace with a cross on every failed bar, so that colour alone says nothing."""
    import numpy as np

    bars = detail.bars
    failed = bars["state"] == FAILED
    if failed.any():
        yield {
            "type": "scatter",
            "mode": "markers",
            "x": (bars["started"] + bars["seconds"] / 2)[failed].tolist(),
            "y": np.array(geometry.lanes)[bars["lane"][failed]].tolist(),
            "marker": {"symbol": "x", "size": 6, "color": paint("bad", 1)},
            "hoverinfo": "skip",
            "showlegend": False,
        }


def draw_grid(detail: Detail, graph: ExecutionGraph, geometry: Geometry, paint: Paint) -> Iterator[dict[str, Any]]:
    """A heat map for each resource; a cell's number is its colour and shade, its text is nothing."""
    import numpy as np

    grid = detail.grid
    if grid is None:
        return
    paints = node_paints(graph)
    shades = len(GRID_SHADES)
    steps = len(graph.nodes) * shades
    scale: list[list[Any]] = []
    for step in range(steps):
        color = paint(paints[step // shades], GRID_SHADES[step % shades])
        scale += [[step / steps, color], [(step + 1) / steps, color]]
    values = (grid.nodes * shades + np.minimum(grid.busy * shades, shades - 1).astype(int) + 0.5).astype(object)
    values[grid.nodes == NOBODY] = None
    for first, count in zip(detail.lanes.first, detail.lanes.counts, strict=True):
        yield {
            "type": "heatmap",
            "x0": detail.window.start + grid.step / 2,
            "dx": grid.step,
            "y": list(geometry.lanes[first : first + count]),
            "z": values[first : first + count].tolist(),
            "zmin": 0,
            "zmax": steps,
            "colorscale": scale,
            "showscale": False,
            "ygap": 2,
            "hoverinfo": "skip",
        }


def draw_load(
    detail: Detail, graph: ExecutionGraph, geometry: Geometry, ceilings: Mapping[str, int], paint: Paint
) -> Iterator[dict[str, Any]]:
    """What waits; then what is in flight at each resource, with its limit dashed."""
    load, band = detail.load, geometry.in_flight
    counted = counted_resources(graph)
    yield _area(load.times, load.waiting, geometry.waiting, max(1, int(load.waiting.max())), paint("warn", 0.3))
    if not counted:
        return
    most = max(1, *(ceilings.get(graph.resources[number], 0) for number in counted), load.in_flight[counted].max())
    paints = resource_paints(graph)
    for number in counted:
        color = paints[number]
        yield _area(load.times, load.in_flight[number], band, int(most), paint(color, 0.35))
        limit = band.bottom - (band.bottom - band.top) * ceilings.get(graph.resources[number], 0) / most
        yield {
            "type": "scatter",
            "mode": "lines",
            "x": [float(load.times[0]), float(load.times[-1])],
            "y": [limit, limit],
            "line": {"color": paint(color, 1), "width": 1.2, "dash": "3px,2px"},
            "hoverinfo": "skip",
            "showlegend": False,
        }


def _area(times: "Array", values: "Array", band: Band, most: int, color: str) -> dict[str, Any]:
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


def plotly_text(text: str) -> str:
    """Write text so that plotly shows it as it is: no markup, no format of a template, no TeX. One line."""
    return escape(one_line(text)).replace("%", "&#37;").replace("$", "&#36;")
