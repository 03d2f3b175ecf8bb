"""Where a run shows itself: live in a notebook, as a picture in marimo or a terminal, in lines in a pipe."""

import logging
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeVar
from weakref import WeakSet

from notebook_gen.config.arguments import Show
from notebook_gen.views.log import LogView
from notebook_gen.views.source import RunSource
from notebook_gen.views.terminal import TerminalView

if TYPE_CHECKING:
    import ipywidgets

    from notebook_gen.views.live import LiveDisplay

T = TypeVar("T")

_log = logging.getLogger("notebook_gen")

_UPDATE_EVERY: Final = 0.2

_live: Final = WeakSet["LiveDisplay"]()


class Display(Protocol):
    """A run's way of showing itself."""

    @property
    def widget(self) -> "ipywidgets.Widget | None":
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

    def is_here(self) -> bool:
        """Whether the run is shown under the cell that runs now."""
        ...


class RunDisplay:
    """Shows one run wherever that is asked for. Whatever goes wrong, the run goes on, and is not shown there any more.

    Args:
        source: the run.
    """

    def __init__(self, source: RunSource) -> None:
        self._source = source
        self._first: Display | None = None
        self._whole: Display | None = None

    def begin(self, show: Show) -> None:
        """Show the run where it begins.

        Args:
            show: "compact": its head and its graph alone, in notebooks; False: not at all.
        """
        is_compact = show == "compact"
        if show:
            self._first = self._guard(lambda: open_display(self._source, is_compact=is_compact))
        if not is_compact:
            self._whole = self._first

    @property
    def is_live(self) -> bool:
        """Whether a live view shows the run."""
        return self._first is not None and detect() == "notebook"

    @property
    def widget(self) -> "ipywidgets.Widget | None":
        """The whole live view; None where there is none."""
        if self._whole is None and detect() == "notebook":
            self._whole = self._guard(lambda: _make_live(self._source))
            if self._whole is not None:
                self._whole.start()
        return self._whole.widget if self._whole is not None else None

    def show_again(self) -> bool:
        """Show the run under one more cell; False where that cannot be done."""
        if self._first is None and detect() == "notebook":
            self.begin(show=True)
            return self._first is not None
        return self._first is not None and self._first.show_again()

    def is_here(self) -> bool:
        """Whether the run is shown under the cell that runs now."""
        return self._first is not None and self._first.is_here()

    def pump(self) -> None:
        """Bring what is shown up to date."""
        for display in self._shown:
            self._guard(display.pump)

    def close(self) -> None:
        """Leave the last state in place; harmless when called again."""
        for display in self._shown:
            self._guard(display.close)

    @property
    def _shown(self) -> "list[Display]":
        displays = [self._first] if self._whole is self._first else [self._first, self._whole]
        return [display for display in displays if display is not None]

    def _guard(self, show: Callable[[], T]) -> T | None:
        """Do something with what is shown; if that fails, nothing is any more."""
        try:
            return show()
        except Exception:  # noqa: BLE001  # whatever a view does, the run goes on
            self._first = self._whole = None
            _log.exception("the run could not be shown; it goes on")
            return None


def open_display(source: RunSource, *, is_compact: bool = False) -> Display:
    """Begin to show a run, as fits where we are; returns at once."""
    match detect():
        case "notebook":
            display = _make_live(source, is_compact=is_compact)
            display.show_again()
            display.start()
            return display
        case "marimo":
            from notebook_gen.views.marimo import MarimoView

            return WaitingDisplay(MarimoView(source, sys.modules["marimo"]))
        case "terminal":
            return WaitingDisplay(TerminalView(source))
        case _:
            return WaitingDisplay(LogView(source, _print_line))


def _make_live(source: RunSource, *, is_compact: bool = False) -> "LiveDisplay":
    from notebook_gen.views.live import LiveDisplay
    from notebook_gen.views.outputs import Outputs

    display = LiveDisplay(source, Outputs(), is_compact=is_compact)
    _live.add(display)
    return display


def leave_all(patience: float) -> None:
    """Let no live view show anything from now on, because the interpreter ends.

    Args:
        patience: seconds to wait for each; at most.
    """
    for display in list(_live):
        display.leave(patience)


def detect() -> Literal["notebook", "marimo", "terminal", "pipe"]:
    """Say where we are; loads nothing that is not loaded already.

    "notebook": a kernel whose front end can show widgets (Jupyter, VS Code, Colab); "marimo": a cell of its notebooks;
    "terminal": standard error is one; "pipe": anything else.
    """
    if _is_in_kernel():
        return "notebook"
    if _is_in_marimo():
        return "marimo"
    # standard error, where progress belongs; it is None in programs without a console
    return "terminal" if sys.stderr is not None and sys.stderr.isatty() else "pipe"


class WaitingView(Protocol):
    """A way of showing a run on the thread that waits for it."""

    def start(self) -> None:
        """Begin."""
        ...

    def update(self) -> None:
        """Show how far the run is."""
        ...

    def stop(self) -> None:
        """Leave the last state in place."""
        ...


class WaitingDisplay:
    """Shows a run while somebody waits for it.

    Args:
        view: shows it.
        clock: seconds, never going back.
    """

    widget = None

    def __init__(self, view: WaitingView, clock: Callable[[], float] = time.monotonic) -> None:
        self._view = view
        self._clock = clock
        self._due: float | None = None
        self._is_closed = False

    def pump(self) -> None:
        """Show how far the run is; draws at most five times a second, however often it is called."""
        now = self._clock()
        if self._is_closed or (self._due is not None and now < self._due):
            return
        if self._due is None:
            self._view.start()
        self._due = now + _UPDATE_EVERY
        self._view.update()

    def close(self) -> None:
        """Leave the last state in place; harmless when called again."""
        if not self._is_closed:
            self.pump()
            self._is_closed = True
            self._view.stop()

    def show_again(self) -> bool:
        """Say that it cannot be shown elsewhere."""
        return False

    def is_here(self) -> bool:
        """Say that there are no cells."""
        return False


def _is_in_kernel() -> bool:
    ipython = sys.modules.get("IPython")
    get_ipython = getattr(ipython, "get_ipython", None)
    shell = get_ipython() if get_ipython is not None else None
    # the shell of `ipython` in a terminal has no kernel
    return getattr(shell, "kernel", None) is not None


def _is_in_marimo() -> bool:
    marimo = sys.modules.get("marimo")
    running = getattr(marimo, "running_in_notebook", None)
    return running is not None and bool(running())


def _print_line(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201  # this is the display
