"""GanttFigure: the Gantt chart as plotly's figure, which moves as the live view does, and follows the page's theme.

Python does not know on what page a figure is shown, and plotly's colours are fixed. Text is the exception: a part of it
may have a style, and a style a variable of the page. So the figure holds plain text in a colour between light and dark,
and takes on the page's own where it is shown. Whoever gives text another colour gets that.
"""

from collections.abc import Mapping
from typing import Any, Final

import plotly.graph_objects as go
import plotly.io as pio

from notebook_gen.views.palette import EITHER

CONFIG: Final[Mapping[str, Any]] = {"displayModeBar": False, "scrollZoom": False, "doubleClick": "reset"}
"""How the chart answers to a pointer, as plotly reads it: dragging zooms, a double click shows all."""

# JupyterLab's, VS Code's, and Google Colab's
_HOST: Final = "var(--jp-content-font-color{level},var(--vscode-{name},var(--colab-{rank}-text-color,{color})))"
_INK: Final = _HOST.format(level=1, name="editor-foreground", rank="primary", color=EITHER.ink)
_SOFT: Final = _HOST.format(level=2, name="descriptionForeground", rank="secondary", color=EITHER.soft)
_OPEN: Final = '<span style="color:{}">'
_CLOSE: Final = "</span>"
_BETWEEN: Final = frozenset({EITHER.ink, EITHER.soft, EITHER.warn_text})


class GanttFigure(go.Figure):  # type: ignore[misc]  # plotly has no types
    """A figure that is shown as the live view's chart is; else as any other."""

    def show(self, *args: Any, **options: Any) -> None:
        """Show it, as every figure does."""
        pio.show(in_page(self.to_dict()), *args, **{"config": CONFIG} | options)

    def _ipython_display_(self) -> None:
        if pio.renderers.render_on_display and pio.renderers.default:
            self.show()
        else:
            print(repr(self))  # noqa: T201  # as other figures do

    def _repr_mimebundle_(self, *args: Any, **options: Any) -> Any:
        return go.Figure(in_page(self.to_dict()))._repr_mimebundle_(*args, **{"config": CONFIG} | options)


def in_page(figure: dict[str, Any]) -> dict[str, Any]:
    """Give a figure whose text, as far as its colour is one between light and dark, has the page's own.

    Args:
        figure: a figure as JSON, which may be changed.
    """
    layout, traces = figure["layout"], figure["data"]
    if _is_between(layout.get("font")):
        labels = layout.get("yaxis", {})
        if "ticktext" in labels and "tickfont" not in labels:
            labels["ticktext"] = [_colored(text, _INK) for text in labels["ticktext"]]
        for trace in traces if "font" not in layout.get("legend", {}) else ():
            if "name" in trace:
                trace["name"] = _colored(trace["name"], _INK)
    times = layout.get("xaxis", {})
    if _is_between(times.get("tickfont")):
        times["tickprefix"] = _OPEN.format(_SOFT) + times.get("tickprefix", "")
        times["ticksuffix"] = times.get("ticksuffix", "") + _CLOSE
    for annotation in layout.get("annotations", ()):
        if _is_between(annotation.get("font")):
            annotation["text"] = _colored(annotation["text"], _SOFT)
    for trace in traces:
        if _is_between(trace.get("textfont")):
            trace["text"] = [_colored(text, _INK) for text in trace["text"]]
    return figure


def _is_between(font: Mapping[str, Any] | None) -> bool:
    return font is not None and font.get("color") in _BETWEEN


def _colored(text: str, color: str) -> str:
    return f"{_OPEN.format(color)}{text}{_CLOSE}"
