"""What SchedulerCore asks its shell to do; what was done is told back to the core."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from notebook_gen.events import CellFailed, Event, RowDropped, State
from notebook_gen.plan.tasks import RowGroup

GroupStage = Literal["pre_batch", "post_batch"]
"""When a row group is given to processors."""

UserStage = GroupStage | Literal["written", "after_run"]
"""When the user's code is called: processors, the callback for a written row group, processors of all rows."""


class MakeInPlace(NamedTuple):
    """Cells to make on the spot; told with `made_in_place`."""

    node: int
    row_group: RowGroup
    rows: Sequence[int]


class DecideSkips(NamedTuple):
    """Rows whose condition is to be evaluated on the spot; told with `skips_decided`."""

    node: int
    row_group: RowGroup
    rows: Sequence[int]


class LookUp(NamedTuple):
    """Rows whose cell an earlier run may have made: it is to be taken over if so; told with `looked_up`."""

    node: int
    row_group: RowGroup
    rows: Sequence[int]


class FillCells(NamedTuple):
    """Cells that nobody makes: they get the node's skip value, or nothing; not told back."""

    node: int
    row_group: RowGroup
    rows: Sequence[int]
    why: Literal["skipped", "failed"]


class ProcessRowGroup(NamedTuple):
    """Rows to give to the processors of a stage; told with `processed` or `processor_failed`."""

    stage: GroupStage
    row_group: RowGroup
    rows: Sequence[int]


class WriteRowGroup(NamedTuple):
    """Rows to write; told with `written` or `write_failed`.

    Attributes:
        rows: the rows that have all their cells, in order.
        dropped: the rows given up, in the order it happened.
        empty: the cells of these rows that failed for good and stay empty, in the order it happened.
    """

    row_group: RowGroup
    rows: Sequence[int]
    dropped: Sequence[RowDropped]
    empty: Sequence[CellFailed] = ()


class CallBack(NamedTuple):
    """A written row group to tell the user's callback of, one at a time; told with `called_back`."""

    row_group: RowGroup


class ProcessDataset(NamedTuple):
    """All rows to give to processors, as the run has come to its end; told with `dataset_done`."""


class ReplaceDataset(NamedTuple):
    """What the processors made of all rows, to take their place; told with `dataset_done` and `DatasetReplaced`."""


UserCall = ProcessRowGroup | CallBack | ProcessDataset
"""A call of the user's code that may never return."""


class StopWork(NamedTuple):
    """Nothing more is started; what is in flight is to be ended; told with `stopped`."""


class EndRun(NamedTuple):
    """The run is over; the last instruction.

    Attributes:
        left_behind: calls that were given up; whatever they give is told to nobody.
    """

    state: State
    error: Exception | None
    left_behind: Sequence[UserCall] = ()


Instruction = (
    Event
    | MakeInPlace
    | DecideSkips
    | LookUp
    | FillCells
    | ProcessRowGroup
    | WriteRowGroup
    | CallBack
    | ProcessDataset
    | ReplaceDataset
    | StopWork
    | EndRun
)
