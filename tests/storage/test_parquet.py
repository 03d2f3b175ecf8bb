"""A dataset on disk: row groups, dropped rows, one schema, and what is left when something goes wrong."""

import json
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notebook_gen.engine.ports import RowGroupWriter
from notebook_gen.errors import ConfigError, DroppedByProcessor, Rejected, Transient, WriteError
from notebook_gen.observers.rows import Storage
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.plan.values import FailedCell
from notebook_gen.storage.parquet import ParquetFolder
from tests.storage.limits import files_of_at_most
from tests.storage.runs import NOON, described, group_of
from tests.storage.values import ONE_KIND, VALUES


def folder_of(path: Path, *groups: Sequence[Any], finish: bool = True) -> ParquetFolder:
    """A folder with row groups of one column, `a`."""
    kept = ParquetFolder(path, described("a"), overwrite=True)
    for number, values in enumerate(groups):
        group = group_of(number, values)
        kept.write(group, {"a": values}, list(group.rows))
    if finish:
        kept.finish("finished")
    return kept


def types_of(path: Path) -> list[str]:
    return [str(pq.read_schema(file).field("a").type) for file in sorted((path / "rows").iterdir())]


def test_each_row_group_is_a_file_that_anybody_can_read(tmp_path: Path) -> None:
    kept = ParquetFolder(tmp_path, described("a", "b"))
    kept.write(RowGroup(1, 4, 2), {"a": [3, 4], "b": ["y", "z"]}, [4, 5])
    kept.write(RowGroup(0, 0, 4), {"a": [1, 2], "b": [None, "x"]}, [0, 3])
    kept.finish("finished")

    assert sorted(file.name for file in (tmp_path / "rows").iterdir()) == ["00000.parquet", "00001.parquet"]
    expected = {"a": [1, 2, 3, 4], "b": [None, "x", "y", "z"]}
    assert pyarrow.dataset.dataset(tmp_path / "rows").to_table().to_pydict() == expected
    assert pd.read_parquet(tmp_path / "rows")["a"].tolist() == [1, 2, 3, 4]


def test_rows_can_be_read_back_by_group_and_as_a_whole_in_row_order(tmp_path: Path) -> None:
    kept = ParquetFolder(tmp_path, described("a"))
    kept.write(RowGroup(1, 4, 2), {"a": [3, 4]}, [4, 5])
    kept.write(RowGroup(0, 0, 4), {"a": [1.5, 2.5]}, [0, 3])

    assert kept.row_groups() == [0, 1]
    assert list(kept.rows(0)) == [0, 3]
    assert kept.rows(1) == range(4, 6)
    assert kept.read(1).to_pydict() == {"a": [3, 4]}
    assert kept.table().to_pydict() == {"a": [1.5, 2.5, 3.0, 4.0]}


def test_a_file_tells_which_rows_it_holds(tmp_path: Path) -> None:
    kept = ParquetFolder(tmp_path, described("a", rows=40, size=10))
    kept.write_dropped(RowGroup(2, 20, 10), [FailedCell(22, "a", 1, Rejected("no"))])
    kept.write(RowGroup(2, 20, 10), {"a": [1, "x", 3, 4]}, [20, 21, 25, 29])
    kept.write(RowGroup(3, 30, 10), {"a": [1]}, [30])
    kept.finish("cancelled")

    about = json.loads(pq.read_schema(tmp_path / "rows" / "00002.parquet").metadata[b"notebook_gen"])

    assert about == {
        "row_group": 2,
        "start": 20,
        "size": 10,
        "planned": 10,
        "rows": [[20, 22], [25, 26], [29, 30]],
        "dropped": 1,
        "complete": False,
    }


def test_a_row_group_without_rows_has_no_file(tmp_path: Path) -> None:
    kept = folder_of(tmp_path, [])

    assert kept.row_groups() == []
    assert list((tmp_path / "rows").iterdir()) == []


def test_an_empty_dataset_has_its_columns(tmp_path: Path) -> None:
    assert folder_of(tmp_path).table().column_names == ["a"]


@pytest.mark.parametrize(
    ("groups", "type_name", "values"),
    [
        ([[1], [2.5], [None]], "double", [1.0, 2.5, None]),
        ([[None], ["x"]], "string", [None, "x"]),
        ([[None], [None]], "null", [None, None]),
        ([[1], ["x"]], "string", ["1", "x"]),
        ([[2**53 + 1], [0.5]], "string", ["9007199254740993", "0.5"]),
        ([[2**64], [1]], "string", ["18446744073709551616", "1"]),
        ([[[1]], [[]], [[0.5]]], "list<element: double>", [[1.0], [], [0.5]]),
        ([[[1]], [["x"]]], "string", ["[1]", '["x"]']),
        ([[{"k": 1}], [{"k": None}], [{"k": 0.5}]], "struct<k: double>", [{"k": 1.0}, {"k": None}, {"k": 0.5}]),
        ([[{"k": 1}], [{"j": 1}]], "string", ['{"k": 1}', '{"j": 1}']),
        ([[True], [1]], "string", ["True", "1"]),
        ([[NOON], [NOON.astimezone(ZoneInfo("Europe/Berlin"))]], "timestamp[us, tz=UTC]", [NOON, NOON]),
        ([[NOON], [NOON.replace(tzinfo=None)]], "string", ["2024-01-02 12:00:00+00:00", "2024-01-02 12:00:00"]),
    ],
)
def test_row_groups_of_different_types_end_with_one_that_holds_all(
    tmp_path: Path, groups: list[list[Any]], type_name: str, values: list[Any]
) -> None:
    kept = folder_of(tmp_path, *groups, finish=False)
    before = kept.table()
    kept.finish("finished")

    assert types_of(tmp_path) == [type_name] * len(groups)
    assert before.to_pydict() == kept.table().to_pydict() == {"a": values}


def test_decimals_end_with_room_for_all_their_digits(tmp_path: Path) -> None:
    kept = folder_of(tmp_path, [Decimal("123456")], [Decimal("0.001")])

    assert kept.table().to_pydict() == {"a": [Decimal("123456.000"), Decimal("0.001")]}


def test_files_that_have_the_schema_already_are_left_alone(tmp_path: Path) -> None:
    kept = folder_of(tmp_path, [0.5], [1], finish=False)
    first = tmp_path / "rows" / "00000.parquet"
    inode = first.stat().st_ino

    kept.finish("finished")

    assert first.stat().st_ino == inode


def test_dropped_rows_are_written_with_their_reason(tmp_path: Path) -> None:
    kept = ParquetFolder(tmp_path, described("a"))
    kept.write_dropped(
        RowGroup(1, 4, 4),
        [
            FailedCell(4, "a", 1, Rejected("no number", advice="give one")),
            FailedCell(6, "a", 3, Transient("gone")),
        ],
    )

    assert pq.read_table(tmp_path / "dropped" / "00001.parquet").to_pylist() == [
        {"row": 4, "column": "a", "attempts": 1, "kind": "rejected", "error": "no number", "advice": "give one"},
        {"row": 6, "column": "a", "attempts": 3, "kind": "transient", "error": "gone", "advice": ""},
    ]


def test_a_row_that_a_processor_dropped_names_it_where_others_name_their_column(tmp_path: Path) -> None:
    kept = ParquetFolder(tmp_path, described("a"))
    kept.write_dropped(RowGroup(0, 0, 4), [FailedCell(3, "", 1, DroppedByProcessor("only_long", "post_batch"))])

    assert pq.read_table(tmp_path / "dropped" / "00000.parquet")["column"].to_pylist() == ["post_batch: only_long"]


def test_traces_are_written_beside_the_rows(tmp_path: Path) -> None:
    traces = pyarrow.table({"column": ["a"], "seconds": [0.5]})

    ParquetFolder(tmp_path, described("a")).write_traces([traces, traces])

    assert pq.read_table(tmp_path / "traces" / "00000.parquet").equals(pyarrow.concat_tables([traces, traces]))


def test_traces_are_written_after_the_end_too_but_not_into_another_run(tmp_path: Path) -> None:
    traces = pyarrow.table({"column": ["a"]})
    first = ParquetFolder(tmp_path, described("a"))
    first.finish("finished")
    first.write_traces([traces])
    assert pq.read_table(tmp_path / "traces" / "00000.parquet").equals(traces)

    second = ParquetFolder(tmp_path, described("a"), overwrite=True)
    with pytest.raises(WriteError, match="is being written to by process"):
        first.write_traces([traces])

    assert list((tmp_path / "traces").iterdir()) == []
    second.finish("finished")


def test_a_run_that_could_not_be_settled_gives_its_folder_up(tmp_path: Path) -> None:
    kept = folder_of(tmp_path, [1], finish=False)
    (tmp_path / "rows" / "00000.parquet").unlink()

    with pytest.raises(WriteError) as caught:
        kept.finish("finished")

    assert caught.value.problem.endswith("00000.parquet cannot be read: No such file or directory")
    assert caught.value.advice == "somebody moved or deleted it: put it back, or make the dataset again"
    ParquetFolder(tmp_path, described("a"), overwrite=True)


def test_the_metadata_say_running_until_the_run_has_ended(tmp_path: Path) -> None:
    times = iter([NOON, NOON + timedelta(hours=1)])

    def now() -> datetime:
        return next(times)

    kept = ParquetFolder(tmp_path, described("a", rows=4), now=now)
    begun = json.loads((tmp_path / "metadata.json").read_text())
    kept.write_dropped(RowGroup(0, 0, 4), [FailedCell(1, "a", 1, Rejected("no"))])
    kept.write(RowGroup(0, 0, 4), {"a": [1, 2, 3]}, [0, 2, 3])
    kept.finish("finished")
    ended = json.loads((tmp_path / "metadata.json").read_text())

    assert (begun["state"], begun["ended"], begun["rows"]["delivered"]) == ("running", None, 0)
    assert ended["state"] == "finished"
    assert ended["ended"] == "2024-01-02T13:00:00+00:00"
    assert ended["rows"] == {"asked": 4, "delivered": 3, "dropped": 1}
    assert json.loads((tmp_path / "builder.json").read_text())["columns"]["a"]["template"] == "x"


def test_a_row_group_that_does_not_fit_on_the_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    kept = folder_of(tmp_path, [1], finish=False)
    values = [f"{number:099d}" for number in range(1000)]

    with files_of_at_most(2000), pytest.raises(WriteError) as caught:
        kept.write(RowGroup(1, 1000, 1000), {"a": values}, range(1000, 2000))

    assert caught.value.path == str(tmp_path / "rows" / "00001.parquet")
    assert caught.value.advice != ""
    assert [file.name for file in (tmp_path / "rows").iterdir()] == ["00000.parquet"]
    assert kept.row_groups() == [0]


def test_a_folder_that_vanished_is_told(tmp_path: Path) -> None:
    kept = folder_of(tmp_path / "set", [1], finish=False)
    (tmp_path / "set" / "rows").rename(tmp_path / "elsewhere")

    with pytest.raises(WriteError, match="the folder is gone"):
        kept.write(RowGroup(1, 4, 1), {"a": [2]}, [4])
    with pytest.raises(WriteError, match="cannot be read: No such file"):
        kept.read(0)
    with pytest.raises(WriteError):
        kept.finish("failed")
    # and yet the end of the run is recorded
    assert json.loads((tmp_path / "set" / "metadata.json").read_text())["state"] == "failed"


def test_a_file_that_somebody_broke_is_told(tmp_path: Path) -> None:
    kept = folder_of(tmp_path, [1])
    (tmp_path / "rows" / "00000.parquet").write_bytes(b"PAR1")

    with pytest.raises(WriteError, match=r"00000\.parquet is no Parquet file any more"):
        kept.table()


def test_a_description_that_cannot_be_written_is_known_at_once(tmp_path: Path) -> None:
    with files_of_at_most(10), pytest.raises(ConfigError, match="File too large"):
        ParquetFolder(tmp_path, described("a"))


def test_rows_can_be_read_while_others_are_written(tmp_path: Path) -> None:
    kept = ParquetFolder(tmp_path, described("a", rows=400, size=4))
    errors: list[Exception] = []

    def write(first: int) -> None:
        for number in range(first, 100, 2):
            kept.write(group_of(number, range(4)), {"a": list(range(4))}, range(number * 4, number * 4 + 4))

    def read() -> None:
        try:
            while len(kept.row_groups()) < 100:
                assert kept.table().num_rows % 4 == 0
        except Exception as error:  # noqa: BLE001  # told to the test's thread
            errors.append(error)

    threads = [threading.Thread(target=write, args=(first,)) for first in (0, 1)]
    reader = threading.Thread(target=read)
    for thread in (*threads, reader):
        thread.start()
    for thread in (*threads, reader):
        thread.join()

    assert errors == []
    assert kept.table().num_rows == 400


HERE = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)


@HERE
@given(data=st.data(), values=ONE_KIND)
def test_a_column_of_one_type_comes_back_unchanged_however_it_is_split(
    tmp_path: Path, data: st.DataObject, values: list[Any]
) -> None:
    size = data.draw(st.integers(1, len(values)))
    kept = folder_of(tmp_path, *(values[start : start + size] for start in range(0, len(values), size)))

    assert kept.table().to_pydict() == {"a": values}
    assert pyarrow.dataset.dataset(tmp_path / "rows").to_table().to_pydict() == {"a": values}


@HERE
@given(st.lists(st.lists(VALUES, min_size=1, max_size=3), min_size=1, max_size=4))
def test_no_row_is_ever_lost_and_all_files_have_one_schema(tmp_path: Path, groups: list[list[Any]]) -> None:
    kept = folder_of(tmp_path, *groups)

    assert len(set(types_of(tmp_path))) == 1
    made = [value for group in groups for value in group]
    assert [value is None for value in kept.table().column("a").to_pylist()] == [value is None for value in made]


def test_it_has_the_shapes_that_engine_and_views_ask_for(tmp_path: Path) -> None:
    # the type checker looks here
    kept = ParquetFolder(tmp_path, described("a"))
    writer: RowGroupWriter = kept
    storage: Storage = kept

    assert isinstance(writer, ParquetFolder)
    assert isinstance(storage, ParquetFolder)
