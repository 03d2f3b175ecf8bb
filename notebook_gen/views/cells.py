"""CellsFeed: the state of every cell as a picture, rows across and columns down; exact, or in stretches of rows.

Who looks at a part of the run gets a picture of that part alone, exact where it has a pixel for each row; meanwhile the
picture of the whole stands still.

What is sent is small and complete: for each cell of the picture which states are in it, a bit each, and where there are
several, how many cells are in each of them. With many columns, stretches of rows are made longer until it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypedDict

from notebook_gen.engine.open_group import WAITING
from notebook_gen.observers.cell_counts import SHOWN_STATES, CellCounts
from notebook_gen.observers.cells import StatesOfRows
from notebook_gen.observers.failures import Failure
from notebook_gen.views.palette import color_names, made_nodes
from notebook_gen.views.source import RunSource
from notebook_gen.views.stylesheet import read_static
from notebook_gen.views.summary import PROCESSOR
from notebook_gen.views.text import fit_apart, one_line, one_sentence

if TYPE_CHECKING:
    from notebook_gen.views.history import Array

MOST_BYTES: Final = 32_000
"""Of the arrays of a picture."""

_MOST_SHORT: Final = 0xFFFF  # rows of a bin whose counts take two bytes
_MOST_NOTES: Final = 100
_NOTE_LENGTH: Final = 160
_NAME_LENGTH: Final = 80
_LABEL_WIDTH: Final = 134.0  # static/cells.css gives labels this and room for a dot
_LABEL_SIZE: Final = 12.0
_MOST_PIXELS: Final = 2_000
_BLOCK: Final = 16_384  # rows that are counted at a time: so many stay in the processor's cache
_NO_ROW: Final = 255


class CellsFrame(TypedDict):
    """The states of all cells or of those of some rows, as static/cells.js reads it; the cells go column by column.

    Attributes:
        nodes: what makes the columns, from top to bottom, as indexes of the graph's nodes.
        names: what they are called; not escaped.
        labels: the same, as long as there is room beside the cells.
        colors: their colours, by name.
        first: the row that bin 0 begins with.
        width: rows of a bin.
        bins: how many there are.
        masks: two bytes for each column and bin, the lower first, bit n for state n of `SHOWN_STATES`; 0 where there
            are no rows.
        counts: for each of these with several bits, the number of cells for each of them, from the lowest on.
        notes: why a row was dropped or has empty cells, by its number, where a bin is one row; not escaped.
        ended: whether what waits will never be made.
    """

    nodes: list[int]
    names: list[str]
    labels: list[str]
    colors: list[str]
    first: int
    width: int
    bins: int
    masks: bytes
    counts: bytes
    notes: dict[str, str]
    ended: bool


def cells_script() -> str:
    """Give the JavaScript that draws frames, as a module."""
    return read_static("chart.js", "pick.js", "look.js", "zoom.js", "cell_states.js", "cells.js")


class CellsBoard(Protocol):
    """What shows the cells."""

    def show_cells(self, frame: CellsFrame) -> None:
        """Show the states of all cells."""
        ...

    def show_part_of_cells(self, frame: CellsFrame) -> None:
        """Show the states of the cells that somebody looks at."""
        ...


class CellsFeed:
    """Feeds the picture of all cells."""

    def __init__(self, source: RunSource, board: CellsBoard) -> None:
        self._source = source
        self._board = board
        self._part: _Part | None = None
        self._shown: CellsFrame | None = None

    def answer(self, messages: Sequence[Mapping[str, object]]) -> None:
        """Do what the page has asked for: of several parts to look at, the last is wanted."""
        wanted = [message["cells"] for message in messages if "cells" in message]
        if wanted:
            self._part = _read_part(wanted[-1], self._source.progress.rows)
            self.show()

    def show(self) -> None:
        """Show what has changed."""
        source, part = self._source, self._part
        picture = picture_of_run(source) if part is None else picture_of_part(source, part.rows, part.pixels)
        frame = pack_cells(picture, source.failures.items)
        if frame != self._shown:
            (self._board.show_cells if part is None else self._board.show_part_of_cells)(frame)
            self._shown = frame


class _Part(NamedTuple):
    """Rows that somebody looks at, and the pixels that there are for them."""

    rows: range
    pixels: int


def _read_part(message: object, rows: int) -> _Part | None:
    """Read what a page says; None for the whole, and for what makes no sense."""
    match message:
        case {"first": int(first), "end": int(end), "pixels": int(pixels)}:
            part = range(max(0, first), min(end, rows))
            return _Part(part, max(1, min(pixels, _MOST_PIXELS))) if part else None
        case _:
            return None


class CellsPicture(NamedTuple):
    """How many cells of each column are in which state, in stretches of rows.

    Attributes:
        names: the columns that are made, from top to bottom; one line each, not escaped.
        colors: their colours, by name.
        width: rows of a bin.
        cells: columns × bins × states in the order of `SHOWN_STATES`.
        ended: whether what waits will never be made.
        first: the row that bin 0 begins with.
        unmade: what is said of cells that wait and will never be made.
        nodes: what makes the columns, as indexes of the graph's nodes; empty where there is no graph.
        untold: what nobody knows of the cells, a sentence each; not escaped.
    """

    names: list[str]
    colors: list[str]
    width: int
    cells: "Array"
    ended: bool
    first: int = 0
    unmade: str = "not made"
    nodes: Sequence[int] = ()
    untold: Sequence[str] = ()

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
    counted, made = source.cell_counts(), made_nodes(source.graph)
    return _picture(source, made, counted.width, read_counts(counted, made))


def picture_of_part(source: RunSource, rows: range, pixels: int) -> CellsPicture:
    """Give the picture of the cells of some rows as they stand, with at most so many bins.

    Where it has no pixel for each row, it may begin a bit before them, and end a bit behind.
    """
    made = made_nodes(source.graph)
    # each cell takes two bytes at least: of more of them, several would be made one
    width = max(1, -(-len(rows) // max(1, min(pixels, MOST_BYTES // max(1, 2 * len(made))))))
    counted = source.cell_counts_between(rows.start, rows.stop, width)
    if counted is not None:
        cells, times = read_counts(counted, made, width), -(-width // counted.width)
        return _picture(source, made, times * counted.width, cells)._replace(first=counted.first)
    states = source.cell_states(rows.start, rows.stop)
    return _picture(source, made, width, count_states(states, made, width))._replace(first=rows.start)


def read_counts(counted: CellCounts, nodes: Sequence[int], width: int = 1) -> "Array":
    """Read the counts of some nodes, in bins of `width` rows at least: nodes × bins × states."""
    import numpy as np

    times = -(-width // counted.width)
    bins = -(-counted.bins // times)
    cells = np.zeros((len(nodes), bins, len(SHOWN_STATES)), dtype=np.uint32)
    for place, node in enumerate(nodes):
        counts = np.frombuffer(counted.counts[node], dtype=counted.counts[node].typecode)
        by_bin = counts.reshape(counted.bins, len(SHOWN_STATES))
        for begin in range(times):
            every = by_bin[begin::times]
            cells[place, : len(every)] += every
    return cells


def count_states(states: StatesOfRows, nodes: Sequence[int], width: int) -> "Array":
    """Count the cells of some nodes, in stretches of `width` rows: nodes × bins × states."""
    import numpy as np

    bins = -(-(states.end - states.first) // width)
    cells = np.zeros((len(nodes), bins, len(SHOWN_STATES)), dtype=np.uint32)
    step = max(1, _BLOCK // width)
    block = np.empty((states.nodes, min(step, bins) * width), dtype=np.uint8)
    for begin in range(0, bins, step):
        end = min(begin + step, bins)
        its = block[:, : (end - begin) * width]
        its.fill(_NO_ROW)
        first = states.first + begin * width
        for rows, of_rows in _overlaps(states, first, min(first + its.shape[1], states.end)):
            its[:, rows.start - first : rows.stop - first] = of_rows
        stretches = its[list(nodes)].reshape(len(nodes), end - begin, width)
        for state in range(len(SHOWN_STATES)):
            is_in_it = stretches == state
            if np.count_nonzero(is_in_it):  # much faster than to count by stretch, and most states are nowhere
                cells[:, begin:end, state] = np.count_nonzero(is_in_it, axis=2)
    return cells


def _overlaps(states: StatesOfRows, first: int, end: int) -> "Iterator[tuple[range, int | Array]]":
    """The stretches of rows that lie between two rows, with their states: one for all, or a line for each node."""
    import numpy as np

    for waiting in states.waiting:
        rows = range(max(waiting.start, first), min(waiting.stop, end))
        if rows:
            yield rows, WAITING
    for group in states.groups_between(first, end):
        rows = range(max(group.start, first), min(group.start + group.size, end))
        if rows:
            of_all = np.frombuffer(group.states, dtype=np.uint8).reshape(states.nodes, group.size)
            yield rows, of_all[:, rows.start - group.start : rows.stop - group.start]


def _picture(source: RunSource, made: Sequence[int], width: int, cells: "Array") -> CellsPicture:
    graph, colors = source.graph, color_names(source.graph)
    names = [one_line(graph.nodes[node].name, _NAME_LENGTH) for node in made]
    ended = source.progress.ended is not None
    return CellsPicture(names, [colors[node] for node in made], width, cells, ended, nodes=made)


def pack_cells(picture: CellsPicture, failures: Sequence[Failure], most_bytes: int = MOST_BYTES) -> CellsFrame:
    """Pack a picture into arrays of at most so many bytes, with the reasons of what failed."""
    while True:
        masks, counts = _pack(picture)
        if masks.nbytes + counts.nbytes <= most_bytes or picture.bins <= 1:
            break
        picture = picture.coarser()
    return {
        "nodes": list(picture.nodes),
        "names": picture.names,
        "labels": fit_apart(picture.names, [_LABEL_WIDTH] * len(picture.names), _LABEL_SIZE),
        "colors": picture.colors,
        "first": picture.first,
        "width": picture.width,
        "bins": picture.bins,
        "masks": masks.tobytes(),
        "counts": counts.tobytes(),
        "notes": _notes(failures, picture) if picture.width == 1 else {},
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


def _notes(failures: Sequence[Failure], picture: CellsPicture) -> dict[str, str]:
    """Why the last rows of a picture that have something to say were dropped, or have empty cells."""
    rows = range(picture.first, picture.first + picture.bins)
    told = [failure for failure in failures if failure.row in rows]
    notes: dict[str, list[str]] = {}
    for failure in told[-_MOST_NOTES:]:
        notes.setdefault(str(failure.row), []).append(f"{failure.column or PROCESSOR}: {failure.error}")
    return {row: one_sentence("; ".join(reasons), _NOTE_LENGTH) for row, reasons in notes.items()}
