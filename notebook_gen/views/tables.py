"""Tables of rows as HTML. Whatever stands in a cell is hostile text: see text.py.

A row is one line, so that nothing moves. Whoever opens a long text finds all long texts of its row below it, over the
whole width: static/style.css shows them. Where a page drops the stylesheet, they are in sight from the beginning. What
is short is read whole by who points at it, where its column is narrow.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from notebook_gen.engine.snapshots import CellState, RowView
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.arrangement import (
    FONT_SIZE,
    NUMBER_WIDTH,
    PADDING,
    SHORT_NAME,
    TableColumn,
    css_widths,
    name_parts,
    own_width,
    put_in_sight,
    usual_widths,
)
from notebook_gen.views.palette import column_colors
from notebook_gen.views.stylesheet import stylesheet
from notebook_gen.views.summary import NO_ROWS_YET
from notebook_gen.views.text import (
    CELL_LIMIT,
    Written,
    escape,
    one_line,
    text_width,
    write_plural,
)
from notebook_gen.views.values import Picture, PictureRoom, is_structured, write_cell, write_frame_cell, write_whole

if TYPE_CHECKING:
    import pandas as pd

FULL_LIMIT: Final = 4_000
"""Characters of a long text that a table holds for who opens it."""

PICTURE_ROOM: Final = 24_000
"""Characters that the pictures of a table take, at most; those that have no room are said in words."""

_THUMBNAIL = 22  # pixels: with its edges as high as a line of text has room
_FRAME_PICTURES = 400_000
_MOST_TEXT = 100_000  # characters of all texts that can be opened in a frame's table
_OPENED_ALONE = 12  # long texts of a row; those behind them are opened together. static/style.css knows as many
_FULL_LIMITS: Final = (FULL_LIMIT, 1_500, 600, 240)  # of which a table with little room takes the first that fits
_LINE = 120  # characters of a text that is shown whole, about
_PARAGRAPH, _PAGE = 3, 8  # lines: what is longer needs more room in a report; static/report.css has how much
_SHOWN_WHOLE = 3  # characters that the narrowest column shows
_GONE = ' class="ng-gone"'
_REASON_LIMIT = 300
_STATE_TITLES: Final[Mapping[CellState, str]] = {
    "waiting": "waits for what it reads",
    "ready": "all that it reads is there: it waits for a free slot, or takes its turn",
    "in flight": "it is being made now",
    "deferred": "an attempt failed, and another one follows in a while",
    "skipped": "nobody makes it: skip_if says so, or what it reads was skipped; its record says which",
    "failed": "it could not be made; its record and Failures say why",
    "dropped": "its row was given up",
}
_ONE_LINE: Final = "overflow:hidden;text-align:left;text-overflow:ellipsis;white-space:nowrap;list-style:none"
"""Of a long text, also where there is no stylesheet."""
_LEFT_EMPTY: Final = "an earlier run left it empty: it was skipped, it failed, or nothing was made"


def rows_table(
    columns: Sequence[TableColumn],
    rows: Sequence[RowView],
    *,
    limit: int = CELL_LIMIT,
    full_limit: int = FULL_LIMIT,
    picture_room: int | None = None,
    nothing: str = NO_ROWS_YET,
) -> str:
    """Draw rows as they stand, a line each; what is not there says why.

    Args:
        columns: from left to right.
        rows: in the order to show them.
        limit: characters of a value to show.
        full_limit: characters of a long text that can be opened; 0: none can.
        picture_room: characters that pictures may take; None: `PICTURE_ROOM`, or nothing where no text can be opened.
        nothing: what to say without rows; see `say_no_rows`.
    """
    if not rows:
        return f'<p class="ng-empty">{escape(nothing)}</p>'
    folds = _Folds(columns, full_limit)
    pictures = PictureRoom(picture_room if picture_room is not None else PICTURE_ROOM if full_limit else 0)
    lines = (
        (
            _number(row),
            f'{_GONE if row.dropped else ""} data-row="{row.row}"',
            [_row_cell(row, column.place, limit, pictures) for column in columns],
        )
        for row in rows
    )
    return _table(columns, (line for label, mark, cells in lines for line in folds.draw(label, mark, cells)))


def bounded_table(
    columns: Sequence[TableColumn], rows: Sequence[RowView], size: int, *, nothing: str
) -> tuple[str, Sequence[RowView]]:
    """Draw rows as `rows_table` does; where there is little room, less of their long texts, then fewer rows.

    Args:
        columns: from left to right.
        rows: in the order to show them.
        nothing: what to say without rows.
        size: characters of the table; of a single row that takes more, no text can be opened.

    Returns:
        The table, and the rows that it shows.
    """
    for limit in _FULL_LIMITS:
        table = rows_table(columns, rows, full_limit=limit, nothing=nothing)
        if len(table) <= size:
            return table, rows
    while len(table) > size and len(rows) > 1:
        rows = rows[: len(rows) // 2]
        table = rows_table(columns, rows, full_limit=_FULL_LIMITS[-1])
    return (table if len(table) <= size else rows_table(columns, rows, full_limit=0)), rows


def frame_table(
    frame: "pd.DataFrame",
    *,
    graph: ExecutionGraph | None = None,
    total: int | None = None,
    note: str = "",
    rows: int = 10,
    limit: int = CELL_LIMIT,
) -> str:
    """Draw the first rows of a DataFrame as HTML that needs nothing else; missing values are marked.

    Args:
        frame: the data, or its first rows.
        graph: what made it; None: no dots, and the columns in their own order however little room there is.
        total: how many rows there are, if `frame` holds the first of them only.
        note: a sentence to set below.
        rows: rows to show, at most.
        limit: characters of a value to show.
    """
    head = frame.head(rows)
    count = len(frame) if total is None else total
    names = [str(name) for name in frame.columns]
    values = [list(head.iloc[:, at]) for at in range(len(names))]
    pictures = PictureRoom(_FRAME_PICTURES)
    written = [
        [_Cell(write_frame_cell(value, limit), value, picture=pictures.take(value)) for value in column]
        for column in values
    ]
    colors = {} if graph is None else column_colors(graph)
    columns = [
        TableColumn(name, place, colors.get(name), _own_width(name, cells))
        for place, (name, cells) in enumerate(zip(names, written, strict=True))
    ]
    if graph is not None:
        columns = put_in_sight(columns, graph)
    written = [written[column.place] for column in columns]
    long_texts = len(head) * sum(column.width is None for column in columns)
    folds = _Folds(columns, min(FULL_LIMIT, _MOST_TEXT // max(1, long_texts)))
    labels = [escape(one_line(str(label), 20)) for label in head.index]
    body = (
        line
        for label, row in zip(labels, zip(*written, strict=True), strict=bool(written))
        for line in folds.draw(label, "", row)
    )
    shown = f" · the first {len(head)}" if len(head) < count else ""
    shape = f"{count:,} {'row' if count == 1 else 'rows'} × {write_plural(len(names), 'column')}{shown}"
    table = _table(columns, body) if len(head) else _no_rows(names)
    below = f'<p class="ng-note">{escape(shape)}</p>'
    if note:
        below += f'<p class="ng-note ng-warning">{escape(one_line(note, 400))}</p>'
    # JupyterLab would set what looks like TeX, and a link in TeX is a link
    view = f'<div class="ng-view mathjax_ignore"><div class="ng-table-pane">{table}</div>{below}</div>'
    return f"<style>{stylesheet()}</style>{view}"


def hint_html(sentence: str) -> str:
    """Draw a sentence where there would be a table; HTML that needs nothing else."""
    return f'<p style="margin:0;opacity:.75">{escape(sentence)}</p>'


class _Cell(NamedTuple):
    """A cell of a table: what stands in it.

    Attributes:
        written: its text.
        value: what was written; None if it is of no use to who opens it.
        css_class: what sets it apart, beside what `written` says.
        title: more words about it, for who points at it.
        picture: it, if the value is one.
    """

    written: Written
    value: Any = None
    css_class: str = ""
    picture: Picture | None = None
    title: str = ""


class _Folds:
    """Draws the lines of a table, and behind each line with long texts another one that shows whole what is open.

    Args:
        columns: from left to right.
        full_limit: characters of a text to show whole, at most; 0: no text is.
    """

    def __init__(self, columns: Sequence[TableColumn], full_limit: int) -> None:
        self._columns = columns
        widths = zip(columns, usual_widths(columns), strict=True)
        self._rooms = [max(width, column.width or 0) - PADDING for column, width in widths]
        self._full_limit = full_limit

    def draw(self, label: str, mark: str, cells: Sequence[_Cell]) -> Iterator[str]:
        """Draw a row: a line, or two of them.

        Args:
            label: its number or name, as HTML.
            mark: an attribute of the line.
            cells: one a column.
        """
        drawn = texts = ""
        place = 0
        for column, cell, room in zip(self._columns, cells, self._rooms, strict=True):
            if not self._is_long(cell, room):
                drawn += _draw_cell(cell)
                continue
            whole, name = write_whole(cell.value, self._full_limit), f"ng-text{min(place, _OPENED_ALONE)}"
            drawn += _draw_fold(cell, name + _size_of(whole))
            texts += f'<div class="ng-full {name}{_mono(cell)}"><b>{_name(column)}</b>{escape(whole)}</div>'
            place += 1
        yield f'<tr{mark}><td class="ng-number">{label}</td>{drawn}</tr>'
        if texts:
            yield f'<tr class="ng-whole" style="display:none"><td colspan="{len(cells) + 1}">{texts}</td></tr>'

    def _is_long(self, cell: _Cell, room: float) -> bool:
        """Whether there is more of a text than its column shows where it has the room that it should have."""
        written, value = cell.written, cell.value
        if not self._full_limit or not written.is_literal or not (isinstance(value, str) or is_structured(value)):
            return False
        return written.is_cut or text_width(written.text, FONT_SIZE) > room


def _number(row: RowView) -> str:
    """A row's number; of one that was dropped, behind a mark that says why."""
    if not row.dropped:
        return str(row.row)
    why = escape(one_line(f"dropped: {row.reason or 'its record says why'}", _REASON_LIMIT))
    return f'<span class="ng-drop" title="{why}"><span class="ng-bad">×</span>{row.row}</span>'


def _row_cell(row: RowView, place: int, limit: int, pictures: PictureRoom) -> _Cell:
    value = row.values[place]
    match row.states[place]:
        case "done" if place in row.taken:
            return _Cell(Written("–"), css_class="ng-pending", title=one_line(row.taken[place], 200))
        case "done" if place in row.left_empty:
            return _Cell(Written("empty"), css_class="ng-pending", title=_LEFT_EMPTY)
        case "done":
            return _Cell(write_cell(value, limit), value, picture=pictures.take(value))
        case "skipped" if value is not None:
            return _Cell(write_cell(value, limit), value, picture=pictures.take(value))
        case "failed":
            return _Cell(Written("failed"), css_class="ng-failed", title=_STATE_TITLES["failed"])
        case "dropped":
            return _Cell(Written("–"), css_class="ng-pending", title=_STATE_TITLES["dropped"])
        case state:
            return _Cell(Written(state), css_class="ng-pending", title=_STATE_TITLES[state])


def _draw_fold(cell: _Cell, css_class: str) -> str:
    summary = f'<summary style="{_ONE_LINE}">{escape(cell.written.text)}</summary>'
    return f'<td><details class="{css_class}">{summary}</details></td>'


def _size_of(text: str) -> str:
    """A class that tells how much room a text needs."""
    lines = sum(len(line) // _LINE + 1 for line in text.splitlines())
    return " ng-as-page" if lines > _PAGE else " ng-as-paragraph" if lines > _PARAGRAPH else ""


def _mono(cell: _Cell) -> str:
    return " ng-mono" if is_structured(cell.value) else ""


def _draw_cell(cell: _Cell) -> str:
    if cell.picture is not None and cell.picture.coded:
        return f'<td class="ng-pictured">{cell.picture.html("ng-thumbnail", height=_THUMBNAIL)}</td>'
    text = cell.written.text
    css_class = cell.css_class or ("" if cell.written.is_literal else "ng-described")
    marks = f' class="{css_class}"' if css_class else ""
    if title := cell.title or (text if len(text) > _SHOWN_WHOLE else ""):
        marks += f' title="{escape(title)}"'
    return f"<td{marks}>{escape(text)}</td>"


def _table(columns: Sequence[TableColumn], body: Iterable[str]) -> str:
    widths = "".join(map(_col, css_widths(columns)))
    head = "".join(map(_head_cell, columns))
    return (
        f'<div class="ng-scroll"><table class="ng-table" style="width:100%;table-layout:fixed">'
        f"<colgroup>{_col(f'{NUMBER_WIDTH}px')}{widths}</colgroup>"
        f'<thead><tr><th class="ng-number">#</th>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
    )


def _col(width: str) -> str:
    return f'<col style="width:{width}">'


def _head_cell(column: TableColumn) -> str:
    maker = f' data-maker="{column.node}"' if column.node is not None else ""
    side = ' style="text-align:left"' if column.width is None else ""  # as what stands below
    name = "ng-name ng-short" if len(column.name) <= SHORT_NAME else "ng-name"
    return f'<th title="{escape(one_line(column.name))}"{maker}{side}><span class="{name}">{_name(column)}</span></th>'


def _name(column: TableColumn) -> str:
    """A column's dot and name."""
    dot = f'<i class="ng-dot ng-c{column.color}"></i>' if column.color is not None else ""
    return dot + ("<wbr>".join(map(escape, name_parts(column.name))) or '<span class="ng-described">no name</span>')


def _own_width(name: str, cells: Sequence[_Cell]) -> int | None:
    return own_width(name, [cell.written.text for cell in cells]) if cells else None


def _no_rows(names: Sequence[str]) -> str:
    columns = escape(one_line(", ".join(names[:40]), 400)) or "no columns"
    return f'<p class="ng-empty">No rows. The columns: {columns}</p>'
