"""Async functions run in a slot's own task: what they cancel is theirs, and what the run cancels ends them."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import notebook_gen as ng
from notebook_gen.events import RunFinished


def builder_of(function: Callable[..., Awaitable[Any]], **settings: Any) -> ng.DatasetBuilder:
    """One slot, so that each cell meets what the one before has left."""
    settings = {"max_async_functions": 1, "disable_early_shutdown": True, **settings}
    builder = ng.DatasetBuilder(seed=7, settings=ng.RunSettings(**settings))
    builder["n"] = ng.Integer(1, 5)
    builder.column(name="made")(function)
    return builder


def cancel_this_task() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


async def cancel_itself(n: int) -> int:
    cancel_this_task()
    await asyncio.sleep(0)
    return n


async def cancel_itself_and_swallow(n: int) -> int:
    cancel_this_task()
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(0)
    return n


async def cancel_itself_and_give(n: int) -> int:
    cancel_this_task()
    return n


async def cancel_itself_twice_and_give(n: int) -> int:
    cancel_this_task()
    cancel_this_task()
    return n


async def cancel_itself_and_fail(n: int) -> int:
    cancel_this_task()
    raise ValueError("no")


async def be_cancelled_soon(n: int) -> int:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_soon(task.cancel)
    await asyncio.Event().wait()
    return n


@pytest.mark.parametrize("function", [cancel_itself_and_swallow, cancel_itself_and_give, cancel_itself_twice_and_give])
def test_a_function_that_cancels_its_task_and_gives_a_value_has_made_it(
    function: Callable[..., Awaitable[Any]],
) -> None:
    rows = builder_of(function).preview(3, show=False).result().to_pandas()

    assert rows["made"].tolist() == rows["n"].tolist()


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (cancel_itself, "CancelledError"),
        (be_cancelled_soon, "CancelledError"),
        (cancel_itself_and_fail, "ValueError: no"),
    ],
)
def test_a_function_that_cancels_its_task_and_gives_no_value_fails_in_its_cells_alone(
    function: Callable[..., Awaitable[Any]], said: str
) -> None:
    run = builder_of(function).preview(3, show=False)

    with pytest.raises(ng.RunError, match="all 3 rows were dropped"):
        run.result()

    assert run.failures()["error"].tolist() == [said] * 3


async def wait(begun: threading.Event) -> None:
    begun.set()
    await asyncio.Event().wait()


async def swallow(begun: threading.Event) -> None:
    begun.set()
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


async def cancel_and_wait(begun: threading.Event) -> None:
    await cancel_itself_and_swallow(1)
    begun.set()
    await asyncio.Event().wait()


@pytest.mark.parametrize("function", [wait, swallow, cancel_and_wait])
def test_cancelling_a_run_cancels_the_function_under_way_and_begins_no_other(
    function: Callable[[threading.Event], Awaitable[None]],
) -> None:
    begun, calls = threading.Event(), 0

    async def made(n: int) -> int:
        nonlocal calls
        calls += 1
        await function(begun)
        return n

    run = builder_of(made).preview(3, show=False)
    assert begun.wait(10)
    run.cancel()

    with pytest.raises(ng.RunCancelled):
        run.result()

    assert calls == 1
    assert run.traces.to_pandas()["state"].tolist()[-1] == "cancelled"


def others(called: str) -> list["asyncio.Task[Any]"]:
    """The tasks of a run, but for the one that asks, whose coroutine is called so."""
    own = asyncio.current_task()
    return [task for task in asyncio.all_tasks() if task is not own and f" {called}" in repr(task.get_coro())]


@pytest.mark.parametrize("engine", ["async", "sequential"])
@pytest.mark.parametrize(
    "called", ["AsyncTaskScheduler._slot", "InPlaceWork.work", "Event.wait", "AsyncTaskScheduler._begin_step"]
)
@pytest.mark.parametrize("awaits", [False, True])
def test_a_function_that_cancels_a_task_which_it_did_not_begin_ends_its_run_loudly_and_once(
    called: str, engine: str, awaits: bool, tmp_path: Path
) -> None:
    is_listened_to, has_cancelled, ends = threading.Event(), threading.Event(), list[Any]()

    async def made(n: int) -> int:
        assert is_listened_to.wait(10)
        if not has_cancelled.is_set():
            for task in others(called)[:1]:
                task.cancel()
                has_cancelled.set()
        if awaits:
            await asyncio.sleep(0.001)
        return n

    builder = builder_of(made, max_async_functions=4, row_group_size=5, engine=engine)
    builder["later"] = ng.Expression("{{ made }}")
    run = builder.create(200, tmp_path / "d", show=False)
    run._bus.subscribe(ends.append, (RunFinished,))
    is_listened_to.set()

    with pytest.raises(ng.RunError, match="was cancelled by other code") as raised:
        run.result(timeout=30)

    assert [(end.state, end.error) for end in ends] == [("failed", raised.value)]
    assert [node.in_flight for node in run._source.progress.nodes] == [0, 0, 0]
    assert len(builder.create(200, tmp_path / "d", show=False).result(timeout=30)) == 200
