"""What stays of a live view when its panes are closed: the box that pages know it by, and the keeper of its report.

Every widget is there until it is closed, in the kernel and in the page, and a page that is loaded again asks for all of
them. Imported only when a view is shown.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, Final

import anywidget
import ipywidgets
import traitlets

from notebook_gen.views.outputs import Bundle
from notebook_gen.views.stylesheet import read_static

_VIEW: Final = "ng-live"


class Keeper(anywidget.AnyWidget):
    """Puts the report into pages that do not know where it belongs, and hears whether somebody is there.

    See static/keep.js and static/presence.js.
    """

    _esm = read_static("still.js", "presence.js", "stand_in.js", "keep.js")

    place = traitlets.Dict().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    unseen = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Int(default_value=0).tag(sync=True)
    is_held = traitlets.Bool(default_value=False).tag(sync=True)
    is_over = traitlets.Bool(default_value=False).tag(sync=True)


class _Box(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Shows its widgets; where there are none, as in a notebook that is opened without a kernel, the run's report."""

    report: Bundle = MappingProxyType({})
    on_show: Callable[[], None] | None = None

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, object]:
        if self.on_show is not None:
            self.on_show()
        return {**super()._repr_mimebundle_(**kwargs), **self.report}


class LiveRoot:
    """The root of a live view's widgets.

    Args:
        lock: held by who writes to widgets.
        text: what stands in plain text beside the live view.
        notes: what to say of it where the kernel has ended: beside what was seen last, and where nothing was.
        on_presence: called with what a page says of who is at work in it, on any thread; see static/presence.js.

    Attributes:
        box: the widget to show; it is the same for as long as the kernel lives.
    """

    def __init__(
        self,
        lock: AbstractContextManager[Any],
        text: str,
        notes: tuple[str, str],
        on_presence: Callable[[object], None],
    ) -> None:
        self.box = _Box()
        note, unseen = notes
        self._keeper = Keeper(place={"root": self.box.model_id, "text": text}, note=note, unseen=unseen)
        self._lock = lock
        self._on_presence = on_presence
        self._is_kept = False
        self._unseen: Sequence[ipywidgets.Widget] = ()
        self.box.add_class("ng-view")
        self.box.on_show = self._count_output
        self._keeper.on_msg(lambda _keeper, content, _buffers: self._hear(content))
        hear_while_cells_run(self._keeper)

    @property
    def is_empty(self) -> bool:
        """Whether its panes are closed."""
        return _VIEW not in self.box._dom_classes  # noqa: SLF001  # there is no public way

    def fill(self, parts: Sequence[ipywidgets.Widget], height: int, unseen: Sequence[ipywidgets.Widget] = ()) -> None:
        """Put the parts of a view into it.

        Args:
            parts: from top to bottom.
            height: of all of them, in pixels; they arrive one by one, and the view would first be small.
            unseen: what is not shown, and is closed with them.
        """
        with self._lock:
            self._unseen = unseen
            self.box.layout.min_height = f"{height}px"
            self.box.add_class(_VIEW)
            self.box.children = tuple(parts)

    def keep(self) -> None:
        """Leave the panes open for good: somebody shows them elsewhere."""
        with self._lock:
            self._is_kept = True

    def empty(self) -> None:
        """Close all parts, unless they are kept; a page that shows them shows the report instead."""
        with self._lock:
            if self._is_kept or self.is_empty:
                return
            parts = self.box.children
            self.box.children = (self._keeper,)
            self.box.remove_class(_VIEW)
            self.box.layout.min_height = None
            for widget in _all_of([*parts, *self._unseen]):
                widget.close()
            self._unseen = ()

    def hold(self, report: Bundle) -> None:
        """Say that the report is there while the panes stay as they are: pages put it into the notebook unseen.

        Args:
            report: what to show where there is no kernel.
        """
        with self._lock:
            self.box.report = dict(report)
            self._keeper.is_held = True

    def offer(self, report: Bundle) -> None:
        """Say that the report is there, for pages that do not have it.

        Args:
            report: what to show in the live view's place.
        """
        with self._lock:
            self.box.report = dict(report)
            self._keeper.is_over = True

    def _count_output(self) -> None:
        """Tell pages that an output comes, where the notebook is to have the report."""
        with self._lock:
            self._keeper.shown += 1

    def _hear(self, message: Mapping[str, object]) -> None:
        with self._lock:
            if message.get("report") == "wanted" and self.box.report:
                self._keeper.send({"report": self.box.report})
            if "presence" in message:
                self._on_presence(message["presence"])


def hear_while_cells_run(widget: ipywidgets.Widget) -> None:
    """Let what the page says arrive while a cell blocks the kernel.

    ipykernel 7.4 sends it to the thread that last wrote to the widget's comm: for us always to the main one, which
    is busy. Without this method it goes to the subshell that JupyterLab opened for it; others have no such method.
    """
    comm = widget.comm
    if callable(getattr(comm, "_reply_subshell_for", None)):
        comm._reply_subshell_for = None  # noqa: SLF001  # there is no public way


def _all_of(widgets: Sequence[ipywidgets.Widget]) -> Iterator[ipywidgets.Widget]:
    """Some widgets, what is in them, and what they look like."""
    for widget in widgets:
        looks = (getattr(widget, name, None) for name in ("layout", "style"))
        yield from (look for look in looks if look is not None)
        yield from _all_of(getattr(widget, "children", ()))
        yield widget
