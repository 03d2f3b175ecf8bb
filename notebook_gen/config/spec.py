"""Spec: the base of everything a user declares."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from notebook_gen.errors import ConfigError


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
            raise ConfigError(_explain(type(self), error)) from error


def _explain(spec: type[Spec], error: ValidationError) -> str:
    """One clause a fault, in the user's words: `Integer: low: Input should be a valid integer, not 'a'`."""
    clauses = []
    for fault in error.errors(include_url=False):
        where = ".".join(str(part) for part in fault["loc"][:1])
        message = fault["msg"].removeprefix("Value error, ")
        given = f", not {fault['input']!r}" if where and fault["type"] != "missing" else ""
        clause = f"{where}: {message}{given}" if where else message
        if clause not in clauses:
            clauses.append(clause)
    return f"{spec.__name__}: {'; '.join(clauses)}"
