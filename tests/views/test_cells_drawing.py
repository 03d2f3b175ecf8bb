"""The cells as a plain function, `ng.views.cells`: of a run, of a dataset, of traces that were saved."""

from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest

import notebook_gen as ng
from tests.views.fake_run import REVIEW, SCORE, traced_run


def test_the_cells_of_a_run_are_drawn_and_saved(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder()
    builder["stars"] = ng.Integer(1, 5)
    run = builder.preview(4, show=False)
    run.result()

    drawing = ng.views.cells(run)

    assert "cells of 1 columns: 4 done" in drawing.html == drawing._repr_html_()
    assert drawing.save(tmp_path / "cells.svg").read_text(encoding="utf-8").startswith("<svg")
    assert drawing.html in drawing.save(tmp_path / "cells.html").read_text(encoding="utf-8")
    with pytest.raises(ng.ConfigError, match=r"'cells\.png' is no kind of picture"):
        drawing.save(tmp_path / "cells.png")


@pytest.mark.parametrize("stage", ["pre_batch", "post_batch"])
def test_of_rows_that_a_processor_dropped_no_cell_is_drawn_as_done(stage: Literal["pre_batch", "post_batch"]) -> None:
    builder = ng.DatasetBuilder()
    builder.seed_data(pd.DataFrame({"number": range(10)}))
    builder["review"] = ng.LLMText("A review of {{ number }}")

    @builder.processor(stage)
    def only_small(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["number"] < 4]

    run = builder.preview(10, show=False)
    run.result(timeout=30)

    assert "4 done, 6 dropped" in ng.views.cells(run).html


def test_the_cells_of_saved_traces_are_as_their_last_attempts_left_them() -> None:
    run = traced_run(4)
    run.attempt_in_vain(REVIEW, 0, 1.0, 2.0, again=True)
    run.attempt(REVIEW, 0, 2.0, 3.0)
    run.attempt(SCORE, 0, 3.0, 4.0)
    run.attempt_in_vain(REVIEW, 1, 4.0, 5.0)
    run.attempt_in_vain(REVIEW, 2, 5.0, 6.0, again=True)
    run.attempt(REVIEW, 3, 6.0)
    run.finish()
    assert run.trace is not None

    drawings = [ng.views.cells(traces) for traces in (run.trace, run.trace.to_pandas())]

    said = "cells of 2 columns: 2 done, 5 without a finished attempt, 1 failed"
    assert [said in drawing.html for drawing in drawings] == [True, True]
    assert "Attempts alone do not tell which cells were skipped" in drawings[0].html
    assert "Attempts alone do not tell which cells were skipped" in drawings[0].svg


def test_traces_of_a_run_that_goes_on_show_what_is_under_way() -> None:
    run = traced_run(2)
    run.attempt_in_vain(REVIEW, 0, 1.0, 2.0, again=True)
    run.attempt(REVIEW, 1, 6.0)
    assert run.trace is not None

    assert "cells of 1 columns: 1 in flight, 1 deferred" in ng.views.cells(run.trace).html


def test_a_dataset_is_drawn_from_its_folder_and_a_preview_of_which_nothing_is_known_is_told(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder()
    builder["stars"] = ng.Integer(1, 5)

    @builder.column
    async def doubled(stars: int) -> int:
        return 2 * stars

    created = builder.create(4, tmp_path / "stars", show=False).result()

    assert "cells of 2 columns: 8 done" in ng.views.cells(created).html
    assert ng.views.cells(str(tmp_path / "stars")).html == ng.views.cells(created).html
    assert "cells of 1 columns: 4 done" in ng.views.cells(tmp_path / "stars" / "traces").html
    with pytest.raises(ng.ConfigError, match=r"this dataset is in memory, .*; give the run itself"):
        ng.views.cells(builder.preview(2, show=False).result())


def test_what_has_no_cells_is_told_and_traces_without_attempts_say_so() -> None:
    nothing: Any = 7
    with pytest.raises(ng.ConfigError, match="a int is no trace"):
        ng.views.cells(nothing)
    trace = traced_run().trace
    assert trace is not None

    assert "No cells: no attempt tells of any." in ng.views.cells(trace).html
