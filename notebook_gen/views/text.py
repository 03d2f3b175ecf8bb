"""How values, numbers and text are written in every view.

Text in a dataset is hostile: a model or a file wrote it. What leaves this module has no control characters, no
characters that turn the direction of text or hide it, and is no longer than asked for. What goes into HTML goes
through `escape`, what goes into plotly through `plotly_text`, without exception. Nothing here looks at more of a value
than it shows.
"""

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any, Final, NamedTuple

CELL_LIMIT: Final = 160
"""Characters of a value that a table shows."""

ELLIPSIS: Final = "…"


class Written(NamedTuple):
    """A value as a view shows it.

    Attributes:
        text: one line, harmless, not yet escaped for HTML.
        is_literal: it is the value's own text; else words about it ("NA", "2.1 kB of bytes"), to be set apart.
        is_cut: there is more of it.
    """

    text: str
    is_literal: bool = True
    is_cut: bool = False


def escape(text: str) -> str:
    """Make text safe as HTML content and as an attribute's value in double quotes."""
    return html.escape(visible(text), quote=True)


def plotly_text(text: str) -> str:
    """Write text so that plotly shows it as it is: no markup, no format of a template, no TeX. One line."""
    return escape(one_line(text)).replace("%", "&#37;").replace("$", "&#36;")


def visible(text: str) -> str:
    r"""Spell out characters that do harm or cannot be seen, as Python would: `\x1b`, `\u202e`.

    Line breaks and tabs stay.
    """
    return _HARMFUL.sub(lambda match: _spell(match[0]), text)


def one_line(text: str, limit: int = CELL_LIMIT) -> str:
    """Write text in one line of at most `limit` characters, the last one … if it was cut."""
    return _cut(text, limit)[0]


def one_sentence(text: str, limit: int) -> str:
    """Write text as `one_line` does, but cut it between words, if one ends in the second half of what has room."""
    line, is_cut = _cut(text, limit)
    words = line[:-1].rpartition(" ")[0]
    return words.rstrip(",;:") + ELLIPSIS if is_cut and len(words) >= limit / 2 else line


def several_lines(text: str, limit: int) -> str:
    """Write text with its line breaks, at most `limit` characters of it; says how much there is if it was cut."""
    if len(text) <= limit:
        return visible(text)
    return f"{visible(text[:limit])}{ELLIPSIS}\n({len(text):,} characters in all)"


def write_value(value: Any, limit: int = CELL_LIMIT) -> Written:
    """Write any value of a cell in one line of at most `limit` characters.

    Texts keep their own characters; what has none (nothing, bytes, images) is described.
    """
    try:
        return _write(value, limit)
    except Exception:  # noqa: BLE001  # the value's own code may raise anything; it is shown, not needed
        return Written(f"{one_line(type(value).__name__, 40)} that cannot be shown", is_literal=False)


def write_frame_value(value: Any, limit: int) -> Written:
    """Write a value of a DataFrame, where pandas says NaN for what is missing in a column of floats or texts."""
    written = write_value(value, limit)
    return written._replace(text="NA") if written.text == "NaN" and not written.is_literal else written


def say_row(row: int) -> str:
    """Say which row an attempt was about; a full-column one has no row (-1)."""
    return f"row {row}" if row >= 0 else "a whole row group"


def write_clock(seconds: float) -> str:
    """Write a time span as on a clock: `0:17`, `12:05`, `1:02:03`."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def write_seconds(seconds: float) -> str:
    """Write a duration with its unit, in two or three figures: `35 ms`, `1.7 s`, `42 s`, `2:05`."""
    if seconds < 0.0095:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 99.5 else write_clock(seconds)


def write_alike(seconds: Sequence[float]) -> list[str]:
    """Write durations that stand below each other: in seconds, with as many decimals as the longest bears."""
    longest = max(seconds, default=0.0)
    decimals = 2 if longest < 9.995 else 1 if longest < 999.95 else 0
    return [f"{own:,.{decimals}f} s" for own in seconds]


def write_count(count: int) -> str:
    """Write a number of things shortly: `9,812`, `58.3 k`, `1.2 M`."""
    if count < 10_000:
        return f"{count:,}"
    # a count that is not there yet must not look as if it were: cut, not rounded
    return f"{count // 100 / 10:.1f} k" if count < 1_000_000 else f"{count // 100_000 / 10:,.1f} M"


def write_amount(amount: int) -> str:
    """Write how much of something was used shortly, rounded: `9,812`, `58.4 k`, `1.3 M`."""
    if amount < 10_000:
        return f"{amount:,}"
    return f"{amount / 1000:.1f} k" if amount < 999_950 else f"{amount / 1_000_000:,.1f} M"


def write_plural(count: int, noun: str) -> str:
    """Write a count with its noun: `1 row`, `40 rows`."""
    return f"{write_count(count)} {noun}{'' if count == 1 else 's'}"


def write_bytes(size: int) -> str:
    """Write a number of bytes shortly: `512 B`, `2.1 kB`, `1.2 MB`."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Give the pixels that text of a font size takes, in the widest of the fonts it may be shown in (DejaVu Sans)."""
    ems = sum(_NARROW.get(character) or _ems(character) for character in text)
    return ems * size * (1.1 if bold else 1.0)


def fit(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Write text in one line of at most `width` pixels, the last character … if it was cut."""
    line = one_line(text, 200)
    if text_width(line, size, bold=bold) <= width:
        return line
    while line and text_width(line + ELLIPSIS, size, bold=bold) > width:
        line = line[:-1]
    return line.rstrip() + ELLIPSIS


def fit_apart(names: Sequence[str], widths: Sequence[float], size: float, *, bold: bool = False) -> list[str]:
    """Write names that stand in one picture, each as `fit` does; what would read alike is cut in its middle.

    Args:
        names: of which equal ones are the same thing.
        widths: pixels for each.
        size: pixels, of the font.
        bold: whether it is.
    """
    fitted = [fit(name, width, size, bold=bold) for name, width in zip(names, widths, strict=True)]
    alike = Counter(line for line, _ in set(zip(fitted, names, strict=True)))
    return [
        _fit_ends(name, width, size, bold=bold) if alike[line] > 1 else line
        for line, name, width in zip(fitted, names, widths, strict=True)
    ]


def _fit_ends(name: str, width: float, size: float, *, bold: bool) -> str:
    """Write the beginning and the end of a name, as much of each as there is room for."""
    line = one_line(name, 200)
    kept = len(line)
    while kept and text_width(line, size, bold=bold) > width:
        kept -= 1
        end = max(kept // 2, min(kept, _TELLING))
        line = one_line(name, 200)[: kept - end].rstrip() + ELLIPSIS + one_line(name[-200:], 200)[-end:]
    return line if kept else ELLIPSIS


# C0 and C1 controls but for line breaks and tabs; soft hyphen; signs that turn direction; signs of no width (but for
# the joiners that scripts and emoji need); variation and tag characters; lone surrogates, which no encoder takes;
# what XML forbids
_HARMFUL: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)
_TELLING: Final = 4  # characters at the end of a name that tell it from others, at least: `_t_12`
_SPACE: Final = re.compile(r"\s+")
_IMAGE_MODULE: Final = "PIL"
_NOTHING: Final = frozenset({"NoneType", "NAType", "NaTType"})
_NARROW: Final = dict.fromkeys("ijlI'|", 0.32) | dict.fromkeys(" ,.·:;ft()[]/\\r!", 0.41) | dict.fromkeys("-–", 0.5)


def _ems(character: str) -> float:
    if "\u0300" <= character <= "\u036f":
        return 0.0
    if character in "mwMW%@—…" or unicodedata.east_asian_width(character) in "WF":
        return 1.0
    return 0.75 if character.isupper() else 0.64


def _spell(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _cut(text: str, limit: int) -> tuple[str, bool]:
    """One line of at most `limit` characters, and whether there is more."""
    reach = 4 * limit  # runs of spaces shrink
    line = visible(_SPACE.sub(" ", text[:reach])).strip()
    if len(line) <= limit and len(text) <= reach:
        return line, False
    return line[: limit - 1].rstrip() + ELLIPSIS, True


def _write(value: Any, limit: int) -> Written:
    if type(value).__module__ == "numpy" and value.ndim == 0:
        value = value.item()
    if not isinstance(value, str):
        described = _describe(value)
        if described is not None:
            return Written(described, is_literal=False)
        value = _outline(value, 4 * limit, depth=3)
    elif not value:
        return Written('""', is_literal=False)
    line, is_cut = _cut(value, limit)
    return Written(line, is_cut=is_cut) if line else Written(f"blank, {len(value):,} long", is_literal=False)


def _describe(value: Any) -> str | None:
    """Words for values that have no text of their own; None for those that do."""
    kind = type(value)
    if kind.__name__ in _NOTHING:
        return "NA"
    if isinstance(value, float) and value != value:  # noqa: PLR0124  # only NaN differs from itself
        return "NaN"
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{write_bytes(len(value))} of bytes"
    if kind.__module__.partition(".")[0] == _IMAGE_MODULE and hasattr(value, "size"):
        width, height = value.size
        return f"image {width} × {height}"
    if isinstance(value, int) and value.bit_length() > 512:
        return f"whole number of {write_count(value.bit_length())} bits"
    return None


def _outline(value: Any, room: int, depth: int) -> str:
    """Write a value without looking at more of it than fits into `room` characters or so."""
    if value is None:
        return "None"
    if isinstance(value, str):
        return repr(value) if len(value) <= room else repr(value[:room])[:-1] + ELLIPSIS
    if type(value).__module__ == "numpy":
        return _outline_numpy(value, room, depth)
    if isinstance(value, bool | int):
        return _describe(value) or str(value)
    if isinstance(value, float):
        return _write_float(value)
    described = _describe(value)
    if described is not None:
        return described
    if isinstance(value, Mapping):
        pairs = (f"{_outline(key, 40, 1)}: {_outline(item, room, depth - 1)}" for key, item in value.items())
        return _enclose("{}", pairs if depth else (), len(value), room)
    if isinstance(value, list | tuple | AbstractSet):
        brackets = "[]" if isinstance(value, list) else "()" if isinstance(value, tuple) else "{}"
        items = (_outline(item, room, depth - 1) for item in value)
        return _enclose(brackets, items if depth else (), len(value), room)
    return str(value)


def _outline_numpy(value: Any, room: int, depth: int) -> str:
    if value.ndim == 0:
        return _outline(value.item(), room, depth)
    if value.ndim == 1:
        items = (_outline(item, room, depth - 1) for item in value[:room].tolist())
        return _enclose("[]", items if depth else (), len(value), room)
    return f"array {' × '.join(map(str, value.shape))} {value.dtype}"


def _enclose(brackets: str, items: Iterable[str], count: int, room: int) -> str:
    shown: list[str] = []
    length = 0
    for item in islice(items, room):
        shown.append(item)
        length += len(item) + 2
        if length > room:
            break
    more = [ELLIPSIS] if len(shown) < count else []
    return f"{brackets[0]}{', '.join([*shown, *more])}{brackets[1]}"


def _write_float(value: float) -> str:
    """Six figures or two decimals, as a person would write them: `0.3`, `4.0`, `123456.79`, `1e-09`."""
    text = f"{value:.2f}" if 1000 <= abs(value) < 1e15 else f"{value:.6g}"
    if "." not in text:
        return f"{text}.0" if text.lstrip("-").isdigit() else text
    return text.rstrip("0") + "0" if text.endswith(".00") else text.rstrip("0")
