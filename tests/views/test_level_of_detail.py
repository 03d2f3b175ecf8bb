"""Few attempts are all bars; of many, those that matter are, and the grid stands for all."""

from functools import partial

import numpy as np
import pytest

from notebook_gen.observers.trace import FAILED
from notebook_gen.views.history import History
from notebook_gen.views.lanes import LANE_KINDS, LaneChoice, LaneKind, place_slots, slot_lanes
from notebook_gen.views.level_of_detail import Detail, Window, query
from notebook_gen.views.occupancy import NOBODY, Spans, cover, make_grid
from tests.views.fake_run import REVIEW, SCORE, FakeRun, traced_run

_ALL = Window(0.0, 6.0, 800)


def _detail(run: FakeRun, window: Window, max_bars: int = 2000, **more: dict[int, list[float]]) -> Detail:
    assert run.trace is not None
    history = History(run.graph)
    history.update(run.trace)
    return query(history, window, run.now, max_bars=max_bars, waiting_since=more.get("waiting_since"))


def _busy_run(count: int) -> FakeRun:
    """A run of many short attempts in two lanes, one after the other."""
    run = traced_run(count)
    for row in range(count):
        run.attempt(REVIEW, row, row * 0.01, row * 0.01 + 0.01, slot=row % 2)
    return run


def test_few_attempts_are_all_bars_and_only_those_in_the_window() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 1.0, 2.0)
    run.attempt(SCORE, 0, 3.0, 5.0, slot=1)
    run.attempt(REVIEW, 1, 6.0)
    run.now = 8.0

    detail = _detail(run, Window(2.5, 10.0, 800))

    assert detail.grid is None
    assert detail.bars["row"].tolist() == [0, 1]
    assert detail.bars["lane"].tolist() == [2, 0]
    assert detail.bars["seconds"].tolist() == [2.0, 2.0]
    assert detail.total == 2


def test_of_many_attempts_no_more_bars_are_drawn_than_asked_for() -> None:
    run = _busy_run(5000)

    detail = _detail(run, Window(0.0, 50.0, 800), max_bars=100)

    assert len(detail.bars["row"]) <= 100
    assert detail.total == 5000
    assert detail.grid is not None


def test_what_failed_what_is_slowest_and_what_is_in_flight_are_bars_among_however_many_attempts() -> None:
    run = _busy_run(3000)
    run.attempt_in_vain(REVIEW, 7000, 30.0, 30.001)
    run.attempt(REVIEW, 8000, 31.0, 31.5)
    run.attempt_in_vain(REVIEW, 8500, 31.6, 31.601, again=True)
    run.attempt(REVIEW, 9000, 31.999)
    run.now = 32.0

    detail = _detail(run, Window(0.0, 32.0, 800), max_bars=4)

    assert detail.bars["row"].tolist() == [7000, 8000, 8500, 9000]
    assert detail.bars["state"][0] == FAILED


def test_the_grid_says_who_was_in_flight_and_for_how_much_of_the_time() -> None:
    run = traced_run()
    for row in range(50):
        run.attempt(REVIEW, row, float(row), row + 0.5)

    grid = _detail(run, Window(0.0, 100.0, 500), max_bars=1).grid

    assert grid is not None
    assert grid.step == 1.0
    assert grid.nodes.shape == (2, 100)
    assert grid.nodes[0].tolist() == [REVIEW] * 50 + [NOBODY] * 50
    np.testing.assert_allclose(grid.busy[0], [0.5] * 50 + [0.0] * 50)
    assert set(grid.nodes[1].tolist()) == {NOBODY}


def test_an_attempt_over_several_stretches_fills_those_between_its_ends() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 1.25, 3.5)
    run.attempt(SCORE, 0, 1.0, 2.0)

    grid = _detail(run, Window(0.0, 10.0, 50), max_bars=1).grid

    assert grid is not None
    np.testing.assert_allclose(grid.busy[0], [0, 0.75, 1, 0.5, 0, 0, 0, 0, 0, 0])


def test_the_load_counts_what_waits_and_what_is_in_flight_from_the_first_moment_on() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 1.0, 3.0)
    run.attempt(REVIEW, 1, 2.0, slot=1)
    run.now = 4.0

    load = _detail(run, Window(0.0, 4.0, 800), waiting_since={SCORE: [3.0, 3.5]}).load

    def at(moment: float) -> int:
        return int(np.searchsorted(load.times, moment, side="right")) - 1

    assert [int(load.in_flight[0][at(moment)]) for moment in (0.5, 1.1, 2.5, 3.5, 4.0)] == [0, 1, 2, 1, 1]
    assert [int(load.waiting[at(moment)]) for moment in (0.2, 0.7, 1.2, 3.2, 4.0)] == [0, 1, 0, 1, 2]
    assert load.in_flight[1].tolist() == [0] * len(load.times)


def test_what_begins_at_once_is_in_flight_in_the_first_stretch() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 0.001)
    run.now = 10.0

    assert _detail(run, Window(0.0, 10.0, 800)).load.in_flight[0].tolist()[0] == 1


def test_the_usual_time_is_that_of_attempts_that_are_done() -> None:
    run = traced_run()
    for row, seconds in enumerate((1.0, 2.0, 9.0)):
        run.attempt(REVIEW, row, row * 10.0, row * 10.0 + seconds)
    run.attempt_in_vain(REVIEW, 3, 40.0, 400.0)
    run.attempt(REVIEW, 4, 401.0)
    run.now = 900.0
    run.finish()

    usual = _detail(run, Window(0.0, 900.0, 800)).usual

    assert (usual.median[REVIEW], usual.slowest[REVIEW]) == (2.0, 9.0)
    assert np.isnan(usual.median[SCORE])


@pytest.mark.parametrize(
    "window", [Window(0.0, 0.0, 1), Window(5.0, 5.0, 800), Window(-3.0, 1e9, 1), Window(9.0, 2.0, 7)]
)
@pytest.mark.parametrize("max_bars", [1, 2000])
def test_odd_windows_are_answered_too(window: Window, max_bars: int) -> None:
    run = _busy_run(50)

    detail = _detail(run, window, max_bars)

    assert len(detail.bars["row"]) <= max(max_bars, detail.total)
    assert len(detail.load.times) == len(detail.load.waiting)


def test_a_run_that_has_not_begun_has_nothing_to_show() -> None:
    detail = _detail(traced_run(), Window(0.0, 1e-3, 800))

    assert detail.total == 0
    assert detail.load.waiting.max() == 0


def _rows_run() -> FakeRun:
    """Three rows, each of a review and then a score; the second has two attempts at once."""
    run = traced_run()
    run.attempt(REVIEW, 0, 1.0, 2.0)
    run.attempt(REVIEW, 1, 2.0, 4.0)
    run.attempt(SCORE, 0, 2.5, 3.0)
    run.attempt(SCORE, 1, 3.0, 3.5, slot=1)
    run.attempt(REVIEW, 2, 5.0)
    run.now = 6.0
    return run


def _in_lanes(run: FakeRun, lanes: LaneChoice, window: Window = _ALL, max_bars: int = 2000) -> Detail:
    assert run.trace is not None
    history = History(run.graph)
    history.update(run.trace)
    return query(history, window, run.now, lanes=lanes, max_bars=max_bars)


def test_a_row_has_as_many_lanes_as_its_attempts_need_from_when_they_were_ready_on() -> None:
    detail = _in_lanes(_rows_run(), LaneChoice("rows"))

    assert detail.lanes.groups == (0, 1, 2)
    assert detail.lanes.counts == (1, 2, 1)
    assert list(zip(detail.bars["row"].tolist(), detail.bars["lane"].tolist(), strict=True)) == [
        (0, 0),
        (1, 1),
        (0, 0),
        (1, 2),
        (2, 3),
    ]


def test_of_more_rows_than_fit_those_are_shown_that_began_something_last() -> None:
    detail = _in_lanes(_rows_run(), LaneChoice("rows", room=25.0))

    assert detail.lanes.groups == (1, 2)
    assert set(detail.bars["row"].tolist()) == {1, 2}
    assert 1.0 < detail.since <= 2.0
    assert detail.grid is None


def test_rows_are_those_of_the_window() -> None:
    detail = _in_lanes(_rows_run(), LaneChoice("rows"), Window(0.5, 1.5, 800))

    assert detail.lanes.groups == (0,)
    assert detail.bars["started"].tolist() == [1.0]


def test_of_a_long_run_only_the_attempts_of_the_rows_in_sight_are_bars() -> None:
    detail = _in_lanes(_busy_run(5000), LaneChoice("rows", room=60.0), Window(0.0, 60.0, 800), max_bars=100)

    assert detail.lanes.groups == tuple(range(4990, 5000))
    assert detail.bars["row"].tolist() == list(range(4990, 5000))


def test_a_full_column_is_no_row_but_stands_in_its_slot_and_its_column() -> None:
    run = traced_run()
    run.attempt(REVIEW, -1, 1.0, 2.0)

    assert _in_lanes(run, LaneChoice("rows")).lanes.groups == ()
    assert _in_lanes(run, LaneChoice("columns")).bars["row"].tolist() == [-1]


def test_a_column_has_as_many_lanes_as_it_had_attempts_in_flight_at_once() -> None:
    run = traced_run()
    for slot in range(3):
        run.attempt(REVIEW, slot, 1.0 + slot * 0.25, slot=slot)
    run.now = 2.0

    detail = _in_lanes(run, LaneChoice("columns"))

    assert detail.lanes.groups == (REVIEW, SCORE)
    assert detail.lanes.counts == (3, 1)
    assert detail.bars["lane"].tolist() == [0, 1, 2]
    assert (detail.in_flight, detail.peaks) == ((3, 0), (3, 0))


def test_of_many_attempts_a_column_s_grid_is_filled_from_the_first_lane_on() -> None:
    run = traced_run()
    for row in range(400):
        run.attempt(REVIEW, row, row * 0.125, row * 0.125 + 0.125, slot=row % 2)

    detail = _in_lanes(run, LaneChoice("columns"), Window(0.0, 100.0, 500), max_bars=10)

    assert detail.grid is not None
    assert detail.lanes.counts == (1, 1)
    assert detail.grid.nodes[0].tolist() == [REVIEW] * 50 + [NOBODY] * 50
    assert set(detail.grid.nodes[1].tolist()) == {NOBODY}
    np.testing.assert_allclose(detail.grid.busy[0, :50], 1.0)


def test_columns_that_need_too_many_lanes_share_them() -> None:
    run = traced_run()
    for row in range(200):
        run.attempt(REVIEW, row, 1.0, slot=row)
    run.now = 2.0

    detail = _in_lanes(run, LaneChoice("columns"))

    assert detail.lanes.total <= 66
    assert detail.lanes.shares == 4
    assert detail.grid is not None
    assert int(detail.bars["lane"].max()) < detail.lanes.total


@pytest.mark.parametrize("kind", LANE_KINDS)
@pytest.mark.parametrize("window", [Window(5.0, 5.0, 800), Window(-3.0, 1e9, 1), Window(9.0, 2.0, 7)])
@pytest.mark.parametrize("max_bars", [1, 2000])
def test_odd_windows_are_answered_in_all_lanes(kind: LaneKind, window: Window, max_bars: int) -> None:
    run = _busy_run(50)
    run.attempt(SCORE, 3, 0.7)

    detail = _in_lanes(run, LaneChoice(kind), window, max_bars)

    lanes = detail.bars["lane"].tolist()
    assert all(0 <= lane < detail.lanes.total for lane in lanes)


def test_sums_of_all_attempts_show_what_measuring_each_of_them_shows() -> None:
    run = traced_run()
    random = np.random.default_rng(7)
    for row in range(2000):
        begin = row * 0.05
        run.attempt(REVIEW if row % 3 else SCORE, row, begin, begin + float(random.uniform(0.01, 0.09)), slot=row % 4)
    run.attempt(SCORE, 9000, 100.1)
    run.now = 102.4
    assert run.trace is not None
    history = History(run.graph)
    bit_by_bit = History(run.graph)
    for _ in range(5):
        bit_by_bit.update(run.trace, most=500)
        sums = bit_by_bit.occupancy(partial(place_slots, slot_lanes(bit_by_bit)), slot_lanes(bit_by_bit).total)
    history.update(run.trace)
    lanes = slot_lanes(history)
    columns, ended = history.columns, np.nan_to_num(history.columns["seconds"]) + history.columns["started"]
    ended[history.open] = run.now
    spans = Spans(columns["node"], place_slots(lanes, columns), columns["started"], ended)
    still = Spans(*(column[history.open] for column in spans))

    grid = sums.grid((0.0, run.now), 50, still)

    exact = make_grid(0.0, grid.step, cover(spans, 0.0, grid.step, (lanes.total, 4, grid.nodes.shape[1])))
    np.testing.assert_allclose(grid.busy, exact.busy, atol=2e-3)
    is_busy = exact.busy > 0.01
    assert (grid.nodes[is_busy] == exact.nodes[is_busy]).mean() > 0.99
