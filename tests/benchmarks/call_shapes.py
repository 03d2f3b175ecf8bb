"""The four shapes of model calls that a dataset's row may take, as data: what is asked, of whom, and in which order."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import notebook_gen as ng

_READS = re.compile(r"{{ (\w+) }}")


class Call(NamedTuple):
    """A call of each row.

    Attributes:
        model: the alias of the model that is asked.
        prompt: the template of what is asked.
    """

    model: str
    prompt: str

    @property
    def reads(self) -> Sequence[str]:
        """The columns its prompt reads."""
        return _READS.findall(self.prompt)


class CallShape(NamedTuple):
    """The calls of a row.

    Attributes:
        name: what the shape is called.
        calls: by column, each after those it reads.
    """

    name: str
    calls: Mapping[str, Call]

    @property
    def models(self) -> Sequence[str]:
        """The aliases of its models."""
        return sorted({call.model for call in self.calls.values()})

    @property
    def levels(self) -> Sequence[Sequence[str]]:
        """Its columns, those together that a row can ask for at the same time."""
        depths: dict[str, int] = {}
        for column, call in self.calls.items():
            depths[column] = 1 + max((depths.get(name, -1) for name in call.reads), default=-1)
        return [[column for column in depths if depths[column] == depth] for depth in range(max(depths.values()) + 1)]

    def of_model(self, model: str) -> Sequence[str]:
        """Give the columns that a model makes."""
        return [column for column, call in self.calls.items() if call.model == model]

    def declare(self, builder: ng.DatasetBuilder) -> None:
        """Declare its columns; what they read at the first level, `subject`, is the builder's own."""
        for column, call in self.calls.items():
            builder[column] = ng.LLMText(call.prompt, model=call.model)


_WORDS = ("summary", "title", "question", "answer", "joke")

SHAPES: Sequence[CallShape] = (
    CallShape(
        "narrow",
        {
            "topic": Call("default", "Name a topic about {{ subject }}."),
            "summary": Call("default", "Summarise this: {{ topic }}"),
            "analysis": Call("default", "Analyse this: {{ summary }}"),
            "conclusion": Call("default", "Conclude from this: {{ analysis }}"),
        },
    ),
    CallShape(
        "deep",
        {
            "topic": Call("default", "Name a topic about {{ subject }}."),
            "summary": Call("default", "Summarise this: {{ topic }}"),
            "trivia": Call("default", "Tell something little known about this: {{ topic }}"),
            "analysis": Call("default", "Analyse this: {{ summary }}"),
            "conclusion": Call("default", "Conclude from this: {{ analysis }}"),
        },
    ),
    CallShape("wide", {word: Call("default", f"Write a {word} about {{{{ subject }}}}.") for word in _WORDS}),
    CallShape(
        "dual-model",
        {word: Call("default", f"Write a {word} about {{{{ subject }}}}.") for word in _WORDS[:3]}
        | {f"{word}_judged": Call("judge", f"Judge this {word}: {{{{ {word} }}}}") for word in _WORDS[:3]},
    ),
)
