"""What is in flight at models, however many: curves that can be told apart, and labels that say whose they are."""

from itertools import pairwise

import numpy as np
import pytest

from notebook_gen.config.columns import LLMText
from notebook_gen.events import LimitMoved
from notebook_gen.observers.trace import Trace
from notebook_gen.plan.graph import build_graph
from notebook_gen.views.chart import Chart, chart_of_run
from notebook_gen.views.gantt_svg import gantt_svg
from notebook_gen.views.history import History
from tests.views.fake_run import FakeRun
from tests.views.hostile import read_page


def many_models(models: int, *, shared: int = 0) -> FakeRun:
    """A run in which model 0 has one call, model 1 two, and so on, all of them in flight at once for ten seconds.

    Args:
        models: how many.
        shared: how many of them, the busiest ones, make two columns.
    """
    spec = {f"column {number}": LLMText("Write.", model=f"m{number}") for number in range(models)}
    spec |= {f"more {number}": LLMText("Write.", model=f"m{number}") for number in range(models - shared, models)}
    run = FakeRun(build_graph(spec), ceilings={f"model m{number}": models for number in range(models)})
    run.trace = Trace(run.graph)
    for node in range(models):
        for slot in range(node + 1):
            run.attempt(node, slot, 1.0, None, slot=slot)
    run.now = 11.0
    return run


def _chart(run: FakeRun) -> Chart:
    assert run.trace is not None
    history = History(run.graph)
    history.update(run.trace)
    return chart_of_run(run, history, pixels=800, max_bars=1000)


@pytest.mark.parametrize("models", [1, 2, 6])
def test_a_few_models_have_a_curve_and_a_line_each(models: int) -> None:
    chart = _chart(many_models(models))

    curves = chart.in_flight.curves
    assert [curve.resource for curve in curves] == list(range(models))
    assert [int(curve.heights[-1]) for curve in curves] == [number + 1 for number in range(models)]
    assert all(curve.limit for curve in curves)
    assert chart.in_flight.most == models
    assert chart.titles[-1] == ""


def test_of_many_models_the_busiest_are_in_colours_of_their_own_and_lie_on_each_other_below_all_others() -> None:
    chart = _chart(many_models(25))

    whole, *colored = chart.in_flight.curves
    assert (whole.resource, whole.color, whole.heights.max()) == (None, "soft", sum(range(1, 26)))
    assert [curve.resource for curve in colored] == [20, 21, 22, 23, 24]
    assert len({curve.color for curve in colored}) == 5
    assert [int(curve.heights.max()) for curve in colored] == [115, 94, 72, 49, 25]
    assert all((above.heights >= below.heights).all() for above, below in pairwise(chart.in_flight.curves))
    assert chart.in_flight.most == 25 * 25
    assert chart.titles[-1] == "from below: m24, m23, m22, m21, m20, in grey 20 others; the line: all limits together"


def test_models_that_have_no_colour_of_their_own_are_among_the_others() -> None:
    curves = _chart(many_models(12, shared=10)).in_flight.curves

    assert [curve.resource for curve in curves] == [None, 0, 1]


def test_the_line_of_many_limits_is_that_of_all_together() -> None:
    run = many_models(10)
    run.publish(LimitMoved(3.0, "model m1", 4, 0.0), LimitMoved(6.0, "model m2", 7, 0.0))
    run.publish(LimitMoved(9.0, "model m1", 8, 0.0))

    [line] = [curve.limit for curve in _chart(run).in_flight.curves if curve.limit]

    assert [limit for _, limit in line] == [100, 100, 94, 94, 91, 91, 95, 95]
    assert [moment for moment, _ in line[1::2]] == pytest.approx([3.0, 6.0, 9.0, 11.0], abs=0.06)
    assert np.diff([moment for moment, _ in line]).min() >= 0


def test_a_label_that_stands_for_several_models_names_them_to_who_points_at_it() -> None:
    chart = _chart(many_models(25))

    names = [name for title in chart.titles[:-2] for name in title.split(", ")]
    assert names == [f"m{number}" for number in range(25)]
    assert len(chart.titles) == len(chart.labels) < 25
    assert chart.titles[0] in read_page(gantt_svg(chart)).texts
