"""The live view of a run in a notebook: at once a frame of its final height, then widgets, in the end a report.

A thread of its own makes the widgets and keeps them up to date, so that cells stay free and no view slows a run.
Errors of the view are shown under it; the run never notices them.

Who writes to widgets or outputs holds the lock: the view's thread, the one that waits for the run and pumps, and once
the run is over any thread that brings what a page says.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Protocol
from weakref import WeakMethod, ref

from notebook_gen.views import measures
from notebook_gen.views.outputs import Bundle
from notebook_gen.views.presence import Presence
from notebook_gen.views.publisher import Publisher
from notebook_gen.views.report import report_html, report_text
from notebook_gen.views.source import RunSource
from notebook_gen.views.starting import starting_html
from notebook_gen.views.summary import say_kernel_gone, say_saved_early
from notebook_gen.views.text import escape, one_line

if TYPE_CHECKING:
    import ipywidgets

    from notebook_gen.views.root import LiveRoot
    from notebook_gen.views.widgets import LiveWidgets

_log = logging.getLogger("notebook_gen")

_LOOK_EVERY: Final = 0.05  # seconds; a run that ends is noticed this soon
_PATIENCE: Final = 10.0


class Place(Protocol):
    """Where a live view is shown; `Outputs` is."""

    def is_here(self) -> bool:
        """Whether it is shown already by the execution that goes on."""
        ...

    def show(self, bundle: Bundle) -> None:
        """Show it under the cell that runs now."""
        ...

    def update(self, bundle: Bundle) -> None:
        """Show something else in its place, everywhere."""
        ...


class LiveDisplay:
    """A run's live view under one cell or several.

    Args:
        source: the run.
        place: where to show it.
        kept_for: seconds that the panes stay open when the report has taken their place: a page that was loaded while
            the run went on shows them until it has asked for the report.
        is_compact: show the head and the DAG alone.

    Attributes:
        presence: whether somebody is at work in it, so that the report must not take its place yet.
    """

    def __init__(self, source: RunSource, place: Place, kept_for: float = 10.0, *, is_compact: bool = False) -> None:
        self._source = source
        self._place = place
        self._kept_for = kept_for
        self._is_compact = is_compact
        self.presence = Presence()
        self._lock = threading.RLock()
        self._root: LiveRoot | None = None
        self._widgets: LiveWidgets | None = None
        self._publisher: Publisher | None = None
        self._report: Bundle | None = None
        self._trouble = ""
        self._is_built = threading.Event()
        self._is_settled = threading.Event()
        self._has_heard = threading.Event()
        self._has_left = False
        self._thread = threading.Thread(target=self._run, name="notebook_gen view", daemon=True)

    def start(self) -> None:
        """Begin to keep the view up to date, until the run is over."""
        self._thread.start()

    @property
    def widget(self) -> "ipywidgets.Widget | None":
        """The widget, for another cell; None if it cannot be made. From now on it lives as long as the kernel."""
        self._is_built.wait(_PATIENCE)
        with self._lock:
            if self._root is None:
                return None
            self._root.keep()
            if self._root.is_empty:
                self._guard(self._open_again)
            return self._root.box

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
        """Wait until the last state is shown, and its report, unless somebody is there; gives whether it is."""
        return self._is_settled.wait(timeout)

    def close(self) -> None:
        """See to it that the report is in place; harmless when called again, and before the run is over."""
        if self._source.progress.ended is not None and not self.wait(_PATIENCE):
            self._settle()

    def leave(self, patience: float) -> None:
        """Show nothing more, because the interpreter ends; what is shown stays.

        A kernel that ends breaks large messages off in the middle (pyzmq sends no more without a copy), and the page
        takes the next one for the rest.

        Args:
            patience: seconds to wait for what is being shown; at most.
        """
        self._has_left = True
        self._has_heard.set()
        if self._lock.acquire(timeout=patience):
            self._lock.release()

    def show_again(self) -> bool:
        """Show the run under the cell that runs now, unless it is shown there already."""
        with self._lock:
            if not self._place.is_here():
                self._guard(lambda: self._place.show(self._bundle()))
            if not self._place.is_here():
                self._guard(lambda: self._place.show(self._say_trouble()))
        return True

    def is_here(self) -> bool:
        """Whether the run is shown under the cell that runs now."""
        return self._place.is_here()

    # On the view's own thread

    def _run(self) -> None:
        self._guard(self._build)
        self._is_built.set()
        while self._source.progress.ended is None and not self._has_left:
            with self._lock:
                self._tick()
            time.sleep(_LOOK_EVERY)
        self._settle()
        self._await_leaving()

    def _build(self) -> None:
        from notebook_gen.views.root import LiveRoot

        widgets, publisher = self._open_panes()
        folder = self._source.destination
        gone = say_kernel_gone(folder), say_saved_early(folder)
        root = LiveRoot(self._lock, self._words, gone, _weakly(self._hear_of_presence))
        self._fill(root, widgets)
        with self._lock:
            self._root, self._widgets, self._publisher = root, widgets, publisher
            self._place.update(self._bundle())
            self._show_trouble()

    def _open_panes(self) -> "tuple[LiveWidgets, Publisher]":
        from notebook_gen.views.widgets import LiveWidgets

        widgets = LiveWidgets(
            self._source,
            on_pause=_weakly(self._pause),
            on_cancel=_weakly(self._cancel),
            on_message=_weakly(self._hear),
        )
        publisher = Publisher(self._source, widgets, self._fail, is_compact=self._is_compact)
        publisher.begin()
        return widgets, publisher

    def _fill(self, root: "LiveRoot", widgets: "LiveWidgets") -> None:
        parts = widgets.compact_parts if self._is_compact else widgets.parts
        unseen = [part for part in widgets.parts if part not in parts]
        root.fill(parts, measures.view_height(self._source, is_compact=self._is_compact), unseen)

    def _settle(self) -> None:
        """Show the last state in the widgets, then put the report in their place, unless somebody is at work there."""
        with self._lock:
            if self._is_settled.is_set():
                return
            if self._publisher is not None:
                self._guard(self._publisher.finish)
            is_used = self._seconds_in_use() > 0
            self.presence.end()
            self._guard(self._hold_report if is_used else self._put_report)
            self._is_settled.set()
            if self._publisher is not None:
                self._guard(self._publisher.answer)  # what was heard while this went on

    def _await_leaving(self) -> None:
        """Put the report in place when nobody is there any more; a page that is gone does not say so."""
        while self._report is None and not self._has_left and (seconds := self._seconds_in_use()) > 0:
            self._has_heard.wait(seconds)
            self._has_heard.clear()
        with self._lock:
            if self._report is None:
                self._guard(self._put_report)

    def _seconds_in_use(self) -> float:
        with self._lock:
            is_reading = self._publisher is not None and self._publisher.shows_record
            return self.presence.seconds_left(is_reading=is_reading)

    def _hold_report(self) -> None:
        """Let notebooks have the report while somebody is at work in the place where it belongs."""
        if self._root is not None:
            self._root.hold(self._write_report())

    def _put_report(self) -> None:
        self._report = self._write_report()
        self._place.update(self._report)
        if self._root is not None:
            self._root.offer(self._report)
            timer = threading.Timer(self._kept_for, _close_panes, (self._root, ref(self)))
            timer.daemon = True
            timer.start()

    def _write_report(self) -> Bundle:
        html, text = report_html(self._source, is_compact=self._is_compact), report_text(self._source)
        if self._trouble:
            html, text = f'{html}<p class="mathjax_ignore">{escape(self._trouble)}</p>', f"{text}\n{self._trouble}"
        return {"text/html": html, "text/plain": text}

    # On any thread

    def _tick(self) -> None:
        publisher = self._publisher
        if publisher is not None and publisher.is_due():
            self._guard(publisher.tick)

    def _cancel(self) -> None:
        self._source.cancel()

    def _pause(self) -> None:
        self._source.pause_or_resume()

    def _hear(self, message: Mapping[str, object]) -> None:
        publisher = self._publisher
        if publisher is None:
            return
        publisher.hear(message)
        if self._is_settled.is_set():
            with self._lock:
                self._guard(publisher.answer)
            self._has_heard.set()

    def _hear_of_presence(self, word: object) -> None:
        self.presence.hear(word)
        self._has_heard.set()

    def forget_panes(self) -> None:
        """Hold no closed widgets, nor what they have shown."""
        with self._lock:
            if self._root is not None and self._root.is_empty:
                self._widgets = self._publisher = None

    def _open_again(self) -> None:
        """Open the panes of a run that is over and has been reported."""
        if self._root is None:
            return
        self._widgets, self._publisher = self._open_panes()
        self._publisher.finish()
        self._fill(self._root, self._widgets)
        self._show_trouble()

    @property
    def _words(self) -> str:
        """What stands in plain text beside the live view."""
        return one_line(self._source.title)

    def _bundle(self) -> Bundle:
        """What to show now."""
        if self._report is not None:
            return self._report
        text = self._words
        if self._root is not None:
            bundle: Bundle = self._root.box._repr_mimebundle_()  # IPython's protocol
            return {**bundle, "text/plain": text}
        if self._trouble:
            return self._say_trouble()
        html = starting_html(self._source, f"{text}: starting …", is_compact=self._is_compact)
        return {"text/html": html, "text/plain": text}

    def _guard(self, action: Callable[[], None]) -> None:
        """Do something for the view; whatever goes wrong is shown under it."""
        if self._has_left:
            return
        try:
            action()
        except Exception as error:  # noqa: BLE001  # a view must not hurt the run, nor end the thread that shows its end
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        _log.debug("the live view failed", exc_info=error)
        self._trouble = one_line(f"The live view failed; the run goes on. {type(error).__name__}: {error}", 400)
        try:
            with self._lock:
                self._show_trouble()
        except Exception:  # noqa: BLE001  # nothing can be shown any more
            _log.debug("the live view's error could not be shown", exc_info=True)

    def _show_trouble(self) -> None:
        if not self._trouble:
            return
        if self._widgets is not None:
            self._widgets.show_html("trouble", f'<p class="ng-note ng-bad">{escape(self._trouble)}</p>')
        elif self._report is None:
            self._place.update(self._say_trouble())

    def _say_trouble(self) -> Bundle:
        return {"text/html": f'<p class="mathjax_ignore">{escape(self._trouble)}</p>', "text/plain": self._trouble}


def _close_panes(root: "LiveRoot", display: "ref[LiveDisplay]") -> None:
    """Close the panes of a run that is over; nothing of it is held meanwhile."""
    root.empty()
    alive = display()
    if alive is not None:
        alive.forget_panes()


def _weakly(method: Callable[..., None]) -> Callable[..., None]:
    """A method for as long as its object lives otherwise.

    ipywidgets keeps every widget, and what a widget calls, until the kernel ends: a run's rows and traces must not
    live that long.
    """
    reference = WeakMethod(method)

    def call(*arguments: object) -> None:
        alive = reference()
        if alive is not None:
            alive(*arguments)

    return call
