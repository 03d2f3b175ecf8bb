"""Spec: the base of everything a user declares."""

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from notebook_gen.errors import ConfigError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class Spec(BaseModel):
    """Base of everything a user declares: frozen, strict about names, with errors people can read.

    Raises:
        ConfigError: an argument is wrong or unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            # pydantic's error says the same over ten lines of a traceback
            raise ConfigError(_explain(type(self), error)) from None


def _explain(spec: type[Spec], error: ValidationError) -> str:
    """One clause a fault, in the user's words: `Integer: low: Input should be a valid integer, not 'a'`."""
    clauses = []
    for fault in error.errors(include_url=False):
        clause = _clause(spec, fault)
        if clause not in clauses:
            clauses.append(clause)
    return f"{spec.__name__}: {'; '.join(clauses)}"


def _clause(spec: type[Spec], fault: "ErrorDetails") -> str:
    where = ".".join(str(part) for part in fault["loc"][:1])
    if fault["type"] == "extra_forbidden":
        near = get_close_matches(where, spec.model_fields, n=1)
        return f"there is no option {where!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    message = fault["msg"].removeprefix("Value error, ")
    given = f", not {fault['input']!r}" if where and fault["type"] != "missing" else ""
    return f"{where}: {message}{given}" if where else message
