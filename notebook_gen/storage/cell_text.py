"""Cells as text: what the cell store writes of values, so that they come back exactly as they were.

The text is JSON, without a line's end. What JSON does not hold, and cells do, stands in an object with one key: NUL and
the name of its type. Where a key of a user's begins with NUL, it is written with one more. Whatever would come back
otherwise, if only in its last digit, has no text at all.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any, NamedTuple

_ATOMS = (str, int, float, bool, type(None))
_MARK = "\0"

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class _Form(NamedTuple):
    """How values of one type are written and read."""

    write: Callable[[Any], str]
    read: Callable[[str], Any]


def _write_timedelta(value: timedelta) -> str:
    return f"{value.days} {value.seconds} {value.microseconds}"


def _read_timedelta(text: str) -> timedelta:
    return timedelta(*map(int, text.split()))


_FORMS: Mapping[type, _Form] = {
    date: _Form(date.isoformat, date.fromisoformat),
    datetime: _Form(datetime.isoformat, datetime.fromisoformat),
    time: _Form(time.isoformat, time.fromisoformat),
    timedelta: _Form(_write_timedelta, _read_timedelta),
    Decimal: _Form(str, Decimal),
    bytes: _Form(bytes.hex, bytes.fromhex),
    float: _Form(repr, float),
}
_LIKE_DATES = (date, time, timedelta, Decimal, bytes)
_READERS = {_MARK + kind.__name__: form.read for kind, form in _FORMS.items()}


def text_of(values: Sequence[Any]) -> str | None:
    """Write values; None if they would not come back as they are."""
    return _as_text(values, _exactly)


def values_of(text: str) -> list[Any]:
    """Read what `text_of` wrote."""
    values: list[Any] = json.loads(text, object_hook=_revived)
    return values


def told_apart(values: Sequence[Any]) -> str | None:
    """Write values that need not come back: the text is the same for the same values; None if that is not sure."""
    return _as_text(values, _loosely)


def _as_text(values: Sequence[Any], form: Callable[[Any], Any]) -> str | None:
    try:
        text = _encode([form(value) for value in values])
        # half of a surrogate pair is no Unicode
        return text if text.isascii() or text.encode() else None
    except (ValueError, TypeError, RecursionError):  # not a number, too many digits, of another type, or too deep
        return None


def _exactly(value: Any) -> Any:
    kind = type(value)
    if kind in _ATOMS and _is_json(value):
        return value
    if kind is list:
        return [_exactly(item) for item in value]
    if kind is dict:
        return {_key(key): _exactly(item) for key, item in value.items()}
    form = _FORMS.get(kind)
    if form is None:
        raise TypeError(f"no form for {kind.__name__}")
    text = form.write(value)
    # a time zone with rules, or the second of two equal hours
    if repr(form.read(text)) != repr(value):
        raise ValueError(f"{value!r} would not come back")
    return {_MARK + kind.__name__: text}


def _loosely(value: Any) -> Any:
    kind = type(value)
    if kind in _ATOMS and _is_json(value):
        return value
    if kind is float or isinstance(value, _LIKE_DATES):
        return {_MARK + kind.__name__: repr(value)}
    if kind is list:
        return [_loosely(item) for item in value]
    if kind is dict:
        return {_key(key): _loosely(item) for key, item in value.items()}
    raise TypeError(f"no form for {kind.__name__}")


def _is_json(value: Any) -> bool:
    """Whether JSON holds an atom; it has no infinity."""
    return type(value) is not float or isfinite(value)


def _key(key: Any) -> str:
    if type(key) is not str:
        raise TypeError(f"{key!r} cannot be a key")
    return _MARK + key if key.startswith(_MARK) else key


def _revived(value: dict[str, Any]) -> Any:
    if len(value) == 1:
        ((key, inner),) = value.items()
        if (read := _READERS.get(key)) is not None:
            return read(inner)
    return {key.removeprefix(_MARK): item for key, item in value.items()}
