"""Every kind of column has a generator, in the shape the engine asks for."""

import pytest

from notebook_gen.config.columns import Category, Column, Expression, Float, Function, Integer, LLMText
from notebook_gen.config.models import Model
from notebook_gen.engine import ports
from notebook_gen.generators import Context, make_generator
from notebook_gen.generators.expressions import ExpressionGenerator
from notebook_gen.generators.functions import AsyncFunctionGenerator, SyncFunctionGenerator
from notebook_gen.generators.llm import LLMTextGenerator
from notebook_gen.generators.samplers import SamplerGenerator
from notebook_gen.models.client import ChatClient
from tests.generators.nodes import node_of


def words(review: str) -> int:
    return len(review.split())


async def look_up(review: str) -> str:
    return review


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        (Category(["a"]), SamplerGenerator),
        (Integer(1, 2), SamplerGenerator),
        (Float(1, 2), SamplerGenerator),
        (Expression("{{ a }}"), ExpressionGenerator),
        (Function.from_callable(words), SyncFunctionGenerator),
        (Function.from_callable(look_up), AsyncFunctionGenerator),
        (LLMText("Write."), LLMTextGenerator),
    ],
)
def test_each_kind_of_column_gets_its_generator(spec: Column, kind: type) -> None:
    client = ChatClient(Model("gpt"))
    # the type checker holds every generator against the engine's protocols here
    generator: ports.Generator = make_generator(node_of(spec), Context(seed=1, complete={"default": client.complete}))

    assert type(generator) is kind


def test_a_spec_that_nobody_knows_is_a_bug_and_not_a_silent_nothing() -> None:
    class Poem(Column):
        kind = "llm"

    with pytest.raises(TypeError, match="no generator makes Poem columns"):
        make_generator(node_of(Poem()), Context(seed=1, complete={}))
