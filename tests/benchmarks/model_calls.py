"""How close a run of model calls comes to what its endpoint allows: the deep shape at 16 calls at once."""

import time

import notebook_gen as ng
from tests.benchmarks.figure import Figure

_ROWS = 200
_LATENCY = 0.1
_CALLS_AT_ONCE = 16
_CALLS_A_ROW = 5
_LONGEST_PATH = 4


def measure() -> list[Figure]:
    """Wall time of the whole call ÷ max(critical path, work ÷ calls at once)."""
    builder = ng.DatasetBuilder(seed=1)
    builder.models["default"] = ng.DemoModel(latency=_LATENCY, spread=0, max_parallel=_CALLS_AT_ONCE)
    builder["subject"] = ng.Category(["kettles", "kites", "clocks", "saws"])
    builder["topic"] = ng.LLMText("Name a topic about {{ subject }}.")
    builder["summary"] = ng.LLMText("Summarise this: {{ topic }}")
    builder["trivia"] = ng.LLMText("Tell something little known about this: {{ topic }}")
    builder["analysis"] = ng.LLMText("Analyse this: {{ summary }}")
    builder["conclusion"] = ng.LLMText("Conclude from this: {{ analysis }}")
    # starting the demo endpoint's process is no part of the run
    builder.preview(1, show=False).result()

    began = time.perf_counter()
    dataset = builder.preview(_ROWS, show=False).result()
    seconds = time.perf_counter() - began

    if len(dataset) != _ROWS:
        raise RuntimeError(f"{len(dataset)} of {_ROWS} rows were made: {dataset.failures()}")
    floor = max(_LONGEST_PATH * _LATENCY, _ROWS * _CALLS_A_ROW * _LATENCY / _CALLS_AT_ONCE)
    return [
        Figure(
            what=f"{_ROWS} rows × deep shape, {_LATENCY * 1000:.0f} ms a call, {_CALLS_AT_ONCE} at once",
            measured=f"{seconds:.2f} s",
            floor=f"{floor:.2f} s: work ÷ {_CALLS_AT_ONCE}",
            ratio=seconds / floor,
            budget="≤ 1.10",
        )
    ]
