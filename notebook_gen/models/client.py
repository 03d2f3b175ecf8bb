"""A client of any OpenAI-compatible chat endpoint. It makes one call and tells what came of it; it never retries."""

import io
import json
import time
from collections.abc import Sequence
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

import aiohttp

from notebook_gen.config.models import Model
from notebook_gen.models.answers import Answer, read_answer
from notebook_gen.models.endpoints import find_proxy, make_endpoint
from notebook_gen.models.failures import Reply, connection_failure
from notebook_gen.models.keys import resolve_key

__all__ = ["Answer", "ChatClient", "resolve_key"]

# below uvicorn's 5 s: a connection is given up here before the endpoint closes it under the next call
_KEEP_ALIVE = 4.0
# above this, aiohttp wants a file: it would hold the loop while it writes the bytes
_LARGE_BODY = 1 << 20


class ChatClient:
    """Calls one model. All its methods belong to one event loop.

    Args:
        model: what to call, and how.
        base_url: where it is, if not where the model says.
        key: its key, if it needs one.

    Raises:
        ConfigError: the environment names a proxy that cannot be used.
    """

    def __init__(self, model: Model, *, base_url: str | None = None, key: str | None = None) -> None:
        self._endpoint = make_endpoint(model, base_url, key)
        self._proxy = find_proxy(self._endpoint.url)
        self._max_parallel = model.max_parallel
        self._parameters = _parameters(model)
        # the body is made around the messages: encoding all of it would cost as much as the rest of a call
        self._body_start = f'{json.dumps(self._parameters)[:-1]}, "messages": ['
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"<ChatClient of {self._endpoint.model!r} at {self._endpoint.shown}>"

    async def complete(self, messages: Sequence[tuple[str, str]]) -> Answer:
        """Send messages, each a role and a text, and give what the model answers.

        Raises:
            GenerationError: there is no answer, or none with a text.
        """
        parts = [f'{{"role": {quoted(role)}, "content": {quoted(text)}}}' for role, text in messages]
        body = f"{self._body_start}{', '.join(parts)}]}}".encode()
        session = self._session or self._open()
        try:
            async with session.post(
                self._endpoint.url,
                data=body if len(body) < _LARGE_BODY else io.BytesIO(body),
                proxy=self._proxy,
                # a redirected POST becomes a GET, and the key would travel to wherever it points
                allow_redirects=False,
            ) as response:
                reply = Reply(response.status, response.headers, self._endpoint.hide_key(await response.read()))
        except aiohttp.ClientResponseError as error:
            # its repr holds the request's headers, and so the key: it must not be the cause
            raise connection_failure(self._endpoint, error) from None
        except (aiohttp.ClientError, OSError) as error:
            raise connection_failure(self._endpoint, error) from error
        return read_answer(self._endpoint, reply, self._parameters, time.time())

    async def close(self) -> None:
        """Close the connections; a call after that would open new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        headers = {"Content-Type": "application/json"}
        if self._endpoint.key is not None:
            headers["Authorization"] = f"Bearer {self._endpoint.key}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._max_parallel, keepalive_timeout=_KEEP_ALIVE),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=self._endpoint.timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self._session


def _parameters(model: Model) -> dict[str, Any]:
    """What a request holds beside its messages."""
    standard = {
        "model": model.model,
        "temperature": model.temperature,
        "top_p": model.top_p,
        "max_tokens": model.max_tokens,
    }
    return {name: value for name, value in standard.items() if value is not None} | model.extra
