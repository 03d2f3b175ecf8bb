"""Datasets whose number of rows a column changed: gone on with, counted rightly, and nothing is made twice."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import notebook_gen as ng

Resize = Callable[["pd.Series[int]"], "pd.Series[int]"]


def doubled(i: "pd.Series[int]") -> "pd.Series[int]":
    return pd.concat([i, i])


def without_2_and_3(i: "pd.Series[int]") -> "pd.Series[int]":
    return i[(i < 2) | (i > 3)]


def none_left(i: "pd.Series[int]") -> "pd.Series[int]":
    return i[:0]


class Sized:
    """Makes a dataset of row groups of two, with a column that changes their size; notes what that was given."""

    def __init__(self, folder: Path, resize: Resize, *, drops: int = -1) -> None:
        self.folder = folder
        self.made: list[list[int]] = []
        self.builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2, engine="sequential"))
        self.builder.seed_data(pd.DataFrame({"i": range(8)}))

        @self.builder.column
        def checked(i: int) -> int:
            if i == drops:
                raise ValueError("not this one")
            return i

        @self.builder.column(full_column=True, allow_resize=True)
        def resized(checked: "pd.Series[int]") -> "pd.Series[int]":
            self.made.append(checked.tolist())
            return resize(checked)

    def create(self, rows: int) -> ng.Run:
        self.made.clear()
        run = self.builder.create(rows, self.folder, show=False)
        run.result(timeout=30)
        return run


@pytest.mark.parametrize(
    ("resize", "first", "second"),
    [
        (doubled, "12 of 12 rows done, 6 asked", "16 of 16 rows done, 8 asked, 24 cells kept"),
        (without_2_and_3, "4 of 4 rows done, 6 asked", "6 of 6 rows done, 8 asked, 8 cells kept"),
        (none_left, "0 of 0 rows done, 6 asked", "0 of 0 rows done, 8 asked"),
    ],
)
def test_what_was_resized_is_counted_as_it_is_and_not_made_again(
    resize: Resize, first: str, second: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sized = Sized(tmp_path / "d", resize)

    with caplog.at_level(logging.WARNING, logger="notebook_gen"):
        assert f"finished, {first}>" in repr(sized.create(6))
        assert sized.made == [[0, 1], [2, 3], [4, 5]]
        run = sized.create(8)

    assert f"finished, {second}>" in repr(run)
    assert sized.made == [[6, 7]]
    assert caplog.messages == []
    assert json.loads((tmp_path / "d" / "metadata.json").read_text())["rows"]["dropped"] == 0


@pytest.mark.parametrize(
    ("resize", "said"),
    [
        (none_left, ("column 'resized' (allow_resize) left none of 6 rows",)),
        (without_2_and_3, ("column 'resized' (allow_resize) left 4 of 6 rows",)),
        (doubled, ()),
    ],
)
def test_a_column_that_leaves_rows_out_is_named_also_by_the_next_run(
    resize: Resize, said: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sized = Sized(tmp_path / "d", resize)

    for _ in range(2):
        dataset = sized.builder.create(6, tmp_path / "d").result(timeout=30)

        lines = capsys.readouterr().err.splitlines()
        assert dataset.warnings == said
        assert [line.strip() for line in lines if "allow_resize" in line] == list(said)


def test_a_row_group_of_which_drops_and_a_resize_have_left_nothing_is_not_made_again(tmp_path: Path) -> None:
    sized = Sized(tmp_path / "d", without_2_and_3, drops=2)
    first = sized.create(6)
    assert sized.made == [[0, 1], [3], [4, 5]]

    second = sized.create(6)

    assert sized.made == []
    assert "finished, 4 of 5 rows done, 1 dropped, 6 asked" in repr(first)
    assert "finished, 4 of 5 rows done, 1 dropped (1 earlier), 6 asked, 8 cells kept" in repr(second)
    dropped = pd.read_parquet(tmp_path / "d" / "dropped")
    assert dropped[["row", "column"]].values.tolist() == [[2, "checked"]]


def test_rows_dropped_in_folders_of_their_own_can_be_read_beside_row_groups_without_rows(tmp_path: Path) -> None:
    sized = Sized(tmp_path / "d", without_2_and_3, drops=4)
    sized.create(6)

    dropped = pd.read_parquet(tmp_path / "d" / "dropped")

    assert dropped[["row", "column", "error"]].values.tolist() == [[4, "checked", "ValueError: not this one"]]
    assert dropped["row"].dtype == "int64"


def test_a_dataset_that_was_changed_as_a_whole_is_counted_as_it_is(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2))
    builder.seed_data(pd.DataFrame({"i": range(6)}))

    @builder.processor("after_run")
    def first_three(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[:3]

    counts = {"asked": 6, "delivered": 6, "dropped": 0, "after_run": 3}
    first = builder.create(6, tmp_path / "d", show=False)

    assert len(first.result(timeout=30)) == 3
    assert "finished, 6 of 6 rows done, 3 in the dataset>" in repr(first)
    assert "rows done · 3 in the dataset" in first._repr_html_()
    assert json.loads((tmp_path / "d/metadata.json").read_text())["rows"] == counts

    again = builder.create(6, tmp_path / "d", show=False)

    assert len(again.result(timeout=30)) == 3
    assert json.loads((tmp_path / "d/metadata.json").read_text())["rows"] == counts
    assert "finished, 6 of 6 rows done, 3 in the dataset" in repr(again)


def test_a_dataset_of_which_processors_leave_no_row_stays_as_it_was_written(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2))
    builder.seed_data(pd.DataFrame({"i": range(6)}))

    @builder.processor("after_run")
    def too_strict(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["i"] > 99]

    run = builder.create(6, tmp_path / "d", show=False)

    with pytest.raises(
        ng.ProcessorError, match=r"'too_strict' \(after_run\) left none of 6 rows; what was written stays"
    ):
        run.result(timeout=30)
    assert run.rows()["i"].tolist() == list(range(6))
    assert pd.read_parquet(tmp_path / "d/rows")["i"].tolist() == list(range(6))


@pytest.mark.parametrize(
    ("resize", "empty"),
    [
        (lambda i: i[i > 0], {0: "1 is odd", 2: "3 is odd"}),
        (lambda i: i.repeat(2), {2: "1 is odd", 3: "1 is odd", 6: "3 is odd", 7: "3 is odd"}),
    ],
    ids=["fewer", "more"],
)
def test_reasons_of_empty_cells_follow_their_rows(resize: Resize, empty: dict[int, str], tmp_path: Path) -> None:
    settings = ng.RunSettings(row_group_size=4, engine="sequential", disable_early_shutdown=True)
    builder = ng.DatasetBuilder(settings=settings)
    builder.seed_data(pd.DataFrame({"i": range(4)}))

    @builder.column(on_error="null")
    def even(i: int) -> int:
        if i % 2:
            raise ValueError(f"{i} is odd")
        return i

    @builder.column(full_column=True, allow_resize=True)
    def resized(i: "pd.Series[int]") -> "pd.Series[int]":
        return resize(i)

    builder.create(4, tmp_path / "d", show=False).result(timeout=30)
    run = builder.create(4, tmp_path / "d", show=False)
    values = run.result(timeout=30)["even"]

    failures = run.failures().set_index("row")["error"]
    assert [row for row in values.index if pd.isna(values[row])] == list(failures.index)
    assert failures.to_dict() == {row: f"ValueError: {reason}" for row, reason in empty.items()}


def test_a_record_is_there_also_where_the_reasons_of_empty_cells_cannot_be_read(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(disable_early_shutdown=True))
    builder.seed_data(pd.DataFrame({"i": range(2)}))
    builder.column(name="half", inputs=["i"], on_error="null")(lambda row: 1 // row["i"])
    builder.create(2, tmp_path / "d", show=False).result(timeout=30)
    (tmp_path / "d" / "empty_cells" / "00000.parquet").write_bytes(b"broken")
    run = builder.create(2, tmp_path / "d", show=False)
    run.result(timeout=30)

    assert run.record(0)["i"].value == 0
    with pytest.raises(ng.WriteError, match="empty_cells"):
        run.failures()
