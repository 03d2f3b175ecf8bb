"""Finished cells outlive the process that made them, and never stand in for others."""

import datetime as dt
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notebook_gen.engine.ports import CellKeeper
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.storage.cell_store import CellStore
from tests.storage.limits import files_of_at_most

FIRST = RowGroup(0, 0, 4)
SECOND = RowGroup(1, 4, 4)
SLOW = 0.1


def opened(
    path: Path, *, makers: Sequence[str] = ("a 1", "b 2"), reads: Sequence[Sequence[str]] = (("x",), ())
) -> CellStore:
    return CellStore(path / "cells.sqlite", makers=makers, reads=reads, row_group_size=4)


def keep(store: CellStore, row: int, value: Any, *, read: Any = "in", seconds: float = SLOW) -> None:
    store.keep(0, row, {"x": read}, (value,), seconds)


def found(store: CellStore, group: RowGroup = FIRST, *, read: Any = "in") -> dict[int, Any]:
    cells = store.find(0, group, group.rows, {"x": [read] * group.size})
    return {row: value for row, (value,) in cells.items()}


def after_reopening(path: Path, store: CellStore) -> CellStore:
    store.close()
    return opened(path)


def test_what_was_kept_is_found_again_by_the_next_run(tmp_path: Path) -> None:
    store = opened(tmp_path)
    keep(store, 1, "one")
    keep(store, 5, "five")
    store.keep(1, 1, {}, ("other", ["column"]), SLOW)

    store = after_reopening(tmp_path, store)

    assert found(store) == {1: "one"}
    assert found(store, SECOND) == {5: "five"}
    assert store.find(1, FIRST, [0, 1], {}) == {1: ("other", ["column"])}
    assert store.find(0, FIRST, [0, 2], {"x": ["in"] * 4}) == {}
    store.close()


def test_a_cell_that_is_made_again_is_kept_as_it_is_now(tmp_path: Path) -> None:
    store = opened(tmp_path)
    keep(store, 1, "old")
    keep(store, 1, "new", read="other")

    assert found(store) == {}
    assert found(store, read="other") == {1: "new"}
    store.close()


def test_other_inputs_or_another_maker_find_nothing(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for row, read in enumerate((1, 1.0, True, "1")):
        keep(store, row, row, read=read)

    assert [found(store, read=read) for read in (1, 1.0, True, "1", None)] == [{0: 0}, {1: 1}, {2: 2}, {3: 3}, {}]
    store.close()
    changed = opened(tmp_path, makers=("a 2", "b 2"))
    assert found(changed, read=1) == {}
    changed.close()


def test_what_was_made_quickly_is_not_kept(tmp_path: Path) -> None:
    store = opened(tmp_path)
    keep(store, 0, "quick", seconds=0.0009)
    keep(store, 1, "slow", seconds=0.001)

    assert found(store) == {1: "slow"}
    store.close()


@pytest.mark.parametrize(
    "value",
    [
        (1, 2),
        [(1, 2)],
        np.float64(1.5),
        {1: "x"},
        {"x": {2}},
        "\ud83d\ude00",
        [10**5000],
        object(),
    ],
)
def test_what_would_not_come_back_exactly_is_neither_kept_nor_looked_for(tmp_path: Path, value: Any) -> None:
    store = opened(tmp_path)
    keep(store, 0, value)
    keep(store, 1, "made", read=value)

    assert found(store) == found(store, read=value) == {}
    assert store.groups(4) == frozenset()
    store.close()


@pytest.mark.parametrize(
    "value",
    [
        b"\0x",
        dt.date(2024, 1, 2),
        dt.datetime(2024, 1, 2, 3, 4, 5, 6),  # noqa: DTZ001  # users have such, too
        dt.datetime(2024, 1, 2, tzinfo=dt.UTC),
        dt.datetime(2024, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30))),
        dt.time(1, 2, 3),
        Decimal("1.50"),
        [dt.timedelta(-1, 2, 3)],
        {"when": dt.date(2024, 1, 2), "what": [b""]},
        [float("nan"), float("inf"), -float("inf")],
        {"\0date": "2024-01-02"},
        {"\0\0date": 1, "\0": {"x": 2}},
    ],
)
def test_dates_and_their_like_are_kept_exactly(tmp_path: Path, value: Any) -> None:
    store = opened(tmp_path)
    keep(store, 0, value)
    keep(store, 1, "made", read=value)

    after = after_reopening(tmp_path, store)

    assert repr(found(after)) == repr({0: value})
    assert found(after, read=value) == {1: "made"}
    assert found(after, read=str(value)) == {}
    after.close()


@pytest.mark.parametrize(
    "value",
    [
        dt.datetime(2024, 1, 2, tzinfo=ZoneInfo("Europe/Berlin")),
        dt.datetime(2024, 10, 27, 2, 30, fold=1),  # noqa: DTZ001  # users have such, too
        dt.datetime(2024, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=1), "CET")),
    ],
)
def test_a_time_that_would_come_back_otherwise_is_not_kept_but_cells_that_read_it_are(
    tmp_path: Path, value: dt.datetime
) -> None:
    store = opened(tmp_path)
    keep(store, 0, value)
    keep(store, 1, "made", read=value)

    assert found(store) == {}
    assert found(store, read=value) == {1: "made"}
    assert found(store, read=str(value)) == {}
    store.close()


def test_what_holds_itself_is_not_kept(tmp_path: Path) -> None:
    store, endless = opened(tmp_path), list[Any]()
    endless.append(endless)
    keep(store, 0, endless)

    assert found(store) == {}
    store.close()


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(value=JSON, read=JSON)
def test_plain_values_come_back_exactly(tmp_path: Path, value: Any, read: Any) -> None:
    store = opened(tmp_path)
    keep(store, 2, value, read=read)

    (row, again), *_ = found(store, read=read).items()

    assert (row, repr(again)) == (2, repr(value))
    store.forget(FIRST)
    store.close()


def test_the_row_groups_with_cells_are_known(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for row in (0, 3, 4, 13):
        keep(store, row, "x")

    assert store.groups(4) == {0, 1, 3}
    assert store.groups(7) == {0, 1}
    store.close()


def test_a_whole_row_group_is_forgotten_and_a_smaller_one_is_not(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for row in (0, 3, 4):
        keep(store, row, "x")
    assert found(store) == {0: "x", 3: "x"}

    store.forget(FIRST)
    store.forget(RowGroup(1, 4, 2))

    assert found(store) == {}
    assert found(store, SECOND) == {4: "x"}
    store.close()


def test_a_store_without_cells_leaves_no_file(tmp_path: Path) -> None:
    store = opened(tmp_path)
    keep(store, 0, "x")
    store.forget(FIRST)
    store.close()
    store.close()

    assert list(tmp_path.iterdir()) == []


def test_a_closed_store_keeps_nothing_and_harms_nothing(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.close()

    keep(store, 0, "x")
    store.forget(FIRST)

    assert found(store) == {}
    assert store.groups(4) == frozenset()


def other_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE cells (mine TEXT)")
    connection.close()


def not_a_database(path: Path) -> None:
    path.write_bytes(b"not a database, and longer than the header of one" * 100)


def torn(path: Path) -> None:
    store = CellStore(path, makers=["a"], reads=[[]], row_group_size=4)
    for row in range(400):
        store.keep(0, row, {}, ("x" * 500,), SLOW)
    store.close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes(len(content) - 4096))


@pytest.mark.parametrize("break_it", [other_database, not_a_database, torn])
def test_a_broken_file_is_thrown_away_with_a_warning_and_a_new_one_begun(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, break_it: Any
) -> None:
    break_it(tmp_path / "cells.sqlite")

    with caplog.at_level(logging.WARNING):
        first = opened(tmp_path)
        keep(first, 0, "x")
        found(first)
        first.close()
        second = opened(tmp_path)
        keep(second, 1, "y")

        assert found(second)[1] == "y"
    second.close()
    assert [record.getMessage().split(" (")[0] for record in caplog.records] == [
        f"{tmp_path / 'cells.sqlite'} is broken and was thrown away"
    ]


def test_a_cell_that_was_damaged_is_made_again(tmp_path: Path) -> None:
    store = opened(tmp_path)
    keep(store, 0, "x" * 100)
    keep(store, 1, "y" * 100)
    store.close()
    path = tmp_path / "cells.sqlite"
    path.write_bytes(path.read_bytes().replace(b"x" * 100, b"x" * 50 + b"z" * 50))

    store = opened(tmp_path)

    assert found(store) == {1: "y" * 100}
    store.close()


def test_a_disk_that_is_full_costs_a_warning_and_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = opened(tmp_path)

    with caplog.at_level(logging.WARNING), files_of_at_most(100_000):
        for row in range(1000):
            keep(store, row, "x" * 1000)
        store.close()

    (record,) = caplog.records
    assert "cells.sqlite cannot be used" in record.getMessage()
    assert "the run goes on" in record.getMessage()


def test_a_folder_that_is_gone_costs_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        store = opened(tmp_path / "nowhere")
        keep(store, 0, "x")

    assert found(store) == {}
    assert len(caplog.records) == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.storage.cell_store import CellStore
store = CellStore(Path(sys.argv[1]) / "cells.sqlite", makers=["a 1", "b 2"], reads=[["x"], []], row_group_size=4)
for row in range(int(sys.argv[2])):
    store.keep(0, row, {"x": "in"}, (f"value {row} " * 300,), 1.0)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("count", [1, 3, 17, 1500])
def test_every_cell_that_was_kept_before_a_process_was_killed_is_found(tmp_path: Path, count: int) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(count)], check=False)

    store = opened(tmp_path)
    group = RowGroup(0, 0, count + 5)

    assert found(store, group) == {row: f"value {row} " * 300 for row in range(count)}
    store.close()


def test_it_has_the_shape_that_the_engine_asks_for(tmp_path: Path) -> None:
    # the type checker looks here
    keeper: CellKeeper = opened(tmp_path)

    assert isinstance(keeper, CellStore)
    keeper.close()
