"""What a run used of its models, per column: requests, tokens, seconds and cost."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from notebook_gen.config.models import Model
from notebook_gen.observers.progress import NodeProgress, Progress
from notebook_gen.plan.graph import Node

if TYPE_CHECKING:
    import pandas as pd


class Usage(NamedTuple):
    """What one column used of its model.

    Attributes:
        column: the column.
        model: the model's name.
        requests: calls that have ended, also those that failed.
        tokens_in: tokens of the prompts, as the endpoint counted them.
        tokens_out: tokens of the answers.
        seconds: time in flight of all calls, added up.
        cost: in the currency of the model's price; None where it has none.
    """

    column: str
    model: str
    requests: int
    tokens_in: int
    tokens_out: int
    seconds: float
    cost: float | None


def usage(progress: Progress, models: Mapping[str, Model]) -> list[Usage]:
    """Give what each column that a model makes has used so far, in the graph's order.

    Args:
        progress: how far the run is.
        models: the run's models, by alias.
    """
    return [
        _usage(node, counts, models[node.model])
        for node, counts in zip(progress.graph.nodes, progress.nodes, strict=True)
        if node.model is not None
    ]


def usage_table(progress: Progress, models: Mapping[str, Model]) -> "pd.DataFrame":
    """Give `usage` as a DataFrame with a row a column; an unknown cost is NaN."""
    import pandas as pd

    table = pd.DataFrame(usage(progress, models), columns=list(Usage._fields))
    return table.astype({"cost": "float64"})


def _usage(node: Node, counts: NodeProgress, model: Model) -> Usage:
    cost = None
    if model.price is not None:
        cost = (counts.tokens_in * model.price[0] + counts.tokens_out * model.price[1]) / 1e6
    return Usage(
        node.name, model.model, counts.attempts, counts.tokens_in, counts.tokens_out, round(counts.seconds, 6), cost
    )
