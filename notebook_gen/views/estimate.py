"""When a run will be over, as far as can be told from what its cells took so far."""

from typing import Final

from notebook_gen.views.resources import IN_VAIN
from notebook_gen.views.source import RunSource
from notebook_gen.views.summary import state_word
from notebook_gen.views.text import write_clock

_FROM: Final = 0.08  # of the work: before that, an estimate says nothing
_AFTER: Final = 2.0  # seconds


def expected_end(source: RunSource) -> float | None:
    """Give the seconds from a run's begin to its end, with pauses; None while nobody can know, and when it is over.

    Each column counts as much as its cells take: ten slow ones left are more work than a hundred quick ones.
    """
    progress, elapsed = source.progress, source.elapsed()
    worked = elapsed - progress.paused_for
    if state_word(source) != "running" or worked < _AFTER or _is_stuck(source):
        return None
    rows = progress.rows - progress.rows_dropped
    done = asked = 0.0
    for node in source.graph.nodes:
        if node.resource is None:
            continue
        own = progress.nodes[node.index]
        if own.mean_seconds is None:
            return None
        wanted = max(0, rows - own.skipped - own.kept - own.kept_ahead)
        done += min(own.done - own.kept, wanted) * own.mean_seconds
        asked += wanted * own.mean_seconds
    is_all_made = done >= asked or progress.rows_done >= rows
    if is_all_made or done / asked < _FROM:
        return None
    return progress.paused_for + worked * asked / done + 0.5


def say_elapsed(source: RunSource) -> str:
    """Say how long a run has taken, and of how long: `0:17`, `0:17 of about 0:24`."""
    elapsed, end = write_clock(source.elapsed()), expected_end(source)
    return elapsed if end is None else f"{elapsed} of about {write_clock(end)}"


def _is_stuck(source: RunSource) -> bool:
    """Whether an endpoint gives no good answer any more."""
    return any(stuck.seconds >= IN_VAIN for stuck in source.in_vain())
