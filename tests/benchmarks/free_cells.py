"""What a cell costs when making it costs nothing: async functions, beside a bare asyncio task with a semaphore."""

import asyncio
import time

import notebook_gen as ng
from tests.benchmarks.figure import Figure

_ROWS = 20_000
_COLUMNS = 5
_AT_ONCE = 64


def measure() -> list[Figure]:
    """Microseconds a cell ÷ microseconds a task of bare asyncio."""
    builder = ng.DatasetBuilder(seed=1, settings=ng.RunSettings(max_async_functions=_AT_ONCE))
    builder["number"] = ng.Integer(0, 1000)
    for index in range(_COLUMNS):
        builder.column(name=f"cell_{index}", inputs=["number"])(_cell)
    builder.preview(10, show=False).result()

    floor = asyncio.run(_bare_asyncio())
    began = time.perf_counter()
    dataset = builder.preview(_ROWS, show=False).result()
    seconds = time.perf_counter() - began
    floor = (floor + asyncio.run(_bare_asyncio())) / 2

    if len(dataset) != _ROWS:
        raise RuntimeError(f"{len(dataset)} of {_ROWS} rows were made: {dataset.failures()}")
    cells = _ROWS * _COLUMNS
    return [
        Figure(
            what=f"{cells:,} cells of async functions that cost nothing",
            measured=f"{seconds / cells * 1e6:.1f} µs a cell",
            floor=f"{floor / cells * 1e6:.1f} µs: asyncio task + semaphore",
            ratio=seconds / floor,
            budget="≤ 6",
        )
    ]


async def _cell(values: dict[str, int]) -> int:
    return values["number"]


async def _bare_asyncio() -> float:
    """Seconds for as many tasks as there are cells, each behind a semaphore, none of them doing anything."""
    semaphore = asyncio.Semaphore(_AT_ONCE)
    values = {"number": 1}

    async def task() -> int:
        async with semaphore:
            return await _cell(values)

    began = time.perf_counter()
    await asyncio.gather(*(task() for _ in range(_ROWS * _COLUMNS)))
    return time.perf_counter() - began
