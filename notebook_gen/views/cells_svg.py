"""The cells as SVG without a script, for reports: a shape for each column and state, as wide as there is room."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from notebook_gen.observers.cell_counts import SHOWN_STATES
from notebook_gen.views.cells import CellsPicture
from notebook_gen.views.palette import EITHER, LIGHT, Paint, Theme, css_paint, theme_paint
from notebook_gen.views.resources import LABEL_SIZE
from notebook_gen.views.text import escape, fit_apart, text_width, write_count

MOST_SHAPES: Final = 800
"""Shapes of cells in a drawing, at most; each takes about 27 characters."""
FEW_SHAPES: Final = 300
"""Shapes in a drawing that few will see."""

_MOST_SQUARES: Final = 200  # rows that stand apart: with more, there would be no room for gaps
_MOST_MARKED: Final = 120  # rows whose cells have marks, by which their states are told without their colours
_MOST_MARKS: Final = 300
_GAP: Final = 0.1  # of a cell
_LEAST_GAP: Final = 1.4  # units: a pixel of a page
_UNITS: Final = 1000.0
_LANE: Final = 16
_BETWEEN: Final = 3
_LEGEND: Final = 24
_AXIS: Final = 20
_NOTE: Final = 16
_WIDEST_LABEL: Final = 160.0
_WIDEST_CELL: Final = 32
_WIDEST: Final = 10_000
_LEAST_FAILED: Final = 2.0
_STRIPE: Final = 2.2  # pixels of the stripe across what was kept
_IMAGE_WIDTH: Final = 900
_STRIPE_OPACITY: Final = 0.8
_RIGHT: Final = 14
_TICKS: Final = 10
_SMALL: Final = 10
_SVG: Final = "http://www.w3.org/2000/svg"

# from the bottom of a bar to its top, as in static/cells.js: which colour, None that of the column, and its opacity
_LOOKS: Final[dict[str, tuple[str | None, float]]] = {
    "kept": (None, 1.0),
    "done": (None, 1.0),
    "skipped": (None, 0.16),
    "in flight": (None, 0.42),
    "deferred": ("warn", 0.5),
    "ready": ("ready", 1.0),
    "waiting": ("waiting", 1.0),
    "dropped": ("bad", 0.22),
    "failed": ("bad", 1.0),
}

_MARKED: Final = ("failed", "dropped", "skipped")


def cells_svg(picture: CellsPicture) -> str:
    """Draw the cells for a page: as wide as there is room, in the page's theme; bounded."""
    drawing = _Drawing(picture, css_paint)
    left = drawing.label_width
    most = left + drawing.widest + _RIGHT
    return (
        f'<div style="max-width:{most:g}px;padding:2px {_RIGHT}px 0 {left:g}px">'
        f'<svg xmlns="{_SVG}" {drawing.about} width="100%" height="{drawing.height}" '
        f'style="display:block;overflow:visible;font-size:{LABEL_SIZE:g}px">{drawing.marks()}</svg></div>'
    )


def cells_image(picture: CellsPicture, theme: Theme = LIGHT) -> str:
    """Draw the cells as a picture that stands alone: with a width and colours of its own."""
    # a ground that nobody knows has no colour
    drawing = _Drawing(picture, theme_paint(theme), on_color="#ffffff" if theme is EITHER else theme.background)
    width = min(_IMAGE_WIDTH - drawing.label_width - _RIGHT, drawing.widest)
    height = drawing.height + _NOTE * len(picture.untold)
    return (
        f'<svg xmlns="{_SVG}" {drawing.about} width="{_IMAGE_WIDTH}" height="{height}" '
        f'style="font-size:{LABEL_SIZE:g}px;font-family:sans-serif">'
        f'<rect width="100%" height="100%" rx="6" fill="{theme.panel}"/>{drawing.notes()}'
        f'<svg x="{drawing.label_width:g}" y="2" width="{width:g}" overflow="visible">{drawing.marks()}</svg></svg>'
    )


def drawable(picture: CellsPicture, most_shapes: int = MOST_SHAPES) -> CellsPicture:
    """Make a picture's stretches of rows longer until it can be drawn with so many shapes."""
    while (
        picture.bins > 1 and sum(1 for place in range(len(picture.names)) for _ in _boxes(picture, place)) > most_shapes
    ):
        picture = picture.coarser()
    return picture


@dataclass(frozen=True, slots=True)
class _Box:
    """Cells in one state: from one bin to another, and from one share of the lane's height to another."""

    state: str
    first: int
    end: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Drawing:
    """The marks of one picture, in stretched units across and pixels down."""

    picture: CellsPicture
    paint: Paint
    on_color: str = "var(--ng-background)"

    @property
    def about(self) -> str:
        """The attributes that say what it is to those who cannot see it."""
        said = ", ".join(f"{write_count(count)} {word}" for word, _, count in self._states())
        return f'role="img" aria-label="{escape(f"cells of {len(self.picture.names)} columns: {said}")}"'

    @property
    def label_width(self) -> float:
        """Pixels of the columns' names, at the left."""
        widths = (text_width(name, LABEL_SIZE) for name in self.picture.names)
        return round(min(_WIDEST_LABEL, max(widths, default=0.0)) + 36)

    @property
    def widest(self) -> int:
        """Pixels that the cells take at most: a few of them do not have to fill a page."""
        return self.picture.bins * _WIDEST_CELL if self.picture.width == 1 else _WIDEST

    @property
    def height(self) -> int:
        """Pixels of the whole."""
        return _LEGEND + _LANE * len(self.picture.names) + _AXIS

    def marks(self) -> str:
        """Everything."""
        lanes = _LANE * len(self.picture.names)
        return "".join(
            (
                *self._legend(),
                f'<svg y="{_LEGEND}" width="100%" height="{lanes}" viewBox="0 0 {_UNITS:g} {lanes}" ',
                'preserveAspectRatio="none">',
                *self._shapes(),
                "</svg>",
                *self._labels(),
                *self._ticks(),
            )
        )

    def notes(self) -> str:
        """What nobody knows of the cells, below them, in pixels of the whole image."""
        style = f"fill:{self.paint('soft', 1)};font-size:{_SMALL}px"
        y = self.height + 8
        return "".join(
            f'<text x="16" y="{y + _NOTE * place}" style="{style}">{escape(sentence)}</text>'
            for place, sentence in enumerate(self.picture.untold)
        )

    def _shapes(self) -> Iterator[str]:
        """One path for each colour, then the marks."""
        picture = self.picture
        unit, height = _UNITS / max(1, picture.bins), _LANE - _BETWEEN
        paths: dict[str, str] = {}
        stripes = ""
        for place, color in enumerate(picture.colors):
            for box in _boxes(picture, place):
                x, width = box.first * unit, (box.end - box.first) * unit
                y, tall = place * _LANE + 1 + height * (1 - box.high), height * (box.high - box.low)
                fill = self._fill(box.state, color)
                if self._has_squares:
                    shape = f"M{x:.1f} {y + tall / 2:.1f}h{width:.1f}"
                else:
                    shape = f"M{x:.1f} {y:.1f}h{width:.1f}v{tall:.1f}h-{width:.1f}z"
                if not (self._has_marks and box.state == "dropped"):
                    paths[fill] = paths.get(fill, "") + shape
                if box.state == "kept":
                    stripe = min(_STRIPE, tall / 3)
                    stripes += f"M{x:.1f} {y + (tall - stripe) / 2:.1f}h{width:.1f}v{stripe:.1f}h-{width:.1f}z"
        gap = max(_GAP * unit, _LEAST_GAP)
        # a row of squares is a dashed line, as thick as they are high
        dashes = f"fill:none;stroke-width:{height};stroke-dasharray:{unit - gap:.3f} {gap:.3f};stroke"
        for fill, path in paths.items():
            yield f'<path d="{path}" style="{dashes if self._has_squares else "fill"}:{fill}"/>'
        if stripes:
            yield f'<path d="{stripes}" style="{self._stripe}"/>'
        if self._has_marks:
            yield from self._cell_marks(unit, gap, height)

    def _cell_marks(self, unit: float, gap: float, height: float) -> Iterator[str]:
        """What tells states apart without colour, in each cell: a cross, a dash, a dashed outline."""
        marks: dict[tuple[str, str], str] = {}
        for place, color in enumerate(self.picture.colors):
            for box in _boxes(self.picture, place):
                if box.state in _MARKED:
                    key = (box.state, color if box.state == "skipped" else "")
                    cells = (
                        _mark(box.state, bin_number * unit, place * _LANE + 1, unit - gap, height)
                        for bin_number in range(box.first, box.end)
                    )
                    marks[key] = marks.get(key, "") + "".join(cells)
        for (state, color), path in marks.items():
            yield f'<path d="{path}" vector-effect="non-scaling-stroke" style="{self._mark_style(state, color)}"/>'

    def _legend(self) -> Iterator[str]:
        """The states that there are, with their counts."""
        x = 0.0
        style = f"fill:{self.paint('soft', 1)};font-size:{_SMALL}px"
        for word, state, count in self._states():
            said = f"{write_count(count)} {word}"
            if not (self._has_marks and state == "dropped"):
                yield f'<rect x="{x:g}" y="3" width="10" height="10" rx="2" style="fill:{self._fill(state, "c0")}"/>'
            if state == "kept":
                y = 8 - _STRIPE / 2
                yield f'<rect x="{x:g}" y="{y:g}" width="10" height="{_STRIPE}" style="{self._stripe}"/>'
            if self._has_marks and state in _MARKED:
                yield f'<path d="{_mark(state, x, 3, 10, 10)}" style="{self._mark_style(state, "c0")}"/>'
            yield f'<text x="{x + 16:g}" y="12" style="{style}">{said}</text>'
            x += round(text_width(said, _SMALL)) + 34

    def _labels(self) -> Iterator[str]:
        """The columns' names with their dots, at the left."""
        left = 16 - self.label_width
        names = self.picture.names
        labels = fit_apart(names, [_WIDEST_LABEL] * len(names), LABEL_SIZE)
        for place, (label, color) in enumerate(zip(labels, self.picture.colors, strict=True)):
            y = _LEGEND + place * _LANE + (_LANE - _BETWEEN) / 2 + 1
            yield f'<circle cx="{left + 4:g}" cy="{y:g}" r="4" style="fill:{self.paint(color, 1)}"/>'
            fill = self.paint("ink", 1)
            yield f'<text x="{left + 14:g}" y="{y + 4:g}" style="fill:{fill}">{escape(label)}</text>'

    def _ticks(self) -> Iterator[str]:
        """Numbers of rows, at their places in percent."""
        picture = self.picture
        rows = picture.bins * picture.width
        middle = 0.45 if picture.width == 1 else 0.0
        style = f"fill:{self.paint('soft', 1)};font-size:{_SMALL}px"
        y = self.height - 7
        for row in range(0, rows, _neat_step(rows / _TICKS)):
            yield f'<text x="{(row + middle) / rows:.2%}" y="{y}" text-anchor="middle" style="{style}">{row:,}</text>'

    def _states(self) -> Iterator[tuple[str, str, int]]:
        """The states that there are: what they are called, themselves, their cells."""
        counts = dict(zip(SHOWN_STATES, self.picture.cells.sum(axis=(0, 1)).tolist(), strict=True))
        for state in _LOOKS:
            if counts[state]:
                yield (
                    (self.picture.unmade if state == "waiting" and self.picture.ended else state),
                    state,
                    counts[state],
                )

    @property
    def _has_squares(self) -> bool:
        """Whether each cell stands apart from the next."""
        return self.picture.width == 1 and self.picture.bins <= _MOST_SQUARES

    @property
    def _has_marks(self) -> bool:
        """Whether cells have marks."""
        if not self._has_squares or self.picture.bins > _MOST_MARKED:
            return False
        marked = self.picture.cells.sum(axis=(0, 1))[[SHOWN_STATES.index(state) for state in _MARKED]]
        return bool(marked.sum() <= _MOST_MARKS)

    @property
    def _stripe(self) -> str:
        return f"fill:{self.on_color};fill-opacity:{_STRIPE_OPACITY}"

    def _mark_style(self, state: str, color: str) -> str:
        if state == "failed":
            return f"fill:none;stroke:{self.on_color};stroke-width:1.5"
        if state == "dropped":
            return f"fill:none;stroke:{self.paint('bad', 1)};stroke-dasharray:2 2"
        return f"fill:none;stroke:{self.paint(color, 1)};stroke-width:1.4"

    def _fill(self, state: str, color: str) -> str:
        name, opacity = _LOOKS[state]
        return self.paint(name or color, opacity)


def _mark(state: str, x: float, y: float, width: float, height: float) -> str:
    """The path of a cell's mark, in the cell's place."""
    if state == "dropped":
        return f"M{x:.1f} {y + 0.5:.1f}h{width:.1f}v{height - 1:.1f}h-{width:.1f}z"
    across, down = 0.25 * width, 0.2 * height
    left, middle = x + 0.5 * width - across, y + height / 2
    if state == "skipped":
        return f"M{left:.1f} {middle:.1f}h{2 * across:.1f}"
    return (
        f"M{left:.1f} {middle - down:.1f}l{2 * across:.1f} {2 * down:.1f}"
        f"m0-{2 * down:.1f}l-{2 * across:.1f} {2 * down:.1f}"
    )


def _boxes(picture: CellsPicture, place: int) -> Iterator[_Box]:
    """The boxes of a column; neighbours in the same state are one."""
    pending: _Box | None = None
    for bin_number, counts in enumerate(picture.cells[place].tolist()):
        boxes = list(_stack(counts, bin_number))
        if pending is not None and len(boxes) == 1 and boxes[0].state == pending.state:
            pending = _Box(pending.state, pending.first, bin_number + 1, 0.0, 1.0)
            continue
        if pending is not None:
            yield pending
        pending = boxes[0] if len(boxes) == 1 else None
        if pending is None:
            yield from boxes
    if pending is not None:
        yield pending


def _stack(counts: list[int], bin_number: int) -> Iterator[_Box]:
    """The states of one bin, one above the other; what has failed can be seen, however little it is."""
    total = sum(counts)
    by_state = dict(zip(SHOWN_STATES, counts, strict=True))
    failed = by_state["failed"]
    failed_share = max(failed / total, _LEAST_FAILED / _LANE) if failed else 0.0
    low = 0.0
    for state in _LOOKS:
        if by_state[state]:
            share = failed_share if state == "failed" else (1 - failed_share) * by_state[state] / (total - failed)
            yield _Box(state, bin_number, bin_number + 1, low, low + share)
            low += share


def _neat_step(least: float) -> int:
    """The least of 1, 2, 5, 10, 20, … that is not below a number."""
    power = 1
    while True:
        for neat in (1, 2, 5):
            if neat * power >= least:
                return neat * power
        power *= 10
