"""AsyncTaskScheduler on a real event loop, with generators and storage that live in memory."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from notebook_gen.config.columns import Column, Function, Integer
from notebook_gen.engine.ports import Generator
from notebook_gen.engine.scheduler import AsyncTaskScheduler, Job
from notebook_gen.errors import Rejected, RunCancelled, RunError, WriteError
from notebook_gen.events import Event, EventBus, RunFinished, State, TaskEnded, TaskStarted
from notebook_gen.plan.graph import ASYNC_FUNCTIONS, THREADS, build_graph
from notebook_gen.plan.tasks import RowGroup, RowGroups, Task
from notebook_gen.plan.values import DroppedRow, Exchange, Made


@dataclass
class Shelf:
    """Keeps what is written, in memory."""

    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    dropped: list[int] = field(default_factory=list)
    endings: list[State] = field(default_factory=list)
    error: WriteError | None = None

    def write(self, group: RowGroup, columns: Mapping[str, Sequence[Any]], rows: Sequence[int]) -> None:
        if self.error is not None:
            raise self.error
        for position, row in enumerate(rows):
            self.rows[row] = {name: values[position] for name, values in columns.items()}

    def write_dropped(self, group: RowGroup, dropped: Sequence[DroppedRow]) -> None:
        self.dropped += [drop.row for drop in dropped]

    def finish(self, state: State) -> None:
        self.endings.append(state)

    def keep(self, task: Task, exchange: Exchange) -> None:
        raise AssertionError("nobody talks to a model here")


class Count:
    """Makes a column of row numbers in place."""

    def make(
        self, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
    ) -> tuple[Sequence[Any], ...]:
        return (list(rows),)


class Add:
    """Awaits, then gives the sum of its inputs plus one."""

    def __init__(self, failing: Sequence[int] = ()) -> None:
        self.failing = failing

    async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
        await asyncio.sleep(0)
        if row in self.failing:
            raise Rejected("this row cannot be added")
        return Made((sum(inputs.values()) + 1,))


class Forever:
    """Never gives anything; counts who waits."""

    def __init__(self) -> None:
        self.waiting = 0

    async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
        self.waiting += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.waiting -= 1
        raise AssertionError


class Where:
    """Tells in which thread it was called."""

    def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
        return Made((threading.current_thread().name,))


class Total:
    """Gives every row the sum over all rows."""

    async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
        (values,) = inputs.values()
        return Made(([sum(values)] * len(values),))


class All:
    """Reads nothing, and makes a column of the whole row group."""

    async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
        return Made((list(group.rows),))


class Broken:
    """Has a bug."""

    async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
        raise ZeroDivisionError("a bug of ours")


def reads(*names: str, is_async: bool = True, full_column: bool = False) -> Function:
    return Function(function=len, reads=names, is_async=is_async, full_column=full_column)


def scheduler_of(
    columns: dict[str, Column], generators: Sequence[Generator], shelf: Shelf, *, rows: int = 20, size: int = 6
) -> tuple[AsyncTaskScheduler, list[Event]]:
    events: list[Event] = []
    bus = EventBus()
    bus.subscribe(events.append)
    job = Job(
        graph=build_graph(columns),
        groups=RowGroups(rows, size),
        generators=generators,
        writer=shelf,
        exchanges=shelf,
        ceilings={ASYNC_FUNCTIONS: 4, THREADS: 2},
        max_open_rows=12,
        threads=2,
    )
    return AsyncTaskScheduler(job, bus), events


def run(
    columns: dict[str, Column], generators: Sequence[Generator], shelf: Shelf, **options: int
) -> tuple[RunFinished, list[Event]]:
    async def main() -> tuple[RunFinished, list[Event]]:
        scheduler, events = scheduler_of(columns, generators, shelf, **options)
        return await scheduler.run(), events

    return asyncio.run(main())


def test_every_row_gets_its_own_values() -> None:
    shelf = Shelf()

    finished, _ = run({"n": Integer(0, 9), "a": reads("n"), "b": reads("n", "a")}, [Count(), Add(), Add()], shelf)

    assert finished.state == "finished"
    assert shelf.rows == {row: {"n": row, "a": row + 1, "b": 2 * row + 2} for row in range(20)}


def test_a_failing_row_is_dropped_with_its_reason_and_the_others_stay() -> None:
    shelf = Shelf()

    run({"n": Integer(0, 9), "a": reads("n"), "b": reads("a")}, [Count(), Add(failing=[3, 7]), Add()], shelf)

    assert sorted(shelf.dropped) == [3, 7]
    assert sorted(shelf.rows) == [row for row in range(20) if row not in (3, 7)]


def test_a_full_column_sees_only_rows_that_are_left_and_lands_on_them() -> None:
    shelf = Shelf()
    columns = {"n": Integer(0, 9), "a": reads("n"), "total": reads("a", full_column=True)}

    run(columns, [Count(), Add(failing=[1]), Total()], shelf, rows=4, size=4)

    assert shelf.rows == {row: {"n": row, "a": row + 1, "total": 1 + 3 + 4} for row in (0, 2, 3)}


def test_a_full_column_that_reads_nothing_lands_on_the_rows_that_are_left() -> None:
    shelf = Shelf()
    # "a" and what reads it come first, so that a row is dropped before "every" begins
    columns: dict[str, Column] = {"a": reads(), "b": reads("a"), "every": reads(full_column=True)}

    run(columns, [Add(failing=[0]), Add(), All()], shelf, rows=6, size=6)

    assert {row: values["every"] for row, values in shelf.rows.items()} == {row: row for row in range(1, 6)}


def test_sync_functions_run_in_threads_of_the_pool() -> None:
    shelf = Shelf()

    run({"where": reads(is_async=False)}, [Where()], shelf)

    assert {row["where"].partition("_")[0] for row in shelf.rows.values()} == {"notebook"}
    assert all("function" in row["where"] for row in shelf.rows.values())


def test_every_start_has_its_end_and_run_finished_comes_last_and_once() -> None:
    _, events = run({"n": Integer(0, 9), "a": reads("n")}, [Count(), Add(failing=[2])], Shelf())

    started = [event.task for event in events if isinstance(event, TaskStarted)]
    ended = [event.task for event in events if isinstance(event, TaskEnded)]
    assert sorted(started) == sorted(ended)
    assert [type(event) for event in events].count(RunFinished) == 1
    assert isinstance(events[-1], RunFinished)


def test_cancel_ends_what_is_in_flight_and_tells_storage() -> None:
    shelf, forever = Shelf(), Forever()

    async def main() -> RunFinished:
        scheduler, _ = scheduler_of({"n": Integer(0, 9), "a": reads("n")}, [Count(), forever], shelf)
        task = asyncio.create_task(scheduler.run())
        while forever.waiting < 4:  # noqa: ASYNC110  # the generator under way tells by its count
            await asyncio.sleep(0)
        scheduler.cancel()
        return await task

    finished = asyncio.run(main())

    assert finished.state == "cancelled"
    assert isinstance(finished.error, RunCancelled)
    assert forever.waiting == 0
    assert shelf.endings == ["cancelled"]


def test_a_run_cancelled_before_it_begins_makes_nothing() -> None:
    async def main() -> tuple[RunFinished, list[Event]]:
        scheduler, events = scheduler_of({"n": Integer(0, 9), "a": reads("n")}, [Count(), Forever()], Shelf())
        scheduler.cancel()
        return await scheduler.run(), events

    finished, events = asyncio.run(main())

    assert finished.state == "cancelled"
    assert not [event for event in events if isinstance(event, TaskStarted)]


def test_a_bug_of_our_own_ends_the_run_loudly() -> None:
    finished, _ = run({"n": Integer(0, 9), "a": reads("n")}, [Count(), Broken()], Shelf())

    assert finished.state == "failed"
    assert isinstance(finished.error, RunError)
    assert isinstance(finished.error.__cause__, ZeroDivisionError)


def test_a_failed_write_ends_the_run_with_that_error() -> None:
    error = WriteError("the disk is full", advice="make room", path="rows/00000.parquet")

    finished, _ = run({"n": Integer(0, 9), "a": reads("n")}, [Count(), Add()], Shelf(error=error))

    assert finished == RunFinished(finished.time, "failed", error)


@pytest.mark.parametrize("rows", [0, 1, 6, 7])
def test_any_number_of_rows_ends(rows: int) -> None:
    shelf = Shelf()

    finished, _ = run({"n": Integer(0, 9), "a": reads("n")}, [Count(), Add()], shelf, rows=rows)

    assert finished.state == "finished"
    assert sorted(shelf.rows) == list(range(rows))
