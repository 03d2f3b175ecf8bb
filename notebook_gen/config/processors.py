"""Processors: what changes many rows at once, between the columns and the files.

"pre_batch" gets the seed columns of a row group before anything else of it is made, and may change values and drop
rows; "post_batch" gets a finished row group before it is written, and may also change its columns; "after_run" gets
the whole dataset.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import chain
from typing import Any, Literal, get_args

from pydantic import Field

from notebook_gen.config.callables import check_callable, is_async, read_source
from notebook_gen.config.spec import Spec
from notebook_gen.config.templates import TEMPLATE_GLOBALS, parse_inputs
from notebook_gen.config.wording import say_kind
from notebook_gen.errors import ConfigError, NotDeclared

Stage = Literal["pre_batch", "post_batch", "after_run"]
ProcessorNames = Mapping[Stage, tuple[str, ...]]
"""The processors of each stage, in the order they run."""


class ProcessorSpec(Spec):
    """Base of all processors."""

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)

    @property
    def label(self) -> str:
        """What it is called, unless the user says otherwise."""
        return type(self).__name__

    def columns_after(self, columns: Sequence[str]) -> tuple[str, ...] | None:
        """Give the columns that are there afterwards; None: only a run can tell.

        Raises:
            ConfigError: it cannot do its work on these columns.
        """
        return None


class FunctionProcessor(ProcessorSpec):
    """A function that takes a DataFrame and gives one; made by `@builder.processor`.

    Attributes:
        function: what is called; not serialised, `source` stands for it.
        source: its source code, empty where there is none.
    """

    function: Callable[..., Any] = Field(exclude=True)
    source: str = ""

    @classmethod
    def from_callable(cls, function: Callable[..., Any]) -> "FunctionProcessor":
        """Make the spec of a function.

        Raises:
            ConfigError: it cannot be called with one DataFrame, or has to be awaited.
        """
        name = getattr(function, "__name__", type(function).__name__)
        try:
            check_callable(function)
        except ConfigError as error:
            raise ConfigError(f"processor {name!r} {error.problem}", advice=error.advice) from error.__cause__
        if is_async(function):
            raise ConfigError(f"processor {name!r} is async", advice="define it with def: it runs in a thread")
        try:
            inspect.signature(function).bind(None)
        except TypeError:
            problem = f"processor {name!r} takes {inspect.signature(function)}"
            raise ConfigError(problem, advice="let it take one DataFrame, and give one") from None
        except ValueError:  # some functions written in C do not tell
            pass
        return cls(function=function, source=read_source(function))

    @property
    def label(self) -> str:
        """The function's name."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))


class DropColumns(ProcessorSpec):
    """Leaves columns out.

    Attributes:
        patterns: their names, or patterns such as `*_tmp`: `*` stands for any text, `?` for one character. A list
            of them may be given, too.
    """

    patterns: tuple[str, ...] = Field(min_length=1)

    def __init__(self, *patterns: str | list[str] | tuple[str, ...]) -> None:
        listed = [given if isinstance(given, list | tuple) else [given] for given in patterns]
        super().__init__(patterns=tuple(chain.from_iterable(listed)))

    def columns_after(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Give the columns that no pattern meets."""
        for pattern in self.patterns:
            if not any(_meets(name, pattern) for name in columns):
                raise ConfigError(f"drops {pattern!r}, but there is no such column", advice=_advice(pattern, columns))
        kept = tuple(name for name in columns if not any(_meets(name, pattern) for pattern in self.patterns))
        if not kept:
            raise ConfigError("drops every column", advice="keep at least one")
        return kept


class RenameColumns(ProcessorSpec):
    """Gives columns other names.

    Attributes:
        names: the new name of each column that gets one.
    """

    names: Mapping[str, str] = Field(min_length=1)

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__(names=names)

    def columns_after(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Give all columns, under their new names where they get one."""
        for name in self.names:
            if name not in columns:
                raise ConfigError(f"renames {name!r}, but there is no such column", advice=_advice(name, columns))
        renamed = tuple(self.names.get(name, name) for name in columns)
        twice = next((name for name in renamed if renamed.count(name) > 1), None)
        if twice is not None:
            raise ConfigError(f"leaves two columns called {twice!r}", advice="choose another name")
        return renamed


class Reshape(ProcessorSpec):
    """Makes other columns out of those there are, and keeps nothing else: a format for training, for instance.

    Attributes:
        templates: for each new column its template; one `{{ expression }}` alone keeps its type.
    """

    templates: Mapping[str, str] = Field(min_length=1)

    def __init__(self, templates: Mapping[str, str]) -> None:
        super().__init__(templates=templates)
        for name, template in self.templates.items():
            try:
                parse_inputs(template)
            except ConfigError as error:
                raise ConfigError(f"Reshape: {name!r}: {error.problem}", advice=error.advice) from None

    def columns_after(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Give the new columns."""
        for new, template in self.templates.items():
            for name in parse_inputs(template):
                if name not in columns and name not in TEMPLATE_GLOBALS:
                    problem = f"reads {name!r} for {new!r}, but there is no such column"
                    raise ConfigError(problem, advice=_advice(name, columns))
        return tuple(self.templates)


class Processors(MutableMapping[tuple[Stage, str], ProcessorSpec]):
    """The processors of a builder, by stage and name, in the order they run; setting one again replaces it."""

    def __init__(self) -> None:
        self._specs: dict[tuple[Stage, str], ProcessorSpec] = {}

    def at(self, stage: Stage) -> dict[str, ProcessorSpec]:
        """Give the processors of a stage by name, in order."""
        return {name: spec for (when, name), spec in self._specs.items() if when == stage}

    def __getitem__(self, key: tuple[Stage, str]) -> ProcessorSpec:
        if key not in self._specs:
            raise NotDeclared("processor", key, self._specs)
        return self._specs[key]

    def __setitem__(self, key: tuple[Stage, str], spec: ProcessorSpec) -> None:
        stage, name = key
        if stage not in get_args(Stage):
            raise ConfigError(f"there is no stage {stage!r}", advice="it is 'pre_batch', 'post_batch' or 'after_run'")
        if not isinstance(spec, ProcessorSpec):
            raise ConfigError(
                f"processor {name!r} is {say_kind(spec)}",
                advice="give a function that takes a DataFrame, or ng.DropColumns, ng.RenameColumns or ng.Reshape",
            )
        if stage == "pre_batch" and not isinstance(spec, FunctionProcessor):
            raise ConfigError(
                f"processor {name!r} changes columns, which is too early at 'pre_batch': other columns read them",
                advice="declare it at 'post_batch'",
            )
        self._specs[key] = spec

    def __delitem__(self, key: tuple[Stage, str]) -> None:
        self[key]  # raises if it is not there
        del self._specs[key]

    def __iter__(self) -> Iterator[tuple[Stage, str]]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def __repr__(self) -> str:
        return f"Processors({self._specs!r})"

    def columns_after(self, columns: Sequence[str]) -> tuple[str, ...] | None:
        """Give the columns that the files have when a run makes these; None: only a run can tell.

        Raises:
            ConfigError: a processor of any stage cannot do its work on the columns it will get.
        """
        written = _columns_after("post_batch", self.at("post_batch"), columns)
        _columns_after("after_run", self.at("after_run"), written)
        return written

    @property
    def names(self) -> ProcessorNames:
        """Give the names of all, by stage; stages without any are left out."""
        stages: tuple[Stage, ...] = get_args(Stage)
        return {stage: tuple(specs) for stage in stages if (specs := self.at(stage))}

    def taken_by(self, columns: Sequence[str]) -> dict[str, str]:
        """Say who takes a column away, if it is not there at last: `dropped by DropColumns`.

        Args:
            columns: those of the run.
        """
        said, functions = dict[str, str](), []
        for name, spec in (*self.at("post_batch").items(), *self.at("after_run").items()):
            left = [column for column in columns if column not in said]
            match spec:
                case DropColumns():
                    dropped = (column for column in left if any(_meets(column, pattern) for pattern in spec.patterns))
                    said |= dict.fromkeys(dropped, f"dropped by {name}")
                case RenameColumns():
                    said |= {
                        column: f"renamed to {spec.names[column]!r} by {name}"
                        for column in left
                        if column in spec.names
                    }
                case Reshape():
                    said |= dict.fromkeys(left, f"dropped by {name}")
                case _:
                    functions.append(name)
        # what functions leave out, only a run can tell
        by = functions[0] if len(functions) == 1 else "a processor"
        return dict.fromkeys(columns, f"dropped by {by}") | said


def _columns_after(
    stage: Stage, specs: Mapping[str, ProcessorSpec], columns: Sequence[str] | None
) -> tuple[str, ...] | None:
    for name, spec in specs.items():
        if columns is None:
            return None
        try:
            columns = spec.columns_after(columns)
        except ConfigError as error:
            raise ConfigError(f"processor {name!r} ({stage}) {error.problem}", advice=error.advice) from None
    return tuple(columns) if columns is not None else None


def _meets(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)


def _advice(name: str, columns: Sequence[str]) -> str:
    near = get_close_matches(name, columns, n=1)
    return f"did you mean {near[0]!r}?" if near else f"the columns are {', '.join(map(repr, columns))}"
