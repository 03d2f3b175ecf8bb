"""Pause and resume: nothing more is begun, nothing is lost."""

import threading

import pytest

import notebook_gen as ng
from notebook_gen.config.columns import Function, Integer, LLMText
from notebook_gen.config.settings import RunSettings
from notebook_gen.engine.core import SchedulerCore
from notebook_gen.engine.instructions import MakeInPlace
from notebook_gen.errors import Transient
from notebook_gen.events import RowGroupOpened, RunPaused, RunResumed
from notebook_gen.plan.graph import ASYNC_FUNCTIONS, build_graph
from notebook_gen.plan.tasks import RowGroup, RowGroups
from tests.engine.steps import Steps, function


def paused_core() -> tuple[SchedulerCore, list[object]]:
    graph = build_graph({"a": Function(function=len, reads=(), is_async=True)})
    core = SchedulerCore(graph, RowGroups(4, 2), {ASYNC_FUNCTIONS: 2}, RunSettings())
    core.start(0.0)
    first = core.take(0, 0.0)
    assert first is not None
    core.pause(1.0)
    return core, [first[0]]


def test_a_paused_run_begins_nothing_and_notes_what_ends() -> None:
    core, (task,) = paused_core()

    nothing = core.take(0, 1.0)
    again = core.finished(task, 0.0, None, 2.0)  # type: ignore[arg-type]  # a task

    assert nothing is None
    assert not again
    assert core.take(0, 2.0) is None
    core.outbox.clear()
    core.check_alive()


def test_a_resumed_run_goes_on_where_it_was() -> None:
    core, _ = paused_core()
    core.flow.has_woken = False

    core.resume(3.0)

    assert core.flow.has_woken
    taken = core.take(0, 3.0)
    assert taken is not None
    assert taken[0].row == 1


def test_pausing_twice_and_resuming_twice_is_told_once() -> None:
    core, _ = paused_core()
    core.pause(2.0)
    core.resume(3.0)
    core.resume(4.0)

    told = [event for event in core.outbox if isinstance(event, RunPaused | RunResumed)]
    assert told == [RunPaused(1.0), RunResumed(3.0)]


def test_a_paused_run_can_be_cancelled() -> None:
    core, _ = paused_core()

    core.cancel(2.0)
    core.stopped(3.0)

    assert core.take(0, 2.0) is None


def test_a_run_that_ends_is_neither_paused_nor_resumed() -> None:
    core, _ = paused_core()
    core.cancel(2.0)
    core.outbox.clear()

    core.resume(2.0)
    core.pause(3.0)

    assert not core.outbox


def test_every_resource_is_held_by_a_pause_and_goes_on_after_it() -> None:
    steps = Steps({"a": function(), "text": LLMText("Write.")}, rows=2)

    steps.core.pause(0.0)
    assert steps.take_all(0.5) == []
    steps.core.resume(1.0)

    assert {task.node for task in steps.take_all(1.0)} == {0, 1}


def test_no_row_group_is_opened_while_a_run_is_paused_and_one_is_when_it_goes_on() -> None:
    steps = Steps({"a": function()}, rows=4, size=2, slots=2)
    steps.take_all(0.0)
    steps.told()

    steps.core.pause(1.0)
    steps.end_all(2.0)
    assert steps.told_of(RowGroupOpened) == []
    steps.core.resume(3.0)

    assert steps.the(RowGroupOpened) == RowGroupOpened(3.0, RowGroup(1, 2, 2))


def test_a_run_that_is_paused_between_row_groups_made_in_place_goes_on() -> None:
    steps = Steps({"n": Integer(1, 5)}, rows=2, size=1)
    first = steps.the(MakeInPlace)
    steps.core.pause(1.0)
    steps.core.made_in_place(first, first.rows, {}, 1.0)
    assert steps.told_of(MakeInPlace) == []

    steps.core.resume(2.0)

    assert list(steps.the(MakeInPlace).rows) == [1]


@pytest.mark.parametrize("failures", [2, 3])
def test_the_time_of_a_pause_is_no_part_of_an_endpoints_silence(failures: int) -> None:
    steps = Steps({"text": LLMText("Write.")}, rows=20, size=20, slots=1, shutdown_patience=60.0, backoff=0.0)
    steps.take(0.0)
    steps.end_all(1.0)
    for now in range(1, failures + 1):
        assert steps.take(float(now)) is not None
        steps.end_all(now + 0.5, Transient("connection refused"))

    steps.core.pause(5.0)
    steps.core.tick(6.0)
    steps.core.resume(1000.0)
    assert steps.take(1000.0) is not None
    steps.end_all(1000.5, Transient("connection refused"))

    assert steps.core.flow.gives_slots
    steps.core.tick(1058.0)
    assert steps.take(1058.0) is not None
    steps.end_all(1060.0, Transient("connection refused"))
    assert not steps.core.flow.gives_slots


def test_a_run_is_paused_with_work_waiting_resumed_and_finishes() -> None:
    begun, goes_on = threading.Semaphore(0), threading.Event()
    builder = ng.DatasetBuilder(settings=ng.RunSettings(threads=2))
    builder["n"] = ng.Integer(1, 5)

    @builder.column
    def held(n: int) -> int:
        begun.release()
        goes_on.wait(30)
        return n

    run = builder.preview(20)
    begun.acquire()
    begun.acquire()
    run.pause()
    in_flight = run.rows()  # asked behind the pause, on the same thread
    goes_on.set()
    paused = run.state
    run.resume()

    assert paused == "paused"
    assert in_flight["held"].isna().all()
    assert len(run.result(timeout=30)) == 20


def test_a_paused_run_leaves_the_loop_free() -> None:
    builder = ng.DatasetBuilder()
    builder.models["default"] = ng.DemoModel(latency=0.01, max_parallel=2)
    builder["text"] = ng.LLMText("Write.")
    run = builder.preview(1000)

    run.pause()
    while run.state != "paused":
        assert not run.is_over
    while (progress := run.traces.to_pandas()["state"].eq("in flight").sum()) != 0:
        assert progress <= 2
    other = builder.preview(3).result(timeout=30)

    assert run.state == "paused"
    assert len(other) == 3
    run.cancel()
