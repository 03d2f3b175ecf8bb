"""What a rejected answer has cost is counted as what a good one has."""

import asyncio
from typing import Any

import pytest

import notebook_gen as ng
from tests.models.scripted_endpoint import chat, http, scripted_endpoint


async def usage_with(answer: dict[str, Any]) -> dict[str, Any]:
    """What is told of two cells of an endpoint that gives this answer to each of two calls."""
    async with scripted_endpoint(http(200, answer, Connection="close")) as endpoint:
        builder = ng.DatasetBuilder(settings=ng.RunSettings(disable_early_shutdown=True))
        builder.models["default"] = ng.Model("small", base_url=endpoint.base_url, max_parallel=2)
        builder["text"] = ng.LLMText("Write.", on_error="null")
        run = builder.preview(2)
        await asyncio.to_thread(run.result, timeout=30)
    (told,) = run.usage().to_dict("records")
    assert run.traces.to_pandas()["tokens_out"].sum() == told["tokens_out"]
    return {name: told[name] for name in ("requests", "tokens_in", "tokens_out")}


@pytest.mark.parametrize(
    "answer",
    [
        chat("A lamp."),
        chat(" \n"),
        chat(None, "length"),
        chat("Partly", "content_filter"),
        chat(None, refusal="No."),
        chat("A lamp.") | {"choices": []},
    ],
    ids=["good", "empty", "cut off", "filtered", "refused", "without a choice"],
)
def test_tokens_of_an_answer_are_counted_whether_it_can_be_used_or_not(answer: dict[str, Any]) -> None:
    assert asyncio.run(usage_with(answer)) == {"requests": 2, "tokens_in": 24, "tokens_out": 6}


def test_an_answer_whose_tokens_were_not_counted_costs_nothing_that_is_known() -> None:
    answer = chat(None) | {"usage": None}

    assert asyncio.run(usage_with(answer)) == {"requests": 2, "tokens_in": 0, "tokens_out": 0}
