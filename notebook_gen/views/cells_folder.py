"""The picture of a dataset in a folder: its cells, and below them what its files do not tell."""

from collections.abc import Sequence
from typing import Final

from notebook_gen.observers.cell_counts import SHOWN_STATES
from notebook_gen.observers.saved_cells import SavedCells
from notebook_gen.observers.trace import Trace
from notebook_gen.storage.outcome import GroupOutcome, Outcome
from notebook_gen.views.cells import CellsPicture
from notebook_gen.views.cells_traces import MOST_BINS, NAME_LENGTH, count_cells
from notebook_gen.views.palette import color_names, made_nodes
from notebook_gen.views.text import one_line

_NAMED: Final = 3


def picture_of_folder(outcome: Outcome, trace: Trace | None) -> CellsPicture:
    """Give the picture of a dataset's cells.

    Args:
        outcome: what came of it.
        trace: the attempts of all its runs; None: there are none.

    Raises:
        WriteError: a file cannot be read.
    """
    import numpy as np

    graph, made = outcome.graph, made_nodes(outcome.graph)
    groups = list(outcome.groups())
    rows = max([outcome.rows, *(group.start + group.size for group in groups)])
    width = max(1, -(-rows // MOST_BINS))
    cells = np.zeros((len(made), -(-rows // width), len(SHOWN_STATES)), dtype=np.uint32)
    saved = SavedCells(outcome, groups, trace)
    for group in groups:
        count_cells(cells, width, group.start, saved.states(group)[made])
    colors = color_names(graph)
    return CellsPicture(
        names=[one_line(graph.nodes[node].name, NAME_LENGTH) for node in made],
        colors=[colors[node] for node in made],
        width=width,
        cells=cells,
        ended=True,
        unmade="not delivered",
        untold=tuple(say_untold(outcome, groups, saved)),
    )


def say_untold(outcome: Outcome, groups: Sequence[GroupOutcome], saved: SavedCells) -> list[str]:
    """Say what nobody knows of the cells, a sentence each, once `saved` has told the states of all groups."""
    told = []
    if outcome.state == "running":
        told.append("The run goes on, or was killed: until it ends, its attempts are not in the folder.")
    if any(not group.is_finished for group in groups):
        told.append("Of rows that are not delivered, attempts alone tell: what was made without one is not seen.")
    if outcome.earlier.is_final:
        told.append("An after_run processor has changed the rows since: these are the cells as they were made.")
    if saved.unsure:
        names = [repr(outcome.graph.nodes[node].name) for node in sorted(saved.unsure)]
        more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
        told.append(f"Nothing tells which cells of {', '.join(names[:_NAMED] + more)} were skipped: they look done.")
    return told
