"""What stands in builder.json and metadata.json."""

from datetime import timedelta
from importlib.metadata import version
from typing import Any

import pandas as pd
import pyarrow as pa

from notebook_gen.config.columns import Category, Column, Expression, Function, LLMText, SeedColumn, SeedData
from notebook_gen.config.models import DemoModel, Model
from notebook_gen.config.processors import DropColumns, FunctionProcessor
from notebook_gen.storage.metadata import RunDescription, RunProgress, builder_content, metadata_content
from tests.storage.runs import NOON

NO_OPTIONS = {"on_error": "drop", "skip_if": None, "skip_value": None, "propagate_skip": True}


def words(review: str) -> int:
    return len(review.split())


def description(**models: Model) -> RunDescription:
    table = pa.table({"product": ["lamp", "mug"]})
    seed = SeedData(name="products", columns=("product",), rows=2, table=table)
    columns: dict[str, Column] = {
        "product": SeedColumn(name="product", data=seed),
        "tone": Category(["dry", 1], weights=[2, 1]),
        "review": LLMText("Review {{ product }}."),
        "words": Function.from_callable(words),
    }
    return RunDescription(columns=columns, models=models, seed=7, rows=100, row_group_size=10)


def test_the_builder_is_told_with_the_source_of_functions_and_without_the_seed_rows() -> None:
    content = builder_content(description(default=Model("gpt-x", base_url="http://localhost:1/v1")))

    assert content["seed"] == 7
    assert content["seed_data"] == [{"name": "products", "columns": ["product"], "rows": 2, "shuffle": False}]
    assert content["columns"] == {
        "product": {"type": "SeedColumn", "name": "product", "seed_data": 0},
        "tone": {"type": "Category", "values": ["dry", 1], "weights": [2.0, 1.0]},
        "review": {
            "type": "LLMText",
            "prompt": "Review {{ product }}.",
            "system": None,
            "model": "default",
            "side_outputs": [],
            "retries": 0,
            **NO_OPTIONS,
        },
        "words": {
            "type": "Function",
            "name": "words",
            "reads": ["review"],
            "outputs": None,
            "full_column": False,
            "ordered": False,
            "allow_resize": False,
            "retries": 0,
            "is_async": False,
            "as_one": False,
            **NO_OPTIONS,
            "source": "def words(review: str) -> int:\n    return len(review.split())\n",
        },
    }
    assert content["models"]["default"]["type"] == "Model"
    assert content["models"]["default"]["model"] == "gpt-x"
    assert content["models"]["default"]["base_url"] == "http://localhost:1/v1"


def test_options_are_told_as_they_were_given() -> None:
    spec = LLMText("Write.", on_error="null", skip_if="{{ stars == 3 }}", skip_value="–", side_outputs=["messages"])
    run = RunDescription(columns={"review": spec}, models={}, seed=0, rows=1, row_group_size=1)

    told = builder_content(run)["columns"]["review"]

    assert told == {
        "type": "LLMText",
        "prompt": "Write.",
        "system": None,
        "model": "default",
        "side_outputs": ["messages"],
        "retries": 0,
        "on_error": "null",
        "skip_if": "{{ stars == 3 }}",
        "skip_value": "–",
        "propagate_skip": True,
    }


def clean(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.dropna()


def test_processors_are_told_in_order_with_the_source_of_functions() -> None:
    run = RunDescription(
        columns={"a": Expression("{{ 1 }}")},
        models={},
        seed=0,
        rows=1,
        row_group_size=1,
        processors={
            ("pre_batch", "clean"): FunctionProcessor.from_callable(clean),
            ("post_batch", "DropColumns"): DropColumns("*_tmp"),
        },
    )

    assert builder_content(run)["processors"] == [
        {
            "stage": "pre_batch",
            "name": "clean",
            "type": "FunctionProcessor",
            "function": "clean",
            "source": "def clean(frame: pd.DataFrame) -> pd.DataFrame:\n    return frame.dropna()\n",
        },
        {"stage": "post_batch", "name": "DropColumns", "type": "DropColumns", "patterns": ["*_tmp"]},
    ]


def test_the_metadata_name_every_column_of_a_function_with_several() -> None:
    columns: dict[str, Column] = {"names": Function.from_callable(words, inputs=[], outputs=["first", "last"])}
    run = RunDescription(columns=columns, models={}, seed=0, rows=1, row_group_size=1)

    assert metadata_content(run, RUNNING)["columns"] == ["first", "last"]


def test_what_may_be_a_key_is_never_written() -> None:
    model = Model(
        "gpt-x",
        base_url="http://localhost:1/v1?api-key=123",
        api_key_env="MY_KEY",
        extra={"api_key": "456", "max_completion_tokens": 5, "Authorization": "789"},
    )

    told = str(builder_content(description(default=model))) + str(metadata_content(description(default=model), RUNNING))

    assert not any(key in told for key in ("123", "456", "789"))
    assert "'max_completion_tokens': 5" in told
    assert "MY_KEY" in told


RUNNING = RunProgress(state="running", delivered=0, dropped=0, started=NOON, ended=None)


def test_the_metadata_tell_what_was_asked_for_and_what_came_of_it() -> None:
    progress = RunProgress(state="cancelled", delivered=60, dropped=3, started=NOON, ended=NOON + timedelta(seconds=90))
    run = description(default=Model("gpt-x", base_url="http://localhost:1/v1"))

    assert metadata_content(run, progress) == {
        "format": 1,
        "notebook_gen": version("notebook-gen"),
        "state": "cancelled",
        "started": "2024-01-02T12:00:00+00:00",
        "ended": "2024-01-02T12:01:30+00:00",
        "rows": {"asked": 100, "delivered": 60, "dropped": 3},
        "row_group_size": 10,
        "seed": 7,
        "columns": ["product", "tone", "review", "words"],
        "fingerprints": {"columns": run.fingerprints.columns, "processors": {}},
        "models": {"review": {"alias": "default", "model": "gpt-x", "endpoint": "http://localhost:1/v1"}},
        "placeholder_text": False,
    }


def test_placeholder_text_is_told_in_plain_words() -> None:
    content = metadata_content(description(default=DemoModel()), RUNNING)

    assert content["placeholder_text"] is True
    assert content["note"] == (
        "The text in 'review' is placeholder text of the demo endpoint; no language model wrote it."
    )
    assert content["models"]["review"]["endpoint"] == "demo endpoint"
    assert content["ended"] is None


def test_a_run_without_models_has_no_placeholder_text() -> None:
    columns: dict[str, Any] = {"a": Expression("{{ 1 }}")}
    run = RunDescription(columns=columns, models={}, seed=0, rows=1, row_group_size=1)

    assert metadata_content(run, RUNNING)["placeholder_text"] is False
    assert "note" not in metadata_content(run, RUNNING)
