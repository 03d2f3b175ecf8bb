"""Tables as pandas: each value as it is, also beside missing ones."""

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def frame_of_table(table: "pa.Table") -> "pd.DataFrame":
    """Give a table as a DataFrame with index 0, 1, 2 and so on.

    Whole numbers and booleans beside missing values get pandas' types that know NA, and not floats, of which one in two
    above 2^53 would be another number; so do those inside lists and dicts.

    Args:
        table: no two of its columns have one name.
    """
    import pandas as pd

    columns = {name: _series(table.column(at)) for at, name in enumerate(table.column_names)}
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows), columns=table.column_names)


def numbered_frame(table: "pa.Table", storage: "Numbered") -> "pd.DataFrame":
    """Give the first rows that are kept, or all, as `frame_of_table` does; the index holds their numbers in the run.

    Args:
        table: some of their columns.
        storage: where they are kept.
    """
    import pandas as pd

    frame = frame_of_table(table)
    numbers = (row for group in storage.row_groups() for row in storage.rows(group))
    frame.index = pd.Index(list(islice(numbers, len(frame))), name="row", dtype="int64")
    return frame


class Numbered(Protocol):
    """Where rows are kept by number."""

    def row_groups(self) -> Sequence[int]:
        """Give the numbers of the row groups, in order."""
        ...

    def rows(self, group_number: int) -> Sequence[int]:
        """Give the numbers of the rows in a row group, in order."""
        ...


def _series(column: "pa.ChunkedArray[Any]") -> "pd.Series[Any]":
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_nested(column.type):
        return pd.Series(column.to_pylist(), dtype=object)
    if column.null_count:
        return column.to_pandas(types_mapper=_nullable().get)
    return column.to_pandas()


def _nullable() -> "dict[pa.DataType, Any]":
    """Pandas' types that know NA, by those of tables."""
    import pandas as pd
    import pyarrow as pa

    sizes = (8, 16, 32, 64)
    signed = {getattr(pa, f"int{bits}")(): getattr(pd, f"Int{bits}Dtype")() for bits in sizes}
    unsigned = {getattr(pa, f"uint{bits}")(): getattr(pd, f"UInt{bits}Dtype")() for bits in sizes}
    return {**signed, **unsigned, pa.bool_(): pd.BooleanDtype()}
