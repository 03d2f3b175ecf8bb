"""A builder as a browser shows it: as wide as a notebook, with text that can be read, told to who cannot see it."""

import pytest
from playwright.sync_api import Browser, Page

from notebook_gen.config.columns import Column, Expression, Integer, LLMText
from notebook_gen.config.models import Model
from notebook_gen.plan.graph import ExecutionGraph, build_graph
from notebook_gen.views.dag import dag_html

CHAIN: dict[str, Column] = {
    "c0": Integer(1, 5),
    **{f"c{at}": LLMText(f"{{{{ c{at - 1} }}}}", model=f"m{at // 30}") for at in range(1, 60)},
}
FAN: dict[str, Column] = {
    "topic": Integer(1, 5),
    **{f"aspect_{at}": LLMText("{{ topic }}") for at in range(58)},
    "all": Expression(" ".join(f"{{{{ aspect_{at} }}}}" for at in range(58))),
}
APART: dict[str, Column] = {f"c{at}": Integer(1, 5) for at in range(60)}
SHAPES = {"chain": build_graph(CHAIN), "fan": build_graph(FAN), "apart": build_graph(APART)}


def _show(browser: Browser, graph: ExecutionGraph) -> Page:
    page = browser.new_page(viewport={"width": 900, "height": 800})
    page.set_content(
        f'<body style="margin:0">{dag_html(graph, models={"default": Model(model="gpt-4o-mini")})}</body>',
        wait_until="load",
    )
    return page


@pytest.mark.parametrize("graph", SHAPES.values(), ids=SHAPES.keys())
def test_sixty_columns_fit_into_900_pixels_with_text_of_10_pixels_and_more(
    browser: Browser, graph: ExecutionGraph
) -> None:
    page = _show(browser, graph)

    pane, sizes = page.evaluate(
        """() => {
            const pane = document.querySelector(".ng-dag-pane"), svg = pane.querySelector("svg");
            const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
            const texts = [...svg.querySelectorAll("text")];
            return [
                { over: pane.scrollWidth - pane.clientWidth, high: svg.getBoundingClientRect().height },
                texts.map((text) => parseFloat(getComputedStyle(text).fontSize) * scale),
            ];
        }"""
    )
    page.close()

    assert pane["over"] <= 0
    assert pane["high"] <= 700
    assert min(sizes) >= 9.9


def test_no_text_leaves_its_node(browser: Browser) -> None:
    page = _show(browser, SHAPES["chain"])

    outside = page.evaluate(
        """() => [...document.querySelectorAll(".ng-node")].filter((node) => {
            const box = node.querySelector(".ng-node-box").getBoundingClientRect();
            return [...node.querySelectorAll("text")].some((text) => {
                const own = text.getBoundingClientRect();
                return own.left < box.left || own.right > box.right || own.top < box.top || own.bottom > box.bottom;
            });
        }).length"""
    )
    page.close()

    assert outside == 0


def test_who_cannot_see_it_is_told_and_can_scroll_by_keyboard(browser: Browser) -> None:
    page = _show(browser, SHAPES["chain"])

    picture = page.get_by_role("img")
    told = picture.get_attribute("aria-label") or ""
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.className")
    page.close()

    assert told.startswith("graph of 60 columns: c0; c1 reads c0; c2 reads c1;")
    assert "ng-dag-pane" in focused
