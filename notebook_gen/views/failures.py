"""The table of failures as HTML: why rows were dropped or cells are empty. What stands in it is hostile text."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from notebook_gen.observers.failures import FailureGroup, Failures
from notebook_gen.views.summary import PROCESSOR, SUCH_AS
from notebook_gen.views.text import escape, one_line, one_sentence, write_count

_KIND_TITLES: Final[Mapping[str, str]] = {
    "rejected": "the same call would fail again: the prompt, the function or the model has to change",
    "transient": "the same call may work at another time, but failed each time that it was tried",
    "rate limited": "the endpoint asked for fewer calls",
    "processor": "no call failed: a processor left the row out, or failed with its row group",
}


def failures_table(failures: Failures, *, retries: Sequence[str] = (), kinds: int = 50, limit: int = 300) -> str:
    """Draw why rows were dropped or cells are empty, grouped by column and error, the most frequent first.

    Args:
        failures: all of them.
        retries: what failed besides and is tried again; not escaped. Each has one line, until somebody opens it.
        kinds: different ones to show, at most.
        limit: characters of an error, and of its advice, to show.
    """
    groups = failures.most_common()
    tried_again = "".join(map(_folded, retries))
    if not groups:
        none = "No row was dropped." if retries else "No failures."
        return (
            f'<p class="ng-empty">{none} A row that cannot be made is dropped, and stands here with its reason '
            f"and what to do.</p>{tried_again}"
        )
    head = "<th>rows</th><th>column</th><th>what happened</th><th>example</th><th>what to do</th>"
    body = "".join(_failure_row(group, limit) for group in groups[:kinds])
    more = f'<p class="ng-note">and {len(groups) - kinds} more kinds of failure</p>' if len(groups) > kinds else ""
    widths = '<col style="width:56px"><col style="width:16%"><col><col style="width:92px"><col style="width:30%">'
    return (
        f'<div class="ng-scroll"><table class="ng-table"><colgroup>{widths}</colgroup>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}"
        f"{_explain_kinds(group.example.kind for group in groups[:kinds])}{tried_again}"
    )


def _folded(sentence: str) -> str:
    """A sentence in one line, which is read to its end by who opens it."""
    said = escape(sentence)
    return f'<details class="ng-note ng-warning ng-line" title="{said}"><summary>{said}</summary></details>'


def _failure_row(group: FailureGroup, limit: int) -> str:
    example = group.example
    such_as = SUCH_AS if group.differs else ""
    attempt = f", attempt {example.attempt}" if example.attempt > 1 else ""
    error, advice = escape(one_sentence(example.error, limit)), escape(one_sentence(example.advice, limit))
    empty = "" if example.dropped else ", left empty"
    return (
        f'<tr data-row="{example.row}"><td class="ng-wraps"><b>{write_count(group.rows)}</b></td>'
        f'<td class="ng-wraps">{escape(one_line(example.column or PROCESSOR, 80))}</td>'
        f'<td class="ng-wraps"><div class="ng-two-lines" title="{error}">'
        f'<span class="ng-bad">{escape(example.kind)}</span> · {such_as}{error}</div></td>'
        f'<td class="ng-wraps">row {example.row}{attempt}{empty}</td>'
        f'<td class="ng-wraps ng-advice"><div class="ng-two-lines" title="{advice}">{advice or "–"}</div></td></tr>'
    )


def _explain_kinds(kinds: Iterable[str]) -> str:
    """Say in a line what the kinds of failure mean."""
    said = " · ".join(
        f"<b>{escape(kind)}</b>: {_KIND_TITLES[kind]}" for kind in dict.fromkeys(kinds) if kind in _KIND_TITLES
    )
    return f'<p class="ng-note">{said}</p>' if said else ""
