"""What a Python function tells about itself: the columns it reads, and its source."""

import inspect
from collections.abc import Callable
from typing import Any

from notebook_gen.errors import ConfigError


def read_parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """Give the names of the parameters that have no default, in order.

    Raises:
        ConfigError: it takes `*args` or `**kwargs`, which name no column.
    """
    names = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise ConfigError(
                f"takes {parameter}, which names no column",
                advice="name each column as a parameter, or give inputs=[…] and take one argument",
            )
        if parameter.default is parameter.empty:
            names.append(parameter.name)
    return tuple(names)


def read_source(function: Callable[..., Any]) -> str:
    """Give the source code; empty where there is none."""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""
