"""Processors as they are declared: names, stages, and what they make of the columns."""

from typing import Any

import pandas as pd
import pytest

from notebook_gen.config.processors import (
    DropColumns,
    FunctionProcessor,
    Processors,
    ProcessorSpec,
    RenameColumns,
    Reshape,
)
from notebook_gen.errors import ConfigError

COLUMNS = ("question", "reply", "a_tmp", "b_tmp")


def clean(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.dropna()


def declared(*specs: ProcessorSpec) -> Processors:
    """Processors of finished row groups, under their own names."""
    processors = Processors()
    for spec in specs:
        processors["post_batch", spec.label] = spec
    return processors


@pytest.mark.parametrize(
    ("spec", "columns"),
    [
        (DropColumns("*_tmp"), ("question", "reply")),
        (DropColumns("?_tmp", "reply"), ("question",)),
        (DropColumns(["?_tmp", "reply"]), ("question",)),
        (RenameColumns({"question": "prompt"}), ("prompt", "reply", "a_tmp", "b_tmp")),
        (RenameColumns({"question": "reply", "reply": "question"}), ("reply", "question", "a_tmp", "b_tmp")),
        (Reshape({"prompt": "{{ question }}", "all": "{{ range(2) }}{{ reply }}"}), ("prompt", "all")),
        (FunctionProcessor.from_callable(clean), None),
    ],
)
def test_the_columns_afterwards_are_known_before_anything_runs(spec: ProcessorSpec, columns: Any) -> None:
    assert declared(spec).columns_after(COLUMNS) == columns


def test_a_name_is_taken_as_it_is_before_it_is_a_pattern() -> None:
    assert DropColumns("a[1]").columns_after(["a[1]", "a1", "b"]) == ("b",)


def test_processors_are_checked_against_what_those_before_them_leave() -> None:
    processors = declared(RenameColumns({"question": "prompt"}), DropColumns("question"))

    with pytest.raises(ConfigError) as caught:
        processors.columns_after(COLUMNS)

    assert str(caught.value) == (
        "processor 'DropColumns' (post_batch) drops 'question', but there is no such column; "
        "the columns are 'prompt', 'reply', 'a_tmp', 'b_tmp'"
    )


def test_nothing_is_said_about_what_follows_a_function() -> None:
    processors = declared(FunctionProcessor.from_callable(clean), DropColumns("made_by_clean"))

    assert processors.columns_after(COLUMNS) is None


def test_the_dataset_is_checked_against_the_columns_of_its_files() -> None:
    processors = declared(DropColumns("reply"))
    processors["after_run", "chat"] = Reshape({"text": "{{ reply }}"})

    with pytest.raises(ConfigError, match=r"processor 'chat' \(after_run\) reads 'reply' for 'text'"):
        processors.columns_after(COLUMNS)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (DropColumns("replly"), "drops 'replly', but there is no such column; did you mean 'reply'?"),
        (DropColumns("*"), "drops every column; keep at least one"),
        (RenameColumns({"replly": "x"}), "renames 'replly', but there is no such column; did you mean 'reply'?"),
        (RenameColumns({"reply": "question"}), "leaves two columns called 'question'; choose another name"),
        (Reshape({"x": "{{ replly }}"}), "reads 'replly' for 'x', but there is no such column; did you mean 'reply'?"),
    ],
)
def test_a_column_that_is_not_there_is_an_error(spec: ProcessorSpec, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        spec.columns_after(COLUMNS)

    assert str(caught.value) == message


def test_a_template_with_an_error_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="Reshape: 'prompt': template error at line 1, column 8"):
        Reshape({"prompt": "{{ a | }}"})


def test_the_same_stage_and_name_again_replace_and_keep_their_place() -> None:
    processors = declared(DropColumns("a_tmp"), RenameColumns({"reply": "answer"}))

    processors["post_batch", "DropColumns"] = DropColumns("*_tmp")

    assert processors.at("post_batch") == {
        "DropColumns": DropColumns("*_tmp"),
        "RenameColumns": RenameColumns({"reply": "answer"}),
    }


def test_a_processor_that_is_deleted_is_gone() -> None:
    processors = declared(DropColumns("a_tmp"))

    del processors["post_batch", "DropColumns"]

    assert list(processors) == []
    assert processors.at("post_batch") == {}


def test_columns_cannot_be_changed_before_others_read_them() -> None:
    with pytest.raises(ConfigError, match="too early at 'pre_batch': other columns read them; declare it at 'post_ba"):
        Processors()["pre_batch", "DropColumns"] = DropColumns("a")


def test_an_unknown_stage_is_an_error_that_names_the_stages() -> None:
    stage: Any = "post_batches"

    with pytest.raises(ConfigError, match="there is no stage 'post_batches'; it is 'pre_batch', 'post_batch' or"):
        Processors()[stage, "x"] = DropColumns("a")


def test_what_is_no_processor_is_an_error() -> None:
    spec: Any = "drop"

    with pytest.raises(ConfigError, match=r"processor 'x' is a str; give a function .* or ng\.DropColumns"):
        Processors()["post_batch", "x"] = spec


def test_a_function_has_to_take_one_frame() -> None:
    def merge(frame: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([frame, other])

    async def fetch(frame: pd.DataFrame) -> pd.DataFrame:
        return frame

    with pytest.raises(ConfigError, match=r"processor 'merge' takes \(frame: .*\) -> .*; let it take one DataFrame"):
        FunctionProcessor.from_callable(merge)
    with pytest.raises(ConfigError, match="processor 'fetch' is async; define it with def: it runs in a thread"):
        FunctionProcessor.from_callable(fetch)
