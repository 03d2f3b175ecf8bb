"""A program that kills a run at every moment at which it touches a file, and looks at what the next one makes of it.

`python -m tests.storage.interrupted FOLDER`, alone in its process: it forks. Says how many moments there were.
"""

import json
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd  # noqa: F401  # once, not in every process
import pyarrow.parquet  # noqa: F401

from notebook_gen.errors import Rejected
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import RowGroups
from notebook_gen.plan.values import FailedCell, NewDataset
from notebook_gen.storage.parquet import ParquetFolder
from tests.storage.runs import described

_TOUCHES = ("open", "os.rename", "os.remove", "os.mkdir", "sqlite3.connect")


def drops(row: int) -> bool:
    """Some rows are dropped, and one row group as a whole."""
    return row % 5 == 3 or 8 <= row < 12


def value(row: int) -> str:
    """What a row holds."""
    return f"value of {row}"


def perform(path: Path, rows: int, *, replaced: bool) -> None:
    """Do what an engine does: make what is missing, and write it. Each row that is made is noted in a log."""
    run = described(rows=rows, size=4)
    kept = ParquetFolder(path / "data", run)
    store = kept.open_cells(build_graph(run.columns))
    finished = kept.earlier.groups if kept.earlier is not None else {}
    log = os.open(path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for group in RowGroups(rows, 4):
        if group.number in finished:
            continue
        alive = [row for row in group.rows if not drops(row)]
        found = store.find(0, group, alive, {})
        for row in alive:
            if row not in found:
                store.keep(0, row, {}, (value(row),), 1.0)
                os.write(log, f"{row}\n".encode())
        dropped = [FailedCell(row, "stars", 1, Rejected("no")) for row in group.rows if drops(row)]
        if dropped:
            kept.write_dropped(group, dropped)
        kept.write_empty(group, [FailedCell(row, "noted", 1, Rejected("no")) for row in alive if row % 3 == 0])
        kept.write(group, {"stars": [value(row) for row in alive]}, alive)
        store.forget(group)
    if replaced and (kept.earlier is None or not kept.earlier.is_final):
        values = map(str, kept.table().column("stars").to_pylist())
        kept.replace(NewDataset({"stars": [text.upper() for text in values] + ["THE END"]}, None))
    kept.finish("finished")


def check(path: Path, rows: int, *, replaced: bool) -> None:
    """Go on where the killed run stopped, and check that nothing is lost, doubled or left behind."""
    perform(path, rows, replaced=replaced)
    data = path / "data"
    again = ParquetFolder(data, described(rows=rows, size=4))
    expected = [value(row) for row in range(rows) if not drops(row)]
    delivered = [text.upper() for text in expected] + ["THE END"] if replaced else expected
    found = again.table().column("stars").to_pylist()
    again.finish("finished")
    assert found == delivered, found
    failed = [row for table in again.failed_before() for row in table.to_pandas()["row"].tolist()]
    empty = {row for row in failed if not drops(row)}
    assert empty == {row for row in range(rows) if row % 3 == 0 and not drops(row)}, empty
    made = Counter((path / "log").read_text().split())
    assert max(made.values()) == 1, made
    assert again.earlier is not None
    assert len(again.earlier.groups) == len(RowGroups(rows, 4)), again.earlier
    assert not [file.name for kind in ("rows", "dropped") for file in (data / kind).iterdir() if file.name[0] == "."]
    told = json.loads((data / "metadata.json").read_bytes())["rows"]
    counts = {"asked": rows, "delivered": len(expected), "dropped": rows - len(expected)}
    assert told == counts | ({"after_run": len(delivered)} if replaced else {}), told


def ended_well(what: Callable[[], None]) -> int:
    """Do something in a process of its own; gives its exit status, negative if it was killed."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            what()
            status = 0
        finally:
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_at(moment: int, path: Path) -> None:
    """Have this process killed when it touches a file below a path for the nth time."""
    left = moment

    def look(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in _TOUCHES and str(path) in str(arguments[0]):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)


def every_moment(path: Path, rows: int, *, grown_from: int) -> int:
    """Kill the run at its first moment, its second, and so on to its end; gives how many there were.

    Args:
        path: where to.
        rows: how many are asked for.
        grown_from: how many were there before.
    """
    before, path = path / "before", path / "run"
    before.mkdir()
    assert ended_well(lambda: perform(before, grown_from, replaced=False)) == 0
    for moment in range(1, 1000):
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(before, path)

        def run(moment: int = moment) -> None:
            kill_at(moment, path / "data")
            perform(path, rows, replaced=True)

        status = ended_well(run)
        assert ended_well(lambda: check(path, rows, replaced=True)) == 0, (moment, status)
        if status == 0:
            return moment - 1
    raise AssertionError("it never came to its end")


if __name__ == "__main__":
    print(every_moment(Path(sys.argv[1]), 12, grown_from=6))  # noqa: T201  # for who started it
