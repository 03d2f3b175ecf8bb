"""The demo endpoint's server: /v1/chat/completions and /v1/models on loopback, with a model's latency."""

import asyncio
import hashlib
import json
import sys
from collections.abc import Callable

from aiohttp import web

from notebook_gen.demo.text import draw_latency, write_answer

_HEADERS = {"x-notebook-gen": "placeholder text"}


def make_app(*, latency: float, spread: float, seed: int) -> web.Application:
    """Make the server; the arguments are those of `DemoModel`."""

    async def complete(request: web.Request) -> web.Response:
        try:
            body = json.loads(await request.read())
            prompt = "\n".join(str(message["content"]) for message in body["messages"])
        except (ValueError, KeyError, TypeError):
            error = {"error": {"message": "the body is no chat completion request", "type": "invalid_request_error"}}
            return web.json_response(error, status=400)
        await asyncio.sleep(draw_latency(prompt, seed, latency, spread))
        return web.json_response(_completion(str(body.get("model", "demo")), prompt, seed), headers=_HEADERS)

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "demo", "object": "model"}]}, headers=_HEADERS)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_get("/v1/models", models)
    return app


async def serve(app: web.Application, port: int, announce: Callable[[int], None], *, ends_with_stdin: bool) -> None:
    """Serve on 127.0.0.1 until cancelled, or until standard input is closed.

    Args:
        app: the server.
        port: 0 for a free one.
        announce: told the port, once it listens.
        ends_with_stdin: end when whoever started this process is gone, however it went.
    """
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        announce(runner.addresses[0][1])
        if ends_with_stdin:
            await asyncio.to_thread(sys.stdin.buffer.read)
        else:
            await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _completion(model: str, prompt: str, seed: int) -> dict[str, object]:
    text = write_answer(prompt, seed)
    # a token is about four characters
    tokens_in, tokens_out = len(prompt) // 4 + 1, len(text) // 4 + 1
    return {
        "id": f"demo-{hashlib.sha256(prompt.encode()).hexdigest()[:16]}",
        "object": "chat.completion",
        "model": model,
        "system_fingerprint": "placeholder",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        },
    }
