"""AsyncTaskScheduler on a real event loop: failed attempts, alarms, and errors that end the run."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from notebook_gen.config.columns import Integer, LLMText
from notebook_gen.errors import (
    ColumnFailed,
    GenerationError,
    NoRowsLeft,
    ProcessorError,
    RateLimited,
    Rejected,
    RunError,
    StoppedEarly,
    Transient,
    WriteError,
)
from notebook_gen.events import Event, LimitMoved, RunFinished, TaskEnded, TaskStarted
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.plan.values import Processed
from tests.engine.fakes import Changing, Count, Failing, Forever, Gate, Held, Shelf, play, reads, run, scheduler_of

WRONG = Rejected("no answer")
BROKEN = Transient("the connection broke")
TEXT = {"text": LLMText("Write.")}


def slower(seconds: float = 0.001) -> RateLimited:
    return RateLimited("slow down", retry_after=seconds)


def test_429s_and_then_success_cost_no_row_and_no_attempt() -> None:
    shelf = Shelf()
    # the endpoint's usual duration is unknown before its first answer, so the first calls answer
    failing = Failing({row: [slower()] * 3 for row in range(4, 20)})

    finished, events = run(TEXT, [failing], shelf)

    assert finished.state == "finished"
    assert sorted(shelf.rows) == list(range(20))
    assert {event.task.attempt for event in events if isinstance(event, TaskStarted)} == {1}
    assert failing.calls == 20 + 16 * 3
    assert min(event.limit for event in events if isinstance(event, LimitMoved)) < 4


def test_a_deferred_task_is_tried_again_when_its_time_comes() -> None:
    shelf, failing = Shelf(), Failing({3: [BROKEN, BROKEN]})

    _, events = run({"a": reads()}, [failing], shelf, settings={"backoff": 0.01})

    attempts = [event for event in events if isinstance(event, TaskEnded) and event.task.row == 3]
    assert [(event.task.attempt, event.error, event.again) for event in attempts] == [
        (1, BROKEN, True),
        (2, BROKEN, True),
        (3, None, False),
    ]
    waits = [
        event.time - ended.time
        for event, ended in zip(
            [event for event in events if isinstance(event, TaskStarted) and event.task.row == 3][1:],
            attempts,
            strict=False,
        )
    ]
    assert waits[0] >= 0.01
    assert waits[1] >= 0.02
    assert sorted(shelf.rows) == list(range(20))


def test_a_rejected_cell_is_tried_as_often_as_its_column_says() -> None:
    shelf, failing = Shelf(), Failing({0: [WRONG, WRONG], 1: [WRONG, WRONG, WRONG]})

    run({"a": reads(retries=2)}, [failing], shelf, rows=2)

    assert sorted(shelf.rows) == [0]
    assert [(drop.row, drop.attempt) for drop in shelf.dropped] == [(1, 3)]


def test_failures_of_all_kinds_at_once_lose_no_row_in_silence() -> None:
    shelf = Shelf()
    kinds: list[Sequence[GenerationError]] = [[slower()], [BROKEN], [WRONG], [slower(), BROKEN], [BROKEN, WRONG]]
    failures = {row: kinds[row % 7] for row in range(100) if row % 7 < 5}

    finished, _ = run(TEXT, [Failing(failures)], shelf, rows=100, settings={"disable_early_shutdown": True})

    assert finished.state == "finished"
    assert {drop.row for drop in shelf.dropped} == {row for row in range(100) if row % 7 in (2, 4)}
    assert sorted([*shelf.rows, *(drop.row for drop in shelf.dropped)]) == list(range(100))


def test_a_column_that_says_raise_ends_the_run() -> None:
    finished, _ = run({"a": reads(on_error="raise")}, [Failing({5: [WRONG]})], Shelf())

    assert finished.state == "failed"
    assert isinstance(finished.error, ColumnFailed)
    assert (finished.error.column, finished.error.row) == ("a", 5)


def test_too_many_failures_stop_the_run_early_and_finished_rows_are_kept() -> None:
    shelf = Shelf()

    finished, _ = run({"a": reads()}, [Failing({row: [WRONG] for row in range(4, 100)})], shelf, rows=100)

    assert finished.state == "stopped early"
    assert isinstance(finished.error, StoppedEarly)
    assert sorted(shelf.rows) == [0, 1, 2, 3]
    assert shelf.endings == ["stopped early"]
    assert len(shelf.dropped) < 20


def test_when_nothing_is_left_the_run_fails_with_the_reason() -> None:
    finished, _ = run({"a": reads()}, [Failing({0: [WRONG], 1: [WRONG]})], Shelf(), rows=2)

    assert isinstance(finished.error, NoRowsLeft)


def test_row_groups_that_were_written_or_are_without_rows_free_their_memory() -> None:
    async def main() -> tuple[list[int], int]:
        failing = Failing({row: [WRONG] for row in range(6)})
        scheduler, _ = scheduler_of({"a": reads()}, [failing], Shelf(), settings={"disable_early_shutdown": True})
        await scheduler.run()
        return [number for number in range(4) if number in scheduler.buffers], len(scheduler.core.tracker.groups)

    assert play(main()) == ([], 0)


def test_a_bug_of_our_own_ends_the_run_loudly_and_is_not_tried_again() -> None:
    shelf, calls = Shelf(), []

    class Broken:
        async def make(self, group: RowGroup, row: int, inputs: Mapping[str, Any]) -> Any:
            calls.append(row)
            raise ZeroDivisionError("a bug of ours")

    finished, events = run({"n": Integer(0, 9), "a": reads("n")}, [Count(), Broken()], shelf)

    assert finished.state == "failed"
    assert isinstance(finished.error, RunError)
    assert "a bug in notebook_gen ended the run: ZeroDivisionError: a bug of ours" in str(finished.error)
    assert isinstance(finished.error.__cause__, ZeroDivisionError)
    assert len(calls) == len(set(calls)) <= 4
    assert shelf.endings == ["failed"]
    assert [type(event) for event in events].count(RunFinished) == 1


def test_what_became_of_each_attempt_is_told() -> None:
    failing = Failing({0: [BROKEN], 1: [WRONG]})

    _, events = run({"a": reads()}, [failing], Shelf(), rows=2, slots=1)

    ended = [(e.task.row, e.task.attempt, e.error, e.again) for e in events if isinstance(e, TaskEnded)]
    assert sorted(ended, key=lambda entry: entry[:2]) == [
        (0, 1, BROKEN, True),
        (0, 2, None, False),
        (1, 1, WRONG, False),
    ]


def test_work_that_was_lost_ends_the_run_loudly_instead_of_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> RunFinished:
        scheduler, _ = scheduler_of({"a": reads()}, [Failing({})], Shelf())
        monkeypatch.setattr(scheduler.core.flow.ready, "add", lambda *_: None)
        return await scheduler.run()

    finished = play(main())

    assert finished.state == "failed"
    assert "the run is stuck" in str(finished.error)


def test_an_alarm_that_rings_too_soon_is_set_again() -> None:
    class Hasty(asyncio.SelectorEventLoop):
        def call_later(  # type: ignore[override]  # what is called, and with what, is handed on
            self, delay: float, *args: Any, **options: Any
        ) -> asyncio.TimerHandle:
            return super().call_later(delay / 2, *args, **options)

    async def main() -> Shelf:
        shelf = Shelf()
        scheduler, _ = scheduler_of({"a": reads()}, [Failing({0: [BROKEN]})], shelf, settings={"backoff": 0.05})
        async with asyncio.timeout(30):
            await scheduler.run()
        return shelf

    with asyncio.Runner(loop_factory=Hasty) as runner:
        shelf = runner.run(main())

    assert sorted(shelf.rows) == list(range(20))


def test_a_bug_in_a_cell_made_in_place_ends_the_run_loudly() -> None:
    class Broken:
        def make(self, group: RowGroup, rows: Any, inputs: Mapping[str, Any]) -> Any:
            raise ZeroDivisionError("a bug of ours")

    finished, _ = run({"n": Integer(0, 9), "a": reads("n")}, [Broken(), Failing({})], Shelf())

    assert isinstance(finished.error, RunError)
    assert isinstance(finished.error.__cause__, ZeroDivisionError)


def test_a_bug_while_rows_are_written_ends_the_run_loudly() -> None:
    class BrokenShelf(Shelf):
        def write(self, group: RowGroup, columns: Mapping[str, Sequence[Any]], rows: Sequence[int]) -> None:
            raise ZeroDivisionError("a bug of ours")

    finished, _ = run({"a": reads()}, [Failing({})], BrokenShelf())

    assert isinstance(finished.error, RunError)
    assert isinstance(finished.error.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("where", ["tick", "cancel", "pause", "resume"])
def test_a_bug_where_nobody_waits_ends_the_run_loudly_and_finished_rows_are_kept(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug of ours")

    async def main() -> list[Event]:
        gate = Gate(lambda event: isinstance(event, TaskEnded) and event.again)
        failing = Failing({1: [Transient("it broke")]})
        settings = {"backoff": 0.01 if where == "tick" else 3600.0}
        scheduler, events = scheduler_of(
            {"a": reads()}, [failing], shelf, rows=2, slots=1, settings=settings, observer=gate
        )
        monkeypatch.setattr(scheduler.core, where, broken)
        task = asyncio.create_task(scheduler.run())
        await gate.opened.wait()
        if where != "tick":
            getattr(scheduler, where)()
        await task
        return events

    events = play(main())

    (finished,) = [event for event in events if isinstance(event, RunFinished)]
    assert events[-1] is finished
    assert "a bug in notebook_gen ended the run: ZeroDivisionError: a bug of ours" in str(finished.error)
    assert sorted(shelf.rows) == [0]


def test_a_bug_while_the_run_is_being_cancelled_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> list[Event]:
        held = Held()
        scheduler, events = scheduler_of(
            {"a": reads()}, [Failing({})], Shelf(), rows=2, after_write=lambda group: held()
        )
        task = asyncio.create_task(scheduler.run())
        await held.begun.wait()
        scheduler.cancel()

        def broken(*_: object) -> None:
            raise ZeroDivisionError("a bug of ours")

        monkeypatch.setattr(scheduler.core, "cancel", broken)
        while not scheduler.core.ending.is_stopped:  # noqa: ASYNC110  # nothing is published when slots have ended
            await asyncio.sleep(0)
        scheduler.cancel()
        await asyncio.wait_for(task, 20)
        held.released.set()
        return events

    events = play(main())

    (finished,) = [event for event in events if isinstance(event, RunFinished)]
    assert finished.state == "failed"
    assert isinstance(finished.error, RunError)
    assert isinstance(finished.error.__cause__, ZeroDivisionError)


def test_a_bug_before_the_run_begins_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> RunFinished:
        scheduler, _ = scheduler_of({"a": reads()}, [Forever()], Shelf())

        def broken(*_: object) -> None:
            raise ZeroDivisionError("a bug of ours")

        monkeypatch.setattr(scheduler.core, "cancel", broken)
        scheduler.cancel()
        return await asyncio.wait_for(scheduler.run(), 20)

    finished = play(main())

    assert isinstance(finished.error, RunError)
    assert isinstance(finished.error.__cause__, ZeroDivisionError)


def test_a_failed_write_ends_the_run_with_that_error() -> None:
    error = WriteError("the disk is full", advice="make room", path="rows/00000.parquet")
    shelf = Shelf(error=error)

    finished, _ = run({"n": Integer(0, 9), "a": reads("n")}, [Count(), Failing({})], shelf)

    assert finished == RunFinished(finished.time, "failed", error)
    assert shelf.rows == {}
    assert shelf.endings == ["failed"]


def test_a_processor_that_fails_ends_the_run_and_nothing_is_written_unprocessed() -> None:
    shelf, error = Shelf(), ProcessorError("raised KeyError", processor="p", stage="post_batch", row_group=0)

    class Broken:
        def process(self, group: RowGroup, rows: Sequence[int], columns: Mapping[str, Sequence[Any]]) -> Processed:
            raise error

    finished, _ = run({"a": reads()}, [Failing({})], shelf, processors={"post_batch": Broken()})

    assert finished == RunFinished(finished.time, "failed", error)
    assert shelf.rows == {}


def test_a_processor_that_fails_drops_only_its_row_group_where_the_settings_say_so() -> None:
    shelf = Shelf()
    error = ProcessorError("raised KeyError", advice="mend it", processor="p", stage="post_batch", row_group=1)

    class BrokenOnce(Changing):
        def process(self, group: RowGroup, rows: Sequence[int], columns: Mapping[str, Sequence[Any]]) -> Processed:
            if group.number == 1:
                raise error
            return super().process(group, rows, columns)

    settings = {"on_processor_error": "drop"}
    finished, _ = run({"a": reads()}, [Failing({})], shelf, processors={"post_batch": BrokenOnce()}, settings=settings)

    assert finished.state == "finished"
    assert sorted(shelf.rows) == [row for row in range(20) if row // 6 != 1]
    (told,) = {str(drop.error) for drop in shelf.dropped}
    assert told == "processor 'p' (post_batch, row group 1) raised KeyError; mend it"


def test_an_observer_that_raises_is_logged_once_and_the_run_is_untouched(caplog: pytest.LogCaptureFixture) -> None:
    shelf, seen = Shelf(), []

    def broken(event: Event) -> None:
        seen.append(event)
        raise KeyError("no such column")

    with caplog.at_level(logging.ERROR, logger="notebook_gen"):
        finished, events = run({"a": reads()}, [Failing({})], shelf, observer=broken)

    assert finished.state == "finished"
    assert sorted(shelf.rows) == list(range(20))
    assert len(seen) == 1
    assert len(caplog.records) == 1
    assert "an observer failed and was removed" in caplog.text
    assert events[-1] is finished
