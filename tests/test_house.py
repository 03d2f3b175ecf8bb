"""The house keeps its rules: sizes, what is exported, what an import costs, and what may never be written."""

import ast
import doctest
import importlib
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import notebook_gen

PACKAGE = Path(notebook_gen.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
FILES = sorted(path for suffix in ("py", "js", "css") for path in PACKAGE.rglob(f"*.{suffix}"))

EXPORTED = [
    "Category",
    "Column",
    "ColumnFailed",
    "ConfigError",
    "Dataset",
    "DatasetBuilder",
    "DemoFaults",
    "DemoModel",
    "DropColumns",
    "Expression",
    "Float",
    "GenerationError",
    "Integer",
    "LLMText",
    "Model",
    "NoRowsLeft",
    "NotebookGenError",
    "ProcessorError",
    "RateLimited",
    "Rejected",
    "RenameColumns",
    "Reshape",
    "Run",
    "RunCancelled",
    "RunError",
    "RunSettings",
    "StoppedEarly",
    "Transient",
    "WriteError",
    "enable_nested",
]

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _short(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def _functions() -> Iterator[tuple[str, Function, bool]]:
    """Every function of the package: where it stands, itself, whether it is a method with a self or cls."""
    for path, tree in TREES.items():
        methods = set(_methods(tree))
        for function in ast.walk(tree):
            if isinstance(function, Function):
                yield f"{_short(path)}:{function.lineno} {function.name}", function, function in methods


def _methods(tree: ast.Module) -> Iterator[Function]:
    for parent in ast.walk(tree):
        for member in parent.body if isinstance(parent, ast.ClassDef) else ():
            if isinstance(member, Function) and "staticmethod" not in map(_name, member.decorator_list):
                yield member


def _body_lines(function: Function) -> int:
    """Lines from the first statement to the last; the docstring does not count, blank lines and comments do."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _parameters(function: Function, *, is_method: bool) -> int:
    """Parameters of every kind, `*args` and `**kwargs` one each; self and cls do not count."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return len(named) + (arguments.vararg is not None) + (arguments.kwarg is not None) - is_method


def test_a_module_has_at_most_400_lines() -> None:
    lines = {_short(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}

    assert {module: count for module, count in lines.items() if count > 400} == {}


def test_a_function_body_has_at_most_40_lines() -> None:
    lines = {where: _body_lines(function) for where, function, _ in _functions()}

    assert {where: count for where, count in lines.items() if count > 40} == {}


def test_a_function_has_at_most_6_parameters() -> None:
    counts = {where: _parameters(function, is_method=is_method) for where, function, is_method in _functions()}

    assert {where: count for where, count in counts.items() if count > 6} == {}


def test_a_module_says_what_it_is() -> None:
    assert [_short(path) for path, tree in TREES.items() if ast.get_docstring(tree) is None] == []


def test_the_exported_names_are_these() -> None:
    assert sorted(notebook_gen.__all__) == EXPORTED


@pytest.mark.parametrize("name", EXPORTED)
def test_an_exported_name_can_be_imported_and_says_what_it_is(name: str) -> None:
    thing = getattr(notebook_gen, name)

    assert name in dir(notebook_gen)
    if name != "__version__":
        assert thing.__doc__
        assert thing.__doc__ not in [parent.__doc__ for parent in getattr(thing, "__mro__", ())[1:]]


def test_importing_notebook_gen_loads_no_heavy_library() -> None:
    heavy = [
        "pandas",
        "pyarrow",
        "numpy",
        "plotly",
        "ipywidgets",
        "anywidget",
        "IPython",
        "aiohttp",
        "rich",
        "graphviz",
    ]
    script = f"import json, sys, notebook_gen; print(json.dumps([name for name in {heavy!r} if name in sys.modules]))"

    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert json.loads(loaded.stdout) == []


def test_nothing_is_fetched_from_elsewhere() -> None:
    elsewhere = re.compile(
        r"//(cdn|unpkg|fonts)\.|jsdelivr|cdnjs|unpkg\.com|esm\.sh|skypack|mermaid\.ink", re.IGNORECASE
    )

    assert [_short(path) for path in FILES if elsewhere.search(path.read_text(encoding="utf-8"))] == []


def test_the_widget_that_executes_its_text_is_never_used() -> None:
    used = [f"{_short(path)}:{node.lineno}" for path, tree in TREES.items() for node in _raw_html_widgets(tree)]

    assert used == []


def _raw_html_widgets(tree: ast.Module) -> Iterator[ast.Attribute | ast.ImportFrom]:
    aliases = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if alias.name in ("ipywidgets", "widgets")
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("HTML", "HTMLMath") and _name(node.value) in aliases:
            yield node
        if isinstance(node, ast.ImportFrom) and node.module == "ipywidgets" and _imports_html(node):
            yield node


def _name(node: ast.expr) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def _imports_html(node: ast.ImportFrom) -> bool:
    return any(alias.name in ("HTML", "HTMLMath", "*") for alias in node.names)


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(notebook_gen.__path__, "notebook_gen."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def test_the_examples_in_docstrings_run() -> None:
    runner = doctest.DocTestRunner()
    finder = doctest.DocTestFinder(exclude_empty=True)

    for module in (notebook_gen, *_modules()):
        for example in finder.find(module, module.__name__):
            runner.run(example)

    assert runner.summarize(verbose=False).failed == 0
