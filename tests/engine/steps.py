"""SchedulerCore step by step: short names for what a test does to it, one resource after the other."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from notebook_gen.config.columns import Column, Function
from notebook_gen.config.settings import RunSettings
from notebook_gen.engine.core import SchedulerCore
from notebook_gen.engine.instructions import Instruction, UserStage
from notebook_gen.engine.sequential import SequentialCore
from notebook_gen.errors import GenerationError
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import RowGroups, Task
from notebook_gen.plan.values import NO_EARLIER_WORK, EarlierWork

T = TypeVar("T")


def function(*reads: str, **options: Any) -> Function:
    """An async function that reads these columns."""
    return Function(function=len, reads=reads, is_async=True, **options)


class Steps:
    """A core that has begun, and everything it asked for.

    Args:
        columns: what it makes.
        rows: rows asked for.
        size: rows of a row group.
        slots: slots of every resource.
        stages: where there are processors, or a callback.
        earlier: what an earlier run has left.
        settings: what differs from the defaults.
    """

    def __init__(
        self,
        columns: Mapping[str, Column],
        rows: int,
        *,
        size: int = 10,
        slots: int = 4,
        stages: Sequence[UserStage] = (),
        earlier: EarlierWork = NO_EARLIER_WORK,
        **settings: Any,
    ) -> None:
        self.graph = build_graph(columns)
        chosen = RunSettings(**settings)
        core_type = SequentialCore if chosen.engine == "sequential" else SchedulerCore
        ceilings = dict.fromkeys(self.graph.resources, slots)
        self.core = core_type(self.graph, RowGroups(rows, size), ceilings, chosen, stages, earlier)
        self.started: dict[Task, float] = {}
        self.core.start(0.0)

    def take(self, now: float, resource: int = 0) -> Task | None:
        """Take a task, if there is one for a slot of the resource."""
        taken = self.core.take(resource, now)
        if taken is None:
            return None
        self.started[taken[0]] = now
        return taken[0]

    def take_all(self, now: float) -> list[Task]:
        """Fill the slots of all resources."""
        tasks = []
        for resource in range(len(self.core.resources)):
            while (task := self.take(now, resource)) is not None:
                tasks.append(task)
        return tasks

    def end(self, task: Task, now: float, error: GenerationError | None = None) -> bool:
        """End a task; gives whether it gets another attempt."""
        return self.core.finished(task, self.started.pop(task), error, now)

    def end_all(self, now: float, error: GenerationError | None = None) -> None:
        """End all tasks in flight."""
        for task in list(self.started):
            self.end(task, now, error)

    def told(self) -> list[Instruction]:
        """Everything the core asked for since the last look."""
        instructions = list(self.core.outbox)
        self.core.outbox.clear()
        return instructions

    def told_of(self, kind: type[T]) -> list[T]:
        """As `told`, but only what is of one kind."""
        return [instruction for instruction in self.told() if isinstance(instruction, kind)]

    def the(self, kind: type[T]) -> T:
        """The one instruction of a kind since the last look."""
        (instruction,) = self.told_of(kind)
        return instruction
