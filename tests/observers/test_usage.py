"""What a run used of its models, as its user asks for it."""

import math

import notebook_gen as ng
from notebook_gen.config.columns import LLMText
from notebook_gen.observers.progress import Progress
from notebook_gen.observers.usage import Spending, spending
from notebook_gen.plan.graph import build_graph


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

    assert usage[["column", "alias", "model", "requests"]].values.tolist() == [
        ["review", "default", "demo", 6],
        ["reply", "free", "other", 6],
    ]
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

    assert run.usage().shape == (0, 9)


def test_a_run_is_expected_to_spend_on_the_rows_that_are_left_what_it_spent_so_far() -> None:
    graph = build_graph({"review": LLMText("x"), "score": LLMText("{{ review }}", model="judge")})
    models: dict[str, ng.Model] = {"default": ng.Model("a", price=(1.0, 2.0)), "judge": ng.Model("b")}
    progress = Progress(graph, rows=100)
    review, score = progress.nodes
    review.done, review.tokens_in, review.tokens_out = 50, 1_000_000, 500_000
    score.done, score.tokens_in, score.skipped = 2, 200, 40

    assert spending(progress, models) == Spending(1_500_200, None, 2.0, None, ("judge",))

    score.done, score.tokens_in = 10, 1_000
    progress.rows_dropped = 10
    assert spending(progress, models) == Spending(1_501_000, 2_705_000, 2.0, 3.6, ("judge",))

    review.kept, progress.rows_dropped = 25, 0
    assert spending(progress, models).cost_expected == 6.0

    review.kept_ahead = 25
    assert spending(progress, models).cost_expected == 4.0


def test_a_cost_leaves_out_no_model_that_was_not_used_or_where_no_price_is_known() -> None:
    graph = build_graph({"review": LLMText("x"), "score": LLMText("{{ review }}", model="judge")})
    models: dict[str, ng.Model] = {"default": ng.Model("a", price=(1.0, 2.0)), "judge": ng.Model("b")}
    progress = Progress(graph, rows=100)
    assert spending(progress, models).unpriced == ("judge",)  # it will be used

    progress.nodes[1].skipped = 100
    assert spending(progress, models).unpriced == ()
    progress.nodes[1].skipped = 0
    assert spending(progress, models | {"default": ng.Model("a")}).unpriced == ()


def test_spending_of_a_run_without_models_is_nothing() -> None:
    progress = Progress(build_graph({"stars": ng.Integer(1, 5)}), rows=10)

    assert spending(progress, {}) == Spending(0, 0, None, None)
