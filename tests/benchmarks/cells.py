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
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import RowGroups
from notebook_gen.views.cells import CellsPicture, pack_cells, picture_of_part, picture_of_run
from tests.benchmarks.figure import Figure
from tests.views.fake_run import FakeRun

_ROWS = 1_000_000
_GROUP_SIZE = 1_000
_COLUMNS = 12
_FAILURES = 10  # in a row group
_OPEN = 20  # row groups that are not written yet
_PIXELS = 1_300
_TIMES = 9


def measure() -> list[Figure]:
    """Draw the whole run, then parts of it, as a page asks for them when somebody zooms."""
    run = _filled()
    lengths = (_ROWS - 1, _ROWS // 3, 125 * _PIXELS, 60 * _PIXELS, _PIXELS)
    figures = [_figure("the whole", lambda: picture_of_run(run))]
    figures += [_figure(f"{rows:,} rows looked at", partial(_part, run, rows)) for rows in lengths]
    packed = sum(len(group.data) for group in run.cells.between(0, _ROWS).groups)
    what = f"the states of {_ROWS:,} rows × {_COLUMNS} columns, kept"
    figures.append(Figure(what, f"{packed / 1e6:.1f} MB", f"{_ROWS * _COLUMNS / 1e6:.0f} MB: a byte a cell", None, ""))
    return figures


def _figure(what: str, draw: Callable[[], CellsPicture]) -> Figure:
    seconds, size = [], 0
    for _ in range(_TIMES):
        began = time.process_time()
        frame = pack_cells(draw(), [])
        seconds.append(time.process_time() - began)
        size = len(frame["masks"]) + len(frame["counts"])
    measured = f"{1000 * statistics.median(seconds):.1f} ms, at most {1000 * max(seconds):.1f}; {size / 1000:.0f} kB"
    return Figure(f"Cells: {what}", measured, "", None, "≤ 30 ms, ≤ 64 kB")


def _part(run: FakeRun, rows: int) -> CellsPicture:
    first = (_ROWS - rows) // 2
    return picture_of_part(run, range(first, first + rows), _PIXELS)


def _filled() -> FakeRun:
    """The cells of a run whose row groups are all written but the last, with failures here and there."""
    columns: dict[str, Column] = {f"column {place}": LLMText("Say something") for place in range(_COLUMNS)}
    graph = build_graph(columns)
    tracker, groups, rng = CompletionTracker(graph), RowGroups(_ROWS, _GROUP_SIZE), np.random.default_rng(1)
    run = FakeRun(graph, _ROWS, open_groups=tracker.groups)
    for number in range(len(groups)):
        tracker.open(groups[number], 0.0)
        run.cells(RowGroupOpened(0.0, groups[number]))
        for states in tracker.groups[number].states:
            states[:] = bytes((DONE,)) * _GROUP_SIZE
        for row in rng.integers(0, _GROUP_SIZE, _FAILURES).tolist():
            decided = int(rng.integers(0, _COLUMNS))
            for place in range(decided, _COLUMNS):
                tracker.groups[number].states[place][row] = FAILED if place == decided else DROPPED
        if number < len(groups) - _OPEN:
            run.cells(RowGroupWritten(0.0, groups[number], _GROUP_SIZE))
            del tracker.groups[number]
    return run
