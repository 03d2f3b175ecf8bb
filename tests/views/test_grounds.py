"""Grounds lie around nodes that lie together: none is half-empty, and nobody else's node is on it."""

import pytest

from notebook_gen.config.columns import Column, Expression, Integer
from notebook_gen.plan.graph import ExecutionGraph, build_graph
from notebook_gen.views.geometry import Arrangement, Box, Flow, Ground, Group, Layout
from notebook_gen.views.grounds import lay_grounds
from notebook_gen.views.layout import lay_out

SIZE = (120.0, 40.0)


def _row(*places: tuple[float, float]) -> Layout:
    """Nodes at some places, in columns and rows with a gap of 30 pixels between them."""
    boxes = tuple(Box(150 * column, 70 * row, *SIZE) for column, row in places)
    return Layout(boxes, (), max(box.right for box in boxes), max(box.bottom for box in boxes), "layers")


def _lie_on(made: Layout) -> list[tuple[int, ...]]:
    """The nodes on each ground."""
    return [tuple(at for at, box in enumerate(made.boxes) if box.overlaps(ground.box)) for ground in made.grounds]


def _fullness(made: Layout, ground: Ground) -> float:
    taken = sum((box.width + 20) * (box.height + 20) for box in made.boxes if box.overlaps(ground.box))
    return taken / ((ground.box.width + 20) * (ground.box.height + 20))


def test_neighbours_share_a_ground() -> None:
    made = lay_grounds(_row((0, 0), (1, 0), (2, 0)), [Group((0, 1, 2), 60.0)])

    assert _lie_on(made) == [(0, 1, 2)]


def test_nodes_with_room_for_another_between_them_have_a_ground_each() -> None:
    made = lay_grounds(_row((0, 0), (2, 0), (0, 2)), [Group((0, 1, 2), 60.0)])

    assert _lie_on(made) == [(0,), (1,), (2,)]


def test_a_ground_is_not_drawn_around_empty_corners() -> None:
    corners = lay_grounds(_row((0, 0), (1, 1)), [Group((0, 1), 60.0)])
    steps = lay_grounds(_row((0, 0), (1, 0), (1, 1)), [Group((0, 1, 2), 60.0)])

    assert _lie_on(corners) == [(0,), (1,)]
    assert _lie_on(steps) == [(0, 1, 2)]


def test_nobody_else_s_node_is_on_a_ground() -> None:
    made = lay_grounds(_row((0, 0), (1, 0), (2, 0)), [Group((0, 2), 60.0), Group((1,), 60.0)])

    assert _lie_on(made) == [(0,), (2,), (1,)]


def test_a_name_without_room_is_cut_and_then_left_out_but_never_on_all_grounds() -> None:
    tight = Layout(tuple(Box(0, 50.0 * row, *SIZE) for row in range(4)), (), 120, 190, "layers")

    made = lay_grounds(tight, [Group((0, 2), 300.0)])

    assert [(ground.is_named, ground.box.width) for ground in made.grounds] == [(True, 300), (False, 132)]
    assert lay_grounds(tight, [Group((2,), 60.0)]).grounds == ()


def _graph(count: int) -> ExecutionGraph:
    columns: dict[str, Column] = {"c0": Integer(1, 5)}
    columns |= {f"c{at}": Expression(f"{{{{ c{at - 1} }}}} {{{{ c{at // 3} }}}}") for at in range(1, count)}
    return build_graph(columns)


@pytest.mark.usefixtures("dot")
@pytest.mark.parametrize("flow", ["right", "down"])
@pytest.mark.parametrize("count", [5, 12, 40])
def test_what_dot_keeps_together_lies_on_grounds_that_are_full(count: int, flow: Flow) -> None:
    groups = (Group(tuple(range(0, count, 3)), 60.0), Group(tuple(range(1, count, 3)), 60.0))

    made = lay_out(_graph(count), [SIZE] * count, Arrangement(flow, groups=groups))

    assert made.grounds
    assert min(_fullness(made, ground) for ground in made.grounds) > 0.5
    for ground in made.grounds:
        on_it = {at for at, box in enumerate(made.boxes) if box.overlaps(ground.box)}
        assert on_it <= set(groups[ground.group].nodes)
    boxes = [ground.box for ground in made.grounds]
    assert not [one for at, one in enumerate(boxes) if any(map(one.overlaps, boxes[:at]))]
