"""Where a run shows itself while somebody waits for it: a line on standard error now and then."""

import sys
from typing import Any, Protocol

from notebook_gen.views.log import LogView
from notebook_gen.views.source import RunSource


class Display(Protocol):
    """A run's way of showing itself."""

    @property
    def widget(self) -> Any:
        """The live widget; None where there is none."""
        ...

    def pump(self) -> None:
        """Bring it up to date; called a few times a second on the thread that waits for the run."""
        ...

    def close(self) -> None:
        """Leave the last state in place; harmless when called again."""
        ...

    def show_again(self) -> bool:
        """Show the run under one more cell; False where that cannot be done."""
        ...


def open_display(source: RunSource) -> Display:
    """Begin to show a run; returns at once."""
    return _Lines(LogView(source, _print_line))


class _Lines:
    """Shows a run as lines, while somebody waits for it."""

    widget = None

    def __init__(self, log: LogView) -> None:
        self._log = log
        self._is_closed = False

    def pump(self) -> None:
        if not self._is_closed:
            self._log.update()

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._log.stop()

    def show_again(self) -> bool:
        return False


def _print_line(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201  # this is the display
