"""Record: one row of a run, to be looked at in a notebook."""

from typing import Self

from notebook_gen.observers.records import RowRecord


class Record(RowRecord):
    """One row as it stood when somebody asked; a mapping of its columns to their cells.

    `record["review"]` has the cell's `state`, `value`, `reason`, `attempts` and `exchange`, what was said to its model.
    """

    __slots__ = ()

    @classmethod
    def of(cls, found: RowRecord) -> Self:
        """Give what was found as a record."""
        return cls(found.row, found.row_group, found.state, found.reason, found.cells, found.graph)

    def __repr__(self) -> str:
        made = sum(cell.state == "done" for cell in self.cells)
        reason = f": {self.reason}" if self.reason else ""
        return f"<Record: row {self.row}, {self.state}, {made} of {len(self.cells)} cells made{reason}>"

    def _repr_html_(self) -> str:
        from notebook_gen.views.record import record_page

        return record_page(self)
