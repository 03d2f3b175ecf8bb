"""Placeholder JSON: an instance of a schema, or an object with the fields that a prompt names."""

import math
import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

TextOf = Callable[[str], str]

# a name, and of its value as much as tells a number, a truth or an array from a text
_EXAMPLE_FIELD = re.compile(r"[\"'](\w[\w -]{0,40})[\"']\s*:\s*<?(\d|int|num|true|false|bool|\[)?")
_NAMED_FIELDS = re.compile(r"\b(?:keys?|fields?|properties|attributes?)\b:?\s+([^.;:\n]{1,200})", re.IGNORECASE)
_COUNTED = re.compile(
    r"score|rating|stars|\bage\b|count|number|year|price|quantity|amount|grade|confidence", re.IGNORECASE
)
_FORMATS: Mapping[str, str] = {
    "date": "2024-0{0}-1{0}",
    "time": "0{0}:15:00Z",
    "date-time": "2024-0{0}-1{0}T0{0}:15:00Z",
    "email": "someone{0}@example.com",
    "uri": "https://example.com/{0}",
    "uuid": "00000000-0000-4000-8000-00000000000{0}",
    "hostname": "host{0}.example.com",
    "ipv4": "192.0.2.{0}",
}
# Below the first depth only what is required is made, so that recursive schemas come to an end; those that do not,
# end at the second.
_FULL_DEPTH, _LAST_DEPTH = 6, 40
_LARGEST = 1000


def make_object(prompt: str, random: Random, text_of: TextOf) -> dict[str, Any]:
    """Make an object with the fields that a prompt shows in an example or lists; or with one, "answer".

    Args:
        prompt: what was asked.
        random: draws the values.
        text_of: writes a text for a field of a name.
    """
    fields = _EXAMPLE_FIELD.findall(prompt)
    listed = _NAMED_FIELDS.search(prompt)
    if not fields and listed:
        chunks = re.split(r", and |,| and ", listed[1])
        fields = [(found[0], "") for chunk in chunks if (found := re.search(r"\w+", chunk))]
    return {name: _value_of(name, kind, random, text_of) for name, kind in fields[:50] or [("answer", "")]}


def _value_of(name: str, kind: str, random: Random, text_of: TextOf) -> Any:
    if kind.isdigit() or kind in ("int", "num") or _COUNTED.search(name):
        return random.randint(1, 5)
    if kind in ("true", "false", "bool") or name.startswith(("is_", "has_")):
        return random.random() < 0.5
    if kind == "[" or name in ("tags", "keywords", "labels", "categories"):
        return [text_of(name) for _ in range(2)]
    return text_of(name)


def make_instance(schema: Any, random: Random, text_of: TextOf) -> Any:
    """Make an instance of a JSON schema.

    Args:
        schema: an object, or true. Understood are types, enum, const, $ref, anyOf, oneOf, allOf, the bounds of
            numbers, texts and arrays, and the common formats.
        random: draws the values.
        text_of: writes a text for a field of a name.

    Raises:
        ValueError: it is no schema, asks for what is not understood (a pattern), or nothing fits it.
    """
    try:
        return _Maker(schema, random, text_of).make(schema, "answer", 0)
    except (TypeError, AttributeError, ArithmeticError) as error:
        # a keyword with a value that is none of its kinds: {"minimum": "low"}
        raise ValueError(f"the schema is malformed: {error}") from error


class _Maker:
    def __init__(self, root: Any, random: Random, text_of: TextOf) -> None:
        self._root = root
        self._random = random
        self._text_of = text_of

    def make(self, schema: Any, name: str, depth: int) -> Any:
        """Make an instance of a schema inside the root; `name` is the field that it is for."""
        schema = self._resolved(schema, depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._random.choice(_listed(schema, "enum"))
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return self._one_of(_listed(schema, union), name, depth)
        match _type(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "string":
                return self._string(schema, name)
            case "integer" | "number" as kind:
                return self._number(schema, whole=kind == "integer")
            case "boolean":
                return self._random.random() < 0.5
            case "null":
                return None
            case kind:
                raise ValueError(f"the schema has a type that is none: {kind!r}")

    def _resolved(self, schema: Any, depth: int) -> dict[str, Any]:
        """Follow references, and merge what must hold together."""
        if depth > _LAST_DEPTH:
            raise ValueError("the schema has no finite instance")
        if schema is True:
            return {"type": "string"}
        if not isinstance(schema, dict):
            raise ValueError(f"this is no schema that anything fits: {schema!r}")  # noqa: TRY004  # a value of JSON
        if "$ref" in schema:
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            return self._resolved(self._target(schema["$ref"]), depth + 1) | rest
        if "allOf" not in schema:
            return schema
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        for part in _listed(schema, "allOf"):
            for key, value in self._resolved(part, depth + 1).items():
                merged[key] = _both(merged[key], value) if key in merged else value
        return merged

    def _target(self, reference: Any) -> Any:
        if not (isinstance(reference, str) and reference.startswith("#")):
            raise ValueError(f"the schema refers to what is not in it: {reference!r}")
        target = self._root
        for step in reference.lstrip("#").split("/")[1:]:
            try:
                target = target[step.replace("~1", "/").replace("~0", "~")]
            except (LookupError, TypeError) as error:
                raise ValueError(f"the schema refers to what is not in it: {reference!r}") from error
        return target

    def _one_of(self, schemas: list[Any], name: str, depth: int) -> Any:
        nothing = [one for one in schemas if isinstance(one, dict) and one.get("type") == "null"]
        something = [one for one in schemas if one not in nothing]
        if nothing and (depth >= _FULL_DEPTH or not something or self._random.random() < 0.2):
            return None
        return self.make(self._random.choice(something), name, depth + 1)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        if not isinstance(properties, dict) or not isinstance(required, list):
            raise ValueError("the schema has properties that are none")  # noqa: TRY004  # a value of JSON
        names = [*properties, *(name for name in required if name not in properties)]
        wanted = names if depth < _FULL_DEPTH else required
        return {name: self.make(properties.get(name, True), name, depth + 1) for name in wanted}

    def _array(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        least = _bound(schema, "minItems", 0)
        most = _bound(schema, "maxItems", max(3, least))
        if least > min(most, _LARGEST):
            raise ValueError(f"the schema wants an array of {least} items or more")
        count = least if depth >= _FULL_DEPTH else self._random.randint(max(least, min(1, most)), min(most, least + 3))
        firsts = schema.get("prefixItems", [])
        items = schema.get("items", True)
        return [
            self.make(firsts[index] if index < len(firsts) else items, name, depth + 1)
            for index in range(max(count, len(firsts)) if items is not False else len(firsts))
        ]

    def _string(self, schema: dict[str, Any], name: str) -> str:
        if "pattern" in schema:
            raise ValueError("the demo endpoint cannot write text that matches a pattern")
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]].format(self._random.randint(1, 9))
        least = _bound(schema, "minLength", 0)
        most = _bound(schema, "maxLength", 100 * _LARGEST)
        if least > most:
            raise ValueError(f"the schema wants a text of {least} characters or more")
        text = self._text_of(name)
        while len(text) < least:
            text += f" {self._text_of(name)}"
        return text[:most]

    def _number(self, schema: dict[str, Any], *, whole: bool) -> float:
        step = schema.get("multipleOf", 1 if whole else 0.01)
        low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf))
        high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf))
        if low == -math.inf:
            low = 0 if high > 0 else high - 100 * step
        if high == math.inf:
            high = low + 100 * step
        first, last = math.ceil(low / step), math.floor(high / step)
        first += first * step == schema.get("exclusiveMinimum")
        last -= last * step == schema.get("exclusiveMaximum")
        if first > last:
            raise ValueError(f"the schema wants a number from {low} to {high} that is a multiple of {step}")
        value = self._random.randint(first, last) * step
        return int(value) if whole else round(value, 10)


def _type(schema: dict[str, Any]) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "array" if "items" in schema else "string")
    return next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else kind


def _both(one: Any, other: Any) -> Any:
    """Merge two values of a keyword that must both hold: properties and required add up, of others the last counts."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one | other
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *(each for each in other if each not in one)]
    return other


def _listed(schema: dict[str, Any], key: str) -> list[Any]:
    values = schema[key]
    if not isinstance(values, list) or not values:
        raise ValueError(f"the schema has a {key} that is no list, or an empty one")
    return values


def _bound(schema: dict[str, Any], key: str, default: int) -> int:
    value = schema.get(key, default)
    if not isinstance(value, int):
        raise ValueError(f"the schema has a {key} that is no whole number")  # noqa: TRY004  # a value of JSON
    return value
