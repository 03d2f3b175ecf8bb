"""Tables of rows and failures as HTML. Whatever stands in a cell is hostile text: see text.py.

Live tables are drawn again and again: a row is one line, so that nothing moves, and columns keep their widths.
Static ones, which nobody redraws, let the reader open long texts.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from notebook_gen.config.columns import Column, Expression, Float, Integer
from notebook_gen.engine.snapshots import CellState, RowView
from notebook_gen.observers.failures import Failure, Failures
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.palette import stylesheet
from notebook_gen.views.text import (
    CELL_LIMIT,
    Written,
    escape,
    one_line,
    several_lines,
    write_count,
    write_plural,
    write_value,
)

if TYPE_CHECKING:
    import pandas as pd

Colors = Mapping[str, int | None]
"""Column name to colour, as `palette.column_colors` gives it."""

FULL_LIMIT: Final = 4_000
"""Characters of a long text that a static table holds."""


def rows_table(
    columns: Sequence[str],
    rows: Sequence[RowView],
    *,
    colors: Colors,
    narrow: Collection[str] = (),
    limit: int = CELL_LIMIT,
    is_static: bool = False,
) -> str:
    """Draw rows as they stand; what is not there says why.

    Args:
        columns: the names, in the order of the rows' values.
        rows: in the order to show them.
        colors: each column's colour; none has no dot.
        narrow: columns that need little room, as `narrow_columns` gives them.
        limit: characters of a value to show.
        is_static: let the reader open texts that were cut.
    """
    if not rows:
        return '<p class="ng-empty">No rows yet. The newest will stand here as they are made.</p>'
    body = (
        f'<tr class="{"ng-gone" if row.dropped else "ng-row"}"><td class="ng-number">{row.row}</td>'
        f"{''.join(_row_cells(row, limit, is_static=is_static))}</tr>"
        for row in rows
    )
    return _table(columns, body, colors=colors, narrow=narrow)


def narrow_columns(graph: ExecutionGraph) -> frozenset[str]:
    """Give the columns whose values are short by what makes them: numbers and booleans."""
    return frozenset(
        name
        for name, index in graph.columns.items()
        if len(name) <= _NARROW_LIMIT and _is_short(graph.nodes[index].spec)
    )


def frame_table(
    frame: "pd.DataFrame",
    *,
    colors: Colors | None = None,
    total: int | None = None,
    note: str = "",
    rows: int = 10,
    limit: int = CELL_LIMIT,
) -> str:
    """Draw the first rows of a DataFrame as HTML that needs nothing else; missing values are marked.

    Args:
        frame: the data, or its first rows.
        colors: each column's colour; None: no dots.
        total: how many rows there are, if `frame` holds the first of them only.
        note: a sentence to set below.
        rows: rows to show, at most.
        limit: characters of a value to show.
    """
    head = frame.head(rows)
    count = len(frame) if total is None else total
    names = [str(name) for name in frame.columns]
    values = [list(head.iloc[:, at]) for at in range(len(names))]
    written = [[_write_missing(write_value(value, limit)) for value in column] for column in values]
    cells = [list(map(_value_cell, column, full)) for column, full in zip(written, values, strict=True)]
    body = (
        f'<tr><td class="ng-number">{escape(one_line(str(label), 20))}</td>{"".join(row)}</tr>'
        for label, row in zip(head.index, zip(*cells, strict=True), strict=bool(cells))
    )
    narrow = [
        name
        for name, column in zip(names, written, strict=True)
        if max(len(name), *(len(cell.text) for cell in column), 0) <= _NARROW_LIMIT
    ]
    shown = f" · the first {len(head)}" if len(head) < count else ""
    shape = f"{count:,} {'row' if count == 1 else 'rows'} × {write_plural(len(names), 'column')}{shown}"
    table = _table(names, body, colors=colors or {}, narrow=narrow) if len(head) else _no_rows(names)
    below = f'<p class="ng-note">{escape(shape)}</p>'
    if note:
        below += f'<p class="ng-note ng-warning">{escape(one_line(note, 400))}</p>'
    return f'<style>{stylesheet()}</style><div class="ng-view"><div class="ng-table-pane">{table}</div>{below}</div>'


def failures_table(failures: Failures, *, kinds: int = 50, limit: int = 300) -> str:
    """Draw why rows were dropped, grouped by column and error, the most frequent first.

    Args:
        failures: all of them.
        kinds: different ones to show, at most.
        limit: characters of an error, and of its advice, to show.
    """
    groups = failures.most_common()
    if not groups:
        return (
            '<p class="ng-empty">No failures. A row that cannot be made is dropped, and stands here with its reason '
            "and what to do.</p>"
        )
    head = "<th>rows</th><th>column</th><th>what happened</th><th>example</th><th>what to do</th>"
    body = "".join(_failure_row(example, count, limit) for example, count in groups[:kinds])
    more = f'<p class="ng-note">and {len(groups) - kinds} more kinds of failure</p>' if len(groups) > kinds else ""
    widths = '<col style="width:56px"><col style="width:16%"><col><col style="width:92px"><col style="width:30%">'
    return (
        f'<div class="ng-scroll"><table class="ng-table"><colgroup>{widths}</colgroup>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}"
    )


_COLUMN_WIDTH = 96  # pixels below which a column is not squeezed; the table scrolls
_NARROW_WIDTH = 84
_NARROW_LIMIT = 9  # characters that it holds
_READABLE = 40  # characters of a text that a reader need not unfold
_NUMBER_WIDTH = 48
_STATE_WORDS: Final[dict[CellState, str]] = {"dropped": "–"}


def _table(columns: Sequence[str], body: Iterable[str], *, colors: Colors, narrow: Collection[str]) -> str:
    widths = [_NARROW_WIDTH if name in narrow else _COLUMN_WIDTH for name in columns]
    columns_html = "".join(f'<col style="width:{_NARROW_WIDTH}px">' if name in narrow else "<col>" for name in columns)
    head = "".join(_head_cell(name, colors.get(name)) for name in columns)
    return (
        f'<div class="ng-scroll"><table class="ng-table" style="min-width:{_NUMBER_WIDTH + sum(widths)}px">'
        f'<colgroup><col style="width:{_NUMBER_WIDTH}px">{columns_html}</colgroup>'
        f'<thead><tr><th class="ng-number">#</th>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
    )


def _head_cell(name: str, color: int | None) -> str:
    dot = f'<i class="ng-dot ng-c{color}"></i>' if color is not None else ""
    shown = escape(one_line(name, 80)) or '<span class="ng-described">no name</span>'
    return f'<th title="{escape(one_line(name))}">{dot}{shown}</th>'


def _row_cells(row: RowView, limit: int, *, is_static: bool) -> Iterator[str]:
    for state, value in zip(row.states, row.values, strict=True):
        match state:
            case "done":
                yield _value_cell(write_value(value, limit), value if is_static else None)
            case "failed":
                yield '<td class="ng-failed">failed</td>'
            case _:
                yield f'<td class="ng-pending">{_STATE_WORDS.get(state, state)}</td>'


def _write_missing(written: Written) -> Written:
    """NaN as NA: pandas says NaN for what is missing in a column of floats or texts."""
    return written._replace(text="NA") if written.text == "NaN" and not written.is_literal else written


def _value_cell(written: Written, full: Any) -> str:
    """A cell; `full` is the text to unfold if it was cut, anything else if there is none."""
    text = escape(written.text)
    if not written.is_literal:
        return f'<td class="ng-described">{text}</td>'
    if isinstance(full, str) and (written.is_cut or len(full) > _READABLE):
        whole = escape(several_lines(full, FULL_LIMIT))
        return f'<td><details><summary>{text}</summary><div class="ng-full">{whole}</div></details></td>'
    title = f' title="{text}"' if len(written.text) > 16 else ""
    return f"<td{title}>{text}</td>"


def _failure_row(example: Failure, count: int, limit: int) -> str:
    attempt = f", attempt {example.attempt}" if example.attempt > 1 else ""
    return (
        f'<tr><td class="ng-wraps"><b>{write_count(count)}</b></td>'
        f'<td class="ng-wraps">{escape(one_line(example.column, 80))}</td>'
        f'<td class="ng-wraps"><span class="ng-bad">{escape(example.kind)}</span> · '
        f"{escape(one_line(example.error, limit))}</td>"
        f'<td class="ng-wraps">row {example.row}{attempt}</td>'
        f'<td class="ng-wraps ng-advice">{escape(one_line(example.advice, limit)) or "–"}</td></tr>'
    )


def _is_short(spec: Column) -> bool:
    return isinstance(spec, Integer | Float) or (
        isinstance(spec, Expression) and spec.dtype in ("int", "float", "bool")
    )


def _no_rows(names: Sequence[str]) -> str:
    columns = escape(one_line(", ".join(names[:40]), 400)) or "no columns"
    return f'<p class="ng-empty">No rows. The columns: {columns}</p>'
