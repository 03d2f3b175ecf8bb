"""Which ready task comes next: windows of rows, and the one that the last of them are."""

import random

import pytest

from notebook_gen.engine.order import InOrder, ReadyTasks, make_resources
from notebook_gen.plan.graph import build_graph
from tests.engine.steps import function

_SLOTS = 8


def taken(rows: int) -> list[tuple[int, int]]:
    """What comes of the first column's 20 rows and the second's first row, where the second reads the first."""
    graph = build_graph({"a": function(), "b": function("a")})
    resources = make_resources(graph, dict.fromkeys(graph.resources, _SLOTS), 0.75)
    tasks = ReadyTasks(graph, resources, rows)
    tasks.add(0, resources[0], range(1, 21))
    tasks.add(1, resources[0], [0])
    return [task for _ in range(21) if (task := tasks.take(resources[0])) is not None]


def test_a_row_ends_before_one_of_a_later_window_begins() -> None:
    order = taken(rows=1000)

    assert order.index((1, 0)) == _SLOTS - 1


def test_the_last_rows_all_begin_before_one_of_them_ends() -> None:
    order = taken(rows=3 * _SLOTS - 1)

    assert order.index((1, 0)) == 20


def test_a_silent_endpoint_is_asked_with_the_newest_row_and_then_goes_on_with_the_oldest() -> None:
    graph = build_graph({"a": function()})
    [resource] = make_resources(graph, dict.fromkeys(graph.resources, _SLOTS), 0.75)
    tasks = ReadyTasks(graph, [resource], 100)
    tasks.add(0, resource, range(20))
    order = [tasks.take(resource)]

    resource.failed(0.0, 1.0)  # it never answered anything
    order += [tasks.take(resource), tasks.take(resource)]
    resource.answered(2.0)
    order += [tasks.take(resource)]

    assert order == [(0, 0), (0, 19), (0, 18), (0, 1)]
    assert resource.ready == 16


def test_nothing_waits_once_all_is_forgotten() -> None:
    graph = build_graph({"a": function()})
    resources = make_resources(graph, dict.fromkeys(graph.resources, _SLOTS), 0.75)
    tasks = ReadyTasks(graph, resources, 10)
    tasks.add(0, resources[0], range(10))

    tasks.clear()

    assert tasks.take(resources[0]) is None
    assert resources[0].takeable == 0


class Counted(int):
    """A row that counts how often rows are compared."""

    compared = 0

    def __lt__(self, other: int) -> bool:
        Counted.compared += 1
        return int(self) < int(other)


def test_the_first_of_many_held_tasks_is_found_without_a_look_at_all_of_them() -> None:
    held, rows = InOrder(build_graph({"a": function(ordered=True)}).nodes[0]), 4000
    held.hold([Counted(row) for row in random.Random(0).sample(range(rows), rows)])

    taken = []
    while (task := held.first_task()) is not None:
        taken.append(int(task))
        held.release(task)

    assert taken == list(range(rows))
    assert Counted.compared < 30 * rows


@pytest.mark.parametrize("seed", range(20))
def test_what_comes_next_is_the_same_whether_or_not_it_was_looked_for_before(seed: int) -> None:
    chance = random.Random(seed)
    graph = build_graph({"a": function(), "b": function(), "c": function("b"), "d": function()})
    pair = []
    for _ in range(2):
        resources = make_resources(graph, dict.fromkeys(graph.resources, _SLOTS), 0.75)
        pair.append((ReadyTasks(graph, resources, 100), resources[0]))
    order: list[list[tuple[int, int] | None]] = [[], []]

    for _ in range(400):
        step, node, row, seconds = (
            chance.randrange(6),
            chance.randrange(4),
            chance.randrange(100),
            10 ** chance.uniform(-3, 3),
        )
        for number, (tasks, resource) in enumerate(pair):
            match step:
                case 0:
                    tasks.add(node, resource, [row, (row + 7) % 30])
                case 1:
                    tasks.add_first(node, resource, row)
                case 2:
                    tasks.ended(node, seconds)
                case _:
                    if number:
                        resource.best = None
                    order[number].append(tasks.take(resource))

    assert order[0] == order[1]
    assert len(set(order[0])) > 50
