"""Whose code something is, the user's or not, and what it holds by name.

Objects may answer for themselves in odd ways, or with an error: nothing here asks them.
"""

import linecache
import sys
import sysconfig
import textwrap
from collections.abc import Mapping
from functools import cache
from pathlib import PurePath
from types import FrameType, FunctionType, GetSetDescriptorType, ModuleType
from typing import Any

_HERE = __name__.partition(".")[0]
_SHOWN = 120
_INSTALLED = {"site-packages", "dist-packages"}


def is_users_function(function: FunctionType) -> bool:
    """Tell whether a function stands in a notebook, or in a module that is not installed."""
    # its __module__ may be that of what it wraps
    return is_users_code(function.__globals__)


def is_users_code(names: Mapping[str, Any]) -> bool:
    """Tell whether code with these globals stands in a notebook, or in a module that is not installed."""
    name, file = names.get("__name__"), names.get("__file__")
    if name is None or name == "__main__":
        return True
    if type(name) is not str or type(file) is not str or name.partition(".")[0] == _HERE:
        return False
    return not _is_installed(file)


def place_of(frame: FrameType, line: int) -> str:
    """Say where a line of the user's code stands, and what it is."""
    file = frame.f_code.co_filename
    source = linecache.getline(file, line, frame.f_globals).strip()
    # the file of a notebook's cell has a name that tells nobody anything
    where = f"line {line} of its cell" if "ipykernel_" in file else f"{PurePath(file).name}:{line}"
    shown = textwrap.shorten(source, _SHOWN, placeholder="…")
    return f"{frame.f_code.co_name}(), {where}" + (f": {shown}" if shown else "")


def is_users_module(module: ModuleType) -> bool:
    """Tell whether a module is the user's own."""
    return is_users_code(module_names(module))


def is_users_class(kind: type) -> bool:
    """Tell whether a class stands in a notebook, or in a module that is not installed."""
    name = class_names(kind).get("__module__")
    module = sys.modules.get(name) if type(name) is str else None
    return name == "__main__" or (issubclass(type(module), ModuleType) and is_users_code(module_names(module)))


def module_names(module: Any) -> dict[str, Any]:
    """Give what stands in a module, without having it loaded."""
    names: dict[str, Any] = object.__getattribute__(module, "__dict__")
    return names


def class_names(kind: type) -> Mapping[str, Any]:
    """Give what stands in a class itself, whatever its metaclass."""
    names: Mapping[str, Any] = type.__dict__["__dict__"].__get__(kind)
    return names


def class_member(kind: type, name: str) -> tuple[type, Any] | None:
    """Give what a class or one of its bases has under a name, with the one that has it; None if none has."""
    for one in type.__dict__["__mro__"].__get__(kind):
        if name in class_names(one):
            return one, class_names(one)[name]
    return None


def own_names(thing: Any) -> Mapping[str, Any]:
    """Give what an object itself holds by name; nothing if that is not an ordinary dict."""
    found = class_member(type(thing), "__dict__")
    if found is None or type(found[1]) is not GetSetDescriptorType:
        return {}
    names: Mapping[str, Any] = found[1].__get__(thing)
    return names


@cache
def _is_installed(file: str) -> bool:
    path = PurePath(file)
    return not _INSTALLED.isdisjoint(path.parts) or any(path.is_relative_to(folder) for folder in _of_python())


@cache
def _of_python() -> tuple[str, ...]:
    return tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})
