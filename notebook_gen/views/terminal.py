"""A run in a terminal: a display that is redrawn while somebody waits, and a summary that stays."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from notebook_gen.observers.progress import NodeProgress
from notebook_gen.plan.graph import Node
from notebook_gen.views.estimate import say_elapsed
from notebook_gen.views.palette import DARK, made_nodes, node_colors
from notebook_gen.views.resources import resource_looks, say_in_vain, say_slots, slots_of
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
from notebook_gen.views.text import one_line, write_count, write_seconds

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

_BAR_WIDTH = 28
_NARROW_BAR = 10
_NARROW_NAME = 16
_NARROW = 100  # characters of a line; with fewer, figures need the room of a long bar
_FAILURES_SHOWN = 3
_RESOURCES_SHOWN = 4


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
        """Say beforehand what has to be known, and begin to draw."""
        from rich.live import Live
        from rich.text import Text

        if self._source.placeholder_text:
            self._console.print(Text(placeholder_warning(), style="yellow"))
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
        for number, line in enumerate(say_ending(self._source)):
            self._console.print(Text(line, style="bold" if number == 0 else "red"), soft_wrap=True)

    @property
    def _bar_width(self) -> int:
        return _NARROW_BAR if self._is_narrow else _BAR_WIDTH

    @property
    def _is_narrow(self) -> bool:
        return self._console.width < _NARROW

    def _draw(self) -> "RenderableType":
        from rich.console import Group
        from rich.text import Text

        lines: list[RenderableType] = [*self._head(), self._columns()]
        lines += [Text(line, style="yellow") for line in say_in_vain(self._source)]
        lines += [Text(line, style="red") for line in failure_lines(self._source.failures, _FAILURES_SHOWN)]
        return Group(*lines)

    def _head(self) -> "Iterator[Text]":
        """State and rows; what is in flight; what was spent."""
        from rich.text import Text

        source = self._source
        state = f"{one_line(source.title)}: {state_word(source)}  "
        for number, line in enumerate(self._fill([f"{state}{say_elapsed(source)}", *row_counts(source.progress)])):
            is_first = number == 0 and line.startswith(state)
            yield Text.assemble((state, "bold"), line.removeprefix(state)) if is_first else Text(line)
        slots = [(look.label, slots_of(source, [look])) for look in resource_looks(source.graph)]
        if slots:
            told = [f"{label} {say_slots(own)}" for label, own in slots[:_RESOURCES_SHOWN]]
            more = [f"{len(slots) - _RESOURCES_SHOWN} more"] if len(slots) > _RESOURCES_SHOWN else []
            yield from map(Text, self._fill([f"in flight: {told[0]}", *told[1:], *more]))
        yield from map(Text, self._fill([*say_spending(source), *retry_counts(source.progress.nodes)]))

    def _fill(self, facts: Iterable[str]) -> list[str]:
        """Write facts in lines that break between them, and not within."""
        from rich.cells import cell_len

        lines: list[str] = []
        for fact in facts:
            longer = f"{lines[-1]} · {fact}" if lines else fact
            if lines and cell_len(longer) <= self._console.width:
                lines[-1] = longer
            else:
                lines.append(fact)
        return lines

    def _columns(self) -> "Table":
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=_NARROW_NAME if self._is_narrow else 24)
        table.add_column(width=self._bar_width)
        for _ in range(2):
            table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True)
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
            Text(" · ").join(_lost(progress)),
        ]


def _lost(progress: NodeProgress) -> "Iterator[Text]":
    """The cells that will not be made."""
    from rich.text import Text

    if progress.skipped:
        yield Text(f"{write_count(progress.skipped)} skipped")
    if progress.failed:
        yield Text(f"{write_count(progress.failed)} failed", style="red")
