"""What models were used for stands in a table, or that none is; whatever columns and models are called."""

from notebook_gen.config.columns import Integer, LLMText
from notebook_gen.config.models import Model
from notebook_gen.plan.graph import build_graph
from notebook_gen.views.page import page_html
from notebook_gen.views.report import report_html
from notebook_gen.views.usage import MOST_LINES, usage_html
from tests.views.fake_run import REVIEW, SCORE, FakeRun, review_run
from tests.views.hostile import HOSTILE, read_page


def _lines(html: str) -> list[list[str]]:
    """The texts of each line of the table, its head among them."""
    rows = [row.partition("</tr>")[0] for row in html.split("<tr>")[1:]]
    return [[text.strip() for text in read_page(row).texts if text.strip()] for row in rows]


def test_each_column_that_a_model_makes_has_a_line_and_all_have_one_together() -> None:
    run = review_run()
    run.models["default"] = Model("gpt-x")
    run.models["judge"] = Model("judge-y", price=(1_000.0, 2_000.0))
    run.attempt(REVIEW, 0, 1.0, 2.0)
    run.attempt(REVIEW, 1, 1.0, 4.0)
    run.attempt(SCORE, 0, 4.0, 5.0)

    assert _lines(usage_html(run)) == [
        ["column", "model", "calls", "mean", "in flight", "tokens in", "tokens out", "cost"],
        ["review", "default", "gpt-x", "2", "2.00 s", "4.00 s", "20", "40", "–"],
        ["score", "judge", "judge-y", "1", "1.00 s", "1.00 s", "10", "20", "$0.050"],
        ["all 2 columns", "2 models", "3", "1.67 s", "5.00 s", "30", "60", "≥ $0.050"],
    ]
    note = "≥: default has no price; ng.Model(…, price=(…, …)) gives a model its price."
    assert note in usage_html(run)
    run.models["default"] = Model("gpt-x", price=(0.0, 0.0))
    assert _lines(usage_html(run))[3][-1] == "$0.050"
    assert "no price" not in usage_html(run)


def test_models_of_one_endpoint_are_told_apart_by_their_aliases() -> None:
    run = review_run()
    run.models |= {"default": Model("demo"), "judge": Model("judge")}
    other = FakeRun(run.graph, models={"default": Model("demo"), "judge": Model("demo")})
    for node in (REVIEW, SCORE):
        run.attempt(node, 0, 1.0, 2.0)
        other.attempt(node, 0, 1.0, 2.0)

    assert [line[1:3] for line in _lines(usage_html(run))[1:3]] == [["default", "demo"], ["judge", "1"]]
    assert [line[1:3] for line in _lines(usage_html(other))[1:3]] == [["default", "demo"], ["judge", "demo"]]
    assert _lines(usage_html(other))[3][1] == "2 models"


def test_seconds_that_stand_below_each_other_are_written_in_one_way() -> None:
    run = review_run()
    run.attempt(REVIEW, 0, 1.0, 93.6)
    run.attempt(SCORE, 0, 1.0, 79.3)

    assert [line[5] for line in _lines(usage_html(run))[1:3]] == ["92.6 s", "78.3 s"]
    assert _lines(usage_html(run))[3][4] == "170.9 s"


def test_a_run_without_models_says_that_none_is_used_wherever_usage_is_shown() -> None:
    run = FakeRun(build_graph({"stars": Integer(1, 5)}))

    for html in (usage_html(run), report_html(run), page_html(run)):
        assert '<p class="ng-empty">No model is used.' in html


def test_the_table_is_bounded_and_its_last_line_counts_what_it_leaves_out() -> None:
    run = FakeRun(build_graph({f"text_{at}": LLMText("x") for at in range(MOST_LINES + 40)}))
    for node in range(MOST_LINES + 40):
        run.attempt(node, 0, 1.0, 2.0)

    lines = _lines(html := usage_html(run))

    assert len(lines) == 1 + MOST_LINES + 1
    assert lines[-1][:3] == [f"all {MOST_LINES + 40} columns", "1 model", str(MOST_LINES + 40)]
    assert len(html) < 32_000


def test_names_of_models_are_no_markup() -> None:
    for text in filter(str.isascii, HOSTILE):
        run = review_run()
        run.models["judge"] = Model(f"m {text}")

        assert {tag for tag, _ in read_page(usage_html(run)).elements} <= {
            "div", "table", "colgroup", "col", "thead", "tbody", "tr", "th", "td", "i", "b", "span",
        }  # fmt: skip
