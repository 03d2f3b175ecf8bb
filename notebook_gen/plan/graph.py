"""ExecutionGraph: which node makes which columns, from what, and where it runs.

A node is one spec (or one seed table) and makes one or more columns. Node indexes are a topological order, and
among nodes that could stand in any order, the order of declaration.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from notebook_gen.config.columns import Column, Function, Kind, OnError, SeedColumn
from notebook_gen.config.templates import TEMPLATE_GLOBALS
from notebook_gen.errors import ConfigError

Mode = Literal["in_place", "thread", "async"]

THREADS = "thread pool"
ASYNC_FUNCTIONS = "async functions"


@dataclass(frozen=True, slots=True)
class Node:
    """One thing that makes values.

    Attributes:
        index: its place in `ExecutionGraph.nodes`.
        name: what to call it: its column, or the name of its seed table.
        kind: the kind of its spec.
        spec: the spec it came from; of a seed table, the spec of its first column.
        outputs: the columns it makes.
        inputs: the columns it reads.
        upstream: indexes of the nodes it reads from.
        downstream: indexes of the nodes that read from it.
        full_column: one task a row group; else one a row.
        mode: where it runs: in place on the loop's thread, in the thread pool, or awaited on the loop.
        resource: what it needs a slot of; None if it runs in place.
        retries: more tries for a cell that was rejected.
        on_error: what becomes of a row whose cell failed for good.
        has_condition: whether a condition decides, row by row, that it is skipped.
        propagate_skip: whether it is skipped where something upstream was.
        ordered: whether its tasks run one at a time, in the order of rows.
        allow_resize: whether it may give another number of rows than it got.
    """

    index: int
    name: str
    kind: Kind
    spec: Column
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    upstream: tuple[int, ...]
    downstream: tuple[int, ...]
    full_column: bool
    mode: Mode
    resource: str | None
    retries: int = 0
    on_error: OnError = "drop"
    has_condition: bool = False
    propagate_skip: bool = True
    ordered: bool = False
    allow_resize: bool = False

    @property
    def model(self) -> str | None:
        """The alias of its model, if it has one."""
        return self.spec.endpoint


@dataclass(frozen=True, slots=True)
class ExecutionGraph:
    """The nodes of a builder, in topological order.

    Attributes:
        nodes: all nodes.
        columns: every column, in the order of declaration, and the index of the node that makes it.
        resources: the resources that nodes need, each once, in the order of first need.
    """

    nodes: tuple[Node, ...]
    columns: Mapping[str, int]
    resources: tuple[str, ...]

    def depths(self, costs: Sequence[float] | None = None) -> list[float]:
        """Give the longest remaining path from each node, itself included.

        Args:
            costs: what each node costs, for instance in seconds; None: 1 each.
        """
        depths = [0.0] * len(self.nodes)
        for node in reversed(self.nodes):
            below = max((depths[index] for index in node.downstream), default=0.0)
            depths[node.index] = below + (costs[node.index] if costs is not None else 1.0)
        return depths


def build_graph(columns: Mapping[str, Column]) -> ExecutionGraph:
    """Make the graph of a builder's columns.

    Raises:
        ConfigError: a column reads what does not exist, itself, or in a circle.
    """
    drafts = _drafts(columns)
    maker = {output: draft for draft, (_, outputs) in drafts.items() for output in outputs}
    reads = {draft: _resolve(outputs[0], spec.inputs, maker) for draft, (spec, outputs) in drafts.items()}
    order = _topological(drafts, {draft: {maker[name] for name in names} for draft, names in reads.items()})
    index = {draft: position for position, draft in enumerate(order)}
    nodes = []
    for draft in order:
        spec, outputs = drafts[draft]
        downstream = {index[other] for other in order if any(maker[name] == draft for name in reads[other])}
        nodes.append(
            Node(
                index=index[draft],
                name=spec.data.name if isinstance(spec, SeedColumn) else outputs[0],
                kind=spec.kind,
                spec=spec,
                outputs=outputs,
                inputs=reads[draft],
                upstream=tuple(sorted({index[maker[name]] for name in reads[draft]})),
                downstream=tuple(sorted(downstream)),
                full_column=spec.kind in ("seed", "sampler") or (isinstance(spec, Function) and spec.full_column),
                mode=_mode(spec),
                resource=_resource(spec),
            )
        )
    resources = tuple(dict.fromkeys(node.resource for node in nodes if node.resource is not None))
    return ExecutionGraph(tuple(nodes), {name: index[maker[name]] for name in columns}, resources)


def _drafts(columns: Mapping[str, Column]) -> dict[int, tuple[Column, tuple[str, ...]]]:
    """Specs with the columns they make, by position; the columns of one seed table are one draft."""
    drafts: dict[int, tuple[Column, tuple[str, ...]]] = {}
    tables: dict[int, int] = {}
    for name, spec in columns.items():
        if isinstance(spec, SeedColumn) and id(spec.data) in tables:
            position = tables[id(spec.data)]
            first, outputs = drafts[position]
            drafts[position] = (first, (*outputs, name))
            continue
        if isinstance(spec, SeedColumn):
            tables[id(spec.data)] = len(drafts)
        drafts[len(drafts)] = (spec, (name,))
    return drafts


def _resolve(column: str, inputs: Iterable[str], maker: Mapping[str, int]) -> tuple[str, ...]:
    names = [name for name in inputs if name in maker or name not in TEMPLATE_GLOBALS]
    for name in names:
        if name == column:
            raise ConfigError("reads itself", advice="give one of the two another name", column=column)
        if name not in maker:
            near = get_close_matches(name, maker, n=1)
            advice = f"did you mean {near[0]!r}?" if near else f"the columns are {', '.join(map(repr, maker))}"
            raise ConfigError(f"reads {name!r}, which does not exist", advice=advice, column=column)
    return tuple(names)


def _topological(drafts: Mapping[int, tuple[Column, tuple[str, ...]]], upstream: Mapping[int, set[int]]) -> list[int]:
    sorter = TopologicalSorter(upstream)
    try:
        sorter.prepare()
    except CycleError as error:
        names = [drafts[draft][1][0] for draft in error.args[1]]
        raise ConfigError(
            f"is part of a cycle: {' → '.join(names)} (each is read by the next)",
            advice="break it at one of them",
            column=names[0],
        ) from error
    order: list[int] = []
    ready: list[int] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()])
        draft = ready.pop(0)
        order.append(draft)
        sorter.done(draft)
    return order


def _mode(spec: Column) -> Mode:
    if isinstance(spec, Function):
        return "async" if spec.is_async else "thread"
    return "async" if spec.endpoint is not None else "in_place"


def _resource(spec: Column) -> str | None:
    if spec.endpoint is not None:
        return f"model {spec.endpoint}"
    if isinstance(spec, Function):
        return ASYNC_FUNCTIONS if spec.is_async else THREADS
    return None
