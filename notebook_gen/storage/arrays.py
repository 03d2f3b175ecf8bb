"""Columns of Python values as Arrow arrays: which type a column gets, so that no value is ever lost.

The rule, for a column, for the items of its lists and for the fields of its dicts:

- one type of value keeps its type: whole numbers int64, numbers double, text string, bool, bytes, dates, times,
  durations (both in microseconds), decimals, lists, and dicts with the same keys in every row (structs);
- whole numbers beside numbers are double; None is null anywhere; nothing but None is a null column;
- whatever does not go together so becomes text, as a whole column: lists and dicts as JSON, the rest as `str` gives it.
  So do numbers that would not be exact: integers of more than 64 bits, or beyond 2**53 beside doubles. And what could
  be written but not read back: lists and dicts nested deeper than files can be, moments at the ends of the calendar.

A column of which something became text that was none is told of: nobody should find that out in a file.

Values come from models and from users' functions: whatever one of them does when it is looked at, it costs its column
the type, and never the run.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

    Column: TypeAlias = pa.Array[Any] | pa.ChunkedArray[Any]
    Infer: TypeAlias = Callable[[list[Any]], pa.DataType | None]

_SCALARS = (bool, int, float, str, bytes, dt.datetime, dt.date, dt.time, dt.timedelta, Decimal)
_PLAIN = frozenset({*_SCALARS, type(None)})

HALVES = "halves of characters"
"""What is wrong with text that no file holds."""

# what is wrong with values of one type
_ALIKE: Mapping[type, str] = {
    str: HALVES,
    int: "int of more than 64 bits",
    list: "lists of unlike values, or too deep",
    dict: "dicts of unlike keys or values, or too deep",
}

MAX_DEPTH = 30
"""Lists and structs in one another, at most: Parquet files may be written deeper than they can be read."""


def as_table(columns: Mapping[str, Sequence[Any]], as_text: dict[str, str] | None = None) -> "pa.Table":
    """Give columns as a table, each by the rule above.

    Args:
        columns: values by name.
        as_text: takes up, by column, what its values are that became text: `int, str`. None: nobody wants to know.
    """
    import pyarrow as pa

    arrays = []
    for name, values in columns.items():
        array, kinds = _converted(values)
        arrays.append(array)
        if kinds and as_text is not None:
            as_text[name] = kinds
    return pa.Table.from_arrays(arrays, names=list(columns))


def to_array(values: Sequence[Any]) -> "Column":
    """Give values as an array, by the rule above."""
    return _converted(values)[0]


def is_too_deep(kind: "pa.DataType") -> bool:
    """Whether more than `MAX_DEPTH` lists and structs of a type stand in one another."""
    kinds = [kind]
    for _ in range(MAX_DEPTH + 1):
        kinds = [outer.field(index).type for outer in kinds for index in range(outer.num_fields)]
        if not kinds:
            return False
    return True


def text_array(values: Iterable[Any]) -> "Column":
    """Give values as text: lists and dicts as JSON, the rest as `str` gives it; None stays null."""
    import pyarrow as pa

    return pa.array([_as_text(value) for value in values], pa.string())


def _converted(values: Sequence[Any]) -> "tuple[Column, str]":
    """The array, and what the values are that became text; empty if none did."""
    odd: set[type] = set()
    try:
        typed = _typed(values, odd)
    except Exception:  # noqa: BLE001  # out of the type's range, no Unicode, or an object that raises when it is looked at
        typed = None
    if typed is not None:
        return typed, _names_of(odd)
    return text_array(values), _kinds_of(values)


def _kinds_of(values: Sequence[Any]) -> str:
    kinds = {*map(type, values)} - {type(None)}
    if len(kinds) != 1 or not kinds <= _ALIKE.keys():
        return _names_of(kinds)
    if kinds == {str} and not any(map(_has_half, values)):
        return ""
    return _ALIKE[kinds.pop()]


def _has_half(text: str | None) -> bool:
    """Whether a text has half of a pair of surrogates, and not the other one beside it."""
    try:
        (text or "").encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        return True
    return False


def _names_of(kinds: Iterable[type]) -> str:
    return ", ".join(sorted(kind.__name__ for kind in kinds))


def _typed(values: Sequence[Any], odd: set[type]) -> "Column | None":
    import pyarrow as pa

    kind = infer_type(values)
    if kind is None and not _PLAIN.issuperset(map(type, values)):
        values = [_simplified(value, odd) for value in values]
        kind = infer_type(values)
    return pa.array(values, kind) if kind is not None and not is_too_deep(kind) else None


def infer_type(values: Iterable[Any]) -> "pa.DataType | None":
    """Give the type that holds all these values as they are; None if there is none."""
    import pyarrow as pa

    kinds = {*map(type, values)} - {type(None)}
    if not kinds:
        return pa.null()
    if kinds == {int, float}:
        return pa.float64()
    infer = _INFER.get(kinds.pop())
    return infer([value for value in values if value is not None]) if infer is not None and not kinds else None


def _timestamp(values: list[Any]) -> "pa.DataType | None":
    """The cases: no zone, some with and some without, several zones, and one, which Arrow may know or not."""
    import pyarrow as pa

    zones = {value.tzinfo for value in values}
    if None in zones:
        return pa.timestamp("us") if len(zones) == 1 else None
    if any(value.year in (dt.MINYEAR, dt.MAXYEAR) for value in values):
        return None  # in another zone they may be beyond the calendar
    if len(zones) == 1:
        try:
            kind: pa.DataType = pa.array(values[:1]).type
        except pa.ArrowInvalid:  # its offset has seconds
            pass
        else:
            return kind
    return pa.timestamp("us", "UTC")  # the same moments


def _time(values: list[Any]) -> "pa.DataType | None":
    import pyarrow as pa

    # Arrow's times have no zone
    return None if any(value.tzinfo is not None for value in values) else pa.time64("us")


def _decimal(values: list[Any]) -> "pa.DataType | None":
    import pyarrow as pa

    if not all(value.is_finite() for value in values):
        return None
    try:
        kind: pa.DataType = pa.array(values).type
    except pa.ArrowInvalid:  # too many digits
        return None
    return kind


def _list(values: list[Any]) -> "pa.DataType | None":
    import pyarrow as pa

    inner = infer_type(list(chain.from_iterable(values)))
    return pa.list_(inner) if inner is not None else None


def _struct(values: list[Any]) -> "pa.DataType | None":
    import pyarrow as pa

    names = list(values[0])
    if not names or any(value.keys() != values[0].keys() for value in values):
        return None
    if not all(type(name) is str for name in names):
        return None
    fields = []
    for name in names:
        inner = infer_type([value[name] for value in values])
        if inner is None:
            return None
        fields.append((name, inner))
    return pa.struct(fields)


def _always(name: str) -> "Infer":
    def give(values: list[Any]) -> "pa.DataType | None":
        import pyarrow as pa

        kind: pa.DataType = getattr(pa, name)()
        return kind

    return give


def _duration(values: list[Any]) -> "pa.DataType | None":
    import pyarrow as pa

    return pa.duration("us")


_INFER: "dict[type, Infer]" = {
    bool: _always("bool_"),
    int: _always("int64"),
    float: _always("float64"),
    str: _always("string"),
    bytes: _always("binary"),
    dt.date: _always("date32"),
    dt.timedelta: _duration,
    dt.datetime: _timestamp,
    dt.time: _time,
    Decimal: _decimal,
    list: _list,
    dict: _struct,
}


def _simplified(value: Any, odd: set[type]) -> Any:
    """The value in one of the types that `infer_type` knows, if it is a kind of one of them; else as text.

    Args:
        value: what to simplify.
        odd: takes up the types of what became text.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, Enum):
        return _simplified(value.value, odd)
    if isinstance(value, Mapping):
        return {key: _simplified(item, odd) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_simplified(item, odd) for item in value]
    if isinstance(value, set | frozenset):
        # a set has no order of its own, and a dataset must not change with it
        return sorted((_simplified(item, odd) for item in value), key=repr)
    if isinstance(value, int | float):
        return int(value) if isinstance(value, int) else float(value)
    odd.add(kind)
    return _as_text(value)


def _as_text(value: Any) -> str | None:
    if value is None:
        return None
    for show in (_shown, repr, _shown_in_parts):
        try:
            text = show(value)
            # halves of a pair of surrogates: joined where both are there, else marked as unreadable
            return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        except Exception:  # noqa: BLE001, S112  # whatever a user's object does; the next way is tried
            continue
    return f"<{type(value).__qualname__} object>"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)


def _shown_in_parts(value: Any) -> str:
    """A value that cannot be shown as a whole: what can be of it, and what its type is where that is nothing."""
    match value:
        case int():  # too many digits for `str`
            return str(Decimal(value))
        case dict():
            items = ((_as_text(key), _as_text(item)) for key, item in value.items())
            return json.dumps(dict(items), ensure_ascii=False)
        case list():
            return json.dumps([_as_text(item) for item in value], ensure_ascii=False)
    raise TypeError(f"no part of a {type(value).__name__} can be shown")
