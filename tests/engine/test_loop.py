"""BackgroundLoop: runs live on a thread of their own."""

import asyncio
import gc
import threading
import time
import warnings

import pytest

from notebook_gen.engine.loop import BackgroundLoop, background_loop
from notebook_gen.errors import RunError


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


def test_there_is_one_loop_also_for_those_who_ask_for_the_first_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notebook_gen.engine.loop._shared", None)
    given: list[BackgroundLoop] = []
    together = threading.Barrier(8)

    def ask() -> None:
        together.wait(10)
        given.append(background_loop())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(map(id, given))) == 1


def _block(release: threading.Event) -> None:
    release.wait(30)


def test_a_call_of_a_thread_that_is_blocked_says_by_which_line_and_what_to_do() -> None:
    loop, release = BackgroundLoop(patience=0.05), threading.Event()
    loop.post(lambda: _block(release))

    with pytest.raises(RunError, match=r"at _block\(\), test_loop\.py:\d+: release\.wait\(30\), .*; .*write def"):
        loop.call(lambda: 7)

    release.set()
    assert loop.call(lambda: 7) == 7


def test_a_loop_that_is_blocked_warns_once_whoever_waits_for_it() -> None:
    loop, release = BackgroundLoop(patience=0.05), threading.Event()
    assert loop.answers()
    loop.post(lambda: _block(release))
    deadline = time.monotonic() + 30

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        while loop.answers():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert not loop.answers()
    assert ["test_loop" in str(warning.message) for warning in warned] == [True]

    release.set()
    while not loop.answers():
        assert time.monotonic() < deadline
        time.sleep(0.01)
