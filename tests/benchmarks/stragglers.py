"""Whether one slow call, or one that fails at first, holds up rows that have nothing to do with it."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import notebook_gen as ng
from tests.benchmarks.figure import Figure

_ROWS = 1000
_GROUP = 50
_LATENCY = 0.05
_AT_ONCE = 16
_TIMES = 20
_ODD_ROW = 3

Wait = Callable[[int], Awaitable[None]]


def measure() -> list[Figure]:
    """Seconds until all other row groups are written ÷ the same without the odd call."""
    usual = _other_writes(_same)
    odd_calls: Sequence[tuple[str, Wait]] = (
        (f"a call of {_TIMES} × the latency", _slow),
        ("a call that fails at first", _fails_at_first()),
    )
    return [_figure(what, _other_writes(wait), usual) for what, wait in odd_calls]


def _figure(what: str, writes: Mapping[int, float], usual: Mapping[int, float]) -> Figure:
    last, usual_last = max(writes.values()), max(usual.values())
    latest = max(0.0, *(writes[number] - usual[number] for number in usual))
    return Figure(
        what=f"{what} in the first of {_ROWS // _GROUP} row groups: the others are written",
        measured=f"{last:.2f} s, none later by more than {1000 * latest:.0f} ms",
        floor=f"{usual_last:.2f} s: without it",
        ratio=last / usual_last,
        budget="1",
    )


def _other_writes(wait: Wait) -> Mapping[int, float]:
    """Give when each row group but the first was written, in seconds since the run's begin."""
    settings = ng.RunSettings(row_group_size=_GROUP, max_async_functions=_AT_ONCE)
    builder = ng.DatasetBuilder(seed=1, settings=settings)
    counter = iter(range(_ROWS))

    @builder.column(ordered=True)
    def number() -> int:
        return next(counter)

    @builder.column
    async def called(number: int) -> int:
        await wait(number)
        return number

    times: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        run = builder.create(
            _ROWS,
            f"{folder}/dataset",
            on_row_group=lambda _, number: times.update({number: time.perf_counter() - began}),
            show=False,
        )
        dataset = run.result()
    if len(dataset) != _ROWS:
        raise RuntimeError(f"{len(dataset)} of {_ROWS} rows were made: {dataset.failures()}")
    del times[0]
    return times


async def _same(_: int) -> None:
    await asyncio.sleep(_LATENCY)


async def _slow(number: int) -> None:
    await asyncio.sleep(_LATENCY * (_TIMES if number == _ODD_ROW else 1))


def _fails_at_first() -> Wait:
    has_failed = False

    async def wait(number: int) -> None:
        nonlocal has_failed
        await asyncio.sleep(_LATENCY)
        if number == _ODD_ROW and not has_failed:
            has_failed = True
            raise ng.Transient("the connection was lost")

    return wait
