"""Job: what a run is made of, ready to be performed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from notebook_gen.config.settings import RunSettings
from notebook_gen.engine.instructions import GroupStage, UserStage
from notebook_gen.engine.ports import (
    CellKeeper,
    DatasetProcessor,
    ExchangeKeeper,
    Generator,
    Processor,
    RowGroupWriter,
    SkipCondition,
)
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.plan.tasks import RowGroup, RowGroups
from notebook_gen.plan.values import NO_EARLIER_WORK, EarlierWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a run is made of.

    Attributes:
        graph: what makes what.
        groups: the rows and how they fall into row groups.
        generators: the hands of each node, in the graph's order.
        writer: where finished row groups go.
        exchanges: where exchanges with models go.
        ceilings: slots of each of the graph's resources.
        settings: how to go about it.
        conditions: what decides about skips, by node.
        processors: what changes row groups, by stage.
        after_write: the user's function, called in a thread after each row group that was written, one at a time.
        after_run: changes the whole dataset when all of it is written.
        earlier: what an earlier run has left.
        kept: where cells are kept until their row group is written; None: nowhere.
    """

    graph: ExecutionGraph
    groups: RowGroups
    generators: Sequence[Generator]
    writer: RowGroupWriter
    exchanges: ExchangeKeeper
    ceilings: Mapping[str, int]
    settings: RunSettings
    conditions: Mapping[int, SkipCondition] = field(default_factory=dict)
    processors: Mapping[GroupStage, Processor] = field(default_factory=dict)
    after_write: Callable[[RowGroup], None] | None = None
    after_run: DatasetProcessor | None = None
    earlier: EarlierWork = NO_EARLIER_WORK
    kept: CellKeeper | None = None

    @property
    def stages(self) -> Sequence[UserStage]:
        """Where the user's code is called with what was made."""
        told: tuple[UserStage, ...] = ("written",) if self.after_write is not None else ()
        last: tuple[UserStage, ...] = ("after_run",) if self.after_run is not None else ()
        return (*self.processors, *told, *last)
