"""What a run has come to, in plain words: the lines that every view without pictures ends with. Harmless text."""

from collections.abc import Iterator
from typing import Final

from notebook_gen.observers.failures import Failures
from notebook_gen.observers.progress import NodeProgress, Progress
from notebook_gen.views.source import RunSource
from notebook_gen.views.text import one_line, write_clock, write_count, write_plural

PROCESSOR: Final = "a processor"
"""What dropped a row, if no column did."""


def placeholder_warning() -> str:
    """Say that the demo endpoint is in use."""
    return "placeholder text: the demo endpoint answers until a model is configured"


def count_settled(node: NodeProgress, rows: int) -> int:
    """Give the rows for which a node has nothing to make any more: it was done, or skipped."""
    return min(node.done + node.skipped, rows)


def row_counts(progress: Progress) -> list[str]:
    """Say how many rows are done and dropped: `12 of 40 rows`, `1 dropped`."""
    counts = [f"{write_count(progress.rows_done)} of {write_plural(progress.rows, 'row')}"]
    if progress.rows_dropped:
        counts.append(f"{write_count(progress.rows_dropped)} dropped")
    return counts


def failure_lines(failures: Failures, count: int = 5) -> Iterator[str]:
    """Say why rows were dropped or cells are empty, the most frequent reason first, `count` of them at most."""
    groups = failures.most_common()
    for example, rows in groups[:count]:
        advice = f"; {example.advice}" if example.advice else ""
        where = f"row {example.row}" if rows == 1 else f"{write_count(rows)} rows, such as {example.row}"
        yield one_line(f"{example.column or PROCESSOR}: {example.error}{advice} ({where})", 300)
    if len(groups) > count:
        yield f"and {write_plural(len(groups) - count, 'more reason')}"


def say_ending(source: RunSource) -> Iterator[str]:
    """Say how a run ended, in a line, then why rows were dropped and what ended it, a line each."""
    progress = source.progress
    parts = [f"{one_line(source.title)}: {progress.state}", *row_counts(progress), write_clock(source.elapsed())]
    tokens = progress.tokens_in + progress.tokens_out
    if tokens:
        parts.append(write_plural(tokens, "token"))
    if source.destination is not None:
        parts.append(f"in {one_line(source.destination)}")
    yield " · ".join(parts)
    for line in failure_lines(source.failures):
        yield f"  {line}"
    if progress.error is not None:
        yield f"  {one_line(str(progress.error), 600)}"
