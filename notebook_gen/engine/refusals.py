"""Refusals: which 429s say that the limit is too high, and which come by chance.

An endpoint that is shared, or that turns calls away at random, refuses some however few are sent. A limit that fell at
each of these would end at one. So what calls met that were alone is remembered: as large a share of refusals, give or
take three standard deviations, is expected at every limit, and lowers none. An endpoint that never refused a call that
was alone has no such share, and every refusal counts.
"""

from math import sqrt
from typing import Final

WINDOW: Final = 64
"""Answers after which counting begins anew."""

ENOUGH_ALONE: Final = 16
"""Answers to calls that were alone, from which a share is told."""

LARGEST_SHARE: Final = 0.5
"""An endpoint that refuses more than this is overloaded, not fickle."""

_DEVIATIONS = 3.0


class Refusals:
    """Counts the answers of an endpoint, refusals among them, at the limit that it has now.

    Attributes:
        by_chance: the share of calls that is refused at any limit; 0: none that is known.
    """

    __slots__ = ("_alone", "_alone_refused", "_answers", "_refused", "by_chance")

    def __init__(self) -> None:
        self.by_chance = 0.0
        self.begin_anew()
        self._alone = self._alone_refused = 0

    def begin_anew(self) -> None:
        """Forget what was counted at another limit."""
        self._answers = self._refused = 0

    def add(self, *, is_refused: bool, is_alone: bool, in_flight: int) -> bool:
        """Count an answer; gives whether there are more refusals than come by chance.

        Args:
            is_refused: whether it was a 429.
            is_alone: whether no other call of this run was at the endpoint with it.
            in_flight: calls that are still at the endpoint; refusals come sooner than answers, so these count as calls
                that were not refused.
        """
        if is_alone:
            self._add_alone(is_refused=is_refused)
        self._answers += 1
        self._refused += is_refused
        is_too_many = is_refused and self._refused > self._expected(self._answers + in_flight, _DEVIATIONS)
        if self._answers >= WINDOW:
            if self._refused < self._expected(self._answers, -_DEVIATIONS):
                self.by_chance = self._refused / self._answers
            self.begin_anew()
        return is_too_many

    def _expected(self, calls: int, deviations: float) -> float:
        expected = self.by_chance * calls
        return expected + deviations * sqrt(expected * (1.0 - self.by_chance))

    def _add_alone(self, *, is_refused: bool) -> None:
        self._alone += 1
        self._alone_refused += is_refused
        if self._alone >= ENOUGH_ALONE:
            share = self._alone_refused / self._alone
            self.by_chance = share if share <= LARGEST_SHARE else 0.0
            self._alone = self._alone_refused = 0
