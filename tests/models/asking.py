"""One call of the client to an endpoint that answers as told."""

import asyncio
from typing import Any

import pytest

from notebook_gen.config.models import Model
from notebook_gen.errors import GenerationError
from notebook_gen.models.client import Answer, ChatClient
from tests.models.scripted_endpoint import ScriptedEndpoint, scripted_endpoint

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
