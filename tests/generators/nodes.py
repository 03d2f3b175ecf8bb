"""Generators of single columns, for tests of what they make."""

from collections.abc import Mapping
from typing import TypeVar

from notebook_gen.config.columns import Column, Integer
from notebook_gen.config.templates import TEMPLATE_GLOBALS
from notebook_gen.generators import Context, make_generator
from notebook_gen.generators.llm import Completer
from notebook_gen.plan.graph import Node, build_graph

G = TypeVar("G")


def node_of(spec: Column, name: str = "x") -> Node:
    """The node of a column called `name`, over whatever it reads."""
    names = [other for other in (*spec.inputs, *spec.condition_inputs) if other not in TEMPLATE_GLOBALS]
    inputs: dict[str, Column] = {other: Integer(0, 0) for other in names}
    graph = build_graph({**inputs, name: spec})
    return next(node for node in graph.nodes if node.name == name)


def generator_of(
    kind: type[G], spec: Column, *, name: str = "x", seed: int = 7, complete: Mapping[str, Completer] | None = None
) -> G:
    """The generator of a column, which must be of a kind."""
    generator = make_generator(node_of(spec, name), Context(seed=seed, complete=complete or {}))
    assert isinstance(generator, kind)
    return generator
