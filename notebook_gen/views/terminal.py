"""A run in a terminal: a display that is redrawn while somebody waits, and a summary that stays."""

from typing import TYPE_CHECKING

from notebook_gen.plan.graph import Node
from notebook_gen.views.palette import DARK, made_nodes, node_colors
from notebook_gen.views.resources import say_in_flight, say_in_vain
from notebook_gen.views.source import RunSource
from notebook_gen.views.summary import (
    count_settled,
    failure_lines,
    placeholder_warning,
    retry_counts,
    row_counts,
    say_ending,
    say_spending,
    state_word,
)
from notebook_gen.views.text import one_line, write_clock, write_count, write_seconds

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

_BAR_WIDTH = 28
_NARROW_BAR = 14
_NARROW = 100  # characters of a line; with fewer, figures need the room of a long bar
_FAILURES_SHOWN = 3


class TerminalView:
    """Shows a run with rich.

    It has no thread of its own: who waits for the run calls `update`.

    Args:
        source: the run.
        console: where to draw; None: standard error.
    """

    def __init__(self, source: RunSource, console: "Console | None" = None) -> None:
        from rich.console import Console

        self._source = source
        self._console = console if console is not None else Console(stderr=True)
        self._colors = node_colors(source.graph)
        self._live: Live | None = None

    def start(self) -> None:
        """Begin to draw."""
        from rich.live import Live

        # transient: the summary takes its place
        self._live = Live(self._draw(), console=self._console, auto_refresh=False, transient=True)
        self._live.start(refresh=True)

    def update(self) -> None:
        """Draw how far the run is."""
        if self._live is not None:
            self._live.update(self._draw(), refresh=True)

    def stop(self) -> None:
        """Leave a summary in place of the display; harmless when called again."""
        from rich.text import Text

        if self._live is None:
            return
        self._live.stop()
        self._live = None
        if self._source.placeholder_text:
            self._console.print(Text(placeholder_warning(), style="yellow"))
        for number, line in enumerate(say_ending(self._source)):
            self._console.print(Text(line, style="bold" if number == 0 else "red"), soft_wrap=True)

    @property
    def _bar_width(self) -> int:
        return _NARROW_BAR if self._console.width < _NARROW else _BAR_WIDTH

    def _draw(self) -> "RenderableType":
        from rich.console import Group
        from rich.text import Text

        lines: list[RenderableType] = [self._head()]
        spent = " · ".join([*say_spending(self._source), *retry_counts(self._source.progress.nodes)])
        if spent:
            lines.append(Text(spent))
        lines.append(self._columns())
        lines += [Text(line, style="yellow") for line in say_in_vain(self._source)]
        lines += [Text(line, style="red") for line in failure_lines(self._source.failures, _FAILURES_SHOWN)]
        if self._source.placeholder_text:
            lines.append(Text(placeholder_warning(), style="yellow"))
        return Group(*lines)

    def _head(self) -> "Text":
        from rich.text import Text

        progress = self._source.progress
        facts = [write_clock(self._source.elapsed()), *row_counts(progress), say_in_flight(self._source)]
        title = one_line(self._source.title)
        return Text.assemble((f"{title}: {state_word(self._source)}", "bold"), f"  {' · '.join(filter(None, facts))}")

    def _columns(self) -> "Table":
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=24)
        table.add_column(width=self._bar_width)
        for _ in range(2):
            table.add_column(justify="right", no_wrap=True)
        table.add_column(style="red", no_wrap=True)
        for index in made_nodes(self._source.graph):
            table.add_row(*self._column(self._source.graph.nodes[index]))
        return table

    def _column(self, node: Node) -> "list[RenderableType]":
        from rich.progress_bar import ProgressBar
        from rich.text import Text

        progress, rows = self._source.progress.nodes[node.index], self._source.progress.rows
        color = DARK.columns[self._colors[node.index] or 0]
        mean = progress.mean_seconds
        return [
            Text(one_line(node.name, 60)),
            ProgressBar(
                total=max(1, rows),
                completed=count_settled(progress, rows),
                width=self._bar_width,
                complete_style=color,
                finished_style=color,
            ),
            Text(f"{write_count(progress.done)} of {write_count(rows)}"),
            Text(write_seconds(mean) if mean is not None else ""),
            Text(f"{write_count(progress.failed)} failed" if progress.failed else ""),
        ]
