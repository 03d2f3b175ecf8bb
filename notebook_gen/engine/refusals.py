"""Refusals: which 429s say that the limit is too high, and which come by chance.

An endpoint that is shared, or that turns calls away at random, refuses some however few are sent. A limit that fell at
each of these would end at one. So the share is learned that is refused however few calls there are: as many refusals,
give or take three standard deviations, are expected at every limit, and lower none.

Two things show this share. Falls of the limit that do not help show it soon; what calls meet that are few shows it for
sure. An endpoint at which neither is seen has no such share, and every refusal counts: it may be one that takes so many
calls a minute.
"""

from math import sqrt
from typing import Final

from notebook_gen.engine.falls import Falls

WINDOW: Final = 64
"""Answers after which counting begins anew."""

FEW: Final = 8
"""Calls are few while the limit is at most the ceiling divided by this, or one."""

ENOUGH_OF_FEW: Final = 16
"""Answers to calls that were few, from which a share is told; it is told anew after half as many."""

LARGEST_SHARE: Final = 0.5
"""An endpoint that refuses more than this is overloaded, not fickle."""

_DEVIATIONS = 3.0


class Refusals:
    """Counts the answers of an endpoint, refusals among them, at the limit that it has now.

    Attributes:
        by_chance: the share of calls that is refused at any limit; 0: none that is known.
    """

    __slots__ = ("_answers", "_falls", "_of_few", "_of_few_refused", "_refused", "by_chance")

    def __init__(self) -> None:
        self.by_chance = 0.0
        self._falls = Falls()
        self.begin_anew()
        self._of_few = self._of_few_refused = 0.0

    def begin_anew(self) -> None:
        """Forget what was counted at another limit."""
        self._answers = self._refused = 0

    def add(self, *, is_refused: bool, is_of_few: bool, in_flight: int) -> bool:
        """Count an answer; gives whether there are more refusals than come by chance.

        Args:
            is_refused: whether it was a 429.
            is_of_few: whether few calls of this run were at the endpoint with it.
            in_flight: calls that are still at the endpoint; refusals come sooner than answers, so these count as calls
                that were not refused.
        """
        if is_of_few:
            self._add_of_few(is_refused=is_refused)
        self._answers += 1
        self._refused += is_refused
        is_too_many = is_refused and self._refused > self._expected(self._answers + in_flight, _DEVIATIONS)
        if self._answers >= WINDOW:
            if self._refused < self._expected(self._answers, -_DEVIATIONS):
                self.by_chance = self._refused / self._answers
            self.begin_anew()
        return is_too_many

    def answered(self, *, is_refused: bool, is_of_burst: bool) -> None:
        """Count an answer at any limit; `is_of_burst`: to a call that was under way when the limit fell."""
        self._falls.answered(is_refused=is_refused, is_of_burst=is_of_burst)

    def fall(self, limit: int, in_flight: int) -> int:
        """Note that there are too many refusals at a limit; gives the higher one to go back to, or zero: it is to fall.

        Args:
            limit: the limit.
            in_flight: calls that were at the endpoint with the one that was refused.
        """
        self.begin_anew()
        if self._falls.add(limit, in_flight + 1):
            self.by_chance = 0.0
        if not self._falls.are_in_doubt or self._falls.share > LARGEST_SHARE:
            return 0
        self.by_chance = self._falls.share
        limit = self._falls.highest
        self._falls.conclude()
        return limit

    def _expected(self, calls: int, deviations: float) -> float:
        expected = self.by_chance * calls
        return expected + deviations * sqrt(expected * (1.0 - self.by_chance))

    def _add_of_few(self, *, is_refused: bool) -> None:
        self._of_few += 1
        self._of_few_refused += is_refused
        if self._of_few >= ENOUGH_OF_FEW:
            share = self._of_few_refused / self._of_few
            self.by_chance = share if share <= LARGEST_SHARE else 0.0
            # a few answers more must not make a share unknown that many have shown
            self._of_few /= 2
            self._of_few_refused /= 2
