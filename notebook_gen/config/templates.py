"""Jinja2 templates as notebook_gen reads them: sandboxed, strict about names, exact about where an error stands."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, meta, nodes
from jinja2.compiler import Frame
from jinja2.environment import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream, ignored_tokens
from jinja2.nativetypes import NativeCodeGenerator, NativeEnvironment
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notebook_gen.errors import ConfigError

_KEPT_GLOBALS = ("range", "dict", "namespace")


def parse_inputs(source: str) -> tuple[str, ...]:
    """Give the names a template reads, in alphabetical order.

    Names that Jinja2 itself defines (`TEMPLATE_GLOBALS`) are among them: they may be columns, too.

    Raises:
        ConfigError: the template has a syntax error; says line and column.
    """
    try:
        return tuple(sorted(meta.find_undeclared_variables(_BARE.parse(source))))
    except TemplateSyntaxError as error:
        raise _syntax_error(source, error) from error


def is_expression(source: str) -> bool:
    """Tell whether a template is one `{{ expression }}` and nothing around it.

    Raises:
        ConfigError: as `parse_inputs`.
    """
    try:
        body = _BARE.parse(source).body
    except TemplateSyntaxError as error:
        raise _syntax_error(source, error) from error
    match body:
        case [nodes.Output(nodes=[node])]:
            return not isinstance(node, nodes.TemplateData)
        case _:
            return False


@lru_cache(maxsize=1024)
def compile_text(source: str) -> Callable[[Mapping[str, Any]], str]:
    """Compile a template that gives text.

    The callable raises jinja2's errors, or whatever an expression in the template raises.
    """
    return _renderer(_TEXT.from_string(source))


@lru_cache(maxsize=1024)
def compile_native(source: str) -> Callable[[Mapping[str, Any]], Any]:
    """Compile a template that gives a value: one `{{ expression }}` alone keeps its type, anything else is text."""
    return _renderer(_NATIVE.from_string(source))


def _renderer(template: Template) -> Callable[[Mapping[str, Any]], Any]:
    root, new_context, concat = template.root_render_func, template.new_context, template.environment.concat

    def render(values: Mapping[str, Any]) -> Any:
        return concat(root(new_context(dict(values))))

    return render


class _CountTokens(Extension):
    """Counts the tokens the parser has taken, so that an error can be placed in its line."""

    taken = 0

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        self.taken = 0
        return self._count(stream)

    def _count(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            self.taken += 1
            yield token


class _TextEnvironment(ImmutableSandboxedEnvironment):
    """Templates that give text."""


class _NativeCodeGenerator(NativeCodeGenerator):
    """Leaves constant expressions to be evaluated later: Jinja2 would put their text in place of their value."""

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> Any:
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)


class _NativeEnvironment(ImmutableSandboxedEnvironment, NativeEnvironment):
    """Templates that give a value; text from a model is never parsed into one."""

    code_generator_class = _NativeCodeGenerator

    @staticmethod
    def concat(values: Iterable[Any]) -> Any:
        parts = list(values)
        return parts[0] if len(parts) == 1 else "".join(map(str, parts))


def _environment(kind: type[Environment]) -> Environment:
    environment = kind(undefined=StrictUndefined, autoescape=False, extensions=[_CountTokens])
    environment.globals = {name: environment.globals[name] for name in _KEPT_GLOBALS}
    return environment


def _syntax_error(source: str, error: TemplateSyntaxError) -> ConfigError:
    line, column = _locate(source, error)
    shown = source.split("\n")[line - 1].strip()
    return ConfigError(
        f"template error at line {line}, column {column}: {(error.message or '').rstrip('.')}",
        advice=f"look at {shown!r}",
    )


def _locate(source: str, error: TemplateSyntaxError) -> tuple[int, int]:
    """Line and column (from 1) of a syntax error; Jinja2 itself tells the line only."""
    text = "\n".join(source.splitlines()) or source
    starts = [0]
    try:
        for _, token, value in _BARE.lexer.tokeniter(source, None):
            start = text.find(value, starts[-1])
            if token not in ignored_tokens and token not in ("raw_begin", "raw_end"):
                starts.append(max(start, starts[-1]))
    except TemplateSyntaxError as lexical:
        # the lexer stops where it cannot go on: just behind its last token
        _, _, position = (lexical.message or "").rpartition(" at ")
        offset = int(position) if position.isdigit() else starts[-1]
    else:
        counter = next(iter(_BARE.extensions.values()))
        taken = counter.taken if isinstance(counter, _CountTokens) else 0
        offset = starts[min(taken, len(starts) - 1)]
    line = min(error.lineno, text.count("\n") + 1)
    line_start = sum(len(part) + 1 for part in text.split("\n")[: line - 1])
    return line, max(offset - line_start, 0) + 1


_TEXT = _environment(_TextEnvironment)
_NATIVE = _environment(_NativeEnvironment)
# without globals, whose names could not be columns otherwise
_BARE = _environment(_TextEnvironment)
_BARE.globals = {}
TEMPLATE_GLOBALS = frozenset(_KEPT_GLOBALS)
