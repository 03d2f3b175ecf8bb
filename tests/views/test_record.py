"""A record as HTML: what was said and made, column by column; bounded, and text stays text."""

from typing import Any

import pytest

from notebook_gen.config.columns import Expression, Integer, LLMText
from notebook_gen.engine.snapshots import CellState
from notebook_gen.observers.records import Attempt, CellRecord, RowRecord, RowState
from notebook_gen.plan.graph import ExecutionGraph, build_graph
from notebook_gen.plan.values import Exchange
from notebook_gen.record import Record
from notebook_gen.views.record import INSPECTOR_SIZE, record_html, record_page
from notebook_gen.views.record_text import CUT_OFF
from tests.views.hostile import HOSTILE, elements, read_page

GRAPH = build_graph(
    {
        "stars": Integer(1, 5),
        "review": LLMText("Write.", model="writer", side_outputs=["messages"]),
        "title": Expression("{{ review }}"),
    }
)
SAID = Exchange(
    (("system", "Be brief."), ("user", "Write of a lamp.")), " A lamp.\n", "gpt-x", {"temperature": 0.5, "stop": ["."]}
)


def _cell(
    column: str, value: Any = None, state: CellState = "done", *, graph: ExecutionGraph = GRAPH, **facts: Any
) -> CellRecord:
    return CellRecord(column, graph.nodes[graph.columns[column]], state, value, **facts)


def _record(*cells: CellRecord, state: RowState = "done", reason: str = "", graph: ExecutionGraph = GRAPH) -> RowRecord:
    return RowRecord(17, 1, state, reason, cells, graph)


def _attempt(number: int, state: str = "done", error: str | None = None, said: Exchange | None = None) -> Attempt:
    return Attempt(number, state, 0.5 * number, 1.0 * number, 1.0 * number + 0.5, 612, 240, error, said)


def _texts(html: str) -> list[str]:
    return [text for text in read_page(html).texts if text.strip()]


def test_a_record_shows_values_prompts_and_what_they_took() -> None:
    review = _cell("review", "A lamp.", attempts=(_attempt(1, said=SAID),), exchange=SAID)

    texts = _texts(record_html(_record(_cell("stars", 4), review)))

    assert texts == [
        "row 17", "done", "row group 1 · 0.5 s in flight · 612 tokens in, 240 out", "stars", "4", "review",
        "LLM text · writer", "0.5 s in flight, waited 0.5 s", "612 tokens in, 240 out", "A lamp.", "prompt, ",
        "to the model gpt-x · temperature 0.5, stop [\".\"]", "system", "Be brief.", "user", "Write of a lamp.",
        "raw answer", "the value, as it stands", "1 attempt · from 1.00 s, done, took 0.5 s",
    ]  # fmt: skip


def test_the_raw_answer_is_shown_where_it_is_not_the_value() -> None:
    review = _cell("review", {"fluent": 4}, exchange=SAID._replace(answer='```json {"fluent": 4}```'))

    texts = _texts(record_html(_record(review)))

    assert '{\n  "fluent": 4\n}' in texts
    assert texts[-2:] == ["raw answer", '```json {"fluent": 4}```']


def test_attempts_are_told_one_by_one_where_one_failed_each_with_its_own_answer() -> None:
    in_vain = SAID._replace(answer="nonsense")
    attempts = (_attempt(1, "failed, again", "no JSON in it", in_vain), _attempt(2, said=SAID))

    texts = _texts(record_html(_record(_cell("review", "A lamp.", attempts=attempts, exchange=SAID))))

    begin = texts.index("2 attempts")
    assert texts[begin:] == [
        "2 attempts", "1", "failed, again", "from 1.00 s", "0.5 s", "no JSON in it", "raw answer", "nonsense",
        "2", "done", "from 2.00 s", "0.5 s",
    ]  # fmt: skip


def test_the_only_attempt_of_a_cell_that_failed_tells_its_times() -> None:
    cell = _cell("review", state="failed", reason="no", attempts=(_attempt(1, "failed", "no"),))

    assert _texts(record_html(_record(cell)))[-2:] == ["failed: no", "1 attempt · from 1.00 s, failed, took 0.5 s"]


def test_columns_that_are_made_together_tell_what_was_said_once() -> None:
    cells = [_cell(name, "A lamp.", exchange=SAID) for name in ("review", "review__messages")]

    texts = _texts(record_html(_record(*cells)))

    assert texts.count("Be brief.") == 1
    assert "with review" in texts


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("failed", "failed: no"),
        ("skipped", "skipped: no"),
        ("dropped", "dropped: no"),
        ("in flight", "in flight: no"),
    ],
)
def test_what_is_not_there_says_why(state: CellState, words: str) -> None:
    assert words in _texts(record_html(_record(_cell("review", state=state, reason="no"))))


@pytest.mark.parametrize(("finish_reason", "is_told"), [("length", True), ("stop", False), (None, False)])
def test_an_answer_that_was_cut_off_says_so(finish_reason: str | None, is_told: bool) -> None:
    said = SAID._replace(finish_reason=finish_reason)

    texts = _texts(record_html(_record(_cell("review", "A lamp.", exchange=said))))

    assert (CUT_OFF in texts) == is_told


def test_a_dropped_row_says_why_in_its_head() -> None:
    assert _texts(record_html(_record(state="dropped", reason="no; do this")))[-1] == "no; do this"


def test_an_answer_that_is_not_kept_any_more_is_said_to_be_missing() -> None:
    html = record_html(_record(_cell("review", "A lamp.", attempts=(_attempt(1),))))

    assert "What was said to the model is not kept any more." in _texts(html)


@pytest.mark.parametrize("columns", [1, 60, 400])
def test_a_record_is_bounded_however_much_there_is_in_it(columns: int) -> None:
    graph = build_graph({f"c{number}": LLMText("Write.") for number in range(columns)})
    said = Exchange((("system", "<&>'\"" * 40_000), ("user", "x" * 100_000)), "é" * 100_000, "gpt-x", {})
    attempts = tuple(_attempt(number, "failed, again", "z" * 5_000, said) for number in range(20))
    cells = [_cell(name, "<" * 100_000, graph=graph, attempts=attempts, exchange=said) for name in graph.columns]

    html = record_html(_record(*cells, graph=graph))

    read_page(html)
    assert len(html.encode()) < INSPECTOR_SIZE + 2_000


def test_a_page_of_a_record_needs_nothing_else_and_holds_no_script() -> None:
    page = record_page(_record(_cell("review", "A lamp.", exchange=SAID)))

    assert page.startswith("<style>")
    assert not {"script", "a", "iframe", "link"} & {tag for tag, _ in elements(page)}


def test_a_record_says_what_it_is_in_a_line_and_shows_itself_in_a_notebook() -> None:
    record = Record.of(_record(_cell("stars", 4), _cell("review", state="failed"), state="dropped", reason="no"))

    assert repr(record) == "<Record: row 17, dropped, 1 of 2 cells made: no>"
    assert record._repr_html_() == record_page(record)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_stays_text(text: str) -> None:
    def draw(content: str) -> list[str]:
        graph = build_graph({content: LLMText("x", model=content)})
        said = Exchange(((content, content), ("user", content)), content, content, {content: content})
        attempts = (_attempt(1, content, content, said), _attempt(2, content, content, said._replace(answer=content)))
        facts: dict[str, Any] = {"attempts": attempts, "exchange": said, "reason": content}
        states: dict[CellState, Any] = {"done": content, "failed": None, "skipped": content}
        cells = [_cell(content, value, state, graph=graph, **facts) for state, value in states.items()]
        cells.append(_cell(content, {content: [content]}, graph=graph, **facts))
        html = record_page(_record(*cells, state="dropped", reason=content, graph=graph))
        return [tag for tag, _ in elements(html) if tag != "span"]

    assert set(draw(text)) <= set(draw("harmless"))


def test_a_picture_is_shown_larger_than_in_a_table_and_one_that_is_too_large_is_said_in_words() -> None:
    small, large = b"\x89PNG\r\n\x1a\n" + bytes(30_000), b"\x89PNG\r\n\x1a\n" + bytes(1_200_000)

    page = read_page(record_html(_record(_cell("stars", small), _cell("review", large))))

    [image] = [facts for tag, facts in page.elements if tag == "img"]
    assert "max-height:260px" in image["style"]
    assert "png image, 30.0 kB" in page.texts
    assert "image, 1.2 MB: too large to be shown here" in page.texts
