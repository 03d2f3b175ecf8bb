"""CellsFeed: the state of every cell as a picture, rows across and columns down; exact, or in stretches of rows.

What is sent is small and complete: for each cell of the picture which states are in it, a bit each, and where there are
several, how many cells are in each of them. With many columns, stretches of rows are made longer until it is.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypedDict

from notebook_gen.engine.snapshots import CELL_STATES
from notebook_gen.observers.failures import Failure
from notebook_gen.views.palette import color_names, made_nodes
from notebook_gen.views.source import RunSource
from notebook_gen.views.summary import PROCESSOR
from notebook_gen.views.text import one_line

if TYPE_CHECKING:
    from notebook_gen.views.history import Array

MOST_BYTES: Final = 32_000
"""Of the arrays of a picture."""

_MOST_SHORT: Final = 0xFFFF  # rows of a bin whose counts take two bytes
_MOST_NOTES: Final = 100
_NOTE_LENGTH: Final = 160
_NAME_LENGTH: Final = 80


class CellsFrame(TypedDict):
    """The states of all cells, as static/cells.js reads it. The picture's cells go column by column.

    Attributes:
        names: the columns, from top to bottom; not escaped.
        colors: their colours, by name.
        width: rows of a bin; bin 0 begins with row 0.
        bins: how many there are.
        masks: a byte for each column and bin, bit n for state n of `CELL_STATES`; 0 where there are no rows.
        counts: for each byte with several bits, the number of cells for each of them, from the lowest on.
        notes: why a row was dropped or has empty cells, by its number, where a bin is one row; not escaped.
        ended: whether what waits will never be made.
    """

    names: list[str]
    colors: list[str]
    width: int
    bins: int
    masks: bytes
    counts: bytes
    notes: dict[str, str]
    ended: bool


class CellsBoard(Protocol):
    """What shows the cells."""

    def show_cells(self, frame: CellsFrame) -> None:
        """Show the states of all cells."""
        ...


class CellsFeed:
    """Feeds the picture of all cells."""

    def __init__(self, source: RunSource, board: CellsBoard) -> None:
        self._source = source
        self._board = board
        self._shown: CellsFrame | None = None

    def show(self) -> None:
        """Show what has changed."""
        frame = pack_cells(picture_of_run(self._source), self._source.failures.items)
        if frame != self._shown:
            self._board.show_cells(frame)
            self._shown = frame


class CellsPicture(NamedTuple):
    """How many cells of each column are in which state, in stretches of rows.

    Attributes:
        names: the columns that are made, from top to bottom; one line each, not escaped.
        colors: their colours, by name.
        width: rows of a bin; bin 0 begins with row 0.
        cells: columns × bins × states in the order of `CELL_STATES`.
        ended: whether what waits will never be made.
    """

    names: list[str]
    colors: list[str]
    width: int
    cells: "Array"
    ended: bool

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return int(self.cells.shape[1])

    def coarser(self) -> "CellsPicture":
        """Give the same with half as many bins."""
        import numpy as np

        cells = np.pad(self.cells, ((0, 0), (0, self.bins % 2), (0, 0)))
        return self._replace(width=2 * self.width, cells=cells[:, 0::2] + cells[:, 1::2])


def picture_of_run(source: RunSource) -> CellsPicture:
    """Give the picture of a run's cells as they stand."""
    import numpy as np

    graph, counted = source.graph, source.cell_counts()
    made, colors = made_nodes(graph), color_names(graph)
    cells = np.zeros((len(made), counted.bins, len(CELL_STATES)), dtype=np.uint32)
    for place, node in enumerate(made):
        cells[place] = np.asarray(counted.counts[node]).reshape(cells.shape[1:])
    names = [one_line(graph.nodes[node].name, _NAME_LENGTH) for node in made]
    ended = source.progress.ended is not None
    return CellsPicture(names, [colors[node] for node in made], counted.width, cells, ended)


def pack_cells(picture: CellsPicture, failures: Sequence[Failure], most_bytes: int = MOST_BYTES) -> CellsFrame:
    """Pack a picture into arrays of at most so many bytes, with the reasons of what failed."""
    while True:
        masks, counts = _pack(picture)
        if masks.nbytes + counts.nbytes <= most_bytes or picture.bins <= 1:
            break
        picture = picture.coarser()
    return {
        "names": picture.names,
        "colors": picture.colors,
        "width": picture.width,
        "bins": picture.bins,
        "masks": masks.tobytes(),
        "counts": counts.tobytes(),
        "notes": _notes(failures) if picture.width == 1 else {},
        "ended": picture.ended,
    }


def _pack(picture: CellsPicture) -> "tuple[Array, Array]":
    """Which states are in each cell of a picture, and how many cells are in each where there are several."""
    import numpy as np

    present = picture.cells > 0
    masks = np.packbits(present, axis=2, bitorder="little")
    several = present.sum(axis=2) > 1
    counts = picture.cells[several][present[several]]
    return masks, counts.astype("<u2" if picture.width <= _MOST_SHORT else "<u4")


def _notes(failures: Sequence[Failure]) -> dict[str, str]:
    """Why the last rows that have something to say were dropped, or have empty cells."""
    notes: dict[str, list[str]] = {}
    for failure in failures[-_MOST_NOTES:]:
        notes.setdefault(str(failure.row), []).append(f"{failure.column or PROCESSOR}: {failure.error}")
    return {row: one_line("; ".join(reasons), _NOTE_LENGTH) for row, reasons in notes.items()}
