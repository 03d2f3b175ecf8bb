"""Columns of a row group as pandas: what a full-column function gets, and what may come back.

Missing values, in and out: a column with None in it becomes one of pandas' types that know NA (Int64, Float64,
boolean, str). On the way back, whatever pandas counts as missing in a Series or DataFrame becomes None, NaN included,
since pandas does not tell the two apart there; in a list or an array, a NaN stays a NaN.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from notebook_gen.errors import Rejected
from notebook_gen.generators.plain import plain

if TYPE_CHECKING:
    import pandas as pd

_DTYPES: dict[frozenset[type], tuple[str, str]] = {
    frozenset({int}): ("int64", "Int64"),
    frozenset({float}): ("float64", "Float64"),
    frozenset({int, float}): ("float64", "Float64"),
    frozenset({bool}): ("bool", "boolean"),
    frozenset({str}): ("str", "str"),
}
"""The types in a column, None aside: pandas' type without None in it, and with None."""


def as_series(values: Sequence[Any], name: str) -> "pd.Series[Any]":
    """Give values as a Series with index 0, 1, 2 and so on, and a type that holds each of them unchanged."""
    import numpy as np
    import pandas as pd

    types = frozenset(map(type, values))
    dtypes = _DTYPES.get(types - {type(None)})
    if dtypes is not None:
        try:
            return pd.Series(list(values), dtype=dtypes[type(None) in types], name=name)
        except (OverflowError, ValueError, TypeError):
            pass  # an integer of more than 64 bits, or text that is no Unicode
    if types <= {dt.datetime, type(None)} and types != {type(None)}:
        try:
            return pd.Series(list(values), name=name)
        except (ValueError, TypeError):
            pass  # with and without time zones
    # filled one by one: lists in it are values, not another dimension
    objects = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        objects[index] = value
    return pd.Series(objects, dtype=object, name=name)


def as_frame(inputs: Mapping[str, Sequence[Any]], rows: int) -> "pd.DataFrame":
    """Give columns as a DataFrame with index 0, 1, 2 and so on."""
    import pandas as pd

    return pd.DataFrame({name: as_series(values, name) for name, values in inputs.items()}, index=range(rows))


def column_values(result: Any, rows: int, function: str) -> list[Any]:
    """Give a full-column function's result as plain values, one a row.

    Args:
        result: what it gave.
        rows: how many values it has to have.
        function: what to call the function.

    Raises:
        Rejected: it is not a column of that length, or its index belongs to other rows.
    """
    values = _listed(result, rows, function)
    if len(values) != rows:
        raise Rejected(
            f"{function} gave {len(values)} values for {rows} rows",
            advice="give one value for each row it got, in the same order; None where there is none",
        )
    return [plain(value) for value in values]


def series_values(series: "pd.Series[Any]") -> list[Any]:
    """Give the values of a Series, None where pandas counts them as missing."""
    import numpy as np

    values: list[Any] = series.tolist()
    missing = np.asarray(series.isna())
    if missing.any():
        return [None if is_missing else value for value, is_missing in zip(values, missing, strict=True)]
    return values


def show_index(index: "pd.Index[Any]") -> str:
    """Write the first labels of an index."""
    shown = ", ".join(repr(plain(label)) for label in index[:5])
    return f"[{shown}, …]" if len(index) > 5 else f"[{shown}]"


def described(result: Any) -> str:
    """Say what somebody gave who was to give something else."""
    if result is None:
        return "None (is a return missing?)"
    return f"a value of type {type(result).__name__}"


def _listed(result: Any, rows: int, function: str) -> list[Any]:
    import numpy as np
    import pandas as pd

    match result:
        case pd.DataFrame():
            if len(result.columns) != 1:
                names = ", ".join(map(repr, result.columns[:6]))
                raise Rejected(
                    f"{function} gave a DataFrame of {len(result.columns)} columns ({names}), but it makes one",
                    advice="choose one of them: frame['name']",
                )
            return _from_series(result.iloc[:, 0], rows, function)
        case pd.Series():
            return _from_series(result, rows, function)
        case pd.Index() | pd.api.extensions.ExtensionArray():
            return _from_series(pd.Series(result), rows, function)
        case np.ndarray():
            if result.ndim != 1:
                raise Rejected(
                    f"{function} gave an array of shape {result.shape}, expected ({rows},)",
                    advice="give an array of one dimension: array.ravel(), or list(array) if each row is a value",
                )
            return list(plain(result))
        case list() | tuple():
            return list(result)
        case _:
            raise Rejected(
                f"{function} gave {described(result)}, expected {rows} values",
                advice="give a Series, a list, an array or a DataFrame of one column, with one value a row",
            )


def _from_series(series: "pd.Series[Any]", rows: int, function: str) -> list[Any]:
    """The values of a Series in the order of its index, if that holds the rows' numbers."""
    if len(series) == rows:
        index = series.index
        if not index.equals(_range_index(rows)):
            if index.nlevels != 1 or not index.is_unique or set(index) != set(range(rows)):
                raise Rejected(
                    f"{function} gave a Series with index {show_index(index)}, expected its inputs': 0 to {rows - 1}",
                    advice="end with .reset_index(drop=True) if its values are in the order of the rows",
                )
            series = series.loc[_range_index(rows)]
    return series_values(series)


def _range_index(rows: int) -> "pd.Index[Any]":
    import pandas as pd

    return pd.RangeIndex(rows)
