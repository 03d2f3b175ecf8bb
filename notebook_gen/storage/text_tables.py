"""Tables in text files: CSV and JSON, strict about what is wrong with them and where.

A CSV column gets the type that all its values have: whole numbers, numbers, true and false, dates, times; an empty
value is then missing. It stays text, unchanged, as soon as a number would lose how it is written: a ZIP code's leading
zero, a phone number's plus sign, an identifier with more digits than a number can hold.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from notebook_gen.errors import ConfigError
from notebook_gen.storage.arrays import is_too_deep, to_array
from notebook_gen.storage.column_names import check_names

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from notebook_gen.storage.arrays import Column

_NUMBER = r"^[ \t]*-?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?[ \t]*$"
_BLOCK = 2**28
_MANY_DIGITS = r"^[ \t]*-?[0-9]{16,}[ \t]*$"


def read_csv(data: bytes, path: str) -> "pa.Table":
    """Read a CSV file: UTF-8, comma-separated, with a header.

    Args:
        data: the file's content.
        path: what to call it.

    Raises:
        ConfigError: it is empty, not UTF-8, has only a header, or a line with more or fewer values than the header.
    """
    import pyarrow as pa

    text = _decoded(data, path)
    header = _header(text, path)
    _check_separator(header, path)
    check_names(header, path)
    if not data.endswith(b"\n"):
        data += b"\n"  # pyarrow sees no header in a lone line without an end
    try:
        table = _parsed(data)
    except pa.ArrowInvalid as error:
        line = _ragged_line(text, len(header))
        raise ConfigError(
            f"{path} cannot be read as CSV: {line or error}",
            advice="look for a comma too many or too few, or a quotation mark that is not closed",
        ) from error
    if not table.num_rows:
        raise ConfigError(f"{path} has a header, but no rows", advice="give a table with at least one")
    return _with_unchanged_text(table, data)


def read_json(data: bytes, path: str) -> "pa.Table":
    """Read JSON Lines, one object a line, or a JSON array of objects. What an object does not have is missing there.

    Args:
        data: the file's content.
        path: what to call it.

    Raises:
        ConfigError: it is empty, not UTF-8, no JSON, or something in it is no object.
    """
    import pyarrow as pa

    text = _decoded(data, path)
    records = list(_from_array(text, path) if text.lstrip().startswith("[") else _from_lines(text, path))
    names = list(dict.fromkeys(name for record in records for name in record))
    check_names(names, path)
    return pa.Table.from_arrays([inferred([record.get(name) for record in records]) for name in names], names=names)


def inferred(values: "Sequence[Any] | pd.Series[Any]") -> "Column":
    """Give the values of a seed column as an array.

    Unlike `to_array`, it gives dicts of several shapes the keys of all: templates read keys, and text has none.
    """
    import pandas as pd
    import pyarrow as pa

    # periods: Arrow would give their numbers
    if not isinstance(getattr(values, "dtype", None), pd.PeriodDtype):
        try:
            column: Column = pa.array(values, from_pandas=True)
        except Exception:  # noqa: BLE001, S110  # values of several types, or some that raise when they are looked at
            pass
        else:
            if not is_too_deep(column.type):
                return column
    missing = pd.Series(values, dtype=object).isna()
    return to_array([None if gone else value for value, gone in zip(values, missing, strict=True)])


def _decoded(data: bytes, path: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "cp1252"
        raise ConfigError(
            f"{path} is not UTF-8: byte {error.start} (0x{data[error.start]:02x}), in line {line}",
            advice=f"save it as UTF-8, or give pd.read_csv({path!r}, encoding={encoding!r})",
        ) from error
    if not text.strip():
        raise ConfigError(f"{path} is empty", advice="give a file with at least one row")
    return text


def _header(text: str, path: str) -> list[str]:
    try:
        return next(filter(None, csv.reader(io.StringIO(text, newline=""))))
    except csv.Error as error:
        raise ConfigError(f"{path} cannot be read as CSV: line 1: {error}", advice="is it another format?") from error


def _check_separator(header: list[str], path: str) -> None:
    mark = next((mark for mark in ";\t|" if mark in header[0]), None)
    if len(header) == 1 and mark is not None:
        raise ConfigError(
            f"{path} seems to be separated by {mark!r}, not by commas",
            advice=f"give pd.read_csv({path!r}, sep={mark!r})",
        )


def _parsed(data: bytes, **conversion: Any) -> "pa.Table":
    import pyarrow.csv

    table: pa.Table = pyarrow.csv.read_csv(
        io.BytesIO(data),
        # types are looked for in the first block, and a row must fit in one
        read_options=pyarrow.csv.ReadOptions(block_size=max(1, min(len(data), _BLOCK))),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(**conversion),
    )
    return table


def _ragged_line(text: str, columns: int) -> str:
    """Where the first line with another number of values than the header is; empty if there is none."""
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for values in reader:
            if values and len(values) != columns:
                return f"line {reader.line_num} has {len(values)} values, and the header {columns}"
    except csv.Error as error:
        return f"line {reader.line_num}: {error}"
    return ""


def _with_unchanged_text(table: "pa.Table", data: bytes) -> "pa.Table":
    """The table, with the text itself in place of numbers that would not print as they are written."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = [field.name for field in table.schema if field.type in (pa.int64(), pa.float64())]
    if not numbers:
        return table
    written = _parsed(data, include_columns=numbers, column_types=dict.fromkeys(numbers, pa.string()))
    for name in numbers:
        column, text = table.column(name), written.column(name)
        filled = text.filter(column.is_valid())
        loses = pc.any(pc.invert(pc.match_substring_regex(filled, _NUMBER))).as_py()
        if not loses and column.type == pa.float64():
            loses = pc.any(pc.match_substring_regex(filled, _MANY_DIGITS)).as_py()
        if loses:
            table = table.set_column(table.schema.get_field_index(name), name, text)
    return table


def _from_lines(text: str, path: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ConfigError(
                f"{path} has no JSON object in line {number}: {error}", advice="write one object in each line"
            ) from error
        yield _object(record, f"line {number}", path)


def _from_array(text: str, path: str) -> Iterator[dict[str, Any]]:
    try:
        records = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{path} cannot be read as JSON: {error}", advice="mend it there, or write one object in each line"
        ) from error
    for number, record in enumerate(records, 1):
        yield _object(record, f"item {number}", path)


def _object(record: Any, where: str, path: str) -> dict[str, Any]:
    if not isinstance(record, dict):
        raise ConfigError(
            f"{path} has a value of type {type(record).__name__} in {where}, not an object",
            advice='write objects: {"name": "value"}',
        )
    return record
