"""The demo endpoint's server: OpenAI's chat protocol on loopback, with placeholder text and a model's latency."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import web

from notebook_gen.demo.latency import latency_of
from notebook_gen.demo.protocol import (
    BadRequest,
    ChatRequest,
    Completion,
    completion_body,
    error_body,
    make_completion,
    read_request,
    stream_chunks,
)
from notebook_gen.demo.text import answer

_HEADERS = {"Content-Type": "application/json", "x-notebook-gen": "placeholder text"}
_STREAM_HEADERS = _HEADERS | {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
_LONGEST_BODY = 64 << 20


@dataclass(frozen=True, slots=True)
class Pace:
    """How the demo endpoint answers.

    Attributes:
        latency: seconds a call takes, in the middle.
        spread: sigma of the log-normal distribution of latencies; 0: every call takes `latency`.
        seed: draws latencies and texts.
    """

    latency: float = 0.6
    spread: float = 0.35
    seed: int = 0


class DemoServer:
    """Answers calls.

    Args:
        pace: how.

    Attributes:
        calls: that have come in.
        in_flight: of them, not answered yet.
        most_in_flight: at any time so far.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self.calls = 0
        self.in_flight = 0
        self.most_in_flight = 0

    def make_app(self) -> web.Application:
        """Make what an aiohttp runner runs."""
        app = web.Application(client_max_size=_LONGEST_BODY)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/health", self._health)
        app.router.add_route("*", "/{path:.*}", self._nothing_here)
        return app

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        with self._counted():
            try:
                asked = read_request(await request.read())
                completion = self._answer(asked)
            except BadRequest as error:
                return web.Response(status=400, body=error_body(error.message, error.param), headers=_HEADERS)
            latency = latency_of(
                asked.messages, median=self._pace.latency, spread=self._pace.spread, seed=self._pace.seed
            )
            created = int(time.time())
            if asked.stream:
                chunks = stream_chunks(completion, self.calls, created, include_usage=asked.include_usage)
                return await _stream(request, list(chunks), latency)
            if latency > 0:
                await asyncio.sleep(latency)
            return web.Response(body=completion_body(completion, self.calls, created), headers=_HEADERS)

    def _answer(self, asked: ChatRequest) -> Completion:
        try:
            text = answer(asked.messages, self._pace.seed, asked.response_format)
        except ValueError as error:
            raise BadRequest(str(error), "response_format") from error
        return make_completion(asked, text)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.calls += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            yield
        finally:
            self.in_flight -= 1

    async def _models(self, _: web.Request) -> web.Response:
        model = {"id": "demo", "object": "model", "created": 0, "owned_by": "notebook_gen"}
        return web.Response(body=json.dumps({"object": "list", "data": [model]}), headers=_HEADERS)

    async def _health(self, _: web.Request) -> web.Response:
        state = {
            "status": "ok",
            "calls": self.calls,
            "in_flight": self.in_flight,
            "most_in_flight": self.most_in_flight,
        }
        return web.Response(body=json.dumps(state), headers=_HEADERS)

    async def _nothing_here(self, request: web.Request) -> web.Response:
        message = f"there is no {request.method} {request.path} here, only POST /v1/chat/completions and GET /v1/models"
        return web.Response(status=404, body=error_body(message), headers=_HEADERS)


async def _stream(request: web.Request, chunks: list[bytes], latency: float) -> web.StreamResponse:
    """Send an answer in pieces, which take the latency together."""
    response = web.StreamResponse(headers=_STREAM_HEADERS)
    await response.prepare(request)
    for chunk in chunks:
        await asyncio.sleep(latency / len(chunks))
        await response.write(chunk)
    return response


async def serve(pace: Pace, port: int, announce: Callable[[int], None], until: Callable[[], Awaitable[object]]) -> None:
    """Serve on 127.0.0.1.

    Args:
        pace: how to answer.
        port: 0 for one that is free.
        announce: told the port, once calls can come in.
        until: what to wait for, meanwhile.

    Raises:
        OSError: the port cannot be had.
    """
    # a call whose caller has gone is given up, as a model's endpoint does: a cancelled run leaves no load behind
    runner = web.AppRunner(DemoServer(pace).make_app(), access_log=None, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        announce(runner.addresses[0][1])
        await until()
    finally:
        await runner.cleanup()
