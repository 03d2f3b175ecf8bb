"""ExecutionGraph: which node makes which columns, from what, and where it runs.

A node is one spec (or one seed table) and makes one or more columns. Node indexes are a topological order, and
among nodes that could stand in any order, the order of declaration. A side output gives way to whatever else is
called like it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args
from unicodedata import normalize

from notebook_gen.config.columns import (
    Column,
    DerivedColumn,
    Function,
    Kind,
    LLMText,
    SeedColumn,
    SideOutput,
    side_name,
)
from notebook_gen.config.options import OnError
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
        name: what to call it: what its spec is declared as, or the name of its seed table.
        kind: the kind of its spec.
        spec: the spec it came from; of a seed table, the spec of its first column.
        outputs: the columns it makes.
        inputs: the columns it reads to make its values.
        upstream: indexes of the nodes that it reads from, or that its condition does.
        downstream: indexes of the nodes that read from it.
        full_column: one task a row group; else one a row.
        mode: where it runs: in place on the loop's thread, in the thread pool, or awaited on the loop.
        resource: what it needs a slot of; None if it runs in place.
        retries: more tries for a cell that was rejected.
        on_error: what becomes of a row whose cell failed for good.
        has_condition: whether a condition decides, row by row, that it is skipped.
        condition_inputs: the columns that its condition reads.
        propagate_skip: whether it is skipped where something upstream was.
        skip_values: what its outputs hold where it is skipped; None: nothing.
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
    skip_values: tuple[Any, ...] = ()
    ordered: bool = False
    allow_resize: bool = False
    condition_inputs: tuple[str, ...] = ()

    @property
    def model(self) -> str | None:
        """The alias of its model, if it has one."""
        return self.spec.endpoint


@dataclass(frozen=True, slots=True)
class ExecutionGraph:
    """The nodes of a builder, in topological order.

    Attributes:
        nodes: all nodes.
        columns: every column, in the order of declaration, those of one node together, and the index of that node.
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

    Args:
        columns: specs, by what they are declared as.

    Raises:
        ConfigError: a column is made twice, or reads what does not exist, itself, or in a circle.
    """
    drafts = _drafts(columns)
    maker = {output: position for position, draft in enumerate(drafts) for output in draft.outputs}
    reads = [_resolve(draft, draft.spec.inputs, drafts, maker) for draft in drafts]
    conditions = [_resolve(draft, draft.spec.condition_inputs, drafts, maker) for draft in drafts]
    upstream = [{maker[name] for name in (*reads[i], *conditions[i])} for i in range(len(drafts))]
    order = _topological(drafts, upstream)
    index = {position: place for place, position in enumerate(order)}
    downstream: list[list[int]] = [[] for _ in drafts]
    for place, position in enumerate(order):
        for other in upstream[position]:
            downstream[other].append(place)
    nodes = tuple(
        _node(
            drafts[position],
            inputs=reads[position],
            condition_inputs=conditions[position],
            index=index[position],
            upstream=sorted(index[other] for other in upstream[position]),
            downstream=downstream[position],
        )
        for position in order
    )
    resources = tuple(dict.fromkeys(node.resource for node in nodes if node.resource is not None))
    made_by = {name: index[position] for name, position in maker.items()}
    return ExecutionGraph(nodes, MappingProxyType(made_by), resources)


def _node(
    draft: "_Draft",
    *,
    inputs: tuple[str, ...],
    condition_inputs: tuple[str, ...],
    index: int,
    upstream: Iterable[int],
    downstream: Iterable[int],
) -> Node:
    spec = draft.spec
    derived = spec if isinstance(spec, DerivedColumn) else None
    function = spec if isinstance(spec, Function) else None
    return Node(
        index=index,
        name=draft.name,
        kind=spec.kind,
        spec=spec,
        outputs=draft.outputs,
        inputs=inputs,
        upstream=tuple(upstream),
        downstream=tuple(downstream),
        full_column=spec.kind in ("seed", "sampler") or (function is not None and function.full_column),
        mode=_mode(spec),
        resource=_resource(spec),
        retries=spec.retries if isinstance(spec, Function | LLMText) else 0,
        on_error=derived.on_error if derived is not None else "drop",
        has_condition=derived is not None and derived.skip_if is not None,
        propagate_skip=derived is None or derived.propagate_skip,
        skip_values=_skip_values(draft, derived),
        ordered=function is not None and function.ordered,
        allow_resize=function is not None and function.allow_resize,
        condition_inputs=condition_inputs,
    )


def _skip_values(draft: "_Draft", spec: DerivedColumn | None) -> tuple[Any, ...]:
    """What each output holds where the node is skipped: only a column of its own name gets the value."""
    value = spec.skip_value if spec is not None else None
    return tuple(value if name == draft.name else None for name in draft.outputs)


def list_columns(columns: Mapping[str, Column]) -> tuple[str, ...]:
    """Give the names of all columns that specs make, as `ExecutionGraph.columns` has them, whatever they read.

    Raises:
        ConfigError: a column is made twice.
    """
    return tuple(output for draft in _drafts(columns) for output in draft.outputs)


class _Draft(NamedTuple):
    """A node to be.

    Attributes:
        name: what to call it.
        spec: of a seed table, the spec of its first column.
        outputs: the columns it makes.
    """

    name: str
    spec: Column
    outputs: tuple[str, ...]


def _drafts(columns: Mapping[str, Column]) -> list[_Draft]:
    """One draft a spec, in the order of declaration; the columns of one seed table are one draft."""
    taken = _makers(columns)
    drafts: list[_Draft] = []
    tables: dict[int, int] = {}
    for key, spec in columns.items():
        outputs = (*spec.names_made(key), *(name for name in spec.side_names(key) if name not in taken))
        if not isinstance(spec, SeedColumn):
            drafts.append(_Draft(key, spec, outputs))
        elif id(spec.data) not in tables:
            tables[id(spec.data)] = len(drafts)
            drafts.append(_Draft(spec.data.name, spec, outputs))
        else:
            draft = drafts[tables[id(spec.data)]]
            drafts[tables[id(spec.data)]] = draft._replace(outputs=(*draft.outputs, *outputs))
    return drafts


def _makers(columns: Mapping[str, Column]) -> dict[str, str]:
    """For each column, side outputs aside, what makes it."""
    makers: dict[str, str] = {}
    for key, spec in columns.items():
        for name in spec.names_made(key):
            if name in makers:
                raise ConfigError(
                    f"is made twice, by {makers[name]!r} and by {key!r}",
                    advice=f"call one of the two otherwise, or del builder[{makers[name]!r}]",
                    column=name,
                )
            makers[name] = key
    return makers


def _resolve(
    draft: _Draft, names: Iterable[str], drafts: Sequence[_Draft], maker: Mapping[str, int]
) -> tuple[str, ...]:
    """Give the names that are columns, each once; those that Jinja2 itself defines need not be."""
    read = [name for name in dict.fromkeys(names) if name in maker or name not in TEMPLATE_GLOBALS]
    for name in read:
        if name in draft.outputs:
            raise ConfigError(
                "reads itself" if name == draft.name else f"reads {name!r}, which it makes itself",
                advice="give one of the two another name",
                column=draft.name,
            )
        if name not in maker:
            advice = _advice(name, draft, drafts, maker)
            raise ConfigError(f"reads {name!r}, which does not exist", advice=advice, column=draft.name)
    return tuple(read)


def _advice(name: str, reader: _Draft, drafts: Sequence[_Draft], columns: Iterable[str]) -> str:
    """What to do about a name that is no column, for the column that reads it.

    The cases: a side output nobody asked for, what makes several others, the same letters in other code points, a typo.
    """
    for draft in drafts:
        if isinstance(draft.spec, LLMText):
            for side in get_args(SideOutput):
                if name == side_name(draft.name, side):
                    return f"ask for it: ng.LLMText(…, side_outputs=[{side!r}]) for {draft.name!r}"
        if name == draft.name and draft.spec.kind != "seed":
            return f"{name!r} makes {', '.join(map(repr, draft.outputs))}: read one of them"
    columns = [column for column in columns if column not in reader.outputs]
    alike = next((column for column in columns if normalize("NFKC", column) == normalize("NFKC", name)), None)
    if alike is not None:
        return f"the column {alike!r} only looks the same ({alike!a}, not {name!a}): copy the name from there"
    near = get_close_matches(name, columns, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    others = f"; so far, there are {', '.join(map(repr, columns))}" if columns else ""
    return f"declare it first{others}"


def _topological(drafts: Sequence[_Draft], upstream: Sequence[set[int]]) -> list[int]:
    sorter = TopologicalSorter(dict(enumerate(upstream)))
    try:
        sorter.prepare()
    except CycleError as error:
        names = [drafts[position].name for position in error.args[1]]
        raise ConfigError(
            f"is part of a cycle: {' → '.join(names)} (each is read by the next)",
            advice="break it at one of them",
            column=names[0],
        ) from None
    order: list[int] = []
    ready: list[int] = []
    while sorter.is_active():
        for position in sorter.get_ready():
            heappush(ready, position)
        position = heappop(ready)
        order.append(position)
        sorter.done(position)
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
