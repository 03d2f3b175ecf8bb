"""What a run used of its models, as its user asks for it."""

import math

import notebook_gen as ng


def test_usage_adds_up_calls_tokens_and_cost_of_each_column() -> None:
    builder = ng.DatasetBuilder()
    builder.models["default"] = ng.DemoModel(latency=0.0, price=(2.0, 10.0))
    builder.models["free"] = ng.DemoModel("other", latency=0.0)
    builder["stars"] = ng.Integer(1, 5)
    builder["review"] = ng.LLMText("Write a {{ stars }}-star review.")
    builder["reply"] = ng.LLMText("Answer: {{ review }}", model="free")

    run = builder.preview(6)
    run.result()
    usage = run.usage()

    assert usage[["column", "model", "requests"]].values.tolist() == [["review", "demo", 6], ["reply", "other", 6]]
    assert (usage[["tokens_in", "tokens_out", "seconds"]] > 0).all(axis=None)
    review, reply = usage.to_dict("records")
    assert math.isclose(review["cost"], (2 * review["tokens_in"] + 10 * review["tokens_out"]) / 1e6)
    assert math.isnan(reply["cost"])
    assert usage["tokens_in"].sum() == run.traces.to_pandas()["tokens_in"].sum()


def test_usage_of_a_run_without_models_has_no_rows() -> None:
    builder = ng.DatasetBuilder()
    builder["stars"] = ng.Integer(1, 5)
    run = builder.preview(2)
    run.result()

    assert run.usage().shape == (0, 7)
