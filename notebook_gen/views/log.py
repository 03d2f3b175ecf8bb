"""A run as plain lines, now and then: for pipes, log files and CI."""

from collections.abc import Callable, Iterator

from notebook_gen.views.estimate import say_elapsed
from notebook_gen.views.resources import say_calls, say_in_vain
from notebook_gen.views.source import RunSource
from notebook_gen.views.summary import placeholder_warning, retry_counts, row_counts, say_ending, say_spending


class LogView:
    """Writes a line when enough time has passed, and a last one when the run is over.

    Args:
        source: the run; its clock is the one that counts.
        write: takes a line, without its end.
        interval: seconds between lines.
    """

    def __init__(self, source: RunSource, write: Callable[[str], None], interval: float = 5.0) -> None:
        self._source = source
        self._write = write
        self._interval = interval
        self._due = interval

    def start(self) -> None:
        """Say beforehand what has to be known."""
        if self._source.placeholder_text:
            self._write(placeholder_warning())

    def update(self) -> None:
        """Write a line if one is due."""
        now = self._source.elapsed()
        if now >= self._due:
            self._due = now + self._interval
            self._write(" · ".join(self._facts()))

    def _facts(self) -> Iterator[str]:
        progress = self._source.progress
        if progress.state == "paused":
            yield "paused"
        yield from row_counts(progress)
        yield from say_calls(self._source)
        yield from retry_counts(progress.nodes)
        yield from say_in_vain(self._source)
        yield from say_spending(self._source)
        yield say_elapsed(self._source)

    def stop(self) -> None:
        """Write how it ended."""
        for line in say_ending(self._source):
            self._write(line)
