"""The cells of a dataset in a folder, from all that its files tell: rows, what was dropped or left empty, attempts.

What was delivered is done, unless it is empty for a reason; what was dropped looks dropped, but for cells that were
made before. Of rows that are neither, attempts alone tell. A skipped cell is not written down as such: it holds what
skipped ones hold, and had no attempt, or its condition says so, or something it reads was skipped.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from notebook_gen.engine.open_group import DONE, DROPPED, FAILED, SKIPPED
from notebook_gen.engine.skips import SkipRules
from notebook_gen.generators.conditions import make_condition
from notebook_gen.observers.cell_counts import SHOWN_STATES
from notebook_gen.observers.trace import DONE as ATTEMPT_DONE
from notebook_gen.observers.trace import FAILED as ATTEMPT_FAILED
from notebook_gen.observers.trace import Trace
from notebook_gen.plan.graph import Node
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.storage.outcome import GroupOutcome, Outcome
from notebook_gen.views.cells import CellsPicture
from notebook_gen.views.cells_traces import (
    MOST_BINS,
    NAME_LENGTH,
    NO_ATTEMPT,
    cell_states,
    count_cells,
    last_attempts,
)
from notebook_gen.views.palette import color_names, made_nodes
from notebook_gen.views.text import one_line

if TYPE_CHECKING:
    import pyarrow as pa

    from notebook_gen.views.history import Array

_NO_ROW: Final = len(SHOWN_STATES)
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
    reader = _Reader(outcome, _attempts(outcome, trace, groups, rows), is_traced=trace is not None)
    for group in groups:
        count_cells(cells, width, group.start, reader.states(group)[made])
    colors = color_names(graph)
    return CellsPicture(
        names=[one_line(graph.nodes[node].name, NAME_LENGTH) for node in made],
        colors=[colors[node] for node in made],
        width=width,
        cells=cells,
        ended=True,
        unmade="not delivered",
        untold=tuple(_untold(outcome, reader, is_unfinished=any(not group.is_finished for group in groups))),
    )


def _attempts(outcome: Outcome, trace: Trace | None, groups: Sequence[GroupOutcome], rows: int) -> "Array":
    """The state of the last attempt at each cell, nodes of the builder's graph × rows."""
    import numpy as np

    nodes = outcome.graph.nodes
    found = np.full((len(nodes), rows), NO_ATTEMPT, dtype=np.uint8)
    if trace is not None:
        numbers = {node.name: node.index for node in trace.graph.nodes}
        tried = [node for node in nodes if node.name in numbers]
        ranges = {group.number: range(group.start, group.start + group.size) for group in groups}
        last = last_attempts(trace, [numbers[node.name] for node in tried], ranges)
        found[[node.index for node in tried], : last.shape[1]] = last
    return found


class _Reader:
    """Finds the states of the cells of row groups.

    Attributes:
        unsure: nodes of whose delivered cells it is not known which were skipped.
    """

    def __init__(self, outcome: Outcome, attempts: "Array", *, is_traced: bool) -> None:
        self._outcome = outcome
        self._attempts = attempts
        self._is_traced = is_traced
        self._nodes = outcome.graph.nodes
        self._numbers = {node.name: node.index for node in self._nodes}
        self._may_skip = SkipRules(outcome.graph).may_skip
        self.unsure: set[int] = set()

    def states(self, group: GroupOutcome) -> "Array":
        """Give the state of each cell, nodes × rows."""
        import numpy as np

        attempts = self._attempts[:, group.start : group.start + group.size]
        if group.is_finished:
            # of a row group that a column made shorter, some rows are gone without a trace
            states = np.full((len(self._nodes), group.size), _NO_ROW, dtype=np.uint8)
        else:
            states = cell_states(attempts, is_over=True)
        delivered = np.asarray(group.delivered, dtype=np.int64) - group.start
        states[:, delivered] = DONE
        for row, name in group.empty:
            if name in self._numbers:
                states[self._numbers[name], row - group.start] = FAILED
        if any(self._may_skip) and group.delivered:
            self._skip(group, states, attempts, delivered)
        self._drop(group, states, attempts)
        return states

    def _drop(self, group: GroupOutcome, states: "Array", attempts: "Array") -> None:
        import numpy as np

        samplers = [node.index for node in self._nodes if node.kind in ("seed", "sampler")]
        by_cell = np.array([not node.full_column for node in self._nodes])
        for row, name in group.dropped.items():
            place = row - group.start
            tried = attempts[:, place]
            states[:, place] = np.where(tried == ATTEMPT_FAILED, FAILED, DROPPED)
            if name not in self._numbers:
                continue  # a processor dropped it, whatever was made of it
            # seeds and samplers are made before anything can fail; of a full column, nobody knows if it saw the row
            states[samplers, place] = DONE
            states[:, place] = np.where(by_cell & (tried == ATTEMPT_DONE), DONE, states[:, place])
            states[self._numbers[name], place] = FAILED

    def _skip(self, group: GroupOutcome, states: "Array", attempts: "Array", delivered: "Array") -> None:
        """Find out which delivered cells were skipped, those first that others read."""
        import numpy as np

        table = self._outcome.values(group)
        for node in self._nodes:
            if not self._may_skip[node.index]:
                continue
            skipped = np.zeros(len(delivered), dtype=bool)
            if node.propagate_skip:
                for upstream in node.upstream:
                    skipped |= states[upstream, delivered] == SKIPPED
                if not self.unsure.isdisjoint(node.upstream):
                    self.unsure.add(node.index)
            if node.has_condition:
                skipped |= self._own_skips(node, table, attempts[node.index, delivered])
            own = states[node.index]
            own[delivered[skipped & (own[delivered] == DONE)]] = SKIPPED

    def _own_skips(self, node: Node, table: "pa.Table | None", attempts: "Array") -> "Array":
        """Which cells of a node its own condition left out, of the delivered ones."""
        import numpy as np

        if self._is_traced and node.resource is not None and not node.full_column:
            untried: Array = attempts == NO_ATTEMPT
            return untried & _holds_nothing(node, table) if table is not None else untried
        condition = make_condition(node)
        needed = {*node.condition_inputs, *node.outputs}
        if condition is None or table is None or not needed.issubset(table.column_names):
            self.unsure.add(node.index)
            return np.zeros(len(attempts), dtype=bool)
        rows = np.nonzero(_holds_nothing(node, table))[0].tolist()
        inputs = {name: table.column(name).to_pylist() for name in node.condition_inputs}
        decisions = condition.decide(RowGroup(0, 0, len(attempts)), rows, inputs)
        skipped = np.zeros(len(attempts), dtype=bool)
        skipped[[row for row, decision in zip(rows, decisions, strict=True) if decision is True]] = True
        return skipped


def _holds_nothing(node: Node, table: "pa.Table") -> "Array":
    """Which cells hold what a skipped one does; all, where the column is not there any more."""
    import numpy as np

    found = np.ones(table.num_rows, dtype=bool)
    for name, skip_value in zip(node.outputs, node.skip_values, strict=True):
        if name in table.column_names:
            found &= np.array([value == skip_value for value in table.column(name).to_pylist()], dtype=bool)
    return found


def _untold(outcome: Outcome, reader: _Reader, *, is_unfinished: bool) -> "list[str]":
    """What nobody knows of the cells, a sentence each."""
    told = []
    if outcome.state == "running":
        told.append("The run goes on, or was killed: until it ends, its attempts are not in the folder.")
    if is_unfinished:
        told.append("Of rows that are not delivered, attempts alone tell: what was made without one is not seen.")
    if outcome.earlier.is_final:
        told.append("An after_run processor has changed the rows since: these are the cells as they were made.")
    if reader.unsure:
        names = [repr(outcome.graph.nodes[node].name) for node in sorted(reader.unsure)]
        more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
        told.append(f"Nothing tells which cells of {', '.join(names[:_NAMED] + more)} were skipped: they look done.")
    return told
