"""Processors under a DAG: quiet marks with their names, in the order they run: before the columns, after them, at last.

They make no column, so they are no nodes: what they see is all rows of a row group, or of the dataset.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from notebook_gen.config.processors import ProcessorNames, Stage
from notebook_gen.views.text import escape, fit, one_line, text_width

_WORDS: Final[Mapping[Stage, tuple[str, str]]] = {
    "pre_batch": ("pre-batch", "sees the seed columns of each row group, before anything else of it is made"),
    "post_batch": ("post-batch", "sees each finished row group, before it is written"),
    "after_run": ("after run", "sees the whole dataset, when all of it is written"),
}
_SIZE: Final = 10.0
_HEIGHT: Final = 20.0
_LINE: Final = 26.0
_ABOVE: Final = 12.0
_PAD: Final = 8.0
_GAP: Final = 8.0
_LEAST: Final = 120.0  # however little room there is


class _Mark(NamedTuple):
    """What stands for the processors of a stage: where, and what it says."""

    x: float
    line: int
    width: float
    stage: str
    names: str
    title: str


class ProcessorMarks:
    """The marks of some processors.

    Args:
        processors: their names, by stage.
        room: pixels there are; marks that do not fit beside each other stand below each other.
    """

    def __init__(self, processors: ProcessorNames, room: float) -> None:
        self._marks: list[_Mark] = []
        room = max(_LEAST, room)
        x, line = 0.0, 0
        for stage, (word, what) in _WORDS.items():
            names = processors.get(stage, ())
            if not names:
                continue
            before = text_width(word, _SIZE) + 2 * _PAD + _GAP
            said = fit(", ".join(names), room - before, _SIZE, bold=True)
            width = before + text_width(said, _SIZE, bold=True)
            if x and x + width > room:
                x, line = 0.0, line + 1
            self._marks.append(_Mark(x, line, width, word, said, _title(word, names, what)))
            x += width + _GAP

    @property
    def width(self) -> float:
        """Pixels; 0 without any."""
        return max((mark.x + mark.width for mark in self._marks), default=0.0)

    @property
    def height(self) -> float:
        """Pixels, with what keeps them from the nodes; 0 without any."""
        return _ABOVE + _LINE * (self._marks[-1].line + 1) - (_LINE - _HEIGHT) if self._marks else 0.0

    @property
    def outline(self) -> str:
        """All of it in words, for who cannot see it; not escaped."""
        return "".join(f"; {mark.title.splitlines()[0]}" for mark in self._marks)

    def draw(self, top: float) -> str:
        """Draw them as SVG, below what ends at `top`."""
        return "".join(_draw(mark, top + _ABOVE + _LINE * mark.line) for mark in self._marks)


def _title(word: str, names: Sequence[str], what: str) -> str:
    several = "s" if len(names) > 1 else ""
    listed = ", ".join(one_line(name, 60) for name in names)
    return f"{word} processor{several}: {listed}\n{'each ' if several else ''}{what}; may leave rows out"


def _draw(mark: _Mark, y: float) -> str:
    names_at = mark.x + _PAD + text_width(mark.stage, _SIZE) + _GAP
    return (
        f'<g class="ng-processor"><title>{escape(mark.title)}</title>'
        f'<rect x="{mark.x:.1f}" y="{y:.1f}" width="{mark.width:.1f}" height="{_HEIGHT:g}" rx="10"/>'
        f'<text class="ng-node-sub" x="{mark.x + _PAD:.1f}" y="{y + 13.5:.1f}">{mark.stage}</text>'
        f'<text class="ng-processor-name" x="{names_at:.1f}" y="{y + 13.5:.1f}">{escape(mark.names)}</text></g>'
    )
