"""What hours of a run cost: a kernel's memory for a million events, bytes of a redraw, and a page's memory for many.

The events are those of a busy run, published in virtual time; the page is a real one, in headless Chromium.
"""

import resource
import shutil
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from notebook_gen.views.publisher import Publisher
from tests.benchmarks.figure import Figure
from tests.browser.lab_harness import LabServer, NotebookPage, OpenNotebook, launch_browser, window_of
from tests.views.virtual_hours import VirtualHours
from tests.views.weighing_board import WeighingBoard

_MEGABYTE = 1 << 20
_EVENTS = 1_000_000
_REDRAWS_EVERY = 60.0  # seconds of the run
_MOMENTS = (60.0, 600.0, 3600.0)
_LINE_BUDGET = 64  # bytes of trace an attempt, two events of which make one
_PAGE_SECONDS = (10, 40, 70)
_DECLARE = """
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency=0.05, max_parallel=8)
b["stars"] = ng.Integer(1, 5)
b["review"] = ng.LLMText("Write a {{ stars }}-star review of a kettle.")
b["reply"] = ng.LLMText("Answer this review: {{ review }}")
"""


class _Weight(NamedTuple):
    """A page after some time: bytes of its scripts' heap after a collection, and elements in it."""

    heap: float
    nodes: float


def measure() -> list[Figure]:
    """Measure the kernel's part in virtual time, then the page's in a browser if there is one."""
    chromium = shutil.which("chromium")
    return [*_measure_kernel(), *_measure_redraws(), *(_measure_page(chromium) if chromium is not None else [])]


def _measure_kernel() -> list[Figure]:
    """Memory of the observers for a million events, and the time that they take to fold them."""
    hours = VirtualHours()
    hours.until(60.0)
    resident, events = _resident(), hours.events
    began = time.perf_counter()
    _publish(hours, events + _EVENTS)
    seconds = time.perf_counter() - began
    resident = _resident() - resident
    tracemalloc.start()
    hours = VirtualHours()
    _publish(hours, _EVENTS)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    attempts = len(hours.run.trace) if hours.run.trace is not None else 0
    floor = f"{attempts / hours.events * _EVENTS * 46 / _MEGABYTE:.0f} MB: its lines of trace alone"
    budget = f"≤ {_EVENTS / 2 * _LINE_BUDGET / _MEGABYTE:.0f} MB"
    return [
        Figure("a million events: memory that observers keep", f"{kept / _MEGABYTE:.0f} MB", floor, None, budget),
        Figure("a million events: the process grows by", f"{resident / _MEGABYTE:.0f} MB", floor, None, ""),
        Figure("an event, made up and folded by every observer", f"{seconds / _EVENTS * 1e6:.1f} µs", "", None, ""),
    ]


def _publish(hours: VirtualHours, count: int) -> None:
    while hours.events < count:
        hours.until(hours.run.now + _REDRAWS_EVERY)


def _measure_redraws() -> list[Figure]:
    """Bytes of a redraw, late in a run as early, and the milliseconds that it takes."""
    hours = VirtualHours()
    board = WeighingBoard()
    publisher = Publisher(hours.run, board, _raise, clock=hours.run.elapsed, cpu_clock=lambda: 0.0)
    publisher.begin()
    publisher.hear({"plotly": "there"})
    figures = []
    for moment in _MOMENTS:
        hours.until(moment)
        publisher.tick()
        board.weigh()
        hours.until(moment + 1)
        began = time.process_time()
        publisher.tick()
        cost = time.process_time() - began
        what = f"a redraw after {moment / 60:.0f} min, {hours.events:,} events"
        figures.append(Figure(what, f"{board.weigh() / 1024:.0f} kB, {1000 * cost:.0f} ms", "", None, "≤ 64 kB"))
    return figures


def _measure_page(chromium: str) -> list[Figure]:
    """Memory of a page that shows a run, sooner and later."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "notebooks").mkdir()
        browser = stack.enter_context(launch_browser(chromium))
        lab = stack.enter_context(LabServer(folder / "lab", copies=[folder / "notebooks"]))
        opener = OpenNotebook(lab, window_of(browser), folder, "long-run")
        notebook = opener.run_cells("long-run", [_DECLARE, "run = b.preview(20_000)"])
        notebook.wait_for(".ng-live .ng-timeline .barlayer .point")
        weights = _weigh_at(notebook, _PAGE_SECONDS)
        opener.close()
    first, last = weights[0], weights[-1]
    what = f"a page that showed a run for {_PAGE_SECONDS[-1]} s (floor: for {_PAGE_SECONDS[0]} s)"
    heap, floor = f"{last.heap / _MEGABYTE:.1f} MB", f"{first.heap / _MEGABYTE:.1f} MB"
    return [
        Figure(f"{what}: heap of its scripts", heap, floor, last.heap / first.heap, "flat"),
        Figure(f"{what}: nodes", f"{last.nodes:.0f}", f"{first.nodes:.0f}", last.nodes / first.nodes, "flat"),
    ]


def _weigh_at(notebook: NotebookPage, moments: Sequence[int]) -> list[_Weight]:
    session = notebook.page.context.new_cdp_session(notebook.page)
    session.send("Performance.enable")
    weights = []
    began = time.monotonic()
    for moment in moments:
        notebook.page.wait_for_timeout(max(0.0, 1000 * (began + moment - time.monotonic())))
        session.send("HeapProfiler.collectGarbage")
        metrics = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
        weights.append(_Weight(metrics["JSHeapUsedSize"], metrics["Nodes"]))
    return weights


def _raise(error: Exception) -> None:
    raise error


def _resident() -> int:
    """Bytes of memory that this process holds, or held at most where that is not told."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        return 1024 * int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
