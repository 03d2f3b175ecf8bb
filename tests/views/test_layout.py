"""Nodes do not overlap, edges run from node to node, and a missing program is no error."""

import logging
import random
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from notebook_gen.config.columns import Column, Expression, Integer
from notebook_gen.plan.graph import ExecutionGraph, build_graph
from notebook_gen.views import layers, layout
from notebook_gen.views.geometry import Box, Layout
from notebook_gen.views.layers import lay_out_in_layers
from notebook_gen.views.layout import lay_out

SIZE = (120.0, 40.0)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """What one test laid out or found broken is forgotten before the next."""
    yield
    layout._lay_out.cache_clear()
    layout._broken.clear()


def _graph(reads: dict[str, list[str]]) -> ExecutionGraph:
    columns: dict[str, Column] = {
        name: Expression(" ".join(f"{{{{ {other} }}}}" for other in others)) if others else Integer(1, 5)
        for name, others in reads.items()
    }
    return build_graph(columns)


def _random_graph(seed: int, count: int) -> ExecutionGraph:
    draw = random.Random(seed)
    names = [f"c{at}" for at in range(count)]
    return _graph({name: draw.sample(names[:at], min(at, draw.randrange(4))) for at, name in enumerate(names)})


GRAPHS = {
    "one": _graph({"a": []}),
    "apart": _graph({"a": [], "b": [], "c": []}),
    "chain": _graph({"a": [], "b": ["a"], "c": ["b"]}),
    "diamond": _graph({"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}),
    "long edge": _graph({"a": [], "b": ["a"], "c": ["b"], "d": ["a", "c"]}),
    **{f"random {seed}": _random_graph(seed, 5 + 8 * seed) for seed in range(6)},
}
ANY_GRAPH = pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS.keys())


def _own(graph: ExecutionGraph) -> Layout:
    return lay_out_in_layers([node.upstream for node in graph.nodes], [SIZE] * len(graph.nodes))


def _check(graph: ExecutionGraph, made: Layout) -> None:
    """What holds of every layout, whoever made it."""
    assert [(box.width, box.height) for box in made.boxes] == [SIZE] * len(graph.nodes)
    for at, box in enumerate(made.boxes):
        assert box.x >= -0.1
        assert box.y >= -0.1
        assert box.x + box.width <= made.width + 0.1
        assert box.y + box.height <= made.height + 0.1
        assert not [other for other in made.boxes[:at] if _overlap(box, other)]
    ends = {(tail, node.index) for node in graph.nodes for tail in node.upstream}
    assert {(edge.tail, edge.head) for edge in made.edges} == ends
    assert len(made.edges) == len(ends)
    for edge in made.edges:
        tail, head = made.boxes[edge.tail], made.boxes[edge.head]
        assert len(edge.points) % 3 == 1
        assert edge.points[0] == pytest.approx((tail.x + tail.width, tail.y + tail.height / 2), abs=0.6)
        assert edge.points[-1] == pytest.approx((head.x, head.y + head.height / 2), abs=0.6)


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width - 0.1
        and other.x < one.x + one.width - 0.1
        and one.y < other.y + other.height - 0.1
        and other.y < one.y + one.height - 0.1
    )


@ANY_GRAPH
def test_our_own_layers_keep_nodes_apart_and_edges_whole(graph: ExecutionGraph) -> None:
    _check(graph, _own(graph))


@ANY_GRAPH
@pytest.mark.usefixtures("dot")
def test_dot_keeps_nodes_apart_and_edges_whole(graph: ExecutionGraph) -> None:
    made = lay_out(graph, [SIZE] * len(graph.nodes))

    assert made.engine == "dot"
    _check(graph, made)


@pytest.mark.usefixtures("dot")
def test_what_dot_turns_around_stands_in_the_order_of_declaration_again() -> None:
    apart, fan = GRAPHS["apart"], _graph({"a": [], "b": ["a"], "c": ["a"], "d": ["a"]})

    for graph, first in ((apart, 0), (fan, 1)):
        boxes = lay_out(graph, [SIZE] * len(graph.nodes)).boxes[first:]
        assert [box.y for box in boxes] == sorted(box.y for box in boxes)


@ANY_GRAPH
def test_no_edge_of_our_own_runs_through_a_node_it_does_not_touch(graph: ExecutionGraph) -> None:
    made = _own(graph)

    for edge in made.edges:
        for index, box in enumerate(made.boxes):
            if index not in (edge.tail, edge.head):
                assert not [point for point in edge.points[::3] if _contains(box, point)]


def _contains(box: Box, point: tuple[float, float]) -> bool:
    return box.x < point[0] < box.x + box.width and box.y < point[1] < box.y + box.height


def test_columns_that_could_stand_anywhere_stand_in_the_order_of_declaration() -> None:
    boxes = _own(_graph({"c": [], "a": [], "b": [], "d": ["c", "a", "b"]})).boxes

    assert boxes[0].y < boxes[1].y < boxes[2].y


def test_parallel_chains_are_straight() -> None:
    graph = _graph({"a": [], "b": ["a"], "c": ["a"], "d": ["b"], "e": ["b", "c"]})
    boxes = _own(graph).boxes

    assert boxes[1].y == boxes[3].y
    assert boxes[2].y == boxes[4].y


def test_a_source_stands_next_to_what_reads_it() -> None:
    graph = _graph({"a": [], "b": ["a"], "late": [], "c": ["b", "late"]})
    made = {node.name: box for node, box in zip(graph.nodes, _own(graph).boxes, strict=True)}

    assert made["late"].x == made["b"].x


def test_crossings_that_can_be_avoided_are_avoided() -> None:
    graph = _graph({"a": [], "b": [], "c": [], "x": ["c"], "y": ["b"], "z": ["a"]})
    made = {node.name: box.y for node, box in zip(graph.nodes, _own(graph).boxes, strict=True)}

    assert (made["a"] < made["b"]) == (made["z"] < made["y"])
    assert (made["b"] < made["c"]) == (made["y"] < made["x"])


def test_vertices_that_want_the_same_place_share_the_way_there() -> None:
    wishes = [[(10.0, 1.0)], [(0.0, 1.0)], [(-10.0, 1.0), (50.0, 0.5)], [(60.0, 1.0)]]

    assert layers._isotonic(wishes) == [0.0, 0.0, 0.0, 60.0]


def test_no_nodes_are_laid_out_as_nothing() -> None:
    assert lay_out(build_graph({}), []) == Layout((), (), 0.0, 0.0, "none")


def test_without_a_program_our_own_layers_are_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert lay_out(GRAPHS["diamond"], [SIZE] * 4).engine == "layers"


@pytest.mark.parametrize(
    "script",
    ["exit 1", "echo nonsense", "echo '{}'", "kill -9 $$", 'echo \'{"bb":"0,0,1,1","objects":[]}\''],
)
def test_a_broken_program_is_logged_once_and_not_asked_again(
    script: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    program = tmp_path / "dot"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    with caplog.at_level(logging.WARNING, "notebook_gen"):
        engines = [lay_out(GRAPHS[name], [SIZE] * len(GRAPHS[name].nodes)).engine for name in ("diamond", "chain")]

    assert engines == ["layers", "layers"]
    assert len(caplog.records) == 1


def test_a_program_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(layout, "_DOT_TIMEOUT", 0.05)

    assert lay_out(GRAPHS["diamond"], [SIZE] * 4).engine == "layers"


def test_only_numbers_and_sizes_reach_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "dot"
    program.write_text(f"#!/bin/sh\ncat > {tmp_path}/asked\nexit 1\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    lay_out(_graph({"secret": [], "name": ["secret"]}), [(72.0, 36.0)] * 2)

    asked = (tmp_path / "asked").read_text()
    assert "secret" not in asked
    assert "name" not in asked
    assert asked.splitlines()[4:] == [
        "n0 [width=1.0000 height=0.5000]",
        "n1 [width=1.0000 height=0.5000]",
        "n0 -> n1",
        "}",
    ]
