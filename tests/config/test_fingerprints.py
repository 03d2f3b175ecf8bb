"""What a fingerprint tells apart, and what it does not."""

import functools
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebook_gen.config.columns import (
    Category,
    Column,
    Expression,
    Float,
    Function,
    Integer,
    LLMText,
    SeedColumn,
    SeedData,
)
from notebook_gen.config.fingerprints import Fingerprints, column_fingerprint, fingerprints, processor_fingerprint
from notebook_gen.config.models import DemoFaults, DemoModel, Model
from notebook_gen.config.processors import DropColumns, FunctionProcessor, ProcessorSpec, RenameColumns, Reshape


def of(spec: Column, **models: Model) -> str:
    return column_fingerprint(spec, models)


def of_model(model: Model) -> str:
    return of(LLMText("Write."), default=model)


def of_function(function: Callable[..., Any], **options: Any) -> str:
    return of(Function.from_callable(function, **options))


def seed_column(table: pa.Table, name: str, *, shuffle: bool = False, called: str = "products") -> SeedColumn:
    columns = tuple(table.column_names)
    data = SeedData(name=called, columns=columns, rows=table.num_rows, shuffle=shuffle, table=table)
    return SeedColumn(name=name, data=data)


DIFFERENT: list[Column] = [
    Integer(1, 5),
    Integer(1, 6),
    Float(1, 5),
    Float(1, 5, decimals=2),
    Category([1, 2]),
    Category(["1", 2]),
    Category([1, 2], weights=[1, 2]),
    Expression("{{ a }}"),
    Expression("{{ a }}", dtype="int"),
    Expression("{{ a }}", on_error="null"),
    Expression("{{ a }}", skip_if="{{ b }}"),
    Expression("{{ a }}", skip_if="{{ b }}", skip_value=1),
    Expression("{{ a }}", skip_if="{{ b }}", skip_value=True),
    Expression("{{ a }}", skip_if="{{ b }}", propagate_skip=False),
    LLMText("Write."),
    LLMText("Write!"),
    LLMText("Write.", system="Be brief."),
    LLMText("Write.", side_outputs=["messages"]),
]


def test_whatever_makes_values_or_decides_about_rows_tells_columns_apart() -> None:
    assert len({of(spec, default=Model("small")) for spec in DIFFERENT}) == len(DIFFERENT)


def test_how_often_a_cell_is_tried_does_not_matter() -> None:
    assert of(LLMText("Write.", retries=3), default=Model("small")) == of(LLMText("Write."), default=Model("small"))


def test_what_a_model_is_called_here_does_not_matter() -> None:
    assert of(LLMText("Write.", model="judge"), judge=Model("small")) == of(LLMText("Write."), default=Model("small"))


@pytest.mark.parametrize(
    "other",
    [
        Model("large"),
        DemoModel("small"),
        Model("small", base_url="http://localhost:1/models/large/v1"),
        Model("small", temperature=0),
        Model("small", top_p=0.5),
        Model("small", max_tokens=5),
        Model("small", extra={"seed": 1}),
    ],
)
def test_what_changes_an_answer_tells_models_apart(other: Model) -> None:
    assert of_model(other) != of_model(Model("small"))


@pytest.mark.parametrize(
    "other",
    [
        Model("small", base_url="https://api.openai.com/v1"),
        Model("small", base_url="https://api.openai.com/v1?api-key=123"),
        Model("small", base_url="http://localhost:8000/v1"),
        Model("small", max_parallel=1, timeout=5, price=(1, 2), api_key_env="MY_KEY"),
        Model("small", extra={"api_key": "123", "Authorization": "456"}),
    ],
)
def test_how_a_model_is_reached_and_paid_for_does_not_matter(other: Model) -> None:
    assert of_model(other) == of_model(Model("small"))


def test_of_a_demo_model_only_what_it_writes_matters() -> None:
    hurried = DemoModel(latency=0, spread=0, faults=DemoFaults(rate_limited=0.5), base_url="http://localhost:1/v1")

    assert of_model(hurried) == of_model(DemoModel())
    assert of_model(DemoModel(seed=1)) != of_model(DemoModel())


# Functions


def test_of_its_source_a_functions_declaration_does_not_count_and_another_decorator_does() -> None:
    def with_source(source: str) -> str:
        return of(Function.from_callable(first_words).model_copy(update={"source": source}))

    plain = with_source("def f(a):\n    return a")

    assert with_source("    @b.column(\n        retries=1,\n    )\n    def f(a):\n        return a\n") == plain
    assert with_source("@b.column\ndef f(a):\n    return a") == plain
    assert with_source("def f(a):\n    return 2 * a") != plain
    assert with_source("@warmer(0.5)\ndef f(a):\n    return a") not in (
        plain,
        with_source("@warmer(1)\ndef f(a):\n    return a"),
    )


def first_words(review: str) -> str:
    return review[:10]


def last_words(review: str) -> str:
    return review[-10:]


def from_text(source: str) -> Callable[..., Any]:
    """A function without source code to be found."""
    scope: dict[str, Any] = {}
    exec(source, scope)  # noqa: S102
    function: Callable[..., Any] = scope["f"]
    return function


def test_a_function_without_source_is_told_by_its_code() -> None:
    alike = [
        of_function(from_text(f"{lines}def f(a): return [x in {{'b', 'c'}} for x in a]")) for lines in ("", "\n\n")
    ]
    others = ["a + 1", "a + 2", "[b for b in a]", "[b + 1 for b in a]", "a.x", "a.y", "lambda: 1", "lambda: 2"]

    assert alike[0] == alike[1]
    assert len({of_function(from_text(f"def f(a): return {body}")) for body in others}) == len(others)


def test_defaults_and_constants_that_a_function_closes_over_count() -> None:
    def scaled(factor: Any, power: Any = 1) -> str:
        def scale(stars: int, power: Any = power) -> Any:
            return stars * factor * power

        return of_function(scale)

    assert scaled(2) == scaled(2)
    assert len({scaled(2), scaled(3), scaled("2"), scaled((2, 3)), scaled(2, power=2), scaled(2, power=[2])}) == 6


def test_what_a_function_notes_outside_does_not_make_another_of_it() -> None:
    calls: list[str] = []
    count = 0

    def noted(review: str) -> str:
        nonlocal count
        count += 1
        calls.append(review)
        return review

    before = of_function(noted)
    noted("good")

    assert (count, calls) == (1, ["good"])
    assert of_function(noted) == before


def test_what_is_not_plain_is_left_out() -> None:
    endless: dict[str, Any] = {}
    endless["self"] = endless

    def with_default(value: Any) -> str:
        def take(review: str, value: Any = value) -> str:
            return review

        return of_function(take)

    assert len({with_default(value) for value in (object(), endless, float("nan"), 10**5000, {1: 2}, b"x")}) == 1


class Scale:
    def __init__(self, factor: int) -> None:
        self.factor = factor
        self.seen: list[int] = []

    def __call__(self, stars: int) -> int:
        return stars * self.factor

    def half(self, stars: int) -> int:
        return stars * self.factor // 2


def times(factor: int, stars: int) -> int:
    return factor * stars


def test_other_callables_are_told_by_what_they_run_and_hold() -> None:
    one, two = Scale(1), Scale(2)
    one.seen.append(1)
    functions: list[Callable[..., Any]] = [
        one,
        two,
        one.half,
        two.half,
        functools.partial(times, 1),
        functools.partial(times, 2),
        first_words,
        last_words,
    ]
    found = [of_function(function) for function in functions]

    assert len(set(found)) == len(functions)
    assert of_function(Scale(1)) == found[0]
    assert of_function(len, inputs=["a"]) != of_function(str, inputs=["a"])


def test_a_lambda_is_told_apart_from_what_stands_around_it() -> None:
    one = Function.from_callable(lambda stars: stars + 1)
    two = Function.from_callable(lambda stars: stars + 2)
    pair = [Function.from_callable(f) for f in (lambda stars: stars + 1, lambda stars: stars + 2)]

    assert of(one) != of(two)
    assert of(pair[0]) != of(pair[1])


@pytest.mark.parametrize(
    "option", [{"full_column": True}, {"outputs": ["a", "b"]}, {"ordered": True}, {"on_error": "null"}]
)
def test_how_a_function_is_called_counts(option: dict[str, Any]) -> None:
    assert of_function(first_words, **option) != of_function(first_words)


# Seed data

TABLE = pa.table({"product": ["lamp", None, "mug"], "price": [1.5, 2.5, None], "sold": [True, False, None]})


def test_a_seed_column_is_told_by_its_values_wherever_they_came_from() -> None:
    cut = pa.concat_tables([TABLE.slice(0, 2), TABLE.slice(2)])
    for name in TABLE.column_names:
        first = of(seed_column(TABLE, name))

        assert of(seed_column(cut, name, called="elsewhere")) == first
        assert of(seed_column(TABLE.select([name]), name)) == first
        assert of(seed_column(TABLE.slice(0, 2), name)) != first
        assert of(seed_column(TABLE.take([1, 0, 2]), name)) != first


def test_the_order_of_a_shuffle_depends_on_the_other_columns() -> None:
    shuffled = of(seed_column(TABLE, "price", shuffle=True))

    assert shuffled != of(seed_column(TABLE, "price"))
    assert shuffled != of(seed_column(TABLE.select(["price"]), "price", shuffle=True))


def test_values_from_a_dictionary_count() -> None:
    def told(values: list[str]) -> str:
        return of(seed_column(pa.Table.from_pandas(pd.DataFrame({"a": pd.Categorical(values)})), "a"))

    assert told(["x", "y"]) == told(["x", "y"])
    assert told(["x", "y"]) != told(["x", "z"])


@given(st.lists(st.none() | st.text(), min_size=1), st.lists(st.none() | st.text(), min_size=1))
def test_two_seed_columns_have_one_fingerprint_if_they_have_the_same_values(
    one: list[str | None], other: list[str | None]
) -> None:
    def told(values: list[str | None]) -> str:
        return of(seed_column(pa.table({"a": pa.array(values, pa.string())}), "a"))

    assert (told(one) == told(other)) == (one == other)
    assert told(list(one)) == told(one)


# Processors


def clean(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.dropna()


def sort(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_index()


def test_processors_are_told_apart() -> None:
    specs: list[ProcessorSpec] = [
        DropColumns("a"),
        DropColumns("b"),
        RenameColumns({"a": "b"}),
        Reshape({"a": "b"}),
        FunctionProcessor.from_callable(clean),
        FunctionProcessor.from_callable(sort),
    ]

    assert len({processor_fingerprint(spec) for spec in specs}) == len(specs)


# All of a builder


def told(columns: Mapping[str, str], *processors: str) -> Fingerprints:
    return Fingerprints(columns, dict.fromkeys(processors, "0"))


def test_what_has_changed_is_said_by_name() -> None:
    earlier = Fingerprints({"a": "1", "b": "2", "seed": "3"}, {"post_batch clean": "4"})
    now = Fingerprints({"b": "0", "seed": "3", "c": "5"}, {"post_batch clean": "0"})

    assert now.changes_since(earlier) == [
        "column 'a' is gone",
        "column 'b' has changed",
        "column 'c' is new",
        "processor 'post_batch clean' has changed",
    ]
    assert now.changes_since(now) == []


def test_the_order_of_columns_does_not_matter_and_that_of_a_stages_processors_does() -> None:
    earlier = told({"a": "1", "b": "2"}, "post_batch clean", "post_batch sort", "pre_batch clean")

    assert (
        told({"b": "2", "a": "1"}, "pre_batch clean", "post_batch clean", "post_batch sort").changes_since(earlier)
        == []
    )
    swapped = told({"a": "1", "b": "2"}, "post_batch sort", "post_batch clean", "pre_batch clean")
    assert swapped.changes_since(earlier) == ["the processors have another order"]


ELSEWHERE = """
import json
from notebook_gen.config.columns import *
from notebook_gen.config.fingerprints import fingerprints
from notebook_gen.config.models import DemoModel
scope = {}
exec("def f(a): return [x in {'b', 'c', 'd'} for x in a] + [lambda: f]", scope)
columns = {
    "f": Function.from_callable(scope["f"]), "len": Function.from_callable(len, inputs=["f"]),
    "text": LLMText("Write."), "tone": Category(["a", "b"]),
}
print(json.dumps(fingerprints(columns, {"default": DemoModel()}).columns))
"""


def test_another_process_finds_the_same() -> None:
    found = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", ELSEWHERE],
                capture_output=True,
                text=True,
                check=True,
                env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
            ).stdout
        )
        for seed in ("1", "2")
    ]

    assert found[0] == found[1]
    assert found[0]["tone"] == fingerprints({"tone": Category(["a", "b"])}, {}).columns["tone"]
