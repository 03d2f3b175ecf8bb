"""A run as plain lines, now and then: for pipes, log files and CI."""

from collections.abc import Callable

from notebook_gen.views.source import RunSource
from notebook_gen.views.summary import placeholder_warning, row_counts, say_ending
from notebook_gen.views.text import write_clock, write_count


class LogView:
    """Writes a line when enough time has passed, and a last one when the run is over.

    Args:
        source: the run.
        write: takes a line, without its end.
        interval: seconds between lines.
    """

    def __init__(self, source: RunSource, write: Callable[[str], None], interval: float = 5.0) -> None:
        self._source = source
        self._write = write
        self._interval = interval
        self._due = interval
        self._is_begun = False
        self._is_stopped = False

    def update(self, now: float | None = None) -> None:
        """Write a line if one is due.

        Args:
            now: seconds since the run began; None: ask the run.
        """
        time = self._source.elapsed() if now is None else now
        if not self._is_begun:
            self._begin()
        if time >= self._due and not self._is_stopped:
            self._due = time + self._interval
            self._write(self._line(time))

    def stop(self) -> None:
        """Write how it ended; harmless when called again."""
        if self._is_stopped:
            return
        if not self._is_begun:
            self._begin()
        self._is_stopped = True
        for line in say_ending(self._source):
            self._write(line)

    def _begin(self) -> None:
        self._is_begun = True
        if self._source.placeholder_text:
            self._write(placeholder_warning())

    def _line(self, now: float) -> str:
        in_flight = sum(self._source.progress.in_flight.values())
        return " · ".join((*row_counts(self._source.progress), f"{write_count(in_flight)} in flight", write_clock(now)))
