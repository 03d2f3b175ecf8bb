"""Drives SchedulerCore through random worlds in virtual time, and checks the engine's rules after every step.

The simulator keeps its own books (which cells are made, which rows have ended) and never reads the core's to check the
core. A world is made from one seed, so a failure is replayed with the line it prints:
`python -c "from tests.simulator import replay; replay(SEED)"`.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from notebook_gen.config.columns import Column, Expression, Function, Integer
from notebook_gen.engine.core import EndRun, MakeInPlace, SchedulerCore, StopWork, WriteRowGroup
from notebook_gen.errors import GenerationError, Rejected, WriteError
from notebook_gen.events import RowDropped, RowGroupOpened, RowGroupWritten, RowsDone
from notebook_gen.plan.graph import ASYNC_FUNCTIONS, THREADS, ExecutionGraph, build_graph
from notebook_gen.plan.tasks import WHOLE_GROUP, RowGroups, Task


@dataclass(frozen=True)
class World:
    """One random run.

    Attributes:
        failure_rate: the share of tasks and in-place cells that fail.
        slow_tail: the share of tasks that take 20 times as long.
        cancel_at: when the run is cancelled, in virtual seconds; None: never.
        failing_write: the row group whose write fails; None: all succeed.
    """

    seed: int
    graph: ExecutionGraph
    groups: RowGroups
    ceilings: dict[str, int]
    max_open_rows: int
    failure_rate: float
    slow_tail: float
    cancel_at: float | None
    failing_write: int | None


def random_world(seed: int) -> World:
    """Make a world from a seed: up to 12 columns, up to 120 rows, all mixes of strategies and failures."""
    draw = random.Random(seed)
    columns: dict[str, Column] = {}
    for index in range(draw.randint(1, 12)):
        names = list(columns)
        reads = tuple(draw.sample(names, min(len(names), draw.choice([0, 1, 1, 2, 3]))))
        columns[f"c{index}"] = _random_column(draw, reads)
    graph = build_graph(columns)
    rows = draw.choice([0, 1, 2, 7, 30, draw.randint(1, 120)])
    groups = RowGroups(rows, draw.choice([1, 2, 5, 10, 50]))
    return World(
        seed=seed,
        graph=graph,
        groups=groups,
        ceilings={ASYNC_FUNCTIONS: draw.choice([1, 2, 4, 16]), THREADS: draw.choice([1, 3, 8])},
        max_open_rows=draw.choice([1, 10, 60, 1000]),
        failure_rate=draw.choice([0.0, 0.0, 0.02, 0.2, 0.7, 1.0]),
        slow_tail=draw.choice([0.0, 0.05, 0.3]),
        cancel_at=draw.choice([None, None, None, draw.uniform(0, 10)]),
        failing_write=draw.choice([None] * 9 + [0]),
    )


def simulate(world: World) -> "Books":
    """Run a world to its end.

    Raises:
        AssertionError: a rule of the engine was broken; the text tells how to replay it.
    """
    shell = _Shell(world)
    try:
        shell.run()
        shell.check_end()
    except (AssertionError, RuntimeError, KeyError) as error:
        raise AssertionError(f'replay: python -c "from tests.simulator import replay; replay({world.seed})"') from error
    return shell.books


def replay(seed: int) -> None:
    """Run the world of one seed again."""
    simulate(random_world(seed))


@dataclass
class Books:
    """What happened, kept apart from the core.

    Attributes:
        made: (node, row) of each cell that has a value; of a full-column node, (node, group number).
        ended: how often each row was delivered or dropped.
        starts: tasks, in the order they started, with the time.
        written: row groups in the order they were written, with the time.
    """

    made: set[tuple[int, int]] = field(default_factory=set)
    ended: Counter[int] = field(default_factory=Counter)
    dropped: set[int] = field(default_factory=set)
    delivered: set[int] = field(default_factory=set)
    starts: list[tuple[float, Task]] = field(default_factory=list)
    written: list[tuple[float, int]] = field(default_factory=list)
    announced_done: int = 0
    most_open_rows: int = 0
    ending: EndRun | None = None


class _Shell:
    """What AsyncTaskScheduler is in real life, in virtual time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.graph = world.graph
        self.books = Books()
        self.core = SchedulerCore(world.graph, world.groups, world.ceilings, world.max_open_rows)
        self.draw = random.Random(world.seed + 1)
        self.now = 0.0
        self.due: list[tuple[float, int, Task | int]] = []
        self.count = 0
        self.in_flight: Counter[str] = Counter()
        self.in_flight_groups: Counter[int] = Counter()
        self.in_place: list[MakeInPlace] = []
        self.open: dict[int, int] = {}
        self.orders: dict[int, WriteRowGroup] = {}
        self.is_stopping = False

    def run(self) -> None:
        self.core.start(self.now)
        self.perform()
        while True:
            self.take_work()
            if self.books.ending is not None:
                return
            if not self.due:
                self.core.check_alive()
            assert self.due, "nothing is due although the run is not over"
            self.step()

    def step(self) -> None:
        cancel_at = self.world.cancel_at
        if cancel_at is not None and cancel_at <= self.due[0][0] and not self.is_stopping:
            self.now = max(self.now, cancel_at)
            self.core.cancel()
        else:
            time, _, what = heappop(self.due)
            assert time >= self.now, "time went back"
            self.now = time
            if isinstance(what, Task):
                self.finish(what)
            else:
                self.finish_write(what)
        self.perform()

    def take_work(self) -> None:
        """Fill all free slots, as the shell's slots do when they are woken."""
        has_taken = True
        while has_taken:
            has_taken = False
            for number, resource in enumerate(self.core.resources):
                taken = self.core.take(number, self.now)
                self.perform()
                if taken is not None:
                    has_taken = True
                    self.start(taken[0], taken[1], resource.name)

    def start(self, task: Task, ready: float, resource: str) -> None:
        node = self.graph.nodes[task.node]
        assert not self.is_stopping, "a task started after the run was told to stop"
        assert ready <= self.now, "a task was ready in the future"
        self.check_inputs(task.node, task.row_group, [task.row] if task.row != WHOLE_GROUP else None)
        assert (task.row == WHOLE_GROUP) == node.full_column
        rows = self.world.groups[task.row_group].rows
        assert not self.books.dropped.issuperset(rows), "a task started for no row at all"
        assert node.resource == resource
        self.in_flight[resource] += 1
        self.in_flight_groups[task.row_group] += 1
        assert self.in_flight[resource] <= self.world.ceilings[resource], "more in flight than the limit"
        key = (task.node, task.row if task.row != WHOLE_GROUP else task.row_group)
        assert key not in self.books.made, "a cell was made twice"
        assert task not in [other for _, other in self.books.starts], "a task started twice"
        self.books.starts.append((self.now, task))
        seconds = self.draw.choice([0.0, 0.1, self.draw.expovariate(1.0)])
        if self.draw.random() < self.world.slow_tail:
            seconds = 20.0
        self.push(self.now + seconds, task)

    def check_inputs(self, node: int, group_number: int, rows: Sequence[int] | None) -> None:
        """Check that all inputs of some rows, or of all live rows of a group, are made."""
        group = self.world.groups[group_number]
        live = rows if rows is not None else [row for row in group.rows if row not in self.books.dropped]
        for up in self.graph.nodes[node].upstream:
            if self.graph.nodes[up].full_column:
                assert (up, group_number) in self.books.made, "started before a full column upstream"
            else:
                for row in live:
                    assert (up, row) in self.books.made, "started before a cell upstream"
        for row in rows or ():
            assert row not in self.books.dropped, "a task started for a dropped row"

    def finish(self, task: Task) -> None:
        resource = self.graph.nodes[task.node].resource
        assert resource is not None
        self.in_flight[resource] -= 1
        self.in_flight_groups[task.row_group] -= 1
        error = self.failure()
        if error is None and task.row == WHOLE_GROUP:
            self.books.made.add((task.node, task.row_group))
        elif error is None and task.row not in self.books.dropped:
            self.books.made.add((task.node, task.row))
        self.core.finished(task, error, self.now)

    def failure(self) -> GenerationError | None:
        return Rejected("it failed") if self.draw.random() < self.world.failure_rate else None

    def perform(self) -> None:
        while self.core.outbox or self.in_place:
            while self.core.outbox:
                self.perform_one(self.core.outbox.popleft())
            if self.in_place:
                self.make_in_place(self.in_place.pop(0))

    def perform_one(self, instruction: object) -> None:
        match instruction:
            case MakeInPlace():
                self.in_place.append(instruction)
                self.in_flight_groups[instruction.row_group.number] += 1
            case RowGroupOpened():
                self.open[instruction.row_group.number] = instruction.row_group.size
                total = sum(self.open.values())
                assert len(self.open) == 1 or total <= self.world.max_open_rows, "too many open rows"
                self.books.most_open_rows = max(self.books.most_open_rows, total)
            case WriteRowGroup():
                self.begin_write(instruction)
            case RowDropped():
                assert instruction.row not in self.books.dropped, "a row was dropped twice"
                self.books.dropped.add(instruction.row)
                self.books.ended[instruction.row] += 1
            case RowsDone():
                self.books.announced_done += instruction.rows
            case StopWork():
                self.stop()
            case EndRun():
                assert self.books.ending is None, "the run ended twice"
                self.books.ending = instruction
            case RowGroupWritten():
                pass
            case _:
                raise AssertionError(f"unknown instruction {instruction!r}")

    def make_in_place(self, order: MakeInPlace) -> None:
        if self.is_stopping:
            return
        if self.is_full(order.node):
            self.check_inputs(order.node, order.row_group.number, None)
        size = len(order.rows) if self.is_full(order.node) else self.draw.choice([1, 3, len(order.rows)])
        for first in range(0, len(order.rows), size):
            rows = order.rows[first : first + size]
            failures = {row: error for row in rows if (error := self.failure()) is not None}
            for row in rows:
                if row not in failures and row not in self.books.dropped and not self.is_full(order.node):
                    self.check_inputs(order.node, order.row_group.number, [row])
                    self.books.made.add((order.node, row))
            if self.is_full(order.node):
                self.books.made.add((order.node, order.row_group.number))
            if first + size >= len(order.rows):
                self.in_flight_groups[order.row_group.number] -= 1
            self.core.made_in_place(order, rows, failures, self.now)

    def is_full(self, node: int) -> bool:
        return self.graph.nodes[node].full_column

    def begin_write(self, order: WriteRowGroup) -> None:
        number = order.row_group.number
        assert not self.in_flight_groups[number] or self.is_stopping, "a row group closed with work in flight"
        assert number not in self.orders, "a row group was written twice"
        for row in order.rows:
            for node in self.graph.nodes:
                key = (node.index, number if node.full_column else row)
                assert key in self.books.made, "an unfinished row was written"
            assert row not in self.books.dropped, "a dropped row was written"
        told = {drop.row for drop in order.dropped}
        assert told == {row for row in order.row_group.rows if row in self.books.dropped}
        self.orders[number] = order
        self.push(self.now + self.draw.choice([0.0, 0.5]), number)

    def finish_write(self, number: int) -> None:
        if number == self.world.failing_write:
            self.core.write_failed(number, WriteError("disk full"))
            return
        order = self.orders[number]
        self.open.pop(number)
        self.books.written.append((self.now, number))
        self.books.delivered.update(order.rows)
        self.books.ended.update(order.rows)
        self.core.written(number, len(order.rows), self.now)

    def stop(self) -> None:
        self.is_stopping = True
        self.in_place.clear()
        self.due = [entry for entry in self.due if not isinstance(entry[2], Task)]
        self.due.sort()
        self.in_flight.clear()
        self.in_flight_groups.clear()
        self.core.stopped()

    def push(self, time: float, what: Task | int) -> None:
        self.count += 1
        heappush(self.due, (time, self.count, what))

    def check_end(self) -> None:
        books, rows = self.books, range(self.world.groups.rows)
        ending = books.ending
        assert ending is not None
        assert not any(isinstance(what, Task) for _, _, what in self.due), "a task survived the run"
        assert all(count == 1 for count in books.ended.values()), "a row ended twice"
        if ending.state == "finished" or (ending.state == "failed" and not isinstance(ending.error, WriteError)):
            assert set(books.ended) == set(rows), "rows asked = rows delivered + rows dropped"
            assert [number for _, number in sorted(books.written, key=lambda entry: entry[1])] == list(
                range(len(self.world.groups))
            )
            assert books.announced_done == len(books.delivered)
        assert (ending.state == "finished") == (ending.error is None)


def _random_column(draw: random.Random, reads: tuple[str, ...]) -> Column:
    if not reads and draw.random() < 0.6:
        return Integer(1, 5)
    kind = draw.choice(["expression", "cell", "cell", "async", "full", "async full"])
    if kind == "expression":
        return Expression(" ".join(f"{{{{ {name} }}}}" for name in reads) or "x")
    return Function(
        function=len,
        reads=reads,
        is_async=kind.startswith("async"),
        full_column=kind.endswith("full"),
    )
