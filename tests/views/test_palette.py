"""Colours can be read, and a column keeps its own."""

import re

import pytest

from notebook_gen.config.columns import Column, Integer, SeedColumn, SeedData
from notebook_gen.plan.graph import build_graph
from notebook_gen.views.palette import (
    DARK,
    EITHER,
    LIGHT,
    Theme,
    column_colors,
    kind_fill,
    node_colors,
)

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


def _luminance(color: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(color: str, ground: str) -> float:
    darker, lighter = sorted((_luminance(color), _luminance(ground)))
    return (lighter + 0.05) / (darker + 0.05)


@THEMES
@pytest.mark.parametrize("text", ["ink", "soft", "bad", "warn_text", "accent"])
@pytest.mark.parametrize("ground", ["background", "panel", "card", "lane"])
def test_text_can_be_read_on_every_ground_it_stands_on(theme: Theme, text: str, ground: str) -> None:
    assert _contrast(getattr(theme, text), getattr(theme, ground)) >= 4.5


@THEMES
@pytest.mark.parametrize("text", ["ink", "soft", "bad", "warn_text", "accent"])
def test_text_of_images_can_be_read_on_light_pages_and_on_dark_ones(theme: Theme, text: str) -> None:
    assert _contrast(getattr(EITHER, text), theme.background) >= 3.8  # no colour has 4.5 on both


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
