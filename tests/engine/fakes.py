"""A run on a real event loop with generators, processors and storage that live in memory."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from notebook_gen.config.columns import Column, Function
from notebook_gen.config.settings import RunSettings
from notebook_gen.engine.job import Job
from notebook_gen.engine.ports import Generator
from notebook_gen.engine.scheduler import AsyncTaskScheduler
from notebook_gen.errors import GenerationError, WriteError
from notebook_gen.events import Event, EventBus, Observer, RunFinished, State
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import RowGroup, RowGroups, Task
from notebook_gen.plan.values import Exchange, FailedCell, Made, NewDataset, Processed

T = TypeVar("T")

QUICK: Mapping[str, Any] = {"row_group_size": 6, "max_open_rows": 12, "threads": 2, "backoff": 0.0}


@dataclass
class Shelf:
    """Keeps what is written, in memory; raises `error` instead, if there is one."""

    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    dropped: list[FailedCell] = field(default_factory=list)
    empty: list[FailedCell] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    endings: list[State] = field(default_factory=list)
    exchanges: list[Task] = field(default_factory=list)
    replaced: NewDataset | None = None
    error: WriteError | None = None

    def write(self, group: RowGroup, columns: Mapping[str, Sequence[Any]], rows: Sequence[int]) -> None:
        if self.error is not None:
            raise self.error
        self.groups.append(group.number)
        for position, row in enumerate(rows):
            self.rows[row] = {name: values[position] for name, values in columns.items()}

    def write_dropped(self, group: RowGroup, dropped: Sequence[FailedCell]) -> None:
        self.dropped += dropped

    def write_empty(self, group: RowGroup, empty: Sequence[FailedCell]) -> None:
        self.empty += empty

    def replace(self, dataset: NewDataset) -> None:
        self.replaced = dataset

    def finish(self, state: State) -> None:
        self.endings.append(state)

    def keep(self, task: Task, exchange: Exchange) -> None:
        self.exchanges.append(task)

    def column(self, name: str) -> dict[int, Any]:
        """One column's values, by row, in row order."""
        return {row: self.rows[row][name] for row in sorted(self.rows)}


@dataclass
class Drawer:
    """Keeps finished cells in memory; those an earlier run has made are in `made`, by node and row."""

    made: Mapping[tuple[int, int], tuple[Any, ...]] = field(default_factory=dict)
    kept: dict[tuple[int, int], tuple[Mapping[str, Any], tuple[Any, ...]]] = field(default_factory=dict)
    looked_for: list[tuple[int, Mapping[str, Sequence[Any]]]] = field(default_factory=list)
    forgotten: list[int] = field(default_factory=list)

    def keep(self, node: int, row: int, inputs: Mapping[str, Any], values: tuple[Any, ...], seconds: float) -> None:
        assert seconds >= 0.0
        self.kept[node, row] = (inputs, values)

    def find(
        self, node: int, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
    ) -> Mapping[int, tuple[Any, ...]]:
        self.looked_for.append((node, {name: list(values) for name, values in inputs.items()}))
        return {row: self.made[node, row] for row in rows if (node, row) in self.made}

    def forget(self, group: RowGroup) -> None:
        self.forgotten.append(group.number)


class Count:
    """Makes a column of row numbers in place."""

    def make(
        self, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
    ) -> tuple[Sequence[Any], ...]:
        return (list(rows),)


class Call:
    """Awaits a function of the row's number and inputs, and counts who is inside."""

    def __init__(self, function: Callable[[int, Mapping[str, Any]], Any]) -> None:
        self.function = function
        self.rows: list[int] = []
        self.inside = 0
        self.most_inside = 0

    async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
        self.rows.append(row)
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            await asyncio.sleep(0)
            value = self.function(row, inputs)
        finally:
            self.inside -= 1
        return Made((value,))


class Failing:
    """Gives the row's number, after it has failed as it was told."""

    def __init__(self, failures: Mapping[int, Sequence[GenerationError]]) -> None:
        self.left = {row: list(errors) for row, errors in failures.items()}
        self.calls = 0

    async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
        self.calls += 1
        await asyncio.sleep(0)
        if self.left.get(row):
            raise self.left[row].pop(0)
        return Made((row,))


class Forever:
    """Never gives anything; tells when so many are inside."""

    def __init__(self, expected: int = 1) -> None:
        self.expected = expected
        self.waiting = 0
        self.is_full = asyncio.Event()

    async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
        self.waiting += 1
        if self.waiting == self.expected:
            self.is_full.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.waiting -= 1
        raise AssertionError("an event that nobody sets was set")


class WholeGroup:
    """Gives what a function makes of the values of its one input, as a column of the whole row group."""

    def __init__(self, function: Callable[[Sequence[Any]], Made]) -> None:
        self.function = function

    async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
        (values,) = inputs.values() or [group.rows]
        return self.function(values)


class Changing:
    """A processor that drops some rows and changes the values of the others."""

    def __init__(self, *, drop: Sequence[int] = (), **changes: Callable[[Any], Any]) -> None:
        self.drop = drop
        self.changes = changes
        self.seen: dict[int, list[str]] = {}

    def process(self, group: RowGroup, rows: Sequence[int], columns: Mapping[str, Sequence[Any]]) -> Processed:
        self.seen[group.number] = list(columns)
        kept = [position for position, row in enumerate(rows) if row not in self.drop]
        changed = {
            name: [self.changes.get(name, _same)(values[position]) for position in kept]
            for name, values in columns.items()
        }
        dropped = {row: "changing" for row in rows if row in self.drop}
        return Processed([rows[position] for position in kept], changed, dropped)

    def at_work(self, group: RowGroup) -> str:
        return "changing"


@dataclass
class Afterwards:
    """A processor of the whole dataset: what it makes is what a function gives."""

    process: Callable[[], NewDataset]

    def at_work(self) -> str:
        return "afterwards"


class Gate:
    """Opens at the first event that a test waits for; an observer."""

    def __init__(self, expected: Callable[[Event], bool]) -> None:
        self.expected = expected
        self.opened = asyncio.Event()

    def __call__(self, event: Event) -> None:
        if self.expected(event):
            self.opened.set()


class Held:
    """A call in a thread that lasts until it is released; tells the loop that it has begun."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.released = threading.Event()
        self._loop = asyncio.get_running_loop()

    def __call__(self) -> None:
        self._loop.call_soon_threadsafe(self.begun.set)
        assert self.released.wait(30)


def _same(value: Any) -> Any:
    return value


class OddOnes:
    """A condition: odd rows are skipped."""

    def decide(
        self, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
    ) -> Sequence[bool | GenerationError]:
        return [row % 2 == 1 for row in rows]


def reads(*names: str, is_async: bool = True, **options: Any) -> Function:
    """A function column that reads these."""
    return Function(function=len, reads=names, is_async=is_async, **options)


def scheduler_of(
    columns: Mapping[str, Column],
    generators: Sequence[Generator],
    shelf: Shelf,
    *,
    rows: int = 20,
    slots: int = 4,
    settings: Mapping[str, Any] | None = None,
    observer: Observer | None = None,
    **parts: Any,
) -> tuple[AsyncTaskScheduler, list[Event]]:
    """A scheduler that has not begun, and the events it will publish.

    Args:
        columns: what it makes.
        generators: the hands of the columns, in their order.
        shelf: where rows go.
        rows: rows asked for.
        slots: slots of each resource.
        settings: what differs from `QUICK`.
        observer: sees every event, before the list does.
        parts: further attributes of its `Job`.
    """
    events: list[Event] = []
    bus = EventBus()
    if observer is not None:
        bus.subscribe(observer)
    bus.subscribe(events.append)
    graph, chosen = build_graph(columns), RunSettings(**{**QUICK, **(settings or {})})
    job = Job(
        graph=graph,
        groups=RowGroups(rows, chosen.row_group_size),
        generators=generators,
        writer=shelf,
        exchanges=shelf,
        ceilings=dict.fromkeys(graph.resources, slots),
        settings=chosen,
        **parts,
    )
    return AsyncTaskScheduler(job, bus), events


def run(
    columns: Mapping[str, Column], generators: Sequence[Generator], shelf: Shelf, **options: Any
) -> tuple[RunFinished, list[Event]]:
    """Run to the end."""

    async def main() -> tuple[RunFinished, list[Event]]:
        scheduler, events = scheduler_of(columns, generators, shelf, **options)
        finished = await scheduler.run()
        assert len(asyncio.all_tasks()) == 1, "a task survived the run"
        return finished, events

    return play(main())


def play(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end; one that hangs is an error after a while."""

    async def bounded() -> T:
        async with asyncio.timeout(30):
            return await main

    return asyncio.run(bounded())
