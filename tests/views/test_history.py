"""A history has what a trace has, however it was brought up to date."""

import sys
from itertools import pairwise
from types import FrameType
from typing import TYPE_CHECKING

import numpy as np

from notebook_gen.events import InPlaceEnded, RunFinished, TaskEnded
from notebook_gen.observers.trace import CANCELLED, DONE, FAILED, IN_FLIGHT, Trace
from notebook_gen.plan.tasks import Task
from notebook_gen.views import history as history_module
from notebook_gen.views.history import History
from tests.views.fake_run import REVIEW, SCORE, FakeRun, traced_run

if TYPE_CHECKING:
    from _typeshed import TraceFunction


def _history(run: FakeRun) -> History:
    assert run.trace is not None
    history = History(run.graph)
    history.update(run.trace)
    return history


def _update(history: History, run: FakeRun) -> None:
    assert run.trace is not None
    history.update(run.trace)


def _values(history: History, *names: str) -> list[tuple[float, ...]]:
    return list(zip(*(history.columns[name].tolist() for name in names), strict=True))


def test_attempts_stand_in_the_order_they_began_and_those_in_flight_have_no_end() -> None:
    run = traced_run()
    run.attempt(REVIEW, 7, 1.0, 3.0)
    run.attempt(SCORE, 7, 3.0)

    history = _history(run)

    assert _values(history, "node", "row", "state", "started", "waited") == [
        (REVIEW, 7, DONE, 1.0, 0.5),
        (SCORE, 7, IN_FLIGHT, 3.0, 0.5),
    ]
    assert history.columns["seconds"][0] == 2.0
    assert np.isnan(history.columns["seconds"][1])
    assert history.latest == 3.0


def test_what_was_made_in_place_has_no_lane_and_is_left_out() -> None:
    run = traced_run()
    run.publish(InPlaceEnded(0.1, 0, 0, 0.0, 40, 0))
    run.attempt(REVIEW, 0, 1.0, 2.0)

    assert _values(_history(run), "line", "node") == [(1, REVIEW)]


def test_an_attempt_that_was_in_flight_is_brought_up_to_date_when_it_ends() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 1.0)
    history = _history(run)

    run.now = 4.0
    run.publish(RunFinished(4.0, "cancelled", None))
    _update(history, run)

    assert _values(history, "state", "seconds") == [(CANCELLED, 3.0)]


def test_many_small_updates_are_one_big_one() -> None:
    run, history = traced_run(3000), None
    for row in range(3000):
        run.attempt(REVIEW, row, row, row + 0.5, slot=row % 5)
        if row % 7 == 0:
            history = history or _history(run)
            _update(history, run)
    assert history is not None
    run.attempt_in_vain(SCORE, 0, 3001.0, 3002.0)
    _update(history, run)

    at_once = _history(run)
    assert len(history) == 3001
    for name, column in at_once.columns.items():
        np.testing.assert_array_equal(history.columns[name], column)
    assert history.slots == at_once.slots == (5, 1)
    assert history.resource_of == (-1, -1, 0, 1)


def test_an_update_that_brings_nothing_is_no_change() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 1.0)
    history = _history(run)
    changes = history.changes

    _update(history, run)
    assert history.changes == changes
    run.attempt_in_vain(SCORE, 0, 1.0, 2.0)
    _update(history, run)
    assert history.changes == changes + 1
    assert _values(history, "state") == [(IN_FLIGHT,), (FAILED,)]


def test_a_slot_makes_a_lane_when_it_is_first_used() -> None:
    run = traced_run()
    history = _history(run)
    assert history.slots == (1, 1)

    run.attempt(SCORE, 0, 1.0, slot=3)
    _update(history, run)

    assert history.slots == (1, 4)


class _GrowingTrace(Trace):
    """Appends a line to itself whenever a column was copied, as the run's thread does while another one looks."""

    def __init__(self, run: FakeRun) -> None:
        super().__init__(run.graph)
        self.run = run

    def columns(self, start: int = 0, end: int | None = None) -> dict[str, "np.ndarray"]:
        assert end is None
        copied = {}
        for name in super().columns():
            copied[name] = super().columns(start)[name]
            self.run.attempt(REVIEW, len(self), float(len(self)), len(self) + 0.5)
        return copied


def test_a_trace_that_grows_while_it_is_copied_is_taken_over_bit_by_bit() -> None:
    run = traced_run()
    run.trace = _GrowingTrace(run)
    run.attempt(REVIEW, 0, 0.0, 0.5)
    history = _history(run)

    assert _values(history, "row") == [(0,)]
    _update(history, run)

    assert _values(history, "row", "started", "seconds") == [(row, row, 0.5) for row in range(len(history))]
    assert len(history) > 1


def _interrupted_update(history: History, trace: Trace, after: int) -> bool:
    """Update, but raise KeyboardInterrupt after so many lines of the history's code; gives whether that happened."""
    lines = 0

    def look(frame: FrameType, event: str, _argument: object) -> "TraceFunction | None":
        nonlocal lines
        if frame.f_code.co_filename != history_module.__file__:
            return None
        lines += event == "line"
        if lines > after:
            raise KeyboardInterrupt
        return look

    tracer = sys.gettrace()
    sys.settrace(look)
    try:
        history.update(trace)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(tracer)
    return False


def test_an_interrupt_at_any_line_leaves_nothing_out_and_nothing_twice() -> None:
    after, is_interrupted = 0, True
    while is_interrupted:
        run = traced_run(2000)
        run.attempt(REVIEW, 0, 1.0)
        history = _history(run)
        run.publish(TaskEnded(1.5, Task(REVIEW, 0, 0), 0, None, None))
        for row in range(1, 1500):  # more than there is room for
            run.attempt(REVIEW, row, row + 1.0, row + 1.5, slot=row % 3)
        run.attempt(SCORE, 0, 2000.0)
        assert run.trace is not None

        is_interrupted = _interrupted_update(history, run.trace, after)
        _update(history, run)
        run.publish(TaskEnded(2001.0, Task(SCORE, 0, 0), 0, None, None))
        _update(history, run)

        at_once = _history(run)
        assert history.slots == at_once.slots
        for name, column in at_once.columns.items():
            np.testing.assert_array_equal(history.columns[name], column)
        after += 1
    assert after > 20


def test_what_was_in_flight_at_once_is_known_however_it_was_taken_over() -> None:
    run, bit_by_bit = traced_run(300), History(traced_run().graph)
    for row in range(0, 300, 3):
        for slot in range(3):
            run.attempt(REVIEW, row + slot, row + slot * 0.25, slot=slot)
        _update(bit_by_bit, run)
        for slot in range(3):
            run.publish(TaskEnded(row + 1.0, Task(REVIEW, 0, row + slot), slot, None, None))
    at_once = _history(run)
    _update(bit_by_bit, run)

    times = np.array([0.1, 0.3, 0.6, 1.5, 3.3])
    for history in (bit_by_bit, at_once):
        flow = history.flows[REVIEW]
        assert (flow.peak, flow.open) == (3, 0)
        assert flow.in_flight(times).tolist() == [1, 2, 3, 0, 2]
    assert at_once.ready.before(times).tolist() == bit_by_bit.ready.before(times).tolist() == [3, 3, 3, 3, 6]


def test_an_update_may_take_over_some_lines_only() -> None:
    run, history = traced_run(), History(traced_run().graph)
    for row in range(10):
        run.attempt(REVIEW, row, float(row), row + 0.5)
    assert run.trace is not None

    for expected in (4, 8, 10, 10):
        history.update(run.trace, most=4)
        assert len(history) == expected


def test_room_for_many_is_made_in_updates_of_their_own_a_few_columns_at_a_time() -> None:
    run, history = traced_run(), History(traced_run().graph)
    assert run.trace is not None
    numbers = np.arange(600_000)
    names = ("node", "row_group", "row", "attempt", "slot", "ready", "started", "state", "ended")
    columns = dict.fromkeys((*names, "tokens_in", "tokens_out"), numbers * 0 + 1)
    run.trace.extend(columns | {"node": numbers * 0 + REVIEW, "started": numbers * 1.0, "ended": numbers + 1.0}, {})

    lengths, largest = [0], []
    while True:
        rooms = _rooms(history)
        is_more = history.update(run.trace, most=50_000)
        largest.append(sum(room for name, room in rooms.items() if _rooms(history)[name] > room))
        if not is_more:
            break
        lengths.append(len(history))

    assert len(history) == 600_000
    assert max(after - before for before, after in pairwise(lengths)) == 50_000
    assert len(lengths) - len(set(lengths)) >= 5
    assert max(largest) <= 8_000_000
    at_once = _history(run)
    for name, column in at_once.columns.items():
        np.testing.assert_array_equal(history.columns[name], column)


def _rooms(history: History) -> dict[str, int]:
    """The bytes that are there for each column."""
    return {name: column.base.nbytes for name, column in history.columns.items() if column.base is not None}


def test_the_slowest_of_each_column_is_known() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 0.0, 3.0)
    history = _history(run)
    run.attempt(REVIEW, 1, 3.0, 4.0)
    run.attempt(SCORE, 0, 4.0, 4.5)
    _update(history, run)

    assert history.slowest.tolist() == [0.0, 0.0, 3.0, 0.5]
