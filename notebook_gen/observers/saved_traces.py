"""Traces that were saved, read back: what `Trace.to_pandas` gives, or the files in a dataset's folder `traces/`.

They know columns and resources by name, not what makes them: specs stand in for those of the run, so that a picture
has the same lanes, names, limits and pauses. Of traces without a `TraceContext`, the columns are in the order in which
they were first begun, and no limit and no pause is known.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Final

from notebook_gen.config.columns import Column, Function, Integer, LLMText
from notebook_gen.errors import ConfigError
from notebook_gen.events import LimitMoved
from notebook_gen.observers.trace import CANCELLED, IN_FLIGHT, IN_PLACE_SLOT, STATES, Joint, Trace
from notebook_gen.observers.trace_context import KEY, TraceContext, Undone
from notebook_gen.plan.graph import ASYNC_FUNCTIONS, THREADS, build_graph
from notebook_gen.plan.tasks import WHOLE_GROUP

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_NEEDED: Final = frozenset(
    {"column", "row", "row_group", "attempt", "resource", "slot", "state", "ready", "started", "ended", "error"}
    | {"tokens_in", "tokens_out"}
)
_BEGAN: Final = "run_began"
_MODEL: Final = "model "
_GAP: Final = 0.02  # between two runs, as a part of the time that all of them took


def read_traces(*frames: "pd.DataFrame") -> Trace:
    """Make a trace of attempts.

    Those of several runs come one after the other, a little apart: each run counts its seconds from 0.

    Args:
        frames: the attempts of one run or more, the earlier before the later; within one DataFrame, `run_began` says
            which is which.

    Raises:
        ConfigError: these are no traces.
    """
    runs = [run for frame in frames for run in _runs_of(frame)]
    contexts = [context for _, context in runs if context is not None]
    resources = {name: resource for context in contexts for name, resource in context.columns.items()}
    for attempts, _ in runs:
        resources |= zip(attempts["column"].astype(str), attempts["resource"].astype(str), strict=True)
    ceilings = Counter[str]()
    for context in contexts:
        ceilings |= Counter(context.ceilings)
    trace = Trace(build_graph({name: _stand_in(resource) for name, resource in resources.items()}), ceilings)
    trace.rows = max((context.rows for context in contexts), default=0)
    trace.is_over = True
    trace.began = _began(runs[0][0]) if len(runs) == 1 else None
    _add_runs(trace, runs)
    return trace


def _add_runs(trace: Trace, runs: "Sequence[tuple[pd.DataFrame, TraceContext | None]]") -> None:
    """Add some runs, one after the other."""
    lengths = [max(_length(attempts), beside.ended or 0.0 if beside else 0.0) for attempts, beside in runs]
    shift, gap, before = 0.0, _GAP * sum(lengths), None
    for (attempts, beside), length in zip(runs, lengths, strict=True):
        began = _began(attempts)
        if shift:
            later = None if began is None or before is None else max(0.0, began - before)
            trace.joints.append(Joint(shift - gap, shift, later))
        _add(trace, attempts, shift)
        if beside is not None:
            _add_context(trace, beside, shift, end=length if len(runs) > 1 else inf)
            trace.ended = None if beside.ended is None else shift + length
        before = None if began is None else began + length
        shift += length + gap


def _runs_of(frame: "pd.DataFrame") -> list[tuple["pd.DataFrame", TraceContext | None]]:
    """The attempts of each run, in order, with what was saved beside them."""
    missing = sorted(_NEEDED - set(map(str, frame.columns)))
    if missing:
        raise ConfigError(
            f"these are no traces: the columns {', '.join(missing)} are missing",
            advice='give run.traces, or the path of a dataset\'s folder, such as "reviews/"',
        )
    runs = [frame]
    if _BEGAN in frame and frame[_BEGAN].nunique(dropna=False) > 1:
        runs = [run for _, run in frame.groupby(_BEGAN, dropna=False)]
    context = TraceContext.read(frame.attrs.get(KEY))
    # of several runs that were put together, limits and pauses are those of one: nobody knows of which
    is_of_all = len(runs) == 1 and context is not None and len(frame) <= context.attempts
    return [(run.sort_values("started", kind="stable"), context if is_of_all else None) for run in runs]


def _began(frame: "pd.DataFrame") -> float | None:
    import pandas as pd

    moment = pd.to_datetime(frame[_BEGAN].iloc[0], utc=True) if _BEGAN in frame and len(frame) else pd.NaT
    return None if pd.isna(moment) else float(moment.timestamp())


def _length(frame: "pd.DataFrame") -> float:
    """When the last thing that is known of a run happened, in seconds since it began."""
    import numpy as np

    return float(np.nanmax(frame[["started", "ended"]].to_numpy(dtype=float), initial=0.0))


def _add(trace: Trace, frame: "pd.DataFrame", shift: float) -> None:
    """Add the attempts of a run that began so many seconds after the first."""
    errors = {place: str(error) for place, error in enumerate(frame["error"]) if isinstance(error, str)}
    columns = _columns(frame, trace.graph.columns)
    for name in ("ready", "started", "ended"):
        columns[name] = columns[name] + shift
    trace.extend(columns, errors)


def _add_context(trace: Trace, context: TraceContext, shift: float, *, end: float) -> None:
    """Add what limits did in a run, each of which began at its ceiling, and its pauses; nothing after its end."""
    for name, ceiling in context.ceilings.items():
        moves = trace.limit_moves.get(name, [])
        if ceiling != (moves[-1].limit if moves else trace.ceilings[name]):
            trace.limit_moves.setdefault(name, []).append(LimitMoved(shift, name, ceiling, 0.0))
    for name, moves in context.limit_moves.items():
        moved = [LimitMoved(at + shift, name, limit, resumes + shift) for at, _, limit, resumes in moves if at <= end]
        trace.limit_moves.setdefault(name, []).extend(moved)
    trace.pauses += [(start + shift, min(stop, end) + shift) for start, stop in context.pauses if start <= end]
    trace.undone += [Undone(since + shift, until + shift, count) for since, until, count in context.undone]


def _stand_in(resource: str) -> Column:
    """A spec that needs the same resource."""
    if resource.startswith(_MODEL):
        return LLMText("-", model=resource.removeprefix(_MODEL))
    if resource in (THREADS, ASYNC_FUNCTIONS):
        return Function(function=len, reads=(), is_async=resource == ASYNC_FUNCTIONS)
    return Integer(0, 0)


def _columns(frame: "pd.DataFrame", nodes: Mapping[str, int]) -> "dict[str, np.ndarray]":
    import numpy as np

    states = {name: code for code, name in enumerate(STATES)}
    # what was in flight when they were saved will never end
    states[STATES[IN_FLIGHT]] = CANCELLED
    return {
        "node": frame["column"].astype(str).map(nodes).to_numpy(dtype=np.uint16),
        "row_group": frame["row_group"].to_numpy(dtype=np.uint32),
        "row": frame["row"].fillna(WHOLE_GROUP).to_numpy(dtype=np.int32),
        "attempt": frame["attempt"].to_numpy(dtype=np.uint8),
        "slot": frame["slot"].fillna(IN_PLACE_SLOT).to_numpy(dtype=np.uint16),
        "state": frame["state"].astype(str).map(states).to_numpy(dtype=np.uint8),
        "ready": frame["ready"].to_numpy(dtype=float),
        "started": frame["started"].to_numpy(dtype=float),
        "ended": frame["ended"].fillna(_length(frame)).to_numpy(dtype=float),
        "tokens_in": frame["tokens_in"].to_numpy(dtype=np.uint32),
        "tokens_out": frame["tokens_out"].to_numpy(dtype=np.uint32),
    }
