"""What a function reads around it: constants, the user's own functions and classes, and what these read in turn.

A notebook's functions live on the names of other cells. Whoever changes such a cell has changed the function, although
not a letter of it is another. What is installed does not count: it is known by its name, which stands in the source.

Nothing of the user's is run to find out, and nothing that changes by itself may count: a list or a dict is left out
wherever a function may change it, and a name that is assigned to is, too.
"""

import ast
import dis
import functools
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import EnumType
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from notebook_gen.config.function_content import is_plain, own_content, source_of

_MOST: Final = 200
"""Functions and classes that are followed."""

_READS: Final = frozenset({"get", "items", "keys", "values", "index", "count", "copy", "union", "intersection"})
"""What can be called of a list, dict or set that leaves it as it is."""

_CHANGES: Final = frozenset({"shuffle", "heappush", "heappop", "heapify", "insort"})
"""Installed functions that change what they are given."""

_INSTALLED: Final = frozenset({"site-packages", "dist-packages"})
_OURS: Final = __name__.partition(".")[0]


def reads_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Describe, as JSON, what a function reads of globals, closures, its own object and the user's modules.

    Args:
        function: the function, or what else can be called.

    Returns:
        By name; empty if it reads nothing that counts.
    """
    return _Reader().of_called(function)


class _Reader:
    """Follows what functions read; each function and class once."""

    def __init__(self) -> None:
        self._seen: set[object] = set()

    def of_called(self, called: Any) -> dict[str, Any]:
        """What somebody's function reads, whatever form it has."""
        match called:
            case functools.partial():
                return self.of_called(called.func)
            case MethodType():
                owner = called.__self__ if isinstance(called.__self__, type) else type(called.__self__)
                return self._of_object(owner) | self.of_called(called.__func__)
            case FunctionType():
                self._seen.add(called.__code__)
                return self._of_function(called)
            case type():
                return self._of_object(called)
        return self._of_object(type(called))

    def _of_object(self, owner: type) -> dict[str, Any]:
        content = self._content("", owner)
        return {"its class": content} if content is not None else {}

    def _of_function(self, function: FunctionType) -> dict[str, Any]:
        source = source_of(function)
        codes = list(_codes(function.__code__))
        changed = {
            step.argval for code in codes for step in _steps(code) if step.opname in ("STORE_GLOBAL", "STORE_DEREF")
        }
        around = _closed_over(function) | {
            name: function.__globals__[name]
            for name in sorted({name for code in codes for name, _ in _loads(code)})
            if name in function.__globals__
        }
        reads = {
            name: content
            for name, value in sorted(around.items())
            if name not in changed and (content := self._content_in(source, name, value)) is not None
        }
        return reads | self._of_modules(function, codes)

    def _of_modules(self, function: FunctionType, codes: list[CodeType]) -> dict[str, Any]:
        """What is read of modules of the user's own, by "module.name"."""
        reads = {}
        for name, attribute in sorted({(name, attribute) for code in codes for name, attribute in _loads(code)}):
            module = function.__globals__.get(name)
            if attribute and isinstance(module, ModuleType) and _is_users(module.__name__):
                content = self._content("", vars(module).get(attribute))
                if content is not None and attribute in vars(module):
                    reads[f"{name}.{attribute}"] = content
        return reads

    def _content_in(self, source: str, name: str, value: Any) -> Any:
        if isinstance(value, list | dict | set):
            is_read_only = is_plain(value if not isinstance(value, set) else list(value)) and _only_reads(source, name)
            return _written(value) if is_read_only else None
        return self._content(name, value)

    def _content(self, name: str, value: Any) -> Any:
        """A value that counts, as JSON; None: it does not count."""
        if _is_constant(value):
            return {"value": _written(value)}
        value = _unwrapped(value)
        if isinstance(value, functools.partial):
            return {"called": self._content(name, value.func)}
        if not isinstance(value, FunctionType | type) or not _is_users(getattr(value, "__module__", None)):
            return None
        key = value.__code__ if isinstance(value, FunctionType) else value
        if key in self._seen or len(self._seen) >= _MOST:
            return {"again": value.__qualname__}
        self._seen.add(key)
        if isinstance(value, FunctionType):
            return own_content(value) | {"reads": self._of_function(value)}
        return self._of_class(value)

    def _of_class(self, owner: type) -> dict[str, Any]:
        if isinstance(owner, EnumType):
            named: Mapping[str, Any] = owner.__members__
            values = {name: vars(member).get("_value_") for name, member in named.items()}
            return {"members": {name: _written(value) for name, value in values.items() if _is_constant(value)}}
        members = {
            name: content
            for name, member in sorted(vars(owner).items())
            if (not name.startswith("__") or isinstance(member, FunctionType))
            and (content := self._content(name, _function_of(member))) is not None
        }
        bases = [content for base in owner.__bases__ if (content := self._content("", base)) is not None]
        return {"class": owner.__qualname__, "members": members, "bases": bases}


# Values


def _is_constant(value: Any) -> bool:
    if isinstance(value, tuple | frozenset) and type(value) in (tuple, frozenset):
        return all(map(_is_constant, value))
    return type(value) is bytes or (not isinstance(value, list | dict) and is_plain(value))


def _written(value: Any) -> Any:
    """A constant as JSON, told apart by its type."""
    if type(value) is bytes:
        return {"bytes": value.hex()}
    if isinstance(value, set | frozenset):
        # in the order of hashes, which another process draws anew
        return {type(value).__name__: sorted(repr(_written(item)) for item in value)}
    if isinstance(value, tuple | list):
        return {type(value).__name__: [_written(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[key, _written(item)] for key, item in value.items()]}
    return value


def _unwrapped(value: Any) -> Any:
    """The function behind `functools.cache` and its like; never the user's `__getattr__`."""
    if isinstance(value, FunctionType | type):
        return value
    inner = inspect.getattr_static(value, "__wrapped__", None)
    return inner if isinstance(inner, FunctionType) else value


def _function_of(member: Any) -> Any:
    match member:
        case staticmethod() | classmethod():
            return member.__func__
        case property():
            return member.fget
        case functools.cached_property():
            return member.func
    return member


# Code


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


@functools.lru_cache(maxsize=256)
def _steps(code: CodeType) -> tuple[dis.Instruction, ...]:
    return tuple(dis.get_instructions(code))


def _loads(code: CodeType) -> Iterator[tuple[str, str]]:
    """The globals that are read, each with the attribute that is read of it; empty: it itself."""
    steps = _steps(code)
    for step, after in zip(steps, (*steps[1:], None), strict=True):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            is_attribute = after is not None and after.opname in ("LOAD_ATTR", "LOAD_METHOD")
            yield step.argval, after.argval if after is not None and is_attribute else ""


def _closed_over(function: FunctionType) -> dict[str, Any]:
    """What it closes over, but plain values, which count already."""
    values = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:  # not yet assigned
            continue
        if isinstance(_unwrapped(value), FunctionType | type | functools.partial):
            values[name] = value
    return values


def _only_reads(source: str, name: str) -> bool:
    """Whether everything that a function does with a name leaves what it names as it is; no, if nobody can tell."""
    try:
        tree = ast.parse(inspect.cleandoc(f"\n{source}"))
    except (SyntaxError, ValueError, RecursionError):
        return False
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
    return bool(uses) and all(_is_read(use, parents) for use in uses)


def _is_read(use: ast.Name, parents: Mapping[ast.AST, ast.AST]) -> bool:
    if not isinstance(use.ctx, ast.Load):
        return False
    match parents[use]:
        case ast.Subscript(value=value, ctx=ast.Load()):
            return value is use
        case ast.Attribute(attr=attribute):
            return attribute in _READS
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)):
            return called not in _CHANGES
        case ast.For() | ast.comprehension() | ast.Compare() | ast.FormattedValue() | ast.BinOp() | ast.Starred():
            return True
    return False


# Whose


def _is_users(module: Any) -> bool:
    """Whether a module is the user's own: a notebook or script, or a file that is not installed."""
    if not isinstance(module, str) or module == "__main__":
        return True
    if module.partition(".")[0] in (_OURS, "builtins") or module.partition(".")[0] in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    return isinstance(file, str) and _INSTALLED.isdisjoint(Path(file).parts)
