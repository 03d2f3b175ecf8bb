"""The page of rows: the newest, or in order as somebody turns the pages; never more than is shown."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from notebook_gen.engine.snapshots import RowView
from notebook_gen.events import RowsDone, RunFinished, RunStarted
from notebook_gen.views.feeds import PAGE_ROWS, FailuresFeed, HeadFeed, RowsFeed
from tests.views.fake_run import REVIEW, FakeRun, review_run
from tests.views.hostile import read_page
from tests.views.recording_board import RecordingBoard


def _stage(rows: int = 40) -> tuple[FakeRun, RecordingBoard, RowsFeed]:
    run, board = review_run(rows), RecordingBoard()
    run.views = [RowView(row, False, ("done",) * 4, (row, "dry", f"review {row}", "4")) for row in range(20)]
    return run, board, RowsFeed(run, board)


def _shown(board: RecordingBoard) -> list[int]:
    """The numbers of the rows of the page."""
    return [int(facts["data-row"]) for _, facts in read_page(board.html["rows"]).elements if "data-row" in facts]


def test_the_newest_rows_are_shown_until_somebody_asks_for_others() -> None:
    _, board, feed = _stage()

    feed.show()

    assert _shown(board) == [19, 18, 17, 16, 15, 14]
    assert board.rows is not None
    assert (board.rows["order"], board.rows["first"], board.rows["end"]) == ("newest", 0, 40)


def _widths(board: RecordingBoard) -> list[str | None]:
    return [facts["style"] for tag, facts in read_page(board.html["rows"]).elements if tag == "col"]


def test_columns_settle_once_when_some_rows_are_done_and_do_not_move_from_then_on() -> None:
    run, board, feed = _stage()
    run.views = run.views[:2]
    feed.show()
    at_first = _widths(board)
    run.publish(RowsDone(1.0, 0, 2))
    feed.show()
    assert _widths(board) == at_first

    run.publish(RowsDone(2.0, 0, 1))
    feed.show()
    settled = _widths(board)
    long = "A review of more words than all that came before it. " * 4
    run.views.append(RowView(9, False, ("done",) * 4, (10_000_000, "dry", long, long)))
    run.publish(RowsDone(3.0, 0, 30))
    feed.show()

    assert settled != at_first
    assert _widths(board) == settled


def test_a_page_says_whether_its_run_is_over() -> None:
    run, board, feed = _stage()
    feed.show()
    assert board.rows is not None
    before = board.rows

    run.finish()
    feed.show()

    assert (before["is_over"], board.rows["is_over"]) == (False, True)


def test_pages_are_turned_in_order_and_rows_that_are_not_begun_wait() -> None:
    _, board, feed = _stage()

    feed.answer([{"rows": {"order": "in order", "first": 18}}])

    assert _shown(board) == [18, 19, 20, 21, 22, 23]
    assert read_page(board.html["rows"]).texts.count("waiting") == 16
    feed.answer([{"rows": {"order": "newest"}}])
    assert _shown(board)[0] == 19


def test_the_last_page_ends_with_the_last_row_and_none_lies_behind_it() -> None:
    _, board, feed = _stage()

    feed.answer([{"rows": {"order": "in order", "first": 6}}, {"rows": {"order": "in order", "first": 10_000}}])

    assert (_shown(board), board.heard) == ([39], ["rows"])


def test_a_page_stays_where_it_is_while_the_run_goes_on() -> None:
    run, board, feed = _stage()
    feed.answer([{"rows": {"order": "in order", "first": 18}}])

    run.views.append(RowView(20, False, ("done",) * 4, (5, "dry", "a late review", "4")))
    feed.show()

    assert _shown(board) == [18, 19, 20, 21, 22, 23]
    assert "a late review" in board.html["rows"]


@pytest.mark.parametrize(
    "nonsense", [None, 7, "newest", {}, {"order": "in order"}, {"order": "in order", "first": True}, {"order": "odd"}]
)
def test_what_is_no_page_is_not_heard(nonsense: Any) -> None:
    _, board, feed = _stage()

    feed.answer([{"rows": nonsense}, {"record": 3}])

    assert board.heard == []


def test_a_page_of_pictures_and_long_texts_is_small() -> None:
    run, board, feed = _stage()
    picture = b"\x89PNG\r\n\x1a\n" + bytes(9_000)
    run.views = [RowView(row, False, ("done",) * 4, (picture, "x" * 9_000, {"a": "y" * 9_000}, 4)) for row in range(6)]

    feed.show()

    assert len(board.html["rows"]) < 64_000
    assert board.html["rows"].count("<img") == 2
    assert len(_shown(board)) == PAGE_ROWS


def test_a_page_says_how_many_rows_a_row_group_has() -> None:
    run, board, feed = _stage()
    run.row_group_size = 25

    feed.show()

    assert board.rows is not None
    assert board.rows["group"] == 25


def test_failures_are_drawn_again_when_other_cells_wait_for_another_try() -> None:
    run, board, _ = _stage()
    feed = FailuresFeed(run, board)
    feed.show()
    assert "No failures." in board.html["failures"]

    run.deferred = {2: 14}
    feed.show()
    feed.show()

    assert "review: 14 cells wait for another try" in board.html["failures"]
    assert board.heard.count("failures") == 2


class _Racing(FakeRun):
    """A run that goes on while a view looks at it: a row is dropped whenever somebody asks what waits."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.itself = self

    def waiting_since(self) -> Mapping[int, Sequence[float]]:
        self.itself.attempt_in_vain(REVIEW, 9, 1.0, 2.0)
        self.itself.drop(9, REVIEW, "no")
        return super().waiting_since()


def test_all_counts_are_from_one_look_at_the_run() -> None:
    graph = review_run().graph
    run, board = _Racing(graph), RecordingBoard()
    run.publish(RunStarted(0.0, 40, 0.0))
    run.attempt_in_vain(REVIEW, 1, 0.0, 1.0)
    run.drop(1, REVIEW, "no")

    HeadFeed(run, board).show()

    assert len(run.failures.items) == 2
    assert '<b class="ng-bad">1</b><span>dropped</span>' in board.html["head facts"]
    assert board.numbers is not None
    assert board.numbers["nodes"][REVIEW]["failed"] == "×1"
    assert board.columns is not None
    assert "1 failed" in board.columns["words"][REVIEW]
    assert board.failures == 1


def test_a_cancelled_run_offers_to_give_up_once_the_wait_is_over_and_nothing_in_between() -> None:
    run, board = review_run(40), RecordingBoard()
    feed, offers = HeadFeed(run, board), []

    for gives_up_at in (None, 5.0, 0.0):
        run.gives_up_at = gives_up_at
        feed.show()
        offers.append(board.cancel)

    assert offers == ["cancel", "wait", "give up"]


def test_a_cancelled_run_that_is_not_over_is_shown_as_cancelling() -> None:
    run, board = review_run(40), RecordingBoard()
    feed = HeadFeed(run, board)
    run.gives_up_at = 5.0

    feed.show()

    assert board.state == "cancelling"


def test_a_run_that_ends_without_a_whole_row_says_what_was_made_and_why_none_is_whole() -> None:
    run, board = review_run(40), RecordingBoard()
    feed = RowsFeed(run, board)
    run.attempt(REVIEW, 0, 1.0, 2.0)
    run.attempt(REVIEW, 1, 1.0, 2.0)

    run.publish(RunFinished(3.0, "cancelled", None))
    feed.show()

    said = (
        "No row is whole: 2 of 160 cells were made (stars 0, tone 0, review 2, score 0), and the run was cancelled "
        "before any row had all of its cells."
    )
    assert [text for text in read_page(board.html["rows"]).texts if text.strip()] == [said]


def test_a_run_that_made_nothing_says_so() -> None:
    run, board = review_run(40), RecordingBoard()
    run.publish(RunFinished(3.0, "cancelled", None))

    RowsFeed(run, board).show()

    assert "No rows were made." in board.html["rows"]
