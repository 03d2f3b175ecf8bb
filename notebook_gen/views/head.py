"""The head of a run's view, and what stands beside its DAG: state, facts, the run's bar. HTML, escaped.

Layout is also written into the elements: a page that does not trust a notebook drops our stylesheet, not these.
"""

from collections.abc import Iterator
from typing import NamedTuple, TypedDict

from notebook_gen.observers.progress import Progress
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.chart import is_model, resource_label
from notebook_gen.views.palette import node_colors
from notebook_gen.views.source import RunSource
from notebook_gen.views.summary import placeholder_warning
from notebook_gen.views.text import escape, one_line, write_clock, write_count, write_plural, write_seconds

_RESOURCES_SHOWN = 4
_ESTIMATE_FROM = 0.08  # of the work: before that, an estimate says nothing
_ESTIMATE_AFTER = 2.0  # seconds
_FOLDER_LENGTH = 28


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
    width: int = 0  # pixels it needs at its longest


def head_html(source: RunSource) -> str:
    """Draw state and facts; each has its place, so that none jumps."""
    state = source.progress.state
    facts = "".join(
        f'<div class="ng-fact" style="display:flex;flex-direction:column;min-width:{fact.width}px">'
        f"<b{_BAD if fact.is_bad else ''}>{escape(fact.figure)}</b><span>{escape(fact.label)}</span></div>"
        for fact in _facts(source)
    )
    return f'<div class="ng-state ng-{state.replace(" ", "-")}"><i></i><b>{state}</b></div>{facts}'


def bar_html(source: RunSource) -> str:
    """Draw the run's bar; what changes about it is in `bar_segments`."""
    colors = node_colors(source.graph)
    segments = "".join(
        f'<i class="ng-c{colors[segment["node"]]}" data-segment="{segment["node"]}" '
        f'style="width:{segment["share"]:.2%}"></i>'
        for segment in bar_segments(source.graph, source.progress)
    )
    return f'<div class="ng-bar">{segments}</div>'


def bar_segments(graph: ExecutionGraph, progress: Progress) -> list[Segment]:
    """Give each column's part of the run's bar, in the order of declaration; seed data has none."""
    nodes = _made_nodes(graph)
    cells = max(1, progress.rows * len(nodes))
    return [Segment(node=node, share=round(min(progress.nodes[node].done, progress.rows) / cells, 4)) for node in nodes]


def side_html(source: RunSource, waiting: int) -> str:
    """Draw what stands beside the DAG: slots, what waits, what was made, and a warning while text is placeholder text.

    Args:
        source: the run.
        waiting: tasks that are ready and have no slot.
    """
    lines = "".join(
        f'<div style="display:flex;justify-content:space-between;gap:12px"><span title="{escape(label)}">'
        f"{escape(label)}</span><b>{escape(figure)}</b></div>"
        for label, figure in _side_lines(source, waiting)
    )
    if not source.placeholder_text:
        return lines
    return f'{lines}<div class="ng-warning" title="{escape(placeholder_warning())}">{PLACEHOLDER}</div>'


def error_html(source: RunSource) -> str:
    """Say what ended the run; empty if nothing but its end did."""
    error = source.progress.error
    return "" if error is None else f'<p class="ng-note ng-bad">{escape(one_line(str(error), 600))}</p>'


PLACEHOLDER = "placeholder text (demo endpoint)"
_BAD = ' class="ng-bad"'


def _facts(source: RunSource) -> Iterator[_Fact]:
    progress = source.progress
    is_over = progress.ended is not None
    elapsed = write_clock(source.elapsed())
    estimate = None if is_over else _estimate(source)
    yield _Fact(f"{elapsed} of about {estimate}" if estimate else elapsed, "elapsed", width=0 if is_over else 126)
    yield _Fact(f"{write_count(progress.rows_done)} of {write_count(progress.rows)}", "rows done", width=64)
    yield _Fact(write_count(progress.rows_dropped), "dropped", is_bad=progress.rows_dropped > 0)
    counted = _counted(source.graph)
    if counted:
        noun = "calls" if is_model(counted[0]) else "tasks"
        if is_over:
            yield _Fact(write_count(_attempts(source, counted)), noun)
        else:
            in_flight = sum(progress.in_flight[name] for name in counted)
            ceiling = sum(source.ceilings.get(name, 0) for name in counted)
            yield _Fact(f"{in_flight} of {ceiling}", f"{noun} in flight")
        if noun == "calls":
            yield _Fact(write_count(progress.tokens_in + progress.tokens_out), "tokens")


def _side_lines(source: RunSource, waiting: int) -> Iterator[tuple[str, str]]:
    graph, progress = source.graph, source.progress
    is_over = progress.ended is not None
    for name in graph.resources[:_RESOURCES_SHOWN]:
        noun = "call" if is_model(name) else "task"
        if is_over:
            yield resource_label(name), f"{write_plural(_attempts(source, [name]), noun)}{_mean(source, name)}"
        else:
            yield resource_label(name), f"{progress.in_flight[name]} of {source.ceilings.get(name, 0)} in flight"
    if graph.resources and not is_over:
        yield "waiting for a slot", write_plural(waiting, "cell")
    made = sum(min(progress.nodes[node].done, progress.rows) for node in _made_nodes(graph))
    yield "made", write_plural(made, "cell")
    if source.destination is not None:
        yield "written", write_plural(progress.rows_written, "row")
        folder = one_line(source.destination, 200)
        yield "to", folder if len(folder) <= _FOLDER_LENGTH else f"…{folder[1 - _FOLDER_LENGTH :]}"


def _made_nodes(graph: ExecutionGraph) -> list[int]:
    return list(dict.fromkeys(index for index in graph.columns.values() if graph.nodes[index].kind != "seed"))


def _counted(graph: ExecutionGraph) -> list[str]:
    """The resources that a run is about: models if there are any."""
    return [name for name in graph.resources if is_model(name)] or list(graph.resources)


def _attempts(source: RunSource, resources: list[str]) -> int:
    nodes = source.graph.nodes
    return sum(source.progress.nodes[node.index].attempts for node in nodes if node.resource in resources)


def _mean(source: RunSource, resource: str) -> str:
    nodes = [source.progress.nodes[node.index] for node in source.graph.nodes if node.resource == resource]
    attempts = sum(node.attempts for node in nodes)
    return f" · {write_seconds(sum(node.seconds for node in nodes) / attempts)}" if attempts else ""


def _estimate(source: RunSource) -> str | None:
    """When it will be over, as on a clock; None while nobody can know.

    Each column counts as much as its cells take: ten slow ones left are more work than a hundred quick ones.
    """
    progress, elapsed = source.progress, source.elapsed()
    if progress.state != "running" or elapsed < _ESTIMATE_AFTER:
        return None
    rows = progress.rows - progress.rows_dropped
    done = asked = 0.0
    for node in source.graph.nodes:
        if node.resource is None:
            continue
        own = progress.nodes[node.index]
        if own.mean_seconds is None:
            return None
        done += min(own.done, rows) * own.mean_seconds
        asked += rows * own.mean_seconds
    if not asked or done / asked < _ESTIMATE_FROM:
        return None
    return write_clock(max(elapsed, elapsed * asked / done) + 0.5)
