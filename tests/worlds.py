"""Random worlds for the simulator: a graph, rows, slots, and everything that may go wrong."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from notebook_gen.config.columns import Column, Expression, Function, Integer, LLMText
from notebook_gen.config.options import OnError
from notebook_gen.config.settings import RunSettings
from notebook_gen.engine.flow import may_be_kept
from notebook_gen.engine.instructions import UserStage
from notebook_gen.errors import GenerationError
from notebook_gen.plan.graph import ASYNC_FUNCTIONS, THREADS, ExecutionGraph, Node, build_graph
from notebook_gen.plan.tasks import RowGroup, RowGroups
from notebook_gen.plan.values import NO_EARLIER_WORK, EarlierWork
from tests.books import Key

MODELS = ("m", "n")
_ON_ERROR: tuple[OnError, ...] = ("drop", "drop", "drop", "drop", "null", "null", "raise")


@dataclass(frozen=True, kw_only=True)
class World:
    """One run, and what happens to it.

    Attributes:
        failure_rate: the share of tasks and in-place cells that are rejected.
        transient_rate: the share of tasks that meet a transient failure.
        limit_rate: the share of tasks that are rate limited, whatever the load.
        skip_rate: the share of cells that a condition skips.
        slow_tail: the share of tasks that take 20 seconds.
        capacities: how many calls endpoints take at once, from which time on; more are refused.
        outages: when endpoints are down, from and to.
        processor_drop_rate: the share of rows that processors drop.
        processor_failure_rate: how often a processor raises.
        cancel_at: when the run is cancelled, in virtual seconds; None: never.
        cancels_again: when it is cancelled once more.
        hangs: where the user's code does not return; None: it always does.
        hangs_for: the row group for which it does not, unless it is called for all rows.
        slowest: seconds that a write, and stopping what is in flight, may take.
        pauses: when the run is paused and when it goes on, one after the other.
        earlier: what an earlier run has left.
        kept: cells of its begun row groups that it has made.
        failing_write: the row group whose write fails; None: all succeed.
        failing_callback: the row group for which the callback raises; None: it never does.
        seconds: what every task takes, and row groups leave at once; None: all of that is random.
        processing: seconds that a row group is with processors, where `seconds` is given.
        slow: what single tasks take instead, where `seconds` is given; by node and row (or row group).
        meets: how the first attempts of single tasks fail; by node and row (or row group).
        untroubled: endpoints to which neither `capacities` nor `outages` apply.
    """

    graph: ExecutionGraph
    groups: RowGroups
    ceilings: dict[str, int]
    seed: int = 0
    settings: RunSettings = field(default_factory=RunSettings)
    stages: frozenset[UserStage] = frozenset()
    failure_rate: float = 0.0
    transient_rate: float = 0.0
    limit_rate: float = 0.0
    skip_rate: float = 0.0
    slow_tail: float = 0.0
    capacities: Sequence[tuple[float, int]] = ()
    outages: Sequence[tuple[float, float]] = ()
    processor_drop_rate: float = 0.0
    processor_failure_rate: float = 0.0
    cancel_at: float | None = None
    cancels_again: Sequence[float] = ()
    hangs: UserStage | None = None
    hangs_for: int = 0
    slowest: float = 0.5
    failing_write: int | None = None
    failing_callback: int | None = None
    pauses: Sequence[tuple[float, float]] = ()
    earlier: EarlierWork = NO_EARLIER_WORK
    kept: frozenset[Key] = frozenset()
    seconds: float | None = None
    processing: float = 0.0
    slow: Mapping[Key, float] = field(default_factory=dict)
    meets: Mapping[Key, Sequence[GenerationError]] = field(default_factory=dict)
    untroubled: frozenset[str] = frozenset()

    @property
    def may_resize(self) -> bool:
        """Whether a column may change the number of rows."""
        return any(node.allow_resize for node in self.graph.nodes)

    def capacity(self, now: float) -> int:
        """How many calls an endpoint takes at once."""
        reached = [capacity for since, capacity in self.capacities if since <= now]
        return reached[-1] if reached else 1 << 30

    def is_down(self, now: float) -> bool:
        """Whether the endpoints are down."""
        return any(begin <= now < end for begin, end in self.outages)

    def next_outage(self, now: float) -> float:
        """When the endpoints go down next, breaking the calls in flight; infinite if they never do."""
        return min((begin for begin, _ in self.outages if begin > now), default=float("inf"))


def random_world(seed: int) -> World:
    """Make a world from a seed: up to 12 columns, up to 120 rows, all mixes of strategies and failures."""
    draw = random.Random(seed)
    columns: dict[str, Column] = {}
    for index in range(draw.randint(1, 12)):
        names = list(columns)
        reads = tuple(draw.sample(names, min(len(names), draw.choice([0, 1, 1, 2, 3]))))
        columns[f"c{index}"] = _random_column(draw, reads)
    graph = _with_options(build_graph(columns), draw)
    rows = draw.choice([0, 1, 2, 7, 30, draw.randint(1, 120)])
    outage = draw.uniform(0.0, 5.0)
    world = World(
        seed=seed,
        graph=graph,
        groups=RowGroups(rows, draw.choice([1, 2, 5, 10, 50])),
        ceilings={
            ASYNC_FUNCTIONS: draw.choice([1, 2, 4, 16]),
            THREADS: draw.choice([1, 3, 8]),
            "model m": draw.choice([1, 4, 16]),
            "model n": draw.choice([1, 8]),
        },
        settings=_random_settings(draw),
        stages=frozenset(draw.choice([(), (), ("pre_batch",), ("post_batch",), ("pre_batch", "post_batch")])),
        failure_rate=draw.choice([0.0, 0.0, 0.02, 0.2, 0.7, 1.0]),
        transient_rate=draw.choice([0.0, 0.0, 0.05, 0.3]),
        limit_rate=draw.choice([0.0, 0.0, 0.1, 0.5]),
        skip_rate=draw.choice([0.0, 0.3, 0.9, 1.0]),
        slow_tail=draw.choice([0.0, 0.05, 0.3]),
        capacities=draw.choice([(), (), ((0.0, 2),), ((0.0, 16), (2.0, 1), (6.0, 16))]),
        outages=draw.choice([(), (), ((outage, outage + draw.choice([0.5, 5.0, 90.0])),)]),
        processor_drop_rate=draw.choice([0.0, 0.1, 0.9, 1.0]),
        processor_failure_rate=draw.choice([0.0, 0.0, 0.1]),
        cancel_at=draw.choice([None, None, None, draw.uniform(0, 10)]),
        failing_write=draw.choice([None] * 9 + [0]),
        pauses=_random_pauses(draw),
    )
    return _with_resizing(_with_endless_calls(_with_callback(_with_earlier_work(world, draw), draw), draw), draw)


def _with_resizing(world: World, draw: random.Random) -> World:
    """Let full-column functions change the number of rows in some worlds, where that is possible."""
    if world.settings.engine == "async" or draw.random() < 0.3:
        return world
    nodes = tuple(
        replace(node, allow_resize=node.kind == "function" and node.full_column and draw.random() < 0.7)
        for node in world.graph.nodes
    )
    return replace(world, graph=replace(world.graph, nodes=nodes))


def _with_earlier_work(world: World, draw: random.Random) -> World:
    """Give a share of the worlds row groups that an earlier run has finished, less some rows, or begun."""
    share = draw.choice([0.0, 0.0, 0.3, 1.0])
    finished: dict[int, Sequence[int]] = {}
    begun: list[RowGroup] = []
    for group in world.groups:
        if draw.random() >= share:
            continue
        if draw.random() < 0.4:
            there = draw.choice([0.0, 0.8, 1.0])
            finished[group.number] = [row for row in group.rows if draw.random() < there]
        else:
            begun.append(group)
    nodes = [node.index for node in world.graph.nodes if may_be_kept(node)]
    made = draw.choice([0.2, 0.8, 1.0])
    kept = [(node, row) for node in nodes for group in begun for row in group.rows if draw.random() < made]
    earlier = EarlierWork(finished, frozenset(group.number for group in begun))
    return replace(world, earlier=earlier, kept=frozenset(kept))


def _with_callback(world: World, draw: random.Random) -> World:
    """Let the user be told of written row groups in a share of the worlds, and raise for one in a few of them."""
    if draw.random() < 0.5:
        return world
    failing = draw.choice([None] * 5 + [0, draw.randint(0, 10)])
    return replace(world, stages=world.stages | {"written"}, failing_callback=failing)


def _with_endless_calls(world: World, draw: random.Random) -> World:
    """Process the dataset as a whole in some worlds, and let the user's code never return in some.

    These are cancelled: once, again too soon, and again when that gives the user's code up.
    """
    endless: Sequence[UserStage | None] = ("pre_batch", "post_batch", "post_batch", "written", "written", "after_run")
    hangs = draw.choice([*[None] * 10, *endless])
    stages: set[UserStage] = {*world.stages}
    if draw.random() < 0.3:
        stages.add("after_run")
    if hangs is not None:
        stages.add(hangs)
    first = draw.uniform(0.0, 30.0) if world.cancel_at is None and hangs is not None else world.cancel_at
    again: Sequence[float] = ()
    if first is not None and (hangs is not None or draw.random() < 0.5):
        grace = world.settings.grace
        again = (first + draw.uniform(0.0, 0.9 * grace), first + grace + draw.choice([0.0, draw.uniform(0.0, 5.0)]))
    meant, slowest = draw.randint(0, 3), draw.choice([0.5, 15.0])
    return replace(
        world,
        stages=frozenset(stages),
        hangs=hangs,
        hangs_for=meant,
        cancel_at=first,
        cancels_again=again,
        slowest=slowest,
    )


def _random_pauses(draw: random.Random) -> Sequence[tuple[float, float]]:
    """Make up to two pauses; some are over at once, some outlast whatever goes on."""
    pauses, end = [], 0.0
    for _ in range(draw.choice([0, 0, 1, 2])):
        begin = end + draw.choice([0.0, draw.uniform(0.0, 1.0), draw.uniform(0.0, 10.0)])
        end = begin + draw.choice([0.0, draw.uniform(0.0, 1.0), draw.uniform(0.0, 10.0), 100.0])
        pauses.append((begin, end))
    return pauses


def _random_settings(draw: random.Random) -> RunSettings:
    return RunSettings(
        max_open_rows=draw.choice([1, 10, 60, 1000]),
        salvage_rounds=draw.choice([0, 1, 2]),
        backoff=draw.choice([0.0, 0.1, 2.0]),
        disable_early_shutdown=draw.choice([True, True, False]),
        shutdown_error_window=draw.choice([1, 10]),
        on_processor_error=draw.choice(["raise", "drop"]),
        engine=draw.choice(["async", "async", "async", "sequential"]),
    )


def _random_column(draw: random.Random, reads: tuple[str, ...]) -> Column:
    if not reads and draw.random() < 0.6:
        return Integer(1, 5)
    kind = draw.choice(["expression", "cell", "async", "llm", "llm", "full", "async full"])
    template = " ".join(f"{{{{ {name} }}}}" for name in reads) or "x"
    if kind == "expression":
        return Expression(template)
    if kind == "llm":
        return LLMText(template, model=draw.choice(MODELS))
    return Function(
        function=len,
        reads=reads,
        is_async=kind.startswith("async"),
        full_column=kind.endswith("full"),
    )


def _with_options(graph: ExecutionGraph, draw: random.Random) -> ExecutionGraph:
    return replace(graph, nodes=tuple(_with_option(node, draw) for node in graph.nodes))


def _with_option(node: Node, draw: random.Random) -> Node:
    """Give a node options of its own; seeds and samplers have none."""
    if node.kind in ("seed", "sampler"):
        return node
    return replace(
        node,
        retries=draw.choice([0, 0, 1, 3]) if node.resource is not None else 0,
        on_error=draw.choice(_ON_ERROR),
        has_condition=draw.random() < 0.2 and bool(node.upstream),
        propagate_skip=draw.random() < 0.8,
        ordered=draw.random() < 0.1 and node.resource is not None,
    )
