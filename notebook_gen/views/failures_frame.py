"""Failures as a DataFrame that shows its long texts whole: pandas cuts them, and what to do stands at their end."""

import shutil
import textwrap
from collections.abc import Iterator
from typing import Final

import pandas as pd

from notebook_gen.views.text import one_line

_TEXTS: Final = ("error", "advice")
_INDENT: Final = " " * 6
_LEAST_WIDTH: Final = 40
_MOST_TEXT: Final = 4_000  # characters of one, in a terminal
_STYLE: Final = (
    "<style>.ng-failures-frame table.dataframe td{text-align:left;vertical-align:top;white-space:normal;"
    "overflow-wrap:break-word}.ng-failures-frame table.dataframe th{text-align:left}</style>"
)


class FailuresFrame(pd.DataFrame):
    """Failures, a line each; what is chosen of them is shown alike."""

    @property
    def _constructor(self) -> "type[FailuresFrame]":
        return FailuresFrame

    def _repr_html_(self) -> str | None:
        with pd.option_context("display.max_colwidth", None):
            html = pd.DataFrame(self)._repr_html_()  # type: ignore[operator]  # the stubs do not know what it gives
        # a front end would set what looks like TeX
        return None if html is None else f'{_STYLE}<div class="ng-failures-frame mathjax_ignore">{html}</div>'

    def __repr__(self) -> str:
        plain = pd.DataFrame(self)
        texts = [name for name in _TEXTS if name in plain.columns]
        rest = plain.drop(columns=texts)
        return "\n".join(_lines(plain, rest, texts)) if texts and len(rest.columns) and len(rest) else repr(plain)


def _lines(frame: pd.DataFrame, rest: pd.DataFrame, texts: list[str]) -> Iterator[str]:
    """What is short as pandas has it; below each line, what is long."""
    width = max(_LEAST_WIDTH, shutil.get_terminal_size().columns)
    shown = _shown(len(frame))
    head, *lines = rest.iloc[shown].to_string(line_width=None, max_colwidth=width).splitlines()
    yield head
    before = -1
    for place, line in zip(shown, lines, strict=True):
        if place != before + 1:
            yield "…"
        before = place
        yield line
        for name in texts:
            text = one_line(str(frame[name].iloc[place]), _MOST_TEXT)
            if text:
                yield from textwrap.wrap(
                    f"{name}: {text}", width, initial_indent=_INDENT, subsequent_indent=_INDENT + "  "
                )
    if len(shown) < len(frame):
        yield f"\n[{len(frame)} rows x {len(frame.columns)} columns]"


def _shown(count: int) -> list[int]:
    """The places of the lines that are shown: as many as pandas would, the first and the last."""
    most, least = pd.get_option("display.max_rows"), pd.get_option("display.min_rows")
    if not most or count <= most:
        return [*range(count)]
    half = max(1, min(least or most, most) // 2)
    return [*range(half), *range(count - half, count)]
