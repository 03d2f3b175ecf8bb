"""What a run used of its models, per column and in all: requests, tokens, seconds, cost; and what it may come to."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from notebook_gen.config.models import Model
from notebook_gen.observers.progress import NodeProgress, Progress

if TYPE_CHECKING:
    import pandas as pd

_ENOUGH: Final = 3  # cells of a column, before which their mean says nothing


class Usage(NamedTuple):
    """What one column used of its model.

    Attributes:
        column: the column.
        alias: what the run calls its model.
        model: what the model's endpoint calls it.
        requests: calls that have ended, also those that failed.
        tokens_in: tokens of the prompts, as the endpoint counted them.
        tokens_out: tokens of the answers.
        truncated: answers that end where the model ran out of tokens.
        seconds: time in flight of all calls, added up.
        cost: in US dollars; None where the model has no price.
    """

    column: str
    alias: str
    model: str
    requests: int
    tokens_in: int
    tokens_out: int
    truncated: int
    seconds: float
    cost: float | None


class Spending(NamedTuple):
    """What a run has used of its models so far, and in all if it goes on as it did.

    Attributes:
        tokens: of prompts and answers.
        tokens_expected: None while nobody can know.
        cost: in US dollars; None if no model has a price. Models without one count nothing.
        cost_expected: None while nobody can know.
        unpriced: aliases of the models that the cost leaves out, as they have no price; none where no cost is known.
    """

    tokens: int
    tokens_expected: int | None
    cost: float | None
    cost_expected: float | None
    unpriced: tuple[str, ...] = ()


def usage(progress: Progress, models: Mapping[str, Model]) -> list[Usage]:
    """Give what each column that a model makes has used so far, in the graph's order.

    Args:
        progress: how far the run is.
        models: the run's models, by alias.
    """
    return [
        _usage(node.name, node.model, counts, models[node.model])
        for node, counts in zip(progress.graph.nodes, progress.nodes, strict=True)
        if node.model is not None
    ]


def usage_table(progress: Progress, models: Mapping[str, Model]) -> "pd.DataFrame":
    """Give `usage` as a DataFrame with a row a column; an unknown cost is NaN."""
    import pandas as pd

    table = pd.DataFrame(usage(progress, models), columns=list(Usage._fields))
    return table.astype({"cost": "float64"})


def spending(progress: Progress, models: Mapping[str, Model]) -> Spending:
    """Give what all columns have used, and will have used.

    Each column is expected to need as many tokens for a cell as it did so far, for all the cells that it has to make:
    not for those that an earlier run has made, also where this one has not come to them yet.

    Args:
        progress: how far the run is.
        models: the run's models, by alias.
    """
    asked = progress.rows - progress.rows_dropped
    tokens = 0
    tokens_expected: float = 0
    cost = cost_expected = 0.0
    has_price, is_known = False, True
    unpriced: dict[str, None] = {}
    for node, counts in zip(progress.graph.nodes, progress.nodes, strict=True):
        if node.model is None:
            continue
        left = max(0, asked - counts.done - counts.skipped - counts.kept_ahead)
        made = counts.done - counts.kept
        is_known &= not left or made >= _ENOUGH
        growth = 1 + left / max(1, made)
        used = counts.tokens_in + counts.tokens_out
        tokens += used
        tokens_expected += used * growth
        spent = _cost(counts, models[node.model])
        if spent is not None:
            has_price = True
            cost += spent
            cost_expected += spent * growth
        elif used or left:
            unpriced[node.model] = None
    return Spending(
        tokens,
        round(tokens_expected) if is_known else None,
        cost if has_price else None,
        cost_expected if has_price and is_known else None,
        tuple(unpriced) if has_price else (),
    )


def _cost(counts: NodeProgress, model: Model) -> float | None:
    if model.price is None:
        return None
    return (counts.tokens_in * model.price[0] + counts.tokens_out * model.price[1]) / 1e6


def _usage(column: str, alias: str, counts: NodeProgress, model: Model) -> Usage:
    return Usage(
        column=column,
        alias=alias,
        model=model.model,
        requests=counts.attempts,
        tokens_in=counts.tokens_in,
        tokens_out=counts.tokens_out,
        truncated=counts.truncated,
        seconds=round(counts.seconds, 6),
        cost=_cost(counts, model),
    )
