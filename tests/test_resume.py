"""A create that was interrupted goes on in the same folder, and nothing that is finished is made again."""

import asyncio
import datetime as dt
import decimal
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import notebook_gen as ng
from notebook_gen.config.processors import Stage
from notebook_gen.views.head import side_html
from notebook_gen.views.summary import count_kept

PROGRAM = """
import asyncio, os, sys
import notebook_gen as ng

FOLDER, LOG, ROWS = sys.argv[1], sys.argv[2], int(sys.argv[3])
LINES = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def note(what, row, column):
    os.write(LINES, f"{what} {column} {row}\\n".encode())

async def made(column, row, text):
    note("begin", column, row)
    await asyncio.sleep(0.004)
    note("end", column, row)
    return text

b = ng.DatasetBuilder(seed=3, settings=ng.RunSettings(row_group_size=20, max_async_functions=8))
b["row"] = ng.Integer(0, 10**9)

@b.column
async def first(row):
    return await made("first", row, f"first of {row}")

@b.column
async def second(row, first):
    return await made("second", row, f"second of {first}")

if __name__ == "__main__":
    print(len(b.create(ROWS, FOLDER, show=False).result()))
"""
ROWS = 100


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def start(program: Path, rows: int = ROWS) -> "subprocess.Popen[str]":
    folder, log = program.parent / "data", program.parent / "log"
    command = [sys.executable, str(program), str(folder), str(log), str(rows)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(program: Path, rows: int = ROWS) -> str:
    """Run the program to its end; gives what it printed."""
    said, wrong = start(program, rows).communicate(timeout=60)
    assert not wrong, wrong
    return said


def kill_after(program: Path, lines: int) -> list[str]:
    """Run the program until it has written so many more lines to its log, and kill it; gives the whole log."""
    log = program.parent / "log"
    wanted = len(read_lines(log)) + lines
    process = start(program)
    deadline = time.monotonic() + 60
    while len(read_lines(log)) < wanted:
        assert process.poll() is None, "it ended by itself"
        assert time.monotonic() < deadline, "it hangs"
        time.sleep(0.001)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it ended before it was killed"
    return read_lines(log)


def read_lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def dataset(program: Path) -> pa.Table:
    import pyarrow.dataset

    files = sorted((program.parent / "data" / "rows").glob("*.parquet"))
    return pa.concat_tables([pyarrow.dataset.dataset(file).to_table().replace_schema_metadata(None) for file in files])


def test_after_kill_9_at_any_moment_no_finished_cell_is_made_again_and_the_dataset_is_the_same(
    program: Path, tmp_path: Path
) -> None:
    (tmp_path / "whole").mkdir()
    undisturbed = tmp_path / "whole" / "program.py"
    undisturbed.write_text(PROGRAM)
    finish(undisturbed)

    for lines in (1, 30, 77, 5, 120):
        ended = {line for line in kill_after(program, lines) if line.startswith("end")}
        before = len(read_lines(tmp_path / "log"))
        kill_after(program, 1)
        begun = {line.replace("begin", "end") for line in read_lines(tmp_path / "log")[before:] if "begin" in line}
        # between its last line and its being kept, a cell may be lost
        assert len(ended & begun) <= 1

    assert finish(program) == f"{ROWS}\n"
    assert dataset(program).equals(dataset(undisturbed))
    calls = Counter(line for line in read_lines(tmp_path / "log") if line.startswith("end"))
    assert len(calls) == 2 * ROWS
    assert sum(calls.values()) <= 2 * ROWS + 11


def test_a_dataset_that_is_finished_is_given_back_without_a_call(program: Path, tmp_path: Path) -> None:
    finish(program)
    lines = read_lines(tmp_path / "log")

    assert finish(program) == f"{ROWS}\n"

    assert read_lines(tmp_path / "log") == lines


def test_more_rows_than_before_make_only_the_new_ones(program: Path, tmp_path: Path) -> None:
    finish(program, 50)
    earlier, before = dataset(program), len(read_lines(tmp_path / "log"))

    finish(program, 70)

    assert dataset(program).slice(0, 50).equals(earlier)
    assert len(read_lines(tmp_path / "log")) - before == 20 * 2 * 2


def calls_of(run: ng.Run) -> int:
    return int(run.usage()["requests"].sum())


def builder() -> ng.DatasetBuilder:
    b = ng.DatasetBuilder(seed=3, settings=ng.RunSettings(row_group_size=5))
    b["stars"] = ng.Integer(1, 5)
    b["text"] = ng.Expression("{{ stars }} stars")
    return b


def test_fewer_rows_than_before_are_an_error(tmp_path: Path) -> None:
    builder().create(12, tmp_path / "d", show=False).result()

    with pytest.raises(ng.ConfigError, match="12 rows"):
        builder().create(7, tmp_path / "d", show=False)


def test_a_changed_builder_is_an_error_that_names_the_columns_and_the_ways_out(tmp_path: Path) -> None:
    builder().create(12, tmp_path / "d", show=False).result()
    changed = builder()
    changed["text"] = ng.Expression("{{ stars }} of 5 stars")

    with pytest.raises(ng.ConfigError, match="'text' has changed") as told:
        changed.create(12, tmp_path / "d", show=False)

    assert "overwrite=True" in str(told.value)
    assert "another folder" in str(told.value)
    assert len(changed.create(12, tmp_path / "d", overwrite=True, show=False).result()) == 12


def test_a_file_that_is_broken_is_named_and_nothing_is_overwritten(tmp_path: Path) -> None:
    builder().create(12, tmp_path / "d", show=False).result()
    (tmp_path / "d" / "metadata.json").write_text("{")

    with pytest.raises(ng.ConfigError, match=re.escape(str(tmp_path / "d" / "metadata.json"))):
        builder().create(12, tmp_path / "d", show=False)

    assert (tmp_path / "d" / "metadata.json").read_text() == "{"


def test_seed_data_goes_on_with_the_next_row_across_its_end_and_over_holes(tmp_path: Path) -> None:
    def seeded() -> ng.DatasetBuilder:
        b = ng.DatasetBuilder(seed=3, settings=ng.RunSettings(row_group_size=4))
        b.seed_data(pa.table({"product": [f"product {number}" for number in range(7)]}))
        return b

    whole = seeded().create(20, tmp_path / "whole", show=False).result().to_arrow()
    seeded().create(10, tmp_path / "parts", show=False).result()
    (tmp_path / "parts" / "rows" / "00001.parquet").unlink()

    parts = seeded().create(20, tmp_path / "parts", show=False).result().to_arrow()

    assert parts.equals(whole)


def test_a_run_that_was_cancelled_goes_on_and_says_what_it_kept(tmp_path: Path) -> None:
    b = builder()
    b.models["default"] = ng.DemoModel(latency=0.02, max_parallel=2)
    b["review"] = ng.LLMText("Write about {{ stars }}.")
    run = b.create(40, tmp_path / "d", show=False)
    while calls_of(run) < 12:
        assert not run.is_over
        time.sleep(0.005)
    run.cancel()
    with pytest.raises(ng.RunCancelled, match=r"; create it again in the same folder, and it goes on from there$"):
        run.result()
    first = calls_of(run)

    again = b.create(40, tmp_path / "d", show=False)
    rows = again.result()

    assert len(rows) == 40
    assert first + calls_of(again) <= 42
    kept = next(row for row in range(40) if not again.record(row)["review"].attempts)
    assert again.record(kept)["review"].reason == "an earlier run made it"
    assert re.search(r"finished, 40 of 40 rows done, [1-9]\d* cells kept>$", repr(again))


def test_a_run_that_goes_on_expects_to_pay_for_the_cells_alone_that_were_not_kept(tmp_path: Path) -> None:
    b = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=40))
    b.models["default"] = ng.DemoModel(latency=0.02, max_parallel=4)
    b["review"] = ng.LLMText("Write.")
    first = b.create(40, tmp_path / "d", show=False)
    while calls_of(first) < 24:
        assert not first.is_over
        time.sleep(0.005)
    first.cancel()
    with pytest.raises(ng.RunCancelled):
        first.result()

    again = b.create(40, tmp_path / "d", show=False)
    before = count_kept(again._source.progress)
    again.result()

    assert before == count_kept(again._source.progress) >= 24


def test_rows_that_are_written_in_part_of_a_row_group_are_told_from_the_beginning(tmp_path: Path) -> None:
    b = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=40))
    b.seed_data(pa.table({"number": list(range(40))}))
    goes_on = threading.Event()

    @b.column
    def half(number: int) -> int:
        if number >= 10:
            goes_on.wait(30)
        return number // 2

    first = b.create(40, tmp_path / "d", show=False)
    while first._source.progress.rows_done < 10:
        time.sleep(0.005)
    first.cancel()
    with pytest.raises(ng.RunCancelled):
        first.result()
    again = b.create(40, tmp_path / "d", show=False)
    said = str(_figures_of(again))
    goes_on.set()
    again.result()

    assert "'written', '10 rows'" in said
    assert "'written', '40 rows'" in str(_figures_of(again))


def _figures_of(run: ng.Run) -> list[tuple[str, str]]:
    return re.findall(r"<span[^>]*>([^<]+)</span><b[^>]*>([^<]+)<", side_html(run._source, 0))


def test_rows_that_an_earlier_run_finished_are_shown_and_say_where_it_left_a_cell_empty(tmp_path: Path) -> None:
    def declared() -> ng.DatasetBuilder:
        b = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2))
        b.seed_data(pa.table({"number": list(range(6)), "note": ["a note", None] * 3}))

        @b.column(on_error="null")
        def half(number: int) -> str:
            if number == 1:
                raise ValueError("it is odd")
            return f"half of {number}"

        b["said"] = ng.Expression("it is {{ number }}", skip_if="{{ number == 0 }}")
        b["always"] = ng.Expression("always {{ number }}")
        return b

    declared().create(2, tmp_path / "d", show=False).result()

    again = declared().create(6, tmp_path / "d", show=False)
    again.result()

    text = re.sub(r"<[^>]+>", " ", again._repr_html_())
    assert re.search(r" 0 +0 +a note +half of 0 +empty +always 0 ", text)
    assert re.search(r" 1 +1 +NA +empty +it is 1 +always 1 ", text)
    assert 'title="an earlier run left it empty: it was skipped, it failed, or nothing was made"' in again._repr_html_()
    assert "  (an earlier run made it)" in str(again.record(0)).splitlines()
    assert "an earlier run made it" in again.record(0)._repr_html_()


def test_processors_that_changed_the_whole_dataset_are_not_run_twice(tmp_path: Path) -> None:
    calls = []

    def processed() -> ng.DatasetBuilder:
        b = builder()

        @b.processor("after_run")
        def first_only(rows):  # type: ignore[no-untyped-def]  # as a user writes it
            calls.append(len(rows))
            return rows.head(3)

        return b

    processed().create(12, tmp_path / "d", show=False).result()
    again = processed().create(12, tmp_path / "d", show=False).result()

    assert len(again) == 3
    assert calls == [12]
    with pytest.raises(ng.ConfigError, match="after_run"):
        processed().create(20, tmp_path / "d", show=False)


def test_cells_that_read_dates_and_decimals_are_not_made_again(tmp_path: Path) -> None:
    b = ng.DatasetBuilder(seed=3, settings=ng.RunSettings(row_group_size=100))
    days = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (1, 2, 3, 4)]
    b.seed_data(pa.table({"day": days, "price": [decimal.Decimal(day.day) / 4 for day in days]}))
    b.models["default"] = ng.DemoModel(latency=0.01)
    b["story"] = ng.LLMText("Write about {{ day }} and {{ price }}.")
    b.create(8, tmp_path / "d", show=False).result()

    more = b.create(12, tmp_path / "d", show=False)
    more.result()

    assert calls_of(more) == 4


STYLE = "dry"


def test_a_changed_global_is_another_builder_and_put_back_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = ng.DatasetBuilder()
    builder["n"] = ng.Integer(1, 5)

    @builder.column
    def made(n: int) -> str:
        return f"{STYLE} {n}"

    builder.create(2, tmp_path / "d", show=False).result(timeout=30)
    monkeypatch.setitem(globals(), "STYLE", "warm")
    with pytest.raises(ng.ConfigError, match="declared otherwise when it was begun: column 'made' has changed"):
        builder.create(4, tmp_path / "d", show=False)
    monkeypatch.undo()

    assert len(builder.create(4, tmp_path / "d", show=False).result(timeout=30)) == 4


def lossy() -> ng.DatasetBuilder:
    """A builder that drops a row of every row group of five, and one more by a processor."""
    b = ng.DatasetBuilder(seed=3, settings=ng.RunSettings(row_group_size=5))
    b.seed_data(pa.table({"number": list(range(20))}))

    @b.column
    def half(number: int) -> str:
        if number % 5 == 2:
            raise ValueError(f"{number} is odd")
        return f"half of {number}"

    @b.processor("post_batch")
    def not_nine(rows):  # type: ignore[no-untyped-def]  # as a user writes it
        return rows[rows["number"] != 9]

    return b


def test_failures_of_a_run_that_goes_on_have_what_earlier_ones_dropped_with_the_same_reasons(tmp_path: Path) -> None:
    first = lossy().create(10, tmp_path / "d", show=False)
    first.result()

    again = lossy().create(20, tmp_path / "d", show=False)
    dataset = again.result()

    told = again.failures()
    assert list(told["row"]) == [2, 7, 9, 12, 17]
    assert len(told) == dataset.rows_dropped
    assert told.iloc[:3].to_dict("records") == first.failures().to_dict("records")
    assert dataset.failures().equals(told)
    assert "5 dropped (3 earlier)" in repr(again)


def test_the_record_of_a_row_that_an_earlier_run_dropped_says_so_and_why(tmp_path: Path) -> None:
    lossy().create(10, tmp_path / "d", show=False).result()

    again = lossy().create(20, tmp_path / "d", show=False)
    again.result()

    dropped, processed = again.record(7), again.record(9)
    assert (dropped.state, dropped.row_group) == ("dropped", 1)
    assert dropped.reason.startswith("dropped by an earlier run: ")
    assert "7 is odd" in dropped.reason
    assert (dropped["half"].state, dropped["number"].state) == ("failed", "dropped")
    assert processed.reason.startswith("dropped by an earlier run: was dropped by the processor 'not_nine'")
    assert again.record(12).reason == again.record(12)["half"].reason
    assert "  dropped by an earlier run: " in str(dropped)


def test_rows_of_a_row_group_that_is_made_again_are_no_failures_of_an_earlier_run(tmp_path: Path) -> None:
    lossy().create(8, tmp_path / "d", show=False).result()

    again = lossy().create(20, tmp_path / "d", show=False)
    again.result()

    assert list(again.failures()["row"]) == [2, 7, 9, 12, 17]


def test_dropped_rows_of_an_earlier_run_are_read_only_when_somebody_asks(tmp_path: Path) -> None:
    lossy().create(10, tmp_path / "d", show=False).result()

    again = lossy().create(20, tmp_path / "d", show=False)
    again.result()
    (tmp_path / "d" / "dropped" / "00000.parquet").write_bytes(b"no Parquet")

    assert again.record(7).state == "dropped"
    with pytest.raises(ng.WriteError, match="no Parquet file any more"):
        again.failures()


class Mended:
    """A column that fails at some rows until it is mended, and knows which rows it was called for."""

    def __init__(self) -> None:
        self.is_mended = False
        self.never_ends: set[int] = set()
        self.calls: list[int] = []

    def builder(self) -> ng.DatasetBuilder:
        b = ng.DatasetBuilder(seed=3, settings=ng.RunSettings(row_group_size=5))
        b.seed_data(pa.table({"number": list(range(20))}))
        b["luck"] = ng.Float(0, 1)

        @b.column(outputs=["half", "when"])
        async def halve(number: int) -> tuple[str, int]:
            self.calls.append(number)
            if number in self.never_ends:
                await asyncio.sleep(3600)
            if number % 5 == 2 and not self.is_mended:
                raise ValueError(f"{number} is odd")
            return f"half of {number}", time.monotonic_ns()

        b["said"] = ng.Expression("{{ half }}, {{ luck }}")
        return b


def test_dropped_rows_are_made_again_when_asked_for_and_no_other_row_is_touched(tmp_path: Path) -> None:
    column = Mended()
    before = column.builder().create(20, tmp_path / "d", show=False).result().to_pandas()
    column.is_mended, column.calls = True, []

    run = column.builder().create(20, tmp_path / "d", overwrite="dropped", show=False)
    dataset = run.result()

    after = dataset.to_pandas()
    assert sorted(column.calls) == [2, 7, 12, 17]
    assert after.index.tolist() == list(range(20))
    assert after.loc[before.index].equals(before)
    assert after["said"][7] == f"half of 7, {after['luck'][7]}"
    assert (dataset.rows_dropped, len(run.failures()), list((tmp_path / "d" / "dropped").iterdir())) == (0, 0, [])
    assert run.record(6)["half"].reason == "an earlier run made it"
    again = column.builder().create(20, tmp_path / "d", show=False).result()
    assert again.to_pandas().equals(after)
    assert len(column.calls) == 4


def test_rows_that_are_dropped_again_have_the_new_reason_and_those_that_were_not_reached_the_old_one(
    tmp_path: Path,
) -> None:
    column = Mended()
    column.builder().create(20, tmp_path / "d", show=False).result()

    run = column.builder().create(20, tmp_path / "d", overwrite="dropped", show=False)

    assert run.result().rows_dropped == 4
    assert list(run.failures()["row"]) == [2, 7, 12, 17]
    again = column.builder().create(20, tmp_path / "d", show=False)
    assert len(again.result()) == 16
    assert again.failures().equals(run.failures())


def test_of_a_run_that_was_cancelled_while_it_made_dropped_rows_nothing_is_lost(tmp_path: Path) -> None:
    column = Mended()
    first = column.builder().create(20, tmp_path / "d", show=False)
    before = first.result().to_pandas()
    column.is_mended, column.never_ends = True, {12, 17}
    written: list[int] = []

    run = column.builder().create(
        20, tmp_path / "d", overwrite="dropped", on_row_group=lambda _, number: written.append(number), show=False
    )
    deadline = time.monotonic() + 60
    while sorted(written) != [0, 1] or not column.never_ends <= set(column.calls[20:]):
        assert not run.is_over
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert run.record(7).state == "done"
    run.cancel()
    with pytest.raises(ng.RunCancelled):
        run.result()

    column.never_ends = set()
    again = column.builder().create(20, tmp_path / "d", show=False)
    after = again.result().to_pandas()
    assert after.index.tolist() == [row for row in range(20) if row not in (12, 17)]
    assert after.loc[before.index].equals(before)
    assert again.failures().to_dict("records") == first.failures().iloc[2:].to_dict("records")
    whole = column.builder().create(20, tmp_path / "d", overwrite="dropped", show=False).result().to_pandas()
    assert whole.loc[after.index].equals(after)
    assert len(whole) == 20


def test_kept_cells_of_delivered_rows_and_of_one_that_is_made_again_land_on_their_rows(tmp_path: Path) -> None:
    is_mended = threading.Event()
    begun = threading.Event()

    def declared() -> ng.DatasetBuilder:
        b = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=4))
        b.seed_data(pa.table({"number": list(range(4))}))

        @b.column
        async def near(number: int) -> str:
            await asyncio.sleep(0.01)  # what takes no time is not kept
            return f"near {number}"

        @b.column
        async def far(near: str) -> str:
            if near == "near 2" and begun.is_set() and not is_mended.is_set():
                again.set()
                await asyncio.sleep(3600)
            if near == "near 2" and not is_mended.is_set():
                raise ValueError("no")
            return f"far from {near}"

        return b

    again = threading.Event()
    declared().create(4, tmp_path / "d", show=False).result()
    begun.set()
    run = declared().create(4, tmp_path / "d", overwrite="dropped", show=False)
    assert again.wait(30)
    run.cancel()
    with pytest.raises(ng.RunCancelled):
        run.result()
    is_mended.set()

    rows = declared().create(4, tmp_path / "d", overwrite="dropped", show=False).result().to_pandas()

    assert rows["near"].tolist() == [f"near {number}" for number in range(4)]
    assert rows["far"].tolist() == [f"far from near {number}" for number in range(4)]


def test_a_row_that_was_looked_for_before_it_was_made_again_is_found_afterwards(tmp_path: Path) -> None:
    gate = threading.Event()
    mended: list[bool] = []

    def declared() -> ng.DatasetBuilder:
        b = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2, max_open_rows=2))
        b.seed_data(pa.table({"number": list(range(4))}))

        @b.column
        def half(number: int) -> float:
            if number % 2 and not mended:
                raise ValueError("no")
            assert gate.wait(60) or not mended
            return number / 2

        return b

    gate.set()
    declared().create(4, tmp_path / "d", show=False).result()
    gate.clear()
    mended.append(True)

    run = declared().create(4, tmp_path / "d", overwrite="dropped", show=False)
    assert run.record(2)["half"].value == 1.0
    gate.set()
    run.result()

    assert run.record(3)["half"].value == 1.5


def test_row_groups_of_which_every_row_was_dropped_are_made_again_when_asked_for(tmp_path: Path) -> None:
    mended: list[bool] = []

    def declared() -> ng.DatasetBuilder:
        b = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2))
        b.seed_data(pa.table({"number": list(range(6))}))

        @b.column
        def half(number: int) -> float:
            if number in (2, 3) and not mended:
                raise ValueError("no")
            return number / 2

        return b

    declared().create(6, tmp_path / "d", show=False).result()
    mended.append(True)

    made = declared().create(6, tmp_path / "d", overwrite="dropped", show=False).result()

    assert made.to_pandas()["half"].tolist() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]


def test_cells_that_were_left_empty_or_hold_what_no_table_holds_stay_as_they_are(tmp_path: Path) -> None:
    mended: list[bool] = []
    calls: list[int] = []

    def declared() -> ng.DatasetBuilder:
        b = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=6))
        b.seed_data(pa.table({"number": list(range(6))}))
        b.models["default"] = ng.DemoModel(latency=0.01)
        b["story"] = ng.LLMText("Write about {{ number }}.", side_outputs=["messages"])

        @b.column(on_error="null")
        def odd(number: int) -> str:
            calls.append(number)
            if number == 1:
                raise ValueError("no")
            return "odd"

        @b.column(skip_if="{{ number == 0 }}")
        def mixed(number: int) -> object:
            calls.append(number)
            if number == 3 and not mended:
                raise ValueError("no")
            return {"n": number} if number % 2 else f"text {number}"

        return b

    before = declared().create(6, tmp_path / "d", show=False).result().to_arrow()
    mended.append(True)
    calls.clear()

    run = declared().create(6, tmp_path / "d", overwrite="dropped", show=False)
    after = run.result().to_arrow()

    assert after.take([0, 1, 2, 4, 5]).equals(before)
    assert after["mixed"].to_pylist() == [None, '{"n": 1}', "text 2", '{"n": 3}', "text 4", '{"n": 5}']
    assert set(calls) == {3}
    assert calls_of(run) == 1


def test_cells_that_an_earlier_run_left_empty_keep_their_reasons(tmp_path: Path) -> None:
    mended: list[bool] = []
    b = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=4, disable_early_shutdown=True))
    b.seed_data(pa.table({"number": list(range(12))}))

    @b.column(on_error="null")
    def even(number: int) -> int:
        if number % 2:
            raise ValueError(f"{number} is odd")
        return number

    @b.column
    def late(number: int) -> int:
        if number == 3 and not mended:
            raise ValueError("not yet")
        return number

    b.create(8, tmp_path / "d", show=False).result()
    more = b.create(12, tmp_path / "d", show=False)
    more.result()
    told = more.failures()
    mended.append(True)
    b.create(12, tmp_path / "d", overwrite="dropped", show=False).result()
    last = b.create(12, tmp_path / "d", show=False)
    last.result()

    columns = ["row", "column", "dropped"]
    left_empty = [[row, "even", False] for row in (1, 3, 5, 7, 9, 11)]
    assert told[columns].values.tolist() == [left_empty[0], [3, "late", True], *left_empty[2:]]
    assert last.failures()[columns].values.tolist() == left_empty
    assert last.failures()["error"].tolist() == [f"ValueError: {row} is odd" for row in (1, 3, 5, 7, 9, 11)]
    assert (last.record(1)["even"].state, last.record(1)["even"].reason[:20]) == ("failed", "ValueError: 1 is odd")
    assert last.record(2)["even"].state == "done"


@pytest.mark.parametrize("what", ["full_column", "ordered", "processor", "after_run"])
def test_dropped_rows_that_cannot_be_made_by_themselves_are_refused_with_the_reason(what: str, tmp_path: Path) -> None:
    b = ng.DatasetBuilder()
    b.seed_data(pa.table({"number": [1, 2]}))

    @b.column
    def half(number: int) -> float:
        return 1 / (number - 1)

    if what == "full_column":
        b.column(name="whole", full_column=True)(lambda half: half)
    elif what == "ordered":
        b.column(name="whole", ordered=True)(lambda half: half)
    else:
        b.processor("post_batch" if what == "processor" else "after_run", lambda rows: rows, name="tidy")
    b.create(2, tmp_path / "d", show=False).result()
    before = {file: file.read_bytes() for file in (tmp_path / "d").rglob("*.parquet")}

    reasons = {
        "full_column": "column 'whole' sees a whole row group",
        "ordered": "column 'whole' sees one row after the other",
        "processor": r"the processor 'tidy' sees a whole row group \(post_batch\)",
        "after_run": "after_run processors have changed as a whole",
    }
    with pytest.raises(ng.ConfigError, match=f"{reasons[what]}.*overwrite=True"):
        b.create(2, tmp_path / "d", overwrite="dropped", show=False)

    assert {file: file.read_bytes() for file in (tmp_path / "d").rglob("*.parquet")} == before


@pytest.mark.parametrize("stage", ["after_run", "post_batch", "pre_batch"])
def test_a_processor_that_failed_is_mended_and_no_cell_is_made_again(stage: Stage, tmp_path: Path) -> None:
    calls = []

    def declared(column: str) -> ng.DatasetBuilder:
        b = ng.DatasetBuilder(seed=1)
        b.seed_data(pa.table({"number": [1, 2, 2, 3]}))

        @b.column
        def slow(number: int) -> int:
            time.sleep(0.003)
            calls.append(number)
            return number * number

        b.processor(stage, lambda rows: rows.drop_duplicates(column), name="unique")
        return b

    with pytest.raises(ng.ProcessorError, match="'unique'") as failed:
        declared("numbre").create(4, tmp_path / "d", show=False).result()
    assert "on_processor_error" not in str(failed.value)  # it would drop all

    dataset = declared("number").create(4, tmp_path / "d", show=False).result()

    assert dataset.to_pandas()["slow"].tolist() == [1, 4, 9]
    assert len(calls) == (3 if stage == "pre_batch" else 4)
    with pytest.raises(ng.ConfigError, match=f"processor '{stage} unique' has changed"):
        declared("slow").create(4, tmp_path / "d", show=False)


def test_a_processor_that_failed_later_is_refused_with_what_went_through_it_and_the_cheapest_way_on(
    tmp_path: Path,
) -> None:
    def declared(broken_at: int) -> ng.DatasetBuilder:
        b = ng.DatasetBuilder(seed=1, settings=ng.RunSettings(row_group_size=2, max_open_rows=2))
        b.seed_data(pa.table({"number": list(range(6))}))

        @b.processor("post_batch")
        def checked(rows: Any) -> Any:
            if broken_at in list(rows["number"]):
                raise ValueError("no such row")
            return rows

        return b

    with pytest.raises(ng.ProcessorError, match=r"row group 1.*RunSettings\(on_processor_error=\"drop\"\) goes on"):
        declared(3).create(6, tmp_path / "d", show=False).result()

    with pytest.raises(ng.ConfigError) as refused:
        declared(9).create(6, tmp_path / "d", show=False)

    assert str(refused.value) == (
        f"{tmp_path / 'd'} holds a dataset that was declared otherwise when it was begun: "
        "processor 'post_batch checked' has changed, and 1 row group is written with the processors as they were; "
        "rows of both would not belong together: declare it as it was to go on "
        '(RunSettings(on_processor_error="drop") drops the row groups that a processor fails with), '
        "give overwrite=True to make it anew, or name another folder"
    )
    drop = ng.RunSettings(row_group_size=2, on_processor_error="drop")
    dataset = declared(3).create(6, tmp_path / "d", settings=drop, show=False).result()
    assert dataset.to_pandas()["number"].tolist() == [0, 1, 4, 5]
