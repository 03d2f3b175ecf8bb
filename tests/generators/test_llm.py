"""LLM text: what is sent, what becomes of the answer."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from notebook_gen.config.columns import Column, Integer, LLMText
from notebook_gen.errors import RateLimited, Rejected
from notebook_gen.generators import Context, make_generator
from notebook_gen.generators.llm import LLMTextGenerator
from notebook_gen.models.client import Answer
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.plan.values import Exchange, Made, Usage
from tests.generators.nodes import generator_of


class Model:
    """Answers with one text, and remembers what it was sent."""

    def __init__(self, answer: str | Exception, *, finish_reason: str = "stop") -> None:
        self.sent: list[tuple[tuple[str, str], ...]] = []
        self._answer = answer
        self._finish_reason = finish_reason

    async def complete(self, messages: Sequence[tuple[str, str]]) -> Answer:
        self.sent.append(tuple(messages))
        if isinstance(self._answer, Exception):
            raise self._answer
        return Answer(self._answer, "gpt-x", Usage(3, 2), self._finish_reason, {"temperature": 0.5})


def ask(spec: LLMText, model: Model, inputs: Mapping[str, Any]) -> Made:
    generator = generator_of(LLMTextGenerator, spec, complete={spec.model: model.complete})
    return asyncio.run(generator.make(RowGroup(0, 0, 1), 0, inputs))


def test_the_cell_is_the_answer_without_the_space_around_it() -> None:
    model = Model("  A fine lamp.\n")

    made = ask(
        LLMText("Review the {{ product }}.", system="You are {{ tone }}."), model, {"product": "lamp", "tone": "dry"}
    )

    messages = (("system", "You are dry."), ("user", "Review the lamp."))
    assert model.sent == [messages]
    assert made == Made(
        ("A fine lamp.",), Usage(3, 2), Exchange(messages, "  A fine lamp.\n", "gpt-x", {"temperature": 0.5}, "stop")
    )


def test_the_messages_are_kept_with_the_answer_at_their_end() -> None:
    made = ask(LLMText("Write.", system="Be brief.", side_outputs=["messages"]), Model(" A lamp.\n"), {})

    assert made.values == (
        "A lamp.",
        [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Write."},
            {"role": "assistant", "content": " A lamp.\n"},
        ],
    )


def test_the_reasoning_is_kept_where_the_answer_has_one() -> None:
    async def complete(messages: Sequence[tuple[str, str]]) -> Answer:
        return Answer("42", "gpt-x", None, "stop", {}, reasoning="six times seven")

    spec = LLMText("What?", side_outputs=["reasoning"])
    generator = generator_of(LLMTextGenerator, spec, complete={"default": complete})

    assert asyncio.run(generator.make(RowGroup(0, 0, 1), 0, {})).values == ("42", "six times seven")
    assert ask(spec, Model("42"), {}).values == ("42", None)


def test_a_side_output_is_not_made_where_another_column_has_its_name() -> None:
    columns: dict[str, Column] = {
        "x": LLMText("Write.", side_outputs=["messages", "reasoning"]),
        "x__messages": Integer(1, 2),
    }
    node = build_graph(columns).nodes[0]
    generator = make_generator(node, Context(seed=0, complete={"default": Model("ok").complete}))

    assert isinstance(generator, LLMTextGenerator)
    assert asyncio.run(generator.make(RowGroup(0, 0, 1), 0, {})).values == ("ok", None)


def test_the_model_is_the_one_that_the_column_names() -> None:
    writer, judge = Model("text"), Model("verdict")
    spec = LLMText("Judge.", model="judge")
    generator = generator_of(LLMTextGenerator, spec, complete={"default": writer.complete, "judge": judge.complete})

    made = asyncio.run(generator.make(RowGroup(0, 0, 1), 0, {}))

    assert made.values == ("verdict",)
    assert writer.sent == []


def test_a_value_that_looks_like_a_template_is_sent_as_it_is() -> None:
    model = Model("ok")

    ask(LLMText("{{ review }}"), model, {"review": "{{ 7 * 7 }} <script>"})

    assert model.sent == [(("user", "{{ 7 * 7 }} <script>"),)]


@pytest.mark.parametrize(
    ("finish_reason", "advice"),
    [
        ("stop", "look at the prompt, or try another model"),
        ("length", "it ran out of tokens before it wrote anything: raise max_tokens of the model"),
    ],
)
def test_an_empty_answer_is_rejected(finish_reason: str, advice: str) -> None:
    with pytest.raises(Rejected, match="the model answered nothing") as caught:
        ask(LLMText("Write."), Model(" \n", finish_reason=finish_reason), {})

    assert caught.value.advice == advice
    assert caught.value.answer == " \n"


def test_a_prompt_that_cannot_be_rendered_is_rejected_and_never_sent() -> None:
    model = Model("ok")

    with pytest.raises(Rejected) as caught:
        ask(LLMText("First line.\nCosts {{ price + 1 }}."), model, {"price": None})

    assert caught.value.problem.startswith("the template failed in line 2, 'Costs {{ price + 1 }}.': TypeError")
    assert "'price' has no value in this row" in caught.value.advice
    assert model.sent == []
    assert caught.value.messages == ()


def test_a_failure_of_the_endpoint_goes_through_as_it_is() -> None:
    failure = RateLimited("slow down", status=429)

    with pytest.raises(RateLimited) as caught:
        ask(LLMText("Write."), Model(failure), {})

    assert caught.value is failure
    assert caught.value.messages == (("user", "Write."),)
