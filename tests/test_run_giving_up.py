"""Runs whose callback or processors never return: cancelled once more, they end, and what is written stays."""

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import notebook_gen as ng
from notebook_gen.config.processors import Stage

AT_ONCE = ng.RunSettings(row_group_size=2, grace=0.0)


class Stuck:
    """A call that does not return before it is released."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.released = threading.Event()
        self.returned = threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        assert self.released.wait(60)
        self.returned.set()


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    call = Stuck()
    yield call
    call.released.set()


def numbers(settings: ng.RunSettings = AT_ONCE) -> ng.DatasetBuilder:
    """Six rows or so, in three row groups."""
    builder = ng.DatasetBuilder(settings=settings)
    builder.seed_data(pd.DataFrame({"i": range(6)}))
    return builder


def with_processor(builder: ng.DatasetBuilder, stage: Stage, call: Callable[[], Any]) -> ng.DatasetBuilder:
    """Let rows meet a call at a stage; it changes nothing."""

    def clean(frame: pd.DataFrame) -> pd.DataFrame:
        call()
        return frame

    builder.processor(stage, clean)
    return builder


def given_up(run: ng.Run, stuck: Stuck) -> str:
    """Cancel a run twice while it is stuck; gives its error's sentence."""
    assert stuck.begun.wait(30)
    run.cancel()
    run.cancel()
    with pytest.raises(ng.RunCancelled) as caught:
        run.result(timeout=30)
    return str(caught.value)


def test_a_callback_that_never_returns_is_left_behind_and_the_folder_is_gone_on_with(
    stuck: Stuck, tmp_path: Path
) -> None:
    run = numbers().create(6, tmp_path / "d", on_row_group=lambda run, number: stuck(), show=False)

    said = given_up(run, stuck)

    assert re.search(
        r" rows finished; left behind, perhaps still at work: on_row_group \(row group \d\); create it again", said
    )
    assert run.state == "cancelled"
    assert len(pd.read_parquet(tmp_path / "d" / "rows")) == len(run.rows())
    assert len(numbers().create(6, tmp_path / "d", show=False).result(timeout=30)) == 6


def test_a_processor_that_never_returns_is_left_behind_and_its_rows_are_processed_by_the_next_run(
    stuck: Stuck, tmp_path: Path
) -> None:
    run = with_processor(numbers(), "post_batch", stuck).create(6, tmp_path / "d", show=False)

    said = given_up(run, stuck)

    assert said.startswith("the run was cancelled with 0 of 6 rows finished; left behind, perhaps still at work: proc")
    assert "processor 'clean' (post_batch, row group 0)" in said
    stuck.released.set()
    again = with_processor(numbers(), "post_batch", stuck).create(6, tmp_path / "d", show=False)
    assert len(again.result(timeout=30)) == 6


def test_a_processor_of_the_whole_dataset_that_returns_too_late_replaces_nothing(stuck: Stuck, tmp_path: Path) -> None:
    builder = numbers()

    @builder.processor("after_run")
    def first(frame: pd.DataFrame) -> pd.DataFrame:
        return frame

    @builder.processor("after_run")
    def one_left(frame: pd.DataFrame) -> pd.DataFrame:
        stuck()
        return frame[:1]

    run = builder.create(6, tmp_path / "d", show=False)

    said = given_up(run, stuck)
    stuck.released.set()
    assert stuck.returned.wait(30)

    assert said.startswith("the run was cancelled with 6 of 6 rows finished; left behind, perhaps still at work: proc")
    assert "processor 'one_left' (after_run); " in said
    assert len(pd.read_parquet(tmp_path / "d" / "rows")) == 6
    again = builder.create(6, tmp_path / "d", show=False)
    assert len(again.result(timeout=30)) == 1


def test_a_preview_whose_processor_never_returns_ends_and_shows_the_rows_it_has(stuck: Stuck) -> None:
    run = with_processor(numbers(), "after_run", stuck).preview(6, show=False)

    given_up(run, stuck)

    assert run.rows()["i"].tolist() == [0, 1, 2, 3, 4, 5]


def test_cancelling_twice_in_a_hurry_loses_no_row(stuck: Stuck, tmp_path: Path) -> None:
    patient = ng.RunSettings(row_group_size=2)
    run = with_processor(numbers(patient), "post_batch", stuck).create(6, tmp_path / "d", show=False)
    assert stuck.begun.wait(30)

    run.cancel()
    run.cancel()
    stuck.released.set()

    with pytest.raises(ng.RunCancelled):
        run.result(timeout=30)
    assert {0, 1} <= set(pd.read_parquet(tmp_path / "d" / "rows")["i"])


def test_two_waits_that_are_interrupted_together_lose_no_row(stuck: Stuck, tmp_path: Path) -> None:
    patient = ng.RunSettings(row_group_size=2)
    run = with_processor(numbers(patient), "post_batch", stuck).create(6, tmp_path / "d", show=False)

    async def interrupted() -> None:
        waits = [asyncio.ensure_future(_waiting(run)) for _ in range(2)]
        await asyncio.to_thread(stuck.begun.wait, 30)
        for wait in waits:
            wait.cancel()
        await asyncio.sleep(0)
        stuck.released.set()
        await asyncio.wait(waits)

    asyncio.run(interrupted())

    with pytest.raises(ng.RunCancelled):
        run.result(timeout=30)
    assert {0, 1} <= set(pd.read_parquet(tmp_path / "d" / "rows")["i"])


async def _waiting(run: ng.Run) -> None:
    await run
