"""Fingerprints: whether what makes a column is the same as in an earlier run, perhaps of another process.

A fingerprint is a hash of all that makes values or decides about rows, and of nothing else: how often or how many at
once something is tried, what it costs, which key pays for it and on which host a model is served may change. No
address in memory, order of hashing or place in a file gets into it, and no secret.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from hashlib import blake2b
from itertools import groupby
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from notebook_gen.config.columns import Column, Function, LLMText, SeedColumn, SeedData
from notebook_gen.config.function_content import function_content
from notebook_gen.config.function_reads import reads_of
from notebook_gen.config.models import DemoModel, Model
from notebook_gen.config.processors import FunctionProcessor, ProcessorSpec, Stage
from notebook_gen.config.wording import is_secret

_DIGEST_BYTES = 16
_SLICE_ROWS = 65_536

NOT_OF_COLUMNS = {"retries", "source", "model"}
NOT_OF_MODELS = {
    *("max_parallel", "timeout", "price", "api_key_env", "base_url", "extra"),
    *("latency", "spread", "faults"),
}
"""Fields that are no part of a fingerprint; of a model, base_url and extra are by what they come to."""


class Fingerprints(NamedTuple):
    """The fingerprints of a builder.

    Attributes:
        columns: by what each is declared as.
        processors: by stage and name, such as "post_batch clean"; those of a stage in the order they run.
    """

    columns: Mapping[str, str]
    processors: Mapping[str, str]

    def without(self, stages: Collection[Stage]) -> "Fingerprints":
        """Leave out the processors of some stages."""
        left = {name: value for name, value in self.processors.items() if _stage(name) not in stages}
        return self._replace(processors=left)

    def changes_since(self, earlier: "Fingerprints", details: Mapping[str, str] | None = None) -> list[str]:
        """Say what is different, each in a few words: "column 'review' has changed (its prompt)".

        Args:
            earlier: what is different from these.
            details: what of a column, where that is known.
        """
        changes = [
            *_changes("column", earlier.columns, self.columns, details or {}),
            *_changes("processor", earlier.processors, self.processors, {}),
        ]
        if not changes and _orders(earlier.processors) != _orders(self.processors):
            return ["the processors have another order"]
        return changes


def fingerprints(
    columns: Mapping[str, Column],
    models: Mapping[str, Model],
    processors: Mapping[tuple[Stage, str], ProcessorSpec] | None = None,
) -> Fingerprints:
    """Give the fingerprints of a builder's columns and processors.

    Args:
        columns: the specs, by what they are declared as.
        models: the model of each alias that they use.
        processors: by stage and name, in order.
    """
    return Fingerprints(
        {name: column_fingerprint(spec, models) for name, spec in columns.items()},
        {f"{stage} {name}": processor_fingerprint(spec) for (stage, name), spec in (processors or {}).items()},
    )


def column_fingerprint(spec: Column, models: Mapping[str, Model]) -> str:
    """Give the fingerprint of a column; its name and those of models are no part of it.

    Args:
        spec: the column.
        models: the model of each alias; only the one that the column uses is looked at.
    """
    content: dict[str, Any] = {"type": type(spec).__name__}
    match spec:
        case SeedColumn():
            content |= _seed_content(spec)
        case Function():
            content |= spec.model_dump(mode="json", exclude=NOT_OF_COLUMNS)
            content |= _of_function(spec.function, spec.source)
        case LLMText():
            content |= spec.model_dump(mode="json", exclude=NOT_OF_COLUMNS)
            content["model"] = _model_content(models[spec.model])
        case _:
            content |= spec.model_dump(mode="json", exclude=NOT_OF_COLUMNS)
    return _digest(content)


def processor_fingerprint(spec: ProcessorSpec) -> str:
    """Give the fingerprint of a processor; its name and stage are no part of it."""
    content = {"type": type(spec).__name__} | spec.model_dump(mode="json", exclude={"source"})
    if isinstance(spec, FunctionProcessor):
        content |= _of_function(spec.function, spec.source)
    return _digest(content)


def _of_function(function: Callable[..., Any], source: str) -> dict[str, Any]:
    reads = reads_of(function)
    # where it reads nothing, it is what it was before reads counted
    return {"function": function_content(function, source)} | ({"reads": reads} if reads else {})


def _changes(
    kind: str, earlier: Mapping[str, str], now: Mapping[str, str], details: Mapping[str, str]
) -> Iterator[str]:
    for name in dict.fromkeys([*earlier, *now]):
        if name not in earlier:
            yield f"{kind} {name!r} is new"
        elif name not in now:
            yield f"{kind} {name!r} is gone"
        elif earlier[name] != now[name]:
            yield f"{kind} {name!r} has changed" + (f" ({details[name]})" if name in details else "")


def _orders(processors: Mapping[str, str]) -> dict[str, list[str]]:
    """The processors of each stage, in order; in which order the stages were declared does not matter."""
    return {stage: list(names) for stage, names in groupby(sorted(processors, key=_stage), key=_stage)}


def _stage(processor: str) -> str:
    return processor.partition(" ")[0]


def _model_content(model: Model) -> dict[str, Any]:
    content = {"type": type(model).__name__} | model.model_dump(mode="json", exclude=NOT_OF_MODELS)
    content["extra"] = {name: value for name, value in model.extra.items() if not is_secret(name)}
    if not isinstance(model, DemoModel):
        content["url"] = path_of(model.url)
    return content


def path_of(url: str) -> str:
    """Give what of a model's address counts: gateways name models in its path.

    A server gets another host or port each time it is started, and what stands behind the question mark may be a key.
    """
    return urlsplit(url).path


def _seed_content(spec: SeedColumn) -> dict[str, Any]:
    """What makes a seed column: its values and their order; not the other columns, nor where the table came from."""
    data = spec.data
    # the order of a shuffle is drawn for the names of all columns
    shuffled = list(data.columns) if data.shuffle else None
    return {"rows": data.rows, "shuffled": shuffled, "values": _values_digest(data, spec.name)}


def _values_digest(data: SeedData, name: str) -> str:
    """A hash of an Arrow table's column: of its type, and of the buffers that would be sent through a stream."""
    column = data.table.select([name])
    kind = str(column.schema.field(name).type)
    digest = blake2b(kind.encode(), digest_size=_DIGEST_BYTES)
    if "dictionary<" in kind:
        # what would be sent of these is numbers; their dictionaries go a way of their own
        for start in range(0, data.rows, _SLICE_ROWS):
            digest.update(repr(column.slice(start, _SLICE_ROWS).to_pydict()).encode())
    else:
        # how the table is cut must not matter
        for batch in column.combine_chunks().to_batches(max_chunksize=_SLICE_ROWS):
            digest.update(batch.serialize())
    return digest.hexdigest()


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()
