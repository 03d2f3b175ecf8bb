"""DaemonThreads: a pool of threads that never keeps the interpreter from ending.

The standard library's executors wait at exit for what their threads are doing, and take no work from then on: a user's
function that never returns would hold the process for ever, and a run that is ended at exit could not write its rows.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

_SHARED_THREADS = 8


class _Call(NamedTuple):
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]


class DaemonThreads:
    """Threads that call functions for an event loop; begun when they are needed.

    Args:
        count: how many there are at most.
        name: what they are called.
    """

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._threads = 0
        self._busy = 0

    async def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function in one of the threads; raises what it raises. Belongs to one loop's thread."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._busy += 1
        if self._busy > self._threads < self._count:
            self._threads += 1
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        self._calls.put(_Call(function, arguments, loop, answer))
        return await answer

    def close(self) -> None:
        """End each thread when it has returned from what it is doing."""
        for _ in range(self._threads):
            self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            outcome: Any = None
            error: BaseException | None = None
            if not call.answer.cancelled():
                try:
                    outcome = call.function(*call.arguments)
                except BaseException as raised:  # noqa: BLE001  # it is the caller's, who gets it raised
                    error = raised
            with suppress(RuntimeError):  # the loop is gone, and whoever asked with it
                call.loop.call_soon_threadsafe(self._answer, call.answer, outcome, error)
            del call, outcome, error

    def _answer(self, answer: asyncio.Future[Any], outcome: Any, error: BaseException | None) -> None:
        # not when nobody waits any more: a call that was given up still has its thread
        self._busy -= 1
        if answer.done():
            return
        if error is None:
            answer.set_result(outcome)
        elif isinstance(error, StopIteration):  # a future refuses it
            answer.set_exception(RuntimeError(f"StopIteration: {error}"))
        else:
            answer.set_exception(error)


_shared: dict[int, DaemonThreads] = {}


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function that waits for a disk or a process, in a thread that all runs share; never the user's code."""
    # by process: one that was forked off has the pool, but none of its threads
    threads = _shared.setdefault(os.getpid(), DaemonThreads(_SHARED_THREADS, "notebook_gen storage"))
    return await threads.call(function, *arguments)
