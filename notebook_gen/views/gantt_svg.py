"""The Gantt chart as SVG without a script: for reports, and for pages that cannot load plotly.

The marks stand in a picture of their own that is stretched to the width there is; text is never stretched.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notebook_gen.observers.trace import AGAIN, FAILED
from notebook_gen.views.chart import PAUSED, Chart, time_ticks
from notebook_gen.views.chart_places import BAND_GAP, SMALL_SIZE, TOP_MARGIN, Band
from notebook_gen.views.gantt_marks import Mark, crossed, gather
from notebook_gen.views.gantt_traces import (
    BAR_OPACITY,
    GRID_SHADES,
    WAIT_OPACITY,
    bar_kinds,
    grid_shades,
    say_wait,
)
from notebook_gen.views.level_of_detail import LEAST_PIXELS
from notebook_gen.views.occupancy import Grid
from notebook_gen.views.palette import EITHER, Paint, css_paint, theme_paint
from notebook_gen.views.resources import LABEL_SIZE
from notebook_gen.views.text import escape, fit, say_row, write_plural, write_seconds

if TYPE_CHECKING:
    from notebook_gen.views.history import Array

_IMAGE_WIDTH: Final = 900
_NARROWED: Final = 2.2  # times that a page may be narrower than a chart was made for: its words do not shrink
_FEW_BARS: Final = 400
_MOST_TITLES: Final = 1200
"""Marks that have words for who points at them, at most: these take four times as much room as the marks."""
_UNITS: Final = 1000.0
_RIGHT: Final = 14
_HATCH: Final = "1.4 4"  # as wide as a line, and as far from the next
_SLANT: Final = 0.7
_SVG: Final = "http://www.w3.org/2000/svg"


def gantt_svg(chart: Chart) -> str:
    """Draw a chart for a page: as wide as there is room, in the page's theme; a bar takes up to 100 characters."""
    drawing = _Drawing(chart, css_paint, can_be_pointed_at=True)
    # labels hang out of the picture to its left: an SVG's width cannot be a percentage less some pixels
    style = f"display:block;overflow:visible;font-size:{LABEL_SIZE:g}px"
    height = chart.height - TOP_MARGIN
    return (
        f'<div style="padding:{TOP_MARGIN}px {_RIGHT}px 0 {chart.places.label_width:g}px">'
        f'<svg xmlns="{_SVG}" {drawing.about} width="100%" height="{height:g}" style="{style}">'
        f"{drawing.marks(drawing.bars())}</svg></div>"
    )


def gantt_image(chart: Chart) -> str:
    """Draw a chart that stands alone: with a width and colours for light pages and dark ones, no titles of bars."""
    drawing = _Drawing(chart, theme_paint(EITHER), can_be_pointed_at=False)
    left = chart.places.label_width
    return (
        f'<svg xmlns="{_SVG}" {drawing.about} width="{_IMAGE_WIDTH}" height="{chart.height:g}" '
        f'style="font-size:{LABEL_SIZE:g}px;font-family:sans-serif">'
        f'<svg x="{left:g}" y="{TOP_MARGIN}" width="{_IMAGE_WIDTH - left - _RIGHT:g}" overflow="visible">'
        f"{drawing.marks(drawing.strokes())}</svg></svg>"
    )


_Kind = tuple[int, int, list[Mark]]
"""A node, a state, and the marks of both."""


@dataclass(frozen=True, slots=True)
class _Drawing:
    """The marks of one picture, in stretched units across and pixels down."""

    chart: Chart
    paint: Paint
    can_be_pointed_at: bool

    @property
    def about(self) -> str:
        """The attributes that say what it is to those who cannot see it."""
        return f'role="img" aria-label="timeline of {self.chart.detail.total} tasks"'

    def marks(self, bars: Iterable[str]) -> str:
        """Everything, with the bars drawn one way or the other."""
        height = self.chart.places.height
        return "".join(
            (
                f'<svg width="100%" height="{height:g}" viewBox="0 0 {_UNITS:g} {height:g}" ',
                'preserveAspectRatio="none" overflow="visible">',
                *self._ground(),
                *self._pauses(),
                *self._grid(),
                *self._load(),
                *self._waits(),
                *bars,
                *self._crosses(),
                *self._hatches(),
                "</svg>",
                *self._falls(),
                *self._pause_words(),
                *self._ticks(),
                *self._labels(),
            )
        )

    def bars(self) -> Iterator[str]:
        """All bars, with words for who points at one where there are not too many."""
        if self._has_few_bars:
            yield from self._rectangles()
            return
        kinds = list(self._marks())
        if sum(len(marks) for _, _, marks in kinds) > _MOST_TITLES:
            yield from self._strokes(kinds)
            return
        for node, state, marks in kinds:
            name = fit(self.chart.graph.nodes[node].name, 160, LABEL_SIZE)
            yield f'<g style="{self._stroke_style(self.paint(self.chart.colors[node], BAR_OPACITY[state]))}">'
            for mark in marks:
                yield f'<path d="{mark.path}"><title>{escape(self._title_of(name, mark))}</title></path>'
            yield "</g>"
        yield from self._edges(kinds)

    def strokes(self) -> Iterator[str]:
        """All bars, without words."""
        return self._strokes(list(self._marks()))

    def _rectangles(self) -> Iterator[str]:
        """A rectangle for each bar, in a group for each column and state."""
        top = self.chart.places.thickness / 2
        for node, state, places in self._kinds():
            color = self.paint(self.chart.colors[node], BAR_OPACITY[state])
            edge = f";stroke:{self.paint('bad', 1)}" if state == FAILED else ""
            name = fit(self.chart.graph.nodes[node].name, 160, LABEL_SIZE)
            yield f'<g style="fill:{color}{edge}">'
            for at in places:
                x, y, width = self._extent(at)
                yield (
                    f'<rect x="{x:.1f}" y="{y - top:.1f}" width="{width:.1f}" height="{2 * top:.1f}" rx="2">'
                    f"<title>{escape(self._title(name, at))}</title></rect>"
                )
            yield "</g>"

    def _strokes(self, kinds: "list[_Kind]") -> Iterator[str]:
        """One path for all bars of a column and state."""
        for node, state, marks in kinds:
            path = "".join(mark.path for mark in marks)
            yield self._stroke(path, self.paint(self.chart.colors[node], BAR_OPACITY[state]))
        yield from self._edges(kinds)

    def _edges(self, kinds: "list[_Kind]") -> Iterator[str]:
        """A line around whatever failed."""
        high = self.chart.places.thickness
        edges = "".join(
            f"M{mark.x:.1f} {mark.y - high / 2:.1f}h{mark.width:.1f}v{high:.1f}h{-mark.width:.1f}z"
            for _, state, marks in kinds
            if state == FAILED
            for mark in marks
        )
        if edges:
            yield _line(edges, self.paint("bad", 1))

    def _marks(self) -> "Iterator[_Kind]":
        """Each pair of node and state that has bars, and its marks: those too close to be told apart are one."""
        for node, state, places in self._kinds():
            yield node, state, gather((self._extent(at), at) for at in places)

    def _kinds(self) -> Iterator[tuple[int, int, list[int]]]:
        """Each pair of node and state that has bars, and their positions."""
        bars = self.chart.detail.bars
        for node, state in bar_kinds(self.chart.detail):
            yield node, state, ((bars["node"] == node) & (bars["state"] == state)).nonzero()[0].tolist()

    def _ground(self) -> Iterator[str]:
        """The lanes' ground, a line for every round moment, and one at now."""
        detail, places = self.chart.detail, self.chart.places
        for band in places.groups:
            yield (
                f'<rect width="{_UNITS:g}" y="{band.top:.1f}" height="{band.bottom - band.top:.1f}" '
                f'style="fill:{self.paint("lane", 1)}"/>'
            )
        lines = "".join(f"M{self._x(moment):.1f} 0V{places.height:g}" for moment, _ in self._moments())
        yield _line(lines, self.paint("grid", 1))
        if detail.now < detail.window.end:
            yield _line(f"M{self._x(detail.now):.1f} 0V{places.height:g}", self.paint("accent", 1))

    def _pauses(self) -> Iterator[str]:
        """A shade over the time in which the run was paused."""
        height = self.chart.places.pauses_end
        for start, end in self.chart.shown_pauses:
            x, width = self._x(start), self._x(end) - self._x(start)
            style = f"fill:{self.paint('soft', 0.16)}"
            yield f'<rect x="{x:.1f}" width="{width:.1f}" height="{height:.1f}" style="{style}"/>'

    def _pause_words(self) -> Iterator[str]:
        """A word on the ground of each pause that has room for it, below all bars."""
        y = self.chart.places.pauses_end - BAND_GAP / 2 + 3.5
        style = f"fill:{self.paint('ink', 1)};font-size:{SMALL_SIZE:g}px"
        for moment in self.chart.pause_words:
            x = self._x(moment) / _UNITS
            yield f'<text x="{x:.2%}" y="{y:.1f}" text-anchor="middle" style="{style}">{PAUSED}</text>'

    def _grid(self) -> Iterator[str]:
        """What stands for too many bars: one path for each colour and shade."""
        import numpy as np

        grid = self.chart.detail.grid
        if grid is None:
            return
        shades = grid_shades(grid)
        for node, color in enumerate(self.chart.colors):
            for shade, opacity in enumerate(GRID_SHADES):
                cells = np.argwhere((grid.nodes == node) & (shades == shade))
                if len(cells):
                    yield self._stroke(self._cells(cells, grid), self.paint(color, opacity))

    def _crosses(self) -> Iterator[str]:
        """Crosses on failed bars."""
        crosses = ""
        for at in crossed(self.chart.detail):
            x, y, width = self._extent(at)
            crosses += f"M{x + width / 2 - 3:.1f} {y - 3:.1f}l6 6m0-6l-6 6"
        if crosses:
            yield _line(crosses, self.paint("bad", 1), width=1.8)

    def _hatches(self) -> Iterator[str]:
        """Slanting lines over every bar that was tried again: the dashes of one thick line, aslant."""
        thickness = self.chart.places.thickness
        lines = ""
        for at in (self.chart.detail.bars["state"] == AGAIN).nonzero()[0].tolist():
            x, y, width = self._extent(at)
            edge = min(thickness * _SLANT / 2, (width - 1) / 2)
            lines += f"M{x + edge + y * _SLANT:.1f} {y:.1f}h{width - 2 * edge:.1f}"
        if lines:
            style = f"fill:none;stroke:{self.paint('bad', 1)};stroke-width:{thickness:.1f};stroke-dasharray:{_HATCH}"
            yield f'<path d="{lines}" transform="matrix(1 0 {-_SLANT:g} 1 0 0)" style="{style}"/>'

    def _load(self) -> Iterator[str]:
        """What waits, what is in flight, and the limits."""
        chart, load, band = self.chart, self.chart.detail.load, self.chart.places.in_flight
        waiting = chart.places.waiting
        if waiting is None or band is None:
            return
        most_waiting = max(1, int(load.waiting.max()))
        yield self._area(load.waiting, waiting, most_waiting, self.paint("warn", 0.3))
        most = chart.in_flight.most
        for curve in chart.in_flight.curves:
            yield self._area(curve.heights, band, most, self.paint(curve.color, curve.opacity))
            corners = " ".join(
                f"{self._x(moment):.1f} {band.bottom - (band.bottom - band.top) * limit / most:.1f}"
                for moment, limit in curve.limit
            )
            if corners:
                yield _line(f"M{corners}", self.paint(curve.color, 1), dash="3 2")

    def _waits(self) -> Iterator[str]:
        """Where lanes are rows: thin lines for waits, dotted while an endpoint was left alone."""
        chart, bars = self.chart, self.chart.detail.bars
        if chart.detail.lanes.kind != "rows":
            return
        starts = [max(0.0, self._x(moment)) for moment in (bars["started"] - bars["waited"]).tolist()]
        for node, color in enumerate(chart.colors):
            path = ""
            for at in (bars["node"] == node).nonzero()[0].tolist():
                x, y, _ = self._extent(at)
                path += f"M{starts[at]:.1f} {y:.1f}H{x:.1f}" if starts[at] < x else ""
            if path:
                yield _line(path, self.paint(color, WAIT_OPACITY))
        path = ""
        for part in chart.cooling:
            y = chart.places.lanes[int(bars["lane"][part.bar])]
            path += f"M{max(0.0, self._x(part.start)):.1f} {y:.1f}H{self._x(part.end):.1f}"
        if path:
            yield _line(path, self.paint("warn", 1), width=1.6, dash="2 2")

    def _falls(self) -> Iterator[str]:
        """Words where a limit fell, beside its line."""
        style = f"fill:{self.paint('warn_text', 1)};font-size:{SMALL_SIZE:g}px"
        y = self.chart.places.words + 3.5
        for fall in self.chart.choose_falls(_NARROWED):
            x = self._x(fall.moment) / _UNITS
            yield f'<text x="{x:.2%}" y="{y:.1f}" dx="3" style="{style}">{escape(fall.words)}</text>'

    def _ticks(self) -> Iterator[str]:
        """The axis' words, at their places in percent."""
        y = self.chart.places.height + 17
        style = f"fill:{self.paint('soft', 1)};font-size:{SMALL_SIZE:g}px"
        for moment, word in self._moments():
            x = self._x(moment) / _UNITS
            yield f'<text x="{x:.2%}" y="{y:g}" text-anchor="middle" style="{style}">{word}</text>'

    def _labels(self) -> Iterator[str]:
        """The names of lanes and bands, at the left."""
        ink, soft = (f"fill:{self.paint(name, 1)}" for name in ("ink", "soft"))
        labels = zip(self.chart.labels, self.chart.titles, self.chart.places.labels, strict=True)
        for (name, below), title, y in labels:
            whole = f"<title>{escape(title)}</title>" if self.can_be_pointed_at else ""
            yield (
                f'<text x="-8" y="{y - 2 if below else y + 4:.1f}" text-anchor="end" style="{ink}">'
                f"{whole}{escape(name)}</text>"
                f'<text x="-8" y="{y + 10:.1f}" text-anchor="end" style="{soft};font-size:{SMALL_SIZE:g}px">'
                f"{escape(below)}</text>"
            )

    def _moments(self) -> list[tuple[float, str]]:
        return time_ticks(self.chart.detail.window.start, self.chart.detail.window.end)

    def _x(self, moment: float) -> float:
        window = self.chart.detail.window
        return (moment - window.start) / window.seconds * _UNITS

    def _extent(self, at: int) -> tuple[float, float, float]:
        """A bar's left edge, middle and width: 1 pixel short, so that neighbours lie apart, never too narrow to see."""
        bars, window = self.chart.detail.bars, self.chart.detail.window
        pixel = _UNITS / window.pixels
        width = float(bars["seconds"][at]) / window.seconds * _UNITS
        x, y = self._x(float(bars["started"][at])), self.chart.places.lanes[int(bars["lane"][at])]
        return x, y, max(width - pixel, LEAST_PIXELS * pixel)

    def _title_of(self, name: str, mark: Mark) -> str:
        count = len(mark.bars)
        return self._title(name, mark.bars[0]) if count == 1 else f"{name} · {write_plural(count, 'task')}"

    def _title(self, name: str, at: int) -> str:
        bars = self.chart.detail.bars
        failed = {FAILED: "failed after ", AGAIN: "tried again after "}.get(int(bars["state"][at]), "")
        waited, cooled = float(bars["waited"][at]), float(self.chart.cooled[at])
        wait = f", {say_wait(waited, cooled)}" if self._has_few_bars else ""
        attempt = int(bars["attempt"][at])
        again = f" · attempt {attempt}" if attempt > 1 else ""
        heading = f"{name} · {say_row(int(bars['row'][at]))}{again}"
        return f"{heading}\n{failed}{write_seconds(float(bars['seconds'][at]))}{wait}"

    @property
    def _has_few_bars(self) -> bool:
        """Whether there is room for details."""
        return self.chart.detail.total <= _FEW_BARS

    def _cells(self, cells: "Array", grid: Grid) -> str:
        """Lines over the cells of a grid; those that touch are one."""
        import numpy as np

        width = grid.step / self.chart.detail.window.seconds * _UNITS
        origin = self._x(grid.start)
        lanes, stretches = cells.T
        begins = np.nonzero((np.diff(lanes, prepend=-1) != 0) | (np.diff(stretches, prepend=-1) != 1))[0]
        lengths = np.diff(begins, append=len(cells))
        return "".join(
            f"M{origin + stretch * width:.1f} {self.chart.places.lanes[lane]:.1f}h{length * width:.1f}"
            for (lane, stretch), length in zip(cells[begins].tolist(), lengths.tolist(), strict=True)
        )

    def _stroke(self, path: str, color: str) -> str:
        """Lines as thick as bars."""
        return f'<path d="{path}" style="{self._stroke_style(color)}"/>'

    def _stroke_style(self, color: str) -> str:
        return f"fill:none;stroke:{color};stroke-width:{self.chart.places.thickness:.1f}"

    def _area(self, values: "Array", band: Band, most: int, color: str) -> str:
        """A curve in steps over the lower edge of its band, filled."""
        times = self.chart.detail.load.times.tolist()
        path = f"M{self._x(times[0]):.1f} {band.bottom:.1f}"
        before = None
        for moment, value in zip(times, values.tolist(), strict=True):
            if value != before:
                path += f"H{self._x(moment):.1f}V{band.bottom - (band.bottom - band.top) * value / most:.1f}"
            before = value
        return f'<path d="{path}H{self._x(times[-1]):.1f}V{band.bottom:.1f}Z" style="fill:{color}"/>'


def _line(path: str, color: str, *, width: float = 1.2, dash: str = "") -> str:
    dashes = f";stroke-dasharray:{dash}" if dash else ""
    style = f"fill:none;stroke:{color};stroke-width:{width:g}{dashes}"
    return f'<path d="{path}" vector-effect="non-scaling-stroke" style="{style}"/>'
