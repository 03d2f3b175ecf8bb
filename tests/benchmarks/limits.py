"""How a run bears with endpoints that take less than they are offered, over real HTTP."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

import notebook_gen as ng
from notebook_gen.observers.trace import AGAIN, DONE
from tests.benchmarks.figure import Figure

_CEILING = 16
_CALLS = 1000
_LATENCY = 0.05
_CAPACITY = 8
_ROUNDS = 2

_DIP = (2.0, 5.0, 4)
"""Capacity while it is less: begin and end in seconds, and calls at once."""

_OUTAGE = (2.0, 7.0)
_REFUSAL = (1.0, 3.0)


def measure() -> list[Figure]:
    """Measure each fault's price beside what it would cost at best."""
    return [*_capacity(), *_dip(), *_outage(), _other_model()]


@dataclass(frozen=True)
class _Called:
    """A run of calls that has ended.

    Attributes:
        seconds: of the whole call.
        columns: its trace, by column of it; lines of what was made in place left out.
    """

    seconds: float
    columns: Mapping[str, "np.ndarray"]

    @property
    def refused(self) -> int:
        """Attempts that were answered with something else, and tried again."""
        return int((self.columns["state"] == AGAIN).sum())

    def ends(self, node: int | None = None) -> "np.ndarray":
        """Give when the good calls ended, in order: all of them, or those of one node."""
        is_good = self.columns["state"] == DONE
        if node is not None:
            is_good &= self.columns["node"] == node
        return np.sort(self.columns["ended"][is_good])


def _call(models: Mapping[str, ng.DemoModel], rows: int = _CALLS) -> _Called:
    """Make a call of each model in each row; the columns are called as the models."""
    builder = ng.DatasetBuilder(seed=1)
    builder.models.update(models)
    builder["subject"] = ng.Integer(0, 10**9)
    for alias in models:
        builder[alias] = ng.LLMText("Write about {{ subject }}.", model=alias)
    # starting the demo endpoint's process is no part of the run
    builder.preview(1, show=False).result()
    began = time.perf_counter()
    run = builder.preview(rows, show=False)
    dataset = run.result()
    seconds = time.perf_counter() - began
    if len(dataset) != rows:
        raise RuntimeError(f"{len(dataset)} of {rows} rows were made: {dataset.failures()}")
    columns = run.traces.columns()
    is_call = columns["node"] > 0
    return _Called(seconds, {name: column[is_call] for name, column in columns.items()})


def _model(faults: ng.DemoFaults | None = None, latency: float = _LATENCY) -> ng.DemoModel:
    return ng.DemoModel(latency=latency, spread=0, max_parallel=_CEILING, faults=faults)


def _capacity() -> Sequence[Figure]:
    called = _call({"default": _model(ng.DemoFaults(capacity=_CAPACITY))})
    floor = _CALLS * _LATENCY / _CAPACITY
    what = f"{_CALLS:,} calls of {_LATENCY * 1000:.0f} ms, ceiling {_CEILING}, endpoint takes {_CAPACITY} at once"
    return [
        Figure(what, f"{called.seconds:.2f} s", f"{floor:.2f} s: work ÷ {_CAPACITY}", called.seconds / floor, "≤ 1.25"),
        Figure(f"{what}: 429s", f"{called.refused}", "0", None, "few"),
    ]


def _dip() -> Sequence[Figure]:
    begin, end, least = _DIP
    schedule = [(0.0, _CEILING), (begin, least), (end, _CEILING)]
    rows = 2 * _CALLS
    called = _call({"default": _model(ng.DemoFaults(capacity=schedule))}, rows)
    # what is not done when the capacity is back is done at full speed
    done = (begin * _CEILING + (end - begin) * least) / _LATENCY
    floor = end + max(0.0, rows - done) * _LATENCY / _CEILING
    what = f"{rows:,} calls of {_LATENCY * 1000:.0f} ms, capacity {_CEILING} → {least} → {_CEILING}"
    return [
        Figure(what, f"{called.seconds:.2f} s", f"{floor:.2f} s: work ÷ capacity", called.seconds / floor, "≤ 1.25"),
        Figure(f"{what}: 429s", f"{called.refused}", "0", None, "few"),
    ]


def _outage() -> Sequence[Figure]:
    begin, end = _OUTAGE
    called = _call({"default": _model(ng.DemoFaults(outages=[_OUTAGE]))}, 2 * _CALLS)
    calm = _call({"default": _model()}, 2 * _CALLS)
    # the endpoint's time begins with the first call, which begins the run but for some ms
    offset = float(called.columns["started"].min())
    what = f"an outage of {end - begin:.0f} s among {2 * _CALLS:,} calls of {_LATENCY * 1000:.0f} ms, no row lost"
    floor = calm.seconds + end - begin
    return [
        Figure(what, f"{called.seconds:.2f} s", f"{floor:.2f} s: without, + 5 s", called.seconds / floor, ""),
        Figure(
            what=f"{what}: from its end until full speed",
            measured=f"{_until_full(called.ends(), end + offset, 2 * _CALLS / calm.seconds):.2f} s",
            floor=f"{_LATENCY:.2f} s: a call",
            ratio=None,
            budget="≤ 1 s",
        ),
    ]


def _until_full(ends: "np.ndarray", moment: float, speed: float) -> float:
    """Seconds from a moment until calls are begun as fast as without an outage: `speed` of them a second.

    Full speed is a window of ten calls' time in which nine tenths of what it can hold have ended; what ends in it was
    begun a call's time before.
    """
    window = 10 * _LATENCY
    full = 0.9 * speed * window
    for first in ends[ends >= moment]:
        if np.searchsorted(ends, first + window) - np.searchsorted(ends, first) >= full:
            return float(first - moment)
    raise RuntimeError("it never came back to full speed")


def _other_model() -> Figure:
    begin, end = _REFUSAL
    refuses = ng.DemoFaults(capacity=[(0.0, _CEILING), (begin, 0), (end, _CEILING)])
    # by turns, and the best of each: what else the machine does meanwhile hits both alike
    refused: list[float] = []
    calm: list[float] = []
    for _ in range(_ROUNDS):
        for faults, seconds in ((refuses, refused), (None, calm)):
            called = _call({"calm": _model(), "refusing": _model(faults)})
            seconds.append(float(called.ends(node=1)[-1]))
    fastest, floor = min(refused), min(calm)
    return Figure(
        what=f"{_CALLS:,} calls of one model while another refuses all for {end - begin:.0f} s",
        measured=f"{_CALLS / fastest:.0f} calls/s",
        floor=f"{_CALLS / floor:.0f} calls/s: when none refuses",
        ratio=fastest / floor,
        budget="1",
    )
