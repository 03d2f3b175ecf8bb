"""A run as one HTML file, to be sent to others: timeline, records, rows and failures, with no kernel and no network.

The browser is told to execute the scripts that were written here, by their hashes, and to fetch nothing: text that
came from a model could do no harm even if it were not escaped, which it is.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final, NamedTuple

from notebook_gen.engine.snapshots import RowView
from notebook_gen.observers.trace import Trace
from notebook_gen.views import measures
from notebook_gen.views.arrangement import arrange, own_widths
from notebook_gen.views.cells import cells_script, pack_cells, picture_of_run
from notebook_gen.views.cells_svg import cells_svg, drawable
from notebook_gen.views.chart import Chart, chart_of_run
from notebook_gen.views.dag import dag_svg
from notebook_gen.views.failures import failures_table
from notebook_gen.views.frames import Frame, pack_frame
from notebook_gen.views.gantt import chart_template
from notebook_gen.views.gantt_svg import gantt_svg
from notebook_gen.views.head import bar_html, error_html, head_html, side_html
from notebook_gen.views.history import History
from notebook_gen.views.lanes import LANE_KINDS, LaneKind
from notebook_gen.views.palette import DARK, LIGHT
from notebook_gen.views.record import record_html
from notebook_gen.views.retries import note_lines
from notebook_gen.views.row_turns import RowsFrame, Turn, rows_frame
from notebook_gen.views.source import RunSource
from notebook_gen.views.stylesheet import read_static, stylesheet
from notebook_gen.views.summary import say_no_rows, say_shown
from notebook_gen.views.tables import bounded_table
from notebook_gen.views.text import escape, one_line, write_clock, write_count, write_plural
from notebook_gen.views.timeline import timeline_script
from notebook_gen.views.usage import usage_html

ROWS: Final = 200
"""First rows in the file, at most."""
MOST_BARS: Final = 3_000
"""Bars of the timeline, at most; where there are more attempts, the rest is shown as how busy each slot was."""

_KINDS = 50  # of failures
_RECORDS_SIZE = 3_000_000  # characters of all records together
_TABLE_SIZE = 1_500_000
_ROW_PAGES = 25
_ROWS_SEEN = 16  # before somebody scrolls
_NOWHERE = "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"


def page_html(source: RunSource) -> str:
    """Draw a run as it stands as a whole page."""
    history = _history(source)
    held = {
        "timeline": _timeline(source, history),
        "cells": pack_cells(picture_of_run(source), source.failures.items),
        "records": _records(source),
    }
    data = json.dumps(held, default=_packed)
    data = data.replace("<", "\\u003c")  # nothing else could end a script
    scripts = [_Script(text) for text in _scripts(has_timeline=history is not None)]
    plotly = _plotly() if history is not None else None
    digests = [script.digest for script in scripts] + ([plotly.digest] if plotly is not None else [])
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    title = escape(one_line(source.title))
    packed = f'<script type="application/gzip" id="ng-plotly">{plotly.packed}</script>' if plotly is not None else ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{_NOWHERE}; script-src {allowed}">'
        f'<meta name="viewport" content="width=device-width"><style>{_style()}</style></head>'
        f'<body><div class="ng-view ng-report ng-page" role="main">{"".join(_parts(source, history))}'
        f'<p class="ng-origin">{escape(say_origin(source))}</p></div>'
        f'<script type="application/json" id="ng-data">{data}</script>{packed}'
        f"{''.join(script.html for script in scripts)}</body></html>\n"
    )


def say_origin(source: RunSource) -> str:
    """Say in a line where a page comes from: what ran, when, with which models."""
    began = source.progress.wall_time
    parts = [one_line(source.title), source.progress.state]
    if began is not None:
        parts.append(f"began {datetime.fromtimestamp(began, UTC):%Y-%m-%d %H:%M} UTC")
    parts.append(f"{write_clock(source.elapsed())} long")
    used = ", ".join(f"{one_line(alias, 40)} = {one_line(model.model, 60)}" for alias, model in source.models.items())
    if used:
        parts.append(one_line(used, 300))
    return " · ".join([*parts, f"notebook_gen {version('notebook-gen')}"])


class _Script:
    """A script in a page, and its hash."""

    def __init__(self, text: str) -> None:
        self.html = f'<script type="module">{text}</script>'
        self.digest = _digest(text.encode())


class _Plotly(NamedTuple):
    """The plotly.js that the plotly package carries, which page.js unpacks and runs: it is most of a page's size.

    Attributes:
        packed: gzipped, as base64.
        digest: the hash of what is unpacked; nothing else can be run in its place.
    """

    packed: str
    digest: str


@cache
def _plotly() -> _Plotly:
    code = files("plotly").joinpath("package_data/plotly.min.js").read_bytes()
    return _Plotly(base64.b64encode(gzip.compress(code, mtime=0)).decode(), _digest(code))


def _digest(text: bytes) -> str:
    """A script's hash as a content security policy writes it."""
    return base64.b64encode(hashlib.sha256(text).digest()).decode()


def _scripts(*, has_timeline: bool) -> Iterator[str]:
    """The scripts of a page, each a module."""
    if has_timeline:
        yield f"{timeline_script()}{read_static('page.js')}showTimeline(render, page);"
    yield f"{read_static('put.js', 'pick.js', 'look.js', 'record.js', 'page.js')}showRecords(render);showPicks();"
    yield f"{cells_script()}{read_static('page.js')}showCells(render);"


def _style() -> str:
    return (
        f"body{{margin:24px auto;padding:0 16px;max-width:1100px;background:{LIGHT.background}}}"
        f"@media (prefers-color-scheme:dark){{body{{background:{DARK.background}}}}}"
        f"{stylesheet('live', 'cells', 'record', 'report')}"
    )


def _parts(source: RunSource, history: History | None) -> Iterator[str]:
    yield f'<div class="ng-head">{head_html(source)}</div>{bar_html(source)}'
    drawn = dag_svg(source.graph, progress=source.progress, max_width=measures.DAG_WIDTH)
    yield (
        f'<div class="ng-top"><div class="ng-scroll ng-dag-pane">{drawn}</div>'
        f'<div class="ng-side">{side_html(source, waiting=0)}</div></div>{error_html(source)}'
    )
    if history is not None:
        picture = gantt_svg(_chart(source, history))
        yield f'<div id="ng-timeline"><noscript>{picture}</noscript></div>'
    yield _rows(source)
    yield '<div class="ng-section"><b>Cells</b></div>'
    yield f'<div id="ng-cells"><noscript>{cells_svg(drawable(picture_of_run(source)))}</noscript></div>'
    yield '<div id="ng-record"></div>'
    failures = source.failures
    retries = note_lines(source)
    if failures.count or retries:
        count = f'<em class="ng-count">{write_count(failures.count)}</em>' if failures.count else ""
        yield f'<div class="ng-section"><b>Failures</b> {count}</div>'
        yield f'<div class="ng-table-pane">{failures_table(failures, retries=retries, kinds=_KINDS)}</div>'
    yield f'<div class="ng-section"><b>Usage</b></div><div class="ng-table-pane">{usage_html(source)}</div>'


def _rows(source: RunSource) -> str:
    rows: Sequence[RowView] = source.first_rows(ROWS)
    columns = arrange(source.graph, own_widths(source.columns, rows))
    table, rows = bounded_table(columns, rows, _TABLE_SIZE, nothing=say_no_rows(source))
    total = source.progress.rows_listed
    more = "to see them" if len(rows) == total else "for more"
    cue = [f"scroll {more}"] if len(rows) > _ROWS_SEEN else []
    click = [] if source.progress.is_renumbered else ["click a number for its record"]
    note = " · ".join([say_shown(rows, total), *cue, *click]) if rows else ""
    return f'<div class="ng-section"><b>Rows</b> <span>{note}</span></div><div class="ng-rows ng-scroll">{table}</div>'


def _history(source: RunSource) -> History | None:
    """The attempts to draw; None if there is no timeline."""
    if source.trace is None or not source.graph.resources:
        return None
    history = History(source.graph)
    history.update(source.trace, source.read)
    return history


def _chart(source: RunSource, history: History, lanes: LaneKind = "slots", turn: Turn | None = None) -> Chart:
    max_bars = MOST_BARS if len(history) <= MOST_BARS else MOST_BARS // 3
    return chart_of_run(source, history, pixels=measures.CHART_WIDTH, max_bars=max_bars, lanes=lanes, turn=turn)


def _row_pages(source: RunSource, trace: Trace, history: History) -> list[Frame]:
    """The timeline's rows from the first on, as many at a time as fit, for as many pages as there is room for."""
    turned: list[tuple[Chart, RowsFrame]] = []
    first: int | None = 0
    while first is not None and len(turned) < _ROW_PAGES:
        chart = _chart(source, history, "rows", Turn(first))
        rows = rows_frame(chart.detail.lanes, history.rows, source.progress.rows, chosen=True)
        if rows is None:
            break
        turned.append((chart, rows))
        first = rows["after"]
    reach = turned[-1][1]["end"] if turned else 0
    return [pack_frame(chart, trace.errors, {**rows, "reach": reach}) for chart, rows in turned]


def _timeline(source: RunSource, history: History | None) -> dict[str, Any] | None:
    """What static/timeline.js reads; see `TimelineTraits`."""
    if history is None or source.trace is None:
        return None
    chart = _chart(source, history)
    others = [kind for kind in LANE_KINDS if kind != chart.detail.lanes.kind]
    frames = {kind: pack_frame(_chart(source, history, kind), source.trace.errors) for kind in others}
    pages = _row_pages(source, source.trace, history)
    if len(pages) > 1:
        frames["rows"] = pages[0]
    tasks = write_plural(len(history), "task")
    return {
        "template": chart_template(chart),
        "frame": pack_frame(chart, source.trace.errors),
        "frames": frames,
        "pages": pages,
        "clock": {"now": chart.detail.now, "running": False, "note": f"{tasks} · drag to zoom, double-click for all"},
        "picture": gantt_svg(chart),
    }


def _records(source: RunSource) -> dict[str, Any]:
    """The records of the rows that are shown, and of an example of each failure, as far as there is room."""
    records: dict[int, str] = {}
    size = 0
    for row in dict.fromkeys(_shown_rows(source)):
        try:
            record = source.record(row)
        except IndexError:
            continue
        html = record_html(record)
        size += len(html)
        if size > _RECORDS_SIZE:
            break
        records[row] = html
    return {"last": max(0, source.progress.rows - 1), "html": records}


def _shown_rows(source: RunSource) -> Iterable[int]:
    yield from (group.example.row for group in source.failures.most_common()[:_KINDS])
    yield from (view.row for view in source.first_rows(ROWS))


def _packed(array: object) -> dict[str, str]:
    """An array of a frame, for JSON."""
    if isinstance(array, bytes):
        return {"base64": base64.b64encode(array).decode()}
    raise TypeError(f"a page cannot hold a {type(array).__name__}")
