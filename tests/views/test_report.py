"""What stays in the notebook: the view's picture, ended; bounded, without a script, whatever text is in it."""

import base64
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from notebook_gen.config.columns import LLMText
from notebook_gen.engine.snapshots import CellState, RowView
from notebook_gen.observers.trace import Trace
from notebook_gen.plan.graph import build_graph
from notebook_gen.views.report import TABLE_SIZE, report_html, report_text
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


def test_a_report_says_state_totals_timeline_first_rows_and_failures() -> None:
    texts = _texts(report_html(_ended()))

    for words in ("finished", "Timeline", "80 tasks", "Rows", "the first 20 of 40", "Failures", "raise max_tokens"):
        assert words in texts


def test_a_report_holds_no_script_and_reaches_for_nothing() -> None:
    html = report_html(_ended())

    assert re.findall(r"<script|javascript:|\bon\w+=|https?://(?!www\.w3\.org/)", html) == []


@pytest.mark.parametrize("rows", [0, 1, 40, 5000])
def test_a_report_is_bounded_however_long_the_run_was(rows: int) -> None:
    assert len(report_html(_ended(rows))) < 400_000


def test_long_texts_are_left_out_before_rows_are() -> None:
    run = _ended()
    run.views = [_row(row, 3, "dry", "<&>'\"" * 1_000, "4") for row in range(20)]
    assert "details" not in [tag for tag, _ in elements(_rows_of(report_html(run)))]

    run.views = [_row(row, *["<&>'\"" * 1_000] * 4) for row in range(20)]

    assert len(_rows_of(report_html(run))) < TABLE_SIZE + 1_000
    assert "the first 5 of 40" in _texts(report_html(run))


def _rows_of(html: str) -> str:
    begin = html.index('<div class="ng-first-rows')
    return html[begin : html.index("</table></div></div>", begin) + len("</table></div></div>")]


def test_every_picture_is_there_a_second_time_for_pages_that_drop_the_first() -> None:
    images = [attributes for tag, attributes in read_page(report_html(_ended())).elements if tag == "img"]

    assert [attributes["alt"] for attributes in images] == ["DAG", "timeline", "cells"]
    for attributes in images:
        kind, _, data = attributes["src"].partition(",")
        assert kind == "data:image/svg+xml;base64"
        ET.fromstring(base64.b64decode(data))  # noqa: S314  # our own


def test_a_run_without_a_trace_has_a_report_without_a_timeline() -> None:
    run = review_run()
    run.finish()

    assert "Timeline" not in _texts(report_html(run))


def test_a_report_says_in_plain_text_how_the_run_ended() -> None:
    assert report_text(_ended()).splitlines() == [
        "preview of 40 rows: finished · 0 of 40 rows · 1 dropped · 0:40 · 2,400 tokens",
        "  review: the answer is empty; raise max_tokens (row 3)",
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
