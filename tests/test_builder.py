"""DatasetBuilder and its runs, as a user meets them, on the demo endpoint."""

import asyncio
import gc
import inspect
import json
import re
import threading
import time
import traceback
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import notebook_gen as ng
from notebook_gen.config.processors import Stage
from notebook_gen.engine.loop import background_loop
from notebook_gen.errors import NoSuchRow

QUICK = ng.DemoModel(latency=0.01, spread=0.0)


def reviews() -> ng.DatasetBuilder:
    builder = ng.DatasetBuilder(seed=7)
    builder.models["default"] = QUICK
    builder["stars"] = ng.Integer(1, 5)
    builder["review"] = ng.LLMText("Write a {{ stars }}-star review of a kettle.")
    builder["title"] = ng.Expression("{{ stars }}: {{ review[:10] }}")
    return builder


@pytest.mark.parametrize("begin", ["preview", "create", "validate"])
def test_a_name_in_single_braces_is_warned_of_at_the_users_own_line(begin: str, tmp_path: Path) -> None:
    builder = ng.DatasetBuilder()
    builder.models["default"] = ng.DemoModel(latency=0)
    builder["n"] = ng.Integer(1, 5)
    builder["text"] = ng.LLMText('Say {n}, {{ n }}, {m} and {"n": 1}.')
    ways = {
        "preview": lambda: builder.preview(1, show=False).result(timeout=30),
        "create": lambda: builder.create(1, tmp_path / "d", show=False).result(timeout=30),
        "validate": builder.validate,
    }

    with pytest.warns(UserWarning, match="as it stands") as caught:
        ways[begin]()

    (warning,) = caught
    assert str(warning.message) == (
        "column 'text': the model is sent {n} as it stands; for the value of 'n', write {{ n }}"
    )
    assert warning.filename == __file__


def test_a_side_output_whose_name_a_column_has_taken_is_warned_of() -> None:
    builder = ng.DatasetBuilder()
    builder["review"] = ng.LLMText("Write.", side_outputs=["reasoning", "messages"])
    builder["review__reasoning"] = ng.Integer(1, 5)

    with pytest.warns(UserWarning, match="side output") as caught:
        builder.validate()

    (warning,) = caught
    assert str(warning.message) == (
        "column 'review': its side output 'review__reasoning' is not kept, as a column of that name is declared; leave "
        "it out of side_outputs, or call the column otherwise"
    )
    assert warning.filename == __file__


def test_a_preview_gives_every_cell_of_every_row() -> None:
    builder = reviews()

    @builder.column
    def words(review: str) -> int:
        return len(review.split())

    frame = builder.preview(12).result().to_pandas()

    assert list(frame.columns) == ["stars", "review", "title", "words"]
    assert len(frame) == 12
    assert frame["words"].tolist() == [len(review.split()) for review in frame["review"]]
    assert frame["title"].tolist() == [
        f"{stars}: {review[:10]}" for stars, review in zip(frame["stars"], frame["review"], strict=True)
    ]


def test_await_gives_the_same_dataset_as_result() -> None:
    async def main() -> ng.Dataset:
        return await reviews().preview(3)

    dataset = asyncio.run(main())

    pd.testing.assert_frame_equal(dataset.to_pandas(), reviews().preview(3).result().to_pandas())


def test_a_dataset_gives_a_column_and_its_first_rows_as_a_data_frame_does() -> None:
    dataset = reviews().preview(7).result()
    whole = dataset.to_pandas()

    assert (len(dataset), list(dataset), "stars" in dataset) == (7, ["stars", "review", "title"], True)
    pd.testing.assert_series_equal(dataset["stars"], whole["stars"])
    pd.testing.assert_frame_equal(dataset.head(), whole.head())
    pd.testing.assert_frame_equal(dataset.head(2), whole.head(2))


def test_a_column_that_a_dataset_has_not_is_told_with_a_way_out() -> None:
    dataset = reviews().preview(2).result()

    with pytest.raises(ng.ConfigError, match=r"there is no column 'star'; did you mean 'stars'\?"):
        dataset["star"]
    with pytest.raises(ng.ConfigError, match=r"a dataset has columns, not 0; .*to_pandas"):
        dataset[0]  # type: ignore[index]  # what somebody tries who takes it for a list


def test_rows_do_not_depend_on_the_row_group_size() -> None:
    small = reviews().preview(7, settings=ng.RunSettings(row_group_size=2)).result()

    pd.testing.assert_frame_equal(small.to_pandas(), reviews().preview(7).result().to_pandas())


def test_a_failing_row_is_dropped_and_says_why() -> None:
    builder = ng.DatasetBuilder()
    builder["n"] = ng.Integer(0, 9)

    @builder.column(full_column=True)
    def place(n: pd.Series) -> list[int]:
        return list(range(len(n)))

    @builder.column
    def even(place: int) -> int:
        if place % 2:
            raise ValueError(f"{place} is odd")
        return place

    run = builder.preview(6)
    dataset = run.result()

    assert dataset.to_pandas()["even"].tolist() == [0, 2, 4]
    failures = run.failures()
    assert sorted(failures["row"]) == [1, 3, 5]
    assert set(failures["column"]) == {"even"}
    assert "1 is odd" in str(failures.set_index("row").loc[1, "error"])
    assert run.rows().index.tolist() == [0, 2, 4]


def test_rows_half_way_have_na_where_nothing_was_made_yet() -> None:
    gate, begun = threading.Event(), threading.Event()
    builder = ng.DatasetBuilder()
    builder["n"] = ng.Integer(1, 1)

    @builder.column
    def slow(n: int) -> int:
        begun.set()
        gate.wait(30)
        return n

    run = builder.preview(2)
    assert begun.wait(30)
    half_way = run.rows()
    gate.set()
    run.result()

    assert half_way["n"].tolist() == [1, 1]
    assert half_way["slow"].isna().all()
    assert run.rows()["slow"].tolist() == [1, 1]


def test_cancel_ends_the_wait_with_an_error_that_says_so() -> None:
    builder = reviews()
    builder.models["default"] = ng.DemoModel(latency=600, spread=0.0)
    run = builder.preview(5)

    run.cancel()

    with pytest.raises(ng.RunCancelled, match="cancelled with 0 of 5 rows finished"):
        run.result()
    assert run.state == "cancelled"


def test_an_endpoint_that_is_down_fails_the_run_and_says_what_to_do() -> None:
    builder = reviews()
    builder.models["default"] = ng.Model("m", base_url="http://127.0.0.1:1/v1")

    with pytest.raises(ng.StoppedEarly, match=r"model default does not answer.*cannot connect.*is the server"):
        builder.preview(3).result()


def test_the_same_builder_runs_twice_at_once_without_mixing() -> None:
    builder = reviews()
    first, second = builder.preview(5), builder.preview(9)

    assert (len(first.result()), len(second.result())) == (5, 9)


def test_a_run_that_nobody_refers_to_any_more_makes_its_dataset(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2))
    builder["n"] = ng.Integer(1, 5)
    called, may_go_on = threading.Event(), weakref.WeakSet[asyncio.Event]()

    @builder.column
    async def slow(n: int) -> int:
        event = asyncio.Event()
        may_go_on.add(event)
        called.set()
        await event.wait()
        return n

    builder.create(6, tmp_path / "d", show=False)
    assert called.wait(30)
    del builder, slow
    gc.collect()

    deadline = time.monotonic() + 30
    while len(list((tmp_path / "d").glob("rows/*.parquet"))) < 3:
        assert time.monotonic() < deadline, "the run is gone with the last reference to it"
        for event in list(may_go_on):
            background_loop().post(event.set)
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (ng.Expression("{{ starz }}"), "column 'new' reads 'starz', which does not exist; did you mean 'stars'?"),
        (
            ng.Expression("{{ price }}"),
            "column 'new' reads 'price', which does not exist; declare it first; so far, there",
        ),
        (ng.Expression("{{ new }}"), "column 'new' reads itself"),
        (ng.Expression("{{ stars | }}"), r"column 'new' template error at line 1, column 12"),
        (3, "column 'new' is an int, not a column; give one"),
        (ng.LLMText, "column 'new' is the class LLMText itself, not a column; give one"),
    ],
)
def test_a_wrong_column_is_an_error_at_once_and_changes_nothing(column: ng.Column, message: str) -> None:
    builder = reviews()

    with pytest.raises(ng.ConfigError) as caught:
        builder["new"] = column

    assert str(caught.value).startswith(message)
    assert "new" not in builder


def test_a_cycle_is_an_error_that_names_it() -> None:
    builder = reviews()

    with pytest.raises(ng.ConfigError, match=r"is part of a cycle: (review → title → review|title → review → title) "):
        builder["review"] = ng.LLMText("{{ title }}")


@pytest.mark.parametrize(("rows", "message"), [(-1, "-1 rows were asked for; ask for 0"), (2.5, r"rows is 2\.5")])
def test_a_wrong_number_of_rows_is_an_error(rows: int, message: str, tmp_path: Path) -> None:
    with pytest.raises(ng.ConfigError, match=message):
        reviews().preview(rows)
    with pytest.raises(ng.ConfigError, match=message):
        reviews().create(rows, tmp_path / "d")


def test_a_whole_number_of_numpy_is_a_number_of_rows(tmp_path: Path) -> None:
    rows: Any = np.int64(3)

    assert len(reviews().preview(rows).result()) == 3
    assert len(reviews().create(rows, tmp_path / "d").result()) == 3


def test_a_missing_key_is_an_error_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    builder = reviews()
    builder.models["default"] = ng.Model("gpt-4o-mini")

    with pytest.raises(ng.ConfigError, match="OPENAI_API_KEY"):
        builder.preview(1)


def test_the_builder_draws_its_columns_and_shows_names_as_text() -> None:
    builder = reviews()
    builder["<script>alert(1)</script>"] = ng.Expression("{{ stars }}")

    picture = builder._repr_html_()

    assert "review" in picture
    assert "<script" not in picture


def test_create_writes_parquet_that_pandas_reads_back(tmp_path: Path) -> None:
    settings = ng.RunSettings(row_group_size=4)

    dataset = reviews().create(10, tmp_path / "reviews", settings=settings, show=False).result()

    files = sorted((tmp_path / "reviews" / "rows").glob("*.parquet"))
    assert len(files) == 3
    pd.testing.assert_frame_equal(
        pd.concat(map(pd.read_parquet, files), ignore_index=True), dataset.to_pandas().reset_index(drop=True)
    )
    metadata = json.loads((tmp_path / "reviews" / "metadata.json").read_text())
    assert metadata["state"] == "finished"
    assert metadata["placeholder_text"] is True


def test_the_first_rows_of_a_create_are_the_previews(tmp_path: Path) -> None:
    preview = reviews().preview(3).result().to_pandas()

    created = reviews().create(8, tmp_path / "reviews").result().to_pandas()

    pd.testing.assert_frame_equal(created.head(3), preview)


def test_a_folder_that_holds_another_dataset_is_replaced_only_when_asked(tmp_path: Path) -> None:
    reviews().create(3, tmp_path).result()

    with pytest.raises(ng.ConfigError, match="overwrite=True"):
        reviews().create(2, tmp_path)
    assert len(reviews().create(2, tmp_path, overwrite=True).result()) == 2


def test_seed_data_goes_round_when_the_run_is_longer() -> None:
    builder = ng.DatasetBuilder()
    builder.seed_data(pd.DataFrame({"product": ["lamp", "boat"], "price": [3, 4]}))
    builder["label"] = ng.Expression("{{ product }} at {{ price }}")

    frame = builder.preview(3).result().to_pandas()

    assert frame["label"].tolist() == ["lamp at 3", "boat at 4", "lamp at 3"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"product,price\n", "has a header, but no rows"),
        (b"product,product\na,b\n", "several columns named 'product'"),
        (b"product,\na,b\n", "has no name for its column 2"),
        (b"product\n\xff\n", "is not UTF-8"),
    ],
)
def test_a_csv_that_is_no_table_is_an_error_at_once(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "seed.csv"
    path.write_bytes(content)

    with pytest.raises(ng.ConfigError, match=message):
        ng.DatasetBuilder().seed_data(path)


def test_a_missing_file_suggests_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text("product\nlamp\n")

    with pytest.raises(ng.ConfigError, match=r"there is no file .*did you mean '.*products\.csv'\?"):
        ng.DatasetBuilder().seed_data(tmp_path / "product.csv")


def test_codes_with_leading_zeros_stay_text(tmp_path: Path) -> None:
    (tmp_path / "zip.csv").write_text("code,n\n00123,1\n45678,2\n")
    builder = ng.DatasetBuilder()

    builder.seed_data(tmp_path / "zip.csv")

    assert builder.preview(2).result().to_pandas()["code"].tolist() == ["00123", "45678"]


def test_a_dataset_shows_its_first_rows_and_how_many_there_are() -> None:
    picture = reviews().preview(25).result()._repr_html_()

    assert "25" in picture
    assert picture.count("<tr>") == 11  # one holds the names
    assert "placeholder text" in picture


def test_a_run_that_cannot_begin_leaves_no_metadata_that_says_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = reviews()
    builder.models["default"] = ng.DemoModel(latency=0.012345)
    monkeypatch.setattr("sys.executable", str(tmp_path / "no-python"))
    (tmp_path / "no-python").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "no-python").chmod(0o755)

    with pytest.raises(ng.RunError):
        builder.create(2, tmp_path / "reviews").result()

    assert json.loads((tmp_path / "reviews" / "metadata.json").read_text())["state"] == "failed"


def test_the_gantt_chart_is_a_plotly_figure_with_a_bar_for_every_call() -> None:
    run = reviews().preview(4)
    run.result()

    bars = [bar for trace in run.gantt().data if trace.type == "bar" for bar in trace.x]

    assert len(bars) == 4


def test_the_gantt_chart_has_the_lanes_that_were_asked_for() -> None:
    run = reviews().preview(4)
    run.result()

    labels = {lanes: run.gantt(lanes=lanes).layout.yaxis.ticktext for lanes in ("slots", "rows", "columns")}

    assert labels["slots"] == run.gantt().layout.yaxis.ticktext
    assert [label.partition("<")[0] for label in labels["rows"][:4]] == ["row 0", "row 1", "row 2", "row 3"]
    assert labels["columns"][0].startswith("review")
    assert run.gantt("rows", rows=range(2)).layout.annotations[0].text == "rows 0–1 of 4"
    with pytest.raises(ng.ConfigError, match='give lanes="rows", too'):
        run.gantt(rows=range(2))
    with pytest.raises(ng.ConfigError, match='give "slots", "rows" or "columns"'):
        run.gantt(lanes="weeks")  # type: ignore[arg-type]  # what a user may type


def test_create_writes_one_line_per_attempt(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder()
    builder["n"] = ng.Integer(0, 4)

    @builder.column
    def halved(n: int) -> float:
        if n == 0:
            raise ValueError("nothing to halve")
        return n / 2

    run = builder.create(20, tmp_path / "data")
    dataset = run.result()
    traces = pd.read_parquet(tmp_path / "data" / "traces")

    attempts = traces[traces["column"] == "halved"]
    assert sorted(attempts["row"]) == list(range(20))
    assert (attempts["state"] == "done").sum() == len(dataset)
    assert set(attempts.loc[attempts["state"] == "failed", "error"].str[:10]) == {"ValueError"}
    pd.testing.assert_frame_equal(traces, run.traces.to_pandas(), check_dtype=False)


def test_a_function_with_several_outputs_fills_them_all_and_each_can_be_read() -> None:
    builder = ng.DatasetBuilder(seed=7)
    builder["n"] = ng.Integer(10, 99)

    @builder.column(outputs=["tens", "ones"])
    def digits(n: int) -> tuple[int, int]:
        return divmod(n, 10)

    builder["sum"] = ng.Expression("{{ tens * 10 + ones }}")
    frame = builder.preview(5).result().to_pandas()

    assert list(builder) == ["n", "digits", "sum"]
    assert list(frame.columns) == ["n", "tens", "ones", "sum"]
    assert frame["sum"].tolist() == frame["n"].tolist()


def test_a_function_with_several_outputs_is_replaced_and_deleted_by_its_own_name() -> None:
    builder = ng.DatasetBuilder()

    for outputs in (["a", "b"], ["b", "c"]):

        @builder.column(outputs=outputs)
        def both() -> tuple[int, int]:
            return 1, 2

    assert list(builder.graph.columns) == ["b", "c"]
    with pytest.raises(ng.ConfigError, match=r"column 'b' is made twice, by 'both' and by 'b'; .* del builder"):
        builder["b"] = ng.Integer(1, 2)
    del builder["both"]
    assert "both" not in builder
    assert list(builder.graph.columns) == []


def test_what_was_sent_and_answered_is_a_column_where_it_is_asked_for(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder()
    builder.models["default"] = QUICK
    builder["review"] = ng.LLMText("Write a review of a kettle.", side_outputs=["messages"])
    builder["turns"] = ng.Expression("{{ review__messages | length }}")

    table = builder.create(2, tmp_path / "reviews", show=False).result().to_arrow()

    assert table.column_names == ["review", "review__messages", "turns"]
    for row in table.to_pylist():
        assert row["turns"] == 2
        assert row["review__messages"] == [
            {"role": "user", "content": "Write a review of a kettle."},
            {"role": "assistant", "content": row["review"]},
        ]


def test_the_options_of_a_function_are_in_the_signature_that_help_shows() -> None:
    parameters = inspect.signature(ng.DatasetBuilder.column).parameters

    assert [name for name in parameters if name != "self"] == [
        "function",
        "name",
        "inputs",
        "on_error",
        "skip_if",
        "skip_value",
        "propagate_skip",
        "retries",
        "outputs",
        "full_column",
        "ordered",
        "allow_resize",
    ]


def test_a_wrong_option_of_a_function_names_its_column() -> None:
    builder = ng.DatasetBuilder()

    with pytest.raises(ng.ConfigError, match="column 'one' Function: allow_resize needs full_column=True"):

        @builder.column(allow_resize=True)
        def one() -> int:
            return 1


def test_processors_are_declared_by_stage_and_name_and_declared_again_they_replace() -> None:
    builder = reviews()

    for _ in range(2):

        @builder.processor("pre_batch")
        def clean(frame: pd.DataFrame) -> pd.DataFrame:
            return frame

        builder.processor("post_batch", ng.DropColumns("stars"))
        builder.processor("post_batch", ng.DropColumns("title"), name="no titles")
        builder.processor("after_run", clean)

    assert list(builder.processors) == [
        ("pre_batch", "clean"),
        ("post_batch", "DropColumns"),
        ("post_batch", "no titles"),
        ("after_run", "clean"),
    ]
    del builder.processors["post_batch", "no titles"]
    assert builder.processors.at("post_batch") == {"DropColumns": ng.DropColumns("stars")}


def test_a_processor_that_cannot_work_is_an_error_before_anything_runs() -> None:
    builder = reviews()
    builder.processor("post_batch", ng.DropColumns("titel"))

    with pytest.raises(ng.ConfigError, match=r"processor 'DropColumns' \(post_batch\) drops 'titel', .* mean 'title'"):
        builder.validate()
    with pytest.raises(ng.ConfigError, match="drops 'titel'"):
        builder.preview(1)


def test_a_column_that_others_read_is_not_deleted_and_they_are_named() -> None:
    builder = reviews()

    with pytest.raises(ng.ConfigError, match="column 'stars' is read by 'review', 'title'; change or delete"):
        del builder["stars"]
    assert list(builder)[:2] == ["stars", "review"]


def test_rows_have_the_same_numbers_in_the_dataset_the_run_and_its_failures(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=4))
    builder["n"] = ng.Integer(0, 4)

    @builder.column
    def halved(n: int) -> float:
        if n == 0:
            raise ValueError("nothing to halve")
        return n / 2

    run = builder.create(20, tmp_path / "data")
    kept = run.result().to_pandas()

    assert kept.index.tolist() == run.rows().index.tolist()
    assert sorted([*kept.index, *run.failures()["row"]]) == list(range(20))


def test_a_run_that_failed_is_told_once_and_without_its_inside() -> None:
    builder = ng.DatasetBuilder()

    @builder.column(name="bad", inputs=[])
    def bad(values: dict[str, int]) -> int:
        raise ValueError("never")

    with pytest.raises(ng.NoRowsLeft) as caught:
        builder.preview(3).result()

    assert caught.value.__cause__ is None
    assert "notebook_gen/engine" not in "".join(traceback.format_exception(caught.value))


def test_a_run_that_cannot_be_described_leaves_the_old_dataset(tmp_path: Path) -> None:
    reviews().create(2, tmp_path, show=False).result()
    builder = reviews()
    builder["tone"] = ng.Category(["\ud800"])

    with pytest.raises(ng.ConfigError, match=r"column 'tone' has .* in a text, which is no character"):
        builder.create(2, tmp_path, overwrite=True)

    assert len(pd.read_parquet(tmp_path / "rows")) == 2


@pytest.mark.parametrize("engine", ["async", "sequential"])
@pytest.mark.parametrize("has_processors", [False, True])
def test_no_rows_are_an_empty_dataset_with_its_columns_and_every_look_at_the_run_stands(
    engine: Any, has_processors: bool, tmp_path: Path
) -> None:
    builder = reviews()
    builder.seed_data(pd.DataFrame({"product": ["kettle"]}))
    for stage in ("pre_batch", "post_batch", "after_run") if has_processors else ():
        builder.processor(stage, name="all")(lambda rows: rows)

    run = builder.preview(0, settings=ng.RunSettings(engine=engine), show=False)
    dataset = run.result(timeout=30)

    columns = ["product", "stars", "review", "title"]
    assert (len(dataset), dataset.to_pandas().columns.tolist()) == (0, columns)
    assert (len(run.rows()), run.rows().columns.tolist()) == (0, columns)
    assert repr(run) == "<Run: preview of 0 rows, finished, 0 of 0 rows done>"
    assert len(run.failures()) == len(run.traces.to_pandas()) == 0
    assert run.usage()["requests"].tolist() == [0]
    with pytest.raises(NoSuchRow, match="the run has no rows"):
        run.record(0)
    assert all(run.gantt(lanes) for lanes in ("slots", "rows", "columns"))
    report = run.save_html(tmp_path / "report.html").read_text()
    for said in ("finished", "0 of 0", "No rows were made."):
        assert said in report
    text = re.sub(r"<[^>]+>", " ", re.sub(r"<(style|script)[^>]*>.*?</\1>", " ", report, flags=re.DOTALL))
    assert re.findall(r"\b(?:nan|inf|None|undefined)\b", text, re.IGNORECASE) == []


async def _tell_later(run: ng.Run, number: int) -> None:
    pass


def _tell_bit_by_bit(run: ng.Run, number: int) -> Iterator[None]:
    yield


class _TellsLater:
    async def __call__(self, run: ng.Run, number: int) -> None:
        pass


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"overwrite": "no"}, "overwrite is 'no'; give True to replace the dataset that is there"),
        ({"overwrite": None}, "overwrite is None; give True"),
        ({"on_row_group": 5}, "on_row_group is 5, which cannot be called; give a function of the run"),
        ({"on_row_group": _tell_later}, "on_row_group is async; define it with def: it runs in a thread"),
        ({"on_row_group": partial(_tell_later)}, "on_row_group is async; define it with def"),
        ({"on_row_group": _TellsLater()}, "on_row_group is async; define it with def"),
        ({"on_row_group": _TellsLater().__call__}, "on_row_group is async; define it with def"),
        ({"on_row_group": _tell_bit_by_bit}, "on_row_group is made by a generator, which has no result"),
        ({"settings": {"threads": 1}}, r"settings is {'threads': 1}; give some, such as settings=ng.RunSettings"),
        ({"settings": {}}, "settings is {}; give some"),
        ({"rows": 10**30}, "more than 1,000,000,000,000 rows were asked for; ask for fewer"),
        ({"rows": 10**5000}, "more than 1,000,000,000,000 rows were asked for; ask for fewer"),
        ({"rows": True}, "rows is True; give a whole number"),
        ({"folder": 5}, "folder is 5; give the path of one"),
        ({"folder": "s3://bucket/x"}, "folder is 's3://bucket/x', and only local folders can be written to for now"),
    ],
)
def test_a_wrong_argument_of_create_is_an_error_that_deletes_nothing(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    reviews().create(2, tmp_path, show=False).result()
    arguments: dict[str, Any] = {"rows": 3, "folder": tmp_path, "overwrite": True}

    with pytest.raises(ng.ConfigError) as caught:
        reviews().create(**(arguments | options))

    assert str(caught.value).startswith(message)
    assert len(pd.read_parquet(tmp_path / "rows")) == 2


def test_rows_that_one_line_dropped_are_counted_together_whatever_it_said() -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(disable_early_shutdown=True))
    builder.seed_data(pd.DataFrame({"n": range(50)}))

    @builder.column
    def bad(n: int) -> int:
        raise ValueError(f"{n} is bad")

    with pytest.raises(ng.NoRowsLeft, match=r"all 50 rows were dropped; 50 × column 'bad': such as ValueError: \d"):
        builder.preview(50).result()


def test_a_template_reads_as_many_columns_as_it_likes() -> None:
    builder = ng.DatasetBuilder()
    for number in range(300):
        builder[f"c{number}"] = ng.Expression(f"{number}")
    builder["all"] = ng.Expression(" ".join(f"{{{{ c{number} }}}}" for number in range(300)))

    rows = builder.preview(2).result().to_pandas()

    assert rows["all"].tolist() == [" ".join(map(str, range(300)))] * 2


def test_settings_that_are_none_are_an_error_when_a_run_begins() -> None:
    builder = reviews()
    builder.settings = "x"  # type: ignore[assignment]  # as a user may

    with pytest.raises(ng.ConfigError, match=r"settings is 'x'; .* settings=ng\.RunSettings\(threads=1\)"):
        builder.preview(1)


def test_a_folder_is_for_one_run_at_a_time_and_free_when_it_has_ended(tmp_path: Path) -> None:
    slow = reviews()
    slow.models["default"] = ng.DemoModel(latency=600, spread=0.0)
    run = slow.create(2, tmp_path, show=False)

    with pytest.raises(ng.ConfigError, match=r"is being written to by process \d+ \(this process\), since 20"):
        reviews().create(2, tmp_path, overwrite=True)

    run.cancel()
    with pytest.raises(ng.RunCancelled):
        run.result()
    assert len(reviews().create(2, tmp_path, overwrite=True, show=False).result()) == 2


def test_a_relative_folder_stays_where_it_was_when_the_run_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    run = reviews().create(3, "reviews", show=False)

    monkeypatch.chdir("elsewhere")

    assert run.result().path == str(tmp_path / "reviews")
    assert len(pd.read_parquet(tmp_path / "reviews" / "rows")) == 3
    assert list(Path.cwd().iterdir()) == []


def test_a_run_of_very_many_rows_begins_and_can_be_cancelled(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder()
    builder["n"] = ng.Integer(1, 5)
    written = threading.Event()

    run = builder.create(10**12, tmp_path, show=False, on_row_group=lambda run, number: written.set())
    assert written.wait(30)
    run.cancel()

    with pytest.raises(ng.RunCancelled):
        run.result()
    assert len(run.rows()) > 0


@pytest.mark.parametrize("stage", [None, "post_batch", "after_run"])
def test_large_numbers_beside_missing_ones_are_the_same_wherever_they_are_read(
    stage: Stage | None, tmp_path: Path
) -> None:
    large = 2**53 + 1
    builder = ng.DatasetBuilder()
    builder.seed_data(pa.table({"n": [0, 1, 2], "given": [large, None, large]}))

    @builder.column(on_error="null")
    def made(n: int) -> int:
        if n == 1:
            raise ValueError("no")
        return large

    @builder.column(on_error="null")
    def nested(made: int | None) -> dict[str, int]:
        assert made is not None
        return {"score": made}

    if stage is not None:
        builder.processor(stage, lambda rows: rows, name="same")

    for run in (builder.preview(3), builder.create(3, tmp_path / "d")):
        dataset = run.result()
        for frame in (run.rows(), dataset.to_pandas()):
            for name in ("given", "made"):
                values = frame[name]
                assert [values[0], values[2]] == [large, large]
                assert pd.isna(values[1])
        assert dataset.to_arrow()["made"].to_pylist() == [large, None, large]
        assert dataset.to_arrow()["nested"].to_pylist() == [{"score": large}, None, {"score": large}]


def test_a_run_can_be_shown_in_three_ways_and_no_other() -> None:
    builder = ng.DatasetBuilder()
    builder["stars"] = ng.Integer(1, 5)

    with pytest.raises(ng.ConfigError, match="show is 'small'; give True, False or \"compact\""):
        builder.preview(1, show="small")  # type: ignore[arg-type]


def test_a_create_that_is_to_be_shown_in_no_way_there_is_touches_no_file(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder()
    builder["stars"] = ng.Integer(1, 5)
    made = builder.create(20, tmp_path / "d", show=False).result().to_pandas()

    with pytest.raises(ng.ConfigError) as caught:
        builder.create(20, tmp_path / "d", overwrite=True, show="full")  # type: ignore[arg-type]

    assert "show is 'full'" in str(caught.value)
    assert len(pd.read_parquet(tmp_path / "d" / "rows")) == 20
    assert builder.create(20, tmp_path / "d", show=False).result().to_pandas().equals(made)


def test_a_row_group_is_given_without_reading_others(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder()
    builder["n"] = ng.Integer(1, 5)
    run = builder.create(30, tmp_path / "d", show=False, settings=ng.RunSettings(row_group_size=10))
    run.result()
    (tmp_path / "d" / "rows" / "00000.parquet").write_bytes(b"")

    assert list(run.row_group(2).index) == list(range(20, 30))
    with pytest.raises(ng.WriteError):
        run.row_group(0)
