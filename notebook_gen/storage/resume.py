"""What an earlier run left in a folder: which of it the next one builds on, or why it cannot.

metadata.json tells what was asked for; how far that got is told by the files alone, each of which says what it holds.
Nothing is changed here.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from notebook_gen.config.columns import Column
from notebook_gen.config.fingerprints import Fingerprints
from notebook_gen.config.processors import Stage
from notebook_gen.errors import ConfigError, WriteError
from notebook_gen.storage import folder
from notebook_gen.storage.differences import differences
from notebook_gen.storage.files import staged
from notebook_gen.storage.metadata import FORMAT, Replaced, RunDescription
from notebook_gen.storage.row_files import Contents, ParquetFile

_WAYS_OUT = "give overwrite=True to make it anew, or name another folder"
_DROPPING = 'RunSettings(on_processor_error="drop") drops the row groups that a processor fails with'
_SHOWN = 6
_THREADS = 4


class FinishedGroup(NamedTuple):
    """A row group of which nothing is left to make.

    Attributes:
        rows: the numbers of the rows that were delivered, in order.
        dropped: how many did not make it.
    """

    rows: Sequence[int]
    dropped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What an earlier run left.

    Attributes:
        groups: the row groups of which this run has nothing to make, by number.
        rows: of every row group that has a file, whole or not, the rows in it.
        dropped: of every row group whose dropped rows are known, whole or not, how many they are.
        replaced: what processors made of the whole dataset; None: nothing yet. If they have, the dataset is final:
            `groups` are all of the run's.
        superseded: files of which nothing counts any more.
        refilled: of row groups that are begun again only for the rows that were dropped, the rows that were delivered.
    """

    groups: Mapping[int, FinishedGroup]
    rows: Mapping[int, Sequence[int]]
    dropped: Mapping[int, int]
    replaced: Replaced | None
    superseded: Sequence[Path]
    refilled: Mapping[int, Sequence[int]] = field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        """Whether processors have changed the whole dataset: nothing can be added to it any more."""
        return self.replaced is not None


def examine(path: Path, run: RunDescription) -> Earlier | None:
    """Look at what an earlier run left in a folder.

    Args:
        path: the folder; it is held, so that nobody changes it meanwhile.
        run: what is asked for now.

    Returns:
        None if the run begins from nothing: also where what is there was declared otherwise, and came to nothing.

    Raises:
        ConfigError: a file is broken, or what is there is not the beginning of this run; says what to do.
    """
    if not (path / folder.METADATA).exists():
        if folder.has_row_files(path):
            raise ConfigError(
                f"{path} holds a dataset already, but no {folder.METADATA} that says what it is", advice=_WAYS_OUT
            )
        return None
    asked = _read_asked(path / folder.METADATA)
    _check_builder(path / folder.BUILDER)
    try:
        _check_same(path, asked, run)
    except ConfigError:
        if folder.has_rows_or_cells(path):
            raise
        return None
    return _how_far(path, asked, run)


def tell(path: Path, columns: Mapping[str, Column]) -> tuple[str, RunDescription, Earlier]:
    """Tell how a dataset's last run ended, what it was asked for, and what there is; a run may go on meanwhile.

    Args:
        path: the folder, with its metadata.
        columns: what its builder declared.

    Raises:
        ConfigError: a file is broken; says which, and what to do.
    """
    asked = _read_asked(path / folder.METADATA)
    run = RunDescription(
        columns=columns, models={}, seed=asked.seed, rows=asked.rows, row_group_size=asked.row_group_size
    )
    return asked.state, run, _how_far(path, asked, run)


# What was asked for


class _Asked(NamedTuple):
    state: str
    rows: int
    row_group_size: int
    seed: int
    fingerprints: Fingerprints
    replaced: Replaced | None


def _read_asked(path: Path) -> _Asked:
    content = read_json(path)
    try:
        said = content["fingerprints"]
        return _Asked(
            str(content.get("state")),
            _whole(content["rows"]["asked"]),
            _whole(content["row_group_size"]),
            _whole(content["seed"]),
            Fingerprints(dict(said["columns"]), dict(said["processors"])),
            _read_replaced(content) if "replaced" in content else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _broken(path, "does not say what was asked for") from error


def _read_replaced(content: Mapping[str, Any]) -> Replaced:
    rows = content["rows"]
    return Replaced(
        _whole(content["replaced"]),
        _whole(rows["after_run"]),
        _whole(rows["delivered"]),
        is_renumbered=content["renumbered"] is not False,
    )


def _check_builder(path: Path) -> None:
    # the process may have been killed before it was written
    if path.exists() and "columns" not in read_json(path):
        raise _broken(path, "does not say what the columns are")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file of a dataset.

    Raises:
        ConfigError: it is broken, or of a newer version; says what to do.
    """
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _broken(path, "is no JSON") from error
    if not isinstance(content, dict) or not isinstance(content.get("format"), int):
        raise _broken(path, "does not say which format it has")
    if content["format"] > FORMAT:
        raise ConfigError(
            f"{path} was written by a newer version of notebook_gen",
            advice="install that one, or name another folder",
        )
    return content


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no number of anything")
    return value


def _broken(path: Path, problem: str) -> ConfigError:
    return ConfigError(f"{path} {problem}: it is broken", advice=f"put it right, {_WAYS_OUT}")


def _check_same(path: Path, asked: _Asked, run: RunDescription) -> None:
    """Check that what is there is the beginning of a run.

    Raises:
        ConfigError: it is not; says what differs, and what to do.
    """
    written = folder.row_groups_written(path)
    unused = _stages_not_yet_used(written, asked)
    now, before = run.fingerprints.without(unused), asked.fingerprints.without(unused)
    changes = now.changes_since(before)
    if changes and (path / folder.BUILDER).exists():
        changes = now.changes_since(before, differences(read_json(path / folder.BUILDER), run))
    if asked.seed != run.seed:
        changes.append(f"the seed was {asked.seed} and is {run.seed}")
    if asked.row_group_size != run.row_group_size:
        changes.append(f"row_group_size was {asked.row_group_size} and is {run.row_group_size}")
    if changes:
        more = [f"{len(changes) - _SHOWN} more differences"] if len(changes) > _SHOWN else []
        shown, on = ", ".join([*changes[:_SHOWN], *more]), "declare it as it was to go on"
        if _of_row_groups(now) != _of_row_groups(before):
            many = "row groups are" if written > 1 else "row group is"
            shown = f"{shown}, and {written} {many} written with the processors as they were"
            on = f"{on} ({_DROPPING})"
        raise ConfigError(
            f"{path} holds a dataset that was declared otherwise when it was begun: {shown}",
            advice=f"rows of both would not belong together: {on}, {_WAYS_OUT}",
        )
    if run.rows < asked.rows:
        raise ConfigError(
            f"{path} holds a dataset of {asked.rows} rows, and {run.rows} are asked for",
            advice=f"ask for {asked.rows} or more, {_WAYS_OUT}",
        )
    if run.rows > asked.rows and asked.replaced is not None:
        raise ConfigError(
            f"{path} holds a dataset of {asked.rows} rows that after_run processors have changed as a whole: "
            f"it cannot grow to {run.rows}",
            advice=_WAYS_OUT,
        )


def _stages_not_yet_used(written: int, asked: _Asked) -> Collection[Stage]:
    """The stages whose processors have changed nothing so far, so that they may be declared otherwise.

    Cells of row groups that are not written are found by what they were made from: a processor before them may change.
    """
    stages: list[Stage] = []
    if asked.replaced is None:
        stages.append("after_run")
    if not written:
        stages += ["pre_batch", "post_batch"]
    return stages


def _of_row_groups(made_by: Fingerprints) -> list[tuple[str, str]]:
    """The processors that row groups go through one by one, in order."""
    return list(made_by.without(["after_run"]).processors.items())


# How far it got


def _how_far(path: Path, asked: _Asked, run: RunDescription) -> Earlier:
    rows = _read_all(_row_files(path, asked.replaced))
    dropped = _read_all(folder.numbered_files(path, folder.DROPPED))
    return _final(asked.replaced, rows, dropped, run) if asked.replaced is not None else _told(path, rows, dropped, run)


def _row_files(path: Path, replaced: Replaced | None) -> dict[int, Path]:
    """The files of rows by number; of a replacement that was interrupted, those that are yet to take their place."""
    if replaced is None:
        return folder.numbered_files(path, folder.ROWS)
    named = {number: folder.numbered(path, folder.ROWS, number) for number in range(replaced.row_groups)}
    return {number: staged(file) if staged(file).exists() else file for number, file in named.items()}


def _read_all(files: Mapping[int, Path]) -> dict[int, Contents]:
    if not files:
        return {}
    with ThreadPoolExecutor(_THREADS) as pool:
        return dict(zip(files, pool.map(_read_contents, files, files.values()), strict=True))


def _read_contents(number: int, path: Path) -> Contents:
    try:
        contents = Contents.read(ParquetFile(path).schema)
    except WriteError as error:
        raise _unreadable(error.problem) from error
    except ValueError as error:
        raise _unreadable(f"{path} is no file of this dataset: {error}") from error
    if contents.row_group != number:
        raise _unreadable(f"{path} holds row group {contents.row_group}")
    return contents


def _unreadable(problem: str) -> ConfigError:
    return ConfigError(problem, advice=f"delete it, and its row group is made again; or {_WAYS_OUT}")


def _final(
    replaced: Replaced, rows: Mapping[int, Contents], dropped: Mapping[int, Contents], run: RunDescription
) -> Earlier:
    """A dataset that was changed as a whole: its files may be fewer than the run's row groups, or more."""
    drops = {number: contents.dropped for number, contents in dropped.items()}
    kept = {number: contents.rows for number, contents in rows.items()}
    count = -(-run.rows // run.row_group_size)
    groups = {number: FinishedGroup(kept.get(number, ()), drops.get(number, 0)) for number in range(count)}
    return Earlier(groups=groups, rows=kept, dropped=drops, replaced=replaced, superseded=())


def _told(path: Path, rows: Mapping[int, Contents], dropped: Mapping[int, Contents], run: RunDescription) -> Earlier:
    """What the files tell.

    The cases, of this run or of one that was asked for fewer rows:

    - a file of rows that is complete: what was dropped stands in it, and a file of dropped rows may be older than it;
    - a file of dropped rows that is complete: none was delivered, and a file of rows is older than it;
    - one of these, or both, that is not complete: it will be made again as a whole; until then, what there is counts.
    """
    groups, kept, drops, superseded = {}, {}, {}, []
    for number in sorted(rows.keys() | dropped.keys()):
        delivered, lost = rows.get(number), dropped.get(number)
        if lost is not None and _is_whole(lost, run):
            groups[number] = FinishedGroup((), lost.dropped)
            drops[number] = lost.dropped
            if delivered is not None:
                superseded.append(folder.numbered(path, folder.ROWS, number))
            continue
        if delivered is not None:
            kept[number] = delivered.rows
        if delivered is not None and delivered.complete:
            if delivered.dropped:
                drops[number] = delivered.dropped
            elif lost is not None:
                superseded.append(folder.numbered(path, folder.DROPPED, number))
            if _is_whole(delivered, run):
                groups[number] = FinishedGroup(delivered.rows, delivered.dropped)
        elif lost is not None:
            drops[number] = lost.dropped
    return Earlier(groups=groups, rows=kept, dropped=drops, replaced=None, superseded=superseded)


def _is_whole(contents: Contents, run: RunDescription) -> bool:
    return contents.complete and contents.planned == run.planned_size(contents.row_group)
