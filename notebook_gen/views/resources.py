"""How pictures show the resources of a run: by which name, with which word for a task, in which colour."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.palette import color_names
from notebook_gen.views.source import RunSource
from notebook_gen.views.text import fit, one_line, write_clock

LABEL_SIZE: Final = 11.0
"""Font size of labels beside lanes."""

_WIDEST_LABEL = 120.0
_PROBLEM = 100  # characters of it

IN_VAIN: Final = 5.0
"""Seconds without a good answer of an endpoint, after which that is told."""


class ResourceLook(NamedTuple):
    """How a resource is shown.

    Attributes:
        name: as in `ExecutionGraph.resources`.
        label: in one short line, of a model its alias; harmless, not escaped.
        is_model: whether it is a model's endpoint, and its tasks are calls.
        color: the name of its only column's colour; "soft" if several share it.
    """

    name: str
    label: str
    is_model: bool
    color: str

    @property
    def noun(self) -> str:
        """What a task of it is called."""
        return "call" if self.is_model else "function call"


def resource_looks(graph: ExecutionGraph) -> list[ResourceLook]:
    """Give the look of each resource, in the order of `ExecutionGraph.resources`."""
    colors = color_names(graph)
    looks = []
    for name in graph.resources:
        users = [node for node in graph.nodes if node.resource == name]
        model = users[0].model
        label = fit(name if model is None else model, _WIDEST_LABEL, LABEL_SIZE)
        color = colors[users[0].index] if len(users) == 1 else "soft"
        looks.append(ResourceLook(name, label, model is not None, color))
    return looks


def counted(looks: Sequence[ResourceLook]) -> list[int]:
    """Give the indexes of the resources that a run is about: models, or all if there are none."""
    models = [number for number, look in enumerate(looks) if look.is_model]
    return models or list(range(len(looks)))


class Slots(NamedTuple):
    """The slots of some resources together.

    Attributes:
        in_flight: tasks that have one.
        limit: how many may be in flight now.
        ceiling: how many may ever be; more than `limit` while a model asks for fewer calls.
    """

    in_flight: int
    limit: int
    ceiling: int


def slots_of(source: RunSource, looks: Sequence[ResourceLook]) -> Slots:
    """Count the slots of some resources."""
    progress, ceilings = source.progress, source.ceilings
    return Slots(
        sum(progress.in_flight[look.name] for look in looks),
        sum(progress.limits.get(look.name, ceilings.get(look.name, 0)) for look in looks),
        sum(ceilings.get(look.name, 0) for look in looks),
    )


def say_slots(slots: Slots) -> str:
    """Say how many tasks are in flight of how many: `8 of 8`, and `5 of 8, limit 5` where the limit has fallen.

    More than it allows may be in flight then: what was begun before it fell.
    """
    return f"{slots.in_flight} of {slots.ceiling}{_say_limit(slots)}"


def say_in_flight(slots: Slots) -> str:
    """Say the same where nothing else tells what is counted: `8 of 8 in flight`, `5 of 8 in flight, limit 5`."""
    return f"{slots.in_flight} of {slots.ceiling} in flight{_say_limit(slots)}"


def _say_limit(slots: Slots) -> str:
    return f", limit {slots.limit}" if slots.limit < slots.ceiling else ""


def say_in_vain(source: RunSource) -> list[str]:
    """Say what has given no good answer for some time, what it said, and when it is asked again."""
    return [
        f"{stuck.resource}: no good answer for {write_clock(stuck.seconds)} ({one_line(stuck.problem, _PROBLEM)})"
        + (f", asked again in {write_clock(stuck.goes_on_in)}" if stuck.goes_on_in >= 1 else "")
        for stuck in source.in_vain()
        if stuck.seconds >= IN_VAIN
    ]


def say_calls(source: RunSource) -> list[str]:
    """Say what is in flight, models and functions apart: `5 of 8 calls in flight, limit 6`, then function calls."""
    said = []
    for is_model in (True, False):
        looks = [look for look in resource_looks(source.graph) if look.is_model == is_model]
        if looks:
            slots = slots_of(source, looks)
            said.append(f"{slots.in_flight} of {slots.ceiling} {looks[0].noun}s in flight{_say_limit(slots)}")
    return said
