"""What failed and is tried again is said, with its error, while nothing has been given up."""

from notebook_gen.errors import Rejected, Transient
from notebook_gen.events import RunFinished, TaskEnded, TaskStarted
from notebook_gen.plan.tasks import Task
from notebook_gen.views.retries import retry_lines
from tests.views.fake_run import REVIEW, SCORE, FakeRun, review_run

BROKEN = Transient("no answer from http://localhost:9", advice="is it running?")


def _put_off(run: FakeRun, node: int, *rows: int) -> None:
    for row in rows:
        task = Task(node, 0, row)
        run.publish(TaskStarted(1.0, task, 0.5, 0), TaskEnded(2.0, task, 0, BROKEN, None, again=True))


def test_without_retries_there_is_nothing_to_say() -> None:
    run = review_run()
    run.attempt(REVIEW, 0, 1.0, 2.0)

    assert retry_lines(run) == []


def test_cells_that_wait_for_another_try_are_told_by_column_with_the_last_error() -> None:
    run = review_run()
    _put_off(run, REVIEW, 0, 1, 2)
    _put_off(run, SCORE, 0)
    run.deferred = {REVIEW: 3, SCORE: 1}

    assert retry_lines(run) == [
        "review: 3 cells wait for another try. The last error: no answer from http://localhost:9; is it running?",
        "score: 1 cell waits for another try. The last error: no answer from http://localhost:9; is it running?",
    ]


def test_an_error_that_is_a_sentence_ends_with_one_stop() -> None:
    run = review_run()
    task, failed = Task(REVIEW, 0, 0), Transient("it said: Come back later.", advice="wait")
    run.publish(TaskStarted(1.0, task, 0.5, 0), TaskEnded(2.0, task, 0, failed, None, again=True))

    assert retry_lines(run) == [
        "review: 1 attempt failed and is tried again. The last error: it said: Come back later; wait"
    ]


def test_when_they_are_in_flight_again_the_attempts_in_vain_are_told() -> None:
    run = review_run()
    _put_off(run, REVIEW, 0, 1)

    [line] = retry_lines(run)

    assert line.startswith("review: 2 attempts failed and are tried again. The last error: no answer")


def test_when_the_run_is_over_nothing_waits_any_more() -> None:
    run = review_run()
    _put_off(run, REVIEW, 0)
    run.deferred = {REVIEW: 1}
    run.publish(RunFinished(3.0, "stopped early", None))

    [line] = retry_lines(run)

    assert line.startswith("review: 1 attempt failed. The last error: no answer")


def test_what_is_rejected_is_tried_again_at_once_and_is_not_told() -> None:
    run = review_run()
    task = Task(REVIEW, 0, 0)
    run.publish(TaskStarted(1.0, task, 0.5, 0), TaskEnded(2.0, task, 0, Rejected("no"), None, again=True))

    assert retry_lines(run) == []
