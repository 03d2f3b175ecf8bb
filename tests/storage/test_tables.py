"""Seed tables from wherever they come, and what is said about those that cannot be one."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from notebook_gen.errors import ConfigError
from notebook_gen.storage.tables import read_table


def refusal(source: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read_table(source)
    return caught.value


class Exported:
    """A table of another library that speaks Arrow."""

    def __init__(self, table: pa.Table) -> None:
        self._table: Any = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


@pytest.fixture(autouse=True)
def _working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_files_are_read_by_their_ending() -> None:
    Path("a.csv").write_text("x,y\n1,b\n")
    Path("a.JSONL").write_text('{"x": 1, "y": "b"}\n')
    Path("a.json").write_text('[{"x": 1, "y": "b"}]')
    pq.write_table(pa.table({"x": [1], "y": ["b"]}), "a.parquet")

    for name in ("a.csv", "a.JSONL", "a.json", "a.parquet"):
        assert read_table(name).to_pydict() == {"x": [1], "y": ["b"]}
        assert read_table(Path(name)).to_pydict() == {"x": [1], "y": ["b"]}


def test_a_pattern_reads_several_files_in_the_order_of_their_names() -> None:
    Path("b.csv").write_text("y,x\n4,3\n")
    Path("a.csv").write_text("x,y\n1,0.5\n")

    assert read_table("*.csv").to_pydict() == {"x": [1, 3], "y": [0.5, 4.0]}
    assert read_table(str(Path.cwd() / "*.csv")).num_rows == 2


def test_a_file_whose_name_looks_like_a_pattern_is_that_file() -> None:
    Path("a[1].csv").write_text("x\n1\n")

    assert read_table("a[1].csv").num_rows == 1


def test_files_of_one_pattern_with_different_columns_are_told() -> None:
    Path("a.csv").write_text("x,y\n1,2\n")
    Path("b.csv").write_text("x,z\n1,2\n")

    assert refusal("*.csv").problem == "b.csv and a.csv have different columns: 'y', 'z'"


def test_files_of_one_pattern_with_different_types_are_told() -> None:
    Path("a.csv").write_text("x\n1\n")
    Path("b.csv").write_text("x\nabc\n")

    assert "a.csv to b.csv cannot be put together" in refusal("*.csv").problem


def test_a_pattern_that_matches_nothing_is_told(tmp_path: Path) -> None:
    assert str(refusal("data/*.csv")) == f"no file matches 'data/*.csv'; the working directory is {tmp_path}"


def test_a_missing_file_is_told_with_the_nearest_name_and_the_working_directory(tmp_path: Path) -> None:
    Path("assets").mkdir()
    Path("assets/products.csv").write_text("x\n1\n")

    error = refusal("assets/prodcts.csv")

    assert error.problem == "there is no file 'assets/prodcts.csv'"
    assert error.advice == f"did you mean 'assets/products.csv'? the working directory is {tmp_path}"


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    error = refusal("asets/more/products.csv")

    assert error.advice == f"there is no folder 'asets' either; the working directory is {tmp_path}"


def test_a_folder_is_no_file() -> None:
    Path("data").mkdir()

    assert str(refusal("data/")) == "'data/' is a folder; name a file, or a pattern: data/*.csv"


def test_an_unknown_ending_is_told() -> None:
    Path("a.xlsx").write_text("")
    Path("noending").write_text("")

    assert refusal("a.xlsx").problem == "a.xlsx ends with '.xlsx'"
    assert ".csv, .jsonl, .ndjson, .json or .parquet" in refusal("a.xlsx").advice
    assert refusal("noending").problem == "noending has no ending"


def test_an_address_in_the_net_is_told() -> None:
    assert "only local files" in refusal("https://example.org/a.csv").problem


def test_a_text_that_is_the_table_itself_is_told() -> None:
    error = refusal("x,y\n" + "1,2\n" * 1000)

    assert error.problem.endswith("cannot be read: File name too long")
    assert error.advice == "give the path of a file"


def test_a_broken_parquet_file_is_told() -> None:
    Path("a.parquet").write_bytes(b"PAR1 and then nothing")
    Path("b.parquet").write_bytes(b"")

    assert refusal("a.parquet").problem.startswith("a.parquet is no Parquet file, or a broken one")
    assert refusal("b.parquet").problem.startswith("b.parquet is no Parquet file, or a broken one")


def test_folder_names_do_not_become_columns_and_an_unnamed_index_neither() -> None:
    Path("part=1").mkdir()
    pd.DataFrame({"x": [1, 2, 4]}, index=[0, 1, 3]).to_parquet("part=1/a.parquet")
    assert len(pq.read_schema("part=1/a.parquet").names) == 2

    assert read_table("part=1/a.parquet").to_pydict() == {"x": [1, 2, 4]}


def test_a_dataframe_gives_its_columns_with_missing_values_missing() -> None:
    frame = pd.DataFrame(
        {
            "n": [1, 2],
            "share": [0.5, None],
            "name": ["a", None],
            "kind": pd.Categorical(["x", "y"]),
            "when": [pd.Timestamp("2024-01-02"), pd.NaT],
            "tags": [["a"], []],
        }
    )

    rows = read_table(frame).to_pylist()

    assert rows[0]["when"].isoformat() == "2024-01-02T00:00:00"
    assert [{**row, "when": None} for row in rows] == [
        {"n": 1, "share": 0.5, "name": "a", "kind": "x", "when": None, "tags": ["a"]},
        {"n": 2, "share": None, "name": None, "kind": "y", "when": None, "tags": []},
    ]


def test_a_dataframe_column_of_several_types_becomes_text() -> None:
    frame = pd.DataFrame({"x": pd.Series([1, "a", None, np.nan], dtype=object)})

    assert read_table(frame).to_pydict() == {"x": ["1", "a", None, None]}


def test_a_dataframe_may_be_changed_afterwards() -> None:
    frame = pd.DataFrame({"n": [1, 2], "share": [0.5, 1.5], "name": ["a", "b"]})
    table = read_table(frame)

    frame.loc[0, "n"] = 99
    frame.loc[0, "share"] = 99.5
    frame.loc[0, "name"] = "z"

    assert table.to_pydict() == {"n": [1, 2], "share": [0.5, 1.5], "name": ["a", "b"]}


def test_periods_and_numpys_moments_become_text_where_arrow_would_give_numbers_or_nothing() -> None:
    frame = pd.DataFrame(
        {
            "month": pd.period_range("2024-01", periods=2, freq="M").insert(1, pd.NaT)[:2],
            "year": pd.Series([np.datetime64("30000"), None], dtype=object),
            "day": pd.Series([np.datetime64("2024-01-02"), None], dtype=object),
        }
    )

    assert read_table(frame).to_pydict() == {
        "month": ["2024-01", None],
        "year": ["30000", None],
        "day": ["2024-01-02", None],
    }


def test_a_filtered_dataframe_keeps_its_rows_and_loses_their_numbers() -> None:
    frame = pd.DataFrame({"x": [1, 2, 3]})

    assert read_table(frame[frame["x"] > 1]).to_pydict() == {"x": [2, 3]}


def test_an_index_with_names_is_told_for_it_may_be_meant() -> None:
    frame = pd.DataFrame({"a": [1], "b": [2], "c": [3]})

    assert refusal(frame.set_index("a")).problem == "the DataFrame has the index 'a', which is no column"
    error = refusal(frame.set_index(["a", "b"]))
    assert error.problem == "the DataFrame has the index 'a', 'b', which is no column"
    assert error.advice == "frame.reset_index() makes it one, frame.reset_index(drop=True) leaves it out"


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        (pd.DataFrame([[1]], columns=[None]), "the DataFrame has a column named None, which is no text"),
        (pd.DataFrame({1: [1]}), "the DataFrame has a column named 1, which is no text"),
        (
            pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])),
            "the DataFrame has a column named ('a', 'b'), which is no text",
        ),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "the DataFrame has several columns named 'a'"),
        (pd.DataFrame([[1, 2]], columns=["a", " "]), "the DataFrame has no name for its column 2"),
        (pd.DataFrame({"a": []}), "the DataFrame has no rows"),
        (pd.DataFrame(index=[0, 1]), "the DataFrame has no columns"),
    ],
)
def test_a_dataframe_that_cannot_be_seed_data_is_told_why(frame: pd.DataFrame, problem: str) -> None:
    assert refusal(frame).problem == problem


def test_arrow_tables_batches_and_what_exports_them_are_taken() -> None:
    table = pa.table({"x": [1, 2]})

    assert read_table(table).equals(table)
    assert read_table(table.to_batches()[0]).equals(table)
    assert read_table(Exported(table)).equals(table)


def test_an_arrow_table_that_cannot_be_seed_data_is_told_why() -> None:
    assert refusal(pa.table({})).problem == "the table has no columns"
    assert refusal(pa.table({"a": []})).problem == "the table has no rows"
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    assert refusal(twice).problem == "the table has several columns named 'a'"


def test_types_that_python_has_no_values_for_are_brought_to_some_it_has() -> None:
    table = pa.table(
        {
            "view": pa.array(["a"], pa.string_view()),
            "raw": pa.array([b"a"], pa.binary_view()),
            "when": pa.array([1_500], pa.timestamp("ns")),
            "long": pa.array([1_500], pa.duration("ns")),
            "hour": pa.array([1_500], pa.time64("ns")),
        }
    )

    read = read_table(table)

    assert [str(field.type) for field in read.schema] == [
        "large_string",
        "large_binary",
        "timestamp[us]",
        "duration[us]",
        "time64[us]",
    ]
    assert read.take([0]).num_rows == 1


def test_what_exports_arrow_data_and_fails_is_told() -> None:
    class Broken:
        def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
            raise RuntimeError("not today")

    error = refusal(Broken())

    assert error.problem == "the Broken cannot be read as a table: not today"
    assert error.advice == "give a path, a pandas or polars DataFrame, or an Arrow table"


@pytest.mark.parametrize(
    ("source", "problem", "advice"),
    [
        ([{"a": 1}], "seed data is of type list", "make it a DataFrame: pd.DataFrame(…)"),
        ({"a": [1]}, "seed data is of type dict", "make it a DataFrame: pd.DataFrame(…)"),
        (5, "seed data is of type int", "give a path, a pandas or polars DataFrame, or an Arrow table"),
        (pd.DataFrame, "seed data is the class DataFrame", "give a table: DataFrame(…)"),
        ("", "seed data is the path ''", 'name a file, such as "products.csv"'),
        (" ", "seed data is the path ' '", 'name a file, such as "products.csv"'),
        ("~nosuchuser/a.csv", "there is no home folder for '~nosuchuser/a.csv'", "give the whole path"),
        (b"a.csv", "seed data is of type bytes", "give a path, a pandas or polars DataFrame, or an Arrow table"),
    ],
)
def test_what_is_no_table_at_all_is_told(source: Any, problem: str, advice: str) -> None:
    error = refusal(source)

    assert (error.problem, error.advice) == (problem, advice)
