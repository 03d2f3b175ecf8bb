"""Cancelled once more after the time of grace, a run no longer waits for the user's code; decided by SchedulerCore."""

import pytest

from notebook_gen.engine.instructions import (
    CallBack,
    EndRun,
    Instruction,
    ProcessDataset,
    ProcessRowGroup,
    ReplaceDataset,
    StopWork,
    UserStage,
    WriteRowGroup,
)
from notebook_gen.errors import ProcessorError, RunCancelled, RunError, WriteError
from tests.engine.steps import Steps, function

GRACE = 10.0


def made(rows: int, *stages: UserStage) -> Steps:
    """All rows are made, each its own row group, and the first step of their way out is asked for."""
    steps = Steps({"a": function()}, rows=rows, size=1, stages=stages, slots=rows)
    steps.take_all(0.0)
    steps.end_all(1.0)
    return steps


def told_of_two() -> tuple[Steps, CallBack]:
    """Two row groups are written; the callback was called for the first and has not returned."""
    steps = made(2, "written")
    for number in (0, 1):
        steps.core.written(number, 1, 2.0)
    return steps, steps.the(CallBack)


def cancelled(steps: Steps, now: float) -> list[Instruction]:
    """Cancel, and stop what is in flight if that is asked for; gives all that was asked for."""
    steps.core.cancel(now)
    told = steps.told()
    if StopWork in map(type, told):
        steps.core.stopped(now)
        told += steps.told()
    return told


def the_end(told: list[Instruction]) -> EndRun:
    """The end of the run: the last instruction, and the only one of its kind."""
    (ending,) = [step for step in told if isinstance(step, EndRun)]
    assert told[-1] is ending
    return ending


def test_a_callback_that_never_returns_is_given_up_by_another_cancel_after_the_time_of_grace() -> None:
    steps, call = told_of_two()

    assert list(map(type, cancelled(steps, 5.0))) == [StopWork]
    ending = the_end(cancelled(steps, 5.0 + GRACE))

    assert (ending.state, ending.left_behind) == ("cancelled", (call,))
    assert isinstance(ending.error, RunCancelled)
    assert ending.error.rows_done == 2


def test_a_second_cancel_before_the_time_of_grace_is_over_changes_nothing() -> None:
    steps, _ = told_of_two()
    cancelled(steps, 5.0)

    assert cancelled(steps, 5.0) == []
    assert cancelled(steps, 4.9 + GRACE) == []
    steps.core.called_back(None)

    assert [type(step) for step in steps.told()] == [CallBack]
    steps.core.called_back(None)
    assert the_end(steps.told()).left_behind == ()


def test_when_a_cancel_may_give_up_is_told() -> None:
    steps, _ = told_of_two()
    assert steps.core.ending.gives_up_at is None

    steps.core.cancel(5.0)
    steps.core.cancel(6.0)

    assert steps.core.ending.gives_up_at == 5.0 + GRACE


def test_how_long_the_grace_is_can_be_set() -> None:
    steps = Steps({"a": function()}, rows=1, stages=("written",), grace=0.0)
    steps.take_all(0.0)
    steps.end_all(1.0)
    steps.core.written(0, 1, 2.0)
    steps.told()
    cancelled(steps, 5.0)

    assert the_end(cancelled(steps, 5.0)).state == "cancelled"


def test_what_a_callback_gives_too_late_changes_nothing() -> None:
    steps, _ = told_of_two()
    cancelled(steps, 5.0)
    cancelled(steps, 5.0 + GRACE)

    steps.core.called_back(RunError("it raised"))

    assert steps.told() == []


def test_a_processor_that_never_returns_is_given_up_with_its_row_group_and_no_other() -> None:
    steps = made(3, "post_batch")
    first, second, third = steps.told_of(ProcessRowGroup)
    cancelled(steps, 5.0)
    steps.core.processed(second, {}, 6.0)
    write = steps.the(WriteRowGroup)

    assert cancelled(steps, 5.0 + GRACE) == []
    steps.core.written(write.row_group.number, 1, 16.0)

    ending = the_end(steps.told())
    assert (ending.state, ending.left_behind) == ("cancelled", (first, third))
    assert isinstance(ending.error, RunCancelled)
    assert ending.error.rows_done == 1


@pytest.mark.parametrize("settings", ["raise", "drop"])
def test_what_a_processor_gives_too_late_changes_nothing(settings: str) -> None:
    steps = Steps({"a": function()}, rows=2, size=1, stages=("post_batch",), on_processor_error=settings)
    steps.take_all(0.0)
    steps.end_all(1.0)
    first, second = steps.told_of(ProcessRowGroup)
    steps.core.processed(first, {}, 2.0)
    steps.told()
    cancelled(steps, 5.0)
    cancelled(steps, 5.0 + GRACE)

    steps.core.processed(second, {1: "late"}, 16.0)
    steps.core.processor_failed(second, ProcessorError("raised", processor="p", stage="post_batch", row_group=1), 16.0)
    assert steps.told() == []
    steps.core.written(0, 1, 17.0)

    assert the_end(steps.told()).state == "cancelled"


def test_a_write_is_waited_for_however_often_the_run_is_cancelled() -> None:
    steps = made(1, "written")
    steps.told()
    cancelled(steps, 5.0)

    assert cancelled(steps, 5.0 + GRACE) == []
    assert cancelled(steps, 5.0 + 2 * GRACE) == []
    steps.core.written(0, 1, 40.0)

    # and the callback, which may never return, is not called any more
    ending = the_end(steps.told())
    assert (ending.state, ending.left_behind) == ("cancelled", ())


def test_once_given_up_no_user_code_is_begun() -> None:
    steps = Steps({"a": function()}, rows=2, size=2, stages=("post_batch", "written"), slots=2)
    steps.take_all(0.0)
    steps.end(next(iter(steps.started)), 1.0)
    steps.core.cancel(5.0)
    steps.core.cancel(5.0 + GRACE)
    assert [type(step) for step in steps.told()[-1:]] == [StopWork]

    steps.core.stopped(16.0)

    # row 0 is finished, but was never processed
    ending = the_end(steps.told())
    assert isinstance(ending.error, RunCancelled)
    assert ending.error.rows_done == 0


def test_a_run_that_fails_for_another_reason_keeps_its_error_and_says_what_was_left_behind() -> None:
    steps, call = told_of_two()
    failure = RunError("a bug")
    steps.core.fail(failure)
    steps.core.stopped(3.0)
    cancelled(steps, 5.0)

    assert the_end(cancelled(steps, 5.0 + GRACE)) == EndRun("failed", failure, (call,))


def test_a_write_that_fails_after_the_callback_was_given_up_is_told() -> None:
    steps = made(2, "written")
    steps.core.written(0, 1, 2.0)
    call = steps.the(CallBack)
    cancelled(steps, 5.0)
    cancelled(steps, 5.0 + GRACE)
    full = WriteError("disk full")

    steps.core.write_failed(1, full)

    assert the_end(steps.told()) == EndRun("failed", full, (call,))


# The whole dataset


def written(*stages: UserStage) -> tuple[Steps, ProcessDataset]:
    """All rows are written, and the whole dataset is with its processors."""
    steps = made(2, "after_run", *stages)
    for number in (0, 1):
        steps.core.written(number, 1, 2.0)
    assert StopWork in map(type, steps.told())
    steps.core.stopped(2.0)
    return steps, steps.the(ProcessDataset)


def test_the_whole_dataset_is_processed_and_replaced_when_all_is_written_and_told() -> None:
    steps = made(1, "written", "after_run")
    steps.core.written(0, 1, 2.0)
    steps.the(CallBack)
    steps.core.called_back(None)
    steps.the(StopWork)
    steps.core.stopped(3.0)
    steps.the(ProcessDataset)
    steps.core.dataset_done(None)
    steps.the(ReplaceDataset)
    steps.core.dataset_done(None)

    assert steps.told() == [EndRun("finished", None)]


@pytest.mark.parametrize("fails_at", ["processing", "replacing"])
def test_a_dataset_that_cannot_be_processed_or_replaced_fails_the_run(fails_at: str) -> None:
    steps, _ = written()
    error = WriteError("disk full")

    if fails_at == "replacing":
        steps.core.dataset_done(None)
        steps.the(ReplaceDataset)
        steps.core.dataset_done(error)
    else:
        steps.core.dataset_done(error)

    assert steps.told() == [EndRun("failed", error)]


def test_a_cancel_while_the_whole_dataset_is_processed_lets_that_come_to_its_end() -> None:
    steps, _ = written()

    assert cancelled(steps, 5.0) == []
    assert cancelled(steps, 6.0) == []
    steps.core.dataset_done(None)
    steps.the(ReplaceDataset)
    steps.core.dataset_done(None)

    assert steps.told() == [EndRun("finished", None)]


def test_a_processor_of_the_whole_dataset_that_never_returns_is_given_up_and_all_rows_stay() -> None:
    steps, process = written()
    cancelled(steps, 5.0)

    ending = the_end(cancelled(steps, 5.0 + GRACE))

    assert (ending.state, ending.left_behind) == ("cancelled", (process,))
    assert isinstance(ending.error, RunCancelled)
    assert ending.error.rows_done == 2


def test_what_a_processor_of_the_whole_dataset_gives_too_late_replaces_nothing() -> None:
    steps, _ = written()
    cancelled(steps, 5.0)
    cancelled(steps, 5.0 + GRACE)

    steps.core.dataset_done(None)

    assert steps.told() == []


def test_a_dataset_that_is_being_replaced_is_waited_for() -> None:
    steps, _ = written()
    steps.core.dataset_done(None)
    steps.the(ReplaceDataset)

    assert cancelled(steps, 5.0) == []
    assert cancelled(steps, 5.0 + GRACE) == []
    steps.core.dataset_done(None)

    assert steps.told() == [EndRun("finished", None)]


def test_a_dataset_given_up_before_it_was_with_its_processors_is_not_processed() -> None:
    steps = made(1, "after_run")
    steps.core.written(0, 1, 2.0)
    steps.the(StopWork)
    steps.core.cancel(5.0)
    steps.core.cancel(5.0 + GRACE)

    steps.core.stopped(16.0)

    assert the_end(steps.told()).state == "cancelled"


def test_a_run_that_is_processed_as_a_whole_cannot_be_paused_any_more() -> None:
    steps, _ = written()

    steps.core.pause(3.0)

    assert steps.told() == []


@pytest.mark.parametrize("stuck", ["callback", "processor"])
def test_a_run_whose_last_processors_were_given_up_says_that_they_have_made_nothing(stuck: str) -> None:
    if stuck == "processor":
        steps, _ = written()
    else:
        steps = made(2, "written", "after_run")
        for number in (0, 1):
            steps.core.written(number, 1, 2.0)

    cancelled(steps, 5.0)
    steps.core.cancel(5.0 + GRACE)

    end = the_end(steps.told())
    assert isinstance(end.error, RunCancelled)
    assert end.error.is_unprocessed
