"""Standing: what is in flight and what waits at one moment, so that all parts of a view say the same of it."""

from typing import NamedTuple, TypedDict

from notebook_gen.views.lanes import LaneKind
from notebook_gen.views.resources import resource_looks, say_slots, slots_of
from notebook_gen.views.source import RunSource


class Standing(NamedTuple):
    """One look at a run.

    Attributes:
        source: the run, as it stood then.
        waiting: tasks that were ready and had no slot.
    """

    source: RunSource
    waiting: int


class Figures(TypedDict):
    """What stands below the names beside lanes, as static/chart.js reads it.

    Attributes:
        kind: what lanes are.
        groups: of each group of lanes.
        waiting: of what waits.
    """

    kind: LaneKind
    groups: list[str]
    waiting: str


def take_standing(source: RunSource) -> Standing:
    """Look at a run; safe on any thread."""
    still = source.as_it_stands()
    is_under_way = still.progress.state in ("running", "paused")
    return Standing(still, sum(map(len, still.waiting_since().values())) if is_under_way else 0)


def write_figures(standing: Standing, kind: LaneKind) -> Figures | None:
    """Write what stands below the names beside lanes; None where nothing does: beside rows, and once all is over."""
    source, graph = standing.source, standing.source.graph
    if kind == "rows" or source.progress.ended is not None:
        return None
    if kind == "slots":
        groups = [say_slots(slots_of(source, [look])) for look in resource_looks(graph)]
    else:
        nodes = [node.index for node in graph.nodes if node.resource is not None]
        groups = [f"{source.progress.nodes[node].in_flight} in flight" for node in nodes]
    return {"kind": kind, "groups": groups, "waiting": f"{standing.waiting} now"}
