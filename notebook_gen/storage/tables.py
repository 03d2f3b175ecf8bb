"""Seed tables: reads whatever a user brings into an Arrow table, or says exactly what is wrong with it."""

import os
from collections.abc import Sequence
from difflib import get_close_matches
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebook_gen.errors import ConfigError
from notebook_gen.storage.column_names import check_names
from notebook_gen.storage.readable import readable
from notebook_gen.storage.text_tables import inferred, read_csv, read_json

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_ADVICE = "give a path, a pandas or polars DataFrame, or an Arrow table"
_ENDINGS = ".csv, .jsonl, .ndjson, .json or .parquet"


def read_table(source: Any) -> "pa.Table":
    """Read seed data.

    Args:
        source: the path of a CSV, JSON Lines or Parquet file, or a pattern such as "data/*.csv" for several with the
            same columns, in the order of their names; a pandas DataFrame; an Arrow table or record batch; or anything
            else that exports Arrow data, such as a polars DataFrame.

    Returns:
        At least one column and one row; column names are different and not empty. Times keep microseconds.

    Raises:
        ConfigError: there is no such file, it cannot be read, or its table is empty or has columns without a name of
            their own.
    """
    import pandas as pd

    if isinstance(source, str | os.PathLike):
        return _read_files(os.fspath(source))
    if isinstance(source, type):
        raise ConfigError(f"seed data is the class {source.__name__}", advice=f"give a table: {source.__name__}(…)")
    if isinstance(source, pd.DataFrame):
        return _checked(_from_pandas(source), "the DataFrame")
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        return _checked(_from_arrow(source), "the table")
    advice = "make it a DataFrame: pd.DataFrame(…)" if isinstance(source, list | dict) else _ADVICE
    raise ConfigError(f"seed data is of type {type(source).__name__}", advice=advice)


def _read_files(source: Any) -> "pa.Table":
    if not isinstance(source, str):
        raise ConfigError(f"seed data is a path of bytes, {source!r}", advice="give a text")
    try:
        paths = _find(source)
        tables = [_checked(_read_file(path), str(path)) for path in paths]
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise ConfigError(f"{source[:200]!r} cannot be read: {reason}", advice="give the path of a file") from error
    return tables[0] if len(tables) == 1 else _joined(paths, tables)


def _find(source: str) -> list[Path]:
    """The files that a path or a pattern names; at least one."""
    if "://" in source:
        raise ConfigError(
            f"seed data is at {source!r}, and only local files can be read",
            advice="read it into a DataFrame first: pd.read_csv(…) or pd.read_parquet(…)",
        )
    if not source.strip():
        raise ConfigError(f"seed data is the path {source!r}", advice='name a file, such as "products.csv"')
    try:
        path = Path(source).expanduser()
    except RuntimeError as error:  # nobody has that name
        raise ConfigError(f"there is no home folder for {source!r}", advice="give the whole path") from error
    if path.is_dir():
        raise ConfigError(f"{source!r} is a folder", advice=f"name a file, or a pattern: {source.rstrip('/')}/*.csv")
    if path.exists():
        return [path]
    if has_magic(source):
        names = sorted(glob(str(path), recursive=True))  # noqa: PTH207  # the pattern may be absolute
        found = [Path(name) for name in names if Path(name).is_file()]
        if found:
            return found
        raise ConfigError(f"no file matches {source!r}", advice=f"the working directory is {Path.cwd()}")
    raise ConfigError(f"there is no file {source!r}", advice=_nearest(path))


def _nearest(path: Path) -> str:
    """Where to look instead: the nearest name in the same folder, or the first folder that is not there."""
    where = f"the working directory is {Path.cwd()}"
    if not path.parent.is_dir():
        missing = next(parent for parent in reversed(path.parents) if not parent.is_dir())
        return f"there is no folder {str(missing)!r} either; {where}"
    try:
        names = sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        return where
    near = get_close_matches(path.name, names, n=1)
    return f"did you mean {str(path.parent / near[0])!r}? {where}" if near else where


def _read_file(path: Path) -> "pa.Table":
    match path.suffix.lower():
        case ".csv":
            return read_csv(path.read_bytes(), str(path))
        case ".jsonl" | ".ndjson" | ".json":
            return read_json(path.read_bytes(), str(path))
        case ".parquet":
            return _read_parquet(path)
        case ending:
            shown = f"ends with {ending!r}" if ending else "has no ending"
            advice = f"give a file that ends with {_ENDINGS}, or read it into a DataFrame"
            raise ConfigError(f"{path} {shown}", advice=advice)


def _read_parquet(path: Path) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            table: pa.Table = file.read()
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise ConfigError(
            f"{path} is no Parquet file, or a broken one: {error}", advice="write or download it again"
        ) from error
    # where pandas keeps an index that has no name
    unnamed = [name for name in table.column_names if name.startswith("__index_level_")]
    return table.drop_columns(unnamed)


def _joined(paths: Sequence[Path], tables: "Sequence[pa.Table]") -> "pa.Table":
    import pyarrow as pa

    first = tables[0].column_names
    for path, table in zip(paths, tables, strict=True):
        if set(table.column_names) != set(first):
            differing = sorted(set(table.column_names) ^ set(first))
            raise ConfigError(
                f"{path} and {paths[0]} have different columns: {', '.join(map(repr, differing))}",
                advice="give files with the same columns",
            )
    try:
        return pa.concat_tables([table.select(first) for table in tables], promote_options="permissive")
    except pa.ArrowException as error:
        raise ConfigError(
            f"the files from {paths[0]} to {paths[-1]} cannot be put together: {error}",
            advice="give columns of the same name the same type, or read them into one DataFrame",
        ) from error


def _from_pandas(frame: "pd.DataFrame") -> "pa.Table":
    import pyarrow as pa

    strange = [name for name in frame.columns if not isinstance(name, str)]
    if strange:
        raise ConfigError(
            f"the DataFrame has a column named {strange[0]!r}, which is no text",
            advice="name all columns by texts: frame.columns = […]",
        )
    if frame.index.nlevels > 1 or frame.index.name is not None:
        names = ", ".join(repr(name) for name in frame.index.names)
        raise ConfigError(
            f"the DataFrame has the index {names}, which is no column",
            advice="frame.reset_index() makes it one, frame.reset_index(drop=True) leaves it out",
        )
    check_names(list(frame.columns), "the DataFrame")
    # copies: Arrow would look at the frame's own numbers, which may be changed later
    return pa.Table.from_arrays([inferred(frame[name].copy()) for name in frame.columns], names=list(frame.columns))


def _from_arrow(source: Any) -> "pa.Table":
    import pyarrow as pa

    if isinstance(source, pa.Table):
        return source
    if isinstance(source, pa.RecordBatch):
        return pa.Table.from_batches([source])
    try:
        return pa.table(source)
    except Exception as error:  # of whatever library it comes from
        raise ConfigError(f"the {type(source).__name__} cannot be read as a table: {error}", advice=_ADVICE) from error


def _checked(table: "pa.Table", what: str) -> "pa.Table":
    """The table, if it can be seed data, in types that rows can be taken from."""
    if not table.column_names:
        raise ConfigError(f"{what} has no columns", advice="give a table with at least one")
    check_names(table.column_names, what)
    if not table.num_rows:
        raise ConfigError(f"{what} has no rows", advice="give a table with at least one")
    return readable(table, what)
