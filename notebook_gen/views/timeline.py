"""TimelineFeed: what the page needs to draw the timeline, when it needs it.

plotly.js reaches a page once, when it asks. Until then, and where it cannot be loaded, the page gets pictures of the
chart. A page that says nothing may still hear: it is sent plotly.js once, unasked.
"""

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

from notebook_gen.observers.trace import Trace
from notebook_gen.views import measures
from notebook_gen.views.frames import MOST_BARS, MOST_BARS_WITH_GRID, frame_size, pack_frame
from notebook_gen.views.gantt import chart_template
from notebook_gen.views.history import History
from notebook_gen.views.level_of_detail import Detail, Window, query
from notebook_gen.views.report import timeline_svg
from notebook_gen.views.source import RunSource
from notebook_gen.views.text import write_count

FRAME_RATE: Final = 200_000
"""Bytes of frames a second, at most: a long way off, more would queue up."""

_SILENCE = 1.5
_PICTURE_AFTER = 0.6
_PICTURE_EVERY = 1.0
_PICTURE_BARS = 300
_PIXELS = 830
_MOST_PIXELS = 4000


class TimelineBoard(Protocol):
    """What shows a timeline."""

    def show_timeline(self, **traits: Any) -> None:
        """Set traits of the timeline: see static/timeline.js."""
        ...

    def send_plotly(self) -> None:
        """Send plotly.js to the page."""
        ...


class _Look(NamedTuple):
    """A part of the run that somebody looks at; if it follows, its end is always now."""

    start: float
    width: float
    follows: bool
    pixels: int


class TimelineFeed:
    """Feeds one timeline with one run."""

    def __init__(self, source: RunSource, trace: Trace, board: TimelineBoard) -> None:
        self._source = source
        self._trace = trace
        self._board = board
        self._history = History(source.graph)
        self._begun: float | None = None
        self._frame_due = self._picture_due = -math.inf
        self._lanes: tuple[int, ...] = ()
        self._shown = -1
        self._clock: dict[str, Any] = {}
        self._look: _Look | None = None
        self._has_spoken = self._has_plotly = False

    def tick(self, now: float) -> None:
        """Show what has changed; `now` is the board's time, not the run's."""
        if self._begun is None:
            self._begun, self._picture_due = now, now + _PICTURE_AFTER
        self._history.update(self._trace, self._source.read)
        if now >= self._frame_due and self._history.changes != self._shown:
            self._frame_due = now + self._show_frame() / FRAME_RATE
        self._show_clock()
        if not self._has_plotly and now >= self._picture_due:
            self._show_picture()
            self._picture_due = now + _PICTURE_EVERY
        if not self._has_spoken and now >= self._begun + _SILENCE:
            self._has_spoken = True
            self._board.send_plotly()

    def finish(self) -> None:
        """Show the last state, whatever was shown before."""
        self._history.update(self._trace, self._source.read)
        self._lanes, self._clock = (), {}
        self._show_frame()
        self._show_clock()
        if not self._has_plotly:
            self._show_picture()

    def answer(self, message: Mapping[str, Any]) -> None:
        """Do what the page has asked for; what it says is not relied on."""
        match message:
            case {"plotly": "there"}:
                self._has_spoken = self._has_plotly = True
                self._board.show_timeline(picture="")
            case {"plotly": "needed"}:
                self._has_spoken = True
                self._board.send_plotly()
            case {"plotly": "failed"}:
                self._has_spoken = True
            case {"window": window}:
                self._look = _read_look(window)
                self._show_detail()
            case _:
                pass

    def _now(self) -> float:
        return max(self._source.elapsed(), self._history.latest)

    def _query(self, window: Window) -> Detail:
        is_over = self._source.progress.ended is not None
        max_bars = MOST_BARS if len(self._history) <= MOST_BARS else MOST_BARS_WITH_GRID
        waiting = {} if is_over else self._source.waiting_since()
        return query(self._history, window, self._now(), max_bars=max_bars, waiting_since=waiting)

    def _show_frame(self) -> int:
        """Show the whole run; gives the bytes that it took."""
        self._shown = self._history.changes
        detail = self._query(Window(0.0, max(self._now(), 1e-3), _PIXELS))
        traits = {"frame": self._pack(detail)}
        if detail.lanes.counts != self._lanes:
            self._lanes = detail.lanes.counts
            traits["template"] = chart_template(self._source.graph, detail, measures.timeline_height(self._source))
        # the template first: a frame of new lanes has no place without them
        self._board.show_timeline(**dict(sorted(traits.items(), reverse=True)))
        return frame_size(traits["frame"]) + self._show_detail()

    def _show_detail(self) -> int:
        """Show the window that was asked for, where the whole run does not have all its bars."""
        look = self._look
        if look is None or len(self._history) <= MOST_BARS:
            return 0
        start = max(0.0, self._now() - look.width) if look.follows else look.start
        frame = self._pack(self._query(Window(start, start + look.width, look.pixels)))
        self._board.show_timeline(detail=frame)
        return frame_size(frame)

    def _pack(self, detail: Detail) -> dict[str, Any]:
        return pack_frame(detail, self._source.graph, self._trace, self._source.ceilings)

    def _show_clock(self) -> None:
        count = len(self._history)
        tasks = f"{write_count(count)} tasks" if count != 1 else "1 task"
        clock = {
            "now": round(self._now(), 3),
            "running": self._source.progress.ended is None,
            "note": f"{tasks} · zoom in to see each" if count > MOST_BARS else tasks if count else "",
        }
        if clock != self._clock:
            self._clock = clock
            self._board.show_timeline(clock=clock)

    def _show_picture(self) -> None:
        self._board.show_timeline(picture=timeline_svg(self._source, self._history, max_bars=_PICTURE_BARS))


def _read_look(window: object) -> _Look | None:
    """Read what a page sent as the window it shows; None: the whole run."""
    match window:
        case {
            "start": int() | float() as start,
            "width": int() | float() as width,
            "follows": bool() as follows,
            "pixels": int() as pixels,
        } if math.isfinite(start) and math.isfinite(width) and width > 0 and pixels > 0:
            return _Look(start, width, follows, min(pixels, _MOST_PIXELS))
        case _:
            return None
