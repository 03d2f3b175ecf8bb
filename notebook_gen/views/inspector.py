"""InspectorFeed: the record that somebody looks at in a live view, brought up to date until its row has ended."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, TypedDict

from notebook_gen.views.record import missing_html, record_html
from notebook_gen.views.source import RunSource

_HIGHEST_ROW: Final = (1 << 31) - 1


class Inspected(TypedDict, total=False):
    """What is looked at, as static/record.js reads it; empty if nothing is.

    Attributes:
        row: its number.
        last: the number of the run's last row.
        html: its record.
    """

    row: int
    last: int
    html: str


class InspectorBoard(Protocol):
    """What shows an inspector."""

    def show_record(self, inspected: Inspected) -> None:
        """Show a record; an empty one: close the inspector."""
        ...


class InspectorFeed:
    """Feeds one inspector with one run."""

    def __init__(self, source: RunSource, board: InspectorBoard) -> None:
        self._source = source
        self._board = board
        self._shown: Inspected = {}
        self._is_settled = True

    @property
    def is_open(self) -> bool:
        """Whether somebody looks at a record."""
        return "row" in self._shown

    def show(self) -> None:
        """Show what has changed about the row that is looked at."""
        if "row" in self._shown and not self._is_settled:
            self._look(self._shown["row"])

    def answer(self, messages: Sequence[Mapping[str, object]]) -> None:
        """Do what the page has asked for: of several records, the last is wanted."""
        wanted = [message["record"] for message in messages if "record" in message]
        if not wanted:
            return
        match wanted[-1]:
            case None:
                self._send({})
            case bool():
                pass
            case int() as row if 0 <= row <= _HIGHEST_ROW:
                self._look(row)
            case _:
                pass

    def _look(self, row: int) -> None:
        try:
            record = self._source.record(row)
        except IndexError as error:
            # it may be begun in a moment
            html, self._is_settled = missing_html(error), False
        else:
            html, self._is_settled = record_html(record), record.state in ("done", "dropped")
        self._send({"row": row, "last": max(0, self._source.progress.rows - 1), "html": html})

    def _send(self, inspected: Inspected) -> None:
        if inspected != self._shown:
            self._board.show_record(inspected)
            self._shown = inspected
