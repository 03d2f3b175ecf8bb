"""A record as plain text, for a terminal: values, what was said to models, attempts. Harmless; long texts are cut."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, Final

from notebook_gen.observers.records import Attempt, CellRecord, RowRecord
from notebook_gen.plan.values import Exchange
from notebook_gen.views.specs import describe
from notebook_gen.views.text import one_line, visible, write_plural, write_seconds
from notebook_gen.views.values import is_structured, write_cell, write_whole

AS_IT_STANDS: Final = "the value, as it stands"
"""What a raw answer is that says no more than the value that was made of it."""
CUT_OFF: Final = "The answer ends where the model ran out of tokens: raise its max_tokens."

_WIDTH: Final = 100
_LINES: Final = 12
"""Lines of a text, at most; so that a record of a few columns fits a screen or two."""
_LENGTH: Final = 2_000
_COLUMNS: Final = 60
_ATTEMPTS: Final = 8


def record_text(record: RowRecord) -> str:
    """Write a record in lines of at most 100 characters."""
    return "\n".join(_lines(record))


def _lines(record: RowRecord) -> Iterator[str]:
    yield f"row {record.row} · {record.state} · row group {record.row_group}"
    if record.reason:
        yield from _block(record.reason, "  ")
    drawn: set[int] = set()
    for cell in record.cells[:_COLUMNS]:
        is_first = cell.node.index not in drawn
        drawn.add(cell.node.index)
        yield ""
        yield from _cell(cell, is_first=is_first)
    if len(record.cells) > _COLUMNS:
        yield ""
        more = write_plural(len(record.cells) - _COLUMNS, "more column")
        yield f"and {more}: list(record) names them, record[name] has each"


def _cell(cell: CellRecord, *, is_first: bool) -> Iterator[str]:
    made_by = describe(cell.node) if is_first else f"with {cell.node.name}"
    yield one_line(f"{one_line(cell.column, 60) or '(no name)'} · {made_by}", _WIDTH)
    yield from _value(cell)
    if not is_first:
        return
    if cell.exchange is not None:
        yield from _conversation(cell, cell.exchange)
    if any(attempt.error for attempt in cell.attempts) or cell.exchange is not None:
        yield from _attempts(cell.attempts, cell.exchange)


def _value(cell: CellRecord) -> Iterator[str]:
    """What a cell holds, or why it holds nothing."""
    reason = f": {cell.reason}" if cell.reason else ""
    if (cell.state == "done" and not cell.is_taken) or (cell.state == "skipped" and cell.value is not None):
        yield from _block(_written(cell.value), "  ")
    if cell.state != "done":
        yield from _block(f"({cell.state}{reason})", "  ")
    elif cell.reason:
        yield from _block(f"({cell.reason})", "  ")


def _written(value: Any) -> str:
    if (isinstance(value, str) and value.strip()) or is_structured(value):
        return write_whole(value, _LENGTH)
    return write_cell(value, _LENGTH).text


def _conversation(cell: CellRecord, exchange: Exchange) -> Iterator[str]:
    parameters = (
        f"{one_line(name, 40)} {write_cell(value, 60).text}"
        for name, value in list(exchange.parameters.items())[:20]
        if name != "model"
    )
    asked = one_line(exchange.model or cell.node.model or "", 80)
    yield from _block(" · ".join([f"prompt, to the model {asked}", *parameters]), "  ")
    for role, text in exchange.messages:
        yield from _said(role, text)
    answer = exchange.answer
    if answer is not None and isinstance(cell.value, str) and answer.strip() == cell.value:
        yield f"    raw answer: {AS_IT_STANDS}"
    elif answer is not None:
        yield from _said("raw answer", answer)
    if exchange.is_cut_off:
        yield from _block(CUT_OFF, "  ")


def _said(role: str, text: str) -> Iterator[str]:
    yield f"    {one_line(role, 40)}:"
    yield from _block(text if text.strip() else "(nothing)", "      ")


def _attempts(attempts: Sequence[Attempt], last: Exchange | None) -> Iterator[str]:
    left_out = len(attempts) - _ATTEMPTS
    yield f"  {write_plural(len(attempts), 'attempt')}{f', the last {_ATTEMPTS}' if left_out > 0 else ''}"
    for attempt in attempts[-_ATTEMPTS:]:
        took = "in flight" if attempt.seconds is None else f"took {write_seconds(attempt.seconds)}"
        state = "" if attempt.seconds is None else f" · {attempt.state}"
        tokens = f" · {attempt.tokens_in:,} tokens in, {attempt.tokens_out:,} out" if attempt.tokens_out else ""
        yield f"    {attempt.number}{state} · from {attempt.started:.2f} s, {took}{tokens}"
        if attempt.error:
            yield from _block(attempt.error, "       ")
        exchange = attempt.exchange
        if exchange is not None and exchange is not last and exchange.answer:
            yield f"       raw answer: {one_line(exchange.answer, _WIDTH - 19)}"


def _block(text: str, indent: str) -> Iterator[str]:
    """A text in lines that are indented, with its own line breaks; says how much more there is if it was cut."""
    shown = 0
    for part in visible(text[:_LENGTH]).splitlines() or [""]:
        for line in textwrap.wrap(part, _WIDTH - len(indent)) or [""]:
            if shown == _LINES:
                yield f"{indent}… ({len(text):,} characters in all)"
                return
            shown += 1
            yield f"{indent}{line}".rstrip()
    if len(text) > _LENGTH:
        yield f"{indent}… ({len(text):,} characters in all)"
