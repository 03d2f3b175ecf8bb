"""The cells as far as attempts tell of them: for runs of which only the traces are left.

Columns made in place are left out; what else no attempt says stands below the picture.
"""

from typing import TYPE_CHECKING, Final

from notebook_gen.observers.cell_counts import SHOWN_STATES
from notebook_gen.observers.saved_cells import cell_states, last_attempts
from notebook_gen.observers.trace import IN_PLACE_SLOT, Trace
from notebook_gen.views.cells import CellsPicture
from notebook_gen.views.palette import color_names
from notebook_gen.views.text import one_line

if TYPE_CHECKING:
    from notebook_gen.views.history import Array

MOST_BINS: Final = 400
NAME_LENGTH: Final = 80

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
