"""Options of columns: what may be declared, and what the errors say."""

import inspect
from typing import Any

import pytest

from notebook_gen.config.columns import Expression, Function, LLMText
from notebook_gen.errors import ConfigError


def split(name: str) -> tuple[str, str]:
    first, _, last = name.partition(" ")
    return first, last


def test_an_option_is_found_in_the_signature_by_its_name() -> None:
    for kind in (Expression, LLMText):
        parameters = inspect.signature(kind).parameters
        assert parameters["skip_if"].default is None
        assert parameters["on_error"].default == "drop"
        assert all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters.values())


def test_a_condition_reads_columns_of_its_own() -> None:
    spec = LLMText("Review the {{ product }}.", skip_if=" {{ stars == 3 and tone }}\n")

    assert spec.inputs == ("product",)
    assert spec.condition_inputs == ("stars", "tone")
    assert spec.skip_if == "{{ stars == 3 and tone }}"


@pytest.mark.parametrize("skip_if", ["stars == 3", "", "{{ a }}{{ b }}", "no: {{ a }}", "{% if a %}yes{% endif %}"])
def test_a_condition_that_would_be_a_text_and_so_always_true_is_an_error(skip_if: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Expression("{{ 1 }}", skip_if=skip_if)

    assert str(caught.value) == (
        f"Expression: skip_if: write one expression, such as '{{{{ stars == 3 }}}}', not {skip_if!r}"
    )


@pytest.mark.parametrize("skip_if", ["{{ a | }}", "{{ a | nofilter }}"])
def test_a_syntax_error_in_a_condition_says_where(skip_if: str) -> None:
    with pytest.raises(ConfigError, match=r"Expression: skip_if: template error at line 1, column \d+"):
        Expression("{{ 1 }}", skip_if=skip_if)


def test_side_outputs_are_columns_named_after_theirs() -> None:
    spec = LLMText("Write.", side_outputs=["messages", "reasoning", "messages"])

    assert spec.side_names("review") == ("review__messages", "review__reasoning")


def test_a_function_makes_the_column_it_is_declared_as_or_its_outputs() -> None:
    assert Function.from_callable(split).names_made("names") == ("names",)
    assert Function.from_callable(split, outputs=["first", "last"]).names_made("names") == ("first", "last")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_error": "ignore"}, "Expression: on_error: Input should be 'drop', 'null' or 'raise', not 'ignore'"),
        ({"skip_value": object()}, "Expression: skip_value: give text, a number, a list or another value of Python's"),
        ({"retries": 1}, "Expression: there is no option 'retries'"),
    ],
)
def test_a_wrong_option_is_an_error_that_says_what_to_give(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Expression("a", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retries": -1}, "LLMText: retries: Input should be greater than or equal to 0, not -1"),
        ({"side_outputs": "messages"}, r"LLMText: side_outputs: give a list: \['messages'\]"),
        ({"side_outputs": ["thoughts"]}, "LLMText: side_outputs: Input should be 'messages' or 'reasoning'"),
    ],
)
def test_a_wrong_option_of_an_llm_column_is_an_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        LLMText("a", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outputs": "first"}, r"Function: outputs: give a list: \['first'\]"),
        ({"outputs": []}, "Function: outputs needs one name or more, none of them blank"),
        ({"outputs": ["a", " "]}, "Function: outputs needs one name or more, none of them blank"),
        ({"outputs": ["a", "a"]}, "Function: outputs names a column twice"),
        ({"allow_resize": True}, "Function: allow_resize needs full_column=True"),
    ],
)
def test_a_wrong_option_of_a_function_is_an_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Function.from_callable(split, **options)


def test_what_a_user_changes_later_does_not_change_the_spec() -> None:
    names: list[Any] = ["first", "last"]
    spec = Function.from_callable(split, outputs=names)

    names.append("middle")

    assert spec.names_made("names") == ("first", "last")
