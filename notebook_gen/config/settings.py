"""How a run goes about its work."""

import os
from typing import Literal

from pydantic import Field

from notebook_gen.config.spec import Spec
from notebook_gen.config.values import Flag, Number, Whole


class RunSettings(Spec):
    """The knobs of a run; every default is meant to be right, and says what it was chosen by.

    Attributes:
        row_group_size: rows that are written together, one Parquet file each. With fewer, a dataset falls into many
            small files; with more, rows are on the disk later.
        max_open_rows: rows being worked on at once, at most; bounds memory. One row group is always allowed. Four of
            the usual size: while one waits for its slowest rows, others go on.
        threads: sync functions that run at once, each in a thread. As many as Python's ThreadPoolExecutor has.
        max_async_functions: async functions that run at once on the event loop. They cost it little; this spares what
            they call, of which nothing is known.
        trace: record every attempt, for the Gantt chart; costs about 50 bytes an attempt.
        engine: "async": each cell as soon as its inputs are there. "sequential": column by column, row group by row
            group, to compare and to debug. The environment's NOTEBOOK_GEN_ENGINE, as it is when the settings are
            made, stands in for the default; those of a builder that is given none are made with the builder.
        salvage_rounds: more tries for a call that timed out, lost its connection or met a server's error. Where an
            endpoint that was at work has gone silent, those in the first third of `shutdown_patience` do not count.
            Two: with `backoff`, the last comes 6 to 9 s after the first failed, longer than most hiccups.
        backoff: seconds before the first of these tries, or up to half as many more; doubles with each. An endpoint
            that answers other calls, and has nothing else to do, is not waited for. A function that raises RateLimited
            and does not say for how long begins with an eighth of it. Exponential, as in Ethernet (Metcalfe & Boggs
            1976); spread, as calls that failed together would meet again.
        limit_factor: what an endpoint's limit of calls at once is multiplied with when it answers 429. The limit rises
            by one again after as many good calls as it counts (AIMD: Chiu & Jain 1989). TCP takes 0.5 (RFC 5681); with
            any from there to 0.9, runs take as long, by the benchmark `limits`, but the higher, the more calls are
            refused, and the lower, the fewer are made at once after a refusal that came by chance.
        disable_early_shutdown: never stop because too many calls failed, or because an endpoint went silent.
        shutdown_error_rate: the share of the last calls that failed for good at which a run stops early. Where only
            further tries of what has failed are left, it is the share of all calls. Half: more is lost than made.
        shutdown_error_window: how many model and function calls "the last" are; before as many have ended, a run stops
            early when ten in a row failed. Of 50, half fail by chance in one case of 8,000 where one in four does; of
            ten, in one of 13.
        shutdown_patience: seconds that an endpoint which worked before may be silent; then the run stops early. A
            minute: many servers restart within that, and who watches waits no longer.
        shutdown_unreached_patience: seconds that an endpoint which was never reached may be silent, as its address may
            be wrong; then the run stops early. Until then, no call costs its row a try: with 300, a server may be
            started along with the run. 1.5: three more tries, and a typing error is told at once.
        shutdown_refusal_patience: seconds in which no call may come to anything, because an endpoint answers 429, or
            not at all, or a function raises RateLimited; then the run stops early. No row is dropped for it. A
            call that is asked to wait while others are answered waits no longer than that, nor than ten minutes; an
            endpoint that refuses them all is left alone for as long as it asks. Most quotas are by the minute: ten of
            them without a single call are another matter.
        grace: seconds that what is under way has to come to its end: calls when a run stops early; a callback and
            processors when it was cancelled, before another cancel gives them up. As long as `docker stop` gives.
        on_processor_error: "raise" ends the run; "drop" drops the row group that the processor was given.
    """

    row_group_size: Whole = Field(default=1000, ge=1)
    max_open_rows: Whole = Field(default=4000, ge=1)
    threads: Whole = Field(default_factory=lambda: min(32, (os.cpu_count() or 1) + 4), ge=1, le=1024)
    max_async_functions: Whole = Field(default=64, ge=1, le=4096)
    trace: Flag = True
    engine: Literal["async", "sequential"] = Field(
        default_factory=lambda: os.environ.get("NOTEBOOK_GEN_ENGINE") or "async", validate_default=True
    )
    salvage_rounds: Whole = Field(default=2, ge=0, le=100)
    backoff: Number = Field(default=2.0, ge=0.0, le=3600.0)
    limit_factor: Number = Field(default=0.75, gt=0.0, lt=1.0)
    disable_early_shutdown: Flag = False
    shutdown_error_rate: Number = Field(default=0.5, gt=0.0, le=1.0)
    shutdown_error_window: Whole = Field(default=50, ge=1)
    shutdown_patience: Number = Field(default=60.0, gt=0.0)
    shutdown_unreached_patience: Number = Field(default=1.5, gt=0.0)
    shutdown_refusal_patience: Number = Field(default=600.0, gt=0.0)
    grace: Number = Field(default=10.0, ge=0.0, le=3600.0)
    on_processor_error: Literal["raise", "drop"] = "raise"
