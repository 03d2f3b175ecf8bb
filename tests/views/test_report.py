"""What stays in the notebook: the view's picture, ended; bounded, without a script, whatever text is in it."""

import base64
import re
import sys
from collections.abc import Sequence
from types import ModuleType, SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import notebook_gen as ng
from notebook_gen.config.columns import LLMText
from notebook_gen.config.models import Model
from notebook_gen.engine.snapshots import CellState, RowView
from notebook_gen.observers.records import CellRecord, RowRecord
from notebook_gen.observers.trace import Trace
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.values import Exchange
from notebook_gen.views.page import page_html
from notebook_gen.views.palette import DARK, LIGHT
from notebook_gen.views.report import TABLE_SIZE, report_html, report_text, still_html
from notebook_gen.views.summary import say_shown
from notebook_gen.views.values import write_cell
from tests.views.fake_run import REVIEW, SCORE, FakeRun, review_run, traced_run
from tests.views.hostile import HOSTILE, elements, read_page


def _row(row: int, *values: Any) -> RowView:
    states: list[CellState] = ["done"] * len(values)
    return RowView(row, dropped=False, states=tuple(states), values=values)


def _ended(rows: int = 40) -> FakeRun:
    run = traced_run(rows)
    for row in range(rows):
        run.attempt(REVIEW, row, row * 1.0, row + 1.0, slot=row % 8)
        run.attempt(SCORE, row, row + 1.0, row + 1.5, slot=row % 8)
    run.views = [_row(row, 3, "dry", f"A review {row}. " * 20, "4") for row in range(min(rows, 30))]
    run.drop(3, REVIEW, "the answer is empty", "raise max_tokens")
    run.finish()
    return run


def _texts(html: str) -> list[str]:
    return [text for text in read_page(html).texts if text.strip()]


def _foot(html: str) -> str:
    """What the last line says."""
    return "".join(_texts(re.findall('<p class="ng-foot".*?</p>', html)[-1]))


def test_a_report_says_state_totals_timeline_first_rows_and_failures() -> None:
    texts = _texts(report_html(_ended()))

    for words in (
        "finished",
        "Timeline",
        "80 tasks",
        "Rows",
        "the first 20 of 40 · scroll for more",
        "Failures",
        "raise max_tokens",
    ):
        assert words in texts


def test_a_report_holds_no_script_and_reaches_for_nothing() -> None:
    html = report_html(_ended())

    assert re.findall(r"<script|javascript:|\bon\w+=|https?://(?!www\.w3\.org/)", html) == []


def test_where_there_are_no_widgets_a_run_that_goes_on_is_drawn_as_it_stands() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 0.0, 1.0)
    run.attempt(REVIEW, 1, 1.0)
    run.views = [_row(0, 3, "dry", "A review. ", "4")]

    texts = _texts(still_html(run))

    for words in ("running", "1 of 16", "calls in flight", "A review.", "show it again to see it go on; the run's "):
        assert words in texts
    assert ".rows()" in texts
    assert ".live()" not in texts


def test_a_report_calls_the_run_by_its_own_name_or_by_none() -> None:
    run = _ended()
    nameless = _foot(report_html(run))
    run.name = "tiny"

    assert nameless == (
        'the run\'s .live() is the interactive view, .record(17) any row, .save_html("report.html") an interactive file'
    )
    assert _foot(report_html(run)) == (
        "tiny.live() is the interactive view, tiny.record(17) any row, "
        'tiny.save_html("report.html") an interactive file'
    )
    assert _foot(still_html(run)).startswith("tiny.rows() is the table so far, ")


def test_the_name_of_a_run_is_the_variable_that_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = ng.DatasetBuilder()
    builder["n"] = ng.Integer(1, 5)
    run, other = (builder.preview(2, show=False) for _ in range(2))
    for one in (run, other):
        one.result(timeout=30)
    variables: dict[str, object] = {"run": other, "_3": run, "nothing": None}
    ipython = ModuleType("IPython")
    monkeypatch.setattr(ipython, "get_ipython", lambda: SimpleNamespace(user_ns=variables), raising=False)

    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert _foot(run._repr_html_()).startswith("the run's .rows() is")
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert _foot(run._repr_html_()).startswith("the run's .rows() is")
    variables["tiny"] = run
    assert _foot(run._repr_html_()).startswith("tiny.rows() is")
    assert _foot(other._repr_html_()).startswith("run.rows() is")


@pytest.mark.parametrize("rows", [0, 1, 40, 5000])
def test_a_report_is_bounded_however_long_the_run_was(rows: int) -> None:
    assert len(report_html(_ended(rows))) < 420_000


@pytest.mark.parametrize(("rows", "are_bars"), [(1000, True), (2000, False)])
def test_a_report_of_two_thousand_attempts_has_a_bar_for_each(rows: int, are_bars: bool) -> None:
    run = _ended(rows)
    html = report_html(run)

    drawn = html[html.index('<div class="ng-timeline"') : html.index('<div class="ng-first-rows')]
    image = base64.b64decode(max(re.findall('base64,([^"]*)', drawn), key=len)).decode()
    # one path for all bars of a column; a grid has one for each shade, too
    bars = [
        path.count("M") for path in re.findall('<path d="([^"]*)" style="fill:none;stroke:[^"]*stroke-width', drawn)
    ]
    assert (bars.count(1000) == 2) == are_bars
    assert (len(re.findall("M[^M]+h", image)) >= 2000) == are_bars
    assert len(drawn) < 150_000


def test_long_texts_are_cut_shorter_before_rows_are_left_out_and_all_can_be_opened() -> None:
    run = _ended()
    for texts, shown in (([3, "dry", "<&>'\"" * 1_000, "4"], 20), (["<&>'\"" * 1_000] * 4, 5)):
        run.views = [_row(row, *texts) for row in range(20)]

        html = report_html(run)

        assert len(_rows_of(html)) < TABLE_SIZE + 1_000
        assert f"the first {shown} of 40 · scroll for more" in _texts(html)
        folds = [tag for tag, _ in elements(_rows_of(html)) if tag == "details"]
        assert len(folds) == shown * sum(isinstance(text, str) and len(text) > 100 for text in texts)


def _rows_of(html: str) -> str:
    begin = html.index('<div class="ng-first-rows')
    return html[begin : html.index("</table></div></div>", begin) + len("</table></div></div>")]


def test_every_picture_is_there_a_second_time_for_pages_that_drop_the_first() -> None:
    images = [attributes for tag, attributes in read_page(report_html(_ended())).elements if tag == "img"]

    assert [attributes["alt"] for attributes in images] == ["DAG", "timeline", "cells"]
    for attributes in images:
        kind, _, data = attributes["src"].partition(",")
        assert kind == "data:image/svg+xml;base64"
        svg = base64.b64decode(data).decode()
        ET.fromstring(svg)  # noqa: S314  # our own
        # it may lie on a light page or on a dark one
        assert not any(color in svg for color in (LIGHT.ink, LIGHT.panel, DARK.ink, DARK.panel))


def test_a_page_that_drops_drawings_and_the_stylesheet_shows_none_of_their_words() -> None:
    html = report_html(_ended())

    assert html.count("<svg") > 0
    assert html.count('<div class="ng-drawn" style="display:none">') == 3
    assert ".ng-drawn { display: block !important; }" in html


def test_rows_that_are_out_of_sight_are_said_to_be_there() -> None:
    run, few = _ended(), _ended()
    few.views = few.views[:2]

    assert "scroll for more" in report_html(run)
    assert "scroll for more" not in report_html(few)


@pytest.mark.parametrize(
    ("rows", "shown", "words"),
    [
        (20, range(20), "all 20 · scroll to see them"),
        (3, range(3), "all 3"),
        (12, (0, 2, 3, 4, 5), "5 of 12, between row 0 and row 5 · scroll for more"),
        (40, range(30), "the first 20 of 40 · scroll for more"),
        (40, range(1, 30), "20 of 40, between row 1 and row 20 · scroll for more"),
    ],
)
def test_a_report_says_which_rows_it_shows(rows: int, shown: Sequence[int], words: str) -> None:
    run = _ended(rows)
    run.views = [_row(row, 3, "dry", "A review.", "4") for row in shown]

    assert words in _texts(report_html(run))
    saved = words.partition(" · ")[0] if len(shown) <= 20 else say_shown(run.views, rows)
    assert f"{saved} · " in page_html(run)


def test_records_and_usage_can_be_opened_without_a_script() -> None:
    run = _ended()
    run.models["judge"] = Model("gpt-x", price=(1_000.0, 2_000.0))
    for row in (0, 3):
        run.records[row] = _record(run, row, f"A lamp, number {row}.")

    texts = _texts(report_html(run))

    assert [text for text in texts if text in ("Records", "Cells", "Usage")] == ["Records", "Cells", "Usage"]
    for words in ("row 0", "done · A lamp, number 0. · A lamp, number 0. · A lamp, number 0.", "row 3", "$2.00"):
        assert words in [text.strip() for text in texts]


def test_the_line_of_a_record_writes_values_as_the_table_of_rows_does() -> None:
    run = _ended()
    value = {"name": "Kettle", "isn't": None}
    run.records[0] = _record(run, 0, value)

    [line] = [text.strip() for text in _texts(report_html(run)) if text.strip().startswith("done · ")]

    assert line == " · ".join(["done", *[write_cell(value, 28).text] * 3])
    assert line.startswith('done · {"name": "Kettle", "isn\'t"')


def test_every_row_that_a_report_shows_has_a_record_however_long_its_texts_are() -> None:
    run = _ended()
    run.models = {alias: Model("gpt-x") for alias in run.models}
    run.records = {row: _record(run, row, "<&>'\"" * 3_000) for row in range(20)}

    html = report_html(run)

    assert html.count('<details class="ng-row">') == 20
    assert len(html) < 420_000


def test_a_report_says_which_rows_have_no_record_and_why() -> None:
    run = _ended()
    picture = b"\x89PNG\r\n\x1a\n" + bytes(13_000)
    run.records = {row: _record(run, row, picture) for row in range(20)}
    html = report_html(run)
    kept = html.count('<details class="ng-row">')
    assert 5 <= kept < 18
    left_out = f"{', '.join(map(str, range(kept, 19)))} and 19"
    assert f"No room for more: rows {left_out} have no record here; see the run's record({kept})." in _texts(html)

    run.records = {}

    assert "row 0 was not begun yet" in _texts(report_html(run))


def _record(run: FakeRun, row: int, value: Any) -> RowRecord:
    text = value if isinstance(value, str) else "A picture."
    said = Exchange((("user", text),), text, text, {text: text})
    cells = tuple(
        CellRecord(name, run.graph.nodes[node], "done", value, exchange=said)
        for name, node in run.graph.columns.items()
    )
    return RowRecord(row, 0, "done", "", cells, run.graph)


def test_a_run_without_a_trace_has_a_report_without_a_timeline() -> None:
    run = review_run()
    run.finish()

    assert "Timeline" not in _texts(report_html(run))


def test_a_report_says_in_plain_text_how_the_run_ended() -> None:
    assert report_text(_ended()).splitlines() == [
        "preview of 40 rows: finished · 0 of 40 rows · 1 dropped · 0:40 · 2,400 tokens",
        "  review: the answer is empty; raise max_tokens (row 3)",
    ]


def test_where_rows_failed_with_different_texts_one_is_said_to_be_an_example() -> None:
    run = traced_run()
    for row, words in enumerate((47, 61)):
        run.drop(row, REVIEW, f"ValueError: a review of {words} words is too long")
    run.drop(2, SCORE, "no answer")
    run.drop(3, SCORE, "no answer")
    run.finish()

    texts = [text.strip(" ·") for text in _texts(report_html(run))]
    assert "such as: ValueError: a review of 47 words is too long" in texts
    assert "no answer" in texts
    assert report_text(run).splitlines()[1:] == [
        "  review: such as: ValueError: a review of 47 words is too long (2 rows, this is row 0)",
        "  score: no answer (2 rows, such as 2)",
    ]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_stays_text(text: str) -> None:
    def draw(content: str) -> list[str]:
        run = FakeRun(build_graph({content: LLMText("x", model=content)}), title=content, destination=content)
        run.trace = Trace(run.graph)
        run.attempt_in_vain(0, 0, 1.0, 2.0)
        run.drop(0, 0, content, content)
        run.views = [_row(0, content[:30])]
        run.finish()
        html = report_html(run)
        return [tag for tag, _ in elements(html) if tag not in ("details", "summary", "div", "span")]

    assert draw(text) == draw("harmless")
