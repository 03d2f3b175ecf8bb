"""What SchedulerCore does next: readiness, order, and which row groups are open."""

import tracemalloc

import pytest

from notebook_gen.config.columns import Column, Expression, Integer, LLMText
from notebook_gen.engine.instructions import EndRun, MakeInPlace, WriteRowGroup
from notebook_gen.errors import Rejected, Transient
from notebook_gen.events import RowGroupOpened, RowGroupWritten, RowsDone
from notebook_gen.plan.tasks import WHOLE_GROUP, RowGroup, Task
from tests.engine.steps import Steps, function


def test_a_run_without_rows_finishes_at_once() -> None:
    steps = Steps({"a": function()}, rows=0)

    assert steps.told() == [EndRun("finished", None)]


def test_one_row_goes_through_its_columns_and_is_written() -> None:
    steps = Steps({"a": function(), "b": function("a")}, rows=1)
    core, group = steps.core, RowGroup(0, 0, 1)

    assert steps.told() == [RowGroupOpened(0.0, group)]
    assert core.take(0, 1.0) == (Task(0, 0, 0), 0.0)
    assert core.take(0, 1.0) is None
    core.finished(Task(0, 0, 0), 1.0, None, 2.0)
    assert core.take(0, 3.0) == (Task(1, 0, 0), 2.0)
    core.finished(Task(1, 0, 0), 3.0, None, 4.0)
    assert steps.told() == [RowsDone(4.0, 0, 1), WriteRowGroup(group, range(1), ())]
    core.written(0, 1, 5.0)
    assert steps.told() == [RowGroupWritten(5.0, group, 1), EndRun("finished", None)]


def test_only_columns_that_read_nothing_are_ready_at_first_and_a_cell_readies_its_own_row() -> None:
    steps = Steps({"a": function(), "b": function("a")}, rows=3)

    assert steps.take_all(0.0) == [Task(0, 0, row) for row in range(3)]
    steps.end(Task(0, 0, 1), 1.0)

    assert steps.take_all(1.0) == [Task(1, 0, 1)]


def test_a_cell_that_reads_several_waits_for_all_of_its_row() -> None:
    steps = Steps({"a": function(), "b": function(), "c": function("a", "b")}, rows=1)
    steps.take_all(0.0)

    steps.end(Task(0, 0, 0), 1.0)
    assert steps.take_all(1.0) == []
    steps.end(Task(1, 0, 0), 2.0)

    assert steps.take_all(2.0) == [Task(2, 0, 0)]


def test_a_full_column_waits_for_the_last_cell_of_its_row_group_and_of_no_other() -> None:
    steps = Steps({"a": function(), "total": function("a", full_column=True)}, rows=4, size=2)
    steps.take_all(0.0)

    steps.end(Task(0, 0, 0), 1.0)
    assert steps.take_all(1.0) == []
    steps.end(Task(0, 0, 1), 2.0)

    assert steps.take_all(2.0) == [Task(1, 0, WHOLE_GROUP)]


def test_cells_of_expressions_are_made_in_place_as_their_inputs_arrive() -> None:
    steps = Steps({"a": function(), "b": Expression("{{ a }}!")}, rows=2)
    steps.take(0.0)
    steps.told()

    steps.end(Task(0, 0, 0), 1.0)

    assert steps.told() == [MakeInPlace(1, RowGroup(0, 0, 2), (0,))]


def test_longest_remaining_path_first_then_the_oldest_row() -> None:
    columns: dict[str, Column] = {"short": function(), "long": function(), "end": function("long")}
    steps = Steps(columns, rows=2, slots=1)

    order = []
    for now in range(6):
        task = steps.take(float(now))
        assert task is not None
        order.append((steps.graph.nodes[task.node].name, task.row))
        steps.end(task, now + 0.5)

    # after the first "long", "end" and "short" are as long as each other
    assert order[:2] == [("long", 0), ("long", 1)]


def test_durations_seen_so_far_decide_which_path_is_the_longest() -> None:
    columns: dict[str, Column] = {"quick": function(), "slow": function()}
    steps = Steps(columns, rows=8, slots=2)
    for now in range(4):
        for task in steps.take_all(10.0 * now):
            steps.end(task, 10.0 * now + (9.0 if steps.graph.nodes[task.node].name == "slow" else 0.1))

    following = steps.take(50.0)

    assert following is not None
    assert steps.graph.nodes[following.node].name == "slow"


def test_an_ordered_function_waits_for_its_call_for_a_row_that_was_dropped_meanwhile() -> None:
    steps = Steps({"a": function(), "b": function(ordered=True)}, rows=2)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0, Rejected("no"))
    assert steps.take_all(1.0) == []

    steps.end(Task(1, 0, 0), 2.0)

    assert steps.take_all(2.0) == [Task(1, 0, 1)]


def test_an_ordered_function_does_not_wait_for_the_next_attempt_of_a_row_that_is_dropped() -> None:
    steps = Steps({"a": function(), "b": function(ordered=True)}, rows=3, backoff=100.0, slots=8)
    steps.take_all(0.0)
    steps.end(Task(1, 0, 0), 1.0, Transient("it broke"))
    assert steps.take_all(1.0) == []

    steps.end(Task(0, 0, 0), 2.0, Rejected("no answer"))

    assert steps.take_all(2.0) == [Task(1, 0, 1)]
    # when its time would have come, the row that was dropped makes no room for a second call
    steps.core.tick(1000.0)
    assert steps.take_all(1000.0) == []
    steps.end(Task(1, 0, 1), 1001.0)
    assert steps.take_all(1001.0) == [Task(1, 0, 2)]


def test_an_ordered_full_column_does_not_wait_for_the_next_attempt_of_a_row_group_that_is_dropped() -> None:
    columns: dict[str, Column] = {"a": function(), "b": function(ordered=True, full_column=True)}
    steps = Steps(columns, rows=4, size=2, backoff=100.0, slots=8)
    steps.take_all(0.0)
    steps.end(Task(1, 0, WHOLE_GROUP), 1.0, Transient("it broke"))
    steps.end(Task(0, 0, 0), 2.0, Rejected("no answer"))
    assert steps.take_all(2.0) == []

    steps.end(Task(0, 0, 1), 2.0, Rejected("no answer"))

    assert steps.take_all(2.0) == [Task(1, 1, WHOLE_GROUP)]


def test_a_task_that_was_deferred_and_whose_row_group_has_left_disturbs_no_ordered_function() -> None:
    steps = Steps({"a": function(), "b": function(ordered=True)}, rows=2, size=1)
    steps.take_all(0.0)
    steps.end(Task(1, 0, 0), 1.0, Transient("it broke"))
    steps.end(Task(0, 0, 0), 1.0, Rejected("no"))
    steps.core.written(0, 0, 1.0)
    steps.end(Task(0, 1, 1), 1.0)
    assert steps.take_all(1.0) == [Task(1, 1, 1)]

    steps.core.tick(steps.core.alarm)

    assert steps.take_all(9.0) == []


def test_the_next_row_group_is_opened_when_slots_would_stand_empty() -> None:
    steps = Steps({"n": Integer(1, 5), "a": function("n")}, rows=20, size=2, slots=3)
    opened, in_place = steps.told()
    assert opened == RowGroupOpened(0.0, RowGroup(0, 0, 2))
    assert isinstance(in_place, MakeInPlace)

    steps.core.made_in_place(in_place, in_place.rows, {}, 0.0)

    assert steps.told() == [RowGroupOpened(0.0, RowGroup(1, 2, 2)), MakeInPlace(0, RowGroup(1, 2, 2), range(2, 4))]


def test_row_groups_are_not_opened_ahead_of_need() -> None:
    steps = Steps({"a": function()}, rows=100, size=10, slots=4)

    assert [event.row_group.number for event in steps.told_of(RowGroupOpened)] == [0]


def test_one_row_group_is_open_however_large_it_is() -> None:
    steps = Steps({"a": function()}, rows=100, size=50, slots=100, max_open_rows=10)

    assert [event.row_group.number for event in steps.told_of(RowGroupOpened)] == [0]


def test_no_more_is_in_flight_than_there_are_slots() -> None:
    steps = Steps({"a": function()}, rows=10, slots=3)

    assert len(steps.take_all(0.0)) == 3


def test_each_resource_has_slots_of_its_own() -> None:
    steps = Steps({"m": LLMText("x", model="m"), "n": LLMText("x", model="n")}, rows=5, slots=2)

    assert [task.node for task in steps.take_all(0.0)] == [0, 0, 1, 1]


def test_an_ordered_function_never_overlaps_itself_and_goes_by_the_rows() -> None:
    steps = Steps({"a": function(), "b": function("a", ordered=True)}, rows=3)
    steps.take_all(0.0)
    for row in (2, 1):
        steps.end(Task(0, 0, row), 1.0)
    assert steps.take_all(1.0) == []

    steps.end(Task(0, 0, 0), 2.0)

    assert steps.take_all(2.0) == [Task(1, 0, 0)]
    steps.end(Task(1, 0, 0), 3.0)
    assert steps.take_all(3.0) == [Task(1, 0, 1)]


@pytest.mark.parametrize("engine", ["async", "sequential"])
def test_an_ordered_function_that_is_tried_again_is_not_overtaken(engine: str) -> None:
    steps = Steps({"a": function(ordered=True)}, rows=3, engine=engine)
    assert steps.take_all(0.0) == [Task(0, 0, 0)]

    steps.end(Task(0, 0, 0), 1.0, Transient("it broke"))

    assert steps.take_all(1.0) == []
    now = steps.core.alarm
    steps.core.tick(now)
    assert steps.take_all(now) == [Task(0, 0, 0, 2)]
    steps.end_all(now)
    assert steps.take_all(now) == [Task(0, 0, 1)]


def test_an_ordered_function_goes_on_behind_a_row_that_was_dropped() -> None:
    steps = Steps({"a": function(), "b": function("a", ordered=True)}, rows=2)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 1), 1.0)
    assert steps.take_all(1.0) == []

    steps.end(Task(0, 0, 0), 2.0, Rejected("no answer"))

    assert steps.take_all(2.0) == [Task(1, 0, 1)]


def test_an_ordered_function_sees_the_row_groups_in_their_order() -> None:
    columns: dict[str, Column] = {"a": function(), "b": function("a", ordered=True, full_column=True)}
    steps = Steps(columns, rows=2, size=1)
    steps.take_all(0.0)

    steps.end(Task(0, 1, 1), 1.0)
    assert steps.take_all(1.0) == []
    steps.end(Task(0, 0, 0), 2.0)

    assert steps.take_all(2.0) == [Task(1, 0, WHOLE_GROUP)]


def test_row_groups_are_written_in_the_order_they_end() -> None:
    steps = Steps({"a": function()}, rows=6, size=2, slots=2)
    straggler = steps.take(0.0)
    assert straggler == Task(0, 0, 0)
    for _ in range(5):
        task = steps.take(1.0)
        assert task is not None
        steps.end(task, 1.0)

    assert [write.row_group.number for write in steps.told_of(WriteRowGroup)] == [1, 2]


def test_a_million_row_groups_cost_nothing_before_they_are_opened() -> None:
    Steps({"a": function()}, rows=1)
    tracemalloc.start()
    try:
        Steps({"a": function()}, rows=1_000_000, size=1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 5_000_000


def test_work_that_waits_for_nothing_is_a_bug_and_not_a_hang() -> None:
    steps = Steps({"a": function()}, rows=1)
    steps.take(0.0)
    steps.told()
    steps.core.resources[0].in_flight = 0

    with pytest.raises(RuntimeError, match="stuck"):
        steps.core.check_alive()


def test_a_run_that_waits_for_its_time_is_alive() -> None:
    steps = Steps({"a": function()}, rows=1)
    task = steps.take(0.0)
    assert task is not None
    steps.end(task, 1.0, Transient("it broke"))
    steps.told()

    steps.core.check_alive()
