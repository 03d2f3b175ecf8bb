"""The outputs of a notebook that show one thing, under one cell or several."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

Bundle = Mapping[str, object]
"""What to show, in several formats, by MIME type."""


_WIDGET: Final = "application/vnd.jupyter.widget-view+json"


class Outputs:
    """Where one thing is shown; updated from any thread, as each output has an identifier of its own."""

    def __init__(self) -> None:
        self._handles: list[DisplayHandle] = []
        self._executions: set[object] = set()

    def is_here(self) -> bool:
        """Whether it is shown already by the execution that goes on."""
        return _execution() in self._executions

    def show(self, bundle: Bundle) -> None:
        """Show it under the cell that runs now."""
        from IPython.display import display

        handle = display(bundle, raw=True, metadata=_metadata(bundle), display_id=True)  # type: ignore[no-untyped-call]  # IPython's
        self._executions.add(_execution())
        if handle is not None:
            self._handles.append(handle)

    def update(self, bundle: Bundle) -> None:
        """Show something else in its place, everywhere."""
        for handle in self._handles:
            handle.update(bundle, raw=True, metadata=_metadata(bundle))  # type: ignore[no-untyped-call]  # IPython's


def _metadata(bundle: Bundle) -> dict[str, object]:
    """What Colab has to be told beside a widget: where its manager of custom widgets is.

    Colab adds it itself to what the main thread shows, but not to what other threads do. anywidget has switched the
    manager on as soon as there is a widget.
    """
    manager = getattr(sys.modules.get("google.colab.output"), "_widgets", None)
    url = getattr(manager, "_installed_url", None)
    return {_WIDGET: {"colab": {"custom_widget_manager": {"url": url}}}} if url and _WIDGET in bundle else {}


def _execution() -> object:
    """What tells the execution of one cell from that of another."""
    from IPython import get_ipython

    shell = get_ipython()
    try:
        return shell.get_parent()["header"]["msg_id"]
    except (AttributeError, KeyError, TypeError):
        return getattr(shell, "execution_count", None)
