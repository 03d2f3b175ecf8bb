"""The client against real endpoints on loopback: what it sends, what it reads, and what each failure becomes."""

import asyncio
import gzip
import socket
from typing import Any

import pytest

from notebook_gen.config.models import Model
from notebook_gen.errors import ConfigError, GenerationError, RateLimited, Rejected, Transient
from notebook_gen.models.client import Answer, ChatClient
from notebook_gen.plan.values import Usage
from tests.models.scripted_endpoint import ScriptedEndpoint, chat, http, scripted_endpoint

MESSAGES = [("system", "Be brief."), ("user", 'Say "hé" \N{SNOWMAN}\n')]
KEY = "sk-very-secret-123"


async def _ask(answer: bytes | None, key: str | None, options: dict[str, Any]) -> tuple[Answer, ScriptedEndpoint]:
    async with scripted_endpoint(answer) as endpoint:
        client = ChatClient(Model("small", base_url=endpoint.base_url, **options), key=key)
        try:
            return await client.complete(MESSAGES), endpoint
        finally:
            await client.close()


def ask(answer: bytes, *, key: str | None = None, **options: Any) -> tuple[Answer, ScriptedEndpoint]:
    return asyncio.run(_ask(answer, key, options))


def failure_of(answer: bytes | None, *, key: str | None = None, **options: Any) -> GenerationError:
    with pytest.raises(GenerationError) as caught:
        asyncio.run(_ask(answer, key, options))
    return caught.value


def failure_at(base_url: str) -> GenerationError:
    async def call() -> None:
        client = ChatClient(Model("small", base_url=base_url))
        try:
            await client.complete(MESSAGES)
        finally:
            await client.close()

    with pytest.raises(GenerationError) as caught:
        asyncio.run(call())
    return caught.value


# What is sent


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


# What is read


def test_an_answer_has_text_model_tokens_reason_and_parameters() -> None:
    answer, _ = ask(http(200, chat("Hi \N{SNOWMAN}")), temperature=0.0)

    assert answer == Answer(
        "Hi \N{SNOWMAN}", "small-2026", Usage(12, 3), "stop", {"model": "small", "temperature": 0.0}
    )


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None, "completion_tokens": 3}, [], "many"])
def test_an_answer_without_a_count_of_tokens_has_no_usage(usage: Any) -> None:
    answer, _ = ask(http(200, chat("hi") | {"usage": usage, "model": None}))

    assert answer == Answer("hi", "small", None, "stop", {"model": "small"})


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


# What each failure becomes


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": "0.5"}, 0.5),
        ({"Retry_After": "9", "retry_after_ms": "250"}, 0.25),
        ({"Retry_After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "-3"}, None),
        ({"Retry_After": "inf"}, None),
        ({"Retry_After": "nan"}, None),
        ({}, None),
    ],
)
def test_a_429_is_a_rate_limit_with_the_wait_that_the_endpoint_names(
    headers: dict[str, str], seconds: float | None
) -> None:
    failure = failure_of(http(429, {"error": {"message": "Slow down."}}, **headers))

    assert isinstance(failure, RateLimited)
    assert (failure.status, failure.retry_after) == (429, seconds)
    assert str(failure).endswith("asks for fewer calls (429): Slow down.; lower max_parallel of the model")


def test_a_429_that_no_waiting_will_mend_is_rejected() -> None:
    failure = failure_of(http(429, {"error": {"message": "You are out.", "code": "insufficient_quota"}}))

    assert isinstance(failure, Rejected)
    assert "has no quota left (429): You are out.; check its plan and its bills" in str(failure)


@pytest.mark.parametrize("status", [408, 409, 425, 500, 502, 503, 504, 529])
def test_a_server_in_trouble_may_work_another_time(status: int) -> None:
    failure = failure_of(http(status, "<html>Bad gateway</html>", Content_Type="text/html"))

    assert isinstance(failure, Transient)
    assert (failure.status, failure.answer) == (status, "<html>Bad gateway</html>")
    assert f"could not answer ({status}): text/html: '<html>Bad gateway</html>'" in str(failure)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_its_variable(status: int) -> None:
    failure = failure_of(http(status, {"error": {"message": "Bad key."}}), key=KEY, api_key_env="MY_KEY")

    assert isinstance(failure, Rejected)
    assert str(failure).endswith(f"refused the key ({status}): Bad key.; check the environment variable MY_KEY")


def test_an_endpoint_that_wants_a_key_where_none_was_named_says_how_to_name_one() -> None:
    failure = failure_of(http(401, {"error": "Unauthorized"}))

    assert str(failure).endswith(
        "wants a key (401): Unauthorized; name the variable that holds its key: ng.Model('small', api_key_env=…)"
    )


def test_a_404_questions_address_and_model() -> None:
    failure = failure_of(http(404, {"error": {"message": "model 'small' not found, try pulling it first"}}))

    assert isinstance(failure, Rejected)
    assert str(failure).endswith(
        "knows no chat endpoint, or no model 'small' (404): model 'small' not found, try pulling it first; "
        "check base_url and the model's name"
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "Too long."}}, "Too long."),
        ({"error": "Too long."}, "Too long."),
        ({"object": "error", "message": "Too long."}, "Too long."),
        ({"detail": "Too long."}, "Too long."),
        ({"error": {"message": "a\n b" + "x" * 400}}, "a b" + "x" * 296 + "…"),
        ({"error": {"code": 7}}, '{"code": 7}'),
        ('"Too long."', "Too long."),
        ("Too long.", "application/json: 'Too long.'"),
        ("[" * 100_000, f"application/json: '{'[' * 79}…'"),
    ],
)
@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_call_is_rejected_in_the_words_of_the_endpoint(
    status: int, body: dict[str, Any] | str, said: str
) -> None:
    failure = failure_of(http(status, body))

    assert isinstance(failure, Rejected)
    assert str(failure).endswith(f"refused the call ({status}): {said}; check the prompt and the model's parameters")


def test_a_redirect_is_not_followed_but_named() -> None:
    failure = failure_of(http(308, "", Location="https://elsewhere.example/v1"), key=KEY)

    assert isinstance(failure, Rejected)
    assert "sends calls to https://elsewhere.example/v1 (308); let base_url name the place itself" in str(failure)


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (
            http(200, "<!doctype html>\n<title>Welcome</title>" + "x" * 99, Content_Type="text/html; charset=x"),
            "text/html: ",
        ),
        (http(200, '{"choices": [{"mess'), "application/json: "),
        (
            http(200, "data: {}\n\ndata: [DONE]", Content_Type="text/event-stream"),
            "text/event-stream: 'data: {} data: [DONE]'",
        ),
        (http(200, b"\xff\xfe\xfa\x00", Content_Type="application/json; charset=nonsense"), "application/json: "),
        (http(200, "[" * 100_000), "application/json: "),
        (http(204, ""), "application/json, empty"),
    ],
    ids=["HTML", "cut JSON", "event stream", "wrong charset", "bottomless JSON", "nothing"],
)
def test_an_answer_that_is_not_json_says_what_came(answer: bytes, came: str) -> None:
    failure = failure_of(answer)

    assert isinstance(failure, Rejected)
    assert f"answered with something that is not JSON ({came}" in str(failure)
    assert "check base_url" in failure.advice
    assert len(str(failure)) < 320


@pytest.mark.parametrize(
    "body",
    ["[]", "null", "3", '"text"', "{}", '{"choices": []}', '{"choices": null}', '{"choices": {"a": 1}}',
     '{"choices": [null]}', '{"choices": [{"message": null}]}', '{"choices": [{"message": {}}]}', '{"choices": ["a"]}'],
)  # fmt: skip
def test_json_without_a_choice_is_rejected(body: str) -> None:
    failure = failure_of(http(200, body))

    assert isinstance(failure, Rejected)
    assert failure.answer == body
    assert "answered without a choice" in str(failure)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        ({"message": "Upstream is busy.", "code": 429}, RateLimited, "asks for fewer calls (429): Upstream is busy."),
        ({"message": "Upstream broke.", "code": 502}, Transient, "could not answer (502): Upstream broke."),
        ({"message": "No.", "code": "bad"}, Rejected, "answered with an error: No."),
        ("No.", Rejected, "answered with an error: No."),
    ],
)
def test_an_error_under_status_200_is_an_error(error: Any, kind: type[GenerationError], said: str) -> None:
    failure = failure_of(http(200, {"error": error}))

    assert type(failure) is kind
    assert said in str(failure)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (chat(None), "answered without a text (finish_reason 'stop'); look at the prompt, or try another model"),
        (chat(None, "length"), "answered without a text (finish_reason 'length'); raise max_tokens of the model"),
        (chat([{"type": "image"}]), "answered without a text"),
        (chat(7), "answered without a text"),
        (chat("Partly", "content_filter"), "filtered the answer; reword the prompt"),
        (
            chat(None, refusal="I can't help\nwith that."),
            "refused to answer: I can't help with that.; reword the prompt",
        ),
    ],
)
def test_a_choice_without_a_text_is_rejected(body: dict[str, Any], said: str) -> None:
    failure = failure_of(http(200, body))

    assert isinstance(failure, Rejected)
    assert said in str(failure)


def test_an_endpoint_that_does_not_answer_in_time_is_transient() -> None:
    failure = failure_of(None, timeout=0.05)

    assert isinstance(failure, Transient)
    assert isinstance(failure.__cause__, TimeoutError)
    assert str(failure).endswith("within 0.05 s; raise timeout of the model, or lower its max_parallel")


def test_an_endpoint_that_is_not_there_asks_whether_it_runs() -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"

        failure = failure_at(base_url)

    assert isinstance(failure, Transient)
    assert str(failure) == f"cannot connect to {base_url}: connection refused; is the server running?"


def test_a_host_without_an_address_is_transient() -> None:
    failure = failure_at("http://nowhere.invalid/v1")

    assert isinstance(failure, Transient)
    assert "no address is known for the host 'nowhere.invalid'" in str(failure)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        http(200, chat("hi"), Content_Length="9999"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{",
        http(200, b"no gzip at all", Content_Encoding="gzip"),
    ],
    ids=["closed at once", "cut body", "cut chunk", "broken compression"],
)
def test_a_connection_that_breaks_off_is_transient(answer: bytes) -> None:
    failure = failure_of(answer)

    assert isinstance(failure, Transient)
    assert "broke off before the answer was complete" in str(failure)


def test_what_does_not_speak_http_is_rejected_and_the_key_stays_hidden() -> None:
    failure = failure_of(b"SSH-2.0-OpenSSH_9.2\r\n", key=KEY)

    assert isinstance(failure, Rejected)
    assert "does not speak HTTP; check the port in base_url" in str(failure)
    assert failure.__cause__ is None
    assert failure.__suppress_context__


def test_an_endpoint_without_tls_is_rejected_under_https() -> None:
    async def call() -> None:
        async with scripted_endpoint(b"HTTP/1.1 400 Bad Request\r\n\r\n", listens=False) as endpoint:
            client = ChatClient(Model("small", base_url=endpoint.base_url.replace("http://", "https://")))
            try:
                await client.complete(MESSAGES)
            finally:
                await client.close()

    with pytest.raises(Rejected, match="no secure connection to https://") as caught:
        asyncio.run(call())
    assert caught.value.advice == "check base_url: should it begin with http://?"


# Keys, cancelling, proxies


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
