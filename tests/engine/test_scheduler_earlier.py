"""AsyncTaskScheduler on a real event loop: cells are kept for the next run, and taken over from the one before."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from notebook_gen.config.columns import Column, Integer
from notebook_gen.engine.scheduler import AsyncTaskScheduler
from notebook_gen.errors import Rejected, WriteError
from notebook_gen.events import CellsKept, RowGroupWritten, TaskStarted
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.plan.values import EarlierWork, Made
from tests.engine.fakes import Call, Count, Drawer, Failing, Gate, Shelf, WholeGroup, play, reads, run, scheduler_of

WRONG = Rejected("no answer")


def show() -> Call:
    return Call(lambda row, inputs: f"made {[*inputs.values()]}")


@pytest.mark.parametrize("engine", ["async", "sequential"])
def test_values_of_kept_cells_land_on_their_own_rows_and_only_the_others_are_made(engine: str) -> None:
    shelf, first, second = Shelf(), show(), show()
    drawer = Drawer(made={(1, 1): ("kept 1",), (1, 4): ("kept 4",), (2, 5): ("kept 5",), (2, 4): ("kept too",)})
    columns: dict[str, Column] = {"n": Integer(0, 9), "a": reads("n"), "b": reads("a")}

    run(
        columns,
        [Count(), first, second],
        shelf,
        rows=6,
        settings={"row_group_size": 3, "engine": engine},
        earlier=EarlierWork({}, {0, 1}),
        kept=drawer,
    )

    a = {0: "made [0]", 1: "kept 1", 2: "made [2]", 3: "made [3]", 4: "kept 4", 5: "made [5]"}
    assert shelf.column("a") == a
    assert shelf.column("b") == {row: f"made [{a[row]!r}]" for row in range(4)} | {4: "kept too", 5: "kept 5"}
    assert sorted(first.rows) == [0, 2, 3, 5]
    assert sorted(second.rows) == [0, 1, 2, 3]


def test_a_kept_cell_fills_all_the_columns_of_its_node() -> None:
    shelf, drawer = Shelf(), Drawer(made={(0, 1): ("x", "y")})

    class Both:
        async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
            return Made((row, 10 * row))

    columns: dict[str, Column] = {"both": reads(outputs=["a", "b"])}
    run(columns, [Both()], shelf, rows=3, earlier=EarlierWork({}, {0}), kept=drawer)

    assert shelf.column("a") == {0: 0, 1: "x", 2: 2}
    assert shelf.column("b") == {0: 0, 1: "y", 2: 20}


def test_cells_are_looked_for_by_what_they_read_and_what_was_found_is_told() -> None:
    drawer = Drawer(made={(2, 0): ("kept",), (2, 2): ("kept",)})
    columns: dict[str, Column] = {"n": Integer(0, 9), "other": Integer(0, 9), "a": reads("n")}

    _, events = run(columns, [Count(), Count(), show()], Shelf(), rows=3, earlier=EarlierWork({}, {0}), kept=drawer)

    assert drawer.looked_for == [(2, {"n": [0, 1, 2]})]
    told = [(event.node, event.row_group, event.rows) for event in events if isinstance(event, CellsKept)]
    assert told == [(2, 0, 2)]
    assert [event.task.row for event in events if isinstance(event, TaskStarted)] == [1]


def test_a_row_group_that_nobody_has_begun_is_not_looked_for() -> None:
    drawer = Drawer(made={(0, 1): ("kept",)})

    run({"a": reads()}, [Failing({})], Shelf(), rows=12, earlier=EarlierWork({}, {1}), kept=drawer)

    assert drawer.looked_for == [(0, {})]
    assert sorted(drawer.kept) == [(0, row) for row in range(12)]


def test_cells_are_kept_with_what_they_were_made_of_unless_they_failed_or_would_be_made_again_anyway() -> None:
    drawer = Drawer()
    columns: dict[str, Column] = {
        "n": Integer(0, 9),
        "a": reads("n"),
        "all": reads("a", full_column=True),
        "in order": reads("a", ordered=True),
        "b": reads("a"),
    }
    same = WholeGroup(lambda values: Made((list(values),)))

    run(columns, [Count(), Failing({1: [WRONG]}), same, show(), show()], Shelf(), rows=3, kept=drawer)

    assert drawer.kept == {
        (1, 0): ({"n": 0}, (0,)),
        (1, 2): ({"n": 2}, (2,)),
        (4, 0): ({"a": 0}, ("made [0]",)),
        (4, 2): ({"a": 2}, ("made [2]",)),
    }


def test_a_cell_is_kept_before_the_core_learns_of_it() -> None:
    states: list[str] = []

    class Watching(Drawer):
        scheduler: AsyncTaskScheduler

        def keep(self, node: int, row: int, inputs: Any, values: Any, seconds: float) -> None:
            tracker = self.scheduler.core.tracker
            states.append(tracker.cell_states(tracker.groups[row // 6], row)[node])

    async def main() -> None:
        drawer = Watching()
        drawer.scheduler, _ = scheduler_of({"a": reads()}, [Failing({})], Shelf(), kept=drawer)
        await drawer.scheduler.run()

    play(main())

    assert states == ["in flight"] * 20


def test_cells_of_a_row_group_are_forgotten_when_it_is_written_and_not_before() -> None:
    shelf, was_written = Shelf(), []

    class Watching(Drawer):
        def forget(self, group: RowGroup) -> None:
            super().forget(group)
            was_written.append(group.number in shelf.groups)

    drawer = Watching()
    run({"a": reads()}, [Failing({3: [WRONG]})], shelf, rows=12, kept=drawer)

    assert sorted(drawer.forgotten) == [0, 1]
    assert was_written == [True, True]


def test_cells_of_a_row_group_that_was_written_in_part_are_kept_for_the_next_run() -> None:
    shelf, drawer = Shelf(), Drawer()

    async def main() -> None:
        others_are_made, made = asyncio.Event(), []

        class AllButRow8:
            async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
                if row == 8:
                    await asyncio.Event().wait()
                elif row == 0:
                    await others_are_made.wait()
                elif row == 3:
                    raise WRONG
                made.append(row)
                if len(made) == 9:
                    others_are_made.set()
                return Made((row,))

        gate = Gate(lambda event: isinstance(event, RowGroupWritten))
        scheduler, _ = scheduler_of({"a": reads()}, [AllButRow8()], shelf, rows=12, observer=gate, kept=drawer)
        running = asyncio.create_task(scheduler.run())
        await gate.opened.wait()
        scheduler.cancel()
        await running

    play(main())

    assert sorted(shelf.rows) == [row for row in range(12) if row not in (3, 8)]
    assert drawer.forgotten == [0]


def test_cells_of_a_row_group_that_could_not_be_written_are_kept_for_the_next_run() -> None:
    drawer = Drawer()

    run({"a": reads()}, [Failing({})], Shelf(error=WriteError("the disk is full")), rows=6, kept=drawer)

    assert sorted(drawer.kept) == [(0, row) for row in range(6)]
    assert drawer.forgotten == []


def test_a_row_group_of_which_every_cell_is_kept_is_written_without_a_call() -> None:
    shelf, call = Shelf(), show()
    drawer = Drawer(made={(0, row): (row,) for row in range(600)})
    settings = {"row_group_size": 600, "max_open_rows": 600}

    finished, _ = run(
        {"a": reads()}, [call], shelf, rows=600, settings=settings, earlier=EarlierWork({}, {0}), kept=drawer
    )

    assert finished.state == "finished"
    assert shelf.column("a") == {row: row for row in range(600)}
    assert len(drawer.looked_for) == 1
    assert call.rows == []


def test_row_groups_that_are_finished_are_neither_made_nor_written() -> None:
    shelf, call = Shelf(), show()
    finished: Mapping[int, Sequence[int]] = {0: [0, 1, 2, 3, 4, 5], 2: [12]}

    run({"a": reads()}, [call], shelf, rows=20, earlier=EarlierWork(finished, ()), kept=Drawer())

    assert sorted(shelf.groups) == [1, 3]
    assert sorted(call.rows) == [row for row in range(20) if row // 6 in (1, 3)]
