"""A table of failures that has no rows: a DataFrame like any other, which a notebook shows as a sentence."""

from typing import Self

import pandas as pd

from notebook_gen.views.tables import hint_html

_NONE = "No failures: no row was dropped, and no cell had to stay empty."


class NoFailures(pd.DataFrame):
    """No failures; what is made of it is a plain DataFrame."""

    _metadata = ["_sentence"]  # noqa: RUF012  # as pandas wants it

    _sentence: str = _NONE

    @classmethod
    def of(cls, table: pd.DataFrame, so_far: str) -> Self:
        """Give an empty table of failures.

        Args:
            table: it, as a plain DataFrame.
            so_far: what failed and is tried again; may be empty.
        """
        made = cls(table)
        if so_far:
            made._sentence = f"No failures so far: no row was dropped, and no cell had to stay empty. {so_far}"
        return made

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def _repr_html_(self) -> str:
        return hint_html(self._sentence)
