"""The chat protocol as the demo endpoint speaks it: what is asked is read, what is answered is shaped. No I/O."""

import json
from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, NamedTuple

_FINGERPRINT = "placeholder"
# Models write token by token; a few words at a time look the same, and cost less.
_WORDS_A_CHUNK = 3


class BadRequest(Exception):
    """A request that no endpoint would take.

    Attributes:
        message: what is wrong with it.
        param: the field at fault, if it is one.
    """

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class ChatRequest(NamedTuple):
    """What is asked.

    Attributes:
        messages: role and text of each; at least one.
        response_format: asks for JSON; None: for text.
        max_tokens: after which the text is cut; None: never.
        stream: send the answer in pieces.
        include_usage: end a stream with the count of tokens.
    """

    model: str
    messages: tuple[tuple[str, str], ...]
    response_format: Mapping[str, Any] | None
    max_tokens: int | None
    stream: bool
    include_usage: bool


class Completion(NamedTuple):
    """What is answered."""

    model: str
    text: str
    finish_reason: str
    tokens_in: int
    tokens_out: int


def read_request(body: bytes) -> ChatRequest:
    """Read the body of a chat request.

    Raises:
        BadRequest: it is none.
    """
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("the body is not JSON") from error
    if not isinstance(asked, dict):
        raise BadRequest("the body must be a JSON object")
    model, messages = asked.get("model"), asked.get("messages")
    if not isinstance(model, str) or not model:
        raise BadRequest("model must be the name of a model", "model")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages must be a list of at least one message", "messages")
    options = asked.get("stream_options")
    return ChatRequest(
        model=model,
        messages=tuple(map(_read_message, messages)),
        response_format=_read_response_format(asked.get("response_format")),
        max_tokens=_read_max_tokens(asked),
        stream=asked.get("stream") is True,
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
    )


def _read_response_format(given: Any) -> Mapping[str, Any] | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise BadRequest("response_format must be an object", "response_format")
    if given.get("type") == "json_schema":
        described = given.get("json_schema")
        if not isinstance(described, dict) or "schema" not in described:
            raise BadRequest("response_format has no schema in json_schema", "response_format")
    return given


def _read_max_tokens(asked: dict[str, Any]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = asked.get(name)
        if value is None:
            continue
        if type(value) is not int or value < 1:  # true is none
            raise BadRequest(f"{name} must be a whole number, 1 or more", name)
        return value
    return None


def _read_message(message: Any) -> tuple[str, str]:
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise BadRequest("every message must be an object with a role", "messages")
    content = message.get("content")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "\n".join(text for text in parts if isinstance(text, str))
    if content is not None and not isinstance(content, str):
        raise BadRequest("the content of a message must be a text, or a list of parts", "messages")
    return message["role"], content or ""


def make_completion(asked: ChatRequest, text: str) -> Completion:
    """Shape a text into the answer to a request. Tokens are counted as four characters each."""
    finish_reason = "stop"
    if asked.max_tokens is not None and len(text) > 4 * asked.max_tokens:
        text, finish_reason = text[: 4 * asked.max_tokens], "length"
    tokens_in = sum(1 + len(content) // 4 for _, content in asked.messages)
    return Completion(asked.model, text, finish_reason, tokens_in, (len(text) + 3) // 4)


def completion_body(completion: Completion, number: int, created: int) -> bytes:
    """Give the JSON of an answer.

    Args:
        completion: the answer.
        number: of the call, from 1.
        created: seconds since the epoch.
    """
    # written by hand: the encoder would take three times as long, and a server that carries many calls is mostly this
    return (
        f'{{"id": "chatcmpl-demo-{number}", "object": "chat.completion", "created": {created}, '
        f'"model": {quoted(completion.model)}, "system_fingerprint": "{_FINGERPRINT}", '
        f'"choices": [{{"index": 0, "message": {{"role": "assistant", "content": {quoted(completion.text)}}}, '
        f'"finish_reason": "{completion.finish_reason}"}}], '
        f'"usage": {{"prompt_tokens": {completion.tokens_in}, "completion_tokens": {completion.tokens_out}, '
        f'"total_tokens": {completion.tokens_in + completion.tokens_out}}}}}'
    ).encode()


def stream_chunks(completion: Completion, number: int, created: int, *, include_usage: bool) -> Iterator[bytes]:
    """Give an answer as server-sent events, the last of them `[DONE]`; the other arguments as in `completion_body`."""
    head = {
        "id": f"chatcmpl-demo-{number}",
        "object": "chat.completion.chunk",
        "created": created,
        "model": completion.model,
        "system_fingerprint": _FINGERPRINT,
    }

    def chunk(delta: dict[str, str], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return _event(json.dumps(head | {"choices": [choice]}))

    yield chunk({"role": "assistant", "content": ""})
    words = completion.text.split(" ")
    for start in range(0, len(words), _WORDS_A_CHUNK):
        piece = " ".join(words[start : start + _WORDS_A_CHUNK])
        yield chunk({"content": f" {piece}" if start else piece})
    yield chunk({}, completion.finish_reason)
    if include_usage:
        yield _event(json.dumps(head | {"choices": [], "usage": _usage(completion)}))
    yield _event("[DONE]")


def error_body(message: str, param: str | None = None) -> bytes:
    """Give the JSON of an error that the request is to blame for, in the shape that clients of the protocol know."""
    return _error_body(message, "invalid_request_error", param=param)


def failure_body(status: int) -> bytes:
    """Give the JSON of an error that the request is not to blame for: status 429, 500 or 503."""
    if status == 429:
        return _error_body("Too many calls, says the demo endpoint.", "requests", code="rate_limit_exceeded")
    return _error_body("The demo endpoint was told to fail like this: see faults= of ng.DemoModel.", "server_error")


def _error_body(message: str, kind: str, *, param: str | None = None, code: str | None = None) -> bytes:
    return json.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}}).encode()


def _usage(completion: Completion) -> dict[str, int]:
    return {
        "prompt_tokens": completion.tokens_in,
        "completion_tokens": completion.tokens_out,
        "total_tokens": completion.tokens_in + completion.tokens_out,
    }


def _event(data: str) -> bytes:
    return f"data: {data}\n\n".encode()
