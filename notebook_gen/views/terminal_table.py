"""Rows in a terminal, or in a pipe: one line each, long texts two or three, cut to fit."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from notebook_gen.views.palette import DARK
from notebook_gen.views.text import CELL_LIMIT, one_line, write_frame_value

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.text import Text

_PIPE_WIDTH = 120
_WIDEST_WORDS = 16  # of a column that is not wide
_BETWEEN = 3  # characters from one column to the next
_NARROW = 40  # characters of a line; a long text that has fewer gets one line more


def print_rows(
    frame: "pd.DataFrame", *, colors: Mapping[str, int | None], wide: Sequence[str], console: "Console | None" = None
) -> None:
    """Print all rows of a DataFrame; missing values are marked.

    Args:
        frame: the data; its index numbers the rows.
        colors: each column's colour, as `palette.column_colors` gives it; shown where the console has colours.
        wide: the columns of long texts, which share what room there is; others are as wide as their values, within
            limits.
        console: where to; None: standard output.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # a pipe has no width of its own
    console = console if console is not None else Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    has_colors = console.color_system is not None
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", expand=True)
    table.add_column("#", justify="right", style="dim", no_wrap=True)
    room = _room(frame, wide, console.width)
    for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
        table.add_column(
            Text.assemble(*_dot(colors.get(name) if has_colors else None), one_line(str(name), 40)),
            justify="right" if dtype.kind in "iuf" else "left",
            ratio=1 if name in wide else None,
            max_width=None if name in wide else _WIDEST_WORDS,
            no_wrap=name not in wide,
            overflow="fold" if name in wide else "ellipsis",
        )
    lines = 3 if room < _NARROW else 2
    limits = [lines * (room - 4) if name in wide else CELL_LIMIT for name in frame.columns]
    for label, row in zip(frame.index, frame.itertuples(index=False), strict=True):
        table.add_row(str(label), *map(_cell, row, limits))
    console.print(table)


def _room(frame: "pd.DataFrame", wide: Sequence[str], width: int) -> int:
    """The characters that each wide column gets of a line."""
    room = width - max([1, *(len(str(label)) for label in frame.index)]) - _BETWEEN
    for name in frame.columns:
        longest = max([len(str(name)) + 2, *(len(write_frame_value(value, 40).text) for value in frame[name])])
        room -= _BETWEEN + (0 if name in wide else min(longest, _WIDEST_WORDS))
    return max(_WIDEST_WORDS, room // max(1, sum(name in wide for name in frame.columns)))


def _dot(color: int | None) -> list[tuple[str, str]]:
    return [("● ", DARK.columns[color])] if color is not None else []


def _cell(value: object, limit: int) -> "Text":
    from rich.text import Text

    written = write_frame_value(value, limit)
    return Text(written.text, style="" if written.is_literal else "dim italic")
