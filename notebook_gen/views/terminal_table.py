"""Rows in a terminal, or in a pipe: one line each, cut to fit."""

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


def print_rows(
    frame: "pd.DataFrame", *, colors: Mapping[str, int | None], wide: Sequence[str], console: "Console | None" = None
) -> None:
    """Print all rows of a DataFrame; missing values are marked.

    Args:
        frame: the data; its index numbers the rows.
        colors: each column's colour, as `palette.column_colors` gives it.
        wide: the columns that share what room there is; others are as wide as their values.
        console: where to; None: standard output.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # a pipe has no width of its own
    console = console if console is not None else Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", expand=True)
    table.add_column("#", justify="right", style="dim", no_wrap=True)
    for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
        table.add_column(
            Text.assemble(*_dot(colors.get(name)), one_line(str(name), 40)),
            justify="right" if dtype.kind in "iuf" else "left",
            ratio=1 if name in wide else None,
            no_wrap=True,
            overflow="ellipsis",
        )
    for label, row in zip(frame.index, frame.itertuples(index=False), strict=True):
        table.add_row(str(label), *(_cell(value) for value in row))
    console.print(table)


def _dot(color: int | None) -> list[tuple[str, str]]:
    return [("● ", DARK.columns[color])] if color is not None else []


def _cell(value: object) -> "Text":
    from rich.text import Text

    written = write_frame_value(value, CELL_LIMIT)
    return Text(written.text, style="" if written.is_literal else "dim italic")
