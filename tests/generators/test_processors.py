"""Processors: what they get, what they may give, and what is said where it cannot be used."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from notebook_gen.config.processors import (
    DropColumns,
    FunctionProcessor,
    ProcessorSpec,
    RenameColumns,
    Reshape,
    Stage,
)
from notebook_gen.engine.ports import Processor
from notebook_gen.errors import ProcessorError
from notebook_gen.generators.processors import RowGroupProcessor, make_after_run, make_processor
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.plan.values import NewDataset, Processed

Given = ProcessorSpec | Callable[[pd.DataFrame], Any]

GROUP = RowGroup(3, 30, 4)
ROWS = [30, 31, 33]
COLUMNS: dict[str, list[Any]] = {"word": ["a", None, "c"], "n": [1, 2, 3], "tags": [["x"], [], ["y", "z"]]}


def processor(*given: Given, stage: Stage = "post_batch") -> RowGroupProcessor:
    """The processors of a stage, over the columns of `COLUMNS`; names are numbered where they repeat."""
    specs: dict[str, ProcessorSpec] = {}
    for one in given:
        spec = one if isinstance(one, ProcessorSpec) else FunctionProcessor.from_callable(one)
        specs[spec.label if spec.label not in specs else f"{spec.label} {len(specs) + 1}"] = spec
    made = make_processor(stage, specs, list(COLUMNS))
    assert made is not None
    return made


def run(*given: Given, stage: Stage = "post_batch") -> Processed:
    return processor(*given, stage=stage).process(GROUP, ROWS, COLUMNS)


def failure(*given: Given, stage: Stage = "post_batch") -> ProcessorError:
    with pytest.raises(ProcessorError) as caught:
        run(*given, stage=stage)
    assert caught.value.stage == stage
    assert caught.value.row_group == 3
    return caught.value


def unchanged(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


def keep_first(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.head(1)


def without_word(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.dropna(subset=["word"])


def test_values_go_through_unchanged() -> None:
    assert run(unchanged) == Processed(ROWS, COLUMNS, {})


def test_it_has_the_shape_that_the_engine_asks_for() -> None:
    # the type checker looks here
    made: Processor | None = make_processor("post_batch", {}, [])

    assert made is None


def test_a_processor_gets_the_rows_by_their_numbers_and_the_columns_in_order() -> None:
    seen: list[pd.DataFrame] = []

    def look(frame: pd.DataFrame) -> pd.DataFrame:
        seen.append(frame.copy())
        return frame

    processor(look).process(GROUP, ROWS, dict(reversed(COLUMNS.items())))

    assert seen[0].index.tolist() == ROWS
    assert seen[0].index.name == "row"
    assert list(seen[0].columns) == ["word", "n", "tags"]
    assert seen[0]["word"].isna().tolist() == [False, True, False]
    assert str(seen[0]["n"].dtype) == "int64"


def test_processors_run_in_the_order_declared_on_what_those_before_them_gave() -> None:
    def doubled(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(n=frame["n"] * 2)

    def one_more(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(n=frame["n"] + 1)

    assert run(doubled, one_more).columns["n"] == [3, 5, 7]
    assert run(one_more, doubled).columns["n"] == [4, 6, 8]


def test_a_dropped_row_is_told_with_the_processor_that_dropped_it() -> None:
    processed = run(without_word, keep_first)

    assert processed == Processed(
        [30], {"word": ["a"], "n": [1], "tags": [["x"]]}, {31: "without_word", 33: "keep_first"}
    )


def test_a_processor_is_not_called_once_all_rows_are_dropped() -> None:
    def none(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["n"] > 99]

    def explode(frame: pd.DataFrame) -> pd.DataFrame:
        raise AssertionError

    assert run(none, explode) == Processed([], {"word": [], "n": [], "tags": []}, dict.fromkeys(ROWS, "none"))
    assert run(lambda frame: pd.DataFrame()).dropped == dict.fromkeys(ROWS, "<lambda>")


def test_rows_come_back_in_their_order_whatever_the_processor_made_of_it() -> None:
    def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.sort_values("n", ascending=False)

    assert run(shuffled) == Processed(ROWS, COLUMNS, {})


def test_a_frame_may_be_changed_in_place() -> None:
    def changed(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[30, "word"] = "A"
        frame["n"] = [7.5, float("nan"), 9.5]
        return frame

    assert run(changed).columns == {**COLUMNS, "word": ["A", None, "c"], "n": [7.5, None, 9.5]}
    assert COLUMNS["word"] == ["a", None, "c"]


def test_columns_are_dropped_by_name_and_pattern() -> None:
    assert run(DropColumns("w*", "n")).columns == {"tags": COLUMNS["tags"]}


def test_columns_are_renamed() -> None:
    assert list(run(RenameColumns({"word": "n", "n": "word"})).columns.items()) == [
        ("n", COLUMNS["word"]),
        ("word", COLUMNS["n"]),
        ("tags", COLUMNS["tags"]),
    ]


def test_rows_are_reshaped_by_templates_that_keep_types() -> None:
    processed = run(Reshape({"text": "{{ n }}: {{ word or '–' }}", "tags": "{{ tags }}", "next": "{{ n + 1 }}"}))

    assert processed.columns == {"text": ["1: a", "2: –", "3: c"], "tags": COLUMNS["tags"], "next": [2, 3, 4]}


def test_a_template_that_fails_says_in_which_row_and_what_it_saw() -> None:
    error = failure(Reshape({"loud": "{{ word + '!' }}"}))

    assert error.problem.startswith("failed: 'loud' of row 31: the template failed, \"{{ word + '!' }}\": TypeError")
    assert "it saw word=None" in error.advice


def raises(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["wrod"] == "a"]


def test_a_processor_that_raises_is_an_error_with_the_users_line() -> None:
    error = failure(unchanged, raises)

    line = raises.__code__.co_firstlineno + 1
    assert str(error) == (
        "processor 'raises' (post_batch, row group 3) failed: KeyError: 'wrod'; "
        f'look at raises(), test_processors.py:{line}: return frame[frame["wrod"] == "a"]'
    )
    assert isinstance(error.__cause__, KeyError)


@pytest.mark.parametrize(
    ("given", "problem", "advice"),
    [
        (lambda frame: None, "gave None (is a return missing?), expected a DataFrame", "return the changed frame"),
        (lambda frame: frame["n"], "gave a value of type Series, expected a DataFrame", "return the changed frame"),
        (
            lambda frame: frame.reset_index(drop=True),
            "gave 3 rows with a new index, [0, 1, 2], for 3 rows: which row is which is lost",
            "keep the index; it tells which row is which (no reset_index)",
        ),
        (
            lambda frame: frame.dropna().reset_index(drop=True),
            "gave 2 rows with a new index, [0, 1], for 3 rows: which row is which is lost",
            "keep the index; it tells which row is which (no reset_index)",
        ),
        (
            lambda frame: frame.set_axis([30, 31, 32]),
            "gave rows [32], which it did not get",
            "keep the index; it tells which row is which",
        ),
        (
            lambda frame: frame.set_index(["n", "word"]),
            "gave rows [(1, 'a'), (2, nan), (3, 'c')], which it did not get",
            "keep the index; it tells which row is which",
        ),
        (
            lambda frame: frame.explode("tags"),
            "gave rows [33] more than once",
            "keep the index; it tells which row is which, and one row stays one row",
        ),
        (
            lambda frame: frame.set_axis(["a", "a", "b"], axis="columns"),
            "gave columns named 'a', 'a', 'b'",
            "give every column a text of its own as its name",
        ),
        (lambda frame: frame[[]], "gave rows without columns", "keep at least one column"),
    ],
)
def test_what_cannot_be_used_is_an_error_that_says_what_came(given: Given, problem: str, advice: str) -> None:
    error = failure(given)

    assert (error.problem, error.advice, error.processor) == (problem, advice, "<lambda>")


def test_a_row_that_another_processor_dropped_cannot_come_back() -> None:
    kept: list[pd.DataFrame] = []

    def remember(frame: pd.DataFrame) -> pd.DataFrame:
        kept.append(frame.copy())
        return frame

    error = failure(remember, keep_first, lambda frame: kept[0])

    assert error.problem == "gave rows [31, 33], which it did not get"


def test_an_index_that_was_reset_is_found_where_the_numbers_happen_to_be_the_same() -> None:
    made = processor(lambda frame: frame.iloc[1:].reset_index(drop=True))

    with pytest.raises(ProcessorError, match="which row is which is lost"):
        made.process(RowGroup(0, 0, 3), [0, 1, 2], COLUMNS)


def test_before_the_other_columns_are_made_values_may_change_but_columns_may_not() -> None:
    def loud(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(word=frame["word"].str.upper())[["tags", "word", "n"]]

    processed = run(loud, without_word, stage="pre_batch")
    error = failure(lambda frame: frame.assign(more=1).drop(columns="n"), stage="pre_batch")

    assert list(processed.columns) == ["word", "n", "tags"]
    assert processed.columns["word"] == ["A", "C"]
    assert processed.dropped == {31: "without_word"}
    assert str(error) == (
        "processor '<lambda>' (pre_batch, row group 3) added 'more' and left out 'n'; "
        "change values and drop rows here; columns are changed at 'post_batch'"
    )


def test_every_row_group_has_the_same_columns_in_the_same_order() -> None:
    def named_by_first_row(frame: pd.DataFrame) -> pd.DataFrame:
        if frame.index[0] == 40:
            frame = frame[["tags", "n", "word"]]
        return frame.rename(columns={"word": "other"}) if frame.index[0] == 50 else frame

    made = processor(named_by_first_row)

    first, second = (made.process(RowGroup(i, 10 * i, 3), range(10 * i, 10 * i + 3), COLUMNS) for i in (3, 4))
    assert list(first.columns) == list(second.columns)
    with pytest.raises(ProcessorError, match="added 'other' and left out 'word', unlike before; give every row group"):
        made.process(RowGroup(5, 50, 3), range(50, 53), COLUMNS)


def test_after_the_run_the_whole_dataset_is_changed_index_and_all() -> None:
    def sorted_by_n(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.sort_values("n", ascending=False).reset_index(drop=True)

    given = pd.DataFrame({"n": [1, 2], "word": ["a", "b"]})
    processor = make_after_run(
        {"sort": FunctionProcessor.from_callable(sorted_by_n), "chat": Reshape({"text": "{{ word * n }}"})}
    )

    assert processor is not None
    assert processor.process(given) == NewDataset({"text": ["bb", "a"]}, None)
    assert given["n"].tolist() == [1, 2]
    assert make_after_run({}) is None


@pytest.mark.parametrize(
    ("change", "rows"),
    [
        (lambda frame: frame, [3, 5, 9, 12]),
        (lambda frame: frame[frame["n"] > 1], [5, 9, 12]),
        (lambda frame: frame.head(1).assign(word="a"), [3]),
        # which row is which, nobody knows any more
        (lambda frame: frame.sort_values("n", ascending=False), None),
        (lambda frame: frame.reset_index(drop=True), None),
        (lambda frame: frame.reset_index(drop=True)[lambda rows: rows.index == 3], None),
        (lambda frame: pd.concat([frame, frame]), None),
        (lambda frame: frame.set_axis([1, 3, 5, 9]), None),
        (lambda frame: frame.set_axis(pd.Index([1, 3, 5, 9], name="row")), None),
        (lambda frame: frame.groupby("n", as_index=False).size(), None),
        (lambda frame: frame.set_index("n", drop=False), None),
    ],
)
def test_after_the_run_rows_keep_their_numbers_as_long_as_they_have_their_index_and_their_order(
    change: Callable[[pd.DataFrame], pd.DataFrame], rows: list[int] | None
) -> None:
    given = pd.DataFrame({"n": [1, 2, 3, 4]}, index=pd.Index([3, 5, 9, 12], name="row"))
    processor = make_after_run({"change": FunctionProcessor.from_callable(change)})

    assert processor is not None
    assert processor.process(given).rows == rows


def test_the_frame_of_the_caller_is_not_changed_by_what_a_processor_does_in_place() -> None:
    def doubled(frame: pd.DataFrame) -> pd.DataFrame:
        frame["n"] *= 2
        return frame

    given = pd.DataFrame({"n": [1, 2]})
    processor = make_after_run({"doubled": FunctionProcessor.from_callable(doubled)})

    assert processor is not None
    assert processor.process(given).columns["n"] == [2, 4]
    assert given["n"].tolist() == [1, 2]


def test_a_processor_of_the_dataset_that_raises_names_no_row_group() -> None:
    processor = make_after_run({"raises": FunctionProcessor.from_callable(raises)})
    assert processor is not None

    with pytest.raises(
        ProcessorError, match=r"processor 'raises' \(after_run\) failed: KeyError: 'wrod'; look at raises"
    ):
        processor.process(pd.DataFrame({"n": [1]}))


def test_a_column_that_an_earlier_processor_took_away_is_an_error_with_the_nearest_name() -> None:
    error = failure(lambda frame: frame.rename(columns={"word": "words"}), DropColumns("word"))

    assert str(error) == (
        "processor 'DropColumns' (post_batch, row group 3) drops 'word', but there is no such column; "
        "did you mean 'words'?"
    )
