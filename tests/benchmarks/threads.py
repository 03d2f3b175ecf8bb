"""What a sync function's cell costs in the thread pool, beside handing the same function to the pool by hand."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import notebook_gen as ng
from tests.benchmarks.figure import Figure
from tests.benchmarks.race import race

_ROWS = 20_000
_THREADS = 8


def measure() -> list[Figure]:
    """Microseconds a cell ÷ microseconds a bare `run_in_executor`."""
    builder = ng.DatasetBuilder(seed=1, settings=ng.RunSettings(threads=_THREADS))
    builder["number"] = ng.Integer(0, 1000)
    builder.column(name="twice")(_twice)
    seconds, floor = race(builder, _ROWS, _bare_executor)
    return [
        Figure(
            what=f"{_ROWS:,} cells of a sync function that costs nothing, {_THREADS} threads",
            measured=f"{seconds / _ROWS * 1e6:.1f} µs a cell",
            floor=f"{floor / _ROWS * 1e6:.1f} µs: run_in_executor",
            ratio=seconds / floor,
            budget="≤ 60 µs",
        )
    ]


def _twice(number: int) -> int:
    return 2 * number


async def _bare_executor() -> float:
    """Seconds for as many calls as there are cells, `_THREADS` at once."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(_THREADS) as pool:

        async def hand_over(numbers: range) -> None:
            for number in numbers:
                await loop.run_in_executor(pool, _twice, number)

        began = time.perf_counter()
        await asyncio.gather(*(hand_over(range(first, _ROWS, _THREADS)) for first in range(_THREADS)))
        return time.perf_counter() - began
