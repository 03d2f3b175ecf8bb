"""How a run goes about its work."""

import os

from pydantic import Field

from notebook_gen.config.columns import Spec


class RunSettings(Spec):
    """The knobs of a run; every default is meant to be right.

    Attributes:
        row_group_size: rows that are written together, one Parquet file each.
        max_open_rows: rows being worked on at once, at most; bounds memory. One row group is always allowed.
        threads: sync functions that run at once, each in a thread.
        max_async_functions: async functions that run at once on the event loop.
        trace: record every attempt, for the Gantt chart; costs about 60 bytes a cell.
    """

    row_group_size: int = Field(default=1000, ge=1)
    max_open_rows: int = Field(default=4000, ge=1)
    threads: int = Field(default_factory=lambda: min(32, (os.cpu_count() or 1) + 4), ge=1, le=1024)
    max_async_functions: int = Field(default=64, ge=1, le=4096)
    trace: bool = True
