"""AsyncTaskScheduler on a real event loop: values land where they belong."""

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from notebook_gen.config.columns import Column, Expression, Integer, LLMText
from notebook_gen.engine.ports import Generator
from notebook_gen.errors import Rejected, Transient
from notebook_gen.events import InPlaceEnded, RunFinished, TaskEnded, TaskStarted
from notebook_gen.plan.tasks import RowGroup, Task
from notebook_gen.plan.values import Exchange, Made, Usage
from tests.engine.fakes import (
    Call,
    Changing,
    Count,
    Failing,
    OddOnes,
    Shelf,
    WholeGroup,
    play,
    reads,
    run,
    scheduler_of,
)

WRONG = Rejected("no answer")


def add() -> Call:
    return Call(lambda row, inputs: sum(inputs.values()) + 1)


def total(values: Any) -> Made:
    return Made(([sum(values)] * len(values),))


def test_every_row_gets_its_own_values() -> None:
    shelf = Shelf()

    finished, _ = run({"n": Integer(0, 9), "a": reads("n"), "b": reads("n", "a")}, [Count(), add(), add()], shelf)

    assert finished.state == "finished"
    assert shelf.rows == {row: {"n": row, "a": row + 1, "b": 2 * row + 2} for row in range(20)}
    assert shelf.endings == ["finished"]


@pytest.mark.parametrize("rows", [0, 1, 6, 7])
def test_any_number_of_rows_ends(rows: int) -> None:
    shelf = Shelf()

    finished, _ = run({"n": Integer(0, 9), "a": reads("n")}, [Count(), add()], shelf, rows=rows)

    assert finished.state == "finished"
    assert sorted(shelf.rows) == list(range(rows))


def test_a_failing_row_is_dropped_with_its_reason_and_the_others_stay() -> None:
    shelf, failing = Shelf(), Failing({3: [WRONG], 7: [WRONG]})

    run({"n": Integer(0, 9), "a": reads("n"), "b": reads("a")}, [Count(), failing, add()], shelf)

    assert sorted((drop.row, drop.column, drop.attempt, drop.error) for drop in shelf.dropped) == [
        (3, "a", 1, WRONG),
        (7, "a", 1, WRONG),
    ]
    assert sorted(shelf.rows) == [row for row in range(20) if row not in (3, 7)]


def test_row_groups_finish_out_of_order_and_carry_their_rows_in_order() -> None:
    shelf = Shelf()

    async def main() -> None:
        gate = asyncio.Event()

        class Held:
            async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
                if row == 1:
                    await gate.wait()
                elif row == 11:
                    gate.set()
                return Made((row,))

        scheduler, _ = scheduler_of({"a": reads()}, [Held()], shelf, rows=12)
        await scheduler.run()

    play(main())

    assert sorted(shelf.groups) == [0, 1]
    assert shelf.column("a") == {row: row for row in range(12)}


def test_a_full_column_sees_only_rows_that_are_left_and_lands_on_them() -> None:
    shelf = Shelf()
    columns: dict[str, Column] = {"a": reads(), "total": reads("a", full_column=True)}

    run(columns, [Failing({1: [WRONG]}), WholeGroup(total)], shelf, rows=4)

    assert shelf.rows == {row: {"a": row, "total": 0 + 2 + 3} for row in (0, 2, 3)}


def test_a_full_column_that_reads_nothing_lands_on_the_rows_that_are_left() -> None:
    shelf = Shelf()
    # "a" and what reads it come first, so that a row is dropped before "every" begins
    columns: dict[str, Column] = {"a": reads(), "b": reads("a"), "every": reads(full_column=True)}
    every = WholeGroup(lambda rows: Made((list(rows),)))

    run(columns, [Failing({0: [WRONG]}), add(), every], shelf, rows=6)

    assert shelf.column("every") == {row: row for row in range(1, 6)}


def test_a_node_with_several_outputs_fills_them_all() -> None:
    shelf = Shelf()
    columns: dict[str, Column] = {"both": reads(outputs=["a", "b"]), "sum": reads("a", "b")}

    class Both:
        async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
            return Made((row, 10 * row))

    run(columns, [Both(), Call(lambda row, inputs: inputs["a"] + inputs["b"])], shelf, rows=3)

    assert shelf.column("sum") == {0: 0, 1: 11, 2: 22}


def test_skipped_cells_hold_the_skip_value_and_what_is_behind_them_nothing() -> None:
    shelf, never = Shelf(), add()
    columns: dict[str, Column] = {
        "a": reads(),
        "b": reads("a", skip_if="{{ a }}", skip_value="none"),
        "c": reads("b"),
        "kept": reads("b", propagate_skip=False),
    }
    show = Call(lambda row, inputs: f"saw {inputs['b']}")

    run(columns, [Failing({}), Failing({}), never, show], shelf, rows=4, conditions={1: OddOnes()})

    assert shelf.column("b") == {0: 0, 1: "none", 2: 2, 3: "none"}
    assert shelf.column("c") == {0: 1, 1: None, 2: 3, 3: None}
    assert shelf.column("kept") == {0: "saw 0", 1: "saw none", 2: "saw 2", 3: "saw none"}
    assert sorted(never.rows) == [0, 2]


def test_a_full_columns_results_land_on_the_rows_that_are_not_skipped() -> None:
    shelf = Shelf()
    columns: dict[str, Column] = {"a": reads(), "total": reads("a", full_column=True, skip_if="{{ a }}", skip_value=-1)}

    run(columns, [Failing({}), WholeGroup(total)], shelf, rows=6, conditions={1: OddOnes()})

    assert shelf.column("total") == {0: 6, 1: -1, 2: 6, 3: -1, 4: 6, 5: -1}


def test_a_full_column_that_reads_nothing_leaves_skipped_cells_as_they_are() -> None:
    shelf = Shelf()
    every_row = reads(full_column=True, skip_if="{{ a }}", skip_value="none")
    columns: dict[str, Column] = {"a": reads(), "every": every_row}
    every = WholeGroup(lambda rows: Made((list(rows),)))

    run(columns, [Failing({}), every], shelf, rows=4, conditions={1: OddOnes()})

    assert shelf.column("every") == {0: 0, 1: "none", 2: 2, 3: "none"}


def test_a_cell_that_failed_where_its_column_says_null_is_na_and_not_the_skip_value() -> None:
    shelf = Shelf()
    columns: dict[str, Column] = {"a": reads(on_error="null", skip_if="{{ 1 }}", skip_value="none")}

    run(columns, [Failing({0: [WRONG]})], shelf, rows=4, conditions={0: OddOnes()})

    assert shelf.column("a") == {0: None, 1: "none", 2: 2, 3: "none"}
    assert shelf.dropped == []


def test_rows_dropped_before_the_batch_make_no_call_and_changed_seeds_are_what_others_read() -> None:
    shelf, show = Shelf(), Call(lambda row, inputs: f"saw {inputs['n']}")
    processor = Changing(drop=[1], n=lambda value: value * 10)
    columns: dict[str, Column] = {"n": Integer(0, 9), "a": reads("n")}

    run(columns, [Count(), show], shelf, rows=3, processors={"pre_batch": processor})

    assert processor.seen == {0: ["n"]}
    assert sorted(show.rows) == [0, 2]
    assert shelf.rows == {0: {"n": 0, "a": "saw 0"}, 2: {"n": 20, "a": "saw 20"}}
    assert [(drop.row, drop.column, drop.error.problem) for drop in shelf.dropped] == [
        (1, "", "was dropped by the processor 'changing'")
    ]


def test_what_processors_make_of_the_finished_rows_is_what_is_written() -> None:
    shelf = Shelf()
    processor = Changing(drop=[1], a=str)

    run({"a": reads()}, [Failing({})], shelf, rows=3, processors={"post_batch": processor})

    assert shelf.rows == {0: {"a": "0"}, 2: {"a": "2"}}
    assert [drop.row for drop in shelf.dropped] == [1]


def test_sync_functions_run_in_threads_of_the_pool() -> None:
    shelf = Shelf()

    class Where:
        def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
            return Made((threading.current_thread().name,))

    run({"where": reads(is_async=False)}, [Where()], shelf)

    assert all(name.startswith("notebook_gen function") for name in shelf.column("where").values())


def test_a_cell_that_ends_wakes_the_slot_of_another_resource() -> None:
    shelf = Shelf()

    class Next:
        def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
            return Made((inputs["a"] + 1,))

    run({"a": reads(), "b": reads("a", is_async=False)}, [Failing({}), Next()], shelf, rows=1, slots=1)

    assert shelf.rows == {0: {"a": 0, "b": 1}}


def test_a_slot_that_opened_a_row_group_while_it_found_nothing_takes_its_work() -> None:
    shelf = Shelf()
    rejecting = Failing({0: [Rejected("no")]})
    settings = {"row_group_size": 1, "disable_early_shutdown": True}

    run({"a": reads(), "b": reads()}, [rejecting, Failing({})], shelf, rows=2, slots=1, settings=settings)

    assert shelf.rows == {1: {"a": 1, "b": 1}}
    assert [drop.row for drop in shelf.dropped] == [0]


def test_many_cells_in_place_leave_the_loop_its_turns() -> None:
    turns = 0
    seen = []

    class Pieces(Count):
        def make(
            self, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
        ) -> tuple[Sequence[Any], ...]:
            seen.append(turns)
            return super().make(group, rows, inputs)

    async def main() -> None:
        async def turn() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        settings = {"row_group_size": 2000, "max_open_rows": 2000}
        columns: dict[str, Column] = {"n": Integer(0, 9), "a": Expression("{{ n }}")}
        scheduler, _ = scheduler_of(columns, [Count(), Pieces()], Shelf(), rows=2000, settings=settings)
        turning = asyncio.create_task(turn())
        await scheduler.run()
        turning.cancel()

    play(main())

    assert len(seen) == len(set(seen)) > 1, "several pieces were made in one turn of the loop"


def test_the_lowest_free_slot_is_woken_first() -> None:
    broken = Failing({0: [Transient("it broke")]})

    _, events = run({"a": reads()}, [broken], Shelf(), rows=1, settings={"backoff": 0.01})

    assert [event.slot for event in events if isinstance(event, TaskStarted)] == [0, 0]


def test_cells_that_wait_for_nothing_do_not_hold_the_loop() -> None:
    turns = 0
    seen = []

    class Busy:
        async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
            seen.append(turns)
            begun = time.perf_counter()
            while time.perf_counter() < begun + 0.005:
                pass
            return Made((row,))

    async def main() -> None:
        async def turn() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        scheduler, _ = scheduler_of({"a": reads()}, [Busy()], Shelf(), rows=6, slots=1)
        turning = asyncio.create_task(turn())
        await scheduler.run()
        turning.cancel()

    play(main())

    assert len(set(seen)) == 6, "several cells were made in one turn of the loop"


def test_an_ordered_function_never_overlaps_itself_and_sees_rows_in_order() -> None:
    shelf, ordered = Shelf(), Call(lambda row, inputs: row)

    run({"a": reads(), "b": reads("a", ordered=True)}, [Failing({}), ordered], shelf)

    assert ordered.most_inside == 1
    assert ordered.rows == list(range(20))


def test_an_endpoint_is_called_as_often_at_once_as_it_has_slots() -> None:
    text = Call(lambda row, inputs: row)

    run({"text": LLMText("Write.")}, [text], Shelf(), slots=3)

    assert text.most_inside == 3


def test_many_cells_in_place_are_made_in_pieces_and_all_of_them() -> None:
    shelf = Shelf()

    class Double:
        def make(self, group: RowGroup, rows: Any, inputs: Mapping[str, Any]) -> tuple[list[Any], ...]:
            assert len(rows) <= 256
            return ([2 * inputs["a"][row - group.start] if row % 100 else WRONG for row in rows],)

    settings = {"row_group_size": 1000, "max_open_rows": 1000}
    columns: dict[str, Column] = {"a": reads(full_column=True), "b": Expression("{{ a }}")}
    every = WholeGroup(lambda rows: Made((list(rows),)))

    _, events = run(columns, [every, Double()], shelf, rows=1000, settings=settings)

    assert shelf.column("b") == {row: 2 * row for row in range(1000) if row % 100}
    pieces = [event for event in events if isinstance(event, InPlaceEnded)]
    assert [(event.done, event.failed) for event in pieces] == [(253, 3), (253, 3), (254, 2), (230, 2)]


def test_every_start_has_its_end_and_run_finished_comes_last_and_once() -> None:
    _, events = run({"n": Integer(0, 9), "a": reads("n")}, [Count(), Failing({2: [WRONG]})], Shelf())

    started = [event.task for event in events if isinstance(event, TaskStarted)]
    ended = [event.task for event in events if isinstance(event, TaskEnded)]
    assert sorted(started) == sorted(ended)
    assert [type(event) for event in events].count(RunFinished) == 1
    assert isinstance(events[-1], RunFinished)


def test_tokens_are_told_and_exchanges_are_kept_by_the_task_that_had_them() -> None:
    shelf, usage = Shelf(), Usage(3, 4)

    class Talk:
        async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
            return Made(("hi",), usage, Exchange((("user", "Write."),), "hi", "m", {}))

    _, events = run({"text": LLMText("Write.")}, [Talk()], shelf, rows=2)

    assert [event.usage for event in events if isinstance(event, TaskEnded)] == [usage, usage]
    assert sorted(shelf.exchanges) == [Task(0, 0, 0), Task(0, 0, 1)]


def test_what_was_said_in_an_attempt_in_vain_is_kept_too() -> None:
    shelf = Shelf()

    class Talk:
        async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
            failure = Rejected("no JSON in it", answer="hi")
            failure.messages = (("user", "Write."),) if row == 0 else ()
            raise failure

    run({"text": LLMText("Write.", retries=1)}, [Talk()], shelf, rows=2)

    assert sorted(shelf.exchanges) == [Task(0, 0, 0), Task(0, 0, 0, 2)]


def test_two_runs_of_the_same_columns_at_once_do_not_mix() -> None:
    columns: dict[str, Column] = {"n": Integer(0, 9), "a": reads("n"), "b": reads("a")}
    shelves = [Shelf(), Shelf()]

    def calls(more: int) -> list[Generator]:
        return [Count(), Call(lambda row, inputs: row + more), Call(lambda row, inputs: inputs["a"])]

    async def main() -> None:
        schedulers = [
            scheduler_of(columns, calls(more), shelf)[0] for more, shelf in zip((100, 200), shelves, strict=True)
        ]
        await asyncio.gather(*(scheduler.run() for scheduler in schedulers))

    play(main())

    assert shelves[0].column("b") == {row: row + 100 for row in range(20)}
    assert shelves[1].column("b") == {row: row + 200 for row in range(20)}


def test_nothing_is_made_in_place_for_a_row_that_was_dropped_meanwhile() -> None:
    class Picky(Count):
        def make(
            self, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
        ) -> tuple[Sequence[Any], ...]:
            return ([WRONG if row % 2 else row for row in rows],)

    class Noting(Count):
        def make(
            self, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
        ) -> tuple[Sequence[Any], ...]:
            noted.extend(rows)
            return super().make(group, rows, inputs)

    noted: list[int] = []
    columns: dict[str, Column] = {"n": Integer(0, 9), "a": Expression("{{ n }}"), "b": Expression("{{ n }}")}
    shelf = Shelf()

    _, events = run(columns, [Count(), Picky(), Noting()], shelf, rows=6)

    assert noted == [0, 2, 4]
    assert [event.done for event in events if isinstance(event, InPlaceEnded) and event.node == 2] == [3]
    assert shelf.column("b") == {0: 0, 2: 2, 4: 4}
