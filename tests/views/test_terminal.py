"""In a terminal: what is drawn while somebody waits, and what stays."""

import io

import pytest
from rich.console import Console

from notebook_gen.config.columns import LLMText
from notebook_gen.config.models import Model
from notebook_gen.events import CellsKept, LimitMoved, RowsDone, RunFinished, RunStarted, TaskEnded, TaskStarted
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import Task
from notebook_gen.plan.values import Usage
from notebook_gen.views.source import InVain
from notebook_gen.views.terminal import TerminalView
from tests.views.fake_run import REVIEW, FakeRun, review_run
from tests.views.hostile import HOSTILE


def _console(*, terminal: bool = True) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(
        file=out, force_terminal=terminal, width=100, height=40, color_system=None, legacy_windows=False
    ), out


def _text(view: TerminalView) -> str:
    """What the view draws now, as plain text."""
    console, out = _console(terminal=False)
    console.print(view._draw())
    return out.getvalue()


def test_the_display_says_state_time_rows_and_calls() -> None:
    run = review_run()
    run.now = 17.4
    run.publish(RunStarted(0.0, 40, 0.0), RowsDone(9.0, 0, 12), TaskStarted(1.0, Task(2, 0, 13), 0.5, 0))
    run.drop(3, node=2, problem="no")

    head, in_flight, *_ = _text(TerminalView(run, _console()[0])).splitlines()

    assert head.rstrip() == "preview of 40 rows: running  0:17 · 12 of 40 rows · 1 dropped"
    assert in_flight.rstrip() == "in flight: default 1 of 8 · judge 0 of 8"


def test_the_display_says_when_the_run_will_be_over_and_how_far_a_limit_has_fallen() -> None:
    run = review_run()
    run.publish(RunStarted(0.0, 40, 0.0), LimitMoved(1.0, "model judge", 5, 1.0))
    for row in range(10):
        run.attempt(2, row, 0.0, 1.0)
        run.attempt(3, row, 0.0, 1.0)
    run.now = 10.0

    head, in_flight, *_ = _text(TerminalView(run, _console()[0])).splitlines()

    assert head.rstrip() == "preview of 40 rows: running  0:10 of about 0:40 · 0 of 40 rows"
    assert in_flight.rstrip() == "in flight: default 0 of 8 · judge 0 of 8, limit 5"


def test_a_line_that_is_too_long_breaks_between_facts() -> None:
    run = review_run()
    run.publish(RunStarted(0.0, 40, 0.0), RowsDone(9.0, 0, 12), CellsKept(0.0, REVIEW, 0, 12))
    run.drop(3, node=2, problem="no")
    console, out = _console(terminal=False)
    console.width = 60

    console.print(TerminalView(run, console)._draw())

    assert [line.rstrip() for line in out.getvalue().splitlines()][:3] == [
        "preview of 40 rows: running  0:00 · 12 of 40 rows",
        "1 dropped · 12 cells kept",
        "in flight: default 0 of 8 · judge 0 of 8",
    ]


def test_an_endpoint_that_gives_no_good_answer_is_told_with_what_it_says() -> None:
    run = review_run()
    run.publish(RunStarted(0.0, 40, 0.0))
    run.calls_in_vain = [InVain("model judge", 40.0, "503 upstream is gone")]

    shown = _text(TerminalView(run, _console()[0])).splitlines()

    assert "model judge: no good answer for 0:40 (503 upstream is gone)" in [line.rstrip() for line in shown]


def test_what_an_earlier_run_has_made_is_said_at_the_top() -> None:
    run = review_run()
    run.publish(RunStarted(0.0, 40, 0.0), CellsKept(0.0, REVIEW, 0, 12))

    head, *_ = _text(TerminalView(run, _console()[0])).splitlines()

    assert head.rstrip() == "preview of 40 rows: running  0:00 · 0 of 40 rows · 12 cells kept"


def test_every_made_column_has_a_line_with_its_counts() -> None:
    run = review_run()
    for row in range(3):
        task = Task(2, 0, row)
        run.publish(TaskStarted(0.0, task, 0.0, 0), TaskEnded(1.5, task, 0, None, Usage(10, 20)))
    run.progress.nodes[2].seconds, run.progress.nodes[2].failed, run.progress.nodes[2].skipped = 4.5, 2, 21

    lines = _text(TerminalView(run, _console()[0])).splitlines()[3:]

    assert [line.split()[0] for line in lines] == ["stars", "tone", "review", "score"]
    assert lines[2].split("  ")[-3:] == [" 3 of 40", "1.5 s", "21 skipped · 2 failed"]


def test_in_a_narrow_terminal_no_figure_and_no_advice_is_cut() -> None:
    run = review_run(rows=40_000)
    run.now = 17.4
    run.publish(RunStarted(0.0, 40_000, 0.0), RowsDone(9.0, 0, 12_345), CellsKept(0.0, REVIEW, 0, 1_200))
    for row in range(3):
        run.attempt_in_vain(REVIEW, row, 0.0, 1.5)
        run.drop(row, REVIEW, "the endpoint gave an answer that is empty", "raise max_tokens of the model, or retries")
    console, out = _console(terminal=False)
    console.width = 80

    console.print(TerminalView(run, console)._draw())

    assert "…" not in out.getvalue()
    assert all(len(line) <= 80 for line in out.getvalue().splitlines())
    words = " ".join(out.getvalue().split())
    for said in ("3 dropped", "1,200 cells kept", "judge 0 of 8", "1,200 of 40.0 k", "3 failed", "retries"):
        assert said in words


def test_tokens_and_cost_have_a_line_of_their_own() -> None:
    run = review_run()
    run.models["default"] = run.models["judge"] = Model("gpt-x", price=(1_000.0, 2_000.0))
    for row in range(4):
        run.attempt(2, row, 0.0, 1.0)
        run.attempt(3, row, 0.0, 1.0)
    run.attempt_in_vain(2, 4, 0.0, 1.0, again=True)

    _, _, spent, *_ = _text(TerminalView(run, _console()[0])).splitlines()

    assert spent.rstrip() == "240 of about 2,400 tokens · $0.40 of about $4.00 · 1 retried"

    run.models["judge"] = Model("gpt-y")
    _, _, spent, *_ = _text(TerminalView(run, _console()[0])).splitlines()
    said = "240 of about 2,400 tokens · $0.20 of about $2.00 (judge has no price) · 1 retried"
    assert spent.rstrip() == said


def test_failures_are_grouped() -> None:
    run = review_run()
    for row in range(3):
        run.drop(row, node=2, problem="the answer is empty", advice="raise max_tokens")

    lines = [line.rstrip() for line in _text(TerminalView(run, _console()[0])).splitlines()]

    assert lines[-1] == "review: the answer is empty; raise max_tokens (3 rows, such as 0)"


def test_placeholder_text_is_admitted_once_and_first() -> None:
    run = review_run()
    run.placeholder_text = True
    console, out = _console()
    view = TerminalView(run, console)

    view.start()
    view.update()
    run.publish(RunFinished(61.0, "finished", None))
    view.update()
    view.stop()

    said = "placeholder text from the demo endpoint; declare a real model with ng.Model(…)"
    assert out.getvalue().startswith(said)
    assert out.getvalue().count(said) == 1


def test_when_it_stops_a_summary_stays() -> None:
    run = review_run()
    run.destination = "reviews/"
    console, out = _console()
    view = TerminalView(run, console)

    view.start()
    view.update()
    run.drop(3, node=2, problem="the answer is empty")
    run.publish(RowsDone(9.0, 0, 39), RunFinished(61.0, "finished", None))
    view.update()
    view.stop()
    view.stop()

    *_, summary, failure = out.getvalue().splitlines()
    assert summary.endswith("preview of 40 rows: finished · 39 of 40 rows · 1 dropped · 1:01 · in reviews/")
    assert failure == "  review: the answer is empty (row 3)"
    assert out.getvalue().count("\x1b[?25l") == out.getvalue().count("\x1b[?25h") == 1


def test_an_update_before_the_start_or_after_the_end_does_nothing() -> None:
    console, out = _console()
    view = TerminalView(review_run(), console)

    view.update()
    view.stop()

    assert out.getvalue() == ""


def test_an_error_that_ended_the_run_is_told_last() -> None:
    run = review_run()
    console, out = _console(terminal=False)
    view = TerminalView(run, console)

    view.start()
    run.publish(RunFinished(1.0, "failed", OSError("no space left on device")))
    view.stop()

    assert out.getvalue().splitlines()[-1] == "  no space left on device"


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_sends_no_command_to_the_terminal_and_is_no_markup(text: str) -> None:
    run = FakeRun(build_graph({text: LLMText("x")}), title=text, destination=text)
    run.drop(0, node=0, problem=text, advice=text)
    run.publish(RunFinished(1.0, "failed", OSError(text)))
    console, out = _console(terminal=False)
    view = TerminalView(run, console)

    view.start()
    view.update()
    drawn = _text(view)
    view.stop()

    shown = drawn + out.getvalue()
    shown.encode()
    assert not set(shown) & set("\x00\x07\x08\x1b\x9b\u202e\ufffe")
    if "[bold red]" in text:
        assert drawn.count("[bold red]markup") == 5
