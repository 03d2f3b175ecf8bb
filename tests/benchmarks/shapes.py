"""How close runs of model calls come to what their endpoints allow: four shapes of calls, 16 at once of each model.

The floor is the larger of two bounds that no schedule can beat: the longest chain of calls of a row, and a model's work
divided by its calls at once; where others must be called before or after it, with the least that these take. Both are
reckoned from the latencies that the endpoint was told to have, so that whatever HTTP, templates and the machine add
counts as ours. What a script of one's own takes for the same calls stands beside.
"""

import re
import time
from collections.abc import Mapping, Sequence

import notebook_gen as ng
from notebook_gen.demo.latency import latency_of
from notebook_gen.demo.process import demo_endpoint
from tests.benchmarks.bare_aiohttp import call_by_hand
from tests.benchmarks.call_shapes import SHAPES, CallShape
from tests.benchmarks.figure import Figure

_ROWS = 200
_LATENCY = 0.1
_SLOW_LATENCY = 0.3
"""Of the shape whose calls all come in lockstep: what HTTP takes of each round weighs less in it."""

_SPREADS = (0.0, 0.35)
_CALLS_AT_ONCE = 16
_ROUNDS = 2

Row = Mapping[str, str]


def measure() -> list[Figure]:
    """Wall time of the whole call ÷ max(critical path, work ÷ calls at once)."""
    usual = [_measure(shape, spread, _LATENCY) for spread in _SPREADS for shape in SHAPES]
    return [*usual, *(_measure(SHAPES[-1], spread, _SLOW_LATENCY) for spread in _SPREADS)]


def _measure(shape: CallShape, spread: float, latency: float) -> Figure:
    model = ng.DemoModel(latency=latency, spread=spread, max_parallel=_CALLS_AT_ONCE)
    builder = ng.DatasetBuilder(seed=1)
    builder.models.update(dict.fromkeys(shape.models, model))
    # each row asks something of its own, and so has latencies of its own
    builder["subject"] = ng.Integer(0, 10**9)
    shape.declare(builder)
    # starting the demo endpoint's process is no part of the run
    builder.preview(1, show=False).result()

    # by turns, and the best of each: what else the machine does meanwhile hits both alike
    runs, scripts = [], []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        dataset = builder.preview(_ROWS, show=False).result()
        runs.append(time.perf_counter() - began)
        if len(dataset) != _ROWS:
            raise RuntimeError(f"{len(dataset)} of {_ROWS} rows were made: {dataset.failures()}")
        rows = dataset.to_arrow().to_pylist()
        subjects = [row["subject"] for row in rows]
        scripts.append(call_by_hand(shape, subjects, demo_endpoint(model).base_url, _CALLS_AT_ONCE).wall)
    seconds, script = min(runs), min(scripts)
    floor, what = _floor(shape, model, rows)
    latencies = f"log-normal {spread}" if spread else "each"
    return Figure(
        what=f"{_ROWS} rows × {shape.name}, {latency * 1000:.0f} ms {latencies}, {_CALLS_AT_ONCE} at once",
        measured=f"{seconds:.2f} s",
        floor=f"{floor:.2f} s: {what}; bare aiohttp {script:.2f} s",
        ratio=seconds / floor,
        budget="≤ 1.05",
    )


def _floor(shape: CallShape, model: ng.DemoModel, rows: Sequence[Row]) -> tuple[float, str]:
    """Give the larger of the two bounds in seconds, and what it is."""
    latencies = [{column: _latency(shape, model, column, row) for column in shape.calls} for row in rows]
    ends = [_ends(shape, row) for row in latencies]
    longest = max(max(row.values()) for row in ends)
    busy = max(_busy(shape.of_model(name), shape, latencies) for name in shape.models)
    return max((busy, f"work ÷ {_CALLS_AT_ONCE}"), (longest, "the longest row"))


def _busy(columns: Sequence[str], shape: CallShape, rows: Sequence[Mapping[str, float]]) -> float:
    """Seconds that a model is busy with its columns, and the least that passes before its first and after its last."""
    work = sum(row[column] for row in rows for column in columns)
    before = min(ends[column] - row[column] for row in rows for ends in [_ends(shape, row)] for column in columns)
    after = min(_after(shape, row, column) for row in rows for column in columns)
    return before + work / _CALLS_AT_ONCE + after


def _latency(shape: CallShape, model: ng.DemoModel, column: str, row: Row) -> float:
    prompt = re.sub(r"{{ (\w+) }}", lambda found: str(row[found[1]]), shape.calls[column].prompt)
    return latency_of([("user", prompt)], median=model.latency, spread=model.spread, seed=model.seed)


def _ends(shape: CallShape, latencies: Mapping[str, float]) -> Mapping[str, float]:
    """Give the seconds until each call of a row has ended, if it waits for nothing but its inputs."""
    ends: dict[str, float] = {}
    for column, call in shape.calls.items():
        ends[column] = latencies[column] + max((ends.get(name, 0.0) for name in call.reads), default=0.0)
    return ends


def _after(shape: CallShape, latencies: Mapping[str, float], column: str) -> float:
    """Give the seconds that a row takes from the end of one call to its own, at least."""
    readers = [other for other, call in shape.calls.items() if column in call.reads]
    return max((latencies[other] + _after(shape, latencies, other) for other in readers), default=0.0)
