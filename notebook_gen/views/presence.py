"""Presence: whether somebody is at work in a live view, from what pages say of it.

- While the run goes on, it is who has touched the view a moment ago, and who is busy there: something is zoomed or
  picked, a record is open, the pointer or the focus is in it.
- When the run is over, they are there until the view has been left alone: for long where somebody is busy, as they may
  be back; else for a while from the last touch, or since the pointer or the focus left.
"""

import math
import time
from collections.abc import Callable
from typing import NamedTuple


class Patience(NamedTuple):
    """Seconds without a sign of anybody, after which nobody is there.

    Attributes:
        touched: since the last touch, while the run goes on.
        left: since the last touch, when the run is over.
        busy: since the last sign of who is busy, when the run is over.
    """

    touched: float = 20.0
    left: float = 60.0
    busy: float = 600.0


class Presence:
    """Knows whether somebody is at work in one view; of several pages that show it, the last that spoke counts.

    Args:
        clock: seconds, never going back.

    Attributes:
        patience: may be changed at any time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.patience = Patience()
        self._clock = clock
        self._is_busy = False
        self._touched = self._heard = -math.inf
        self._ended: float | None = None

    def hear(self, word: object) -> None:
        """Take what a page says: whether somebody is busy there, and how many seconds ago it was touched, or None."""
        match word:
            case {"busy": bool() as is_busy, "touched": None | int() | float() as ago}:
                now = self._heard = self._clock()
                self._touched = -math.inf if ago is None else now - max(0.0, ago)
                if self._ended is not None and self._is_busy and not is_busy:
                    self._touched = now
                self._is_busy = is_busy
            case _:
                pass

    def end(self) -> None:
        """Take note that the run is over."""
        self._ended = self._clock()

    def seconds_left(self, *, is_reading: bool) -> float:
        """How long somebody will be there if nothing more is heard; 0 or less if nobody is.

        Args:
            is_reading: whether a record is open.
        """
        now = self._clock()
        if self._is_busy or is_reading:
            since = now if self._ended is None else max(self._ended, self._heard)
            return since + self.patience.busy - now
        patience = self.patience.touched if self._ended is None else self.patience.left
        return self._touched + patience - now
