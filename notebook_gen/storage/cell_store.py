"""CellStore: finished cells of row groups that are not yet written, so that no cell that was paid for is made twice.

It is a journal for the next run, not a cache: what is in it was made from the same inputs, by a column with the same
fingerprint, for the same row. Whatever happens to it costs time at most: cells that are not found are made again.
"""

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar
from weakref import finalize

from notebook_gen.plan.tasks import RowGroup
from notebook_gen.storage.cell_text import text_of, told_apart, values_of

T = TypeVar("T")

MIN_SECONDS = 0.001
"""Cells that took less are not kept: to make them again costs less than to look for them."""

_SEAL_BYTES = 16
_TABLE = """
CREATE TABLE IF NOT EXISTS cells (
    row INTEGER NOT NULL, maker INTEGER NOT NULL, seal BLOB NOT NULL, made TEXT NOT NULL, PRIMARY KEY (row, maker)
)
"""
_INSERT = "INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?)"
_SELECT = "SELECT row, maker, seal, made FROM cells WHERE row >= ? AND row < ?"
_COUNT = "SELECT row / ?, maker, COUNT(*) FROM cells GROUP BY 1, 2"
_DELETE = "DELETE FROM cells WHERE row >= ? AND row < ?"

_log = logging.getLogger("notebook_gen")

_Kept = Mapping[int, Mapping[int, tuple[bytes, str]]]
"""By maker and row, the seal and the values."""


class CellStore:
    """Keeps finished cells in an SQLite file; to be used on one thread at a time.

    It survives the end of the process at any moment. After a power cut it may be broken: then it is thrown away, with
    a warning. The same becomes of it when the disk says no.

    Args:
        path: the file; made if it is not there. Nobody else may use it meanwhile.
        makers: by the index of each node, what makes its cells: a text that changes with it, different for each node.
        reads: by the index of each node, the columns it reads.
        row_group_size: rows of each row group but the last.
    """

    def __init__(
        self, path: Path, *, makers: Sequence[str], reads: Sequence[Sequence[str]], row_group_size: int
    ) -> None:
        self._path = path
        self._reads = tuple(map(tuple, reads))
        self._row_group_size = row_group_size
        self._seals = [blake2b(maker.encode("utf-8", "surrogatepass"), digest_size=_SEAL_BYTES) for maker in makers]
        self._makers = [int.from_bytes(seal.digest()[:8], signed=True) for seal in self._seals]
        self._kept: dict[int, _Kept] = {}
        self._connection: sqlite3.Connection | None = None
        self._close: Callable[[], object] = _nothing
        self._open()

    def keep(self, node: int, row: int, inputs: Mapping[str, Any], values: tuple[Any, ...], seconds: float) -> None:
        """Keep a finished cell, unless it was made quickly, or has or reads what would not come back exactly.

        Args:
            node: the index of its node.
            row: the row's number in the run.
            inputs: for each column read, the row's value.
            values: one for each output of the node.
            seconds: how long it took.
        """
        if seconds < MIN_SECONDS or self._connection is None:
            return
        made = text_of(values)
        read = self._read_text(node, inputs)
        if made is None or read is None:
            return
        try:
            self._connection.execute(_INSERT, (row, self._makers[node], self._seal(node, row, read, made), made))
        except sqlite3.Error as error:
            self._give_up(error)

    def find(
        self, node: int, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
    ) -> Mapping[int, tuple[Any, ...]]:
        """Give what was kept of some cells before their row group was first looked for.

        Args:
            node: the index of their node.
            group: the row group they are in.
            rows: the rows' numbers in the run.
            inputs: for each column read, the values of the whole row group, in row order.

        Returns:
            By row, the values of its cell; rows are left out whose cell was not kept, or from other inputs.
        """
        kept = self._of_group(group).get(self._makers[node])
        if not kept:
            return {}
        found = {}
        for row in rows:
            if row in kept:
                seal, made = kept[row]
                read = self._read_text(node, {name: inputs[name][row - group.start] for name in self._reads[node]})
                # it also tells what a power cut has left of the file
                if read is not None and self._seal(node, row, read, made) == seal:
                    found[row] = tuple(values_of(made))
        return found

    def groups(self, size: int) -> frozenset[int]:
        """Give the numbers of the row groups, of `size` rows each, that have kept cells."""
        return frozenset(
            number for (number,) in self._ask("SELECT DISTINCT row / ? FROM cells", (size,)) if type(number) is int
        )

    def counts(self, size: int) -> Mapping[int, Mapping[int, int]]:
        """Give how many cells of each node are kept, by row group of `size` rows, and by node."""
        nodes = {maker: node for node, maker in enumerate(self._makers)}
        counts: dict[int, dict[int, int]] = {}
        for number, maker, count in self._ask(_COUNT, (size,)):
            if type(number) is int and maker in nodes:
                counts.setdefault(number, {})[nodes[maker]] = count
        return counts

    def forget(self, group: RowGroup) -> None:
        """Forget the cells of a row group that was written as a whole.

        The last one of a run stays if it is smaller than the others: a run that asks for more rows makes it anew.
        """
        self._kept.pop(group.number, None)
        if group.size >= self._row_group_size:
            end = group.start + self._row_group_size
            self._ask(_DELETE, (group.start, end))

    def close(self) -> None:
        """Give the file back; without cells in it, it goes away. Harmless if it was closed before."""
        if self._connection is None:
            return
        is_empty = self._ask("SELECT NOT EXISTS (SELECT 1 FROM cells)") == [(1,)]
        self._disconnect()
        if is_empty:
            _try_to_remove(self._path)

    # Inside

    def _open(self) -> None:
        try:
            self._connect()
        except sqlite3.Error as error:
            self._give_up(error)
            if not _is_broken(error):
                return
            try:
                self._connect()
            except sqlite3.Error as again:
                self._give_up(again)

    def _connect(self) -> None:
        # Autocommit: each cell is in the file when `keep` returns
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=0, check_same_thread=False)
        self._connection = connection
        self._close = finalize(self, connection.close)
        # one run holds the folder, so nobody else comes; and it works where no memory can be shared
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        # the system has what was written when the process is killed; to wait for the disk would cost milliseconds
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(_TABLE)

    def _disconnect(self) -> None:
        self._connection = None
        self._kept.clear()
        # what it still had to put in order, it will when it is opened again
        with suppress(sqlite3.Error):
            self._close()

    def _give_up(self, error: sqlite3.Error) -> None:
        self._disconnect()
        fate, consequence = "cannot be used", "if it is interrupted, cells that were finished are made again"
        if _is_broken(error):
            fate, consequence = "is broken and was thrown away", "cells that were kept in it are made again"
            _try_to_remove(self._path)
        _log.warning("%s %s (%s): the run goes on, but %s", self._path, fate, error, consequence)

    def _ask(self, statement: str, arguments: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        if self._connection is None:
            return []
        try:
            return self._connection.execute(statement, arguments).fetchall()
        except sqlite3.Error as error:
            self._give_up(error)
            return []

    def _of_group(self, group: RowGroup) -> _Kept:
        kept = self._kept.get(group.number)
        if kept is None:
            read: dict[int, dict[int, tuple[bytes, str]]] = {}
            for row, maker, seal, made in self._ask(_SELECT, (group.start, group.start + group.size)):
                read.setdefault(maker, {})[row] = (seal, made)
            kept = self._kept[group.number] = read
        return kept

    def _read_text(self, node: int, inputs: Mapping[str, Any]) -> str | None:
        return told_apart([inputs[name] for name in self._reads[node]])

    def _seal(self, node: int, row: int, read: str, made: str) -> bytes:
        seal = self._seals[node].copy()
        # none of the texts holds a line's end
        seal.update(f"\n{row}\n{read}\n{made}".encode())
        return seal.digest()


def has_cells(path: Path) -> bool:
    """Whether a store that nobody has open has cells; a process may have been killed before it had any."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM cells)").fetchone()[0])
    except sqlite3.Error:
        return True  # nobody knows


def remove_cells(path: Path) -> None:
    """Delete a store, and what SQLite keeps beside it."""
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _try_to_remove(path: Path) -> None:
    # the folder is gone, or closed: others will say so
    with suppress(OSError):
        remove_cells(path)


def _nothing() -> None:
    """Close nothing: the file was never opened."""


def _is_broken(error: sqlite3.Error) -> bool:
    """Whether the file is no database any more, or not one of this kind: another try would fail the same way."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return (
        # the lower byte is the kind, the upper one its details
        code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
        or code == sqlite3.SQLITE_IOERR_SHORT_READ
    )
