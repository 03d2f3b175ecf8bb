"""Hours of a busy run: what observers keep stays small, and what a view is sent does not grow at all."""

import tracemalloc

from notebook_gen.views.publisher import Publisher
from tests.views.virtual_hours import VirtualHours
from tests.views.weighing_board import WeighingBoard

HOUR = 3600.0
LARGEST_REDRAW = 64 << 10
LARGEST_LINE = 64  # bytes of trace an attempt


def _raise(error: Exception) -> None:
    raise error


def test_a_redraw_is_as_small_after_an_hour_as_after_a_minute() -> None:
    hours = VirtualHours()
    board = WeighingBoard()
    publisher = Publisher(hours.run, board, _raise, clock=hours.run.elapsed, cpu_clock=lambda: 0.0)
    publisher.begin()
    publisher.hear({"plotly": "there"})
    weights = []
    for moment in (60.0, 300.0, 1200.0, HOUR):
        hours.until(moment - 5)
        publisher.tick()
        board.weigh()
        for step in range(10):
            hours.until(moment - 4.5 + step / 2)
            publisher.tick()
            weights.append(board.weigh())

    assert max(weights) <= LARGEST_REDRAW, weights
    assert max(weights[-10:]) <= 1.5 * max(weights[10:20])


def test_an_hour_of_attempts_takes_a_trace_of_bounded_lines_and_little_else() -> None:
    hours = VirtualHours()
    hours.until(60.0)
    trace = hours.run.trace
    assert trace is not None
    attempts = len(trace)
    tracemalloc.start()
    try:
        hours.until(HOUR / 2)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    made = len(trace) - attempts
    assert made > 20_000
    # lines, errors of failed attempts and rows that were dropped: nothing else grows
    assert kept <= made * (LARGEST_LINE + 40)
