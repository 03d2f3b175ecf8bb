"""The cells as far as attempts tell of them: for runs of which only the traces are left.

A cell is in the state in which its last attempt ended. What was made in place, was skipped or kept from an earlier run,
and that a row was dropped, no attempt says: columns made in place are left out, and the picture says the rest.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from notebook_gen.engine.open_group import DEFERRED, DONE, IN_FLIGHT, WAITING
from notebook_gen.engine.open_group import FAILED as CELL_FAILED
from notebook_gen.observers.cell_counts import SHOWN_STATES
from notebook_gen.observers.trace import AGAIN, CANCELLED, IN_PLACE_SLOT, STATES, Trace
from notebook_gen.observers.trace import DONE as ATTEMPT_DONE
from notebook_gen.observers.trace import FAILED as ATTEMPT_FAILED
from notebook_gen.observers.trace import IN_FLIGHT as ATTEMPT_IN_FLIGHT
from notebook_gen.views.cells import CellsPicture
from notebook_gen.views.palette import color_names
from notebook_gen.views.text import one_line

if TYPE_CHECKING:
    from notebook_gen.views.history import Array

MOST_BINS: Final = 400
NO_ATTEMPT: Final = len(STATES)
"""Instead of the state of an attempt, where there is none."""
NAME_LENGTH: Final = 80

_CELL_STATES: Final = {
    ATTEMPT_IN_FLIGHT: IN_FLIGHT,
    ATTEMPT_DONE: DONE,
    ATTEMPT_FAILED: CELL_FAILED,
    CANCELLED: WAITING,
    AGAIN: DEFERRED,
    NO_ATTEMPT: WAITING,
}
# nothing is under way any more
_AT_THE_END: Final = {IN_FLIGHT: WAITING, DEFERRED: WAITING}
_UNTOLD: Final = (
    "Attempts alone do not tell which cells were skipped, which were kept from an earlier run, and which rows were "
    "dropped; nor of what was made in place. The folder of a dataset does."
)


def picture_of_trace(trace: Trace) -> CellsPicture:
    """Give the picture of the cells that attempts tell of; columns made in place are left out."""
    import numpy as np

    lines = trace.columns()
    nodes = np.unique(lines["node"][lines["slot"] != IN_PLACE_SLOT]).tolist()
    attempts = last_attempts(trace, nodes, _rows_by_group(lines))
    rows = attempts.shape[1]
    width = max(1, -(-rows // MOST_BINS))
    cells = np.zeros((len(nodes), -(-rows // width), len(SHOWN_STATES)), dtype=np.uint32)
    count_cells(cells, width, 0, cell_states(attempts, is_over=trace.is_over))
    names, colors = [one_line(trace.graph.nodes[node].name, NAME_LENGTH) for node in nodes], color_names(trace.graph)
    return CellsPicture(
        names=names,
        colors=[colors[node] for node in nodes],
        width=width,
        cells=cells,
        ended=trace.is_over,
        unmade="without a finished attempt",
        untold=(_UNTOLD,) if nodes else (),
    )


def last_attempts(trace: Trace, nodes: "list[int]", groups: Mapping[int, range]) -> "Array":
    """Give the state of the last attempt at each cell, nodes × rows; `NO_ATTEMPT` where there was none.

    Args:
        trace: the attempts; what was made in place does not count.
        nodes: which of the trace's nodes.
        groups: the rows of each row group.
    """
    import numpy as np

    lines = trace.columns()
    rows = max((group.stop for group in groups.values()), default=0)
    last = np.full((len(nodes), rows), NO_ATTEMPT, dtype=np.uint8)
    # of rows that are gone since, there may be attempts, too
    has_place = (lines["slot"] != IN_PLACE_SLOT) & (lines["row"] < rows)
    for place, node in enumerate(nodes):
        own = np.nonzero(has_place & (lines["node"] == node))[0]
        own = own[np.argsort(lines["started"][own], kind="stable")]
        of_rows = own[lines["row"][own] >= 0]
        # of several values for one place, numpy keeps the last
        last[place, lines["row"][of_rows]] = lines["state"][of_rows]
        for line in own[lines["row"][own] < 0].tolist():
            group = groups.get(int(lines["row_group"][line]), range(0))
            last[place, group.start : group.stop] = lines["state"][line]
    return last


def cell_states(attempts: "Array", *, is_over: bool) -> "Array":
    """Give the state in which each cell is after its last attempt: in a run that is over, nothing is under way."""
    import numpy as np

    states = [_CELL_STATES[code] for code in sorted(_CELL_STATES)]
    as_cell = np.array([_AT_THE_END.get(state, state) if is_over else state for state in states], dtype=np.uint8)
    found: Array = as_cell[attempts]
    return found


def count_cells(cells: "Array", width: int, start: int, states: "Array") -> None:
    """Add cells to those of a picture.

    Args:
        cells: columns × bins × states, which grow.
        width: rows of a bin.
        start: the first row.
        states: columns × rows, indexes of `SHOWN_STATES`; of others, nothing is counted.
    """
    import numpy as np

    first = start // width
    bins = (start + np.arange(states.shape[1])) // width - first
    count = int(bins[-1]) + 1 if len(bins) else 0
    kinds = len(SHOWN_STATES) + 1
    for place, of_column in enumerate(np.minimum(states, kinds - 1)):
        counts = np.bincount(bins * kinds + of_column, minlength=count * kinds).reshape(count, kinds)
        cells[place, first : first + count] += counts[:, :-1].astype(cells.dtype)


def _rows_by_group(lines: "dict[str, Array]") -> dict[int, range]:
    """The rows of each row group, as far as attempts tell of them; one that was only worked on as a whole has none."""
    import numpy as np

    found = {}
    for number in np.unique(lines["row_group"]).tolist():
        rows = lines["row"][(lines["row_group"] == number) & (lines["row"] >= 0)]
        found[number] = range(int(rows.min()), int(rows.max()) + 1) if len(rows) else range(0)
    return found
