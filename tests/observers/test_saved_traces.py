"""Traces that were saved are read back as they were."""

from collections.abc import Callable
from math import inf
from pathlib import Path

import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from notebook_gen.config.columns import Function, Integer, LLMText
from notebook_gen.errors import ConfigError, Rejected
from notebook_gen.events import (
    Event,
    InPlaceEnded,
    LimitMoved,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    TaskEnded,
    TaskStarted,
)
from notebook_gen.observers.saved_traces import read_traces
from notebook_gen.observers.trace import Trace
from notebook_gen.observers.trace_context import Undone, count_undone, frame_of_table
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
    with pytest.raises(ConfigError, match=r"these are no traces.*run\.traces.*a dataset's folder"):
        read_traces(pd.DataFrame({"column": ["text"], "row": [1]}))


def _restless() -> Trace:
    """Traces of a run whose limit moved and that was paused, the second time to its end."""
    trace = Trace(GRAPH, {"model judge": 8, THREADS: 4, ASYNC_FUNCTIONS: 2})
    for event in EVENTS:
        trace(event)
    for happened in (LimitMoved(1.5, "model judge", 4, 2.25), LimitMoved(2.5, "model judge", 5, 0.0)):
        trace(happened)
    for event in (RunPaused(1.0), RunResumed(1.75), RunPaused(3.5)):
        trace(event)
    return trace


def _written(trace: Trace, path: Path) -> Path:
    parts = list(trace.to_arrow_parts())
    with pq.ParquetWriter(path, parts[0].schema) as writer:
        for part in parts:
            writer.write_table(part)
    return path


def _through_pandas(trace: Trace, path: Path) -> pd.DataFrame:
    trace.to_pandas().to_parquet(path)
    return pd.read_parquet(path)


WAYS: dict[str, Callable[[Trace, Path], pd.DataFrame]] = {
    "as a DataFrame": lambda trace, _: trace.to_pandas(),
    "a selection of a DataFrame": lambda trace, _: trace.to_pandas().query("state == 'done'").copy(),
    "read by pandas": lambda trace, path: pd.read_parquet(_written(trace, path)),
    "of a folder, read by pandas": lambda trace, path: pd.read_parquet(_written(trace, path).parent),
    "written and read by pandas": _through_pandas,
    "an Arrow table": lambda trace, path: frame_of_table(pq.read_table(_written(trace, path))),
    "a dataset of Arrow": lambda trace, path: frame_of_table(ds.dataset(_written(trace, path)).to_table()),
}


@pytest.mark.parametrize("way", WAYS)
def test_when_the_run_ended_and_what_waited_then_are_saved_with_attempts(way: str, tmp_path: Path) -> None:
    trace = _restless()
    trace(RunFinished(9.0, "cancelled", None))
    trace.undone = count_undone([2.5, 1.0, 2.5], 9.0)

    again = read_traces(WAYS[way](trace, tmp_path / "00000.parquet"))

    assert again.ended == 9.0
    assert again.undone == [Undone(1.0, 9.0, 1), Undone(2.5, 9.0, 2)]
    assert again.pauses == [(1.0, 1.75), (3.5, 9.0)]


def test_however_many_tasks_waited_they_take_little_room() -> None:
    undone = count_undone([step / 7 for step in range(100_000)], 20_000.0)

    assert len(undone) <= 500
    assert sum(one.tasks for one in undone) == 100_000


@pytest.mark.parametrize("way", WAYS)
def test_limits_pauses_and_the_order_of_columns_are_saved_with_attempts(way: str, tmp_path: Path) -> None:
    trace = _restless()

    again = read_traces(WAYS[way](trace, tmp_path / "00000.parquet"))

    assert again.limit_moves == trace.limit_moves
    assert again.pauses == [(1.0, 1.75), (3.5, inf)]
    assert again.ceilings == trace.ceilings
    assert list(again.graph.columns) == ["n", "text", "total", "later"]
    assert again.graph.resources == trace.graph.resources


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"attempts": 1}', "null", 3, '{"attempts": 99, "columns": []}'])
def test_attempts_without_anything_beside_them_are_traces_too(text: object) -> None:
    frame = _restless().to_pandas()
    frame.attrs = {} if text is None else {"notebook_gen": text}

    trace = read_traces(frame)

    assert len(trace) == len(frame)
    assert (trace.limit_moves, trace.pauses, trace.ceilings) == ({}, [], {})


def test_of_several_runs_put_together_no_limit_is_known_as_each_had_its_own() -> None:
    frame = _restless().to_pandas()

    trace = read_traces(pd.concat([frame, frame]))

    assert (len(trace), trace.limit_moves, trace.pauses) == (2 * len(frame), {}, [])


def test_what_is_saved_beside_a_long_run_is_copied_by_pandas_at_no_cost() -> None:
    trace = _restless()
    for step in range(1_000):
        trace(LimitMoved(10.0 + step / 3, "model judge", step % 8, 0.0))

    [(key, text)] = trace.to_pandas().attrs.items()

    assert (key, type(text)) == ("notebook_gen", str)
    assert len(text) < 30_000


def _of_two_runs() -> list[Trace]:
    """Traces of a run whose limit moved and that was paused to its end, and of one that went on a day later."""
    traces = []
    for began in (86_400.0, 172_800.5):
        trace = _restless()
        trace(RunStarted(0.0, 3, began))
        traces.append(trace)
    return traces


def test_attempts_say_when_their_run_began() -> None:
    frame = _of_two_runs()[1].to_pandas()

    assert set(frame["run_began"]) == {pd.Timestamp("1970-01-03T00:00:00.5Z")}
    assert read_traces(frame).began == 172_800.5
    assert _saved()["run_began"].isna().all()


def test_runs_in_one_table_come_one_after_the_other_whatever_the_order_of_its_lines() -> None:
    first, second = (trace.to_pandas() for trace in _of_two_runs())

    again = read_traces(pd.concat([second, first]).sample(frac=1, random_state=1)).to_pandas()

    alone = read_traces(first).to_pandas()
    gap = 0.02 * 2 * 4.0
    assert again["started"].tolist() == pytest.approx([*alone["started"], *(alone["started"] + 4.0 + gap)])
    assert again["ended"].tolist() == pytest.approx([*alone["ended"], *(alone["ended"] + 4.0 + gap)])
    assert again["column"].tolist() == 2 * alone["column"].tolist()
    assert again["error"].notna().tolist() == 2 * alone["error"].notna().tolist()


def test_limits_and_pauses_of_each_of_several_runs_are_where_its_attempts_are() -> None:
    trace = read_traces(*(trace.to_pandas() for trace in _of_two_runs()))

    moves = [(move.time, move.limit, move.resumes) for move in trace.limit_moves["model judge"]]
    assert moves == [
        (1.5, 4, 2.25),
        (2.5, 5, 0.0),
        (pytest.approx(4.16), 8, 0.0),
        (pytest.approx(5.66), 4, pytest.approx(6.41)),
        (pytest.approx(6.66), 5, pytest.approx(4.16)),
    ]
    assert trace.pauses == [
        (1.0, 1.75),
        (3.5, 4.0),
        (pytest.approx(5.16), pytest.approx(5.91)),
        (pytest.approx(7.66), pytest.approx(8.16)),
    ]
    assert (trace.ceilings["model judge"], trace.rows) == (8, 3)


def test_where_another_run_begins_is_told_with_the_time_that_lies_between() -> None:
    first, second = _of_two_runs()
    first(RunFinished(10.0, "cancelled", None))
    first.undone = count_undone([3.0], 10.0)

    trace = read_traces(first.to_pandas(), second.to_pandas())

    gap = 0.02 * (10.0 + 4.0)
    [joint] = trace.joints
    assert joint == pytest.approx((10.0, 10.0 + gap, 86_400.5 - 10.0))
    assert trace.pauses[1] == (3.5, 10.0)
    assert trace.undone == [Undone(3.0, 10.0, 1)]
    assert trace.ended is None
    assert read_traces(first.to_pandas()).joints == []
