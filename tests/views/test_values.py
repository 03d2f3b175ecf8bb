"""What a value looks like: pictures are shown only if they are some, what has parts is JSON, all else is text."""

import base64
from typing import Any

import numpy as np
import pytest

from notebook_gen.views.values import PictureRoom, find_picture, pretty_json, write_cell, write_frame_cell, write_whole

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 20
GIF = b"GIF89a" + b"\x00" * 20
WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 "
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


def _data_url(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize(("kind", "data"), [("png", PNG), ("jpeg", JPEG), ("gif", GIF), ("webp", WEBP)])
@pytest.mark.parametrize("form", [bytes, bytearray, memoryview, lambda data: {"bytes": data, "path": "x"}, None])
def test_a_picture_is_told_by_its_first_bytes_however_it_is_held(kind: str, data: bytes, form: Any) -> None:
    value = form(data) if form is not None else _data_url(kind, data)

    picture = find_picture(value, 1_000)

    assert picture is not None
    assert (picture.kind, picture.size, base64.b64decode(picture.coded)) == (kind, len(data), data)


def test_what_a_text_says_of_its_picture_is_not_believed() -> None:
    picture = find_picture(_data_url("gif", PNG), 1_000)

    assert picture is not None
    assert picture.kind == "png"


@pytest.mark.parametrize(
    "value",
    [
        SVG,
        b"",
        b"RIFF\x10\x00\x00\x00WAVEfmt ",
        _data_url("svg+xml", SVG),
        _data_url("png", SVG),
        'data:image/png;base64,"><img src=x onerror=alert(1)>',
        f"data:image/png;base64,{base64.b64encode(PNG).decode()}<",
        "data:image/png,raw",
        {"bytes": None, "path": "x.png"},
        {"bytes": PNG, "path": "x.png", "more": 1},
        None,
        7,
    ],
    ids=str,
)
def test_what_is_no_picture_is_none(value: Any) -> None:
    assert find_picture(value, 1_000_000) is None


def test_a_picture_that_is_too_large_is_said_in_words() -> None:
    for value in (PNG + bytes(1_200_000), _data_url("png", PNG + bytes(1_200_000))):
        picture = find_picture(value, 20_000)
        assert picture is not None
        assert (picture.coded, picture.words) == ("", "image, 1.2 MB")


def test_pictures_are_shown_as_long_as_there_is_room() -> None:
    room = PictureRoom(100)

    taken = [room.take(PNG) for _ in range(4)]

    assert [bool(picture and picture.coded) for picture in taken] == [True, True, False, False]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, 2.5, None, True], "b": {"c": "ü"}}, '{"a": [1, 2.5, null, true], "b": {"c": "ü"}}'),
        ([], "[]"),
        (("x", float("nan")), '["x", NaN]'),
        (np.array([1, 2]), "[1, 2]"),
        ([np.int64(3), b"\x00" * 5], '[3, "5 B of bytes"]'),
        (PNG, "image, 28 B"),
        ("plain", "plain"),
        (None, "NA"),
        (12, "12"),
    ],
)
def test_a_value_is_written_in_a_line(value: Any, text: str) -> None:
    assert write_cell(value, 160).text == text


def test_nothing_looks_at_more_of_a_giant_than_it_shows() -> None:
    class Endless(list[int]):
        def __iter__(self) -> Any:
            yield from range(2_000)
            raise AssertionError("somebody read on")

    giant = Endless(range(10_000_000))

    assert write_cell(giant, 40).text == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,…"
    assert len(write_whole({"text": ["x" * 100] * 1_000}, 500)) < 600


def test_what_raises_when_it_is_looked_at_is_told() -> None:
    class Broken(dict[str, int]):
        def __contains__(self, _key: object) -> bool:
            raise ValueError("no")

        def items(self) -> Any:
            raise ValueError("no")

    assert write_cell(Broken(a=1), 40).text == "Broken that cannot be shown"


def test_json_is_indented_where_there_is_room_and_odd_parts_are_words() -> None:
    assert pretty_json({"a": [1, PNG], "b": np.array([2])}, 1_000).split("\n") == [
        "{", '  "a": [', "    1,", '    "28 B of bytes"', "  ],", '  "b": [', "    2", "  ]", "}",
    ]  # fmt: skip
    assert pretty_json({(1, 2): 3}, 1_000) == '{"(1, 2)": 3}'


def test_what_a_frame_misses_is_na() -> None:
    assert [write_frame_cell(value, 40).text for value in (float("nan"), ["a"])] == ["NA", '["a"]']
