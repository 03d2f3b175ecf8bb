"""What each failure of a call becomes, over real HTTP on loopback."""

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from notebook_gen.config.models import Model
from notebook_gen.errors import GenerationError, RateLimited, Rejected, Transient
from notebook_gen.models.client import ChatClient
from notebook_gen.models.failures import retry_after
from tests.models.asking import KEY, MESSAGES, failure_at, failure_of
from tests.models.scripted_endpoint import chat, http, scripted_endpoint

# signed by itself, for 127.0.0.1
_CERTIFICATE = Path(__file__).with_name("untrusted.pem")


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
        ({"Retry_After": "7", "retry_after_ms": "soon"}, 7.0),
        ({"Retry_After": "86400"}, 600.0),
        ({"Retry_After": "1e300"}, 600.0),
        ({"Retry_After": "9" * 400}, None),
        ({"retry_after_ms": "1e300"}, 600.0),
        ({"Retry_After": "Fri, 31 Dec 9999 23:59:59 GMT"}, 600.0),
        ({"Retry_After": "Wed, 21 Oct 2015 07:28:00 -0000"}, 0.0),
        ({"Retry_After": "Wed, 21 Oct 2015 07:28:00 +99999999999999999999"}, None),
        ({"Retry_After": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
        ({"Retry_After": ""}, None),
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


def test_a_wait_until_a_date_is_counted_from_now() -> None:
    headers = {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}

    waits = [retry_after(headers, 1445412480.0 - ago) for ago in (-5, 0, 0.5, 90, 10**6)]

    assert waits == [0.0, 0.0, 0.5, 90.0, 600.0]


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


def test_the_query_of_a_redirect_stays_out_of_messages() -> None:
    failure = failure_of(http(301, "", Location="https://elsewhere.example/v1?api-key=secret"))

    assert "sends calls to https://elsewhere.example/v1 (301)" in str(failure)
    assert "secret" not in str(failure)


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (
            http(200, "<!doctype html>\n<title>Welcome</title>" + "x" * 99, Content_Type="text/html; charset=x"),
            "text/html: ",
        ),
        (
            http(200, "data: {}\n\ndata: [DONE]", Content_Type="text/event-stream"),
            "text/event-stream: 'data: {} data: [DONE]'",
        ),
        (http(200, b"\xff\xfe\xfa\x00", Content_Type="application/json; charset=nonsense"), "application/json: "),
        (http(200, "[" * 100_000), "application/json: "),
    ],
    ids=["HTML", "event stream", "wrong charset", "bottomless JSON"],
)
def test_an_answer_that_is_not_json_says_what_came(answer: bytes, came: str) -> None:
    failure = failure_of(answer)

    assert isinstance(failure, Rejected)
    assert f"answered with something that is not JSON ({came}" in str(failure)
    assert "check base_url" in failure.advice
    assert len(str(failure)) < 320


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (http(200, '{"choices": [{"mess'), 'a part of its JSON (application/json: \'{"choices": [{"mess\')'),
        (http(200, ""), "nothing (application/json, empty)"),
        (http(204, ""), "nothing (application/json, empty)"),
    ],
)
def test_an_answer_that_ends_before_its_end_may_be_whole_another_time(answer: bytes, came: str) -> None:
    failure = failure_of(answer)

    assert isinstance(failure, Transient)
    assert f"answered with {came}; its server, or a proxy before it, broke off" in str(failure)
    assert "check base_url" in failure.advice


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
        ({"message": "Upstream is busy.", "code": "429"}, RateLimited, "asks for fewer calls (429): Upstream is busy."),
        ({"message": "No.", "code": "bad"}, Rejected, "answered with an error: No."),
        ("No.", Rejected, "answered with an error: No."),
    ],
)
def test_an_error_under_status_200_is_an_error(error: Any, kind: type[GenerationError], said: str) -> None:
    in_place_of_an_answer = failure_of(http(200, {"error": error}))
    begun = chat("Half an ans", "error")
    begun["choices"][0]["error"] = error
    in_its_choice = failure_of(http(200, begun))

    for failure in (in_place_of_an_answer, in_its_choice):
        assert type(failure) is kind
        assert said in str(failure)
    assert in_its_choice.usage == (12, 3)


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


@pytest.mark.parametrize("host", ["127.1", "999.999.999.999"])
def test_a_host_that_is_no_address_is_rejected(host: str) -> None:
    failure = failure_at(f"http://{host}/v1")

    assert isinstance(failure, Rejected)
    assert str(failure) == f"http://{host}/v1 is no address that can be called; check the host in base_url"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        http(200, chat("hi"), Content_Length="9999"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{",
    ],
    ids=["closed at once", "cut body", "cut chunk"],
)
def test_a_connection_that_breaks_off_is_transient(answer: bytes) -> None:
    failure = failure_of(answer)

    assert isinstance(failure, Transient)
    assert "broke off before the answer was complete" in str(failure)


def test_an_answer_with_a_false_content_encoding_is_told_as_such_and_may_work_another_time() -> None:
    failure = failure_of(http(200, chat("hi"), Content_Encoding="gzip"))

    assert isinstance(failure, Transient)
    assert str(failure).endswith(
        "could not be unpacked: Can not decode content-encoding: gzip; "
        "look at its Content-Encoding, which a proxy or gateway may have set or left"
    )


def test_an_answer_in_an_encoding_that_nobody_asked_for_is_told_as_such() -> None:
    """Whether it can be unpacked depends on what is installed beside aiohttp; this one never can."""
    failure = failure_of(http(200, chat("hi"), Content_Encoding="br"))

    assert "could not be unpacked: Can not decode content-encoding: br" in str(failure)


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


def test_a_certificate_that_nobody_trusts_is_rejected() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(_CERTIFICATE)

    async def call() -> None:
        async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context) as server:
            port = server.sockets[0].getsockname()[1]
            client = ChatClient(Model("small", base_url=f"https://127.0.0.1:{port}/v1"))
            try:
                await client.complete(MESSAGES)
            finally:
                await client.close()

    with pytest.raises(Rejected, match=r"the certificate of https://127\.0\.0\.1:\d+/v1 is not trusted") as caught:
        asyncio.run(call())
    assert caught.value.advice == "name the certificate that signed it in SSL_CERT_FILE"


def test_a_proxy_that_does_not_answer_is_transient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{taken.getsockname()[1]}")

        failure = failure_at("http://models.example/v1")

    assert isinstance(failure, Transient)
    assert str(failure) == (
        "cannot connect to http://models.example/v1: its proxy 127.0.0.1 does not answer; "
        "check HTTP_PROXY and HTTPS_PROXY, or add the endpoint to NO_PROXY"
    )


def test_a_proxy_that_refuses_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    async def call() -> None:
        async with scripted_endpoint(b"HTTP/1.1 407 Whatever\r\nContent-Length: 0\r\n\r\n", listens=False) as proxy:
            monkeypatch.setenv("https_proxy", proxy.base_url.removesuffix("/v1"))
            monkeypatch.delenv("no_proxy", raising=False)
            client = ChatClient(Model("small", base_url="https://models.example/v1"), key=KEY)
            try:
                await client.complete(MESSAGES)
            finally:
                await client.close()

    with pytest.raises(Rejected) as caught:
        asyncio.run(call())
    assert caught.value.problem == "the proxy on the way to https://models.example/v1 refused the call (407)"
