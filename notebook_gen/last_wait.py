"""LastWait: waits for the end of a run that was cancelled, and tells a script what it waits for.

Only the user's own code can last: a callback, a processor, or what holds the event loop up. An interrupt of who was
told so leaves it behind.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from notebook_gen.engine.loop import MUST_NOT_BLOCK, BackgroundLoop
from notebook_gen.views.source import RunSource
from notebook_gen.views.summary import say_unwaited

T = TypeVar("T", bound=BaseException)

PATIENCE: Final = 5.0
"""Seconds that are waited, at most."""

HEARTBEAT: Final = 0.1
"""Seconds between two looks at whether a run has ended."""

_SILENCE: Final = 0.3  # in which most runs have ended: what lasts longer is told


def show_in_short(interrupt: T) -> T:
    """Have IPython show what it says, without the lines in which somebody's wait was interrupted: they tell nothing.

    Source: `_render_traceback_`, by which exceptions say in IPython what to show of them.
    """
    said = [str(part) for part in (*interrupt.args, *getattr(interrupt, "__notes__", ())) if str(part)]
    line = ": ".join([type(interrupt).__name__, *said])
    vars(interrupt)["_render_traceback_"] = lambda: [line]
    return interrupt


class LastWait:
    """How the end of a run is waited for.

    Args:
        source: the run.
        loop: what it lives on.
        over: set when it has ended.
        give_up: has it end without the user's code; returns at once.
        is_shown: whether a live view tells what is told here otherwise, and offers to leave the code behind.
    """

    def __init__(
        self,
        source: RunSource,
        loop: BackgroundLoop,
        over: threading.Event,
        give_up: Callable[[], None],
        is_shown: Callable[[], bool],
    ) -> None:
        self._source = source
        self._loop = loop
        self._over = over
        self._give_up = give_up
        self._is_shown = is_shown
        self._has_waited = False

    def after_interrupt(self, meanwhile: Callable[[], None]) -> None:
        """Wait for a while; raises nothing if there are more interrupts.

        Args:
            meanwhile: called a few times a second.
        """
        try:
            self._wait(meanwhile, "cancelled", "; Ctrl+C again leaves it behind")
        except KeyboardInterrupt:
            if not self._is_shown():
                self._leave_behind()

    async def after_cancellation(self) -> None:
        """Wait for a while, on the caller's event loop."""
        self._has_waited, heard = True, self._ask_loop()
        for beat in range(round(PATIENCE / HEARTBEAT)):
            if self._over.is_set():
                return
            if beat == round(_SILENCE / HEARTBEAT):
                self._say("cancelled", "", heard)
            await asyncio.sleep(HEARTBEAT)

    def at_exit(self, *, was_cancelled: bool) -> tuple[str, bool]:
        """Wait for a while, or until there is an interrupt; then leave behind what is waited for.

        Says what became of the run, and whether there was an interrupt.

        Args:
            was_cancelled: before the program ended.
        """
        interrupted = False
        try:
            # whoever has waited for a loop that is held up has waited enough
            if not self._has_waited or self._ask_loop().wait(_SILENCE):
                said = "cancelled" if was_cancelled else "the program ends, so it is cancelled"
                self._wait(lambda: None, said, "; Ctrl+C leaves it behind")
        except KeyboardInterrupt:
            interrupted = True
        if not self._over.is_set():
            interrupted = self._leave_behind() or interrupted
        return say_unwaited(self._source, was_cancelled=was_cancelled, held_up=self._held_up()), interrupted

    def say_unended(self) -> str:
        """Say that it has not ended, and why, if that is known."""
        held_up = self._held_up()
        return f"the run was cancelled, and has not ended yet{f': {held_up}; {MUST_NOT_BLOCK}' if held_up else ''}"

    def _wait(self, meanwhile: Callable[[], None], said: str, way_out: str) -> None:
        self._has_waited, heard = True, self._ask_loop()
        if self._over.wait(_SILENCE):
            return
        self._say(said, way_out, heard)
        deadline = time.monotonic() + PATIENCE - _SILENCE
        while time.monotonic() < deadline and not self._over.wait(HEARTBEAT):
            meanwhile()

    def _say(self, said: str, way_out: str, heard: threading.Event) -> None:
        if self._is_shown() or sys.stderr is None:
            return
        cancelling = self._source.cancelling()
        names = ", ".join(cancelling.waits_for) if cancelling is not None else ""
        why = f", and waits for {names}" if names else ", and has not ended yet"
        if not heard.is_set() and (held_up := self._loop.held_up()):
            why = f", but {held_up}; {MUST_NOT_BLOCK}"
        line = f"notebook_gen: {self._source.title}: {said}{why}{way_out}"
        print(line, file=sys.stderr, flush=True)  # noqa: T201  # who waits reads it there

    def _ask_loop(self) -> threading.Event:
        """Give what is set when the event loop gets to it: not while the user's code holds it up."""
        heard = threading.Event()
        self._loop.post(heard.set)
        return heard

    def _held_up(self) -> str:
        """Say what keeps the run from hearing of its end; empty if nothing does."""
        if self._over.is_set() or self._ask_loop().wait(_SILENCE):
            return ""
        return self._loop.held_up()

    def _leave_behind(self) -> bool:
        """End without the user's code, as far as the run hears of it; gives whether that was interrupted."""
        self._give_up()
        try:
            if self._ask_loop().wait(_SILENCE):
                self._over.wait(PATIENCE)
        except KeyboardInterrupt:
            return True
        return False
