"""The colours of every picture, light and dark, which column has which, and how a drawing writes one.

A column keeps its colour in every picture: colours are given out in the order of declaration, to every node that is
made (seed data has none). Text colours have a contrast of at least 4.5 : 1 on every ground that text stands on.
Drawings know colours by their names alone, "ink" or "c3"; a paint makes of a name what the drawing's reader wants.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from notebook_gen.config.columns import Kind
from notebook_gen.plan.graph import ExecutionGraph

COLUMN_COLORS: Final = 16
"""How many column colours there are: eight, and the same eight a shade lighter. Then they begin again."""

KIND_COLORS: Final[dict[Kind, int]] = {"sampler": 5, "expression": 4, "llm": 0, "function": 2}
"""Seed data is grey. Kinds tint the ground of nodes palely, and nothing else: a full colour always means a column."""


_TINT: Final = 0.14  # static/style.css has the same


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of one theme, as `#rrggbb`; a ground may let through what it lies on, as `#rrggbbaa`.

    Attributes:
        columns: the column colours, `COLUMN_COLORS` of them.
        ink: text; `soft`: text that matters less.
        line: borders; `grid`: lines behind a chart; `lane`: the ground of a lane.
        bad: failures, also as text. `ok`, `warn`: marks, not text; `warn_text` is the text beside them.
        accent: what is chosen, and the line at now.
        background: the page; `panel`: the view on it; `card`: what floats above it.
        waiting, ready: cells that nobody works on yet.
    """

    columns: tuple[str, ...]
    ink: str
    soft: str
    line: str
    lane: str
    bad: str
    ok: str
    warn: str
    warn_text: str
    accent: str
    background: str
    panel: str
    grid: str
    card: str
    waiting: str
    ready: str


Paint = Callable[[str, float], str]
"""Gives a colour by its name and its opacity."""


def made_nodes(graph: ExecutionGraph) -> list[int]:
    """Give the nodes that make columns, in the order of declaration; seed data is left out."""
    return list(dict.fromkeys(index for index in graph.columns.values() if graph.nodes[index].kind != "seed"))


def node_colors(graph: ExecutionGraph) -> list[int | None]:
    """Give each node its colour, an index into `Theme.columns`; None for seed data."""
    colors: list[int | None] = [None] * len(graph.nodes)
    for position, index in enumerate(made_nodes(graph)):
        colors[index] = position % COLUMN_COLORS
    return colors


def column_colors(graph: ExecutionGraph) -> dict[str, int | None]:
    """Give each column, in the order of declaration, the colour of its node."""
    colors = node_colors(graph)
    return {name: colors[index] for name, index in graph.columns.items()}


def color_names(graph: ExecutionGraph) -> list[str]:
    """Give each node its colour by name: "c0", or "soft" for seed data."""
    return [f"c{color}" if color is not None else "soft" for color in node_colors(graph)]


def kind_fill(kind: Kind) -> str:
    """Give the pale ground of nodes of a kind, for pictures that know no themes."""
    color = KIND_COLORS.get(kind)
    return _mix(LIGHT.columns[color] if color is not None else LIGHT.soft, "#ffffff", 1 - _TINT)


def kind_tint(kind: Kind) -> str:
    """Give the ground of nodes of a kind, for pictures that know nothing of what they lie on."""
    color = KIND_COLORS.get(kind)
    return f"{EITHER.columns[color] if color is not None else EITHER.soft}{round(255 * _TINT):02x}"


def theme_paint(theme: Theme) -> Paint:
    """Paint with the colours of a theme, as plotly reads them."""

    def paint(name: str, opacity: float) -> str:
        color = theme.columns[int(name[1:])] if name[1:].isdigit() else str(getattr(theme, name))
        if opacity >= 1:
            return color
        red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
        return f"rgba({red},{green},{blue},{opacity:g})"

    return paint


def name_paint(name: str, opacity: float) -> str:
    """Paint with names, which static/chart.js makes colours of in the page."""
    return f"ng:{name}/{opacity:g}"


def css_paint(name: str, opacity: float) -> str:
    """Paint with the variables of the stylesheet, so that the picture follows the page's theme."""
    color = f"var(--ng-{name.replace('_', '-')})"
    return color if opacity >= 1 else f"color-mix(in srgb,{color} {opacity * 100:g}%,transparent)"


def _with_lighter(*colors: str) -> tuple[str, ...]:
    return (*colors, *(_mix(color, "#ffffff", 0.4) for color in colors))


def _mix(color: str, other: str, share: float) -> str:
    """`color` with a share (0 to 1) of another one."""
    pairs = ((int(color[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(own + (foreign - own) * share):02x}" for own, foreign in pairs)


LIGHT: Final = Theme(
    columns=_with_lighter("#4c78a8", "#e08a2e", "#3a9d86", "#a05a9c", "#c3a21d", "#7f6ad1", "#5aa7c7", "#8a6d54"),
    ink="#1f2328",
    soft="#626a73",
    line="#e4e6e8",
    lane="#f3f4f5",
    bad="#c2352b",
    ok="#2b8a5f",
    warn="#a86a00",
    warn_text="#955d00",
    accent="#2f6fb5",
    background="#ffffff",
    panel="#fbfbfa",
    grid="#e9ebed",
    card="#ffffff",
    waiting="#eceeef",
    ready="#cfd6dc",
)
DARK: Final = Theme(
    columns=_with_lighter("#7aa6d6", "#f0a558", "#5fc1ab", "#c98bc5", "#dcc254", "#a596ea", "#86c6e0", "#b8987c"),
    ink="#e6e9ec",
    soft="#98a2ad",
    line="#2b3138",
    lane="#1b2025",
    bad="#f0756b",
    ok="#5cc394",
    warn="#e0a544",
    warn_text="#e0a544",
    accent="#6ea8e0",
    background="#111417",
    panel="#171b1f",
    grid="#262c33",
    card="#20262c",
    waiting="#22282e",
    ready="#46505a",
)
EITHER: Final = Theme(
    columns=LIGHT.columns,
    ink="#7b7e81",
    soft="#7b7e81",
    line="#80808059",
    lane="#80808017",
    bad="#e1463d",
    ok="#33936a",
    warn="#b57a14",
    warn_text="#ab720a",
    accent="#3780ce",
    background="#80808000",
    panel="#80808000",
    grid="#80808033",
    card="#80808000",
    waiting="#80808026",
    ready="#80808073",
)
"""For images, which cannot know the page's theme: no ground of their own, text that can be read on either.

No colour has a contrast of 4.5 : 1 on white and on a dark editor's ground; these have what both can have, 4.08 : 1.
"""
