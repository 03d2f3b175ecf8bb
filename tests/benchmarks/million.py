"""What a long create costs: a million rows of five columns, in µs a cell and in memory. Takes many minutes.

Each number of rows is made by a process of its own, which then measures its floor: the same cells by bare asyncio.
"""

import asyncio
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import notebook_gen as ng
from tests.benchmarks.figure import Figure
from tests.benchmarks.free_cells import bare_asyncio

_ROWS = (1_000, 10_000, 100_000, 1_000_000)
_COLUMNS = 5
_AT_ONCE = 64
_MEGABYTE = 1 << 20
_TRACE_LINE = 46


class _Created(NamedTuple):
    """What a create took.

    Attributes:
        seconds: of the whole call.
        floor: seconds for as many cells by hand.
        peak: the most memory the process held, in bytes, before the floor was measured.
        imported: as much before the run.
        trace_lines: attempts recorded.
    """

    seconds: float
    floor: float
    peak: int
    imported: int
    trace_lines: int


def measure() -> list[Figure]:
    """Microseconds a cell and peak memory of creates of different length."""
    return [figure for kind in _KINDS for rows in _ROWS for figure in _figures(kind, rows, _in_own_process(kind, rows))]


def _figures(kind: str, rows: int, created: _Created) -> list[Figure]:
    what = f"create of {rows:,} rows × {_COLUMNS} columns, {kind}"
    cells = rows * _COLUMNS
    trace = created.trace_lines * _TRACE_LINE / _MEGABYTE
    return [
        Figure(
            what=what,
            measured=f"{created.seconds / cells * 1e6:.1f} µs a cell",
            floor=f"{created.floor / cells * 1e6:.1f} µs: asyncio task + semaphore",
            ratio=created.seconds / created.floor,
            budget="flat",
        ),
        Figure(
            what=f"{what}: peak memory",
            measured=f"{created.peak / _MEGABYTE:.0f} MB, {trace:.0f} of them traces",
            floor=f"{created.imported / _MEGABYTE:.0f} MB: before the run",
            ratio=None,
            budget="≤ 600 MB",
        ),
    ]


def _in_own_process(kind: str, rows: int) -> _Created:
    # spawned: a forked process begins with its parent's memory
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_create, kind, rows).result()


def _create(kind: str, rows: int) -> _Created:
    builder = ng.DatasetBuilder(seed=1, settings=ng.RunSettings(max_async_functions=_AT_ONCE))
    _KINDS[kind](builder)
    builder.preview(10, show=False).result().to_arrow()
    with tempfile.TemporaryDirectory() as folder:
        imported = _peak()
        began = time.perf_counter()
        run = builder.create(rows, f"{folder}/dataset", show=False)
        dataset = run.result()
        seconds = time.perf_counter() - began
        peak = _peak()
    if len(dataset) != rows:
        raise RuntimeError(f"{len(dataset)} of {rows} rows were made: {dataset.failures()}")
    tasks, rounds = min(100_000, rows * _COLUMNS), max(1, rows * _COLUMNS // 100_000)
    floor = sum(asyncio.run(bare_asyncio(tasks)) for _ in range(min(5, rounds))) / min(5, rounds) * rounds
    return _Created(seconds, floor, peak, imported, len(run.traces))


def _declare_functions(builder: ng.DatasetBuilder) -> None:
    builder["number"] = ng.Integer(0, 1000)
    for index in range(_COLUMNS - 1):
        builder.column(name=f"cell_{index}", inputs=["number"])(_cell)


def _declare_samplers(builder: ng.DatasetBuilder) -> None:
    builder["stars"] = ng.Integer(1, 5)
    builder["price"] = ng.Float(5, 500, decimals=2)
    builder["tone"] = ng.Category(["dry", "warm", "furious"], weights=[2, 2, 1])
    builder["label"] = ng.Expression("{{ tone | upper }}: {{ stars }} of 5 for {{ price }}")
    builder["total"] = ng.Expression("{{ price * stars }}")


_KINDS: Mapping[str, Callable[[ng.DatasetBuilder], None]] = {
    "async functions": _declare_functions,
    "samplers and expressions": _declare_samplers,
}


async def _cell(values: dict[str, int]) -> int:
    return values["number"]


def _peak() -> int:
    """Bytes of memory that this process held at most."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
