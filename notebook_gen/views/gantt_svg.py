"""The Gantt chart as SVG without a script: for reports, and for pages that cannot load plotly.

The marks stand in a picture of their own that is stretched to the width there is; text is never stretched.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebook_gen.observers.trace import FAILED
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.chart import (
    LABEL_SIZE,
    SMALL_SIZE,
    TOP_MARGIN,
    Band,
    Geometry,
    chart_labels,
    counted_resources,
    lay_out_chart,
    resource_paints,
    time_ticks,
)
from notebook_gen.views.gantt_traces import BAR_OPACITY, GRID_SHADES, bar_kinds
from notebook_gen.views.level_of_detail import LEAST_PIXELS, Detail, Grid
from notebook_gen.views.paint import Paint, css_paint, node_paints, theme_paint
from notebook_gen.views.palette import LIGHT
from notebook_gen.views.text import escape, fit, write_seconds

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_IMAGE_WIDTH = 900
_FEW_BARS = 400
_UNITS = 1000.0
_RIGHT = 14
_SVG = "http://www.w3.org/2000/svg"


def gantt_svg(
    detail: Detail, graph: ExecutionGraph, *, ceilings: Mapping[str, int], height: float, is_image: bool = False
) -> str:
    """Draw what a window shows.

    Args:
        detail: what to draw; a bar takes about 100 characters.
        graph: whose run it is.
        ceilings: slots of each resource.
        height: pixels of the whole.
        is_image: it stands alone, with a width and colours of its own, and nothing for who points at bars.
    """
    geometry = lay_out_chart(graph, detail.lanes, height)
    drawing = _Drawing(detail, graph, geometry, theme_paint(LIGHT) if is_image else css_paint)
    marks = "".join(
        (
            f'<svg width="100%" height="{geometry.height:g}" viewBox="0 0 {_UNITS:g} {geometry.height:g}" ',
            'preserveAspectRatio="none" overflow="visible">',
            *drawing.ground(),
            *drawing.grid(),
            *drawing.load(ceilings),
            *drawing.bars(has_titles=not is_image),
            *drawing.crosses(),
            "</svg>",
            *drawing.ticks(),
            *drawing.labels(ceilings),
        )
    )
    left, size = geometry.label_width, f"font-size:{LABEL_SIZE:g}px"
    about = f'role="img" aria-label="timeline of {detail.total} tasks"'
    if is_image:
        return (
            f'<svg xmlns="{_SVG}" {about} width="{_IMAGE_WIDTH}" height="{height:g}" '
            f'style="{size};font-family:sans-serif"><rect width="100%" height="100%" rx="6" fill="{LIGHT.panel}"/>'
            f'<svg x="{left:g}" y="{TOP_MARGIN}" width="{_IMAGE_WIDTH - left - _RIGHT:g}" overflow="visible">{marks}'
            "</svg></svg>"
        )
    # labels hang out of the picture to its left: an SVG's width cannot be a percentage less some pixels
    style = f"display:block;overflow:visible;{size}"
    return (
        f'<div class="ng-chart" style="padding:{TOP_MARGIN}px {_RIGHT}px 0 {left:g}px"><svg xmlns="{_SVG}" {about} '
        f'width="100%" height="{height - TOP_MARGIN:g}" style="{style}">{marks}</svg></div>'
    )


@dataclass(frozen=True, slots=True)
class _Drawing:
    """The marks of one picture, in stretched units across and pixels down."""

    detail: Detail
    graph: ExecutionGraph
    geometry: Geometry
    paint: Paint

    def ground(self) -> Iterator[str]:
        """The lanes' ground, a line for every round moment, and one at now."""
        yield "".join(
            f'<rect width="{_UNITS:g}" y="{band.top:.1f}" height="{band.bottom - band.top:.1f}" '
            f'style="fill:{self.paint("lane", 1)}"/>'
            for band in self.geometry.groups
        )
        lines = "".join(f"M{self._x(moment):.1f} 0V{self.geometry.height:g}" for moment, _ in self._ticks())
        yield _line(lines, self.paint("grid", 1))
        if self.detail.now < self.detail.window.end:
            yield _line(f"M{self._x(self.detail.now):.1f} 0V{self.geometry.height:g}", self.paint("accent", 1))

    def grid(self) -> Iterator[str]:
        """What stands for too many bars: one path for each colour and shade."""
        import numpy as np

        grid = self.detail.grid
        if grid is None:
            return
        shades = np.minimum(grid.busy * len(GRID_SHADES), len(GRID_SHADES) - 1).astype(int)
        for node, color in enumerate(node_paints(self.graph)):
            for shade, opacity in enumerate(GRID_SHADES):
                cells = np.argwhere((grid.nodes == node) & (shades == shade))
                if len(cells):
                    yield self._stroke(self._cells(cells, grid), self.paint(color, opacity))

    def bars(self, *, has_titles: bool) -> Iterator[str]:
        """One group for each column and state; one path for all of it if there are no titles."""
        bars, paints = self.detail.bars, node_paints(self.graph)
        top = self.geometry.thickness / 2
        lanes = self.geometry.lanes
        corner = ' rx="2"' if self._has_few_bars else ""
        for node, state in bar_kinds(self.detail):
            own = ((bars["node"] == node) & (bars["state"] == state)).nonzero()[0].tolist()
            color = self.paint(paints[node], BAR_OPACITY[state])
            places = [(at, lanes[int(bars["lane"][at])], *self._extent(at)) for at in own]
            if not has_titles:
                yield self._stroke("".join(f"M{x:.1f} {y:.1f}h{width:.1f}" for _, y, x, width in places), color)
                continue
            edge = f";stroke:{self.paint('bad', 1)}" if state == FAILED else ""
            name = fit(self.graph.nodes[node].name, 160, LABEL_SIZE)
            yield f'<g style="fill:{color}{edge}">'
            for at, y, x, width in places:
                yield (
                    f'<rect x="{x:.1f}" y="{y - top:.1f}" width="{width:.1f}" height="{2 * top:.1f}"{corner}>'
                    f"<title>{escape(self._title(name, at))}</title></rect>"
                )
            yield "</g>"

    def crosses(self) -> Iterator[str]:
        """A cross on every failed bar."""
        bars = self.detail.bars
        crosses = ""
        for at in (bars["state"] == FAILED).nonzero()[0].tolist():
            x, width = self._extent(at)
            middle, y = x + width / 2, self.geometry.lanes[int(bars["lane"][at])]
            crosses += f"M{middle - 3:.1f} {y - 3:.1f}l6 6m0-6l-6 6"
        if crosses:
            yield _line(crosses, self.paint("bad", 1), width=1.8)

    def load(self, ceilings: Mapping[str, int]) -> Iterator[str]:
        """What waits, what is in flight, and the limits."""
        load, band = self.detail.load, self.geometry.in_flight
        counted = counted_resources(self.graph)
        yield self._area(load.waiting, self.geometry.waiting, max(1, int(load.waiting.max())), self.paint("warn", 0.3))
        limits = [ceilings.get(name, 0) for name in self.graph.resources]
        most = max([1, *(max(limits[number], int(load.in_flight[number].max())) for number in counted)])
        for number in counted:
            color = resource_paints(self.graph)[number]
            yield self._area(load.in_flight[number], band, most, self.paint(color, 0.35))
            y = band.bottom - (band.bottom - band.top) * limits[number] / most
            line = f"M{self._x(float(load.times[0])):.1f} {y:.1f}H{self._x(float(load.times[-1])):.1f}"
            yield _line(line, self.paint(color, 1), dash="3 2")

    def ticks(self) -> Iterator[str]:
        """The axis' words, at their places in percent."""
        y = self.geometry.height + 17
        style = f"fill:{self.paint('soft', 1)};font-size:{SMALL_SIZE:g}px"
        for moment, word in self._ticks():
            x = self._x(moment) / _UNITS
            yield f'<text x="{x:.2%}" y="{y:g}" text-anchor="middle" style="{style}">{word}</text>'

    def labels(self, ceilings: Mapping[str, int]) -> Iterator[str]:
        """The names of lanes and bands, at the left."""
        geometry, paint = self.geometry, self.paint
        places = [band.middle for band in (*geometry.groups, geometry.waiting, geometry.in_flight)]
        for (name, below), y in zip(chart_labels(self.graph, self.detail, ceilings), places, strict=True):
            yield (
                f'<text x="-8" y="{y - 2:.1f}" text-anchor="end" style="fill:{paint("ink", 1)}">{escape(name)}</text>'
                f'<text x="-8" y="{y + 10:.1f}" text-anchor="end" '
                f'style="fill:{paint("soft", 1)};font-size:{SMALL_SIZE:g}px">{escape(below)}</text>'
            )

    def _ticks(self) -> list[tuple[float, str]]:
        return time_ticks(self.detail.window.start, self.detail.window.end)

    def _x(self, moment: float) -> float:
        window = self.detail.window
        return (moment - window.start) / window.seconds * _UNITS

    def _extent(self, at: int) -> tuple[float, float]:
        """A bar's left edge and width: 1 pixel short, so that neighbours lie apart, but never too narrow to see."""
        bars, pixel = self.detail.bars, _UNITS / self.detail.window.pixels
        width = float(bars["seconds"][at]) / self.detail.window.seconds * _UNITS
        return self._x(float(bars["started"][at])), max(width - pixel, LEAST_PIXELS * pixel)

    def _title(self, name: str, at: int) -> str:
        bars = self.detail.bars
        row = int(bars["row"][at])
        where = f"row {row}" if row >= 0 else "a whole row group"
        failed = "failed after " if int(bars["state"][at]) == FAILED else ""
        wait = f", waited {write_seconds(float(bars['waited'][at]))}" if self._has_few_bars else ""
        return f"{name} · {where}\n{failed}{write_seconds(float(bars['seconds'][at]))}{wait}"

    @property
    def _has_few_bars(self) -> bool:
        """Whether there is room for details."""
        return self.detail.total <= _FEW_BARS

    def _cells(self, cells: "Array", grid: Grid) -> str:
        """Lines over the cells of a grid; those that touch are one."""
        import numpy as np

        width = grid.step / self.detail.window.seconds * _UNITS
        lanes, stretches = cells.T
        begins = np.nonzero((np.diff(lanes, prepend=-1) != 0) | (np.diff(stretches, prepend=-1) != 1))[0]
        lengths = np.diff(begins, append=len(cells))
        return "".join(
            f"M{stretch * width:.1f} {self.geometry.lanes[lane]:.1f}h{length * width:.1f}"
            for (lane, stretch), length in zip(cells[begins].tolist(), lengths.tolist(), strict=True)
        )

    def _stroke(self, path: str, color: str) -> str:
        """Lines as thick as bars."""
        return f'<path d="{path}" style="fill:none;stroke:{color};stroke-width:{self.geometry.thickness:.1f}"/>'

    def _area(self, values: "Array", band: Band, most: int, color: str) -> str:
        """A curve in steps over the lower edge of its band, filled."""
        times = self.detail.load.times.tolist()
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
