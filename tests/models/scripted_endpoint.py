"""An endpoint that answers with the bytes it was given, for what a well-behaved server cannot be made to do."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass
class ScriptedEndpoint:
    """What was asked, and where.

    Attributes:
        called: set when the first call has come in whole.
    """

    called: asyncio.Event
    base_url: str = ""
    heads: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)


def http(status: int, body: bytes | str | dict[str, Any], **headers: str) -> bytes:
    """The bytes of an HTTP answer; underscores in the headers' names stand for hyphens."""
    content = json.dumps(body) if isinstance(body, dict) else body
    payload = content if isinstance(content, bytes) else content.encode()
    fields = {"Content_Type": "application/json", "Content_Length": str(len(payload))} | headers
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + payload


def chat(content: Any, finish_reason: str | None = "stop", **more: Any) -> dict[str, Any]:
    """The JSON of a chat answer; `more` goes into its message."""
    message = {"role": "assistant", "content": content} | more
    return {
        "model": "small-2026",
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
    }


@asynccontextmanager
async def scripted_endpoint(answer: bytes | None, *, listens: bool = True) -> AsyncIterator[ScriptedEndpoint]:
    """Run one on loopback.

    Args:
        answer: what it sends, after which it closes the connection; None: it never answers.
        listens: whether it waits for the whole call; otherwise it answers the first byte, whatever that is.
    """
    endpoint = ScriptedEndpoint(asyncio.Event())
    connections: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if listens:
            head, body = await _read_call(reader)
            endpoint.heads.append(head)
            endpoint.bodies.append(json.loads(body))
            endpoint.called.set()
        else:
            await reader.read(1)
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(asyncio.create_task(serve(reader, writer)))

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        endpoint.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        try:
            yield endpoint
        finally:
            await asyncio.gather(*connections)


async def _read_call(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next(int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length"))
    return head, await reader.readexactly(length)
