"""What a column is made of: one frozen class a kind. Specs are data; `generators.make_generator` gives them hands."""

import inspect
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from notebook_gen.config.templates import parse_inputs
from notebook_gen.errors import ConfigError

Kind = Literal["seed", "sampler", "expression", "llm", "function"]
OnError = Literal["drop", "null", "raise"]


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


class Column(Spec):
    """Base of all columns."""

    kind: ClassVar[Kind]

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names this column reads."""
        return ()

    @property
    def endpoint(self) -> str | None:
        """The alias of the model that makes this column's cells, if one does."""
        return None


class SeedData(Spec):
    """A table the user brings, one or more columns of it.

    Attributes:
        name: where it came from, for pictures and messages.
        columns: its column names, in order.
        rows: how many it has (at least 1); longer runs start over.
        shuffle: take the rows in an order drawn from the builder's seed, anew for each pass.
        table: the Arrow table itself; not part of equality, never serialised.
    """

    name: str
    columns: tuple[str, ...]
    rows: int = Field(ge=1)
    shuffle: bool = False
    table: Any = Field(default=None, exclude=True, repr=False)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


class SeedColumn(Column):
    """One column of seed data; made by `DatasetBuilder.seed_data`, not by hand."""

    kind: ClassVar[Kind] = "seed"
    name: str
    data: SeedData


class Category(Column):
    """One of some values, drawn by the builder's seed.

    Attributes:
        values: what to draw from (at least one): text, numbers or booleans.
        weights: how likely each value is, in the same order, not negative; they need not add up to 1. None: all alike.
    """

    kind: ClassVar[Kind] = "sampler"
    values: tuple[str | bool | int | float, ...] = Field(min_length=1)
    weights: tuple[float, ...] | None = None

    def __init__(self, values: Sequence[str | bool | int | float], *, weights: Sequence[float] | None = None) -> None:
        if isinstance(values, str):
            raise ConfigError(f"Category: values is one text, {values!r}", advice="give a list of values")
        super().__init__(values=values, weights=weights)

    @field_validator("values", "weights", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return tuple(value) if not isinstance(value, str) and hasattr(value, "__iter__") else value

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.weights is not None:
            if len(self.weights) != len(self.values):
                raise ValueError(f"{len(self.values)} values have {len(self.weights)} weights: give one for each")
            if min(self.weights) < 0 or sum(self.weights) <= 0:
                raise ValueError("weights must not be negative, and one must be above 0")
        return self


class Integer(Column):
    """A whole number, every one from `low` to `high` (both included) equally likely."""

    kind: ClassVar[Kind] = "sampler"
    low: int = Field(ge=-(2**63), lt=2**63)
    high: int = Field(ge=-(2**63), lt=2**63)

    def __init__(self, low: int, high: int) -> None:
        super().__init__(low=low, high=high)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class Float(Column):
    """A number, uniform from `low` (included) to `high` (not included).

    Attributes:
        decimals: digits behind the point to round to (0 to 15); None: all there are.
    """

    kind: ClassVar[Kind] = "sampler"
    low: float
    high: float
    decimals: int | None = Field(default=None, ge=0, le=15)

    def __init__(self, low: float, high: float, *, decimals: int | None = None) -> None:
        super().__init__(low=low, high=high, decimals=decimals)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class Expression(Column):
    """A Jinja2 template over other columns of the same row.

    One `{{ expression }}` alone keeps its type (`{{ stars * 2 }}` is a number); anything else is text.

    Attributes:
        template: the template; sandboxed, and every name in it must be a column.
        dtype: what to turn the value into; None: as it comes.
    """

    kind: ClassVar[Kind] = "expression"
    template: str
    dtype: Literal["str", "int", "float", "bool"] | None = None

    def __init__(self, template: str, *, dtype: Literal["str", "int", "float", "bool"] | None = None) -> None:
        super().__init__(template=template, dtype=dtype)

    @cached_property
    def _inputs(self) -> tuple[str, ...]:
        return parse_inputs(self.template)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names in the template."""
        return self._inputs


class LLMText(Column):
    """Text that a model writes.

    Attributes:
        prompt: Jinja2 template of the user message.
        system: Jinja2 template of the system message; None: none is sent.
        model: alias of a model in `DatasetBuilder.models`.
    """

    kind: ClassVar[Kind] = "llm"
    prompt: str
    system: str | None = None
    model: str = "default"

    def __init__(self, prompt: str, *, system: str | None = None, model: str = "default") -> None:
        super().__init__(prompt=prompt, system=system, model=model)

    @cached_property
    def _inputs(self) -> tuple[str, ...]:
        system = parse_inputs(self.system) if self.system is not None else ()
        return tuple(dict.fromkeys((*parse_inputs(self.prompt), *system)))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names in both templates."""
        return self._inputs

    @property
    def endpoint(self) -> str | None:
        """The model's alias."""
        return self.model


class Function(Column):
    """A Python function; made by `@builder.column`.

    Attributes:
        function: what is called; not serialised, `source` stands for it.
        reads: the columns it gets, in the order of its parameters.
        full_column: it gets pandas (a Series a column) and gives a column; else it gets and gives one cell's values.
        is_async: it is awaited on the run's event loop; else it runs in the thread pool.
        as_one: it takes one argument that holds everything it reads (a dict, or a DataFrame if `full_column`).
        source: its source code, empty where there is none.
    """

    kind: ClassVar[Kind] = "function"
    function: Callable[..., Any] = Field(exclude=True)
    reads: tuple[str, ...]
    full_column: bool = False
    is_async: bool = False
    as_one: bool = False
    source: str = ""

    @classmethod
    def from_callable(
        cls, function: Callable[..., Any], *, inputs: Sequence[str] | None = None, full_column: bool = False
    ) -> "Function":
        """Make the spec of a function; its inputs are its parameters' names unless `inputs` names them.

        Raises:
            ConfigError: its parameters cannot be read as columns.
        """
        if isinstance(inputs, str):
            raise ConfigError(f"inputs is one text, {inputs!r}", advice=f"give a list: inputs=[{inputs!r}]")
        return cls(
            function=function,
            reads=tuple(inputs) if inputs is not None else _parameters(function),
            full_column=full_column,
            is_async=inspect.iscoroutinefunction(function),
            as_one=inputs is not None,
            source=_source(function),
        )

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns it reads."""
        return self.reads


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    names = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise ConfigError(
                f"takes {parameter}, which names no column",
                advice="name each column as a parameter, or give inputs=[…] and take one argument",
            )
        if parameter.default is parameter.empty:
            names.append(parameter.name)
    return tuple(names)


def _source(function: Callable[..., Any]) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""


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
