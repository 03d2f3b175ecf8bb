"""Files that are there as a whole or not at all, and what to do when the disk says no."""

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from notebook_gen.errors import WriteError

TEMPORARY = ".tmp"
STAGED = ".new"

_ADVICE = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room: your quota is used up",
    errno.EFBIG: "files may not be that large here: use a smaller row_group_size",
    errno.EACCES: "check the permissions of the folder, or choose another one",
    errno.EPERM: "check the permissions of the folder, or choose another one",
    errno.EROFS: "the disk is read-only: choose another folder",
    errno.ENOENT: "the folder is gone: leave it in its place while a run writes",
    errno.ENOTDIR: "the folder is gone: leave it in its place while a run writes",
    errno.EMFILE: "too many files are open: close some, or raise the limit (ulimit -n)",
}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, which takes its place when the block ends without an error.

    What was written is on the disk before it gets its name; after an error, nothing of it is left.

    Raises:
        WriteError: the disk did not take it.
    """
    with _writing(path, path.with_name(f".{path.name}{TEMPORARY}")) as temporary:
        yield temporary
    try:
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise write_error("was not written", path, error) from error


@contextmanager
def staging(path: Path) -> Iterator[Path]:
    """Give a path beside `path` for what shall take its place later, together with others; as `replacing`."""
    with _writing(path, staged(path)) as temporary:
        yield temporary


def staged(path: Path) -> Path:
    """Give the path of what shall take the place of a file."""
    return path.with_name(f".{path.name}{STAGED}")


@contextmanager
def _writing(path: Path, temporary: Path) -> Iterator[Path]:
    try:
        try:
            yield temporary
            _sync(temporary)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise write_error("was not written", path, error) from error


def as_json(content: Mapping[str, Any]) -> bytes:
    """Give what is written to a JSON file.

    Raises:
        ValueError: something in it cannot be; a UnicodeEncodeError where it is text that is no Unicode.
    """
    return (json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n").encode()


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file, atomically.

    Raises:
        WriteError: the disk did not take it.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(as_json(content))


def write_error(problem: str, path: Path, error: OSError) -> WriteError:
    """Say what the disk refused, and what to do about it."""
    return WriteError(f"{path} {problem}: {reason(error)}", advice=_ADVICE.get(error.errno or 0, ""), path=str(path))


def reason(error: OSError) -> str:
    """Say why the disk refused: pyarrow's errors carry the number, and a text for its own developers."""
    return os.strerror(error.errno) if error.errno else str(error)


def sync_folder(path: Path) -> None:
    """Have the disk take note of what was renamed or deleted in a folder."""
    if os.name == "posix":  # elsewhere, folders cannot be opened
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
