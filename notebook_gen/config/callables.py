"""What a Python function tells about itself: its name, the columns it reads, how it is called, and its source."""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from notebook_gen.errors import ConfigError


def check_callable(function: Any) -> None:
    """Check that something gives its result when it is called.

    Raises:
        ConfigError: it is no function, or a generator function.
    """
    if not callable(function):
        raise ConfigError(f"is made by a {type(function).__name__}, which is no function", advice="give a function")
    if any(inspect.isgeneratorfunction(part) or inspect.isasyncgenfunction(part) for part in _parts(function)):
        raise ConfigError(
            "is made by a generator, which has no result", advice="use return in place of yield, or give a list"
        )


def declared_name(function: Any, name: Any) -> Any:
    """Give the name to declare a function under: the given one, if it is not None, or the function's own.

    Raises:
        ConfigError: it is no function, or has no name of its own.
    """
    if not callable(function):
        raise ConfigError(f"{function!r} is no function", advice="give one, or write the decorator above one")
    if name is not None:
        return name
    own: Any = getattr(function, "__name__", None)
    if own is None or own == "<lambda>":
        kind = "lambda" if own is not None else type(function).__name__
        raise ConfigError(f"a {kind} has no name of its own", advice="give one: name='…'")
    return own


def read_parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """Give the names of the parameters that have no default, in order.

    Raises:
        ConfigError: it takes `*args` or `**kwargs`, which name no column, or does not tell what it takes.
    """
    names = []
    for parameter in _signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise ConfigError(
                f"takes {parameter}, which names no column",
                advice="name each column as a parameter, or give inputs=[…] and take one argument",
            )
        if parameter.default is parameter.empty:
            names.append(parameter.name)
    return tuple(names)


def check_inputs(function: Callable[..., Any], inputs: Any) -> tuple[str, ...]:
    """Give the columns that a function reads as one argument.

    Raises:
        ConfigError: they are not a list of names, or it does not take one argument.
    """
    if isinstance(inputs, str):
        raise ConfigError(f"inputs is one text, {inputs!r}", advice=f"give a list: inputs=[{inputs!r}]")
    if not isinstance(inputs, Sequence) or not all(isinstance(name, str) for name in inputs):
        raise ConfigError(f"inputs is {inputs!r}", advice="give a list of column names")
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        raise ConfigError(
            f"is made by a function that takes {inspect.signature(function)}",
            advice="with inputs=[…], let it take one argument: a dict, or a DataFrame with full_column=True",
        ) from None
    except ValueError:  # some functions written in C do not tell
        pass
    return tuple(dict.fromkeys(inputs))


def is_async(function: Callable[..., Any]) -> bool:
    """Tell whether what it gives has to be awaited."""
    return any(map(inspect.iscoroutinefunction, _parts(function)))


def read_source(function: Callable[..., Any]) -> str:
    """Give the source code; empty where there is none."""
    try:
        return inspect.getsource(_unwrapped(function))
    except (OSError, TypeError):
        return ""


def _parts(function: Any) -> tuple[Any, Any]:
    """What may tell how it is called: itself, and what an object of a class of the user's runs."""
    function = _unwrapped(function)
    return function, None if isinstance(function, type) else getattr(type(function), "__call__", None)  # noqa: B004


def _unwrapped(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    return function


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except (ValueError, TypeError):
        raise ConfigError(
            f"is made by {getattr(function, '__name__', function)!r}, which does not tell what it takes",
            advice="wrap it in a function whose parameters name the columns it reads",
        ) from None
