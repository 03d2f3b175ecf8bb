"""The Gantt chart as a figure in JupyterLab: it can be read in either theme, and answers to the pointer as views do."""

import pytest
from playwright.sync_api import Locator

from tests.browser.lab_harness import NotebookPage, OpenNotebook

pytestmark = pytest.mark.browser

_DECLARE = """
import notebook_gen as ng

b = ng.DatasetBuilder()
b.models["default"] = ng.DemoModel(latency=0.05, faults=ng.DemoFaults(capacity=2))
b["stars"] = ng.Integer(1, 5)
b["review"] = ng.LLMText("A review with {{ stars }} stars")
run = b.preview(20, show=False)
_ = run.result()
"""
# for each text, the contrast between its letters and the notebook's ground, as WCAG 2.2 defines it
_CONTRASTS = """area => {
    const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const over = (...colors) => {
        for (const color of colors) { context.fillStyle = color; context.fillRect(0, 0, 1, 1); }
        const linear = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map(value => value / 255)
            .map(value => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05;
    };
    const ground = getComputedStyle(document.body).getPropertyValue("--jp-layout-color0").trim();
    const isLetters = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "";
    const letters = [...area.querySelectorAll("text, tspan")].filter((part) => [...part.childNodes].some(isLetters));
    return letters.map((part) => {
        const [one, other] = [over(ground), over(ground, getComputedStyle(part).fill)].sort((a, b) => a - b);
        return [part.textContent, other / one];
    });
}"""


@pytest.fixture(scope="module")
def notebook(open_once: OpenNotebook) -> NotebookPage:
    notebook = open_once.run_cells("gantt", [_DECLARE, "run.gantt()", 'run.gantt("rows")'])
    for cell in (1, 2):
        notebook.wait_for(".barlayer .point", notebook.cell(cell))
    return notebook


def _range(chart: Locator) -> list[float]:
    found: list[float] = chart.locator(".js-plotly-plot").evaluate("plot => plot._fullLayout.xaxis.range")
    return found


@pytest.mark.parametrize("theme", ["Light", "Dark"])
@pytest.mark.parametrize("cell", [1, 2])
def test_all_text_can_be_read_in_the_theme_of_the_page(notebook: NotebookPage, theme: str, cell: int) -> None:
    notebook.use_theme(f"JupyterLab {theme}")
    notebook.page.wait_for_function(f"document.body.dataset.jpThemeName === 'JupyterLab {theme}'")
    notebook.picture(f"gantt-{theme}-{cell}", notebook.outputs(cell).first)

    contrasts = notebook.outputs(cell).first.evaluate(_CONTRASTS)

    assert len(contrasts) > 5
    assert [(text, contrast) for text, contrast in contrasts if contrast < 4.5] == []


def test_dragging_zooms_into_a_stretch_of_time_and_a_double_click_shows_all_again(notebook: NotebookPage) -> None:
    chart, mouse = notebook.cell(1), notebook.page.mouse
    plane = chart.locator(".nsewdrag").first
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    assert box is not None
    start, end = _range(chart)

    mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 40)
    mouse.down()
    mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 90, steps=5)
    mouse.up()
    notebook.page.wait_for_function(
        "end => document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range[1] < 0.6 * end", arg=end
    )
    zoomed = _range(chart)
    mouse.wheel(0, 200)  # scrolls the notebook
    assert _range(chart) == zoomed == pytest.approx([0.25 * end, 0.5 * end], rel=0.05)

    plane.dblclick(force=True)
    notebook.page.wait_for_function(
        "end => document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range[1] === end", arg=end
    )
    assert _range(chart) == [start, end]


def test_there_is_no_toolbar_and_a_click_on_the_legend_hides_nothing(notebook: NotebookPage) -> None:
    chart = notebook.cell(1)
    bars = notebook.count(".barlayer .point", chart)

    chart.locator(".legendtoggle").first.click(force=True)
    notebook.page.wait_for_timeout(500)  # longer than plotly waits for a second click

    assert notebook.count(".barlayer .point", chart) == bars
    assert notebook.count(".modebar-btn", chart) == 0
