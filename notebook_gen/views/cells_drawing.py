"""The cells as a plain function, for runs of today and for the traces of last week's: `ng.views.cells`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from notebook_gen.errors import ConfigError
from notebook_gen.observers.trace import Trace
from notebook_gen.storage.outcome import read_outcome
from notebook_gen.views.cells import CellsPicture, picture_of_run
from notebook_gen.views.cells_folder import picture_of_folder
from notebook_gen.views.cells_svg import FEW_SHAPES, cells_image, cells_svg, drawable
from notebook_gen.views.cells_traces import picture_of_trace
from notebook_gen.views.palette import EITHER
from notebook_gen.views.pictures import HasPath, HasTraces, SavedTraces, to_trace, trace_of_folder
from notebook_gen.views.source import RunSource
from notebook_gen.views.stylesheet import stylesheet
from notebook_gen.views.text import escape
from notebook_gen.views.twofold import twofold


@dataclass(frozen=True, slots=True)
class CellsDrawing:
    """A picture of cells that a notebook shows.

    Attributes:
        html: it, with all it needs; without a script.
        svg: the cells alone, as an image of its own, in light colours.
    """

    html: str = field(repr=False)
    svg: str = field(repr=False)

    def save(self, path: str | Path) -> Path:
        """Write it to a file, and give its path.

        Args:
            path: what it ends with says what is written: `.html` or `.svg`.

        Raises:
            ConfigError: it ends with something else.
        """
        path = Path(path)
        page = f'<!doctype html>\n<meta charset="utf-8">\n{self.html}\n'
        written = {".html": page, ".svg": self.svg}
        if path.suffix not in written:
            raise ConfigError(
                f"{path.name!r} is no kind of picture that can be written", advice="end its name with .html or .svg"
            )
        path.write_text(written[path.suffix], encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        return self.html


def cells(run: "HasTraces | HasPath | SavedTraces | Trace") -> CellsDrawing:
    """Draw the state of every cell: rows across, columns down; a run that goes on is drawn as it stands.

    `ng.views.cells("reviews/")` draws a dataset that was made last week, from all that its files tell: what was
    delivered, dropped, skipped or left empty. Of rows that are not delivered, and of attempts without their dataset,
    only calls and functions are known; what they do not tell stands below the picture.

    Args:
        run: a run, a dataset that was written to a folder, the path of such a folder, `run.traces`, or saved attempts
            as `gantt` takes them.

    Raises:
        ConfigError: it is none of these, or a preview's dataset; or a file in the folder is broken.
    """
    whole = _picture(run)
    picture = drawable(whole)
    drawn = '<p class="ng-empty">No cells: no attempt tells of any.</p>'
    if picture.names:
        image = cells_image(drawable(whole._replace(untold=()), FEW_SHAPES), EITHER)
        drawn = twofold(cells_svg(picture), image, "cells")
    notes = "".join(f'<p class="ng-note">{escape(sentence)}</p>' for sentence in picture.untold)
    style = f"<style>{stylesheet('cells')}</style>"
    html = (
        f'{style}<div class="ng-view mathjax_ignore"><div class="ng-scroll ng-cells-drawn">{drawn}</div>{notes}</div>'
    )
    return CellsDrawing(html=html, svg=cells_image(picture))


def _picture(run: "HasTraces | HasPath | SavedTraces | Trace") -> CellsPicture:
    source = getattr(run, "_source", None)
    if source is not None:
        return picture_of_run(cast("RunSource", source))
    path = getattr(run, "path", run)
    if path is None:
        raise ConfigError("this dataset is in memory, and does not know how it was made", advice="give the run itself")
    outcome = read_outcome(Path(path)) if isinstance(path, str | Path) else None
    if outcome is None:
        return picture_of_trace(to_trace(cast("SavedTraces | Trace", run)))
    return picture_of_folder(outcome, trace_of_folder(outcome.path))
