"""What many calls at once cost beside a script: four shapes of calls, and bare aiohttp that makes the same ones.

Both call the same demo endpoint, through as many connections.
"""

import notebook_gen as ng
from notebook_gen.demo.process import demo_endpoint
from tests.benchmarks.bare_aiohttp import Cost, call_by_hand
from tests.benchmarks.call_shapes import SHAPES, CallShape
from tests.benchmarks.figure import Figure

_ROWS = 1000
_LATENCY = 0.1
_CALLS_AT_ONCE = (64, 256)
_SUBJECTS = ("kettles", "kites", "clocks", "saws")
_ROUNDS = 2


def measure() -> list[Figure]:
    """Wall time of a run ÷ that of bare aiohttp; and the CPU time of both, a call."""
    return [figure for at_once in _CALLS_AT_ONCE for shape in SHAPES for figure in _measure(shape, at_once)]


def _measure(shape: CallShape, at_once: int) -> list[Figure]:
    model = ng.DemoModel(latency=_LATENCY, spread=0, max_parallel=at_once)
    builder = ng.DatasetBuilder(seed=1)
    builder.models.update(dict.fromkeys(shape.models, model))
    # few different prompts: the endpoint has its answers ready, and its process keeps up
    builder["subject"] = ng.Category(_SUBJECTS)
    shape.declare(builder)
    builder.preview(4 * len(_SUBJECTS), show=False).result()

    # by turns, and the best of each: what else the machine does meanwhile hits both alike
    runs, scripts = [], []
    subjects = [_SUBJECTS[row % len(_SUBJECTS)] for row in range(_ROWS)]
    for _ in range(_ROUNDS):
        scripts.append(call_by_hand(shape, subjects, demo_endpoint(model).base_url, at_once))
        runs.append(_run(builder))
    calls = _ROWS * len(shape.calls)
    seconds, floor = min(cost.wall for cost in runs), min(cost.wall for cost in scripts)
    cpu, cpu_floor = min(cost.cpu for cost in runs), min(cost.cpu for cost in scripts)
    what = f"{_ROWS:,} rows × {shape.name}, {at_once} at once"
    return [
        Figure(what, f"{seconds:.2f} s", f"{floor:.2f} s: bare aiohttp", seconds / floor, "≤ 1.10"),
        Figure(
            what=f"{what}: CPU a call",
            measured=f"{1000 * cpu / calls:.2f} ms",
            floor=f"{1000 * cpu_floor / calls:.2f} ms: bare aiohttp",
            ratio=cpu / cpu_floor,
            budget="≤ 0.4 ms",
        ),
    ]


def _run(builder: ng.DatasetBuilder) -> Cost:
    began = Cost.now()
    dataset = builder.preview(_ROWS, show=False).result()
    cost = Cost.now().since(began)
    if len(dataset) != _ROWS:
        raise RuntimeError(f"{len(dataset)} of {_ROWS} rows were made: {dataset.failures()}")
    return cost
