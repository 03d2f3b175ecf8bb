"""Rows as lines of text."""

import io

import pandas as pd
from rich.console import Console

from notebook_gen.views.terminal_table import print_rows


def _printed(frame: pd.DataFrame, *, width: int = 60, colors: dict[str, int | None] | None = None) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    print_rows(frame, colors=colors or {}, wide=["review"], console=console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_row_is_one_line_cut_to_fit() -> None:
    frame = pd.DataFrame({"product": ["Kite"], "review": ["It flies. " * 30]}, index=[7])

    lines = [line.rstrip() for line in _printed(frame, width=40).splitlines() if line.strip()]

    assert lines == [
        " #   product   review",
        " ──────────────────────────────────────",
        " 7   Kite      It flies. It flies. It …",
    ]


def test_numbers_stand_at_the_right() -> None:
    frame = pd.DataFrame({"stars": [1, 10], "review": ["a", "b"]})

    lines = [line.split("a")[0].split("b")[0] for line in _printed(frame).splitlines()[-3:-1]]

    assert lines == [" 0       1   ", " 1      10   "]


def test_what_is_missing_is_said_to_be() -> None:
    frame = pd.DataFrame({"review": ["here", pd.NA]})

    assert "NA" in _printed(frame).splitlines()[-2]


def test_a_column_has_its_dot_only_if_it_has_a_colour() -> None:
    frame = pd.DataFrame({"product": ["Kite"], "review": ["flies"]})

    header = _printed(frame, colors={"product": None, "review": 1}).splitlines()[1]

    assert header.split() == ["#", "product", "●", "review"]


def test_text_cannot_command_the_terminal_or_rich() -> None:
    frame = pd.DataFrame({"[red]name": ["\x1b[2Jgone"], "review": ["[bold]not bold[/bold]\nsecond line"]})

    printed = _printed(frame, width=90)

    assert "\x1b" not in printed
    assert r"\x1b[2Jgone" in printed
    assert "[red]name" in printed
    assert "[bold]not bold[/bold] second line" in printed
