"""The stylesheets reach for nothing but our own views, and know every colour they use."""

import re
from dataclasses import fields

import pytest

from notebook_gen.views.palette import DARK, Theme
from notebook_gen.views.stylesheet import css_variables, stylesheet

SHEETS = pytest.mark.parametrize(
    "css",
    [stylesheet(), stylesheet("live"), stylesheet("cells"), stylesheet("report"), stylesheet("record")],
    ids=["shared", "live", "cells", "report", "record"],
)


@SHEETS
def test_every_variable_that_the_style_uses_is_defined(css: str) -> None:
    used = set(re.findall(r"var\((--ng-[a-z0-9-]+)", css))
    defined = set(re.findall(r"(--ng-[a-z0-9-]+):", css))

    assert used <= defined
    assert {f"--ng-{field.name.replace('_', '-')}" for field in fields(Theme) if field.name != "columns"} <= defined


@pytest.mark.parametrize(
    "host",
    ['body[data-jp-theme-light="false"]', "body.vscode-dark", 'html[theme="dark"]', ".dark"],
    ids=["JupyterLab", "VS Code", "Colab", "marimo"],
)
def test_a_dark_host_gets_the_dark_colors(host: str) -> None:
    rules = [rule for rule in css_variables().split("}") if host in rule]

    assert any(f"--ng-bad:{DARK.bad}" in rule for rule in rules)


@SHEETS
def test_every_rule_is_about_our_own_view_alone(css: str) -> None:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    # of a name of ours, it moves nothing but what a rule of ours says it should
    css = re.sub(r"@keyframes ng-[a-z-]+ \{(?:[^{}]*\{[^{}]*\})*\s*\}", "", css)
    selectors = [part.rpartition("{")[0].strip() for part in css.split("}")]
    selectors = [re.sub(r"@media [^{]*\{", "", selector).strip() for selector in selectors]

    strays = [one for selector in selectors if selector for one in selector.split(",") if ".ng-view" not in one]

    assert strays == []


@SHEETS
def test_the_style_reaches_for_nothing_outside(css: str) -> None:
    assert re.findall(r"@import|url\(|expression\(|<", css) == []
