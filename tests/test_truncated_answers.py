"""Answers that end where the model ran out of tokens are told of wherever a run says what it has come to."""

import asyncio
from pathlib import Path

import pytest

import notebook_gen as ng
from notebook_gen.generators.llm import LLMTextGenerator
from notebook_gen.models.answers import Answer
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.plan.values import Usage

ADVICE = "cut off where the model ran out of tokens; raise max_tokens of the model 'default'"


@pytest.mark.parametrize("goes_to", ["preview", "create"])
def test_answers_that_were_cut_off_are_counted_by_column_and_said(
    goes_to: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    b = ng.DatasetBuilder()
    b.models["default"] = ng.DemoModel(latency=0.0, max_tokens=5)
    b.models["patient"] = ng.DemoModel(latency=0.0)
    b["review"] = ng.LLMText("Write a review.")
    b["whole"] = ng.LLMText("Write a review.", model="patient")
    run = b.preview(3) if goes_to == "preview" else b.create(3, tmp_path / "rows")

    dataset = run.result()

    said = f"column 'review': 3 answers {ADVICE}"
    assert dataset.warnings == (said,)
    assert run.usage().set_index("column")["truncated"].to_dict() == {"review": 3, "whole": 0}
    assert f"  {said}" in capsys.readouterr().err.splitlines()
    assert "3 answers cut off" in run._repr_html_()


def test_an_answer_that_was_cut_off_is_counted_where_the_endpoint_counts_no_tokens() -> None:
    async def complete(messages: object) -> Answer:
        return Answer("It is a", "small", None, "length", {})

    made = asyncio.run(LLMTextGenerator(ng.LLMText("Write."), complete).make(RowGroup(0, 0, 1), 0, {}))

    assert made.usage == Usage(0, 0, is_truncated=True)
