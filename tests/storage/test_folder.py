"""Where a dataset may begin, and what overwriting deletes."""

import os
from pathlib import Path
from typing import Any

import pytest

from notebook_gen.config.columns import Column, Expression
from notebook_gen.errors import ConfigError, Rejected
from notebook_gen.plan.values import FailedCell
from notebook_gen.storage.metadata import RunDescription
from notebook_gen.storage.parquet import ParquetFolder
from tests.storage.runs import described, group_of

FILES = ["builder.json", "dropped", "empty_cells", "metadata.json", "rows", "traces"]


def begin(path: str | Path, *, overwrite: bool = False) -> ParquetFolder:
    return ParquetFolder(path, described(), overwrite=overwrite)


def names_in(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


def refusal(path: str | Path, *, overwrite: bool = False) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        begin(path, overwrite=overwrite)
    return caught.value


def test_a_new_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    begin(tmp_path / "sets" / "reviews")

    assert names_in(tmp_path / "sets" / "reviews") == FILES


def test_an_empty_folder_will_do_and_hidden_files_do_not_count(tmp_path: Path) -> None:
    (tmp_path / ".ipynb_checkpoints").mkdir()

    begin(tmp_path)

    assert names_in(tmp_path) == [".ipynb_checkpoints", *FILES]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_with_other_things_is_refused_and_not_touched(tmp_path: Path, overwrite: bool) -> None:
    for name in "abcd":
        (tmp_path / f"{name}.txt").write_text(name)

    error = refusal(tmp_path, overwrite=overwrite)

    assert (
        error.problem
        == f"{tmp_path} holds something that is no dataset of notebook_gen: 'a.txt', 'b.txt', 'c.txt' and more"
    )
    assert error.advice == "name a new folder, or an empty one"
    assert names_in(tmp_path) == ["a.txt", "b.txt", "c.txt", "d.txt"]


@pytest.mark.parametrize("content", ['{"title": "mine"}', "not json", "[]"])
def test_the_metadata_of_another_program_is_not_ours_to_overwrite(tmp_path: Path, content: str) -> None:
    (tmp_path / "metadata.json").write_text(content)

    assert "'metadata.json'" in refusal(tmp_path, overwrite=True).problem
    assert (tmp_path / "metadata.json").read_text() == content


def test_overwriting_deletes_the_dataset_and_nothing_else(tmp_path: Path) -> None:
    old = begin(tmp_path)
    old.write(group_of(0, [1]), {"stars": [1]}, [0])
    old.write_empty(group_of(7, [1]), [FailedCell(28, "tone", 1, Rejected("no"))])
    old.write(group_of(7, [1]), {"stars": [1]}, [28])
    old.finish("finished")
    assert names_in(tmp_path / "empty_cells") == ["00007.parquet"]
    (tmp_path / "notes.md").write_text("mine")
    (tmp_path / "rows" / "chosen.parquet").write_text("mine")
    (tmp_path / "rows" / ".00003.parquet.tmp").write_text("left by a crash")
    (tmp_path / "rows" / ".00003.parquet.new").write_text("left by a crash")
    for name in ("cells.sqlite", "cells.sqlite-wal"):
        (tmp_path / name).write_text("left by a crash")

    begin(tmp_path, overwrite=True)

    assert names_in(tmp_path) == sorted([*FILES, "notes.md"])
    assert names_in(tmp_path / "rows") == ["chosen.parquet"]
    assert names_in(tmp_path / "empty_cells") == []


def test_a_dataset_without_metadata_is_still_seen_to_be_one(tmp_path: Path) -> None:
    begin(tmp_path).write(group_of(0, [1]), {"stars": [1]}, [0])
    (tmp_path / "metadata.json").unlink()

    error = refusal(tmp_path)
    assert error.problem == f"{tmp_path} holds a dataset already, but no metadata.json that says what it is"
    assert error.advice == "give overwrite=True to make it anew, or name another folder"
    begin(tmp_path, overwrite=True)

    assert names_in(tmp_path / "rows") == []


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "reviews"
    path.write_text("")

    assert str(refusal(path)) == f"{path} is a file; name a folder to write the dataset to"
    error = refusal(path / "deeper")
    assert error.problem == f"{path / 'deeper'} cannot be written to: Not a directory"
    assert error.advice == f"{path} is a file: choose another place"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "closed"
    path.mkdir(mode=0o500)

    error = refusal(path / "reviews")

    assert error.problem == f"{path / 'reviews'} cannot be written to: Permission denied"
    assert error.advice == "check the permissions of the folder, or choose another one"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a file system that nobody may write to")
def test_a_place_where_nobody_can_write_is_refused() -> None:
    error = refusal(Path("/proc/reviews"))

    assert error.problem == "/proc/reviews cannot be written to: No such file or directory"
    assert error.advice == "/proc is a folder in which none can be made: choose another place"


@pytest.mark.parametrize("folder", [None, 5, b"x", b"", "", " ", "a\0b", Path, ["reviews"]])
def test_what_names_no_folder_is_refused(folder: Any) -> None:
    error = refusal(folder)

    assert error.problem == f"folder is {folder!r}"
    assert error.advice == 'give the path of one, such as "reviews/"'


@pytest.mark.parametrize("folder", ["~nosuchuser/x", "a\ud800"])
def test_what_cannot_be_a_path_is_refused(folder: str) -> None:
    error = refusal(folder)

    assert error.problem.startswith(f"folder is {folder!r}, which cannot be a path: ")
    assert error.advice == "name another one"


@pytest.mark.parametrize("folder", ["s3://bucket/x", "gs://bucket/x", "file:///x", Path("s3://bucket/x")])
def test_a_folder_on_another_machine_is_refused_and_none_is_made_here(
    folder: str | Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert "only local folders can be written to for now" in refusal(folder).problem
    assert names_in(tmp_path) == []


def test_a_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    assert "File name too long" in refusal(tmp_path / ("x" * 1000)).problem


def test_the_folder_stays_the_same_when_the_working_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    kept = begin("reviews")

    monkeypatch.chdir("elsewhere")
    kept.write(group_of(0, [1]), {"stars": [1]}, [0])
    kept.finish("finished")

    assert kept.path == tmp_path / "reviews"
    assert names_in(tmp_path / "reviews" / "rows") == ["00000.parquet"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_that_a_run_writes_to_is_refused_and_not_touched(tmp_path: Path, overwrite: bool) -> None:
    kept = begin(tmp_path)
    kept.write(group_of(0, [1]), {"stars": [1]}, [0])

    assert refusal(tmp_path, overwrite=overwrite).problem.startswith(f"{tmp_path} is being written to by process ")

    assert kept.table().num_rows == 1
    kept.finish("finished")
    begin(tmp_path, overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_refusal_leaves_no_lock(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "mine.txt").write_text("")

    refusal(tmp_path, overwrite=overwrite)

    assert names_in(tmp_path) == ["mine.txt"]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [({"\ud800": Expression("x")}, "in its name"), ({"a": Expression("\ud800")}, "in a text, which is no character")],
)
def test_a_run_that_cannot_be_described_deletes_nothing(
    tmp_path: Path, columns: dict[str, Column], problem: str
) -> None:
    begin(tmp_path).finish("finished")
    run = RunDescription(columns=columns, models={}, seed=0, rows=1, row_group_size=1)

    with pytest.raises(ConfigError, match=problem):
        ParquetFolder(tmp_path, run, overwrite=True)

    assert '"finished"' in (tmp_path / "metadata.json").read_text()


def test_what_a_run_has_left_that_did_not_get_far_is_an_empty_folder(tmp_path: Path) -> None:
    for name in ("rows", "dropped", "empty_cells", "traces"):
        (tmp_path / name).mkdir()

    begin(tmp_path)

    assert names_in(tmp_path) == FILES


def test_a_home_folder_may_be_named_by_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    begin(Path("~/reviews"))

    assert names_in(tmp_path / "reviews") == FILES
