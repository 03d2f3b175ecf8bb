"""What a Python function is, as JSON that is the same in every process: its source or code, and its values."""

import ast
import dis
import functools
import inspect
import textwrap
from collections.abc import Callable, Mapping
from math import isfinite
from types import CodeType, FunctionType, MethodType
from typing import Any

_DECLARES = frozenset({"column", "processor"})
_ATOMS = (str, bool, type(None))
_MOST_BITS = 10_000  # of a whole number; Python does not print much larger ones


def function_content(function: Callable[..., Any], source: str = "") -> dict[str, Any]:
    """Describe what decides about a function's results, as far as the function itself shows it.

    Its source counts, but for the decorator that declares it as a column; where there is none, its bytecode. So do its
    defaults and the values it closes over, if they are plain. What else it reads is told by `function_reads`.

    Args:
        function: the function, or what else can be called.
        source: its source code as it was read when it was declared; empty where there was none.
    """
    match function:
        case functools.partial():
            return {
                "called": function_content(function.func, source),
                "arguments": _plain_values(dict(enumerate(function.args)) | function.keywords),
            }
        case MethodType():
            return function_content(function.__func__, source) | {"self": _state(function.__self__)}
        case FunctionType():
            return own_content(function, source)
    call = getattr(type(function), "__call__", None)  # noqa: B004  # what it runs, not whether it can be called
    if isinstance(call, FunctionType) and not isinstance(function, type):
        return own_content(call, "") | {"self": _state(function)}
    return {"name": _name(function)}


def own_content(function: FunctionType, source: str = "") -> dict[str, Any]:
    """Describe a function by itself: its source or code, its defaults, and the plain values that it closes over."""
    own = _own_source(source or source_of(function))
    content: dict[str, Any] = {"source": own} if own else {"code": _code_content(function.__code__)}
    defaults = dict(enumerate(function.__defaults__ or ())) | (function.__kwdefaults__ or {})
    return content | {"defaults": _plain_values(defaults), "closes over": _closed_over(function)}


def source_of(function: FunctionType | CodeType) -> str:
    """Give the source code of a function or of its code, as its file or cell has it; empty where there is none."""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""


def _own_source(source: str) -> str:
    """The text of a function alone; empty if it cannot be told apart from what stands around it.

    The cases: a definition, which may have decorators; one lambda in a statement, or several; part of a statement.
    """
    source = textwrap.dedent(source).strip()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ""
    if len(tree.body) == 1 and isinstance(tree.body[0], ast.FunctionDef | ast.AsyncFunctionDef):
        return _without_declaration(source, tree.body[0])
    lambdas = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    return ast.get_source_segment(source, lambdas[0]) or "" if len(lambdas) == 1 else ""


def _without_declaration(source: str, tree: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """A definition without `@builder.column(…)`, whose options are told by the spec."""
    declared = [decorator for decorator in tree.decorator_list if _declares(decorator)]
    gone = {line for node in declared for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    return "\n".join(line.rstrip() for number, line in enumerate(source.split("\n"), 1) if number not in gone)


def _declares(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Attribute) and called.attr in _DECLARES


def _code_content(code: CodeType) -> dict[str, Any]:
    return {
        "bytes": code.co_code.hex(),
        "names": [*code.co_names, *code.co_varnames, *code.co_freevars],
        "constants": [_constant(constant) for constant in code.co_consts],
    }


def _constant(constant: Any) -> Any:
    if isinstance(constant, CodeType):
        return _code_content(constant)
    if isinstance(constant, frozenset):
        # in the order of hashes, which another process draws anew
        return sorted(map(repr, constant))
    return repr(constant)


def _closed_over(function: FunctionType) -> dict[str, Any]:
    """The plain values that stand outside the function and stay what they are.

    A list or a dict may be where it keeps what it has seen, and what it assigns to changes by itself: they would make
    another function of it with every call.
    """
    assigned = {step.argval for step in dis.get_instructions(function) if step.opname == "STORE_DEREF"}
    values = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:  # not yet assigned
            continue
        if name not in assigned and not isinstance(value, list | dict):
            values[name] = value
    return _plain_values(values)


def _state(owner: Any) -> Any:
    """What a method belongs to: its class by name, and what is plain in an object of it."""
    if isinstance(owner, type):
        return {"class": _name(owner)}
    values = {
        name: value for name, value in getattr(owner, "__dict__", {}).items() if not isinstance(value, list | dict)
    }
    return {"class": _name(type(owner)), "values": _plain_values(values)}


def _plain_values(values: Mapping[Any, Any]) -> dict[str, Any]:
    """The values that JSON can hold; of others, nothing is known that another process would see as well."""
    return {str(name): value for name, value in values.items() if is_plain(value)}


def is_plain(value: Any) -> bool:
    """Tell whether JSON can hold a value, so that another process would see the same."""
    kind = type(value)
    if kind in _ATOMS:
        return True
    if kind is float:
        return isfinite(value)
    if kind is int:
        return bool(value.bit_length() < _MOST_BITS)
    try:
        if kind in (list, tuple):
            return all(map(is_plain, value))
        return kind is dict and all(type(key) is str and is_plain(item) for key, item in value.items())
    except RecursionError:  # it holds itself
        return False


def _name(thing: Any) -> str:
    return f"{getattr(thing, '__module__', None)}.{getattr(thing, '__qualname__', type(thing).__qualname__)}"
