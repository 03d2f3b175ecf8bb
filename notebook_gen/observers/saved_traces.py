"""Traces that were saved, read back: what `Trace.to_pandas` gives, or the files in a dataset's folder `traces/`.

They know columns and resources by name, not what makes them: specs stand in for those of the run, so that a picture
has the same lanes, names, limits and pauses. Of traces without a `TraceContext`, the columns are in the order in which
they were first begun, and no limit and no pause is known.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from notebook_gen.config.columns import Column, Function, Integer, LLMText
from notebook_gen.errors import ConfigError
from notebook_gen.observers.trace import CANCELLED, IN_FLIGHT, IN_PLACE_SLOT, STATES, Trace
from notebook_gen.observers.trace_context import KEY, TraceContext
from notebook_gen.plan.graph import ASYNC_FUNCTIONS, THREADS, build_graph
from notebook_gen.plan.tasks import WHOLE_GROUP

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_NEEDED: Final = frozenset(
    {"column", "row", "row_group", "attempt", "resource", "slot", "state", "ready", "started", "ended", "error"}
    | {"tokens_in", "tokens_out"}
)
_MODEL: Final = "model "


def read_traces(frame: "pd.DataFrame") -> Trace:
    """Make a trace of a DataFrame of attempts.

    Raises:
        ConfigError: these are no traces.
    """
    missing = sorted(_NEEDED - set(map(str, frame.columns)))
    if missing:
        raise ConfigError(
            f"these are no traces: the columns {', '.join(missing)} are missing",
            advice='give run.traces, or pd.read_parquet("folder/traces") of a dataset\'s folder',
        )
    context = _context(frame)
    frame = frame.sort_values("started", kind="stable")
    resources = dict(zip(frame["column"].astype(str), frame["resource"].astype(str), strict=True))
    if context is not None:
        resources = {**context.columns, **resources}
    graph = build_graph({name: _stand_in(resource) for name, resource in resources.items()})
    trace = Trace(graph, context.ceilings if context is not None else None)
    if context is not None:
        trace.rows = context.rows
        trace.limit_moves = dict(context.limit_moves)
        trace.pauses = context.pauses
    nodes = {name: graph.columns[name] for name in resources}
    errors = {place: str(error) for place, error in enumerate(frame["error"]) if isinstance(error, str)}
    trace.extend(_columns(frame, nodes), errors)
    return trace


def _context(frame: "pd.DataFrame") -> TraceContext | None:
    """What was saved beside them; None where several runs were put together: limits and pauses are those of one."""
    context = TraceContext.read(frame.attrs.get(KEY))
    return context if context is not None and len(frame) <= context.attempts else None


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
    latest = float(np.nanmax(frame[["started", "ended"]].to_numpy(dtype=float), initial=0.0))
    return {
        "node": frame["column"].astype(str).map(nodes).to_numpy(dtype=np.uint16),
        "row_group": frame["row_group"].to_numpy(dtype=np.uint32),
        "row": frame["row"].fillna(WHOLE_GROUP).to_numpy(dtype=np.int32),
        "attempt": frame["attempt"].to_numpy(dtype=np.uint8),
        "slot": frame["slot"].fillna(IN_PLACE_SLOT).to_numpy(dtype=np.uint16),
        "state": frame["state"].astype(str).map(states).to_numpy(dtype=np.uint8),
        "ready": frame["ready"].to_numpy(dtype=float),
        "started": frame["started"].to_numpy(dtype=float),
        "ended": frame["ended"].fillna(latest).to_numpy(dtype=float),
        "tokens_in": frame["tokens_in"].to_numpy(dtype=np.uint32),
        "tokens_out": frame["tokens_out"].to_numpy(dtype=np.uint32),
    }
