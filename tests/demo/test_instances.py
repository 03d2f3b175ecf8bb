"""Placeholder JSON fits the schema it is asked for."""

import datetime as dt
from random import Random
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from notebook_gen.demo.instances import make_instance


class Score(BaseModel):
    reasoning: str = Field(min_length=40, max_length=60)
    score: int = Field(ge=1, le=5)


class Verdict(BaseModel):
    kind: Literal["good", "bad"]
    fluent: Score
    scores: Annotated[list[Score], Field(min_length=2, max_length=4)]
    weight: float = Field(gt=0, lt=1)
    even: int = Field(multiple_of=2, gt=10, le=14)
    note: str | None
    pair: tuple[int, str]
    when: dt.date
    key: UUID
    sure: bool
    anything: Any


class Tree(BaseModel):
    name: str
    left: Self | None
    children: list[Self]


def make(schema: Any, seed: int = 0) -> Any:
    return make_instance(schema, Random(seed), lambda name: f"A text for {name}.")


@pytest.mark.parametrize("model", [Score, Verdict, Tree])
def test_an_instance_fits_the_schema_of_a_model(model: type[BaseModel]) -> None:
    for seed in range(50):
        model.model_validate(make(model.model_json_schema(), seed))


@pytest.mark.parametrize(
    ("schema", "instances"),
    [
        ({"const": 3}, {3}),
        ({"enum": ["a", None]}, {"a", None}),
        ({"type": "integer", "minimum": 1, "maximum": 3}, {1, 2, 3}),
        ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 4}, {2, 3}),
        ({"type": "number", "minimum": 0, "maximum": 0.02}, {0.0, 0.01, 0.02}),
        ({"type": "integer", "maximum": -99, "minimum": -100}, {-99, -100}),
        ({"type": ["null", "boolean"]}, {True, False}),
        ({"type": "null"}, {None}),
        ({"allOf": [{"type": "integer", "minimum": 2}, {"maximum": 3}]}, {2, 3}),
        ({"$defs": {"a/b": {"const": 1}}, "$ref": "#/$defs/a~1b"}, {1}),
        ({"anyOf": [{"type": "null"}]}, {None}),
        (True, {"A text for answer."}),
        ({}, {"A text for answer."}),
    ],
)
def test_every_value_that_fits_may_come_and_no_other(schema: Any, instances: set[Any]) -> None:
    assert {make(schema, seed) for seed in range(80)} == instances


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        (False, "no schema that anything fits"),
        ("string", "no schema that anything fits"),
        ({"type": "text"}, "a type that is none: 'text'"),
        ({"enum": []}, "enum that is no list, or an empty one"),
        ({"$ref": "#/$defs/missing"}, "refers to what is not in it"),
        ({"$ref": "https://example.com/schema"}, "refers to what is not in it"),
        ({"$ref": "#"}, "no finite instance"),
        ({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "no finite instance"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "a number from 3 to 2"),
        ({"type": "string", "pattern": "^a+$"}, "cannot write text that matches a pattern"),
        ({"type": "string", "minLength": 3, "maxLength": 2}, "a text of 3 characters or more"),
        ({"type": "string", "minLength": 10**9}, "a text of 1000000000 characters or more"),
        ({"type": "array", "minItems": 10**9}, "an array of 1000000000 items or more"),
        ({"type": "array", "minItems": "two"}, "a minItems that is no whole number"),
        ({"type": "object", "properties": []}, "properties that are none"),
        ({"type": "integer", "minimum": "low"}, "the schema is malformed"),
        ({"type": "number", "multipleOf": 0}, "the schema is malformed"),
        ({"type": "array", "prefixItems": 3}, "the schema is malformed"),
        ({"type": "string", "format": []}, "the schema is malformed"),
    ],
)
def test_a_schema_that_nothing_fits_is_an_error(schema: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        make(schema)
