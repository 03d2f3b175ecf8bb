"""Options of columns: what may be declared, and what the errors say."""

import datetime as dt
import enum
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from notebook_gen.config.columns import Category, Column, DerivedColumn, Expression, Float, Function, Integer, LLMText
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
        ({"on_error": "ignore"}, "Expression: on_error: give 'drop', 'null' or 'raise', not 'ignore'"),
        ({"skip_value": object()}, "Expression: skip_value: give text, a number, a list or another value of Python's"),
        ({"retries": 1}, "Expression has no option 'retries'"),
    ],
)
def test_a_wrong_option_is_an_error_that_says_what_to_give(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Expression("a", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retries": -1}, "LLMText: retries: give 0 or more, not -1"),
        ({"side_outputs": "messages"}, r"LLMText: side_outputs: give a list: \['messages'\]"),
        ({"side_outputs": 5}, "LLMText: side_outputs: give a list, not 5"),
        ({"retries": True}, "LLMText: retries: give a whole number, not True"),
        ({"side_outputs": ["thoughts"]}, "LLMText: side_outputs: give 'messages' or 'reasoning'"),
    ],
)
def test_a_wrong_option_of_an_llm_column_is_an_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        LLMText("a", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outputs": "first"}, r"Function: outputs: give a list: \['first'\]"),
        ({"outputs": 5}, "Function: outputs: give a list, not 5"),
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


class Tone(enum.StrEnum):
    """A text with a name."""

    DRY = "dry"


@pytest.mark.parametrize(
    ("given", "values"),
    [
        (np.array([1, 2]), (1, 2)),
        (np.array([1.5, 2.0]), (1.5, 2.0)),
        (np.array([True, False]), (True, False)),
        (np.array(["a", "b"]), ("a", "b")),
        ([np.float32(0.5), np.int8(1), Tone.DRY], (0.5, 1, "dry")),
        (["a", True, 1, 0.5], ("a", True, 1, 0.5)),
        (iter("ab"), ("a", "b")),
    ],
)
def test_a_category_keeps_each_value_in_its_own_type(given: Any, values: tuple[Any, ...]) -> None:
    spec = Category(given)

    assert spec.values == values
    assert list(map(type, spec.values)) == list(map(type, values))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ("ab", r"give a list: \['ab'\], not 'ab'"),
        (5, "give a list, not 5"),
        ([], "give at least one value"),
        ([1, None], r"None is no value to draw; give text, numbers or booleans, not \[1, None\]"),
        ([b"a"], "b'a' is no value to draw; give text, numbers or booleans"),
        ([Decimal(1)], r"Decimal\('1'\) is no value to draw; give text, numbers or booleans"),
        ([[1]], r"\[1\] is no value to draw; give text, numbers or booleans"),
        (np.array(["2024-01-02"], dtype="datetime64[D]"), "is no value to draw; give text, numbers or booleans"),
        ([1.0, float("nan")], "nan is not a number; give text, finite numbers or booleans"),
        ([np.float64("inf")], "inf is not a number; give text, finite numbers or booleans"),
    ],
)
def test_what_a_category_cannot_draw_is_refused_in_one_clause(values: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match=f"^Category: values: .*{problem}") as caught:
        Category(values)

    assert str(caught.value).count("values:") == 1


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Integer(True, 5), "Integer: low: give a whole number, not True"),
        (lambda: Integer("1", "2"), "Integer: low: give a whole number, not '1'"),  # type: ignore[arg-type]  # on purpose
        (lambda: Integer(1, 2.5), "Integer: high: give a whole number"),  # type: ignore[arg-type]  # as above
        (lambda: Float("1", 2), "Float: low: give a number, not '1'"),  # type: ignore[arg-type]  # as above
        (lambda: Float(1, True), "Float: high: give a number, not True"),
        (lambda: Category(["a"], weights=[True]), "Category: weights: give a number, not True"),
        (lambda: Category(["a"], weights=5), "Category: weights: give a list, not 5"),  # type: ignore[arg-type]  # as above
    ],
)
def test_what_only_looks_like_a_number_is_refused(make: Callable[[], Column], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        make()


def test_numbers_of_numpy_are_numbers() -> None:
    one: Any = np.int64(1)
    half: Any = np.float32(0.5)

    assert Integer(one, one).high == 1
    assert Float(half, one).low == 0.5


@pytest.mark.parametrize("base", [Column, DerivedColumn])
def test_the_base_of_all_columns_is_none_itself(base: type[Column]) -> None:
    with pytest.raises(ConfigError, match=r"is only the base of columns; declare one of a kind, such as ng\.Integer"):
        base()


def test_a_column_that_is_changed_says_that_it_is_frozen() -> None:
    spec: Any = Integer(1, 5)

    with pytest.raises(ConfigError, match=r"^Integer: low cannot be changed: what is declared is frozen; assign anoth"):
        spec.low = 5


def generate(n: int) -> Iterator[int]:
    yield n


async def generate_later(n: int) -> AsyncIterator[int]:
    yield n


class Generating:
    """An object that is called like a generator function."""

    def __call__(self, n: int) -> Iterator[int]:
        yield n


def add(a: int, b: int) -> int:
    return a + b


@pytest.mark.parametrize(
    ("function", "inputs", "problem"),
    [
        (5, None, "is made by a int, which is no function; give a function"),
        (None, None, "is made by a NoneType, which is no function; give a function"),
        (generate, None, "is made by a generator, which has no result; use return in place of yield"),
        (generate_later, ["n"], "is made by a generator, which has no result; use return in place of yield"),
        (Generating(), None, "is made by a generator, which has no result; use return in place of yield"),
        (max, None, "is made by 'max', which does not tell what it takes; wrap it in a function"),
        (dt.datetime, None, "is made by 'datetime', which does not tell what it takes; wrap it in a function"),
        (
            add,
            ["a", "b"],
            r"is made by a function that takes \(a: int, b: int\) -> int; with inputs=\[…\], let it take",
        ),
        (lambda: 1, ["a"], r"is made by a function that takes \(\); with inputs=\[…\], let it take one argument"),
        (print, 5, "inputs is 5; give a list of column names"),
        (print, [5], r"inputs is \[5\]; give a list of column names"),
        (print, "ab", r"inputs is one text, 'ab'; give a list: inputs=\['ab'\]"),
    ],
)
def test_what_makes_no_column_is_refused_at_once(function: Any, inputs: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match=f"^{problem}"):
        Function.from_callable(function, inputs=inputs)


def test_what_does_not_tell_what_it_takes_may_take_everything_as_one() -> None:
    assert Function.from_callable(max, inputs=["a", "b", "a"]).reads == ("a", "b")
