"""The head says state and facts, and what stands beside the DAG says where the work is."""

import re

import pytest

from notebook_gen.config.columns import Column, LLMText
from notebook_gen.config.models import Model
from notebook_gen.errors import RateLimited, Rejected, RunCancelled
from notebook_gen.events import (
    CellsKept,
    CellsSkipped,
    DatasetReplaced,
    LimitMoved,
    RowDropped,
    RowGroupKept,
    RowGroupOpened,
    RowGroupWritten,
    RowsDone,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    TaskEnded,
    TaskStarted,
)
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import RowGroup, Task
from notebook_gen.plan.values import Usage
from notebook_gen.views.head import (
    bar_html,
    bar_segments,
    count_side_lines,
    error_html,
    head_html,
    side_html,
)
from notebook_gen.views.source import InVain
from notebook_gen.views.summary import full_counts, row_counts, say_spending
from tests.views.fake_run import REVIEW, SCORE, FakeRun, review_run, traced_run
from tests.views.hostile import HOSTILE, elements, read_page


def _texts(html: str) -> list[str]:
    return [text for text in read_page(html).texts if text.strip()]


def _finished_run() -> FakeRun:
    run = traced_run()
    for row in range(40):
        run.attempt(REVIEW, row, row * 2.0, row * 2.0 + 2.0)
    run.publish(RowsDone(80.0, 0, 40))
    run.finish()
    return run


def test_a_run_that_goes_on_says_how_many_calls_are_in_flight() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 0.0, 1.0)
    run.attempt(REVIEW, 1, 1.0)
    run.attempt(SCORE, 0, 1.0)
    run.drop(5, REVIEW, "no")

    assert _texts(head_html(run)) == [
        "running", "0:01", "elapsed", "0 of 40", "rows done", "1", "dropped", "2 of 16", "calls in flight",
        "30", "tokens",
    ]  # fmt: skip


def test_a_limit_that_has_moved_is_told_and_the_ceiling_beside_it() -> None:
    run = traced_run()
    run.publish(LimitMoved(0.5, "model judge", 4, 0.0))
    for row in range(3):
        run.attempt(SCORE, row, 1.0, slot=row)

    assert "3 of 16" in _texts(head_html(run))
    assert _texts(side_html(run, waiting=0))[:4] == [
        "default",
        "0 of 8 in flight",
        "judge",
        "3 of 8 in flight, limit 4",
    ]


def test_a_run_that_is_over_says_how_many_calls_it_took() -> None:
    assert _texts(head_html(_finished_run())) == [
        "finished", "1:20", "elapsed", "40 of 40", "rows done", "0", "dropped", "40", "calls", "1,200", "tokens",
    ]  # fmt: skip


def test_rows_that_are_done_dropped_and_to_come_add_up_while_processors_leave_out_some() -> None:
    run = review_run(rows=40)
    group = RowGroup(0, 0, 30)

    run.publish(RunStarted(0.0, 40, 0.0), RowGroupOpened(0.0, group), RowsDone(1.0, 0, 28))
    run.drop(29, REVIEW, "no")
    assert _texts(head_html(run))[3:7] == ["28 of 40", "rows done", "1", "dropped"]

    late = [RowDropped(2.0, 0, row, None, 1, Rejected("twice"), was_done=True) for row in range(5)]
    run.publish(*late)
    assert _texts(head_html(run))[3:7] == ["23 of 40", "rows done", "6", "dropped · 5 by processors"]

    run.publish(RowGroupWritten(2.0, group, 23), RowsDone(3.0, 1, 10))
    assert row_counts(run.progress) == ["33 of 40 rows", "6 dropped (5 by processors)"]

    run.publish(DatasetReplaced(4.0, 12, is_renumbered=False))
    assert _texts(head_html(run))[3:5] == ["33 of 40", "rows done · 12 in the dataset"]
    assert row_counts(run.progress) == ["33 of 40 rows", "6 dropped (5 by processors)", "12 in the dataset"]


def test_while_processors_may_leave_rows_out_those_that_were_made_never_get_fewer() -> None:
    run = review_run(rows=40)
    run.progress.processors = {"post_batch": ("few", "tidy"), "after_run": ("one",)}
    group = RowGroup(0, 0, 30)
    late = [RowDropped(2.0, 0, row, None, 1, Rejected("twice"), was_done=True) for row in range(5)]

    run.publish(RunStarted(0.0, 40, 0.0), RowGroupOpened(0.0, group), RowsDone(1.0, 0, 30))
    assert _texts(head_html(run))[3:5] == ["30 of 40", "rows made"]
    assert row_counts(run.progress) == ["30 of 40 rows made"]
    assert "post-batch: few, tidy may leave out rows when their row group is finished" in head_html(run)

    run.publish(*late, RowGroupWritten(2.0, group, 25))
    assert _texts(head_html(run))[3:7] == ["30 of 40", "rows made · 25 passed", "5", "dropped · 5 by processors"]
    assert full_counts(run.progress) == ["30 of 40 rows made", "25 passed", "5 dropped (5 by processors)"]

    run.publish(RunFinished(3.0, "cancelled", None))
    assert _texts(head_html(run))[3:7] == ["25 of 40", "rows done", "5", "dropped · 5 by processors"]


def test_an_estimate_is_made_of_how_long_the_cells_that_are_left_take() -> None:
    run = traced_run(rows=10)
    for row in range(5):
        run.attempt(REVIEW, row, row * 2.0, row * 2.0 + 2.0)
    assert "elapsed" in _texts(head_html(run))
    assert "of about" not in head_html(run)  # no score was made yet: nobody knows how long one takes

    run.attempt(SCORE, 0, 10.0, 12.0)
    assert _texts(head_html(run))[1:3] == ["0:12", "of about 0:40"]

    run.publish(CellsSkipped(12.0, SCORE, 0, 5))
    assert _texts(head_html(run))[1:3] == ["0:12", "of about 0:30"]


def test_nothing_is_estimated_while_an_endpoint_gives_no_good_answer() -> None:
    run = traced_run(rows=10)
    for row in range(5):
        run.attempt(REVIEW, row, row * 2.0, row * 2.0 + 2.0)
    run.attempt(SCORE, 0, 10.0, 12.0)
    assert "of about 0:40" in head_html(run)

    run.calls_in_vain = [InVain("model default", 40.0, "busy")]

    assert "elapsed" in _texts(head_html(run))


def test_an_estimate_leaves_out_the_time_in_which_the_run_was_paused() -> None:
    run = traced_run(rows=10)
    for row in range(5):
        run.attempt(REVIEW, row, row * 2.0, row * 2.0 + 2.0)
    run.attempt(SCORE, 0, 10.0, 12.0)

    run.publish(RunPaused(12.0), RunResumed(132.0))
    run.now = 132.0

    assert _texts(head_html(run))[1:3] == ["2:12", "of about 2:40"]


def test_nothing_is_estimated_when_nothing_is_left_to_make() -> None:
    run = traced_run(rows=10)
    for row in range(10):
        run.attempt(REVIEW, row, row * 2.0, row * 2.0 + 2.0)
        run.attempt(SCORE, row, row * 2.0, row * 2.0 + 2.0)
    run.publish(RowsDone(20.0, 0, 10))
    run.now = 22.0

    assert _texts(head_html(run))[:3] == ["running", "0:22", "elapsed"]


def test_a_cancelled_run_says_what_it_waits_for_and_what_can_be_done() -> None:
    run = traced_run(rows=10)
    run.now, run.gives_up_at = 22.0, 29.0
    said = head_html(run)
    assert _texts(said)[0] == "cancelling"
    assert 'class="ng-state ng-cancelling"' in said
    assert _texts(said)[-2:] == ["your code has not returned", "callback or processor · Give up in 7 s"]

    run.now = 30.0
    assert _texts(head_html(run))[-1] == "callback or processor · Give up leaves it behind"

    run.publish(RunFinished(30.0, "cancelled", None))
    assert _texts(head_html(run))[0] == "cancelled"
    assert "not returned" not in head_html(run)


def test_beside_the_graph_stands_for_how_long_an_endpoint_has_given_no_good_answer() -> None:
    run = traced_run(rows=10)
    run.calls_in_vain = [InVain("model judge", 40.0, "503 upstream is gone"), InVain("model default", 2.0, "busy")]

    assert _texts(side_html(run, waiting=0))[:4] == ["default", "0 of 8 in flight", "judge", "no good answer for 0:40"]


def test_a_cancel_that_is_done_at_once_changes_nothing_but_the_state() -> None:
    run = traced_run(rows=10)
    run.attempt(REVIEW, 0, 1.0)
    before = _texts(head_html(run))

    run.cancelled_at, run.gives_up_at = run.now - 0.5, run.now + 9.5

    assert _texts(head_html(run)) == ["cancelling", *before[1:]]


def test_a_cancel_moves_none_of_the_facts_that_stay() -> None:
    run = traced_run(rows=10)
    before = re.findall(r"min-width:(\d+)px", head_html(run))[:3]

    run.gives_up_at = 10.0

    assert re.findall(r"min-width:(\d+)px", head_html(run))[:3] == before


def test_tokens_and_cost_are_told_with_what_they_will_have_come_to() -> None:
    run = traced_run(rows=10)
    run.models["judge"] = Model("gpt-x", price=(1_000.0, 2_000.0))
    for row in range(5):
        run.attempt(REVIEW, row, row * 2.0, row * 2.0 + 2.0)
    run.attempt(SCORE, 0, 10.0, 12.0)
    assert _texts(head_html(run))[-2:] == [
        "180 · at least $0.050",
        "tokens",
    ]  # a single score says little about the others

    for row in (1, 2, 3, 4):
        run.attempt(SCORE, row, 12.0, 14.0)
    assert _texts(head_html(run))[-2:] == ["300 · at least $0.25", "of about 600 tokens · $0.50"]
    assert 'title="default has no price"' in head_html(run)

    run.drop(9, REVIEW, "no")
    assert _texts(head_html(run))[-2:] == ["300 · at least $0.25", "of about 540 tokens · $0.45"]

    run.finish()
    assert _texts(head_html(run))[-2:] == ["300 · at least $0.25", "tokens · default has no price"]
    run.models["default"] = run.models["judge"]
    assert _texts(head_html(run))[-2:] == ["300 · $0.50", "tokens"]


def test_tokens_are_rounded_to_what_was_used_and_not_cut() -> None:
    run = traced_run()
    task = Task(REVIEW, 0, 0)
    run.publish(TaskStarted(0.0, task, 0.0, 0), TaskEnded(1.0, task, 0, None, Usage(31_000, 988)))
    run.finish()

    assert _texts(head_html(run))[-2:] == ["32.0 k", "tokens"]
    assert say_spending(run) == ["32.0 k tokens"]


def test_no_fact_moves_another_while_a_run_goes_on() -> None:
    def widths(run: FakeRun) -> list[str]:
        return re.findall(r"min-width:(\d+)px", head_html(run))

    run = traced_run(rows=10)
    before = widths(run)
    for row in range(10):
        run.attempt(REVIEW, row, row * 2.0, row * 2.0 + 2.0)
        run.attempt(SCORE, row, row * 2.0, row * 2.0 + 2.0)

    assert widths(run) == before
    assert all(int(width) > 30 for width in before)


def test_a_run_that_is_over_says_how_many_attempts_were_in_vain() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 0.0, 1.0)
    refused = RateLimited("the endpoint asks for fewer calls", status=429)
    for row, again in ((1, True), (2, True), (3, False)):
        task = Task(REVIEW, 0, row)
        run.publish(TaskStarted(1.0, task, 1.0, 0), TaskEnded(2.0, task, 0, refused, None, again))
    run.attempt_in_vain(REVIEW, 4, 2.0, 3.0, again=True)
    run.finish()

    assert "calls · 3 retried · 3 × 429" in _texts(head_html(run))


def test_cells_that_an_earlier_run_made_are_told_apart() -> None:
    run = traced_run()
    run.publish(CellsKept(0.0, REVIEW, 0, 12))
    run.attempt(REVIEW, 12, 0.0, 1.0)

    assert _texts(side_html(run, waiting=0))[-2:] == ["cells", "1 made · 12 kept"]


def test_the_bar_has_a_segment_for_each_column_that_is_made() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 0.0, 1.0)

    assert bar_segments(run.graph, run.progress) == [
        {"node": 0, "share": 0.0}, {"node": 1, "share": 0.0}, {"node": 2, "share": 0.0063}, {"node": 3, "share": 0.0},
    ]  # fmt: skip
    run.publish(CellsSkipped(1.0, SCORE, 0, 40))
    assert bar_segments(run.graph, run.progress)[3] == {"node": 3, "share": 0.25}
    assert [tag for tag, _ in read_page(bar_html(run)).elements] == ["div", *["i"] * 5]


def test_beside_the_dag_stands_where_the_work_is() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 0.0, 1.0)
    run.attempt(SCORE, 0, 1.0)
    run.placeholder_text, run.destination = True, "somewhere/in/a/folder/with/a/long/name"

    assert _texts(side_html(run, waiting=7)) == [
        "default", "0 of 8 in flight", "judge", "1 of 8 in flight", "waiting for a slot", "7 cells", "made", "1 cell",
        "written", "0 rows", "to", "…n/a/folder/with/a/long/name",
        "placeholder text (demo endpoint)",
    ]  # fmt: skip


def test_of_a_long_path_the_end_is_shown_and_whoever_points_at_it_reads_all_of_it() -> None:
    run = review_run()
    run.destination = "somewhere/in/a/folder/with/a/long/name"

    titles = [facts["title"] for tag, facts in read_page(side_html(run, waiting=0)).elements if tag == "b"]

    assert titles[-1] == "somewhere/in/a/folder/with/a/long/name"


def test_whatever_is_cut_beside_the_dag_can_be_read_by_who_points_at_it() -> None:
    run = traced_run()
    run.placeholder_text = True

    page = read_page(side_html(run, waiting=7))

    titles = [
        facts.get("title")
        for tag, facts in page.elements
        if tag in ("span", "b") or "ng-warning" in facts.get("class", "")
    ]
    assert len(titles) == 9
    assert None not in titles


def test_what_is_over_waits_for_nothing() -> None:
    assert _texts(side_html(_finished_run(), waiting=0)) == [
        "default", "40 calls · 2.0 s", "judge", "0 calls", "made", "40 cells",
    ]  # fmt: skip


def test_many_resources_share_the_last_line() -> None:
    columns: dict[str, Column] = {f"c{at}": LLMText("x", model=f"model {at}") for at in range(6)}
    graph = build_graph(columns)
    run = FakeRun(graph, ceilings=dict.fromkeys(graph.resources, 2))
    run.attempt(4, 0, 1.0)
    run.attempt(5, 0, 1.0)

    assert _texts(side_html(run, waiting=0))[4:8] == ["model 2", "0 of 2 in flight", "3 more", "2 of 6 in flight"]


@pytest.mark.parametrize("destination", [None, "reviews"])
@pytest.mark.parametrize("placeholder", [False, True])
@pytest.mark.parametrize("models", [0, 1, 4, 9])
def test_beside_the_dag_there_are_as_many_lines_before_and_after_the_run_as_in_it(
    destination: str | None, placeholder: bool, models: int
) -> None:
    columns: dict[str, Column] = {f"c{at}": LLMText("x", model=f"model {at}") for at in range(models)}
    run = FakeRun(build_graph(columns), destination=destination, placeholder_text=placeholder)

    def lines() -> int:
        return len([tag for tag, _ in read_page(side_html(run, waiting=3)).elements if tag == "div"])

    assert lines() == count_side_lines(run)
    run.finish()
    assert lines() == count_side_lines(run)


def test_what_ended_the_run_is_said() -> None:
    run = review_run()
    assert error_html(run) == ""

    run.publish(RunFinished(1.0, "failed", OSError("no space left on <device>")))

    assert _texts(error_html(run)) == ["no space left on <device>"]
    assert "ng-bad" in error_html(run)


def test_a_cancel_is_told_but_not_as_something_bad() -> None:
    run = review_run()

    run.publish(RunFinished(1.0, "cancelled", RunCancelled(3, 10)))

    assert _texts(error_html(run)) == ["the run was cancelled with 3 of 10 rows finished; its rows() gives them"]
    assert "ng-bad" not in error_html(run)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_names_and_errors_stay_text(text: str) -> None:
    def draw(content: str) -> list[tuple[str, tuple[str, ...]]]:
        run = FakeRun(build_graph({"a": LLMText("x", model=content)}), destination=content)
        run.publish(RunFinished(1.0, "failed", OSError(content)))
        return elements(head_html(run) + side_html(run, waiting=0) + error_html(run))

    assert draw(text) == draw("harmless")


def test_rows_that_an_earlier_run_dropped_are_no_failures_of_this_one() -> None:
    run = review_run()
    run.publish(RunStarted(0.0, 40, 0.0), RowGroupKept(0.0, RowGroup(0, 0, 4), [0], 4))
    run.drop(9, REVIEW, "no")

    assert '<b class="ng-bad">4</b><span>dropped · 3 earlier</span>' in head_html(run)
