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
        ("ok {{ a }}\n{{ b | nofilter }}", "line 2, column 8"),
        ("{{ s|nofilter }}", "line 1, column 6"),
        ("nofilter {{ nofilter(a) }}{% if a %}{{ b|nofilter }}{% endif %}", "line 1, column 42"),
        ("{% filter nofilter %}{% endfilter %}", "line 1, column 11"),
        ("{{ a is not notest }}", "line 1, column 13"),
        ("a\r\n\r\n{%- include 'b' %}", "line 3, column 5"),
        ("{% import 'b' as b %}", "line 1, column 4"),
        ("{% from 'b' import c %}", "line 1, column 4"),
        ("{% extends a %}", "line 1, column 4"),
        ("{% autoescape 9**9 %}{% endautoescape %}", "line 1, column 4"),
        ("me and {{ self }}", "line 1, column 11"),
        ("{{ a }}\n{{ dict(a=1,\na=2) }}", "line 2"),
        ("{% macro m(a, a) %}{% endmacro %}", "line 1"),
        ("{% for i in a %}\n" * 25 + "{% endfor %}" * 25, "line 21"),
    ],
)
def test_a_syntax_error_says_line_and_column(template: str, where: str) -> None:
    with pytest.raises(ConfigError, match=f"template error at {where}:"):
        parse_inputs(template)


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{ a|nofilter }}", "there is no filter 'nofilter'; look at '{{ a|nofilter }}'"),
        ("{{ a|uper }}", "there is no filter 'uper'; did you mean 'upper'?"),
        ("{{ a|random }}", "there is no filter 'random'; it would ignore the builder's seed: draw with ng.Category or"),
        ("{% macro m(a, a) %}{% endmacro %}", "duplicate argument 'a' in function definition"),
        ("{{ my col }}", "if it is the column 'my col', call that 'my_col': a name in a template is one word"),
        ("{{ a | }}", "look at '{{ a | }}'"),
        ("{{ self }}", "'self' is the template itself in Jinja2, and never a column; call the column otherwise"),
    ],
)
def test_an_error_says_what_is_wrong_and_what_to_do(template: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_inputs(template)

    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "template",
    ["{{ " + "[" * 200 + "]" * 200 + " }}", "{{ a" + "|upper" * 1500 + " }}", "{{ " + "(" * 5000 + ")" * 5000 + " }}"],
)
def test_a_template_that_is_nested_too_deep_is_an_error(template: str) -> None:
    with pytest.raises(ConfigError, match=r"template error: it is nested too deep|too many nested parentheses"):
        parse_inputs(template)


def test_a_number_that_python_cannot_read_is_an_error() -> None:
    with pytest.raises(ConfigError, match="template error: "):
        parse_inputs("{{ " + "9" * 5000 + " }}")


def test_nothing_is_computed_before_a_template_is_rendered() -> None:
    assert parse_inputs("{{ 9**(9**9) }} {{ 10**5000 }} {{ 'a' * 10**9 }} {{ 1 / 0 }}") == ()


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% for i in items %}{% for j in items if j %}{{ loop.index }}{% endfor %}{% endfor %}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}",
        "{% for i in [1, 2] recursive %}{% if loop.depth < 40 %}{{ loop([1, 2]) }}{% endif %}{% endfor %}",
        "{{ 9**(9**9) }}",
        "{{ 9**9999 * 9**9999 }}",
        "{{ 'a' * 10**9 }}",
        "{{ 10**9 * [1] }}",
    ],
)
def test_a_template_that_would_not_end_is_stopped(template: str) -> None:
    with pytest.raises(SecurityError):
        compile_text(template)({"items": list(range(10_000))})


def test_each_rendering_may_take_all_steps() -> None:
    render = compile_text(
        "{% for i in range(60000) %}{% endfor %}{{ 2 ** 10 }}{{ 1 ** 10**9 }}{{ 'ab' * 2 }}{{ 1.5 * 2 }}"
    )

    assert [render({}), render({})] == ["10241abab3.0"] * 2


def test_a_loop_knows_where_it_is() -> None:
    template = "{% for i in items %}{{ loop.index }}/{{ loop.length }}{% if not loop.last %}, {% endif %}{% endfor %}"

    assert compile_text(template)({"items": "ab"}) == "1/2, 2/2"
    assert (
        compile_native("{% for k, v in m.items() if v %}{{ k }}{% else %}none{% endfor %}")({"m": {"a": 0}}) == "none"
    )


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{{ product.title }}", "title"),
        ("{{ range }}", "range"),
        ("{% macro m() %}{% endmacro %}{{ m }}", "m"),
        ("{% for i in [1] %}{{ loop }}{% endfor %}", "LoopContext"),
    ],
)
def test_a_function_is_no_value(template: str, name: str) -> None:
    for compiled in (compile_native(template), compile_text(template), compile_text(f"x {template}")):
        with pytest.raises(TypeError, match=f"'{name}' is a function, not a value: call it, as in {name}"):
            compiled({"product": "lamp"})


def test_what_only_jinja_knows_is_no_value() -> None:
    with pytest.raises(TypeError, match="a Namespace is something of Jinja2's own, not a value"):
        compile_text("{{ namespace() }}")({})


def test_what_a_filter_gives_bit_by_bit_is_shown_as_a_list() -> None:
    assert compile_text("tags: {{ tags | map('upper') }}")({"tags": "ab"}) == "tags: ['A', 'B']"


def test_a_condition_that_does_not_hold_gives_no_text() -> None:
    assert compile_text("{{ 'high' if s > 3 }} {{ s }}")({"s": 1}) == " 1"


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
