"""make_generator: gives a node the generator that makes its values."""

from collections.abc import Mapping
from dataclasses import dataclass

from notebook_gen.config.columns import Category, Expression, Float, Function, Integer, LLMText, SeedColumn, side_name
from notebook_gen.generators.expressions import ExpressionGenerator
from notebook_gen.generators.functions import AsyncFunctionGenerator, SyncFunctionGenerator
from notebook_gen.generators.llm import Completer, LLMTextGenerator
from notebook_gen.generators.samplers import SamplerGenerator
from notebook_gen.generators.seed import SeedGenerator
from notebook_gen.plan.graph import Node

Generator = (
    SamplerGenerator
    | SeedGenerator
    | ExpressionGenerator
    | SyncFunctionGenerator
    | AsyncFunctionGenerator
    | LLMTextGenerator
)


@dataclass(frozen=True, slots=True)
class Context:
    """What generators need beside their specs.

    Attributes:
        seed: the builder's seed.
        complete: for each alias, what calls the model.
    """

    seed: int
    complete: Mapping[str, Completer]


def make_generator(node: Node, context: Context) -> Generator:
    """Make the generator of a node.

    Raises:
        TypeError: there is none for its kind of spec.
    """
    match node.spec:
        case SeedColumn(data=data):
            return SeedGenerator(data, node.outputs, context.seed)
        case Category() | Integer() | Float() as spec:
            return SamplerGenerator(spec, node.name, context.seed)
        case Expression() as spec:
            return ExpressionGenerator(spec, node.inputs)
        case LLMText() as spec:
            sides = [side for side in spec.side_outputs if side_name(node.name, side) in node.outputs]
            return LLMTextGenerator(spec, context.complete[spec.model], sides)
        case Function(is_async=True) as spec:
            return AsyncFunctionGenerator(spec)
        case Function() as spec:
            return SyncFunctionGenerator(spec)
        case spec:
            raise TypeError(f"no generator makes {type(spec).__name__} columns")
