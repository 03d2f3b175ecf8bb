"""The report that stays in a notebook when a run is over: the live view's picture, ended, as HTML without a script.

It is bounded, however long the run was. A notebook that is not trusted loses the stylesheet and what is drawn in
place (JupyterLab drops `<style>`, `<svg>` and the attribute `hidden`, and keeps classes, plain inline styles,
`<details>` and images with their data in them). So every picture is there a second time, small and hidden, as an
image: where the first is dropped, the second is shown; see `twofold`.
"""

from collections.abc import Sequence
from typing import Final

from notebook_gen.engine.snapshots import RowView
from notebook_gen.views import measures
from notebook_gen.views.arrangement import arrange, own_widths
from notebook_gen.views.chart import chart_of_run
from notebook_gen.views.dag import dag_image, dag_svg, more_below
from notebook_gen.views.folds import folds_html
from notebook_gen.views.gantt_svg import gantt_image, gantt_svg
from notebook_gen.views.head import SIDE_STYLE, bar_html, error_html, head_html, side_html
from notebook_gen.views.history import History
from notebook_gen.views.source import RunSource
from notebook_gen.views.stylesheet import stylesheet
from notebook_gen.views.summary import failure_lines, say_ending, say_no_rows, say_shown, warning_lines
from notebook_gen.views.tables import bounded_table
from notebook_gen.views.text import escape, write_plural
from notebook_gen.views.twofold import twofold

ROWS: Final = 20
"""First rows in a report, at most."""
TABLE_SIZE: Final = 90_000
"""Characters that the rows may take; longer texts are cut, then rows left out."""

MOST_BARS: Final = 3000
"""Bars of the timeline, at most; drawn twice, they take 40 characters each, and some of them words."""

_IMAGE_PIXELS = 400
_RECORD: Final = 17
_LIVE: Final = (".live()", "is the interactive view")
_STILL: Final = (".rows()", "is the table so far")
_FOOT_HEIGHT: Final = 27


def report_html(source: RunSource, *, is_compact: bool = False) -> str:
    """Draw a run as it stands; bounded, self-contained, without a script.

    Args:
        source: the run.
        is_compact: leave out what stands below the graph.
    """
    return _draw_compact(source) if is_compact else _draw(source, _foot(source, _LIVE))


def still_html(source: RunSource) -> str:
    """Draw a run as it stands where there are no widgets, so that nothing of it moves."""
    is_over = source.progress.ended is not None
    return _draw(source, _foot(source, _STILL, "" if is_over else "show it again to see it go on; "))


def _foot(source: RunSource, first: tuple[str, str], before: str = "") -> str:
    """Say what else there is; where a line has no room for all of it, all is read by who points at it."""
    row = max(0, min(_RECORD, source.progress.rows - 1))
    records = [] if source.progress.is_renumbered else [(f".record({row})", "any row")]
    offers = (first, *records, ('.save_html("report.html")', "an interactive file"))
    name = source.name or ""
    begin = before if name else f"{before}the run's "
    title = escape(begin + ", ".join(f"{name}{call} {words}" for call, words in offers))
    said = ", ".join(f"<code>{escape(name + call)}</code> {words}" for call, words in offers)
    return f'<p class="ng-foot" title="{title}">{begin}{said}</p>'


def progress_html(source: RunSource) -> str:
    """Draw how far a run is, and why it failed where it did; takes no longer, however long the run."""
    return _framed(source, [*_state(source), _failures(source)])


def report_text(source: RunSource) -> str:
    """Say in plain lines what the report shows, for pages that show no HTML."""
    return "\n".join(say_ending(source))


def _draw(source: RunSource, foot: str) -> str:
    section, rows = _rows(source)
    folds = folds_html(source, [view.row for view in rows])
    return _framed(
        source,
        [*_state(source), *_timeline(source), *section, folds, foot],
        f"min-height:{measures.view_height(source)}px",
    )


def _draw_compact(source: RunSource) -> str:
    size = f"min-height:{measures.view_height(source, is_compact=True)}px"
    return _framed(source, [*_state(source), _failures(source)], size)


def _failures(source: RunSource) -> str:
    return "".join(f'<p class="ng-note ng-bad">{escape(line)}</p>' for line in failure_lines(source.failures, 3))


def _state(source: RunSource) -> list[str]:
    head = f'<div class="ng-head" style="display:flex;gap:18px;align-items:center">{head_html(source)}</div>'
    return [head, bar_html(source), _top(source), error_html(source), _warnings(source)]


def _warnings(source: RunSource) -> str:
    lines = warning_lines(source.progress, source.as_text) if source.progress.ended is not None else []
    return f'<p class="ng-note ng-warning">{escape("; ".join(lines))}</p>' if lines else ""


def _framed(source: RunSource, parts: Sequence[str], size: str = "") -> str:
    style = f"border-style:solid;border-width:1px;border-radius:10px;padding:6px 14px;{size}"
    label = escape(f"run over {len(source.graph.columns)} columns")
    return (
        f"<style>{stylesheet('record', 'report')}</style>"
        f'<div class="ng-view ng-report mathjax_ignore" role="group" aria-label="{label}" style="{style}">'
        f"{''.join(parts)}</div>"
    )


def _top(source: RunSource) -> str:
    drawn = dag_svg(source.graph, progress=source.progress, max_width=measures.DAG_WIDTH)
    image = dag_image(source.graph, source.progress, measures.DAG_WIDTH)
    more = more_below(source.graph, source.progress, measures.DAG_WIDTH, measures.DAG_HEIGHT)
    room = f"max-height:{measures.DAG_HEIGHT}px"
    style = f"display:flex;flex-wrap:wrap;gap:10px 18px;align-items:center;min-height:{measures.top_height(source)}px"
    return (
        f'<div class="ng-top" style="{style}">'
        f'<div class="ng-scroll ng-dag-pane" style="{room}">{twofold(drawn, image, "DAG")}{more}</div>'
        f'<div class="ng-side" style="{SIDE_STYLE}">{side_html(source, waiting=0)}</div></div>'
    )


def _timeline(source: RunSource) -> list[str]:
    trace = source.trace
    if trace is None or not source.graph.resources:
        return []
    history = History(source.graph)
    history.update(trace, source.read)
    # where not every bar can be drawn, the grid does most of the work
    max_bars = MOST_BARS if len(history) <= MOST_BARS else MOST_BARS // 3
    drawn = gantt_svg(chart_of_run(source, history, pixels=measures.CHART_WIDTH, max_bars=max_bars))
    image = gantt_image(chart_of_run(source, history, pixels=_IMAGE_PIXELS, max_bars=max_bars))
    return [
        _section("Timeline", write_plural(len(history), "task")),
        f'<div class="ng-timeline">{twofold(drawn, image, "timeline")}</div>',
    ]


def _rows(source: RunSource) -> tuple[list[str], Sequence[RowView]]:
    """The first rows as a section, and which those are."""
    rows: Sequence[RowView] = source.first_rows(ROWS)
    columns = arrange(source.graph, own_widths(source.columns, rows))
    table, rows = bounded_table(columns, rows, TABLE_SIZE, nothing=say_no_rows(source))
    # what stands below takes its place where the live view has its tabs
    room = measures.TABS + measures.TABLE - 2 * measures.SECTION - _FOOT_HEIGHT
    # what ended the run and what to know of its rows take a line each
    room -= measures.ROW * ((source.progress.error is not None) + bool(_warnings(source)))
    height = room // measures.ROW * measures.ROW
    # no part of a row is seen in the rest
    size = f"height:{height}px;--ng-seen:{height}px;margin-bottom:{room - height}px"
    seen = height // measures.ROW - 1
    total = source.progress.rows_listed
    more = "to see them" if len(rows) == total else "for more"
    cue = f" · scroll {more}" if len(rows) > seen else ""
    head = _section("Rows", f"{say_shown(rows, total)}{cue}" if rows else "")
    return [head, f'<div class="ng-first-rows ng-scroll" style="{size};overflow:auto">{table}</div>'], rows


def _section(title: str, note: str = "") -> str:
    return f'<div class="ng-section"><b>{title}</b> <span>{escape(note)}</span></div>'
