"""A live view is told what has changed, when there is time for it; what fails is told, and holds up nothing else."""

from collections.abc import Callable
from dataclasses import dataclass

from notebook_gen.engine.snapshots import RowView
from notebook_gen.events import LimitMoved, RowsDone, RunFinished
from notebook_gen.views.feeds import ColumnFigures
from notebook_gen.views.publisher import Publisher
from notebook_gen.views.standing import Figures
from tests.views.fake_run import REVIEW, FakeRun, review_run, traced_run
from tests.views.recording_board import RecordingBoard


class _Stage:
    """A publisher on clocks that the test sets."""

    def __init__(self, run: FakeRun) -> None:
        self.now = 100.0
        self.spent = 5.0
        self.run = run
        self.board = RecordingBoard()
        self.errors: list[Exception] = []
        self.publisher = Publisher(
            run, self.board, self.errors.append, clock=lambda: self.now, cpu_clock=lambda: self.spent
        )
        self.publisher.begin()

    def work(self, seconds: float, *, share: float = 1.0) -> None:
        """Let time pass, of which the processor was ours for a share."""
        self.now += seconds
        self.spent += share * seconds

    def pause(self) -> float:
        """Let time pass until a tick is due, and give the seconds."""
        begun = self.now
        while not self.publisher.is_due():
            self.now += 0.01
        return round(self.now - begun, 2)

    def tick(self, seconds: float = 0.5) -> list[str]:
        """Let time pass, tick, and give what the board heard."""
        self.now += seconds
        self.board.forget()
        self.publisher.tick()
        return self.board.heard


@dataclass
class _SlowRows(FakeRun):
    """A run whose rows take so long to look at that the clock moves on."""

    move_on: Callable[[], None] = lambda: None

    def newest_rows(self, _count: int) -> list[RowView]:
        self.move_on()
        return []


class _MovingBoard(RecordingBoard):
    """A board whose run goes on while it is told of it."""

    def __init__(self, run: FakeRun) -> None:
        super().__init__()
        self.run = run
        self.row = 0

    def show_columns(self, figures: ColumnFigures) -> None:
        super().show_columns(figures)
        self.run.attempt(REVIEW, self.row, 1.0 + self.row, slot=self.row)
        self.run.waiting = {REVIEW: [0.5] * self.row}
        self.row += 1


class _BrokenRows(FakeRun):
    def newest_rows(self, count: int) -> list[RowView]:
        raise ValueError(f"no {count} rows today")


def test_the_first_tick_fills_every_pane() -> None:
    stage = _Stage(review_run())

    assert stage.board.heard == [
        "top", "template", "picture", "state", "cancel", "head facts", "top side", "numbers", "columns",
        "failure count", "notice", "rows", "cells", "failures", "usage",
    ]  # fmt: skip
    assert stage.board.html["notice"] == ""


def test_what_has_not_changed_is_not_sent_again() -> None:
    stage = _Stage(review_run())

    assert stage.tick() == []
    stage.run.publish(RowsDone(9.0, 0, 1))
    assert stage.tick() == ["head facts"]
    assert stage.tick() == []


def test_tables_are_drawn_less_often_than_the_head() -> None:
    stage = _Stage(review_run())

    stage.run.drop(3, REVIEW, "no")
    assert stage.tick(0.2) == ["head facts", "numbers", "columns", "failure count"]
    assert stage.tick(0.2) == ["cells", "failures"]
    assert stage.board.failures == 1


def test_what_waits_is_counted_while_the_run_goes_on() -> None:
    stage = _Stage(traced_run())
    stage.run.waiting = {REVIEW: [0.0] * 7, 3: [0.0] * 2}
    stage.tick()
    assert "9 cells" in stage.board.html["top side"]

    stage.run.finish()
    stage.tick()

    assert "waiting" not in stage.board.html["top side"]


def test_a_column_says_how_far_it_is() -> None:
    stage = _Stage(traced_run())
    stage.run.attempt(REVIEW, 0, 1.0, 3.0)
    stage.run.attempt_in_vain(REVIEW, 1, 3.0, 5.0)
    stage.run.drop(1, REVIEW, "no")
    stage.run.attempt(REVIEW, 2, 5.0)

    stage.tick()

    assert stage.board.columns == {
        "done": [0, 0, 1, 0],
        "words": ["0 of 40", "0 of 40", "1 of 40 · 2.0 s · 1 in flight · 1 failed", "0 of 40"],
    }


def test_after_a_tick_that_cost_much_the_next_comes_later() -> None:
    run = _SlowRows(review_run().graph)
    stage = _Stage(run)
    assert stage.pause() == 0.2

    run.move_on = lambda: stage.work(0.01)
    stage.tick()

    assert stage.pause() == 0.39


def test_on_a_busy_machine_ticks_come_as_often_as_on_a_quiet_one() -> None:
    run = _SlowRows(review_run().graph)
    stage = _Stage(run)

    run.move_on = lambda: stage.work(0.1, share=0.03)
    stage.tick()

    assert stage.pause() == 0.1


def test_something_moves_once_a_second_however_much_a_tick_costs() -> None:
    run = _SlowRows(review_run().graph)
    stage = _Stage(run)

    run.move_on = lambda: stage.work(0.3)
    stage.tick()

    assert stage.pause() == 0.5


def test_what_is_done_but_once_puts_off_no_tick() -> None:
    run = _SlowRows(review_run().graph)
    stage = _Stage(run)
    run.move_on = lambda: stage.work(4.0)

    stage.now += 1.0
    stage.publisher.begin()

    assert stage.pause() == 0.2


def test_what_fails_is_told_and_holds_up_nothing_else() -> None:
    stage = _Stage(_BrokenRows(review_run().graph))

    assert [str(error) for error in stage.errors] == ["no 6 rows today"]
    assert "rows" not in stage.board.html
    stage.run.drop(3, REVIEW, "no")
    assert stage.tick() == ["head facts", "numbers", "columns", "failure count", "cells", "failures"]


def test_what_fails_does_not_make_ticks_come_more_often() -> None:
    stage = _Stage(_BrokenRows(review_run().graph))

    stage.tick()

    assert not stage.publisher.is_due()


def test_the_last_state_is_shown_however_soon_it_comes_after_the_one_before() -> None:
    stage = _Stage(traced_run())
    stage.board.forget()
    stage.run.attempt(REVIEW, 0, 1.0, 2.0)
    stage.run.drop(3, REVIEW, "no")
    stage.run.publish(RunFinished(2.0, "failed", OSError("the disk is full")))

    stage.publisher.finish()

    assert stage.board.heard == [
        "state", "head facts", "top side", "numbers", "columns", "failure count", "notice", "rows", "cells", "failures",
        "usage", "frame", "clock", "picture", "finish",
    ]  # fmt: skip
    assert "the disk is full" in stage.board.html["notice"]


def test_what_the_page_says_is_answered_at_the_next_tick() -> None:
    stage = _Stage(traced_run())

    stage.publisher.hear({"plotly": "needed"})
    stage.publisher.hear({"nonsense": 1})

    assert stage.tick()[0] == "plotly"


def test_a_run_without_a_trace_says_why_there_is_no_timeline() -> None:
    stage = _Stage(review_run())

    assert "not traced" in stage.board.timeline["picture"]
    stage.publisher.hear({"plotly": "needed"})
    assert stage.tick() == []


def _figures(board: RecordingBoard) -> Figures:
    figures = board.timeline["clock"]["figures"]
    assert figures is not None
    return figures


def test_what_stands_beside_lanes_is_what_stands_beside_the_graph_wherever_somebody_looks() -> None:
    run = traced_run()
    board = _MovingBoard(run)
    now = 0.0
    publisher = Publisher(run, board, lambda error: None, clock=lambda: now, cpu_clock=lambda: 0.0)
    publisher.begin()
    for _ in range(8):
        now += 0.3
        publisher.tick()
    run.publish(LimitMoved(8.0, "model default", 5, 0.0))
    publisher.hear({"window": {"start": 1.0, "width": 2.0, "follows": False, "pixels": 800}})

    for _ in range(3):
        now += 0.3
        publisher.tick()

        side = board.html["top side"]
        figures = _figures(board)
        slots, limit = figures["groups"][0].split(", ")
        assert f">{slots} in flight, {limit}<" in side
        assert f">{figures['waiting'].split()[0]} cells<" in side
    assert figures == {"kind": "slots", "groups": ["11 of 8, limit 5", "0 of 8"], "waiting": "10 now"}


def test_there_are_no_figures_beside_rows_nor_once_all_is_over() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 1.0, 2.0)
    stage = _Stage(run)
    stage.publisher.hear({"lanes": "rows"})
    stage.tick()
    assert stage.board.timeline["clock"]["figures"] is None
    stage.publisher.hear({"lanes": "columns"})
    stage.tick()
    assert _figures(stage.board) == {"kind": "columns", "groups": ["0 in flight", "0 in flight"], "waiting": "0 now"}

    run.finish()
    stage.publisher.finish()

    assert stage.board.timeline["clock"] | {"figures": None} == stage.board.timeline["clock"]
