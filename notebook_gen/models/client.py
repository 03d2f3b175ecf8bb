"""ChatClient: one OpenAI-compatible chat endpoint, and the one place where its failures become ours."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import aiohttp

from notebook_gen.config.models import Model
from notebook_gen.errors import ConfigError, GenerationError, RateLimited, Rejected, Transient
from notebook_gen.plan.values import Usage

_SHOWN = 300
_TRANSIENT = frozenset({408, 409, 425})


class Answer(NamedTuple):
    """What a model gave back.

    Attributes:
        text: the raw answer.
        model: the model's name as the endpoint gave it.
        usage: tokens, if the endpoint counted them.
        finish_reason: why the model stopped, in the endpoint's words.
        parameters: what the request held beside the messages.
    """

    text: str
    model: str
    usage: Usage | None
    finish_reason: str | None
    parameters: Mapping[str, Any]


def resolve_key(model: Model, environ: Mapping[str, str]) -> str | None:
    """Give the key of a model's endpoint, or None if it needs none.

    Raises:
        ConfigError: it needs one, and the environment has none.
    """
    name = model.key_name
    if name is None:
        return None
    key = environ.get(name, "").strip()
    if not key:
        raise ConfigError(
            f"model {model.model!r} needs a key, and the environment variable {name} is not set",
            advice=f"set {name}, or remove the model to use the demo endpoint",
        )
    return key


class ChatClient:
    """Calls one endpoint; belongs to one event loop.

    Args:
        model: which model, where, and with what parameters.
        base_url: where the endpoint is, if not where the model says.
        key: sent as a bearer token; never shown.
    """

    def __init__(self, model: Model, *, base_url: str | None = None, key: str | None = None) -> None:
        self._model = model
        self._url = f"{base_url or model.url}/chat/completions"
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        chosen = {"temperature": model.temperature, "top_p": model.top_p, "max_tokens": model.max_tokens}
        self._parameters = {name: value for name, value in chosen.items() if value is not None} | model.extra
        self._session: aiohttp.ClientSession | None = None

    async def complete(self, messages: Sequence[tuple[str, str]]) -> Answer:
        """Send messages, each a role and a text, and give the answer.

        Raises:
            RateLimited: the endpoint wants fewer calls (429).
            Transient: it could not be reached, took too long, or had an error of its own.
            Rejected: it refused, or what it answered is no chat completion.
        """
        body = {
            "model": self._model.model,
            "messages": [{"role": role, "content": text} for role, text in messages],
            **self._parameters,
        }
        data = json.dumps(body, ensure_ascii=False).encode()
        try:
            async with self._open_session().post(self._url, data=data, headers=self._headers) as response:
                raw = await response.read()
        except TimeoutError as error:
            raise Transient(
                f"{self._url} did not answer within {self._model.timeout:g} s", advice="raise the model's timeout"
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise Transient(f"cannot connect to {self._url}", advice="is the server running?") from error
        except aiohttp.ClientError as error:
            raise Transient(
                f"the connection to {self._url} broke: {type(error).__name__}", advice="try again later"
            ) from error
        if response.status != 200:
            raise self._refusal(response, raw)
        return self._read(response, raw)

    async def close(self) -> None:
        """Close its connections; harmless when called again."""
        if self._session is not None:
            await self._session.close()
            # aiohttp closes sockets on the loop's next turn
            await asyncio.sleep(0)
            self._session = None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._model.max_parallel),
                timeout=aiohttp.ClientTimeout(total=self._model.timeout),
            )
        return self._session

    def _refusal(self, response: aiohttp.ClientResponse, raw: bytes) -> GenerationError:
        status, said = response.status, _message(raw)
        if status == 429:
            return RateLimited(
                f"the endpoint is rate limited (429): {said}",
                advice="lower the model's max_parallel",
                status=status,
                retry_after=_retry_after(response.headers),
            )
        if status in _TRANSIENT or status >= 500:
            return Transient(f"the endpoint answered {status}: {said}", advice="try again later", status=status)
        if status in (401, 403):
            key = self._model.key_name
            advice = f"check the key in {key}" if key else "this endpoint wants a key: give the model an api_key_env"
            return Rejected(f"the endpoint refused the key ({status}): {said}", advice=advice, status=status)
        advice = ""
        if status == 404:
            advice = f"check the model's name, {self._model.model!r}, and its base_url, which usually ends with /v1"
        return Rejected(f"the endpoint answered {status}: {said}", advice=advice, status=status)

    def _read(self, response: aiohttp.ClientResponse, raw: bytes) -> Answer:
        try:
            body = json.loads(raw)
        except ValueError as error:
            raise Rejected(
                f"the endpoint answered {response.content_type}, not JSON: {_start(raw)}",
                advice=f"is {self._url.removesuffix('/chat/completions')} the base_url of a chat endpoint?",
            ) from error
        try:
            choice = body["choices"][0]
            text = choice["message"]["content"]
        except (KeyError, IndexError, TypeError) as error:
            raise Rejected(f"the endpoint answered no chat completion: {_start(raw)}") from error
        reason = choice.get("finish_reason")
        if reason == "content_filter":
            raise Rejected("the endpoint's content filter withheld the answer", advice="change the prompt")
        if not isinstance(text, str):
            raise Rejected(f"the endpoint answered no text: {_start(raw)}")
        return Answer(text, str(body.get("model") or self._model.model), _usage(body), reason, self._parameters)


def _usage(body: Mapping[str, Any]) -> Usage | None:
    counted = body.get("usage")
    if not isinstance(counted, dict):
        return None
    tokens_in, tokens_out = counted.get("prompt_tokens"), counted.get("completion_tokens")
    return Usage(tokens_in, tokens_out) if isinstance(tokens_in, int) and isinstance(tokens_out, int) else None


def _message(raw: bytes) -> str:
    """The endpoint's own words, or the beginning of what it sent."""
    try:
        error = json.loads(raw)["error"]
        said = error["message"] if isinstance(error, dict) else error
    except (ValueError, KeyError, TypeError):
        said = _start(raw)
    return str(said)[:_SHOWN]


def _start(raw: bytes) -> str:
    text = " ".join(raw[:_SHOWN].decode(errors="replace").split())
    return repr(text[:80]) if text else "nothing"


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from either form of Retry-After."""
    value = headers.get("Retry-After", "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
