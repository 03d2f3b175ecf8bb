"""Files are there as a whole or not at all."""

from pathlib import Path

import pytest

from notebook_gen.errors import WriteError
from notebook_gen.storage.files import replacing, write_json
from tests.storage.limits import files_of_at_most


def test_a_file_takes_its_place_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == tmp_path
        assert temporary.name.startswith(".")

    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write_half() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        write_half()

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_the_disk_refuses_is_a_write_error_that_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.json"

    with files_of_at_most(1024), pytest.raises(WriteError) as caught:
        write_json(path, {"text": "x" * 10_000})

    assert caught.value.problem == f"{path} was not written: File too large"
    assert caught.value.advice == "files may not be that large here: use a smaller row_group_size"
    assert caught.value.path == str(path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_a_write_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(WriteError) as caught:
        write_json(tmp_path / "gone" / "a.json", {})

    assert caught.value.problem.endswith("was not written: No such file or directory")
    assert caught.value.advice == "the folder is gone: leave it in its place while a run writes"
