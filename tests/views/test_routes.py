"""Edges only go forward, whoever laid the graph out."""

import random
from collections.abc import Iterator

import pytest

from notebook_gen.config.columns import Column, Expression, Integer
from notebook_gen.plan.graph import ExecutionGraph, build_graph
from notebook_gen.views import layout
from notebook_gen.views.geometry import Arrangement, Box, Edge, Flow, Group, Layout, Point
from notebook_gen.views.layout import lay_out
from notebook_gen.views.routes import smooth

pytestmark = pytest.mark.usefixtures("dot")
SIZE = (120.0, 40.0)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    yield
    layout._lay_out.cache_clear()
    layout._broken.clear()


def _random_graph(seed: int, count: int) -> ExecutionGraph:
    draw = random.Random(seed)
    names = [f"c{at}" for at in range(count)]
    columns: dict[str, Column] = {}
    for at, name in enumerate(names):
        reads = draw.sample(names[max(0, at - 8) : at], min(at, draw.randrange(3)))
        columns[name] = Expression(" ".join(f"{{{{ {other} }}}}" for other in reads)) if reads else Integer(1, 5)
    return build_graph(columns)


def _points(edge: Edge) -> list[Point]:
    """Many points of an edge, in order."""
    points = []
    for at in range(0, len(edge.points) - 1, 3):
        cubic = edge.points[at : at + 4]
        for share in (step / 12 for step in range(13)):
            rest = 1 - share
            weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
            x, y = (sum(w * point[axis] for w, point in zip(weights, cubic, strict=True)) for axis in (0, 1))
            points.append((x, y))
    return points


@pytest.mark.parametrize("flow", ["right", "down"])
@pytest.mark.parametrize("count", [4, 12, 60])
@pytest.mark.parametrize("seed", range(3))
def test_no_edge_of_a_graph_goes_back_or_past_its_ends(seed: int, count: int, flow: Flow) -> None:
    graph = _random_graph(seed, count)
    groups = (Group(tuple(range(1, count, 3)), 60.0), Group(tuple(range(2, count, 3)), 60.0))

    made = lay_out(graph, [SIZE] * count, Arrangement(flow, groups=groups))

    along = 0 if flow == "right" else 1
    for edge in made.edges:
        places = [point[along] for point in _points(edge)]
        assert places == pytest.approx(sorted(places), abs=0.01), edge
        across = [point[1 - along] for point in edge.points]
        if len(edge.points) == 4:
            assert min(across[0], across[-1]) - 0.1 <= min(across)
            assert max(across) <= max(across[0], across[-1]) + 0.1


@pytest.mark.parametrize("flow", ["right", "down"])
@pytest.mark.parametrize("seed", range(3))
def test_no_edge_runs_through_a_node_that_it_does_not_touch(seed: int, flow: Flow) -> None:
    graph = _random_graph(seed, 40)

    made = lay_out(graph, [SIZE] * 40, Arrangement(flow))

    for edge in made.edges:
        others = [box for node, box in enumerate(made.boxes) if node not in (edge.tail, edge.head)]
        assert not [point for point in _points(edge) for box in others if _contains(box, point)]


def test_an_edge_passes_a_rank_where_it_did_before_or_beside_what_is_in_the_way() -> None:
    boxes = (Box(0, 0, 40, 20), Box(80, 0, 40, 20), Box(160, 0, 40, 20))
    around = Edge(0, 2, ((40.0, 10.0), (80.0, 90.0), (120.0, 90.0), (160.0, 10.0)))
    through = Edge(0, 2, ((40.0, 10.0), (80.0, 16.0), (120.0, 16.0), (160.0, 10.0)))

    made = smooth(Layout(boxes, (around, through), 200, 20, "dot"))

    assert [(edge.points[3], edge.points[6]) for edge in made.edges] == [((80, 70), (120, 70)), ((80, 24), (120, 24))]


def _contains(box: Box, point: Point) -> bool:
    return box.x < point[0] < box.right and box.y < point[1] < box.bottom
