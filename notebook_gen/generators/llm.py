"""Text that a model writes: the prompt is rendered, the model is called, its answer is the cell."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from notebook_gen.config.columns import LLMText, SideOutput
from notebook_gen.config.templates import compile_text
from notebook_gen.errors import GenerationError, Rejected
from notebook_gen.generators.rendering import render_failure
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.plan.values import Exchange, Made, Usage


class Answer(Protocol):
    """What a model gave back."""

    @property
    def text(self) -> str:
        """The raw answer."""
        ...

    @property
    def model(self) -> str:
        """The model's name as the endpoint gave it."""
        ...

    @property
    def usage(self) -> Usage | None:
        """Tokens, if the endpoint counted them."""
        ...

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped, in the endpoint's words."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What the request held beside the messages."""
        ...

    @property
    def reasoning(self) -> str | None:
        """What a reasoning model thought; None where the endpoint does not tell."""
        ...


class Completer(Protocol):
    """Calls a model."""

    async def __call__(self, messages: Sequence[tuple[str, str]], /) -> Answer:
        """Send messages, each a role and a text.

        Raises:
            GenerationError: there is no answer.
        """
        ...


class LLMTextGenerator:
    """Makes cells by calling a model.

    Args:
        spec: prompts.
        complete: calls the model.
        side_outputs: what to give beside the text, in order.
    """

    def __init__(self, spec: LLMText, complete: Completer, side_outputs: Sequence[SideOutput] = ()) -> None:
        self._complete = complete
        self._side_outputs = side_outputs
        self._templates = [_Message("user", spec.prompt)]
        if spec.system is not None:
            self._templates.insert(0, _Message("system", spec.system))

    async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
        """Ask the model for one cell.

        Raises:
            GenerationError: a prompt cannot be rendered, the model cannot be reached, or it answers nothing.
        """
        messages = tuple(template.rendered(inputs) for template in self._templates)
        try:
            return self._made(messages, await self._complete(messages))
        except GenerationError as error:
            error.messages = messages
            raise

    def _made(self, messages: tuple[tuple[str, str], ...], answer: Answer) -> Made:
        text = answer.text.strip()
        if not text:
            raise _empty(answer)
        sides = [_SIDES[side](messages, answer) for side in self._side_outputs]
        said = Exchange(messages, answer.text, answer.model, answer.parameters, answer.finish_reason)
        usage = answer.usage
        if said.is_cut_off:
            usage = (usage or Usage(0, 0))._replace(is_truncated=True)
        return Made((text, *sides), usage, said)


class _Message:
    """The template of one message."""

    def __init__(self, role: str, template: str) -> None:
        self._role = role
        self._template = template
        self._render = compile_text(template)

    def rendered(self, inputs: Mapping[str, Any]) -> tuple[str, str]:
        try:
            return self._role, self._render(inputs)
        except BaseException as error:  # the user's template, and no signal reaches this thread
            raise render_failure(self._template, error, inputs) from error


def _messages(messages: Sequence[tuple[str, str]], answer: Answer) -> list[dict[str, str]]:
    """The conversation as training data has it, the answer last."""
    return [{"role": role, "content": text} for role, text in (*messages, ("assistant", answer.text))]


def _reasoning(messages: Sequence[tuple[str, str]], answer: Answer) -> str | None:
    return answer.reasoning


_SIDES: dict[SideOutput, Callable[[Sequence[tuple[str, str]], Answer], Any]] = {
    "messages": _messages,
    "reasoning": _reasoning,
}


def _empty(answer: Answer) -> Rejected:
    if answer.finish_reason == "length":
        advice = "it ran out of tokens before it wrote anything: raise max_tokens of the model"
    else:
        advice = "look at the prompt, or try another model"
    error = Rejected("the model answered nothing", advice=advice, answer=answer.text)
    error.usage = answer.usage.tokens if answer.usage is not None else None
    return error
