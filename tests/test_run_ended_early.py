"""A run that ends early says what became of it: that processors of the whole dataset have not seen it, how to go on."""

import _thread
import threading
from pathlib import Path

import pandas as pd
import pytest

import notebook_gen as ng
from notebook_gen.config.processors import Stage

SAID = "; its after_run processors have changed nothing"


def ended(how: str, folder: Path, *, stage: Stage = "after_run") -> str:
    """What a run says that ends early when its third row group is made."""
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2, max_open_rows=2, shutdown_error_window=1))
    builder.seed_data(pd.DataFrame({"number": range(8)}))
    holder: list[ng.Run] = []

    @builder.column(on_error="raise" if how == "raise" else "drop")
    def made(number: int) -> int:
        if number == 5 and how == "cancel":
            holder[0].cancel()
        elif number == 5:
            raise ValueError("no five")
        return number

    def told(run: ng.Run, number: int) -> None:
        if number == 2 and how == "callback":
            raise OSError("no one there")

    builder.processor(stage, ng.DropColumns("number"))
    holder.append(builder.create(8, folder, on_row_group=told, show=False))
    with pytest.raises(ng.RunError) as error:
        holder[0].result(timeout=30)
    return str(error.value)


@pytest.mark.parametrize("how", ["cancel", "raise", "early", "callback"])
def test_a_run_that_ends_early_says_which_processors_were_not_run(how: str, tmp_path: Path) -> None:
    assert ended(how, tmp_path / "rows").endswith(SAID)


def test_an_interrupted_wait_says_what_became_of_the_run(tmp_path: Path) -> None:
    """As Ctrl+C does: the interrupt comes to the thread that waits."""
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2))
    builder.seed_data(pd.DataFrame({"number": range(8)}))
    is_waited_for, is_over = threading.Event(), threading.Event()

    @builder.column
    def made(number: int) -> int:
        if number == 2 and is_waited_for.wait(20):
            _thread.interrupt_main()
        if number > 1:
            is_over.wait(60)
        return number

    run = builder.create(8, tmp_path / "rows", show=False)
    run._pump = is_waited_for.set  # type: ignore[method-assign]  # what it does each time that it still waits
    try:
        with pytest.raises(KeyboardInterrupt) as interrupt:
            run.result(timeout=30)
    finally:
        is_over.set()
    assert interrupt.value.__notes__ == [
        "the run was cancelled with 2 of 8 rows finished; create it again in the same folder, and it goes on from there"
    ]


def test_a_run_without_such_processors_does_not_speak_of_them(tmp_path: Path) -> None:
    assert SAID not in ended("cancel", tmp_path / "rows", stage="post_batch")


def last_line(run: ng.Run, capsys: pytest.CaptureFixture[str]) -> str:
    """What a script writes first of how a run ended."""
    with pytest.raises(ng.RunError):
        run.result(timeout=30)
    return next(line for line in capsys.readouterr().err.splitlines() if line.startswith(run.title))


def test_the_last_line_says_that_nothing_is_in_the_folder_where_a_processor_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=4))
    builder.seed_data(pd.DataFrame({"number": range(8)}))

    @builder.processor("post_batch")
    def broken(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[["missing"]]

    said = last_line(builder.create(8, tmp_path / "rows"), capsys)

    assert said.endswith(f" · 0 rows in {tmp_path / 'rows'}")


def test_the_last_line_counts_what_an_earlier_run_has_left_in_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its row group is there in part; the second run ends before it has made as much of it."""
    folder, broken_at = tmp_path / "rows", [6]
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=8))
    builder.seed_data(pd.DataFrame({"number": range(8)}))

    @builder.column(ordered=True, on_error="raise")
    def made(number: int) -> int:
        if number >= broken_at[0]:
            raise ValueError("broken")
        return number

    assert last_line(builder.create(8, folder), capsys).endswith(f" · in {folder}")
    broken_at[0] = 2
    assert last_line(builder.create(8, folder), capsys).endswith(f" · 6 rows in {folder}")
