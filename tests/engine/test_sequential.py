"""SequentialCore in virtual time: column by column, row group by row group."""

from collections.abc import Sequence

import pytest

from notebook_gen.config.columns import Column, Integer, LLMText
from notebook_gen.engine.instructions import DecideSkips, EndRun, MakeInPlace, WriteRowGroup
from notebook_gen.engine.sequential import SequentialCore
from notebook_gen.errors import GenerationError, RateLimited, Rejected, Transient
from notebook_gen.events import CellsSkipped, RowGroupOpened, RowGroupResized, RowsDone
from notebook_gen.plan.tasks import WHOLE_GROUP, RowGroup, Task
from tests.engine.steps import Steps, function


def sequential(columns: dict[str, Column], rows: int, *, size: int = 10, slots: int = 4) -> Steps:
    return Steps(columns, rows, size=size, slots=slots, engine="sequential")


def resized(steps: Steps, sources: Sequence[int], now: float) -> RowGroup:
    assert isinstance(steps.core, SequentialCore)
    (task,) = steps.started
    return steps.core.resized(task, sources, now)[0]


def test_a_column_begins_when_the_one_before_has_ended_in_all_rows() -> None:
    steps = sequential({"a": function(), "b": function("a")}, rows=3)
    assert steps.take_all(0.0) == [Task(0, 0, row) for row in range(3)]
    for row in (0, 1):
        steps.end(Task(0, 0, row), 1.0)
    assert steps.take_all(1.0) == []

    steps.end(Task(0, 0, 2), 2.0)

    assert steps.take_all(2.0) == [Task(1, 0, row) for row in range(3)]


def test_independent_columns_wait_for_each_other_too() -> None:
    steps = sequential({"a": function(), "b": function()}, rows=1)

    assert steps.take_all(0.0) == [Task(0, 0, 0)]


def test_columns_without_upstreams_come_first() -> None:
    steps = sequential({"a": function(), "b": function("a"), "c": function()}, rows=1)
    order = []
    for now in range(3):
        (task,) = steps.take_all(float(now))
        order.append(steps.graph.nodes[task.node].name)
        steps.end(task, float(now))

    assert order == ["a", "c", "b"]


def test_a_row_group_is_opened_when_the_one_before_is_written() -> None:
    steps = sequential({"a": function()}, rows=4, size=2)
    assert len(steps.take_all(0.0)) == 2
    steps.end_all(1.0)
    assert [event.row_group.number for event in steps.told_of(RowGroupOpened)] == [0]
    assert steps.take_all(1.0) == []

    steps.core.written(0, 2, 2.0)

    assert [event.row_group.number for event in steps.told_of(RowGroupOpened)] == [1]
    assert steps.take_all(2.0) == [Task(0, 1, 2), Task(0, 1, 3)]


def test_a_column_waits_for_a_deferred_cell_of_the_one_before() -> None:
    steps = sequential({"a": function(), "b": function("a")}, rows=2)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0)
    steps.end(Task(0, 0, 1), 1.0, Transient("it broke"))
    assert steps.take_all(1.0) == []
    now = steps.core.alarm
    steps.core.tick(now)
    assert steps.take_all(now) == [Task(0, 0, 1, 2)]

    steps.end_all(now)

    assert steps.take_all(now) == [Task(1, 0, 0), Task(1, 0, 1)]


def test_a_dropped_row_is_left_out_of_the_columns_that_follow() -> None:
    steps = sequential({"a": function(), "b": function("a")}, rows=2)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0, Rejected("no answer"))
    steps.end(Task(0, 0, 1), 1.0)

    assert steps.take_all(1.0) == [Task(1, 0, 1)]
    steps.end_all(2.0)
    assert list(steps.the(WriteRowGroup).rows) == [1]


def test_a_condition_is_asked_for_all_rows_at_once_when_it_is_its_column_s_turn() -> None:
    columns: dict[str, Column] = {
        "a": function(),
        "b": function("a", skip_if="{{ a > 3 }}"),
        "c": function("b", ordered=True),
        "d": function("a", skip_if="{{ a > 3 }}"),
    }
    steps = sequential(columns, rows=4)
    steps.take_all(0.0)
    for row in (3, 1):
        steps.end(Task(0, 0, row), 1.0)
    steps.end(Task(0, 0, 0), 1.0, Rejected("no answer"))
    assert steps.told_of(DecideSkips) == []

    steps.end(Task(0, 0, 2), 2.0)

    group = RowGroup(0, 0, 4)
    assert steps.the(DecideSkips) == DecideSkips(1, group, [1, 2, 3])
    steps.core.skips_decided(DecideSkips(1, group, [1, 2, 3]), [2, 3], {}, 2.0)
    assert steps.take_all(2.0) == [Task(1, 0, 1)]
    assert steps.told_of(DecideSkips) == []
    steps.end_all(3.0)
    assert steps.take_all(3.0) == [Task(2, 0, 1)]


def test_no_column_gets_its_turn_in_a_row_group_of_which_all_rows_are_dropped() -> None:
    columns: dict[str, Column] = {"a": function(), "b": function("a"), "c": function("a", full_column=True)}
    steps = sequential(columns, rows=2, size=1)
    steps.take_all(0.0)
    steps.end_all(1.0)
    steps.take_all(1.0)
    steps.end_all(2.0, Rejected("no answer"))

    steps.core.written(0, 0, 3.0)

    assert steps.take_all(3.0) == [Task(0, 1, 1)]


@pytest.mark.parametrize("sources", [[0, 0, 1, 2, 2], [2], [1, 0, 2]])
def test_a_column_that_changes_the_number_of_rows_is_followed_by_the_others(sources: list[int]) -> None:
    columns: dict[str, Column] = {
        "a": function(),
        "many": function("a", full_column=True, allow_resize=True),
        "b": function("many"),
    }
    steps = sequential(columns, rows=3, slots=8)
    steps.take_all(0.0)
    steps.end_all(1.0)
    assert steps.take_all(1.0) == [Task(1, 0, WHOLE_GROUP)]
    steps.told()

    group = resized(steps, sources, 2.0)
    assert group == RowGroup(0, 0, len(sources))
    steps.end_all(2.0)
    assert steps.take_all(2.0) == [Task(2, 0, row) for row in range(len(sources))]
    steps.end_all(3.0)

    told = steps.told()
    assert told[0] == RowGroupResized(2.0, group, 3)
    assert sum(event.rows for event in told if isinstance(event, RowsDone)) == len(sources)
    assert told[-1] == WriteRowGroup(group, group.rows, ())


@pytest.mark.parametrize(
    ("column", "failure"),
    [(function("n"), Transient("it broke")), (LLMText("Write {{ n }}."), RateLimited("slow down"))],
)
def test_no_row_is_dropped_by_a_condition_while_its_cell_in_another_column_waits_for_another_try(
    column: Column, failure: GenerationError
) -> None:
    columns: dict[str, Column] = {
        "n": Integer(1, 5),
        "a": column,
        "c": function("n", skip_if="{{ 1 // n }}"),
        "many": function("a", full_column=True, allow_resize=True),
    }
    steps = sequential(columns, rows=3)
    drawn = steps.the(MakeInPlace)
    steps.core.made_in_place(drawn, drawn.rows, {}, 0.0)
    steps.take_all(0.0)
    steps.end(Task(1, 0, 0), 0.1, failure)
    steps.end(Task(1, 0, 1), 0.2)
    assert steps.told_of(DecideSkips) == []

    steps.core.tick(60.0)
    steps.take_all(60.0)
    steps.end_all(60.0)

    steps.core.skips_decided(steps.the(DecideSkips), [1, 2], {0: Rejected("division by zero")}, 60.0)
    assert steps.take_all(60.0) == [Task(3, 0, WHOLE_GROUP)]
    assert resized(steps, [0, 1, 1], 61.0) == RowGroup(0, 0, 3)
    steps.end_all(61.0)
    assert steps.core.salvage.count == 0


def test_what_a_condition_skips_is_told_once_although_rows_get_other_numbers() -> None:
    columns: dict[str, Column] = {
        "a": function(),
        "many": function("a", full_column=True, allow_resize=True),
        "b": function("a", skip_if="{{ a > 3 }}"),
    }
    steps = sequential(columns, rows=3)
    steps.take_all(0.0)
    steps.end_all(0.0)
    steps.take_all(1.0)
    resized(steps, [0, 1], 1.0)
    steps.end_all(1.0)

    order = steps.the(DecideSkips)
    steps.core.skips_decided(order, [0, 1], {}, 1.0)

    assert order == DecideSkips(2, RowGroup(0, 0, 2), [0, 1])
    assert [event.rows for event in steps.told_of(CellsSkipped)] == [2]


def test_a_column_may_leave_no_row_at_all() -> None:
    columns: dict[str, Column] = {"many": function(full_column=True, allow_resize=True), "b": function("many")}
    steps = sequential(columns, rows=2)
    steps.take_all(0.0)

    group = resized(steps, [], 1.0)
    steps.end_all(1.0)

    assert steps.take_all(1.0) == []
    write = steps.the(WriteRowGroup)
    assert (write.row_group, list(write.rows)) == (group, [])
    steps.core.written(0, 0, 2.0)
    assert steps.the(EndRun) == EndRun("finished", None)


def test_a_row_dropped_before_is_not_among_the_sources() -> None:
    columns: dict[str, Column] = {"a": function(), "many": function("a", full_column=True, allow_resize=True)}
    steps = sequential(columns, rows=3)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0, Rejected("no answer"))
    steps.end_all(1.0)
    steps.take_all(1.0)
    steps.told()

    group = resized(steps, [0, 0, 1], 2.0)
    steps.end_all(2.0)

    told = steps.told()
    assert told[0] == RowGroupResized(2.0, group, 2)
    (write,) = [step for step in told if isinstance(step, WriteRowGroup)]
    assert list(write.rows) == [0, 1, 2]
    assert [drop.row for drop in write.dropped] == [0]


def test_rows_left_out_of_a_column_are_left_out_of_it_still_when_their_number_changes() -> None:
    columns: dict[str, Column] = {
        "a": function(),
        "total": function("a", full_column=True, skip_if="{{ a > 3 }}"),
        "many": function("a", full_column=True, allow_resize=True),
    }
    steps = sequential(columns, rows=2)
    steps.take_all(0.0)
    steps.end_all(0.0)
    steps.core.skips_decided(steps.the(DecideSkips), [1], {}, 0.0)
    steps.take_all(1.0)
    steps.end_all(1.0)
    assert steps.take_all(2.0) == [Task(2, 0, WHOLE_GROUP)]

    resized(steps, [1, 1, 0], 3.0)
    steps.end_all(3.0)

    group = steps.core.tracker.groups[0]
    assert [steps.core.tracker.cell_states(group, row)[1] for row in range(3)] == ["skipped", "skipped", "done"]


def test_the_next_row_group_follows_one_that_grew() -> None:
    steps = sequential({"many": function(full_column=True, allow_resize=True)}, rows=4, size=2)
    steps.take_all(0.0)
    resized(steps, [0] * 5, 1.0)
    steps.end_all(1.0)

    steps.core.written(0, 5, 2.0)

    assert steps.take_all(2.0) == [Task(0, 1, WHOLE_GROUP)]
    assert steps.core.tracker.groups[1].group == RowGroup(1, 2, 2)


def test_every_row_of_a_row_group_that_grew_is_made_by_the_columns_that_follow() -> None:
    columns: dict[str, Column] = {"many": function(full_column=True, allow_resize=True), "a": function("many")}
    steps = sequential(columns, rows=4, size=2)
    steps.take_all(0.0)
    resized(steps, [0] * 4, 1.0)
    steps.end_all(1.0)

    assert steps.take_all(1.0) == [Task(1, 0, row) for row in range(4)]


def test_a_deferred_cell_of_a_row_that_a_column_added_is_tried_again() -> None:
    columns: dict[str, Column] = {"many": function(full_column=True, allow_resize=True), "a": function("many")}
    steps = sequential(columns, rows=4, size=2)
    steps.take_all(0.0)
    resized(steps, [0] * 4, 1.0)
    steps.end_all(1.0)
    steps.take_all(1.0)
    steps.end(Task(1, 0, 3), 2.0, Transient("it broke"))

    steps.core.tick(steps.core.alarm)

    assert steps.take_all(300.0) == [Task(1, 0, 3, 2)]


def test_a_row_group_that_shrank_leaves_room_for_the_next() -> None:
    columns: dict[str, Column] = {"few": function(full_column=True, allow_resize=True)}
    steps = Steps(columns, 4, size=2, max_open_rows=2, engine="sequential")
    steps.take_all(0.0)
    resized(steps, [0], 1.0)
    steps.end_all(1.0)

    steps.core.written(0, 1, 2.0)

    assert steps.take_all(2.0) == [Task(0, 1, WHOLE_GROUP)]


def test_a_call_that_ends_once_work_is_stopped_gives_the_turn_to_no_column() -> None:
    steps = sequential({"a": function(), "n": Integer(1, 5)}, rows=1)
    steps.take_all(0.0)
    steps.core.cancel(2.0)
    steps.told()

    steps.end(Task(0, 0, 0), 1.0)

    assert steps.told() == []
