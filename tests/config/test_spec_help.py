"""What `help` and completion say of a spec: what we gave it, not what pydantic brings along."""

import inspect
import pydoc

import pytest

import notebook_gen as ng


def _help(spec: type) -> str:
    return pydoc.plain(pydoc.render_doc(spec))


@pytest.mark.parametrize(
    "spec", [ng.LLMText, ng.Category, ng.Integer, ng.Float, ng.Expression, ng.Model, ng.DemoModel, ng.RunSettings]
)
def test_the_help_of_a_spec_can_be_read_at_a_glance(spec: type) -> None:
    text = _help(spec)

    assert len(text.splitlines()) < 70
    assert "Attributes:" in text or spec is ng.Integer
    assert [word for word in ("model_dump", "model_config", "__pydantic", "parse_raw") if word in text] == []


def test_the_help_of_a_column_shows_its_signature_its_options_and_its_own_members() -> None:
    text = _help(ng.LLMText)

    for part in ("LLMText(prompt: str, *, system: str | None = None", "retries: int = 0", "prompt: Jinja2", "inputs"):
        assert part in text


def test_a_signature_names_types_not_checks() -> None:
    assert str(inspect.signature(ng.Integer)) == "(low: int, high: int) -> None"
    assert "Annotated" not in str(inspect.signature(ng.LLMText))


def test_completion_offers_what_a_spec_has() -> None:
    assert dir(ng.Integer) == sorted(
        ["low", "high", "kind", "inputs", "condition_inputs", "endpoint", "names_made", "side_names"]
    )
