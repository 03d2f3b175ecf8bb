"""Failures: why rows were dropped and cells stay empty."""

import re

import pytest

import notebook_gen as ng
from notebook_gen.config.columns import LLMText
from notebook_gen.errors import DroppedByProcessor, GenerationError, Rejected, Transient
from notebook_gen.events import CellFailed, Event, RowDropped, RowsDone, TaskEnded
from notebook_gen.observers.failures import Failure, FailureGroup, Failures
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import Task

GRAPH = build_graph({"text": LLMText("Write."), "score": LLMText("Judge {{ text }}")})
WRONG = Rejected("no answer", advice="look at the prompt")
BROKEN = Transient("the connection broke")


def failures_of(*events: Event) -> Failures:
    failures = Failures(GRAPH)
    for event in events:
        failures(event)
    return failures


def test_a_dropped_row_is_told_with_its_column_attempt_error_and_advice() -> None:
    failures = failures_of(RowDropped(1.0, 0, 7, 1, 3, WRONG))

    assert failures.items == [Failure(7, "score", 3, "rejected", "no answer", "look at the prompt", dropped=True)]


def test_a_cell_that_stays_empty_is_told_as_one_whose_row_lives() -> None:
    failures = failures_of(CellFailed(1.0, 0, 7, 0, 3, BROKEN))

    assert failures.items == [Failure(7, "text", 3, "transient", "the connection broke", "", dropped=False)]


def test_an_empty_cell_of_a_row_that_is_dropped_later_counts_no_more() -> None:
    failures = failures_of(
        CellFailed(1.0, 0, 7, 0, 3, BROKEN),
        CellFailed(1.0, 0, 8, 0, 3, BROKEN),
        CellFailed(1.0, 0, 9, 0, 3, WRONG),
        RowDropped(2.0, 0, 7, 1, 1, WRONG),
        RowDropped(2.0, 0, 9, 1, 1, WRONG),
    )

    table = failures.to_pandas()
    assert table[["row", "column", "dropped"]].values.tolist() == [
        [7, "score", True],
        [8, "text", False],
        [9, "score", True],
    ]
    assert failures.count == 3
    assert [(group.example.column, group.rows) for group in failures.most_common()] == [("score", 2), ("text", 1)]


def test_a_row_that_a_processor_dropped_is_told_with_stage_and_name_and_what_to_do() -> None:
    failures = failures_of(RowDropped(1.0, 0, 7, None, 1, DroppedByProcessor("p", "post_batch"), was_done=True))

    problem = "was dropped by the processor 'p'"
    advice = "let it keep the row, or del builder.processors['post_batch', 'p']"
    assert failures.items == [Failure(7, "post_batch: p", 1, "processor", problem, advice, dropped=True)]


def test_an_attempt_that_is_followed_by_another_is_no_failure() -> None:
    failures = failures_of(TaskEnded(1.0, Task(0, 0, 0), 0, BROKEN, None, again=True), RowsDone(2.0, 0, 1))

    assert failures.items == []


def test_the_most_common_come_first_by_column_and_error() -> None:
    failures = failures_of(
        RowDropped(1.0, 0, 0, 0, 1, WRONG),
        RowDropped(1.0, 0, 1, 1, 1, WRONG),
        RowDropped(1.0, 0, 2, 1, 1, WRONG),
        RowDropped(1.0, 0, 3, 1, 1, BROKEN),
    )

    assert [(failure.row, failure.column, failure.kind, count) for failure, count, _ in failures.most_common()] == [
        (1, "score", "rejected", 2),
        (0, "text", "rejected", 1),
        (3, "score", "transient", 1),
    ]


def test_what_a_processor_left_out_comes_after_what_failed() -> None:
    by_processor = [RowDropped(1.0, 0, row, None, 1, DroppedByProcessor("p", "post_batch")) for row in range(5)]
    failures = failures_of(*by_processor, RowDropped(1.0, 0, 9, 0, 1, WRONG))

    assert [(group.example.kind, group.rows) for group in failures.most_common()] == [("rejected", 1), ("processor", 5)]


def test_reasons_beyond_a_thousand_count_as_one_of_their_column_and_kind() -> None:
    texts = [f"no answer, says {chr(0x4E00 + number)}" for number in range(1200)]
    failures = failures_of(*(RowDropped(1.0, 0, row, 0, 1, Rejected(text)) for row, text in enumerate(texts)))

    groups = failures.most_common()

    assert len(groups) == 1001
    assert (groups[0].example.row, groups[0].rows, groups[0].differs) == (1000, 200, True)
    assert sum(group.rows for group in groups) == 1200


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ValueError: 43 words, at most 40", "ValueError: 1,048 words, at most 40"),
        ("KeyError: 'pri ce'", 'KeyError: "it\'s"'),
        ("score 0.75 of <Thing at 0x7f3a>", "score 3 of <Thing at 0x81bb>"),
    ],
)
def test_what_differs_in_numbers_and_quoted_texts_is_one_reason(first: str, second: str) -> None:
    failures = failures_of(*(RowDropped(1.0, 0, row, 1, 1, Rejected(text)) for row, text in enumerate([first, second])))

    assert failures.most_common() == [FailureGroup(failures.items[0], 2, differs=True)]


def test_what_says_the_same_each_time_is_told_from_what_differs() -> None:
    failures = failures_of(*(RowDropped(1.0, 0, row, 1, 1, WRONG) for row in range(3)))

    assert failures.most_common() == [FailureGroup(failures.items[0], 3, differs=False)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Rejected("the endpoint refused (401)"), Rejected("the endpoint refused (404)")),
        (Rejected("timed out"), Transient("timed out")),
        (Rejected("it's not in sight"), Rejected("it's not in range, isn't it")),
        (Rejected("KeyError: 'a'", advice="look at f(), x.py:3: row[name]"), Rejected("KeyError: 'b'")),
    ],
    ids=["status", "kind", "apostrophes", "place"],
)
def test_what_tells_reasons_apart_is_kept(first: GenerationError, second: GenerationError) -> None:
    failures = failures_of(RowDropped(1.0, 0, 0, 1, 1, first), RowDropped(1.0, 0, 1, 1, 1, second))

    assert [group.rows for group in failures.most_common()] == [1, 1]


def test_one_bug_of_a_function_is_one_reason_whatever_it_says_and_another_line_is_another() -> None:
    builder = ng.DatasetBuilder(seed=1, settings=ng.RunSettings(disable_early_shutdown=True))
    builder["n"] = ng.Integer(0, 5)

    @builder.column
    def sized(n: int) -> int:
        if n == 0:
            raise ValueError("there is nothing here")
        raise ValueError(["a", "bc", "def", "ghij", "klmno"][n - 1] + " does not fit")

    run = builder.preview(60)
    with pytest.raises(ng.NoRowsLeft):
        run.result()

    assert len(set(run.failures()["error"])) == 6
    counts = re.findall(r'<td class="ng-wraps"><b>(\d+)</b>', run._repr_html_())
    nothing = sum("nothing" in error for error in run.failures()["error"])
    assert counts == [str(60 - nothing), str(nothing)]


def test_as_a_table_it_has_a_row_a_failure_and_the_same_columns_without_any() -> None:
    names = ["row", "column", "attempt", "kind", "error", "advice", "dropped"]

    table, empty = failures_of(RowDropped(1.0, 0, 7, 1, 3, WRONG)).to_pandas(), failures_of().to_pandas()

    assert list(table.columns) == list(empty.columns) == names
    assert table.values.tolist() == [[7, "score", 3, "rejected", "no answer", "look at the prompt", True]]
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == table.dtypes.to_dict()
    assert empty[empty.dropped].row.tolist() == []


def test_as_a_table_they_stand_in_the_order_of_rows_then_columns_then_attempts() -> None:
    failures = failures_of(
        RowDropped(1.0, 0, 9, 1, 1, WRONG),
        CellFailed(2.0, 0, 2, 1, 2, WRONG),
        CellFailed(3.0, 0, 2, 0, 1, BROKEN),
        CellFailed(4.0, 0, 2, 1, 1, WRONG),
        RowDropped(5.0, 0, 0, None, 1, DroppedByProcessor("p", "post_batch"), was_done=True),
    )

    table = failures.to_pandas()

    assert table[["row", "column", "attempt"]].values.tolist() == [
        [0, "post_batch: p", 1],
        [2, "text", 1],
        [2, "score", 1],
        [2, "score", 2],
        [9, "score", 1],
    ]
