"""What a cell costs when making it costs nothing: async functions, beside a bare asyncio task with a semaphore."""

import asyncio
import time

import notebook_gen as ng
from tests.benchmarks.figure import Figure
from tests.benchmarks.race import race

_ROWS = 20_000
_COLUMNS = 5
_AT_ONCE = 64


def measure() -> list[Figure]:
    """Microseconds a cell ÷ microseconds a task of bare asyncio."""
    builder = ng.DatasetBuilder(seed=1, settings=ng.RunSettings(max_async_functions=_AT_ONCE))
    builder["number"] = ng.Integer(0, 1000)
    for index in range(_COLUMNS):
        builder.column(name=f"cell_{index}", inputs=["number"])(_cell)

    cells = _ROWS * _COLUMNS
    seconds, floor = race(builder, _ROWS, lambda: bare_asyncio(cells))
    return [
        Figure(
            what=f"{cells:,} cells of async functions that cost nothing",
            measured=f"{seconds / cells * 1e6:.1f} µs a cell",
            floor=f"{floor / cells * 1e6:.1f} µs: asyncio task + semaphore",
            ratio=seconds / floor,
            budget="≤ 1.50",
        )
    ]


async def _cell(values: dict[str, int]) -> int:
    return values["number"]


async def bare_asyncio(tasks: int) -> float:
    """Give the seconds for some tasks, each behind a semaphore, none of them doing anything."""
    semaphore = asyncio.Semaphore(_AT_ONCE)
    values = {"number": 1}

    async def task() -> int:
        async with semaphore:
            return await _cell(values)

    began = time.perf_counter()
    await asyncio.gather(*(task() for _ in range(tasks)))
    return time.perf_counter() - began
