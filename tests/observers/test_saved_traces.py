"""Traces that were saved are read back as they were."""

import pandas as pd
import pytest

from notebook_gen.config.columns import Function, Integer, LLMText
from notebook_gen.errors import ConfigError, Rejected
from notebook_gen.events import Event, InPlaceEnded, RunFinished, TaskEnded, TaskStarted
from notebook_gen.observers.saved_traces import read_traces
from notebook_gen.observers.trace import Trace
from notebook_gen.plan.graph import ASYNC_FUNCTIONS, THREADS, build_graph
from notebook_gen.plan.tasks import WHOLE_GROUP, Task
from notebook_gen.plan.values import Usage

GRAPH = build_graph(
    {
        "n": Integer(1, 5),
        "text": LLMText("Write {{ n }}.", model="judge"),
        "total": Function(function=len, reads=("text",), full_column=True),
        "later": Function(function=len, reads=("text",), is_async=True),
    }
)
EVENTS: list[Event] = [
    InPlaceEnded(0.5, 0, 0, 0.25, 3, 0),
    TaskStarted(1.0, Task(1, 0, 2), 0.5, 3),
    TaskEnded(2.0, Task(1, 0, 2), 3, None, Usage(10, 20)),
    TaskStarted(2.0, Task(1, 0, 1, 2), 0.5, 3),
    TaskEnded(3.0, Task(1, 0, 1, 2), 3, Rejected("no"), None),
    TaskStarted(3.0, Task(2, 0, WHOLE_GROUP), 3.0, 0),
    TaskEnded(4.0, Task(2, 0, WHOLE_GROUP), 0, None, None),
    TaskStarted(4.0, Task(3, 0, 2), 3.5, 1),
]


def _saved(*more: Event) -> pd.DataFrame:
    trace = Trace(GRAPH)
    for event in (*EVENTS, *more):
        trace(event)
    return trace.to_pandas()


def test_saved_traces_are_the_same_traces_again() -> None:
    frame = _saved(RunFinished(5.0, "cancelled", None))

    trace = read_traces(frame)

    pd.testing.assert_frame_equal(trace.to_pandas(), frame)
    assert trace.graph.resources == ("model judge", THREADS, ASYNC_FUNCTIONS)
    assert trace.graph.nodes[trace.graph.columns["text"]].model == "judge"


def test_what_was_in_flight_when_they_were_saved_ends_with_what_is_known_last() -> None:
    line = read_traces(_saved()).to_pandas().iloc[-1]

    assert (line["column"], line["state"], line["ended"]) == ("later", "cancelled", 4.0)


def test_no_traces_at_all_are_traces() -> None:
    assert len(read_traces(Trace(GRAPH).to_pandas())) == 0


def test_a_table_of_something_else_is_refused_with_advice() -> None:
    with pytest.raises(ConfigError, match=r"these are no traces.*pd\.read_parquet"):
        read_traces(pd.DataFrame({"column": ["text"], "row": [1]}))
