"""Records: one row with everything that is known of it, whatever has been forgotten."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from notebook_gen.config.columns import Column, Expression, Function, LLMText
from notebook_gen.engine.snapshots import CellState, RowView
from notebook_gen.errors import RateLimited, Rejected, Transient
from notebook_gen.events import (
    CellFailed,
    Event,
    RowDropped,
    RowGroupKept,
    RowGroupOpened,
    RunFinished,
    RunStarted,
    TaskEnded,
    TaskStarted,
)
from notebook_gen.observers.cells import Cells
from notebook_gen.observers.failures import Failures
from notebook_gen.observers.progress import Progress
from notebook_gen.observers.records import MOST_ATTEMPTS, Attempt, Records
from notebook_gen.observers.rows import LiveRows
from notebook_gen.observers.trace import Trace
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import WHOLE_GROUP, RowGroup, Task
from notebook_gen.plan.values import Exchange, Usage
from notebook_gen.storage.memory import ExchangeLog, MemoryRows

COLUMNS: Mapping[str, Column] = {
    "review": LLMText("Write.", side_outputs=["messages"]),
    "reply": LLMText("Answer {{ review }}", skip_if="{{ not review }}"),
    "shout": Expression("{{ reply }}!"),
    "rank": Function(function=len, reads=("review",), full_column=True),
}
REVIEW, REPLY, RANK = 0, 1, 3
DONE: tuple[CellState, ...] = ("done",) * 5
SAID = Exchange((("user", "Write."),), "A lamp.", "gpt-x", {"temperature": 0.5})


class _Rows(LiveRows):
    """Rows that the test sets."""

    views: Mapping[int, RowView] = {}

    def view(self, row: int) -> RowView | None:
        return self.views.get(row)


@dataclass
class _Run:
    """Real observers, fed by hand; row groups of 10, 40 rows."""

    is_traced: bool = True
    views: dict[int, RowView] = field(default_factory=dict)

    def __post_init__(self) -> None:
        graph = build_graph(COLUMNS)
        self.progress = Progress(graph, 40)
        self.failures = Failures(graph)
        self.trace = Trace(graph) if self.is_traced else None
        self.exchanges = ExchangeLog()
        self.cells = Cells(graph, 40, lambda _number: None)
        rows = _Rows(graph, 10, MemoryRows(tuple(graph.columns)), self.cells)
        rows.views = self.views
        self.records = Records(self.progress, rows, self.failures, self.trace, self.exchanges, 10)
        opened = [RowGroupOpened(0.0, RowGroup(number, 10 * number, 10)) for number in range(2)]
        self.publish(RunStarted(0.0, 40, 0.0), *opened)

    def publish(self, *events: Event) -> None:
        for event in events:
            for observer in (self.progress, self.failures, self.trace):
                if observer is not None:
                    observer(event)

    def attempt(self, task: Task, begin: float, error: Any = None, *, again: bool = False) -> None:
        usage = Usage(10, 20) if error is None else None
        ended = TaskEnded(begin + 1.0, task, 0, error, usage, again)
        self.publish(TaskStarted(begin, task, begin - 0.5, 0), ended)

    def view(self, row: int, *states: CellState, dropped: bool = False, **values: Any) -> None:
        names = list(self.progress.graph.columns)
        self.views[row] = RowView(row, dropped, states, tuple(values.get(name) for name in names))


def test_a_record_has_the_cells_of_its_row_by_column_in_order() -> None:
    run = _Run()
    run.view(17, "done", "done", "done", "done", "in flight", review="A lamp.", reply="Thanks")

    record = run.records.find(17)

    assert (record.row, record.row_group, record.state, record.reason) == (17, 1, "in progress", "")
    assert list(record) == ["review", "review__messages", "reply", "shout", "rank"]
    assert [(cell.state, cell.value) for cell in record.cells[:3:2]] == [("done", "A lamp."), ("done", "Thanks")]
    with pytest.raises(KeyError):
        record["reviw"]


def test_a_cell_has_its_attempts_and_what_was_said_in_each() -> None:
    run = _Run()
    run.view(17, *DONE)
    run.attempt(Task(REVIEW, 1, 17), 1.0, Transient("no answer"), again=True)
    run.attempt(Task(REVIEW, 1, 16), 1.5)
    run.attempt(Task(REVIEW, 1, 17, 2), 3.0)
    in_vain = Exchange((("user", "Write."),), None, "", {})
    run.exchanges.keep(Task(REVIEW, 1, 17), in_vain)
    run.exchanges.keep(Task(REVIEW, 1, 17, 2), SAID)

    cell = run.records.find(17)["review"]

    assert cell.attempts == (
        Attempt(1, "failed, again", 0.5, 1.0, 2.0, 0, 0, "no answer", in_vain),
        Attempt(2, "done", 2.5, 3.0, 4.0, 10, 20, None, SAID),
    )
    assert (cell.exchange, cell.tokens_in, cell.tokens_out) == (SAID, 10, 20)
    assert run.records.find(17)["review__messages"].attempts == cell.attempts


def test_what_was_said_belongs_to_the_last_of_the_attempts_that_a_rate_limit_did_not_count() -> None:
    run = _Run()
    run.view(3, *DONE)
    run.attempt(Task(REVIEW, 0, 3), 1.0, RateLimited("slow down"), again=True)
    run.attempt(Task(REVIEW, 0, 3), 3.0)
    run.exchanges.keep(Task(REVIEW, 0, 3), SAID)

    assert [attempt.exchange for attempt in run.records.find(3)["review"].attempts] == [None, SAID]


def test_the_attempts_of_a_full_column_are_those_of_its_row_group() -> None:
    run = _Run()
    run.view(17, *DONE)
    run.attempt(Task(RANK, 0, WHOLE_GROUP), 1.0)
    run.attempt(Task(RANK, 1, WHOLE_GROUP), 2.0)

    assert [attempt.started for attempt in run.records.find(17)["rank"].attempts] == [2.0]


def test_an_attempt_in_flight_has_no_end() -> None:
    run = _Run()
    run.view(3, "in flight", "in flight", "waiting", "waiting", "waiting")
    run.publish(TaskStarted(2.0, Task(REVIEW, 0, 3), 1.0, 0))

    (attempt,) = run.records.find(3)["review"].attempts

    assert (attempt.state, attempt.ended, attempt.seconds) == ("in flight", None, None)


def test_of_very_many_attempts_the_last_are_told() -> None:
    run = _Run()
    run.view(3, *DONE)
    for number in range(30):
        run.attempt(Task(REVIEW, 0, 3), float(number), RateLimited("slow down"), again=True)

    attempts = run.records.find(3)["review"].attempts

    assert (len(attempts), attempts[-1].started) == (MOST_ATTEMPTS, 29.0)


def test_a_dropped_row_says_why_and_its_other_cells_that_it_was_dropped() -> None:
    run = _Run()
    run.view(3, "done", "done", "failed", "dropped", "dropped", dropped=True, review="A lamp.")
    run.publish(RowDropped(4.0, 0, 3, REPLY, 1, Rejected("nothing in it", advice="look at the prompt")))

    record = run.records.find(3)

    assert (record.state, record.reason) == ("dropped", "nothing in it; look at the prompt")
    assert [(cell.state, cell.reason) for cell in record.cells[1:4]] == [
        ("done", ""),
        ("failed", "nothing in it; look at the prompt"),
        ("dropped", "its row was dropped"),
    ]
    assert record["review"].value == "A lamp."


def test_a_dropped_row_that_is_forgotten_still_has_its_reason_and_its_attempts() -> None:
    run = _Run()
    run.attempt(Task(REVIEW, 0, 3), 1.0, Rejected("no"))
    run.publish(RowDropped(4.0, 0, 3, REVIEW, 1, Rejected("no")))
    run.cells(RowGroupKept(5.0, RowGroup(0, 0, 10), [0, 1, 2], 10))

    record = run.records.find(3)

    assert (record.state, record.reason) == ("dropped", "no")
    assert [cell.state for cell in record.cells] == ["failed", "failed", "dropped", "dropped", "dropped"]
    assert [attempt.error for attempt in record["review"].attempts] == ["no"]


def test_a_row_whose_cell_ended_the_run_is_unfinished_and_says_why() -> None:
    run = _Run()
    run.attempt(Task(REVIEW, 0, 3), 1.0, Rejected("no"))
    run.publish(CellFailed(2.0, 0, 3, REVIEW, 1, Rejected("no", advice="look at the prompt")))
    run.publish(RunFinished(2.0, "failed", ValueError("no")))

    record = run.records.find(3)

    assert (record.state, record.reason) == ("unfinished", "")
    assert (record["review"].state, record["review"].reason) == ("failed", "no; look at the prompt")


def test_a_cell_that_failed_in_a_row_that_lives_is_told_also_when_the_row_is_written() -> None:
    run = _Run()
    run.view(3, *DONE, review="A lamp.")
    run.publish(CellFailed(4.0, 0, 3, REPLY, 1, Rejected("no")))

    record = run.records.find(3)

    assert record.state == "done"
    assert (record["reply"].state, record["reply"].reason) == ("failed", "no")


def test_a_cell_that_was_skipped_is_told_also_when_the_row_is_written() -> None:
    run = _Run()
    run.attempt(Task(REVIEW, 0, 3), 1.0)
    run.attempt(Task(REPLY, 0, 4), 1.0)
    run.view(3, *DONE, review="A lamp.")
    run.view(4, *DONE, reply="Thanks")

    assert run.records.find(3)["reply"].state == "skipped"
    assert "skip_if" in run.records.find(3)["reply"].reason
    assert run.records.find(4)["reply"].state == "done"


def test_without_a_trace_what_was_said_is_still_found() -> None:
    run = _Run(is_traced=False)
    run.view(3, *DONE)
    run.exchanges.keep(Task(REVIEW, 0, 3, 2), SAID)

    cell = run.records.find(3)["review"]

    assert (cell.attempts, cell.exchange) == ((), SAID)


def test_a_row_that_the_run_ended_before_is_unfinished() -> None:
    run = _Run()
    run.view(3, "done", "done", "waiting", "waiting", "waiting")
    run.publish(RunFinished(9.0, "cancelled", None))

    assert run.records.find(3).state == "unfinished"


@pytest.mark.parametrize(
    ("row", "advice"),
    [(40, "rows 0 to 39"), (-1, "rows 0 to 39"), (39, "was not begun yet; look again later")],
)
def test_a_row_that_is_not_there_is_told_with_advice(row: int, advice: str) -> None:
    with pytest.raises(IndexError, match=advice):
        _Run().records.find(row)


def test_a_row_that_was_never_begun_is_told_so_when_the_run_is_over() -> None:
    run = _Run()
    run.publish(RunFinished(9.0, "cancelled", None))

    with pytest.raises(IndexError, match="the run ended before it"):
        run.records.find(39)
