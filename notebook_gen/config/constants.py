"""The content of plain values, for fingerprints: the same in every process, and read without running anyone's code."""

from collections.abc import Iterable
from enum import EnumMeta
from math import isfinite
from typing import Any

from notebook_gen.config.ownership import own_names

_ATOMS = (str, bool, bytes, complex, type(None))
_SEQUENCES = (list, tuple, set, frozenset, dict)
_MUTABLE = (list, set, dict)
_DEEPEST = 20
_MOST_ITEMS = 1_000_000


class _NotPlainError(Exception):
    """There is something in it of which nothing is known."""


def constant_content(value: Any) -> Any:
    """Give what JSON can hold of a plain value, which tells it from others; None if it is not plain.

    Plain are texts, bytes, numbers, booleans, None, members of enumerations, and lists, tuples, sets and dicts of them.
    """
    try:
        return _content(value, _DEEPEST, _Budget(_MOST_ITEMS))
    except _NotPlainError:
        return None


def mutable_depth(value: Any) -> int:
    """Give how many lists, dicts and sets of a plain value lie in each other at most; 0: nothing of it can change."""
    if not is_one_of(type(value), _SEQUENCES):
        return 0
    inner = max(map(mutable_depth, value.values() if type(value) is dict else value), default=0)
    return inner + 1 if is_one_of(type(value), _MUTABLE) else inner


def is_one_of(kind: type, kinds: Iterable[type]) -> bool:
    """Tell whether a type is one of these, without a comparison that its metaclass may define."""
    return any(kind is one for one in kinds)


class _Budget:
    """How many values may still be looked at: what holds itself in several places would have no end."""

    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise _NotPlainError


def _content(value: Any, depth: int, budget: _Budget) -> Any:
    budget.spend()
    kind = type(value)
    if is_one_of(kind, _ATOMS):
        return repr(value)
    if kind is int:
        # many digits are slow to print, or an error
        return hex(value)
    if kind is float:
        return repr(value) if isfinite(value) else str(value)
    if is_one_of(kind, _SEQUENCES) and depth > 0:
        return [kind.__name__, _items(value, depth - 1, budget)]
    if issubclass(type(kind), EnumMeta):
        own = own_names(value)
        return ["member", kind.__qualname__, own.get("_name_"), _content(own.get("_value_"), depth - 1, budget)]
    raise _NotPlainError


def _items(value: Any, depth: int, budget: _Budget) -> list[Any]:
    def contents(items: Iterable[Any]) -> list[Any]:
        return [_content(item, depth, budget) for item in items]

    # a copy, as another thread may add to it
    if type(value) is dict:
        return [contents(pair) for pair in list(value.items())]
    found = contents(list(value))
    return sorted(found, key=repr) if type(value) is not list and type(value) is not tuple else found
