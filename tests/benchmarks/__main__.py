"""Measure what the README promises: `python -m tests.benchmarks`, or with names: `python -m tests.benchmarks startup`.

Each figure stands beside its floor, measured in the same run on the same machine, because seconds alone say more about
the machine than about the code. Takes a few minutes; nothing else should be running.
"""

import argparse
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from tests.benchmarks import (
    cells,
    faults,
    free_cells,
    limits,
    long_run,
    many_calls,
    million,
    notebook,
    samplers,
    shapes,
    startup,
    stragglers,
    threads,
    timeline,
    view,
)
from tests.benchmarks.figure import Figure

MEASUREMENTS: dict[str, Callable[[], Sequence[Figure]]] = {
    "shapes": shapes.measure,
    "many-calls": many_calls.measure,
    "limits": limits.measure,
    "faults": faults.measure,
    "stragglers": stragglers.measure,
    "free-cells": free_cells.measure,
    "threads": threads.measure,
    "samplers": samplers.measure,
    "cells": cells.measure,
    "startup": startup.measure,
    "notebook": notebook.measure,
    "timeline": timeline.measure,
    "view": view.measure,
    "long-run": long_run.measure,
    "million": million.measure,
}
ONLY_BY_NAME = frozenset({"million"})
"""These take many minutes."""


def main() -> None:
    """Measure what was named, or nearly everything, and print a line each."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of: {', '.join(MEASUREMENTS)}")
    names = parser.parse_args().names or [name for name in MEASUREMENTS if name not in ONLY_BY_NAME]
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
