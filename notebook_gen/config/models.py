"""Which models make the LLM columns, and how to reach them. Keys are never part of it: they stay in the environment."""

import json
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, NonNegativeFloat, field_validator

from notebook_gen.config.columns import Spec
from notebook_gen.errors import ConfigError

OPENAI_URL = "https://api.openai.com/v1"


class Model(Spec):
    """A model behind an OpenAI-compatible chat endpoint.

    Attributes:
        model: its name at the endpoint.
        base_url: where the endpoint is, up to and with `/v1`; None: OpenAI's own.
        api_key_env: the environment variable that holds the key; None: `OPENAI_API_KEY` at OpenAI, no key elsewhere.
        max_parallel: calls in flight at once, at most (the ceiling of this endpoint's limit).
        timeout: seconds a call may take, from connecting to its last byte.
        temperature: sampling temperature; None: the endpoint's default, as for the next two.
        top_p: nucleus sampling.
        max_tokens: tokens an answer may have, at most.
        price: what a million tokens cost, of prompts and of answers, in a currency of yours; None: unknown.
        extra: more fields of the request's JSON body, for what an endpoint offers beyond the standard.
    """

    model: str = Field(min_length=1)
    base_url: str | None = None
    api_key_env: str | None = None
    max_parallel: int = Field(default=8, ge=1, le=1024)
    timeout: float = Field(default=60.0, gt=0)
    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    price: tuple[NonNegativeFloat, NonNegativeFloat] | None = None
    extra: dict[str, Any] = Field(default_factory=dict)

    def __init__(self, model: str, **options: Any) -> None:
        super().__init__(model=model, **options)

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
        if not parts.hostname or parts.port == 0 or len(url.split()) > 1:  # .port raises for what is no port
            raise ValueError("base_url must be an address, like http://localhost:8000/v1")
        return url.rstrip("/")

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


class DemoModel(Model):
    """The demo endpoint: a server on loopback that answers with placeholder text, for trying things without a key.

    Attributes:
        latency: seconds a call takes, in the middle (the median).
        spread: how far latencies lie apart: sigma of their log-normal distribution; 0: every call takes `latency`.
        seed: draws the latencies and the texts; the same request gets the same of both.
    """

    latency: float = Field(default=0.6, ge=0, le=600)
    spread: float = Field(default=0.35, ge=0, le=3)
    seed: int = 0

    def __init__(self, model: str = "demo", **options: Any) -> None:
        super().__init__(model, **options)

    @property
    def key_name(self) -> str | None:
        """It needs no key."""
        return None
