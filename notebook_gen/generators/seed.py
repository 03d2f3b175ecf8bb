"""Seed data: the rows of the user's table, in order or shuffled, over and over for as long as the run needs."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from notebook_gen.config.columns import SeedData
from notebook_gen.generators.streams import Stream
from notebook_gen.plan.tasks import RowGroup

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


class SeedGenerator:
    """Makes the columns of a seed table: row i of the run is row i % n of the table, or of its i // n-th shuffle.

    Args:
        data: the table.
        columns: which of its columns, in order.
        seed: the builder's seed; draws one order for each pass over the table.
    """

    def __init__(self, data: SeedData, columns: Sequence[str], seed: int) -> None:
        self._table: pa.Table = data.table.select(list(columns))
        self._size = data.rows
        self._shuffle = data.shuffle
        self._seed = seed
        # not the table's name: moving the file must not change the dataset
        self._purpose = ("seed data", *data.columns)
        self._order = lru_cache(maxsize=2)(self._draw_order)
        if data.shuffle:
            self._table = self._table.combine_chunks()

    def make(
        self, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
    ) -> tuple[Sequence[Any], ...]:
        """Give the values of some rows, for each column; reads no inputs."""
        values: list[list[Any]] = [[] for _ in self._table.column_names]
        for part in self._parts(group.start, group.start + group.size):
            for column, found in zip(values, part.columns, strict=True):
                column.extend(found.to_pylist())
        if len(rows) != group.size:
            values = [[column[row - group.start] for row in rows] for column in values]
        return tuple(values)

    def _parts(self, start: int, end: int) -> "list[pa.Table]":
        """Rows `start` to `end - 1` of the run, cut where a pass over the table ends."""
        parts = []
        while start < end:
            passes, offset = divmod(start, self._size)
            count = min(end - start, self._size - offset)
            if self._shuffle:
                parts.append(self._table.take(self._order(passes)[offset : offset + count]))
            else:
                parts.append(self._table.slice(offset, count))
            start += count
        return parts

    def _draw_order(self, passes: int) -> "npt.NDArray[np.intp]":
        words = Stream(self._seed, *self._purpose, passes).words(0, self._size)
        return words.argsort(kind="stable")
