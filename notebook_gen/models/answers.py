"""Reading what a chat endpoint answered."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from notebook_gen.errors import GenerationError
from notebook_gen.models.endpoints import Endpoint
from notebook_gen.models.failures import (
    Reply,
    answer_failure,
    cut_off,
    describe_body,
    shorten,
    status_failure,
    words_of,
)
from notebook_gen.plan.values import Usage


class Answer(NamedTuple):
    """What a model gave back.

    Attributes:
        text: the raw answer; may be empty.
        model: the model's name as the endpoint gave it.
        usage: tokens, if the endpoint counted them.
        finish_reason: why the model stopped, in the endpoint's words.
        parameters: what the request held beside the messages; shared by all answers of a client, not to be changed.
        reasoning: what a reasoning model thought; None where the endpoint does not tell.
    """

    text: str
    model: str
    usage: Usage | None
    finish_reason: str | None
    parameters: Mapping[str, Any]
    reasoning: str | None = None


def read_answer(endpoint: Endpoint, reply: Reply, parameters: Mapping[str, Any], now: float) -> Answer:
    """Read the answer to a call.

    Args:
        endpoint: who answered.
        reply: the answer, of any status.
        parameters: what the request held beside the messages.
        now: seconds since the epoch.

    Raises:
        GenerationError: there is no text in it.
    """
    if not 200 <= reply.status < 300:
        raise status_failure(endpoint, reply, now)
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        begin = reply.body.lstrip()[:1]
        if begin in (b"", b"{") and isinstance(error, ValueError):
            raise cut_off(endpoint, reply) from error
        advice = "check base_url: it must name an OpenAI-compatible endpoint, up to and with /v1"
        problem = f"answered with something that is not JSON ({describe_body(reply)})"
        raise answer_failure(endpoint, reply, problem, advice=advice) from error
    try:
        choice = answer["choices"][0]
        message = choice["message"]
        text, finish_reason = message["content"], choice.get("finish_reason")
    except (LookupError, TypeError, AttributeError) as error:
        raise _with_usage(_no_choice(endpoint, reply, answer, now), answer) from error
    if choice.get("error"):
        raise _with_usage(_reported(endpoint, reply, choice["error"], now), answer)
    if not isinstance(text, str):
        text = _joined(text)
    if text is None or finish_reason == "content_filter" or message.get("refusal"):
        raise _with_usage(_no_text(endpoint, reply, message, finish_reason), answer)
    model = answer.get("model")
    return Answer(
        text=text,
        model=model if isinstance(model, str) else endpoint.model,
        usage=_usage(answer),
        finish_reason=finish_reason if isinstance(finish_reason, str) else None,
        parameters=parameters,
        reasoning=_reasoning(message),
    )


def _reasoning(message: Mapping[str, Any]) -> str | None:
    # no part of OpenAI's protocol; vLLM, DeepSeek and NIM use the first name, Ollama and OpenRouter the second
    told = (message.get(name) for name in ("reasoning_content", "reasoning"))
    return next((text for text in told if isinstance(text, str) and text), None)


def _with_usage(error: GenerationError, answer: Any) -> GenerationError:
    """Note what an answer has cost that cannot be used."""
    usage = _usage(answer)
    error.usage = usage.tokens if usage is not None else None
    return error


def _usage(answer: Any) -> Usage | None:
    try:
        tokens_in, tokens_out = answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]
    except (LookupError, TypeError):
        return None
    return Usage(tokens_in, tokens_out) if _is_count(tokens_in) and _is_count(tokens_out) else None


def _is_count(tokens: Any) -> bool:
    # above the bound it is no count, and fits no column of integers either
    return isinstance(tokens, int) and 0 <= tokens < 1 << 31


def _joined(content: Any) -> str | None:
    """Join the texts of content that comes in parts; None if it is no text at all."""
    if not isinstance(content, list):
        return None
    texts = [part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)]
    return "".join(texts) if texts else None


def _no_choice(endpoint: Endpoint, reply: Reply, answer: Any, now: float) -> GenerationError:
    """The failure of JSON without a choice."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if error:
        return _reported(endpoint, reply, error, now)
    advice = "check base_url: what answers there is no chat endpoint"
    return answer_failure(endpoint, reply, f"answered without a choice ({describe_body(reply)})", advice=advice)


def _reported(endpoint: Endpoint, reply: Reply, error: Any, now: float) -> GenerationError:
    """The failure that a gateway reports under status 200: its upstream's, in place of an answer or with half of one.

    Args:
        endpoint: who answered.
        reply: the answer.
        error: what it has under "error".
        now: seconds since the epoch.
    """
    # where words are looked for
    reply = reply._replace(body=json.dumps({"error": error}).encode())
    code = str(error.get("code")) if isinstance(error, dict) else ""
    if len(code) == 3 and code.isdecimal() and 400 <= int(code) < 600:
        return status_failure(endpoint, reply._replace(status=int(code)), now)
    problem = f"answered with an error: {words_of(reply)}"
    return answer_failure(endpoint, reply, problem, advice="check the prompt and the model's parameters")


def _no_text(endpoint: Endpoint, reply: Reply, message: dict[str, Any], finish_reason: Any) -> GenerationError:
    """The failure of a choice without a text. The cases: filtered, refused, out of tokens, something else instead."""
    if finish_reason == "content_filter":
        return answer_failure(endpoint, reply, "filtered the answer", advice="reword the prompt")
    if message.get("refusal"):
        problem = f"refused to answer: {shorten(str(message['refusal']))}"
        return answer_failure(endpoint, reply, problem, advice="reword the prompt")
    if finish_reason == "length":
        advice = "raise max_tokens of the model: it ran out of them before it wrote anything"
    else:
        advice = "look at the prompt, or try another model"
    problem = f"answered without a text (finish_reason {finish_reason!r})"
    return answer_failure(endpoint, reply, problem, advice=advice)
