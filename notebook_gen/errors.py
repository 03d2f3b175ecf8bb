"""Every error that notebook_gen raises on purpose, by who must act.

```
NotebookGenError
├── ConfigError         the user, before anything runs: a column, a model, a setting or a file is wrong
│   ├── NotDeclared     nothing of that name was declared; also a KeyError
│   └── NoSuchRow       a run has no such row, or has not begun it; also an IndexError
├── GenerationError     one cell could not be made; the run goes on (the cell's row is dropped)
│   ├── RateLimited     the endpoint asks to slow down (429)
│   ├── Transient       a timeout, a broken connection, a server error: may work another time
│   └── Rejected        an answer, a value or a function that would fail again
│       └── DroppedByProcessor  a processor left the row out
└── RunError            the run as a whole ended without its result; rows made so far are kept
    ├── RunCancelled    somebody cancelled it
    ├── StoppedEarly    too many calls failed, or an endpoint went silent
    ├── NoRowsLeft      rows were asked for, and every one of them was dropped
    ├── ColumnFailed    a cell failed whose column says on_error="raise"
    ├── ProcessorError  a processor raised, or gave what cannot be used
    └── WriteError      rows could not be written, read back or resumed
```

Facts are attributes; `str(error)` is the sentence: where, what happened, what to do.
"""

import sys
from collections.abc import Iterable
from difflib import get_close_matches
from types import TracebackType
from typing import Final

_INNER: Final = ("notebook_gen", "pydantic")  # whose lines say nothing to a user
_SHOWN: Final = 3
_GOING_ON: Final = 'RunSettings(on_processor_error="drop") goes on without the row groups that it fails with'


class NotebookGenError(Exception):
    """Base of every error raised on purpose.

    Attributes:
        problem: what is wrong, as a clause without its subject or as a sentence.
        advice: what to do about it; empty where nothing can be said.
    """

    def __init__(self, problem: str, *, advice: str = "") -> None:
        super().__init__(problem, advice)
        self.problem = _readable(problem)
        self.advice = _readable(advice)

    @property
    def subject(self) -> str:
        """What the problem is about, or nothing."""
        return ""

    def __str__(self) -> str:
        what = f"{self.subject} {self.problem}" if self.subject else self.problem
        return f"{what}; {self.advice}" if self.advice else what

    def _render_traceback_(self) -> list[str]:
        """Give the traceback down to the user's own line; IPython asks errors for it, so it is imported already."""
        tracebacks = sys.modules["IPython"].get_ipython().InteractiveTB
        lines: list[str] = tracebacks.structured_traceback(type(self), self, _down_to_the_user(self.__traceback__))
        return lines


def _down_to_the_user(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback without our own frames at its end; whole if it has no others."""
    steps = []
    while traceback is not None:
        steps.append(traceback)
        traceback = traceback.tb_next
    kept = list(steps)
    while kept and str(kept[-1].tb_frame.f_globals.get("__name__")).partition(".")[0] in _INNER:
        kept.pop()
    below = None
    for step in reversed(kept or steps):
        below = TracebackType(below, step.tb_frame, step.tb_lasti, step.tb_lineno)
    return below


def _readable(text: str) -> str:
    """Write half a surrogate pair as its escape: no file and no table could hold it."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


class ConfigError(NotebookGenError):
    """Something the user declared is wrong; nothing has run yet.

    Attributes:
        column: the column at fault, if it is one.
    """

    def __init__(self, problem: str, *, advice: str = "", column: str | None = None) -> None:
        super().__init__(problem, advice=advice)
        self.column = column

    @property
    def subject(self) -> str:
        """The column, where one is at fault."""
        return f"column {self.column!r}" if self.column is not None else ""


class NotDeclared(ConfigError, KeyError):
    """Nothing of that name was declared.

    Args:
        kind: what was looked for, such as "column".
        name: by which name.
        known: the names there are.
    """

    def __init__(self, kind: str, name: object, known: Iterable[object]) -> None:
        names = list(map(repr, known))
        near = get_close_matches(repr(name), names, n=1)
        if near:
            advice = f"did you mean {near[0]}?"
        else:
            advice = f"declared are {', '.join(names[:20])}" if names else "none was declared yet"
        super().__init__(f"there is no {kind} {name!r}", advice=advice)


class NoSuchRow(ConfigError, IndexError):
    """A run has no row of that number, or has not begun it."""


class GenerationError(NotebookGenError):
    """One cell could not be made.

    Attributes:
        status: the HTTP status of the answer, where there was one.
        answer: the raw answer, where there was one.
        messages: role and text of each message sent, where a model was asked; its column's generator sets them.
        usage: tokens sent and tokens answered, where the endpoint counted them although the answer cannot be used; the
            boundary that found that out sets them.
        raised_at: what a user's function raised, and its own line that it came through, such as "ValueError at
            /home/me/score.py:12": errors of one bug say different things, and have this in common. Empty where no line
            of the user's is known; whoever calls the function sets it.
    """

    kind = "rejected"
    # on the class: errors of a user's own kind may not call this __init__
    status: int | None = None
    answer: str | None = None
    messages: tuple[tuple[str, str], ...] = ()
    usage: tuple[int, int] | None = None
    raised_at = ""

    def __init__(self, problem: str, *, advice: str = "", status: int | None = None, answer: str | None = None) -> None:
        super().__init__(problem, advice=advice)
        self.status = status
        self.answer = answer

    @property
    def reason(self) -> str:
        """What failures of one kind have in common."""
        return self.raised_at or self.problem


class RateLimited(GenerationError):
    """The endpoint asks for fewer calls.

    Attributes:
        retry_after: seconds until it wants to be called again; None where it did not say, or nothing that anybody means
            (negative, infinite, no number). May be given as a header has it.
    """

    kind = "rate limited"
    retry_after: float | None = None

    def __init__(
        self, problem: str, *, advice: str = "", status: int | None = None, retry_after: float | str | None = None
    ) -> None:
        super().__init__(problem, advice=advice, status=status)
        self.retry_after = _seconds(retry_after)


def _seconds(given: float | str | None) -> float | None:
    if given is None:
        return None
    try:
        seconds = float(given)
    except (TypeError, ValueError):
        return None
    return seconds if 0.0 <= seconds < float("inf") else None


class Transient(GenerationError):
    """A timeout, a broken connection or a server error: the same call may work another time."""

    kind = "transient"


class Rejected(GenerationError):
    """An answer, a value or a function that would fail the same way again."""

    kind = "rejected"


class DroppedByProcessor(Rejected):
    """A processor left a row out, or failed with the rows that it was given.

    Attributes:
        processor: its name.
        stage: when it runs.
    """

    kind = "processor"

    def __init__(self, processor: str, stage: str, problem: str = "", *, advice: str = "") -> None:
        undo = f"let it keep the row, or del builder.processors[{stage!r}, {processor!r}]"
        super().__init__(problem or f"was dropped by the processor {processor!r}", advice=advice or undo)
        self.processor = processor
        self.stage = stage

    @property
    def place(self) -> str:
        """What stands for a column where failures are told: "post_batch: only_long"."""
        return f"{self.stage}: {self.processor}"


class RunError(NotebookGenError):
    """The run ended without its result; the rows made so far are kept.

    Attributes:
        is_unprocessed: whether there are `after_run` processors that have changed none of these rows.
    """

    is_unprocessed = False

    def __str__(self) -> str:
        return super().__str__() + self._unprocessed

    @property
    def _unprocessed(self) -> str:
        return "; its after_run processors have changed nothing" if self.is_unprocessed else ""


class RunCancelled(RunError):
    """The run was cancelled, by a button, a call or an interrupt.

    Attributes:
        rows_done: rows that were finished, and that no processor dropped.
        rows: rows asked for.
        left_behind: the user's functions that had not returned, and were given up when the run was cancelled once more.
    """

    def __init__(self, rows_done: int, rows: int) -> None:
        super().__init__("the run was cancelled", advice="its rows() gives them")
        self.rows_done = rows_done
        self.rows = rows
        self.left_behind: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = f"{self.problem} with {self.rows_done} of {self.rows} rows finished"
        if self.left_behind:
            more = len(self.left_behind) - _SHOWN
            names = [*self.left_behind[:_SHOWN], *([f"{more} more"] if more > 0 else [])]
            said += f"; left behind, perhaps still at work: {', '.join(names)}"
        return f"{said}; {self.advice}{self._unprocessed}"


class StoppedEarly(RunError):
    """Too many of the last calls failed for good, or an endpoint went silent; no more work was begun."""


class ColumnFailed(RunError):
    """A cell failed for good, and its column says `on_error="raise"`.

    Attributes:
        column: the column.
        row: the row's number in the run.
    """

    def __init__(self, problem: str, *, advice: str = "", column: str, row: int) -> None:
        super().__init__(problem, advice=advice)
        self.column = column
        self.row = row

    @property
    def subject(self) -> str:
        """The cell."""
        return f"column {self.column!r}, row {self.row}:"


class ProcessorError(RunError):
    """A processor raised, or gave what cannot be used.

    Attributes:
        processor: its name.
        stage: when it runs.
        row_group: the row group it was given; None for the whole dataset.
        is_late: whether rows of other row groups are written: those that it cannot change any more.
    """

    is_late = False

    def __init__(
        self, problem: str, *, advice: str = "", processor: str, stage: str, row_group: int | None = None
    ) -> None:
        super().__init__(problem, advice=advice)
        self.processor = processor
        self.stage = stage
        self.row_group = row_group

    @property
    def subject(self) -> str:
        """The processor and what it was given."""
        where = f", row group {self.row_group}" if self.row_group is not None else ""
        return f"processor {self.processor!r} ({self.stage}{where})"

    def __str__(self) -> str:
        goes_on = self.is_late and self.row_group is not None
        return super().__str__() + (f"; {_GOING_ON}" if goes_on else "")


class NoRowsLeft(RunError):
    """Rows were asked for, and every one of them was dropped."""


class WriteError(RunError):
    """Rows could not be written, or a folder could not be read.

    Attributes:
        path: the file or folder at fault.
    """

    def __init__(self, problem: str, *, advice: str = "", path: str = "") -> None:
        super().__init__(problem, advice=advice)
        self.path = path
