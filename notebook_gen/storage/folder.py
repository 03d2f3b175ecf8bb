"""The folder of a dataset: where its files are, which of them are ours, and whether a new one may begin in it."""

import errno
import json
import os
import re
from pathlib import Path

from notebook_gen.errors import ConfigError
from notebook_gen.storage.files import TEMPORARY, write_error

BUILDER = "builder.json"
METADATA = "metadata.json"
ROWS = "rows"
DROPPED = "dropped"
TRACES = "traces"

_FOLDERS = (ROWS, DROPPED, TRACES)
_NUMBERED = re.compile(rf"(\d{{5,}})\.parquet|\.\d{{5,}}\.parquet{re.escape(TEMPORARY)}")


def numbered(path: Path, kind: str, number: int) -> Path:
    """Give the path of a row group's file; `kind` is one of ROWS, DROPPED and TRACES."""
    return path / kind / f"{number:05d}.parquet"


def claim(path: Path, *, overwrite: bool) -> None:
    """Make a folder ready for a new dataset.

    Args:
        path: a new folder, an empty one, or one with a dataset. Hidden files in it do not count.
        overwrite: delete the dataset that is there; what else is in the folder stays.

    Raises:
        ConfigError: it holds something else or a dataset that may not be deleted, or cannot be written to.
    """
    try:
        if path.exists() and not path.is_dir():
            raise ConfigError(f"{path} is a file", advice="name a folder to write the dataset to")
        if path.exists():
            _make_empty(path, overwrite=overwrite)
        for folder in _FOLDERS:
            (path / folder).mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        refusal = write_error("cannot be written to", path, error)
        raise ConfigError(refusal.problem, advice=refusal.advice or "choose another folder") from error


def _make_empty(path: Path, *, overwrite: bool) -> None:
    found = sorted(entry.name for entry in path.iterdir() if not entry.name.startswith("."))
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
