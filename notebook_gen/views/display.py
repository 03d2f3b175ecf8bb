"""Where a run shows itself: a live view in a notebook, a rich display in a terminal, a line now and then in a pipe."""

import sys
from collections.abc import Callable
from typing import Any, Protocol

from notebook_gen.views.environment import detect
from notebook_gen.views.log import LogView
from notebook_gen.views.source import RunSource
from notebook_gen.views.terminal import TerminalView


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
    """Begin to show a run, as fits where we are; returns at once."""
    match detect():
        case "notebook":
            from notebook_gen.views.live import show

            return show(source)
        case "terminal":
            view = TerminalView(source)
            return _Waiting(view.start, view.update, view.stop)
        case _:
            log = LogView(source, _print_line)
            return _Waiting(lambda: None, log.update, log.stop)


class _Waiting:
    """Shows a run while somebody waits for it."""

    widget = None

    def __init__(self, start: Callable[[], None], update: Callable[[], None], stop: Callable[[], None]) -> None:
        self._start, self._update, self._stop = start, update, stop
        self._is_shown = self._is_closed = False

    def pump(self) -> None:
        if self._is_closed:
            return
        if not self._is_shown:
            self._is_shown = True
            self._start()
        self._update()

    def close(self) -> None:
        if not self._is_closed:
            self.pump()
            self._is_closed = True
            self._stop()

    def show_again(self) -> bool:
        return False


def _print_line(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201  # this is the display
