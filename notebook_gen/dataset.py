"""Dataset: the rows that a run has made."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from notebook_gen.errors import ConfigError, NotDeclared
from notebook_gen.observers.progress import Progress
from notebook_gen.observers.rows import Storage
from notebook_gen.storage.frames import numbered_frame
from notebook_gen.views.summary import warning_lines

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_SHOWN = 10


class Dataset:
    """The rows of a finished run; `dataset["name"]` is a column of them, `dataset.head()` the first.

    Attributes:
        path: the folder it was written to; None for a preview, which is in memory.
        columns: the columns' names, in the order of declaration, or as processors left them.
        rows_dropped: rows that did not make it; `failures()` says why.
        failures: gives every failure of the run, as `Run.failures` does.
        placeholder_text: whether the demo endpoint wrote its text.
        warnings: what should be known of the rows, a sentence each: columns that changed their number and left fewer
            than were asked for, columns with answers of this run that end where the model ran out of tokens, and
            columns stored as text because no single type holds their values, or with characters that no file holds.
    """

    def __init__(
        self,
        storage: Storage,
        progress: Progress,
        failures: "Callable[[], pd.DataFrame]",
        *,
        path: str | None,
        placeholder_text: bool,
        is_shown: Callable[[], bool],
    ) -> None:
        self.path = path
        self.columns = tuple(storage.column_names())
        self.rows_dropped = progress.rows_dropped
        self.failures = failures
        self.placeholder_text = placeholder_text
        self.warnings = tuple(warning_lines(progress, storage.as_text))
        self._graph = progress.graph
        self._storage = storage
        self._is_shown = is_shown  # whether the cell that runs now shows the run, and with it the first rows

    def __len__(self) -> int:
        return sum(len(self._storage.rows(group)) for group in self._storage.row_groups())

    def __getitem__(self, column: str) -> "pd.Series[Any]":
        """Give one column, as a DataFrame does; the index holds the rows' numbers in the run.

        Raises:
            ConfigError: that is no column's name; of a name that is not there, also a KeyError.
        """
        if not isinstance(column, str):
            raise ConfigError(
                f"a dataset has columns, not {column!r}", advice='dataset["name"] is one, to_pandas() gives all of it'
            )
        if column not in self.columns:
            raise NotDeclared("column", column, self.columns)
        return numbered_frame(self.to_arrow().select([column]), self._storage)[column]

    def __iter__(self) -> Iterator[str]:
        """Give the names of the columns, as a DataFrame does."""
        return iter(self.columns)

    def __contains__(self, column: object) -> bool:
        """Tell whether there is a column of that name."""
        return column in self.columns

    def head(self, rows: int = 5) -> "pd.DataFrame":
        """Give the first rows, as `to_pandas` does."""
        return numbered_frame(self.to_arrow().slice(0, max(0, rows)), self._storage)

    def to_pandas(self) -> "pd.DataFrame":
        """Give all rows, in order; the index holds their numbers in the run, as in `Run.rows` and `failures`."""
        return numbered_frame(self.to_arrow(), self._storage)

    def to_arrow(self) -> "pa.Table":
        """Give all rows, in order."""
        return self._storage.table()

    def __repr__(self) -> str:
        where = f" in {self.path}" if self.path else ""
        dropped = f", {self.rows_dropped} dropped" if self.rows_dropped else ""
        count = len(self.warnings)
        warned = f", {count} warning{'s' if count > 1 else ''}" if count else ""
        return f"<Dataset: {len(self)} rows × {len(self.columns)} columns{where}{dropped}{warned}>"

    def _repr_html_(self) -> str:
        from notebook_gen.views.tables import frame_table, hint_html

        if self._is_shown():
            return hint_html(f"{self!r}: its first rows stand above, to_pandas() gives all of them")
        head = self.to_arrow().slice(0, _SHOWN).to_pandas()
        demo = ("placeholder text from the demo endpoint",) if self.placeholder_text else ()
        note = "; ".join([*demo, *self.warnings])
        return frame_table(head, graph=self._graph, total=len(self), note=note)
