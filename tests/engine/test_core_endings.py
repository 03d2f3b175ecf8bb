"""How a run ends, decided by SchedulerCore: finished, cancelled, stopped early, failed."""

import re

import pytest

from notebook_gen.config.columns import Column, Expression, Integer, LLMText
from notebook_gen.config.settings import RunSettings
from notebook_gen.engine.ending import NEVER
from notebook_gen.engine.instructions import (
    CallBack,
    DecideSkips,
    EndRun,
    MakeInPlace,
    ProcessRowGroup,
    StopWork,
    WriteRowGroup,
)
from notebook_gen.errors import (
    GenerationError,
    NoRowsLeft,
    ProcessorError,
    RateLimited,
    Rejected,
    RunCancelled,
    RunError,
    StoppedEarly,
    Transient,
    WriteError,
)
from notebook_gen.events import CellFailed, RowDropped, RowGroupOpened, RowGroupWritten, RowsDone
from notebook_gen.plan.tasks import WHOLE_GROUP, RowGroup, Task
from tests.engine.steps import Steps, function

WRONG = Rejected("no answer")
GRACE = RunSettings().grace


def half_done() -> Steps:
    """Row 0 is finished, row 1 is in flight, row 2 waits."""
    steps = Steps({"a": function()}, rows=3, slots=1)
    steps.take(0.0)
    steps.end(Task(0, 0, 0), 1.0)
    steps.take(1.0)
    steps.told()
    return steps


def failing(steps: Steps, count: int, error: GenerationError = WRONG) -> None:
    """Let the next tasks fail."""
    for now in range(count):
        task = steps.take(float(now))
        assert task is not None
        steps.end(task, now + 0.5, error)


def test_cancel_keeps_finished_rows_and_starts_nothing_more() -> None:
    steps = half_done()

    steps.core.cancel(2.0)
    assert steps.told() == [StopWork()]
    steps.core.stopped(3.0)

    assert steps.take(3.0) is None
    assert list(steps.the(WriteRowGroup).rows) == [0]
    steps.core.written(0, 1, 4.0)
    ending = steps.the(EndRun)
    assert ending.state == "cancelled"
    assert isinstance(ending.error, RunCancelled)
    assert str(ending.error) == "the run was cancelled with 1 of 3 rows finished; its rows() gives them"


def test_cancel_twice_and_after_the_end_is_harmless() -> None:
    steps = half_done()
    steps.core.cancel(2.0)
    steps.core.cancel(2.0)
    assert steps.told() == [StopWork()]
    steps.core.stopped(3.0)
    steps.core.written(0, 1, 4.0)
    steps.told()

    steps.core.cancel(2.0)
    steps.core.fail(RunError("too late"))

    assert steps.told() == []


def test_cancel_forgets_what_is_deferred() -> None:
    steps = Steps({"a": function()}, rows=1)
    steps.take(0.0)
    steps.end(Task(0, 0, 0), 1.0, Transient("it broke"))

    steps.core.cancel(2.0)
    steps.core.stopped(3.0)
    steps.core.tick(1.0)

    assert steps.core.alarm == NEVER
    steps.core.tick(100.0)
    assert steps.take(100.0) is None


@pytest.mark.parametrize("state", ["waiting for a slot", "in flight", "deferred"])
def test_a_full_column_that_is_cut_off_with_no_rows_left_keeps_no_finished_row_from_being_written(state: str) -> None:
    columns: dict[str, Column] = {
        "a": function(),
        "b": function(),
        "total": function("a", full_column=True, skip_if="{{ a > 3 }}"),
    }
    steps = Steps(columns, rows=2)
    steps.take_all(0.0)
    for task in (Task(0, 0, 0), Task(0, 0, 1), Task(1, 0, 0)):
        steps.end(task, 1.0)
    steps.core.skips_decided(steps.the(DecideSkips), [0], {}, 1.0)
    if state != "waiting for a slot":
        assert steps.take_all(1.0) == [Task(2, 0, WHOLE_GROUP)]
    if state == "deferred":
        steps.end(Task(2, 0, WHOLE_GROUP), 1.5, Transient("it broke"))
    steps.end(Task(1, 0, 1), 2.0, WRONG)
    steps.told()

    steps.core.cancel(2.0)
    steps.core.stopped(3.0)

    told = steps.told()
    assert RowsDone(3.0, 0, 1) in told
    assert [list(step.rows) for step in told if isinstance(step, WriteRowGroup)] == [[0]]


def test_row_groups_that_are_whole_are_written_before_the_rest() -> None:
    steps = Steps({"a": function(), "b": function()}, rows=2, size=1, slots=4)
    steps.take_all(0.0)
    steps.end(Task(0, 1, 1), 1.0, WRONG)
    steps.told()

    # row group 1 is whole, and waits only for what is in flight
    steps.core.cancel(2.0)
    steps.core.stopped(3.0)

    assert [write.row_group.number for write in steps.told_of(WriteRowGroup)] == [1, 0]


def test_when_every_row_is_dropped_the_run_fails_with_the_most_frequent_reason() -> None:
    steps = Steps({"a": function()}, rows=3)
    steps.take_all(0.0)
    key = Rejected("the key is wrong", advice="set OPENAI_API_KEY")
    for row, error in enumerate([Rejected("no answer"), key, key]):
        steps.end(Task(0, 0, row), 1.0, error)
    steps.told()

    steps.core.written(0, 0, 2.0)

    ending = steps.the(EndRun)
    assert ending.state == "failed"
    assert isinstance(ending.error, NoRowsLeft)
    assert str(ending.error) == "all 3 rows were dropped; 2 × column 'a': the key is wrong; set OPENAI_API_KEY"


def test_a_failed_write_ends_the_run_with_its_error() -> None:
    error = WriteError("disk full", path="rows/00000.parquet")
    steps = Steps({"a": function()}, rows=1)
    steps.take(0.0)
    steps.end(Task(0, 0, 0), 1.0)
    steps.told()

    steps.core.write_failed(0, error)
    steps.core.stopped(3.0)

    assert steps.told() == [StopWork(), EndRun("failed", error)]


def test_no_write_is_begun_after_one_has_failed() -> None:
    error = WriteError("disk full")
    steps = Steps({"a": function()}, rows=4, size=2, slots=4)
    steps.take_all(0.0)
    for row in (0, 1):
        steps.end(Task(0, 0, row), 1.0)
    steps.end(Task(0, 1, 2), 1.0)
    steps.told()

    steps.core.write_failed(0, error)
    steps.core.stopped(3.0)

    assert steps.told() == [StopWork(), EndRun("failed", error)]


def test_the_first_of_two_writes_that_fail_is_told() -> None:
    first, second = WriteError("disk full"), WriteError("disk gone")
    steps = Steps({"a": function()}, rows=2, size=1, slots=2)
    steps.take_all(0.0)
    steps.end_all(1.0)
    steps.told()

    steps.core.write_failed(0, first)
    steps.core.write_failed(1, second)
    steps.core.stopped(2.0)

    assert steps.told() == [StopWork(), EndRun("failed", first)]


def test_a_run_that_has_finished_is_neither_cancelled_nor_failed() -> None:
    steps = Steps({"a": function()}, rows=1)
    steps.take_all(0.0)
    steps.end_all(1.0)
    steps.core.written(0, 1, 2.0)
    assert steps.the(EndRun) == EndRun("finished", None)

    steps.core.cancel(2.0)
    steps.core.fail(RunError("too late"))
    steps.take_all(3.0)

    assert steps.told() == []


def test_a_write_that_fails_while_the_run_is_being_cancelled_is_told() -> None:
    error = WriteError("disk full")
    steps = half_done()
    steps.core.cancel(2.0)
    steps.core.stopped(3.0)
    steps.told()

    steps.core.write_failed(0, error)

    assert steps.told() == [EndRun("failed", error)]


def test_a_write_under_way_is_waited_for() -> None:
    steps = Steps({"a": function()}, rows=2, size=1, slots=2)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0)
    steps.core.cancel(2.0)
    steps.told()

    steps.core.stopped(3.0)
    assert [type(step) for step in steps.told()] == [WriteRowGroup]
    steps.core.written(1, 0, 2.0)
    assert EndRun not in map(type, steps.told())
    steps.core.written(0, 1, 3.0)

    assert steps.the(EndRun).state == "cancelled"


def test_an_error_that_is_nobodys_cell_ends_the_run_and_the_first_one_counts() -> None:
    first, second = RunError("the callback raised"), RunError("another")
    steps = half_done()

    steps.core.fail(first)
    steps.core.fail(second)
    steps.core.stopped(3.0)
    steps.core.written(0, 1, 4.0)

    assert steps.the(EndRun) == EndRun("failed", first)


def test_the_run_stops_early_at_the_error_rate_and_says_why_with_counts() -> None:
    steps = Steps({"a": function()}, rows=100, size=20, slots=1, shutdown_error_window=10)
    steps.take(0.0)
    steps.end(Task(0, 0, 0), 0.0)
    failing(steps, 8)
    assert steps.take(9.0) is not None
    steps.told()

    steps.end(Task(0, 0, 9), 9.0, Rejected("no answer", advice="look at the prompt"))

    assert steps.told_of(StopWork) == [StopWork()]
    steps.core.stopped(3.0)
    assert list(steps.the(WriteRowGroup).rows) == [0]
    steps.core.written(0, 1, 10.0)
    ending = steps.the(EndRun)
    assert ending.state == "stopped early"
    assert isinstance(ending.error, StoppedEarly)
    assert ending.error.problem == (
        "9 of the last 10 calls failed, so the run stopped early; what is finished is kept; 9 × column 'a': no answer"
    )


def test_what_is_in_flight_may_end_when_the_run_stops_early_and_its_row_is_kept() -> None:
    steps = Steps({"a": function()}, rows=100, size=100, slots=2, shutdown_error_window=1, max_open_rows=100)
    steps.take_all(0.0)

    steps.end(Task(0, 0, 0), 1.0, WRONG)

    assert steps.take_all(1.0) == []
    assert StopWork() not in steps.told()
    assert steps.core.alarm == 1.0 + GRACE
    steps.end(Task(0, 0, 1), 2.0)
    assert steps.told_of(StopWork) == [StopWork()]
    steps.core.stopped(3.0)
    assert list(steps.the(WriteRowGroup).rows) == [1]


def test_cells_made_in_place_may_end_when_the_run_stops_early_and_their_rows_are_kept() -> None:
    steps = Steps({"a": function(), "b": Expression("{{ a }}")}, rows=2, slots=2, shutdown_error_window=1)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0)
    steps.end(Task(0, 0, 1), 1.0, WRONG)
    told = steps.told()
    assert StopWork() not in told
    (order,) = [step for step in told if isinstance(step, MakeInPlace)]

    steps.core.made_in_place(order, order.rows, {}, 2.0)

    told = steps.told()
    assert [list(step.rows) for step in told if isinstance(step, WriteRowGroup)] == [[0]]
    assert StopWork() in told


@pytest.mark.parametrize("error", [Transient("it broke"), RateLimited("slow down"), Rejected("no")])
def test_what_would_be_tried_again_when_the_run_stops_early_is_not_and_is_not_dropped(error: GenerationError) -> None:
    steps = Steps({"a": function(retries=1), "b": function()}, rows=2, shutdown_error_window=1)
    steps.take_all(0.0)
    steps.end(Task(1, 0, 1), 1.0, WRONG)
    steps.told()

    assert not steps.end(Task(0, 0, 0), 2.0, error)

    assert steps.told() == []
    assert steps.core.alarm == 1.0 + GRACE


@pytest.mark.parametrize("full_column", [False, True])
def test_what_fails_for_good_while_the_run_stops_early_is_dropped_with_its_reason(full_column: bool) -> None:
    steps = Steps(
        {"a": function(full_column=full_column), "b": function(on_error="null")}, rows=1, shutdown_error_window=1
    )
    steps.take_all(0.0)
    steps.end(Task(1, 0, 0), 1.0, WRONG)
    assert not steps.core.flow.gives_slots
    steps.told()

    task = Task(0, 0, WHOLE_GROUP if full_column else 0)
    assert not steps.end(task, 2.0, Rejected("too late"))

    told = steps.told()
    assert [(drop.row, drop.node, str(drop.error)) for drop in told if isinstance(drop, RowDropped)] == [
        (0, 0, "too late")
    ]
    assert StopWork() in told


def test_what_had_its_last_attempt_when_the_run_stops_early_is_dropped_with_its_reason() -> None:
    steps = Steps({"a": function(retries=1), "b": function()}, rows=2, shutdown_error_window=1)
    steps.take_all(0.0)
    assert steps.end(Task(0, 0, 0), 0.5, WRONG)
    assert steps.take(0.5) == Task(0, 0, 0, 2)
    steps.end(Task(1, 0, 1), 1.0, WRONG)
    steps.told()

    steps.end(Task(0, 0, 0, 2), 2.0, WRONG)

    assert [(drop.row, drop.attempt) for drop in steps.told_of(RowDropped)] == [(0, 2)]


def test_a_column_that_would_end_the_run_cuts_off_nothing_that_an_early_stop_waits_for() -> None:
    columns: dict[str, Column] = {"a": function(on_error="raise"), "b": function()}
    steps = Steps(columns, rows=3, slots=8, shutdown_error_window=1)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 1), 0.5)
    steps.end(Task(1, 0, 2), 1.0, WRONG)
    assert StopWork() not in steps.told()

    steps.end(Task(0, 0, 0), 2.0, WRONG)
    assert StopWork() not in steps.told()
    for task in (Task(1, 0, 1), Task(0, 0, 2), Task(1, 0, 0)):
        steps.end(task, 3.0)

    assert StopWork() in steps.told()
    steps.core.stopped(3.0)
    assert list(steps.the(WriteRowGroup).rows) == [1]


@pytest.mark.parametrize("full_column", [False, True])
def test_what_ends_the_run_is_told_and_its_rows_are_not_dropped(full_column: bool) -> None:
    steps = Steps({"a": function(full_column=full_column, on_error="raise")}, rows=2)
    task = steps.take(0.0)
    assert task is not None
    steps.told()

    steps.end(task, 1.0, WRONG)
    told = steps.told()
    steps.core.stopped(2.0)
    assert steps.the(WriteRowGroup).dropped == ()
    steps.core.written(0, 0, 3.0)

    rows = [0, 1] if full_column else [0]
    assert told == [*(CellFailed(1.0, 0, row, 0, 1, WRONG) for row in rows), StopWork()]
    ending = steps.the(EndRun)
    assert str(ending.error) == "column 'a', row 0: no answer"


def test_what_comes_back_from_processors_once_work_is_stopped_begins_nothing() -> None:
    steps = Steps({"n": Integer(1, 5), "a": Expression("{{ n }}")}, rows=1, stages=["pre_batch"])
    steps.core.made_in_place(steps.the(MakeInPlace), [0], {}, 0.0)
    order = steps.the(ProcessRowGroup)
    steps.core.cancel(2.0)

    steps.core.processed(order, {}, 1.0)

    assert steps.told() == [StopWork()]


def test_what_is_in_flight_has_so_long_and_no_longer_when_the_run_stops_early() -> None:
    steps = Steps({"a": function()}, rows=100, slots=2, shutdown_error_window=1)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0, WRONG)
    steps.told()

    steps.core.tick(1.0 + GRACE)

    assert steps.told() == [StopWork()]


def test_a_run_that_stops_early_can_be_cancelled_before_its_time_of_grace_is_over() -> None:
    steps = Steps({"a": function()}, rows=100, slots=2, shutdown_error_window=1)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0, WRONG)
    steps.told()

    steps.core.cancel(2.0)

    assert steps.told() == [StopWork()]


def test_no_row_group_is_opened_once_the_run_stops_early() -> None:
    steps = Steps({"a": function()}, rows=100, size=2, slots=2, shutdown_error_window=1)
    steps.take_all(0.0)
    steps.told()

    steps.end(Task(0, 0, 0), 1.0, WRONG)
    steps.take_all(1.0)
    steps.end(Task(0, 0, 1), 1.0)

    assert steps.told_of(RowGroupOpened) == []


def test_it_stops_as_fast_when_failures_come_from_further_tries() -> None:
    steps = Steps({"a": function()}, rows=10, slots=10, salvage_rounds=1, backoff=0.0, shutdown_error_window=4)
    for task in steps.take_all(0.0):
        steps.end(task, 0.0, Transient("it broke"))

    for task in steps.take_all(0.0)[:4]:
        assert task.attempt == 2
        steps.end(task, 1.0, Transient("it broke"))

    assert steps.take_all(1.0) == []
    assert not steps.core.flow.gives_slots


def after_further_tries(rows: int, poisoned: int) -> Steps:
    """A run whose last calls are further tries of rows that can never be made, and come to nothing."""
    steps = Steps({"a": function()}, rows=rows, slots=4, salvage_rounds=1, backoff=0.5, shutdown_error_window=10)
    now = 0.0
    while tasks := steps.take_all(now):
        now += 0.001
        for task in tasks:
            steps.end(task, now, Transient("it broke") if task.row % (rows // poisoned) == 0 else None)
    steps.core.tick(steps.core.alarm)
    while tasks := steps.take_all(10.0):
        for task in tasks:
            steps.end(task, 10.0, Transient("it broke"))
        steps.core.tick(10.0)
    return steps


def test_a_few_rows_that_can_never_be_made_do_not_stop_a_run_in_which_nothing_else_is_left() -> None:
    steps = after_further_tries(rows=200, poisoned=20)

    assert steps.core.flow.gives_slots
    written = [row for order in steps.told_of(WriteRowGroup) for row in order.rows]
    assert sorted(written) == [row for row in range(200) if row % 10]


def test_a_run_stops_also_in_its_further_tries_if_most_of_its_calls_have_failed() -> None:
    steps = after_further_tries(rows=40, poisoned=20)

    assert not steps.core.flow.gives_slots


def test_failures_that_are_tried_again_do_not_count() -> None:
    steps = Steps({"a": function()}, rows=10, slots=10, shutdown_error_window=4)

    for task in steps.take_all(0.0):
        steps.end(task, 0.0, Transient("it broke"))

    assert steps.core.flow.gives_slots


def test_rate_limits_never_count() -> None:
    steps = Steps({"text": LLMText("Write.")}, rows=100, slots=16, shutdown_error_window=1)
    now = 0.0
    for _ in range(20):
        for task in steps.take_all(now):
            steps.end(task, now + 0.1, RateLimited("slow down"))
        now = steps.core.alarm
        steps.core.tick(now)

    assert steps.core.flow.gives_slots


def test_failures_of_long_ago_do_not_count_for_ever() -> None:
    steps = Steps({"a": function()}, rows=100, size=100, slots=1)
    failing(steps, 4)
    for _ in range(10):
        task = steps.take(50.0)
        assert task is not None
        steps.end(task, 50.0)
    failing(steps, 4)

    assert steps.core.flow.gives_slots


def test_the_switch_goes_on_whatever_fails() -> None:
    steps = Steps({"a": function()}, rows=30, size=30, slots=1, disable_early_shutdown=True)

    failing(steps, 30)
    steps.core.written(0, 0, 50.0)

    assert isinstance(steps.the(EndRun).error, NoRowsLeft)


@pytest.mark.parametrize(
    ("column", "calls"), [(LLMText("Write."), "to model default"), (function(), "of column 'text'")]
)
def test_what_refuses_all_calls_ends_the_run_after_a_while_and_costs_no_row(column: Column, calls: str) -> None:
    steps = Steps({"text": column}, rows=100, slots=4, shutdown_refusal_patience=60.0)
    now = 0.0
    while steps.core.flow.gives_slots:
        for task in steps.take_all(now):
            steps.end(task, now + 0.01, RateLimited("slow down", advice="wait until tomorrow"))
        now = max(now, steps.core.alarm)
        steps.core.tick(now)
    steps.core.stopped(now)
    assert steps.the(WriteRowGroup).dropped == ()
    steps.core.written(0, 0, now)

    ending = steps.the(EndRun)
    assert ending.state == "stopped early"
    assert re.fullmatch(
        rf"no call {calls} has come to anything for \d+ s, so no more calls were begun; what is finished is "
        "kept; slow down; wait until tomorrow",
        str(ending.error),
    )
    assert 60.0 < now < 120.0


def test_a_function_that_is_refused_for_long_between_good_calls_does_not_end_the_run() -> None:
    steps = Steps({"text": function()}, rows=100, slots=1, shutdown_refusal_patience=60.0)

    for now in range(0, 400, 40):
        (task,) = steps.take_all(now)
        steps.end(task, now + 1.0, RateLimited("slow down", retry_after=20.0))
        steps.core.tick(now + 21.0)
        (task,) = steps.take_all(now + 21.0)
        steps.end(task, now + 22.0)

    assert steps.core.flow.gives_slots


@pytest.mark.parametrize(
    ("column", "error"),
    [(LLMText("Write."), Transient("timed out")), (function(), RateLimited("slow down", retry_after=5.0))],
)
def test_one_slow_call_that_fails_beside_good_ones_does_not_end_the_run(column: Column, error: GenerationError) -> None:
    steps = Steps({"text": column}, rows=100, slots=2, shutdown_refusal_patience=60.0)
    slow = steps.take(0.0)
    assert slow is not None
    for now in range(70):
        good = steps.take(now)
        assert good is not None
        steps.end(good, now + 1.0)

    assert steps.end(slow, 70.0, error)

    assert steps.core.flow.gives_slots


@pytest.mark.parametrize("column", [LLMText("Write."), function()])
@pytest.mark.parametrize("seconds", [3600.0, 86_400.0])
def test_who_asks_a_few_calls_to_wait_for_long_ends_the_run_when_patience_does(column: Column, seconds: float) -> None:
    steps = Steps({"text": column}, rows=3, slots=4)
    now = 0.0
    while steps.core.flow.gives_slots:
        for task in steps.take_all(now):
            steps.end(task, now + 1.0, RateLimited("no quota left", retry_after=seconds))
        now = max(now, steps.core.alarm)
        steps.core.tick(now)

    assert 600.0 < now < 660.0


@pytest.mark.parametrize("is_back", [True, False])
def test_an_endpoint_that_asks_all_to_leave_it_alone_for_an_hour_is_asked_again_then(is_back: bool) -> None:
    steps = Steps({"text": LLMText("Write.")}, rows=100, slots=8)
    refused: list[float] = []
    now, good = 0.0, 0
    while steps.core.flow.gives_slots and good < 100:
        for task in steps.take_all(now):
            if is_back and now >= 3600.0:
                steps.end(task, now + 1.0)
                good += 1
            else:
                refused.append(now)
                steps.end(task, now + 1.0, RateLimited("no quota left", retry_after=max(1.0, 3600.0 - now)))
        now = min(max(now + 1.0, steps.core.alarm), now + 3600.0)
        steps.core.tick(now)

    assert not [at for at in refused if 60.0 < at < 3600.0]
    assert len(refused) < 40
    assert (good == 100) is is_back


def test_an_endpoint_that_never_answers_ends_the_run_soon() -> None:
    steps = Steps({"text": LLMText("Write.")}, rows=100, slots=4)
    now, tasks = 0.0, 0
    while steps.core.flow.gives_slots:
        for task in steps.take_all(now):
            tasks += 1
            again = steps.end(task, now + 0.01, Transient("connection refused", advice="is the server running?"))
        now = steps.core.alarm
        steps.core.tick(now)
    steps.core.stopped(3.0)
    steps.core.written(0, 0, now)

    ending = steps.the(EndRun)
    assert ending.state == "stopped early"
    assert str(ending.error) == (
        "model default does not answer, and RunSettings(shutdown_unreached_patience=1.5) waits no longer, so no more "
        "calls were begun; what is finished is kept; connection refused; is the server running?"
    )
    assert tasks < 10
    assert not again


@pytest.mark.parametrize("rows", [1, 8, 100])
@pytest.mark.parametrize("seconds", [3.0, 55.0])
def test_an_endpoint_that_is_there_within_the_patience_for_one_that_was_never_reached_costs_no_row(
    rows: int, seconds: float
) -> None:
    steps = Steps({"text": LLMText("Write.")}, rows, size=100, slots=4, shutdown_unreached_patience=60.0)
    now = 0.0
    while now < seconds:
        for task in steps.take_all(now):
            steps.end(task, now + 0.01, Transient("connection refused"))
        now = steps.core.alarm
        steps.core.tick(now)
    while steps.core.ending.rows_done < rows and now < 70.0:
        for task in steps.take_all(now):
            steps.end(task, now + 0.01)
        now += 0.02
        steps.core.tick(now)

    assert len(steps.the(WriteRowGroup).rows) == rows
    assert now < seconds + 3.0


def test_an_endpoint_that_is_never_there_ends_the_run_when_the_patience_for_that_does() -> None:
    steps = Steps({"text": LLMText("Write.")}, rows=8, slots=4, shutdown_unreached_patience=20.0)
    now = 0.0
    while steps.core.flow.gives_slots:
        for task in steps.take_all(now):
            steps.end(task, now + 0.01, Transient("connection refused"))
        now = steps.core.alarm
        steps.core.tick(now)

    assert 20.0 < now < 25.0
    assert steps.core.ending.reason is not None
    assert "RunSettings(shutdown_unreached_patience=20) waits no longer" in str(steps.core.ending.reason.error)


def test_an_endpoint_that_says_itself_that_it_is_not_ready_is_waited_for_as_if_it_had_worked() -> None:
    steps = Steps({"text": LLMText("Write.")}, rows=100, size=100, slots=4)
    now = 0.0
    while now < 30.0:
        for task in steps.take_all(now):
            steps.end(task, now + 0.01, Transient("could not answer", status=503))
        now = steps.core.alarm
        steps.core.tick(now)
    while steps.core.ending.rows_done < 100 and now < 60.0:
        for task in steps.take_all(now):
            steps.end(task, now + 0.01)
        now += 0.02
        steps.core.tick(now)

    assert len(steps.the(WriteRowGroup).rows) == 100


def test_an_endpoint_that_is_never_ready_ends_the_run_when_patience_does() -> None:
    steps = Steps({"text": LLMText("Write.")}, rows=100, size=100, slots=4, shutdown_patience=20.0)
    now = 0.0
    while steps.core.flow.gives_slots:
        for task in steps.take_all(now):
            steps.end(task, now + 0.01, Transient("could not answer", status=503))
        now = steps.core.alarm
        steps.core.tick(now)

    assert 20.0 < now < 25.0
    assert steps.core.ending.reason is not None
    assert "default has not answered for 2" in str(steps.core.ending.reason.error)


def test_an_endpoint_that_has_come_back_is_not_given_up_for_what_a_dropped_row_met() -> None:
    columns: dict[str, Column] = {"text": LLMText("Write."), "other": function(), "more": function()}
    steps = Steps(columns, rows=3, slots=1, shutdown_patience=0.5, shutdown_error_window=100)
    model, functions = (steps.graph.resources.index(name) for name in ("model default", "async functions"))
    text, other, more = (steps.graph.columns[name] for name in ("text", "other", "more"))
    refused = Transient("connection refused")
    steps.take(0.0, model)
    steps.end(Task(text, 0, 0), 0.5, refused)
    steps.core.tick(1.0)
    assert steps.take(1.0, model) == Task(text, 0, 2)
    for row, error in ((0, None), (1, None), (2, WRONG)):
        steps.take(1.0, functions)
        steps.end(Task(other, 0, row), 1.0, error)
    steps.end(Task(text, 0, 2), 2.0, refused)
    steps.core.tick(3.0)
    answering = steps.take(3.0, model)
    assert answering is not None
    steps.end(answering, 4.0)

    assert steps.take(4.0, functions) == Task(more, 0, 0)
    steps.end(Task(more, 0, 0), 5.0, WRONG)

    assert steps.core.flow.gives_slots


def test_a_silence_that_has_just_begun_ends_nothing_although_an_earlier_one_was_long() -> None:
    columns: dict[str, Column] = {"text": LLMText("Write."), "other": function()}
    steps = Steps(columns, rows=6, slots=1, shutdown_patience=0.5, shutdown_error_window=100)
    model, functions = (steps.graph.resources.index(name) for name in ("model default", "async functions"))
    text, other = (steps.graph.columns[name] for name in ("text", "other"))
    refused = Transient("connection refused")
    steps.take(0.0, model)
    steps.end(Task(text, 0, 0), 0.5, refused)
    steps.core.tick(1.0)
    assert steps.take(1.0, model) == Task(text, 0, 5)
    for row, error in (*((row, None) for row in range(5)), (5, WRONG)):
        steps.take(1.0, functions)
        steps.end(Task(other, 0, row), 1.0, error)
    steps.end(Task(text, 0, 5), 2.0, refused)
    steps.core.tick(3.0)
    answering = steps.take(3.0, model)
    assert answering is not None
    steps.end(answering, 4.0)

    for begin in (100.0, 100.1, 100.2):
        again = steps.take(begin, model)
        assert again is not None
        steps.end(again, begin + 0.05, refused)

    assert steps.core.resources[model].silent_since == 100.0
    assert steps.core.flow.gives_slots


def test_what_is_tried_again_begins_with_the_oldest_row() -> None:
    steps = Steps({"a": function()}, rows=8, size=8, slots=4)
    for task in steps.take_all(0.0):
        steps.end(task, 0.1, Transient("broken"))
    steps.take_all(0.1)
    steps.end_all(0.2)

    steps.core.tick(50.0)

    assert [task.row for task in steps.take_all(50.0)] == [0, 1, 2, 3]


@pytest.mark.parametrize("ending", ["cancelled", "stopped early"])
def test_a_processor_that_fails_while_the_run_ends_is_told(ending: str) -> None:
    error = ProcessorError("raised", processor="p", stage="post_batch", row_group=0)
    steps = Steps({"a": function()}, rows=2, slots=1, stages=("post_batch",), shutdown_error_window=1)
    steps.take(0.0)
    steps.end(Task(0, 0, 0), 1.0)
    steps.take(1.0)
    if ending == "cancelled":
        steps.core.cancel(2.0)
    else:
        steps.end(Task(0, 0, 1), 2.0, WRONG)
    steps.core.stopped(3.0)
    order = next(step for step in steps.told() if type(step).__name__ == "ProcessRowGroup")

    steps.core.processor_failed(order, error, 3.0)  # type: ignore[arg-type]  # its type was just looked at

    assert steps.told() == [EndRun("failed", error)]


def calling_back(rows: int = 3) -> Steps:
    """Row groups of one row each, and a callback; row group 0 waits to be written, the others to be opened."""
    steps = Steps({"a": function()}, rows=rows, size=1, slots=1, max_open_rows=1, stages=["written"])
    steps.take(0.0)
    steps.end_all(1.0)
    steps.told()
    return steps


def test_a_row_group_opens_while_the_callback_is_told_of_the_one_before() -> None:
    steps = calling_back()

    steps.core.written(0, 1, 2.0)

    groups = [RowGroup(number, number, 1) for number in range(2)]
    assert steps.told() == [RowGroupWritten(2.0, groups[0], 1), CallBack(groups[0]), RowGroupOpened(2.0, groups[1])]


def test_a_callback_is_told_of_one_row_group_after_the_other_and_the_run_waits_for_the_last() -> None:
    steps = calling_back()
    for number in range(3):
        if number:
            steps.take(2.0)
            steps.end_all(2.0)
        steps.core.written(number, 1, 2.0)

    told = [[order.row_group.number for order in steps.told_of(CallBack)]]
    for _ in range(3):
        steps.core.called_back(None)
        instructions = steps.told()
        told.append([order.row_group.number for order in instructions if isinstance(order, CallBack)])

    assert told == [[0], [1], [2], []]
    assert instructions == [EndRun("finished", None)]


def test_a_callback_that_raises_for_the_last_row_group_fails_the_run() -> None:
    steps, error = calling_back(rows=1), RunError("on_row_group raised")
    steps.core.written(0, 1, 2.0)
    steps.told()

    steps.core.called_back(error)
    assert steps.told() == [StopWork()]
    steps.core.stopped(3.0)

    assert steps.told() == [EndRun("failed", error)]


def test_a_callback_that_has_raised_is_told_of_nothing_more() -> None:
    steps, error = calling_back(), RunError("on_row_group raised")
    steps.core.written(0, 1, 2.0)
    steps.take(2.0)
    steps.end_all(3.0)
    steps.core.written(1, 1, 3.0)
    steps.told()

    steps.core.called_back(error)

    assert steps.told_of(CallBack) == []
