"""The demo endpoint's server: OpenAI's chat protocol on loopback, with placeholder text and a model's latency."""

import asyncio
import functools
import json
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from aiohttp import web

from notebook_gen.demo.behaviour import Behaviour
from notebook_gen.demo.latency import latency_of
from notebook_gen.demo.protocol import (
    BadRequest,
    Completion,
    completion_body,
    error_body,
    failure_body,
    make_completion,
    read_request,
    stream_chunks,
)
from notebook_gen.demo.text import answer
from notebook_gen.demo.traffic import Fate, Outcome, Traffic

_HEADERS = {"Content-Type": "application/json", "x-notebook-gen": "placeholder text"}
_STREAM_HEADERS = _HEADERS | {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
_STATUS: Mapping[Outcome, int] = {"rate limited": 429, "server error": 500, "unavailable": 503}
_LONGEST_BODY = 64 << 20
# Columns of few different values ask the same again and again: what was prepared for the last requests is kept, unless
# they are long.
_KEPT, _LONGEST_KEPT = 4096, 8192
_MOST_ADDRESSES = 64
# connections that wait to be accepted; above it, a new one is tried again only after a second
_BACKLOG = 1024


class Prepared(NamedTuple):
    """What a request will get.

    Attributes:
        completion: the answer.
        latency: seconds it takes.
        stream: send it in pieces.
        include_usage: end the stream with the count of tokens.
    """

    completion: Completion
    latency: float
    stream: bool
    include_usage: bool


def prepare(behaviour: Behaviour, body: bytes) -> Prepared:
    """Read a request, and write what it gets; the same for the same request.

    Raises:
        BadRequest: it is none.
    """
    asked = read_request(body)
    try:
        text = answer(asked.messages, behaviour.seed, asked.response_format)
    except ValueError as error:
        raise BadRequest(str(error), "response_format") from error
    latency = latency_of(asked.messages, median=behaviour.latency, spread=behaviour.spread, seed=behaviour.seed)
    return Prepared(make_completion(asked, text), latency, asked.stream, asked.include_usage)


class DemoServer:
    """Answers calls. Each of its addresses, `/v1` and `/NAME/v1`, counts its own, and has its own faults.

    Args:
        behaviour: how.
    """

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._prepare = functools.partial(prepare, behaviour)
        self._prepare_once = functools.lru_cache(_KEPT)(self._prepare)
        self._traffic: dict[str, Traffic] = {}

    def make_app(self) -> web.Application:
        """Make what an aiohttp runner runs."""
        app = web.Application(client_max_size=_LONGEST_BODY)
        for address in ("", "/{name}"):
            app.router.add_post(f"{address}/v1/chat/completions", self._complete)
            app.router.add_get(f"{address}/v1/models", self._models)
            app.router.add_get(f"{address}/health", self._health)
        app.router.add_route("*", "/{path:.*}", self._nothing_here)
        return app

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        traffic = self._traffic_at(request)
        fate = traffic.arrive(body, asyncio.get_running_loop().time())
        if fate.is_immediate:
            return self._fail(request, fate)
        number = traffic.calls
        try:
            prepared = self._prepare_once(body) if len(body) <= _LONGEST_KEPT else self._prepare(body)
            return await self._carry_out(request, prepared, fate, number)
        except BadRequest as error:
            return web.Response(status=400, body=error_body(error.message, error.param), headers=_HEADERS)
        finally:
            traffic.leave()

    async def _carry_out(self, request: web.Request, prepared: Prepared, fate: Fate, number: int) -> web.StreamResponse:
        latency = prepared.latency
        if fate.outage_in <= latency:
            await asyncio.sleep(fate.outage_in)
            return _drop(request)
        created = int(time.time())
        if prepared.stream and fate.outcome == "answered":
            chunks = stream_chunks(prepared.completion, number, created, include_usage=prepared.include_usage)
            return await _stream(request, list(chunks), latency)
        if latency > 0:
            await asyncio.sleep(latency)
        if fate.outcome != "answered":
            return self._fail(request, fate)
        return web.Response(body=completion_body(prepared.completion, number, created), headers=_HEADERS)

    def _fail(self, request: web.Request, fate: Fate) -> web.Response:
        status = _STATUS.get(fate.outcome)
        if status is None:
            return _drop(request)
        wait = self._behaviour.faults.retry_after
        headers = _HEADERS | _wait_headers(wait) if status == 429 and wait is not None else _HEADERS
        return web.Response(status=status, body=failure_body(status), headers=headers)

    def _traffic_at(self, request: web.Request) -> Traffic:
        """Give the traffic of an address; of those not called for long, nothing is remembered."""
        name = request.match_info.get("name", "")
        traffic = self._traffic.pop(name, None) or Traffic(self._behaviour.faults, self._behaviour.seed)
        self._traffic[name] = traffic
        if len(self._traffic) > _MOST_ADDRESSES:
            del self._traffic[next(iter(self._traffic))]
        return traffic

    async def _models(self, _: web.Request) -> web.Response:
        model = {"id": "demo", "object": "model", "created": 0, "owned_by": "notebook_gen"}
        return web.Response(body=json.dumps({"object": "list", "data": [model]}), headers=_HEADERS)

    async def _health(self, request: web.Request) -> web.Response:
        traffic = self._traffic_at(request)
        state = {
            "status": "ok",
            "calls": traffic.calls,
            "in_flight": traffic.in_flight,
            "most_in_flight": traffic.most_in_flight,
        }
        return web.Response(body=json.dumps(state), headers=_HEADERS)

    async def _nothing_here(self, request: web.Request) -> web.Response:
        message = f"there is no {request.method} {request.path} here, only POST /v1/chat/completions and GET /v1/models"
        return web.Response(status=404, body=error_body(message), headers=_HEADERS)


def _drop(request: web.Request) -> web.Response:
    """Close a call's connection; gives an answer that is never sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _wait_headers(seconds: float) -> dict[str, str]:
    """Say how long to wait: in whole seconds, as HTTP has it, and exactly, as OpenAI does beside."""
    return {"Retry-After": str(math.ceil(seconds)), "retry-after-ms": str(round(1000 * seconds))}


async def _stream(request: web.Request, chunks: list[bytes], latency: float) -> web.StreamResponse:
    """Send an answer in pieces, which take the latency together."""
    response = web.StreamResponse(headers=_STREAM_HEADERS)
    await response.prepare(request)
    for chunk in chunks:
        await asyncio.sleep(latency / len(chunks))
        await response.write(chunk)
    return response


async def serve(
    behaviour: Behaviour, port: int, announce: Callable[[int], None], until: Callable[[], Awaitable[object]]
) -> None:
    """Serve on 127.0.0.1.

    Args:
        behaviour: how to answer.
        port: 0 for one that is free.
        announce: told the port, once calls can come in.
        until: what to wait for, meanwhile.

    Raises:
        OSError: the port cannot be had.
    """
    # a call whose caller has gone is given up, as a model's endpoint does: a cancelled run leaves no load behind
    app = DemoServer(behaviour).make_app()
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, backlog=_BACKLOG).start()
        announce(runner.addresses[0][1])
        await until()
    finally:
        await runner.cleanup()
