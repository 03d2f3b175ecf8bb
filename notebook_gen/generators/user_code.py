"""Calling code that a user wrote: whatever it raises is the failure of a cell, told with the user's own line."""

import asyncio
import inspect
import linecache
import sysconfig
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from notebook_gen.errors import GenerationError, Rejected
from notebook_gen.generators.rendering import cut


class FailuresOf:
    """Turns whatever a user's function raises inside a `with` block into the failure of its cell.

    A class and not a generator, since it is entered once a cell: this costs a tenth. It has no state.

    Raises:
        GenerationError: as the function raised it, or a Rejected for anything else.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        match error:
            case None | GenerationError():
                return
            case asyncio.CancelledError() if _is_being_cancelled():
                return
            case Exception() | SystemExit() | asyncio.CancelledError():
                # SystemExit, too: it would end the loop. And a cancellation that nobody asked of this slot is one
                # that the function let out from something of its own.
                raise _failure(error, self._function) from error


def check_result(result: Any, function: Callable[..., Any]) -> Any:
    """Give what a function gave, unless that still has to be run to become a value.

    Raises:
        Rejected: it is a coroutine, another awaitable, or a generator.
    """
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise Rejected(
            f"{name_of(function)} gave a generator, not a value",
            advice="use return in place of yield, or give list(…) of it",
        )
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()  # or Python would warn that nobody awaited it
        raise Rejected(
            f"{name_of(function)} gave a {type(result).__name__}, which nobody awaits",
            advice="define it with async def, and await inside it",
        )
    return result


def name_of(function: Callable[..., Any]) -> str:
    """What to call a function in a message."""
    return f"{getattr(function, '__name__', type(function).__name__)}()"


def _is_being_cancelled() -> bool:
    try:
        task = asyncio.current_task()
    except RuntimeError:  # in a thread
        return False
    return task is not None and task.cancelling() > 0


def _failure(error: BaseException, function: Callable[..., Any]) -> Rejected:
    message = cut(str(error), 300)
    problem = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return Rejected(problem, advice=_place(error) or f"look at how {name_of(function)} is called")


def _place(error: BaseException) -> str:
    """The last line of the user's own code that the error came through; empty if it came through none."""
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if file.startswith(_foreign_code()):
            continue
        source = linecache.getline(file, line, frame.f_globals).strip()
        # the file of a notebook's cell has a name that tells nobody anything
        where = f"line {line} of its cell" if "ipykernel_" in file else f"{Path(file).name}:{line}"
        place = f"look at {frame.f_code.co_name}(), {where}" + (f": {cut(source, 120)}" if source else "")
    return place


@cache
def _foreign_code() -> tuple[str, ...]:
    """How the file names of code begin that is not the user's: Python's, installed packages', and ours."""
    installed = [sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    return ("<frozen", str(Path(__file__).parent.parent), *installed)
