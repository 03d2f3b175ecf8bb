"""What a value of a cell looks like: a picture, JSON, or a line of text. Decided here for tables and records alike.

Values are hostile. A picture is shown only if its own first bytes say that it is a PNG, JPEG, GIF or WebP, and then as
an `<img>` whose data was encoded here: what a text claims about itself is not passed on. SVG is markup, so it stays
text. Nothing here looks at more of a value than is shown of it.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

from notebook_gen.views.text import (
    ELLIPSIS,
    Written,
    escape,
    one_line,
    several_lines,
    write_bytes,
    write_frame_value,
    write_value,
)

THUMBNAIL_BYTES: Final = 20_000
"""Bytes of a picture that a table shows, at most."""

_KINDS: Final = (
    ("png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("jpeg", re.compile(rb"\xff\xd8\xff")),
    ("gif", re.compile(rb"GIF8[79]a")),
    ("webp", re.compile(rb"RIFF....WEBP", re.DOTALL)),
)
_HEAD: Final = 12  # bytes that tell the kind
_HEAD_CODED: Final = 16  # characters of base64 that hold them
_DATA_URL: Final = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,", re.IGNORECASE)
_DATA_URL_START: Final = "data:image/"
_FILE_KEYS: Final = frozenset({"bytes", "path"})  # an image as Hugging Face's datasets have it
_DEPTH: Final = 5


class Picture(NamedTuple):
    """A picture of a kind that is safe to show.

    Attributes:
        kind: "png", "jpeg", "gif" or "webp".
        size: its bytes.
        coded: the bytes in base64; empty if there are more than were asked for.
    """

    kind: str
    size: int
    coded: str

    @property
    def words(self) -> str:
        """What it is, in words."""
        return f"image, {write_bytes(self.size)}"

    def html(self, css_class: str, *, height: int) -> str:
        """Draw it, at most so many pixels high. Its size is also written into it: not every notebook has our style."""
        style = f"max-width:100%;max-height:{height}px"
        words = escape(f"{self.kind} {self.words}")
        source = f"data:image/{self.kind};base64,{self.coded}"
        return f'<img class="{css_class}" alt="{words}" title="{words}" style="{style}" src="{source}">'


class PictureRoom:
    """How much of pictures may still be shown somewhere.

    Args:
        characters: of their data, in base64.
        each: bytes of a picture, at most.
    """

    def __init__(self, characters: int, each: int = THUMBNAIL_BYTES) -> None:
        self._left = characters
        self._each = each

    def take(self, value: object) -> Picture | None:
        """Give the picture that a value is, with its data if there is room for it; None if it is no picture."""
        picture = find_picture(value, min(self._each, self._left * 3 // 4))
        if picture is not None:
            self._left -= len(picture.coded)
        return picture


def find_picture(value: object, most_bytes: int) -> Picture | None:
    """Give the picture that a value is, with its data if it has at most so many bytes; None if it is none.

    Args:
        value: bytes, a `data:` URL, or a mapping with bytes as Hugging Face's datasets have it.
        most_bytes: what may be shown.
    """
    if isinstance(value, str):
        return _read_data_url(value, most_bytes) if value[: len(_DATA_URL_START)].lower() == _DATA_URL_START else None
    if isinstance(value, Mapping):
        value = value["bytes"] if "bytes" in value and _FILE_KEYS.issuperset(value) else None
    if not isinstance(value, bytes | bytearray | memoryview):
        return None
    data = memoryview(value).cast("B") if isinstance(value, memoryview) and value.contiguous else value
    kind = _kind_of(bytes(data[:_HEAD]))
    if kind is None:
        return None
    return Picture(kind, len(data), base64.b64encode(data).decode() if len(data) <= most_bytes else "")


def is_structured(value: object) -> bool:
    """Whether a value is written as JSON: a mapping, a list, a tuple, or what pandas makes of a list."""
    return isinstance(value, Mapping | list | tuple) or (type(value).__name__ == "ndarray" and bool(value.shape))  # type: ignore[attr-defined]  # numpy's, not imported for this


def write_cell(value: Any, limit: int) -> Written:
    """Write any value in one line of at most `limit` characters; pictures in words, what has parts as JSON."""
    try:
        return _write_parts(value, limit) or write_value(value, limit)
    except Exception:  # noqa: BLE001  # the value's own code may raise anything; `write_value` says so
        return write_value(value, limit)


def write_frame_cell(value: Any, limit: int) -> Written:
    """Write a value of a DataFrame, where pandas says NaN for what is missing."""
    written = write_cell(value, limit)
    return write_frame_value(value, limit) if written.text == "NaN" and not written.is_literal else written


def write_whole(value: Any, limit: int) -> str:
    """Write a text, or what has parts as JSON in many lines; at most `limit` characters, not escaped for HTML."""
    return several_lines(pretty_json(value, limit) if is_structured(value) else str(value), limit)


def pretty_json(value: Any, limit: int) -> str:
    """Write what has parts as indented JSON; a little more than `limit` characters if there are so many."""
    encoder = json.JSONEncoder(indent=2, ensure_ascii=False, default=_plain)
    try:
        return "".join(_until(encoder.iterencode(value), limit))
    except (TypeError, ValueError, RecursionError):
        return _json_line(value, limit)


def _write_parts(value: Any, limit: int) -> Written | None:
    """A picture in words, or what has parts as JSON; None for all else."""
    if (picture := find_picture(value, 0)) is not None:
        return Written(picture.words, is_literal=False)
    if not is_structured(value):
        return None
    line = _json_line(value, 4 * limit)
    return Written(one_line(line, limit), is_cut=len(line) > limit)


def _until(parts: Iterable[str], length: int) -> Iterator[str]:
    """The first parts, until they are longer than a length."""
    for part in parts:
        yield part
        length -= len(part)
        if length < 0:
            return


def _plain(value: Any) -> Any:
    """What JSON has for a value that it does not know: its parts, or words about it."""
    if isinstance(value, Mapping):
        return dict(value)
    if type(value).__module__ == "numpy":
        return value.tolist()
    return write_value(value).text


def _json_line(value: Any, room: int, depth: int = _DEPTH) -> str:
    """JSON in one line, without looking at more of a value than fits into `room` characters or so."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return json.dumps(value[:room] + ELLIPSIS if len(value) > room else value, ensure_ascii=False)
    if isinstance(value, Mapping):
        pairs = (f"{_json_line(str(key)[:80], 80)}: {_json_line(item, room, depth - 1)}" for key, item in value.items())
        return _enclose("{}", pairs if depth else (), len(value), room)
    if is_structured(value):
        items = (_json_line(item, room, depth - 1) for item in islice(value, room))
        return _enclose("[]", items if depth else (), len(value), room)
    if type(value).__module__ == "numpy":
        return _json_line(value.item(), room, depth)
    if isinstance(value, int | float):
        return write_value(value, 80).text
    return json.dumps(write_value(value, 80).text, ensure_ascii=False)


def _enclose(brackets: str, items: Iterable[str], count: int, room: int) -> str:
    shown = list(_until(items, room))
    return f"{brackets[0]}{', '.join([*shown, ELLIPSIS] if len(shown) < count else shown)}{brackets[1]}"


def _kind_of(head: bytes) -> str | None:
    """The kind of a picture, from its first bytes."""
    return next((kind for kind, pattern in _KINDS if pattern.match(head)), None)


def _read_data_url(url: str, most_bytes: int) -> Picture | None:
    head = _DATA_URL.match(url)
    if head is None:
        return None
    start = head.end()
    size = (len(url) - start) * 3 // 4
    try:
        kind = _kind_of(base64.b64decode(url[start : start + _HEAD_CODED], validate=True))
        if kind is None or size > most_bytes:
            return Picture(kind, size, "") if kind is not None else None
        data = base64.b64decode(url[start:], validate=True)
    except (binascii.Error, ValueError):
        return None
    return Picture(kind, len(data), base64.b64encode(data).decode())
