"""What a task gives beside its state: values, tokens, exchanges, and the failure of a dropped row."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from notebook_gen.errors import GenerationError


class Usage(NamedTuple):
    """Tokens of one model call, as the endpoint counted them."""

    tokens_in: int
    tokens_out: int


class Exchange(NamedTuple):
    """What was said to a model and what it answered, for whoever looks at a record later.

    Attributes:
        messages: role and text of each message sent.
        answer: the raw answer.
        model: the model's name as the endpoint gave it.
        parameters: what else the request held.
    """

    messages: tuple[tuple[str, str], ...]
    answer: str
    model: str
    parameters: Mapping[str, Any]


class Made(NamedTuple):
    """What a generator gives for one task that has a slot.

    Attributes:
        values: one for each output of the node: a cell's value, or a sequence with one value a row.
        usage: tokens, if a model was called.
        exchange: what was said, if a model was called.
    """

    values: tuple[Any, ...]
    usage: Usage | None = None
    exchange: Exchange | None = None


class DroppedRow(NamedTuple):
    """A row that did not make it, with the failure that decided it."""

    row: int
    column: str
    attempt: int
    error: GenerationError
