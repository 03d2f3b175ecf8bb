"""The live view of a run in a notebook: at once a frame of its final height, then widgets, in the end a report.

A thread of its own makes the widgets and keeps them up to date, so that cells stay free and no view slows a run.
Errors of the view are shown under it; the run never notices them.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from notebook_gen.views import measures
from notebook_gen.views.publisher import Publisher
from notebook_gen.views.report import report_html, report_text
from notebook_gen.views.source import RunSource
from notebook_gen.views.text import escape, one_line

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

    from notebook_gen.views.widgets import LiveWidgets

_log = logging.getLogger("notebook_gen")

_LOOK_EVERY: Final = 0.05  # seconds; a run that ends is noticed this soon
_PATIENCE: Final = 10.0


def show(source: RunSource) -> "LiveDisplay":
    """Put the live view of a run under the cell that runs now; returns in a few milliseconds."""
    display = LiveDisplay(source)
    display.show_again()
    display.start()
    return display


class LiveDisplay:
    """A run's live view under one cell or several."""

    def __init__(self, source: RunSource) -> None:
        self._source = source
        self._handles: list[DisplayHandle] = []
        self._cells: set[object] = set()
        self._lock = threading.RLock()
        self._widgets: LiveWidgets | None = None
        self._publisher: Publisher | None = None
        self._shows_report = False
        self._is_built = threading.Event()
        self._is_settled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notebook_gen view", daemon=True)

    def start(self) -> None:
        """Begin to keep the view up to date, until the run is over."""
        self._thread.start()

    @property
    def widget(self) -> Any:
        """The widget, for another cell; None if it cannot be made. It lives on when the report has taken its place."""
        self._is_built.wait(_PATIENCE)
        return self._widgets.root if self._widgets is not None else None

    def pump(self) -> None:
        """Bring the view up to date if it is time to; on the thread that waits for the run.

        Some hosts pass on only what the main thread says.
        """
        if self._lock.acquire(blocking=False):
            try:
                self._tick()
            finally:
                self._lock.release()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the report is in place; gives whether it is."""
        return self._is_settled.wait(timeout)

    def close(self) -> None:
        """See to it that the report is in place; harmless when called again, and before the run is over."""
        if self._source.progress.ended is not None and not self.wait(_PATIENCE):
            self._settle()

    def show_again(self) -> bool:
        """Show the run under the cell that runs now, unless it is shown there already."""
        from IPython.display import display

        cell = _current_cell()
        if cell in self._cells:
            return True
        with self._lock:
            handle = display(self._bundle(), raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython's
            self._cells.add(cell)
            if handle is not None:
                self._handles.append(handle)
        return True

    # On the view's own thread

    def _run(self) -> None:
        self._guard(self._build)
        self._is_built.set()
        pause = threading.Event()
        while self._source.progress.ended is None:
            with self._lock:
                self._tick()
            pause.wait(_LOOK_EVERY)
        self._settle()

    def _build(self) -> None:
        from notebook_gen.views.widgets import LiveWidgets

        source = self._source
        widgets = LiveWidgets(source.graph, source.progress.rows, on_cancel=source.cancel, on_message=self._hear)
        publisher = Publisher(source, widgets)
        publisher.begin()
        with self._lock:
            self._widgets, self._publisher = widgets, publisher
            self._update()

    def _tick(self) -> None:
        publisher = self._publisher
        if publisher is not None and publisher.is_due():
            self._guard(publisher.tick)

    def _settle(self) -> None:
        """Show the last state in the widgets, then put the report in their place."""
        with self._lock:
            if self._is_settled.is_set():
                return
            if self._publisher is not None:
                self._guard(self._publisher.finish)
            self._shows_report = True
            self._guard(self._update)
            self._is_settled.set()

    def _hear(self, message: Mapping[str, Any]) -> None:
        """Take what a page says, on whatever thread it comes."""
        publisher = self._publisher
        if publisher is None:
            return
        publisher.hear(message)
        if self._is_settled.is_set():
            with self._lock:
                self._guard(publisher.answer)

    def _update(self) -> None:
        self._show_everywhere(self._bundle())

    def _show_everywhere(self, bundle: dict[str, Any]) -> None:
        for handle in self._handles:
            handle.update(bundle, raw=True)  # type: ignore[no-untyped-call]  # IPython's

    def _bundle(self) -> dict[str, Any]:
        """What to show now, as Jupyter's bundle of formats."""
        source = self._source
        if self._shows_report:
            return {"text/html": report_html(source), "text/plain": report_text(source)}
        text = one_line(source.title)
        if self._widgets is not None:
            bundle: dict[str, Any] = self._widgets.root._repr_mimebundle_()  # IPython's protocol
            return bundle | {"text/plain": text}
        height = measures.view_height(source)
        style = f"box-sizing:border-box;height:{height}px;padding:20px;border:1px solid #8884;border-radius:10px"
        return {"text/html": f'<div style="{style}">{escape(text)}: starting …</div>', "text/plain": text}

    def _guard(self, action: Callable[[], None]) -> None:
        """Do something for the view; whatever goes wrong is shown under it."""
        try:
            action()
        except Exception as error:  # noqa: BLE001  # a view must not hurt the run, nor end the thread that shows its end
            _log.debug("the live view failed", exc_info=True)
            self._report(error)

    def _report(self, error: Exception) -> None:
        words = escape(one_line(f"The live view failed; the run goes on. {type(error).__name__}: {error}", 400))
        try:
            if self._widgets is not None:
                self._widgets.show_html("notice", f'<p class="ng-note ng-bad">{words}</p>')
            else:
                self._show_everywhere({"text/html": f"<p>{words}</p>", "text/plain": words})
        except Exception:  # noqa: BLE001  # nothing can be shown any more
            _log.debug("the live view's error could not be shown", exc_info=True)


def _current_cell() -> object:
    """What tells the execution of one cell from that of another."""
    from IPython import get_ipython

    shell = get_ipython()
    try:
        return shell.get_parent()["header"]["msg_id"]
    except (AttributeError, KeyError, TypeError):
        return getattr(shell, "execution_count", None)
