"""Rows as lines of text."""

import io

import pandas as pd
import pytest
from rich.console import Console

from notebook_gen.views.terminal_table import print_rows


def _printed(
    frame: pd.DataFrame, *, width: int = 60, colors: dict[str, int | None] | None = None, has_colors: bool = False
) -> str:
    console = Console(file=io.StringIO(), width=width, color_system="256" if has_colors else None)
    print_rows(frame, colors=colors or {}, wide=["review"], console=console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_long_text_takes_a_few_lines_and_is_cut_to_fit() -> None:
    frame = pd.DataFrame({"product": ["Kite"], "review": ["It flies. " * 30]}, index=[7])

    lines = [line.rstrip() for line in _printed(frame, width=40).splitlines() if line.strip()]

    assert lines == [
        " #   product   review",
        " ──────────────────────────────────────",
        " 7   Kite      It flies. It flies. It",
        "               flies. It flies. It",
        "               flies.…",
    ]


def test_a_narrow_terminal_leaves_a_long_text_room() -> None:
    frame = pd.DataFrame({"product": ["A cast-iron pan with a lid"], "tone": ["furious"], "review": ["word " * 60]})

    printed = _printed(frame, width=80)

    assert printed.count("word") >= 15
    assert max(map(len, printed.splitlines())) <= 80


def test_numbers_stand_at_the_right() -> None:
    frame = pd.DataFrame({"stars": [1, 10], "review": ["a", "b"]})

    lines = [line.split("a")[0].split("b")[0] for line in _printed(frame).splitlines()[-3:-1]]

    assert lines == [" 0       1   ", " 1      10   "]


def test_what_is_missing_is_said_to_be() -> None:
    frame = pd.DataFrame({"review": ["here", pd.NA]})

    assert "NA" in _printed(frame).splitlines()[-2]


@pytest.mark.parametrize(("has_colors", "expected"), [(True, 1), (False, 0)])
def test_a_column_has_its_dot_where_there_are_colours_and_it_has_one(has_colors: bool, expected: int) -> None:
    frame = pd.DataFrame({"product": ["Kite"], "review": ["flies"]})

    printed = _printed(frame, colors={"product": None, "review": 1}, has_colors=has_colors)

    assert printed.count("●") == expected


def test_text_cannot_command_the_terminal_or_rich() -> None:
    frame = pd.DataFrame({"[red]name": ["\x1b[2Jgone"], "review": ["[bold]not bold[/bold]\nsecond line"]})

    printed = _printed(frame, width=90)

    assert "\x1b" not in printed
    assert r"\x1b[2Jgone" in printed
    assert "[red]name" in printed
    assert "[bold]not bold[/bold] second line" in printed
