"""The page gets what it needs to draw the timeline, in pieces of a bounded size."""

import json
from itertools import product

import numpy as np
import pytest

from notebook_gen.config.columns import LLMText
from notebook_gen.events import LimitMoved, RunPaused, RunResumed
from notebook_gen.observers.trace import AGAIN, DONE, Trace
from notebook_gen.plan.graph import build_graph
from notebook_gen.views.frames import frame_size
from notebook_gen.views.lanes import LANE_KINDS
from notebook_gen.views.row_turns import RowsFrame
from notebook_gen.views.timeline import MOST_LINES, TimelineFeed
from tests.views.fake_run import REVIEW, SCORE, FakeRun, traced_run
from tests.views.recording_board import RecordingBoard


class _Stage:
    """A timeline's feed on a clock that the test sets."""

    def __init__(self, run: FakeRun) -> None:
        assert run.trace is not None
        self.run = run
        self.board = RecordingBoard()
        self.feed = TimelineFeed(run, run.trace, self.board)

    def tick(self, now: float) -> list[str]:
        self.board.forget()
        self.feed.tick(now)
        return self.board.heard

    def say(self, **message: object) -> list[str]:
        self.board.forget()
        self.feed.answer([message])
        return self.board.heard


def _busy(count: int) -> FakeRun:
    run = traced_run(count)
    for row in range(count):
        run.attempt(REVIEW, row, row * 0.01, row * 0.01 + 0.01, slot=row % 8)
    return run


def test_a_frame_is_sent_when_something_has_happened_and_the_template_once() -> None:
    stage = _Stage(traced_run())
    stage.say(plotly="there")

    assert stage.tick(0.0) == ["template", "frame", "clock"]
    assert stage.tick(0.3) == []
    stage.run.attempt(REVIEW, 0, 1.0)
    assert stage.tick(0.6) == ["frame", "clock"]
    stage.run.attempt(REVIEW, 1, 1.0, slot=1)
    assert stage.tick(0.9) == ["frame", "clock"]
    assert stage.board.timeline["clock"] == {
        "now": 1.0,
        "running": True,
        "note": "2 tasks",
        "figures": {"kind": "slots", "groups": ["2 of 8", "0 of 8"], "waiting": "0 now"},
    }


def test_frames_are_as_small_as_a_redraw_may_be_however_long_the_run_is() -> None:
    for count, kind in product((1, 1400, 2000, 2100, 2600, 20_000), LANE_KINDS):
        stage = _Stage(_busy(count))
        stage.tick(0.0)
        stage.say(lanes=kind)
        stage.say(window={"start": 0.0, "width": count * 0.01, "follows": True, "pixels": 4000})

        frame = stage.board.timeline["frame"]
        assert frame_size(frame) <= 64_000
        assert frame_size(stage.board.timeline.get("detail", frame)) <= 64_000
        json.dumps(frame, allow_nan=False, default=lambda _array: None)


@pytest.mark.parametrize("kind", LANE_KINDS)
def test_two_thousand_attempts_are_bars_each(kind: str) -> None:
    run = _busy(2000)
    stage = _Stage(run)
    stage.say(lanes=kind)
    stage.tick(0.0)

    frame = stage.board.timeline["frame"]
    assert frame["grid"] is None
    assert stage.board.timeline["clock"]["note"] == "2,000 tasks"
    assert len(frame["bars"]["state"]) == 2000 or kind == "rows"


def _weight(frame: object) -> int:
    """Bytes of a frame on the wire: arrays as they are, all else as JSON."""
    arrays: list[bytes] = []
    words = json.dumps(frame, default=arrays.append, ensure_ascii=False)
    return len(words.encode()) + sum(map(len, arrays))


def _restless(models: int, attempts: int, column: str = "column") -> FakeRun:
    """A long run of many models whose limits move all the time; endpoints cool down, calls fail, and it is paused."""
    spec = {f"{column} {number}": LLMText("Write.", model=f"model {number}") for number in range(models)}
    run = FakeRun(build_graph(spec), rows=attempts)
    run.ceilings = dict.fromkeys(run.graph.resources, 8)
    run.trace = trace = Trace(run.graph)
    numbers = np.arange(attempts)
    started = numbers * 0.1
    columns = {
        "node": numbers % models,
        "row_group": numbers * 0,
        "row": numbers // models,
        "attempt": numbers * 0 + 1,
        "slot": numbers // models % 8,
        "ready": started - 5.0,
        "started": started,
        "state": np.where(numbers % 10 == 0, AGAIN, DONE),
        "ended": started + 0.7 * models,
        "tokens_in": numbers * 0 + 400,
        "tokens_out": numbers * 0 + 120,
    }
    trace.extend(columns, {line: f"错误 {line}: " + "限制" * 60 for line in range(0, attempts, 10)})
    run.now = float(columns["ended"][-1])
    for moment in np.linspace(0.0, run.now, 12_000 // models).tolist():
        for number, name in enumerate(run.graph.resources):
            limit = 1 + int(moment * 10 + number) % 8
            run.publish(LimitMoved(moment, name, limit, moment + run.now / 30_000))
    for moment in np.linspace(0.0, run.now, 500).tolist():
        run.publish(RunPaused(moment), RunResumed(moment + run.now / 2_000))
    return run


@pytest.mark.parametrize("models", [2, 24])
@pytest.mark.parametrize("kind", LANE_KINDS)
def test_no_part_of_a_frame_grows_with_what_has_happened(models: int, kind: str) -> None:
    run = _restless(models, 100_000)
    stage = _Stage(run)
    for second in range(20):
        stage.tick(float(second))
    stage.say(lanes=kind)
    windows: list[dict[str, object]] = [
        {"start": 0.0, "width": run.now, "follows": False, "pixels": 4000},
        {"start": 0.5 * run.now, "width": 0.05 * run.now, "follows": False, "pixels": 830},
        {"start": 0.5 * run.now, "width": 60.0, "follows": False, "pixels": 830},
    ]
    weights = [_weight(stage.board.timeline["frame"])]
    for window in windows:
        stage.say(window=window)
        weights.append(_weight(stage.board.timeline["detail"]))

    assert max(weights) <= 64_000
    frame = stage.board.timeline["frame"]
    assert frame_size(frame) == pytest.approx(weights[0], rel=0.01)


@pytest.mark.parametrize("name", ["column", "<b>&amp; </b>'\"" * 9, "限制" * 40], ids=["short", "marks", "wide"])
@pytest.mark.parametrize("kind", LANE_KINDS)
@pytest.mark.parametrize("models", [2, 24])
def test_while_plotly_is_not_there_a_redraw_is_a_frame_or_a_picture_and_never_too_large(
    models: int, kind: str, name: str
) -> None:
    run = _restless(models, 5_000, column=name)
    stage = _Stage(run)
    stage.say(lanes=kind)
    seen: list[str] = []
    for tick in range(12):
        run.publish(RunPaused(run.now), RunResumed(run.now))  # there is always something new
        heard = stage.tick(0.3 * tick)
        sizes = {
            what: _weight(stage.board.timeline[what]) for what in ("template", "frame", "picture") if what in heard
        }
        assert sum(size for what, size in sizes.items() if what != "template") <= 64_000
        seen += sizes

    assert seen.count("picture") >= 2
    assert seen.count("frame") >= 4


def test_every_move_of_a_limit_is_seen_where_somebody_looks_closely() -> None:
    run = _busy(3000)
    for step in range(3000):
        run.publish(LimitMoved(step * 0.01, "model default", 1 + step % 8, 0.0))
    stage = _Stage(run)
    stage.tick(0.0)
    stage.say(window={"start": 10.0, "width": 0.5, "follows": False, "pixels": 800})

    whole, part = (stage.board.timeline[name]["limits"] for name in ("frame", "detail"))

    assert whole["counts"][0] <= 241
    count = part["counts"][0]
    moments, limits = np.frombuffer(part["moments"], "<f8")[:count], np.frombuffer(part["limits"], "<u2")[:count]
    assert moments.tolist() == pytest.approx([10.0 + 0.01 * step for step in range(count)], abs=0.011)
    assert count in (50, 51)
    assert set(np.diff(limits.astype(int)).tolist()) == {1, -7}


def test_while_nothing_happens_time_passes_all_the_same() -> None:
    run = _busy(100)
    stage = _Stage(run)
    stage.say(plotly="there")
    stage.tick(0.0)
    run.waiting = {REVIEW: [0.5]}
    run.publish(RunPaused(1.0))
    stage.tick(1.0)

    sent = []
    for second in range(2, 12):
        run.now = float(second)
        sent += stage.tick(float(second))

    assert 3 <= sent.count("frame") <= 5
    frame = stage.board.timeline["frame"]
    assert frame["end"] == frame["load"]["end"] >= 9.0
    assert frame["pauses"] == [(1.0, None)]
    run.publish(RunResumed(11.0))
    stage.tick(13.0)
    assert stage.board.timeline["frame"]["pauses"] == [(1.0, 11.0)]


def test_after_a_big_frame_the_next_one_waits() -> None:
    stage = _Stage(_busy(1400))
    stage.say(plotly="there")
    assert "frame" in stage.tick(0.0)
    wait = frame_size(stage.board.timeline["frame"]) / 200_000

    stage.run.attempt(SCORE, 0, 20.0)
    assert "frame" not in stage.tick(wait - 0.01)
    assert "frame" in stage.tick(wait + 0.01)


def test_a_frame_that_could_not_be_made_is_tried_again() -> None:
    class Stumbling(FakeRun):
        stumbles = True

        def waiting_since(self) -> dict[int, list[float]]:
            if self.stumbles:
                raise ValueError("not now")
            return {}

    run = traced_run()
    stumbling = Stumbling(run.graph, trace=run.trace)
    stage = _Stage(stumbling)
    with pytest.raises(ValueError, match="not now"):
        stage.tick(0.0)

    stumbling.stumbles = False

    assert "frame" in stage.tick(0.2)


def test_pictures_are_sent_until_plotly_is_there() -> None:
    stage = _Stage(traced_run())
    assert "picture" not in stage.tick(0.0)
    assert "picture" in stage.tick(0.7)
    assert "picture" not in stage.tick(1.0)
    assert "picture" in stage.tick(1.8)

    assert stage.say(plotly="there") == ["picture"]

    assert stage.board.timeline["picture"] == ""
    assert "picture" not in stage.tick(9.0)


def test_pictures_are_sent_again_when_the_page_cannot_draw() -> None:
    stage = _Stage(traced_run())
    stage.tick(0.0)
    stage.say(plotly="there")
    stage.say(plotly="failed")

    assert "picture" in stage.tick(5.0)


def test_plotly_is_sent_to_a_page_that_says_nothing_but_once() -> None:
    stage = _Stage(traced_run())
    assert "plotly" not in stage.tick(0.0)
    assert "plotly" in stage.tick(1.6)
    assert "plotly" not in stage.tick(3.2)

    assert stage.say(plotly="needed") == ["plotly"]


@pytest.mark.parametrize("word", ["there", "needed", "failed"])
def test_plotly_is_not_sent_unasked_to_a_page_that_speaks(word: str) -> None:
    stage = _Stage(traced_run())
    stage.tick(0.0)
    stage.say(plotly=word)

    assert "plotly" not in stage.tick(9.0)


def test_a_window_is_answered_with_its_bars_where_the_whole_run_has_not_all() -> None:
    stage = _Stage(_busy(3000))
    stage.tick(0.0)
    assert stage.board.timeline["frame"]["grid"] is not None
    assert "zoom in" in stage.board.timeline["clock"]["note"]

    assert stage.say(window={"start": 1.0, "width": 2.0, "follows": False, "pixels": 800}) == ["detail"]

    detail = stage.board.timeline["detail"]
    assert detail["grid"] is None
    assert (detail["start"], detail["end"]) == (1.0, 3.0)
    assert len(detail["bars"]["state"]) == pytest.approx(200, abs=3)


def test_a_window_of_a_short_run_is_answered_at_its_own_resolution() -> None:
    stage = _Stage(_busy(100))
    stage.tick(0.0)

    assert stage.say(window={"start": 0.2, "width": 0.1, "follows": False, "pixels": 800}) == ["detail"]

    load = stage.board.timeline["detail"]["load"]
    assert (load["start"], load["end"]) == pytest.approx((0.2, 0.3))


def test_while_a_part_is_looked_at_it_is_kept_up_to_date_and_the_whole_now_and_then() -> None:
    stage = _Stage(_busy(100))
    stage.say(plotly="there")
    stage.tick(0.0)
    stage.say(window={"start": 0.0, "width": 90.0, "follows": False, "pixels": 800})

    heard = []
    for second in range(1, 7):
        stage.run.attempt(REVIEW, second, 10.0 + second, 10.5 + second)
        heard.append([name for name in stage.tick(float(second)) if name in ("frame", "detail")])

    assert heard == [["detail"]] * 4 + [["frame"], ["detail"]]
    assert stage.say(window=None) == ["frame"]


@pytest.mark.parametrize("kind", ["rows", "columns"])
def test_other_lanes_are_shown_when_somebody_wants_them(kind: str) -> None:
    stage = _Stage(_busy(3000))
    stage.tick(0.0)

    assert "frame" in stage.say(lanes=kind)
    assert stage.board.timeline["frame"]["lanes"]["kind"] == kind
    assert stage.say(lanes=kind) == []
    assert stage.say(window={"start": 1.0, "width": 1.0, "follows": False, "pixels": 800}) == ["detail"]
    assert stage.board.timeline["detail"]["lanes"]["kind"] == kind


@pytest.mark.parametrize("kind", [None, "", "cells", 3, ["rows"], {}])
def test_lanes_that_there_are_none_of_change_nothing(kind: object) -> None:
    stage = _Stage(_busy(30))
    stage.tick(0.0)

    assert stage.say(lanes=kind) == []


def test_a_frame_of_rows_says_which_they_are() -> None:
    stage = _Stage(_busy(3000))
    stage.tick(0.0)
    stage.say(lanes="rows")

    frame = stage.board.timeline["frame"]
    first = 3000 - len(frame["lanes"]["counts"])
    assert frame["note"] == f"rows {first}–2999 of 3,000"
    assert frame["rows"] == {
        "first": first, "end": 3000, "count": 3000 - first, "rows": 3000, "reach": 3000, "before": first, "after": None,
        "chosen": False,
    }  # fmt: skip
    assert stage.board.timeline["clock"]["note"] == "3,000 tasks"


def _turns(stage: _Stage) -> RowsFrame:
    rows = stage.board.timeline["frame"]["rows"]
    assert rows is not None
    return rows


def _rows_seen(stage: _Stage) -> range:
    return range(_turns(stage)["first"], _turns(stage)["end"])


def test_every_row_can_be_turned_to_back_and_forth() -> None:
    stage = _Stage(_busy(200))
    stage.tick(0.0)
    stage.say(lanes="rows")
    seen = [_rows_seen(stage)]
    while (before := _turns(stage)["before"]) is not None:
        assert stage.say(turn={"before": before}) == ["frame"]
        seen.append(_rows_seen(stage))
    assert sorted({row for rows in seen for row in rows}) == list(range(200))

    forth = [_rows_seen(stage)]
    while (after := _turns(stage)["after"]) is not None:
        stage.say(turn={"after": after})
        forth.append(_rows_seen(stage))
    assert [row for rows in forth for row in rows] == list(range(200))
    assert frame_size(stage.board.timeline["frame"]) <= 64_000


def test_a_picture_of_rows_that_somebody_turned_to_is_as_long_as_they_took() -> None:
    stage = _Stage(_busy(3000))
    stage.tick(0.0)
    stage.say(lanes="rows")
    stage.say(turn={"after": 1000})

    frame = stage.board.timeline["frame"]

    count = len(frame["lanes"]["counts"])
    assert _rows_seen(stage) == range(1000, 1000 + count)
    assert (frame["since"], frame["until"]) == pytest.approx((10.0, 10.0 + count * 0.01), abs=0.02)


def test_rows_that_somebody_turned_to_stay_in_every_window_until_the_newest_are_wanted() -> None:
    stage = _Stage(_busy(3000))
    stage.tick(0.0)
    stage.say(lanes="rows")
    stage.say(turn={"after": 1000})
    turned = _rows_seen(stage)

    stage.say(window={"start": 10.0, "width": 0.05, "follows": False, "pixels": 800})
    stage.run.attempt(REVIEW, 2999, 31.0, 31.5)
    stage.tick(9.0)

    assert stage.board.timeline["detail"]["note"] == f"rows 1000–{turned[-1]} of 3,000"
    assert _rows_seen(stage) == turned
    assert stage.say(turn=None, window=None) == ["frame"]
    assert _rows_seen(stage)[-1] == 2999


@pytest.mark.parametrize("rows", [{"before": -9}, {"after": 10**12}, {"after": -1}, {"before": 0}, {"before": 10**12}])
def test_rows_that_there_are_none_of_are_the_nearest(rows: dict[str, int]) -> None:
    stage = _Stage(_busy(200))
    stage.tick(0.0)
    stage.say(lanes="rows")

    stage.say(turn=rows)

    assert 0 <= _rows_seen(stage)[0] <= _rows_seen(stage)[-1] < 200


@pytest.mark.parametrize("rows", [None, 3, {}, {"after": "x"}, {"after": True}, {"before": 2.5}, [1]])
def test_what_turns_to_no_rows_changes_nothing(rows: object) -> None:
    stage = _Stage(_busy(200))
    stage.tick(0.0)
    stage.say(lanes="rows")

    assert stage.say(turn=rows) == []


def test_a_row_is_shown_with_all_of_its_attempts() -> None:
    run = traced_run(40)
    for attempt in range(6000):
        run.attempt(REVIEW, attempt // 150, attempt * 0.01, attempt * 0.01 + 0.01)
    stage = _Stage(run)
    stage.tick(0.0)
    stage.say(lanes="rows")

    stage.say(turn={"after": 3})

    rows = _turns(stage)
    assert len(stage.board.timeline["frame"]["bars"]["state"]) == 150 * (rows["end"] - 3)
    assert rows["after"] == rows["end"]


def test_a_long_trace_is_taken_over_bit_by_bit_but_whole_in_the_end() -> None:
    run = _busy(MOST_LINES)
    run.attempt(SCORE, 0, MOST_LINES * 0.01 + 1.0, slot=1)
    stage = _Stage(run)
    assert "frame" not in stage.tick(0.0)
    assert "frame" in stage.tick(0.2)
    first = sum(stage.board.timeline["frame"]["lanes"]["counts"])

    stage.feed.finish()

    assert (first, sum(stage.board.timeline["frame"]["lanes"]["counts"])) == (9, 10)


def test_only_the_last_window_that_was_asked_for_is_answered() -> None:
    stage = _Stage(_busy(3000))
    stage.tick(0.0)
    stage.board.forget()

    windows = [{"start": float(start), "width": 1.0, "follows": False, "pixels": 800} for start in range(20)]
    stage.feed.answer([{"window": window} for window in windows])

    assert stage.board.heard == ["detail"]
    assert stage.board.timeline["detail"]["start"] == 19.0


def test_a_window_that_follows_ends_now() -> None:
    stage = _Stage(_busy(3000))
    stage.tick(0.0)
    stage.say(window={"start": 0.0, "width": 4.0, "follows": True, "pixels": 800})

    stage.run.attempt(REVIEW, 0, 40.0, 41.0)
    stage.tick(1.0)

    assert stage.board.timeline["detail"]["end"] == 41.0


@pytest.mark.parametrize(
    "window",
    [
        None,
        "all",
        {},
        {"start": "x", "width": 1, "follows": False, "pixels": 3},
        {"start": 0, "width": -1, "follows": False, "pixels": 800},
        {"start": float("nan"), "width": 1, "follows": False, "pixels": 800},
        {"start": 0, "width": float("inf"), "follows": False, "pixels": 800},
        {"start": 0, "width": 1, "follows": False, "pixels": 0},
    ],
)
def test_a_window_that_is_none_is_the_whole_run(window: object) -> None:
    stage = _Stage(_busy(3000))
    stage.tick(0.0)

    assert stage.say(window=window) == []


def test_a_frame_says_why_attempts_failed_and_what_is_usual() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 1.0, 3.0)
    run.attempt_in_vain(REVIEW, 1, 3.0, 4.0)
    stage = _Stage(run)

    stage.tick(0.0)

    frame = stage.board.timeline["frame"]
    assert frame["usual"] == [None, None, 2.0, None]
    assert frame["slowest"] == [None, None, 2.0, None]
    assert frame["most_in_flight"] == 8
    assert list(frame["errors"]) == ["1"]
    assert "no <b>" in frame["errors"]["1"]


def test_the_last_state_is_shown_once_more_with_a_picture_where_plotly_is_not() -> None:
    stage = _Stage(traced_run())
    stage.tick(0.0)
    stage.run.attempt(REVIEW, 0, 1.0, 2.0)
    stage.run.finish()
    stage.board.forget()

    stage.feed.finish()

    assert stage.board.heard == ["frame", "clock", "picture"]
    assert stage.board.timeline["clock"]["running"] is False


def test_a_tick_takes_over_lines_or_draws_but_never_both_while_there_are_more() -> None:
    run = _restless(2, 3 * MOST_LINES)
    stage = _Stage(run)
    stage.say(plotly="there")

    heard = ["frame" in stage.tick(float(second)) for second in range(8)]

    assert heard[:6] == [False, True] * 3
    assert stage.board.timeline["clock"]["note"].startswith("150.0 k tasks")
