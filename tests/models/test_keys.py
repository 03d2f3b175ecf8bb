"""Keys come from the environment, and from nowhere else."""

import pytest

from notebook_gen.config.models import DemoModel, Model
from notebook_gen.errors import ConfigError
from notebook_gen.models.keys import resolve_key


def test_a_key_is_read_without_the_line_end_it_was_pasted_with() -> None:
    assert resolve_key(Model("gpt-4o-mini"), {"OPENAI_API_KEY": " sk-1\n"}) == "sk-1"


def test_an_endpoint_of_ones_own_needs_no_key() -> None:
    local = Model("llama3", base_url="http://localhost:11434/v1")

    assert resolve_key(local, {"OPENAI_API_KEY": "sk-1"}) is None


def test_the_demo_endpoint_needs_no_key() -> None:
    assert resolve_key(DemoModel(base_url="http://127.0.0.1:1/v1"), {}) is None


@pytest.mark.parametrize(("environ", "state"), [({}, "not set"), ({"MY_KEY": ""}, "empty"), ({"MY_KEY": " "}, "empty")])
def test_a_missing_key_names_its_variable_and_the_ways_out(environ: dict[str, str], state: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_key(Model("big", base_url="https://models.example/v1", api_key_env="MY_KEY"), environ)

    assert str(caught.value) == (
        f"the model 'big' at https://models.example/v1 needs a key, and the environment variable MY_KEY is {state}; "
        "set MY_KEY, or remove the model from builder.models: with none left, the demo endpoint answers"
    )


@pytest.mark.parametrize("key", ["sk-1 sk-2", "sk-\n1", "sk-é", "“sk-1”"])
def test_what_cannot_be_a_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ConfigError, match="OPENAI_API_KEY holds what cannot be a key") as caught:
        resolve_key(Model("gpt-4o-mini"), {"OPENAI_API_KEY": key})

    assert key not in str(caught.value)
