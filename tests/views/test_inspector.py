"""The inspector shows the record that a page asks for, and brings it up to date until its row has ended."""

from typing import Any

import pytest

from notebook_gen.engine.snapshots import CellState
from notebook_gen.observers.records import CellRecord, RowRecord, RowState
from notebook_gen.views.inspector import InspectorFeed
from notebook_gen.views.publisher import Publisher
from tests.views.fake_run import FakeRun, review_run
from tests.views.recording_board import RecordingBoard


def _record(run: FakeRun, row: int, state: RowState, value: str) -> RowRecord:
    cell_state: CellState = "done"
    cells = tuple(
        CellRecord(name, run.graph.nodes[node], cell_state, value) for name, node in run.graph.columns.items()
    )
    return RowRecord(row, 0, state, "", cells, run.graph)


def _stage() -> tuple[FakeRun, RecordingBoard, InspectorFeed]:
    run, board = review_run(), RecordingBoard()
    run.records = {row: _record(run, row, "in progress", f"value {row}") for row in range(3)}
    return run, board, InspectorFeed(run, board)


def test_a_record_is_shown_when_somebody_asks_for_it() -> None:
    _, board, feed = _stage()

    feed.answer([{"record": 1}, {"window": None}])

    assert (board.record["row"], board.record["last"]) == (1, 39)
    assert "value 1" in board.record["html"]


def test_of_several_records_that_were_asked_for_the_last_is_shown() -> None:
    _, board, feed = _stage()

    feed.answer([{"record": 1}, {"record": 2}])

    assert (board.heard, board.record["row"]) == (["record"], 2)


def test_a_record_is_brought_up_to_date_until_its_row_has_ended() -> None:
    run, board, feed = _stage()
    feed.answer([{"record": 1}])
    board.forget()

    feed.show()
    assert board.heard == []
    run.records[1] = _record(run, 1, "done", "all there")
    feed.show()
    assert "all there" in board.record["html"]
    run.records.clear()
    feed.show()

    assert board.heard == ["record"]


def test_a_row_that_is_not_begun_says_so_until_it_is() -> None:
    run, board, feed = _stage()

    feed.answer([{"record": 9}])
    assert "row 9 was not begun yet" in board.record["html"]
    run.records[9] = _record(run, 9, "done", "here")
    feed.show()

    assert "here" in board.record["html"]


def test_what_is_closed_is_not_looked_at_any_more() -> None:
    run, board, feed = _stage()
    feed.answer([{"record": 1}])
    feed.answer([{"record": None}])
    assert board.record == {}
    board.forget()

    run.records[1] = _record(run, 1, "done", "all there")
    feed.show()

    assert board.heard == []


@pytest.mark.parametrize("nonsense", [True, -1, 1 << 40, 1.5, "1", [1], {"row": 1}])
def test_what_is_no_row_is_not_heard(nonsense: Any) -> None:
    _, board, feed = _stage()

    feed.answer([{"record": nonsense}])

    assert board.heard == []


def test_a_live_view_shows_the_record_that_its_page_asks_for_at_the_next_tick_and_after_the_run() -> None:
    run, board, _ = _stage()
    errors: list[Exception] = []
    publisher = Publisher(run, board, errors.append)
    publisher.begin()

    publisher.hear({"record": 1})
    publisher.tick()
    assert board.record["row"] == 1
    run.finish()
    publisher.finish()
    publisher.hear({"record": 2})
    publisher.answer()

    assert (board.record["row"], errors) == (2, [])
