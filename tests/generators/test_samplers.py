"""Samplers: determinism first, then the right values."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebook_gen.config.columns import Category, Column, Float, Integer
from notebook_gen.generators.samplers import SamplerGenerator
from notebook_gen.generators.streams import Stream
from notebook_gen.plan.tasks import RowGroup, RowGroups
from tests.generators.nodes import generator_of

SAMPLERS: list[Column] = [
    Category(["dry", "warm", "furious"], weights=[2, 2, 1]),
    Category([1, "one", True, 1.0]),
    Integer(1, 5),
    Integer(-(2**63), 2**63 - 1),
    Integer(-(2**62), 2**62),
    Float(-1, 1),
    Float(0, 10, decimals=2),
]


def draw(spec: Column, rows: int, *, name: str = "x", seed: int = 7) -> list[Any]:
    """The first rows of a column, as one row group."""
    generator = generator_of(SamplerGenerator, spec, name=name, seed=seed)
    return list(generator.make(RowGroup(0, 0, rows), range(rows), {})[0])


@settings(deadline=None)
@given(
    spec=st.sampled_from(SAMPLERS),
    rows=st.integers(1, 300),
    size=st.integers(1, 80),
    order=st.randoms(use_true_random=False),
)
def test_a_row_has_the_same_value_in_any_row_group_size_and_order(
    spec: Column, rows: int, size: int, order: Any
) -> None:
    generator = generator_of(SamplerGenerator, spec)
    groups = list(RowGroups(rows, size))
    order.shuffle(groups)
    found: dict[int, Any] = {}
    for group in groups:
        found.update(zip(group.rows, generator.make(group, group.rows, {})[0], strict=True))

    assert [found[row] for row in range(rows)] == draw(spec, rows)


@settings(deadline=None)
@given(spec=st.sampled_from(SAMPLERS), rows=st.sets(st.integers(100, 149), min_size=1))
def test_some_rows_of_a_row_group_have_the_values_they_have_in_all_of_it(spec: Column, rows: set[int]) -> None:
    generator = generator_of(SamplerGenerator, spec)
    wanted = sorted(rows)

    found = generator.make(RowGroup(2, 100, 50), wanted, {})[0]

    assert list(found) == [draw(spec, 150)[row] for row in wanted]


def test_the_values_of_a_seed_never_change_between_versions() -> None:
    assert draw(Integer(1, 100), 8, name="stars", seed=7) == [5, 16, 94, 26, 36, 68, 29, 69]
    assert draw(Category(["a", "b", "c"], weights=[1, 2, 3]), 8, name="tone", seed=7) == list("abcccbca")
    assert draw(Float(0, 1, decimals=4), 4, name="price", seed=7) == [0.8494, 0.3535, 0.3943, 0.256]


def test_another_seed_and_another_column_name_give_other_values() -> None:
    values = draw(Integer(0, 10**9), 20, name="a", seed=1)

    assert values != draw(Integer(0, 10**9), 20, name="a", seed=2)
    assert values != draw(Integer(0, 10**9), 20, name="b", seed=1)
    # nor do a name and a seed run into each other
    assert draw(Integer(0, 10**9), 20, name="1a", seed=1) != draw(Integer(0, 10**9), 20, name="a", seed=11)


def test_values_keep_their_python_types() -> None:
    drawn = draw(Category([1, "one", True, 2.5]), 200)

    assert {type(value) for value in drawn} == {int, str, bool, float}
    assert {type(value) for value in draw(Integer(1, 5), 10)} == {int}
    assert {type(value) for value in draw(Float(1, 5), 10)} == {float}


def test_weights_say_how_often_a_value_is_drawn() -> None:
    counts = Counter(draw(Category(["often", "seldom", "never"], weights=[9, 1, 0]), 20_000))

    assert counts["never"] == 0
    assert counts["often"] == pytest.approx(18_000, rel=0.02)


def test_weights_may_be_as_large_as_numbers_go() -> None:
    counts = Counter(draw(Category(["a", "b"], weights=[1e308, 1e308]), 2_000))

    assert counts["a"] == pytest.approx(1_000, rel=0.1)


def test_whole_numbers_reach_both_ends_and_are_equally_likely() -> None:
    counts = Counter(draw(Integer(-2, 2), 50_000))

    assert sorted(counts) == [-2, -1, 0, 1, 2]
    assert min(counts.values()) == pytest.approx(10_000, rel=0.05)


def test_whole_numbers_beyond_what_a_double_can_hold_are_drawn_exactly() -> None:
    low = 2**62
    drawn = draw(Integer(low, low + 1), 1_000)

    assert set(drawn) == {low, low + 1}


@settings(deadline=None)
@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_whole_numbers_stay_in_their_range_whatever_it_is(one: int, other: int) -> None:
    low, high = sorted((one, other))

    assert all(low <= value <= high for value in draw(Integer(low, high), 50))


def test_a_range_that_does_not_divide_all_words_is_still_even() -> None:
    # drawn by remainder alone, the lowest third would come up half of the time
    low, third = -(2**63), 2**62
    drawn = draw(Integer(low, low + 3 * third - 1), 20_000)

    assert sum(value < low + third for value in drawn) == pytest.approx(20_000 / 3, rel=0.05)


def test_the_upper_end_is_never_drawn_however_near_it_is() -> None:
    assert set(draw(Float(1.0, 1.0 + 2.0**-52), 100)) == {1.0}


@settings(deadline=None)
@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.integers(0, 15),
)
def test_numbers_stay_in_their_range_whatever_it_is(one: float, other: float, decimals: int | None) -> None:
    low, high = sorted((one, other))
    drawn = draw(Float(low, high, decimals=decimals), 50)

    # rounding may go as far as half a digit beyond
    slack = 0.0 if decimals is None else 0.51 * 10.0**-decimals
    assert all(low - slack <= value <= high + slack for value in drawn)
    assert low == high or decimals is not None or high not in drawn


def test_numbers_fill_their_range_evenly() -> None:
    drawn = draw(Float(10, 20), 20_000)

    assert sum(drawn) / len(drawn) == pytest.approx(15, rel=0.01)
    assert min(drawn) == pytest.approx(10, abs=0.01)
    assert max(drawn) == pytest.approx(20, abs=0.01)


def test_decimals_are_rounded_to_what_is_printed() -> None:
    assert all(len(f"{value!r}".partition(".")[2]) <= 2 for value in draw(Float(0, 100, decimals=2), 1_000))


def test_a_stream_gives_the_same_words_read_in_any_order() -> None:
    stream = Stream(1, "x")

    ahead, behind = stream.words(10, 5).tolist(), stream.words(3, 5).tolist()

    assert Stream(1, "x").words(0, 20).tolist()[10:15] == ahead
    assert Stream(1, "x").words(0, 20).tolist()[3:8] == behind
