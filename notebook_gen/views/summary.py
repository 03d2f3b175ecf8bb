"""What a run has come to, in plain words: the lines that every view without pictures ends with. Harmless text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import floor, log10
from typing import Final

from notebook_gen.engine.snapshots import RowView
from notebook_gen.observers.failures import Failures
from notebook_gen.observers.progress import NodeProgress, Progress
from notebook_gen.observers.usage import spending
from notebook_gen.storage.arrays import HALVES
from notebook_gen.views.palette import made_nodes
from notebook_gen.views.source import RunSource
from notebook_gen.views.text import one_line, write_amount, write_clock, write_count, write_plural

PROCESSOR: Final = "a processor"
"""What dropped a row, if no column did."""

SUCH_AS: Final = "such as: "
"""What stands before an error where others of its group say something else."""

NO_ROWS_YET: Final = "No rows yet. The newest will stand here as they are made."

_COLUMNS_SAID: Final = 8
_ENDED_BY: Final[Mapping[str, str]] = {
    "cancelled": "the run was cancelled",
    "failed": "the run failed",
    "stopped early": "the run stopped early",
    "finished": "the run ended",
}
_NO_TYPE: Final = "no single type of a table holds its values"
_MARKED: Final = "they are stored as �"
_ONE_KIND: Final = "give text, or values of one kind"


def placeholder_warning() -> str:
    """Say that the demo endpoint is in use."""
    return "placeholder text from the demo endpoint; declare a real model with ng.Model(…)"


def state_word(source: RunSource) -> str:
    """Give the state of a run in a word or two: one that was cancelled is "cancelling" until all has returned."""
    is_cancelling = source.progress.ended is None and source.cancelling() is not None
    return "cancelling" if is_cancelling else source.progress.state


def count_settled(node: NodeProgress, rows: int) -> int:
    """Give the rows for which a node has nothing to make any more: it was done, or skipped."""
    return min(node.done + node.skipped, rows)


def count_kept(progress: Progress) -> int:
    """Give how many cells are not made again because an earlier run has made them; seed data is not counted."""
    nodes = [progress.nodes[node] for node in made_nodes(progress.graph)]
    return sum(node.kept + node.kept_ahead for node in nodes)


def say_resized(progress: Progress) -> list[str]:
    """Say how many rows were asked for, if columns changed that, and how many an `after_run` processor made of them.

    `60 asked`, `28 in the dataset`; nothing where nothing has.
    """
    asked, rows = progress.rows_asked, progress.rows_after_run
    said = [f"{write_count(asked)} asked"] if asked != progress.rows else []
    if rows is not None and rows != progress.rows_done:
        said.append(f"{write_count(rows)} in the dataset")
    return said


def say_passed(progress: Progress) -> list[str]:
    """Say how many rows `post_batch` processors have let pass: `7 passed`; nothing before they have seen any."""
    is_begun = progress.rows_written or progress.rows_dropped_late
    return [f"{write_count(progress.rows_written)} passed"] if is_begun else []


def say_dropped_by(progress: Progress) -> str:
    """Say what else to know of the rows that were dropped: `3 earlier, 5 by processors`; empty if nothing."""
    counts = [(progress.rows_dropped_before, "earlier"), (progress.rows_dropped_late, "by processors")]
    return ", ".join(f"{write_count(count)} {words}" for count, words in counts if count)


def row_counts(progress: Progress) -> list[str]:
    """Say how many rows are done and dropped, and what was kept: `12 of 40 rows`, `5 dropped (3 earlier)`.

    What is neither done nor dropped is still to come, so that it adds up at any time. While processors may still leave
    rows out, it is said how many were made and have passed them so far: `12 of 40 rows made`, `7 passed`.
    """
    rows = write_plural(progress.rows, "row")
    if progress.is_filtered:
        counts = [f"{write_count(progress.rows_made)} of {rows} made", *say_passed(progress)]
    else:
        counts = [f"{write_count(progress.rows_done)} of {rows}"]
    if progress.rows_dropped:
        by = say_dropped_by(progress)
        counts.append(f"{write_count(progress.rows_dropped)} dropped{f' ({by})' if by else ''}")
    counts += say_resized(progress)
    if kept := count_kept(progress):
        counts.append(f"{write_plural(kept, 'cell')} kept")
    return counts


def full_counts(progress: Progress) -> list[str]:
    """Say the same where nothing else tells what the rows are: `12 of 40 rows done`."""
    rows, *others = row_counts(progress)
    return [rows if progress.is_filtered else f"{rows} done", *others]


def say_unwaited(source: RunSource, *, was_cancelled: bool, held_up: str = "") -> str:
    """Say what became of a run that went on when the program ended, or was still ending after a cancel.

    Args:
        source: the run.
        was_cancelled: before the program ended.
        held_up: by what, if it could not end.
    """
    error, is_left_behind = source.progress.error, source.progress.ended is None
    if was_cancelled and error is not None:
        return f"{source.title}: {error}"
    rows, folder = write_plural(source.rows_stored(), "row"), source.destination
    where = f"{rows} are in {folder}" if folder is not None else f"{rows} were made"
    why = f", as {held_up}" if held_up else ""
    if was_cancelled:
        return f"{source.title}: cancelled{f', and left behind{why}' if is_left_behind else ''}; {where}"
    advice = why.replace(", as", "; left behind, as") if is_left_behind and held_up else "; wait with its result()"
    return f"the program ended while a run went on ({source.title}): {where}{advice}"


def say_kernel_gone(destination: str | None) -> str:
    """Say what stays of a run whose kernel has ended before it, beside what was seen of it last."""
    return f"The kernel ended while this run went on. This is what was seen of it last; {_say_what_stays(destination)}."


def say_saved_early(destination: str | None) -> str:
    """Say the same where a notebook was saved while the run went on, and its kernel is gone since."""
    stays = _say_what_stays(destination)
    return f"This notebook was saved while the run went on, and its kernel has ended since; {stays}."


def _say_what_stays(destination: str | None) -> str:
    return "its rows are gone" if destination is None else f"the same create(…) goes on with what is in {destination}"


def say_no_rows(source: RunSource) -> str:
    """Say why there are no rows to show: none yet, or none is whole, whatever was made of them."""
    progress = source.progress
    if progress.ended is None:
        return NO_ROWS_YET
    names = [one_line(progress.graph.nodes[node].name, 40) for node in made_nodes(progress.graph)]
    made = [min(progress.nodes[node].done, progress.rows) for node in made_nodes(progress.graph)]
    if not any(made):
        return "No rows were made."
    begun = [f"{name} {write_count(count)}" for name, count in zip(names, made, strict=True)][:_COLUMNS_SAID]
    more = ", …" if len(names) > _COLUMNS_SAID else ""
    cells = f"{write_count(sum(made))} of {write_plural(progress.rows * len(names), 'cell')} were made"
    return (
        f"No row is whole: {cells} ({', '.join(begun)}{more}), and {_ENDED_BY[progress.state]} before any row had all "
        "of its cells."
    )


def say_shown(rows: Sequence[RowView], total: int) -> str:
    """Say which rows are shown, of so many: all, the first, or what there is between two of them.

    Args:
        rows: in order; at least one.
        total: how many the run has.
    """
    count = len(rows)
    if count == total:
        return f"all {write_count(count)}"
    first, last = rows[0].row, rows[-1].row
    if last == count - 1:
        return f"the first {count} of {write_count(total)}"
    between = f"between row {first:,} and row {last:,}" if count > 1 else f"row {first:,}"
    return f"{count} of {write_count(total)}, {between}"


def say_spending(source: RunSource) -> list[str]:
    """Say what models were used for so far, and in all if that can be known.

    `41.0 k of about 96 k tokens`, and if one of the models has a price, `$0.12 of about $0.31`, where others have none
    with `(judge has no price)` behind it; nothing if there was no token.
    """
    spent = spending(source.progress, source.models)
    if not spent.tokens:
        return []
    is_over = source.progress.ended is not None or spent.tokens_expected is None
    tokens = write_amount(spent.tokens)
    tokens = tokens if is_over else f"{tokens} of about {write_roughly(spent.tokens_expected or 0)}"
    if spent.cost is None:
        return [f"{tokens} tokens"]
    cost = write_cost(spent.cost)
    cost = cost if is_over else f"{cost} of about {write_cost(spent.cost_expected or 0.0)}"
    return [f"{tokens} tokens", f"{cost} ({say_unpriced(spent.unpriced)})" if spent.unpriced else cost]


def say_unpriced(aliases: Sequence[str]) -> str:
    """Say which models a cost leaves out; at least one."""
    return f"{one_line(aliases[0], 40)} has no price" if len(aliases) == 1 else f"{len(aliases)} models have no price"


def write_cost(dollars: float) -> str:
    """Write a sum of money; cents have decimals of their own where there are few: `$0.0021`, `$0.31`, `$1,204`."""
    if dollars >= 100:
        return f"${dollars:,.0f}"
    decimals = 2 if dollars >= 0.1 or not dollars else min(6, 1 - floor(log10(dollars)))
    return f"${dollars:.{decimals}f}"


def write_roughly(count: int) -> str:
    """Write a count of which nobody knows more than two figures: `96 k`; rounded up, as it grows towards it."""
    step = int(10 ** max(0, len(str(count)) - 2))
    return write_count(-(-count // step) * step).replace(".0 ", " ")


def retry_counts(nodes: Iterable[NodeProgress]) -> list[str]:
    """Say how many attempts were followed by another, turned away by the endpoint, or cut off; nothing if none was."""
    counts = list(nodes)
    again = sum(node.again for node in counts)
    rate_limited = sum(node.rate_limited for node in counts)
    cut_off = sum(node.cut_off for node in counts)
    figures = [(again, "retried"), (rate_limited, "× 429"), (cut_off, "cut off")]
    return [f"{write_count(count)} {words}" for count, words in figures if count]


def failure_lines(failures: Failures, count: int = 5) -> Iterator[str]:
    """Say why rows were dropped or cells are empty, the most frequent reason first, `count` of them at most."""
    groups = failures.most_common()
    for example, rows, differs in groups[:count]:
        advice = f"; {example.advice}" if example.advice else ""
        which = f"this is row {example.row}" if differs else f"such as {example.row}"
        where = f"row {example.row}" if rows == 1 else f"{write_count(rows)} rows, {which}"
        such_as = SUCH_AS if differs else ""
        yield one_line(f"{example.column or PROCESSOR}: {such_as}{example.error}{advice} ({where})", 300)
    if len(groups) > count:
        yield f"and {write_plural(len(groups) - count, 'more reason')}"


def truncation_lines(progress: Progress) -> list[str]:
    """Say of which columns some answers end where the model ran out of tokens."""
    return [
        one_line(
            f"column {node.name!r}: {write_plural(counts.truncated, 'answer')} cut off where the model ran out of "
            f"tokens; raise max_tokens of the model {node.model!r}",
            300,
        )
        for node, counts in zip(progress.graph.nodes, progress.nodes, strict=True)
        if counts.truncated
    ]


def warning_lines(progress: Progress, as_text: Mapping[str, str]) -> list[str]:
    """Say what should be known of the rows: who left some out, what is cut off, what is stored as text, and what of.

    Args:
        progress: how far the run is.
        as_text: see `observers.rows.Storage`.
    """
    return [*_resize_lines(progress), *truncation_lines(progress), *_text_lines(progress, as_text)]


def _text_lines(progress: Progress, as_text: Mapping[str, str]) -> Iterator[str]:
    # models break off anywhere, also within a character
    answers = {name for node in progress.graph.nodes if node.model is not None for name in node.outputs}
    for name, kinds in as_text.items():
        if kinds != HALVES:
            yield one_line(f"column {name!r} is stored as text: {_NO_TYPE} ({kinds}); {_ONE_KIND}", 300)
        elif name not in answers:
            yield one_line(f"column {name!r} has {HALVES} (lone surrogates), which no file holds: {_MARKED}", 300)


def _resize_lines(progress: Progress) -> Iterator[str]:
    """Say which columns made fewer rows of those that were asked for; nothing else tells of such rows."""
    if progress.rows < progress.rows_asked:
        names = [repr(one_line(node.name, 40)) for node in progress.graph.nodes if node.allow_resize]
        columns = f"column{'s' if len(names) > 1 else ''} {', '.join(names)}"
        rows = write_count(progress.rows) if progress.rows else "none"
        yield f"{columns} (allow_resize) left {rows} of {write_plural(progress.rows_asked, 'row')}"


def say_ending(source: RunSource) -> Iterator[str]:
    """Say how a run ended, in a line, then why rows were dropped, what else to know and what ended it, a line each."""
    progress, folder = source.progress, source.destination
    counts = row_counts(progress)
    where = f"in {one_line(folder)}" if folder is not None else ""
    if folder is not None and (stored := source.rows_stored()) != _rows_to_write(progress):
        # rows that were made, and could not be processed or written
        counts, where = full_counts(progress), f"{write_plural(stored, 'row')} {where}"
    parts = [f"{one_line(source.title)}: {state_word(source)}", *counts, write_clock(source.elapsed())]
    parts += [*retry_counts(progress.nodes), *say_spending(source)]
    yield " · ".join(filter(None, [*parts, where]))
    for line in (*failure_lines(source.failures), *warning_lines(progress, source.as_text)):
        yield f"  {line}"
    if progress.error is not None:
        yield f"  {one_line(str(progress.error), 600)}"


def _rows_to_write(progress: Progress) -> int:
    """The rows that are to be found where rows are written, if nothing went wrong on the way."""
    return progress.rows_done if progress.rows_after_run is None else progress.rows_after_run
