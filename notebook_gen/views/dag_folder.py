"""What came of the columns of a dataset in a folder, for the picture of its graph, and what its files do not tell."""

from typing import NamedTuple

from notebook_gen.engine.open_group import DONE, FAILED, SKIPPED
from notebook_gen.observers.cell_counts import KEPT
from notebook_gen.observers.progress import Progress
from notebook_gen.observers.saved_cells import SavedCells
from notebook_gen.observers.trace import Trace
from notebook_gen.storage.outcome import Outcome
from notebook_gen.views.cells_folder import say_untold


class Made(NamedTuple):
    """What came of the columns.

    Attributes:
        progress: cells made, skipped and failed, and the seconds they took.
        untold: what nobody knows of that, a sentence each; not escaped.
    """

    progress: Progress
    untold: list[str]


def count_made(outcome: Outcome, trace: Trace | None) -> Made:
    """Count what came of the columns of a dataset.

    Args:
        outcome: what came of it.
        trace: the attempts of all its runs; None: there are none.

    Raises:
        WriteError: a file cannot be read.
    """
    import numpy as np

    groups = list(outcome.groups())
    saved = SavedCells(outcome, groups, trace)
    progress = Progress(outcome.graph, sum(group.size for group in groups))
    for group in groups:
        for node, states in zip(progress.nodes, saved.states(group), strict=True):
            counts = np.bincount(states, minlength=KEPT + 1)
            node.done += int(counts[DONE])
            node.skipped += int(counts[SKIPPED])
            node.failed += int(counts[FAILED])
    if trace is not None:
        _add_seconds(progress, trace)
    return Made(progress, say_untold(outcome, groups, saved))


def _add_seconds(progress: Progress, trace: Trace) -> None:
    """Add how long the attempts at each column took, of all runs."""
    import numpy as np

    lines = trace.columns()
    seconds = lines["ended"] - lines["started"]
    numbers = {node.name: node.index for node in trace.graph.nodes}
    for node, made in zip(progress.graph.nodes, progress.nodes, strict=True):
        own = (lines["node"] == numbers.get(node.name, -1)) & np.isfinite(seconds)
        if node.resource is not None:
            made.attempts, made.seconds = int(own.sum()), float(seconds[own].sum())
