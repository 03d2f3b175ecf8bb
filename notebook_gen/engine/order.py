"""ReadyTasks: what waits for a slot, and which of it comes next.

The order: the oldest window of rows that has ready work, in it the node with the longest remaining path by the
durations seen so far, in it the oldest row. A window has a row for each slot: rows finish early although no slot
stands idle. The last windows are one: with nothing behind them, the last rows' chains would leave slots empty. An
ordered node offers one task at a time, in the order of rows.

A silent endpoint is asked with the node's newest row instead. The oldest may be such that it can never answer: a run
that goes on begins with those that failed before, and each of them would make the silence longer.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush

from notebook_gen.engine.open_group import DONE
from notebook_gen.engine.resources import Resource
from notebook_gen.engine.tracker import CompletionTracker
from notebook_gen.plan.graph import ASYNC_FUNCTIONS, THREADS, ExecutionGraph, Node

_LEAST_WINDOW = 8
_LAST_WINDOWS = 2
_BEHIND_ALL = 1 << 62
_ENDS_BETWEEN_SORTS = 256


class ReadyTasks:
    """A queue for each node that needs a slot, of rows; a full-column task stands there as its group's first row.

    Args:
        graph: what makes what.
        resources: what the nodes need slots of; their `ready`, `nodes` and `best` are kept here.
        rows: rows of the run.
    """

    def __init__(self, graph: ExecutionGraph, resources: Sequence[Resource], rows: int) -> None:
        self._graph = graph
        self._resources = resources
        self._queues: list[deque[int]] = [deque() for _ in graph.nodes]
        self._window = max(_LEAST_WINDOW, sum(resource.ceiling for resource in resources))
        self._last_window = max(0, rows // self._window - _LAST_WINDOWS)
        self._seconds = [0.0] * len(graph.nodes)
        self._ends = [0] * len(graph.nodes)
        self._until_sort = 1

    @property
    def count(self) -> int:
        """How many tasks wait."""
        return sum(resource.ready for resource in self._resources)

    def add(self, node: int, resource: Resource, rows: Sequence[int]) -> None:
        """Add tasks behind those that wait."""
        queue = self._queues[node]
        if not queue:
            resource.best = None
        queue.extend(rows)
        resource.ready += len(rows)

    def add_first(self, node: int, resource: Resource, row: int) -> None:
        """Add a task before those that wait: it was there before."""
        resource.best = None
        self._queues[node].appendleft(row)
        resource.ready += 1

    def take(self, resource: Resource) -> tuple[int, int] | None:
        """Take the node and row that come next; None if nothing waits."""
        best = resource.best
        if best is not None:
            # as long as no other has a new first task, and its own is in the same window, it comes before the others
            node, end = best
            queue = self._queues[node]
            if queue and queue[0] < end:
                resource.ready -= 1
                return node, queue.popleft()
        return self._take_best(resource)

    def _take_best(self, resource: Resource) -> tuple[int, int] | None:
        best, best_window = -1, _BEHIND_ALL
        queues, size = self._queues, self._window
        for node in resource.nodes:
            queue = queues[node]
            if queue and queue[0] // size < best_window:
                best, best_window = node, min(queue[0] // size, self._last_window)
        if best < 0:
            return None
        resource.ready -= 1
        if resource.silent_since is not None:
            return best, queues[best].pop()
        resource.best = (best, (best_window + 1) * size if best_window < self._last_window else _BEHIND_ALL)
        return best, queues[best].popleft()

    def clear(self) -> None:
        """Forget all that waits."""
        for queue in self._queues:
            queue.clear()
        for resource in self._resources:
            resource.ready = 0
            resource.best = None

    def ended(self, node: int, seconds: float) -> None:
        """Learn how long a task took; now and then the nodes are sorted anew."""
        self._seconds[node] += seconds
        self._ends[node] += 1
        self._until_sort -= 1
        if not self._until_sort:
            self._until_sort = min(_ENDS_BETWEEN_SORTS, 2 * sum(self._ends))
            self._sort()

    def _sort(self) -> None:
        depths = self._graph.depths(self._costs())
        for resource in self._resources:
            resource.nodes = tuple(sorted(resource.nodes, key=lambda node: -depths[node]))
            resource.best = None

    def _costs(self) -> Sequence[float]:
        """Seconds a task of each node takes; of one that has not ended yet, the mean of those that need a slot, too."""
        means = [total / ends if ends else None for total, ends in zip(self._seconds, self._ends, strict=True)]
        known = [mean for mean in means if mean is not None]
        usual = sum(known) / len(known) if known else 1.0
        return [self._cost(mean, usual, node.resource) for mean, node in zip(means, self._graph.nodes, strict=True)]

    @staticmethod
    def _cost(mean: float | None, usual: float, resource: str | None) -> float:
        if resource is None:
            return 0.0
        return usual if mean is None else mean


class InOrder:
    """The tasks of one ordered node: each offered when the one before has ended, in the order of rows.

    A full-column task is known by its row group's first row.
    """

    def __init__(self, node: Node) -> None:
        self._node = node.index
        self._step_is_group = node.full_column
        self._held: list[int] = []
        self._cursor = 0
        self._offered: int | None = None

    def hold(self, tasks: Iterable[int]) -> None:
        """Keep tasks that are ready until it is their turn."""
        for task in tasks:
            heappush(self._held, task)

    def release(self, task: int) -> None:
        """Note that a task has ended for good; harmless unless it is the one that was offered."""
        if task == self._offered:
            self._offered = None

    def first_task(self) -> int | None:
        """Give the first of the tasks held; None while another is under way, or without one."""
        if self._offered is not None or not self._held:
            return None
        self._offered = heappop(self._held)
        return self._offered

    def next_task(self, tracker: CompletionTracker, opened: int, group_size: int) -> int | None:
        """Give the task whose turn it is; None while another is under way, or before it is ready.

        Args:
            tracker: knows which tasks have ended.
            opened: row groups opened so far.
            group_size: rows of a row group.
        """
        while self._offered is None and self._cursor < opened * group_size:
            group = tracker.groups.get(self._cursor // group_size)
            if group is None:
                self._cursor = (self._cursor // group_size + 1) * group_size
                continue
            offset = self._cursor - group.group.start
            if offset < group.group.size and group.states[self._node][offset] < DONE:
                return self.first_task() if self._is_held() else None
            self._cursor += group_size if self._step_is_group else 1
        return None

    def _is_held(self) -> bool:
        """Whether the task at the cursor is held; what lies before it was dropped."""
        while self._held and self._held[0] < self._cursor:
            heappop(self._held)
        return bool(self._held) and self._held[0] == self._cursor


def make_resources(graph: ExecutionGraph, ceilings: Mapping[str, int], factor: float) -> list[Resource]:
    """Make the resources of a graph, each with its nodes, longest remaining path first.

    Args:
        graph: what makes what.
        ceilings: slots of each resource.
        factor: what the limit of an endpoint is multiplied with when it falls.
    """
    depths = graph.depths()
    return [
        Resource(
            name,
            ceilings[name],
            tuple(sorted((n.index for n in graph.nodes if n.resource == name), key=lambda index: -depths[index])),
            is_endpoint=name not in (THREADS, ASYNC_FUNCTIONS),
            factor=factor,
        )
        for name in graph.resources
    ]
