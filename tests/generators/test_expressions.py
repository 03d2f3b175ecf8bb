"""Expressions: values keep their types, and failures stay with their row."""

from typing import Any, Literal

import pytest

from notebook_gen.config.columns import Expression
from notebook_gen.errors import Rejected
from notebook_gen.generators.expressions import ExpressionGenerator
from notebook_gen.plan.tasks import RowGroup
from tests.generators.nodes import generator_of

Dtype = Literal["str", "int", "float", "bool"]


def evaluate(template: str, *, dtype: Dtype | None = None, **row: Any) -> Any:
    """The value of one row."""
    generator = generator_of(ExpressionGenerator, Expression(template, dtype=dtype))
    return generator.make(RowGroup(0, 0, 1), [0], {name: [value] for name, value in row.items()})[0][0]


def rejected(template: str, *, dtype: Dtype | None = None, **row: Any) -> tuple[str, str]:
    """The problem and advice of a row that cannot be made."""
    failure = evaluate(template, dtype=dtype, **row)
    assert isinstance(failure, Rejected)
    return failure.problem, failure.advice


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ stars * 2 }}", 8),
        ("{{ stars / 2 }}", 2.0),
        ("{{ stars > 3 }}", True),
        ("{{ [stars, name] }}", [4, "lamp"]),
        ("{{ {'n': name} }}", {"n": "lamp"}),
        ("{{ none }}", None),
        ("{{ 0 / 1 - 1e999 }}", float("-inf")),
        ("{{ stars }} of {{ 1e999 }}", "4 of inf"),
        ("{{ name | upper }}: {{ stars }}", "LAMP: 4"),
        ("{{ name[:2] }}", "la"),
        ("{{ name }}", "lamp"),
        ("{% if stars > 3 %}good{% else %}bad{% endif %}", "good"),
        ("constant", "constant"),
    ],
)
def test_one_expression_alone_keeps_its_type_and_anything_else_is_text(template: str, value: Any) -> None:
    made = evaluate(template, stars=4, name="lamp")

    assert made == value
    assert type(made) is type(value)


def test_text_that_looks_like_code_stays_text() -> None:
    assert evaluate("{{ review }}", review="__import__('os')") == "__import__('os')"
    assert evaluate("{{ review }}", review="{{ 7 * 7 }}") == "{{ 7 * 7 }}"
    assert evaluate("{{ review }}", review="[1, 2]") == "[1, 2]"


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ 'high' if s > 3 }}", None),
        ("{{ ['high' if s > 3, s] }}", [None, 1]),
        ("{{ {'level': 'high' if s > 3, ('a' if s > 3): s} }}", {"level": None, None: 1}),
        ("{{ 'high' if s > 3 }}{{ s }}", "1"),
    ],
)
def test_a_condition_that_does_not_hold_gives_no_value(template: str, value: Any) -> None:
    assert evaluate(template, s=1) == value


@pytest.mark.parametrize("template", ["{{ s.title }}", "{{ [s.title] }}", "{{ {'a': s.title} }}", "{{ dict }}"])
def test_a_function_is_no_value(template: str) -> None:
    problem, advice = rejected(template, s="a")

    assert "is a function, not a value: call it, as in" in problem
    assert advice == ("it saw s='a'" if "s.title" in template else "")


def test_a_failure_shows_what_cannot_be_written_by_its_type() -> None:
    assert rejected("{{ n / 'a' }}", n=10**5000)[1] == "it saw n=<int>"
    assert rejected("{{ n }}", n=10**5000, dtype="str")[1] == "it gave <int>; it saw n=<int>"


class Wild:
    """A value of a user's own type."""

    def __str__(self) -> str:
        raise KeyboardInterrupt


def test_whatever_an_expression_raises_is_the_failure_of_its_cell() -> None:
    assert "KeyboardInterrupt" in rejected("a {{ wild }}", wild=Wild())[0]


def test_what_a_filter_gives_bit_by_bit_becomes_a_list() -> None:
    assert evaluate("{{ tags | map('upper') }}", tags=["a", "b"]) == ["A", "B"]
    assert evaluate("{{ range(3) }}") == [0, 1, 2]


def test_escaped_text_is_plain_text() -> None:
    made = evaluate("{{ name | e }}", name="<b>")

    assert made == "&lt;b&gt;"
    assert type(made) is str


def test_rows_of_a_row_group_are_made_from_their_own_values_and_in_order() -> None:
    generator = generator_of(ExpressionGenerator, Expression("{{ a }}-{{ b }}"))
    inputs: dict[str, list[Any]] = {"a": [1, 2, 3, 4], "b": list("wxyz"), "unread": [None] * 4}

    assert generator.make(RowGroup(3, 30, 4), [31, 33], inputs) == (["2-x", "4-z"],)
    assert generator.make(RowGroup(3, 30, 4), range(30, 34), inputs) == (["1-w", "2-x", "3-y", "4-z"],)


def test_an_expression_that_reads_nothing_is_made_for_every_row() -> None:
    generator = generator_of(ExpressionGenerator, Expression("{{ 1 + 1 }}"))

    assert generator.make(RowGroup(0, 0, 3), range(3), {}) == ([2, 2, 2],)


def test_a_row_that_fails_leaves_its_neighbours_alone() -> None:
    generator = generator_of(ExpressionGenerator, Expression("{{ 10 // n }}"))

    first, second, third = generator.make(RowGroup(0, 0, 3), range(3), {"n": [5, 0, 2]})[0]

    assert (first, third) == (2, 5)
    assert isinstance(second, Rejected)


def test_a_failure_shows_the_expression_what_happened_and_the_values_it_saw() -> None:
    assert rejected("{{ name / stars }}", name="lamp", stars=0) == (
        "the template failed, '{{ name / stars }}': TypeError: unsupported operand type(s) for /: 'str' and 'int'",
        "it saw name='lamp', stars=0",
    )


def test_a_failure_in_a_long_template_shows_its_line() -> None:
    problem, _ = rejected("{{ stars }}\n  {{ stars / 0 }}\n{{ stars }}", stars=1)

    assert problem == "the template failed in line 2, '{{ stars / 0 }}': ZeroDivisionError: division by zero"


def test_rows_that_fail_alike_have_the_same_problem() -> None:
    one, other = rejected("{{ 1 / n }}", n=0), rejected("{{ 1 / n }}", n=0.0)

    assert one[1] != other[1]
    assert rejected("{{ a.b }}", a={"c": 1})[0] == rejected("{{ a.b }}", a={"d": 2})[0]


def test_long_values_are_cut_short() -> None:
    _, advice = rejected("{{ review / 2 }}", review="x" * 10_000)

    assert len(advice) < 100
    assert advice.startswith("it saw review='xxx")


def test_what_does_not_exist_is_a_failure_and_not_an_empty_text() -> None:
    problem, advice = rejected("{{ product.price }}", product={"name": "lamp"})

    assert (
        problem == "the template failed, '{{ product.price }}': UndefinedError: 'dict object' has no attribute 'price'"
    )
    assert advice.endswith("the default filter gives a value to what may be missing")


@pytest.mark.parametrize(
    ("template", "way"),
    [
        ("{{ stars.upper() }}", "try the filter: {{ … | upper }}"),
        ("{{ stars.hex() }}", "make the column by a function instead"),
    ],
)
def test_who_calls_a_method_that_a_value_lacks_is_told_another_way(template: str, way: str) -> None:
    _, advice = rejected(template, stars=3)

    assert advice == f"it saw stars=3; {way}"


def test_what_does_not_exist_is_found_inside_a_list_too() -> None:
    problem, _ = rejected("{{ [product.name, product.price] }}", product={"name": "lamp"})

    assert "has no attribute 'price'" in problem


def test_a_missing_value_that_breaks_an_expression_is_named() -> None:
    _, advice = rejected("{{ name | upper ~ (price + 1) }}", name="lamp", price=None)

    assert advice == (
        "it saw name='lamp', price=None; "
        "'price' has no value in this row: {{ price | default('…', true) }} gives it one"
    )


def test_the_sandbox_is_closed_and_says_where_to_go_instead() -> None:
    problem, advice = rejected("{{ name.__class__.__mro__ }}", name="lamp")

    assert "__class__" in problem
    assert "make the column by a function" in advice


@pytest.mark.parametrize(
    ("dtype", "given", "value"),
    [
        ("int", "3", 3),
        ("int", " 3.0 ", 3),
        ("int", 3.0, 3),
        ("int", True, 1),
        ("float", "2.5", 2.5),
        ("float", 2, 2.0),
        ("str", 2, "2"),
        ("bool", "false", False),
        ("bool", "Yes", True),
        ("bool", 0, False),
    ],
)
def test_a_dtype_turns_a_value_into_its_type(dtype: Dtype, given: Any, value: Any) -> None:
    made = evaluate("{{ v }}", dtype=dtype, v=given)

    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize("dtype", ["str", "int", "float", "bool"])
def test_a_missing_value_stays_missing_whatever_the_dtype(dtype: Dtype) -> None:
    assert evaluate("{{ v }}", dtype=dtype, v=None) is None


@pytest.mark.parametrize(
    ("dtype", "given"),
    [
        ("int", "three"),
        ("int", 2.5),
        ("int", "2.5"),
        ("int", float("inf")),
        ("float", "x"),
        ("bool", "maybe"),
        ("int", [1]),
    ],
)
def test_a_value_that_is_not_of_the_dtype_is_a_failure(dtype: Dtype, given: Any) -> None:
    problem, advice = rejected("{{ v }}", dtype=dtype, v=given)

    assert problem == f"'{{{{ v }}}}' gave a value of type {type(given).__name__}, which is no {dtype}"
    assert repr(given) in advice
