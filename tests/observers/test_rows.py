"""LiveRows: which rows of a run there is something to read in."""

import threading
from collections.abc import Iterator
from itertools import pairwise

import pandas as pd
import pytest

import notebook_gen as ng
from notebook_gen.engine.snapshots import RowView
from notebook_gen.run import Run

ROWS = 20


class _Gates:
    """Lets the cells of one column through, row by row, as the test says."""

    def __init__(self) -> None:
        self._open = [threading.Event() for _ in range(ROWS)]
        self._passed = [threading.Event() for _ in range(ROWS)]

    def wait(self, number: int) -> int:
        assert self._open[number].wait(30)
        self._passed[number].set()
        return number

    def let_through(self, run: Run, *rows: int) -> None:
        """Let rows through, one after the other, each when the one before it is done."""
        for row in rows:
            self._open[row].set()
            while row not in run.rows()["end"].dropna().index:
                assert not run.is_over

    def open_all(self) -> None:
        for gate in self._open:
            gate.set()


@pytest.fixture
def gates() -> Iterator[_Gates]:
    gates = _Gates()
    yield gates
    gates.open_all()


def _gated_run(gates: _Gates, row_group_size: int = 100) -> Run:
    """A run of 20 rows, of which eight are in progress at once."""
    builder = ng.DatasetBuilder(settings=ng.RunSettings(threads=8, row_group_size=row_group_size))
    builder.seed_data(pd.DataFrame({"number": range(ROWS)}))

    @builder.column
    def begin(number: int) -> int:
        return number

    @builder.column
    def end(begin: int) -> int:
        return gates.wait(begin)

    return builder.preview(ROWS, show=False)


def _newest(run: Run, count: int = 6) -> list[RowView]:
    return run._source.newest_rows(count)


def test_rows_in_progress_come_first_by_their_numbers_and_then_those_that_were_done_last(gates: _Gates) -> None:
    run = _gated_run(gates)

    gates.let_through(run, 4, 1, 3, 0, 2)
    rows = _newest(run)

    assert [row.states[2] for row in rows[:2]] == ["in flight", "in flight"]
    assert rows[0].row > rows[1].row
    assert [row.row for row in rows[2:]] == [2, 0, 3, 1]
    assert [row.states[1:] for row in rows[2:]] == [("done", "done")] * 4


def test_where_few_rows_are_done_more_of_those_in_progress_are_shown(gates: _Gates) -> None:
    run = _gated_run(gates)

    gates.let_through(run, 7)
    rows = _newest(run)

    assert [row.states[2] == "done" for row in rows] == [False] * 5 + [True]
    assert len({row.row for row in rows}) == 6


def test_rows_move_down_alone_while_others_are_done_and_stay_where_nothing_happens(gates: _Gates) -> None:
    run = _gated_run(gates)
    gates.let_through(run, 0, 1, 2, 3)
    pages = [[row.row for row in _newest(run)]]

    for place in (1, 0, 1, 1, 0):
        assert [row.row for row in _newest(run)] == pages[-1]
        done = pages[-1][place]
        gates.let_through(run, done)
        pages.append([row.row for row in _newest(run)])
        assert pages[-1][2] == done

    for before, after in pairwise(pages):
        assert [row for row in set(before) & set(after) if after.index(row) < before.index(row)] == []


def test_a_row_in_progress_gives_way_where_others_are_in_flight_for_a_while_and_it_is_not(gates: _Gates) -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(threads=2, engine="sequential"))
    builder.seed_data(pd.DataFrame({"number": range(ROWS)}))

    @builder.column
    def end(number: int) -> int:
        return gates.wait(number)

    @builder.column
    def after_all(end: int) -> int:
        return end

    run = builder.preview(ROWS, show=False)
    for row in range(8):
        _newest(run)
        gates.let_through(run, row)

    looks = [[row.states[1] for row in _newest(run)] for _ in range(20)]

    assert looks[-1].count("in flight") == 2


def test_rows_of_a_written_row_group_stand_among_those_done_last(gates: _Gates) -> None:
    run = _gated_run(gates, row_group_size=4)

    gates.let_through(run, 3, 2, 1, 0, 5)

    assert [row.row for row in _newest(run)[2:]] == [5, 0, 1, 2]


def test_when_the_run_is_over_rows_are_there_to_read(gates: _Gates) -> None:
    run = _gated_run(gates)
    gates.open_all()
    run.result()

    rows = _newest(run)

    assert len({row.row for row in rows}) == 6
    assert all(row.states == ("done",) * 3 for row in rows)


def test_a_dropped_row_gives_way_to_rows_with_something_to_read() -> None:
    builder = ng.DatasetBuilder()
    builder["number"] = ng.Integer(1, 5)

    @builder.column
    def kept(number: int) -> int:
        return number

    builder.processor("post_batch", lambda rows: rows.iloc[:6], name="cut")
    run = builder.preview(8, show=False)
    run.result()

    assert sum(row.dropped for row in _newest(run)) == 0


def test_rows_in_order_are_there_from_the_first_on_and_those_not_begun_wait(gates: _Gates) -> None:
    run = _gated_run(gates, row_group_size=4)
    gates.let_through(run, 0, 1, 2, 3)

    rows = run._source.rows_between(2, ROWS)

    assert [row.row for row in rows] == list(range(2, ROWS))
    assert [row.values[2] for row in rows[:2]] == [2, 3]
    assert rows[-1].states == ("waiting",) * 3


def test_a_row_of_which_nothing_is_left_is_dropped_in_the_order_of_rows() -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=4))
    builder.seed_data(pd.DataFrame({"number": range(8)}))

    @builder.column
    def half(number: int) -> int:
        if number % 2:
            raise ValueError("odd")
        return number // 2

    run = builder.preview(8, show=False)
    run.result()

    assert [row.dropped for row in run._source.rows_between(0, 8)] == [False, True] * 4


def _run_with_empty_cells() -> Run:
    """A run of two row groups: in each, one cell of `half` fails and stays empty, and one of `twice` is skipped."""
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=4))
    builder.seed_data(pd.DataFrame({"number": range(8)}))

    @builder.column(on_error="null")
    def half(number: int) -> int | None:
        if number % 4 == 1:
            raise ValueError("odd")
        return None if number % 4 == 3 else number // 2

    @builder.column(skip_if="{{ number % 4 == 2 }}")
    def twice(number: int) -> int:
        return 2 * number

    run = builder.preview(8, show=False)
    run.result()
    return run


def test_a_cell_of_a_written_row_still_says_why_it_is_empty() -> None:
    rows = _run_with_empty_cells()._source.rows_between(4, 8)

    assert [row.states[1:] for row in rows] == [
        ("done", "done"),
        ("failed", "done"),
        ("done", "skipped"),
        ("done",) * 2,
    ]
    assert [row.values[1:] for row in rows] == [(2, 8), (None, 10), (3, None), (None, 14)]


def test_what_a_processor_put_in_the_place_of_a_failed_cell_is_shown() -> None:
    builder = ng.DatasetBuilder()
    builder.seed_data(pd.DataFrame({"number": range(2)}))

    @builder.column(on_error="null")
    def half(number: int) -> int:
        raise ValueError("never")

    builder.processor("post_batch", lambda rows: rows.assign(half=[None, 7]), name="fill")
    run = builder.preview(2, show=False)
    run.result()

    rows = run._source.rows_between(0, 2)
    assert [(row.states[1], row.values[1]) for row in rows] == [("failed", None), ("done", 7)]
