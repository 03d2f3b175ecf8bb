"""Processors at work: row groups as DataFrames, through the user's functions, and back to plain values.

A row's number is its label in the index: what a processor gives back says by it which rows it kept.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from notebook_gen.config.columns import Expression
from notebook_gen.config.processors import DropColumns, FunctionProcessor, ProcessorSpec, RenameColumns, Reshape, Stage
from notebook_gen.config.templates import parse_inputs
from notebook_gen.errors import ConfigError, GenerationError, ProcessorError, Rejected
from notebook_gen.generators.expressions import ExpressionGenerator
from notebook_gen.generators.full_column import as_frame, as_series, described, series_values, show_index
from notebook_gen.generators.plain import plain
from notebook_gen.generators.user_code import FailuresOf, check_result
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.plan.values import NewDataset, Processed

if TYPE_CHECKING:
    import pandas as pd

_ADVICE = "keep the index; it tells which row is which"


def make_processor(
    stage: Stage, specs: Mapping[str, ProcessorSpec], columns: Sequence[str]
) -> "RowGroupProcessor | None":
    """Make what runs all processors of a stage on a row group; None where there are none.

    Args:
        stage: "pre_batch" or "post_batch".
        specs: the processors by name, in order.
        columns: the columns they get, in order.
    """
    return RowGroupProcessor(stage, specs, columns) if specs else None


def make_after_run(specs: Mapping[str, ProcessorSpec]) -> "WholeProcessor | None":
    """Make what runs all "after_run" processors on a dataset; None where there are none.

    Args:
        specs: the processors by name, in order.
    """
    return WholeProcessor(specs) if specs else None


class WholeProcessor:
    """Runs all "after_run" processors, one after the other, on a whole dataset, whose index they may change.

    Args:
        specs: the processors by name, in order; at least one.
    """

    def __init__(self, specs: Mapping[str, ProcessorSpec]) -> None:
        self._steps = [_Step("after_run", name, spec) for name, spec in specs.items()]
        self._at_work = self._steps[0].name

    def process(self, frame: "pd.DataFrame") -> NewDataset:
        """Give the new dataset.

        Args:
            frame: all rows; its index has their numbers.

        Raises:
            ProcessorError: one of them raised, or gave what cannot be used.
        """
        numbers = frame.index
        for step in self._steps:
            self._at_work = step.name
            before, frame = len(frame), step.run(frame, None)
            if before and not len(frame):
                advice = "what was written stays as it was; look at what it leaves out"
                raise step.error(f"left none of {before:,} rows", advice, None)
        return NewDataset(_plain_columns(frame), _numbers(frame.index, numbers))

    def at_work(self) -> str:
        """Name the processor that the dataset is with; on any thread."""
        return self._at_work


def _numbers(index: "pd.Index[Any]", before: "pd.Index[Any]") -> list[int] | None:
    """The numbers of the rows that are left, if an index still has them, in their order."""
    import pandas as pd

    # a new index has no name, also where its numbers are such as rows have
    if isinstance(index, pd.RangeIndex) or index.name != before.name:
        return None
    is_left = index.is_unique and index.is_monotonic_increasing and index.isin(before).all()
    return index.tolist() if is_left else None


class RowGroupProcessor:
    """Runs all processors of a stage, one after the other, on one row group at a time.

    Args:
        stage: "pre_batch" or "post_batch".
        specs: the processors by name, in order.
        columns: the columns they get, in order.
    """

    def __init__(self, stage: Stage, specs: Mapping[str, ProcessorSpec], columns: Sequence[str]) -> None:
        fixed = tuple(columns) if stage == "pre_batch" else None
        self._steps = [_Step(stage, name, spec, fixed) for name, spec in specs.items()]
        self._columns = tuple(columns)
        self._at_work: dict[int, str] = {}

    def process(self, group: RowGroup, rows: Sequence[int], columns: Mapping[str, Sequence[Any]]) -> Processed:
        """Run them on some rows of a row group.

        Raises:
            ProcessorError: one of them raised, or gave what cannot be used.
        """
        try:
            return self._process(group, rows, columns)
        finally:
            self._at_work.pop(group.number, None)

    def at_work(self, group: RowGroup) -> str:
        """Name the processor that a row group is with, or that it comes to first; on any thread."""
        return self._at_work.get(group.number, self._steps[0].name)

    def _process(self, group: RowGroup, rows: Sequence[int], columns: Mapping[str, Sequence[Any]]) -> Processed:
        import pandas as pd

        # never a RangeIndex: what comes back with one has lost the rows' numbers
        index = pd.Index(list(rows), dtype="int64", name="row")
        frame = as_frame({name: columns[name] for name in self._columns}, len(rows)).set_axis(index)
        left, dropped = list(rows), dict[int, str]()
        for step in self._steps:
            if not left:
                break
            self._at_work[group.number] = step.name
            frame = step.run(frame, group.number)
            kept = step.check_rows(frame, left, group.number)
            frame = step.check_columns(frame, group.number)
            dropped |= {row: step.name for row in left if row not in kept}
            left = [row for row in left if row in kept]
        if not left:
            return Processed([], {name: [] for name in self._columns}, dropped)
        try:
            return Processed(left, _plain_columns(frame.loc[left]), dropped)
        except Rejected as error:
            raise self._steps[-1].error(error.problem, error.advice, group.number) from error


class _Step:
    """One processor: called, and checked for what it gave."""

    def __init__(self, stage: Stage, name: str, spec: ProcessorSpec, columns: tuple[str, ...] | None = None) -> None:
        self.name = name
        self._stage = stage
        self._spec = spec
        self._columns = {} if columns is None else {"first": columns}

    def run(self, frame: "pd.DataFrame", group: int | None) -> "pd.DataFrame":
        """Call it with a copy that it may change."""
        import pandas as pd

        try:
            result = _process(self._spec, frame.copy())
        except (ConfigError, GenerationError) as error:
            problem = error.problem if isinstance(error, ConfigError) else f"failed: {error.problem}"
            raise self.error(problem, error.advice, group) from (error.__cause__ or error)
        if not isinstance(result, pd.DataFrame):
            raise self.error(f"gave {described(result)}, expected a DataFrame", "return the changed frame", group)
        names = list(result.columns)
        if not names and len(result):
            raise self.error("gave rows without columns", "keep at least one column", group)
        if len(set(names)) < len(names) or not all(isinstance(name, str) and name.strip() for name in names):
            shown = ", ".join(map(repr, names[:6]))
            raise self.error(f"gave columns named {shown}", "give every column a text of its own as its name", group)
        return result

    def check_rows(self, frame: "pd.DataFrame", before: Sequence[int], group: int) -> frozenset[int]:
        """Give the rows that are left. The cases: none, a new index, labels of other rows, or of one row twice."""
        import pandas as pd

        labels = frame.index.tolist()
        if labels and isinstance(frame.index, pd.RangeIndex):
            problem = f"gave {len(labels)} rows with a new index, {show_index(frame.index)}, for {len(before)} rows"
            raise self.error(f"{problem}: which row is which is lost", f"{_ADVICE} (no reset_index)", group)
        kept = frozenset(labels)
        foreign = kept.difference(before)
        if foreign:
            shown = show_index(frame.index[[label in foreign for label in labels]])
            raise self.error(f"gave rows {shown}, which it did not get", _ADVICE, group)
        if len(kept) < len(labels):
            twice = show_index(frame.index[frame.index.duplicated()].unique())
            raise self.error(f"gave rows {twice} more than once", f"{_ADVICE}, and one row stays one row", group)
        return kept

    def check_columns(self, frame: "pd.DataFrame", group: int) -> "pd.DataFrame":
        """Give the columns in the order of the first row group, if they are the same: files of a dataset are alike."""
        if frame.empty:
            return frame
        # setdefault is atomic, and row groups are processed on several threads
        columns = self._columns.setdefault("first", tuple(frame.columns))
        new = [repr(name) for name in frame.columns if name not in columns]
        lost = [repr(name) for name in columns if name not in frame.columns]
        if not new and not lost:
            return frame[list(columns)]
        changes = {"added": new, "left out": lost}
        problem = " and ".join(f"{what} {', '.join(names[:6])}" for what, names in changes.items() if names)
        if self._stage == "pre_batch":
            advice = "change values and drop rows here; columns are changed at 'post_batch'"
        else:
            problem, advice = f"{problem}, unlike before", "give every row group the same columns"
        raise self.error(problem, advice, group)

    def error(self, problem: str, advice: str, group: int | None) -> ProcessorError:
        """Say what it did wrong."""
        return ProcessorError(problem, advice=advice, processor=self.name, stage=self._stage, row_group=group)


def _process(spec: ProcessorSpec, frame: "pd.DataFrame") -> Any:
    """Do a processor's work.

    Raises:
        GenerationError: the user's function or template failed.
        ConfigError: it cannot work on these columns.
    """
    match spec:
        case FunctionProcessor(function=function):
            with FailuresOf(function):
                result = function(frame)
            return check_result(result, function)
        case DropColumns():
            return frame[list(spec.columns_after(list(frame.columns)))]
        case RenameColumns():
            return frame.set_axis(list(spec.columns_after(list(frame.columns))), axis="columns")
        case Reshape():
            spec.columns_after(list(frame.columns))
            return _reshaped(spec, frame)
        case _:
            raise TypeError(f"nobody knows how a {type(spec).__name__} works")


def _reshaped(spec: Reshape, frame: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    group, positions = RowGroup(0, 0, len(frame)), range(len(frame))
    columns = {}
    for name, template in spec.templates.items():
        reads = [read for read in parse_inputs(template) if read in frame.columns]
        inputs = _plain_columns(frame[reads])
        (values,) = ExpressionGenerator(Expression(template), reads).make(group, positions, inputs)
        for label, value in zip(frame.index, values, strict=True):
            if isinstance(value, GenerationError):
                raise Rejected(f"{name!r} of row {label}: {value.problem}", advice=value.advice) from value.__cause__
        columns[name] = as_series(values, name).set_axis(frame.index)
    return pd.DataFrame(columns, index=frame.index)


def _plain_columns(frame: "pd.DataFrame") -> dict[str, list[Any]]:
    return {name: [plain(value) for value in series_values(frame[name])] for name in frame.columns}
