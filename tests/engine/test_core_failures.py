"""What SchedulerCore makes of failed attempts: retries, salvage, limits, and what becomes of the row."""

import pytest

from notebook_gen.config.columns import Column, Expression, Integer, LLMText
from notebook_gen.engine.ending import NEVER
from notebook_gen.engine.instructions import EndRun, FillCells, MakeInPlace, WriteRowGroup
from notebook_gen.errors import ColumnFailed, GenerationError, RateLimited, Rejected, Transient
from notebook_gen.events import CellFailed, LimitMoved, RowDropped, RowsDone
from notebook_gen.plan.tasks import WHOLE_GROUP, RowGroup, Task
from tests.engine.steps import Steps, function

WRONG = Rejected("no answer")
BROKEN = Transient("the connection broke")
CRASHED = Transient("the server crashed", status=500)
SLOWER = RateLimited("slow down")


def model(**options: int) -> dict[str, Column]:
    return {"text": LLMText("Write.", retries=options.get("retries", 0))}


def test_a_rejected_cell_drops_only_its_row_and_nothing_downstream_is_called() -> None:
    steps = Steps({"a": function(), "b": function("a")}, rows=2)
    steps.take_all(0.0)
    steps.told()

    assert not steps.end(Task(0, 0, 0), 1.0, WRONG)
    steps.end(Task(0, 0, 1), 1.0)

    assert steps.told() == [RowDropped(1.0, 0, 0, 0, 1, WRONG)]
    assert steps.take_all(1.0) == [Task(1, 0, 1)]


def test_a_dropped_row_frees_the_full_column_that_waited_for_it() -> None:
    steps = Steps({"a": function(), "total": function("a", full_column=True)}, rows=2)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0)
    assert steps.take_all(1.0) == []

    steps.end(Task(0, 0, 1), 2.0, WRONG)

    assert steps.take_all(2.0) == [Task(1, 0, WHOLE_GROUP)]


def test_queued_work_of_a_dropped_row_disappears() -> None:
    steps = Steps({"a": function(), "b": LLMText("x")}, rows=1)
    assert steps.take(0.0, resource=0) == Task(0, 0, 0)

    steps.end(Task(0, 0, 0), 1.0, WRONG)

    assert steps.take(1.0, resource=1) is None
    assert steps.the(WriteRowGroup).rows == []


def test_running_work_of_a_dropped_row_is_discarded_and_its_row_group_waits_for_it() -> None:
    steps = Steps({"a": function(), "b": function(), "c": function("a", "b")}, rows=1)
    steps.take_all(0.0)
    steps.told()

    steps.end(Task(0, 0, 0), 1.0, WRONG)
    assert [type(step) for step in steps.told()] == [RowDropped]
    steps.end(Task(1, 0, 0), 2.0)

    assert steps.take_all(2.0) == []
    assert steps.the(WriteRowGroup).rows == []


def test_a_cell_that_is_made_after_its_row_was_dropped_is_shown_as_made() -> None:
    steps = Steps({"a": function(), "b": function(), "c": function("b")}, rows=2)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0, WRONG)
    group = steps.core.tracker.groups[0]
    assert steps.core.tracker.cell_states(group, 0) == ["failed", "dropped", "dropped"]

    steps.end(Task(1, 0, 0), 2.0)

    assert steps.core.tracker.cell_states(group, 0) == ["failed", "done", "dropped"]
    assert steps.take_all(2.0) == []


def test_a_running_task_of_a_dropped_row_that_fails_too_is_discarded() -> None:
    steps = Steps({"a": function(), "b": function()}, rows=1)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0, WRONG)
    steps.told()

    assert not steps.end(Task(1, 0, 0), 2.0, BROKEN)

    assert [type(step) for step in steps.told()] == [WriteRowGroup]


def test_a_row_group_without_rows_still_counts_and_the_run_goes_on() -> None:
    steps = Steps({"a": function()}, rows=2, size=1, slots=1)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0, WRONG)
    assert steps.the(WriteRowGroup).rows == []
    steps.core.written(0, 0, 1.0)

    assert list(steps.core.tracker.groups) == [1]
    assert steps.take_all(2.0) == [Task(0, 1, 1)]
    steps.end(Task(0, 1, 1), 3.0)
    steps.core.written(1, 1, 4.0)

    assert steps.told()[-1] == EndRun("finished", None)


def test_a_rejected_cell_is_tried_as_often_as_its_column_says_and_at_once() -> None:
    steps = Steps(model(retries=2), rows=1)

    for attempt in (1, 2):
        assert steps.take(0.0) == Task(0, 0, 0, attempt)
        assert steps.end(Task(0, 0, 0, attempt), 0.0, WRONG)
    assert steps.take(0.0) == Task(0, 0, 0, 3)
    assert not steps.end(Task(0, 0, 0, 3), 0.0, WRONG)

    assert steps.the(RowDropped) == RowDropped(0.0, 0, 0, 0, 3, WRONG)


def test_a_transient_failure_is_deferred_and_then_its_row_lives() -> None:
    steps = Steps({"a": function()}, rows=1, backoff=2.0)
    steps.take(0.0)

    assert steps.end(Task(0, 0, 0), 1.0, BROKEN)
    assert steps.take(2.9) is None
    assert 3.0 <= steps.core.alarm <= 4.0
    assert steps.core.tracker.cell_states(steps.core.tracker.groups[0], 0) == ["deferred"]
    now = steps.core.alarm
    steps.core.tick(now)
    assert steps.core.alarm == NEVER
    assert steps.take(now) == Task(0, 0, 0, 2)
    steps.end(Task(0, 0, 0, 2), now + 1)

    assert steps.the(WriteRowGroup).rows == range(1)


def test_the_backoff_doubles_and_after_the_salvage_rounds_the_failure_is_for_good() -> None:
    steps = Steps({"a": function()}, rows=1, backoff=2.0, salvage_rounds=2)
    waits, now = [], 0.0
    for attempt in (1, 2):
        steps.take(now)
        assert steps.end(Task(0, 0, 0, attempt), now, BROKEN)
        waits.append(steps.core.alarm - now)
        now = steps.core.alarm
        steps.core.tick(now)
    steps.take(now)

    assert not steps.end(Task(0, 0, 0, 3), now, BROKEN)

    assert 2.0 <= waits[0] <= 3.0
    assert 4.0 <= waits[1] <= 6.0
    assert steps.the(RowDropped).attempt == 3


def broken_until_dropped(steps: Steps, now: float, *, back_at: float = 1e9) -> float:
    """Let every call fail until one is made at `back_at` or later, or none is left; gives when that was."""
    while True:
        for task in steps.take_all(now):
            steps.end(task, now, BROKEN if now < back_at else None)
        if steps.core.alarm == NEVER:
            return now
        now = steps.core.alarm
        steps.core.tick(now)


@pytest.mark.parametrize("seconds", [1.0, 19.0, 40.0])
def test_the_last_rows_of_a_run_outlive_an_outage_of_their_endpoint_however_long_its_calls_are(seconds: float) -> None:
    steps = Steps(model(), rows=4, slots=3)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0)
    steps.take_all(1.0)
    steps.end_all(1.0 + seconds, BROKEN)

    broken_until_dropped(steps, 1.0 + seconds, back_at=17.0 + seconds)

    assert steps.the(WriteRowGroup).rows == range(4)


def test_rows_that_their_endpoint_never_answers_are_given_up_before_it_is() -> None:
    steps = Steps(model(), rows=4, slots=3)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0)
    steps.take_all(1.0)
    steps.end_all(2.0, BROKEN)

    ended = broken_until_dropped(steps, 2.0)

    told = steps.told()
    assert sorted(event.row for event in told if isinstance(event, RowDropped)) == [1, 2, 3]
    assert [list(event.rows) for event in told if isinstance(event, WriteRowGroup)] == [[0]]
    assert 20.0 < ended < 60.0


def test_tasks_that_failed_together_are_not_due_together() -> None:
    steps = Steps({"a": function()}, rows=4, backoff=2.0)
    steps.take_all(0.0)
    due = set()
    for row in range(4):
        steps.end(Task(0, 0, row), 1.0, BROKEN)
    while steps.core.alarm < NEVER:
        due.add(steps.core.alarm)
        steps.core.tick(steps.core.alarm)

    assert len(due) == 4
    assert max(due) - min(due) <= 1.0


@pytest.mark.parametrize(("rows", "taken"), [(4, Task(0, 0, 1, 2)), (5, Task(0, 0, 4))])
def test_a_deferred_task_is_tried_at_once_when_its_endpoint_answers_and_has_nothing_else_to_do(
    rows: int, taken: Task
) -> None:
    steps = Steps(model(), rows=rows, slots=2, backoff=2.0)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0)
    assert steps.take_all(1.0) == [Task(0, 0, 2)]
    steps.end(Task(0, 0, 1), 1.25, BROKEN)
    assert steps.take_all(1.25) == [Task(0, 0, 3)]

    steps.end(Task(0, 0, 2), 1.5)

    assert steps.take_all(1.5) == [taken]


def test_a_deferred_task_is_released_once() -> None:
    steps = Steps({"a": function()}, rows=1, backoff=1.0)
    steps.take(0.0)
    steps.end(Task(0, 0, 0), 0.0, BROKEN)

    steps.core.tick(5.0)
    steps.core.tick(6.0)

    assert steps.take_all(6.0) == [Task(0, 0, 0, 2)]
    assert steps.core.resources[0].ready == 0


def test_a_deferred_task_holds_up_nothing_and_a_row_dropped_meanwhile_is_not_tried_again() -> None:
    steps = Steps({"a": function(), "b": function()}, rows=2)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0, BROKEN)
    steps.end(Task(1, 0, 0), 1.0, WRONG)
    steps.end(Task(0, 0, 1), 1.0)
    steps.end(Task(1, 0, 1), 1.0)

    assert list(steps.the(WriteRowGroup).rows) == [1]
    steps.core.tick(steps.core.alarm)
    assert steps.take_all(10.0) == []


def test_a_429_costs_neither_attempt_nor_row_however_many_there_are() -> None:
    steps = Steps(model(), rows=1, salvage_rounds=0)
    now = 0.0
    for _ in range(20):
        assert steps.take(now) == Task(0, 0, 0, 1)
        assert steps.end(Task(0, 0, 0, 1), now + 0.1, SLOWER)
        assert steps.take(now + 0.1) is None
        now = steps.core.alarm
        steps.core.tick(now)

    steps.take(now)
    steps.end(Task(0, 0, 0, 1), now + 1)

    assert steps.the(WriteRowGroup).rows == range(1)


def test_a_429_of_a_function_waits_as_long_as_it_says() -> None:
    steps = Steps({"a": function()}, rows=1, salvage_rounds=0)
    steps.take(0.0)

    assert steps.end(Task(0, 0, 0), 1.0, RateLimited("slow down", retry_after=7.0))

    assert steps.core.alarm == 8.0
    steps.core.tick(8.0)
    assert steps.take(8.0) == Task(0, 0, 0, 1)


def test_a_429_lowers_the_limit_which_is_told() -> None:
    steps = Steps(model(), rows=10, slots=8)
    steps.take_all(0.0)
    steps.told()

    steps.end(Task(0, 0, 0), 1.0, RateLimited("slow down", retry_after=3.0))

    assert steps.told_of(LimitMoved) == [LimitMoved(1.0, "model default", 6, 1.5)]
    assert steps.core.alarm == 1.5


def test_a_429_that_asks_for_a_time_makes_its_task_wait_alone_and_for_as_long() -> None:
    steps = Steps(model(), rows=10, slots=2)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0, RateLimited("slow down", retry_after=3.0))
    steps.end(Task(0, 0, 1), 1.0)

    steps.core.tick(3.9)
    assert steps.take(3.9) == Task(0, 0, 2)
    steps.end(Task(0, 0, 2), 3.95)

    steps.core.tick(4.0)
    assert steps.take(4.0) == Task(0, 0, 0)


def test_a_task_that_was_refused_goes_before_those_that_wait() -> None:
    steps = Steps(model(), rows=10, slots=2)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 1), 1.0, SLOWER)
    steps.end(Task(0, 0, 0), 1.0)

    steps.core.tick(steps.core.alarm)

    assert steps.take(5.0) == Task(0, 0, 1)


def test_attempts_of_one_kind_do_not_use_up_those_of_another() -> None:
    steps = Steps(model(retries=1), rows=1, salvage_rounds=1, backoff=0.0)
    errors: list[GenerationError] = [BROKEN, SLOWER, WRONG]
    now = 0.0
    for error in errors:
        task = steps.take(now)
        assert task is not None
        assert steps.end(task, now, error)
        now = min(steps.core.alarm, now + 1)
        steps.core.tick(now)
        now = now if steps.core.alarm == NEVER else steps.core.alarm
        steps.core.tick(now)

    assert steps.take(now) == Task(0, 0, 0, 3)


def test_rate_limits_leave_all_salvage_rounds_and_retries_to_the_task() -> None:
    steps = Steps(model(retries=1), rows=1, salvage_rounds=1, backoff=0.0)
    now, attempts = 0.0, []
    for error in [SLOWER, SLOWER, BROKEN, SLOWER, SLOWER, WRONG, SLOWER]:
        task = steps.take(now)
        assert task is not None
        attempts.append(task.attempt)
        assert steps.end(task, now, error)
        while steps.core.alarm < NEVER:
            now = steps.core.alarm
            steps.core.tick(now)

    assert attempts == [1, 1, 1, 2, 2, 2, 3]
    assert steps.take(now) == Task(0, 0, 0, 3)


def test_attempts_are_forgotten_when_the_task_has_ended() -> None:
    steps = Steps({"a": function(), "b": function("a", retries=1)}, rows=1)
    steps.take(0.0)
    steps.end(Task(0, 0, 0), 0.0)
    steps.take(0.0)
    steps.end(Task(1, 0, 0), 0.0, WRONG)
    steps.take(0.0)
    steps.end(Task(1, 0, 0, 2), 0.0)

    assert steps.core._attempts.salvage._tries == {}


@pytest.mark.parametrize("is_deferred", [True, False])
def test_attempts_of_a_row_that_is_dropped_meanwhile_are_forgotten(*, is_deferred: bool) -> None:
    steps = Steps({"a": function(), "b": function()}, rows=1)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 0.0, Transient("it broke"))
    if not is_deferred:
        steps.core.tick(steps.core.alarm)
        steps.take(10.0)
    steps.end(Task(1, 0, 0), 10.0, WRONG)

    if is_deferred:
        steps.core.tick(steps.core.alarm)
    else:
        steps.end(Task(0, 0, 0, 2), 11.0, Transient("it broke"))

    assert steps.core._attempts.salvage._tries == {}


def test_an_empty_cell_where_the_column_says_null_and_its_row_lives() -> None:
    steps = Steps({"a": function(on_error="null"), "b": function("a")}, rows=1)
    steps.take(0.0)
    steps.told()

    steps.end(Task(0, 0, 0), 1.0, WRONG)

    assert steps.told() == [FillCells(0, RowGroup(0, 0, 1), [0], "failed"), CellFailed(1.0, 0, 0, 0, 1, WRONG)]
    assert steps.take(1.0) == Task(1, 0, 0)


def test_a_full_column_that_says_null_leaves_all_its_rows_empty() -> None:
    steps = Steps({"all": function(full_column=True, on_error="null")}, rows=2)
    steps.take(0.0)
    steps.told()

    steps.end(Task(0, 0, WHOLE_GROUP), 1.0, WRONG)

    failed = [CellFailed(1.0, 0, row, 0, 1, WRONG) for row in (0, 1)]
    group = RowGroup(0, 0, 2)
    assert steps.told() == [
        FillCells(0, group, [0, 1], "failed"),
        *failed,
        RowsDone(1.0, 0, 2),
        WriteRowGroup(group, range(2), (), failed),
    ]


def test_a_column_that_says_raise_ends_the_run_with_its_cell_and_cause() -> None:
    steps = Steps({"a": function(on_error="raise")}, rows=3, slots=1)
    steps.take(0.0)
    steps.end(Task(0, 0, 0), 1.0)
    steps.take(1.0)
    steps.told()

    steps.end(Task(0, 0, 1), 2.0, WRONG)
    steps.core.stopped(3.0)

    assert steps.take(2.0) is None
    assert list(steps.the(WriteRowGroup).rows) == [0]
    steps.core.written(0, 1, 3.0)
    ending = steps.the(EndRun)
    assert ending.state == "failed"
    assert isinstance(ending.error, ColumnFailed)
    assert str(ending.error) == "column 'a', row 1: no answer"
    assert ending.error.__cause__ is WRONG


def test_a_full_column_seed_that_fails_drops_its_row_group_and_nothing_downstream_is_ready() -> None:
    steps = Steps({"all": function(full_column=True), "b": function("all")}, rows=4, size=2, slots=1)
    steps.take(0.0)

    steps.end(Task(0, 0, WHOLE_GROUP), 1.0, WRONG)

    assert [drop.row for drop in steps.told_of(RowDropped)] == [0, 1]
    assert steps.take_all(1.0) == [Task(0, 1, WHOLE_GROUP)]


def test_a_seed_in_place_that_fails_for_some_rows_drops_these_and_readies_the_others() -> None:
    steps = Steps({"n": Integer(1, 5), "a": function("n")}, rows=3)
    order = steps.the(MakeInPlace)

    steps.core.made_in_place(order, order.rows, {1: WRONG}, 0.0)

    assert [drop.row for drop in steps.told_of(RowDropped)] == [1]
    assert steps.take_all(0.0) == [Task(1, 0, 0), Task(1, 0, 2)]


def test_an_expression_that_fails_drops_its_row() -> None:
    steps = Steps({"a": function(), "b": Expression("{{ a }}")}, rows=2)
    steps.take_all(0.0)
    steps.end_all(1.0)
    first, second = steps.told_of(MakeInPlace)

    steps.core.made_in_place(first, first.rows, {0: WRONG}, 1.0)
    steps.core.made_in_place(second, second.rows, {}, 1.0)

    assert list(steps.the(WriteRowGroup).rows) == [1]


def test_the_drop_says_which_attempt_of_which_column_failed_and_storage_gets_it() -> None:
    steps = Steps({"a": function(retries=1)}, rows=1)
    for attempt in (1, 2):
        steps.take(0.0)
        steps.end(Task(0, 0, 0, attempt), float(attempt), WRONG)

    assert steps.the(WriteRowGroup).dropped == (RowDropped(2.0, 0, 0, 0, 2, WRONG),)


@pytest.mark.parametrize("error", [BROKEN, SLOWER])
def test_an_endpoint_that_answers_again_has_its_waiting_work_woken(error: GenerationError) -> None:
    steps = Steps(model(), rows=10, slots=2)
    steps.take_all(0.0)
    steps.end(Task(0, 0, 0), 1.0, error)
    steps.end(Task(0, 0, 1), 1.0, error)
    steps.core.flow.has_woken = False

    now = steps.core.alarm
    steps.core.tick(now)

    assert steps.core.flow.has_woken
    assert steps.take(now) is not None


def test_an_endpoint_that_comes_back_with_a_rejection_has_work_for_all_its_slots() -> None:
    steps = Steps(model(), rows=20, size=20)
    steps.take_all(0.0)
    steps.end_all(1.0, BROKEN)
    steps.core.tick(steps.core.alarm)
    probe = steps.take(steps.core.alarm)
    assert probe is not None
    assert steps.take(2.0) is None
    steps.core.flow.has_woken = False

    steps.end(probe, 3.0, WRONG)

    assert steps.core.flow.has_woken
    assert len(steps.take_all(3.0)) == 4


def test_a_limit_that_late_answers_raise_while_the_endpoint_is_silent_is_told_as_one() -> None:
    steps = Steps(model(), rows=20, size=20, slots=8)
    first, second, *others = steps.take_all(0.0)
    steps.end(first, 1.0)
    steps.end(second, 1.1, SLOWER)
    steps.core.tick(2.1)
    for task in others[:4]:
        steps.end(task, 2.5)
    for begin in (3.0, 3.1, 3.2):
        broken = steps.take(begin)
        assert broken is not None
        steps.end(broken, begin + 0.05, BROKEN)
    (endpoint,) = steps.core.resources
    assert endpoint.silent_since == 3.0
    steps.told()

    for task in others[4:]:
        steps.end(task, 3.4)

    assert endpoint.limit == 7
    assert steps.told_of(LimitMoved) == [LimitMoved(3.4, "model default", 1, endpoint.resumes_at)]


def test_rows_that_their_endpoint_can_never_answer_do_not_hold_up_those_behind_them() -> None:
    steps, never = Steps(model(), rows=100, size=100, salvage_rounds=0, disable_early_shutdown=True), range(40)
    now, tried, written = 0.0, set[int](), list[WriteRowGroup]()
    while not written:
        tasks = steps.take_all(now)
        tried |= {task.row for task in tasks}
        for task in tasks:
            steps.end(task, now + 0.01, CRASHED if task.row in never else None)
        now = now + 0.01 if tasks else steps.core.alarm
        steps.core.tick(now)
        written = steps.told_of(WriteRowGroup)

    assert tried == set(range(100))
    assert now < 6.0


@pytest.mark.parametrize(("status", "is_silent"), [(500, False), (503, True), (None, True)])
def test_a_server_that_fails_again_at_the_same_calls_is_not_silent(status: int | None, is_silent: bool) -> None:
    steps, never = Steps(model(), rows=60, size=100), range(0, 60, 6)
    now, silences = 0.0, 0
    while not steps.core.ending.is_over and now < 30.0:
        tasks = steps.take_all(now)
        for task in tasks:
            error = Transient("could not answer", status=status) if task.row in never else None
            steps.end(task, now + 0.01, error)
        now = now + 0.01 if tasks else steps.core.alarm
        steps.core.tick(now)
        silences += steps.core.resources[0].silent_since is not None
        if any(isinstance(told, WriteRowGroup) for told in steps.told()):
            break

    assert (silences > 0) == is_silent
    assert (now < 10.0) == (not is_silent)
