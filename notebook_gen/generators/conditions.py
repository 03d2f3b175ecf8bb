"""Conditions: which cells of a node are skipped."""

from collections.abc import Mapping, Sequence
from typing import Any

from notebook_gen.config.columns import DerivedColumn, Expression
from notebook_gen.errors import GenerationError, Rejected
from notebook_gen.generators.expressions import ExpressionGenerator
from notebook_gen.generators.rendering import said
from notebook_gen.plan.graph import Node
from notebook_gen.plan.tasks import RowGroup

_FALSE = frozenset({"", "false", "0"})
"""What a text says that is not true; an answer of "no" may be one that is there."""


def make_condition(node: Node) -> "TemplateCondition | None":
    """Make what decides which cells of a node are skipped; None where none are."""
    match node.spec:
        case DerivedColumn(skip_if=str() as template):
            return TemplateCondition(template, node.condition_inputs)
        case _:
            return None


class TemplateCondition:
    """Skips where an expression is true, in Python's sense: neither false, nor 0, nor empty, nor a text of these.

    Args:
        template: the expression.
        inputs: the columns it reads.
    """

    def __init__(self, template: str, inputs: Sequence[str]) -> None:
        self._expression = ExpressionGenerator(Expression(template), inputs)

    def decide(
        self, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
    ) -> Sequence[bool | GenerationError]:
        """Decide for some rows; a row whose expression fails has the failure in place of a decision."""
        (values,) = self._expression.make(group, rows, inputs)
        return [_decision(value) for value in values]


def _decision(value: Any) -> bool | GenerationError:
    if isinstance(value, GenerationError):
        return _failure(value)
    if isinstance(value, str):
        return value.strip().lower() not in _FALSE
    try:
        return bool(value)
    except Exception as error:  # noqa: BLE001  # a value of the user's own type may be neither true nor false
        return _failure(Rejected(said(error)))


def _failure(error: GenerationError) -> Rejected:
    failure = Rejected(f"skip_if cannot be told: {error.problem}", advice=error.advice)
    failure.__cause__ = error.__cause__
    return failure
