"""A described run, and row groups of values, for tests of where they are kept."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from notebook_gen.config.columns import Column, Expression, Integer
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.storage.metadata import RunDescription

NOON = datetime(2024, 1, 2, 12, 0, tzinfo=UTC)


def described(*names: str, rows: int = 10, size: int = 4) -> RunDescription:
    """A run of some columns: a sampler, and expressions."""
    columns: dict[str, Column] = {name: Expression("x") for name in names} or {"stars": Integer(1, 5)}
    return RunDescription(columns=columns, models={}, seed=7, rows=rows, row_group_size=size)


def group_of(number: int, values: Sequence[Any], *, size: int = 4) -> RowGroup:
    """The row group with a number, as large as the values."""
    return RowGroup(number, number * size, len(values))
