"""FolderLock: one run at a time writes to a folder, over all processes that share it.

The lock is a file that says who made it, not a lock of the operating system: those say nothing about their holder, and
are not to be trusted on network drives. What a killed process left behind is taken over by the next one.
"""

import json
import os
import platform
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4
from weakref import finalize

from notebook_gen.errors import ConfigError

LOCK = ".lock"

_TRIES = 3

# tokens of the locks that this process holds: a number of a process may be given again, also our own
_held: set[str] = set()


class Holder(NamedTuple):
    """Who holds a lock.

    Attributes:
        host: the machine's name.
        pid: the process.
        born: when the process began, as the system counts; empty where it does not tell.
        token: different for each lock.
        since: when the lock was taken.
    """

    host: str
    pid: int
    born: str
    token: str
    since: str

    def __str__(self) -> str:
        where = "this process" if self.pid == os.getpid() and self.host == platform.node() else f"on {self.host!r}"
        return f"process {self.pid} ({where}), since {self.since}"


class FolderLock:
    """Holds a folder for one run; given back by `release`, when it is forgotten, or when the interpreter ends.

    Args:
        folder: the folder; it exists.
        now: the time.

    Raises:
        ConfigError: another run holds it; says which.
        OSError: the folder cannot be written to.
    """

    def __init__(self, folder: Path, now: datetime) -> None:
        since = now.isoformat(sep=" ", timespec="seconds")
        holder = Holder(platform.node(), os.getpid(), _born(os.getpid()), uuid4().hex, since)
        # before the file is there: another thread must not take it for left behind
        _held.add(holder.token)
        try:
            descriptor = _make(folder, json.dumps(holder._asdict()).encode())
        except BaseException:
            _held.discard(holder.token)
            raise
        self.release = finalize(self, _release, folder / LOCK, holder, descriptor)


def _make(folder: Path, content: bytes) -> int:
    """Make the file, and keep it open: where open files cannot be removed, that is a second lock."""
    path = folder / LOCK
    for _ in range(_TRIES):
        descriptor = _open_new(path)
        if descriptor is None:
            _remove_if_left(path)
            continue
        try:
            os.write(descriptor, content)
        except OSError:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        return descriptor
    raise _refusal(path, None)


def _open_new(path: Path) -> int | None:
    try:
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return None


def _remove_if_left(path: Path) -> None:
    """Remove a lock whose holder is gone.

    Raises:
        ConfigError: it is not.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:  # given back in the meantime
        return
    holder = _read(content)
    if holder is None or not _is_gone(holder):
        raise _refusal(path, holder)
    aside = path.with_name(f"{LOCK}.{uuid4().hex}")
    try:
        path.rename(aside)
    except FileNotFoundError:
        return
    except PermissionError as error:  # it is open
        raise _refusal(path, holder) from error
    if aside.read_bytes() == content:
        aside.unlink()
    else:  # somebody was quicker to take it over, and holds it now
        aside.rename(path)


def _refusal(path: Path, holder: Holder | None) -> ConfigError:
    who = str(holder) if holder is not None else "a process that has just begun, or did not say who it is"
    return ConfigError(
        f"{path.parent} is being written to by {who}",
        advice=f"wait for that run or cancel it, or name another folder; if there is none any more, delete {path}",
    )


def _read(content: bytes) -> Holder | None:
    try:
        values = json.loads(content)
        return Holder(str(values["host"]), int(values["pid"]), *(str(values[key]) for key in Holder._fields[2:]))
    except (ValueError, KeyError, TypeError):
        return None


def _is_gone(holder: Holder) -> bool:
    """Tell whether a holder has certainly ended; of other machines, nothing is certain."""
    if holder.host != platform.node():
        return False
    if holder.pid == os.getpid():
        return holder.token not in _held
    return not _is_running(holder.pid) or _born(holder.pid) != holder.born


def _is_running(pid: int) -> bool:
    if os.name != "posix":  # elsewhere, to ask would be to kill; and an open file cannot be renamed there
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # somebody else's
    return True


def _born(pid: int) -> str:
    try:
        # what stands before may have spaces and brackets in it: the program's name
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _release(path: Path, holder: Holder, descriptor: int) -> None:
    if holder.pid != os.getpid():  # a copy of the process that made it
        return
    os.close(descriptor)
    _held.discard(holder.token)
    try:
        found = _read(path.read_bytes())
        if found is not None and found.token == holder.token:
            path.unlink(missing_ok=True)
    except OSError:
        pass  # the folder is gone, or closed: what is left of the lock is taken over by whoever comes next
