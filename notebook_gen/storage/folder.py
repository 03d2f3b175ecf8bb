"""The folder of a dataset: where its files are, which of them are ours, and whether a new one may begin in it."""

import errno
import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from notebook_gen.errors import ConfigError
from notebook_gen.storage.cell_store import has_cells, remove_cells
from notebook_gen.storage.files import STAGED, TEMPORARY, reason, staged, sync_folder, write_error
from notebook_gen.storage.lock import FolderLock

BUILDER = "builder.json"
METADATA = "metadata.json"
ROWS = "rows"
DROPPED = "dropped"
EMPTY = "empty_cells"
TRACES = "traces"
CELLS = "cells.sqlite"

_FOLDERS = (ROWS, DROPPED, TRACES, EMPTY)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_NUMBERED = re.compile(r"(\d{5,})\.parquet")
_HALF_WRITTEN = re.compile(rf"\.\d{{5,}}\.parquet({re.escape(TEMPORARY)}|{re.escape(STAGED)})")


def numbered(path: Path, kind: str, number: int) -> Path:
    """Give the path of a row group's file; `kind` is one of ROWS, DROPPED, EMPTY and TRACES."""
    return path / kind / f"{number:05d}.parquet"


def numbered_files(path: Path, kind: str) -> dict[int, Path]:
    """Give the files of row groups that are there, by number and in order; `kind` as for `numbered`."""
    if not (path / kind).is_dir():
        return {}
    names = (_NUMBERED.fullmatch(entry.name) for entry in (path / kind).iterdir())
    return {number: numbered(path, kind, number) for number in sorted(int(name[1]) for name in names if name)}


def forget(file: Path) -> None:
    """Delete a file, if it is there.

    Raises:
        WriteError: it cannot be deleted.
    """
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise write_error("cannot be deleted", file, error) from error


def has_row_files(path: Path) -> bool:
    """Whether row groups, or traces of them, were written to a folder."""
    return any(numbered_files(path, kind) for kind in _FOLDERS)


def has_rows_or_cells(path: Path) -> bool:
    """Whether a dataset has come to anything that could be lost: why rows were dropped is told by those alone."""
    return bool(numbered_files(path, ROWS)) or has_cells(path / CELLS)


def row_groups_written(path: Path) -> int:
    """Give of how many row groups there are rows, or reasons why they were dropped."""
    return len(numbered_files(path, ROWS).keys() | numbered_files(path, DROPPED).keys())


def local_path(folder: Any) -> Path:
    """Give the absolute path of the folder that a user named: it stays the same when the working directory changes.

    Raises:
        ConfigError: it names no folder of this machine.
    """
    named = os.fspath(folder) if isinstance(folder, str | os.PathLike) else folder
    if not isinstance(named, str) or not named.strip() or "\0" in named:
        raise ConfigError(f"folder is {folder!r}", advice='give the path of one, such as "reviews/"')
    if _ADDRESS.match(named):
        raise ConfigError(
            f"folder is {named!r}, and only local folders can be written to for now",
            advice="write to a local folder, and copy it there when the run has finished",
        )
    try:
        named.encode()
        return Path(named).expanduser().absolute()
    except (ValueError, RuntimeError) as error:
        raise ConfigError(f"folder is {named!r}, which cannot be a path: {error}", advice="name another one") from error
    except FileNotFoundError as error:
        raise ConfigError("the working directory is gone", advice="os.chdir(…) to another one") from error


def claim(path: Path, now: datetime, *, overwrite: bool) -> FolderLock:
    """Make a folder ready for a dataset, and hold it.

    Args:
        path: a new folder, an empty one, or one with a dataset. Hidden files in it do not count.
        now: the time.
        overwrite: delete the dataset that is there; what else is in the folder stays.

    Raises:
        ConfigError: it holds something else, another run writes to it, or it cannot be written to.
    """
    try:
        if path.exists() and not path.is_dir():
            raise ConfigError(f"{path} is a file", advice="name a folder to write the dataset to")
        path.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(path, now)
        try:
            _check_ours(path)
            if overwrite:
                _delete_dataset(path)
            for folder in _FOLDERS:
                (path / folder).mkdir(exist_ok=True)
        except BaseException:
            lock.release()
            raise
    except OSError as error:
        raise _refusal(path, error) from error
    return lock


def clear(path: Path) -> None:
    """Delete what an earlier dataset has left, which came to nothing.

    Raises:
        ConfigError: the folder cannot be written to.
    """
    try:
        _delete_dataset(path)
    except OSError as error:
        raise _refusal(path, error) from error


def tidy(path: Path) -> None:
    """Delete what a killed run has left half-written.

    Raises:
        ConfigError: the folder cannot be written to.
    """
    try:
        _delete_half_written(path)
    except OSError as error:
        raise _refusal(path, error) from error


def put_in_place(path: Path, count: int) -> None:
    """Let the staged files of rows, as far as they are still staged, take the place of all that were there.

    Args:
        path: the folder.
        count: how many row groups there are from now on.

    Raises:
        WriteError: the disk did not take it; doing it again goes on from there.
    """
    try:
        for number in range(count):
            file = numbered(path, ROWS, number)
            if staged(file).exists():
                staged(file).replace(file)
        for number, file in numbered_files(path, ROWS).items():
            if number >= count:
                file.unlink()
        sync_folder(path / ROWS)
    except OSError as error:
        raise write_error("was not written", path / ROWS, error) from error


def _refusal(path: Path, error: OSError) -> ConfigError:
    advice = write_error("", path, error).advice
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EEXIST):
        above = next((parent for parent in path.parents if parent.exists()), path.anchor)
        kind = "a folder in which none can be made" if Path(above).is_dir() else "a file"
        advice = f"{above} is {kind}: choose another place"
    return ConfigError(f"{path} cannot be written to: {reason(error)}", advice=advice or "choose another folder")


def _check_ours(path: Path) -> None:
    found = [entry.name for entry in sorted(path.iterdir()) if not _is_nothing(entry)]
    if found and not _is_dataset(path):
        shown = ", ".join(map(repr, found[:3])) + (" and more" if len(found) > 3 else "")
        raise ConfigError(
            f"{path} holds something that is no dataset of notebook_gen: {shown}",
            advice="name a new folder, or an empty one",
        )


def _is_nothing(entry: Path) -> bool:
    """Whether an entry of the folder does not count: it is hidden, or what a run that got no further has begun with."""
    return entry.name.startswith(".") or (entry.name in _FOLDERS and entry.is_dir() and not any(entry.iterdir()))


def _is_dataset(path: Path) -> bool:
    """Whether there is a dataset: its metadata say so; or, where they are gone or broken, what else there is."""
    if (path / METADATA).exists():
        content = _read_json(path / METADATA)
        if content is not None:
            return isinstance(content, dict) and "notebook_gen" in content
    builder = _read_json(path / BUILDER) if (path / BUILDER).exists() else None
    return has_row_files(path) or (isinstance(builder, dict) and {"format", "columns", "seed"} <= builder.keys())


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None


def _delete_dataset(path: Path) -> None:
    remove_cells(path / CELLS)
    for kind in _FOLDERS:
        for file in numbered_files(path, kind).values():
            file.unlink()
    _delete_half_written(path)
    # last, so that what an interrupted deletion leaves is still seen to be a dataset
    for name in (BUILDER, METADATA):
        (path / name).unlink(missing_ok=True)


def _delete_half_written(path: Path) -> None:
    for kind in _FOLDERS:
        for file in (path / kind).iterdir() if (path / kind).is_dir() else ():
            if _HALF_WRITTEN.fullmatch(file.name):
                file.unlink()
    for name in (BUILDER, METADATA):
        (path / f".{name}{TEMPORARY}").unlink(missing_ok=True)
