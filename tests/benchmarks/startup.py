"""What `import notebook_gen` costs, beside an interpreter that does nothing."""

import statistics
import subprocess
import sys
import time

from tests.benchmarks.figure import Figure

_ROUNDS = 7


def measure() -> list[Figure]:
    """Seconds of a process that imports it − seconds of a process that does nothing; medians."""
    nothing = statistics.median(_seconds("pass") for _ in range(_ROUNDS))
    imported = statistics.median(_seconds("import notebook_gen") for _ in range(_ROUNDS))
    return [
        Figure(
            what="import notebook_gen",
            measured=f"{imported - nothing:.2f} s",
            floor=f"{nothing:.2f} s: python -c pass, taken off",
            ratio=None,
            budget="≤ 0.35 s",
        )
    ]


def _seconds(script: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", script], check=True)
    return time.perf_counter() - began
