"""Which type a column of Python values gets, and that no value is ever lost."""

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebook_gen.storage.arrays import as_table, to_array
from tests.storage.values import ONE_KIND, VALUES

MOMENT = dt.datetime(2024, 1, 2, 3, 4, 5)  # noqa: DTZ001  # without a zone, as most are


class Tone(StrEnum):
    DRY = "dry"


class Level(Enum):
    HIGH = 3


class Money(int):
    """A number by another name."""


class Broken:
    """What cannot even be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


class BrokenList(list[int]):
    """A list that cannot be looked at."""

    def __iter__(self) -> Iterator[int]:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")


class BrokenDict(dict[str, int]):
    """A dict that cannot be looked at."""

    def items(self) -> Any:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")


def nested(depth: int, innermost: Any = 1) -> Any:
    value = innermost
    for _ in range(depth):
        value = [value]
    return value


ODD_ZONE = dt.timezone(dt.timedelta(hours=1, seconds=1))
EAST = dt.timezone(dt.timedelta(hours=2))


@pytest.mark.parametrize(
    ("values", "type_name"),
    [
        ([1, None, 2], "int64"),
        ([1.5, None], "double"),
        ([1, 2.5], "double"),
        (["a", None], "string"),
        ([True, None], "bool"),
        ([None, None], "null"),
        ([], "null"),
        ([b"a"], "binary"),
        ([dt.date(2024, 1, 2)], "date32[day]"),
        ([MOMENT], "timestamp[us]"),
        ([MOMENT.replace(tzinfo=ZoneInfo("Europe/Berlin"))], "timestamp[us, tz=Europe/Berlin]"),
        ([dt.time(1, 2)], "time64[us]"),
        ([dt.timedelta(seconds=1)], "duration[us]"),
        ([Decimal("1.50"), Decimal("100")], "decimal128(5, 2)"),
        ([[1, 2], [], None], "list<item: int64>"),
        ([[1], [2.5]], "list<item: double>"),
        ([{"a": 1, "b": "x"}, {"b": None, "a": 2}], "struct<a: int64, b: string>"),
    ],
)
def test_values_of_one_type_keep_it(values: list[Any], type_name: str) -> None:
    array = to_array(values)

    assert str(array.type) == type_name
    assert array.to_pylist() == values


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1, "a", None], ["1", "a", None]),
        ([True, 1], ["True", "1"]),
        ([2**64, 1], ["18446744073709551616", "1"]),
        ([2**53 + 1, 0.5], ["9007199254740993", "0.5"]),
        ([b"a", "a"], ["b'a'", "a"]),
        ([dt.date(2024, 1, 2), MOMENT], ["2024-01-02", "2024-01-02 03:04:05"]),
        ([MOMENT, MOMENT.replace(tzinfo=dt.UTC)], ["2024-01-02 03:04:05", "2024-01-02 03:04:05+00:00"]),
        ([dt.time(1, 2, tzinfo=dt.UTC)], ["01:02:00+00:00"]),
        ([Decimal("NaN"), Decimal("1")], ["NaN", "1"]),
        ([[1], "a"], ["[1]", "a"]),
        ([[1, "ä"], [2]], ['[1, "ä"]', "[2]"]),
        ([{"a": 1}, {"b": None}, None], ['{"a": 1}', '{"b": null}', None]),
        ([{"a": 1}, {"a": "x"}], ['{"a": 1}', '{"a": "x"}']),
        ([{}], ["{}"]),
        ([{1: "a"}], ['{"1": "a"}']),
        ([{(1, 2): "a"}], ["{(1, 2): 'a'}"]),
        ([3j], ["3j"]),
        (["a\ud800b", None], ["a\ufffdb", None]),
        (["\ud83d\ude00"], ["😀"]),
        ([["\ud800"]], ['["\ufffd"]']),
        ([{"\ud800": 1}], ['{"\ufffd": 1}']),
        ([Decimal("Infinity"), Decimal(1)], ["Infinity", "1"]),
        ([Decimal("sNaN")], ["sNaN"]),
        ([10**5000, 1], ["1" + 5000 * "0", "1"]),
        ([[10**5000, 1]], [json.dumps(["1" + 5000 * "0", "1"])]),
        ([{"a": 10**5000}, None], [json.dumps({"a": "1" + 5000 * "0"}), None]),
        ([dt.datetime.min.replace(tzinfo=EAST)], ["0001-01-01 00:00:00+02:00"]),
        ([dt.datetime.max.replace(tzinfo=dt.UTC)], ["9999-12-31 23:59:59.999999+00:00"]),
        ([[dt.datetime.max.replace(tzinfo=EAST)]], ['["9999-12-31 23:59:59.999999+02:00"]']),
        ([nested(40)], ["[" * 40 + "1" + "]" * 40]),
        ([nested(300)], ["[" * 300 + "1" + "]" * 300]),
        ([[Broken()], [1]], ['["<Broken object>"]', "[1]"]),
        ([BrokenList([1]), 5], ["<BrokenList object>", "5"]),
        ([BrokenDict(a=1), 5], ["<BrokenDict object>", "5"]),
        ([Broken(), "x"], ["<Broken object>", "x"]),
    ],
)
def test_what_does_not_go_together_becomes_text_as_a_whole(values: list[Any], texts: list[Any]) -> None:
    array = to_array(values)

    assert str(array.type) == "string"
    assert array.to_pylist() == texts


@pytest.mark.parametrize(
    ("values", "plain"),
    [
        ([(1, 2), [3]], [[1, 2], [3]]),
        ([{"b", "a"}], [["a", "b"]]),
        ([frozenset({2, 1})], [[1, 2]]),
        ([Tone.DRY], ["dry"]),
        ([Level.HIGH, Level.HIGH], [3, 3]),
        ([Money(5), 6], [5, 6]),
        ([[Tone.DRY, "warm"]], [["dry", "warm"]]),
        ([{"level": Level.HIGH}], [{"level": 3}]),
    ],
)
def test_kinds_of_plain_values_are_kept_as_what_they_are(values: list[Any], plain: list[Any]) -> None:
    assert to_array(values).to_pylist() == plain


def test_a_zone_that_arrow_does_not_know_keeps_the_moments() -> None:
    values = [MOMENT.replace(tzinfo=ODD_ZONE), None]

    array = to_array(values)

    assert str(array.type) == "timestamp[us, tz=UTC]"
    assert array.to_pylist() == values


def test_nesting_keeps_its_type_as_deep_as_a_file_can_be_read(tmp_path: Path) -> None:
    values = [nested(30), nested(29, []), None]

    pq.write_table(as_table({"a": values}), tmp_path / "a.parquet")

    assert pq.read_table(tmp_path / "a.parquet").to_pydict() == {"a": values}


def test_a_list_that_holds_itself_becomes_text() -> None:
    value: list[Any] = [1]
    value.append(value)

    assert to_array([value]).to_pylist() == ["[1, [...]]"]


def test_moments_of_several_zones_stay_the_same_moments() -> None:
    values = [MOMENT.replace(tzinfo=ZoneInfo("Europe/Berlin")), MOMENT.replace(tzinfo=dt.UTC)]

    array = to_array(values)

    assert str(array.type) == "timestamp[us, tz=UTC]"
    assert array.to_pylist() == values


@settings(deadline=None)
@given(ONE_KIND)
def test_a_column_of_one_type_comes_back_unchanged(values: list[Any]) -> None:
    assert to_array(values).to_pylist() == values


@settings(deadline=None)
@given(st.lists(VALUES))
def test_any_column_keeps_every_row_and_every_hole(values: list[Any]) -> None:
    kept = to_array(values).to_pylist()

    assert [value is None for value in kept] == [value is None for value in values]


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.text(), st.none() | st.integers() | st.lists(st.text())), min_size=1))
def test_dicts_that_became_text_can_be_read_as_json(values: list[Any]) -> None:
    kept = to_array(values).to_pylist()

    assert [json.loads(value) if isinstance(value, str) else value for value in kept] == values
