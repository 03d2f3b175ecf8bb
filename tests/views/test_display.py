"""Where we are is found out without loading anything; in text, a run shows itself while somebody waits."""

import subprocess
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from notebook_gen.views.display import WaitingDisplay, detect


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


@pytest.mark.parametrize(("running", "place"), [(True, "marimo"), (False, "terminal")])
def test_a_cell_of_marimo_is_told_from_a_script_that_loads_it(
    running: bool, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "marimo", _module(running_in_notebook=lambda: running))
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: True))

    assert detect() == place


def test_standard_error_decides_between_terminal_and_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: True))

    assert detect() == "terminal"


def test_a_program_without_a_console_is_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)

    assert detect() == "pipe"


def test_finding_out_loads_neither_ipython_nor_rich() -> None:
    script = (
        "import sys; from notebook_gen.views.display import detect; "
        "print(detect(), sorted({'IPython', 'rich', 'ipywidgets'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "pipe []\n"


class _Lines:
    """A view in text that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def start(self) -> None:
        self.told.append("start")

    def update(self) -> None:
        self.told.append("update")

    def stop(self) -> None:
        self.told.append("stop")


def test_a_run_in_text_begins_to_show_itself_when_somebody_waits_for_it() -> None:
    view = _Lines()
    display = WaitingDisplay(view, clock=lambda: 0.0)
    assert view.told == []

    display.pump()

    assert view.told == ["start", "update"]
    assert display.widget is None
    assert not display.show_again()


def test_text_is_drawn_at_most_five_times_a_second_however_often_somebody_looks() -> None:
    view, times = _Lines(), iter([0.0, 0.05, 0.1, 0.19, 0.2, 0.3])
    display = WaitingDisplay(view, clock=lambda: next(times))

    for _ in range(6):
        display.pump()

    assert view.told == ["start", "update", "update"]


def test_the_end_is_shown_once_and_nothing_after_it() -> None:
    view = _Lines()
    display = WaitingDisplay(view, clock=lambda: 0.0)

    display.close()
    display.close()
    display.pump()

    assert view.told == ["start", "update", "stop"]
