"""Seed columns whose values Python does not have are found before a run, and told with what to do."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from notebook_gen.errors import ConfigError
from notebook_gen.storage.readable import readable

CALENDAR = "it has moments before the year 1 or after 9999, or durations longer than Python's"


def counted(kind: pa.DataType, *numbers: int) -> "pa.Array[Any]":
    """Moments or durations that are so many units long."""
    return pa.array(numbers, pa.int32() if pa.types.is_date32(kind) else pa.int64()).cast(kind)


def not_utf8() -> "pa.Array[Any]":
    offsets = pa.py_buffer(np.array([0, 1], dtype=np.int32).tobytes())
    return pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(b"\xff")])


def encoded(*values: Any) -> "pa.Array[Any]":
    """Values as runs of the same one."""
    runs: pa.Array[Any] = pc.call_function("run_end_encode", [pa.array(values)])
    return runs


@pytest.mark.parametrize(
    ("values", "problem", "advice"),
    [
        (counted(pa.timestamp("s"), 0, 2**40), CALENDAR, "give them as text, or as numbers"),
        (counted(pa.timestamp("s", "America/New_York"), -62135596800), CALENDAR, "give them as text, or as numbers"),
        (counted(pa.date32(), 0, 2**30), CALENDAR, "give them as text, or as numbers"),
        (counted(pa.duration("s"), -(2**60)), CALENDAR, "give them as text, or as numbers"),
        (pa.array([[2**60]], pa.list_(pa.timestamp("us"))), CALENDAR, "give them as text, or as numbers"),
        (
            counted(pa.timestamp("us", "Mars/Base"), 0),
            "its time zone 'Mars/Base' is not known here",
            "give it in one that is, such as UTC",
        ),
        (not_utf8(), "it has text that is not UTF-8", "decode it, or give it as bytes"),
        (
            pa.StructArray.from_arrays([not_utf8()], names=["x"]),
            "it has text that is not UTF-8",
            "decode it, or give it as bytes",
        ),
    ],
)
def test_what_python_has_no_values_for_is_told(values: "pa.Array[Any]", problem: str, advice: str) -> None:
    with pytest.raises(ConfigError) as caught:
        readable(pa.table({"a": values}), "the table")

    assert caught.value.problem == f"the table has a column 'a' that cannot be read: {problem}"
    assert caught.value.advice == advice


def test_a_type_that_cannot_be_shuffled_is_told() -> None:
    runs = pa.StructArray.from_arrays([encoded(1, 1)], names=["x"])

    with pytest.raises(ConfigError, match=r"'a' that cannot be read: struct<.*> has no values in Python \(.*take.*\)"):
        readable(pa.table({"a": runs}), "the table")


def test_runs_of_values_are_read_as_values() -> None:
    table = pa.table({"a": encoded("x", "x", "y")})

    assert readable(table, "the table").equals(pa.table({"a": ["x", "x", "y"]}))


def test_the_ends_of_the_calendar_and_columns_without_values_are_read() -> None:
    table = pa.table(
        {
            "when": counted(pa.timestamp("s"), -62135596800, 253402300799),
            "day": counted(pa.date32(), -719162, 2932896),
            "none": pa.nulls(2, pa.timestamp("us", "UTC")),
            "nothing": pa.nulls(2),
        }
    )

    assert readable(table, "the table").equals(table)


def test_what_is_nested_deeper_than_files_can_be_becomes_text() -> None:
    value: Any = 1
    for _ in range(100):
        value = [value]

    read = readable(pa.table({"a": [value]}), "the table")

    assert read.to_pydict() == {"a": ["[" * 100 + "1" + "]" * 100]}
