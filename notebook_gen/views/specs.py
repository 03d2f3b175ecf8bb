"""What a column is, in words: a line for its node, and all of it for who points at it."""

from typing import Final

from notebook_gen.config.columns import (
    Category,
    DerivedColumn,
    Expression,
    Float,
    Function,
    Integer,
    Kind,
    LLMText,
    SeedColumn,
)
from notebook_gen.plan.graph import ExecutionGraph, Node
from notebook_gen.views.text import one_line, several_lines, write_plural, write_value

KIND_NAMES: Final[dict[Kind, str]] = {
    "seed": "seed data",
    "sampler": "sampler",
    "expression": "expression",
    "llm": "LLM",
    "function": "function",
}

_LONG = 300
_MOST_OUTLINED = 100


def describe(node: Node) -> str:
    """Say in a few words what makes a node's values; not escaped."""
    spec = node.spec
    match spec:
        case SeedColumn():
            return f"seed data · {write_plural(spec.data.rows, 'row')}"
        case Category():
            return f"category of {len(spec.values)}"
        case Integer():
            return f"integer {_range(spec)}"
        case Float():
            return f"number {_range(spec)}"
        case Expression():
            return f"expression · {spec.dtype}" if spec.dtype else "expression"
        case LLMText():
            return f"LLM text · {spec.model}"
        case Function():
            several = f" · {len(node.outputs)} columns" if len(node.outputs) > 1 else ""
            return f"{'async ' if spec.is_async else ''}function{' · full column' if spec.full_column else ''}{several}"
        case _:
            named = f" · {node.model}" if node.model is not None else ""
            return f"{type(spec).__name__}{named}"


def explain(node: Node) -> str:
    """Say all that fits about a node: its columns, what it reads, its prompt or source; lines, not escaped."""
    lines = [f"{one_line(node.name, _LONG)}: {describe(node)}"]
    if node.kind == "seed" or len(node.outputs) > 1:
        lines.append(f"columns: {_names(node.outputs)}")
    if node.inputs:
        lines.append(f"reads: {_names(node.inputs)}")
    return "\n".join([*lines, *_rules(node), *_details(node)])


def outline(graph: ExecutionGraph) -> str:
    """Say a graph in words, for who cannot see it: every node and what it reads; one line, not escaped."""
    parts = []
    for node in graph.nodes[:_MOST_OUTLINED]:
        reads = ", ".join(one_line(name, 40) for name in dict.fromkeys((*node.inputs, *node.condition_inputs)))
        parts.append(f"{one_line(node.name, 40)}{f' reads {one_line(reads, _LONG)}' if reads else ''}")
    more = [f"and {len(graph.nodes) - _MOST_OUTLINED} more"] if len(graph.nodes) > _MOST_OUTLINED else []
    return f"graph of {write_plural(len(graph.columns), 'column')}: {'; '.join([*parts, *more])}"


def _rules(node: Node) -> list[str]:
    """What a column says about rows that are special; only what it says itself."""
    spec = node.spec
    rules = []
    if isinstance(spec, DerivedColumn) and spec.skip_if is not None:
        rules.append(f"skipped if {several_lines(spec.skip_if, _LONG)}")
        if spec.skip_value is not None:
            rules.append(f"holds {write_value(spec.skip_value, _LONG).text} where it is skipped")
        if not spec.propagate_skip:
            rules.append("made also where what it reads was skipped")
    if node.on_error != "drop":
        rules.append({"null": "left empty if it fails", "raise": "ends the run if it fails"}[node.on_error])
    if node.retries:
        rules.append(f"tried {write_plural(node.retries, 'time')} more if it is rejected")
    if node.ordered:
        rules.append("one row after the other")
    if node.allow_resize:
        rules.append("may give another number of rows")
    return rules


def _details(node: Node) -> list[str]:
    spec = node.spec
    match spec:
        case SeedColumn():
            return ["shuffled"] if spec.data.shuffle else []
        case Category():
            weights = [f"weights: {write_value(list(spec.weights), _LONG).text}"] if spec.weights else []
            return [f"values: {write_value(list(spec.values), _LONG).text}", *weights]
        case Expression():
            return [several_lines(spec.template, _LONG)]
        case LLMText():
            system = [f"system: {several_lines(spec.system, _LONG)}"] if spec.system else []
            return [*system, f"prompt: {several_lines(spec.prompt, _LONG)}"]
        case Function():
            return [several_lines(spec.source.rstrip(), _LONG)] if spec.source else []
        case _:
            return []


def _range(spec: Integer | Float) -> str:
    return f"{write_value(spec.low, 24).text} to {write_value(spec.high, 24).text}"


def _names(names: tuple[str, ...]) -> str:
    return one_line(", ".join(names[:40]), _LONG)
