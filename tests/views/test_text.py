"""How values, numbers and hostile text are written."""

import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest

from notebook_gen.views.text import (
    Written,
    escape,
    fit,
    fit_apart,
    one_line,
    one_sentence,
    several_lines,
    text_width,
    visible,
    write_amount,
    write_clock,
    write_count,
    write_plural,
    write_seconds,
    write_value,
)
from tests.views.hostile import HOSTILE


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_becomes_one_harmless_line_of_limited_length(text: str) -> None:
    line = write_value(text, 40).text

    assert 0 < len(line) <= 40
    assert line.replace("\N{ZERO WIDTH JOINER}", "").isprintable()
    line.encode()


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_escaped_text_has_no_character_that_means_something_in_html(text: str) -> None:
    escaped = escape(text)

    assert not set(escaped) & set("<>\"'")
    assert escape(visible(text)) == escaped


def test_what_turns_or_hides_text_is_spelled_out() -> None:
    assert visible("a\u202eb\x1b[0m\u200bc\ud800\U000e0041") == "a\\u202eb\\x1b[0m\\u200bc\\ud800\\U000e0041"


def test_joiners_line_breaks_and_other_scripts_stay() -> None:
    text = "👩\N{ZERO WIDTH JOINER}💻 ❤\N{VARIATION SELECTOR-16}\n\tשלום 日本語"

    assert visible(text) == text


def test_a_line_is_cut_at_its_limit_and_says_so() -> None:
    assert one_line("one two\n three", 40) == "one two three"
    assert one_line("abcdef", 6) == "abcdef"
    assert one_line("abcdefg", 6) == "abcde…"


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("see faults= of ng.DemoModel", "see faults= of…"),
        ("it broke off, entirely, at once", "it broke off…"),
        ("a short one", "a short one"),
        ("see http://127.0.0.1:43395/1/v1", "see http://127.0.0…"),
    ],
)
def test_a_sentence_is_cut_between_words_where_that_leaves_most_of_it(text: str, cut: str) -> None:
    assert one_sentence(text, 19) == cut


def test_lines_that_are_cut_say_how_much_there_is() -> None:
    assert several_lines("a\nb", 10) == "a\nb"
    assert several_lines("x" * 12_000, 3) == "xxx…\n(12,000 characters in all)"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("text", Written("text")),
        ("", Written('""', is_literal=False)),
        ('""', Written('""')),
        (" \n ", Written("blank, 3 long", is_literal=False)),
        (None, Written("NA", is_literal=False)),
        ("None", Written("None")),
        (pd.NA, Written("NA", is_literal=False)),
        (pd.NaT, Written("NA", is_literal=False)),
        (float("nan"), Written("NaN", is_literal=False)),
        (np.float32("nan"), Written("NaN", is_literal=False)),
        (True, Written("True")),
        (np.bool_(True), Written("True")),
        (7, Written("7")),
        (np.int64(7), Written("7")),
        (0.1 + 0.2, Written("0.3")),
        (4.0, Written("4.0")),
        (-4.0, Written("-4.0")),
        (100.0, Written("100.0")),
        (1234.0, Written("1234.0")),
        (123456.789, Written("123456.79")),
        (1234.5, Written("1234.5")),
        (1 / 3, Written("0.333333")),
        (1e-9, Written("1e-09")),
        (1e300, Written("1e+300")),
        (float("-inf"), Written("-inf")),
        (b"x" * 2345, Written("2.3 kB of bytes", is_literal=False)),
        (b"", Written("0 B of bytes", is_literal=False)),
        (10**5000, Written("whole number of 16.6 k bits", is_literal=False)),
        ([1, "a", None], Written("[1, 'a', None]")),
        ((1,), Written("(1)")),
        ({"a": {"b": [0.5]}}, Written("{'a': {'b': [0.5]}}")),
        ([[[[1]]]], Written("[[[[…]]]]")),
        (np.array([1, 2]), Written("[1, 2]")),
        (np.zeros((3, 4)), Written("array 3 × 4 float64")),
        ({"image": b"x" * 10}, Written("{'image': 10 B of bytes}")),
    ],
    ids=lambda value: value.text if isinstance(value, Written) else type(value).__name__,
)
def test_a_value_is_written_so_that_it_can_be_told_from_others(value: Any, written: Written) -> None:
    assert write_value(value) == written


def test_an_image_is_shown_as_its_size() -> None:
    image_type = type("Image", (), {"size": (640, 480), "__module__": "PIL.Image"})

    assert write_value(image_type()) == Written("image 640 × 480", is_literal=False)


def test_a_value_whose_own_code_fails_is_named() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    assert write_value(Broken()) == Written("Broken that cannot be shown", is_literal=False)


@pytest.mark.parametrize(
    "value",
    [
        "x" * 10_000_000,
        "x \x1b" * 4_000_000,
        " " * 10_000_000,
        list(range(1_000_000)),
        dict.fromkeys(range(1_000_000)),
        ["x" * 10_000_000],
    ],
    ids=["text", "words", "spaces", "list", "dict", "text in a list"],
)
def test_a_huge_value_costs_no_more_than_what_is_shown_of_it(value: Any) -> None:
    tracemalloc.start()
    try:
        written = write_value(value, 160)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(written.text) <= 160
    assert peak < 200_000


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (17.9, "0:17"), (725, "12:05"), (3723, "1:02:03"), (-1, "0:00")]
)
def test_a_clock_shows_minutes_and_seconds(seconds: float, text: str) -> None:
    assert write_clock(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0004, "0.4 ms"),
        (0.035, "35 ms"),
        (0.0999, "0.1 s"),
        (1.66, "1.7 s"),
        (9.96, "10 s"),
        (42.4, "42 s"),
        (125, "2:05"),
    ],
)
def test_a_duration_has_two_or_three_figures(seconds: float, text: str) -> None:
    assert write_seconds(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (9812, "9,812"), (58_399, "58.3 k"), (999_999, "999.9 k"), (1_250_000, "1.2 M")]
)
def test_a_count_is_short_and_never_rounded_up(count: int, text: str) -> None:
    assert write_count(count) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0"), (9_999, "9,999"), (31_988, "32.0 k"), (999_949, "999.9 k"), (999_950, "1.0 M"), (1_260_000, "1.3 M")],
)
def test_an_amount_is_short_and_rounded(amount: int, text: str) -> None:
    assert write_amount(amount) == text


def test_one_is_not_many() -> None:
    assert [write_plural(count, "row") for count in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_fitted_text_is_no_wider_than_its_room(text: str) -> None:
    assert text_width(fit(text, 100, 12, bold=True), 12, bold=True) <= 100


def test_names_that_differ_at_their_ends_are_cut_in_the_middle() -> None:
    names = ["topic", *(f"generated_text_{at}" for at in range(1, 13))]

    fitted = fit_apart(names, [80.0] * len(names), 11)

    assert fitted[0] == "topic"
    assert fitted[12].startswith("gen")
    assert fitted[12].endswith("_12")
    assert len(set(fitted)) == len(names)
    assert all(text_width(line, 11) <= 80 for line in fitted)


def test_names_that_their_beginnings_tell_apart_are_cut_at_the_end() -> None:
    names = ["summary_of_the_first_review", "generated_text_of_the_other"]

    assert fit_apart(names, [80.0, 80.0], 11) == [fit(name, 80, 11) for name in names]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_is_cut_in_the_middle_is_harmless_and_no_wider_than_its_room(text: str) -> None:
    for line in fit_apart([f"{text} a b c d e f g h i j k 1", f"{text} a b c d e f g h i j k 2"], [60.0, 60.0], 12):
        assert text_width(line, 12) <= 60
        assert line == visible(line)
