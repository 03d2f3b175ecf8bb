"""Few attempts are all bars; of many, those that matter are, and the grid stands for all."""

import numpy as np
import pytest

from notebook_gen.observers.trace import FAILED
from notebook_gen.views.history import History
from notebook_gen.views.level_of_detail import NOBODY, Detail, Window, query
from tests.views.fake_run import REVIEW, SCORE, FakeRun, traced_run


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
