"""The folder of a dataset: where its files are, which of them are ours, and whether a new one may begin in it."""

import errno
import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from notebook_gen.errors import ConfigError
from notebook_gen.storage.files import TEMPORARY, reason, write_error
from notebook_gen.storage.lock import FolderLock

BUILDER = "builder.json"
METADATA = "metadata.json"
ROWS = "rows"
DROPPED = "dropped"
TRACES = "traces"

_FOLDERS = (ROWS, DROPPED, TRACES)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_NUMBERED = re.compile(rf"(\d{{5,}})\.parquet|\.\d{{5,}}\.parquet{re.escape(TEMPORARY)}")


def numbered(path: Path, kind: str, number: int) -> Path:
    """Give the path of a row group's file; `kind` is one of ROWS, DROPPED and TRACES."""
    return path / kind / f"{number:05d}.parquet"


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
    """Make a folder ready for a new dataset, and hold it.

    Args:
        path: a new folder, an empty one, or one with a dataset. Hidden files in it do not count.
        now: the time.
        overwrite: delete the dataset that is there; what else is in the folder stays.

    Raises:
        ConfigError: it holds something else or a dataset that may not be deleted, another run writes to it, or it
            cannot be written to.
    """
    try:
        if path.exists() and not path.is_dir():
            raise ConfigError(f"{path} is a file", advice="name a folder to write the dataset to")
        path.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(path, now)
        try:
            _make_empty(path, overwrite=overwrite)
            for folder in _FOLDERS:
                (path / folder).mkdir(exist_ok=True)
        except BaseException:
            lock.release()
            raise
    except OSError as error:
        raise _refusal(path, error) from error
    return lock


def _refusal(path: Path, error: OSError) -> ConfigError:
    advice = write_error("", path, error).advice
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EEXIST):
        above = next((parent for parent in path.parents if parent.exists()), path.anchor)
        kind = "a folder in which none can be made" if Path(above).is_dir() else "a file"
        advice = f"{above} is {kind}: choose another place"
    return ConfigError(f"{path} cannot be written to: {reason(error)}", advice=advice or "choose another folder")


def _make_empty(path: Path, *, overwrite: bool) -> None:
    found = [entry.name for entry in sorted(path.iterdir()) if not _is_nothing(entry)]
    if not found:
        return
    if not _is_dataset(path):
        shown = ", ".join(map(repr, found[:3])) + (" and more" if len(found) > 3 else "")
        raise ConfigError(
            f"{path} holds something that is no dataset of notebook_gen: {shown}",
            advice="name a new folder, or an empty one",
        )
    if not overwrite:
        raise ConfigError(
            f"{path} holds a dataset already", advice="give overwrite=True to replace it, or name another folder"
        )
    _delete_dataset(path)


def _is_nothing(entry: Path) -> bool:
    """Whether an entry of the folder does not count: it is hidden, or what a run that got no further has begun with."""
    return entry.name.startswith(".") or (entry.name in _FOLDERS and entry.is_dir() and not any(entry.iterdir()))


def _is_dataset(path: Path) -> bool:
    if (path / METADATA).exists():
        try:
            content = json.loads((path / METADATA).read_bytes())
        except ValueError:
            return False
        return isinstance(content, dict) and "notebook_gen" in content
    # begun or deleted half-way
    return any((path / ROWS).glob("[0-9][0-9][0-9][0-9][0-9]*.parquet"))


def _delete_dataset(path: Path) -> None:
    for folder in _FOLDERS:
        if (path / folder).is_dir():
            for file in (path / folder).iterdir():
                if _NUMBERED.fullmatch(file.name):
                    file.unlink()
    # last, so that what an interrupted deletion leaves is still seen to be a dataset
    for name in (BUILDER, METADATA):
        (path / f".{name}{TEMPORARY}").unlink(missing_ok=True)
        (path / name).unlink(missing_ok=True)
