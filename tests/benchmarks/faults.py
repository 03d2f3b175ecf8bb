"""Whether every row is accounted for when two calls in five go wrong, over real HTTP."""

import time

import notebook_gen as ng
from tests.benchmarks.figure import Figure

_ROWS = 1000
_LATENCY = 0.05
_CEILING = 16
_FAULTS = ng.DemoFaults(rate_limited=0.3, server_error=0.05, dropped_connection=0.05)


def measure() -> list[Figure]:
    """Rows delivered and dropped, and the wall time beside that of a run without faults.

    Raises:
        RuntimeError: a row was lost in silence, or dropped for a 429.
    """
    seconds, delivered, dropped = _run(ng.DemoModel(latency=_LATENCY, spread=0, max_parallel=_CEILING, faults=_FAULTS))
    floor, *_ = _run(ng.DemoModel(latency=_LATENCY, spread=0, max_parallel=_CEILING))
    what = f"{_ROWS:,} calls of {_LATENCY * 1000:.0f} ms; 30 % 429, 5 % 500, 5 % closed connections"
    return [
        Figure(what, f"{seconds:.2f} s", f"{floor:.2f} s: without faults", seconds / floor, ""),
        Figure(f"{what}: rows", f"{delivered} delivered, {dropped} dropped, none for a 429", f"{_ROWS}", None, "all"),
    ]


def _run(model: ng.DemoModel) -> tuple[float, int, int]:
    """Give the seconds, the rows delivered, and the rows dropped."""
    builder = ng.DatasetBuilder(seed=1)
    builder.models["default"] = model
    builder["subject"] = ng.Integer(0, 10**9)
    builder["text"] = ng.LLMText("Write about {{ subject }}.")
    # starting the demo endpoint's process is no part of the run
    builder.preview(1, show=False).result()
    began = time.perf_counter()
    run = builder.preview(_ROWS, show=False)
    dataset = run.result()
    seconds = time.perf_counter() - began
    failures = run.failures()
    if len(dataset) + len(failures) != _ROWS or failures["error"].eq("").any():
        raise RuntimeError(f"{len(dataset)} rows delivered and {len(failures)} failures told, of {_ROWS} rows")
    if failures["kind"].eq("rate limited").any():
        raise RuntimeError(f"rows were dropped for a 429: {failures}")
    return seconds, len(dataset), len(failures)
