"""A table of rows keeps the order of declaration while it can, and what is made in sight when it cannot."""

from collections.abc import Mapping

from notebook_gen.config.columns import Category, Column, Expression, Float, Integer, LLMText, SeedColumn, SeedData
from notebook_gen.engine.snapshots import RowView
from notebook_gen.plan.graph import build_graph
from notebook_gen.views.arrangement import (
    NUMBER_WIDTH,
    TableColumn,
    arrange,
    narrow_width,
    own_width,
    own_widths,
    usual_widths,
)

IN_SIGHT = 800


def _seeds(*names: str) -> Mapping[str, Column]:
    data = SeedData(name="products", columns=names, rows=4)
    return {name: SeedColumn(name=name, data=data) for name in names}


def _names(columns: list[TableColumn]) -> list[str]:
    return [column.name for column in columns]


def _end(columns: list[TableColumn], name: str) -> int:
    """Where a column ends, in pixels from the left."""
    return narrow_width(columns[: _names(columns).index(name) + 1])


def test_what_has_room_stands_in_the_order_of_declaration() -> None:
    graph = build_graph(
        {**_seeds("product", "price"), "stars": Integer(1, 5), "review": LLMText("{{ product }} {{ stars }}")}
    )

    columns = arrange(graph)

    assert [(column.name, column.place, column.color) for column in columns] == [
        ("product", 0, None),
        ("price", 1, None),
        ("stars", 2, 0),
        ("review", 3, 1),
    ]
    assert [column.node for column in columns] == [graph.columns[column.name] for column in columns]


def test_what_is_short_by_what_makes_it_needs_little_room() -> None:
    graph = build_graph(
        {
            "stars": Integer(1, 5),
            "price": Float(0, 9),
            "twice": Expression("{{ stars * 2 }}", dtype="int"),
            "tone": Category(["dry", "warm"]),
            "mood": Category(["dry", "somewhat furious, but in the most polite of all ways"]),
            "text": LLMText("{{ stars }}"),
        }
    )

    widths = {column.name: column.width for column in arrange(graph)}

    assert [name for name, width in widths.items() if width is None] == ["mood", "text"]
    assert max(width for width in widths.values() if width is not None) < 100


def test_what_a_model_writes_gets_more_of_the_room_than_other_texts() -> None:
    graph = build_graph({**_seeds("product"), "review": LLMText("{{ product }}"), "title": Expression("{{ review }}")})

    product, review, title = usual_widths(arrange(graph))

    assert product == title
    assert review >= 1.4 * title


def test_texts_are_narrower_before_one_of_them_is_out_of_sight() -> None:
    few, many = (arrange(build_graph({f"text_{at}": LLMText("x") for at in range(count)})) for count in (5, 8))

    assert set(usual_widths(few)) == {150}
    assert set(usual_widths(many)) == {(IN_SIGHT - NUMBER_WIDTH) // 8}


def test_many_seed_columns_stand_together_in_front_and_leave_room_for_what_is_made() -> None:
    columns = {
        **_seeds("product", "category", "price", "material", "made_for", "weight"),
        "stars": Integer(1, 5),
        "review": LLMText("{{ stars }} {{ product }} {{ made_for }}"),
        "title": Expression("{{ product }}: {{ review }}"),
    }

    arranged = arrange(build_graph(columns))

    assert _names(arranged) == list(columns)
    assert [column.place for column in arranged] == list(range(9))
    assert _end(arranged, "title") <= IN_SIGHT


def test_where_what_is_made_needs_the_room_only_seed_columns_that_are_read_stay_in_front() -> None:
    columns = {
        **_seeds("product", "category", "price", "material", "made_for"),
        "tone": Category(["dry", "warm"]),
        **{f"text_{at}": LLMText("{{ tone }} {{ product }} {{ material }}") for at in range(5)},
    }

    arranged = arrange(build_graph(columns))

    made = ["tone", *(f"text_{at}" for at in range(5))]
    assert _names(arranged) == ["product", "material", *made, "category", "price", "made_for"]
    assert _end(arranged, "text_4") <= IN_SIGHT
    assert [column.is_last for column in arranged] == [False] * 8 + [True] * 3


def test_of_more_seed_columns_than_have_room_those_that_prompts_read_stay_in_front() -> None:
    names = [f"seed_{at}" for at in range(40)]
    columns = {
        **_seeds(*names),
        "all": Expression(" ".join(f"{{{{ {name} }}}}" for name in names)),
        **{f"text_{at}": LLMText("{{ seed_30 }}") for at in range(4)},
    }

    arranged = arrange(build_graph(columns))

    front = _names(arranged)[: _names(arranged).index("all")]
    assert front[0] == "seed_0"
    assert front[-1] == "seed_30"
    assert _end(arranged, "text_3") in range(IN_SIGHT - 100, IN_SIGHT + 1)


def test_the_first_seed_column_tells_what_a_row_is_of_where_none_is_read() -> None:
    arranged = arrange(build_graph({**_seeds("a", "b"), **{f"text_{at}": LLMText("x") for at in range(9)}}))

    assert [_names(arranged)[0], _names(arranged)[-1]] == ["a", "b"]


def test_the_fewer_seed_columns_are_in_front_the_less_is_each_squeezed() -> None:
    def squeezed(count: int) -> set[int]:
        seeds = [f"a_seed_{at}" for at in range(count)]
        arranged = arrange(build_graph({**_seeds(*seeds), "text": LLMText("x")}))
        return {column.widths.squeezed for column in arranged[:count]}

    assert [squeezed(count) for count in (1, 4, 5, 6)] == [{72}, {70}, {56}, {48}]


def test_a_table_is_as_wide_as_its_room_until_that_is_too_narrow() -> None:
    columns = {**_seeds("product", "price"), "stars": Integer(1, 5), "review": LLMText("x"), "reply": LLMText("x")}

    widths = usual_widths(arrange(build_graph(columns)))

    assert IN_SIGHT - 5 <= NUMBER_WIDTH + sum(widths) <= IN_SIGHT


def test_seed_data_alone_keeps_its_order() -> None:
    names = [f"seed_{at}" for at in range(20)]

    arranged = arrange(build_graph(_seeds(*names)))

    assert _names(arranged) == names
    assert narrow_width(arranged) == NUMBER_WIDTH + 20 * 96


def test_a_column_is_as_wide_as_what_it_holds_and_long_texts_share_the_rest() -> None:
    graph = build_graph({"a": LLMText("x"), "b": LLMText("x"), "c": Integer(1, 5), "d": LLMText("x")})
    rows = [
        RowView(0, False, ("done", "done", "done", "waiting"), ("Desk lamp", "It is a good lamp. " * 9, 4, None)),
        RowView(1, False, ("done", "in flight", "done", "waiting"), ("Kettle", None, 11, None)),
    ]

    widths = [column.width for column in arrange(graph, own_widths("abcd", rows))]

    a, b, c, d = widths
    assert a is not None
    assert c is not None
    assert c < a < 120
    assert (b, d) == (None, None)


def test_one_long_text_among_short_ones_does_not_make_a_column_wide() -> None:
    long = "A lamp for desks of every kind and size"

    assert own_width("name", ["Desk lamp"] * 4 + [long]) == own_width("name", ["Desk lamp"] * 5)
    assert own_width("name", ["Desk lamp", *[long] * 4]) is None


def test_a_name_needs_room_too_and_a_long_one_takes_two_lines() -> None:
    short, long, longest = (
        own_width("words", ["4"]),
        own_width("a_longer", ["4"]),
        own_width("words_of_a_longer", ["4"]),
    )

    assert short is not None
    assert long is not None
    assert longest is not None
    assert short < long <= longest < 1.7 * short
