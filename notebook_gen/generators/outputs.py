"""What a function gives that makes several columns, or another number of rows, taken apart."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from notebook_gen.errors import Rejected
from notebook_gen.generators.full_column import described, series_values, show_index
from notebook_gen.generators.plain import plain
from notebook_gen.plan.values import Made

if TYPE_CHECKING:
    import pandas as pd


def split_cells(result: Any, outputs: Sequence[str], function: str) -> tuple[Any, ...]:
    """Give one value for each output.

    Args:
        result: what the function gave for a row.
        outputs: the columns it makes, in order.
        function: what to call the function.

    Raises:
        Rejected: it is neither a dict with these keys nor a tuple or list of that length.
    """
    match result:
        case Mapping():
            return _by_name(result, outputs, function, "dict")
        case tuple() | list():
            return _by_position(result, outputs, function)
        case _:
            raise Rejected(
                f"{function} gave {described(result)}, expected values for {_quoted(outputs)}",
                advice="give a dict with these keys, or a tuple in this order",
            )


def split_columns(result: Any, outputs: Sequence[str], function: str) -> tuple[Any, ...]:
    """Give one column for each output; as `split_cells`, but a DataFrame will do, too.

    Raises:
        Rejected: it is neither a DataFrame nor a dict with these columns, nor a tuple or list of that length.
    """
    import pandas as pd

    match result:
        case pd.DataFrame():
            if not result.columns.is_unique:
                raise Rejected(f"{function} gave a DataFrame with several columns of one name")
            return _by_name({name: result[name] for name in result.columns}, outputs, function, "DataFrame")
        case Mapping():
            return _by_name(result, outputs, function, "dict")
        case tuple() | list():
            return _by_position(result, outputs, function)
        case _:
            raise Rejected(
                f"{function} gave {described(result)}, expected columns for {_quoted(outputs)}",
                advice="give a DataFrame or a dict with these columns",
            )


def resized(columns: Sequence[Any], rows: int, function: str) -> Made:
    """Give columns that may have another number of rows; their index says which row each value comes from.

    Args:
        columns: one for each output.
        rows: how many rows the function got.
        function: what to call the function.

    Raises:
        Rejected: a column is no Series, or its index says nothing about rows, or something else than the first's.
    """
    series = [_one_series(column, rows, function) for column in columns]
    sources = series[0].index.tolist()
    if any(type(source) is not int or not 0 <= source < rows for source in sources):
        raise Rejected(
            f"{function} gave a Series with index {show_index(series[0].index)}, "
            f"which does not say which of the rows 0 to {rows - 1} each value comes from",
            advice="keep the labels of what it got, as Series.explode() does; no reset_index",
        )
    if any(other.index.tolist() != sources for other in series[1:]):
        raise Rejected(f"{function} gave columns with different indexes", advice="give all of them the same")
    values = tuple([plain(value) for value in series_values(column)] for column in series)
    return Made(values, sources=sources if sources != list(range(rows)) else None)


def _by_name(results: Mapping[Any, Any], outputs: Sequence[str], function: str, kind: str) -> tuple[Any, ...]:
    if results.keys() != set(outputs):
        given = f"a {kind} with {_quoted(results)}" if results else f"an empty {kind}"
        raise Rejected(
            f"{function} gave {given}, expected {_quoted(outputs)}",
            advice=f"give exactly what outputs=[…] of {function} names",
        )
    return tuple(results[name] for name in outputs)


def _by_position(results: Sequence[Any], outputs: Sequence[str], function: str) -> tuple[Any, ...]:
    if len(results) != len(outputs):
        raise Rejected(
            f"{function} gave {len(results)} values, expected {len(outputs)}: {_quoted(outputs)}",
            advice="give one for each of its outputs, in this order",
        )
    return tuple(results)


def _one_series(column: Any, rows: int, function: str) -> "pd.Series[Any]":
    import pandas as pd

    match column:
        case pd.Series():
            return column
        case pd.DataFrame() if len(column.columns) == 1:
            only: pd.Series[Any] = column.iloc[:, 0]
            return only
        case _:
            raise Rejected(
                f"{function} gave {described(column)}, expected a Series whose index says which of the rows "
                f"0 to {rows - 1} each value comes from",
                advice="make it of the Series it got, as Series.explode() does",
            )


def _quoted(names: Sequence[Any] | Mapping[Any, Any]) -> str:
    first = ", ".join(repr(name) for name in list(names)[:6])
    return f"{first}, …" if len(names) > 6 else first
