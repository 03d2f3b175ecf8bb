"""TraceContext: what a trace knows besides its attempts: columns, limits, pauses; as text beside saved traces.

The text is JSON, under `KEY` in a DataFrame's `attrs`. pandas copies these with all that is made of a DataFrame, which
costs nothing for text. Parquet files have it where pandas keeps `attrs`, in the schema's metadata.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from notebook_gen.events import LimitMoved

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

KEY: Final = "notebook_gen"
"""Of the text, among the `attrs` of a DataFrame."""

_PANDAS_KEY: Final = b"PANDAS_ATTRS"  # of all `attrs`, as JSON, in the metadata of a schema
_DECIMALS: Final = 6
_MOST_UNDONE: Final = 500


class Undone(NamedTuple):
    """Tasks that waited for a slot until the end of their run.

    Attributes:
        since: since when.
        until: when the run ended.
        tasks: how many.
    """

    since: float
    until: float
    tasks: int


def count_undone(since: Sequence[float], until: float) -> list[Undone]:
    """Count tasks that waited until the end of their run.

    Args:
        since: since when each waited.
        until: when the run ended. With very many of them, those that waited nearly as long count as one kind.
    """
    counts = Counter(since)
    moments = sorted(counts)
    together = -(-len(moments) // _MOST_UNDONE) or 1
    parts = [moments[at : at + together] for at in range(0, len(moments), together)]
    return [Undone(part[0], until, sum(counts[moment] for moment in part)) for part in parts]


class TraceContext(NamedTuple):
    """What a picture shows of a run that is not an attempt.

    Attributes:
        attempts: the lines that were saved with it.
        rows: rows that were asked for; 0: not known.
        columns: the resource of what makes columns, by its name, in the order of declaration.
        ceilings: slots of each resource, as far as they are known.
        limit_moves: what the limit of each resource did, in order.
        pauses: when the run was paused, from when to when; infinity while it is.
        ended: when it ended, in seconds since it began; None: it goes on, or nobody knows.
        undone: what waited for a slot until then.
    """

    attempts: int
    rows: int
    columns: Mapping[str, str]
    ceilings: Mapping[str, int]
    limit_moves: Mapping[str, list[LimitMoved]]
    pauses: list[tuple[float, float]]
    ended: float | None = None
    undone: Sequence[Undone] = ()

    def write(self) -> str:
        """Give it as text."""
        moves = {
            name: [[_round(move.time), move.limit, _round(move.resumes)] for move in moves]
            for name, moves in self.limit_moves.items()
        }
        return json.dumps(
            {
                "attempts": self.attempts,
                "rows": self.rows,
                "columns": dict(self.columns),
                "ceilings": dict(self.ceilings),
                "limit_moves": moves,
                "pauses": [[_round(moment) for moment in pause] for pause in self.pauses],
                "ended": self.ended,
                "undone": [[_round(undone.since), undone.tasks] for undone in self.undone],
            },
            allow_nan=False,
            separators=(",", ":"),
        )

    @classmethod
    def read(cls, text: object) -> Self | None:
        """Read it; None for what is no such text: attempts can be drawn without."""
        try:
            data = json.loads(str(text))
            # both are younger than the rest
            ended, undone = data.get("ended"), data.get("undone", ())
            return cls(
                attempts=int(data["attempts"]),
                rows=int(data["rows"]),
                columns={str(name): str(resource) for name, resource in data["columns"].items()},
                ceilings={str(name): int(count) for name, count in data["ceilings"].items()},
                limit_moves={str(name): _read_moves(str(name), moves) for name, moves in data["limit_moves"].items()},
                pauses=[(float(start), _moment(end)) for start, end in data["pauses"]],
                ended=None if ended is None else float(ended),
                undone=[Undone(float(since), _moment(ended), int(count)) for since, count in undone],
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            return None


def schema_metadata(text: str) -> dict[bytes, bytes]:
    """Give the metadata of an Arrow schema from which `pd.read_parquet` makes the same `attrs`."""
    return {_PANDAS_KEY: json.dumps({KEY: text}).encode()}


def frame_of_table(table: "pa.Table") -> "pd.DataFrame":
    """Give a table as a DataFrame with its `attrs`, which Arrow alone would leave out."""
    frame: pd.DataFrame = table.to_pandas()
    saved = (table.schema.metadata or {}).get(_PANDAS_KEY)
    if saved is not None:
        frame.attrs |= json.loads(saved)
    return frame


def _read_moves(resource: str, moves: Iterable[tuple[Any, Any, Any]]) -> list[LimitMoved]:
    return [LimitMoved(float(time), resource, int(limit), _moment(resumes)) for time, limit, resumes in moves]


def _round(moment: float) -> float | None:
    """JSON knows no infinity."""
    return None if moment == inf else round(moment, _DECIMALS)


def _moment(moment: Any) -> float:
    return inf if moment is None else float(moment)
