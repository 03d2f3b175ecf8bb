"""Code that a run has called, and that waits for this run: each would wait for the other."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import notebook_gen as ng

OWN = "the run waits for this code to return, which would wait for the run; look at its rows(), or wait elsewhere"


class Held:
    """A run that its own code gets hold of, as it does through a variable of a notebook."""

    def __init__(self) -> None:
        self._run: ng.Run | None = None
        self._is_there = threading.Event()

    def give(self, run: ng.Run) -> ng.Run:
        self._run = run
        self._is_there.set()
        return run

    @property
    def run(self) -> ng.Run:
        assert self._is_there.wait(10)
        assert self._run is not None
        return self._run


def wait(run: ng.Run) -> int:
    return len(run.result())


def wait_a_moment(run: ng.Run) -> int:
    return len(run.result(timeout=0.01))


def wait_on_a_loop_of_its_own(run: ng.Run) -> int:
    async def wait() -> int:
        return len(await run)

    return asyncio.run(wait())


async def await_it(run: ng.Run) -> int:
    return len(await run)


async def await_it_beside_others(run: ng.Run) -> int:
    return len((await asyncio.gather(run, asyncio.sleep(0)))[0])


async def await_it_for_a_while(run: ng.Run) -> int:
    return len(await asyncio.wait_for(run, 20))


async def wait_in_a_thread(run: ng.Run) -> int:
    return len(await asyncio.to_thread(run.result))


async def wait_on_the_loop(run: ng.Run) -> int:
    return len(run.result())


def made_of(wait: Callable[[ng.Run], Any], run: Callable[[], ng.Run]) -> Callable[[int], Any]:
    if asyncio.iscoroutinefunction(wait):

        async def made_async(n: int) -> Any:
            return await wait(run())

        return made_async
    return lambda n: wait(run())


@pytest.mark.parametrize("engine", ["async", "sequential"])
@pytest.mark.parametrize(
    "wait",
    [
        wait,
        wait_a_moment,
        wait_on_a_loop_of_its_own,
        await_it,
        await_it_beside_others,
        await_it_for_a_while,
        wait_in_a_thread,
        wait_on_the_loop,
    ],
)
def test_a_column_that_waits_for_its_own_run_is_told(wait: Callable[[ng.Run], Any], engine: Any) -> None:
    builder, held = ng.DatasetBuilder(settings=ng.RunSettings(engine=engine)), Held()
    builder["n"] = ng.Integer(1, 5)
    builder.column(name="made", on_error="null")(made_of(wait, lambda: held.run))

    run = held.give(builder.preview(2, show=False))

    assert len(run.result(timeout=30)) == 2
    assert run.failures()["error"].tolist() == [f"RunError: {OWN}"] * 2


@pytest.mark.parametrize("wait", [wait, wait_on_a_loop_of_its_own, await_it, wait_in_a_thread])
def test_a_column_may_wait_for_another_run(wait: Callable[[ng.Run], Any]) -> None:
    inner, outer = ng.DatasetBuilder(), ng.DatasetBuilder()
    inner["n"] = ng.Integer(1, 5)
    inner.column(name="twice")(lambda n: 2 * n)
    outer["n"] = ng.Integer(1, 5)
    outer.column(name="made")(made_of(wait, lambda: inner.preview(3, show=False)))

    rows = outer.preview(2, show=False).result(timeout=30).to_pandas()

    assert rows["made"].tolist() == [3, 3]


@pytest.mark.parametrize("stage", ["pre_batch", "post_batch", "after_run"])
def test_a_processor_that_waits_for_its_own_run_is_told(stage: Any, tmp_path: Path) -> None:
    builder, held = ng.DatasetBuilder(), Held()
    builder["n"] = ng.Integer(1, 5)

    @builder.processor(stage)
    def wait_for_it(rows: Any) -> Any:
        held.run.result()
        return rows

    run = held.give(builder.create(2, tmp_path / "d", show=False))

    with pytest.raises(ng.ProcessorError) as raised:
        run.result(timeout=30)
    assert OWN in str(raised.value)


@pytest.mark.parametrize("wait", [wait, wait_on_a_loop_of_its_own])
def test_a_callback_that_waits_for_its_own_run_is_told(wait: Callable[[ng.Run], Any], tmp_path: Path) -> None:
    builder = ng.DatasetBuilder()
    builder["n"] = ng.Integer(1, 5)

    run = builder.create(2, tmp_path / "d", on_row_group=lambda run, number: wait(run), show=False)

    with pytest.raises(ng.RunError) as raised:
        run.result(timeout=30)
    assert OWN in str(raised.value)


def test_what_a_column_has_begun_may_ask_for_the_rows_when_its_run_is_over() -> None:
    builder, held, rows = ng.DatasetBuilder(), Held(), list[int]()
    builder["n"] = ng.Integer(1, 5)
    is_over, has_asked = threading.Event(), threading.Event()

    async def ask_later() -> None:
        assert await asyncio.to_thread(is_over.wait, 10)
        rows.append(len(await held.run))
        has_asked.set()

    @builder.column
    async def made(n: int) -> int:
        later.append(asyncio.create_task(ask_later()))
        return n

    later = list[asyncio.Task[None]]()
    held.give(builder.preview(1, show=False)).result(timeout=30)
    is_over.set()

    assert has_asked.wait(10)
    assert rows == [1]
