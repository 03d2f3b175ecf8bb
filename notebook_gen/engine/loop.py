"""BackgroundLoop: one daemon thread with one event loop, for all runs of the interpreter.

Nothing of it ever runs on the caller's loop, so a notebook's cells, and its own `asyncio`, stay free.
"""

import asyncio
import logging
import sys
import threading
import time
import warnings
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from notebook_gen.config.ownership import is_users_code, place_of
from notebook_gen.errors import RunError

_PATIENCE = 1.0

MUST_NOT_BLOCK: Final = "an async function must not block: await, or write def, which runs in a thread of its own"
"""What to do about a loop that is held up."""

_log = logging.getLogger("notebook_gen")

T = TypeVar("T")


class BackgroundLoop:
    """A running event loop on a thread of its own; ends with the interpreter.

    Args:
        patience: seconds that a line of the user's code may keep it from all else before that is told.
    """

    def __init__(self, patience: float = 5.0) -> None:
        self._patience = patience
        self._asked_at: float | None = None
        self._has_warned = False
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=self._run, name="notebook_gen", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        # a user's function may stop the loop, or raise through it; no other run may die of that
        while not self._loop.is_closed():
            try:
                self._loop.run_forever()
            except BaseException:  # noqa: BLE001  # the thread's edge: recorded, and it goes on
                _log.exception("something was raised through the event loop, which goes on")

    @property
    def is_current(self) -> bool:
        """Whether the caller is on its thread."""
        return threading.current_thread() is self._thread

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs; it does not in a process that was forked off."""
        return self._thread.is_alive()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin a coroutine; it lives until it returns, whoever else forgets it."""

        def begin() -> None:
            task = self._loop.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        self._loop.call_soon_threadsafe(begin)

    def post(self, function: Callable[[], object]) -> None:
        """Have a function called on the loop's thread, soon; whatever it gives is lost."""
        self._loop.call_soon_threadsafe(function)

    def call(self, function: Callable[[], T]) -> T:
        """Call a function on the loop's thread and give its result; on that thread itself, call it at once.

        Raises:
            RunError: the thread does not live, as in a process that was forked off; or the user's code blocks it.
        """
        if self.is_current:
            return function()
        answer: Future[T] = Future()

        def run() -> None:
            try:
                answer.set_result(function())
            except BaseException as error:  # noqa: BLE001  # it is the caller's, who gets it raised
                answer.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        while True:
            try:
                return answer.result(timeout=min(_PATIENCE, self._patience))
            except TimeoutError:
                if answer.done():
                    return answer.result()
                if not self.is_alive:
                    raise RunError(
                        "the thread of the run is not in this process", advice="look at it where it was started"
                    ) from None
                if blocked := self._blocked():
                    raise blocked from None

    def answers(self) -> bool:
        """Tell whether its thread gets to what it is asked; when the user's code blocks it, that is warned of once."""
        blocked = self._blocked()
        if blocked is not None and not self._has_warned:
            self._has_warned = True
            warnings.warn(str(blocked), RuntimeWarning, stacklevel=4)  # who waits
        return blocked is None

    def held_up(self) -> str:
        """Say by which line of the user's code a thread that does not answer is held up; empty if by none of theirs."""
        where = self._held_up_at()
        if not where:
            return ""
        self._has_warned = True  # who asks tells it
        return f"the event loop of all runs is held up {where}"

    def _blocked(self) -> RunError | None:
        """Say by which line of the user's code its thread has been blocked for too long."""
        # its thread takes the question back when it hears it
        asked_at = self._asked_at
        if asked_at is None:
            self._asked_at = time.monotonic()
            self._loop.call_soon_threadsafe(self._hear)
            return None
        if time.monotonic() - asked_at < self._patience:
            return None
        if not (where := self._held_up_at()):
            return None
        return RunError(
            f"the event loop of all runs is held up {where}, for {self._patience:g} s and more: nothing else is done "
            "meanwhile",
            advice=MUST_NOT_BLOCK,
        )

    def _held_up_at(self) -> str:
        """Say where its thread is in the user's code, and in which function of a column, if in a call of that."""
        frame = sys._current_frames().get(self._thread.ident or 0)  # noqa: SLF001  # where debuggers look, too
        users = []
        while frame is not None:
            if is_users_code(frame.f_globals):
                users.append(frame)
            frame = frame.f_back
        if not users:
            return ""
        at, function = f"at {place_of(users[0], users[0].f_lineno)}", users[-1].f_code.co_name
        return at if users[0] is users[-1] else f"by {function}() {at}"

    def _hear(self) -> None:
        self._asked_at, self._has_warned = None, False


_shared: BackgroundLoop | None = None
_sharing = threading.Lock()


def background_loop() -> BackgroundLoop:
    """Give the interpreter's one background loop, started on first use."""
    global _shared  # noqa: PLW0603  # one loop an interpreter is the point
    with _sharing:
        if _shared is None or not _shared.is_alive:
            _shared = BackgroundLoop()
        return _shared
