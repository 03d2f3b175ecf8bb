"""The folds of a report: what a live view shows on a click, for pages without a script. Bounded; text is escaped.

Closed, they stand in one line, like tabs; an open one takes the whole width below them. See static/report.css.
"""

from collections.abc import Sequence
from typing import Final

from notebook_gen.observers.records import RowRecord
from notebook_gen.views.cells import picture_of_run
from notebook_gen.views.cells_svg import FEW_SHAPES, cells_image, cells_svg, drawable
from notebook_gen.views.palette import EITHER
from notebook_gen.views.record import missing_html, record_html
from notebook_gen.views.retries import note_lines
from notebook_gen.views.source import RunSource
from notebook_gen.views.tables import failures_table
from notebook_gen.views.text import escape, one_line, write_count, write_value
from notebook_gen.views.twofold import twofold
from notebook_gen.views.usage import usage_html

RECORDS_SIZE: Final = 230_000
"""Characters that the records of a report may take in all."""

_EXAMPLES: Final = 4  # of failures, whose records are there beside them
_RECORD_SIZE: Final = 9_000
_KINDS: Final = 20  # of failures
_VALUES: Final = 3  # of a row that its fold's line shows
_VALUE_LENGTH: Final = 28


def folds_html(source: RunSource, rows: Sequence[int]) -> str:
    """Draw all folds that have something in them, and what models were used for.

    Args:
        source: the run.
        rows: those that the report shows: each has its record.
    """
    failures = source.failures
    count = len(failures.items)
    folds = [
        _fold("Records", _records(source, rows), css="ng-records"),
        _fold("Cells", _cells(source), css="ng-scroll ng-cells-pane"),
        _fold(
            "Failures",
            failures_table(failures, retries=note_lines(source), kinds=_KINDS) if count else "",
            css="ng-table-pane",
            count=count,
        ),
        _fold("Usage", usage_html(source), css="ng-table-pane"),
    ]
    return f'<div class="ng-folds" style="display:flex;flex-wrap:wrap;gap:0 18px">{"".join(folds)}</div>'


def _fold(title: str, content: str, *, css: str, count: int = 0) -> str:
    if not content:
        return ""
    counted = f' <em class="ng-count">{write_count(count)}</em>' if count else ""
    return (
        f'<details class="ng-fold"><summary class="ng-section"><b>{title}</b>{counted}</summary>'
        f'<div class="{css}" style="max-height:480px;overflow:auto">{content}</div></details>'
    )


def _cells(source: RunSource) -> str:
    picture = picture_of_run(source)
    if not picture.names:
        return ""
    image = cells_image(drawable(picture, FEW_SHAPES), EITHER)
    return twofold(cells_svg(drawable(picture)), image, "cells")


def _records(source: RunSource, rows: Sequence[int]) -> str:
    """A fold for each of the rows, then for an example of each failure; says which rows have no record, and why."""
    examples = [group.example.row for group in source.failures.most_common()[:_EXAMPLES]]
    folds: list[str] = []
    left_out: list[int] = []
    missing = ""
    left = RECORDS_SIZE
    for row in dict.fromkeys([*rows, *examples]):
        try:
            fold = _record(source.record(row))
        except IndexError as error:
            missing = missing or missing_html(error)
            continue
        if len(fold) <= left:
            left -= len(fold)
            folds.append(fold)
        else:
            left_out.append(row)
    return "".join(folds) + (_say_left_out(left_out) if left_out else "") or missing


def _record(record: RowRecord) -> str:
    html = record_html(record, size=_RECORD_SIZE)
    return f'<details class="ng-row"><summary>{_record_line(record)}</summary>{html}</details>'


def _say_left_out(rows: Sequence[int]) -> str:
    said = f"row {rows[0]} has" if len(rows) == 1 else f"rows {', '.join(map(str, rows[:-1]))} and {rows[-1]} have"
    return f'<p class="ng-note">No room for more: {said} no record here; see the run\'s record({rows[0]}).</p>'


def _record_line(record: RowRecord) -> str:
    """A row's number, state and first values."""
    values = (write_value(cell.value, _VALUE_LENGTH).text for cell in record.cells[:_VALUES] if cell.state == "done")
    said = " · ".join([record.state, *values])
    return f'<b>row {record.row}</b> <span class="ng-soft">{escape(one_line(said, 200))}</span>'
