"""The colours of every picture, light and dark, and which column has which.

A column keeps its colour in every picture: colours are given out in the order of declaration, to every node that is
made (seed data has none). Text colours have a contrast of at least 4.5 : 1 on every ground that text stands on.
"""

from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Final

from notebook_gen.config.columns import Kind
from notebook_gen.plan.graph import ExecutionGraph

COLUMN_COLORS: Final = 16
"""How many column colours there are: eight, and the same eight a shade lighter. Then they begin again."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of one theme, as `#rrggbb`.

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


def node_colors(graph: ExecutionGraph) -> list[int | None]:
    """Give each node its colour, an index into `Theme.columns`; None for seed data."""
    colors: list[int | None] = [None] * len(graph.nodes)
    made = dict.fromkeys(index for index in graph.columns.values() if graph.nodes[index].kind != "seed")
    for position, index in enumerate(made):
        colors[index] = position % COLUMN_COLORS
    return colors


def column_colors(graph: ExecutionGraph) -> dict[str, int | None]:
    """Give each column, in the order of declaration, the colour of its node."""
    colors = node_colors(graph)
    return {name: colors[index] for name, index in graph.columns.items()}


def kind_fill(kind: Kind) -> str:
    """Give the pale ground of nodes of a kind, for pictures that know no themes."""
    color = _KIND_COLORS.get(kind)
    return _mix(LIGHT.columns[color] if color is not None else LIGHT.soft, "#ffffff", 0.8)


@cache
def stylesheet() -> str:
    """Give the whole CSS of the views: the variables, then `style.css`."""
    return css_variables() + files("notebook_gen.views").joinpath("style.css").read_text(encoding="utf-8")


def css_variables() -> str:
    """Give the colours as CSS custom properties (`--ng-ink`, `--ng-c0`, …) for light and dark hosts."""
    dark = _declarations(DARK, panel_share=97)
    return "\n".join(
        (
            f".ng-view{{color-scheme:light;{_declarations(LIGHT, panel_share=98)}}}",
            f"@media (prefers-color-scheme:dark){{{_NO_HOST_THEME} .ng-view{{color-scheme:dark;{dark}}}}}",
            f"{','.join(f'{host} .ng-view' for host in _DARK_HOSTS)}{{color-scheme:dark;{dark}}}",
            # its own rule: browsers that do not know the selector drop the whole rule
            f":host-context(.dark) .ng-view{{color-scheme:dark;{dark}}}",
            *(f".ng-view .ng-c{index}{{--ng-color:var(--ng-c{index})}}" for index in range(COLUMN_COLORS)),
            *(f".ng-view .ng-kind-{kind}{{--ng-kind:var(--ng-c{index})}}" for kind, index in _KIND_COLORS.items()),
            "",
        )
    )


# seed data is grey; kinds are tints of a whole node, so that they are not taken for a column's dot
_KIND_COLORS: Final[dict[Kind, int]] = {"sampler": 5, "expression": 4, "llm": 0, "function": 2}

# JupyterLab and Notebook 7; VS Code; Colab; Sphinx themes; marimo
_DARK_HOSTS: Final = (
    'body[data-jp-theme-light="false"]',
    "body.vscode-dark",
    "body.vscode-high-contrast:not(.vscode-high-contrast-light)",
    'html[theme="dark"]',
    'html[data-theme="dark"]',
    'body[data-theme="dark"]',
    ".dark",
)
_NO_HOST_THEME: Final = (
    "html:not([theme]):not([data-theme]):not(.light) "
    "body:not([data-jp-theme-light]):not([data-vscode-theme-kind]):not([class*=vscode-]):not([data-theme]):not(.light)"
)
_HOST_BACKGROUND: Final = "var(--jp-layout-color0,var(--vscode-editor-background,{}))"
_HOST_INK: Final = "var(--jp-content-font-color1,var(--vscode-editor-foreground,{}))"


def _declarations(theme: Theme, *, panel_share: int) -> str:
    """The custom properties of a theme; the panel is the host's own background with a touch of its ink."""
    values = {
        field.name.replace("_", "-"): getattr(theme, field.name) for field in fields(theme) if field.name != "columns"
    }
    values |= {f"c{index}": color for index, color in enumerate(theme.columns)}
    values["background"] = _HOST_BACKGROUND.format(theme.background)
    values["ink"] = _HOST_INK.format(theme.ink)
    values["panel"] = f"color-mix(in srgb,var(--ng-background) {panel_share}%,var(--ng-ink))"
    return "".join(f"--ng-{name}:{value};" for name, value in values.items())


def _with_lighter(*colors: str) -> tuple[str, ...]:
    return (*colors, *(_mix(color, "#ffffff", 0.4) for color in colors))


def _mix(color: str, other: str, share: float) -> str:
    """`color` with a share (0 to 1) of another one."""
    pairs = ((int(color[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(own + (foreign - own) * share):02x}" for own, foreign in pairs)


LIGHT: Final = Theme(
    columns=_with_lighter("#4c78a8", "#e08a2e", "#3a9d86", "#a05a9c", "#c3a21d", "#7f6ad1", "#5aa7c7", "#8a6d54"),
    ink="#1f2328",
    soft="#68707a",
    line="#e4e6e8",
    lane="#f3f4f5",
    bad="#c2352b",
    ok="#2b8a5f",
    warn="#a86a00",
    warn_text="#9a6000",
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
