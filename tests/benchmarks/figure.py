"""Figure: one measurement beside the floor it was measured against."""

from typing import NamedTuple


class Figure(NamedTuple):
    """What was measured, and what could not be beaten, in the same run on the same machine.

    Attributes:
        what: the measurement, in a few words.
        measured: the figure with its unit, as text.
        floor: the floor with its unit, as text, and what it is.
        ratio: how far apart they are: 1 is the floor itself, more is worse. None where the floor is no measure of it.
        budget: what should not be exceeded; empty where nothing was promised.
    """

    what: str
    measured: str
    floor: str
    ratio: float | None
    budget: str
