"""What it means when a call fails: every way it can, told once, as the error of one cell.

```
connection  no answer in time, refused, no such host, broken off  Transient
            no address, certificate, not HTTP                     Rejected
            not unpacked; packed as nobody can unpack it here     Transient; Rejected
status      429                                                   RateLimited; without quota Rejected
            408, 409, 425, 5xx                                    Transient
            401, 403, 404, other 4xx, 3xx                         Rejected
answer      not JSON, or JSON that is no chat answer              Rejected
```
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

from notebook_gen.errors import GenerationError, RateLimited, Rejected, Transient
from notebook_gen.models.endpoints import Endpoint

LONGEST_MESSAGE = 300
# Seconds. Who waits too short pays one refused call; who believes a date of next year has lost the run.
LONGEST_WAIT = 600.0
_BUSY = frozenset({408, 409, 425})


class Reply(NamedTuple):
    """What came back over HTTP.

    Attributes:
        headers: case-insensitive.
        body: without the key, whatever the endpoint did with it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


def connection_failure(endpoint: Endpoint, error: aiohttp.ClientError | OSError) -> GenerationError:
    """Say why a call got no complete answer."""
    where = endpoint.shown
    if (packing := _packing_error(error)) is not None:
        problem = f"the answer of {where} could not be unpacked: {packing.message}"
        # as soon as its head was there: nobody can unpack such answers here; otherwise, this one was not to be unpacked
        kind = Rejected if isinstance(error, aiohttp.ClientResponseError) else Transient
        return kind(problem, advice="look at its Content-Encoding, which a proxy or gateway may have set or left")
    match error:
        case TimeoutError():
            problem = f"no answer from {where} within {endpoint.timeout:g} s"
            return Transient(problem, advice="raise timeout of the model, or lower its max_parallel")
        case aiohttp.InvalidURL():
            return Rejected(f"{where} is no address that can be called", advice="check the host in base_url")
        case aiohttp.ClientConnectorCertificateError():
            problem = f"the certificate of {where} is not trusted: {error.certificate_error}"
            return Rejected(problem, advice="name the certificate that signed it in SSL_CERT_FILE")
        case aiohttp.ClientSSLError():
            problem = f"no secure connection to {where}: {error.os_error}"
            return Rejected(problem, advice="check base_url: should it begin with http://?")
        case aiohttp.ClientConnectorDNSError():
            problem = f"cannot connect to {where}: no address is known for the host {error.host!r}"
            return Transient(problem, advice="check base_url and the network")
        case aiohttp.ClientProxyConnectionError():
            problem = f"cannot connect to {where}: its proxy {error.host} does not answer"
            return Transient(problem, advice="check HTTP_PROXY and HTTPS_PROXY, or add the endpoint to NO_PROXY")
        case aiohttp.ClientConnectorError():
            return Transient(f"cannot connect to {where}: {_reason(error)}", advice="is the server running?")
        case aiohttp.ClientHttpProxyError():
            problem = f"the proxy on the way to {where} refused the call ({error.status})"
            return Rejected(problem, advice="check HTTP_PROXY and HTTPS_PROXY, or add the endpoint to NO_PROXY")
        case aiohttp.ClientResponseError():
            return Rejected(f"what answers at {where} does not speak HTTP", advice="check the port in base_url")
        case _:
            problem = f"the connection to {where} broke off before the answer was complete"
            return Transient(problem, advice="if it happens often, lower max_parallel or look at the endpoint's logs")


def status_failure(endpoint: Endpoint, reply: Reply, now: float) -> GenerationError:
    """Say what an HTTP status that is no success means.

    Args:
        endpoint: who answered.
        reply: the answer.
        now: seconds since the epoch, for a Retry-After that is a date.
    """
    status, where = reply.status, endpoint.shown
    said = words_of(reply)
    because = f" ({status}): {said}" if said else f" ({status})"
    if status == 429 and not _is_out_of_quota(reply):
        problem = f"{where} asks for fewer calls{because}"
        return RateLimited(
            problem,
            advice="lower max_parallel of the model",
            status=status,
            retry_after=retry_after(reply.headers, now),
        )
    answer = _text(reply.body)
    if status in _BUSY or status >= 500:
        advice = "it may work another time; if not, look at the endpoint's logs"
        return Transient(f"{where} could not answer{because}", advice=advice, status=status, answer=answer)
    problem, advice = _rejection(endpoint, reply, because)
    return Rejected(problem, advice=advice, status=status, answer=answer)


def answer_failure(endpoint: Endpoint, reply: Reply, problem: str, *, advice: str) -> Rejected:
    """Say what is wrong with an answer.

    Args:
        endpoint: who answered.
        reply: the answer.
        problem: what is wrong with it, as a clause that continues the endpoint's address.
        advice: what to do about it.
    """
    return Rejected(f"{endpoint.shown} {problem}", advice=advice, status=reply.status, answer=_text(reply.body))


def cut_off(endpoint: Endpoint, reply: Reply) -> Transient:
    """Say that an answer ends before its end, as when a server or a proxy dies: another call may get all of it."""
    what = "a part of its JSON" if reply.body.strip() else "nothing"
    return Transient(
        f"{endpoint.shown} answered with {what} ({describe_body(reply)})",
        advice="its server, or a proxy before it, broke off; if it always does, check base_url",
        status=reply.status,
        answer=_text(reply.body),
    )


def describe_body(reply: Reply) -> str:
    """Say what came where JSON should have: its content type, and how it begins."""
    content_type = reply.headers.get("Content-Type", "no content type").partition(";")[0]
    begin = shorten(_text(reply.body[:400]), 80)
    return f"{content_type}: {begin!r}" if begin else f"{content_type}, empty"


def shorten(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """Give a text on one line, cut to a length."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def words_of(reply: Reply) -> str:
    """Give the endpoint's own words about an error, on one line; may be empty."""
    try:
        return shorten(_error_message(json.loads(reply.body)))
    except (ValueError, RecursionError):
        # a page of a proxy or a gateway: its markup tells a reader nothing
        return describe_body(reply) if reply.body else ""


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Read how many seconds an endpoint wants to be left alone, at most `LONGEST_WAIT`; None if it does not say.

    Args:
        headers: of its answer, case-insensitive.
        now: seconds since the epoch.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return min(milliseconds / 1000, LONGEST_WAIT)
    given = headers.get("Retry-After", "")
    seconds = _number(given)
    if seconds is None:
        seconds = _seconds_until(given, now)
    return None if seconds is None else min(seconds, LONGEST_WAIT)


def _seconds_until(date: str, now: float) -> float | None:
    """Read a date of HTTP; None if it is none, 0 if it is past."""
    try:
        read = parsedate_to_datetime(date)
    except (ValueError, OverflowError):  # the second for a zone of twenty digits
        return None
    # a date without a zone ("-0000") is UTC by RFC 9110
    return max(0.0, (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() - now)


def _number(text: str | None) -> float | None:
    """Read a count; None if it is none, or no time anybody means (negative, infinite, not a number)."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def _rejection(endpoint: Endpoint, reply: Reply, because: str) -> tuple[str, str]:
    """Give problem and advice for a status that would come again."""
    where = endpoint.shown
    match reply.status:
        case 401 | 403 if endpoint.key_name is None:
            advice = f"name the variable that holds its key: ng.Model({endpoint.model!r}, api_key_env=…)"
            return f"{where} wants a key{because}", advice
        case 401 | 403:
            return f"{where} refused the key{because}", f"check the environment variable {endpoint.key_name}"
        case 402 | 429:
            return f"the account at {where} has no quota left{because}", "check its plan and its bills"
        case 404:
            suffix = "" if where.endswith("/v1") else ", which most often ends with /v1,"
            advice = f"check base_url{suffix} and the model's name"
            return f"{where} knows no chat endpoint, or no model {endpoint.model!r}{because}", advice
        case status if status < 400:
            # its query is most often that of the call, which may hold secrets
            target = shorten(reply.headers.get("Location", "elsewhere").partition("?")[0], 200)
            return f"{where} sends calls to {target}{because}", "let base_url name the place itself"
        case _:
            return f"{where} refused the call{because}", "check the prompt and the model's parameters"


def _error_message(answer: Any) -> str:
    """Find the message in the JSON of an error.

    The shapes met: `{"error": {"message": …}}`, `{"error": …}`, `{"message": …}`, `{"detail": …}`.
    """
    while isinstance(answer, dict):
        inner = next((answer[name] for name in ("error", "message", "detail") if answer.get(name)), None)
        if inner is None:
            return json.dumps(answer) if answer else ""
        answer = inner
    return str(answer)


def _is_out_of_quota(reply: Reply) -> bool:
    """Tell a 429 that no waiting will mend."""
    return b"insufficient_quota" in reply.body


def _packing_error(error: BaseException) -> ContentEncodingError | None:
    """What stood in the way of unpacking an answer, which aiohttp tells as a cause, or as the cause of one."""
    cause = error.__cause__
    while cause is not None and not isinstance(cause, ContentEncodingError):
        cause = cause.__cause__
    return cause


def _reason(error: aiohttp.ClientConnectorError) -> str:
    if error.errno is None or error.errno < 0:  # below 0 of the resolver, whose numbers the system does not know
        return str(error.strerror or error.os_error)
    return os.strerror(error.errno).lower()


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
