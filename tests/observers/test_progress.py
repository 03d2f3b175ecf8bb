"""Progress: counts of a run, folded from its events."""

import pytest

from notebook_gen.config.columns import Column, Function, LLMText
from notebook_gen.errors import Rejected, RunError, Transient
from notebook_gen.events import (
    CellFailed,
    CellsKept,
    CellsSkipped,
    Event,
    InPlaceEnded,
    LimitMoved,
    RowDropped,
    RowGroupKept,
    RowGroupOpened,
    RowGroupResized,
    RowGroupWritten,
    RowsDone,
    RunFinished,
    RunStarted,
    TaskEnded,
    TaskStarted,
    WorkStopped,
)
from notebook_gen.observers.progress import Progress
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import WHOLE_GROUP, RowGroup, Task
from notebook_gen.plan.values import EarlierWork, Usage
from tests.engine.fakes import Failing, Shelf, reads, run

COLUMNS: dict[str, Column] = {
    "text": LLMText("Write."),
    "total": Function(function=len, reads=("text",), full_column=True),
}
GROUP = RowGroup(0, 0, 4)
WRONG = Rejected("no answer")


def progress_of(*events: Event) -> Progress:
    progress = Progress(build_graph(COLUMNS), rows=4)
    for event in events:
        progress(event)
    return progress


def test_before_the_run_begins_nothing_is_there() -> None:
    progress = progress_of()

    assert (progress.state, progress.rows, progress.rows_done, progress.rows_open) == ("waiting", 4, 0, 0)
    assert progress.in_flight == {"model default": 0, "thread pool": 0}
    assert progress.nodes[0].mean_seconds is None


def test_the_state_follows_the_run_from_its_begin_to_its_end() -> None:
    running = progress_of(RunStarted(0.0, 4, 1e9))
    error = RunError("it failed")
    over = progress_of(RunStarted(0.0, 4, 1e9), RunFinished(7.0, "failed", error))

    assert (running.state, running.wall_time, running.ended) == ("running", 1e9, None)
    assert (over.state, over.ended, over.error) == ("failed", 7.0, error)


def test_a_task_is_in_flight_from_its_start_to_its_end() -> None:
    task = Task(0, 0, 0)

    progress = progress_of(TaskStarted(1.0, task, 0.0, 0), TaskStarted(2.0, Task(0, 0, 1), 0.0, 1))
    assert (progress.nodes[0].in_flight, progress.in_flight["model default"]) == (2, 2)
    progress(TaskEnded(5.0, task, 0, None, Usage(3, 4)))

    node = progress.nodes[0]
    assert (node.in_flight, progress.in_flight["model default"]) == (1, 1)
    assert (node.done, node.attempts, node.seconds, node.mean_seconds) == (1, 1, 4.0, 4.0)
    assert (progress.tokens_in, progress.tokens_out) == (3, 4)


def test_nothing_is_in_flight_when_work_was_stopped() -> None:
    progress = progress_of(TaskStarted(1.0, Task(0, 0, 0), 0.0, 0), WorkStopped(2.0))

    assert (progress.nodes[0].in_flight, progress.in_flight["model default"]) == (0, 0)


def test_failed_attempts_are_counted_apart_by_whether_another_follows() -> None:
    first, second = Task(0, 0, 0, 1), Task(0, 0, 0, 2)

    progress = progress_of(
        TaskStarted(0.0, first, 0.0, 0),
        TaskEnded(1.0, first, 0, Transient("it broke"), None, again=True),
        TaskStarted(2.0, second, 1.5, 0),
        TaskEnded(3.0, second, 0, WRONG, None),
        RowDropped(3.0, 0, 0, 0, 2, WRONG),
    )

    node = progress.nodes[0]
    assert (node.done, node.again, node.failed, node.attempts) == (0, 1, 1, 2)


def test_an_attempt_that_nobody_waits_for_any_more_is_no_failure() -> None:
    task = Task(0, 0, 0)

    progress = progress_of(TaskStarted(0.0, task, 0.0, 0), TaskEnded(1.0, task, 0, WRONG, None))

    assert (progress.nodes[0].attempts, progress.nodes[0].failed) == (1, 0)


def test_a_full_column_is_done_in_all_rows_of_its_row_group() -> None:
    task = Task(1, 0, WHOLE_GROUP)

    progress = progress_of(
        RowGroupOpened(0.0, GROUP), TaskStarted(1.0, task, 0.0, 0), TaskEnded(2.0, task, 0, None, None)
    )

    assert progress.nodes[1].done == 4


def test_cells_in_place_and_skipped_cells_are_counted() -> None:
    progress = progress_of(
        InPlaceEnded(1.0, 0, 0, 0.5, 3, 1), CellFailed(1.0, 0, 3, 0, 1, WRONG), CellsSkipped(1.0, 0, 0, 2)
    )

    node = progress.nodes[0]
    assert (node.done, node.failed, node.skipped) == (3, 1, 2)


def test_rows_are_open_then_done_or_dropped_and_then_written() -> None:
    progress = progress_of(
        RowGroupOpened(0.0, GROUP),
        RowsDone(1.0, 0, 3),
        RowDropped(2.0, 0, 3, 0, 1, WRONG),
        RowGroupWritten(3.0, GROUP, 3),
    )

    counts = (progress.rows_open, progress.rows_done, progress.rows_dropped, progress.rows_written)
    assert counts == (4, 3, 1, 3)


def test_a_row_that_a_processor_drops_is_done_no_longer() -> None:
    progress = progress_of(RowsDone(1.0, 0, 4), RowDropped(2.0, 0, 3, None, 1, WRONG, was_done=True))

    assert (progress.rows_done, progress.rows_dropped, progress.rows_dropped_late) == (3, 1, 1)


def test_the_limits_that_moved_are_there() -> None:
    progress = progress_of(LimitMoved(1.0, "model default", 6, 2.0), LimitMoved(2.0, "model default", 7, 0.0))

    assert progress.limits == {"model default": 7}


@pytest.mark.parametrize("size", [0, 2, 9])
def test_a_row_group_of_another_size_changes_how_many_rows_there_are(size: int) -> None:
    resized = RowGroup(0, 0, size)
    task = Task(1, 0, WHOLE_GROUP)

    progress = progress_of(
        RowGroupOpened(0.0, GROUP),
        RowDropped(1.0, 0, 3, 0, 1, WRONG),
        TaskStarted(1.0, task, 0.0, 0),
        RowGroupResized(2.0, resized, before=3),
        TaskEnded(2.0, task, 0, None, None),
        RowsDone(2.0, 0, size),
    )

    # one row was dropped before, the others have become so many
    assert progress.rows == 1 + size == progress.rows_dropped + progress.rows_done
    assert progress.nodes[1].done == size


@pytest.mark.parametrize("engine", ["async", "sequential"])
def test_after_a_real_run_rows_asked_are_rows_done_and_rows_dropped(engine: str) -> None:
    columns: dict[str, Column] = {"a": reads(), "b": reads("a")}
    progress = Progress(build_graph(columns), rows=20)
    failing = Failing({3: [WRONG], 4: [Transient("it broke")]})

    run(columns, [Failing({}), failing], Shelf(), observer=progress, settings={"engine": engine})

    assert progress.state == "finished"
    assert (progress.rows_done, progress.rows_dropped, progress.rows_open, progress.rows_written) == (19, 1, 20, 19)
    assert [(node.done, node.failed, node.again, node.in_flight) for node in progress.nodes] == [
        (20, 0, 0, 0),
        (19, 1, 1, 0),
    ]
    assert set(progress.in_flight.values()) == {0}


def test_how_a_run_stands_does_not_change_when_it_goes_on() -> None:
    progress = Progress(build_graph(COLUMNS), rows=4)
    progress(RowGroupOpened(0.0, RowGroup(0, 0, 4)))
    still = progress.as_it_stands()

    progress(InPlaceEnded(1.0, 0, 0, 0.5, 3, 1))
    progress(RowDropped(1.0, 0, 3, 0, 1, WRONG))

    assert (still.nodes[0].done, progress.nodes[0].done) == (0, 3)
    assert (still.nodes[0].failed, progress.nodes[0].failed) == (0, 1)


def test_rows_that_an_earlier_run_dropped_are_told_apart() -> None:
    progress = Progress(build_graph(COLUMNS), rows=4)

    progress(RowGroupKept(0.0, RowGroup(0, 0, 4), [0, 3], 4))

    assert (progress.rows_dropped, progress.rows_dropped_before) == (2, 2)


def test_cells_that_an_earlier_run_has_made_are_ahead_until_their_row_group_has_left() -> None:
    progress = Progress(build_graph(COLUMNS), rows=4, earlier=EarlierWork({}, {0}, kept={0: {0: 3}}))
    assert progress.nodes[0].kept_ahead == 3

    progress(CellsKept(1.0, 0, 0, 2, [0, 1]))
    node = progress.nodes[0]
    assert (node.done, node.kept, node.kept_ahead) == (2, 2, 1)

    progress(RowGroupWritten(2.0, GROUP, 2))
    assert node.kept_ahead == 0


def test_rows_of_a_row_group_that_an_earlier_run_wrote_in_part_are_written_all_the_while() -> None:
    progress = Progress(build_graph(COLUMNS), rows=4, earlier=EarlierWork({}, {0}, parts={0: 3}))
    assert progress.rows_written == 3

    progress(RowGroupWritten(2.0, GROUP, 4))
    assert progress.rows_written == 4
