"""Seed data: which row of the table a row of the run gets."""

from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from notebook_gen.config.columns import SeedColumn, SeedData
from notebook_gen.generators import Context, make_generator
from notebook_gen.generators.seed import SeedGenerator
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import RowGroup, RowGroups

NAMES = ["lamp", "mug", "pen", "rug", "sofa"]


def seed_data(*, shuffle: bool = False, **columns: list[Any]) -> SeedData:
    table = pa.table(columns or {"product": NAMES, "price": [1, 2, 3, 4, 5]})
    return SeedData(
        name="products", columns=tuple(table.column_names), rows=table.num_rows, shuffle=shuffle, table=table
    )


def generator_of(data: SeedData, *, seed: int = 7) -> SeedGenerator:
    graph = build_graph({name: SeedColumn(name=name, data=data) for name in data.columns})
    generator = make_generator(graph.nodes[0], Context(seed=seed, complete={}))
    assert isinstance(generator, SeedGenerator)
    return generator


def first_rows(data: SeedData, rows: int, *, seed: int = 7) -> list[Any]:
    return list(generator_of(data, seed=seed).make(RowGroup(0, 0, rows), range(rows), {})[0])


def test_rows_come_in_order_and_start_over_at_the_end() -> None:
    assert first_rows(seed_data(), 12) == [*NAMES, *NAMES, "lamp", "mug"]


def test_all_columns_come_from_the_same_row() -> None:
    products, prices = generator_of(seed_data(shuffle=True)).make(RowGroup(0, 0, 15), range(15), {})

    assert dict(zip(products, prices, strict=True)) == dict(zip(NAMES, [1, 2, 3, 4, 5], strict=True))


def test_each_pass_over_a_shuffled_table_has_every_row_once_in_an_order_of_its_own() -> None:
    rows = first_rows(seed_data(shuffle=True), 50)
    passes = [tuple(rows[start : start + 5]) for start in range(0, 50, 5)]

    assert all(sorted(one) == NAMES for one in passes)
    assert len(set(passes)) > 5


def test_the_order_depends_on_the_seed_and_not_on_where_the_file_is() -> None:
    data = seed_data(shuffle=True)
    moved = data.model_copy(update={"name": "elsewhere/products.csv"})

    assert first_rows(data, 20) == first_rows(moved, 20)
    assert first_rows(data, 20) != first_rows(data, 20, seed=8)


@settings(deadline=None)
@given(shuffle=st.booleans(), rows=st.integers(1, 60), size=st.integers(1, 20), data=st.data())
def test_a_row_is_the_same_in_any_row_group_size_and_order(
    *, shuffle: bool, rows: int, size: int, data: st.DataObject
) -> None:
    generator = generator_of(seed_data(shuffle=shuffle))
    found: dict[int, Any] = {}
    for group in data.draw(st.permutations(list(RowGroups(rows, size)))):
        wanted = data.draw(st.sets(st.sampled_from(group.rows), min_size=1).map(sorted) | st.just(list(group.rows)))
        found.update(zip(wanted, generator.make(group, wanted, {})[0], strict=True))

    expected = first_rows(seed_data(shuffle=shuffle), rows)
    assert found == {row: expected[row] for row in found}


def test_values_are_plain_python_values() -> None:
    data = seed_data(count=[1, None], share=[0.5, 1.0], tags=[["a"], []], about=[{"k": 1}, None])

    values = generator_of(data).make(RowGroup(0, 0, 2), range(2), {})

    assert values == ([1, None], [0.5, 1.0], [["a"], []], [{"k": 1}, None])
    assert type(values[0][0]) is int
