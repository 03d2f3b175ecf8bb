"""One schema for all row groups: the types that hold what each of them holds, and tables brought to them."""

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from notebook_gen.storage.arrays import text_array

if TYPE_CHECKING:
    import pyarrow as pa

    from notebook_gen.storage.arrays import Column

    Decimals: TypeAlias = pa.Decimal128Type[Any, Any] | pa.Decimal256Type[Any, Any]


class Part(Protocol):
    """A table, or a file that holds one."""

    @property
    def schema(self) -> "pa.Schema":
        """Its columns' names and types."""
        ...

    def column(self, name: str, /) -> "pa.ChunkedArray[Any]":
        """Give one column."""
        ...


def unified_schema(parts: Sequence[Part], as_text: dict[str, str] | None = None) -> "pa.Schema":
    """Give the schema that holds all parts, which have the same columns; by the rule of `arrays`.

    Args:
        parts: at least one.
        as_text: takes up, by column, which types became text, as in `arrays.as_table`.
    """
    import pyarrow as pa

    fields = []
    for name in parts[0].schema.names:
        types = list(dict.fromkeys(part.schema.field(name).type for part in parts))
        unified = _unified_type(name, types, parts)
        fields.append((name, unified))
        if unified == pa.string() and not {*types} <= {pa.string(), pa.null()} and as_text is not None:
            as_text.setdefault(name, ", ".join(sorted(str(kind) for kind in types if kind != pa.null())))
    return pa.schema(fields)


def conform(table: "pa.Table", schema: "pa.Schema") -> "pa.Table":
    """Give a table the types of a unified schema; it keeps its own metadata."""
    import pyarrow as pa

    if table.schema.equals(schema):
        return table
    columns = [_converted(table.column(field.name), field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema.with_metadata(table.schema.metadata))


def _unified_type(name: str, types: "Sequence[pa.DataType]", parts: Sequence[Part]) -> "pa.DataType":
    import pyarrow as pa

    some: list[pa.DataType | None] = list(types)
    merged: pa.DataType | None = reduce(_merged_or_none, some)
    if merged is None:
        return pa.string()
    try:
        for part in parts:
            if part.schema.field(name).type != merged:
                part.column(name).cast(merged)
    except pa.ArrowException:  # integers that are no exact doubles, say
        return pa.string()
    return merged


def _merged_or_none(one: "pa.DataType | None", other: "pa.DataType | None") -> "pa.DataType | None":
    return _merged(one, other) if one is not None and other is not None else None


def _merged(one: "pa.DataType", other: "pa.DataType") -> "pa.DataType | None":
    """The type that holds both as they are; None if there is none."""
    import pyarrow as pa

    if one == other or other == pa.null():
        return one
    if one == pa.null():
        return other
    if {one, other} == {pa.int64(), pa.float64()}:
        return pa.float64()
    decimals = (pa.Decimal128Type, pa.Decimal256Type)
    if isinstance(one, decimals) and isinstance(other, decimals):
        return _merged_decimal(one, other)
    if isinstance(one, pa.TimestampType) and isinstance(other, pa.TimestampType):
        return pa.timestamp("us", "UTC") if one.tz and other.tz else None
    if isinstance(one, pa.ListType) and isinstance(other, pa.ListType):
        inner = _merged(one.value_type, other.value_type)
        return pa.list_(inner) if inner is not None else None
    if isinstance(one, pa.StructType) and isinstance(other, pa.StructType):
        return _merged_struct(one, other)
    return None


def _merged_decimal(one: "Decimals", other: "Decimals") -> "pa.DataType | None":
    import pyarrow as pa

    scale = max(one.scale, other.scale)
    precision = scale + max(one.precision - one.scale, other.precision - other.scale)
    if precision > 76:
        return None
    return pa.decimal128(precision, scale) if precision <= 38 else pa.decimal256(precision, scale)


def _merged_struct(one: "pa.StructType", other: "pa.StructType") -> "pa.DataType | None":
    import pyarrow as pa

    theirs = {field.name: field.type for field in other}
    if {field.name for field in one} != theirs.keys():
        return None
    fields = []
    for field in one:
        inner = _merged(field.type, theirs[field.name])
        if inner is None:
            return None
        fields.append((field.name, inner))
    return pa.struct(fields)


def _converted(column: "pa.ChunkedArray[Any]", kind: "pa.DataType") -> "Column":
    import pyarrow as pa

    if column.type == kind:
        return column
    return text_array(column.to_pylist()) if kind == pa.string() and column.type != pa.null() else column.cast(kind)
