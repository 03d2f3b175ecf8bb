"""Whether a function's source only reads a list, dict or set, as far as that can be seen.

Whatever is not known to be a reading counts as a change: a list that a function adds to is where it keeps something,
and no part of what it is.
"""

import ast
from collections.abc import Sequence

_WHOLE = frozenset({"len", "str", "repr", "bool"})
_COPIES = frozenset({"sorted", "list", "tuple", "set", "frozenset", "dict", "enumerate", "zip", "reversed"}) | {
    *("min", "max", "sum", "any", "all"),
}
_LOOKS = frozenset({"get", "items", "keys", "values", "index", "count", "copy"}) | {
    *("union", "intersection", "difference", "symmetric_difference", "issubset", "issuperset", "isdisjoint"),
}
_ONLY_TAKE = frozenset({"choice", "choices", "sample", "isin", "map", "replace"})
"""Methods of generators of random numbers, and of pandas, that leave what they are given as it is."""


def only_reads(source: str, path: Sequence[str], depth: int) -> bool:
    """Tell whether a function only reads what stands under a name.

    Args:
        source: the function's.
        path: the name, and the attributes that lead from it: `("words", "TONES")` is `words.TONES`.
        depth: how many lists, dicts and sets lie in each other there.
    """
    try:
        # a method stands further in, and what stands in texts of several lines must not be moved
        tree = ast.parse(f"if True:\n{source}" if source[:1].isspace() else source)
    except (SyntaxError, ValueError, RecursionError):
        return False
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == path[0]]
    uses = [use for node in names if (use := _along(node, path[1:], parents)) is not None]
    return bool(uses) and all(_Uses(parents).is_read(use, depth) for use in uses)


def _along(node: ast.expr, attributes: Sequence[str], parents: dict[ast.AST, ast.AST]) -> ast.expr | None:
    """The node at the end of a path of attributes; None where the source takes another path."""
    for attribute in attributes:
        parent = parents.get(node)
        if not isinstance(parent, ast.Attribute) or parent.attr != attribute:
            return None
        node = parent
    return node


class _Uses:
    def __init__(self, parents: dict[ast.AST, ast.AST]) -> None:
        self._parents = parents

    def is_read(self, node: ast.AST, depth: int) -> bool:
        """Whether what a node gives is only read where it stands; of depth 0, it cannot be changed.

        The cases, by what it stands in: an index or what is indexed; a method of it; a call; what it is compared with
        or formatted into; a condition; what makes something new of what is in it.
        """
        if depth == 0:
            return True
        if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            return False
        parent = self._parents.get(node)
        match parent:
            case ast.Subscript(ctx=ast.Load()):
                return depth == 1 if parent.slice is node else self.is_read(parent, depth - 1)
            case ast.Attribute():
                return self._is_looked_at(parent, depth)
            case ast.Call():
                return self._is_taken(parent, depth)
            case ast.keyword(str()):
                call = self._parents[parent]
                return isinstance(call, ast.Call) and self._is_taken(call, depth)
            case ast.Compare() | ast.FormattedValue():
                return True
            case ast.If() | ast.While() | ast.Assert() | ast.IfExp() if parent.test is node:
                return True
            case ast.IfExp() | ast.BoolOp():
                return self.is_read(parent, depth)
            case ast.UnaryOp():
                return isinstance(parent.op, ast.Not)
        return depth == 1 and self._is_taken_apart(node, parent)

    def _is_taken_apart(self, node: ast.AST, parent: ast.AST | None) -> bool:
        """Whether only what is in it goes on: it is joined, gone over or unpacked."""
        match parent:
            case ast.BinOp() | ast.Starred() | ast.keyword():
                return True
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                return parent.iter is node
            case ast.Dict():
                return any(key is None and value is node for key, value in zip(parent.keys, parent.values, strict=True))
            case ast.Assign():
                return all(isinstance(target, ast.Tuple | ast.List) for target in parent.targets)
        return False

    def _is_looked_at(self, method: ast.Attribute, depth: int) -> bool:
        call = self._parents.get(method)
        if method.attr not in _LOOKS or not isinstance(call, ast.Call) or call.func is not method:
            return False
        match method.attr:
            case "get":
                return self.is_read(call, depth - 1)
            case "items" | "values":
                # what they give is new, what is in it is not
                return depth == 1 or self.is_read(call, depth)
            case "copy":
                return depth == 1
        return True

    def _is_taken(self, call: ast.Call, depth: int) -> bool:
        """Whether a call only reads what is given to it, as a text's join does, and what draws from a list."""
        match call.func:
            case ast.Name(name):
                return name in _WHOLE or (name in _COPIES and depth == 1)
            case ast.Attribute(ast.Constant(str()), "join"):
                return depth == 1
            case ast.Attribute(_, name):
                return name in _ONLY_TAKE and depth == 1
        return False
