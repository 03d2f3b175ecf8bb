"""What a task gives beside its state: values, tokens, exchanges, and the failure of a dropped row."""

from collections.abc import Container, Mapping, Sequence
from typing import Any, Final, NamedTuple, Self

from notebook_gen.errors import GenerationError


class Usage(NamedTuple):
    """Tokens of one model call, as the endpoint counted them.

    Attributes:
        tokens_in: of the prompt.
        tokens_out: of the answer.
        is_truncated: whether the answer ends where the model ran out of tokens.
    """

    tokens_in: int
    tokens_out: int
    is_truncated: bool = False

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens of the prompt, and of the answer."""
        return self.tokens_in, self.tokens_out

    @classmethod
    def of_failure(cls, error: GenerationError) -> Self | None:
        """Give what an attempt that failed has cost; None if the endpoint counted nothing."""
        return cls(*error.usage) if error.usage is not None else None


class Exchange(NamedTuple):
    """What was said to a model and what it answered, for whoever looks at a record later.

    Attributes:
        messages: role and text of each message sent.
        answer: the raw answer; None if there was none.
        model: the model's name as the endpoint gave it; empty if it gave none.
        parameters: what else the request held, as far as is known.
        finish_reason: why the model stopped, in the endpoint's words; None if it did not say.
    """

    messages: tuple[tuple[str, str], ...]
    answer: str | None
    model: str
    parameters: Mapping[str, Any]
    finish_reason: str | None = None

    @property
    def is_cut_off(self) -> bool:
        """Whether the answer ends where the model ran out of tokens."""
        return self.finish_reason == "length"

    @classmethod
    def of_failure(cls, error: GenerationError) -> Self | None:
        """Give what was said in an attempt that failed; None if no model was asked."""
        return cls(error.messages, error.answer, "", {}) if error.messages else None


class Made(NamedTuple):
    """What a generator gives for one task that has a slot.

    Attributes:
        values: one for each output of the node: a cell's value, or a sequence with one value a row.
        usage: tokens, if a model was called.
        exchange: what was said, if a model was called.
        sources: of a full-column node that changed the number of rows, for each new row the position of the one it
            came from, among those it was given; None: the rows are as they were.
    """

    values: tuple[Any, ...]
    usage: Usage | None = None
    exchange: Exchange | None = None
    sources: Sequence[int] | None = None


class Processed(NamedTuple):
    """What processors made of a row group.

    Attributes:
        rows: the numbers of the rows that are left, in order.
        columns: their values, by column.
        dropped: for each row that is not left, the processor that dropped it.
    """

    rows: Sequence[int]
    columns: Mapping[str, Sequence[Any]]
    dropped: Mapping[int, str]


class NewDataset(NamedTuple):
    """What processors made of the whole dataset.

    Attributes:
        columns: its values, by column.
        rows: the numbers that its rows had before, rising; None if that is not known: they have another index or order.
    """

    columns: Mapping[str, Sequence[Any]]
    rows: Sequence[int] | None

    @property
    def row_count(self) -> int:
        """How many rows it has."""
        return len(next(iter(self.columns.values()), ()))


class FailedCell(NamedTuple):
    """Where a row failed that did not make it, or a cell that stays empty, with the failure that decided it.

    Attributes:
        column: the column that failed; of a row that a processor dropped, empty.
    """

    row: int
    column: str
    attempt: int
    error: GenerationError


class EarlierWork(NamedTuple):
    """What an earlier run of the same builder has left for this one.

    Attributes:
        finished: row groups that are where they belong, by number, each with the rows that are there.
        begun: the row groups of which some cells are kept.
        sizes: of finished row groups that have another number of rows than was planned, how many, with those dropped.
        left_out: of finished row groups, how many rows were done that processors of the whole dataset left out.
        parts: of row groups that are not finished, how many rows of each are written; they stay until there are more.
        kept: of row groups that are not finished, how many cells of each node are kept, by row group and node.
    """

    finished: Mapping[int, Sequence[int]]
    begun: Container[int]
    sizes: Mapping[int, int] = {}
    left_out: Mapping[int, int] = {}
    parts: Mapping[int, int] = {}
    kept: Mapping[int, Mapping[int, int]] = {}


NO_EARLIER_WORK: Final = EarlierWork({}, ())
