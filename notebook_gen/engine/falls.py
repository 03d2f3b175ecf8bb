"""Falls: whether a limit falls because calls are too many, or without helping.

An endpoint that takes so many calls at once refuses none of as few as it has just taken. One whose limit fell, and
falls again with no more calls at once than were taken before, refuses by chance, or is shared with others.
"""

from typing import Final

FALLS_IN_DOUBT: Final = 3
"""Falls in a row, at no more calls at once than had been taken, after which calls are not what is too much."""

SOON: Final = 64
"""Answers within which another fall refutes that calls were not too many."""


class Falls:
    """The falls of a limit since one could be explained by too many calls at once.

    A fall's burst are the calls that were under way then: several of them may be refused, and the limit falls once.

    Attributes:
        highest: the limit before the first of these falls.
    """

    __slots__ = (
        "_answers",
        "_burst",
        "_burst_refused",
        "_enough",
        "_in_doubt",
        "_refused",
        "_since",
        "_taken",
        "highest",
    )

    def __init__(self) -> None:
        self._enough = FALLS_IN_DOUBT
        self._since = SOON
        self._burst = self._burst_refused = 0
        self._taken = self._in_doubt = self.highest = 0
        self._answers = self._refused = 1

    @property
    def are_in_doubt(self) -> bool:
        """Whether the falls have not helped."""
        return self._in_doubt >= self._enough

    @property
    def share(self) -> float:
        """The share of calls that was refused, whatever the limit was.

        What is counted begins with a refusal and ends with one, so that one is too many.
        """
        return (self._refused - 1) / max(1, self._answers - 1)

    def answered(self, *, is_refused: bool, is_of_burst: bool) -> None:
        """Count an answer; `is_of_burst`: to a call that was under way when the limit fell."""
        self._answers += 1
        self._since += 1
        if is_refused:
            self._refused += 1
            self._burst_refused += is_of_burst

    def add(self, limit: int, at_once: int) -> bool:
        """Note that a limit is to fall, because a call was refused among `at_once`.

        Returns:
            Whether this refutes what was concluded a moment ago; it then takes twice as many falls to conclude it.
        """
        is_refuted = self._since < SOON
        if is_refuted:
            self._enough *= 2
            self._since = SOON
        self._learn_from_burst()
        if at_once <= self._taken:
            self._in_doubt += 1
        else:
            self._begin_anew()
        self._burst, self._burst_refused = at_once, 1
        self.highest = max(self.highest, limit)
        return is_refuted

    def conclude(self) -> None:
        """Begin anew: the calls were not too many, and the limit is `highest` again."""
        self._since = 0
        self._burst = self._burst_refused = 0
        self._begin_anew()

    def _learn_from_burst(self) -> None:
        """See how many calls had been taken at once when the limit fell."""
        taken = self._burst - self._burst_refused
        if self._burst_refused > max(1, taken):
            # it takes fewer than it did
            self._begin_anew()
        self._taken = max(self._taken, taken)

    def _begin_anew(self) -> None:
        self._taken = self._in_doubt = self.highest = 0
        self._answers = self._refused = 1
