"""Runs that nobody waited for when the interpreter ends: they end, what is finished is written, views are closed."""

import atexit
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from notebook_gen.views.display import leave_all

_PATIENCE = 5.0


class Unfinished(Protocol):
    """A run that goes on."""

    def end_at_exit(self) -> Callable[[], tuple[str, bool]]:
        """Cancel it; gives what waits for its end, but not for ever.

        That says what became of the run, and whether the wait was interrupted.
        """
        ...


class UnfinishedRuns:
    """The runs that go on now; looked after at exit."""

    def __init__(self) -> None:
        self._runs: set[Unfinished] = set()

    def add(self, run: Unfinished) -> None:
        """Look after a run until it has ended; at exit, before anything that was registered earlier."""
        atexit.unregister(self._end_all)
        atexit.register(self._end_all)
        self._runs.add(run)

    def discard(self, run: Unfinished) -> None:
        """Look after a run no more: it has ended."""
        self._runs.discard(run)

    def _end_all(self) -> None:
        interrupted = False
        try:
            leave_all(_PATIENCE)
        except KeyboardInterrupt:
            interrupted = True
        # all, before one is waited for: the others would go on with their calls
        ends = [run.end_at_exit() for run in list(self._runs)]
        for end in ends:
            told, was_interrupted = end()
            interrupted = interrupted or was_interrupted
            if sys.stderr is not None:
                print(f"notebook_gen: {told}", file=sys.stderr)  # noqa: T201  # nobody else is left to tell
        if interrupted:
            _end_as_interrupted()


def _end_as_interrupted() -> None:
    """Let the process end as an interrupt ends others, so that a shell sees it (130); all else at exit is still done.

    CPython notes what the last text that was executed as a program ended with, and looks at that when all is done;
    the status was decided before. Where it does not, the status stays as it was.
    """
    with suppress(KeyboardInterrupt):
        exec("raise KeyboardInterrupt")  # noqa: S102  # of our own text, and there is no other way


unfinished = UnfinishedRuns()
