"""LastWait: waits for the end of a run that was cancelled, and tells a script what it waits for.

Only the user's own code can last: a callback, or a processor. An interrupt of who was told so leaves it behind.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from notebook_gen.views.source import RunSource

PATIENCE: Final = 5.0
"""Seconds that are waited, at most."""

HEARTBEAT: Final = 0.1
"""Seconds between two looks at whether a run has ended."""

_SILENCE: Final = 0.3  # in which most runs have ended: what lasts longer is told


class LastWait:
    """How the end of a run is waited for.

    Args:
        source: the run.
        over: set when it has ended.
        give_up: has it end without the user's code; returns at once.
        is_shown: whether a live view tells what is told here otherwise, and offers to leave the code behind.
    """

    def __init__(
        self,
        source: RunSource,
        over: threading.Event,
        give_up: Callable[[], None],
        is_shown: Callable[[], bool],
    ) -> None:
        self._source = source
        self._over = over
        self._give_up = give_up
        self._is_shown = is_shown

    def after_interrupt(self, meanwhile: Callable[[], None]) -> None:
        """Wait for a while; raises nothing if there are more interrupts.

        Args:
            meanwhile: called a few times a second.
        """
        with suppress(KeyboardInterrupt):
            self._wait(meanwhile, "; Ctrl+C again leaves it behind")

    async def after_cancellation(self) -> None:
        """Wait for a while, on the caller's event loop."""
        for beat in range(round(PATIENCE / HEARTBEAT)):
            if self._over.is_set():
                return
            if beat == round(_SILENCE / HEARTBEAT):
                self._say()
            await asyncio.sleep(HEARTBEAT)

    def at_exit(self) -> None:
        """Wait for a while, or until there is an interrupt; then leave behind what is waited for."""
        with suppress(KeyboardInterrupt):
            self._wait(lambda: None, "; Ctrl+C leaves it behind")
            if not self._over.is_set():
                self._leave_behind()

    def _wait(self, meanwhile: Callable[[], None], way_out: str) -> None:
        try:
            if self._over.wait(_SILENCE):
                return
            self._say(way_out)
            deadline = time.monotonic() + PATIENCE - _SILENCE
            while time.monotonic() < deadline and not self._over.wait(HEARTBEAT):
                meanwhile()
        except KeyboardInterrupt:
            if not self._is_shown():
                self._leave_behind()

    def _say(self, way_out: str = "") -> None:
        if self._is_shown() or sys.stderr is None:
            return
        cancelling = self._source.cancelling()
        names = ", ".join(cancelling.waits_for) if cancelling is not None else ""
        said = f"cancelled, and waits for {names}" if names else "cancelled, and has not ended yet"
        line = f"notebook_gen: {self._source.title}: {said}{way_out}"
        print(line, file=sys.stderr, flush=True)  # noqa: T201  # who waits reads it there

    def _leave_behind(self) -> None:
        self._give_up()
        self._over.wait(PATIENCE)
