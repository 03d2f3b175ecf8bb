"""Values as users give them: what may stand for a number, and what a sampler may draw from."""

import math
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field


def read_choices(values: Any) -> Any:
    """Give values to draw from, in types of Python's own.

    Raises:
        ValueError: they are no list, or one is neither text, nor a number, nor a boolean.
    """
    return tuple(map(_read_choice, read_list(values)))


def read_list(values: Any) -> tuple[Any, ...]:
    """Give what is listed.

    Raises:
        ValueError: it is no list.
    """
    if isinstance(values, str):
        raise ValueError(f"give a list: [{values!r}]")  # noqa: TRY004  # pydantic wants it
    if not isinstance(values, Iterable) or isinstance(values, Mapping):
        raise ValueError("give a list")  # noqa: TRY004  # as above
    return tuple(values)


def _read_choice(value: Any) -> str | bool | int | float:
    if isinstance(value, Enum):
        value = value.value
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        value = value.item()
    for kind in (bool, str, int, float):  # a boolean is an integer, too
        if isinstance(value, kind):
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{value} is not a number; give text, finite numbers or booleans")
            return kind(value)
    raise ValueError(f"{value!r} is no value to draw; give text, numbers or booleans")


def _read_whole(value: Any) -> Any:
    if isinstance(value, bool | str | bytes):
        raise ValueError("give a whole number")  # noqa: TRY004  # as above
    return value


def _read_number(value: Any) -> Any:
    if isinstance(value, bool | str | bytes):
        raise ValueError("give a number")  # noqa: TRY004  # as above
    return value


def _check_prompt(value: str) -> str:
    if not value.strip():
        raise ValueError("write what the model is to do")
    return value


Whole = Annotated[int, BeforeValidator(_read_whole)]
"""An integer; neither a boolean nor a text that looks like one, which nobody means as one."""

Number = Annotated[float, BeforeValidator(_read_number)]
"""A number, in the same sense."""

Prompt = Annotated[str, AfterValidator(_check_prompt)]
"""A template of a prompt; not blank, which asks a model for nothing."""

Flag = Annotated[bool, Field(strict=True)]
"""True or False, and nothing that Python takes for one of them."""
