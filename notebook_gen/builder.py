"""DatasetBuilder: the columns a user declares, and the runs that fill them. Wires all layers together."""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack, overload

from notebook_gen.config.arguments import Show, check_create, check_rows, check_settings, check_show
from notebook_gen.config.callables import declared_name
from notebook_gen.config.columns import Column, Function, SeedColumn, SeedData
from notebook_gen.config.models import Model
from notebook_gen.config.options import FunctionOptions, spell_out
from notebook_gen.config.processors import FunctionProcessor, Processors, ProcessorSpec, Stage
from notebook_gen.config.settings import RunSettings
from notebook_gen.config.wording import say_kind
from notebook_gen.errors import ConfigError, NotDeclared
from notebook_gen.launch import Launch, check_columns, check_models
from notebook_gen.plan.graph import ExecutionGraph, build_graph, list_columns
from notebook_gen.plan.tasks import RowGroup, RowGroups
from notebook_gen.run import Run

if TYPE_CHECKING:
    import graphviz
    import pandas as pd
    import pyarrow as pa

    from notebook_gen.storage.memory import MemoryRows
    from notebook_gen.storage.parquet import ParquetFolder

F = TypeVar("F", bound=Callable[..., Any])


class Models(MutableMapping[str, Model]):
    """The models of a builder, by alias. While it is empty, the demo endpoint stands in for every model."""

    def __init__(self) -> None:
        self._models: dict[str, Model] = {}

    def __getitem__(self, alias: str) -> Model:
        if alias not in self._models:
            raise NotDeclared("model", alias, self._models)
        return self._models[alias]

    def __setitem__(self, alias: str, model: Model) -> None:
        if not isinstance(alias, str) or not alias:
            raise ConfigError(f"a model's alias is {alias!r}", advice="give a text, such as 'default'")
        if not isinstance(model, Model):
            raise ConfigError(f"model {alias!r} is {say_kind(model)}", advice=f"write models[{alias!r}] = ng.Model(…)")
        self._models[alias] = model

    def __delitem__(self, alias: str) -> None:
        self[alias]  # raises if it is not there
        del self._models[alias]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    def __repr__(self) -> str:
        return f"Models({self._models!r})" if self._models else "Models({}: the demo endpoint stands in)"


class DatasetBuilder(MutableMapping[str, Column]):
    """A dataset as a mapping of column names to columns; assigning again replaces.

    Args:
        seed: draws everything that is random; the same seed gives the same sampled values.
        settings: how runs go about their work, unless they say otherwise.

    Attributes:
        models: the models for LLM columns, by alias; "default" is the one used unless a column says otherwise.
        processors: what changes whole row groups, by stage and name; declared by `processor`, taken away by
            `del builder.processors["post_batch", "clean"]`.

    Raises:
        ConfigError: on assignment, if a column cannot be right: it reads what does not exist, or itself, or makes what
            another makes; on deletion, if another reads it.
    """

    def __init__(self, *, seed: int = 0, settings: RunSettings | None = None) -> None:
        if not isinstance(seed, int) or seed < 0:
            raise ConfigError(f"seed is {seed!r}", advice="give a whole number, 0 or more")
        self.seed = seed
        self.settings = check_settings(settings) if settings is not None else RunSettings()
        self.models = Models()
        self.processors = Processors()
        self._columns: dict[str, Column] = {}

    # The mapping

    def __getitem__(self, name: str) -> Column:
        if name not in self._columns:
            raise NotDeclared("column", name, self._columns)
        return self._columns[name]

    def __setitem__(self, name: str, column: Column) -> None:
        if not isinstance(name, str) or not name.strip():
            raise ConfigError(f"a column's name is {name!r}", advice="give a text that is not blank")
        if not isinstance(column, Column):
            raise ConfigError(
                f"is {say_kind(column)}, not a column",
                advice="give one, such as ng.Integer(1, 5), ng.Expression('…') or ng.LLMText('…')",
                column=name,
            )
        if isinstance(self._columns.get(name), SeedColumn) and not isinstance(column, SeedColumn):
            columns = {other: spec for other, spec in self._columns.items() if other != name} | {name: column}
        else:
            columns = self._columns | {name: column}
        try:
            build_graph(columns)
        except ConfigError as error:
            if error.column is not None:
                raise
            raise ConfigError(error.problem, advice=error.advice, column=name) from None
        self._columns = columns

    def __delitem__(self, name: str) -> None:
        gone = frozenset(list_columns({name: self[name]}))
        readers = [
            reader
            for reader, column in self._columns.items()
            if reader != name and gone.intersection((*column.inputs, *column.condition_inputs))
        ]
        if readers:
            raise ConfigError(
                f"is read by {', '.join(map(repr, readers))}",
                advice="change or delete what reads it first; assigning another column replaces it",
                column=name,
            )
        del self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        columns = ", ".join(f"{name}: {type(column).__name__}" for name, column in self._columns.items())
        return f"<DatasetBuilder: {columns or 'no columns yet'}>"

    # Declaring

    def seed_data(self, source: "str | Path | pd.DataFrame | pa.Table", *, shuffle: bool = False) -> None:
        """Bring a table whose columns become columns of the dataset, row by row; replaces earlier seed data.

        Args:
            source: a CSV, JSONL or Parquet file, a DataFrame or an Arrow table. Longer runs start over at its end.
            shuffle: take its rows in an order drawn from the builder's seed, anew for each pass.

        Raises:
            ConfigError: it cannot be read, is empty, or has columns without a name or with the same name.
        """
        from notebook_gen.storage.tables import read_table

        table = read_table(source)
        name = Path(source).stem if isinstance(source, str | Path) else "seed data"
        data = SeedData(name=name, columns=tuple(table.column_names), rows=table.num_rows, shuffle=shuffle, table=table)
        kept = {other: spec for other, spec in self._columns.items() if not isinstance(spec, SeedColumn)}
        for column in data.columns:
            if column in kept:
                raise ConfigError(
                    f"is declared already, and {name!r} has a column of that name",
                    advice=f"rename one of them, or del builder[{column!r}]",
                    column=column,
                )
        seeds: dict[str, Column] = {column: SeedColumn(name=column, data=data) for column in data.columns}
        build_graph(seeds | kept)
        self._columns = seeds | kept

    @overload
    def column(self, function: F, /) -> F: ...

    @overload
    def column(
        self,
        function: None = None,
        /,
        *,
        name: str | None = None,
        inputs: Sequence[str] | None = None,
        **options: Unpack[FunctionOptions],
    ) -> Callable[[F], F]: ...

    @spell_out(FunctionOptions, Function)
    def column(
        self,
        function: Any = None,
        /,
        *,
        name: str | None = None,
        inputs: Sequence[str] | None = None,
        **options: Unpack[FunctionOptions],
    ) -> Any:
        """Declare a column by a function: `@builder.column`; its parameters name the columns it reads.

        A parameter with a default names no column, and keeps it. A sync function runs in the thread pool, an async one
        on the run's event loop.

        Args:
            function: the function, when used without arguments.
            name: the column's name; None: the function's (a lambda has none).
            inputs: the columns it reads; it then takes one argument that holds them: a dict, or a DataFrame.
            full_column: it gets and gives pandas, a whole row group at a time: a Series a column.
            outputs: the columns it makes, if several: it gives a dict with these keys, or a tuple in this order; with
                `full_column`, a DataFrame or a dict of Series.
            ordered: it keeps state from one call to the next: called for one row after the other, in their order.
            allow_resize: with `full_column`, it may give another number of rows; the index of what it gives says which
                row each value comes from, as that of `Series.explode()` does; rows are numbered anew. Sequential only.
            retries: more tries for a cell that was rejected, also because the function raised.
            on_error: what becomes of a row whose cell failed for good: "drop", "null" (an empty cell) or "raise".
            skip_if: one `{{ expression }}`; where it is true, the cell is not made. None: all are made.
            skip_value: what a skipped cell holds; None: nothing.
            propagate_skip: skipped, too, where a cell that it reads was; else called, and given that `skip_value`.

        Raises:
            ConfigError: it reads what does not exist, or makes what another column makes.
        """

        def declare(function: F) -> F:
            column = declared_name(function, name)
            try:
                self[column] = Function.from_callable(function, inputs=inputs, **options)
            except ConfigError as error:
                if error.column is not None:
                    raise
                raise ConfigError(error.problem, advice=error.advice, column=column) from error.__cause__
            return function

        return declare if function is None else declare(function)

    @overload
    def processor(self, stage: Stage, /, *, name: str | None = None) -> Callable[[F], F]: ...

    @overload
    def processor(
        self, stage: Stage, processor: ProcessorSpec | Callable[..., Any], /, *, name: str | None = None
    ) -> None: ...

    def processor(self, stage: Stage, processor: Any = None, /, *, name: str | None = None) -> Any:
        """Declare what changes many rows at once: `@builder.processor("post_batch")` on a function of a DataFrame.

        It gives a DataFrame back, whose index still holds the rows' numbers; rows that are not in it are dropped.

        Args:
            stage: "pre_batch": a row group's seed columns, before anything else of it is made; "post_batch": a finished
                row group, before it is written; "after_run": the whole dataset.
            processor: the function, or `ng.DropColumns`, `ng.RenameColumns` or `ng.Reshape`, when not used as a
                decorator.
            name: what to call it; the same name at the same stage replaces. None: the function's, or the class's.

        Raises:
            ConfigError: it cannot work at this stage, or the function does not take one DataFrame.
        """

        def declare(given: F) -> F:
            spec = FunctionProcessor.from_callable(given) if not isinstance(given, ProcessorSpec) else given
            label = declared_name(given, name) if isinstance(spec, FunctionProcessor) else name or spec.label
            self.processors[stage, label] = spec
            return given

        if processor is None:
            return declare
        declare(processor)
        return None

    # Looking

    @property
    def graph(self) -> ExecutionGraph:
        """The columns as a graph.

        Raises:
            ConfigError: a column reads what was deleted.
        """
        return build_graph(self._columns)

    def dot(self) -> "graphviz.Digraph":
        """Give the graph as DOT, for graphviz."""
        from notebook_gen.views.dag import dag_source

        return dag_source(self.graph, models=self.models)

    def _repr_html_(self) -> str:
        from notebook_gen.views.dag import dag_html

        return dag_html(self.graph, models=self.models, processors=self.processors.names)

    def validate(self) -> None:
        """Check everything that can be checked before a run.

        Raises:
            ConfigError: a column, a model or its key is wrong; says which, and what to do.
        """
        check_models(self.graph, self.models)
        check_columns(self.graph, self.settings)
        self.processors.columns_after(tuple(self.graph.columns))

    # Running

    def preview(self, rows: int = 10, *, settings: RunSettings | None = None, show: Show = True) -> Run:
        """Make a few rows in memory. Returns at once; `await` the run or ask `run.result()` for the rows.

        Args:
            rows: how many (0 or more; 0 makes an empty dataset).
            settings: how to go about it; None: the builder's.
            show: put the live view under the cell; "compact": its head and its graph alone.

        Raises:
            ConfigError: something declared is wrong; nothing has run.
        """
        from notebook_gen.storage.memory import MemoryRows

        plan = self._plan(rows, settings, show)
        title = f"preview of {rows} row{'s' if rows != 1 else ''}"
        return self._start(plan, MemoryRows(tuple(plan.graph.columns), plan.groups.size), title=title, show=show)

    def create(
        self,
        rows: int,
        folder: str | Path,
        *,
        overwrite: bool | Literal["dropped"] = False,
        settings: RunSettings | None = None,
        on_row_group: Callable[[Run, int], None] | None = None,
        show: Show = True,
    ) -> Run:
        """Make many rows and write them to a folder as Parquet. Returns at once.

        A folder that holds part of the same dataset already is gone on with: what is finished is not made again, not
        even after the process was killed. More rows than before make only the new ones. A dataset that was declared
        otherwise is refused: what makes values counts, such as templates, models, the source of functions and the seed.

        Args:
            rows: how many (0 or more; 0 makes an empty dataset).
            folder: where to, on this machine; made if it does not exist. Nobody else can write there meanwhile.
            overwrite: True: delete the dataset that is there, and begin anew. "dropped": make the rows again that it
                lacks because they were dropped; all else stays as it is.
            settings: how to go about it; None: the builder's.
            on_row_group: called in a thread with the run and the number of each row group that was written, one at a
                time, for instance to look at `run.row_group(number)`. If it raises, the run ends with that error. It
                may cancel or pause the run, but not wait for it.
            show: put the live view under the cell; "compact": its head and its graph alone.

        Raises:
            ConfigError: something declared is wrong, the folder holds something else or what another builder made, or
                another run writes there.
        """
        from notebook_gen.storage.metadata import RunDescription
        from notebook_gen.storage.parquet import ParquetFolder

        check_create(overwrite=overwrite, on_row_group=on_row_group)
        launch = self._plan(rows, settings, show)
        description = RunDescription(
            columns=dict(self._columns),
            models=launch.connections.models,
            processors=dict(self.processors),
            seed=self.seed,
            rows=launch.groups.rows,
            row_group_size=launch.groups.size,
        )
        storage = ParquetFolder(folder, description, overwrite=overwrite)
        launch = launch.going_on(storage)
        title = f"{rows} row{'s' if rows != 1 else ''} to {folder}"
        return self._start(launch, storage, title=title, folder=str(storage.path), on_row_group=on_row_group, show=show)

    def _plan(self, rows: int, settings: RunSettings | None, show: Show) -> Launch:
        check_show(show)
        chosen = check_settings(self.settings if settings is None else settings)
        groups = RowGroups(check_rows(rows), chosen.row_group_size)
        graph = self.graph
        if not graph.nodes:
            raise ConfigError("there are no columns yet", advice='declare one: builder["stars"] = ng.Integer(1, 5)')
        self.processors.columns_after(tuple(graph.columns))
        check_columns(graph, chosen)
        processors = Processors()
        processors.update(self.processors)
        return Launch(graph, check_models(graph, self.models), groups, chosen, self.seed, processors)

    def _start(
        self,
        launch: Launch,
        storage: "MemoryRows | ParquetFolder",
        *,
        title: str,
        folder: str | None = None,
        on_row_group: Callable[[Run, int], None] | None = None,
        show: Show,
    ) -> Run:
        plan = launch.plan_run(storage, title=title, destination=folder)
        run = Run(plan)

        def after_write(group: RowGroup) -> None:
            if on_row_group is not None:
                on_row_group(run, group.number)

        run.start(lambda: launch.open_job(storage, plan.exchanges, after_write), show=show)
        return run
