"""What a run needs, connected and ready: models, generators, and the job that the scheduler performs."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebook_gen.config.models import DemoModel, Model
from notebook_gen.config.settings import RunSettings
from notebook_gen.engine.ports import ExchangeKeeper, RowGroupWriter
from notebook_gen.engine.scheduler import Job
from notebook_gen.errors import ConfigError, RunError
from notebook_gen.plan.graph import ASYNC_FUNCTIONS, THREADS, ExecutionGraph
from notebook_gen.plan.tasks import RowGroups

if TYPE_CHECKING:
    from notebook_gen.models.client import ChatClient


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
    """A run that is checked and about to begin."""

    graph: ExecutionGraph
    connections: Connections
    groups: RowGroups
    settings: RunSettings
    seed: int

    @property
    def ceilings(self) -> dict[str, int]:
        """Slots of each of the graph's resources."""
        known = {f"model {alias}": model.max_parallel for alias, model in self.connections.models.items()}
        known |= {THREADS: self.settings.threads, ASYNC_FUNCTIONS: self.settings.max_async_functions}
        return {name: known[name] for name in self.graph.resources}

    @asynccontextmanager
    async def open_job(self, writer: RowGroupWriter, exchanges: ExchangeKeeper) -> AsyncIterator[Job]:
        """Connect everything on the run's loop; disconnect it in the end."""
        from notebook_gen.generators import Context, make_generator

        async with AsyncExitStack() as stack:
            complete = {}
            try:
                for alias, model in self.connections.models.items():
                    client = await _connect(model, self.connections.keys[alias])
                    stack.push_async_callback(client.close)
                    complete[alias] = client.complete
            except RunError:
                # no scheduler will ever tell the writer that the run has ended
                await asyncio.to_thread(writer.finish, "failed")
                raise
            context = Context(seed=self.seed, complete=complete)
            yield Job(
                graph=self.graph,
                groups=self.groups,
                generators=[make_generator(node, context) for node in self.graph.nodes],
                writer=writer,
                exchanges=exchanges,
                ceilings=self.ceilings,
                max_open_rows=self.settings.max_open_rows,
                threads=self.settings.threads,
            )


async def _connect(model: Model, key: str | None) -> "ChatClient":
    from notebook_gen.models.client import ChatClient

    if not isinstance(model, DemoModel):
        return ChatClient(model, key=key)
    from notebook_gen.demo.process import demo_endpoint

    endpoint = await asyncio.to_thread(demo_endpoint, model)
    return ChatClient(model, base_url=endpoint.base_url)
