"""Mistakes of our own, and what nothing of ours can go on from: they end the run, and say so."""

import asyncio

from notebook_gen.errors import RunError


def error_of(worker: "asyncio.Task[None]") -> BaseException | None:
    """The mistake of our own that ended a worker; None if it was stopped, or still is not."""
    return worker.exception() if worker.done() and not worker.cancelled() else None


def cancelled_error() -> RunError:
    """The run's error for a task of its own that was cancelled, but not by the run: nobody does its work any more."""
    return RunError(
        "a task of the run was cancelled by other code, such as an async function of a column",
        advice="let it cancel the tasks that it has begun itself, and no others; what is finished is kept",
    )


def bug_error(error: BaseException) -> RunError:
    """The run's error for a mistake of our own: loud, and never retried."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, RunError):
        return error
    failure = RunError(
        f"a bug in notebook_gen ended the run: {type(error).__name__}: {error}",
        advice="please report it with its traceback; the run's rows() has what was made so far",
    )
    failure.__cause__ = error
    return failure
