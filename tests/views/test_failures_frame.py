"""A table of failures is read to the end of each line: what to do stands there."""

import pandas as pd
import pytest

from notebook_gen.views.failures_frame import FailuresFrame
from tests.views.hostile import HOSTILE

ERROR = "the answer is no number: " + "it goes on and on about the weather, " * 4 + "and ends"
ADVICE = "say in the prompt that a number alone is wanted, or let the column be a text"


def _frame(count: int = 1) -> FailuresFrame:
    table = pd.DataFrame({"row": range(count), "column": "score", "error": ERROR, "advice": ADVICE, "dropped": True})
    return FailuresFrame(table)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_in_a_terminal_long_texts_are_wrapped_below_their_line(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    head, line, *texts = repr(_frame()).splitlines()

    assert (head.split(), line.split()) == (["row", "column", "dropped"], ["0", "0", "score", "True"])
    assert " ".join(" ".join(texts).split()) == f"error: {ERROR} advice: {ADVICE}"
    assert max(map(len, texts)) <= columns


def test_in_a_notebook_nothing_is_cut_and_nothing_is_markup() -> None:
    html = _frame()._repr_html_() or ""

    assert ERROR in html
    assert ADVICE in html
    for text in HOSTILE:
        of_text, harmless = (
            _frame().assign(error=pd.Series([said], dtype=object))._repr_html_() or "" for said in (text, "harmless")
        )
        assert of_text.count("<") == harmless.count("<")


def test_what_is_chosen_of_them_is_shown_alike_and_is_data_as_ever() -> None:
    frame = _frame(3)

    assert ADVICE in (frame[frame["row"] > 1]._repr_html_() or "")
    assert "error: the answer" in repr(frame.head(1)[["row", "error"]])
    assert repr(frame[["error"]]) == repr(pd.DataFrame(frame[["error"]]))
    assert frame["row"].tolist() == [0, 1, 2]
    pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(_frame(3)))


def test_of_very_many_the_first_and_the_last_are_shown() -> None:
    lines = repr(_frame(100)).splitlines()

    assert [line.split()[0] for line in lines if line[:1].isdigit()] == [*"01234", *map(str, range(95, 100))]
    assert lines.count("…") == 1
    assert lines[-1] == "[100 rows x 5 columns]"
