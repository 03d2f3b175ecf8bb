"""What an earlier run has left, as SchedulerCore deals with it: nothing that is finished is made again."""

import pytest

from notebook_gen.config.columns import Column
from notebook_gen.engine.instructions import EndRun, LookUp, WriteRowGroup
from notebook_gen.errors import Rejected, StoppedEarly
from notebook_gen.events import RowGroupKept, RowGroupOpened
from notebook_gen.plan.tasks import RowGroup, Task
from notebook_gen.plan.values import EarlierWork
from tests.engine.steps import Steps, function

CHAIN: dict[str, Column] = {"a": function(), "b": function("a")}


def test_row_groups_that_are_finished_are_told_of_and_never_opened() -> None:
    steps = Steps(CHAIN, rows=8, size=2, earlier=EarlierWork({0: [0, 1], 2: [5]}, ()))

    told = steps.told()
    tasks = steps.take_all(0.0)

    assert [event.row_group.number for event in told if isinstance(event, RowGroupKept)] == [0, 2]
    assert [event.row_group.number for event in told if isinstance(event, RowGroupOpened)] == [1, 3]
    assert sorted(task.row for task in tasks) == [2, 3, 6, 7]


def test_a_run_with_nothing_left_to_do_ends_at_once() -> None:
    steps = Steps(CHAIN, rows=4, size=2, earlier=EarlierWork({0: [0, 1], 1: []}, ()))

    assert steps.the(EndRun) == EndRun("finished", None)


def test_finished_rows_count_when_all_that_is_left_is_dropped() -> None:
    steps = Steps({"a": function()}, rows=4, size=2, earlier=EarlierWork({0: [0, 1]}, ()))
    steps.take_all(0.0)
    steps.end_all(1.0, Rejected("no"))
    write = steps.the(WriteRowGroup)
    steps.core.written(1, len(write.rows), 2.0)

    assert steps.the(EndRun) == EndRun("finished", None)


def test_only_row_groups_in_which_cells_are_kept_are_looked_up() -> None:
    steps = Steps({"a": function()}, rows=4, size=2, earlier=EarlierWork({}, {1}))

    assert steps.the(LookUp) == LookUp(0, RowGroup(1, 2, 2), range(2, 4))
    assert [task.row for task in steps.take_all(0.0)] == [0, 1]


def test_kept_cells_are_done_and_the_others_wait_for_a_slot() -> None:
    steps = Steps(CHAIN, rows=3, earlier=EarlierWork({}, {0}))
    steps.core.looked_up(steps.the(LookUp), {0: (), 2: ()}, 1.0)

    order = steps.the(LookUp)
    assert (order.node, list(order.rows)) == (1, [0, 2])
    steps.core.looked_up(order, {2: ()}, 2.0)
    assert sorted(steps.take_all(2.0)) == [Task(0, 0, 1), Task(1, 0, 0)]


def test_a_run_of_which_every_cell_is_kept_starts_no_task() -> None:
    steps = Steps(CHAIN, rows=2, earlier=EarlierWork({}, {0}))
    steps.core.looked_up(steps.the(LookUp), {0, 1}, 1.0)
    steps.core.looked_up(steps.the(LookUp), {0, 1}, 1.0)

    assert steps.take_all(1.0) == []
    assert list(steps.the(WriteRowGroup).rows) == [0, 1]


@pytest.mark.parametrize("options", [{"full_column": True}, {"ordered": True}])
def test_full_columns_and_functions_with_a_state_are_always_called_again(options: dict[str, bool]) -> None:
    steps = Steps({"a": function(**options)}, rows=2, earlier=EarlierWork({}, {0}))

    assert steps.told_of(LookUp) == []
    assert len(steps.take_all(0.0)) == 1


def test_an_ordered_function_goes_on_behind_row_groups_that_are_finished() -> None:
    steps = Steps({"a": function(ordered=True)}, rows=6, size=2, earlier=EarlierWork({0: [0, 1], 1: [2]}, ()))

    (task,) = steps.take_all(0.0)

    assert task.row == 4


def test_a_run_that_is_stopped_while_cells_are_looked_up_takes_nothing_over() -> None:
    steps = Steps({"a": function()}, rows=4, size=2, earlier=EarlierWork({}, {0}))
    order = steps.the(LookUp)
    steps.core.cancel(2.0)

    steps.core.looked_up(order, {0: ()}, 1.0)

    assert steps.take_all(1.0) == []


def test_nothing_more_is_looked_up_once_the_run_stops_early() -> None:
    steps = Steps(CHAIN, rows=2, earlier=EarlierWork({}, {0}), shutdown_error_window=1)
    steps.core.looked_up(steps.the(LookUp), {}, 0.0)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0, Rejected("no"))

    steps.end(Task(0, 0, 1), 2.0)

    assert steps.told_of(LookUp) == []


@pytest.mark.parametrize("engine", ["async", "sequential"])
def test_both_engines_skip_what_is_finished(engine: str) -> None:
    steps = Steps({"a": function()}, rows=6, size=2, engine=engine, earlier=EarlierWork({0: [0], 1: [2, 3]}, ()))

    assert sorted(task.row for task in steps.take_all(0.0)) == [4, 5]


def test_rows_that_failed_in_an_earlier_run_do_not_stop_the_one_that_goes_on() -> None:
    columns: dict[str, Column] = {"a": function()}
    steps = Steps(columns, rows=60, size=60, slots=20, earlier=EarlierWork({}, {0}))
    steps.core.looked_up(steps.the(LookUp), set(range(12, 40)), 0.0)

    failed = [task for task in steps.take_all(0.0) if task.row < 12]
    for task in failed:
        steps.end(task, 1.0, Rejected("no"))

    assert len(failed) == 12
    assert steps.told_of(EndRun) == []
    assert {task.row for task in steps.take_all(1.0)} <= set(range(40, 60))


def test_rows_that_no_earlier_run_came_to_stop_the_run_that_goes_on() -> None:
    steps = Steps({"a": function()}, rows=60, size=60, slots=20, earlier=EarlierWork({}, {0}))
    steps.core.looked_up(steps.the(LookUp), set(range(12)), 0.0)

    for task in steps.take_all(0.0)[:10]:
        steps.end(task, 1.0, Rejected("no"))

    assert steps.take_all(1.0) == []
    assert steps.core.ending.reason is not None
    assert isinstance(steps.core.ending.reason.error, StoppedEarly)


def test_rows_before_a_row_group_that_is_finished_do_not_stop_the_run_either() -> None:
    steps = Steps({"a": function()}, rows=40, size=20, slots=20, earlier=EarlierWork({1: range(20, 40)}, ()))

    for task in steps.take_all(0.0)[:12]:
        steps.end(task, 1.0, Rejected("no"))

    assert steps.core.ending.reason is None
