"""What of a column's declaration is not what it was, as far as builder.json tells: a fingerprint only says that."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from notebook_gen.config.fingerprints import NOT_OF_COLUMNS, NOT_OF_MODELS, path_of
from notebook_gen.config.models import OPENAI_URL
from notebook_gen.storage.files import as_json
from notebook_gen.storage.metadata import RunDescription, builder_content

_LONGEST_VALUE = 80
_NOT_OF_COLUMNS: Final = (NOT_OF_COLUMNS - {"source"}) | {"seed_data", "name"}
_NOT_OF_MODELS: Final = NOT_OF_MODELS - {"base_url", "extra"}


def differences(before: Mapping[str, Any], run: RunDescription) -> dict[str, str]:
    """Say of the columns that are declared otherwise, by name, in which of their fields or their models' fields.

    Args:
        before: the content of the builder.json that is there.
        run: what is asked for now.
    """
    now = json.loads(as_json(builder_content(run)))
    columns, models = _mapping(before.get("columns")), _mapping(before.get("models"))
    found = {}
    for name, spec in run.columns.items():
        was, is_now = _mapping(columns.get(name)), now["columns"][name]
        said = [f"its {field}" for field in _unlike(was, is_now) if field not in _NOT_OF_COLUMNS]
        if spec.endpoint is not None:
            alias = was.get("model")
            said += _of_model(
                _mapping(models.get(alias)) if isinstance(alias, str) else {}, now["models"][spec.endpoint]
            )
        if said:
            found[name] = ", ".join(said)
    return found


def _of_model(was: Mapping[str, Any], is_now: Mapping[str, Any]) -> Iterator[str]:
    for field in _unlike(was, is_now):
        if field in _NOT_OF_MODELS or (field == "base_url" and _path(was[field]) == _path(is_now[field])):
            continue
        values = [json.dumps(content[field], ensure_ascii=False) for content in (was, is_now)]
        if any(len(value) > _LONGEST_VALUE for value in values):
            yield f"its model's {field}"
        else:
            yield f"its model's {field} was {values[0]} and is {values[1]}"


def _unlike(was: Mapping[str, Any], is_now: Mapping[str, Any]) -> list[str]:
    return [field for field, value in is_now.items() if field in was and was[field] != value]


def _path(url: object) -> str:
    return path_of(url if isinstance(url, str) else OPENAI_URL)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
