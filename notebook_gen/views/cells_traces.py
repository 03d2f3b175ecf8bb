"""The cells as far as attempts tell of them: for runs of which only the traces are left.

A cell is in the state in which its last attempt ended. What was made in place, or taken from the cell store, has no
attempt of its own: columns made in place are left out, other cells without an attempt are shown as such. In a row that
a failed cell has ended they were dropped.
"""

from typing import TYPE_CHECKING, Final

from notebook_gen.engine.open_group import DEFERRED, DONE, DROPPED, IN_FLIGHT, WAITING
from notebook_gen.engine.open_group import FAILED as CELL_FAILED
from notebook_gen.observers.cell_counts import SHOWN_STATES
from notebook_gen.observers.trace import AGAIN, CANCELLED, IN_PLACE_SLOT, Trace
from notebook_gen.observers.trace import DONE as ATTEMPT_DONE
from notebook_gen.observers.trace import FAILED as ATTEMPT_FAILED
from notebook_gen.observers.trace import IN_FLIGHT as ATTEMPT_IN_FLIGHT
from notebook_gen.views.cells import CellsPicture
from notebook_gen.views.palette import color_names
from notebook_gen.views.text import one_line

if TYPE_CHECKING:
    from notebook_gen.views.history import Array

MOST_BINS: Final = 400

_CELL_STATES: Final = {
    ATTEMPT_IN_FLIGHT: IN_FLIGHT,
    ATTEMPT_DONE: DONE,
    ATTEMPT_FAILED: CELL_FAILED,
    CANCELLED: WAITING,
    AGAIN: DEFERRED,
}


def picture_of_trace(trace: Trace) -> CellsPicture:
    """Give the picture of the cells that attempts tell of; columns made in place are left out."""
    import numpy as np

    lines = trace.columns()
    chosen = lines["slot"] != IN_PLACE_SLOT
    lines = {name: values[chosen] for name, values in lines.items()}
    nodes = np.unique(lines["node"]).tolist()
    states = _last_states(lines, nodes)
    rows = states.shape[1]
    width = max(1, -(-rows // MOST_BINS))
    padded = np.pad(states, ((0, 0), (0, -rows % width)), constant_values=len(SHOWN_STATES))
    stretches = padded.reshape(len(nodes), padded.shape[1] // width, width)
    cells = np.stack([np.count_nonzero(stretches == state, axis=2) for state in range(len(SHOWN_STATES))], axis=2)
    names, colors = [one_line(trace.graph.nodes[node].name, 80) for node in nodes], color_names(trace.graph)
    return CellsPicture(
        names, [colors[node] for node in nodes], width, cells.astype(np.uint32), ended=True, unmade="without an attempt"
    )


def _last_states(lines: "dict[str, Array]", nodes: list[int]) -> "Array":
    """The state of each cell after its last attempt, nodes × rows."""
    import numpy as np

    groups = _rows_by_group(lines)
    rows = max((group.stop for group in groups.values()), default=0)
    states = np.full((len(nodes), rows), WAITING, dtype=np.uint8)
    as_cell = np.array([_CELL_STATES[code] for code in sorted(_CELL_STATES)], dtype=np.uint8)[lines["state"]]
    for place, node in enumerate(nodes):
        own = np.nonzero(lines["node"] == node)[0]
        own = own[np.argsort(lines["started"][own], kind="stable")]
        of_rows = own[lines["row"][own] >= 0]
        # of several values for one place, numpy keeps the last
        states[place, lines["row"][of_rows]] = as_cell[of_rows]
        for line in own[lines["row"][own] < 0].tolist():
            group = groups[int(lines["row_group"][line])]
            states[place, group.start : group.stop] = as_cell[line]
    gone = (states == CELL_FAILED).any(axis=0) & (states == WAITING)
    states[gone] = DROPPED
    return states


def _rows_by_group(lines: "dict[str, Array]") -> dict[int, range]:
    """The rows of each row group, as far as attempts tell of them; one that was only worked on as a whole has none."""
    import numpy as np

    found = {}
    for number in np.unique(lines["row_group"]).tolist():
        rows = lines["row"][(lines["row_group"] == number) & (lines["row"] >= 0)]
        found[number] = range(int(rows.min()), int(rows.max()) + 1) if len(rows) else range(0)
    return found
