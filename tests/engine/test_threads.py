"""DaemonThreads: functions called for an event loop, in threads that hold up nobody."""

import asyncio
import subprocess
import sys
import threading
from typing import Any

import pytest

from notebook_gen.engine.threads import DaemonThreads
from tests.engine.fakes import Held, play


def test_a_call_gives_its_result_and_raises_its_error() -> None:
    async def main() -> int:
        threads = DaemonThreads(2, "a thread")
        with pytest.raises(KeyError):
            await threads.call({}.__getitem__, "x")
        return await threads.call(divmod(7, 2).__getitem__, 0)

    assert play(main()) == 3


def test_no_more_threads_are_begun_than_are_needed_nor_than_there_may_be() -> None:
    async def main() -> tuple[set[str], set[str]]:
        threads = DaemonThreads(2, "a thread")
        alone = {str(await threads.call(threading.get_ident)) for _ in range(5)}
        many = {str(ident) for ident in await asyncio.gather(*(threads.call(threading.get_ident) for _ in range(50)))}
        threads.close()
        return alone, many

    alone, many = play(main())

    assert len(alone) == 1
    assert len(many) <= 2


def test_a_loop_that_is_at_work_is_woken_once_for_all_answers_that_come_meanwhile() -> None:
    async def main() -> tuple[list[int | None], int]:
        loop, threads, last = asyncio.get_running_loop(), DaemonThreads(1, "a thread"), threading.Event()
        wake, woken = loop.call_soon_threadsafe, []

        def count_and_wake(*call: Any, **how: Any) -> asyncio.Handle:
            woken.append(call)
            return wake(*call, **how)

        loop.call_soon_threadsafe = count_and_wake  # type: ignore[method-assign,assignment]
        calls = [asyncio.create_task(threads.call(int, str(number))) for number in range(50)]
        end = asyncio.create_task(threads.call(last.set))
        loop.call_soon(last.wait)
        return await asyncio.gather(*calls, end), len(woken)

    answers, woken = play(main())

    assert answers == [*range(50), None]
    assert woken <= 2  # once more for the last, which is brought after it has let go of the loop


def test_what_waits_for_a_thread_and_is_cancelled_is_never_called() -> None:
    called: list[str] = []

    async def main() -> None:
        threads, held = DaemonThreads(1, "a thread"), Held()
        first = asyncio.create_task(threads.call(held))
        await held.begun.wait()
        second = asyncio.create_task(threads.call(called.append, "second"))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.wait({second})
        held.released.set()
        await first
        await threads.call(called.append, "third")

    play(main())

    assert called == ["third"]


def test_its_threads_do_not_keep_the_interpreter_and_have_their_name() -> None:
    async def main() -> threading.Thread:
        return await DaemonThreads(1, "a thread").call(threading.current_thread)

    thread = play(main())

    assert thread.daemon
    assert thread.name == "a thread"


def test_closed_threads_end() -> None:
    async def main() -> threading.Thread:
        threads = DaemonThreads(1, "a thread")
        thread = await threads.call(threading.current_thread)
        threads.close()
        return thread

    thread = play(main())
    thread.join(10)

    assert not thread.is_alive()


def test_a_thread_that_is_still_at_work_is_busy_although_nobody_waits_for_it() -> None:
    async def main() -> int:
        threads, held = DaemonThreads(2, "a thread"), Held()
        first = asyncio.create_task(threads.call(held))
        await held.begun.wait()
        first.cancel()
        await asyncio.wait({first})
        try:
            return await asyncio.wait_for(threads.call(int, "7"), 10)
        finally:
            held.released.set()

    assert play(main()) == 7


def test_a_process_that_was_forked_off_has_threads_of_its_own() -> None:
    source = """
import asyncio, os
from notebook_gen.engine.threads import in_thread

async def seven():
    return await asyncio.wait_for(in_thread(int, "7"), 10)

asyncio.run(seven())
child = os.fork()
if not child:
    os._exit(asyncio.run(seven()))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=False)

    assert done.stdout == "7\n", done.stderr
