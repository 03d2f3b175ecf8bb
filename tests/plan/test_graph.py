"""ExecutionGraph: what makes what, and what cannot be made."""

import pytest

from notebook_gen.config.columns import Column, Expression, Function, Integer, LLMText, SeedColumn, SeedData
from notebook_gen.errors import ConfigError
from notebook_gen.plan.graph import ASYNC_FUNCTIONS, build_graph
from notebook_gen.plan.tasks import RowGroup, RowGroups


def diamond() -> dict[str, Column]:
    return {
        "topic": Integer(1, 5),
        "left": LLMText("{{ topic }}"),
        "right": LLMText("{{ topic }}", model="judge"),
        "both": Expression("{{ left }} {{ right }}"),
    }


def test_nodes_stand_in_a_valid_order_whatever_the_order_of_declaration() -> None:
    backwards = dict(reversed(diamond().items()))

    graph = build_graph(backwards)

    assert all(max(node.upstream, default=-1) < node.index for node in graph.nodes)
    assert list(graph.columns) == list(backwards)


def test_a_diamond_has_the_right_longest_paths() -> None:
    graph = build_graph(diamond())

    assert {node.name: depth for node, depth in zip(graph.nodes, graph.depths(), strict=True)} == {
        "topic": 3.0,
        "left": 2.0,
        "right": 2.0,
        "both": 1.0,
    }


def test_each_model_and_pool_is_one_resource() -> None:
    columns = diamond() | {"words": Function(function=len, reads=("left",), is_async=True)}

    assert build_graph(columns).resources == ("model default", "model judge", ASYNC_FUNCTIONS)


def test_the_columns_of_a_seed_table_are_one_node_with_several_outputs() -> None:
    data = SeedData(name="products", columns=("product", "price"), rows=3)
    columns: dict[str, Column] = {name: SeedColumn(name=name, data=data) for name in data.columns}

    graph = build_graph(columns | {"label": Expression("{{ product }} {{ price }}")})

    assert [(node.name, node.outputs) for node in graph.nodes] == [
        ("products", ("product", "price")),
        ("label", ("label",)),
    ]
    assert graph.nodes[1].upstream == (0,)


def test_a_name_that_jinja_defines_may_also_be_a_column() -> None:
    template = Expression("{{ range }}")

    assert build_graph({"n": template}).nodes[0].inputs == ()
    assert build_graph({"range": Integer(1, 2), "n": template}).nodes[1].inputs == ("range",)


def test_an_unknown_input_suggests_the_nearest_name() -> None:
    with pytest.raises(ConfigError) as caught:
        build_graph({"question": Integer(1, 2), "answer": Expression("{{ questoin }}")})

    assert str(caught.value) == ("column 'answer' reads 'questoin', which does not exist; did you mean 'question'?")


def test_a_cycle_is_named_in_the_order_of_reading() -> None:
    columns: dict[str, Column] = {
        "a": Expression("{{ c }}"),
        "b": Expression("{{ a }}"),
        "c": Expression("{{ b }}"),
    }

    with pytest.raises(ConfigError, match="a → b → c → a"):
        build_graph(columns)


@pytest.mark.parametrize(
    ("rows", "size", "sizes"), [(6, 3, [3, 3]), (7, 3, [3, 3, 1]), (1, 3, [1]), (0, 3, []), (2, 1000, [2])]
)
def test_row_groups_cover_all_rows_in_order(rows: int, size: int, sizes: list[int]) -> None:
    groups = RowGroups(rows, size)

    assert [group.size for group in groups] == sizes
    assert [row for group in groups for row in group.rows] == list(range(rows))


def test_a_million_row_groups_are_made_only_when_looked_at() -> None:
    groups = RowGroups(10**9, 1000)

    assert len(groups) == 10**6
    assert groups[999_999] == RowGroup(999_999, 999_999_000, 1000)


@pytest.mark.parametrize(("rows", "size"), [(-1, 10), (10, 0)])
def test_row_groups_of_impossible_numbers_are_an_error(rows: int, size: int) -> None:
    with pytest.raises(ConfigError):
        RowGroups(rows, size)
