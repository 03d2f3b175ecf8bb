"""Rows and exchanges in memory."""

import pytest

from notebook_gen.engine.ports import ExchangeKeeper, RowGroupWriter
from notebook_gen.errors import ConfigError
from notebook_gen.observers.rows import Storage
from notebook_gen.plan.tasks import Task
from notebook_gen.plan.values import Exchange
from notebook_gen.storage.memory import ExchangeLog, MemoryRows
from tests.storage.runs import group_of


def exchange(answer: str) -> Exchange:
    return Exchange((("user", "hi"),), answer, "gpt-x", {})


def test_rows_can_be_read_by_group_and_as_a_whole_in_row_order() -> None:
    kept = MemoryRows(["a", "b"])
    kept.write(group_of(1, [3, 4]), {"a": [3, 4], "b": ["z", None]}, [4, 5])
    kept.write(group_of(0, [1]), {"a": [1.5], "b": ["x"]}, [2])

    assert kept.row_groups() == [0, 1]
    assert kept.rows(1) == [4, 5]
    assert kept.read(1).to_pydict() == {"a": [3, 4], "b": ["z", None]}
    assert kept.table().to_pydict() == {"a": [1.5, 3.0, 4.0], "b": ["x", "z", None]}


def test_a_run_without_rows_has_its_columns() -> None:
    table = MemoryRows(["a", "b"]).table()

    assert table.column_names == ["a", "b"]
    assert table.num_rows == 0


def test_the_columns_are_those_that_were_written_where_processors_made_others() -> None:
    kept = MemoryRows(["a", "b"])
    kept.write(group_of(0, []), {"a": [], "b": []}, [])
    kept.write(group_of(1, [1]), {"c": [1]}, [4])

    assert kept.table().to_pydict() == {"c": [1]}


def test_a_name_that_nobody_could_write_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"has '\\ud800' in its name, which is no character; rename the column"):
        MemoryRows(["a", "\ud800"])


def test_the_exchange_of_an_attempt_is_found_again() -> None:
    log = ExchangeLog()
    log.keep(Task(2, 0, 5, 1), exchange("first"))
    log.keep(Task(2, 0, 5, 2), exchange("second"))

    assert log.get(Task(2, 0, 5, 2)) == exchange("second")
    assert log.get(Task(2, 0, 6, 1)) is None


def test_the_oldest_exchanges_are_forgotten() -> None:
    log = ExchangeLog(bound=2)
    for row in range(3):
        log.keep(Task(0, 0, row), exchange(str(row)))

    assert [log.get(Task(0, 0, row)) for row in range(3)] == [None, exchange("1"), exchange("2")]


def test_they_have_the_shapes_that_engine_and_views_ask_for() -> None:
    # the type checker looks here
    writer: RowGroupWriter = MemoryRows(["a"])
    storage: Storage = MemoryRows(["a"])
    keeper: ExchangeKeeper = ExchangeLog()

    assert isinstance(writer, MemoryRows)
    assert isinstance(storage, MemoryRows)
    assert isinstance(keeper, ExchangeLog)
