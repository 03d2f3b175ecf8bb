"""The folds of a report: what a live view shows on a click, for pages without a script. Bounded; text is escaped.

Their titles stand in one line, like tabs; what is open takes the whole width below them. See static/report.css.
"""

from collections.abc import Sequence
from typing import Final

from notebook_gen.observers.records import RowRecord
from notebook_gen.views.cells import picture_of_run
from notebook_gen.views.cells_svg import FEW_SHAPES, cells_image, cells_svg, drawable
from notebook_gen.views.failures import failures_table
from notebook_gen.views.palette import EITHER
from notebook_gen.views.record import missing_html, record_html
from notebook_gen.views.retries import note_lines
from notebook_gen.views.source import RunSource
from notebook_gen.views.text import escape, one_line, text_width, write_count
from notebook_gen.views.twofold import twofold
from notebook_gen.views.usage import usage_html
from notebook_gen.views.values import write_cell

RECORDS_SIZE: Final = 230_000
"""Characters that the records of a report may take in all."""

_EXAMPLES: Final = 4  # of failures, whose records are there beside them
_RECORD_SIZE: Final = 9_000
_KINDS: Final = 20  # of failures
_VALUES: Final = 3  # of a row that its fold's line shows
_VALUE_LENGTH: Final = 28
_TITLE_SIZE: Final = 12
_BEGIN: Final = 16  # pixels before the first title
_GAP: Final = 28  # pixels between titles, with the mark that tells whether one is open


def folds_html(source: RunSource, rows: Sequence[int]) -> str:
    """Draw all folds that have something in them, and what models were used for.

    Args:
        source: the run.
        rows: those that the report shows: each has its record.
    """
    failures = source.failures
    count = failures.count
    contents = {
        "Records": (_records(source, rows), "ng-records"),
        "Cells": (_cells(source), "ng-scroll ng-cells-pane"),
        "Failures": (
            failures_table(failures, retries=note_lines(source), kinds=_KINDS) if count else "",
            "ng-table-pane",
        ),
        "Usage": (usage_html(source), "ng-table-pane"),
    }
    folds, at = "", _BEGIN
    for title, (content, css) in contents.items():
        if content:
            counted = write_count(count) if title == "Failures" else ""
            folds += _fold(title, content, css=css, counted=counted, at=at)
            at += _GAP + round(text_width(f"{title} {counted}", _TITLE_SIZE, bold=True))
    return f'<div class="ng-folds" style="display:flex;flex-wrap:wrap;gap:0 18px">{folds}</div>'


def _fold(title: str, content: str, *, css: str, counted: str, at: int) -> str:
    """Draw a fold whose title begins `at` pixels: it stays there, whichever is open."""
    count = f' <em class="ng-count">{counted}</em>' if counted else ""
    return (
        f'<details class="ng-fold"><summary class="ng-section" style="left:{at}px"><b>{title}</b>{count}</summary>'
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
    made = [cell for cell in record.cells if not cell.is_taken][:_VALUES]
    values = (write_cell(cell.value, _VALUE_LENGTH).text for cell in made if cell.state == "done")
    said = " · ".join([record.state, *values])
    return f'<b>row {record.row}</b> <span class="ng-soft">{escape(one_line(said, 200))}</span>'
