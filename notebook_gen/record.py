"""Record: one row of a run, to be looked at in a notebook."""

import operator
from typing import Protocol, Self

from notebook_gen.errors import ConfigError
from notebook_gen.observers.records import RowRecord
from notebook_gen.views.text import one_line


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

    def __str__(self) -> str:
        from notebook_gen.views.record_text import record_text

        return record_text(self)

    def _repr_pretty_(self, printer: "_Printer", cycle: bool) -> None:  # noqa: FBT001  # IPython's protocol
        printer.text(str(self))

    def _repr_html_(self) -> str:
        from notebook_gen.views.record import record_page

        return record_page(self)


class _Printer(Protocol):
    """What IPython writes texts with."""

    def text(self, text: str) -> None: ...


def row_number(row: object) -> int:
    """Take what somebody gave as a row's number, such as 17 or numpy's 17.

    Raises:
        ConfigError: it is none.
    """
    try:
        number = operator.index(row)  # type: ignore[arg-type]  # it says so itself if it is no whole number
    except TypeError:
        number = None
    if number is None or isinstance(row, bool):
        is_whole = isinstance(row, float) and row.is_integer()
        advice = f"did you mean record({row:.0f})?" if is_whole else "rows are numbered from 0: record(17)"
        raise ConfigError(f"{one_line(repr(row), 60)} is not the number of a row", advice=advice)
    return number
