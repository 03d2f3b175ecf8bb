"""A script of one's own that makes the calls of a shape: aiohttp, compiled templates, a coroutine a row, a semaphore.

It keeps to the order of each row's calls and reads the text out of each answer, and does nothing else.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import aiohttp
import jinja2

from tests.benchmarks.call_shapes import CallShape


class Cost(NamedTuple):
    """Seconds that something took: by the clock on the wall, and of this process's CPU."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> "Cost":
        """Give what both clocks show."""
        return cls(time.perf_counter(), time.process_time())

    def since(self, began: "Cost") -> "Cost":
        """Give what was used since."""
        return Cost(self.wall - began.wall, self.cpu - began.cpu)


def call_by_hand(shape: CallShape, subjects: Sequence[Any], url: str, at_once: int) -> Cost:
    """Make all calls of some rows, and tell what they cost.

    Args:
        shape: the calls of a row.
        subjects: what the first calls of each row are about.
        url: of the endpoint, with `/v1`.
        at_once: calls in flight of each model, at most.
    """
    return asyncio.run(_call(shape, subjects, f"{url}/chat/completions", at_once))


async def _call(shape: CallShape, subjects: Sequence[Any], url: str, at_once: int) -> Cost:
    began = Cost.now()
    environment = jinja2.Environment(autoescape=False)  # noqa: S701  # text, not HTML
    templates = {column: environment.from_string(call.prompt) for column, call in shape.calls.items()}
    turns = {name: asyncio.Semaphore(at_once) for name in shape.models}
    connector = aiohttp.TCPConnector(limit=at_once * len(turns))
    async with aiohttp.ClientSession(connector=connector) as session:

        async def call(column: str, values: dict[str, Any]) -> None:
            body = {"model": "demo", "messages": [{"role": "user", "content": templates[column].render(values)}]}
            async with turns[shape.calls[column].model], session.post(url, json=body) as response:
                values[column] = _text_of(json.loads(await response.read()))

        async def row(subject: Any) -> None:
            values = {"subject": subject}
            for level in shape.levels:
                await asyncio.gather(*(call(column, values) for column in level))

        await asyncio.gather(*(row(subject) for subject in subjects))
    return Cost.now().since(began)


def _text_of(answer: Mapping[str, Any]) -> Any:
    return answer["choices"][0]["message"]["content"]
