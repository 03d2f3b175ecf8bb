"""InFlight: what is in flight at models, as curves that can be told apart, however many models there are.

A few models have a curve each, one before the other, with a line for each limit. Of many, the curves lie on each other:
the busiest of the window below, each in a colour of its own, all the rest above them; one line is that of all limits
together.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from notebook_gen.views.moves import Corner
from notebook_gen.views.resources import ResourceLook, counted

if TYPE_CHECKING:
    from notebook_gen.views.history import Array
    from notebook_gen.views.load import Load

MOST_APART: Final = 6
"""Models with a curve each, at most."""

_MOST_COLORED = 5
_OPACITY = 0.35
_SHARED_COLOR = "soft"


class Curve(NamedTuple):
    """A curve, filled down to the lower edge of its band.

    Attributes:
        resource: whose tasks; None: those of several.
        color: by name.
        opacity: how full it is.
        heights: tasks in flight, at each moment of the load; of curves on each other, those of the ones below, too.
        limit: the corners of the line of its limit; empty if it has none of its own.
    """

    resource: int | None
    color: str
    opacity: float
    heights: "Array"
    limit: tuple[Corner, ...]


class InFlight(NamedTuple):
    """All curves, as they are drawn one before the other.

    Attributes:
        curves: those that are covered by others first.
        most: what the band has room for.
    """

    curves: tuple[Curve, ...]
    most: int

    @property
    def is_stacked(self) -> bool:
        """Whether the curves lie on each other."""
        return any(curve.resource is None for curve in self.curves)


def make_in_flight(
    looks: Sequence[ResourceLook],
    load: "Load",
    limits: Sequence[tuple[Corner, ...]],
    ceilings: Sequence[int],
) -> InFlight:
    """Make the curves.

    Args:
        looks: how each resource is shown.
        load: how many tasks of each were in flight.
        limits: the corners of the line of each limit.
        ceilings: slots of each.
    """
    shown = counted(looks)
    if len(shown) <= MOST_APART:
        apart = tuple(
            Curve(number, looks[number].color, _OPACITY, load.in_flight[number], limits[number]) for number in shown
        )
        highest = [max(ceilings[curve], int(load.in_flight[curve].max())) for curve in shown]
        return InFlight(apart, max([1, *highest]))
    total = load.in_flight[shown].sum(axis=0)
    line = _all_limits([limits[number] for number in shown], load.times)
    curves = [Curve(None, _SHARED_COLOR, _OPACITY, total, line)]
    colored = _busiest(looks, sorted(shown, key=lambda number: -int(load.in_flight[number].sum())))
    for count in range(len(colored), 0, -1):
        heights = load.in_flight[colored[:count]].sum(axis=0)
        curves.append(Curve(colored[count - 1], looks[colored[count - 1]].color, 1.0, heights, ()))
    return InFlight(tuple(curves), max(1, sum(ceilings[number] for number in shown), int(total.max())))


def say_curves(in_flight: InFlight, names: Mapping[int, str]) -> str:
    """Say which curve is whose, from the lowest up, where they lie on each other; else nothing.

    Args:
        in_flight: the curves.
        names: of each resource.
    """
    if not in_flight.is_stacked:
        return ""
    own = [names[curve.resource] for curve in reversed(in_flight.curves) if curve.resource is not None]
    rest = len(names) - len(own)
    return f"from below: {', '.join(own)}, in grey {rest} others; the line: all limits together"


def _busiest(looks: Sequence[ResourceLook], by_load: Sequence[int]) -> list[int]:
    """The busiest resources that have a colour of their own, as far as colours go."""
    chosen: dict[str, int] = {}
    for number in by_load:
        if looks[number].color != _SHARED_COLOR:
            chosen.setdefault(looks[number].color, number)
    return list(chosen.values())[:_MOST_COLORED]


def _all_limits(lines: Sequence[tuple[Corner, ...]], times: "Array") -> tuple[Corner, ...]:
    """The line of the sum of some limits, as it is at the moments of a load."""
    import numpy as np

    total = np.zeros(len(times), np.int64)
    for line in lines:
        moments, limits = np.array(line).T
        total += limits[np.maximum(moments.searchsorted(times, side="right") - 1, 0)].astype(np.int64)
    steps = [(float(times[0]), int(total[0]))]
    steps += [
        (float(moment), int(after))
        for moment, (before, after) in zip(times[1:], pairwise(total.tolist()), strict=True)
        if after != before
    ]
    turns = [((moment, before), (moment, after)) for (_, before), (moment, after) in pairwise(steps)]
    return (steps[0], *(corner for turn in turns for corner in turn), (float(times[-1]), steps[-1][1]))
