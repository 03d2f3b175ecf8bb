"""What a function reads around it: constants, the user's own functions and classes, and what these read in turn.

A notebook's functions live on the names of other cells. Whoever changes such a cell has changed the function, although
not a letter of it is another. What is installed does not count: it is known by its name, which stands in the source.

Nothing of the user's is run to find out, and nothing that changes by itself may count: a list or a dict is left out
wherever a function may change it, and a name that is assigned to is, too. Of other objects, only the class is known.
"""

import functools
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final, NamedTuple

from notebook_gen.config.code_reads import CodeReads, assigned_globals, code_reads, names_of
from notebook_gen.config.constants import constant_content, is_one_of, mutable_depth
from notebook_gen.config.function_content import own_content, source_of
from notebook_gen.config.ownership import (
    class_member,
    class_names,
    is_users_class,
    is_users_function,
    is_users_module,
    module_names,
    own_names,
)
from notebook_gen.config.reading import only_reads

_MOST: Final = 200
"""Functions, classes and objects that are followed."""

_CONTAINERS: Final = (list, tuple, set, dict)
_MADE_OF_FUNCTIONS: Final = (functools.partial, MethodType)


def reads_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Describe, as JSON, what a function reads of globals, closures, its own object and the user's modules.

    Args:
        function: the function, or what else can be called.

    Returns:
        What it reads by name, and what was followed, which names refer to by number; empty if it reads nothing that
        counts.
    """
    # what is changed anywhere has to be known before anything is taken down
    seen = _Reader(_Changes(set(), set(), set()))
    seen.read(function)
    return _Reader(seen.changes).read(function)


class _Changes(NamedTuple):
    """What the functions change by themselves.

    Attributes:
        names: which globals they assign, each with the id of the names it is one of.
        attributes: which attributes, of whatever.
        containers: which lists, dicts and sets, by id.
    """

    names: set[tuple[int, str]]
    attributes: set[str]
    containers: set[int]


class _Place(NamedTuple):
    """A value and where it was found: by `path`, from a function whose globals are `around`."""

    value: Any
    around: dict[str, Any]
    path: tuple[str, ...]


class _Reader:
    """Follows what functions read; each function, class and object once.

    Attributes:
        changes: what the functions that were followed change, and others beside them.
    """

    def __init__(self, known: _Changes) -> None:
        self.changes = _Changes(set(), set(), set())
        self._known = known
        # with the objects, so that no other gets the id of one
        self._seen: dict[int, tuple[int, Any]] = {}
        self._beside: dict[int, list[CodeType]] = {}
        # one after the other, as a chain of many would be too deep
        self._to_follow: deque[tuple[Any, type | None]] = deque()

    def read(self, called: Any) -> dict[str, Any]:
        """What somebody's function reads, and all that is followed from there."""
        reads = self._of_called(called)
        followed = []
        while self._to_follow:
            followed.append(self._of_followed(*self._to_follow.popleft()))
        return {"names": reads, "followed": followed} if reads else {}

    def _of_called(self, called: Any) -> dict[str, Any]:
        kind = type(called)
        if issubclass(kind, functools.partial):
            given = dict(enumerate(called.args)) | called.keywords
            # plain ones count already
            reads = {f"given {name}": self._followed(value) for name, value in given.items()}
            return self._of_called(called.func) | _known(reads)
        if kind is MethodType:
            owner = called.__self__
            return self._of_root(called.__func__, owner if issubclass(type(owner), type) else type(owner))
        if kind is FunctionType:
            return self._of_root(called, None)
        if issubclass(kind, type):
            return _known({"its class": self._followed(called)})
        call = class_member(kind, "__call__")
        return self._of_root(call[1], kind) if call is not None else {}

    def _of_root(self, function: Any, owner: type | None) -> dict[str, Any]:
        function = _unwrapped(function)
        if type(function) is not FunctionType or not is_users_function(function):
            return {}
        number = self._enter(function)
        reads = self._of_function(function, owner)
        return {name: content for name, content in reads.items() if content != {"is": number}}

    def _enter(self, thing: Any) -> int:
        self._seen[id(thing)] = (len(self._seen), thing)
        return len(self._seen) - 1

    # Functions

    def _of_function(self, function: FunctionType, owner: type | None = None) -> dict[str, Any]:
        code, around = code_reads(function.__code__), function.__globals__
        self._note(code, around)
        found = {place.path: place for path in sorted(code.paths) if (place := _find(around, path)) is not None}
        reads = {".".join(path): self._of_place(function, place) for path, place in found.items()}
        reads |= {f"closes over {name}": self._followed(value) for name, value in _closed_over(function)}
        defaults = dict(enumerate(function.__defaults__ or ())) | (function.__kwdefaults__ or {})
        reads |= {f"default {name}": self._followed(value) for name, value in defaults.items()}
        if owner is not None:
            reads |= {f"self.{name}": self._of_own(owner, name) for name in sorted(code.attributes)}
        return _known(reads)

    def _note(self, code: CodeReads, around: dict[str, Any]) -> None:
        self.changes.names.update((id(around), name) for name in code.assigned)
        self.changes.attributes.update(code.set_attributes)
        for other in self._codes_beside(around):
            self.changes.names.update((id(around), name) for name in assigned_globals(other))

    def _codes_beside(self, around: dict[str, Any]) -> list[CodeType]:
        """The code of all functions that stand where one does: of other columns, too, which share its globals."""
        if id(around) not in self._beside:
            found = list(around.values())
            found += [member for kind in found if issubclass(type(kind), type) for member in class_names(kind).values()]
            functions = [value for value in found if type(value) is FunctionType]
            self._beside[id(around)] = [value.__code__ for value in functions if value.__globals__ is around]
        return self._beside[id(around)]

    def _of_place(self, function: FunctionType, found: "_Place") -> Any:
        if (id(found.around), found.path[-1]) in self._known.names:
            return None
        is_of_module = found.around is not function.__globals__
        if is_of_module and found.path[-1] in self._known.attributes:
            return None
        if is_one_of(type(found.value), _CONTAINERS):
            return self._of_container(function, found)
        return self._content(found.value)

    def _of_container(self, function: FunctionType, found: _Place) -> Any:
        content = constant_content(found.value)
        depth = mutable_depth(found.value) if content is not None else 0
        if depth:
            if not self._is_only_read(function, found, depth):
                self.changes.containers.add(id(found.value))
            if id(found.value) in self._known.containers:
                return None
        return content

    def _is_only_read(self, function: FunctionType, found: _Place, depth: int) -> bool:
        if not only_reads(source_of(function), found.path, depth):
            return False
        return all(
            only_reads(source_of(code), found.path, depth)
            for code in self._codes_beside(function.__globals__)
            if code is not function.__code__ and _reads(code, found.path)
        )

    def _of_own(self, owner: type, name: str) -> Any:
        """What a method reads of its class; values of the object itself count already."""
        found = class_member(owner, name)
        return self._of_member(name, found[1], owner) if found is not None and is_users_class(found[0]) else None

    # Values

    def _content(self, value: Any) -> Any:
        """A value that counts, as JSON; None: it does not count."""
        content = constant_content(value)
        return self._followed(value) if content is None else content

    def _followed(self, value: Any, owner: type | None = None) -> Any:
        """The number of a function, a class or an object of the user's; None: it is none, or one of too many."""
        value = _unwrapped(value)
        kind = type(value)
        is_function = kind is FunctionType and is_users_function(value)
        is_class = issubclass(kind, type) and is_users_class(value)
        if not (is_function or is_class or is_one_of(kind, _MADE_OF_FUNCTIONS) or is_users_class(kind)):
            return None
        if id(value) not in self._seen:
            if len(self._seen) >= _MOST:
                return None
            self._enter(value)
            self._to_follow.append((value, owner))
        return {"is": self._seen[id(value)][0]}

    def _of_followed(self, value: Any, owner: type | None) -> dict[str, Any]:
        kind = type(value)
        if kind is FunctionType:
            return own_content(value) | {"reads": self._of_function(value, owner)}
        if issubclass(kind, type):
            return self._of_class(value)
        if kind is functools.partial:
            given = {str(name): self._content(item) for name, item in (*enumerate(value.args), *value.keywords.items())}
            return {"called": self._followed(value.func), "given": _known(given)}
        if kind is MethodType:
            return {"method": self._followed(value.__func__), "of": self._followed(value.__self__)}
        return {"object": self._followed(kind)}

    def _of_class(self, owner: type) -> dict[str, Any]:
        members = {
            name: self._of_member(name, member, None)
            for name, member in sorted(class_names(owner).items())
            if not (name.startswith("_") and name.endswith("_")) or _has_source(member)
        }
        bases = [self._followed(base) for base in type.__dict__["__bases__"].__get__(owner)]
        return {"members": _known(members), "bases": [base for base in bases if base is not None]}

    def _of_member(self, name: str, member: Any, owner: type | None) -> Any:
        functions = [self._followed(function, owner) for function in _functions_of(member)]
        if functions:
            return functions
        # a list may be where it keeps something
        if name in self._known.attributes or _may_change(member):
            return None
        return self._content(member)


def _known(contents: Mapping[str, Any]) -> dict[str, Any]:
    return {name: content for name, content in contents.items() if content is not None}


def _find(around: dict[str, Any], path: tuple[str, ...]) -> _Place | None:
    """What stands at the end of a path, or the first thing on it that is no module of the user's."""
    for place, name in enumerate(path, 1):
        if name not in around:
            return None
        value = around[name]
        if place == len(path) or not issubclass(type(value), ModuleType) or not is_users_module(value):
            return _Place(value, around, path[:place])
        around = module_names(value)
    return None


def _reads(code: CodeType, path: tuple[str, ...]) -> bool:
    return path[-1] in names_of(code) and any(one[: len(path)] == path for one in code_reads(code).paths)


def _unwrapped(value: Any) -> Any:
    """The user's function behind `functools.cache` and its like, or behind an installed decorator."""
    for _ in range(_MOST):
        if type(value) is FunctionType and is_users_function(value):
            return value
        if issubclass(type(value), type):
            return value
        inner = own_names(value).get("__wrapped__")
        if type(inner) is not FunctionType:
            return value
        value = inner
    return value


def _closed_over(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """What it closes over; plain values count already."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not yet assigned
            continue


def _functions_of(member: Any) -> list[Any]:
    """The functions that a member of a class is made of; empty if it is something else."""
    kind = type(member)
    if kind is FunctionType:
        return [member]
    if issubclass(kind, staticmethod | classmethod):
        return [member.__func__]
    if issubclass(kind, property):
        return [function for function in (member.fget, member.fset, member.fdel) if function is not None]
    if kind is functools.cached_property:
        return [member.func]
    return []


def _may_change(value: Any) -> bool:
    if not is_one_of(type(value), _CONTAINERS):
        return False
    return constant_content(value) is None or mutable_depth(value) > 0


def _has_source(member: Any) -> bool:
    """Whether a special method was written; those that were made for a class change with Python's version."""
    return type(member) is FunctionType and bool(source_of(member))
