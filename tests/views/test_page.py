"""A run as one file: the browser runs our scripts and nothing else, and text stays text."""

import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from notebook_gen.config.columns import LLMText
from notebook_gen.config.models import Model
from notebook_gen.engine.snapshots import CellState, RowView
from notebook_gen.observers.records import CellRecord, RowRecord
from notebook_gen.observers.trace import Trace
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.values import Exchange
from notebook_gen.views.page import page_html, say_origin
from tests.views.fake_run import REVIEW, FakeRun, review_run, traced_run
from tests.views.hostile import HOSTILE


class _Scripts(HTMLParser):
    """The scripts of a page: those that are run, and the data; and all tags outside of them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.run: list[str] = []
        self.data = ""
        self.packed = ""
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self._script: dict[str, str | None] | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._script = dict(attrs) if tag == "script" else None
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is None:
            return
        if self._script.get("type") == "application/json":
            self.data += data
        elif self._script.get("type") == "application/gzip":
            self.packed += data
        else:
            self.run.append(data)


def _ended() -> FakeRun:
    run = traced_run(40)
    run.attempt(REVIEW, 0, 1.0, 3.0)
    run.attempt_in_vain(REVIEW, 1, 1.0, 2.0, slot=1)
    run.drop(1, REVIEW, "the answer is empty", "raise max_tokens")
    done: CellState = "done"
    run.views = [RowView(0, dropped=False, states=(done,) * 4, values=(3, "dry", "A lamp.", "4"))]
    run.records[0] = _record(run, 0, "A lamp.")
    run.finish()
    return run


def _record(run: FakeRun, row: int, text: str) -> RowRecord:
    said = Exchange((("user", text),), text, text, {text: text})
    cells = tuple(
        CellRecord(name, run.graph.nodes[node], "done", text, exchange=said) for name, node in run.graph.columns.items()
    )
    return RowRecord(row, 0, "done", "", cells, run.graph)


def _data(html: str) -> Any:
    return json.loads(_Scripts(html).data)


def test_the_browser_is_told_to_run_our_scripts_and_to_fetch_nothing() -> None:
    html = page_html(_ended())

    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    allowed = re.findall(r"'sha256-([^']*)'", policy[1])
    scripts = _Scripts(html)
    unpacked = gzip.decompress(base64.b64decode(scripts.packed)).decode()
    run = [*scripts.run, unpacked]
    assert [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in run] == allowed
    assert len(allowed) == 4
    assert "plotly.js" in unpacked[:200]
    assert "default-src 'none'" in policy[1]
    assert "unsafe-eval" not in policy[1]


def test_a_page_is_small_enough_to_be_sent_by_mail() -> None:
    assert len(page_html(_ended())) < 2_200_000


def test_a_page_holds_what_its_timeline_and_its_records_show() -> None:
    data = _data(page_html(_ended()))

    assert data["timeline"]["clock"] == {
        "now": 3.0,
        "running": False,
        "note": "2 tasks · drag to zoom, double-click for all",
    }
    assert base64.b64decode(data["timeline"]["frame"]["bars"]["state"]["base64"]) == bytes([1, 2])
    assert data["cells"]["names"] == ["stars", "tone", "review", "score"]
    assert len(base64.b64decode(data["cells"]["masks"]["base64"])) == 2 * 4 * 40
    assert data["records"]["last"] == 39
    assert list(data["records"]["html"]) == ["0"]
    assert "A lamp." in data["records"]["html"]["0"]


@pytest.mark.parametrize(("rows", "begun", "is_whole"), [(3000, 3000, False), (200, 150, True)])
def test_all_pages_of_rows_tell_how_far_they_reach_in_this_file(rows: int, begun: int, *, is_whole: bool) -> None:
    run = traced_run(rows)
    for row in range(begun):
        run.attempt(REVIEW, row, row * 0.01, row * 0.01 + 0.01)
    run.finish()

    turns = [page["rows"] for page in _data(page_html(run))["timeline"]["pages"]]

    reach = turns[-1]["end"]
    assert (reach == begun) is is_whole
    assert {turn["reach"] for turn in turns} == {reach}
    assert [turn["after"] for turn in turns] == [turn["end"] for turn in turns[:-1]] + [None if is_whole else reach]


def test_a_run_without_a_trace_has_a_page_without_a_timeline_and_without_plotly() -> None:
    run = review_run()
    run.finish()

    html = page_html(run)

    assert _data(html)["timeline"] is None
    assert len(html) < 200_000


def test_a_page_says_where_it_comes_from() -> None:
    run = traced_run(3)
    run.now = 75.0
    run.finish()
    run.models = {"writer": Model("gpt-x"), "judge": Model("llama")}

    origin = say_origin(run)

    assert origin.startswith(
        "preview of 3 rows · finished · began 1970-01-01 00:00 UTC · 1:15 long · writer = gpt-x, judge = llama · "
    )


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_stays_text(text: str) -> None:
    def draw(content: str) -> _Scripts:
        run = FakeRun(build_graph({content: LLMText("x", model=content)}), title=content, destination=content)
        run.trace = Trace(run.graph)
        run.attempt_in_vain(0, 0, 1.0, 2.0)
        run.drop(0, 0, content, content)
        run.views = [RowView(0, dropped=False, states=("done",), values=(content[:30],))]
        run.records[0] = _record(run, 0, content)
        run.finish()
        run.models[content] = Model("gpt-x")
        return _Scripts(page_html(run))

    drawn, harmless = draw(text), draw("harmless")

    assert drawn.run == harmless.run
    assert "<" not in drawn.data
    assert set(drawn.tags) - {"details", "summary"} == set(harmless.tags) - {"details", "summary"}
    assert drawn.attributes == harmless.attributes | (drawn.attributes & {"colspan", "title"})
