"""The Gantt chart as a plotly figure: lanes, below them what waits and what is in flight.

The live view draws the same chart in the page, from `chart_template` and the arrays of a `Detail`. Names are hostile
text, and plotly reads a kind of HTML: see `plotly_text`.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, TypedDict

from notebook_gen.observers.trace import Joint, Trace
from notebook_gen.views.chart import ROOM_AHEAD, Chart, chart_height, make_chart
from notebook_gen.views.chart_places import AXIS_HEIGHT, LABEL_PITCH, SMALL_SIZE, TOP_MARGIN, Band, rows_height
from notebook_gen.views.gantt_traces import (
    BAR_OPACITY,
    GRID_SHADES,
    LEAST_COOLED,
    UNUSUAL,
    WAIT_OPACITY,
    Plotly,
    draw_traces,
)
from notebook_gen.views.history import History
from notebook_gen.views.joints import WORDS_HEIGHT, draw_joints
from notebook_gen.views.lanes import LaneChoice, LaneKind, most_rows, room_for_rows
from notebook_gen.views.level_of_detail import Window, query
from notebook_gen.views.palette import DARK, EITHER, Paint, Theme, name_paint, theme_paint
from notebook_gen.views.resources import LABEL_SIZE
from notebook_gen.views.row_choice import RowChoice, choose_rows, say_rows
from notebook_gen.views.text import one_line, plotly_text

if TYPE_CHECKING:
    import plotly.graph_objects as go

_WIDTH = 900
_LEGEND_HEIGHT = 40
_MOST_ROWS = 60  # of those that somebody asked for
_NOTE_HEIGHT = 20
_NEWEST = "those in which something began last; for others, give rows=range(…)"


class Template(TypedDict):
    """What stays as it is in a run's charts, as static/chart.js reads it; colours by name.

    Attributes:
        layout: plotly's, without what moves.
        names, colors: of each node.
        resources: the label of each resource.
        resource_of: the resource of each node, an index; -1 for none.
        height: of the plotting area.
        opacity: of a bar, by state.
        shades: opacities of a grid's cells.
        wait_opacity: of the line for a wait.
        room_ahead: the share of the axis that lies ahead of now, while a run goes on.
        unusual: an attempt that took so many times the usual is worth a word.
        least_cooled: seconds of cooling down that are worth one.
    """

    layout: Plotly
    names: list[str]
    colors: list[str]
    resources: list[str]
    resource_of: list[int]
    height: float
    opacity: list[float]
    shades: list[float]
    wait_opacity: float
    least_cooled: float
    room_ahead: float
    unusual: float


def gantt(
    trace: Trace,
    *,
    lanes: LaneKind = "slots",
    rows: RowChoice | None = None,
    theme: Theme = EITHER,
    max_bars: int = 2000,
) -> "go.Figure":
    """Draw a trace as a plotly figure of its own.

    Args:
        trace: the attempts; may still grow.
        lanes: what lanes are.
        rows: which of them, where they are rows; of more than 60 the first 60 are shown. None: those in
            which something began last, as many as fit in.
        theme: the colours.
        max_bars: bars, at most; what has none is shown as how busy its lane was.

    Raises:
        ConfigError: there are no such rows.
    """
    from notebook_gen.views.gantt_figure import GanttFigure

    history = History(trace.graph)
    history.update(trace)
    count = max(trace.rows, history.rows)
    chosen = None if rows is None else choose_rows(rows, count)
    chart = _chart(trace, history, lanes, None if chosen is None else chosen[:_MOST_ROWS], max_bars)
    paint = theme_paint(theme)
    ground = theme_paint(theme)("panel", 1)
    layout = _layout(chart, paint) | {"paper_bgcolor": ground, "plot_bgcolor": ground, "dragmode": "zoom"}
    _complete(layout, chart, paint, _note(chart, count, chosen))
    if chosen is not None:
        layout["xaxis"]["range"] = [chart.detail.since, _last_end(chart)]
    _mark_joints(layout, chart, trace.joints, paint)
    if theme is EITHER:
        # a card needs a ground; a dark one can be read on either page
        card = theme_paint(DARK)
        font = layout["font"] | {"color": card("ink", 1)}
        layout["hoverlabel"] |= {"bgcolor": card("card", 1), "bordercolor": card("line", 1), "font": font}
    return GanttFigure({"data": list(draw_traces(chart, paint, trace.errors)), "layout": layout})


def _note(chart: Chart, count: int, chosen: tuple[int, ...] | None) -> str:
    """What stands below a chart: where lanes are rows, which of them there are, and why these."""
    lanes = chart.detail.lanes
    said = say_rows(lanes, count, asked=None if chosen is None else len(chosen))
    is_part = chosen is None and len(lanes.groups) < count
    return f"{said} · {_NEWEST}" if said and is_part else said


def _chart(trace: Trace, history: History, lanes: LaneKind, rows: tuple[int, ...] | None, max_bars: int) -> Chart:
    now = max(history.latest, trace.ended or 0.0, 1e-3)
    slots = {
        name: trace.ceilings.get(name, used) for name, used in zip(trace.graph.resources, history.slots, strict=True)
    }
    height = chart_height(trace.graph, slots, rows=len(history))
    room = rows_height(height)
    while True:
        window = Window(0.0, now, _WIDTH) if rows is None else _window_of(history, rows[: most_rows(room)], now)
        detail = query(history, window, now, lanes=LaneChoice(lanes, room, rows), max_bars=max_bars)
        needed = max(room_for_rows(detail.lanes, len(rows)), len(rows) * LABEL_PITCH) if rows is not None else 0.0
        if needed <= room:
            detail = replace(detail, load=detail.load.with_undone(trace.undone))
            is_over = not detail.load.in_flight[:, -1].any()
            return make_chart(history, detail, slots, height, is_over=is_over)
        # a larger window may show more attempts beside each other, which need more room again
        height += ceil(needed - room)
        room = rows_height(height)


def _window_of(history: History, rows: Sequence[int], now: float) -> Window:
    """The window in which something of some rows was waiting or in flight."""
    import numpy as np

    columns = history.columns
    own = np.isin(columns["row"], rows)
    begins = (columns["started"] - columns["waited"])[own]
    ends = columns["started"][own] + np.nan_to_num(columns["seconds"][own], nan=now)
    start = max(0.0, float(begins.min(initial=now)) if len(begins) else 0.0)
    return Window(start, max(start + 1e-3, min(now, float(ends.max(initial=0.0))) if len(ends) else now), _WIDTH)


def _last_end(chart: Chart) -> float:
    """When the last of the bars ends."""
    bars = chart.detail.bars
    ends = bars["started"] + bars["seconds"]
    return float(ends.max()) if len(ends) else chart.detail.window.end


def _complete(layout: Plotly, chart: Chart, paint: Paint, note: str) -> None:
    """Add what a page adds itself to the layout, the legend, and a note below the axis."""
    below = _NOTE_HEIGHT if note else 0
    layout["shapes"] = [*(_ground(band, paint) for band in chart.places.groups), _now_line(chart, paint)]
    layout["margin"]["t"] += _LEGEND_HEIGHT
    layout["margin"]["b"] += below
    layout["margin"]["l"] = round(chart.places.label_width)
    layout["height"] = chart.height + _LEGEND_HEIGHT + below
    still = {"itemclick": False, "itemdoubleclick": False}
    layout["legend"] = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"} | still
    layout["xaxis"]["range"] = [chart.detail.since, chart.detail.window.end]
    layout["yaxis"]["tickvals"] = chart.places.labels
    layout["yaxis"]["ticktext"] = [_tick_text(name, below) for name, below in chart.labels]
    if note:
        place = {"xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 0, "yanchor": "top"}
        font = {"size": LABEL_SIZE, "color": paint("soft", 1)}
        layout["annotations"] = [{"text": note, "showarrow": False, "yshift": -AXIS_HEIGHT, "font": font} | place]


def _mark_joints(layout: Plotly, chart: Chart, joints: Sequence[Joint], paint: Paint) -> None:
    """Mark where in traces of several runs another one begins, below the legend."""
    if not joints:
        return
    start, end = layout["xaxis"]["range"]
    pixels = _WIDTH - layout["margin"]["l"] - layout["margin"]["r"]
    shapes, annotations = draw_joints(joints, (start, end), pixels, chart.places.height, paint)
    layout["shapes"] += shapes
    layout["annotations"] = [*layout.get("annotations", ()), *annotations]
    layout["margin"]["t"] += WORDS_HEIGHT
    layout["height"] += WORDS_HEIGHT
    layout["legend"]["y"] = 1 + WORDS_HEIGHT / chart.places.height


def chart_template(chart: Chart) -> Template:
    """Give what the page needs to draw charts of a run, beside the frames."""
    return {
        "layout": _layout(chart, name_paint) | {"height": chart.height, "showlegend": False},
        "names": [one_line(node.name, 80) for node in chart.graph.nodes],
        "colors": list(chart.colors),
        "resources": [look.label for look in chart.looks],
        "resource_of": list(chart.detail.lanes.resource_of),
        "height": chart.places.height,
        "opacity": [BAR_OPACITY[state] for state in sorted(BAR_OPACITY)],
        "shades": list(GRID_SHADES),
        "wait_opacity": WAIT_OPACITY,
        "least_cooled": LEAST_COOLED,
        "room_ahead": ROOM_AHEAD,
        "unusual": UNUSUAL,
    }


def _layout(chart: Chart, paint: Paint) -> Plotly:
    """The layout of a chart without what moves: the axis' range, lanes, labels and the line at now."""
    font = {"family": '-apple-system, system-ui, "Segoe UI", "DejaVu Sans", sans-serif', "size": LABEL_SIZE}
    text = font | {"color": paint("ink", 1)}
    axis = {"zeroline": False, "showline": False, "ticks": ""}
    return {
        "margin": {"l": 0, "r": 14, "t": TOP_MARGIN, "b": AXIS_HEIGHT, "pad": 6},
        "barmode": "overlay",
        "dragmode": "pan",
        "hovermode": "closest",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": text,
        "hoverlabel": {"align": "left", "bgcolor": paint("card", 1), "bordercolor": paint("line", 1), "font": text},
        "shapes": [],
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
            "range": [chart.places.height, 0],
            "tickmode": "array",
            "ticklabeloverflow": "allow",
        },
    }


def _ground(band: Band, paint: Paint) -> Plotly:
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


def _now_line(chart: Chart, paint: Paint) -> Plotly:
    now, line = chart.detail.now, {"color": paint("accent", 1), "width": 1.2}
    return {"type": "line", "x0": now, "x1": now, "y0": 0, "y1": chart.places.height, "line": line}


def _tick_text(name: str, below: str) -> str:
    if not below:
        return plotly_text(name)
    return f'{plotly_text(name)}<br><span style="font-size:{SMALL_SIZE:g}px">{plotly_text(below)}</span>'
