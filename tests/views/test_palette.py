"""Colours can be read, and a column keeps its own."""

import math
import re
from collections.abc import Sequence

import pytest

from notebook_gen.config.columns import Column, Integer, SeedColumn, SeedData
from notebook_gen.plan.graph import build_graph
from notebook_gen.views.palette import (
    DARK,
    EITHER,
    KIND_COLORS,
    LIGHT,
    Theme,
    column_colors,
    kind_fill,
    node_colors,
)
from notebook_gen.views.stylesheet import stylesheet

TEXTS = ("ink", "soft", "bad", "warn_text", "accent")
PROTANOPIA = ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0))
DEUTERANOPIA = ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0))
THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


def _luminance(color: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _contrast(color: str, ground: str) -> float:
    darker, lighter = sorted((_luminance(color), _luminance(ground)))
    return (lighter + 0.05) / (darker + 0.05)


def _mixed(color: str, ground: str, share: float) -> str:
    """A share of a colour on a ground, as CSS' `color-mix` in sRGB gives it."""
    pairs = [(int(color[at : at + 2], 16), int(ground[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(share * own + (1 - share) * other):02x}" for own, other in pairs)


def _grounds(theme: Theme) -> dict[str, str]:
    """All grounds that text stands on: plain ones, and those with a touch of a colour, as static/style.css has them."""
    return {
        **{name: getattr(theme, name) for name in ("background", "panel", "card", "lane")},
        "the row whose record is open": _mixed(theme.accent, theme.panel, 0.09),
        **{f"a {kind} node": _mixed(theme.columns[at], theme.background, 0.14) for kind, at in KIND_COLORS.items()},
    }


@THEMES
@pytest.mark.parametrize("text", TEXTS)
def test_text_can_be_read_on_every_ground_it_stands_on(theme: Theme, text: str) -> None:
    contrasts = {name: _contrast(getattr(theme, text), ground) for name, ground in _grounds(theme).items()}

    # what is chosen and links alone have the accent's colour: none of them lies on a ground with a touch of a colour
    plain = {name: contrast for name, contrast in contrasts.items() if hasattr(theme, name)}
    assert {name: at for name, at in (plain if text == "accent" else contrasts).items() if at < 4.5} == {}


def test_stylesheets_write_text_in_no_other_colours() -> None:
    sheets = stylesheet("cells", "live", "record", "report")

    used = set(re.findall(r"[{;\s]color: var\(--ng-([a-z-]+)\)", sheets))

    assert {name.replace("-", "_") for name in used} <= set(TEXTS)


@pytest.mark.parametrize("ground", ["#ffffff", "#1e1e1e", DARK.background])
@pytest.mark.parametrize("text", TEXTS)
def test_text_of_images_can_be_read_on_light_pages_and_on_dark_ones_as_well_as_can_be(text: str, ground: str) -> None:
    # no colour has 4.5 on both: what is darker than white by 4.08 is lighter than #1e1e1e by as much
    assert _contrast(getattr(EITHER, text), ground) >= 4.05


@THEMES
def test_failures_and_warnings_differ_also_for_who_sees_no_red_or_no_green(theme: Theme) -> None:
    for matrix in (PROTANOPIA, DEUTERANOPIA):
        bad, warn, ok, ink = (_seen(getattr(theme, name), matrix) for name in ("bad", "warn_text", "ok", "ink"))

        # what can just be told apart has 2.3
        assert min(_distance(bad, warn), _distance(bad, ok), _distance(bad, ink), _distance(warn, ink)) > 9


def _seen(color: str, matrix: Sequence[Sequence[float]]) -> list[float]:
    """A colour as CIE L*a*b*, after a simulation (Viénot, Brettel & Mollon 1999, in linear RGB)."""
    linear = [_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5)]
    red, green, blue = (sum(share * value for share, value in zip(line, linear, strict=True)) for line in matrix)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in (x, y, z))
    return [116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)]


def _distance(one: Sequence[float], other: Sequence[float]) -> float:
    return math.dist(one, other)


@THEMES
def test_sixteen_column_colors_differ_from_each_other(theme: Theme) -> None:
    assert len(set(theme.columns)) == 16
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in theme.columns)


@pytest.mark.parametrize("kind", ["seed", "sampler", "expression", "llm", "function"])
def test_text_can_be_read_on_the_ground_of_every_kind(kind: str) -> None:
    assert _contrast(LIGHT.ink, kind_fill(kind)) >= 4.5  # type: ignore[arg-type]  # the parameter is one of the words


def test_columns_get_colors_in_the_order_of_declaration_and_seed_data_gets_none() -> None:
    seed = SeedData(name="products", columns=("product", "price"), rows=4)
    columns: dict[str, Column] = {
        "first": Integer(1, 5),
        "product": SeedColumn(name="product", data=seed),
        "price": SeedColumn(name="price", data=seed),
        "second": Integer(1, 5),
    }

    graph = build_graph(columns)

    assert column_colors(graph) == {"first": 0, "product": None, "price": None, "second": 1}
    assert {graph.nodes[at].name: color for at, color in enumerate(node_colors(graph))} == {
        "first": 0,
        "products": None,
        "second": 1,
    }


def test_after_sixteen_columns_the_colors_begin_again() -> None:
    graph = build_graph({f"c{at}": Integer(1, 5) for at in range(18)})

    assert list(column_colors(graph).values()) == [*range(16), 0, 1]
