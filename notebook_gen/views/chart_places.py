"""Places of a Gantt chart, in pixels from the top of its plotting area."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from notebook_gen.views.lanes import Lanes
from notebook_gen.views.resources import LABEL_SIZE
from notebook_gen.views.text import text_width

SMALL_SIZE: Final = 10.0
LABEL_PITCH: Final = 13.0
"""Pixels from a label to the next, at least."""
AXIS_HEIGHT: Final = 26
TOP_MARGIN: Final = 6

LANE_PITCH: Final = 12.5
GROUP_GAP: Final = 8.0
WAITING: Final = 26.0
IN_FLIGHT: Final = 32.0
BAND_GAP: Final = 12.0

_WIDEST_PITCH = 18.0
_WIDEST_ROW = 15.0  # for each attempt that stands beside another
_ROW_GAP = 1.0
_ROWS_TOP = 4.0  # a thin row, and its label, keep off what is above
_NARROWEST_LABEL = 66.0
_LABEL_GAP = 8.0
_PADDING = 16.0  # of the view: labels begin where all else begins
_TWO_LINES = 25.0
_LEAST_SHARE = 0.5  # of their height remains of lanes whose neighbours need room for a label
_MOST_GAPS = 0.3  # of the room for lanes


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch across the chart."""

    top: float
    bottom: float

    @property
    def middle(self) -> float:
        """Half-way down."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Places:
    """A chart's places.

    Attributes:
        height: of the plotting area.
        label_width: room for labels at its left.
        lanes: the middle of each lane.
        thickness: of a bar.
        groups: the ground of each group of lanes.
        waiting: the band of the tasks that wait; None where lanes take all the room.
        in_flight: the band of the tasks in flight, likewise.
        labelled: the groups that have a label: those that have room for one.
    """

    height: float
    label_width: float
    lanes: tuple[float, ...]
    thickness: float
    groups: tuple[Band, ...]
    waiting: Band | None
    in_flight: Band | None
    labelled: tuple[int, ...]

    @property
    def lanes_end(self) -> float:
        """How far down the last lane ends."""
        return self.groups[-1].bottom if self.groups else 0.0

    @property
    def pauses_end(self) -> float:
        """How far down the ground of a pause goes: as far as the word on it, which stands below the last lane."""
        return self.lanes_end + BAND_GAP

    @property
    def words(self) -> float:
        """How far down the words about limits stand: between the bands, where no line crosses them."""
        return self.in_flight.top - BAND_GAP / 2 if self.in_flight is not None else 0.0

    @property
    def labels(self) -> list[float]:
        """How far down each label stands, in the order of `Chart.labels`."""
        bands = [*(self.groups[group] for group in self.labelled), self.waiting, self.in_flight]
        return [band.middle for band in bands if band is not None]

    @property
    def two_lines(self) -> list[bool]:
        """Whether the label of each group that has one has room for a second line."""
        middles = self.labels[: len(self.labelled)]
        above = [-TOP_MARGIN - _TWO_LINES / 2, *middles]
        below = [*middles[1:], self.height + _TWO_LINES]
        return [
            place - before >= _TWO_LINES and after - place >= _TWO_LINES
            for before, place, after in zip(above, middles, below, strict=False)
        ]

    @property
    def skipped(self) -> list[int]:
        """How many groups without a label follow each that has one."""
        following = [*self.labelled[1:], len(self.groups)]
        return [after - group - 1 for group, after in zip(self.labelled, following, strict=False)]


def inner_height(height: float) -> float:
    """Give the pixels of the plotting area in a chart of some height."""
    return height - TOP_MARGIN - AXIS_HEIGHT


def rows_height(height: float) -> float:
    """Give the pixels of it for lanes that are rows: below them a word has room, where other lanes have their bands."""
    return inner_height(height) - BAND_GAP - _ROWS_TOP


def place_lanes(lanes: Lanes, names: Sequence[str], height: float, *, below: Sequence[str] = ()) -> Places:
    """Place everything.

    Args:
        lanes: the lanes.
        names: the names at their left.
        height: pixels of the whole, axis included.
        below: the widest lines that will ever stand below names.
    """
    widths = [text_width(name, LABEL_SIZE) for name in names] + [text_width(line, SMALL_SIZE) for line in below]
    label_width = _PADDING + max([_NARROWEST_LABEL, *widths]) + _LABEL_GAP
    is_rows = lanes.kind == "rows"
    return _place_rows(lanes, height, label_width) if is_rows else _place(lanes, inner_height(height), label_width)


def _place(lanes: Lanes, inside: float, label_width: float) -> Places:
    """What the lanes leave over makes the bands below them higher."""
    room, gaps = inside - WAITING - IN_FLIGHT - 2 * BAND_GAP, max(0, len(lanes.counts) - 1)
    gap = min(GROUP_GAP if lanes.total <= 40 else GROUP_GAP / 2, _MOST_GAPS * room / max(1, gaps))
    room -= gap * gaps
    pitch, least = _share(lanes.counts, room, LABEL_PITCH - gap)
    middles: list[float] = []
    groups: list[Band] = []
    top = 0.0
    for count in lanes.counts:
        band = Band(top, top + max(pitch * count, least))
        middles += [band.top + (band.bottom - band.top) * (lane + 0.5) / count for lane in range(count)]
        groups.append(band)
        top = band.bottom + gap
    end = groups[-1].bottom if groups else 0.0
    spare = inside - end - WAITING - IN_FLIGHT - 2 * BAND_GAP
    waiting = Band(end + BAND_GAP, end + BAND_GAP + WAITING + spare * 0.45)
    in_flight = Band(waiting.bottom + BAND_GAP, inside)
    thickness = pitch * (0.74 if pitch >= 5 else 0.9)
    labelled = _labelled(groups)
    if len(labelled) < len(groups):
        label_width += text_width(f" +{len(groups)}", LABEL_SIZE)
    return Places(inside, label_width, tuple(middles), thickness, tuple(groups), waiting, in_flight, labelled)


def _share(counts: Sequence[int], room: float, least: float) -> tuple[float, float]:
    """How high a lane is, and a group at least: as high as its label, unless that halves the lanes of the others."""
    equal = min(_WIDEST_PITCH, room / max(1, sum(counts)))
    larger, pitch = list(counts), equal
    while any(pitch * count < least for count in larger):
        larger = [count for count in larger if pitch * count >= least]
        rest = room - least * (len(counts) - len(larger))
        if not larger:
            # labels alone take the room
            return (min(pitch, least), least) if rest >= 0 else (equal, 0.0)
        pitch = rest / sum(larger)
        if pitch < _LEAST_SHARE * equal:
            return equal, 0.0
    return pitch, least


def _place_rows(lanes: Lanes, height: float, label_width: float) -> Places:
    """Every row has the same height, and its lanes share it equally; bars are as thick in all of them."""
    most = max(lanes.counts, default=1)
    pitch = min(_WIDEST_ROW * most, rows_height(height) / max(1, len(lanes.groups)))
    gap = _ROW_GAP if pitch >= 8 else 0.0
    part = (pitch - gap) / most
    tops = [_ROWS_TOP + pitch * number for number in range(len(lanes.groups))]
    groups = tuple(Band(top, top + pitch - gap) for top in tops)
    middles = tuple(
        band.top + (pitch - gap) * (lane + 0.5) / count
        for band, count in zip(groups, lanes.counts, strict=True)
        for lane in range(count)
    )
    thickness = min(11.0, part * (0.72 if part >= 5 else 0.85))
    return Places(inner_height(height), label_width, middles, thickness, groups, None, None, _labelled(groups))


def _labelled(groups: Sequence[Band]) -> tuple[int, ...]:
    """The groups whose labels lie apart, from the first on."""
    chosen: list[int] = []
    for number, band in enumerate(groups):
        if not chosen or band.middle - groups[chosen[-1]].middle >= LABEL_PITCH - 0.01:
            chosen.append(number)
    return tuple(chosen)
