"""What is written beside the rows: builder.json, what the columns are, and metadata.json, what came of the run."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from importlib.metadata import version
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from notebook_gen.config.columns import Column, Function, SeedColumn
from notebook_gen.config.fingerprints import Fingerprints, fingerprints
from notebook_gen.config.models import DemoModel, Model
from notebook_gen.config.processors import FunctionProcessor, ProcessorSpec, Stage
from notebook_gen.errors import ConfigError
from notebook_gen.events import State
from notebook_gen.plan.graph import list_columns
from notebook_gen.storage.files import as_json

FORMAT = 1
"""Version of the files' layout; raised when older code could not read it."""

_SECRET = re.compile(r"api[-_]?key|authorization|password|secret", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class RunDescription:
    """What a run was asked for.

    Attributes:
        columns: the specs, in order, by what they are declared as.
        models: the models that make them, by alias.
        processors: what changes whole row groups, by stage and name, in order.
        seed: the builder's seed.
        rows: rows asked for.
        row_group_size: rows of each row group but the last.
    """

    columns: Mapping[str, Column]
    models: Mapping[str, Model]
    seed: int
    rows: int
    row_group_size: int
    processors: Mapping[tuple[Stage, str], ProcessorSpec] = field(default_factory=dict)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns that the specs make, in order."""
        return list_columns(self.columns)

    @cached_property
    def fingerprints(self) -> Fingerprints:
        """What makes the columns and changes the row groups, each in a hash."""
        return fingerprints(self.columns, self.models, self.processors)

    def planned_size(self, row_group: int) -> int:
        """Give how many rows a row group has before anything changes their number."""
        return min(self.row_group_size, self.rows - row_group * self.row_group_size)


class Replaced(NamedTuple):
    """What processors made of the whole dataset has taken its place.

    Attributes:
        row_groups: how many there are since.
        rows: how many rows there are since.
        delivered: how many there were before.
        is_renumbered: whether the rows have other numbers since.
    """

    row_groups: int
    rows: int
    delivered: int
    is_renumbered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """How far a run is, or how it ended.

    Attributes:
        delivered: rows written.
        dropped: rows that did not make it.
        started: when it began.
        ended: when it ended; None while it runs.
        replaced: what processors made of the whole dataset; None: nothing yet.
    """

    state: State | Literal["running"]
    delivered: int
    dropped: int
    started: datetime
    ended: datetime | None
    replaced: Replaced | None = None


def builder_content(run: RunDescription) -> dict[str, Any]:
    """Give the content of builder.json: columns, processors, seed tables by name, models without keys, seed."""
    tables = list({id(spec.data): spec.data for spec in run.columns.values() if isinstance(spec, SeedColumn)}.values())
    positions = {id(table): position for position, table in enumerate(tables)}
    return {
        "format": FORMAT,
        "seed": run.seed,
        "columns": {name: _column(spec, positions) for name, spec in run.columns.items()},
        "processors": [_processor(stage, name, spec) for (stage, name), spec in run.processors.items()],
        "seed_data": [table.model_dump(mode="json") for table in tables],
        "models": {alias: _model(model) for alias, model in run.models.items()},
    }


def check_content(content: Mapping[str, Any]) -> None:
    """Check that the content of builder.json can be written.

    Raises:
        ConfigError: it cannot; says what stands in the way.
    """
    for kind in ("columns", "models"):
        for name, described in content[kind].items():
            _check(f"{kind.removesuffix('s')} {name!r}", {name: described})
    _check("the builder", content)


def _check(what: str, content: Mapping[str, Any]) -> None:
    try:
        as_json(content)
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"{what} has {error.object[error.start]!r} in a text, which is no character",
            advice="it is half of a surrogate pair: correct the text, or text.encode('utf-8', 'replace').decode()",
        ) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise ConfigError(
            f"{what} cannot be described in JSON: {error}", advice="give smaller numbers, and values less deeply nested"
        ) from error


def metadata_content(run: RunDescription, progress: RunProgress) -> dict[str, Any]:
    """Give the content of metadata.json."""
    makers = {name: spec.endpoint for name, spec in run.columns.items() if spec.endpoint is not None}
    models = {name: run.models[alias] for name, alias in makers.items()}
    placeholders = [name for name, model in models.items() if isinstance(model, DemoModel)]
    content: dict[str, Any] = {
        "format": FORMAT,
        "notebook_gen": version("notebook-gen"),
        "state": progress.state,
        "started": progress.started.isoformat(timespec="seconds"),
        "ended": progress.ended.isoformat(timespec="seconds") if progress.ended is not None else None,
        "rows": {"asked": run.rows, "delivered": progress.delivered, "dropped": progress.dropped},
        "row_group_size": run.row_group_size,
        "seed": run.seed,
        "columns": list(run.column_names),
        "fingerprints": run.fingerprints._asdict(),
        "models": {
            name: {"alias": makers[name], "model": model.model, "endpoint": _endpoint(model)}
            for name, model in models.items()
        },
        "placeholder_text": bool(placeholders),
    }
    if progress.replaced is not None:
        content |= {"replaced": progress.replaced.row_groups, "renumbered": progress.replaced.is_renumbered}
        content["rows"] |= {"delivered": progress.replaced.delivered, "after_run": progress.replaced.rows}
    if placeholders:
        content["note"] = (
            f"The text in {', '.join(map(repr, placeholders))} is placeholder text of the demo endpoint; "
            "no language model wrote it."
        )
    return content


def _column(spec: Column, tables: Mapping[int, int]) -> dict[str, Any]:
    content = {"type": type(spec).__name__}
    match spec:
        case SeedColumn():
            return content | {"name": spec.name, "seed_data": tables[id(spec.data)]}
        case Function():
            return content | {"name": _name(spec.function)} | spec.model_dump(mode="json")
        case _:
            return content | spec.model_dump(mode="json")


def _processor(stage: Stage, name: str, spec: ProcessorSpec) -> dict[str, Any]:
    content = {"stage": stage, "name": name, "type": type(spec).__name__}
    if isinstance(spec, FunctionProcessor):
        content["function"] = _name(spec.function)
    return content | spec.model_dump(mode="json")


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__qualname__", type(function).__name__))


def _model(model: Model) -> dict[str, Any]:
    content = {"type": type(model).__name__} | model.model_dump(mode="json")
    extra = {name: "(left out)" if _SECRET.search(name) else value for name, value in content["extra"].items()}
    url = content["base_url"]
    return content | {"extra": extra, "base_url": _without_query(url) if url is not None else None}


def _endpoint(model: Model) -> str:
    return "demo endpoint" if isinstance(model, DemoModel) else _without_query(model.url)


def _without_query(url: str) -> str:
    """A URL without what may hold a key."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
