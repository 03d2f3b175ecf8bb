"""Skips, decided by SchedulerCore: by a condition of a column's own, or because something upstream was skipped."""

import sys

import pytest

from notebook_gen.config.columns import Column, Function, LLMText
from notebook_gen.engine.instructions import DecideSkips, FillCells, WriteRowGroup
from notebook_gen.errors import Rejected
from notebook_gen.events import CellFailed, CellsSkipped, RowDropped
from notebook_gen.plan.tasks import WHOLE_GROUP, RowGroup, Task
from tests.engine.steps import Steps, function

UNTOLD = Rejected("'{{ a > 3 }}' cannot be told: a is text")


def decided(columns: dict[str, Column], rows: int, skipped: list[int]) -> Steps:
    """All rows of "a" are made, and the condition that reads it has told which rows are skipped."""
    steps = Steps(columns, rows=rows)
    for task in steps.take_all(0.0):
        if task.node == steps.graph.columns["a"]:
            steps.end(task, 0.0)
    orders = steps.told_of(DecideSkips)
    assert [list(order.rows) for order in orders] == [[row] for row in range(rows)]
    for order in orders:
        steps.core.skips_decided(order, [row for row in order.rows if row in skipped], {}, 1.0)
    return steps


def test_a_skipped_cell_is_filled_and_nobody_is_called_for_it() -> None:
    steps = decided({"a": function(), "b": function("a", skip_if="{{ a > 3 }}")}, rows=2, skipped=[0])

    group = RowGroup(0, 0, 2)
    assert steps.told()[:2] == [FillCells(1, group, [0], "skipped"), CellsSkipped(1.0, 1, 0, 1)]
    assert steps.take_all(1.0) == [Task(1, 0, 1)]
    steps.end_all(2.0)
    assert list(steps.the(WriteRowGroup).rows) == [0, 1]


def test_a_skip_goes_down_three_levels_over_side_outputs_and_the_row_is_kept() -> None:
    columns: dict[str, Column] = {
        "a": function(),
        "b": function("a", skip_if="{{ a > 3 }}", outputs=["b", "b side"]),
        "c": function("b side"),
        "d": function("c"),
    }
    steps = decided(columns, rows=1, skipped=[0])

    told = steps.told()
    assert [step.node for step in told if isinstance(step, FillCells)] == [1, 2, 3]
    assert [step.node for step in told if isinstance(step, CellsSkipped)] == [1, 2, 3]
    (write,) = [step for step in told if isinstance(step, WriteRowGroup)]
    assert list(write.rows) == [0]


@pytest.mark.parametrize("engine", ["async", "sequential"])
def test_a_skip_goes_down_any_number_of_columns(engine: str) -> None:
    depth = 2 * sys.getrecursionlimit()
    columns: dict[str, Column] = {"a": function(), "c0": function("a", skip_if="{{ a > 3 }}")}
    for level in range(1, depth):
        columns[f"c{level}"] = function(f"c{level - 1}", full_column=level % 3 == 0)
    steps = Steps(columns, rows=1, engine=engine)
    steps.take_all(0.0)
    steps.end_all(0.0)

    steps.core.skips_decided(steps.the(DecideSkips), [0], {}, 0.0)

    told = steps.told()
    assert sum(isinstance(step, CellsSkipped) for step in told) == depth
    assert told[-1] == WriteRowGroup(RowGroup(0, 0, 1), range(1), ())


def test_a_skip_stops_where_a_column_says_so() -> None:
    columns: dict[str, Column] = {
        "a": function(),
        "b": function("a", skip_if="{{ a > 3 }}", skip_value="none"),
        "c": function("b", propagate_skip=False),
        "d": function("c"),
    }
    steps = decided(columns, rows=1, skipped=[0])

    assert steps.take_all(1.0) == [Task(2, 0, 0)]
    steps.end_all(2.0)
    assert steps.take_all(2.0) == [Task(3, 0, 0)]


def test_a_cell_is_skipped_if_anything_that_it_reads_was() -> None:
    columns: dict[str, Column] = {
        "a": function(),
        "b": function("a", skip_if="{{ a > 3 }}"),
        "other": function("a", skip_if="{{ a < 0 }}"),
        "c": function("b", "other"),
    }
    steps = Steps(columns, rows=1)
    for task in steps.take_all(0.0):
        steps.end(task, 0.0)
    for order in steps.told_of(DecideSkips):
        is_skipped = steps.graph.nodes[order.node].name == "b"
        steps.core.skips_decided(order, order.rows if is_skipped else [], {}, 1.0)
    for task in steps.take_all(1.0):
        steps.end(task, 1.0)

    skipped = [steps.graph.nodes[step.node].name for step in steps.told_of(CellsSkipped)]
    assert skipped == ["b", "c"]


def test_a_full_column_sees_only_rows_that_are_not_skipped() -> None:
    columns: dict[str, Column] = {
        "a": function(),
        "b": function("a", skip_if="{{ a > 3 }}"),
        "total": function("b", full_column=True),
    }
    steps = decided(columns, rows=3, skipped=[1])
    for task in steps.take_all(1.0):
        steps.end(task, 1.0)

    assert steps.take_all(2.0) == [Task(2, 0, WHOLE_GROUP)]
    group = steps.core.tracker.groups[0]
    assert group.rows_of(2) == [0, 2]
    steps.end_all(3.0)
    assert [steps.core.tracker.cell_states(group, row)[2] for row in range(3)] == ["done", "skipped", "done"]
    assert list(steps.the(WriteRowGroup).rows) == [0, 1, 2]


def test_a_full_column_becomes_ready_when_the_last_missing_cell_is_skipped() -> None:
    columns: dict[str, Column] = {
        "a": function(),
        "b": function("a", skip_if="{{ a > 3 }}"),
        "total": function("b", full_column=True),
    }
    steps = Steps(columns, rows=2)
    for task in steps.take_all(0.0):
        steps.end(task, 0.0)
    first, second = steps.told_of(DecideSkips)
    steps.core.skips_decided(first, [], {}, 1.0)
    steps.end(steps.take_all(1.0)[0], 1.0)
    assert steps.take_all(1.0) == []

    steps.core.skips_decided(second, second.rows, {}, 2.0)

    assert steps.take_all(2.0) == [Task(2, 0, WHOLE_GROUP)]


def test_a_full_column_that_is_skipped_in_all_rows_is_not_called() -> None:
    columns: dict[str, Column] = {
        "a": function(),
        "b": function("a", skip_if="{{ a > 3 }}"),
        "total": function("b", full_column=True),
    }
    steps = decided(columns, rows=2, skipped=[0, 1])

    assert steps.take_all(1.0) == []
    assert list(steps.the(WriteRowGroup).rows) == [0, 1]


def test_a_full_column_with_a_condition_of_its_own_is_decided_for_the_row_group() -> None:
    columns: dict[str, Column] = {"a": function(), "total": function("a", full_column=True, skip_if="{{ a > 3 }}")}
    steps = Steps(columns, rows=3)
    for task in steps.take_all(0.0):
        steps.end(task, 0.0)
    order = steps.the(DecideSkips)
    assert list(order.rows) == [0, 1, 2]

    steps.core.skips_decided(order, [2], {}, 1.0)

    assert steps.take_all(1.0) == [Task(1, 0, WHOLE_GROUP)]
    assert steps.core.tracker.groups[0].rows_of(1) == [0, 1]


def test_a_full_column_whose_last_row_is_dropped_while_it_waits_has_ended_as_skipped() -> None:
    columns: dict[str, Column] = {
        "a": function(),
        "b": function("a", skip_if="{{ a > 3 }}"),
        "total": Function(function=len, reads=("b",), full_column=True),
        "other": LLMText("x"),
    }
    steps = decided(columns, rows=2, skipped=[0])
    steps.take_all(1.0)
    steps.end(Task(steps.graph.columns["b"], 0, 1), 1.0)
    steps.end(Task(steps.graph.columns["other"], 0, 1), 2.0, Rejected("no answer"))

    assert steps.take_all(3.0) == []
    assert steps.core.tracker.cell_states(steps.core.tracker.groups[0], 0)[steps.graph.columns["total"]] == "skipped"


def test_a_condition_that_cannot_be_told_drops_its_row_with_that_error() -> None:
    steps = Steps({"a": function(), "b": function("a", skip_if="{{ a > 3 }}")}, rows=2)
    for task in steps.take_all(0.0):
        steps.end(task, 0.0)
    first, second = steps.told_of(DecideSkips)

    steps.core.skips_decided(first, [], {0: UNTOLD}, 1.0)
    steps.core.skips_decided(second, [], {}, 1.0)

    assert steps.told() == [RowDropped(1.0, 0, 0, 1, 1, UNTOLD)]
    assert steps.take_all(1.0) == [Task(1, 0, 1)]


def test_a_condition_that_cannot_be_told_leaves_the_cell_empty_where_the_column_says_null() -> None:
    steps = Steps({"a": function(), "b": function("a", skip_if="{{ a > 3 }}", on_error="null")}, rows=1)
    for task in steps.take_all(0.0):
        steps.end(task, 0.0)
    order = steps.the(DecideSkips)

    steps.core.skips_decided(order, [], {0: UNTOLD}, 1.0)

    told = steps.told()
    assert told[:2] == [FillCells(1, RowGroup(0, 0, 1), [0], "failed"), CellFailed(1.0, 0, 0, 1, 1, UNTOLD)]
    assert steps.take_all(1.0) == []


def test_a_row_that_is_dropped_while_its_condition_is_evaluated_is_not_skipped() -> None:
    columns: dict[str, Column] = {
        "a": function(),
        "other": function(),
        "b": function("a", skip_if="{{ a > 3 }}"),
    }
    steps = Steps(columns, rows=2)
    tasks = steps.take_all(0.0)
    a, other = steps.graph.columns["a"], steps.graph.columns["other"]
    assert Task(a, 0, 0) in tasks
    steps.end(Task(a, 0, 0), 0.0)
    order = steps.the(DecideSkips)
    steps.end(Task(other, 0, 0), 1.0, Rejected("no answer"))
    steps.told()

    steps.core.skips_decided(order, order.rows, {}, 2.0)

    assert steps.told_of(FillCells) == []
