"""A record in a terminal: readable, bounded, and harmless whatever stands in it."""

from typing import Any

import pytest

from notebook_gen.config.columns import Integer, LLMText
from notebook_gen.observers.records import Attempt, CellRecord, RowRecord
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.values import Exchange
from notebook_gen.record import Record
from notebook_gen.views.record_text import CUT_OFF, record_text
from notebook_gen.views.text import visible
from tests.views.hostile import HOSTILE

GRAPH = build_graph({"stars": Integer(1, 5), "review": LLMText("Write.", model="writer"), "reply": LLMText("Answer.")})
SAID = Exchange((("system", "Be brief."), ("user", "Write of a lamp.")), "{}", "gpt-x", {"temperature": 0.5})


def _cell(column: str, value: Any = None, **facts: Any) -> CellRecord:
    return CellRecord(column, GRAPH.nodes[GRAPH.columns[column]], facts.pop("state", "done"), value, **facts)


def _record(*cells: CellRecord, reason: str = "") -> RowRecord:
    return RowRecord(17, 1, "dropped" if reason else "done", reason, cells, GRAPH)


def _attempt(number: int, state: str, error: str | None = None, said: Exchange | None = None) -> Attempt:
    return Attempt(number, state, 0.5 * number, 1.0 * number, 1.0 * number + 0.5, 612, 240, error, said)


def test_a_record_tells_values_what_was_said_and_every_attempt() -> None:
    in_vain = SAID._replace(answer="nonsense")
    attempts = (_attempt(1, "failed, again", "no JSON in it", in_vain), _attempt(2, "done", said=SAID))
    review = _cell("review", "A lamp.\nIt shines.", attempts=attempts, exchange=SAID)
    skipped = _cell("reply", state="skipped", reason="skip_if says so")

    assert record_text(_record(_cell("stars", 4), review, skipped)).splitlines() == [
        "row 17 · done · row group 1",
        "",
        "stars · integer 1 to 5",
        "  4",
        "",
        "review · LLM text · writer",
        "  A lamp.",
        "  It shines.",
        "  prompt, to the model gpt-x · temperature 0.5",
        "    system:",
        "      Be brief.",
        "    user:",
        "      Write of a lamp.",
        "    raw answer:",
        "      {}",
        "  2 attempts",
        "    1 · failed, again · from 1.00 s, took 0.5 s · 612 tokens in, 240 out",
        "       no JSON in it",
        "       raw answer: nonsense",
        "    2 · done · from 2.00 s, took 0.5 s · 612 tokens in, 240 out",
        "",
        "reply · LLM text · default",
        "  (skipped: skip_if says so)",
    ]


def test_an_answer_that_is_the_value_is_said_to_be_it() -> None:
    same = _cell("review", "A lamp.", exchange=SAID._replace(answer=" A lamp.\n"))

    assert "    raw answer: the value, as it stands" in record_text(_record(same)).splitlines()


def test_an_answer_that_was_cut_off_says_so() -> None:
    cut = _cell("review", "A lamp", exchange=SAID._replace(finish_reason="length"))

    assert f"  {CUT_OFF}" in record_text(_record(cut)).splitlines()
    assert CUT_OFF not in record_text(_record(_cell("review", "A lamp", exchange=SAID)))


def test_print_writes_the_record_and_its_repr_stays_a_line() -> None:
    found = _record(_cell("stars", 4), reason="no answer")
    record = Record.of(found)

    assert str(record) == record_text(found)
    assert str(record).splitlines()[:2] == ["row 17 · dropped · row group 1", "  no answer"]
    assert "\n" not in repr(record)


def test_giants_are_cut_and_say_how_much_there_is() -> None:
    giant = "word " * 100_000
    cells = [_cell("review", giant, exchange=SAID._replace(messages=(("user", giant),))), _cell("stars", 4)]

    lines = record_text(_record(*cells * 100, reason=giant)).splitlines()

    assert "  … (500,000 characters in all)" in lines
    assert max(map(len, lines)) <= 100
    assert lines[-1] == "and 140 more columns: list(record) names them, record[name] has each"
    assert len(lines) < 2_500


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_cannot_move_the_cursor_or_hide_what_follows(text: str) -> None:
    said = Exchange(((text, text),), text, text, {text: text})
    attempts = (_attempt(1, "done", text, said),)

    written = record_text(_record(_cell("review", text, attempts=attempts, exchange=said, reason=text), reason=text))

    assert written == visible(written)
