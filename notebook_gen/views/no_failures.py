"""A table of failures that has no rows: a DataFrame like any other, which a notebook shows as a sentence."""

import pandas as pd

from notebook_gen.views.tables import hint_html


class NoFailures(pd.DataFrame):
    """No failures; what is made of it is a plain DataFrame."""

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def _repr_html_(self) -> str:
        return hint_html("No failures: no row was dropped, and no cell had to stay empty.")
