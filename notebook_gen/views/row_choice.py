"""Which rows a chart shows whose lanes are rows: as somebody asked for them, and as it is said beside the chart."""

import operator
from typing import Any

from notebook_gen.errors import ConfigError
from notebook_gen.views.lanes import Lanes
from notebook_gen.views.text import one_line

RowChoice = int | range | slice
"""Rows that somebody asks for: the first of them, or all, as numbers of a range or as places in a list."""

_ADVICE = "give 40 for row 40 and those behind it, or range(40, 80), or slice(-40, None) for the last 40"


def choose_rows(rows: object, count: int) -> tuple[int, ...]:
    """Give the rows that were asked for, in order, as far as the run has them.

    Args:
        rows: a `RowChoice`.
        count: how many rows the run has.

    Raises:
        ConfigError: these are no rows, or the run has none of them.
    """
    chosen = range(count)[_as_slice(rows)]
    if not chosen:
        there = f"it has rows 0–{count - 1}" if count else "no attempt tells of any row"
        raise ConfigError(f"the run has none of the rows {_say(rows)}: {there}", advice=_ADVICE)
    return tuple(sorted(chosen))


def say_rows(lanes: Lanes, count: int | None = None, *, asked: int | None = None) -> str:
    """Say which rows are shown; nothing where lanes are no rows.

    Args:
        lanes: the lanes of a picture.
        count: how many rows the run has, to say that, too, unless all are shown; None: not said.
        asked: how many somebody asked for; if it is more than are shown, that is said instead.
    """
    if lanes.kind != "rows" or not lanes.groups:
        return ""
    first, last, shown = lanes.groups[0], lanes.groups[-1], len(lanes.groups)
    if asked is not None and shown < asked:
        return f"first {shown} of {asked:,} rows · {say_rows(lanes)}"
    of = f" of {count:,}" if count is not None and shown < count else ""
    if last - first + 1 == shown:
        return f"rows {first}–{last}{of}" if shown > 1 else f"row {first}{of}"
    return f"{shown} rows of {first}–{last}" if not of else f"{shown} rows between {first} and {last}{of}"


def _as_slice(rows: object) -> slice:
    match rows:
        case range() if rows and min(rows[0], rows[-1]) < 0:
            raise ConfigError(f"rows is {_say(rows)}, but rows are numbered from 0", advice=_ADVICE)
        case range():
            upward = rows if rows.step > 0 else rows[::-1]
            return slice(upward.start, upward.stop, upward.step)
        case slice(start=start, stop=stop, step=step) if step != 0:
            return slice(*(None if part is None else _number(part, rows) for part in (start, stop, step)))
        case _:
            first = _number(rows, rows)
            if first < 0:
                raise ConfigError(f"rows is {first}, but rows are numbered from 0", advice=_ADVICE)
            return slice(first, None)


def _number(value: Any, rows: object) -> int:
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise ConfigError(f"rows is {_say(rows)}", advice=_ADVICE)


def _say(rows: object) -> str:
    return one_line(repr(rows), 60)
