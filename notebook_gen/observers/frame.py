"""Rows of a run as a DataFrame, as they stand."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from notebook_gen.engine.buffers import MISSING
from notebook_gen.observers.rows import Part

if TYPE_CHECKING:
    import pandas as pd


def frame_of(columns: Sequence[str], parts: Sequence[Part]) -> "pd.DataFrame":
    """Give rows as a DataFrame, with their numbers as its index; what is missing is NA.

    Args:
        columns: those of the run; what processors took away from all of the rows is left out.
        parts: the rows, in order.
    """
    import pandas as pd

    rows = [row for part in parts for row in part.rows]
    names = _names(columns, [part for part in parts if part.rows])
    data = {
        name: [
            pd.NA if value is MISSING else value
            for part in parts
            for value in part.columns.get(name, [MISSING] * len(part.rows))
        ]
        for name in names
    }
    frame = pd.DataFrame(data, index=pd.Index(rows, name="row"), columns=names, dtype=object)
    typed = frame.convert_dtypes()
    for name, values in data.items():
        if typed[name].dtype == "Int64" and typed[name].hasnans:
            # pandas finds the type by way of floats, which large numbers do not survive
            typed[name] = pd.array(values, dtype="Int64")
    return typed


def _names(columns: Sequence[str], parts: Sequence[Part]) -> list[str]:
    """The columns as they were written; while some rows are in the making, what these have, too."""
    kinds = list(dict.fromkeys(tuple(part.columns) for part in parts)) or [tuple(columns)]
    if len(kinds) == 1:
        return list(kinds[0])
    there = dict.fromkeys(name for kind in kinds for name in kind)
    return [*(name for name in columns if name in there), *(name for name in there if name not in columns)]
