"""One run at a time writes to a folder."""

import json
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from notebook_gen.errors import ConfigError
from notebook_gen.storage.lock import LOCK, FolderLock
from tests.storage.runs import NOON

HOLD = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from notebook_gen.storage.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]), datetime.now(UTC))
print(os.getpid(), flush=True)
sys.stdin.read()
"""


def begin_holding(folder: Path, program: str = HOLD) -> "subprocess.Popen[str]":
    """Another process that holds a folder until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == f"{process.pid}\n"
    return process


def refusal(folder: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        FolderLock(folder, NOON)
    return caught.value


def change(folder: Path, **values: object) -> None:
    path = folder / LOCK
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_folder_is_held_once_and_the_second_is_told_by_whom(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path, NOON)

    error = refusal(tmp_path)

    since = "2024-01-02 12:00:00+00:00"
    assert error.problem == f"{tmp_path} is being written to by process {os.getpid()} (this process), since {since}"
    assert error.advice == (
        f"wait for that run or cancel it, or name another folder; if there is none any more, delete {tmp_path / LOCK}"
    )
    lock.release()
    assert list(tmp_path.iterdir()) == []
    FolderLock(tmp_path, NOON).release()


def test_a_lock_that_nobody_has_any_more_is_given_back(tmp_path: Path) -> None:
    FolderLock(tmp_path, NOON)

    assert list(tmp_path.iterdir()) == []


def test_another_process_is_told_and_its_end_gives_the_folder_back(tmp_path: Path) -> None:
    with begin_holding(tmp_path) as process:
        assert f"process {process.pid} (on {platform.node()!r}), since " in refusal(tmp_path).problem

        process.communicate()

        FolderLock(tmp_path, NOON).release()


def test_what_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    with begin_holding(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert (tmp_path / LOCK).exists()

    FolderLock(tmp_path, NOON).release()

    assert list(tmp_path.iterdir()) == []


def test_the_number_of_a_process_that_is_gone_may_be_in_use_again(tmp_path: Path) -> None:
    for other in ({"token": "of another life"}, {"pid": os.getppid(), "born": "0"}):
        lock = FolderLock(tmp_path, NOON)
        change(tmp_path, **other)

        FolderLock(tmp_path, NOON).release()

        lock.release()


def test_nothing_is_taken_from_another_machine_nor_from_who_does_not_say(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path, NOON)
    change(tmp_path, host="elsewhere", pid=2**70)
    assert f"process {2**70} (on 'elsewhere')" in refusal(tmp_path).problem

    for content in ("", "[]", "{}", '{"host": 1, "pid": "x"}'):
        (tmp_path / LOCK).write_text(content)
        assert "a process that has just begun" in refusal(tmp_path).problem
    lock.release()


def test_a_lock_that_is_not_ours_any_more_is_left_alone(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path, NOON)
    change(tmp_path, token="another's")  # noqa: S106  # no password

    lock.release()

    assert (tmp_path / LOCK).exists()


def test_a_copy_of_the_process_does_not_give_it_back(tmp_path: Path) -> None:
    # in a process of its own: this one has threads, and a copy of it would not
    with begin_holding(tmp_path, HOLD.replace("print(", "os.fork() or sys.exit()\nos.wait()\nprint(")) as process:
        assert (tmp_path / LOCK).exists()

        process.communicate()
