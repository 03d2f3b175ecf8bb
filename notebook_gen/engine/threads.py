"""DaemonThreads: a pool of threads that never keeps the interpreter from ending.

The standard library's executors wait at exit for what their threads are doing, and take no work from then on: a user's
function that never returns would hold the process for ever, and a run that is ended at exit could not write its rows.
"""

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

_SHARED_THREADS = 8


class _Answer(NamedTuple):
    to: asyncio.Future[Any]
    outcome: Any
    error: BaseException | None


class _Answers:
    """The way of answers to one loop, which is woken once for all that come before it has looked."""

    def __init__(self, loop: asyncio.AbstractEventLoop, give: Callable[[_Answer], None]) -> None:
        self.loop = loop
        self._give = give
        self._waiting: deque[_Answer] = deque()
        self._is_woken = False

    def put(self, answer: _Answer) -> None:
        """Bring an answer, from any thread."""
        self._waiting.append(answer)
        # set by two threads at once, it wakes twice, which harms nothing
        if not self._is_woken:
            self._is_woken = True
            with suppress(RuntimeError):  # the loop is gone, and whoever asked with it
                self.loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        self._is_woken = False  # before the answers are taken: the next one either is among them, or wakes again
        while self._waiting:
            self._give(self._waiting.popleft())


class _Call(NamedTuple):
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    answers: _Answers
    answer: asyncio.Future[Any]


class DaemonThreads:
    """Threads that call functions for an event loop; begun when they are needed.

    Args:
        count: how many there are at most.
        name: what they are called.
        begin: called first in each of them; None: nothing is.
    """

    def __init__(self, count: int, name: str, begin: Callable[[], object] | None = None) -> None:
        self._count = count
        self._name = name
        self._begin = begin
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._answers: _Answers | None = None
        self._threads = 0
        self._busy = 0

    async def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function in one of the threads; raises what it raises. Belongs to one loop's thread."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        if self._answers is None or self._answers.loop is not loop:
            self._answers = _Answers(loop, self._give)
        self._busy += 1
        if self._busy > self._threads < self._count:
            self._threads += 1
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        self._calls.put(_Call(function, arguments, self._answers, answer))
        return await answer

    def close(self) -> None:
        """End each thread when it has returned from what it is doing."""
        for _ in range(self._threads):
            self._calls.put(None)

    def _work(self) -> None:
        if self._begin is not None:
            self._begin()
        while (call := self._calls.get()) is not None:
            outcome: Any = None
            error: BaseException | None = None
            if not call.answer.cancelled():
                try:
                    outcome = call.function(*call.arguments)
                except BaseException as raised:  # noqa: BLE001  # it is the caller's, who gets it raised
                    error = raised
            call.answers.put(_Answer(call.answer, outcome, error))
            del call, outcome, error

    def _give(self, answer: _Answer) -> None:
        # not when nobody waits any more: a call that was given up still has its thread
        self._busy -= 1
        if answer.to.done():
            return
        if answer.error is None:
            answer.to.set_result(answer.outcome)
        elif isinstance(answer.error, StopIteration):  # a future refuses it
            answer.to.set_exception(RuntimeError(f"StopIteration: {answer.error}"))
        else:
            answer.to.set_exception(answer.error)


_shared: dict[int, DaemonThreads] = {}


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function that waits for a disk or a process, in a thread that all runs share; never the user's code."""
    # by process: one that was forked off has the pool, but none of its threads
    threads = _shared.setdefault(os.getpid(), DaemonThreads(_SHARED_THREADS, "notebook_gen storage"))
    return await threads.call(function, *arguments)
