"""A naive CompletionTracker: dicts and sets, and everything that is ready found anew from the rules after each step."""

from collections.abc import Iterator, Sequence

from notebook_gen.engine.open_group import DEFERRED, DONE, DROPPED, IN_FLIGHT, READY, WAITING
from notebook_gen.engine.snapshots import CELL_STATES, CellState
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.tasks import RowGroup

Place = tuple[int, int | None]
"""A node and a row; of a full-column node, None in place of the row."""


class ModelGroup:
    """One row group. The gate is the node behind the graph's own."""

    def __init__(self, graph: ExecutionGraph, group: RowGroup, *, has_gate: bool) -> None:
        self.group = group
        self.full = [node.full_column for node in graph.nodes]
        self.upstream = [set(node.upstream) for node in graph.nodes]
        if has_gate:
            gate = len(self.full)
            seeds = {node for node, others in enumerate(self.upstream) if not others}
            self.upstream = [others | {gate} if others else others for others in self.upstream]
            self.upstream.append(seeds)
            self.full.append(True)
        self.begin(group)

    def begin(self, group: RowGroup) -> None:
        """Be a row group of which nothing was made."""
        self.group = group
        self.state: dict[Place, int] = dict.fromkeys(self.places(), WAITING)
        self.left_out: dict[int, dict[int, int]] = {}
        self.dropped: set[int] = set()
        self.slots = 0

    def places(self) -> Iterator[Place]:
        for node, full in enumerate(self.full):
            rows: Sequence[int | None] = [None] if full else self.group.rows
            yield from ((node, row) for row in rows)

    # What the rules say

    @property
    def live(self) -> list[int]:
        return [row for row in self.group.rows if row not in self.dropped]

    def has_ended(self, node: int, row: int) -> bool:
        return self.state[node, None if self.full[node] else row] >= DONE

    def is_done(self, row: int) -> bool:
        return row not in self.dropped and all(self.has_ended(node, row) for node in range(len(self.full)))

    def rows_of(self, node: int) -> list[int]:
        return [row for row in self.live if row not in self.left_out.get(node, {})]

    def inputs_are_there(self, place: Place) -> bool:
        node, row = place
        if row in self.dropped or not self.live:
            return False
        return all(
            self.state[up, None] >= DONE
            if self.full[up]
            else all(self.state[up, other] >= DONE for other in (self.live if row is None else [row]))
            for up in self.upstream[node]
        )

    def wake(self) -> set[Place]:
        """Make ready what waits for nothing more, and give it."""
        woken = {place for place, state in self.state.items() if state == WAITING and self.inputs_are_there(place)}
        self.state.update(dict.fromkeys(woken, READY))
        return woken

    def seen(self, node: int, row: int) -> CellState:
        """What is shown of a cell."""
        state = self.state[node, None if self.full[node] else row]
        if self.full[node] and state >= DONE:
            state = self.left_out.get(node, {}).get(row, state)
        return "dropped" if row in self.dropped and state < DONE else CELL_STATES[state]

    # Steps

    def drop(self, row: int, failed: Place | None, failed_state: int) -> None:
        self.dropped.add(row)
        for place, state in self.state.items():
            if place[1] == row and state < DONE:
                self.state[place] = failed_state if place == failed else DROPPED
            if place[1] is None and not self.live and state in (WAITING, READY, DEFERRED):
                self.state[place] = DROPPED

    def end_full(self, node: int, state: int) -> None:
        self.state[node, None] = state
        left_out = self.left_out.setdefault(node, {})
        left_out.update({row: DROPPED for row in self.dropped if row not in left_out})

    def resize(self, node: int, sources: Sequence[int]) -> None:
        """Begin anew with other rows; nodes that had ended in all rows that live have ended still."""
        given = [self.rows_of(node)[source] for source in sources]
        for row in (row for row in self.live if row not in self.rows_of(node)):
            # each row that the node leaves out stays, before the first that is made of one behind it
            behind = [at for at, other in enumerate(given) if other in self.rows_of(node) and other > row]
            given.insert(behind[0] if behind else len(given), row)
        before, left_out, slots = self.state, self.left_out, self.slots
        self.begin(RowGroup(self.group.number, self.group.start, len(given)))
        self.slots = slots
        for other, full in enumerate(self.full):
            states = [before[other, None]] if full else [before[other, row] for row in given]
            if all(state >= DONE for state in states):
                targets: Sequence[int | None] = [None] if full else self.group.rows
                self.state.update({(other, row): state for row, state in zip(targets, states, strict=True)})
        for other, rows in left_out.items():
            kept = {new: rows[old] for new, old in zip(self.group.rows, given, strict=True) if old in rows}
            self.left_out[other] = kept
        self.state[node, None] = IN_FLIGHT
