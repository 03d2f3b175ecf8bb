"""Pause and resume: nothing more is begun, nothing is lost."""

import threading

import notebook_gen as ng
from notebook_gen.config.columns import Function
from notebook_gen.config.settings import RunSettings
from notebook_gen.engine.core import SchedulerCore
from notebook_gen.events import RunPaused, RunResumed
from notebook_gen.plan.graph import ASYNC_FUNCTIONS, build_graph
from notebook_gen.plan.tasks import RowGroups


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

    core.cancel()
    core.stopped()

    assert core.take(0, 2.0) is None


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
