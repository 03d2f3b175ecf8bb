"""A record as HTML: one row, column by column, with what was said to models. Whatever stands in it is hostile text.

The same drawing is the inspector of a live view, where its size is bounded, and what a notebook shows of
`run.record(17)`. Layout that matters is also written into the elements: a notebook that is not trusted has no style.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from notebook_gen.observers.records import Attempt, CellRecord, RowRecord
from notebook_gen.plan.values import Exchange
from notebook_gen.views.palette import column_colors
from notebook_gen.views.record_text import AS_IT_STANDS, CUT_OFF
from notebook_gen.views.specs import describe
from notebook_gen.views.stylesheet import stylesheet
from notebook_gen.views.text import escape, one_line, several_lines, write_plural, write_seconds
from notebook_gen.views.values import Picture, PictureRoom, is_structured, write_cell, write_whole

FULL_TEXT: Final = 8_000
"""Characters of a text that a record shows."""
INSPECTOR_SIZE: Final = 60_000
"""Bytes of HTML that the inspector of a live view is sent, at most."""
PAGE_SIZE: Final = 600_000
"""Bytes of HTML that a notebook keeps of a record, at most."""

_PICTURE_SHARE = 2  # characters of pictures that come to one of text
_PICTURE_HEIGHT = 260
_LEAST_TEXT = 120
_STATE_CLASSES: Final[Mapping[str, str]] = {"done": "finished", "in progress": "running", "dropped": "failed"}
_CELL = "display:grid;grid-template-columns:180px minmax(0,1fr);gap:4px 18px"
_TEXT = "white-space:pre-wrap;overflow-wrap:anywhere"


def record_page(record: RowRecord) -> str:
    """Draw a record as HTML that needs nothing else."""
    style = f"<style>{stylesheet('record')}</style>"
    return f'{style}<div class="ng-view ng-record mathjax_ignore">{record_html(record, size=PAGE_SIZE)}</div>'


def record_html(record: RowRecord, *, size: int = INSPECTOR_SIZE) -> str:
    """Draw a record.

    Args:
        record: what to draw.
        size: bytes of the cells' HTML, at most; texts are cut shorter until it fits, then columns are left out.
            Pictures may take twice as much beside.
    """
    limit = FULL_TEXT
    pictures = _pictures(record, _PICTURE_SHARE * size)
    size += sum(len(picture.coded) for picture in pictures.values())
    cells = _cells(record, limit, pictures)
    while sum(map(_bytes, cells)) > size and limit > _LEAST_TEXT:
        limit //= 2
        cells = _cells(record, limit, pictures)
    shown, length = 0, 0
    for cell in cells:
        length += _bytes(cell)
        if length > size:
            break
        shown += 1
    left_out = len(cells) - shown
    rest = f"and {write_plural(left_out, 'more column')}: see the run's record({record.row})"
    more = f'<p class="ng-note">{rest}</p>'
    return f"{_head(record)}{''.join(cells[:shown])}{more if left_out else ''}"


def missing_html(error: IndexError) -> str:
    """Say why there is no record."""
    return f'<p class="ng-empty">{escape(one_line(str(error), 300))}</p>'


def _bytes(html: str) -> int:
    return len(html.encode())


def _head(record: RowRecord) -> str:
    state = _STATE_CLASSES.get(record.state, "cancelled")
    reason = f'<p class="ng-note ng-bad">{escape(one_line(record.reason, 600))}</p>' if record.reason else ""
    facts = [f"row group {record.row_group}"]
    attempts = [attempt for node in _attempts_by_node(record).values() for attempt in node]
    if attempts:
        facts.append(f"{write_seconds(sum(attempt.seconds or 0.0 for attempt in attempts))} in flight")
    tokens_in = sum(attempt.tokens_in for attempt in attempts)
    tokens_out = sum(attempt.tokens_out for attempt in attempts)
    if tokens_in or tokens_out:
        facts.append(f"{tokens_in:,} tokens in, {tokens_out:,} out")
    return (
        f'<div class="ng-record-head" style="display:flex;gap:14px;align-items:center">'
        f'<div class="ng-state ng-{state}"><i></i><b>row {record.row}</b></div>'
        f'<span>{escape(record.state)}</span><span class="ng-soft">{escape(" · ".join(facts))}</span></div>{reason}'
    )


def _attempts_by_node(record: RowRecord) -> Mapping[int, Sequence[Attempt]]:
    return {cell.node.index: cell.attempts for cell in record.cells}


def _pictures(record: RowRecord, room: int) -> dict[str, Picture]:
    """The pictures among a record's values, by column."""
    left = PictureRoom(room, each=room)
    found = ((cell.column, left.take(cell.value)) for cell in record.cells)
    return {column: picture for column, picture in found if picture is not None}


def _cells(record: RowRecord, limit: int, pictures: Mapping[str, Picture]) -> list[str]:
    """One piece of HTML a column; what was said for columns that are made together stands with the first of them."""
    colors = column_colors(record.graph)
    drawn: set[int] = set()
    cells = []
    for cell in record.cells:
        is_first = cell.node.index not in drawn
        drawn.add(cell.node.index)
        shown = _value(cell, limit, pictures.get(cell.column))
        cells.append(_cell(cell, colors[cell.column], shown, limit, is_first=is_first))
    return cells


def _cell(cell: CellRecord, color: int | None, value: str, limit: int, *, is_first: bool) -> str:
    dot = f'<i class="ng-dot ng-c{color}"></i>' if color is not None else ""
    name = escape(one_line(cell.column, 80)) or '<span class="ng-described">no name</span>'
    made_by = one_line(describe(cell.node) if is_first else f"with {cell.node.name}", 60)
    # what is made in place needs no words: it is read in passing
    notes = [made_by, *(_figures(cell) if is_first else ())] if cell.node.resource is not None else []
    said = _said(cell, limit) if is_first else ""
    return (
        f'<div class="ng-cell" data-made-by="{cell.node.index}" style="{_CELL}">'
        f'<div class="ng-cell-name" title="{escape(made_by)}"><b>{dot}{name}</b>'
        f"{''.join(f'<div>{escape(note)}</div>' for note in notes)}</div>"
        f'<div class="ng-cell-body">{value}{said}</div></div>'
    )


def _figures(cell: CellRecord) -> list[str]:
    figures = []
    seconds = [attempt.seconds for attempt in cell.attempts if attempt.seconds is not None]
    if seconds:
        waited = cell.attempts[0].started - cell.attempts[0].ready
        figures.append(f"{write_seconds(sum(seconds))} in flight, waited {write_seconds(max(0.0, waited))}")
    if cell.tokens_in or cell.tokens_out:
        figures.append(f"{cell.tokens_in:,} tokens in, {cell.tokens_out:,} out")
    return figures


def _value(cell: CellRecord, limit: int, picture: Picture | None) -> str:
    """What a cell holds, or why it holds nothing."""
    reason = f": {escape(one_line(cell.reason, 600))}" if cell.reason else ""
    match cell.state:
        case "done" if cell.is_taken:
            return f'<div class="ng-value ng-described">{escape(one_line(cell.reason, 600))}</div>'
        case "done":
            said = f'<div class="ng-value ng-described">{escape(cell.reason)}</div>' if cell.reason else ""
            return _written(cell.value, limit, picture) + said
        case "failed":
            return f'<div class="ng-value ng-bad">failed{reason}</div>'
        case "skipped":
            value = _written(cell.value, limit, picture) if cell.value is not None else ""
            return f'{value}<div class="ng-value ng-described">skipped{reason}</div>'
        case state:
            return f'<div class="ng-value ng-described">{escape(state)}{reason}</div>'


def _written(value: Any, limit: int, picture: Picture | None) -> str:
    if picture is not None:
        return _pictured(picture)
    if isinstance(value, str) and value.strip():
        return f'<div class="ng-value" style="{_TEXT}">{escape(several_lines(value, limit))}</div>'
    if is_structured(value):
        return f'<div class="ng-value ng-mono" style="{_TEXT}">{escape(write_whole(value, limit))}</div>'
    written = write_cell(value, limit)
    described = "" if written.is_literal else " ng-described"
    return f'<div class="ng-value{described}">{escape(written.text)}</div>'


def _pictured(picture: Picture) -> str:
    """A picture over what it is, or the words alone where it is too large."""
    if not picture.coded:
        return f'<div class="ng-value ng-described">{escape(picture.words)}: too large to be shown here</div>'
    drawn = picture.html("ng-image", height=_PICTURE_HEIGHT)
    return (
        f'<div class="ng-pictured">{drawn}<div class="ng-described">{escape(picture.kind)} {picture.words}</div></div>'
    )


def _said(cell: CellRecord, limit: int) -> str:
    """What was said to the model last, then the attempts: one in a line, several in a table."""
    parts = []
    exchange = cell.exchange
    if exchange is not None:
        parts.append(_conversation(cell, exchange, limit))
    elif cell.node.model is not None and any(attempt.state == "done" for attempt in cell.attempts):
        parts.append('<p class="ng-forgotten">What was said to the model is not kept any more.</p>')
    # the only attempt of a cell that failed has nothing to add to what the cell says but its times
    if len(cell.attempts) > 1 or (cell.state != "failed" and any(attempt.error for attempt in cell.attempts)):
        parts.append(_attempts(cell, limit))
    elif cell.attempts and (exchange is not None or cell.state == "failed"):
        parts.append(_only_attempt(cell.attempts[0]))
    return "".join(parts)


def _conversation(cell: CellRecord, exchange: Exchange, limit: int) -> str:
    messages = "".join(_message(role, text, limit) for role, text in exchange.messages)
    answer = exchange.answer
    if answer is not None and isinstance(cell.value, str) and answer.strip() == cell.value:
        messages += _labelled("raw answer", f'<span class="ng-described">{AS_IT_STANDS}</span>')
    elif answer is not None:
        messages += _message("raw answer", answer, limit)
    asked = exchange.model or cell.node.model or ""
    parameters = ", ".join(
        f"{one_line(name, 40)} {write_cell(value, 120).text}"
        for name, value in list(exchange.parameters.items())[:20]
        if name != "model"
    )
    cut = f'<p class="ng-note ng-warning">{CUT_OFF}</p>' if exchange.is_cut_off else ""
    return (
        f"<details open><summary>prompt, <span>to the model {escape(one_line(asked, 80))}"
        f"{f' · {escape(one_line(parameters, 400))}' if parameters else ''}</span></summary>{messages}</details>{cut}"
    )


def _message(role: str, text: str, limit: int) -> str:
    shown = escape(several_lines(text, limit)) if text.strip() else '<span class="ng-described">nothing</span>'
    return _labelled(one_line(role, 40), shown, ' class="ng-scroll" tabindex="0"')


def _labelled(label: str, content: str, attributes: str = "") -> str:
    """Something that was said, beside who said it; `content` is escaped already."""
    return f'<div class="ng-message"><b>{escape(label)}</b><div{attributes} style="{_TEXT}">{content}</div></div>'


def _only_attempt(attempt: Attempt) -> str:
    took = "in flight" if attempt.seconds is None else f"{attempt.state}, took {write_seconds(attempt.seconds)}"
    return f'<p class="ng-attempt">1 attempt · from {attempt.started:.2f} s, {escape(took)}</p>'


def _attempts(cell: CellRecord, limit: int) -> str:
    rows = "".join(_attempt(attempt, cell.exchange, limit) for attempt in cell.attempts)
    count = write_plural(len(cell.attempts), "attempt")
    return f'<details open><summary>{count}</summary><table class="ng-attempts"><tbody>{rows}</tbody></table></details>'


def _attempt(attempt: Attempt, last: Exchange | None, limit: int) -> str:
    seconds = attempt.seconds
    took = f"{write_seconds(seconds)}" if seconds is not None else "in flight"
    bad = ' class="ng-bad"' if attempt.error else ""
    exchange = attempt.exchange
    answer = exchange.answer if exchange is not None and exchange is not last else None
    raw = _message("raw answer", answer, min(limit, 1_000)) if answer else ""
    return (
        f"<tr><td>{attempt.number}</td><td>{escape(attempt.state)}</td><td>from {attempt.started:.2f} s</td>"
        f"<td>{took}</td><td{bad}>{escape(one_line(attempt.error or '', 600))}{raw}</td></tr>"
    )
