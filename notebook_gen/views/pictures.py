"""The pictures as plain functions, for runs of today and for the traces of last week's: what `ng.views` offers.

Two of them are called like modules of this package. They are imported here, and so loaded before `__init__` takes the
functions' names: a module takes its name in a package only when it is loaded.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from notebook_gen.errors import ConfigError
from notebook_gen.observers.trace import Trace
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.dag import dag_html
from notebook_gen.views.gantt import gantt as draw_gantt
from notebook_gen.views.palette import DARK, LIGHT

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


class HasGraph(Protocol):
    """A builder, or whatever else has a graph."""

    @property
    def graph(self) -> ExecutionGraph:
        """Its columns as a graph."""
        ...


class HasTraces(Protocol):
    """A run."""

    @property
    def traces(self) -> Trace:
        """Its attempts."""
        ...


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture that a notebook shows.

    Attributes:
        html: it, with all it needs; without a script.
    """

    html: str = field(repr=False)

    def save(self, path: str | Path) -> Path:
        """Write it to an HTML file, and give its path."""
        path = Path(path)
        path.write_text(f'<!doctype html>\n<meta charset="utf-8">\n{self.html}\n', encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        return self.html


def gantt(
    traces: "Trace | HasTraces | pd.DataFrame", *, theme: Literal["light", "dark"] = "light", max_bars: int = 2000
) -> "go.Figure":
    """Draw attempts as a Gantt chart: slots as lanes, below them what waits and what is in flight.

    `ng.views.gantt(pd.read_parquet("reviews/traces"))` draws those of a dataset that was made last week.

    Args:
        traces: `run.traces`, a run, or a DataFrame of attempts as `run.traces.to_pandas()` gives it.
        theme: the colours.
        max_bars: bars, at most; what has none is shown as how busy its slot was.

    Raises:
        ConfigError: these are no traces.
    """
    themes = {"light": LIGHT, "dark": DARK}
    if theme not in themes:
        raise ConfigError(f"theme is {theme!r}", advice='give "light" or "dark"')
    return draw_gantt(_trace(traces), theme=themes[theme], max_bars=max_bars)


def dag(builder: HasGraph | ExecutionGraph) -> Drawing:
    """Draw columns as a graph: what makes each of them, and what reads it.

    Args:
        builder: a `DatasetBuilder`, or its graph.

    Raises:
        ConfigError: a column reads what was deleted.
    """
    return Drawing(dag_html(builder if isinstance(builder, ExecutionGraph) else builder.graph))


def _trace(traces: "Trace | HasTraces | pd.DataFrame") -> Trace:
    if isinstance(traces, Trace):
        return traces
    own = getattr(traces, "traces", None)
    if isinstance(own, Trace):
        return own
    import pandas as pd

    if isinstance(traces, pd.DataFrame):
        from notebook_gen.observers.saved_traces import read_traces

        return read_traces(traces)
    raise ConfigError(
        f"a {type(traces).__name__} is no trace",
        advice='give run.traces, a run, or pd.read_parquet("folder/traces")',
    )
