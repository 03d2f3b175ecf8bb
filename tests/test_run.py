"""The handle of a run under hard circumstances: one slot, stubborn functions, ends that nobody waited for."""

import asyncio
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import notebook_gen as ng
from notebook_gen.views.no_failures import NoFailures

_NOBODY_WAITS = """
import sys, threading
import notebook_gen as ng

b = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2))
b.models["default"] = ng.DemoModel(latency=0.05, spread=0)
b["n"] = ng.Integer(1, 5)
b["text"] = ng.LLMText("Write about {{ n }}.")
written = threading.Event()
b.create(10_000, sys.argv[1], on_row_group=lambda run, number: written.set())
written.wait(30)
"""

_DEAF = """
import asyncio, contextlib, sys, threading
import pandas as pd
import notebook_gen as ng

b = ng.DatasetBuilder()
b.seed_data(pd.DataFrame({"i": range(3)}))
begun = threading.Event()

@b.column
async def made(i):
    if i < 2:
        return i
    begun.set()
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

@b.processor("post_batch")
def keep(frame):
    return frame

b.create(3, sys.argv[1])
begun.wait(30)
"""

_SEVERAL_RUNS = """
import asyncio, atexit, contextlib, threading, time
import notebook_gen as ng

calls, begun = [], threading.Event()

def tell():
    print(sum(call > ended + 1.0 for call in calls))

def builder(made):
    b = ng.DatasetBuilder()
    b["i"] = ng.Integer(1, 5)
    b.column(made)
    return b

async def deaf(i):
    begun.set()
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

async def busy(i):
    calls.append(time.monotonic())
    await asyncio.sleep(0.05)

atexit.register(tell)
runs = [*(builder(deaf).preview(1) for _ in range(3)), builder(busy).preview(100_000)]
begun.wait(30)
ended = time.monotonic()
"""

_NEVER_RETURNS = """
import threading
import time
import notebook_gen as ng

b = ng.DatasetBuilder()
b["n"] = ng.Integer(1, 5)
begun = threading.Event()

@b.column
def stuck(n):
    begun.set()
    threading.Event().wait()

run = b.preview(3)
begun.wait(30)
run.cancel()
try:
    run.result()
except ng.RunCancelled:
    print("cancelled")
"""


_LEFT_BEHIND = """
import sys
import threading
import notebook_gen as ng

b = ng.DatasetBuilder()
b["n"] = ng.Integer(1, 5)
begun = threading.Event()

@b.processor("post_batch")
def stuck(frame):
    begun.set()
    threading.Event().wait()

run = b.create(3, sys.argv[1])
begun.wait(30)
run.cancel()
"""


def script(source: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", source, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("mode", ["model", "thread", "async"])
def test_one_slot_is_enough_for_many_row_groups(mode: str) -> None:
    settings = ng.RunSettings(row_group_size=2, threads=1, max_async_functions=1)
    builder = ng.DatasetBuilder(settings=settings)
    builder.models["default"] = ng.DemoModel(latency=0, max_parallel=1)
    builder["n"] = ng.Integer(1, 5)

    def doubled(n: int) -> int:
        return 2 * n

    async def doubled_async(n: int) -> int:
        return 2 * n

    if mode == "model":
        builder["made"] = ng.LLMText("Write about {{ n }}.")
    else:
        builder.column(name="made")(doubled if mode == "thread" else doubled_async)

    assert len(builder.preview(9).result(timeout=30)) == 9


@pytest.mark.parametrize("stubborn", ["returns", "raises", "goes on"])
def test_a_function_that_swallows_its_cancellation_does_not_hold_up_the_end(stubborn: str) -> None:
    builder = ng.DatasetBuilder()
    begun = threading.Event()
    builder["n"] = ng.Integer(1, 5)

    @builder.column
    async def stuck(n: int) -> int:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if stubborn == "raises":
                raise ValueError("no") from None
            if stubborn == "goes on":
                await asyncio.Event().wait()
        return n

    run = builder.preview(3)
    assert begun.wait(30)
    run.cancel()

    with pytest.raises(ng.RunCancelled):
        run.result(timeout=30)


def test_a_column_that_waits_for_another_run_is_told_to_await_it() -> None:
    inner, outer = ng.DatasetBuilder(), ng.DatasetBuilder()
    inner["n"] = ng.Integer(1, 5)
    outer["n"] = ng.Integer(1, 5)

    @outer.column(on_error="null")
    async def waits(n: int) -> int:
        return len(inner.preview(2).result())

    @outer.column
    async def awaits(n: int) -> int:
        return len(await inner.preview(2))

    run = outer.preview(2)
    rows = run.result(timeout=30).to_pandas()

    assert rows["awaits"].tolist() == [2, 2]
    assert "result() would wait for itself" in run.failures()["error"][0]


def test_a_script_that_ends_without_waiting_keeps_what_is_finished_and_says_so(tmp_path: Path) -> None:
    ended = script(_NOBODY_WAITS, str(tmp_path / "data"))

    metadata = json.loads((tmp_path / "data" / "metadata.json").read_text())
    assert ended.returncode == 0
    assert "the program ended while a run went on (10000 rows to" in ended.stderr
    assert metadata["state"] == "cancelled"
    assert 2 <= metadata["rows"]["delivered"] < 10_000
    assert metadata["rows"]["dropped"] == 0


def test_a_script_that_ends_processes_what_is_finished_although_a_function_swallows_its_cancellation(
    tmp_path: Path,
) -> None:
    ended = script(_DEAF, str(tmp_path / "data"))

    assert ended.returncode == 0
    assert pd.read_parquet(tmp_path / "data" / "rows")["i"].tolist() == [0, 1], ended.stderr


def test_runs_that_a_script_leaves_behind_are_cancelled_together_and_not_one_after_the_other() -> None:
    ended = script(_SEVERAL_RUNS)

    assert (ended.returncode, ended.stdout) == (0, "0\n"), ended.stderr


def test_a_function_that_never_returns_does_not_keep_the_program_from_ending() -> None:
    ended = script(_NEVER_RETURNS)

    assert (ended.returncode, ended.stdout) == (0, "cancelled\n"), ended.stderr


def test_a_processor_that_never_returns_is_named_when_a_cancelled_script_ends(tmp_path: Path) -> None:
    ended = script(_LEFT_BEHIND, str(tmp_path / "data"))

    assert ended.returncode == 0
    assert "the run was cancelled with 0 of 3 rows finished; left behind" in ended.stderr
    assert "processor 'stuck' (post_batch, row group 0)" in ended.stderr
    assert json.loads((tmp_path / "data" / "metadata.json").read_text())["state"] == "cancelled"


def test_a_wait_that_is_cancelled_tells_what_became_of_the_run() -> None:
    builder = ng.DatasetBuilder()
    builder.models["default"] = ng.DemoModel(latency=600)
    builder["text"] = ng.LLMText("Write.")

    async def wait() -> None:
        async with asyncio.timeout(0.1):
            await builder.preview(3)

    with pytest.raises(TimeoutError) as caught:
        asyncio.run(wait())

    assert "the run was cancelled with 0 of 3 rows finished" in str(caught.value.__cause__)


def test_a_run_without_failures_says_so_and_still_gives_a_table() -> None:
    builder = ng.DatasetBuilder()
    builder["stars"] = ng.Integer(1, 5)
    run = builder.preview(3)
    run.result(timeout=30)

    table = run.failures()

    assert isinstance(table, NoFailures)
    assert list(table.columns) == ["row", "column", "attempt", "kind", "error", "advice", "dropped"]
    assert "No failures: no row was dropped" in table._repr_html_()
    assert type(table[["row"]]) is pd.DataFrame


def test_a_run_s_bar_is_full_at_the_end_also_if_rows_were_dropped_or_cells_left_empty(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(seed=7)
    builder["n"] = ng.Integer(1, 5)

    @builder.column
    def picky(n: int) -> int:
        if n == 3:
            raise ValueError("not three")
        return n

    @builder.column(on_error="null")
    def pickier(picky: int) -> int:
        if picky == 2:
            raise ValueError("not two")
        return picky

    builder["doubled"] = ng.Expression("{{ n * 2 }}", dtype="int")
    run = builder.preview(40, show=False)
    run.result(timeout=30)

    html = run.save_html(tmp_path / "report.html").read_text()

    segments = {name: float(width) for name, width in re.findall(r'data-segment="(\w+)"[^>]*width:([\d.]+)%', html)}
    lost = {failure.column for failure in run.failures().itertuples()}
    assert lost == {"picky", "pickier"}
    assert list(segments) == ["0", "1", "2", "3", "lost"]
    assert segments["lost"] > 0
    assert sum(segments.values()) == pytest.approx(100, abs=0.1)


def test_a_host_that_shows_no_widgets_is_given_a_run_as_html_that_needs_nothing_else() -> None:
    b = ng.DatasetBuilder()
    b["stars"] = ng.Integer(1, 5)
    run = b.preview(3, show=False)
    run.result()

    html = run._repr_html_()

    assert "3 of 3" in html
    assert "finished" in html
    assert "<script" not in html


def _shown(table: pd.DataFrame) -> str:
    assert isinstance(table, NoFailures)
    return table._repr_html_()


def test_where_nothing_answers_failures_say_what_is_tried_again_and_why() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # not listening: whoever connects is refused
        builder = ng.DatasetBuilder(settings=ng.RunSettings(disable_early_shutdown=True, salvage_rounds=100))
        builder.models["default"] = ng.Model("gpt", base_url=f"http://127.0.0.1:{nobody.getsockname()[1]}/v1")
        builder["text"] = ng.LLMText("Write.")
        run = builder.preview(3, show=False)
        deadline = time.monotonic() + 30
        while (said := _shown(run.failures())).endswith("stay empty.</p>"):
            assert time.monotonic() < deadline
        run.cancel()
        with pytest.raises(ng.RunCancelled):
            run.result(timeout=30)

    assert len(run.failures()) == 0
    assert "No failures so far" in said
    assert "text: " in said
    assert "The last error: " in said


def test_a_callback_looks_at_row_groups_of_which_nothing_was_left(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2))
    builder.seed_data(pd.DataFrame({"i": range(6)}))
    seen: dict[int, list[int]] = {}

    @builder.column
    def checked(i: int) -> int:
        if i in (2, 3):
            raise ValueError("no")
        return i

    def look(run: ng.Run, number: int) -> None:
        seen[number] = run.row_group(number).index.tolist()

    builder.create(6, tmp_path / "d", on_row_group=look).result(timeout=30)

    assert seen == {0: [0, 1], 1: [], 2: [4, 5]}


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline


@pytest.mark.parametrize("engine", ["async", "sequential"])
def test_a_callback_may_pause_its_run_which_goes_on_when_it_is_resumed(engine: Any, tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2, max_open_rows=2, engine=engine))
    builder["n"] = ng.Integer(1, 5)
    builder.column(name="made")(lambda n: n)
    told: list[int] = []

    def pause(run: ng.Run, number: int) -> None:
        told.append(number)
        if number == 0:
            run.pause()

    run = builder.create(6, tmp_path / "d", on_row_group=pause, show=False)
    _wait_until(lambda: run.state == "paused")
    run.resume()

    assert len(run.result(timeout=30)) == 6
    assert told == [0, 1, 2]


def test_a_callback_that_pauses_its_run_after_the_last_row_group_does_not_keep_it_from_finishing(
    tmp_path: Path,
) -> None:
    builder = ng.DatasetBuilder()
    builder["n"] = ng.Integer(1, 5)

    def pause(run: ng.Run, number: int) -> None:
        run.pause()
        _wait_until(lambda: run.state == "paused")

    run = builder.create(2, tmp_path / "d", on_row_group=pause, show=False)

    assert len(run.result(timeout=30)) == 2
    assert run.state == "finished"


def test_a_run_that_its_callback_has_paused_can_be_cancelled(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2, max_open_rows=2))
    builder["n"] = ng.Integer(1, 5)
    builder.column(name="made")(lambda n: n)

    run = builder.create(6, tmp_path / "d", on_row_group=lambda run, number: run.pause(), show=False)
    _wait_until(lambda: run.state == "paused")
    run.cancel()

    with pytest.raises(ng.RunCancelled):
        run.result(timeout=30)


def test_a_function_that_cancels_whatever_runs_gives_the_folder_back(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder()
    builder["n"] = ng.Integer(1, 5)

    @builder.column
    async def wild(n: int) -> int:
        for task in asyncio.all_tasks():
            task.cancel()
        return n

    with pytest.raises(ng.RunError):
        builder.create(2, tmp_path / "d").result(timeout=30)

    del builder["wild"]
    assert len(builder.create(2, tmp_path / "d", overwrite=True).result(timeout=30)) == 2


def test_a_run_without_a_trace_has_its_rows_and_says_that_it_was_not_traced(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(trace=False))
    builder["n"] = ng.Integer(1, 5)
    builder.column(name="made")(lambda n: n)
    run = builder.create(3, tmp_path / "d")

    assert len(run.result(timeout=30)) == 3
    assert not list((tmp_path / "d").glob("traces/*"))
    with pytest.raises(ng.RunError, match="the run is not traced; use"):
        _ = run.traces


def test_a_column_that_may_resize_is_an_error_where_the_engine_cannot(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder()
    builder["n"] = ng.Integer(1, 5)

    @builder.column(full_column=True, allow_resize=True)
    def twice(n: "pd.Series[int]") -> "pd.Series[int]":
        return pd.concat([n, n])

    with pytest.raises(ng.ConfigError, match=r"column 'twice' .* the async engine cannot do; .*sequential"):
        builder.create(2, tmp_path / "d")

    assert not (tmp_path / "d").exists()
    settings = ng.RunSettings(engine="sequential")
    assert len(builder.create(2, tmp_path / "d", settings=settings).result(timeout=30)) == 4
