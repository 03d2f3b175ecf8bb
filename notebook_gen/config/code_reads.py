"""Which names a function's code reads from outside, and which it assigns; the code of what stands in it counts, too."""

import dis
from collections.abc import Iterator
from types import CodeType
from typing import NamedTuple

_LOADS_NAME = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_LOADS_ATTRIBUTE = frozenset({"LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"})
_SAYS_NOTHING = frozenset({"EXTENDED_ARG", "CACHE", "NOP"})
_BEGINS_OBJECT = frozenset({"__init__", "__post_init__", "__new__", "__set_name__", "__init_subclass__"})
_ASSIGNS = tuple(bytes([dis.opmap[name]]) for name in ("STORE_GLOBAL", "DELETE_GLOBAL"))


class CodeReads(NamedTuple):
    """What a function's code reads and assigns.

    Attributes:
        paths: the globals it reads, each with the attributes that are read of it at once: `a.b.c` is `("a", "b", "c")`.
        attributes: every attribute it reads, of whatever.
        assigned: the globals it assigns or deletes.
        set_attributes: the attributes it assigns or deletes, but for those of an object that only begins.
    """

    paths: tuple[tuple[str, ...], ...]
    attributes: frozenset[str]
    assigned: frozenset[str]
    set_attributes: frozenset[str]


def code_reads(code: CodeType) -> CodeReads:
    """Give what some code reads and assigns; paths in the order of the code."""
    paths: dict[tuple[str, ...], None] = {}
    attributes: set[str] = set()
    assigned: set[str] = set()
    changed: set[str] = set()
    for part in _parts(code):
        steps = [step for step in dis.get_instructions(part) if step.opname not in _SAYS_NOTHING]
        paths |= dict.fromkeys(_paths(steps))
        attributes |= _named(steps, _LOADS_ATTRIBUTE)
        assigned |= _named(steps, {"STORE_GLOBAL", "DELETE_GLOBAL"})
        if part.co_name not in _BEGINS_OBJECT:
            changed |= _named(steps, {"STORE_ATTR", "DELETE_ATTR"})
    return CodeReads(tuple(paths), frozenset(attributes), frozenset(assigned), frozenset(changed))


def assigned_globals(code: CodeType) -> frozenset[str]:
    """Give the globals that some code assigns or deletes; fast where there are none."""
    return frozenset().union(
        *(
            _named(dis.get_instructions(part), {"STORE_GLOBAL", "DELETE_GLOBAL"})
            for part in _parts(code)
            if any(step in part.co_code[::2] for step in _ASSIGNS)
        )
    )


def names_of(code: CodeType) -> frozenset[str]:
    """Give all names of globals and attributes that stand in some code."""
    return frozenset().union(*(part.co_names for part in _parts(code)))


def _parts(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)


def _paths(steps: list[dis.Instruction]) -> Iterator[tuple[str, ...]]:
    # a class's body has names of its own
    own = _named(steps, {"STORE_NAME"})
    path: tuple[str, ...] = ()
    for step in steps:
        if path and step.opname in _LOADS_ATTRIBUTE:
            path = (*path, step.argval)
            continue
        if path:
            yield path
        path = (step.argval,) if step.opname in _LOADS_NAME and step.argval not in own else ()


def _named(steps: "Iterator[dis.Instruction] | list[dis.Instruction]", kinds: "set[str] | frozenset[str]") -> set[str]:
    return {step.argval for step in steps if step.opname in kinds}
