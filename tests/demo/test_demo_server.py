"""The demo endpoint over real HTTP, in its real process: what it answers, and what it refuses."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import aiohttp
import pytest

from notebook_gen.config.models import DemoModel
from notebook_gen.demo.process import DemoEndpoint, demo_endpoint
from notebook_gen.errors import Rejected
from notebook_gen.models.client import ChatClient

ASKED = {"model": "some-model", "messages": [{"role": "user", "content": "Write a review of the Trail kettle."}]}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[DemoEndpoint]:
    endpoint = demo_endpoint(DemoModel(latency=0, spread=0, seed=3))
    yield endpoint
    endpoint.close()


@pytest.fixture(scope="module")
def slow_endpoint() -> Iterator[DemoEndpoint]:
    endpoint = demo_endpoint(DemoModel(latency=500, spread=0))
    yield endpoint
    endpoint.close()


def with_session(work: Callable[[aiohttp.ClientSession], Coroutine[Any, Any, Any]]) -> Any:
    async def main() -> Any:
        async with aiohttp.ClientSession() as session:
            return await work(session)

    return asyncio.run(main())


def post(endpoint: DemoEndpoint, body: Any, path: str = "/chat/completions") -> tuple[int, str, str]:
    """Give status, text and the header that says what this is."""

    async def work(session: aiohttp.ClientSession) -> tuple[int, str, str]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with session.post(f"{endpoint.base_url}{path}", data=data) as response:
            return response.status, await response.text(), response.headers["x-notebook-gen"]

    answer: tuple[int, str, str] = with_session(work)
    return answer


def get(url: str) -> Any:
    async def work(session: aiohttp.ClientSession) -> Any:
        async with session.get(url) as response:
            return await response.json()

    return with_session(work)


def test_an_answer_has_the_shape_of_the_protocol_and_says_that_it_is_placeholder_text(endpoint: DemoEndpoint) -> None:
    status, text, label = post(endpoint, ASKED)

    answer = json.loads(text)
    content = answer["choices"][0]["message"]["content"]
    assert (status, label, answer["system_fingerprint"]) == (200, "placeholder text", "placeholder")
    assert (answer["object"], answer["model"]) == ("chat.completion", "some-model")
    assert answer["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    ]
    assert "Trail kettle" in content
    assert answer["usage"]["prompt_tokens"] == 9
    assert abs(answer["usage"]["completion_tokens"] - len(content) / 4) < 1
    assert answer["usage"]["total_tokens"] == 9 + answer["usage"]["completion_tokens"]


def test_the_same_request_gets_the_same_answer_also_from_another_process(endpoint: DemoEndpoint) -> None:
    async def ask(base_url: str) -> str:
        client = ChatClient(DemoModel(), base_url=base_url, key="any key is good")
        answer = await client.complete([("user", "Write a review of the Trail kettle.")])
        await client.close()
        return answer.text

    first, again = asyncio.run(ask(endpoint.base_url)), asyncio.run(ask(endpoint.base_url))
    other = demo_endpoint(DemoModel(latency=0, spread=0.1, seed=3))
    elsewhere = asyncio.run(ask(other.base_url))
    other.close()

    assert first == again == elsewhere


def test_as_many_calls_overlap_as_the_model_allows_and_are_given_up_with_their_callers(
    slow_endpoint: DemoEndpoint,
) -> None:
    health = slow_endpoint.base_url.replace("/v1", "/health")

    async def in_flight(session: aiohttp.ClientSession, wanted: int) -> dict[str, Any]:
        async with asyncio.timeout(30):
            while True:
                async with session.get(health) as response:
                    state: dict[str, Any] = await response.json()
                if state["in_flight"] == wanted:
                    return state

    async def work(session: aiohttp.ClientSession) -> tuple[dict[str, Any], dict[str, Any]]:
        client = ChatClient(DemoModel(max_parallel=256), base_url=slow_endpoint.base_url)
        calls = [asyncio.create_task(client.complete([("user", str(number))])) for number in range(256)]
        during = await in_flight(session, 256)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        await client.close()
        return during, await in_flight(session, 0)

    during, after = with_session(work)

    assert during == {"status": "ok", "calls": 256, "in_flight": 256, "most_in_flight": 256}
    assert after == {"status": "ok", "calls": 256, "in_flight": 0, "most_in_flight": 256}


def test_calls_at_once_have_numbers_of_their_own() -> None:
    endpoint = demo_endpoint(DemoModel(latency=0.05, spread=0))

    async def work(session: aiohttp.ClientSession) -> list[str]:
        async def number() -> str:
            async with session.post(f"{endpoint.base_url}/chat/completions", json=ASKED) as response:
                return str((await response.json())["id"])

        return await asyncio.gather(*(number() for _ in range(20)))

    numbers = with_session(work)
    endpoint.close()

    assert sorted(numbers) == sorted(f"chatcmpl-demo-{number}" for number in range(1, 21))


def test_a_text_of_any_characters_arrives_as_json(endpoint: DemoEndpoint) -> None:
    asked = ASKED | {
        "model": 'a "model"\n\\',
        "messages": [{"role": "user", "content": "Write a review of the Žluť kettle."}],
    }

    answer = json.loads(post(endpoint, asked)[1])

    assert answer["model"] == 'a "model"\n\\'
    assert "Žluť" in answer["choices"][0]["message"]["content"]


def test_a_stream_gives_the_same_text_in_pieces(endpoint: DemoEndpoint) -> None:
    whole = json.loads(post(endpoint, ASKED)[1])

    status, text, label = post(endpoint, ASKED | {"stream": True, "stream_options": {"include_usage": True}})

    events = text.removesuffix("\n\n").split("\n\n")
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-1]]
    choices = [chunk["choices"][0] for chunk in chunks[:-1]]
    assert (status, label, events[-1]) == (200, "placeholder text", "data: [DONE]")
    assert len(choices) > 5
    assert choices[0]["delta"] == {"role": "assistant", "content": ""}
    assert (
        "".join(choice["delta"].get("content", "") for choice in choices) == whole["choices"][0]["message"]["content"]
    )
    assert [choice["finish_reason"] for choice in choices] == [None] * (len(choices) - 1) + ["stop"]
    assert (chunks[-1]["choices"], chunks[-1]["usage"]) == ([], whole["usage"])


def test_a_limit_of_tokens_cuts_the_text(endpoint: DemoEndpoint) -> None:
    answer = json.loads(post(endpoint, ASKED | {"max_tokens": 5})[1])

    assert len(answer["choices"][0]["message"]["content"]) == 20
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == 5


def test_a_json_schema_gets_an_instance_of_it(endpoint: DemoEndpoint) -> None:
    schema = {"type": "object", "properties": {"score": {"enum": [1, 2]}}, "required": ["score"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}

    answer = json.loads(post(endpoint, ASKED | {"response_format": wanted})[1])
    objects = json.loads(post(endpoint, ASKED | {"response_format": {"type": "json_object"}})[1])

    assert json.loads(answer["choices"][0]["message"]["content"])["score"] in (1, 2)
    assert list(json.loads(objects["choices"][0]["message"]["content"])) == ["answer"]


def test_a_message_in_parts_is_read(endpoint: DemoEndpoint) -> None:
    parts = [{"type": "text", "text": "Write a review"}, {"type": "text", "text": "of the Trail kettle."}]

    status, text, _ = post(endpoint, ASKED | {"messages": [{"role": "user", "content": parts}]})

    assert (status, "Trail kettle" in text) == (200, True)


def test_the_models_are_listed(endpoint: DemoEndpoint) -> None:
    models = get(f"{endpoint.base_url}/models")

    assert models == {
        "object": "list",
        "data": [{"id": "demo", "object": "model", "created": 0, "owned_by": "notebook_gen"}],
    }


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        (b"", None, "the body is not JSON"),
        (b"\xff\xfe", None, "the body is not JSON"),
        (b"[" * 100_000, None, "the body is not JSON"),
        ([], None, "the body must be a JSON object"),
        ({"messages": []}, "model", "model must be the name of a model"),
        (ASKED | {"model": 7}, "model", "model must be the name of a model"),
        (ASKED | {"messages": []}, "messages", "messages must be a list of at least one message"),
        (ASKED | {"messages": "hi"}, "messages", "messages must be a list of at least one message"),
        (ASKED | {"messages": ["hi"]}, "messages", "every message must be an object with a role"),
        (ASKED | {"messages": [{"role": "user", "content": 7}]}, "messages", "the content of a message must be a text"),
        (ASKED | {"max_tokens": 0}, "max_tokens", "max_tokens must be a whole number, 1 or more"),
        (ASKED | {"max_tokens": True}, "max_tokens", "max_tokens must be a whole number, 1 or more"),
        (ASKED | {"response_format": "json"}, "response_format", "response_format must be an object"),
        (ASKED | {"response_format": {"type": "json_schema"}}, "response_format", "response_format has no schema"),
        (
            ASKED | {"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "x"}}}},
            "response_format",
            "the schema has a type that is none: 'x'",
        ),
    ],
)
def test_a_bad_request_is_refused_in_the_shape_of_the_protocol(
    endpoint: DemoEndpoint, body: Any, param: str | None, message: str
) -> None:
    status, text, _ = post(endpoint, body)

    error = json.loads(text)["error"]
    assert (status, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert error["message"].startswith(message)


def test_what_is_not_there_is_said(endpoint: DemoEndpoint) -> None:
    status, text, _ = post(endpoint, ASKED, "/embeddings")

    assert status == 404
    assert json.loads(text)["error"]["message"].startswith("there is no POST /v1/embeddings here")


def test_a_refusal_reaches_the_caller_as_rejected(endpoint: DemoEndpoint) -> None:
    async def ask() -> None:
        client = ChatClient(DemoModel(extra={"response_format": "json"}), base_url=endpoint.base_url)
        try:
            await client.complete([("user", "hi")])
        finally:
            await client.close()

    with pytest.raises(Rejected, match=r"refused the call \(400\): response_format must be an object"):
        asyncio.run(ask())
