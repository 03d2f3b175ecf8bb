"""What a model's declaration refuses, at once."""

import pytest

from notebook_gen.config.models import Model
from notebook_gen.errors import ConfigError


@pytest.mark.parametrize(
    "base_url", ["", "localhost:8000/v1", "ftp://host/v1", "http://", "http://host:99999/v1", "http:// host/v1", "http://[::1/v1"]
)  # fmt: skip
def test_what_is_no_address_is_refused(base_url: str) -> None:
    with pytest.raises(ConfigError, match="Model: base_url: "):
        Model("small", base_url=base_url)


def test_a_password_in_the_address_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigError, match="must hold no user name or password") as caught:
        Model("small", base_url="https://me:hidden@host/v1")

    assert "hidden" not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        ({"stream": True}, "'stream' is not yours to set"),
        ({"messages": []}, "'messages' is not yours to set"),
        ({"min_p": float("nan")}, "it must be JSON"),
        ({"stop": {1}}, "it must be JSON"),
    ],
)
def test_extra_fields_that_cannot_be_sent_are_refused(extra: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        Model("small", extra=extra)
