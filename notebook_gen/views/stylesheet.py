"""The stylesheets of the views: the colours of the palette as variables, and the files in static/."""

from dataclasses import fields
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from notebook_gen.views.palette import COLUMN_COLORS, DARK, KIND_COLORS, LIGHT, Theme


@cache
def stylesheet(*more: Literal["cells", "live", "record", "report"]) -> str:
    """Give the CSS that all views share, and what some of them need beside it."""
    return css_variables() + read_static(*(f"{name}.css" for name in ("style", *more)))


def read_static(*names: str) -> str:
    """Give the text of files in static/, one behind the other."""
    folder = files("notebook_gen.views").joinpath("static")
    return "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)


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
            *(f".ng-view .ng-kind-{kind}{{--ng-kind:var(--ng-c{index})}}" for kind, index in KIND_COLORS.items()),
            "",
        )
    )


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
