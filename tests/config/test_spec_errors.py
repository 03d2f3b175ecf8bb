"""What specs say of wrong arguments: in the user's words, whatever is given, not in those of the library inside."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import notebook_gen as ng
from notebook_gen.config.columns import Function

WRONG: tuple[Any, ...] = (
    None, True, 0, -1, 1, 2.5, 10**30, -(10**400), math.nan, math.inf, "", "a", "5", "yes", "\ud800", b"a", [], [0],
    [None], ["a", 5], [-1], (1,), (1, 2, 3), [(1, 2, 3)], [("a", 1)], {}, {"a": 5}, {5: "a"}, object(), len, ng,
    {1, 2}, np.float64(math.nan), np.bool_(True), np.array([]), "x" * 300,
)  # fmt: skip
FOREIGN = (
    "pydantic", "Input should", "Field required", "validation", "type=", "Tuple", "instance of", "keyword argument",
    "positional", "__init__", "unable to parse", "dictionary", "greater than", "less than", "List ", "at most",
)  # fmt: skip

loose: Any = ng
"""What the type checker would refuse beforehand."""


def _word(low: int, high: int) -> int:
    return low + high


MAKERS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "Category": (ng.Category, {"values": ["a"], "weights": [1]}),
    "Integer": (ng.Integer, {"low": 1, "high": 5}),
    "Float": (ng.Float, {"low": 1, "high": 5, "decimals": 2}),
    "Expression": (
        ng.Expression,
        {"template": "a", "dtype": "str", "on_error": "drop", "skip_if": None, "skip_value": 1, "propagate_skip": True},
    ),
    "LLMText": (
        ng.LLMText,
        {"prompt": "a", "system": "b", "model": "c", "side_outputs": (), "retries": 1, "on_error": "null"},
    ),
    "Function": (
        lambda **options: Function.from_callable(_word, **options),
        {"outputs": ["a"], "full_column": True, "ordered": False, "allow_resize": False, "retries": 0},
    ),
    "Model": (
        ng.Model,
        {
            "model": "a", "base_url": None, "api_key_env": None, "max_parallel": 2, "timeout": 5, "temperature": 1,
            "top_p": 1, "max_tokens": 1, "price": (1, 2), "extra": {},
        },
    ),
    "DemoModel": (ng.DemoModel, {"model": "a", "latency": 1, "spread": 0, "seed": 1, "faults": None}),
    "DemoFaults": (
        ng.DemoFaults,
        {
            "rate_limited": 0, "server_error": 0, "dropped_connection": 0, "retry_after": 1, "capacity": 5,
            "outages": [(1, 2)],
        },
    ),
    "RunSettings": (ng.RunSettings, ng.RunSettings().model_dump()),
    "RenameColumns": (ng.RenameColumns, {"names": {"a": "b"}}),
    "Reshape": (ng.Reshape, {"templates": {"a": "b"}}),
}  # fmt: skip


def _mistakes() -> Iterator[tuple[str, str, Any]]:
    for name, (_, right) in MAKERS.items():
        for option in right:
            for wrong in WRONG:
                yield name, option, wrong


def test_whatever_is_given_no_words_of_the_library_inside_reach_the_user() -> None:
    refused = 0
    for name, option, wrong in _mistakes():
        make, right = MAKERS[name]
        try:
            make(**{**right, option: wrong})
        except ng.ConfigError as error:
            refused += 1
            said = str(error).replace(repr(wrong), "")
            assert [word for word in FOREIGN if word in said] == [], (name, option, wrong, said)
            assert said.startswith((f"{name}: ", "DemoFaults: ", "DemoFaults has no option ")), (option, wrong, said)
    assert refused > 800


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: loose.Category([]), "Category: values: give at least one value"),
        (lambda: loose.Category(["a"], weights=[0]), "Category: weights must not be negative, and one must be above 0"),
        (lambda: loose.Integer(5, 1), "Integer: low 5 is above high 1"),
        (lambda: loose.Integer(1, 2.5), "Integer: high: give a whole number, not 2.5"),
        (lambda: loose.Integer(1, 2**63), f"Integer: high: give a number below {2**63}, not {2**63}"),
        (lambda: loose.Float(0, "1"), "Float: high: give a number, not '1'"),
        (lambda: loose.Float(0, math.inf), "Float: high: give a finite number, not inf"),
        (lambda: loose.Float(0, 1, decimals=16), "Float: decimals: give 15 or less, not 16"),
        (lambda: loose.LLMText(5), "LLMText: prompt: give a text, not 5"),
        (lambda: loose.LLMText(""), "LLMText: prompt: write what the model is to do, not ''"),
        (lambda: loose.LLMText(" \n"), "LLMText: prompt: write what the model is to do, not ' \\n'"),
        (lambda: loose.LLMText("a", retries=-1), "LLMText: retries: give 0 or more, not -1"),
        (lambda: loose.Expression("", on_error=5), "Expression: on_error: give 'drop', 'null' or 'raise', not 5"),
        (lambda: loose.Model(""), "Model: model: give a text that is not empty, not ''"),
        (lambda: loose.Model("a", timeout=0), "Model: timeout: give a number above 0, not 0"),
        (lambda: loose.Model("a", max_parallel=True), "Model: max_parallel: give a whole number, not True"),
        (lambda: loose.Model("a", extra=5), "Model: extra: give a dict, not 5"),
        (
            lambda: loose.Model("a", price=0.5),
            "Model: price: give two numbers, (0.15, 0.6) say: dollars for a million tokens of prompts, and of answers, "
            "not 0.5",
        ),
        (lambda: loose.DemoModel(faults=5), "DemoModel: faults: give an ng.DemoFaults(…), not 5"),
        (lambda: loose.DemoFaults(outages=[5]), "DemoFaults: outages: give pairs, such as [(2, 7)], not [5]"),
        (lambda: loose.RunSettings(trace="yes"), "RunSettings: trace: give True or False, not 'yes'"),
        (lambda: loose.RunSettings(threads="4"), "RunSettings: threads: give a whole number, not '4'"),
        (lambda: loose.RunSettings(engine="fast"), "RunSettings: engine: give 'async' or 'sequential', not 'fast'"),
        (loose.DropColumns, "DropColumns: patterns: give at least one value"),
        (lambda: loose.DropColumns(5), "DropColumns: patterns: give a text, not 5"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_answered_with_what_to_give(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(ng.ConfigError) as caught:
        make()

    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: loose.Category(["a"], weight=[1]), "Category has no option 'weight'; did you mean 'weights'?"),
        (lambda: loose.Integer(1, 5, step=2), "Integer has no option 'step'; it has low and high"),
        (lambda: loose.LLMText("a", retry=1), "LLMText has no option 'retry'; did you mean 'retries'?"),
        (lambda: loose.Model("", max_token=2), "Model has no option 'max_token'; did you mean 'max_tokens'?"),
        (lambda: loose.DemoModel(latancy=2), "DemoModel has no option 'latancy'; did you mean 'latency'?"),
        (lambda: loose.RunSettings(thread=2), "RunSettings has no option 'thread'; did you mean 'threads'?"),
        (
            lambda: loose.DemoFaults(rate=1),
            "DemoFaults has no option 'rate'; it has rate_limited, server_error, dropped_connection, "
            "retry_after, capacity and outages",
        ),
        (lambda: loose.Integer(1), "Integer: high is missing; write Integer(low, high)"),
        (loose.Integer, "Integer: low and high are missing; write Integer(low, high)"),
        (loose.Category, "Category: values is missing; write Category(values, weights=…)"),
        (lambda: loose.Category(["a"], [1]), "Category: 2 values were given; write Category(values, weights=…)"),
        (lambda: loose.Integer(1, 5, 2), "Integer: 3 values were given; write Integer(low, high)"),
        (lambda: loose.Integer(1, 5, low=2), "Integer: low is given twice; write Integer(low, high)"),
        (lambda: loose.Model("a", "b"), "Model: 2 values were given; write Model(model, base_url=…)"),
        (lambda: loose.RunSettings(5), "RunSettings: 1 value was given; write RunSettings(row_group_size=…)"),
    ],
)  # fmt: skip
def test_arguments_that_do_not_fit_are_answered_with_those_that_do(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(ng.ConfigError) as caught:
        make()

    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("reads", "column 'total' has no option 'reads'; it has name, inputs, on_error, "),
        ("full_colum", "column 'total' has no option 'full_colum'; did you mean 'full_column'?"),
        ("is_async", "column 'total' has no option 'is_async'; it has "),
    ],
)
def test_an_option_that_a_function_does_not_have_is_told_with_those_that_it_has(option: str, said: str) -> None:
    b = loose.DatasetBuilder()
    b["low"] = ng.Integer(1, 5)

    with pytest.raises(ng.ConfigError) as caught:
        b.column(name="total", **{option: True})(lambda low: low)

    assert str(caught.value).startswith(said)


def test_settings_that_are_none_are_refused_where_they_are_given() -> None:
    wrong: Any = {}
    with pytest.raises(ng.ConfigError, match=r"^settings is \{\}; give some, such as settings=ng\.RunSettings"):
        ng.DatasetBuilder(settings=wrong)
