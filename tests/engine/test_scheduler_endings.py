"""AsyncTaskScheduler on a real event loop: cancelling, callbacks, and what is told in the end."""

import asyncio
import gc
import logging
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

import pytest

from notebook_gen.config.columns import Column, Integer, LLMText
from notebook_gen.engine.instructions import GroupStage
from notebook_gen.engine.scheduler import AsyncTaskScheduler
from notebook_gen.errors import ProcessorError, RateLimited, RunCancelled, RunError, Transient, WriteError
from notebook_gen.events import (
    Event,
    LimitMoved,
    RowGroupWritten,
    RunFinished,
    State,
    TaskEnded,
    TaskStarted,
    WorkStopped,
)
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.plan.values import Made, NewDataset, Processed
from tests.engine.fakes import (
    Afterwards,
    Changing,
    Count,
    Failing,
    Forever,
    Gate,
    Held,
    Shelf,
    play,
    reads,
    run,
    scheduler_of,
)


def test_cancel_ends_what_is_in_flight_and_tells_storage() -> None:
    shelf = Shelf()

    async def main() -> tuple[RunFinished, int]:
        forever = Forever(expected=4)
        scheduler, _ = scheduler_of({"n": Integer(0, 9), "a": reads("n")}, [Count(), forever], shelf)
        task = asyncio.create_task(scheduler.run())
        await forever.is_full.wait()
        scheduler.cancel()
        return await task, forever.waiting

    finished, waiting = play(main())

    assert finished.state == "cancelled"
    assert isinstance(finished.error, RunCancelled)
    assert waiting == 0
    assert shelf.endings == ["cancelled"]


def test_cancel_keeps_finished_rows_and_makes_no_new_call() -> None:
    shelf = Shelf()

    class SomeAreQuick(Forever):
        async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
            return Made((row,)) if row < 3 else await super().make(group, row, inputs)

    async def main() -> list[Event]:
        some = SomeAreQuick(expected=4)
        scheduler, events = scheduler_of({"a": reads()}, [some], shelf)
        task = asyncio.create_task(scheduler.run())
        await some.is_full.wait()
        scheduler.cancel()
        cancelled = len(events)
        await task
        return events[cancelled:]

    after = play(main())

    assert sorted(shelf.rows) == [0, 1, 2]
    assert [type(event) for event in after] == [WorkStopped, RowGroupWritten, RowGroupWritten, RunFinished]


def test_a_run_cancelled_before_it_begins_makes_nothing() -> None:
    async def main() -> tuple[RunFinished, list[Event]]:
        scheduler, events = scheduler_of({"n": Integer(0, 9), "a": reads("n")}, [Count(), Forever()], Shelf())
        scheduler.cancel()
        return await scheduler.run(), events

    finished, events = play(main())

    assert finished.state == "cancelled"
    assert not [event for event in events if isinstance(event, TaskStarted)]


def test_cancel_after_the_end_is_harmless() -> None:
    async def main() -> tuple[RunFinished, list[Event]]:
        scheduler, events = scheduler_of({"a": reads()}, [Failing({})], Shelf())
        finished = await scheduler.run()
        scheduler.cancel()
        return finished, events

    finished, events = play(main())

    assert finished.state == "finished"
    assert events[-1] is finished


def test_cancel_wakes_a_run_that_sleeps_until_a_deferred_task_is_due() -> None:
    async def main() -> RunFinished:
        gate = Gate(lambda event: isinstance(event, TaskEnded) and event.again)
        failing = Failing({0: [Transient("it broke")]})
        settings = {"backoff": 3600.0}
        scheduler, _ = scheduler_of({"a": reads()}, [failing], Shelf(), rows=1, settings=settings, observer=gate)
        task = asyncio.create_task(scheduler.run())
        await gate.opened.wait()
        scheduler.cancel()
        return await task

    assert play(main()).state == "cancelled"


def test_cancel_wakes_a_run_whose_endpoint_wants_to_be_left_alone() -> None:
    async def main() -> RunFinished:
        gate = Gate(lambda event: isinstance(event, LimitMoved))
        failing = Failing({0: [RateLimited("slow down", retry_after=3600.0)]})
        scheduler, _ = scheduler_of({"text": LLMText("Write.")}, [failing], Shelf(), rows=1, observer=gate)
        task = asyncio.create_task(scheduler.run())
        await gate.opened.wait()
        scheduler.cancel()
        return await task

    assert play(main()).state == "cancelled"


@pytest.mark.parametrize("stage", ["pre_batch", "post_batch"])
def test_a_processor_still_in_its_thread_when_the_run_is_cancelled(stage: GroupStage) -> None:
    shelf = Shelf()

    async def main() -> RunFinished:
        held = Held()

        class Slow(Changing):
            def process(self, group: RowGroup, rows: Sequence[int], columns: Mapping[str, Sequence[Any]]) -> Processed:
                held()
                return super().process(group, rows, columns)

        columns: dict[str, Column] = {"n": Integer(0, 9), "a": reads("n")}
        scheduler, _ = scheduler_of(columns, [Count(), Failing({})], shelf, rows=4, processors={stage: Slow()})
        task = asyncio.create_task(scheduler.run())
        await held.begun.wait()
        scheduler.cancel()
        held.released.set()
        return await task

    finished = play(main())

    # before the batch no row is finished yet; behind it all are, and they are written processed
    assert finished.state == "cancelled"
    assert sorted(shelf.rows) == ([] if stage == "pre_batch" else [0, 1, 2, 3])


def test_a_processor_still_in_its_thread_when_the_row_group_of_a_cancelled_run_has_left() -> None:
    async def main() -> RunFinished:
        held, gate = Held(), Gate(lambda event: isinstance(event, RowGroupWritten))

        class Slow(Changing):
            def process(self, group: RowGroup, rows: Sequence[int], columns: Mapping[str, Sequence[Any]]) -> Processed:
                held()
                return super().process(group, rows, columns)

        scheduler, _ = scheduler_of(
            {"n": Integer(0, 9), "a": reads("n")},
            [Count(), Failing({})],
            Shelf(),
            rows=4,
            observer=gate,
            processors={"pre_batch": Slow(n=str)},
        )
        task = asyncio.create_task(scheduler.run())
        await held.begun.wait()
        scheduler.cancel()
        await gate.opened.wait()
        held.released.set()
        return await task

    assert play(main()).state == "cancelled"


def test_a_processor_that_never_returns_does_not_hold_up_a_run_that_is_cancelled_before_the_batch() -> None:
    async def main() -> RunFinished:
        held = Held()

        class Stuck(Changing):
            def process(self, group: RowGroup, rows: Sequence[int], columns: Mapping[str, Sequence[Any]]) -> Processed:
                held()
                return super().process(group, rows, columns)

        scheduler, _ = scheduler_of(
            {"n": Integer(0, 9), "a": reads("n")}, [Count(), Failing({})], Shelf(), processors={"pre_batch": Stuck()}
        )
        task = asyncio.create_task(scheduler.run())
        await held.begun.wait()
        scheduler.cancel()
        finished = await asyncio.wait_for(task, 20)
        held.released.set()
        return finished

    assert play(main()).state == "cancelled"


def test_processors_that_wait_for_another_run_do_not_keep_it_from_being_written() -> None:
    async def main() -> tuple[RunFinished, RunFinished]:
        released = threading.Event()

        class Waiting(Changing):
            def process(self, group: RowGroup, rows: Sequence[int], columns: Mapping[str, Sequence[Any]]) -> Processed:
                assert released.wait(30)
                return super().process(group, rows, columns)

        settings = {"row_group_size": 1, "max_open_rows": 40}
        many, _ = scheduler_of(
            {"a": reads()}, [Failing({})], Shelf(), rows=40, settings=settings, processors={"post_batch": Waiting()}
        )
        outer = asyncio.create_task(many.run())
        while many.core.tracker.groups.keys() != set(range(40)) or many.core.resources[0].in_flight:  # noqa: ASYNC110
            await asyncio.sleep(0)
        other, _ = scheduler_of({"a": reads()}, [Failing({})], Shelf())
        inner = await asyncio.wait_for(other.run(), 10)
        released.set()
        return await outer, inner

    outer, inner = play(main())

    assert (outer.state, inner.state) == ("finished", "finished")


def test_a_processor_that_fails_in_its_thread_after_the_run_was_cancelled_is_told() -> None:
    error = ProcessorError("raised", processor="p", stage="post_batch", row_group=0)

    async def main() -> RunFinished:
        held = Held()

        class Slow:
            def process(self, group: RowGroup, rows: Sequence[int], columns: Mapping[str, Sequence[Any]]) -> Processed:
                held()
                raise error

            def at_work(self, group: RowGroup) -> str:
                return "slow"

        scheduler, _ = scheduler_of({"a": reads()}, [Failing({})], Shelf(), rows=2, processors={"post_batch": Slow()})
        return await _cancelled_while(held, scheduler)

    finished = play(main())

    assert (finished.state, finished.error) == ("failed", error)


def test_a_write_that_fails_while_the_run_is_being_cancelled_is_told() -> None:
    error = WriteError("the disk is full")

    async def main() -> RunFinished:
        held = Held()

        class FullShelf(Shelf):
            def write(self, group: RowGroup, columns: Mapping[str, Sequence[Any]], rows: Sequence[int]) -> None:
                held()
                raise error

        scheduler, _ = scheduler_of({"a": reads()}, [Failing({})], FullShelf(), rows=2)
        return await _cancelled_while(held, scheduler)

    finished = play(main())

    assert (finished.state, finished.error) == ("failed", error)


def test_a_function_still_in_its_thread_does_not_hold_up_a_cancelled_run() -> None:
    async def main() -> RunFinished:
        held = Held()

        class Slow:
            def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
                held()
                return Made((row,))

        scheduler, _ = scheduler_of({"a": reads(is_async=False)}, [Slow()], Shelf(), rows=1)
        task = asyncio.create_task(scheduler.run())
        await held.begun.wait()
        scheduler.cancel()
        finished = await task
        held.released.set()
        return finished

    assert play(main()).state == "cancelled"


def test_a_function_that_swallows_its_cancellation_is_cancelled_again() -> None:
    swallowed = 0

    async def main() -> RunFinished:
        begun = asyncio.Event()

        class Stubborn:
            async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
                nonlocal swallowed
                begun.set()
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    swallowed += 1
                await asyncio.Event().wait()
                raise AssertionError("an event that nobody sets was set")

        scheduler, _ = scheduler_of({"a": reads()}, [Stubborn()], Shelf(), rows=1)
        task = asyncio.create_task(scheduler.run())
        await begun.wait()
        scheduler.cancel()
        finished = await task
        assert len(asyncio.all_tasks()) == 1, "a task survived the run"
        return finished

    assert play(main()).state == "cancelled"
    assert swallowed == 1


def test_what_ends_after_its_run_was_left_behind_is_told_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notebook_gen.engine.scheduler._PATIENCE", 0.01)
    shelf = Shelf()

    async def main() -> list[Event]:
        begun, released = asyncio.Event(), asyncio.Event()

        class Deaf:
            async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
                begun.set()
                while not released.is_set():
                    with suppress(asyncio.CancelledError):
                        await released.wait()
                return Made((row,))

        scheduler, events = scheduler_of({"a": reads()}, [Deaf()], shelf, rows=1)
        task = asyncio.create_task(scheduler.run())
        await begun.wait()
        scheduler.cancel()
        await task
        left_behind = asyncio.all_tasks() - {asyncio.current_task()}
        released.set()
        await asyncio.wait(left_behind)
        assert [slot.exception() for slot in left_behind] == [None]
        return events

    events = play(main())

    assert isinstance(events[-1], RunFinished)
    assert not [event for event in events if isinstance(event, TaskEnded)]
    assert shelf.rows == {}


def test_the_callback_is_called_after_each_write() -> None:
    shelf, seen = Shelf(), []

    def look(group: RowGroup) -> None:
        assert set(group.rows) <= set(shelf.rows)
        seen.append(group.number)

    run({"a": reads()}, [Failing({})], shelf, after_write=look)

    assert sorted(seen) == [0, 1, 2, 3]


def test_a_slow_callback_holds_up_no_row_group_and_is_waited_for() -> None:
    shelf, told = Shelf(), []

    async def main() -> tuple[list[int], RunFinished]:
        held = Held()
        gate = Gate(lambda event: isinstance(event, RowGroupWritten) and len(shelf.groups) == 4)

        def tell(group: RowGroup) -> None:
            held()
            told.append(group.number)

        scheduler, _ = scheduler_of({"a": reads()}, [Failing({})], shelf, rows=24, after_write=tell, observer=gate)
        task = asyncio.create_task(scheduler.run())
        await asyncio.wait_for(gate.opened.wait(), 30)
        before = list(told)
        held.released.set()
        return before, await task

    before, finished = play(main())

    assert (before, sorted(told), finished.state) == ([], [0, 1, 2, 3], "finished")


def test_a_callback_that_raises_ends_the_run_with_that_error_and_what_is_written_stays() -> None:
    shelf, cause = Shelf(), KeyError("score")

    def broken(group: RowGroup) -> None:
        raise cause

    class NeverTheLast(Failing):
        async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Made:
            if row == 99:
                await asyncio.Event().wait()
            return await super().make(group, row, inputs)

    finished, _ = run({"a": reads()}, [NeverTheLast({})], shelf, rows=100, after_write=broken)

    assert finished.state == "failed"
    assert isinstance(finished.error, RunError)
    assert str(finished.error) == (
        "on_row_group raised KeyError: 'score', for row group 0; the rows written so far are kept"
    )
    assert finished.error.__cause__ is cause
    assert set(range(6)) <= set(shelf.rows)
    assert 99 not in shelf.rows


def test_what_a_callback_raises_after_the_run_was_cancelled_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> RunFinished:
        held = Held()

        def broken(group: RowGroup) -> None:
            held()
            raise KeyError("score")

        scheduler, _ = scheduler_of({"a": reads()}, [Failing({})], Shelf(), rows=6, after_write=broken)
        return await _cancelled_while(held, scheduler)

    with caplog.at_level(logging.WARNING, logger="notebook_gen"):
        finished = play(main())

    (record,) = caplog.records
    assert finished.state == "cancelled"
    assert record.getMessage() == (
        "the run was ending already when on_row_group raised KeyError: 'score', for row group 0; "
        "the rows written so far are kept"
    )
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], KeyError)


@pytest.mark.parametrize("error", [asyncio.CancelledError("no"), KeyboardInterrupt("no"), StopIteration("no")])
def test_a_callback_that_raises_what_is_no_exception_ends_the_run_all_the_same(error: BaseException) -> None:
    def broken(group: RowGroup) -> None:
        raise error

    finished, _ = run({"a": reads()}, [Failing({})], Shelf(), rows=6, after_write=broken)

    assert (finished.state, str(finished.error)) == (
        "failed",
        f"on_row_group raised {type(error).__name__}: no, for row group 0; the rows written so far are kept",
    )


def test_the_whole_dataset_is_processed_when_the_run_has_finished_and_before_storage_is_told() -> None:
    shelf, seen = Shelf(), []

    def after_run() -> NewDataset:
        seen.append((sorted(shelf.rows), list(shelf.endings)))
        return NewDataset({"b": [1]}, [3])

    run({"a": reads()}, [Failing({})], shelf, rows=8, after_run=Afterwards(after_run))

    assert seen == [(list(range(8)), [])]
    assert shelf.replaced == NewDataset({"b": [1]}, [3])
    assert shelf.endings == ["finished"]


def test_a_run_that_is_over_does_not_hold_the_dataset_that_was_replaced() -> None:
    class Column(list[int]):
        """Values that can be referred to weakly."""

    class Disk(Shelf):
        def replace(self, dataset: NewDataset) -> None:
            made.append(weakref.ref(cast("Column", dataset.columns["b"])))

    made: list[weakref.ref[Column]] = []
    after_run = Afterwards(lambda: NewDataset({"b": Column([1])}, None))
    scheduler, _ = scheduler_of({"a": reads()}, [Failing({})], Disk(), after_run=after_run)

    play(scheduler.run())
    gc.collect()

    assert scheduler.core.ending.is_over
    assert [column() for column in made] == [None]


def test_an_error_after_the_run_fails_it() -> None:
    shelf, error = Shelf(), ProcessorError("raised", processor="p", stage="after_run")

    def after_run() -> NewDataset:
        raise error

    finished, _ = run({"a": reads()}, [Failing({})], shelf, after_run=Afterwards(after_run))

    assert (finished.state, finished.error) == ("failed", error)
    assert shelf.endings == ["failed"]


def test_nothing_is_processed_after_a_run_that_did_not_finish() -> None:
    shelf = Shelf()

    async def main() -> None:
        forever = Forever()
        after_run = Afterwards(lambda: NewDataset({"b": [1]}, None))
        scheduler, _ = scheduler_of({"a": reads()}, [forever], shelf, rows=1, after_run=after_run)
        task = asyncio.create_task(scheduler.run())
        await forever.is_full.wait()
        scheduler.cancel()
        await task

    play(main())

    assert shelf.replaced is None


@pytest.mark.parametrize("has_failed_before", [False, True])
def test_storage_that_cannot_settle_is_told_unless_something_worse_is(has_failed_before: bool) -> None:
    unsettled, full = WriteError("metadata.json could not be written"), WriteError("the disk is full")

    class UnsettledShelf(Shelf):
        def finish(self, state: State) -> None:
            raise unsettled

    shelf = UnsettledShelf(error=full if has_failed_before else None)

    finished, _ = run({"a": reads()}, [Failing({})], shelf)

    assert (finished.state, finished.error) == ("failed", full if has_failed_before else unsettled)


async def _cancelled_while(held: Held, scheduler: AsyncTaskScheduler) -> RunFinished:
    """Cancel a run while it waits for what is held, and let that go on."""
    task = asyncio.create_task(scheduler.run())
    await held.begun.wait()
    scheduler.cancel()
    held.released.set()
    return await task
