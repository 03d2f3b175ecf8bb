"""Trace: one line per attempt."""

import math

import numpy as np

from notebook_gen.config.columns import Expression, Function, LLMText
from notebook_gen.errors import Rejected, Transient
from notebook_gen.events import Event, InPlaceEnded, RowsDone, RunFinished, TaskEnded, TaskStarted, WorkStopped
from notebook_gen.observers.trace import AGAIN, CANCELLED, DONE, FAILED, IN_FLIGHT, IN_PLACE_SLOT, LINE_BYTES, Trace
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import WHOLE_GROUP, Task
from notebook_gen.plan.values import Usage

GRAPH = build_graph(
    {
        "text": LLMText("Write."),
        "shout": Expression("{{ text }}!"),
        "total": Function(function=len, reads=("text",), full_column=True),
    }
)


def trace_of(*events: Event) -> Trace:
    trace = Trace(GRAPH)
    for event in events:
        trace(event)
    return trace


def test_an_attempt_is_a_line_from_its_start_to_its_end() -> None:
    task = Task(0, 3, 31)

    trace = trace_of(TaskStarted(2.0, task, 1.5, 7), TaskEnded(4.0, task, 7, None, Usage(10, 20)))

    assert len(trace) == 1
    assert {name: column[0] for name, column in trace.columns().items()} == {
        "node": 0,
        "row_group": 3,
        "row": 31,
        "attempt": 1,
        "slot": 7,
        "state": DONE,
        "ready": 1.5,
        "started": 2.0,
        "ended": 4.0,
        "tokens_in": 10,
        "tokens_out": 20,
    }


def test_an_attempt_in_flight_has_no_end_yet() -> None:
    trace = trace_of(TaskStarted(2.0, Task(0, 0, 0), 1.5, 0))

    assert trace.columns()["state"][0] == IN_FLIGHT
    assert math.isnan(trace.columns()["ended"][0])


def test_attempts_at_once_end_their_own_lines_whatever_their_order() -> None:
    first, second, other = Task(0, 0, 0), Task(0, 0, 1), Task(2, 0, WHOLE_GROUP)

    trace = trace_of(
        TaskStarted(1.0, first, 0.0, 0),
        TaskStarted(1.0, second, 0.0, 1),
        TaskStarted(1.0, other, 0.0, 0),
        TaskEnded(2.0, second, 1, None, None),
        TaskEnded(3.0, other, 0, None, None),
        TaskEnded(4.0, first, 0, None, None),
    )

    assert list(trace.columns()["row"]) == [0, 1, WHOLE_GROUP]
    assert list(trace.columns()["ended"]) == [4.0, 2.0, 3.0]


def test_a_failed_attempt_says_whether_another_follows_and_keeps_its_error() -> None:
    first, second = Task(0, 0, 0, 1), Task(0, 0, 0, 2)
    broken, wrong = Transient("it broke"), Rejected("no answer", advice="look at the prompt")

    trace = trace_of(
        TaskStarted(1.0, first, 0.0, 0),
        TaskEnded(2.0, first, 0, broken, None, again=True),
        TaskStarted(3.0, second, 2.5, 0),
        TaskEnded(4.0, second, 0, wrong, Usage(1, 2)),
    )

    assert list(trace.columns()["state"]) == [AGAIN, FAILED]
    assert list(trace.columns()["attempt"]) == [1, 2]
    assert trace.errors == {0: "it broke", 1: "no answer; look at the prompt"}
    assert list(trace.columns()["tokens_out"]) == [0, 2]


def test_cells_made_in_place_are_one_line_for_all_of_them() -> None:
    trace = trace_of(InPlaceEnded(2.0, 1, 4, 1.5, 10, 0), InPlaceEnded(3.0, 1, 4, 2.5, 9, 1))

    columns = trace.columns()
    assert list(columns["slot"]) == [IN_PLACE_SLOT, IN_PLACE_SLOT]
    assert list(columns["state"]) == [DONE, FAILED]
    assert list(columns["started"]) == [1.5, 2.5]
    assert list(columns["ended"]) == [2.0, 3.0]


def test_what_is_in_flight_when_the_run_ends_was_cancelled_then() -> None:
    trace = trace_of(
        TaskStarted(1.0, Task(0, 0, 0), 0.0, 0),
        TaskStarted(1.0, Task(0, 0, 1), 0.0, 1),
        TaskEnded(2.0, Task(0, 0, 1), 1, None, None),
        RunFinished(5.0, "cancelled", None),
    )

    assert list(trace.columns()["state"]) == [CANCELLED, DONE]
    assert list(trace.columns()["ended"]) == [5.0, 2.0]


def test_what_is_cut_off_ends_then_although_the_run_goes_on_to_write() -> None:
    trace = trace_of(TaskStarted(1.0, Task(0, 0, 0), 0.0, 0), WorkStopped(2.0), RunFinished(5.0, "cancelled", None))

    assert list(trace.columns()["state"]) == [CANCELLED]
    assert list(trace.columns()["ended"]) == [2.0]


def test_other_events_leave_no_line() -> None:
    assert len(trace_of(RowsDone(1.0, 0, 3))) == 0


def test_lines_are_copies_from_a_line_on_or_by_number() -> None:
    trace = trace_of(*(TaskStarted(float(row), Task(0, 0, row), 0.0, row) for row in range(5)))

    tail, some = trace.columns(3), trace.lines([4, 0])
    tail["row"][0] = 99

    assert list(some["row"]) == [4, 0]
    assert some["started"].dtype == np.float64
    assert list(trace.columns()["row"]) == [0, 1, 2, 3, 4]


def test_an_attempt_costs_less_than_64_bytes() -> None:
    assert LINE_BYTES <= 64


def test_as_a_table_it_has_names_in_place_of_numbers() -> None:
    first, whole = Task(0, 0, 5), Task(2, 0, WHOLE_GROUP)
    trace = trace_of(
        TaskStarted(1.0, first, 0.5, 3),
        TaskEnded(2.5, first, 3, Rejected("no answer"), None),
        TaskStarted(3.0, whole, 2.5, 0),
        InPlaceEnded(4.0, 1, 0, 3.5, 2, 0),
    )

    table = trace.to_pandas()

    assert list(table["column"]) == ["text", "total", "shout"]
    assert table["row"].isna().tolist() == [False, True, True]
    assert table["row"][0] == 5
    assert list(table["resource"]) == ["model default", "thread pool", "in place"]
    assert table["slot"].isna().tolist() == [False, False, True]
    assert list(table["state"]) == ["failed", "in flight", "done"]
    assert table["seconds"][0] == 1.5
    assert table["error"][0] == "no answer"
    assert table["error"].isna().tolist() == [False, True, True]


def test_as_arrow_tables_it_has_the_same_columns_and_one_schema_however_many_lines_there_are() -> None:
    trace = trace_of(*(TaskStarted(1.0, Task(0, 0, row), 0.5, row % 8) for row in range(20_001)))

    first, second = trace.to_arrow_parts()

    assert first.column_names == list(trace.to_pandas().columns)
    assert first.schema == second.schema
    assert first["row"].to_pylist() + second["row"].to_pylist() == list(range(20_001))
    assert next(trace_of().to_arrow_parts()).schema == first.schema


def test_an_empty_trace_is_an_empty_table() -> None:
    assert trace_of().to_pandas().shape == (0, 15)


def test_the_attempts_of_a_row_are_its_own_and_those_of_its_row_group_in_order() -> None:
    trace = trace_of(
        TaskStarted(1.0, Task(0, 0, 5), 0.5, 0),
        TaskStarted(1.0, Task(0, 0, 6), 0.5, 1),
        InPlaceEnded(2.0, 1, 0, 1.5, 2, 0),
        TaskStarted(2.0, Task(2, 0, WHOLE_GROUP), 2.0, 0),
        TaskStarted(3.0, Task(2, 1, WHOLE_GROUP), 3.0, 1),
        TaskStarted(4.0, Task(0, 0, 5, 2), 3.5, 2),
    )

    assert trace.attempts_of(5, row_group=0) == [0, 3, 5]
    assert trace.attempts_of(7, row_group=2) == []
    assert trace_of().attempts_of(5, row_group=0) == []
