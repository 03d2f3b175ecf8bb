"""In a pipe: a line now and then, and how it ended."""

from notebook_gen.errors import RateLimited, Transient
from notebook_gen.events import CellsKept, RowsDone, RunFinished, RunPaused, RunStarted, TaskEnded, TaskStarted
from notebook_gen.plan.tasks import Task
from notebook_gen.plan.values import Usage
from notebook_gen.views.log import LogView
from notebook_gen.views.source import InVain
from tests.views.fake_run import REVIEW, review_run


def test_a_line_is_written_now_and_then() -> None:
    lines: list[str] = []
    run = review_run()
    view = LogView(run, lines.append, interval=10)
    run.publish(RunStarted(0.0, 40, 0.0), RowsDone(9.0, 0, 12))
    run.publish(*(TaskStarted(1.0, Task(2, 0, row), 0.5, row) for row in range(11)))
    run.drop(3, node=2, problem="no")

    for now in range(26):
        run.now = now
        view.update()

    assert lines == [
        "12 of 40 rows · 1 dropped · 11 of 16 calls in flight · 0:10",
        "12 of 40 rows · 1 dropped · 11 of 16 calls in flight · 0:20",
    ]


def test_a_line_says_when_the_run_will_be_over() -> None:
    lines: list[str] = []
    run = review_run()
    view = LogView(run, lines.append, interval=10)
    run.publish(RunStarted(0.0, 40, 0.0))
    for row in range(10):
        run.attempt(2, row, 0.0, 1.0)
        run.attempt(3, row, 0.0, 1.0)

    run.now = 10.0
    view.update()

    assert lines[0].endswith(" · 0:10 of about 0:40")


def test_a_late_update_is_not_made_up_for() -> None:
    lines: list[str] = []
    run = review_run()
    view = LogView(run, lines.append, interval=10)

    for now in (35, 36, 44, 45):
        run.now = now
        view.update()

    assert [line.rpartition(" ")[2] for line in lines] == ["0:35", "0:45"]


def test_a_line_says_why_nothing_moves() -> None:
    lines: list[str] = []
    run = review_run()
    view = LogView(run, lines.append, interval=10)
    task = Task(REVIEW, 0, 0)
    run.publish(RunStarted(0.0, 40, 0.0))
    for error in (RateLimited("too many requests"), RateLimited("too many requests"), Transient("no answer")):
        run.publish(TaskStarted(1.0, task, 0.5, 0), TaskEnded(2.0, task, 0, error, None, again=True))
    run.publish(RunPaused(9.0))

    run.now = 10
    view.update()

    assert lines == ["paused · 0 of 40 rows · 0 of 16 calls in flight · 3 retried · 2 × 429 · 0:10"]


def test_a_line_says_which_endpoint_gives_no_good_answer_since_when_and_what_it_says() -> None:
    lines: list[str] = []
    run = review_run()
    view = LogView(run, lines.append, interval=10)
    run.publish(RunStarted(0.0, 40, 0.0))
    run.calls_in_vain = [
        InVain("model default", 4.0, "busy"),
        InVain("model judge", 40.0, "503 upstream is gone", 12.0),
    ]

    run.now = 50
    view.update()

    assert lines == [
        "0 of 40 rows · 0 of 16 calls in flight · model judge: no good answer for 0:40 (503 upstream is gone), "
        "asked again in 0:12 · 0:50"
    ]


def test_every_line_says_what_an_earlier_run_has_made() -> None:
    lines: list[str] = []
    run = review_run(rows=4_000)
    view = LogView(run, lines.append, interval=10)
    run.publish(RunStarted(0.0, 4_000, 0.0), CellsKept(0.0, REVIEW, 0, 1_200))
    run.now = 10
    view.update()
    run.publish(RunFinished(61.0, "cancelled", None))
    view.stop()

    assert lines == [
        "0 of 4,000 rows · 1,200 cells kept · 0 of 16 calls in flight · 0:10",
        "preview of 4000 rows: cancelled · 0 of 4,000 rows · 1,200 cells kept · 1:01",
    ]


def test_the_last_lines_say_how_it_ended_and_why_rows_are_missing() -> None:
    lines: list[str] = []
    run = review_run()
    run.destination = "reviews/"
    view = LogView(run, lines.append)
    task = Task(2, 0, 0)
    run.publish(TaskStarted(1.0, task, 0.5, 0), TaskEnded(2.0, task, 0, None, Usage(10, 2000)), RowsDone(9.0, 0, 38))
    run.drop(3, node=2, problem="the answer is empty", advice="raise max_tokens")
    run.drop(5, node=2, problem="the answer is empty", advice="raise max_tokens")
    run.publish(RunFinished(61.0, "finished", None))

    view.stop()

    assert lines == [
        "preview of 40 rows: finished · 38 of 40 rows · 2 dropped · 1:01 · 2,010 tokens · in reviews/",
        "  review: the answer is empty; raise max_tokens (2 rows, such as 3)",
    ]


def test_placeholder_text_is_admitted_once_and_first() -> None:
    lines: list[str] = []
    run = review_run()
    run.placeholder_text = True
    view = LogView(run, lines.append, interval=1)

    view.start()
    for now in (0, 1, 2):
        run.now = now
        view.update()
    view.stop()

    assert lines[0] == "placeholder text from the demo endpoint; declare a real model with ng.Model(…)"
    assert len([line for line in lines if "placeholder" in line]) == 1


def test_many_reasons_are_counted_not_listed() -> None:
    lines: list[str] = []
    run = review_run()
    for row in range(8):
        run.drop(row, node=2, problem=f"error {'x' * row}\nsecond line")
    view = LogView(run, lines.append)

    view.stop()

    assert len(lines) == 7
    assert lines[-1] == "  and 3 more reasons"
    assert not [line for line in lines if "\n" in line]
