"""ChatClient against a real HTTP server on loopback."""

import asyncio
import json
from collections.abc import Callable

import pytest
from aiohttp import web

from notebook_gen.config.models import Model
from notebook_gen.errors import ConfigError, GenerationError, RateLimited, Rejected, Transient
from notebook_gen.models.client import Answer, ChatClient, resolve_key
from notebook_gen.plan.values import Usage

Respond = Callable[[], web.Response]


def ask(respond: Respond, *, key: str | None = None) -> tuple[Answer, dict[str, object], str]:
    """Ask a server that answers as told; gives the answer, the body it got and the key it got."""
    seen: list[tuple[dict[str, object], str]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append((await request.json(), request.headers.get("Authorization", "")))
        return respond()

    async def main() -> Answer:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        client = ChatClient(Model("m", base_url=f"http://{host}:{port}/v1", temperature=0.5), key=key)
        try:
            return await client.complete([("system", "be brief"), ("user", "hello")])
        finally:
            await client.close()
            await runner.cleanup()

    answer = asyncio.run(main())
    return answer, *seen[0]


def completion(**changes: object) -> web.Response:
    body = {
        "model": "m-1",
        "choices": [{"message": {"content": "good day"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2},
    }
    return web.json_response(body | changes)


def error_of(respond: Respond) -> GenerationError:
    with pytest.raises(GenerationError) as caught:
        ask(respond)
    return caught.value


def test_an_answer_comes_with_its_tokens_and_what_was_asked() -> None:
    answer, body, key = ask(completion, key="secret")

    assert answer == Answer("good day", "m-1", Usage(3, 2), "stop", {"temperature": 0.5})
    assert body == {
        "model": "m",
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}],
        "temperature": 0.5,
    }
    assert key == "Bearer secret"


def test_429_is_rate_limited_and_says_when_to_come_back() -> None:
    error = error_of(lambda: web.Response(status=429, headers={"Retry-After": "2.5"}))

    assert isinstance(error, RateLimited)
    assert error.retry_after == 2.5


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503])
def test_server_errors_are_transient(status: int) -> None:
    assert isinstance(error_of(lambda: web.Response(status=status)), Transient)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_refusals_are_rejected_with_the_endpoints_own_words(status: int) -> None:
    body = json.dumps({"error": {"message": "no such thing"}})

    error = error_of(lambda: web.Response(status=status, text=body))

    assert isinstance(error, Rejected)
    assert error.status == status
    assert "no such thing" in str(error)


def test_a_page_of_html_is_rejected_and_the_base_url_is_questioned() -> None:
    error = error_of(lambda: web.Response(text="<html>Sign in</html>", content_type="text/html"))

    assert isinstance(error, Rejected)
    assert "text/html, not JSON: '<html>Sign in</html>'" in error.problem
    assert "base_url" in error.advice


@pytest.mark.parametrize(
    "changes", [{"choices": []}, {"choices": [{"message": {"content": None}}]}, {"choices": "nothing"}]
)
def test_an_answer_without_text_is_rejected(changes: dict[str, object]) -> None:
    assert isinstance(error_of(lambda: completion(**changes)), Rejected)


def test_nobody_there_is_transient_and_asks_whether_the_server_runs() -> None:
    async def main() -> None:
        # port 1 on loopback: nobody listens there
        client = ChatClient(Model("m", base_url="http://127.0.0.1:1/v1"))
        try:
            await client.complete([("user", "hello")])
        finally:
            await client.close()

    with pytest.raises(Transient, match=r"cannot connect to http://127\.0\.0\.1:1/v1.*; is the server running\?"):
        asyncio.run(main())


def test_a_missing_key_is_an_error_that_names_its_variable() -> None:
    with pytest.raises(ConfigError, match="OPENAI_API_KEY is not set; set OPENAI_API_KEY, or remove the model"):
        resolve_key(Model("gpt-4o-mini"), {"OPENAI_API_KEY": " "})


def test_an_endpoint_elsewhere_needs_no_key_unless_it_names_one() -> None:
    local = "http://127.0.0.1:8000/v1"

    assert resolve_key(Model("m", base_url=local), {}) is None
    assert resolve_key(Model("m", base_url=local, api_key_env="K"), {"K": "secret"}) == "secret"
