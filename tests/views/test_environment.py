"""Where we are is found out without loading anything."""

import subprocess
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from notebook_gen.views.environment import detect


def _module(**content: Any) -> ModuleType:
    module = ModuleType("fake")
    for name, value in content.items():
        setattr(module, name, value)
    return module


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither IPython nor marimo is loaded, and standard error is a pipe."""
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    monkeypatch.delitem(sys.modules, "marimo", raising=False)
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: False))


def test_a_kernel_is_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", _module(get_ipython=lambda: shell))

    assert detect() == "notebook"


@pytest.mark.parametrize("shell", [None, SimpleNamespace()], ids=["only imported", "in a terminal"])
def test_ipython_without_a_kernel_is_no_notebook(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", _module(get_ipython=lambda: shell))

    assert detect() == "pipe"


@pytest.mark.parametrize(("running", "place"), [(True, "notebook"), (False, "pipe")])
def test_marimo_is_a_notebook_while_it_runs_one(running: bool, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "marimo", _module(running_in_notebook=lambda: running))

    assert detect() == place


def test_standard_error_decides_between_terminal_and_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: True))

    assert detect() == "terminal"


def test_a_program_without_a_console_is_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)

    assert detect() == "pipe"


def test_finding_out_loads_neither_ipython_nor_rich() -> None:
    script = (
        "import sys; from notebook_gen.views.environment import detect; "
        "print(detect(), sorted({'IPython', 'rich', 'ipywidgets'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "pipe []\n"
