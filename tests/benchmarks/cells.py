"""What a live view's picture of all cells costs, of a run of a million rows: processor time and bytes a redraw."""

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from notebook_gen.config.columns import Column, LLMText
from notebook_gen.engine.open_group import DONE, DROPPED, FAILED
from notebook_gen.engine.tracker import CompletionTracker
from notebook_gen.events import RowGroupOpened, RowGroupWritten
from notebook_gen.observers.cells import Cells
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import RowGroups
from notebook_gen.views.cells import CellsFrame, CellsPicture, count_states, pack_cells
from tests.benchmarks.figure import Figure

_ROWS = 1_000_000
_GROUP_SIZE = 1_000
_COLUMNS = 12
_FAILURES = 10  # in a row group
_OPEN = 20  # row groups that are not written yet
_PIXELS = 1_300
_TIMES = 9


def measure() -> list[Figure]:
    """Draw the whole run, then parts of it, as a page asks for them when somebody zooms."""
    cells = _filled()
    lengths = (_ROWS, _ROWS // 3, 100 * _PIXELS, _PIXELS)
    figures = [_figure("the whole", lambda: _whole(cells))]
    figures += [_figure(f"{rows:,} rows looked at", partial(_part, cells, rows)) for rows in lengths]
    packed = sum(len(group.data) for group in cells.between(0, _ROWS).groups)
    what = f"the states of {_ROWS:,} rows × {_COLUMNS} columns, kept"
    figures.append(Figure(what, f"{packed / 1e6:.1f} MB", f"{_ROWS * _COLUMNS / 1e6:.0f} MB: a byte a cell", None, ""))
    return figures


def _figure(what: str, draw: Callable[[], CellsFrame]) -> Figure:
    seconds, size = [], 0
    for _ in range(_TIMES):
        began = time.perf_counter()
        frame = draw()
        seconds.append(time.perf_counter() - began)
        size = len(frame["masks"]) + len(frame["counts"])
    measured = f"{1000 * statistics.median(seconds):.1f} ms, at most {1000 * max(seconds):.1f}; {size / 1000:.0f} kB"
    return Figure(f"Cells: {what}", measured, "", None, "≤ 50 ms, ≤ 64 kB")


def _whole(cells: Cells) -> CellsFrame:
    counted = cells.count()
    counts = np.array([np.asarray(of_node).reshape(counted.bins, -1) for of_node in counted.counts], dtype=np.uint32)
    return pack_cells(_picture(counted.width, counts), [])


def _part(cells: Cells, rows: int) -> CellsFrame:
    first = (_ROWS - rows) // 2
    width = -(-rows // _PIXELS)
    counts = count_states(cells.between(first, first + rows), range(_COLUMNS), width)
    return pack_cells(_picture(width, counts)._replace(first=first), [])


def _picture(width: int, counts: "np.ndarray") -> CellsPicture:
    names = [f"column {place}" for place in range(_COLUMNS)]
    return CellsPicture(names, ["c0"] * _COLUMNS, width, counts, ended=False)


def _filled() -> Cells:
    """The cells of a run whose row groups are all written but the last, with failures here and there."""
    columns: dict[str, Column] = {f"column {place}": LLMText("Say something") for place in range(_COLUMNS)}
    graph = build_graph(columns)
    tracker, groups, rng = CompletionTracker(graph), RowGroups(_ROWS, _GROUP_SIZE), np.random.default_rng(1)
    cells = Cells(graph, _ROWS, tracker.groups.get)
    for number in range(len(groups)):
        tracker.open(groups[number], 0.0)
        cells(RowGroupOpened(0.0, groups[number]))
        for states in tracker.groups[number].states:
            states[:] = bytes((DONE,)) * _GROUP_SIZE
        for row in rng.integers(0, _GROUP_SIZE, _FAILURES).tolist():
            decided = int(rng.integers(0, _COLUMNS))
            for place in range(decided, _COLUMNS):
                tracker.groups[number].states[place][row] = FAILED if place == decided else DROPPED
        if number < len(groups) - _OPEN:
            cells(RowGroupWritten(0.0, groups[number], _GROUP_SIZE))
            del tracker.groups[number]
    return cells
