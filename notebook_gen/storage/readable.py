"""Seed tables that rows can be taken from, all through a run: what Python has no values for is found before it."""

from typing import TYPE_CHECKING, Any

from notebook_gen.errors import ConfigError
from notebook_gen.storage.arrays import is_too_deep, text_array

if TYPE_CHECKING:
    import pyarrow as pa

    from notebook_gen.storage.arrays import Column

_SLICE = 10_000


def readable(table: "pa.Table", what: str) -> "pa.Table":
    """Give a table in types that Python has values for, once every value is known to be one.

    Args:
        table: with at least one row.
        what: what to call it.

    Raises:
        ConfigError: a column has values that Python does not have; says which, and what to do.
    """
    import pyarrow as pa

    columns = []
    for name in table.column_names:
        try:
            columns.append(_readable(table.column(name)))
        except Exception as error:  # each type of values has its own ways to fail, and its own errors
            problem, advice = _explain(table.schema.field(name).type, error)
            raise ConfigError(f"{what} has a column {name!r} that cannot be read: {problem}", advice=advice) from error
    return pa.Table.from_arrays(columns, names=table.column_names)


def _readable(column: "pa.ChunkedArray[Any]") -> "Column":
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(column.type, pa.RunEndEncodedType):
        column = pc.call_function("run_end_decode", [column])
    column.validate(full=True)
    column = column.cast(_kept(column.type), safe=False)
    _check_values(column)
    if is_too_deep(column.type):
        return text_array(column.to_pylist())
    # what a shuffle does; not every type knows how
    column.slice(0, 1).combine_chunks().take(pa.array([0]))
    return column


def _kept(kind: "pa.DataType") -> "pa.DataType":
    """The type with Python's values for them: views as what they view, nanoseconds as microseconds."""
    import pyarrow as pa

    if kind == pa.string_view():
        return pa.large_string()
    if kind == pa.binary_view():
        return pa.large_binary()
    if isinstance(kind, pa.TimestampType) and kind.unit == "ns":
        return pa.timestamp("us", kind.tz)
    if kind == pa.duration("ns"):
        return pa.duration("us")
    return pa.time64("us") if kind == pa.time64("ns") else kind


def _check_values(column: "pa.ChunkedArray[Any]") -> None:
    """Read what might not be readable: of moments and durations the extremes, of what holds others all."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_duration(kind):
        count = pa.int32() if pa.types.is_date32(kind) else pa.int64()
        numbers = column.cast(count)
        pa.array([pc.min(numbers).as_py(), pc.max(numbers).as_py()], count).cast(kind).to_pylist()
    elif pa.types.is_nested(kind) or pa.types.is_dictionary(kind) or isinstance(kind, pa.BaseExtensionType):
        for start in range(0, len(column), _SLICE):
            column.slice(start, _SLICE).to_pylist()


def _explain(kind: "pa.DataType", error: Exception) -> tuple[str, str]:
    """Say what is wrong, and what to do. The cases: text, the calendar, an unknown time zone, and whatever else."""
    if isinstance(error, UnicodeDecodeError) or "UTF8" in str(error):
        return "it has text that is not UTF-8", "decode it, or give it as bytes"
    if isinstance(error, OverflowError) or "out of range" in str(error):
        problem = "it has moments before the year 1 or after 9999, or durations longer than Python's"
        return problem, "give them as text, or as numbers"
    zone = getattr(kind, "tz", None)
    if zone is not None:
        return f"its time zone {zone!r} is not known here", "give it in one that is, such as UTC"
    return f"{kind} has no values in Python ({error})", "give it as text, or as numbers"
