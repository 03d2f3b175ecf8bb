"""The cells of a dataset in a folder, as `ng.views.cells("reviews/")` draws them: what its files tell, and no more."""

import asyncio
import json
import re
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import notebook_gen as ng


def _said(of: Any) -> str:
    """How many cells are in which state, as the picture says to those who cannot see it."""
    found = re.search('aria-label="cells of (.*?)"', ng.views.cells(of).html)
    assert found is not None
    return found[1]


def _notes(of: Any) -> list[str]:
    return re.findall('<p class="ng-note">(.*?)</p>', ng.views.cells(of).html)


def _eventful(*, trace: bool = True) -> ng.DatasetBuilder:
    """Ten rows: three are dropped by a processor, two for a cell; of the others some cells are skipped or empty."""
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=4, trace=trace))
    builder.seed_data(pd.DataFrame({"n": range(10)}))
    builder["stars"] = ng.Integer(1, 5)
    builder["half"] = ng.Expression("{{ n / 2 }}", skip_if="{{ n in (0, 4) }}", skip_value="–")

    @builder.column(on_error="null", skip_if="{{ n == 5 }}")
    async def odd(n: int) -> int | None:
        if n == 1:
            raise ValueError("one")
        return n if n % 2 else None  # of what is made, some is nothing, too

    builder["said"] = ng.Expression("{{ odd }}")

    @builder.column(full_column=True)
    def rank(half: "pd.Series[Any]") -> "pd.Series[Any]":
        return half.rank()

    @builder.column
    async def checked(said: Any, n: int, stars: int) -> int:
        if n in (2, 3):
            raise ValueError("two or three")
        return stars

    @builder.processor("post_batch")
    def few(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[rows["n"] < 7]

    return builder


def test_the_cells_of_a_dataset_are_drawn_as_its_run_drew_them(tmp_path: Path) -> None:
    run = _eventful().create(10, tmp_path / "it", show=False)
    run.result(timeout=30)

    # in the two rows that a failed cell ended, the run knows of an expression that it was not skipped
    assert _said(run) == "6 columns: 30 done, 7 skipped, 20 dropped, 3 failed"
    assert _said(tmp_path / "it") == "6 columns: 28 done, 7 skipped, 22 dropped, 3 failed"
    assert _notes(tmp_path / "it") == []


def test_what_was_made_in_place_of_a_row_that_was_dropped_later_is_drawn_as_made(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2))
    builder.seed_data(pd.DataFrame({"n": range(4)}))
    builder["twice"] = ng.Expression("{{ 2 * n }}")
    builder["more"] = ng.Expression("{{ twice + 1 }}")

    @builder.column
    async def checked(more: int) -> int:
        if more > 3:
            raise ValueError("too many")
        return more

    builder["last"] = ng.Expression("{{ checked }}")
    run = builder.create(4, tmp_path / "it", show=False)
    run.result(timeout=30)

    assert _said(tmp_path / "it") == _said(run) == "4 columns: 12 done, 2 dropped, 2 failed"


def test_a_dataset_without_traces_is_drawn_from_its_rows(tmp_path: Path) -> None:
    _eventful(trace=False).create(10, tmp_path / "it", show=False).result(timeout=30)

    # of the two rows that a failed cell ended, only the sampler is known to be done
    assert _said(tmp_path / "it") == "6 columns: 24 done, 7 skipped, 26 dropped, 3 failed"


def test_rows_of_which_somebody_deleted_the_reasons_look_dropped(tmp_path: Path) -> None:
    _eventful().create(10, tmp_path / "it", show=False).result(timeout=30)
    for file in (tmp_path / "it" / "dropped").iterdir():
        file.unlink()

    # the last row group has no rows: without its reasons, it is one that is still to be made
    assert _said(tmp_path / "it") == "6 columns: 28 done, 7 skipped, 6 not delivered, 16 dropped, 3 failed"


def test_where_a_processor_took_a_column_away_it_is_said_that_skips_are_not_known(tmp_path: Path) -> None:
    builder = _eventful()
    builder.processor("post_batch", ng.DropColumns("half"))
    builder.create(10, tmp_path / "it", show=False).result(timeout=30)

    said = "Nothing tells which cells of &#x27;half&#x27;, &#x27;rank&#x27; were skipped: they look done."
    assert "3 skipped" in _said(tmp_path / "it")
    assert _notes(tmp_path / "it") == [said]


def test_in_a_run_that_was_cancelled_nothing_is_under_way(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2))
    builder.seed_data(pd.DataFrame({"n": range(6)}))
    begun = threading.Event()

    @builder.column
    async def slow(n: int) -> int:
        if n == 3:
            raise ng.Transient("not now")
        if n == 4:
            begun.set()
            await asyncio.Event().wait()
        return n

    run = builder.create(6, tmp_path / "it", show=False)
    assert begun.wait(30)
    during = _notes(tmp_path / "it")
    run.cancel()
    with pytest.raises(ng.RunCancelled):
        run.result(timeout=30)

    said, notes = _said(tmp_path / "it"), _notes(tmp_path / "it")

    assert "deferred" not in said
    assert "in flight" not in said
    assert re.fullmatch(r"1 columns: \d done, \d not delivered", said)
    assert during[0] == "The run goes on, or was killed: until it ends, its attempts are not in the folder."
    assert notes == ["Of rows that are not delivered, attempts alone tell: what was made without one is not seen."]


def test_what_an_after_run_processor_made_of_the_rows_does_not_change_their_cells(tmp_path: Path) -> None:
    builder = _eventful()

    @builder.processor("after_run")
    def one(rows: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"mean": [rows["stars"].mean()]})

    builder.create(10, tmp_path / "it", show=False).result(timeout=30)

    assert _said(tmp_path / "it") == "6 columns: 32 done, 3 skipped, 22 dropped, 3 failed"
    assert _notes(tmp_path / "it")[0].startswith("An after_run processor has changed the rows since")


def test_rows_that_were_dropped_once_and_made_later_are_done(tmp_path: Path) -> None:
    is_up = threading.Event()
    builder = ng.DatasetBuilder()
    builder.seed_data(pd.DataFrame({"n": range(4)}))

    @builder.column
    async def checked(n: int) -> int:
        if n == 2 and not is_up.is_set():
            raise ValueError("down")
        return n

    builder.create(4, tmp_path / "it", show=False).result(timeout=30)
    before = _said(tmp_path / "it")
    is_up.set()
    builder.create(4, tmp_path / "it", overwrite="dropped", show=False).result(timeout=30)

    assert (before, _said(tmp_path / "it")) == ("1 columns: 3 done, 1 failed", "1 columns: 4 done")


@pytest.mark.parametrize("kind", ["Dice", "Field"])  # one that is not there, and one that is no column
def test_a_broken_description_of_the_columns_is_told(kind: str, tmp_path: Path) -> None:
    _eventful().create(10, tmp_path / "it", show=False).result(timeout=30)
    file = tmp_path / "it" / "builder.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    content["columns"]["stars"]["type"] = kind
    file.write_text(json.dumps(content), encoding="utf-8")

    with pytest.raises(ng.ConfigError, match=r"builder\.json does not say what the columns are"):
        ng.views.cells(tmp_path / "it")
