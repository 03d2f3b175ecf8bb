"""Plain values: what users' functions give, without the types of numpy and pandas."""

import datetime as dt
from decimal import Decimal
from typing import Any

from notebook_gen.errors import Rejected

PLAIN_TYPES = frozenset(
    {type(None), bool, int, float, str, bytes, dt.date, dt.datetime, dt.time, dt.timedelta, Decimal},
)


def plain(value: Any) -> Any:
    """Give a value, and what is inside lists, tuples and dicts, in types of Python's own.

    numpy's and pandas' scalars become Python's, pandas' NA and NaT become None, arrays become lists, times keep
    microseconds. A NaN stays a NaN. Types of others are left as they are, and so are Series and DataFrames.

    Raises:
        Rejected: it contains itself.
    """
    if type(value) in PLAIN_TYPES:
        return value
    try:
        return _plain(value)
    except RecursionError as error:
        raise Rejected("gave a value that contains itself, or is nested too deep") from error


def own(value: Any) -> Any:
    """Give a copy of a plain value, or the value itself if nobody can change it."""
    match value:
        case list():
            return [own(item) for item in value]
        case dict():
            return {key: own(item) for key, item in value.items()}
        case tuple():
            return tuple(own(item) for item in value)
        case set() | bytearray():
            return value.copy()
        case _:
            return value


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in PLAIN_TYPES:
        return value
    if kind is list or kind is tuple:
        return kind([_plain(item) for item in value])
    if kind is dict:
        return {_plain(key): _plain(item) for key, item in value.items()}
    # neither library is imported to find out that a value is none of theirs
    match kind.__module__.partition(".")[0]:
        case "numpy":
            return _from_numpy(value)
        case "pandas":
            return _from_pandas(value)
        case _:
            return value


def _from_numpy(value: Any) -> Any:
    import numpy as np

    if not isinstance(value, np.generic | np.ndarray):
        return value
    if value.dtype.kind in "mM":
        # finer than microseconds, Python has no type for them, and numpy would give bare integers
        value = value.astype(f"{value.dtype.kind}8[us]")
    if isinstance(value, np.floating):
        return float(value)
    return _plain(value.tolist()) if isinstance(value, np.ndarray) else value.item()


def _from_pandas(value: Any) -> Any:
    import pandas as pd

    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime(warn=False)
    if isinstance(value, pd.Timedelta):
        return value.to_pytimedelta()
    return value
