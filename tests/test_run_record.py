"""A record and a saved page of a real run: while it goes on, when it is over, and of rows that did not make it."""

import re
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import notebook_gen as ng

AT_ONCE = ng.RunSettings(salvage_rounds=0, disable_early_shutdown=True)


def _builder(*, server_error: float = 0.0) -> ng.DatasetBuilder:
    builder = ng.DatasetBuilder(seed=7, settings=AT_ONCE)
    builder.models["default"] = ng.DemoModel(latency=0, faults=ng.DemoFaults(server_error=server_error))
    builder["n"] = ng.Integer(1, 5)
    builder["text"] = ng.LLMText("Write about {{ n }}.", system="Be brief.", skip_if="{{ n == 3 }}")
    return builder


def test_a_record_tells_what_was_said_and_what_came_of_it() -> None:
    run = _builder().preview(8, show=False)
    rows = run.result(timeout=30).to_pandas()

    for row, n in enumerate(rows["n"]):
        cell = run.record(row)["text"]
        if n == 3:
            assert (cell.state, cell.exchange, cell.attempts) == ("skipped", None, ())
            continue
        assert cell.value == rows["text"][row]
        assert cell.exchange is not None
        assert cell.exchange.messages == (("system", "Be brief."), ("user", f"Write about {n}."))
        assert cell.exchange.answer == cell.value
        assert [(attempt.state, attempt.tokens_out > 0) for attempt in cell.attempts] == [("done", True)]


def _chained() -> ng.DatasetBuilder:
    builder = _builder()
    builder["reply"] = ng.LLMText("Answer {{ text }}", skip_if="{{ n == 4 }}")
    builder["short"] = ng.Expression("{{ reply[:9] }}", skip_value="–")
    builder["last"] = ng.LLMText("End {{ short }}", skip_if="{{ n == 2 }}")
    return builder


def _reasons(run: ng.Run, row: int) -> list[str]:
    return [run.record(row)[name].reason for name in ("text", "reply", "short", "last")]


def test_a_record_says_whether_a_condition_skipped_a_cell_or_what_it_reads_was_skipped() -> None:
    run = _chained().preview(20, show=False)
    numbers = run.result(timeout=30).to_pandas()["n"].tolist()

    went_down = ["'reply', which it reads, was skipped", "'short', which it reads, was skipped"]
    assert {n: _reasons(run, numbers.index(n)) for n in (2, 3, 4)} == {
        2: ["", "", "", "skip_if says so: {{ n == 2 }}"],
        3: ["skip_if says so: {{ n == 3 }}", "'text', which it reads, was skipped", *went_down],
        4: ["", "skip_if says so: {{ n == 4 }}", *went_down],
    }


def test_of_a_row_of_an_earlier_run_a_record_says_as_much_of_skips_as_is_known(tmp_path: Path) -> None:
    _chained().create(20, tmp_path / "out", show=False).result(timeout=30)
    run = _chained().create(20, tmp_path / "out", show=False)
    numbers = run.result(timeout=30).to_pandas()["n"].tolist()

    reasons = {n: _reasons(run, numbers.index(n)) for n in (2, 4)}

    # nobody knows whether an expression was skipped, or gave what it holds then
    unknown = "skip_if says so, or what it reads was skipped: of a row of an earlier run, that is not known"
    assert reasons[2][3] == "skip_if says so: {{ n == 2 }}"
    assert (reasons[4][1], reasons[4][3]) == ("skip_if says so: {{ n == 4 }}", unknown)


def test_the_prompt_and_the_raw_answer_of_an_attempt_in_vain_are_kept() -> None:
    run = _builder(server_error=1.0).preview(4, show=False)
    with pytest.raises(ng.NoRowsLeft):
        run.result(timeout=30)

    record = run.record(0)

    cell = record["text"]
    assert (record.state, cell.state, cell.value) == ("dropped", "failed", None)
    assert "could not answer (500)" in record.reason
    assert cell.exchange is not None
    assert cell.exchange.messages[0] == ("system", "Be brief.")
    assert "server_error" in str(cell.exchange.answer)
    assert [attempt.exchange for attempt in cell.attempts] == [cell.exchange]


def test_what_was_made_after_a_row_was_dropped_is_in_its_record_and_counted_as_made() -> None:
    is_dropped = threading.Event()
    builder = ng.DatasetBuilder(settings=AT_ONCE)
    builder["n"] = ng.Integer(0, 9)

    @builder.column
    def late(n: int) -> int:
        assert is_dropped.wait(30)
        return n + 1

    @builder.column
    def broken(n: int) -> int:
        raise ValueError("no")

    run = builder.preview(1, show=False)
    while not len(run.failures()):
        assert not run.is_over
        time.sleep(0.005)
    assert run.record(0)["late"].state == "dropped"
    is_dropped.set()
    with pytest.raises(ng.NoRowsLeft):
        run.result(timeout=30)

    record = run.record(0)

    assert (record.state, record["late"].state) == ("dropped", "done")
    assert record["late"].value == record["n"].value + 1
    assert ">2 done<" in ng.views.cells(run)._repr_html_()


def test_a_prompt_says_none_for_an_empty_cell_unless_it_asks_or_is_skipped() -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(disable_early_shutdown=True))
    builder.models["default"] = ng.DemoModel(latency=0)
    builder["n"] = ng.Integer(1, 1)

    @builder.column(on_error="null")
    def review(n: int) -> str:
        raise ValueError("no review today")

    builder["plain"] = ng.LLMText("Judge: {{ review }}")
    builder["or_else"] = ng.LLMText('Judge: {{ review or "no review" }}')
    builder["asks"] = ng.LLMText("Judge{% if review is not none %}: {{ review }}{% endif %}")
    builder["left_out"] = ng.LLMText("Judge: {{ review }}", skip_if="{{ review is none }}")
    run = builder.preview(1, show=False)
    run.result(timeout=30)

    record = run.record(0)

    said = {column: cell.exchange.messages[-1][1] for column, cell in record.items() if cell.exchange is not None}
    assert said == {"plain": "Judge: None", "or_else": "Judge: no review", "asks": "Judge"}
    assert record["left_out"].state == "skipped"


def test_the_row_that_ended_the_run_is_among_the_failures_and_is_made_when_the_run_goes_on(tmp_path: Path) -> None:
    mended = threading.Event()
    builder = ng.DatasetBuilder()
    builder["n"] = ng.Integer(1, 5)

    @builder.column(on_error="raise")
    def slow(n: int) -> int:
        if not mended.is_set():
            raise ValueError("the disk is away")
        return n

    run = builder.create(1, tmp_path / "d", show=False)
    with pytest.raises(ng.ColumnFailed):
        run.result(timeout=30)

    failures = run.failures()
    assert failures[["row", "column", "attempt", "dropped"]].to_dict("records") == [
        {"row": 0, "column": "slow", "attempt": 1, "dropped": False}
    ]
    record = run.record(0)
    assert (record.state, record["slow"].state, record["n"].state) == ("unfinished", "failed", "waiting")
    assert record["slow"].reason.startswith("ValueError: the disk is away")
    mended.set()
    assert len(builder.create(1, tmp_path / "d", show=False).result(timeout=30)) == 1


def test_a_record_can_be_looked_at_while_the_run_goes_on() -> None:
    builder = ng.DatasetBuilder()
    builder["n"] = ng.Integer(1, 5)
    begun, go_on = threading.Event(), threading.Event()

    @builder.column
    def slow(n: int) -> int:
        begun.set()
        go_on.wait(30)
        return n

    run = builder.preview(1, show=False)
    assert begun.wait(30)
    half_way = run.record(0)
    go_on.set()
    run.result(timeout=30)

    assert (half_way.state, half_way["slow"].state) == ("in progress", "in flight")
    assert [attempt.ended for attempt in half_way["slow"].attempts] == [None]
    assert (run.record(0).state, run.record(0)["slow"].value) == ("done", run.record(0)["n"].value)


def test_a_record_of_a_row_that_is_on_disk_is_read_back(tmp_path: Path) -> None:
    run = _builder().create(9, tmp_path / "data", settings=ng.RunSettings(row_group_size=4), show=False)
    rows = run.result(timeout=30).to_pandas()

    record = run.record(8)

    assert (record.row_group, record.state, record["n"].value) == (2, "done", rows["n"][8])


def test_a_row_that_does_not_exist_is_told_with_advice() -> None:
    run = _builder().preview(3, show=False)
    run.result(timeout=30)

    with pytest.raises(IndexError, match="row 3 does not exist; the run has rows 0 to 2"):
        run.record(3)


def test_a_run_is_saved_as_one_file(tmp_path: Path) -> None:
    run = _builder().preview(6, show=False)
    run.result(timeout=30)

    path = run.save_html(tmp_path / "report.html")

    html = path.read_text(encoding="utf-8")
    assert path == tmp_path / "report.html"
    assert html.startswith("<!doctype html>")
    assert "default = demo" in html


def test_a_run_that_cannot_be_saved_says_what_to_do(tmp_path: Path) -> None:
    run = _builder().preview(1, show=False)
    run.result(timeout=30)

    with pytest.raises(ng.ConfigError, match=r"there is no folder '.*nowhere'; make it, or name another one"):
        run.save_html(tmp_path / "nowhere" / "report.html")


def test_the_traces_of_a_dataset_on_disk_are_drawn_as_those_of_its_run(tmp_path: Path) -> None:
    run = _builder().create(20, tmp_path / "data", show=False)
    run.result(timeout=30)

    drawn = ng.views.gantt(pd.read_parquet(tmp_path / "data" / "traces"))

    assert drawn.to_dict() == run.gantt().to_dict()
    assert re.search(r"\d of 8 used", drawn.layout.yaxis.ticktext[0])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x", "'x' is not the number of a row; rows are numbered from 0: record(17)"),
        (2.0, "2.0 is not the number of a row; did you mean record(2)?"),
        (2.5, "2.5 is not the number of a row; rows are numbered from 0: record(17)"),
        (True, "True is not the number of a row; rows are numbered from 0: record(17)"),
        (None, "None is not the number of a row; rows are numbered from 0: record(17)"),
        (-1, "row -1 does not exist; the run has rows 0 to 2; the last one is record(2)"),
        (3, "row 3 does not exist; the run has rows 0 to 2"),
        (10**30, f"row {10**30} does not exist; the run has rows 0 to 2"),
    ],
)
def test_what_is_no_row_of_the_run_is_told_with_a_way_out(row: Any, said: str) -> None:
    run = _builder().preview(3, show=False)
    run.result(timeout=30)

    with pytest.raises(ng.ConfigError) as caught:
        run.record(row)

    assert str(caught.value) == said


def test_a_number_of_numpys_is_the_number_of_a_row() -> None:
    run = _builder().preview(3, show=False)
    run.result(timeout=30)

    assert run.record(np.int64(2)).row == 2  # type: ignore[arg-type]  # it says itself that it is a whole number


def test_a_record_can_be_printed() -> None:
    run = _builder(server_error=1.0).preview(4, show=False)
    with pytest.raises(ng.NoRowsLeft):
        run.result(timeout=30)

    printed = str(run.record(0))

    for expected in ("row 0 · dropped", "text · LLM text", "Be brief.", "raw answer:", "1 attempt", "(500)"):
        assert expected in printed


def _numbered(*, keeps_index: bool) -> ng.DatasetBuilder:
    """Rows 0 to 9, of which a processor of the whole dataset leaves those with an odd number."""
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=4, disable_early_shutdown=True))
    builder.models["default"] = ng.DemoModel(latency=0)
    builder.seed_data(pd.DataFrame({"n": range(10)}))
    builder["text"] = ng.LLMText("Write about number {{ n }}.")

    @builder.column
    def odd(n: int, text: str) -> int:
        if n == 3:
            raise ValueError("three")
        return n % 2

    @builder.processor("after_run")
    def only_odd(rows: pd.DataFrame) -> pd.DataFrame:
        rows = rows[rows["odd"] == 1]
        return rows if keeps_index else rows.reset_index(drop=True)

    return builder


@pytest.mark.parametrize("folder", [None, "d"])
def test_rows_that_a_processor_of_the_whole_dataset_leaves_keep_their_numbers_and_records(
    folder: str | None, tmp_path: Path
) -> None:
    builder = _numbered(keeps_index=True)
    run = builder.preview(10, show=False) if folder is None else builder.create(10, tmp_path / folder, show=False)
    frame = run.result(timeout=30).to_pandas()

    assert frame["n"].to_dict() == run.rows()["n"].to_dict() == {row: row for row in (1, 5, 7, 9)}
    for row in frame.index:
        record = run.record(row)
        assert record["n"].value == row
        assert record["text"].value == frame["text"][row]
        assert f"about number {row}." in str(record["text"].exchange)
    taken = run.record(2)
    assert (taken.state, taken.reason) == ("dropped", "an after_run processor left it out")
    assert "about number 2." in str(taken["text"].exchange)
    assert "three" in run.record(3).reason
    page = run.save_html(tmp_path / "page.html").read_text()
    assert "4 in the dataset" in page


def test_a_dataset_that_is_gone_on_with_tells_what_processors_left_out_of_it(tmp_path: Path) -> None:
    first = _numbered(keeps_index=True).create(10, tmp_path / "d", show=False)
    first.result(timeout=30)

    again = _numbered(keeps_index=True).create(10, tmp_path / "d", show=False)

    assert again.result(timeout=30).to_pandas()["n"].to_dict() == {row: row for row in (1, 5, 7, 9)}
    assert "9 of 10 rows done, 1 dropped (1 earlier), 4 in the dataset" in repr(again)
    assert again.record(5)["n"].value == 5
    assert again.record(2).reason == "an after_run processor left it out"
    assert "three" in again.record(3).reason


def test_rows_that_have_other_numbers_since_have_no_record_that_would_be_another_s(tmp_path: Path) -> None:
    run = _numbered(keeps_index=False).preview(10, show=False)
    frame = run.result(timeout=30).to_pandas()

    assert frame["n"].to_dict() == {0: 1, 1: 5, 2: 7, 3: 9}
    with pytest.raises(ng.ConfigError, match="after_run processor gave the rows other numbers"):
        run.record(0)
    page, report = run.save_html(tmp_path / "page.html").read_text(), run._repr_html_()
    assert "all 4" in page
    assert "all 4" in report
    assert "for its record" not in page
    assert ".record(" not in report
    assert 'class="ng-row"' not in report


def _with_processors(*processors: Any) -> ng.DatasetBuilder:
    builder = ng.DatasetBuilder()
    builder["tmp_n"] = ng.Integer(1, 5)
    builder["text"] = ng.Expression("{{ tmp_n }} stars")
    for processor in processors:
        builder.processor("post_batch", processor)
    return builder


@pytest.mark.parametrize("in_folder", [False, True])
def test_what_a_processor_took_away_is_not_told_as_missing(tmp_path: Path, *, in_folder: bool) -> None:
    builder = _with_processors(ng.DropColumns("tmp_*"), ng.RenameColumns({"text": "said"}))
    run = builder.create(3, tmp_path / "out", show=False) if in_folder else builder.preview(3, show=False)
    dataset = run.result(timeout=30)

    assert list(run.rows()) == list(run.row_group(0)) == list(dataset.columns) == ["said"]
    record = run.record(1)
    assert record.state == "done"
    assert [(cell.state, cell.value, cell.reason, cell.is_taken) for cell in record.cells] == [
        ("done", None, "dropped by DropColumns", True),
        ("done", None, "renamed to 'said' by RenameColumns", True),
    ]
    assert "tmp_n · integer 1 to 5\n  (dropped by DropColumns)" in str(record)
    (view,) = run._source.rows_between(1, 2)
    assert view.taken == {0: "dropped by DropColumns", 1: "renamed to 'said' by RenameColumns"}
    page = run.save_html(tmp_path / "run.html").read_text(encoding="utf-8")
    assert 'title="dropped by DropColumns">–<' in page


def test_a_function_that_takes_a_column_away_is_named_where_it_is_known() -> None:
    def tidy(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.drop(columns="tmp_n")

    def more(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(more=1)

    alone = _with_processors(tidy).preview(2, show=False)
    alone.result(timeout=30)
    renamed = _with_processors(tidy, ng.RenameColumns({"text": "said"})).preview(2, show=False)
    renamed.result(timeout=30)
    several = _with_processors(tidy, more).preview(2, show=False)
    several.result(timeout=30)

    assert [cell.reason for cell in alone.record(0).cells] == ["dropped by tidy", ""]
    assert [cell.reason for cell in renamed.record(0).cells] == [
        "dropped by tidy",
        "renamed to 'said' by RenameColumns",
    ]
    assert [cell.reason for cell in several.record(0).cells] == ["dropped by a processor", ""]


def test_while_rows_are_in_the_making_rows_have_their_columns_too() -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=1))
    gate = threading.Event()
    builder.seed_data(pd.DataFrame({"n": [0, 1]}))

    @builder.column
    def twice(n: int) -> int:
        assert n == 0 or gate.wait(30)
        return 2 * n

    builder.processor("post_batch", ng.DropColumns("n"))
    run = builder.preview(2, show=False)
    while not run._source.rows_stored():
        assert not run.is_over
        time.sleep(0.01)
    rows = run.rows()
    gate.set()
    run.result(timeout=30)

    assert list(rows) == ["n", "twice"]
    assert rows["n"].isna().tolist() == [True, False]
    assert list(run.rows()) == ["twice"]


def test_rows_that_were_dropped_say_why_in_the_table(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder()
    builder.seed_data(pd.DataFrame({"n": range(3)}))

    @builder.column
    def half(n: int) -> int:
        if n == 1:
            raise ValueError("odd")
        return n // 2

    @builder.processor("post_batch")
    def few(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[rows["n"] < 2]

    run = builder.preview(3, show=False)
    run.result(timeout=30)

    reasons = [view.reason for view in run._source.first_rows(3)]
    assert reasons[0] == ""
    assert reasons[1].startswith("half: ValueError: odd")
    assert reasons[2].startswith("post_batch: few: ")
    page = run.save_html(tmp_path / "run.html").read_text(encoding="utf-8")
    assert page.count('title="dropped: half: ValueError: odd') == page.count('title="dropped: post_batch: few: ') == 1
