"""A run goes on where an earlier one stopped, or says why it cannot; then nothing is changed."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from notebook_gen.config.columns import Column, Function, Integer, LLMText
from notebook_gen.config.models import DemoModel, Model
from notebook_gen.config.processors import DropColumns, ProcessorSpec, Stage
from notebook_gen.errors import ConfigError, Rejected
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.plan.values import FailedCell, NewDataset
from notebook_gen.storage.metadata import RunDescription
from notebook_gen.storage.parquet import ParquetFolder
from notebook_gen.storage.resume import FinishedGroup
from tests.storage.runs import described

WAYS_OUT = "give overwrite=True to make it anew, or name another folder"


def begin(path: Path, *, rows: int = 10) -> ParquetFolder:
    return ParquetFolder(path, described(rows=rows))


def write(kept: ParquetFolder, number: int, rows: Sequence[int], *, size: int = 4, dropped: Sequence[int] = ()) -> None:
    group = RowGroup(number, number * 4, size)
    if dropped:
        kept.write_dropped(group, [FailedCell(row, "stars", 1, Rejected("no")) for row in dropped])
    kept.write(group, {"stars": list(rows)}, rows)


def stop(kept: ParquetFolder) -> None:
    """End a run that has written a row group."""
    write(kept, 0, [0, 1, 2, 3])
    kept.finish("cancelled")


def finished(kept: ParquetFolder) -> dict[int, FinishedGroup]:
    assert kept.earlier is not None
    return dict(kept.earlier.groups)


def counts(path: Path) -> dict[str, int]:
    told: dict[str, int] = json.loads((path / "metadata.json").read_bytes())["rows"]
    return told


def files(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def refusal(path: Path, run: RunDescription | None = None) -> ConfigError:
    """Why a run cannot begin; whatever is there stays as it is."""
    before = files(path)
    with pytest.raises(ConfigError) as caught:
        ParquetFolder(path, run or described())
    assert files(path) == before
    return caught.value


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """A folder with one row group that is whole, one that was dropped as a whole, and one that is not finished."""
    kept = begin(tmp_path)
    write(kept, 0, [0, 1, 3], dropped=[2])
    write(kept, 1, [], dropped=[4, 5, 6, 7])
    write(kept, 2, [9], size=2)
    kept.finish("cancelled")
    return tmp_path


def test_a_new_folder_has_nothing_earlier(tmp_path: Path) -> None:
    assert begin(tmp_path).earlier is None


def test_what_is_whole_is_finished_and_what_else_there_is_counts_until_it_is_made_again(stopped: Path) -> None:
    kept = begin(stopped)

    assert finished(kept) == {0: FinishedGroup(kept.rows(0), 1), 1: FinishedGroup((), 4)}
    assert [list(kept.rows(number)) for number in kept.row_groups()] == [[0, 1, 3], [9]]
    assert counts(stopped) == {"asked": 10, "delivered": 4, "dropped": 5}

    write(kept, 2, [8, 9], size=2)
    kept.finish("finished")

    assert kept.table().to_pydict() == {"stars": [0, 1, 3, 8, 9]}
    assert counts(stopped) == {"asked": 10, "delivered": 5, "dropped": 5}
    assert set(finished(begin(stopped))) == {0, 1, 2}


def test_part_of_a_row_group_never_takes_the_place_of_a_larger_part(tmp_path: Path) -> None:
    first = begin(tmp_path)
    write(first, 0, [0, 1, 2])
    first.finish("cancelled")

    second = begin(tmp_path)
    write(second, 0, [1, 3])
    second.finish("cancelled")

    assert second.table().to_pydict() == {"stars": [0, 1, 2]}
    assert counts(tmp_path)["delivered"] == 3


def test_files_tell_how_far_it_got_whatever_the_metadata_say(stopped: Path) -> None:
    path = stopped / "metadata.json"
    content = json.loads(path.read_bytes())
    path.write_text(json.dumps(content | {"state": "running", "rows": {"asked": 10, "delivered": 0, "dropped": 0}}))
    (stopped / "rows" / "00000.parquet").unlink()

    assert set(finished(begin(stopped))) == {1}


def test_more_rows_make_the_last_row_group_anew_and_nothing_else(tmp_path: Path) -> None:
    first = begin(tmp_path, rows=6)
    write(first, 0, [0, 1, 2, 3])
    write(first, 1, [4], size=2, dropped=[5])
    first.finish("finished")

    second = begin(tmp_path, rows=10)
    assert set(finished(second)) == {0}
    write(second, 1, [4, 5, 6, 7])
    write(second, 2, [8, 9], size=2)
    second.finish("finished")

    assert second.table().to_pydict() == {"stars": list(range(10))}
    assert counts(tmp_path) == {"asked": 10, "delivered": 10, "dropped": 0}
    assert list((tmp_path / "dropped").iterdir()) == []


def test_a_row_group_that_is_dropped_as_a_whole_in_the_end_leaves_no_rows(tmp_path: Path) -> None:
    first = begin(tmp_path, rows=2)
    write(first, 0, [0, 1], size=2)
    first.finish("finished")

    second = begin(tmp_path, rows=4)
    write(second, 0, [], dropped=[0, 1, 2, 3])
    second.finish("finished")

    assert list((tmp_path / "rows").iterdir()) == []
    assert counts(tmp_path) == {"asked": 4, "delivered": 0, "dropped": 4}
    assert finished(begin(tmp_path, rows=4)) == {0: FinishedGroup((), 4)}


def test_row_groups_of_several_runs_end_with_one_schema(tmp_path: Path) -> None:
    first = begin(tmp_path)
    first.write(RowGroup(0, 0, 4), {"stars": [1, 2, 3, 4]}, range(4))
    first.finish("cancelled")
    second = begin(tmp_path)
    second.write(RowGroup(1, 4, 4), {"stars": [0.5, 1.5, 2.5, 3.5]}, range(4, 8))
    second.finish("finished")

    assert {str(pq.read_schema(file).field("stars").type) for file in (tmp_path / "rows").iterdir()} == {"double"}
    assert set(finished(begin(tmp_path))) == {0, 1}


def test_each_run_has_a_file_of_traces(tmp_path: Path) -> None:
    for name in ("first", "second"):
        kept = begin(tmp_path)
        for _ in range(2):  # written again, it is the same run
            kept.write_traces([pa.table({"run": [name]})])
        kept.finish("cancelled")

    traces = sorted((tmp_path / "traces").iterdir())
    assert [pq.read_table(file).to_pydict() for file in traces] == [{"run": ["first"]}, {"run": ["second"]}]


def test_what_a_killed_run_has_left_half_written_is_deleted(stopped: Path) -> None:
    left = [stopped / "rows" / f".00002.parquet{ending}" for ending in (".tmp", ".new")]
    left += [stopped / ".metadata.json.tmp", stopped / "dropped" / ".00000.parquet.tmp"]
    for file in left:
        file.write_bytes(b"PAR1")

    begin(stopped)

    assert not any(file.exists() for file in left)


# What cannot be gone on with


def changed(**changes: Any) -> RunDescription:
    content: dict[str, Any] = {
        "columns": {"stars": Integer(1, 5), "review": LLMText("Write.")},
        "models": {"default": DemoModel()},
        "processors": {},
        "seed": 7,
        "rows": 10,
        "row_group_size": 4,
    }
    return RunDescription(**content | changes)


def declared(*columns: tuple[str, Column], **models: Model) -> dict[str, Any]:
    return {"columns": dict(columns), "models": models or {"default": DemoModel()}}


STARS = ("stars", Integer(1, 5))
REVIEW = ("review", LLMText("Write."))
DROP: dict[tuple[Stage, str], ProcessorSpec] = {("post_batch", "drop"): DropColumns("*_tmp")}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (declared(("stars", Integer(1, 6)), REVIEW), "column 'stars' has changed (its high)"),
        (declared(STARS), "column 'review' is gone"),
        (declared(STARS, REVIEW, ("more", Integer(1, 2))), "column 'more' is new"),
        (
            declared(STARS, ("review", LLMText("Say.", on_error="null", retries=3))),
            "column 'review' has changed (its on_error, its prompt)",
        ),
        (
            declared(STARS, REVIEW, default=Model("gpt-x")),
            'column \'review\' has changed (its model\'s type was "DemoModel" and is "Model", '
            'its model\'s model was "demo" and is "gpt-x")',
        ),
        ({"seed": 8}, "the seed was 7 and is 8"),
        ({"row_group_size": 5}, "row_group_size was 4 and is 5"),
    ],
)
def test_a_changed_builder_is_refused_with_what_differs_and_the_ways_out(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    stop(ParquetFolder(tmp_path, changed()))

    error = refusal(tmp_path, changed(**changes))

    assert error.problem == f"{tmp_path} holds a dataset that was declared otherwise when it was begun: {told}"
    assert error.advice == f"rows of both would not belong together: declare it as it was to go on, {WAYS_OUT}"
    ParquetFolder(tmp_path, changed(**changes), overwrite=True)


@pytest.mark.parametrize("changes", [declared(STARS), {"seed": 8}, {"row_group_size": 5}, {"rows": 3}])
def test_a_dataset_that_came_to_nothing_is_begun_anew_however_it_was_declared(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    begun = ParquetFolder(tmp_path, changed())
    begun.open_cells(build_graph(changed().columns))
    write(begun, 0, [], dropped=[0, 1, 2, 3])
    begun.finish("stopped early")

    again = ParquetFolder(tmp_path, changed(**changes))

    assert again.earlier is None
    assert list(again.failed_before()) == []
    assert not (tmp_path / "dropped" / "00000.parquet").exists()


def test_what_was_killed_before_it_kept_a_cell_is_begun_anew_and_what_kept_one_is_not(tmp_path: Path) -> None:
    killed, kept = tmp_path / "killed", tmp_path / "kept"
    for path in (killed, kept):
        begun = ParquetFolder(path, changed())
        store = begun.open_cells(build_graph(changed().columns))
        if path is kept:
            store.keep(1, 0, {}, ("Written.",), 1.0)
        begun.finish("cancelled")
    with closing(sqlite3.connect(killed / "cells.sqlite")) as empty:
        empty.execute("CREATE TABLE cells (row INTEGER)")

    assert ParquetFolder(killed, changed(seed=8)).earlier is None
    assert "the seed was 7 and is 8" in refusal(kept, changed(seed=8)).problem


def test_a_processor_that_is_new_is_refused_with_how_much_is_written_without_it(tmp_path: Path) -> None:
    begun = ParquetFolder(tmp_path, changed())
    write(begun, 0, [0, 1, 2, 3])
    write(begun, 1, [4, 5, 6, 7])
    begun.finish("cancelled")

    error = refusal(tmp_path, changed(processors=DROP))

    assert error.problem.endswith(
        "processor 'post_batch drop' is new, and 2 row groups are written with the processors as they were"
    )
    ParquetFolder(tmp_path, changed(processors=DROP), overwrite=True)


def test_a_refill_that_was_interrupted_leaves_no_reason_on_a_cell_that_is_made_later(tmp_path: Path) -> None:
    run, group = described("a", "b", rows=4, size=4), RowGroup(0, 0, 4)

    def failed(row: int, column: str) -> FailedCell:
        return FailedCell(row, column, 1, Rejected("no"))

    begun = ParquetFolder(tmp_path, run)
    begun.write_dropped(group, [failed(3, "a")])
    begun.write_empty(group, [failed(0, "b")])
    begun.write(group, {"a": [1, 2, 3], "b": [None, 2, 3]}, [0, 1, 2])
    begun.finish("finished")
    interrupted = ParquetFolder(tmp_path, run, overwrite="dropped")
    interrupted.write_empty(group, [failed(3, "b")])
    interrupted.finish("failed")

    again = ParquetFolder(tmp_path, run, overwrite="dropped")
    again.write_empty(group, [])
    again.write(group, {"a": [1, 2, 3, 4], "b": [None, 2, 3, 4]}, [0, 1, 2, 3])
    again.finish("finished")

    last = ParquetFolder(tmp_path, run)
    assert [(line["row"], line["column"]) for table in last.failed_before() for line in table.to_pylist()] == [(0, "b")]


def served(at: str, **fields: Any) -> RunDescription:
    return changed(models={"default": Model("llama3", base_url=f"http://localhost:{at}", **fields)})


def test_a_model_that_is_another_path_of_a_gateway_is_told_with_both(tmp_path: Path) -> None:
    stop(ParquetFolder(tmp_path, served("11434/v1")))

    problem = refusal(tmp_path, served("8000/large/v1", max_parallel=3, timeout=5.0)).problem

    assert problem.endswith(
        "column 'review' has changed (its model's base_url was \"http://localhost:11434/v1\" and is "
        '"http://localhost:8000/large/v1")'
    )


def test_a_model_that_is_served_on_another_port_is_the_same(tmp_path: Path) -> None:
    stop(ParquetFolder(tmp_path, served("11434/v1")))

    ParquetFolder(tmp_path, served("8000/v1")).finish("cancelled")

    told = refusal(tmp_path, served("8001/v1", max_tokens=5)).problem
    assert "max_tokens" in told
    assert "base_url" not in told


def test_a_builder_json_that_tells_nothing_of_columns_does_not_hide_that_one_has_changed(tmp_path: Path) -> None:
    stop(ParquetFolder(tmp_path, changed()))
    (tmp_path / "builder.json").write_text('{"format": 1, "columns": [], "models": {"default": 3}}')

    problem = refusal(tmp_path, changed(columns={"stars": Integer(1, 6), "review": LLMText("Write.")})).problem

    assert problem.endswith(": column 'stars' has changed")


def test_the_source_of_a_function_counts(tmp_path: Path) -> None:
    def run(function: Callable[..., Any]) -> RunDescription:
        return changed(**declared(STARS, ("words", Function.from_callable(function))))

    stop(ParquetFolder(tmp_path, run(lambda stars: stars + 1)))

    assert "column 'words' has changed (its source)" in refusal(tmp_path, run(lambda stars: stars + 2)).problem


def test_of_many_differences_the_first_are_told(tmp_path: Path) -> None:
    stop(ParquetFolder(tmp_path, changed()))
    more = [(f"c{number}", Integer(1, 2)) for number in range(20)]

    assert refusal(tmp_path, changed(**declared(STARS, REVIEW, *more))).problem.endswith(
        "column 'c5' is new, 14 more differences"
    )


def test_fewer_rows_are_refused(stopped: Path) -> None:
    error = refusal(stopped, described(rows=9))

    assert error.problem == f"{stopped} holds a dataset of 10 rows, and 9 are asked for"
    assert error.advice == f"ask for 10 or more, {WAYS_OUT}"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("metadata.json", "{", "is no JSON: it is broken"),
        ("metadata.json", '{"notebook_gen": "0"}', "does not say which format it has: it is broken"),
        ("metadata.json", '{"notebook_gen": "0", "format": 1}', "does not say what was asked for: it is broken"),
        ("metadata.json", '{"notebook_gen": "9", "format": 99}', "was written by a newer version of notebook_gen"),
        ("builder.json", "", "is no JSON: it is broken"),
        ("builder.json", "[]", "does not say which format it has: it is broken"),
        ("builder.json", '{"format": 1}', "does not say what the columns are: it is broken"),
        ("rows/00000.parquet", "PAR1", "is no Parquet file any more"),
        ("dropped/00001.parquet", "PAR1", "is no Parquet file any more"),
    ],
)
def test_a_broken_file_is_told_with_what_to_do_and_can_be_overwritten(
    stopped: Path, name: str, content: str, problem: str
) -> None:
    (stopped / name).write_text(content)

    error = refusal(stopped)

    assert error.problem == f"{stopped / name} {problem}"
    assert error.advice != ""
    assert ParquetFolder(stopped, described(), overwrite=True).earlier is None


def test_a_file_of_something_else_is_told(stopped: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), stopped / "rows" / "00001.parquet")
    assert "00001.parquet is no file of this dataset" in refusal(stopped).problem

    (stopped / "rows" / "00000.parquet").replace(stopped / "rows" / "00001.parquet")
    assert refusal(stopped).problem.endswith("00001.parquet holds row group 0")


def test_without_metadata_and_rows_it_begins_from_nothing(tmp_path: Path) -> None:
    first = begin(tmp_path)
    store = first.open_cells(build_graph(described().columns))
    store.keep(0, 0, {}, (1,), 1.0)
    first.finish("cancelled")
    (tmp_path / "metadata.json").unlink()

    second = begin(tmp_path)

    assert second.earlier is None
    assert not (tmp_path / "cells.sqlite").exists()


# Datasets that were changed as a whole


def test_rows_that_keep_their_numbers_stay_in_their_row_groups(tmp_path: Path) -> None:
    first = begin(tmp_path)
    write(first, 0, [0, 1, 2, 3])
    write(first, 1, [], dropped=[4, 5, 6, 7])
    write(first, 2, [8, 9], size=2)
    first.replace(NewDataset({"stars": [10, 20, 30]}, [1, 3, 9]))
    first.finish("finished")

    second = begin(tmp_path)

    assert [list(second.rows(number)) for number in second.row_groups()] == [[1, 3], [], [9]]
    assert second.read(2).to_pydict() == {"stars": [30]}
    assert second.table().to_pydict() == {"stars": [10, 20, 30]}
    assert {number: len(group.rows) for number, group in finished(second).items()} == {0: 2, 1: 0, 2: 1}


def test_a_dataset_that_was_changed_as_a_whole_is_final(tmp_path: Path) -> None:
    first = begin(tmp_path)
    write(first, 0, [0, 1, 2, 3])
    write(first, 1, [4, 5, 6], dropped=[7])
    write(first, 2, [8, 9], size=2)
    first.replace(NewDataset({"stars": [10, 20, 30]}, None))
    first.finish("finished")

    second = begin(tmp_path)

    assert second.earlier is not None
    assert second.earlier.is_final
    assert finished(second) == {0: FinishedGroup(range(3), 0), 1: FinishedGroup((), 1), 2: FinishedGroup((), 0)}
    second.finish("finished")
    assert second.table().to_pydict() == {"stars": [10, 20, 30]}
    error = refusal(tmp_path, described(rows=11))
    assert "that after_run processors have changed as a whole: it cannot grow to 11" in error.problem
    assert error.advice == WAYS_OUT


# Row groups whose number of rows a column changed


def resizing() -> RunDescription:
    explode = Function.from_callable(lambda stars: stars, full_column=True, allow_resize=True)
    return RunDescription(
        columns={"stars": Integer(1, 5), "each": explode}, models={}, seed=7, rows=4, row_group_size=4
    )


@pytest.mark.parametrize(("state", "is_finished"), [("finished", True), ("cancelled", False)])
def test_of_a_resized_row_group_with_drops_only_the_runs_end_tells_that_it_is_whole(
    tmp_path: Path, state: Any, is_finished: bool
) -> None:
    kept = ParquetFolder(tmp_path, resizing())
    # one of four was dropped, three became five, and one of these was dropped
    group = RowGroup(0, 0, 5)
    kept.write_dropped(group, [FailedCell(row, "stars", 1, Rejected("no")) for row in (2, 4)])
    kept.write(group, {"stars": [1, 1, 2, 2], "each": [1, 2, 3, 4]}, [0, 1, 2, 3])
    kept.finish(state)

    assert (0 in finished(ParquetFolder(tmp_path, resizing()))) is is_finished


def test_a_resized_row_group_without_drops_is_whole(tmp_path: Path) -> None:
    kept = ParquetFolder(tmp_path, resizing())
    kept.write(RowGroup(0, 0, 6), {"stars": [1] * 6, "each": [1] * 6}, range(6))
    kept.finish("cancelled")

    assert set(finished(ParquetFolder(tmp_path, resizing()))) == {0}


# Cells


def test_cells_are_found_by_the_next_run_and_those_of_finished_row_groups_are_not_kept(tmp_path: Path) -> None:
    graph = build_graph(described().columns)
    first = begin(tmp_path)
    store = first.open_cells(graph)
    for row in (0, 4):
        store.keep(0, row, {}, (row,), 1.0)
    write(first, 0, [0, 1, 2, 3])  # and killed before its cells were forgotten
    first.finish("cancelled")

    second = begin(tmp_path)
    store = second.open_cells(graph)

    assert store.counts(4) == {1: {0: 1}}
    assert store.find(0, RowGroup(1, 4, 4), range(4, 8), {}) == {4: (4,)}
    second.finish("cancelled")


def test_two_columns_that_are_declared_alike_keep_cells_of_their_own(tmp_path: Path) -> None:
    columns: dict[str, Column] = {"one": Integer(1, 5), "two": Integer(1, 5)}
    kept = ParquetFolder(tmp_path, changed(columns=columns))
    store = kept.open_cells(build_graph(columns))
    store.keep(0, 0, {}, (1,), 1.0)

    assert store.find(1, RowGroup(0, 0, 4), range(4), {}) == {}
    kept.finish("cancelled")


def test_a_run_that_is_killed_whenever_it_touches_a_file_loses_and_doubles_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.storage.interrupted", str(tmp_path)]

    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])

    assert ended.stderr == ""
    assert int(ended.stdout) > 30


@pytest.mark.parametrize(("made", "left"), [([0, 1, 2, 3], []), ([0, 1, 3], [2])])
def test_killed_between_the_rows_that_were_made_again_and_those_still_dropped_it_tells_each_once(
    made: list[int], left: list[int], tmp_path: Path
) -> None:
    kept = begin(tmp_path)
    write(kept, 0, [0, 3], dropped=[1, 2])
    kept.finish("finished")
    older = (tmp_path / "dropped" / "00000.parquet").read_bytes()
    again = ParquetFolder(tmp_path, described(), overwrite="dropped")
    write(again, 0, made, dropped=left)
    again.finish("cancelled")
    (tmp_path / "dropped" / "00000.parquet").write_bytes(older)

    last = begin(tmp_path)

    assert [list(group.rows) for group in finished(last).values()] == [made]
    assert [row for table in last.failed_before() for row in table["row"].to_pylist()] == left
    assert pq.read_table(tmp_path / "rows" / "00000.parquet")["stars"].to_pylist() == made
