"""Race: a builder's preview and what it cannot beat, by turns, so that both meet the same machine."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import notebook_gen as ng

_ROUNDS = 5


def race(builder: ng.DatasetBuilder, rows: int, floor: Callable[[], Awaitable[float]]) -> tuple[float, float]:
    """Give the seconds of a preview and of its floor, each the best of five.

    Args:
        builder: what is previewed; once before, so that nothing is loaded for the first time.
        rows: how many rows; each must be made.
        floor: does the same by hand, and gives its seconds.
    """
    builder.preview(10, show=False).result()
    floors, runs = [], []
    for _ in range(_ROUNDS):
        floors.append(asyncio.run(_seconds(floor)))
        began = time.perf_counter()
        dataset = builder.preview(rows, show=False).result()
        runs.append(time.perf_counter() - began)
        if len(dataset) != rows:
            raise RuntimeError(f"{len(dataset)} of {rows} rows were made: {dataset.failures()}")
    return min(runs), min(floors)


async def _seconds(floor: Callable[[], Awaitable[float]]) -> float:
    return await floor()
