"""The options that columns share, as types: what may follow a column's own arguments, always by name."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict, TypeVar

from notebook_gen.config.spec import Spec

OnError = Literal["drop", "null", "raise"]
F = TypeVar("F", bound=Callable[..., Any])


class ColumnOptions(TypedDict, total=False):
    """Options of every column that is made from others; `columns.DerivedColumn` says what they mean."""

    on_error: OnError
    skip_if: str | None
    skip_value: Any
    propagate_skip: bool


class RetryOptions(ColumnOptions, total=False):
    """Options of columns whose cells may turn out right at another try."""

    retries: int


class FunctionOptions(RetryOptions, total=False):
    """Options of functions; `columns.Function` says what they mean."""

    outputs: Sequence[str] | None
    full_column: bool
    ordered: bool
    allow_resize: bool


def spell_out(options: type, defaults: type[Spec]) -> Callable[[F], F]:
    """Put each of a function's `**options` into its signature by name, so that help and completion show them.

    Args:
        options: the TypedDict of the options.
        defaults: the spec whose fields say what holds where an option is not given.
    """

    def decorate(function: F) -> F:
        signature = inspect.signature(function)
        kept = [part for part in signature.parameters.values() if part.kind is not part.VAR_KEYWORD]
        spelled = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=defaults.model_fields[name].default, annotation=annotation
            )
            for name, annotation in inspect.get_annotations(options).items()
        ]
        # for inspect alone; a function has no such attribute of its own
        vars(function)["__signature__"] = signature.replace(parameters=[*kept, *spelled])
        return function

    return decorate
