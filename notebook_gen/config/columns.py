"""What a column is made of: one frozen class a kind. Specs are data; `generators.make_generator` gives them hands."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal, Self, Unpack

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticSerializationError, to_jsonable_python

from notebook_gen.config.callables import check_callable, check_inputs, is_async, read_parameters, read_source
from notebook_gen.config.options import ColumnOptions, FunctionOptions, OnError, RetryOptions
from notebook_gen.config.spec import Spec
from notebook_gen.config.templates import is_expression, parse_inputs
from notebook_gen.config.values import Flag, Number, Prompt, Whole, read_choices, read_list
from notebook_gen.config.wording import check_options
from notebook_gen.errors import ConfigError

Kind = Literal["seed", "sampler", "expression", "llm", "function"]
SideOutput = Literal["messages", "reasoning"]


class Column(Spec):
    """Base of all columns."""

    kind: ClassVar[Kind]

    def __init__(self, **values: Any) -> None:
        if not hasattr(self, "kind"):
            raise ConfigError(
                f"{type(self).__name__} is only the base of columns",
                advice="declare one of a kind, such as ng.Integer(1, 5) or ng.LLMText('…')",
            )
        super().__init__(**values)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names this column reads."""
        return ()

    @property
    def condition_inputs(self) -> tuple[str, ...]:
        """The names that its condition reads."""
        return ()

    @property
    def endpoint(self) -> str | None:
        """The alias of the model that makes this column's cells, if one does."""
        return None

    def names_made(self, name: str) -> tuple[str, ...]:
        """Give the columns it makes when it is declared under a name."""
        return (name,)

    def side_names(self, name: str) -> tuple[str, ...]:
        """Give the columns it makes beside them, unless others have these names."""
        return ()


class DerivedColumn(Column):
    """Base of columns that are made from others.

    Attributes:
        on_error: what becomes of a row whose cell failed for good: "drop" drops the row, "null" leaves the cell empty,
            "raise" ends the run. A template writes an empty cell as None, as Jinja2 does, unless it asks: with
            `{{ review or "no review" }}`, `{% if review is not none %}`, or `skip_if="{{ review is none }}"`.
        skip_if: one `{{ expression }}` over other columns: where it is true, the cell is not made; a text is true,
            unless it is blank, false or 0. None: all are made.
        skip_value: what a skipped cell holds; None: nothing.
        propagate_skip: a cell is skipped, too, where one that it reads was; else it is made, and sees that one's
            `skip_value`.
    """

    on_error: OnError = "drop"
    skip_if: str | None = None
    skip_value: Any = None
    propagate_skip: Flag = True

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)

    @field_validator("skip_if")
    @classmethod
    def _check_condition(cls, value: str | None) -> str | None:
        if value is None:
            return None
        # space around it would make it a text, which is always true
        value = value.strip()
        try:
            parse_inputs(value)
            if not is_expression(value):
                raise ValueError(f"write one expression, such as {'{{ stars == 3 }}'!r}")
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return value

    @field_validator("skip_value")
    @classmethod
    def _check_value(cls, value: Any) -> Any:
        try:
            to_jsonable_python(value)
        except PydanticSerializationError as error:
            raise ValueError("give text, a number, a list or another value of Python's own types") from error
        return value

    @cached_property
    def _condition_inputs(self) -> tuple[str, ...]:
        return parse_inputs(self.skip_if) if self.skip_if is not None else ()

    @property
    def condition_inputs(self) -> tuple[str, ...]:
        """The names in `skip_if`."""
        return self._condition_inputs


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
    shuffle: Flag = False
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
    weights: tuple[Number, ...] | None = None

    def __init__(self, values: Sequence[str | bool | int | float], *, weights: Sequence[float] | None = None) -> None:
        super().__init__(values=values, weights=weights)

    @field_validator("values", mode="before")
    @classmethod
    def _read_values(cls, values: Any) -> Any:
        return read_choices(values)

    @field_validator("weights", mode="before")
    @classmethod
    def _read_weights(cls, weights: Any) -> Any:
        return read_list(weights) if weights is not None else None

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
    low: Whole = Field(ge=-(2**63), lt=2**63)
    high: Whole = Field(ge=-(2**63), lt=2**63)

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
    low: Number
    high: Number
    decimals: Whole | None = Field(default=None, ge=0, le=15)

    def __init__(self, low: float, high: float, *, decimals: int | None = None) -> None:
        super().__init__(low=low, high=high, decimals=decimals)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class Expression(DerivedColumn):
    """A Jinja2 template over other columns of the same row.

    One `{{ expression }}` alone keeps its type (`{{ stars * 2 }}` is a number); anything else is text.

    Attributes:
        template: the template; sandboxed, and every name in it must be a column.
        dtype: what to turn the value into; None: as it comes.
        on_error: what becomes of a row whose cell failed for good: "drop", "null" (an empty cell) or "raise".
        skip_if: one `{{ expression }}`; where it is true, the cell is not made. None: all are made.
        skip_value: what a skipped cell holds; None: nothing.
        propagate_skip: skipped, too, where a cell that it reads was; else it is made, and sees that `skip_value`.
    """

    kind: ClassVar[Kind] = "expression"
    template: str
    dtype: Literal["str", "int", "float", "bool"] | None = None

    def __init__(
        self,
        template: str,
        *,
        dtype: Literal["str", "int", "float", "bool"] | None = None,
        **options: Unpack[ColumnOptions],
    ) -> None:
        super().__init__(template=template, dtype=dtype, **options)

    @cached_property
    def _inputs(self) -> tuple[str, ...]:
        return parse_inputs(self.template)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names in the template."""
        return self._inputs


class LLMText(DerivedColumn):
    """Text that a model writes.

    Attributes:
        prompt: Jinja2 template of the user message.
        system: Jinja2 template of the system message; None: none is sent.
        model: alias of a model in `DatasetBuilder.models`.
        side_outputs: what else to keep, as columns beside this one: `review__messages`, all messages sent and the
            answer, and `review__reasoning`, what a reasoning model thought.
        retries: more tries for a cell whose answer was rejected.
        on_error: what becomes of a row whose cell failed for good: "drop", "null" (an empty cell) or "raise". A prompt
            that reads an empty cell says None there, unless it asks, as with `{{ review or "no review" }}`, or is
            skipped, with `skip_if="{{ review is none }}"`.
        skip_if: one `{{ expression }}`; where it is true, the cell is not made. None: all are made.
        skip_value: what a skipped cell holds; None: nothing.
        propagate_skip: skipped, too, where a cell that it reads was; else it is made, and sees that `skip_value`.
    """

    kind: ClassVar[Kind] = "llm"
    prompt: Prompt
    system: str | None = None
    model: str = "default"
    side_outputs: tuple[SideOutput, ...] = ()
    retries: Whole = Field(default=0, ge=0)

    def __init__(
        self,
        prompt: str,
        *,
        system: str | None = None,
        model: str = "default",
        side_outputs: Sequence[SideOutput] = (),
        **options: Unpack[RetryOptions],
    ) -> None:
        super().__init__(prompt=prompt, system=system, model=model, side_outputs=side_outputs, **options)

    @field_validator("side_outputs", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return tuple(dict.fromkeys(read_list(value)))

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

    def side_names(self, name: str) -> tuple[str, ...]:
        """Give the names of its side outputs."""
        return tuple(side_name(name, side) for side in self.side_outputs)


def side_name(name: str, side: str) -> str:
    """Give the name of a column's side output."""
    return f"{name}__{side}"


class Function(DerivedColumn):
    """A Python function; made by `@builder.column`.

    Attributes:
        function: what is called; not serialised, `source` stands for it.
        reads: the columns it gets, in the order of its parameters.
        outputs: the columns it makes, if they are several: it gives a dict with these keys, or a tuple in this order.
            None: one, called what the function is declared as.
        full_column: it gets pandas (a Series a column) and gives a column; else it gets and gives one cell's values.
        ordered: it keeps state from one call to the next: called for one row after the other, in their order.
        allow_resize: it may give another number of rows; the index of what it gives says which row each value is from.
        retries: more tries for a cell that was rejected.
        is_async: it is awaited on the run's event loop; else it runs in the thread pool.
        as_one: it takes one argument that holds everything it reads (a dict, or a DataFrame if `full_column`).
        source: its source code, empty where there is none.
    """

    kind: ClassVar[Kind] = "function"
    function: Callable[..., Any] = Field(exclude=True)
    reads: tuple[str, ...]
    outputs: Sequence[str] | None = None
    full_column: Flag = False
    ordered: Flag = False
    allow_resize: Flag = False
    retries: Whole = Field(default=0, ge=0)
    is_async: bool = False
    as_one: bool = False
    source: str = ""

    @classmethod
    def from_callable(
        cls, function: Callable[..., Any], *, inputs: Sequence[str] | None = None, **options: Unpack[FunctionOptions]
    ) -> "Function":
        """Make the spec of a function; its inputs are its parameters' names unless `inputs` names them.

        Raises:
            ConfigError: its parameters cannot be read as columns, or an option is wrong.
        """
        check_callable(function)
        check_options("", options, ["name", "inputs", *FunctionOptions.__annotations__])
        return cls(
            function=function,
            reads=check_inputs(function, inputs) if inputs is not None else read_parameters(function),
            is_async=is_async(function),
            as_one=inputs is not None,
            source=read_source(function),
            **options,
        )

    @field_validator("outputs", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return read_list(value) if value is not None else None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.outputs is not None:
            if not self.outputs or not all(map(str.strip, self.outputs)):
                raise ValueError("outputs needs one name or more, none of them blank")
            if len(set(self.outputs)) < len(self.outputs):
                raise ValueError("outputs names a column twice")
        if self.allow_resize and not self.full_column:
            raise ValueError("allow_resize needs full_column=True: a single cell has no number of rows to change")
        return self

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns it reads."""
        return self.reads

    def names_made(self, name: str) -> tuple[str, ...]:
        """Give its outputs; the name it is declared under, if it has none."""
        return tuple(self.outputs) if self.outputs is not None else (name,)
