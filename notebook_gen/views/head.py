"""The head of a run's view, its bar, and what stands beside its DAG: state, facts, totals. HTML, escaped.

Layout is also written into the elements: a page that does not trust a notebook drops our stylesheet, not these.
"""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Final, NamedTuple, TypedDict

from notebook_gen.engine.open_group import DROPPED, FAILED
from notebook_gen.observers.cell_counts import SHOWN_STATES
from notebook_gen.observers.progress import NodeProgress, Progress
from notebook_gen.observers.usage import spending
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.estimate import expected_end
from notebook_gen.views.palette import made_nodes, node_colors
from notebook_gen.views.resources import IN_VAIN, ResourceLook, counted, resource_looks, say_in_flight, slots_of
from notebook_gen.views.source import RunSource
from notebook_gen.views.summary import (
    count_kept,
    count_settled,
    placeholder_warning,
    retry_counts,
    say_dropped_by,
    say_passed,
    say_resized,
    say_unpriced,
    state_word,
    write_cost,
    write_roughly,
)
from notebook_gen.views.text import (
    escape,
    one_line,
    text_width,
    write_amount,
    write_clock,
    write_count,
    write_plural,
    write_seconds,
)

SIDE_STYLE: Final = "flex:1 1 206px;min-width:0"
"""What stands beside the DAG goes below it where it has no room for what it says; static/style.css has the same."""

_LOST: Final = "cells that failed, or were never made because their rows were dropped"
_PLACEHOLDER: Final = "placeholder text (demo endpoint)"
_NOTHING: Final = '<div style="visibility:hidden">&nbsp;</div>'
_RESOURCES_SHOWN: Final = 4
_SOON: Final = 1.0  # seconds; most runs that are cancelled end before, and nothing has to be said
_FOLDER_LENGTH: Final = 28
_FIGURE_SIZE: Final = 13
_LABEL_SIZE: Final = 11
_NAMED: Final = 6
_SURELY_SEEN: Final = 300  # pixels of a sentence that has room in a line of any view
_ROOM: Final = 0.9  # of the width that text may have at most: few fonts need it all, and there are gaps


class Segment(TypedDict):
    """A column's part of the run's bar.

    Attributes:
        node: its node.
        share: how much of the whole bar it fills, from 0 to 1.
    """

    node: int
    share: float


class _Fact(NamedTuple):
    figure: str
    label: str
    is_bad: bool = False
    widest: tuple[str, str] | None = None  # a figure and a label for which there is room from the beginning
    title: str = ""  # more words about it, for who points at it


def head_html(source: RunSource) -> str:
    """Draw state and facts; each has its place, so that none jumps. In a narrow window most of them go below."""
    state = state_word(source)
    elapsed, *others = map(_draw_fact, _facts(source))
    return (
        f'<div class="ng-state ng-{state.replace(" ", "-")}"><i></i><b>{state}</b></div>{elapsed}'
        f'<div class="ng-facts" style="display:flex;gap:18px">{"".join(others)}</div>'
    )


def bar_html(source: RunSource) -> str:
    """Draw the run's bar; what changes about it is in `bar_segments` and `lost_share`."""
    colors = node_colors(source.graph)
    segments = "".join(
        f'<i class="ng-c{colors[segment["node"]]}" data-segment="{segment["node"]}" '
        f'style="width:{segment["share"]:.2%}"></i>'
        for segment in bar_segments(source.graph, source.progress)
    )
    lost = f'<i class="ng-lost" data-segment="lost" title="{_LOST}" style="width:{lost_share(source):.2%}"></i>'
    return f'<div class="ng-bar">{segments}{lost}</div>'


def bar_segments(graph: ExecutionGraph, progress: Progress) -> list[Segment]:
    """Give each column's part of the run's bar, in the order of declaration; seed data has none."""
    nodes = made_nodes(graph)
    rows = progress.rows
    cells = max(1, rows * len(nodes))
    return [Segment(node=node, share=round(count_settled(progress.nodes[node], rows) / cells, 4)) for node in nodes]


def lost_share(source: RunSource) -> float:
    """Give the part of the run's bar that no column will fill: cells that failed, and what dropped rows left undone."""
    progress = source.progress
    if not progress.rows_dropped and not any(node.failed for node in progress.nodes):
        return 0.0  # to count cells takes longer than all the rest of the bar
    nodes, counted = made_nodes(source.graph), source.cell_counts()
    lost = sum(sum(counted.counts[node][state :: len(SHOWN_STATES)]) for node in nodes for state in (FAILED, DROPPED))
    filled = sum(segment["share"] for segment in bar_segments(source.graph, progress))
    return round(max(0.0, min(lost / max(1, progress.rows * len(nodes)), 1 - filled)), 4)


def side_html(source: RunSource, waiting: int) -> str:
    """Draw what stands beside the DAG: slots, what waits, what was made, and a warning while text is placeholder text.

    Args:
        source: the run.
        waiting: tasks that are ready and have no slot.
    """
    drawn = list(_side_lines(source, waiting))
    lines = "".join(
        f'<div style="display:flex;justify-content:space-between;gap:12px"><span title="{escape(label)}">'
        f"{escape(label)}</span>{figure}</div>"
        for label, figure in drawn
    )
    if source.placeholder_text:
        lines += f'<div class="ng-warning" title="{escape(placeholder_warning())}">{_PLACEHOLDER}</div>'
    # before the run and after it there is less to say: nothing below moves up for it
    return lines + _NOTHING * (count_side_lines(source) - len(drawn) - source.placeholder_text)


def count_side_lines(source: RunSource) -> int:
    """Give how many lines `side_html` draws while the run goes on; before and after, there are no more."""
    resources = len(source.graph.resources)
    made, written = 1, 2 if source.destination is not None else 0
    return min(_RESOURCES_SHOWN, resources) + bool(resources) + made + written + source.placeholder_text


def error_html(source: RunSource) -> str:
    """Say what ended the run; empty if nothing but its end did. What somebody wanted is not told as something bad."""
    error = source.progress.error
    if error is None:
        return ""
    said = escape(one_line(str(error), 600))
    if source.progress.state == "cancelled":
        return f'<p class="ng-note ng-end" title="{said}">{said}</p>'
    return f'<p class="ng-note ng-end ng-bad">{said}</p>'


def ending_html(source: RunSource) -> str:
    """Say the same in a live view: in a line, which whoever opens it reads to its end, as nothing may move for it."""
    error = source.progress.error
    if error is None:
        return ""
    said = one_line(str(error), 600)
    css_class = "ng-note ng-end" if source.progress.state == "cancelled" else "ng-note ng-end ng-bad"
    if text_width(said, _LABEL_SIZE) <= _SURELY_SEEN:
        return f'<p class="{css_class}" title="{escape(said)}"><span>{escape(said)}</span></p>'
    return f'<details class="{css_class}"><summary><span>{escape(said)}</span></summary></details>'


def _facts(source: RunSource) -> Iterator[_Fact]:
    progress = source.progress
    is_over = progress.ended is not None
    elapsed = write_clock(source.elapsed())
    end = expected_end(source)
    label = f"of about {write_clock(end)}" if end is not None else "elapsed"
    yield _Fact(elapsed, label, widest=("00:00", "of about 00:00"))  # when it is over, too: nothing moves then
    yield _rows(progress)
    by = say_dropped_by(progress)
    label = f"dropped · {by}" if by else "dropped"
    yield _Fact(write_count(progress.rows_dropped), label, is_bad=progress.rows_dropped > 0, widest=("9,999", ""))
    cancelling = source.cancelling()
    if cancelling is not None and not is_over and cancelling.since >= _SOON:
        yield _unreturned(cancelling.gives_up_in)
        return
    looks = resource_looks(source.graph)
    looks = [looks[number] for number in counted(looks)]
    if not looks:
        return
    yield _attempts(source, looks)
    if looks[0].is_model:
        yield _spending(source)


def _rows(progress: Progress) -> _Fact:
    """How many rows are done; while processors may leave some out, how many were made and how many have passed."""
    rows, by = write_count(progress.rows), progress.processors
    if progress.is_filtered:
        title = f"post-batch: {_names(by['post_batch'])} may leave out rows when their row group is finished"
        label, done, widest = " · ".join(["rows made", *say_passed(progress)]), progress.rows_made, f" · {rows} passed"
    else:
        title = (
            f"after run: {_names(by['after_run'])} may leave out rows of the whole dataset" if "after_run" in by else ""
        )
        label, done, widest = " · ".join(["rows done", *say_resized(progress)]), progress.rows_done, ""
    title = title if progress.ended is None else ""
    return _Fact(
        f"{write_count(done)} of {rows}", label, widest=(f"{rows} of {rows}", f"rows made{widest}"), title=title
    )


def _names(processors: Sequence[str]) -> str:
    return ", ".join(one_line(name, 40) for name in processors[:_NAMED])


def _unreturned(gives_up_in: float) -> _Fact:
    """What a cancelled run waits for: only the user's own code can last."""
    offer = f"Give up in {ceil(gives_up_in)} s" if gives_up_in > 0 else "Give up leaves it behind"
    return _Fact("your code has not returned", f"callback or processor · {offer}")


def _attempts(source: RunSource, looks: Sequence[ResourceLook]) -> _Fact:
    """How many are in flight; of a run that is over, how many there were, and how many of them in vain."""
    calls = f"{looks[0].noun}s"
    if source.progress.ended is None:
        slots = slots_of(source, looks)
        widest = (f"{slots.ceiling} of {slots.ceiling}", "")
        return _Fact(f"{slots.in_flight} of {slots.ceiling}", f"{calls} in flight", widest=widest)
    nodes = _nodes(source, looks)
    attempts = sum(node.attempts for node in nodes)
    return _Fact(write_count(attempts), " · ".join([calls, *retry_counts(nodes)]))


def _spending(source: RunSource) -> _Fact:
    """Tokens, and what they cost, or at least, if a model has a price; below, what both will have come to."""
    spent = spending(source.progress, source.models)
    is_over = source.progress.ended is not None
    figure, label, widest = write_amount(spent.tokens), "tokens", ("99.9 k", "of about 99 k tokens")
    if not is_over and spent.tokens_expected is not None:
        label = f"of about {write_roughly(spent.tokens_expected)} tokens"
    if spent.cost is None:
        return _Fact(figure, label, widest=None if is_over else widest)
    at_least, unpriced = ("at least ", say_unpriced(spent.unpriced)) if spent.unpriced else ("", "")
    figure = f"{figure} · {at_least}{write_cost(spent.cost)}"
    if label != "tokens" and spent.cost_expected:
        label = f"{label} · {write_cost(spent.cost_expected)}"
    elif is_over and unpriced:
        label = f"{label} · {unpriced}"
    widest = (f"99.9 k · {at_least}$0.000", "of about 99 k tokens · $0.00")
    return _Fact(figure, label, widest=None if is_over else widest, title=unpriced)


def _draw_fact(fact: _Fact) -> str:
    bad = ' class="ng-bad"' if fact.is_bad else ""
    figure, label = fact.widest or ("", "")
    width = round(_ROOM * max(text_width(figure, _FIGURE_SIZE, bold=True), text_width(label, _LABEL_SIZE)))
    title = f' title="{escape(fact.title)}"' if fact.title else ""
    return (
        f'<div class="ng-fact"{title} style="display:flex;flex-direction:column;min-width:{width}px">'
        f"<b{bad}>{escape(fact.figure)}</b><span>{escape(fact.label)}</span></div>"
    )


def _side_lines(source: RunSource, waiting: int) -> Iterator[tuple[str, str]]:
    """Labels, and what stands beside each, as HTML."""
    for label, figure in _figures(source, waiting):
        yield label, f'<b title="{escape(figure)}">{escape(figure)}</b>'
    if source.destination is not None:
        folder = one_line(source.destination, 200)
        end = folder if len(folder) <= _FOLDER_LENGTH else f"…{folder[1 - _FOLDER_LENGTH :]}"
        yield "to", f'<b title="{escape(folder)}"><bdi>{escape(end)}</bdi></b>'


def _figures(source: RunSource, waiting: int) -> Iterator[tuple[str, str]]:
    progress = source.progress
    is_over = progress.ended is not None
    looks = resource_looks(source.graph)
    own = looks if len(looks) <= _RESOURCES_SHOWN else looks[: _RESOURCES_SHOWN - 1]
    groups = [(look.label, [look]) for look in own]
    if rest := looks[len(own) :]:
        groups.append((f"{len(rest)} more", rest))
    for label, group in groups:
        yield label, _ended(source, group) if is_over else _in_flight(source, group)
    if looks and not is_over:
        yield "waiting for a slot", write_plural(waiting, "cell")
    nodes = [progress.nodes[node] for node in made_nodes(source.graph)]
    made = write_plural(sum(min(node.done, progress.rows) - node.kept for node in nodes), "cell")
    kept = count_kept(progress)
    yield ("cells", f"{made.split()[0]} made · {write_count(kept)} kept") if kept else ("made", made)
    if source.destination is not None:
        yield "written", write_plural(progress.rows_written, "row")


def _in_flight(source: RunSource, looks: Sequence[ResourceLook]) -> str:
    names = {look.name for look in looks}
    stuck = [one.seconds for one in source.in_vain() if one.resource in names and one.seconds >= IN_VAIN]
    if stuck:
        return f"no good answer for {write_clock(max(stuck))}"
    return say_in_flight(slots_of(source, looks))


def _ended(source: RunSource, looks: Sequence[ResourceLook]) -> str:
    """How many attempts there were, and how long they took on average."""
    nodes = _nodes(source, looks)
    attempts = sum(node.attempts for node in nodes)
    count = write_plural(attempts, "call")
    return f"{count} · {write_seconds(sum(node.seconds for node in nodes) / attempts)}" if attempts else count


def _nodes(source: RunSource, looks: Sequence[ResourceLook]) -> list[NodeProgress]:
    """The progress of all nodes that need one of some resources."""
    names = {look.name for look in looks}
    return [source.progress.nodes[node.index] for node in source.graph.nodes if node.resource in names]
