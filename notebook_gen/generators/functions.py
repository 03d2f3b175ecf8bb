"""Functions of the user: for a cell or for a column of a row group, in a thread or on the event loop."""

import inspect
from collections.abc import Mapping
from typing import Any

from notebook_gen.config.columns import Function
from notebook_gen.errors import Rejected
from notebook_gen.generators.full_column import as_frame, as_series, column_values
from notebook_gen.generators.outputs import resized, split_cells, split_columns
from notebook_gen.generators.plain import PLAIN_TYPES, own, plain
from notebook_gen.generators.user_code import FailuresOf, check_result, name_of
from notebook_gen.plan.tasks import RowGroup, made_of
from notebook_gen.plan.values import Made


class SyncFunctionGenerator:
    """Calls a function in the thread it is called in."""

    def __init__(self, spec: Function) -> None:
        self._function = spec.function
        self._failures = FailuresOf(spec.function)
        self._call = _Call(spec)

    def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
        """Make a cell, or a column of a row group.

        Raises:
            GenerationError: the function raised, or gave what cannot be used.
        """
        try:
            positional, named = self._call.arguments(group, inputs)
            result = self._function(*positional, **named)
        except BaseException as error:  # the user's code; becomes the cell's failure
            self._failures.tell(error)
            raise
        return self._call.made(result, group, inputs)


class AsyncFunctionGenerator:
    """Awaits a function on the event loop.

    A cancellation is a failure like any other here: whoever cancelled the task knows that it is more.
    """

    def __init__(self, spec: Function) -> None:
        self._function = spec.function
        self._failures = FailuresOf(spec.function)
        self._call = _Call(spec)

    async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
        """Make a cell, or a column of a row group; as `SyncFunctionGenerator.make`."""
        try:
            positional, named = self._call.arguments(group, inputs)
            result = await self._function(*positional, **named)
        except BaseException as error:  # the user's code; becomes the cell's failure
            self._failures.tell(error)
            raise
        return self._call.made(result, group, inputs)


class _Call:
    """What goes into a function and what comes out."""

    def __init__(self, spec: Function) -> None:
        self._function = spec.function
        self._full_column = spec.full_column
        self._as_one = spec.as_one
        self._outputs = spec.outputs
        self._allow_resize = spec.allow_resize
        # by name; only what has to be is passed by position
        self._by_position = () if spec.as_one else _positional_only(spec)

    def arguments(self, group: RowGroup, inputs: Mapping[str, Any]) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        """Give the positional and the named arguments of a call; what the function may change is its own copy."""
        if not PLAIN_TYPES.issuperset(map(type, inputs.values())):
            inputs = {name: self._copied(value) for name, value in inputs.items()}
        if self._as_one:
            return (as_frame(inputs, _rows(group, inputs)) if self._full_column else {**inputs},), {}
        named = {name: as_series(values, name) for name, values in inputs.items()} if self._full_column else inputs
        if not self._by_position:
            return (), named
        positional = tuple(named[name] for name in self._by_position)
        return positional, {name: value for name, value in named.items() if name not in self._by_position}

    def _copied(self, value: Any) -> Any:
        if type(value) in PLAIN_TYPES:
            return value
        if self._full_column and PLAIN_TYPES.issuperset(map(type, value)):
            return value
        return own(value)

    def made(self, result: Any, group: RowGroup, inputs: Mapping[str, Any]) -> Made:
        """Give the cells or the columns that a function gave.

        Raises:
            Rejected: the result is not what a function of its kind has to give.
        """
        if type(result) in PLAIN_TYPES and not self._full_column and self._outputs is None:
            return made_of(Made, ((result,), None, None, None))
        function = name_of(self._function)
        result = check_result(result, self._function)
        if not self._full_column:
            results = (result,) if self._outputs is None else split_cells(result, self._outputs, function)
            return Made(tuple(_cell(value, function) for value in results))
        results = (result,) if self._outputs is None else split_columns(result, self._outputs, function)
        rows = _rows(group, inputs)
        if self._allow_resize:
            return resized(results, rows, function)
        return Made(tuple(column_values(column, rows, function) for column in results))


def _cell(value: Any, function: str) -> Any:
    value = plain(value)
    if type(value).__module__.startswith("pandas"):
        raise Rejected(
            f"{function} gave a {type(value).__name__} for one cell",
            advice="give one value; a function of whole columns is declared with full_column=True",
        )
    return value


def _rows(group: RowGroup, inputs: Mapping[str, Any]) -> int:
    """How many values a full-column function gets of each input; without inputs, the row group's rows."""
    return len(next(iter(inputs.values()))) if inputs else group.size


def _positional_only(spec: Function) -> tuple[str, ...]:
    try:
        parameters = inspect.signature(spec.function).parameters
    except (ValueError, TypeError):  # some functions written in C do not tell
        return ()
    return tuple(name for name in spec.reads if name in parameters and parameters[name].kind.name == "POSITIONAL_ONLY")
