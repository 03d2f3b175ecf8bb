"""The states of cells that were saved: as far as attempts tell of them, or all that a dataset's folder tells.

By attempts, a cell is in the state in which its last one ended; what was made in place, was skipped or kept from an
earlier run, and that a row was dropped, none of them says.

In a folder, what was delivered is done, unless it is empty for a reason; what was dropped is dropped, but for cells
that were made before: with an attempt, or in place, as all that they read was there. What a processor dropped is
dropped, whatever was made of it, as in a run that goes on. Of rows that are neither, attempts alone tell. A skipped
cell is not written down as such: it holds what skipped ones hold, and had no attempt, or its condition says so, or
something it reads was skipped.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from notebook_gen.engine.open_group import DEFERRED, DONE, DROPPED, FAILED, IN_FLIGHT, SKIPPED, WAITING
from notebook_gen.engine.skips import SkipRules
from notebook_gen.generators.conditions import make_condition
from notebook_gen.observers.cell_counts import SHOWN_STATES
from notebook_gen.observers.trace import AGAIN, CANCELLED, IN_PLACE_SLOT, STATES, Trace
from notebook_gen.observers.trace import DONE as ATTEMPT_DONE
from notebook_gen.observers.trace import FAILED as ATTEMPT_FAILED
from notebook_gen.observers.trace import IN_FLIGHT as ATTEMPT_IN_FLIGHT
from notebook_gen.plan.graph import Node
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.storage.outcome import GroupOutcome, Outcome

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    Array = np.ndarray[Any, Any]

NO_ATTEMPT: Final = len(STATES)
"""Instead of the state of an attempt, where there is none."""

_NO_ROW: Final = len(SHOWN_STATES)
_CELL_STATES: Final = {
    ATTEMPT_IN_FLIGHT: IN_FLIGHT,
    ATTEMPT_DONE: DONE,
    ATTEMPT_FAILED: FAILED,
    CANCELLED: WAITING,
    AGAIN: DEFERRED,
    NO_ATTEMPT: WAITING,
}
# nothing is under way any more
_AT_THE_END: Final = {IN_FLIGHT: WAITING, DEFERRED: WAITING}


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


class SavedCells:
    """Finds the states of the cells of a dataset, a row group at a time.

    Args:
        outcome: what came of the dataset.
        groups: what came of each of its row groups.
        trace: the attempts of all its runs; None: there are none.

    Attributes:
        unsure: nodes of whose delivered cells it is not known which were skipped.
    """

    def __init__(self, outcome: Outcome, groups: Sequence[GroupOutcome], trace: Trace | None) -> None:
        self._outcome = outcome
        self._attempts = _attempts(outcome, groups, trace)
        self._is_traced = trace is not None
        self._nodes = outcome.graph.nodes
        self._numbers = {node.name: node.index for node in self._nodes}
        self._may_skip = SkipRules(outcome.graph).may_skip
        self._in_place = [node for node in self._nodes if node.kind == "expression" and not node.has_condition]
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
            for node in self._in_place:
                # it is made at once when all that it reads is there
                if all(states[upstream, place] == DONE for upstream in node.upstream):
                    states[node.index, place] = DONE
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


def _attempts(outcome: Outcome, groups: Sequence[GroupOutcome], trace: Trace | None) -> "Array":
    """The state of the last attempt at each cell, nodes of the builder's graph × rows."""
    import numpy as np

    nodes, rows = outcome.graph.nodes, max([outcome.rows, *(group.start + group.size for group in groups)])
    found = np.full((len(nodes), rows), NO_ATTEMPT, dtype=np.uint8)
    if trace is not None:
        numbers = {node.name: node.index for node in trace.graph.nodes}
        tried = [node for node in nodes if node.name in numbers]
        ranges = {group.number: range(group.start, group.start + group.size) for group in groups}
        last = last_attempts(trace, [numbers[node.name] for node in tried], ranges)
        found[[node.index for node in tried], : last.shape[1]] = last
    return found


def _holds_nothing(node: Node, table: "pa.Table") -> "Array":
    """Which cells hold what a skipped one does; all, where the column is not there any more."""
    import numpy as np

    found = np.ones(table.num_rows, dtype=bool)
    for name, skip_value in zip(node.outputs, node.skip_values, strict=True):
        if name in table.column_names:
            found &= np.array([value == skip_value for value in table.column(name).to_pylist()], dtype=bool)
    return found
