"""A builder as a browser shows it: as wide as a notebook, with text that can be read, told to who cannot see it."""

import pytest
from playwright.sync_api import Browser, Page

from notebook_gen.config.columns import Column, Expression, Integer, LLMText
from notebook_gen.config.models import Model
from notebook_gen.plan.graph import ExecutionGraph, build_graph
from notebook_gen.views.dag import dag_html
from notebook_gen.views.report import report_html
from tests.views.fake_run import FakeRun

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
WIDE: dict[str, Column] = {
    "stars": Integer(1, 5),
    "review": LLMText("{{ stars }}"),
    "verdict": LLMText("{{ review }}", model="judge"),
    "footer": Expression("{{ verdict }}"),
}
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


MEASURE_TOP = """() => {
    const pane = document.querySelector(".ng-dag-pane"), side = document.querySelector(".ng-side");
    const view = document.querySelector(".ng-view").getBoundingClientRect();
    const [dag, beside] = [pane, side].map((part) => part.getBoundingClientRect());
    const figures = [...side.querySelectorAll("b")].map((figure) => figure.getBoundingClientRect());
    return {
        cut: pane.scrollWidth > pane.clientWidth,
        apart: beside.left >= dag.right - 0.5 || beside.top >= dag.bottom - 0.5,
        inside: Math.max(dag.right, beside.right) <= view.right && dag.left >= view.left,
        figures: figures.every((figure) => figure.left >= beside.left - 0.5 && figure.right <= beside.right + 0.5),
        smallest: Math.min(...[...pane.querySelectorAll("svg")].map(
            (svg) => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)),
    };
}"""


@pytest.mark.parametrize("shape", ["wide", "chain", "fan"])
def test_in_a_window_of_any_width_the_graph_of_a_run_is_whole_and_what_is_beside_it_does_not_touch_it(
    browser: Browser, shape: str
) -> None:
    graph = build_graph(WIDE) if shape == "wide" else SHAPES[shape]
    folder = "a/path/to/a/folder/whose/name/is/long/and/longer/still"
    run = FakeRun(graph, 1_000, ceilings=dict.fromkeys(graph.resources, 8), destination=folder, placeholder_text=True)
    page = browser.new_page()
    page.set_content(f'<body style="margin:0;overflow-y:scroll">{report_html(run)}</body>')

    seen = {}
    for width in (*range(620, 1_601, 20), 848):
        page.set_viewport_size({"width": width, "height": 800})
        seen[width] = page.evaluate(MEASURE_TOP)
    tooltip = page.locator(".ng-side b:has(bdi)").get_attribute("title")
    page.close()

    good = {"cut": False, "apart": True, "inside": True, "figures": True}
    assert {width: facts for width, facts in seen.items() if {name: facts[name] for name in good} != good} == {}
    assert min(facts["smallest"] for facts in seen.values()) > 0.87
    assert all(facts["smallest"] == pytest.approx(1, abs=0.01) for width, facts in seen.items() if width >= 700)
    assert tooltip == folder


@pytest.mark.parametrize("width", [440, 520, 620, 760])
def test_a_builder_in_a_narrow_cell_is_drawn_for_it(browser: Browser, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    graph = build_graph({f"c{at}": LLMText(f"{{{{ c{at - 1} }}}}") if at else Integer(1, 5) for at in range(8)})
    page.set_content(f'<body style="margin:0">{dag_html(graph)}</body>')

    over, shown, last = page.evaluate(
        """() => {
            const pane = document.querySelector(".ng-dag-pane"), edge = pane.getBoundingClientRect().right;
            const shown = [...pane.querySelectorAll("svg")].filter((svg) => svg.getBoundingClientRect().width);
            const nodes = shown.flatMap((svg) => [...svg.querySelectorAll(".ng-node-box")]);
            return [pane.scrollWidth - pane.clientWidth, shown.length,
                nodes.filter((node) => node.getBoundingClientRect().right > edge).length];
        }"""
    )
    page.close()

    assert (over, shown, last) == (0, 1, 0)
