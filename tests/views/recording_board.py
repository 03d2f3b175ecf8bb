"""A board that shows nothing and remembers what it was told."""

from collections.abc import Mapping
from typing import Unpack

from notebook_gen.views.cells import CellsFrame
from notebook_gen.views.feeds import CancelOffer, ColumnFigures, Numbers, PaneName, RowsPage
from notebook_gen.views.inspector import Inspected
from notebook_gen.views.timeline import TimelineTraits


class RecordingBoard:
    """A `Board`; what was said last is in its attributes, and the name of everything that was said in `heard`."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.html: dict[str, str] = {}
        self.numbers: Numbers | None = None
        self.columns: ColumnFigures | None = None
        self.rows: RowsPage | None = None
        self.failures = 0
        self.record: Inspected = {}
        self.cells: CellsFrame | None = None
        self.part_of_cells: CellsFrame | None = None
        self.timeline: TimelineTraits = {}

    def show_html(self, pane: PaneName, html: str) -> None:
        self.heard.append(pane)
        self.html[pane] = html

    def show_parts(self, pane: PaneName, parts: Mapping[str, str]) -> None:
        for part, html in parts.items():
            self.heard.append(f"{pane} {part}")
            self.html[f"{pane} {part}"] = html

    def show_rows(self, page: RowsPage) -> None:
        self.heard.append("rows")
        self.rows = page
        self.html["rows"] = page["html"]

    def show_numbers(self, numbers: Numbers) -> None:
        self.heard.append("numbers")
        self.numbers = numbers

    def show_record(self, inspected: Inspected) -> None:
        self.heard.append("record")
        self.record = inspected

    def show_cells(self, frame: CellsFrame) -> None:
        self.heard.append("cells")
        self.cells = frame

    def show_part_of_cells(self, frame: CellsFrame) -> None:
        self.heard.append("part of cells")
        self.part_of_cells = frame

    def show_columns(self, figures: ColumnFigures) -> None:
        self.heard.append("columns")
        self.columns = figures

    def show_failure_count(self, count: int) -> None:
        self.heard.append("failure count")
        self.failures = count

    def show_state(self, state: str) -> None:
        self.heard.append("state")
        self.state = state

    def show_cancel(self, offer: CancelOffer) -> None:
        self.heard.append("cancel")
        self.cancel = offer

    def show_timeline(self, **traits: Unpack[TimelineTraits]) -> None:
        self.heard.extend(traits)
        self.timeline.update(traits)

    def send_plotly(self) -> None:
        self.heard.append("plotly")

    def finish(self) -> None:
        self.heard.append("finish")

    def forget(self) -> None:
        """Forget what was heard, not what was shown."""
        self.heard.clear()
