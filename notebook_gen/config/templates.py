"""Jinja2 templates as notebook_gen reads them: sandboxed, strict about names, exact about where an error stands."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

from jinja2 import TemplateSyntaxError, meta, nodes
from jinja2.environment import Environment

from notebook_gen.config.sandbox import KEPT_GLOBALS, TextEnvironment, ValueEnvironment, make_renderer
from notebook_gen.config.template_errors import CountTokens, python_error, syntax_error, word_error
from notebook_gen.errors import ConfigError

TEMPLATE_GLOBALS = frozenset(KEPT_GLOBALS)

_STATEMENTS: dict[type[nodes.Node], str] = {
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "from",
    nodes.Extends: "extends",
    nodes.ScopedEvalContextModifier: "autoescape",
}
"""The statements that need other files, or change how text is escaped."""


def parse_inputs(source: str) -> tuple[str, ...]:
    """Give the names a template reads, in alphabetical order.

    Names that Jinja2 itself defines (`TEMPLATE_GLOBALS`) are among them: they may be columns, too.

    Raises:
        ConfigError: the template cannot be compiled; says where.
    """
    template = _parse(source)
    compile_native(source)
    return template.names


def is_expression(source: str) -> bool:
    """Tell whether a template is one `{{ expression }}` and nothing around it.

    Raises:
        ConfigError: as `parse_inputs`.
    """
    match _parse(source).tree.body:
        case [nodes.Output(nodes=[node])]:
            return not isinstance(node, nodes.TemplateData)
        case _:
            return False


@lru_cache(maxsize=1024)
def compile_text(source: str) -> Callable[[Mapping[str, Any]], str]:
    """Compile a template that gives text.

    The callable raises jinja2's errors, or whatever an expression in the template raises.

    Raises:
        ConfigError: as `parse_inputs`.
    """
    return make_renderer(_TEXT, _compile(source, _TEXT))


@lru_cache(maxsize=1024)
def compile_native(source: str) -> Callable[[Mapping[str, Any]], Any]:
    """Compile a template that gives a value: one `{{ expression }}` alone keeps its type, anything else is text.

    Raises:
        ConfigError: as `parse_inputs`.
    """
    return make_renderer(_VALUE, _compile(source, _VALUE))


class _Parsed(NamedTuple):
    tree: nodes.Template
    names: tuple[str, ...]


@lru_cache(maxsize=1024)
def _parse(source: str) -> _Parsed:
    try:
        tree = _BARE.parse(source)
        _check(tree, source)
        return _Parsed(tree, tuple(sorted(meta.find_undeclared_variables(tree))))
    except TemplateSyntaxError as error:
        raise syntax_error(_BARE, source, error) from None
    except (RecursionError, MemoryError):
        raise _nested_too_deep() from None
    except ValueError as error:  # an integer of more digits than Python reads
        raise ConfigError(f"template error: {error}", advice="make the value by a function") from None


def _compile(source: str, environment: Environment) -> CodeType:
    tree, _ = _parse(source)
    try:
        python = environment.compile(tree, raw=True)
        return compile(python, "<template>", "exec")
    except SyntaxError as error:
        raise python_error(source, python, error) from None
    except (RecursionError, MemoryError):
        raise _nested_too_deep() from None


def _nested_too_deep() -> ConfigError:
    return ConfigError("template error: it is nested too deep", advice="make it in steps, each a column")


def _check(tree: nodes.Template, source: str) -> None:
    """Refuse what Jinja2 would only find while it renders, if at all."""
    for kind, word in _STATEMENTS.items():
        if tree.find(kind) is not None:
            problem = f"there is no {word!r} here: a template stands alone"
            raise word_error(_BARE, source, word, ("block_begin",), problem)
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        if isinstance(node, nodes.Filter) and node.name not in _BARE.filters:
            raise _unknown(source, "filter", node.name, _BARE.filters, ("|", "filter"))
        if isinstance(node, nodes.Test) and node.name not in _BARE.tests:
            raise _unknown(source, "test", node.name, _BARE.tests, ("is", "not"))
    if any(node.name == "self" for node in tree.find_all(nodes.Name)):
        problem = "'self' is the template itself in Jinja2, and never a column"
        raise word_error(_BARE, source, "self", (), problem, advice="call the column otherwise")


def _unknown(source: str, kind: str, name: str, known: Mapping[str, Any], before: tuple[str, ...]) -> ConfigError:
    advice = ""
    if kind == "filter" and name == "random":
        advice = "it would ignore the builder's seed: draw with ng.Category or ng.Integer"
    elif near := get_close_matches(name, known, n=1):
        advice = f"did you mean {near[0]!r}?"
    return word_error(_BARE, source, name, before, f"there is no {kind} {name!r}", advice=advice)


_TEXT = TextEnvironment()
_VALUE = ValueEnvironment()
# without globals, whose names could not be columns otherwise
_BARE = TextEnvironment()
_BARE.globals = {}
_BARE.add_extension(CountTokens)
