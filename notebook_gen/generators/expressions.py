"""Expressions: templates over the columns of a row that keep the type of their value."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import repeat
from typing import Any

from jinja2 import Undefined

from notebook_gen.config.columns import Expression
from notebook_gen.config.sandbox import check_value
from notebook_gen.config.templates import compile_native
from notebook_gen.errors import Rejected
from notebook_gen.generators.rendering import cut, render_failure, saw, shortened
from notebook_gen.plan.tasks import RowGroup

_SCALARS = frozenset({str, int, float, bool, type(None)})
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


class ExpressionGenerator:
    """Makes the cells of an expression, each from its own row. A row that fails gets a Rejected as its value.

    Args:
        spec: the expression.
        inputs: the columns it reads.
    """

    def __init__(self, spec: Expression, inputs: Sequence[str]) -> None:
        self._template = spec.template
        self._render = compile_native(spec.template)
        self._inputs = tuple(inputs)
        self._dtype = spec.dtype
        self._cast = _CASTS[spec.dtype] if spec.dtype is not None else None

    def make(
        self, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
    ) -> tuple[Sequence[Any], ...]:
        """Make the values of some rows."""
        render, names, has_dtype = self._render, self._inputs, self._cast is not None
        values: list[Any] = []
        for row in self._read(group, rows, inputs):
            seen = dict(zip(names, row, strict=True))
            try:
                value = render(seen)
                if type(value) not in _SCALARS:
                    value = _settle(value)
            except BaseException as error:  # noqa: BLE001  # the user's expression, and no signal reaches this thread
                value = render_failure(self._template, error, seen)
            else:
                if has_dtype and value is not None:
                    value = self._as_dtype(value, seen)
            values.append(value)
        return (values,)

    def _read(
        self, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
    ) -> Iterable[tuple[Any, ...]]:
        columns = [inputs[name] for name in self._inputs]
        if not columns:
            return repeat((), len(rows))
        if len(rows) != group.size:
            start = group.start
            columns = [[column[row - start] for row in rows] for column in columns]
        return zip(*columns, strict=True)

    def _as_dtype(self, value: Any, seen: Mapping[str, Any]) -> Any:
        if self._cast is None:
            return value
        try:
            return self._cast(value)
        except (ValueError, TypeError, OverflowError):
            shown = cut(self._template.strip(), 120)
            return Rejected(
                f"{shown!r} gave a value of type {type(value).__name__}, which is no {self._dtype}",
                advice=f"it gave {shortened(value)}; {saw(seen)}".removesuffix("; "),
            )


def _settle(value: Any) -> Any:
    """Make a value out of what only stands for one: nothing undefined, and lists for what is read but once.

    Raises:
        UndefinedError: it, or something in it, is undefined.
        TypeError: it, or something in it, is a function.
    """
    if isinstance(value, Undefined):
        str(value)  # a strict undefined says what it misses when it is used
        return None  # `'a' if b` gives one that is not strict where b is false
    if isinstance(value, str):
        return str(value)  # the escape filter gives a subclass
    if isinstance(value, bytes):
        return value
    if isinstance(value, Mapping):
        return {_settle(key) if isinstance(key, Undefined) else key: _settle(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, Set | type):
        return [_settle(item) for item in value]
    return check_value(value)


def _as_int(value: Any) -> int:
    """A whole number, also from text; never cut off behind the point."""
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            value = float(value)
    whole = int(value)
    if whole != value:
        raise ValueError(value)
    return whole


def _as_bool(value: Any) -> bool:
    """True or false, also from words; a text that is neither is an error, and "false" is not true."""
    if not isinstance(value, str):
        return bool(value)
    word = value.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(value)
    return word in _TRUE


_CASTS: dict[str, Callable[[Any], Any]] = {"str": str, "int": _as_int, "float": float, "bool": _as_bool}
