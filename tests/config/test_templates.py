"""Templates: what they read, what they give, and where their errors stand."""

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from notebook_gen.config.templates import compile_native, compile_text, parse_inputs
from notebook_gen.errors import ConfigError


@pytest.mark.parametrize(
    ("template", "where"),
    [
        ("{{ a", "line 1, column 4"),
        ("hello {{ a b }}", "line 1, column 12"),
        ("x\n  {% if a %} foo", "line 2, column 13"),
        ("{{ a ? b }}", "line 1, column 6"),
        ("ok {{ a }}\n{{ b | nofilter }}", "line 2, column 17"),
    ],
)
def test_a_syntax_error_says_line_and_column(template: str, where: str) -> None:
    with pytest.raises(ConfigError, match=f"template error at {where}:"):
        parse_inputs(template)


def test_inputs_are_the_names_that_are_read() -> None:
    assert parse_inputs("{% for x in items %}{{ x }} {{ price | round }}{% endfor %}") == ("items", "price")


@pytest.mark.parametrize(
    ("template", "value"),
    [("{{ a * 2 }}", 6), ("{{ a }}!", "3!"), ("{{ a }}{{ a }}", "33"), ("{{ [a] }}", [3])],
)
def test_one_expression_alone_keeps_its_type(template: str, value: object) -> None:
    assert compile_native(template)({"a": 3}) == value


def test_text_is_never_read_as_a_value() -> None:
    assert compile_native("{{ a }}")({"a": "[1, 2]"}) == "[1, 2]"


def test_templates_are_sandboxed_and_strict_about_names() -> None:
    with pytest.raises(SecurityError):
        compile_text("{{ a.__class__.__mro__ }}")({"a": 1})
    with pytest.raises(UndefinedError):
        compile_text("{{ b }}")({"a": 1})
