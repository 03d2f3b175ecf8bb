"""Calling code that a user wrote: whatever it raises is the failure of a cell, told with the user's own line."""

import asyncio
import inspect
import traceback
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from notebook_gen.config.ownership import is_users_code, place_of
from notebook_gen.errors import GenerationError, Rejected
from notebook_gen.generators.rendering import said


class FailuresOf:
    """Turns whatever a user's function raises into the failure of its cell, be it an Exception or not.

    A `with` block does so for what is called, `awaited` for what is awaited. No signal reaches the threads that these
    run in: a KeyboardInterrupt comes from the function, like everything else. It has no state, and is a class and not a
    generator, since it is entered once a cell: this costs a tenth.

    Raises:
        GenerationError: as the function raised it, or a Rejected for anything else.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        # an error of the user's own kind may lack what ours tells
        is_told = isinstance(error, GenerationError) and hasattr(error, "problem") and hasattr(error, "advice")
        if error is not None and not is_told:
            raise _failure(error, self._function) from error
        if isinstance(error, GenerationError):
            error.raised_at = _raised_at(error, _own_line(error))

    @types.coroutine
    def awaited(self, coroutine: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Await what a function gave.

        A cancellation that somebody asked of the task goes through, even where the function swallows it. A function
        that cancels the task it runs in has failed, or has ended, and the task lives on.

        Which it was is seen by taking the coroutine from one wait to the next: nobody else runs during a step, so what
        is asked of the task meanwhile, the coroutine asks itself. The message of a cancellation would not tell: a task
        group that comes to its end cancels its tasks without one.

        Raises:
            CancelledError: somebody cancelled the task, and not the function.
        """
        task: Any = asyncio.current_task()
        asked, by_itself = task.cancelling(), 0
        step, given = coroutine.send, None
        while True:
            before = task.cancelling()
            failure, is_done = None, False
            try:
                given = step(given)
            except StopIteration as done:
                given, is_done = done.value, True
            except BaseException as error:  # noqa: BLE001  # the user's code; becomes the cell's failure
                failure, is_done = error, True
            if task.cancelling() != before:
                by_itself = max(0, by_itself + task.cancelling() - before)
            if is_done:
                break
            try:
                given = yield given
                step = coroutine.send
            except GeneratorExit:
                coroutine.close()
                raise
            except BaseException as error:  # noqa: BLE001  # what it waits for raised; the function is told
                step, given = coroutine.throw, error
        if by_itself or task.cancelling() > asked:
            yield from _settle(task, asked, by_itself).__await__()
        if failure is not None:
            with self:
                raise failure
        return given


async def _settle(task: "asyncio.Task[Any]", asked: int, by_itself: int) -> None:
    """Pass on a cancellation that somebody asked for; take back those that the function asked for itself.

    Args:
        task: what the function ran in.
        asked: how often the task had been cancelled before.
        by_itself: how often the function cancelled it.

    Raises:
        CancelledError: somebody else cancelled it, too.
    """
    if task.cancelling() > asked + by_itself:
        raise asyncio.CancelledError
    if not by_itself:
        return
    for _ in range(by_itself):
        task.uncancel()
    try:
        await asyncio.sleep(0)  # a cancellation that the function did not wait for is thrown here
    except asyncio.CancelledError:
        if task.cancelling() > asked:
            raise


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
