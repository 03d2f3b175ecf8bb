"""Calling code that a user wrote: whatever it raises is the failure of a cell, told with the user's own line."""

import asyncio
import inspect
import linecache
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from notebook_gen.errors import GenerationError, Rejected
from notebook_gen.generators.rendering import cut

_INSTALLED = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_OURS = str(Path(__file__).parent.parent)


@contextmanager
def failures_of(function: Callable[..., Any]) -> Iterator[None]:
    """Turn whatever a user's function raises into the failure of its cell.

    Raises:
        GenerationError: as the function raised it, or a Rejected for anything else.
    """
    try:
        yield
    except GenerationError:
        raise
    except asyncio.CancelledError as error:
        if _is_being_cancelled():
            raise
        # nobody cancels this slot: the function let out the cancellation of something of its own
        raise _failure(error, function) from error
    except (Exception, SystemExit) as error:
        # SystemExit too: on a loop, it would end the loop
        raise _failure(error, function) from error


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
        if file.startswith(("<frozen", _OURS, *_INSTALLED)):
            continue
        source = linecache.getline(file, line, frame.f_globals).strip()
        # the file of a notebook's cell has a name that tells nobody anything
        where = f"line {line} of its cell" if "ipykernel_" in file else f"{Path(file).name}:{line}"
        place = f"look at {frame.f_code.co_name}(), {where}" + (f": {cut(source, 120)}" if source else "")
    return place
