"""What a column is, in words."""

import notebook_gen as ng
from notebook_gen.config.columns import Column, Function
from notebook_gen.plan.graph import build_graph
from notebook_gen.views.specs import describe, explain, outline


def test_a_column_tells_what_it_does_with_rows_that_are_special() -> None:
    spec = ng.LLMText("Answer {{ n }}.", skip_if="{{ n == 3 }}", on_error="null", retries=2)
    node = build_graph({"n": ng.Integer(1, 5), "answer": spec}).nodes[1]

    assert explain(node).splitlines() == [
        "answer: LLM text · default",
        "reads: n",
        "skipped if {{ n == 3 }}",
        "left empty if it fails",
        "tried 2 times more if it is rejected",
        "prompt: Answer {{ n }}.",
    ]


def test_a_column_tells_what_it_holds_where_it_is_skipped() -> None:
    spec = ng.Expression("{{ n }}", skip_if="{{ n == 3 }}", skip_value=["none"], propagate_skip=False)
    node = build_graph({"n": ng.Integer(1, 5), "answer": spec}).nodes[1]

    assert explain(node).splitlines()[2:5] == [
        "skipped if {{ n == 3 }}",
        "holds ['none'] where it is skipped",
        "made also where what it reads was skipped",
    ]


def test_a_graph_is_told_in_one_line_however_large_it_is() -> None:
    columns: dict[str, Column] = {f"c{at}": ng.Integer(1, 5) for at in range(130)}

    told = outline(build_graph(columns))

    assert told.startswith("graph of 130 columns: c0; c1; ")
    assert told.endswith("; c99; and 30 more")


def test_a_function_that_makes_several_columns_names_them() -> None:
    def split(name: str) -> tuple[str, str]:
        return (name[:1], name[1:])

    columns = {"name": ng.Category(["ab"]), "split": Function.from_callable(split, outputs=["first", "last"])}
    node = build_graph(columns).nodes[1]

    assert describe(node) == "function · 2 columns"
    assert explain(node).splitlines()[:3] == ["split: function · 2 columns", "columns: first, last", "reads: name"]
