"""A run in marimo, which shows no Jupyter widgets: a picture under the cell that waits, drawn anew now and then."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from notebook_gen.views.report import progress_html, still_html
from notebook_gen.views.source import RunSource

if TYPE_CHECKING:
    from types import ModuleType

_DRAW_EVERY: Final = 1.0  # seconds; each picture goes to the page as a whole


class MarimoView:
    """Shows a run under the cell that waits for it.

    Args:
        source: the run; its clock is the one that counts.
        marimo: the module; it is loaded where this is needed.
    """

    def __init__(self, source: RunSource, marimo: "ModuleType") -> None:
        self._source = source
        self._marimo = marimo
        self._due = 0.0

    def start(self) -> None:
        """Begin; the first update shows it."""

    def update(self) -> None:
        """Draw how far the run is, if it is time to."""
        now = self._source.elapsed()
        if now >= self._due:
            self._due = now + _DRAW_EVERY
            self._draw(progress_html)

    def stop(self) -> None:
        """Leave the last state; what the cell gives takes its place, if it gives anything."""
        self._draw(still_html)

    def _draw(self, picture: Callable[[RunSource], str]) -> None:
        self._marimo.output.replace(self._marimo.Html(picture(self._source)))
