"""BackgroundLoop: runs live on a thread of their own."""

import asyncio
import gc
import threading

import pytest

from notebook_gen.engine.loop import BackgroundLoop, background_loop


def test_work_goes_on_although_nobody_refers_to_it() -> None:
    loop = BackgroundLoop()
    gate, done = asyncio.Event(), threading.Event()

    async def work() -> None:
        await gate.wait()
        done.set()

    loop.start(work())
    gc.collect()
    loop.post(gate.set)

    assert done.wait(10)


def test_a_call_runs_on_the_loops_thread_and_gives_its_result() -> None:
    name = background_loop().call(lambda: threading.current_thread().name)

    assert name == "notebook_gen"


def test_an_error_of_a_call_is_the_callers() -> None:
    with pytest.raises(ZeroDivisionError):
        background_loop().call(lambda: 1 // 0)


def test_a_call_on_the_loops_own_thread_does_not_wait_for_itself() -> None:
    loop = background_loop()

    assert loop.call(lambda: loop.call(lambda: 7)) == 7


def test_there_is_one_loop() -> None:
    assert background_loop() is background_loop()
