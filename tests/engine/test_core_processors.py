"""Processors and their gates, decided by SchedulerCore."""

from collections.abc import Mapping
from typing import Any

import pytest

from notebook_gen.config.columns import Column, Expression, Integer
from notebook_gen.engine.flow import PROCESSED_AT_ONCE
from notebook_gen.engine.instructions import EndRun, MakeInPlace, ProcessRowGroup, StopWork, WriteRowGroup
from notebook_gen.errors import NoRowsLeft, ProcessorError, Rejected, Transient, WriteError
from notebook_gen.events import RowDropped, RowGroupOpened, RowsDone
from notebook_gen.plan.tasks import RowGroup, Task
from tests.engine.steps import Steps, function

GROUP = RowGroup(0, 0, 3)
CHAIN: dict[str, Column] = {"a": function(), "b": function("a")}


def seeded(**settings: Any) -> tuple[Steps, ProcessRowGroup]:
    """The seeds of three rows are made, and the processors before the batch are asked for."""
    steps = Steps(CHAIN, rows=3, stages=("pre_batch",), **settings)
    for task in steps.take_all(0.0):
        steps.end(task, 1.0)
    return steps, steps.the(ProcessRowGroup)


def finished(**settings: Any) -> tuple[Steps, ProcessRowGroup]:
    """Three rows are finished, and the processors behind the batch are asked for."""
    steps = Steps({"a": function()}, rows=3, stages=("post_batch",), **settings)
    for task in steps.take_all(0.0):
        steps.end(task, 1.0)
    return steps, steps.the(ProcessRowGroup)


def error(stage: str) -> ProcessorError:
    return ProcessorError("raised KeyError", processor="clean", stage=stage, row_group=0)


def test_what_fails_before_the_batch_when_work_is_stopped_is_no_reason_any_more() -> None:
    steps, order = seeded()
    steps.core.cancel(2.0)
    steps.core.stopped(2.0)

    steps.core.processor_failed(order, error("pre_batch"), 3.0)

    assert steps.core.ending.reason is not None
    assert steps.core.ending.reason.state == "cancelled"


def test_without_processors_nothing_waits_for_all_seeds() -> None:
    steps = Steps(CHAIN, rows=3)
    steps.take_all(0.0)

    steps.end(Task(0, 0, 0), 1.0)

    assert steps.take_all(1.0) == [Task(1, 0, 0)]
    assert steps.told_of(ProcessRowGroup) == []


def test_before_the_batch_processors_run_when_all_seeds_are_done_and_everything_else_waits() -> None:
    steps = Steps(CHAIN, rows=3, stages=("pre_batch",))
    steps.take_all(0.0)
    for row in (0, 1):
        steps.end(Task(0, 0, row), 1.0)
    assert steps.told_of(ProcessRowGroup) == []
    assert steps.take_all(1.0) == []

    steps.end(Task(0, 0, 2), 2.0)

    order = steps.the(ProcessRowGroup)
    assert (order.stage, order.row_group, list(order.rows)) == ("pre_batch", GROUP, [0, 1, 2])
    assert steps.take_all(2.0) == []
    steps.core.processed(order, {}, 3.0)
    assert steps.take_all(3.0) == [Task(1, 0, row) for row in range(3)]


def test_seeds_made_in_place_open_the_gate_too() -> None:
    steps = Steps({"n": Integer(1, 5), "a": function("n")}, rows=2, stages=("pre_batch",))
    order = steps.the(MakeInPlace)

    steps.core.made_in_place(order, order.rows, {}, 0.0)

    assert list(steps.the(ProcessRowGroup).rows) == [0, 1]


def test_the_gate_holds_for_seeds_that_succeed_only_at_another_try() -> None:
    steps = Steps(CHAIN, rows=2, stages=("pre_batch",), backoff=1.0)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0)
    steps.end(Task(0, 0, 1), 1.0, Transient("it broke"))
    assert steps.take_all(1.0) == []
    assert steps.told_of(ProcessRowGroup) == []
    now = steps.core.alarm
    steps.core.tick(now)
    assert steps.take_all(now) == [Task(0, 0, 1, 2)]

    steps.end_all(now)

    order = steps.the(ProcessRowGroup)
    assert list(order.rows) == [0, 1]
    steps.core.processed(order, {}, now)
    assert steps.take_all(now) == [Task(1, 0, 0), Task(1, 0, 1)]


def test_the_gate_opens_when_the_last_seed_that_was_missing_drops_its_row() -> None:
    steps = Steps(CHAIN, rows=2, stages=("pre_batch",))
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0)

    steps.end(Task(0, 0, 1), 2.0, Rejected("no answer"))

    assert list(steps.the(ProcessRowGroup).rows) == [0]


def test_a_row_group_whose_seeds_all_fail_is_not_processed() -> None:
    steps = Steps(
        {"seed": function(), "a": function("seed")}, rows=2, stages=["pre_batch"], disable_early_shutdown=True
    )
    steps.take_all(0.0)
    steps.end_all(1.0, Rejected("no answer"))

    assert steps.take(1.0) is None
    assert steps.told_of(ProcessRowGroup) == []


def test_each_row_group_has_a_gate_of_its_own() -> None:
    steps = Steps(CHAIN, rows=4, size=2, stages=("pre_batch",))
    steps.take_all(0.0)

    for row in (2, 3):
        steps.end(Task(0, 1, row), 1.0)
    order = steps.the(ProcessRowGroup)
    steps.core.processed(order, {}, 2.0)

    assert order.row_group.number == 1
    assert steps.take_all(2.0) == [Task(1, 1, 2), Task(1, 1, 3)]


def test_other_row_groups_are_opened_while_one_is_with_processors_before_the_batch() -> None:
    steps = Steps({"n": Integer(1, 5), "a": function("n")}, rows=20, size=2, slots=3, stages=("pre_batch",))
    seeds = steps.the(MakeInPlace)

    steps.core.made_in_place(seeds, seeds.rows, {}, 0.0)

    second = RowGroup(1, 2, 2)
    assert steps.told() == [
        ProcessRowGroup("pre_batch", RowGroup(0, 0, 2), range(2)),
        RowGroupOpened(0.0, second),
        MakeInPlace(0, second, range(2, 4)),
    ]


def with_processors(columns: Mapping[str, Column], **options: Any) -> tuple[Steps, list[ProcessRowGroup]]:
    """All row groups that are opened are given to processors, and none has come back."""
    steps = Steps({"n": Integer(1, 5), **columns}, rows=40, size=2, slots=3, stages=("pre_batch",), **options)
    return steps, make_in_place(steps)


def make_in_place(steps: Steps) -> list[ProcessRowGroup]:
    """Make what is made in place; gives what processors are asked for."""
    orders: list[ProcessRowGroup] = []
    while told := steps.told():
        orders += [order for order in told if isinstance(order, ProcessRowGroup)]
        for order in told:
            if isinstance(order, MakeInPlace):
                steps.core.made_in_place(order, order.rows, {}, 0.0)
    return orders


@pytest.mark.parametrize("column", [function("n"), Expression("{{ n }}")])
def test_no_row_group_is_opened_beside_as_many_as_processors_take_at_once(column: Column) -> None:
    steps, orders = with_processors({"a": column})

    assert [order.row_group.number for order in orders] == [*range(PROCESSED_AT_ONCE)]
    steps.core.processed(orders[5], {}, 0.0)

    assert [order.row_group.number for order in make_in_place(steps)] == [PROCESSED_AT_ONCE]


def test_a_resource_that_makes_seeds_is_kept_busy_however_many_row_groups_are_with_processors() -> None:
    steps = Steps(CHAIN, rows=40, size=1, slots=3, stages=("pre_batch",))

    while steps.take_all(0.0):
        steps.end_all(0.0)

    assert len(steps.told_of(ProcessRowGroup)) == 40


def test_no_more_rows_are_open_than_may_be_while_processors_run() -> None:
    _, orders = with_processors({"a": function("n")}, max_open_rows=5)

    assert len(orders) == 2


def test_rows_dropped_before_the_batch_make_no_call_and_say_who_dropped_them() -> None:
    steps, order = seeded()

    steps.core.processed(order, {1: "only_short"}, 2.0)

    (drop,) = steps.told_of(RowDropped)
    assert (drop.row, drop.node, drop.was_done) == (1, None, False)
    assert drop.error.problem == "was dropped by the processor 'only_short'"
    assert steps.take_all(2.0) == [Task(1, 0, 0), Task(1, 0, 2)]
    steps.end_all(3.0)
    assert list(steps.the(WriteRowGroup).rows) == [0, 2]


def test_all_rows_dropped_before_the_batch_end_their_row_group() -> None:
    steps, order = seeded()

    steps.core.processed(order, dict.fromkeys(range(3), "none"), 2.0)

    assert steps.take_all(2.0) == []
    assert steps.the(WriteRowGroup).rows == []
    steps.core.written(0, 0, 3.0)
    ending = steps.the(EndRun).error
    assert isinstance(ending, NoRowsLeft)
    assert ending.problem == "all 3 rows were dropped; 3 × was dropped by the processor 'none'"


def test_behind_the_batch_processors_run_on_the_finished_rows_before_these_are_written() -> None:
    steps, order = finished()

    assert (order.stage, list(order.rows)) == ("post_batch", [0, 1, 2])
    assert steps.told() == []
    steps.core.processed(order, {}, 2.0)

    assert steps.told() == [WriteRowGroup(GROUP, GROUP.rows, ())]


def test_rows_dropped_behind_the_batch_are_told_as_done_before_and_are_not_written() -> None:
    steps, order = finished()

    steps.core.processed(order, {0: "only_short"}, 2.0)

    drop, write = steps.told()
    assert isinstance(drop, RowDropped)
    assert drop.was_done
    assert isinstance(write, WriteRowGroup)
    assert list(write.rows) == [1, 2]
    assert write.dropped == (drop,)


def test_nothing_is_processed_where_no_row_is_left() -> None:
    steps = Steps({"a": function()}, rows=1, stages=("post_batch",))
    steps.take_all(0.0)

    steps.end_all(1.0, Rejected("no answer"))

    assert [type(step) for step in steps.told()[-1:]] == [WriteRowGroup]


def test_only_finished_rows_are_processed_when_the_run_is_cancelled() -> None:
    steps = Steps(CHAIN, rows=2, stages=("post_batch",), slots=2)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0)
    steps.end(steps.take_all(1.0)[0], 1.0)
    steps.core.cancel(2.0)

    steps.core.stopped(3.0)

    order = steps.the(ProcessRowGroup)
    assert list(order.rows) == [0]
    steps.core.processed(order, {}, 2.0)
    assert list(steps.the(WriteRowGroup).rows) == [0]


def test_a_processor_that_fails_before_the_batch_ends_the_run_with_its_error() -> None:
    steps, order = seeded()
    failure = error("pre_batch")

    steps.core.processor_failed(order, failure, 2.0)
    steps.core.stopped(3.0)

    assert steps.take_all(2.0) == []
    steps.core.written(0, 0, 3.0)
    told = steps.told()
    assert StopWork() in told
    assert told[-1] == EndRun("failed", failure)
    assert str(failure) == "processor 'clean' (pre_batch, row group 0) raised KeyError"


def test_a_row_group_is_never_written_unprocessed() -> None:
    steps, order = finished()
    failure = error("post_batch")

    steps.core.processor_failed(order, failure, 2.0)
    steps.core.stopped(3.0)

    assert steps.told() == [StopWork(), EndRun("failed", failure)]


def test_what_was_being_processed_when_a_write_failed_is_not_written() -> None:
    failure = WriteError("disk full")
    steps = Steps({"a": function()}, rows=2, size=1, stages=("post_batch",))
    steps.take_all(0.0)
    steps.end_all(1.0)
    first, second = steps.told_of(ProcessRowGroup)
    steps.core.processed(first, {}, 2.0)
    steps.told()

    steps.core.write_failed(0, failure)
    steps.core.stopped(3.0)
    steps.core.processed(second, {}, 3.0)

    assert steps.told() == [StopWork(), EndRun("failed", failure)]


@pytest.mark.parametrize("stage", ["pre_batch", "post_batch"])
def test_a_processor_that_fails_drops_its_row_group_where_the_settings_say_so(stage: str) -> None:
    steps, order = (seeded if stage == "pre_batch" else finished)(on_processor_error="drop")
    failure = error(stage)

    steps.core.processor_failed(order, failure, 2.0)

    told = steps.told()
    drops = [step for step in told if isinstance(step, RowDropped)]
    assert [(drop.row, drop.error.problem) for drop in drops] == [(row, str(failure)) for row in range(3)]
    assert told[-1] == WriteRowGroup(GROUP, [], tuple(drops))
    assert steps.take_all(2.0) == []


def test_a_processor_that_ends_after_the_run_was_stopped_changes_nothing() -> None:
    steps, order = seeded()
    steps.core.cancel(2.0)
    steps.core.stopped(3.0)
    steps.told()

    steps.core.processed(order, {0: "late"}, 5.0)

    assert steps.told() == []
    assert steps.take_all(5.0) == []


def test_a_cancelled_run_does_not_count_rows_that_a_processor_dropped_since() -> None:
    steps, order = finished()
    steps.core.cancel(2.0)
    steps.core.stopped(3.0)

    steps.core.processed(order, {1: "only_short"}, 4.0)
    steps.core.written(0, 2, 5.0)

    assert str(steps.the(EndRun).error).startswith("the run was cancelled with 2 of 3 rows finished")


def test_rows_are_told_as_done_once_the_gate_is_open() -> None:
    steps = Steps({"a": function()}, rows=2, stages=("pre_batch",))
    steps.take_all(0.0)
    steps.end_all(1.0)
    told = steps.told()
    assert RowsDone not in map(type, told)
    order = told[-1]
    assert isinstance(order, ProcessRowGroup)

    steps.core.processed(order, {}, 2.0)

    assert steps.told_of(RowsDone) == [RowsDone(2.0, 0, 2)]
