"""Measure what the README promises: `python -m tests.benchmarks`, or with names: `python -m tests.benchmarks startup`.

Each figure stands beside its floor, measured in the same run on the same machine, because seconds alone say more about
the machine than about the code. Takes about a minute; nothing else should be running.
"""

import argparse
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from tests.benchmarks import free_cells, model_calls, notebook, samplers, startup
from tests.benchmarks.figure import Figure

MEASUREMENTS: dict[str, Callable[[], Sequence[Figure]]] = {
    "model-calls": model_calls.measure,
    "free-cells": free_cells.measure,
    "samplers": samplers.measure,
    "startup": startup.measure,
    "notebook": notebook.measure,
}


def main() -> None:
    """Measure what was named, or everything, and print a line each."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of: {', '.join(MEASUREMENTS)}")
    names = parser.parse_args().names or list(MEASUREMENTS)
    if unknown := [name for name in names if name not in MEASUREMENTS]:
        parser.error(f"no measurement is called {unknown[0]!r}; there are {', '.join(MEASUREMENTS)}")
    console = Console(width=120)
    table = Table("what", "measured", "floor", "ratio", "budget")
    for name in names:
        with console.status(f"measuring {name}"):
            figures = MEASUREMENTS[name]()
        for figure in figures:
            ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
            table.add_row(figure.what, figure.measured, figure.floor, ratio, figure.budget)
    console.print(table)


if __name__ == "__main__":
    main()
