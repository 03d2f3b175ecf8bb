"""The pictures as plain functions, for runs of today and for the traces of last week's: what `ng.views` offers.

Two of them are called like modules of this package. They are imported here, and so loaded before `__init__` takes the
functions' names: a module takes its name in a package only when it is loaded.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, Union, get_args

from notebook_gen.config.processors import Processors
from notebook_gen.errors import ConfigError
from notebook_gen.observers.trace import Trace
from notebook_gen.observers.trace_context import frame_of_table
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.storage.folder import TRACES, numbered_files
from notebook_gen.storage.outcome import read_outcome
from notebook_gen.views.dag import builder_svg, dag_html, dag_source, stand_alone
from notebook_gen.views.dag_folder import count_made
from notebook_gen.views.fitting import Direction
from notebook_gen.views.gantt import gantt as draw_gantt
from notebook_gen.views.lanes import LANE_KINDS, LaneKind
from notebook_gen.views.palette import DARK, EITHER, LIGHT
from notebook_gen.views.row_choice import RowChoice

if TYPE_CHECKING:
    import graphviz
    import pandas as pd
    import plotly.graph_objects as go
    import pyarrow as pa


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


class HasPath(Protocol):
    """A dataset."""

    @property
    def path(self) -> str | None:
        """The folder it was written to; None for a preview."""
        ...


SavedTraces = Union["pd.DataFrame", "pa.Table", str, Path]
"""Attempts that `run.traces` gave, or that were written: a dataset's folder, a Parquet file, or a folder of them."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture of a graph that a notebook shows.

    Attributes:
        html: it, with all it needs; without a script.
        svg: the graph alone, as an image of its own, in light colours.
        source: the graph as DOT, for graphviz.
    """

    html: str = field(repr=False)
    svg: str = field(repr=False)
    source: str = field(repr=False)

    def save(self, path: str | Path) -> Path:
        """Write it to a file, and give its path.

        Args:
            path: what it ends with says what is written: `.html`, `.svg`, or `.gv` or `.dot` for graphviz.

        Raises:
            ConfigError: it ends with something else.
        """
        path = Path(path)
        page = f'<!doctype html>\n<meta charset="utf-8">\n{self.html}\n'
        written = {".html": page, ".svg": self.svg, ".gv": self.source, ".dot": self.source}
        if path.suffix not in written:
            raise ConfigError(
                f"{path.name!r} is no kind of picture that can be written",
                advice="end its name with .html, .svg or .gv; graphviz makes others: drawing.to_graphviz().render(…)",
            )
        path.write_text(written[path.suffix], encoding="utf-8")
        return path

    def to_graphviz(self) -> "graphviz.Source":
        """Give it for the graphviz package, which renders it as PDF, PNG and more where the `dot` program is."""
        import graphviz

        return graphviz.Source(self.source)

    def _repr_html_(self) -> str:
        return self.html


def gantt(
    traces: "Trace | HasTraces | SavedTraces",
    *,
    lanes: LaneKind = "slots",
    rows: RowChoice | None = None,
    theme: Literal["auto", "light", "dark"] = "auto",
    max_bars: int = 2000,
) -> "go.Figure":
    """Draw attempts as a Gantt chart: lanes, below them what waits and what is in flight.

    `ng.views.gantt("reviews/")` draws those of a dataset that was made last week, and so does
    `ng.views.gantt(pd.read_parquet("reviews/traces"))`. Several runs, as each went on where the one before stopped, are
    drawn one after the other with a small gap between them, however long it was: a dashed line where another begins
    says that, and seconds count on.

    Limits, pauses and the colours of columns are saved with attempts: in a Parquet file's schema, from which
    `pd.read_parquet` takes them into the DataFrame's `attrs`, and in the schema of an Arrow table that was read from
    it. Attempts that lost them on their way (through CSV, or `table.to_pandas()`), or that stand together in one table
    with those of other runs, are drawn without.

    Args:
        traces: `run.traces`, a run, or attempts that were saved: the path of a dataset's folder, of a Parquet file or
            of a folder of them, a DataFrame as `run.traces.to_pandas()` gives it, an Arrow table.
        lanes: "slots": who was busy with what; "rows": how each row came about, thin lines for waits; "columns":
            how many tasks of each column were in flight.
        rows: with lanes="rows", which of them: 40 is row 40 and those behind it; or range(40, 80), or a slice as of
            a list, such as slice(-40, None). The figure is as high as they need; of more than 60, the first 60 are
            shown. None: those in which something began last, as many as fit in, and the chart says which these are.
        theme: the colours: "light", "dark", or "auto": without a ground of its own, with text as the page has it.
        max_bars: bars, at most; what has none is shown as how busy its slot or column was.

    Raises:
        ConfigError: these are no traces, or there are no such lanes or rows.
    """
    if lanes not in LANE_KINDS:
        raise ConfigError(f"lanes is {lanes!r}", advice='give "slots", "rows" or "columns"')
    if rows is not None and lanes != "rows":
        raise ConfigError("rows= says which lanes to show where lanes are rows", advice='give lanes="rows", too')
    themes = {"auto": EITHER, "light": LIGHT, "dark": DARK}
    if theme not in themes:
        raise ConfigError(f"theme is {theme!r}", advice='give "auto", "light" or "dark"')
    return draw_gantt(to_trace(traces), lanes=lanes, rows=rows, theme=themes[theme], max_bars=max_bars)


def dag(
    builder: HasGraph | HasTraces | HasPath | ExecutionGraph | str | Path, *, direction: Direction = "auto"
) -> Drawing:
    """Draw columns as a graph: what makes each of them, and what reads it.

    Columns of one model lie on a common ground, if there are several models or more than a dozen columns.
    `ng.views.dag("reviews/")` draws a dataset that was made last week: of each column, how many cells were made, were
    skipped and failed.

    Args:
        builder: a `DatasetBuilder`, its graph, or one of its runs; or a dataset that was written to a folder, or the
            path of such a folder.
        direction: where the edges lead: "right" (what is too wide goes on below), "down", or "auto": as it fits best.

    Raises:
        ConfigError: it is none of these, a column reads what was deleted, or there is no such direction; or a file in
            the folder is broken.
    """
    if direction not in get_args(Direction):
        raise ConfigError(f"direction is {direction!r}", advice='give "right", "down" or "auto"')
    path = getattr(builder, "path", builder)
    if isinstance(path, str | Path):
        return _dag_of_folder(Path(path), direction)
    planned = getattr(builder, "_source", builder)
    graph = planned if isinstance(planned, ExecutionGraph) else getattr(planned, "graph", None)
    if not isinstance(graph, ExecutionGraph):
        raise ConfigError(
            f"a {type(builder).__name__} is no builder", advice="give the DatasetBuilder, its graph, or one of its runs"
        )
    models, declared = getattr(planned, "models", None), getattr(planned, "processors", None)
    names = declared.names if isinstance(declared, Processors) else None
    svg = builder_svg(graph, models=models, processors=names, direction=direction)
    return Drawing(
        html=dag_html(graph, models=models, processors=names, direction=direction),
        svg=stand_alone(graph, svg),
        source=dag_source(graph, models=models, flow="down" if direction == "down" else "right").source,
    )


def _dag_of_folder(path: Path, direction: Direction) -> Drawing:
    outcome = read_outcome(path)
    if outcome is None:
        raise ConfigError(
            f"nothing in {str(path)!r} tells what its columns are" if path.is_dir() else f"there is no {str(path)!r}",
            advice="give the folder of a dataset, with its builder.json and metadata.json, the builder or a run",
        )
    graph = outcome.graph
    made, untold = count_made(outcome, trace_of_folder(outcome.path))
    return Drawing(
        html=dag_html(graph, direction=direction, made=made, notes=untold),
        svg=stand_alone(graph, builder_svg(graph, direction=direction, made=made)),
        source=dag_source(graph, flow="down" if direction == "down" else "right").source,
    )


def trace_of_folder(path: Path) -> Trace | None:
    """Give the attempts of all runs of a dataset; None if its folder holds none.

    Raises:
        ConfigError: they cannot be read.
    """
    return to_trace(path) if numbered_files(path, TRACES) else None


def to_trace(traces: "Trace | HasTraces | SavedTraces") -> Trace:
    """Give the attempts of a run, of its traces, or saved ones.

    Raises:
        ConfigError: these are no traces.
    """
    if isinstance(traces, Trace):
        return traces
    own = getattr(traces, "traces", None)
    if isinstance(own, Trace):
        return own
    import pandas as pd
    import pyarrow as pa

    if isinstance(traces, str | Path):
        return _read_path(Path(traces))
    if isinstance(traces, pa.Table):
        traces = frame_of_table(traces)
    if isinstance(traces, pd.DataFrame):
        from notebook_gen.observers.saved_traces import read_traces

        return read_traces(traces)
    raise ConfigError(
        f"a {type(traces).__name__} is no trace",
        advice='give run.traces, a run, or the path of a dataset\'s folder, such as "reviews/"',
    )


def _read_path(path: Path) -> Trace:
    import pandas as pd

    from notebook_gen.observers.saved_traces import read_traces

    # of a dataset's folder, those of all its runs, the earlier before the later
    folder = path / "traces" if (path / "traces").is_dir() else path
    advice = 'give the folder of a dataset, such as "reviews/", or a Parquet file in its folder "traces"'
    try:
        files = sorted(folder.glob("[!.]*.parquet")) if folder.is_dir() else [folder]
        if not files:
            raise ConfigError(f"there are no traces in {str(path)!r}", advice=advice)
        return read_traces(*map(pd.read_parquet, files))
    except FileNotFoundError as error:
        raise ConfigError(f"there is no {str(path)!r}", advice=advice) from error
    except ValueError as error:
        raise ConfigError(f"{str(path)!r} could not be read: {error}", advice=advice) from error
