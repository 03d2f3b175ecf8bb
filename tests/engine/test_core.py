"""SchedulerCore in virtual time."""

import pytest

from notebook_gen.config.columns import Column, Expression, Function, Integer
from notebook_gen.engine.core import EndRun, MakeInPlace, SchedulerCore, WriteRowGroup
from notebook_gen.errors import NoRowsLeft, Rejected, RunCancelled, WriteError
from notebook_gen.events import RowDropped, RowGroupOpened, RowGroupWritten, RowsDone
from notebook_gen.plan.graph import ASYNC_FUNCTIONS, THREADS, ExecutionGraph, build_graph
from notebook_gen.plan.tasks import RowGroup, RowGroups, Task
from tests.simulator import World, random_world, simulate

WORLDS = 2000


def function(*reads: str, full_column: bool = False) -> Function:
    return Function(function=len, reads=reads, is_async=True, full_column=full_column)


def chain() -> ExecutionGraph:
    return build_graph({"a": function(), "b": function("a"), "c": function("b")})


def world(graph: ExecutionGraph, rows: int, size: int, slots: int, **changes: object) -> World:
    settings: dict[str, object] = {
        "seed": 0,
        "graph": graph,
        "groups": RowGroups(rows, size),
        "ceilings": {ASYNC_FUNCTIONS: slots, THREADS: slots},
        "max_open_rows": 1000,
        "failure_rate": 0.0,
        "slow_tail": 0.0,
        "cancel_at": None,
        "failing_write": None,
    }
    return World(**(settings | changes))  # type: ignore[arg-type]  # the keys are World's own


def core_of(
    columns: dict[str, Column], rows: int, size: int = 10, slots: int = 4, max_open: int = 100
) -> SchedulerCore:
    ceilings = {ASYNC_FUNCTIONS: slots, THREADS: slots}
    return SchedulerCore(build_graph(columns), RowGroups(rows, size), ceilings, max_open)


def drain(core: SchedulerCore) -> list[object]:
    instructions: list[object] = list(core.outbox)
    core.outbox.clear()
    return instructions


@pytest.mark.parametrize("first", range(0, WORLDS, 100))
def test_random_worlds_keep_every_rule(first: int) -> None:
    for seed in range(first, first + 100):
        simulate(random_world(seed))


def test_a_run_without_rows_finishes_at_once() -> None:
    core = core_of({"a": function()}, rows=0)

    core.start(0.0)

    assert drain(core) == [EndRun("finished", None)]


def test_one_row_goes_through_its_columns_and_is_written() -> None:
    core = core_of({"a": function(), "b": function("a")}, rows=1)
    group = RowGroup(0, 0, 1)

    core.start(0.0)
    assert drain(core) == [RowGroupOpened(0.0, group)]
    assert core.take(0, 1.0) == (Task(0, 0, 0), 0.0)
    assert core.take(0, 1.0) is None
    core.finished(Task(0, 0, 0), None, 2.0)
    assert core.take(0, 3.0) == (Task(1, 0, 0), 2.0)
    core.finished(Task(1, 0, 0), None, 4.0)
    assert drain(core) == [RowsDone(4.0, 0, 1), WriteRowGroup(group, range(1), ())]
    core.written(0, 1, 5.0)
    assert drain(core) == [RowGroupWritten(5.0, group, 1), EndRun("finished", None)]


def test_a_rejected_cell_drops_only_its_row() -> None:
    core = core_of({"a": function(), "b": function("a")}, rows=2)
    error = Rejected("no answer")
    core.start(0.0)
    first, second = core.take(0, 0.0), core.take(0, 0.0)
    assert first is not None
    assert second is not None
    drain(core)

    core.finished(first[0], error, 1.0)
    core.finished(second[0], None, 1.0)

    assert drain(core) == [RowDropped(1.0, 0, 0, 0, 1, error)]
    assert core.take(0, 1.0) == (Task(1, 0, 1), 1.0)
    assert core.take(0, 1.0) is None


def test_a_dropped_row_frees_the_full_column_that_waited_for_it() -> None:
    core = core_of({"a": function(), "total": function("a", full_column=True)}, rows=2)
    core.start(0.0)
    core.take(0, 0.0)
    core.take(0, 0.0)
    core.finished(Task(0, 0, 0), None, 1.0)
    assert core.take(0, 1.0) is None

    core.finished(Task(0, 0, 1), Rejected("no answer"), 2.0)

    assert core.take(0, 2.0) == (Task(1, 0, -1), 2.0)


def test_a_row_group_is_not_closed_while_work_of_a_dropped_row_is_in_flight() -> None:
    core = core_of({"a": function(), "b": function(), "c": function("a", "b")}, rows=1)
    core.start(0.0)
    core.take(0, 0.0)
    core.take(0, 0.0)
    drain(core)

    core.finished(Task(0, 0, 0), Rejected("no answer"), 1.0)
    assert [type(step) for step in drain(core)] == [RowDropped]
    core.finished(Task(1, 0, 0), None, 2.0)

    (write,) = drain(core)
    assert isinstance(write, WriteRowGroup)
    assert list(write.rows) == []


def test_when_every_row_is_dropped_the_run_fails_with_the_reason() -> None:
    core = core_of({"a": function()}, rows=1)
    core.start(0.0)
    core.take(0, 0.0)
    core.finished(Task(0, 0, 0), Rejected("the key is wrong", advice="set OPENAI_API_KEY"), 1.0)
    drain(core)

    core.written(0, 0, 2.0)

    *_, ending = drain(core)
    assert isinstance(ending, EndRun)
    assert ending.state == "failed"
    assert isinstance(ending.error, NoRowsLeft)
    assert str(ending.error) == "all 1 rows were dropped; 1 × column 'a': the key is wrong; set OPENAI_API_KEY"


def test_cells_of_expressions_are_made_in_place_as_their_inputs_arrive() -> None:
    core = core_of({"a": function(), "b": Expression("{{ a }}!")}, rows=2)
    core.start(0.0)
    core.take(0, 0.0)
    drain(core)

    core.finished(Task(0, 0, 0), None, 1.0)

    assert drain(core) == [MakeInPlace(1, RowGroup(0, 0, 2), (0,))]


def test_the_next_row_group_is_opened_when_slots_would_stand_empty() -> None:
    core = core_of({"n": Integer(1, 5), "a": function("n")}, rows=20, size=2, slots=3)
    core.start(0.0)
    opened, in_place = drain(core)
    assert opened == RowGroupOpened(0.0, RowGroup(0, 0, 2))
    assert isinstance(in_place, MakeInPlace)

    core.made_in_place(in_place, in_place.rows, {}, 0.0)

    assert drain(core) == [
        RowGroupOpened(0.0, RowGroup(1, 2, 2)),
        MakeInPlace(0, RowGroup(1, 2, 2), range(2, 4)),
    ]


def test_open_rows_stay_within_their_bound() -> None:
    books = simulate(world(chain(), rows=100, size=5, slots=50, max_open_rows=20))

    assert books.most_open_rows == 20


def test_rows_finish_early_although_all_slots_are_busy() -> None:
    books = simulate(world(chain(), rows=1000, size=1000, slots=4))

    first_of_last_column = next(index for index, (_, task) in enumerate(books.starts) if task.node == 2)
    assert first_of_last_column < 3 * 8 + 4


def test_a_downstream_cell_starts_while_its_upstream_still_runs_for_other_rows() -> None:
    books = simulate(world(chain(), rows=50, size=50, slots=4))

    nodes = [task.node for _, task in books.starts]
    assert nodes.index(1) < len(nodes) - 1 - nodes[::-1].index(0)


def test_a_straggler_holds_up_only_its_own_row_group() -> None:
    core = core_of({"a": function()}, rows=6, size=2, slots=2)
    core.start(0.0)
    straggler = core.take(0, 0.0)
    assert straggler == (Task(0, 0, 0), 0.0)
    for row in range(1, 6):
        taken = core.take(0, 1.0)
        assert taken is not None
        assert taken[0] == Task(0, row // 2, row)
        core.finished(Task(0, row // 2, row), None, 1.0)

    writes = [step.row_group.number for step in drain(core) if isinstance(step, WriteRowGroup)]

    assert writes == [1, 2]


def test_cancel_keeps_finished_rows_and_starts_nothing_more() -> None:
    core = core_of({"a": function()}, rows=3, slots=1)
    core.start(0.0)
    core.take(0, 0.0)
    core.finished(Task(0, 0, 0), None, 1.0)
    assert core.take(0, 1.0) == (Task(0, 0, 1), 0.0)
    drain(core)

    core.cancel()
    core.stopped()

    assert core.take(0, 3.0) is None
    _, write = drain(core)
    assert isinstance(write, WriteRowGroup)
    assert list(write.rows) == [0]
    core.written(0, 1, 4.0)
    *_, ending = drain(core)
    assert isinstance(ending, EndRun)
    assert ending.state == "cancelled"
    assert isinstance(ending.error, RunCancelled)


def test_a_failed_write_ends_the_run_with_its_error() -> None:
    error = WriteError("disk full", path="rows/00000.parquet")
    core = core_of({"a": function()}, rows=1)
    core.start(0.0)
    core.take(0, 0.0)
    core.finished(Task(0, 0, 0), None, 1.0)
    drain(core)

    core.write_failed(0, error)
    core.stopped()

    *_, ending = drain(core)
    assert ending == EndRun("failed", error)


def test_work_that_waits_for_nothing_is_a_bug_and_not_a_hang() -> None:
    core = core_of({"a": function()}, rows=1)
    core.start(0.0)
    core.take(0, 0.0)
    drain(core)
    core.resources[0].in_flight = 0

    with pytest.raises(RuntimeError, match="stuck"):
        core.check_alive()
