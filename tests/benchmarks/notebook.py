"""How long a notebook's user waits: for the cell that starts a run, and for the end of one that is interrupted."""

import statistics
import tempfile
import time
from pathlib import Path

from tests.benchmarks.figure import Figure
from tests.notebooks.kernel import Kernel, running_kernel

_TIMES = 5
_DECLARE = """
import time
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency=0.5)
b["stars"] = ng.Integer(1, 5)
b["review"] = ng.LLMText("Write a {{ stars }}-star review of a kettle.")
"""
_START = "began = time.perf_counter(); run = b.preview(200); print(time.perf_counter() - began)"


def measure() -> list[Figure]:
    """Measure the waits of a real kernel's user."""
    return [*_measure_start(), _measure_interrupt()]


def _measure_start() -> list[Figure]:
    """Time the call of `preview` in a real kernel, beside a cell that shows an empty widget."""
    with tempfile.TemporaryDirectory() as folder, running_kernel(Path(folder)) as kernel:
        kernel.run(_DECLARE)
        kernel.run("b")
        first = _starts(kernel)
        later = [_starts(kernel) for _ in range(_TIMES)]
        floor = statistics.median(_shows_a_widget(kernel) for _ in range(_TIMES))
    floor_text = f"{1000 * floor:.0f} ms: a cell that shows an empty ipywidget"
    what = "`preview(200)` returns in a notebook"
    return [
        Figure(f"{what}, the first time", f"{1000 * first:.0f} ms", floor_text, None, "≤ 50 ms"),
        Figure(f"{what}, later", f"{1000 * statistics.median(later):.0f} ms", floor_text, None, "≤ 50 ms"),
    ]


def _measure_interrupt() -> Figure:
    """Time from an interrupt to the end of the cell that waited."""
    waits = ("run.result()", "await run")
    with tempfile.TemporaryDirectory() as folder, running_kernel(Path(folder)) as kernel:
        kernel.run(_DECLARE)
        seconds = [_interrupts(kernel, waiting) for waiting in waits for _ in range(_TIMES)]
        floor = statistics.median(_interrupts(kernel, "time.sleep(60)") for _ in range(_TIMES))
    return Figure(
        "an interrupted cell that waits for a run ends, the run cancelled; the slowest of ten",
        f"{1000 * max(seconds):.0f} ms",
        f"{1000 * floor:.0f} ms: an interrupted time.sleep",
        None,
        "≤ 500 ms",
    )


def _starts(kernel: Kernel) -> float:
    seconds = float(kernel.run(_START).text)
    kernel.run("run.cancel()\nwhile not run.is_over: time.sleep(0.01)")
    return seconds


def _shows_a_widget(kernel: Kernel) -> float:
    shown = "began = time.perf_counter(); display(ipywidgets.VBox()); print(time.perf_counter() - began)"
    return float(kernel.run(f"import ipywidgets\n{shown}").text)


def _interrupts(kernel: Kernel, waiting: str) -> float:
    number = kernel.start(f"run = b.preview(200)\nprint('it waits', flush=True)\n{waiting}")
    kernel.wait_for_print(number, "it waits")
    time.sleep(0.3)  # it is in the midst of waiting
    began = time.perf_counter()
    kernel.interrupt()
    output = kernel.finish(number)
    seconds = time.perf_counter() - began
    if output.error not in ("KeyboardInterrupt", "CancelledError", "RunCancelled"):
        raise RuntimeError(f"the interrupted cell ended with {output.error or 'nothing'}")
    kernel.run("run.cancel()\nwhile not run.is_over: time.sleep(0.01)")
    return seconds
