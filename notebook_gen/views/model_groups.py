"""Which nodes of a graph lie together because one model makes them, and what their ground is called."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from notebook_gen.config.models import Model
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.geometry import Group
from notebook_gen.views.text import fit, one_line, text_width

LABEL_SIZE: Final = 10.0

_WIDEST_LABEL: Final = 200.0
_LABEL_PAD: Final = 16.0
_MANY_COLUMNS: Final = 12


@dataclass(frozen=True, slots=True)
class ModelGroup:
    """The nodes of one model.

    Attributes:
        label: what to write over them; not escaped.
        title: all of it.
        nodes: their indexes.
    """

    label: str
    title: str
    nodes: tuple[int, ...]

    @property
    def group(self) -> Group:
        """What the layout needs of it."""
        return Group(self.nodes, text_width(self.label, LABEL_SIZE) + _LABEL_PAD)


def group_by_model(graph: ExecutionGraph, models: Mapping[str, Model]) -> tuple[ModelGroup, ...]:
    """Give the nodes of each model, if there are several, or so many columns that one is worth telling from the rest.

    Args:
        graph: the columns.
        models: models by alias; what is not in it is called by its alias alone.
    """
    members: dict[str, list[int]] = {}
    for node in graph.nodes:
        if node.model is not None:
            members.setdefault(node.model, []).append(node.index)
    if len(members) < 2 and len(graph.columns) <= _MANY_COLUMNS:
        return ()
    return tuple(_group(alias, models.get(alias), nodes) for alias, nodes in members.items())


def _group(alias: str, model: Model | None, nodes: list[int]) -> ModelGroup:
    name = f" · {model.model}" if model is not None and model.model != alias else ""
    label = fit(f"{alias}{name}", _WIDEST_LABEL, LABEL_SIZE)
    return ModelGroup(label, one_line(f"model {alias}{name}"), tuple(nodes))
