"""Outgoing: rows on their way out, through processors, to storage and the callback, each step in a thread."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from notebook_gen.engine.buffers import RowGroupBuffers
from notebook_gen.engine.core import SchedulerCore
from notebook_gen.engine.instructions import (
    CallBack,
    EndRun,
    ProcessDataset,
    ProcessRowGroup,
    ReplaceDataset,
    UserCall,
    WriteRowGroup,
)
from notebook_gen.engine.job import Job
from notebook_gen.engine.threads import DaemonThreads, in_thread
from notebook_gen.errors import ProcessorError, RunCancelled, RunError, WriteError
from notebook_gen.events import CellFailed, DatasetReplaced, RowDropped
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.plan.values import FailedCell, NewDataset, Processed

Order = ProcessRowGroup | WriteRowGroup | CallBack | ProcessDataset | ReplaceDataset
"""What is to be done with rows on their way out."""

_log = logging.getLogger("notebook_gen")


class Outgoing:
    """Processes row groups, writes them, tells the user's callback of them, and processes the whole dataset.

    Args:
        job: what the run is made of.
        core: is told what was done.
        buffers: where values are.
        threads: what the user's code runs in; it may last for ever, or wait for another run to be written.
        now: tells the seconds since the run began.
    """

    def __init__(
        self,
        job: Job,
        core: SchedulerCore,
        buffers: RowGroupBuffers,
        threads: DaemonThreads,
        now: Callable[[], float],
    ) -> None:
        self._names = [node.name for node in job.graph.nodes]
        self._seeds = [name for node in job.graph.nodes if not node.upstream for name in node.outputs]
        self._core = core
        self._buffers = buffers
        self._threads = threads
        self._now = now
        self._writer = job.writer
        self._kept = job.kept
        self._processors = job.processors
        self._after_write = job.after_write
        self._after_run = job.after_run
        self._processed: dict[int, Processed] = {}
        self._dataset = NewDataset({}, None)

    async def perform(self, order: Order) -> None:
        """Do what is to be done, and tell the core."""
        match order:
            case ProcessRowGroup():
                await self._process(order)
            case WriteRowGroup():
                await self._write(order)
            case CallBack():
                await self._call_back(order)
            case ProcessDataset():
                await self._process_dataset()
            case ReplaceDataset():
                await self._replace_dataset()

    async def _process(self, order: ProcessRowGroup) -> None:
        """Give rows to the processors of a stage; what they make of them takes the rows' place."""
        group = order.row_group
        # before the batch, nothing is made but the seed columns
        names = self._seeds if order.stage == "pre_batch" else None
        columns = self._buffers.take(group.number, order.rows, names)
        try:
            process = self._processors[order.stage].process
            made = await self._threads.call(process, group, order.rows, columns)
        except ProcessorError as error:
            self._core.processor_failed(order, error, self._now())
            return
        if order.stage == "post_batch":
            self._processed[group.number] = made
        elif group.number in self._core.tracker.groups:
            # else the run was stopped meanwhile, and what was finished of the row group has left
            for name, values in made.columns.items():
                self._buffers.put_rows(group.number, made.rows, name, values)
        self._core.processed(order, made.dropped, self._now())

    async def _write(self, order: WriteRowGroup) -> None:
        """Write a row group."""
        number = order.row_group.number
        processed = self._processed.pop(number, None)
        columns = self._buffers.take(number, order.rows) if processed is None else processed.columns
        try:
            await in_thread(self._store, order, columns)
        except WriteError as error:
            self._core.write_failed(number, error)
            return
        self._buffers.free(number)
        if self._kept is not None and len(order.rows) + len(order.dropped) >= order.row_group.size:
            self._kept.forget(order.row_group)
        self._core.written(number, len(order.rows), self._now())

    async def _call_back(self, order: CallBack) -> None:
        """Tell the user's callback of a written row group."""
        error = await self._threads.call(self._tell, order.row_group)
        if not self._core.called_back(error) and error is not None:
            _log.warning("the run was ending already when %s", error, exc_info=error.__cause__)

    async def _process_dataset(self) -> None:
        """Give the whole dataset to its processors."""
        error = None
        try:
            if self._after_run is not None:
                self._dataset = await self._threads.call(self._after_run.process)
        except RunError as failure:
            error = failure
        self._core.dataset_done(error)

    async def _replace_dataset(self) -> None:
        """Let what the processors made of the dataset take its place."""
        # the run's handle may live for long, and all that is of the run with it
        dataset, self._dataset = self._dataset, NewDataset({}, None)
        try:
            await in_thread(self._writer.replace, dataset)
        except WriteError as failure:
            self._core.dataset_done(failure)
            return
        self._core.dataset_done(DatasetReplaced(self._now(), dataset.row_count, is_renumbered=dataset.rows is None))

    def name_left_behind(self, end: EndRun) -> None:
        """Let the run's error name the user's functions that were given up."""
        names = self.names_of(end.left_behind)
        if isinstance(end.error, RunCancelled):
            end.error.left_behind = names
        elif names and end.error is not None:
            end.error.add_note(f"left behind, as the run was cancelled meanwhile: {', '.join(names)}")

    def names_of(self, calls: Sequence[UserCall]) -> tuple[str, ...]:
        """Name the user's functions that were called; on any thread."""
        return tuple(map(self._name, calls))

    def _name(self, call: UserCall) -> str:
        match call:
            case CallBack():
                return f"on_row_group (row group {call.row_group.number})"
            case ProcessRowGroup():
                name = self._processors[call.stage].at_work(call.row_group)
                return f"processor {name!r} ({call.stage}, row group {call.row_group.number})"
            case ProcessDataset():
                return f"processor {self._after_run.at_work() if self._after_run is not None else ''!r} (after_run)"

    def _tell(self, group: RowGroup) -> RunError | None:
        # told apart here, in the thread: outside, a CancelledError of the user's would look like one of the loop's
        try:
            if self._after_write is not None:
                self._after_write(group)
        except BaseException as error:  # noqa: BLE001  # the user's code; recorded as what ended the run
            failure = RunError(
                f"on_row_group raised {': '.join(filter(None, (type(error).__name__, str(error))))}, "
                f"for row group {group.number}",
                advice="the rows written so far are kept",
            )
            failure.__cause__ = error
            return failure
        return None

    def _store(self, order: WriteRowGroup, columns: Mapping[str, Sequence[Any]]) -> None:
        if order.dropped or not order.row_group.size:
            self._writer.write_dropped(order.row_group, self._failed_cells(order.dropped))
        self._writer.write_empty(order.row_group, self._failed_cells(order.empty))
        if order.rows:
            self._writer.write(order.row_group, columns, order.rows)

    def _failed_cells(self, failed: Sequence[RowDropped | CellFailed]) -> Sequence[FailedCell]:
        return [
            FailedCell(cell.row, self._names[cell.node] if cell.node is not None else "", cell.attempt, cell.error)
            for cell in failed
        ]
