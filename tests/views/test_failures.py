"""The table of failures says what happened and what to do, whatever text stands in it."""

import pytest

from notebook_gen.errors import DroppedByProcessor, Rejected
from notebook_gen.events import CellFailed, RowDropped
from notebook_gen.views.failures import failures_table
from notebook_gen.views.text import escape, visible
from tests.views.fake_run import review_run
from tests.views.hostile import HOSTILE, elements, read_page

REJECTED = ["rejected", ": the same call would fail again: the prompt, the function or the model has to change"]
PROCESSOR = ["processor", ": no call failed: a processor left the row out, or failed with its row group"]
HOSTILE_TEXTS = pytest.mark.parametrize("text", HOSTILE, ids=ascii)


def _texts(html: str) -> list[str]:
    return [text for text in read_page(html).texts if text.strip()]


def test_failures_are_grouped_with_an_example_and_what_to_do() -> None:
    run = review_run()
    run.drop(4, node=3, problem="the answer is empty", advice="raise max_tokens")
    run.drop(5, node=2, problem="timed out")
    run.drop(6, node=3, problem="the answer is empty", advice="raise max_tokens")

    assert _texts(failures_table(run.failures)) == [
        "rows", "column", "what happened", "example", "what to do",
        "2", "score", "rejected", " · the answer is empty", "row 4", "raise max_tokens",
        "1", "review", "rejected", " · timed out", "row 5", "–", *REJECTED,
    ]  # fmt: skip


@HOSTILE_TEXTS
def test_hostile_errors_stay_text(text: str) -> None:
    def draw(content: str) -> str:
        run = review_run()
        run.drop(0, node=2, problem=content, advice=content)
        return failures_table(run.failures)

    assert elements(draw(text)) == elements(draw("harmless"))
    if len(text) < 100 and text.strip():
        assert visible(" ".join(text.split())) in " ".join(_texts(draw(text)))


def test_a_cell_that_is_left_empty_and_a_row_that_a_processor_dropped_are_failures_too() -> None:
    run = review_run()
    run.publish(CellFailed(1.0, 0, 7, 3, 2, Rejected("no number in it")))
    run.publish(RowDropped(2.0, 0, 8, None, 1, DroppedByProcessor("p", "post_batch", "a duplicate", advice="keep it")))

    assert _texts(failures_table(run.failures))[5:] == [
        "1", "score", "rejected", " · no number in it", "row 7, attempt 2, left empty", "–",
        "1", "post_batch: p", "processor", " · a duplicate", "row 8", "keep it",
        REJECTED[0], f"{REJECTED[1]} · ", *PROCESSOR,
    ]  # fmt: skip


def test_an_error_and_its_advice_are_short_and_whole_for_who_points_at_them() -> None:
    run = review_run()
    run.drop(0, node=2, problem="it broke off " * 12, advice="look at it " * 12)

    html = failures_table(run.failures)

    for said in ("it broke off " * 12, "look at it " * 12):
        assert f'<div class="ng-two-lines" title="{said.strip()}">' in html


def test_no_failures_are_said_in_words() -> None:
    [sentence] = _texts(failures_table(review_run().failures))

    assert sentence.startswith("No failures.")


def test_many_kinds_of_failure_are_counted_not_listed() -> None:
    run = review_run()
    for row in range(60):
        run.drop(row, node=2, problem="e" * row)

    assert "and 10 more kinds of failure" in _texts(failures_table(run.failures, kinds=50))


def test_what_is_tried_again_is_said_where_nothing_was_given_up_and_below_what_was() -> None:
    run = review_run()
    line = "review: 14 cells wait for another try. The last error: no <b>answer"

    [nothing, waiting] = _texts(failures_table(run.failures, retries=[line]))
    assert nothing.startswith("No row was dropped.")
    assert waiting == line
    assert f'title="{escape(line)}"><summary>' in failures_table(run.failures, retries=[line])

    run.drop(4, node=3, problem="the answer is empty")
    assert _texts(failures_table(run.failures, retries=[line]))[-1] == line
