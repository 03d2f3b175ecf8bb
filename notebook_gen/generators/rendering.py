"""What went wrong in a template, told with its line and the values it saw."""

import re
import reprlib
from collections.abc import Mapping
from typing import Any

from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS

from notebook_gen.errors import Rejected

_VALUES_SHOWN = 6
# of a mapping, a key may be missing in some rows; of all else, an attribute is missing in every row
_NO_MAPPING = re.compile(r"^'(?!dict )\w+ object' has no attribute '(\w+)'$")

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60


def render_failure(template: str, error: BaseException, seen: Mapping[str, Any]) -> Rejected:
    """Say why a template could not be rendered.

    The problem is worded alike for every row that fails alike, so that failures can be counted; what differs from row
    to row, the values, is part of the advice.
    """
    line = _line(error)
    shown, place = template.strip(), ""
    if "\n" in shown:
        shown = template.split("\n")[line - 1].strip() if line is not None else shown
        place = f" in line {line}" if line is not None else ""
    failure = Rejected(f"the template failed{place}, {cut(shown, 120)!r}: {said(error)}", advice=_advice(error, seen))
    # without its frames, which would keep the values of a whole row group alive
    failure.__cause__ = error.with_traceback(None)
    return failure


def saw(seen: Mapping[str, Any]) -> str:
    """List the values that a template saw, cut short; empty if there are none."""
    shown = [f"{name}={shortened(value)}" for name, value in list(seen.items())[:_VALUES_SHOWN]]
    more = ["…"] if len(seen) > _VALUES_SHOWN else []
    return f"it saw {', '.join(shown + more)}" if shown else ""


def said(error: BaseException) -> str:
    """Give an error's type and message, cut short; the type alone if it has no message, or one that cannot be read."""
    kind = type(error).__name__
    try:
        message = str(error)
    except BaseException:  # noqa: BLE001  # the user's own __str__
        return f"{kind} (its message cannot be read)"
    return f"{kind}: {cut(message, 300)}" if message else kind


def shortened(value: Any) -> str:
    """Write a value as Python does, cut short; a value that cannot be written is told by its type."""
    try:
        return _short.repr(value)
    except BaseException:  # noqa: BLE001  # a __repr__ of the user's own, or an integer of too many digits
        return f"<{type(value).__name__}>"


def cut(text: str, length: int) -> str:
    """Shorten a text to `length` characters."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _advice(error: BaseException, seen: Mapping[str, Any]) -> str:
    empty = next((name for name, value in seen.items() if value is None), None)
    match error:
        case SecurityError():
            what = "templates are sandboxed: make the column by a function instead"
        case _ if empty is not None:
            what = f"{empty!r} has no value in this row: {{{{ {empty} | default('…', true) }}}} gives it one"
        case UndefinedError() if attribute := _NO_MAPPING.search(str(error)):
            name = attribute[1]
            what = (
                f"try the filter: {{{{ … | {name} }}}}" if name in FILTERS else "make the column by a function instead"
            )
        case UndefinedError():
            what = "the default filter gives a value to what may be missing"
        case _:
            what = ""
    return "; ".join(part for part in (saw(seen), what) if part)


def _line(error: BaseException) -> int | None:
    """The line of the template's source that the error came from, if its frames tell."""
    line = None
    trace = error.__traceback__
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line
