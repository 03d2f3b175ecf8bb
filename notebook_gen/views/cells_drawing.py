"""The cells as a plain function, for runs of today and for the traces of last week's: `ng.views.cells`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

from notebook_gen.errors import ConfigError
from notebook_gen.observers.trace import Trace
from notebook_gen.views.cells import CellsPicture, picture_of_run
from notebook_gen.views.cells_svg import FEW_SHAPES, cells_image, cells_svg, drawable
from notebook_gen.views.cells_traces import picture_of_trace
from notebook_gen.views.palette import EITHER
from notebook_gen.views.pictures import HasTraces, SavedTraces, to_trace
from notebook_gen.views.source import RunSource
from notebook_gen.views.stylesheet import stylesheet
from notebook_gen.views.twofold import twofold


class HasPath(Protocol):
    """A dataset."""

    @property
    def path(self) -> str | None:
        """The folder it was written to; None for a preview."""
        ...


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

    `ng.views.cells("reviews/")` draws what the traces of last week's runs tell: each cell as its last attempt left it.
    Columns that were made in place have no attempts of their own, and are left out.

    Args:
        run: a run, a dataset that was written to a folder, the path of such a folder, `run.traces`, or saved attempts
            as `gantt` takes them.

    Raises:
        ConfigError: it is none of these, or a dataset without traces.
    """
    whole = _picture(run)
    picture = drawable(whole)
    drawn = '<p class="ng-empty">No cells: no attempt tells of any.</p>'
    if picture.names:
        drawn = twofold(cells_svg(picture), cells_image(drawable(whole, FEW_SHAPES), EITHER), "cells")
    style = f"<style>{stylesheet('cells')}</style>"
    html = f'{style}<div class="ng-view mathjax_ignore"><div class="ng-scroll ng-cells-drawn">{drawn}</div></div>'
    return CellsDrawing(html=html, svg=cells_image(picture))


def _picture(run: "HasTraces | HasPath | SavedTraces | Trace") -> CellsPicture:
    source = getattr(run, "_source", None)
    if source is not None:
        return picture_of_run(cast("RunSource", source))
    if hasattr(run, "path"):
        run = _saved_traces(cast("HasPath", run))
    return picture_of_trace(to_trace(cast("SavedTraces | Trace", run)))


def _saved_traces(dataset: HasPath) -> Path:
    """Where a dataset's folder keeps its attempts."""
    folder = Path(dataset.path) / "traces" if dataset.path is not None else None
    if folder is None or not folder.is_dir():
        raise ConfigError("this dataset has no traces", advice="give the run itself")
    return folder
