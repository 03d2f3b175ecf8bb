"""Where we are: in a notebook, in a terminal, or writing into a pipe. Loads nothing that is not loaded already."""

import sys
from typing import Literal


def detect() -> Literal["notebook", "terminal", "pipe"]:
    """Say how a run can show itself.

    "notebook": a kernel whose front end can show widgets (Jupyter, VS Code, Colab, marimo); "terminal": standard error
    is one; "pipe": anything else.
    """
    if _is_in_kernel() or _is_in_marimo():
        return "notebook"
    # standard error, where progress belongs; it is None in programs without a console
    return "terminal" if sys.stderr is not None and sys.stderr.isatty() else "pipe"


def _is_in_kernel() -> bool:
    ipython = sys.modules.get("IPython")
    get_ipython = getattr(ipython, "get_ipython", None)
    shell = get_ipython() if get_ipython is not None else None
    # the shell of `ipython` in a terminal has no kernel
    return getattr(shell, "kernel", None) is not None


def _is_in_marimo() -> bool:
    marimo = sys.modules.get("marimo")
    running = getattr(marimo, "running_in_notebook", None)
    return running is not None and bool(running())
