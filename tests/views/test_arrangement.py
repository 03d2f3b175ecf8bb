"""A table of rows keeps the order of declaration while it can, and what is made in sight when it cannot."""

from collections.abc import Mapping

from notebook_gen.config.columns import Category, Column, Expression, Float, Integer, LLMText, SeedColumn, SeedData
from notebook_gen.engine.snapshots import RowView
from notebook_gen.plan.graph import build_graph
from notebook_gen.views.arrangement import (
    NUMBER_WIDTH,
    TableColumn,
    arrange,
    least_width,
    needed_width,
    needed_widths,
)

IN_SIGHT = 800


def _seeds(*names: str) -> Mapping[str, Column]:
    data = SeedData(name="products", columns=names, rows=4)
    return {name: SeedColumn(name=name, data=data) for name in names}


def _names(columns: list[TableColumn]) -> list[str]:
    return [column.name for column in columns]


def _end(columns: list[TableColumn], name: str) -> int:
    """Where a column ends, in pixels from the left."""
    return least_width(columns[: _names(columns).index(name) + 1])


def test_what_has_room_stands_in_the_order_of_declaration() -> None:
    graph = build_graph(
        {**_seeds("product", "price"), "stars": Integer(1, 5), "review": LLMText("{{ product }} {{ stars }}")}
    )

    assert arrange(graph) == [
        TableColumn("product", 0, node=graph.columns["product"]),
        TableColumn("price", 1, node=graph.columns["product"]),
        TableColumn("stars", 2, color=0, width=84, node=graph.columns["stars"]),
        TableColumn("review", 3, color=1, node=graph.columns["review"]),
    ]


def test_what_is_short_by_what_makes_it_needs_little_room() -> None:
    graph = build_graph(
        {
            "stars": Integer(1, 5),
            "price": Float(0, 9),
            "twice": Expression("{{ stars * 2 }}", dtype="int"),
            "tone": Category(["dry", "warm"]),
            "mood": Category(["dry", "somewhat furious"]),
            "a_name_that_is_long": Integer(1, 5),
            "text": LLMText("{{ stars }}"),
        }
    )

    assert {column.name for column in arrange(graph) if column.width is not None} == {"stars", "price", "twice", "tone"}


def test_of_many_seed_columns_those_that_are_read_stay_in_front_and_the_others_stand_last() -> None:
    columns = {
        **_seeds("product", "category", "price", "material", "made_for", "weight"),
        "stars": Integer(1, 5),
        "review": LLMText("{{ stars }} {{ product }} {{ made_for }}"),
        "title": Expression("{{ product }}: {{ review }}"),
    }

    arranged = arrange(build_graph(columns))

    assert _names(arranged) == [
        "product", "made_for", "stars", "review", "title", "category", "price", "material", "weight",
    ]  # fmt: skip
    assert [column.place for column in arranged] == [0, 4, 6, 7, 8, 1, 2, 3, 5]
    assert _end(arranged, "title") <= IN_SIGHT


def test_what_is_made_is_in_sight_however_many_seed_columns_are_read() -> None:
    names = [f"seed_{at}" for at in range(40)]
    columns = {**_seeds(*names), "review": LLMText(" ".join(f"{{{{ {name} }}}}" for name in names))}
    columns |= {f"more_{at}": LLMText("{{ review }}") for at in range(5)}

    arranged = arrange(build_graph(columns))

    assert _names(arranged)[:3] == ["seed_0", "seed_1", "review"]
    assert _end(arranged, "more_4") <= IN_SIGHT
    assert len(arranged) == 46


def test_the_first_seed_column_stays_in_front_if_none_is_read() -> None:
    columns = {**_seeds(*(f"seed_{at}" for at in range(9))), "stars": Integer(1, 5)}

    assert _names(arrange(build_graph(columns)))[:3] == ["seed_0", "stars", "seed_1"]


def test_seed_data_alone_keeps_its_order() -> None:
    names = [f"seed_{at}" for at in range(20)]

    arranged = arrange(build_graph(_seeds(*names)))

    assert _names(arranged) == names
    assert least_width(arranged) == NUMBER_WIDTH + 20 * 96


def test_a_column_is_as_wide_as_what_it_holds_and_long_texts_share_the_rest() -> None:
    graph = build_graph({"a": LLMText("x"), "b": LLMText("x"), "c": Integer(1, 5), "d": LLMText("x")})
    rows = [
        RowView(0, False, ("done", "done", "done", "waiting"), ("Desk lamp", "It is a good lamp. " * 9, 4, None)),
        RowView(1, False, ("done", "in flight", "done", "waiting"), ("Kettle", None, 11, None)),
    ]

    widths = [column.width for column in arrange(graph, needed_widths("abcd", rows))]

    a, b, c, d = widths
    assert a is not None
    assert c is not None
    assert c < a < 120
    assert (b, d) == (None, None)


def test_one_long_text_among_short_ones_does_not_make_a_column_wide() -> None:
    short = needed_width("name", ["Desk lamp"] * 5)

    assert needed_width("name", ["Desk lamp"] * 4 + ["A lamp for desks of every kind and size"]) == short
    assert needed_width("name", ["Desk lamp", *["A lamp for desks of every kind and size"] * 4]) > short


def test_a_name_needs_room_too() -> None:
    assert needed_width("number_of_words", ["4"]) > needed_width("words", ["4"])
