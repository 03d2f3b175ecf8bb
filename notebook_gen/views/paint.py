"""Paint: how a drawing writes a colour. Drawings know colours by their names in the palette alone: "ink", "c3"."""

from collections.abc import Callable

from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.palette import Theme, node_colors

Paint = Callable[[str, float], str]
"""Gives a colour by its name and its opacity."""


def theme_paint(theme: Theme) -> Paint:
    """Give the colours of a theme, as plotly reads them."""

    def paint(name: str, opacity: float) -> str:
        color = theme.columns[int(name[1:])] if name[1:].isdigit() else str(getattr(theme, name))
        if opacity >= 1:
            return color
        red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
        return f"rgba({red},{green},{blue},{opacity:g})"

    return paint


def name_paint(name: str, opacity: float) -> str:
    """Give a colour's name in place of it, for the page to resolve."""
    return f"ng:{name}/{opacity:g}"


def css_paint(name: str, opacity: float) -> str:
    """Give a colour as the stylesheet of the views knows it, so that it follows the page's theme."""
    color = f"var(--ng-{name})"
    return color if opacity >= 1 else f"color-mix(in srgb,{color} {opacity * 100:g}%,transparent)"


def node_paints(graph: ExecutionGraph) -> list[str]:
    """Give the name of each node's colour."""
    return [f"c{color}" if color is not None else "soft" for color in node_colors(graph)]
