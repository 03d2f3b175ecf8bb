"""SkipRules: which nodes may be skipped in a row, by a condition of their own or because something upstream was."""

from collections.abc import Sequence

from notebook_gen.engine.open_group import OpenGroup
from notebook_gen.engine.tracker import CompletionTracker
from notebook_gen.plan.graph import ExecutionGraph


class SkipRules:
    """What a graph says about skips.

    Attributes:
        may_skip: for each node, whether it may be skipped at all.
        upstream: for each node, those whose skips go down to it. Where one was skipped, no condition is asked.
    """

    def __init__(self, graph: ExecutionGraph) -> None:
        self.may_skip: list[bool] = []
        self.upstream: list[tuple[int, ...]] = []
        for node in graph.nodes:
            upstream = tuple(up for up in node.upstream if self.may_skip[up]) if node.propagate_skip else ()
            self.upstream.append(upstream)
            self.may_skip.append(node.has_condition or bool(upstream))

    def split(
        self, tracker: CompletionTracker, node: int, group: OpenGroup, rows: Sequence[int]
    ) -> tuple[Sequence[int], Sequence[int]]:
        """Split rows into those that are skipped because something upstream was, and the others."""
        upstream = self.upstream[node]
        if not upstream:
            return (), rows
        skipped = [row for row in rows if any(tracker.is_skipped(up, group, row) for up in upstream)]
        if not skipped:
            return (), rows
        gone = frozenset(skipped)
        return skipped, [row for row in rows if row not in gone]
