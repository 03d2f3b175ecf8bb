"""What a model's declaration refuses, at once."""

from typing import Any

import pytest

from notebook_gen.config.models import DemoFaults, DemoModel, Model
from notebook_gen.errors import ConfigError


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "localhost:8000/v1",
        "ftp://host/v1",
        "http://",
        "http://host:99999/v1",
        "http:// host/v1",
        "http://[::1/v1",
        "http://my..host/v1",
        "http://xn--/v1",
        f"http://{'a' * 64}.example/v1",
        f"http://{'.'.join(['a' * 59] * 5)}/v1",
    ],
)
def test_what_is_no_address_is_refused(base_url: str) -> None:
    with pytest.raises(ConfigError, match="Model: base_url: "):
        Model("small", base_url=base_url)


def test_a_password_in_the_address_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigError, match="must hold no user name or password") as caught:
        Model("small", base_url="https://me:hidden@host/v1")

    assert "hidden" not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize("option", ["api_key", "key", "apiKey", "token", "password", "authorization"])
def test_a_key_that_is_given_as_an_option_is_refused_without_being_shown(option: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Model("small", **{option: "sk-hidden"})

    assert str(caught.value) == (
        f'Model has no option {option!r}; put the key into an environment variable, and name that: api_key_env="NAME"'
    )


@pytest.mark.parametrize("key", ["sk-hidden", "hf_hidden", "", "1A", "MY KEY"])
def test_a_key_in_the_place_of_its_variables_name_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Model("small", api_key_env=key)

    assert str(caught.value) == (
        "Model: api_key_env: give the name of an environment variable, such as 'MY_API_KEY' "
        "(capital letters, digits and _), never the key itself"
    )


@pytest.mark.parametrize("name", ["api_key", "Authorization", "x-api-key"])
def test_a_key_among_the_extra_fields_is_never_shown(name: str) -> None:
    with pytest.raises(ConfigError, match="Model: extra: ") as caught:
        Model("small", extra={name: "sk-hidden", "stop": {1}})

    assert "hidden" not in f"{caught.value!r} {Model('small', extra={name: 'sk-hidden'})!r}"


def test_fields_that_only_sound_like_a_secret_may_be_sent() -> None:
    assert Model("small", max_tokens=5, extra={"min_tokens": 2}).extra == {"min_tokens": 2}


def test_a_value_that_is_no_secret_is_shown_but_not_at_any_length() -> None:
    with pytest.raises(ConfigError, match=r"Model: max_tokens: .*, not 0$"):
        Model("small", max_tokens=0)
    with pytest.raises(ConfigError) as caught:
        Model("small", max_tokens=["x" * 100_000])

    assert len(str(caught.value)) < 400


def test_a_spec_that_is_changed_says_that_it_is_frozen() -> None:
    model: Any = Model("small")

    with pytest.raises(ConfigError) as caught:
        model.timeout = 5

    assert str(caught.value) == "Model: timeout cannot be changed: what is declared is frozen; assign another one"
    with pytest.raises(ConfigError, match="frozen"):
        del model.timeout


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


def test_a_capacity_is_a_number_or_a_schedule() -> None:
    assert DemoFaults(capacity=16).capacity == ((0.0, 16),)
    assert DemoFaults(capacity=[(0, 16), (5, 4)]).capacity == ((0.0, 16), (5.0, 4))
    assert DemoFaults().capacity == ()


def test_a_model_with_faults_can_be_written_as_json_and_read_back() -> None:
    model = DemoModel(latency=0.05, faults=DemoFaults(rate_limited=0.3, capacity=[(0, 16), (5, 4)], outages=[(2, 7)]))

    assert DemoModel(**model.model_dump(mode="json")) == model


@pytest.mark.parametrize(
    ("faults", "problem"),
    [
        ({"rate_limited": 30}, "rate_limited: give 1 or less, not 30"),
        ({"retry_after": -1}, "retry_after: give 0 or more, not -1"),
        ({"capacity": -1}, "capacity: give 0 or more, not -1"),
        ({"capacity": [(5, 4), (0, 16)]}, "capacity: its times must rise"),
        ({"outages": [(7, 2)]}, "outages: each must end after it begins"),
        ({"rate_limited": 0.6, "server_error": 0.5}, "must not add up to more than 1"),
    ],
)
def test_faults_that_cannot_be_had_are_refused(faults: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=f"DemoFaults: .*{problem}"):
        DemoFaults(**faults)


def test_shares_may_add_up_to_all_calls() -> None:
    assert DemoFaults(rate_limited=0.7, server_error=0.1, dropped_connection=0.2)
