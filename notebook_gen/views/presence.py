"""Presence: whether somebody is at work in a live view, from what pages say of it.

- While the run goes on, it is who has touched the view a moment ago, and who is busy there: something is zoomed or
  picked, a record is open, the pointer or the focus is in it.
- When the run is over, they are there until the view has been left alone: for long where somebody is busy, as they may
  be back; else for a while from the last touch, or since the pointer or the focus left.
- Each page speaks for itself; one that vanishes without a word is let go as one that was left busy.
"""

import math
import time
from collections.abc import Callable
from typing import Final, NamedTuple

MOST_PAGES: Final = 30
"""Pages of which is kept what they say; of more, those that have been silent for longest are forgotten."""


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


class _Sign(NamedTuple):
    """What a page has said last."""

    is_busy: bool
    heard: float
    touched: float


class Presence:
    """Knows whether somebody is at work in one view, in whichever of the pages that show it.

    Args:
        clock: seconds, never going back.

    Attributes:
        patience: may be changed at any time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.patience = Patience()
        self._clock = clock
        self._signs: dict[str, _Sign] = {}  # by pages, the one that spoke last at the end
        self._ended: float | None = None

    def hear(self, word: object) -> None:
        """Take what a page says: its own name, whether somebody is busy there, how many seconds ago it was touched."""
        match word:
            case {"page": str() as page, "busy": bool() as is_busy, "touched": None | int() | float() as ago}:
                now = self._clock()
                touched = -math.inf if ago is None else now - max(0.0, ago)
                before = self._signs.pop(page, None)
                if self._ended is not None and before is not None and before.is_busy and not is_busy:
                    touched = now
                self._signs[page] = _Sign(is_busy, now, touched)
                if len(self._signs) > MOST_PAGES:
                    del self._signs[next(iter(self._signs))]
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
        now, signs, ended = self._clock(), self._signs.values(), self._ended
        until = [sign.touched + (self.patience.touched if ended is None else self.patience.left) for sign in signs]
        if is_reading or any(sign.is_busy for sign in signs):
            # a record is open in all pages
            heard = [sign.heard for sign in signs if sign.is_busy or is_reading]
            until.append((now if ended is None else max([ended, *heard])) + self.patience.busy)
        return max(until, default=-math.inf) - now
