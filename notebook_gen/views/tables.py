"""Tables of rows and failures as HTML. Whatever stands in a cell is hostile text: see text.py.

Live tables are drawn again and again: a row is one line, so that nothing moves, and columns keep their widths.
Static ones, which nobody redraws, let the reader open long texts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from notebook_gen.engine.snapshots import RowView
from notebook_gen.observers.failures import Failure, Failures
from notebook_gen.views.arrangement import NUMBER_WIDTH, SHORT_TEXT, SHORT_WIDTH, TableColumn, least_width
from notebook_gen.views.stylesheet import stylesheet
from notebook_gen.views.summary import PROCESSOR
from notebook_gen.views.text import (
    CELL_LIMIT,
    Written,
    escape,
    one_line,
    several_lines,
    write_count,
    write_frame_value,
    write_plural,
    write_value,
)

if TYPE_CHECKING:
    import pandas as pd

FULL_LIMIT: Final = 4_000
"""Characters of a long text that a static table holds."""

_READABLE = 40  # characters of a text that a reader need not unfold
_SHOWN_WHOLE = 9  # characters that the narrowest column shows
_GONE = ' class="ng-gone"'


def rows_table(columns: Sequence[TableColumn], rows: Sequence[RowView], *, limit: int = CELL_LIMIT) -> str:
    """Draw rows as they stand, a line each; what is not there says why.

    Args:
        columns: from left to right.
        rows: in the order to show them.
        limit: characters of a value to show.
    """
    return _rows_table(columns, rows, lambda value: _value_cell(write_value(value, limit)))


def static_rows_table(columns: Sequence[TableColumn], rows: Sequence[RowView], *, limit: int = CELL_LIMIT) -> str:
    """Draw rows as `rows_table` does, for a reader who may open texts that were cut."""
    return _rows_table(columns, rows, lambda value: _folded_cell(write_value(value, limit), value))


def frame_table(
    frame: "pd.DataFrame",
    *,
    colors: Mapping[str, int | None] | None = None,
    total: int | None = None,
    note: str = "",
    rows: int = 10,
    limit: int = CELL_LIMIT,
) -> str:
    """Draw the first rows of a DataFrame as HTML that needs nothing else; missing values are marked.

    Args:
        frame: the data, or its first rows.
        colors: each column's colour, as `palette.column_colors` gives it; None: no dots.
        total: how many rows there are, if `frame` holds the first of them only.
        note: a sentence to set below.
        rows: rows to show, at most.
        limit: characters of a value to show.
    """
    head = frame.head(rows)
    count = len(frame) if total is None else total
    names = [str(name) for name in frame.columns]
    values = [list(head.iloc[:, at]) for at in range(len(names))]
    written = [[write_frame_value(value, limit) for value in column] for column in values]
    cells = [list(map(_folded_cell, column, full)) for column, full in zip(written, values, strict=True)]
    body = (
        f'<tr><td class="ng-number">{escape(one_line(str(label), 20))}</td>{"".join(row)}</tr>'
        for label, row in zip(head.index, zip(*cells, strict=True), strict=bool(cells))
    )
    columns = [
        TableColumn(name, place, (colors or {}).get(name), SHORT_WIDTH if _is_short(name, column) else None)
        for place, (name, column) in enumerate(zip(names, written, strict=True))
    ]
    shown = f" · the first {len(head)}" if len(head) < count else ""
    shape = f"{count:,} {'row' if count == 1 else 'rows'} × {write_plural(len(names), 'column')}{shown}"
    table = _table(columns, body) if len(head) else _no_rows(names)
    below = f'<p class="ng-note">{escape(shape)}</p>'
    if note:
        below += f'<p class="ng-note ng-warning">{escape(one_line(note, 400))}</p>'
    return f'<style>{stylesheet()}</style><div class="ng-view"><div class="ng-table-pane">{table}</div>{below}</div>'


def failures_table(failures: Failures, *, kinds: int = 50, limit: int = 300) -> str:
    """Draw why rows were dropped or cells are empty, grouped by column and error, the most frequent first.

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


def _rows_table(columns: Sequence[TableColumn], rows: Sequence[RowView], draw: Callable[[Any], str]) -> str:
    if not rows:
        return '<p class="ng-empty">No rows yet. The newest will stand here as they are made.</p>'
    body = (
        f'<tr{_GONE if row.dropped else ""}><td class="ng-number">{row.row}</td>'
        f"{''.join(_row_cell(row, column.place, draw) for column in columns)}</tr>"
        for row in rows
    )
    return _table(columns, body)


def _row_cell(row: RowView, place: int, draw: Callable[[Any], str]) -> str:
    match row.states[place]:
        case "done":
            return draw(row.values[place])
        case "failed":
            return '<td class="ng-failed">failed</td>'
        case "dropped":
            return '<td class="ng-pending">–</td>'
        case "skipped" if row.values[place] is not None:
            return draw(row.values[place])
        case state:
            return f'<td class="ng-pending">{state}</td>'


def _table(columns: Sequence[TableColumn], body: Iterable[str]) -> str:
    widths = "".join("<col>" if column.width is None else _col(column.width) for column in columns)
    head = "".join(map(_head_cell, columns))
    return (
        f'<div class="ng-scroll"><table class="ng-table" style="min-width:{least_width(columns)}px">'
        f"<colgroup>{_col(NUMBER_WIDTH)}{widths}</colgroup>"
        f'<thead><tr><th class="ng-number">#</th>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
    )


def _col(width: int) -> str:
    return f'<col style="width:{width}px">'


def _head_cell(column: TableColumn) -> str:
    dot = f'<i class="ng-dot ng-c{column.color}"></i>' if column.color is not None else ""
    shown = escape(one_line(column.name, 80)) or '<span class="ng-described">no name</span>'
    return f'<th title="{escape(one_line(column.name))}">{dot}{shown}</th>'


def _folded_cell(written: Written, value: Any) -> str:
    """A cell that is opened to read all of a long text."""
    if not written.is_literal or not isinstance(value, str) or (len(value) <= _READABLE and not written.is_cut):
        return _value_cell(written)
    whole = escape(several_lines(value, FULL_LIMIT))
    return f'<td><details><summary>{escape(written.text)}</summary><div class="ng-full">{whole}</div></details></td>'


def _value_cell(written: Written) -> str:
    text = escape(written.text)
    if not written.is_literal:
        return f'<td class="ng-described">{text}</td>'
    title = f' title="{text}"' if len(written.text) > _SHOWN_WHOLE else ""
    return f"<td{title}>{text}</td>"


def _is_short(name: str, cells: Sequence[Written]) -> bool:
    return max(len(name), *(len(cell.text) for cell in cells), 0) <= SHORT_TEXT


def _failure_row(example: Failure, count: int, limit: int) -> str:
    attempt = f", attempt {example.attempt}" if example.attempt > 1 else ""
    empty = "" if example.dropped else ", left empty"
    return (
        f'<tr><td class="ng-wraps"><b>{write_count(count)}</b></td>'
        f'<td class="ng-wraps">{escape(one_line(example.column or PROCESSOR, 80))}</td>'
        f'<td class="ng-wraps"><span class="ng-bad">{escape(example.kind)}</span> · '
        f"{escape(one_line(example.error, limit))}</td>"
        f'<td class="ng-wraps">row {example.row}{attempt}{empty}</td>'
        f'<td class="ng-wraps ng-advice">{escape(one_line(example.advice, limit)) or "–"}</td></tr>'
    )


def _no_rows(names: Sequence[str]) -> str:
    columns = escape(one_line(", ".join(names[:40]), 400)) or "no columns"
    return f'<p class="ng-empty">No rows. The columns: {columns}</p>'
