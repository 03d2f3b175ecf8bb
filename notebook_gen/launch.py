"""What a run needs, connected and ready: models, generators, and the job that the scheduler performs."""

import inspect
import os
import re
import warnings
from collections.abc import AsyncIterator, Callable, Container, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from notebook_gen.config.columns import LLMText
from notebook_gen.config.models import DemoModel, Model
from notebook_gen.config.processors import Processors
from notebook_gen.config.settings import RunSettings
from notebook_gen.engine.instructions import GroupStage
from notebook_gen.engine.job import Job
from notebook_gen.engine.ports import CellKeeper, ExchangeKeeper, Processor, RowGroupWriter
from notebook_gen.engine.threads import in_thread
from notebook_gen.errors import ConfigError
from notebook_gen.observers.rows import Storage
from notebook_gen.plan.graph import ASYNC_FUNCTIONS, THREADS, ExecutionGraph, Node
from notebook_gen.plan.tasks import RowGroup, RowGroups
from notebook_gen.plan.values import NO_EARLIER_WORK, EarlierWork, NewDataset
from notebook_gen.run_source import RunPlan
from notebook_gen.storage.frames import numbered_frame

if TYPE_CHECKING:
    from notebook_gen.generators.processors import WholeProcessor
    from notebook_gen.models.client import ChatClient
    from notebook_gen.storage.parquet import ParquetFolder

_IN_SINGLE_BRACES: Final = re.compile(r"(?<!\{)\{\s*(\w+)\s*\}(?!\})")


class RunStorage(RowGroupWriter, Storage, Protocol):
    """Where the rows of a run go, and are read from."""


@dataclass(frozen=True, slots=True)
class Connections:
    """The models that a graph's columns use, each with its key; checked, but not yet connected.

    Attributes:
        models: by alias.
        keys: by alias; None where a model needs none.
    """

    models: Mapping[str, Model]
    keys: Mapping[str, str | None]

    @property
    def has_placeholder_text(self) -> bool:
        """Whether the demo endpoint writes some of the text."""
        return any(isinstance(model, DemoModel) for model in self.models.values())


def check_columns(graph: ExecutionGraph, settings: RunSettings) -> None:
    """Check that the engine can do what the columns ask for, and warn of what they hardly mean.

    Raises:
        ConfigError: a column changes the number of rows, and the engine is the async one.
    """
    for node in graph.nodes:
        if isinstance(node.spec, LLMText):
            _warn_of_single_braces(node.name, f"{node.spec.system or ''} {node.spec.prompt}", graph.columns)
            _warn_of_replaced_sides(node)
        if node.allow_resize and settings.engine == "async":
            raise ConfigError(
                "says allow_resize=True: it may change the number of rows, which the async engine cannot do",
                advice='use settings=ng.RunSettings(engine="sequential"), or give as many values as there are rows',
                column=node.name,
            )


def _warn_of_single_braces(column: str, prompt: str, columns: Container[str]) -> None:
    for name in _IN_SINGLE_BRACES.findall(prompt):
        if name in columns:
            warnings.warn(
                f"column {column!r}: the model is sent {{{name}}} as it stands; for the value of {name!r}, write "
                f"{{{{ {name} }}}}",
                stacklevel=_calls_of_ours(),
            )


def _warn_of_replaced_sides(node: Node) -> None:
    for name in node.spec.side_names(node.name):
        if name not in node.outputs:
            warnings.warn(
                f"column {node.name!r}: its side output {name!r} is not kept, as a column of that name is declared; "
                "leave it out of side_outputs, or call the column otherwise",
                stacklevel=_calls_of_ours(),
            )


def _calls_of_ours() -> int:
    """How many of the calls under way are this package's, this one counted; the one before them is the user's."""
    frame, count = inspect.currentframe(), 0
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == __package__:
        frame, count = frame.f_back, count + 1
    return count


def check_models(graph: ExecutionGraph, models: Mapping[str, Model]) -> Connections:
    """Find the model of every LLM column; with no models at all, the demo endpoint stands in for each.

    Raises:
        ConfigError: a column's model is not declared, or its key is not in the environment.
    """
    used: dict[str, Model] = {}
    keys: dict[str, str | None] = {}
    for node in graph.nodes:
        alias = node.model
        if alias is None or alias in used:
            continue
        if models and alias not in models:
            raise ConfigError(
                f"uses the model {alias!r}, which is not declared",
                advice=f"declare it, builder.models[{alias!r}] = ng.Model(…), or use one of {list(models)}",
                column=node.name,
            )
        from notebook_gen.models.keys import resolve_key

        used[alias] = models[alias] if models else DemoModel()
        keys[alias] = resolve_key(used[alias], os.environ)
    return Connections(used, keys)


@dataclass(frozen=True, slots=True)
class Launch:
    """A run that is checked and about to begin.

    Attributes:
        earlier: what an earlier run has left in the same place.
        kept: where finished cells are kept until their row group is written; None: nowhere.
    """

    graph: ExecutionGraph
    connections: Connections
    groups: RowGroups
    settings: RunSettings
    seed: int
    processors: Processors
    earlier: EarlierWork = NO_EARLIER_WORK
    kept: CellKeeper | None = None

    def going_on(self, storage: "ParquetFolder") -> "Launch":
        """Give this run as it goes on from what an earlier one left in its folder, if there was one."""
        size, earlier, kept = self.groups.size, storage.earlier, storage.open_cells(self.graph)
        groups = earlier.groups if earlier is not None else {}
        finished = {number: group.rows for number, group in groups.items()}
        sizes = {number: len(group.rows) + group.dropped for number, group in groups.items()}
        others = {number: rows for number, rows in sizes.items() if rows != self.groups[number].size}
        left_out: dict[int, int] = {}
        processors = self.processors
        if earlier is not None and earlier.replaced is not None:
            processors = Processors()
            processors.update({key: spec for key, spec in self.processors.items() if key[0] != "after_run"})
            if not earlier.replaced.is_renumbered:
                left_out = {number: self.groups[number].size - rows for number, rows in others.items()}
                others = {}
        cells = {number: nodes for number, nodes in kept.counts(size).items() if number not in finished}
        written = earlier.rows if earlier is not None else {}
        parts = {number: len(rows) for number, rows in written.items() if number not in finished}
        work = EarlierWork(finished, cells.keys(), others, left_out, parts, cells)
        return replace(self, earlier=work, kept=kept, processors=processors)

    @property
    def ceilings(self) -> dict[str, int]:
        """Slots of each of the graph's resources."""
        known = {f"model {alias}": model.max_parallel for alias, model in self.connections.models.items()}
        known |= {THREADS: self.settings.threads, ASYNC_FUNCTIONS: self.settings.max_async_functions}
        return {name: known[name] for name in self.graph.resources}

    def plan_run(self, storage: RunStorage, *, title: str, destination: str | None) -> RunPlan:
        """Give what the run's handle has to know of it.

        Args:
            storage: where rows go.
            title: what it is, in a few words.
            destination: the folder of a create; None for a preview.
        """
        from notebook_gen.storage.memory import ExchangeLog

        return RunPlan(
            graph=self.graph,
            rows=self.groups.rows,
            row_group_size=self.groups.size,
            title=title,
            ceilings=self.ceilings,
            storage=storage,
            destination=destination,
            placeholder_text=self.connections.has_placeholder_text,
            trace=self.settings.trace,
            models=self.connections.models,
            exchanges=ExchangeLog(),
            processors=self.processors,
            earlier=self.earlier,
        )

    @asynccontextmanager
    async def open_job(
        self, storage: RunStorage, exchanges: ExchangeKeeper, after_write: Callable[[RowGroup], None] | None = None
    ) -> AsyncIterator[Job]:
        """Connect everything on the run's loop; disconnect it in the end.

        Args:
            storage: where rows go.
            exchanges: where exchanges with models go.
            after_write: called in a thread after each row group that was written.
        """
        async with AsyncExitStack() as stack:
            try:
                yield self._make_job(await self._connect_all(stack), storage, exchanges, after_write)
            except BaseException:
                # no scheduler tells the storage that the run has ended: there is none, or its own task was cancelled
                await in_thread(storage.finish, "failed")
                raise

    async def _connect_all(self, stack: AsyncExitStack) -> "dict[str, ChatClient]":
        clients = {}
        for alias, model in self.connections.models.items():
            clients[alias] = await _connect(model, self.connections.keys[alias])
            stack.push_async_callback(clients[alias].close)
        return clients

    def _make_job(
        self,
        clients: "Mapping[str, ChatClient]",
        storage: RunStorage,
        exchanges: ExchangeKeeper,
        after_write: Callable[[RowGroup], None] | None,
    ) -> Job:
        from notebook_gen.generators import Context, make_condition, make_generator

        context = Context(seed=self.seed, complete={alias: client.complete for alias, client in clients.items()})
        conditions = {node.index: make_condition(node) for node in self.graph.nodes}
        return Job(
            graph=self.graph,
            groups=self.groups,
            generators=[make_generator(node, context) for node in self.graph.nodes],
            writer=storage,
            exchanges=exchanges,
            ceilings=self.ceilings,
            settings=self.settings,
            conditions={node: made for node, made in conditions.items() if made is not None},
            processors=self._make_processors(),
            after_write=after_write,
            after_run=self._make_after_run(storage),
            earlier=self.earlier,
            kept=self.kept,
        )

    def _make_processors(self) -> dict[GroupStage, Processor]:
        from notebook_gen.generators import make_processor

        columns = {
            "pre_batch": [name for name, node in self.graph.columns.items() if not self.graph.nodes[node].upstream],
            "post_batch": list(self.graph.columns),
        }
        stages: tuple[GroupStage, ...] = ("pre_batch", "post_batch")
        made = {stage: make_processor(stage, self.processors.at(stage), columns[stage]) for stage in stages}
        return {stage: processor for stage, processor in made.items() if processor is not None}

    def _make_after_run(self, storage: RunStorage) -> "_AfterRun | None":
        from notebook_gen.generators import make_after_run

        processor = make_after_run(self.processors.at("after_run"))
        may_resize = any(node.allow_resize for node in self.graph.nodes)
        return _AfterRun(processor, storage, may_resize) if processor is not None else None


@dataclass(frozen=True, slots=True)
class _AfterRun:
    """The processors of the whole dataset, and where they find it."""

    processor: "WholeProcessor"
    storage: Storage
    may_resize: bool

    def process(self) -> NewDataset:
        """Give what takes the place of all rows that were written."""
        made = self.processor.process(numbered_frame(self.storage.table(), self.storage))
        return made._replace(rows=None) if self.may_resize else made

    def at_work(self) -> str:
        """Name the processor that the dataset is with."""
        return self.processor.at_work()


async def _connect(model: Model, key: str | None) -> "ChatClient":
    from notebook_gen.models.client import ChatClient

    if not isinstance(model, DemoModel):
        return ChatClient(model, key=key)
    from notebook_gen.demo.process import demo_endpoint

    endpoint = await in_thread(demo_endpoint, model)
    return ChatClient(model, base_url=endpoint.base_url)
