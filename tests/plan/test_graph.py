"""ExecutionGraph: what makes what, and what cannot be made."""

from dataclasses import FrozenInstanceError
from typing import Any

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


def test_a_name_that_only_looks_like_a_column_is_told_apart() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"

    with pytest.raises(ConfigError) as caught:
        build_graph({decomposed: Integer(1, 2), "answer": Expression(f"{{{{ {composed} }}}}")})

    assert caught.value.advice == (
        f"the column {decomposed!r} only looks the same ('cafe\\u0301', not 'caf\\xe9'): copy the name from there"
    )


def test_downstream_is_the_other_side_of_upstream() -> None:
    nodes = build_graph(dict(reversed(diamond().items()))).nodes

    edges = [(node.index, other) for node in nodes for other in node.downstream]
    assert sorted(edges) == sorted((other, node.index) for node in nodes for other in node.upstream)
    assert all(list(node.downstream) == sorted(node.downstream) for node in nodes)


def test_a_cycle_is_named_in_the_order_of_reading() -> None:
    columns: dict[str, Column] = {
        "a": Expression("{{ c }}"),
        "b": Expression("{{ a }}"),
        "c": Expression("{{ b }}"),
    }

    with pytest.raises(ConfigError, match="a → b → c → a"):
        build_graph(columns)


def first_and_last(name: str) -> tuple[str, str]:
    first, _, last = name.partition(" ")
    return first, last


def names(**options: Any) -> Function:
    """A function of 'name' that makes 'first' and 'last'."""
    return Function.from_callable(first_and_last, outputs=["first", "last"], **options)


def test_a_node_with_several_outputs_appears_once_and_each_can_be_read() -> None:
    graph = build_graph(
        {
            "hello": Expression("Hello {{ first }}"),
            "names": names(),
            "formal": Expression("Dear {{ last }}"),
            "name": Integer(1, 2),
        }
    )

    assert [(node.name, node.outputs, node.upstream) for node in graph.nodes] == [
        ("name", ("name",), ()),
        ("names", ("first", "last"), (0,)),
        ("hello", ("hello",), (1,)),
        ("formal", ("formal",), (1,)),
    ]
    assert graph.nodes[1].downstream == (2, 3)
    assert graph.columns == {"hello": 2, "first": 1, "last": 1, "formal": 3, "name": 0}
    assert list(graph.columns) == ["hello", "first", "last", "formal", "name"]


def test_a_side_output_as_an_input_resolves_to_its_producer() -> None:
    graph = build_graph(
        {
            "review": LLMText("Write.", side_outputs=["reasoning"]),
            "length": Expression("{{ review__reasoning | length }}"),
        }
    )

    assert graph.nodes[0].outputs == ("review", "review__reasoning")
    assert graph.nodes[1].upstream == (0,)
    assert graph.nodes[1].inputs == ("review__reasoning",)


def test_a_real_column_wins_over_a_side_output_of_its_name() -> None:
    graph = build_graph(
        {
            "review": LLMText("Write.", side_outputs=["reasoning", "messages"]),
            "review__reasoning": Expression("because"),
            "why": Expression("{{ review__reasoning }}"),
        }
    )

    assert graph.nodes[0].outputs == ("review", "review__messages")
    assert graph.nodes[2].upstream == (1,)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            {"last": Integer(1, 2)},
            "column 'last' is made twice, by 'names' and by 'last'; call one of the two otherwise",
        ),
        ({"both": names()}, "column 'first' is made twice, by 'names' and by 'both'; call one of the two otherwise"),
    ],
)
def test_two_producers_of_one_column_are_an_error(other: dict[str, Column], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_graph({"name": Integer(1, 2), "names": names(), **other})

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("reads", "message"),
    [
        (
            "review__reasoning",
            "reads 'review__reasoning', which does not exist; "
            "ask for it: ng.LLMText(…, side_outputs=['reasoning']) for 'review'",
        ),
        ("names", "reads 'names', which does not exist; 'names' makes 'first', 'last': read one of them"),
    ],
)
def test_a_name_that_nearly_is_a_column_gets_advice_of_its_own(reads: str, message: str) -> None:
    columns: dict[str, Column] = {"name": Integer(1, 2), "names": names(), "review": LLMText("Write.")}

    with pytest.raises(ConfigError) as caught:
        build_graph({**columns, "new": Expression(f"{{{{ {reads} }}}}")})

    assert str(caught.value) == f"column 'new' {message}"


def test_a_condition_adds_edges_but_no_inputs() -> None:
    graph = build_graph(
        {
            "review": LLMText("About the {{ product }}.", skip_if="{{ stars == 3 or range(2) | length == 0 }}"),
            "stars": Integer(1, 5),
            "product": Integer(1, 2),
        }
    )

    review = graph.nodes[2]
    assert review.name == "review"
    assert review.inputs == ("product",)
    assert review.condition_inputs == ("stars",)
    assert review.upstream == (0, 1)
    assert [node.downstream for node in graph.nodes] == [(2,), (2,), ()]
    assert graph.depths() == [2.0, 2.0, 1.0]


@pytest.mark.parametrize(
    ("skip_if", "message"),
    [
        ("{{ starz > 3 }}", "column 'x' reads 'starz', which does not exist; did you mean 'stars'?"),
        ("{{ x }}", "column 'x' reads itself; give one of the two another name"),
        ("{{ y }}", "column 'x' is part of a cycle: x → y → x (each is read by the next); break it at one of them"),
    ],
)
def test_a_condition_that_cannot_be_told_is_an_error(skip_if: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_graph({"stars": Integer(1, 5), "x": Expression("1", skip_if=skip_if), "y": Expression("{{ x }}")})

    assert str(caught.value) == message


def test_a_function_that_reads_its_own_output_is_an_error() -> None:
    with pytest.raises(ConfigError, match="column 'names' reads 'first', which it makes itself"):
        build_graph({"names": names(skip_if="{{ first }}"), "name": Integer(1, 2)})


def test_the_options_of_a_column_are_its_nodes() -> None:
    columns: dict[str, Column] = {
        "name": Integer(1, 2),
        "names": names(
            retries=2, on_error="null", skip_if="{{ true }}", propagate_skip=False, ordered=True, full_column=True
        ),
        "all": Function.from_callable(first_and_last, full_column=True, allow_resize=True),
    }

    plain, options, resizing = build_graph(columns).nodes

    assert (plain.retries, plain.on_error, plain.has_condition, plain.propagate_skip) == (0, "drop", False, True)
    assert (plain.ordered, plain.allow_resize) == (False, False)
    assert (options.retries, options.on_error, options.has_condition, options.propagate_skip) == (
        2,
        "null",
        True,
        False,
    )
    assert (options.ordered, options.allow_resize) == (True, False)
    assert resizing.allow_resize


@pytest.mark.parametrize(
    ("rows", "size", "sizes"), [(6, 3, [3, 3]), (7, 3, [3, 3, 1]), (1, 3, [1]), (0, 3, []), (2, 1000, [2])]
)
def test_row_groups_cover_all_rows_in_order(rows: int, size: int, sizes: list[int]) -> None:
    groups = RowGroups(rows, size)

    assert [group.size for group in groups] == sizes
    assert [row for group in groups for row in group.rows] == list(range(rows))


def test_what_a_graph_gives_cannot_be_used_to_change_it() -> None:
    graph = build_graph({"n": Integer(1, 5)})

    with pytest.raises(TypeError):
        graph.columns["other"] = 0  # type: ignore[index]  # what is tested
    with pytest.raises(TypeError):
        graph.nodes[0] = graph.nodes[0]  # type: ignore[index]  # what is tested
    with pytest.raises(FrozenInstanceError):
        graph.nodes[0].retries = 3  # type: ignore[misc]  # what is tested


def test_a_million_row_groups_are_made_only_when_looked_at() -> None:
    groups = RowGroups(10**9, 1000)

    assert len(groups) == 10**6
    assert groups[999_999] == RowGroup(999_999, 999_999_000, 1000)


@pytest.mark.parametrize(("rows", "size"), [(-1, 10), (10, 0)])
def test_row_groups_of_impossible_numbers_are_an_error(rows: int, size: int) -> None:
    with pytest.raises(ConfigError):
        RowGroups(rows, size)
