"""The Gantt chart as a plotly figure: slots as lanes, below them what waits and what is in flight.

The live view draws the same chart in the page, from `chart_template` and the arrays of a `Detail`; a change here is
a change in static/timeline.js, too. Names are hostile text, and plotly reads a kind of HTML: see `plotly_text`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from notebook_gen.observers.trace import Trace
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.chart import (
    AXIS_HEIGHT,
    LABEL_SIZE,
    SMALL_SIZE,
    TOP_MARGIN,
    Band,
    Geometry,
    chart_height,
    chart_labels,
    counted_resources,
    lay_out_chart,
    resource_label,
    resource_paints,
)
from notebook_gen.views.gantt_traces import (
    BAR_OPACITY,
    GRID_SHADES,
    UNUSUAL,
    draw_bars,
    draw_crosses,
    draw_grid,
    draw_load,
    plotly_text,
)
from notebook_gen.views.history import History
from notebook_gen.views.level_of_detail import Detail, Window, query
from notebook_gen.views.paint import Paint, name_paint, node_paints, theme_paint
from notebook_gen.views.palette import LIGHT, Theme
from notebook_gen.views.text import one_line

if TYPE_CHECKING:
    import plotly.graph_objects as go

ROOM_AHEAD: Final = 1.15
"""The time axis of a live chart ends so much later than now."""
_WIDTH = 900
_LEGEND_HEIGHT = 40


def gantt(trace: Trace, *, theme: Theme = LIGHT, max_bars: int = 2000) -> "go.Figure":
    """Draw a trace as a plotly figure of its own.

    Args:
        trace: the attempts; may still grow.
        theme: the colours.
        max_bars: bars, at most; what has none is shown as how busy its lane was.
    """
    import plotly.graph_objects as go

    history = History(trace.graph)
    history.update(trace)
    now = max(history.latest, 1e-3)
    detail = query(history, Window(0.0, now, _WIDTH), now, max_bars=max_bars)
    slots = dict(zip(trace.graph.resources, detail.lanes.counts, strict=True))
    height = chart_height(trace.graph, slots, rows=len(history))
    figure = gantt_figure(detail, trace.graph, ceilings=slots, height=height, theme=theme)
    layout = figure["layout"]
    layout["legend"] = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}
    layout["margin"]["t"] += _LEGEND_HEIGHT
    layout["height"] += _LEGEND_HEIGHT
    layout["paper_bgcolor"] = layout["plot_bgcolor"] = theme.panel
    return go.Figure(figure)


def gantt_figure(
    detail: Detail, graph: ExecutionGraph, *, ceilings: Mapping[str, int], height: float, theme: Theme = LIGHT
) -> dict[str, Any]:
    """Draw what a window shows as plain plotly: a dict of data and layout.

    Args:
        detail: what to draw.
        graph: whose run it is.
        ceilings: slots of each resource.
        height: pixels of the whole.
        theme: the colours.
    """
    geometry = lay_out_chart(graph, detail.lanes, height)
    paint = theme_paint(theme)
    layout = gantt_layout(graph, geometry, paint)
    layout["height"] = round(height)
    layout["xaxis"]["range"] = [detail.window.start, detail.window.end]
    layout["yaxis"]["ticktext"] = [
        f'{plotly_text(name)}<br><span style="font-size:{SMALL_SIZE:g}px">{plotly_text(below)}</span>'
        for name, below in chart_labels(graph, detail, ceilings)
    ]
    layout["shapes"].append(_now_line(detail.now, geometry, paint))
    data = [
        *draw_grid(detail, graph, geometry, paint),
        *draw_load(detail, graph, geometry, ceilings, paint),
        *draw_bars(detail, graph, geometry, paint),
        *draw_crosses(detail, geometry, paint),
    ]
    return {"data": data, "layout": layout}


def chart_template(graph: ExecutionGraph, detail: Detail, height: float) -> dict[str, Any]:
    """Give what the page needs to draw the chart, beside the arrays; colours by name. Changes with the lanes only."""
    geometry = lay_out_chart(graph, detail.lanes, height)
    return {
        "layout": gantt_layout(graph, geometry, name_paint) | {"height": round(height), "showlegend": False},
        "names": [one_line(node.name, 80) for node in graph.nodes],
        "colors": node_paints(graph),
        "resources": [resource_label(name) for name in graph.resources],
        "resource_of": list(detail.lanes.resource_of),
        "resource_colors": resource_paints(graph),
        "counted": counted_resources(graph),
        "lane_counts": list(detail.lanes.counts),
        "lanes": list(geometry.lanes),
        "thickness": geometry.thickness,
        "height": geometry.height,
        "waiting": [geometry.waiting.top, geometry.waiting.bottom],
        "in_flight": [geometry.in_flight.top, geometry.in_flight.bottom],
        "opacity": [BAR_OPACITY[state] for state in sorted(BAR_OPACITY)],
        "shades": list(GRID_SHADES),
        "room_ahead": ROOM_AHEAD,
        "unusual": UNUSUAL,
    }


def gantt_layout(graph: ExecutionGraph, geometry: Geometry, paint: Paint) -> dict[str, Any]:
    """Give the layout of a chart without what moves: the axis' range, labels and the line at now."""
    places = [band.middle for band in (*geometry.groups, geometry.waiting, geometry.in_flight)]
    font = {"family": '-apple-system, system-ui, "Segoe UI", "DejaVu Sans", sans-serif', "size": LABEL_SIZE}
    axis = {"zeroline": False, "showline": False, "ticks": ""}
    return {
        "margin": {"l": round(geometry.label_width), "r": 14, "t": TOP_MARGIN, "b": AXIS_HEIGHT, "pad": 6},
        "barmode": "overlay",
        "dragmode": "pan",
        "hovermode": "closest",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": font | {"color": paint("ink", 1)},
        "hoverlabel": {
            "align": "left",
            "bgcolor": paint("card", 1),
            "bordercolor": paint("line", 1),
            "font": font | {"color": paint("ink", 1)},
        },
        "shapes": [_ground(band, paint) for band in geometry.groups],
        "xaxis": axis
        | {
            "gridcolor": paint("grid", 1),
            "ticksuffix": " s",
            "tickfont": {"size": SMALL_SIZE, "color": paint("soft", 1)},
            "minallowed": 0,
        },
        "yaxis": axis
        | {
            "fixedrange": True,
            "showgrid": False,
            "range": [geometry.height, 0],
            "tickmode": "array",
            "tickvals": places,
        },
    }


def _ground(band: Band, paint: Paint) -> dict[str, Any]:
    """The shade behind the lanes of one resource, as wide as the chart."""
    return {
        "type": "rect",
        "layer": "below",
        "line": {"width": 0},
        "fillcolor": paint("lane", 1),
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": band.top,
        "y1": band.bottom,
    }


def _now_line(now: float, geometry: Geometry, paint: Paint) -> dict[str, Any]:
    line = {"color": paint("accent", 1), "width": 1.2}
    return {"type": "line", "x0": now, "x1": now, "y0": 0, "y1": geometry.height, "line": line}
