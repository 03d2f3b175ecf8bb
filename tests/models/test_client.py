"""The client against real endpoints on loopback: what it sends, what it reads, how it ends, where it goes."""

import asyncio
import gzip
from typing import Any

import pytest

from notebook_gen.config.models import Model
from notebook_gen.errors import ConfigError, Transient
from notebook_gen.models.client import Answer, ChatClient
from notebook_gen.plan.values import Usage
from tests.models.asking import KEY, MESSAGES, ask, failure_of
from tests.models.scripted_endpoint import chat, http, scripted_endpoint


def test_a_call_sends_the_messages_and_the_parameters_of_the_model() -> None:
    _, endpoint = ask(http(200, chat("hi")), temperature=0.5, max_tokens=20, extra={"min_p": 0.1})

    assert endpoint.heads[0].startswith("POST /v1/chat/completions HTTP/1.1\r\n")
    assert endpoint.bodies == [
        {
            "model": "small",
            "temperature": 0.5,
            "max_tokens": 20,
            "min_p": 0.1,
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": 'Say "hé" \N{SNOWMAN}\n'},
            ],
        }
    ]


def test_the_key_travels_as_a_bearer_token_and_without_one_nothing_does() -> None:
    _, with_key = ask(http(200, chat("hi")), key=KEY)
    _, without = ask(http(200, chat("hi")))

    assert f"Authorization: Bearer {KEY}" in with_key.heads[0]
    assert "Authorization" not in without.heads[0]


def test_a_query_in_the_address_goes_along_and_stays_out_of_messages() -> None:
    async def call() -> tuple[str, str]:
        async with scripted_endpoint(http(500, "")) as endpoint:
            client = ChatClient(Model("small", base_url=f"{endpoint.base_url}?tenant=secret"))
            with pytest.raises(Transient) as caught:
                await client.complete(MESSAGES)
            await client.close()
            return endpoint.heads[0], str(caught.value)

    head, message = asyncio.run(call())

    assert head.startswith("POST /v1/chat/completions?tenant=secret ")
    assert "secret" not in message


def test_a_prompt_of_megabytes_arrives_whole() -> None:
    async def call() -> int:
        async with scripted_endpoint(http(200, chat("hi"))) as endpoint:
            client = ChatClient(Model("small", base_url=endpoint.base_url))
            await client.complete([("user", "x" * 3_000_000)])
            await client.close()
            return len(endpoint.bodies[0]["messages"][0]["content"])

    assert asyncio.run(call()) == 3_000_000


def test_text_that_is_no_valid_unicode_is_sent_all_the_same() -> None:
    async def call() -> str:
        async with scripted_endpoint(http(200, chat("hi"))) as endpoint:
            client = ChatClient(Model("small", base_url=endpoint.base_url))
            await client.complete([("user", "half \ud83d")])
            await client.close()
            return str(endpoint.bodies[0]["messages"][0]["content"])

    assert asyncio.run(call()) == "half \ud83d"


def test_an_answer_has_text_model_tokens_reason_and_parameters() -> None:
    answer, _ = ask(http(200, chat("Hi \N{SNOWMAN}")), temperature=0.0)

    assert answer == Answer(
        "Hi \N{SNOWMAN}", "small-2026", Usage(12, 3), "stop", {"model": "small", "temperature": 0.0}
    )


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        {"prompt_tokens": None, "completion_tokens": 3},
        {"prompt_tokens": 1, "completion_tokens": -3},
        {"prompt_tokens": 10**30, "completion_tokens": 3},
        [],
        "many",
    ],
)
def test_an_answer_without_a_count_of_tokens_has_no_usage(usage: Any) -> None:
    answer, _ = ask(http(200, chat("hi") | {"usage": usage, "model": None}))

    assert answer == Answer("hi", "small", None, "stop", {"model": "small"})


@pytest.mark.parametrize(
    ("told", "reasoning"),
    [({"reasoning_content": "hm"}, "hm"), ({"reasoning": "hm"}, "hm"), ({"reasoning": {"a": 1}}, None), ({}, None)],
)
def test_what_a_model_thought_is_kept_where_the_endpoint_tells(told: dict[str, Any], reasoning: str | None) -> None:
    answer, _ = ask(http(200, chat("hi", **told)))

    assert answer.reasoning == reasoning


def test_an_answer_in_parts_is_joined() -> None:
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "one "}, {"type": "text", "text": "two"}]

    answer, _ = ask(http(200, chat(parts)))

    assert answer.text == "one two"


def test_an_empty_text_is_an_answer() -> None:
    answer, _ = ask(http(200, chat("", "length")))

    assert (answer.text, answer.finish_reason) == ("", "length")


def test_a_compressed_answer_is_read() -> None:
    body = gzip.compress(http(200, chat("hi")).partition(b"\r\n\r\n")[2])

    answer, _ = ask(http(200, body, Content_Encoding="gzip"))

    assert answer.text == "hi"


@pytest.mark.parametrize(
    "answer",
    [
        http(401, {"error": {"message": f"Wrong key {KEY}."}}),
        http(400, f"headers: Bearer {KEY}"),
        http(500, {"detail": KEY}),
        http(200, {"headers": {"Authorization": KEY}}),
        http(200, KEY),
        http(200, {"error": KEY}),
        http(200, chat(None, refusal=KEY)),
    ],
)
def test_a_key_that_the_endpoint_repeats_is_hidden(answer: bytes) -> None:
    failure = failure_of(answer, key=KEY, api_key_env="MY_KEY")

    assert KEY not in f"{failure} {failure!r} {failure.__dict__} {failure.__cause__!r}"
    assert "•••" in f"{failure} {failure.__dict__}"


def test_a_client_does_not_show_its_key() -> None:
    client = ChatClient(Model("small", base_url="http://localhost:1/v1"), key=KEY)

    assert repr(client) == "<ChatClient of 'small' at http://localhost:1/v1>"


def test_cancelling_a_call_ends_it_as_cancelled() -> None:
    async def call() -> bool:
        async with scripted_endpoint(None) as endpoint:
            client = ChatClient(Model("small", base_url=endpoint.base_url))
            task = asyncio.create_task(client.complete(MESSAGES))
            await endpoint.called.wait()
            task.cancel()
            await asyncio.wait([task])
            await client.close()
            return task.cancelled()

    assert asyncio.run(call())


def test_closing_a_client_that_never_called_is_harmless() -> None:
    client = ChatClient(Model("small"), key=KEY)

    asyncio.run(client.close())


def test_calls_to_this_machine_pass_by_every_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")

    answer, _ = ask(http(200, chat("hi")))

    assert answer.text == "hi"


def test_calls_to_elsewhere_go_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async def call() -> str:
        async with scripted_endpoint(http(200, chat("hi"))) as proxy:
            monkeypatch.setenv("http_proxy", proxy.base_url.removesuffix("/v1"))
            monkeypatch.delenv("no_proxy", raising=False)
            client = ChatClient(Model("small", base_url="http://models.example/v1"))
            await client.complete(MESSAGES)
            await client.close()
            return proxy.heads[0].splitlines()[0]

    assert asyncio.run(call()) == "POST http://models.example/v1/chat/completions HTTP/1.1"


def test_a_proxy_that_cannot_be_used_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://user:hidden@proxy.example:1080")

    with pytest.raises(ConfigError, match="HTTPS_PROXY names a proxy that is neither") as caught:
        ChatClient(Model("small", base_url="https://models.example/v1"))

    assert "hidden" not in str(caught.value)
