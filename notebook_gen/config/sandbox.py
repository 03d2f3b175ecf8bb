"""The sandbox that templates run in: what they may use, and how much of it.

Templates run on the loop's thread, where one that does not end would stop every run. Bounded, for each rendering: the
turns of all loops and the calls of all functions and macros together, the digits of an integer that `*` or `**` gives,
and the length of what `*` repeats. Not bounded is what a single filter or method does by itself, such as
`'x'.ljust(10**9)`, and text that grows from one turn of a loop to the next.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType
from typing import Any

from jinja2 import StrictUndefined, Undefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.environment import Environment, Template
from jinja2.exceptions import SecurityError
from jinja2.nativetypes import NativeCodeGenerator, NativeEnvironment
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

KEPT_GLOBALS = ("range", "dict", "namespace")

MAX_STEPS = 100_000
MAX_REPEATED = 1_000_000
MAX_BITS = 14_000  # just below 4,300 digits, the most that Python writes

_SCALARS = frozenset({str, int, float, bool, type(None)})
# no template can spell these names
_COUNTED = "counted steps"
_STEPS = "steps left"


def make_renderer(environment: Environment, code: CodeType) -> Callable[[Mapping[str, Any]], Any]:
    """Give what renders a compiled template.

    It raises jinja2's errors, or whatever an expression in the template raises.
    """
    template = Template.from_code(environment, code, environment.globals)
    root, new_context, concat = template.root_render_func, template.new_context, environment.concat

    def render(values: Mapping[str, Any]) -> Any:
        return concat(root(new_context({**values, _STEPS: [MAX_STEPS]})))

    return render


def check_value(value: Any) -> Any:
    """Give a value that a template gave; what is read bit by bit becomes a list.

    Raises:
        TypeError: it is a function, or something of Jinja2's own.
    """
    if type(value) in _SCALARS or isinstance(value, Undefined):
        return value
    if callable(value):
        name = getattr(value, "__name__", None) or getattr(value, "name", None) or type(value).__name__
        name = str(name).removeprefix("safe_")  # as jinja2 calls the range of its sandbox
        raise TypeError(f"{name!r} is a function, not a value: call it, as in {name}(), or read a column")
    if type(value).__module__.startswith("jinja2."):
        raise TypeError(f"a {type(value).__name__} is something of Jinja2's own, not a value")
    return list(value) if isinstance(value, Iterator) else value


class _Sandbox(ImmutableSandboxedEnvironment):
    """What both kinds of template have in common."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self) -> None:
        # not optimized: or Jinja2 would compute constant expressions, of any size, while it compiles
        super().__init__(undefined=StrictUndefined, autoescape=False, optimized=False, finalize=check_value)
        self.globals = {name: self.globals[name] for name in KEPT_GLOBALS}
        self.filters[_COUNTED] = _counted
        del self.filters["random"]  # would ignore the builder's seed

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply, or raise to a power, within bounds."""
        if operator == "**":
            _check_power(left, right)
        else:
            _check_product(left, right)
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805  # as jinja2 has it
        """Call a function or a macro, which is a step."""
        _take_step(__context.parent[_STEPS])
        return super().call(__context, __obj, *args, **kwargs)

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        for loop in source.find_all(nodes.For):
            if not (isinstance(loop.iter, nodes.Filter) and loop.iter.name == _COUNTED):
                loop.iter = nodes.Filter(loop.iter, _COUNTED, [], [], None, None, lineno=loop.lineno)
        return super()._generate(source, *args, **kwargs)


class _LateCodeGenerator(CodeGenerator):
    """Leaves constant expressions to be evaluated when they are rendered: within bounds, and with their own type."""

    def visit_Const(self, node: nodes.Const, frame: Frame) -> None:  # noqa: N802  # as jinja2 has it
        """Write a constant as Python reads it: what is too large for a float is infinite, whose name nobody defines."""
        if node.value == math.inf:
            self.write("1e999")
        else:
            super().visit_Const(node, frame)

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> Any:
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)


class _NativeCodeGenerator(_LateCodeGenerator, NativeCodeGenerator):
    pass


class TextEnvironment(_Sandbox):
    """Templates that give text."""

    code_generator_class = _LateCodeGenerator


class ValueEnvironment(_Sandbox, NativeEnvironment):
    """Templates that give a value; text from a model is never parsed into one."""

    code_generator_class = _NativeCodeGenerator

    @staticmethod
    def concat(values: Iterable[Any]) -> Any:
        """Give the value of the only part, or the text of all parts."""
        parts = list(values)
        return parts[0] if len(parts) == 1 else "".join(map(str, parts))


@pass_context
def _counted(context: Context, items: Iterable[Any]) -> Iterator[Any]:
    """Give the items of a loop, each of which is a step."""
    steps = context.parent[_STEPS]
    for item in items:
        _take_step(steps)
        yield item


def _take_step(steps: list[int]) -> None:
    steps[0] -= 1
    if steps[0] < 0:
        raise SecurityError(f"its loops and calls take more than {MAX_STEPS:,} steps")


def _check_power(base: Any, exponent: Any) -> None:
    if isinstance(base, int) and isinstance(exponent, int) and abs(base) > 1:
        _check_bits(base.bit_length() * exponent)


def _check_product(left: Any, right: Any) -> None:
    if type(left) is float or type(right) is float:
        return
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
        return
    times, repeated = (left, right) if isinstance(left, int) else (right, left)
    can_repeat = isinstance(times, int) and isinstance(repeated, str | bytes | list | tuple)
    if can_repeat and len(repeated) * times > MAX_REPEATED:
        raise SecurityError(f"it repeats something to a length above {MAX_REPEATED:,}")


def _check_bits(bits: int) -> None:
    if bits > MAX_BITS:
        raise SecurityError("it computes an integer of more than 4,000 digits")
