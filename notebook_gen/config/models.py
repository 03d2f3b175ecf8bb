"""Which models make the LLM columns, and how to reach them. Keys are never part of it: they stay in the environment."""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from notebook_gen.config.spec import Spec
from notebook_gen.config.values import Number, Whole, read_list
from notebook_gen.errors import ConfigError

OPENAI_URL = "https://api.openai.com/v1"

Price = Annotated[Number, Field(ge=0)]
Share = Annotated[Number, Field(ge=0, le=1)]
Seconds = Annotated[Number, Field(ge=0, le=86_400)]


class Model(Spec):
    """A model behind an OpenAI-compatible chat endpoint.

    Attributes:
        model: its name at the endpoint.
        base_url: where the endpoint is, up to and with `/v1`; None: OpenAI's own.
        api_key_env: the environment variable that holds the key, in capital letters, so that a key cannot be taken for
            its name; None: `OPENAI_API_KEY` at OpenAI, no key elsewhere.
        max_parallel: calls in flight at once, at most (the ceiling of this endpoint's limit).
        timeout: seconds a call may take, from connecting to its last byte.
        temperature: sampling temperature; None: the endpoint's default, as for the next two.
        top_p: nucleus sampling.
        max_tokens: tokens an answer may have, at most.
        price: what a million tokens cost, of prompts and of answers, in US dollars; None: unknown.
        extra: more fields of the request's JSON body, for what an endpoint offers beyond the standard.
    """

    model: str = Field(min_length=1)
    base_url: str | None = None
    api_key_env: str | None = None
    max_parallel: Whole = Field(default=8, ge=1, le=1024)
    timeout: Number = Field(default=60.0, gt=0)
    temperature: Number | None = Field(default=None, ge=0)
    top_p: Number | None = Field(default=None, gt=0, le=1)
    max_tokens: Whole | None = Field(default=None, ge=1)
    price: tuple[Price, Price] | None = None
    extra: dict[str, Any] = Field(default_factory=dict)

    def __init__(self, model: str, **options: Any) -> None:
        super().__init__(model=model, **options)

    @field_validator("price", mode="before")
    @classmethod
    def _read_price(cls, price: Any) -> Any:
        if price is not None and not _is_pair(price):
            raise ValueError(
                "give two numbers, (0.15, 0.6) say: dollars for a million tokens of prompts, and of answers"
            )
        return price

    @field_validator("base_url")
    @classmethod
    def _check_url(cls, url: str | None) -> str | None:
        if url is None:
            return None
        if not url.startswith(("http://", "https://")):
            raise ValueError("base_url must begin with http:// or https://")
        parts = urlsplit(url)
        if parts.username is not None:
            # no ValueError: its sentence would repeat the address, and the password in it
            raise ConfigError(
                "Model: base_url must hold no user name or password",
                advice="put the key into an environment variable, and name that: api_key_env=…",
            )
        # .port raises for what is no port
        if not _is_host(parts.hostname) or parts.port == 0 or len(url.split()) > 1:
            raise ValueError("base_url must be an address, like http://localhost:8000/v1")
        return url.rstrip("/")

    @field_validator("api_key_env")
    @classmethod
    def _check_variable(cls, name: str | None) -> str | None:
        if name is not None and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):
            raise ValueError(
                "give the name of an environment variable, such as 'MY_API_KEY' (capital letters, digits and _), "
                "never the key itself"
            )
        return name

    @field_validator("extra")
    @classmethod
    def _check_extra(cls, extra: dict[str, Any]) -> dict[str, Any]:
        for name in ("messages", "stream"):
            if name in extra:
                raise ValueError(f"{name!r} is not yours to set")
        try:
            json.dumps(extra, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"it must be JSON: {error}") from error
        return extra

    @property
    def url(self) -> str:
        """Where the endpoint is."""
        return self.base_url or OPENAI_URL

    @property
    def key_name(self) -> str | None:
        """The environment variable that holds the key, or None if the endpoint needs none."""
        if self.api_key_env is not None:
            return self.api_key_env
        return "OPENAI_API_KEY" if self.url.startswith(OPENAI_URL) else None


def _is_pair(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes) and len(value) == 2


def _read_pairs(value: Any) -> Any:
    pairs = read_list(value)
    if not all(map(_is_pair, pairs)):
        raise ValueError("give pairs, such as [(2, 7)]")
    return pairs


def _is_host(name: str | None) -> bool:
    try:
        # RFC 1035, section 2.3.4: no name is longer
        return bool(name and len(name.encode("idna")) <= 253 and name.encode("idna").decode("idna"))
    except UnicodeError:  # an empty label, as in "my..host", or one that is too long
        return False


class DemoFaults(Spec):
    """What the demo endpoint does wrong, to see what a run makes of it.

    Which calls fail is drawn from the model's seed, the request, and how often it was sent: a run meets the same faults
    again, and a call that is tried again may succeed. Times are seconds since the first call of a run, which has the
    endpoint to itself: other runs neither use its capacity nor meet its outages.

    Attributes:
        rate_limited: share of calls answered with 429, at once.
        server_error: share answered with 500, when the answer is due.
        dropped_connection: share whose connection is closed then, without an answer.
        retry_after: seconds that a 429 asks to wait; None: it does not say.
        capacity: calls at once, or a list of (time, calls at once from then on); what comes above it gets a 429.
        outages: (begin, end) of each: calls in flight at its begin lose their connection, those that come meanwhile
            lose it or get a 503, as likely.
    """

    rate_limited: Share = 0.0
    server_error: Share = 0.0
    dropped_connection: Share = 0.0
    retry_after: Seconds | None = None
    capacity: tuple[tuple[Seconds, Annotated[Whole, Field(ge=0, le=1_000_000)]], ...] = ()
    outages: tuple[tuple[Seconds, Seconds], ...] = ()

    def __init__(
        self,
        *,
        rate_limited: float = 0.0,
        server_error: float = 0.0,
        dropped_connection: float = 0.0,
        retry_after: float | None = None,
        capacity: int | Sequence[tuple[float, int]] = (),
        outages: Sequence[tuple[float, float]] = (),
    ) -> None:
        super().__init__(
            rate_limited=rate_limited,
            server_error=server_error,
            dropped_connection=dropped_connection,
            retry_after=retry_after,
            capacity=[(0, capacity)] if isinstance(capacity, int) else capacity,
            outages=outages,
        )

    @field_validator("capacity", "outages", mode="before")
    @classmethod
    def _read_pairs(cls, value: Any) -> Any:
        return _read_pairs(value)

    @field_validator("capacity")
    @classmethod
    def _check_capacity(cls, capacity: tuple[tuple[float, int], ...]) -> tuple[tuple[float, int], ...]:
        if any(later <= earlier for (earlier, _), (later, _) in pairwise(capacity)):
            raise ValueError("its times must rise")
        return capacity

    @field_validator("outages")
    @classmethod
    def _check_outages(cls, outages: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        if any(end <= begin for begin, end in outages):
            raise ValueError("each must end after it begins")
        return outages

    @model_validator(mode="after")
    def _check_shares(self) -> Self:
        if self.rate_limited + self.server_error + self.dropped_connection > 1 + 1e-9:  # 0.1 and its kind do not add up
            raise ValueError("rate_limited, server_error and dropped_connection must not add up to more than 1")
        return self


class DemoModel(Model):
    """The demo endpoint: a server on loopback that answers with placeholder text, for trying things without a key.

    Attributes:
        latency: seconds a call takes, in the middle (the median).
        spread: how far latencies lie apart: sigma of their log-normal distribution; 0: every call takes `latency`.
        seed: draws latencies, texts and faults; the same request gets the same of the first two.
        faults: what it does wrong; None: nothing.
    """

    latency: Number = Field(default=0.6, ge=0, le=600)
    spread: Number = Field(default=0.35, ge=0, le=3)
    seed: Whole = 0
    faults: DemoFaults | None = None

    def __init__(self, model: str = "demo", **options: Any) -> None:
        super().__init__(model, **options)

    @field_validator("faults", mode="before")
    @classmethod
    def _read_faults(cls, faults: Any) -> Any:
        if isinstance(faults, Mapping) and all(isinstance(name, str) for name in faults):
            return DemoFaults(**faults)
        if not isinstance(faults, DemoFaults | None):
            raise ValueError("give an ng.DemoFaults(…)")  # noqa: TRY004  # pydantic wants it
        return faults

    @property
    def key_name(self) -> str | None:
        """It needs no key."""
        return None
