"""Calling code that a user wrote: whatever it raises is the failure of a cell, told with the user's own line."""

import inspect
import traceback
import types
from collections.abc import Callable
from typing import Any

from notebook_gen.config.ownership import is_users_code, place_of
from notebook_gen.errors import GenerationError, Rejected
from notebook_gen.generators.rendering import said


class FailuresOf:
    """Turns whatever a user's function raises into the failure of its cell, be it an Exception or not.

    A `with` block does so around a call; what is called once a cell has `tell` in an `except` clause, which costs
    nothing where nothing fails. No signal reaches the threads that these run in: a KeyboardInterrupt comes from the
    function, like everything else.

    Raises:
        GenerationError: as the function raised it, or a Rejected for anything else.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self.tell(error)

    def tell(self, error: BaseException) -> None:
        """Complete a failure that the function raised itself, which is to be raised again.

        Raises:
            Rejected: it is anything else.
        """
        # an error of the user's own kind may lack what ours tells
        if isinstance(error, GenerationError) and hasattr(error, "problem") and hasattr(error, "advice"):
            error.raised_at = _raised_at(error, _own_line(error))
        else:
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


def _failure(error: BaseException, function: Callable[..., Any]) -> Rejected:
    line = _own_line(error)
    failure = Rejected(
        said(error), advice=f"look at {place_of(*line)}" if line else f"look at how {name_of(function)} is called"
    )
    failure.raised_at = _raised_at(error, line)
    return failure


def _own_line(error: BaseException) -> tuple[types.FrameType, int] | None:
    """The last line of the user's own code that the error came through; None if it came through none."""
    own = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if is_users_code(frame.f_globals):
            own = (frame, line)
    return own


def _raised_at(error: BaseException, own: tuple[types.FrameType, int] | None) -> str:
    return f"{type(error).__name__} at {own[0].f_code.co_filename}:{own[1]}" if own is not None else ""
