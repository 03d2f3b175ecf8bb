"""TimelineFeed: what the page needs to draw the timeline, when it needs it.

plotly.js reaches a page once, when it asks. Until then, and where it cannot be loaded, the page gets pictures of the
chart. A page that says nothing may still hear: it is sent plotly.js once, unasked.

While somebody looks at a part of the run, that part is kept up to date, at its own resolution, and the whole only now
and then: no redraw takes more than one frame, or one picture.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol, TypedDict, Unpack

from notebook_gen.observers.trace import Trace
from notebook_gen.views import measures
from notebook_gen.views.chart import Chart, chart_of_run, make_chart
from notebook_gen.views.chart_places import rows_height
from notebook_gen.views.frames import MOST_BYTES, Frame, frame_size, most_bars, pack_frame
from notebook_gen.views.gantt import Template, chart_template
from notebook_gen.views.gantt_svg import gantt_svg
from notebook_gen.views.history import History
from notebook_gen.views.lanes import LANE_KINDS, LaneChoice, LaneKind
from notebook_gen.views.level_of_detail import Window, query
from notebook_gen.views.row_turns import Turn, read_turn, rows_frame
from notebook_gen.views.source import RunSource
from notebook_gen.views.standing import Figures, Standing, take_standing, write_figures
from notebook_gen.views.stylesheet import read_static
from notebook_gen.views.text import write_plural

FRAME_RATE: Final = 200_000
"""Bytes of frames a second, at most: a long way off, more would queue up."""

MOST_LINES: Final = 50_000
"""Attempts that a tick takes over, at most: a long trace is read bit by bit, and shown in the ticks between."""

_ASKED = ("window", "lanes", "turn")
_SILENCE = 1.5
_PICTURE_AFTER = 0.6
_PICTURE_EVERY = 1.0
_PICTURE_BARS = 300
_MOST_PIXELS = 4000
_WHOLE_EVERY = 5.0  # seconds, while a part is looked at

_STALE_AFTER = 2.0  # seconds; while nothing happens, a picture is good for so long at least
_STALE_SHARE = 0.05  # of what it shows


class Clock(TypedDict):
    """What moves while nothing happens: now, in seconds since the run began, and words.

    Attributes:
        note: what stands beside the heading.
        figures: what stands below the names beside lanes, whatever is looked at; None: what the frame says.
    """

    now: float
    running: bool
    note: str
    figures: Figures | None


class EmptyTemplate(TypedDict):
    """A template before there is a chart: its height alone, under "layout"."""

    layout: dict[str, int]


def timeline_script() -> str:
    """Give the JavaScript of a timeline, as a module."""
    basics = ("chart.js", "pick.js", "look.js", "load.js")
    hands = ("move.js", "click.js", "pager.js", "row_turns.js", "card.js", "timeline_keys.js")
    return read_static(*basics, *hands, "timeline.js")


class TimelineTraits(TypedDict, total=False):
    """What a page knows of a timeline; static/timeline.js says what it does with it."""

    template: Template | EmptyTemplate
    frame: Frame
    detail: Frame
    clock: Clock
    picture: str


class TimelineBoard(Protocol):
    """What shows a timeline."""

    def show_timeline(self, **traits: Unpack[TimelineTraits]) -> None:
        """Set some traits of the timeline, in this order."""
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


def empty_timeline(source: RunSource) -> TimelineTraits:
    """Give a timeline before anything has happened: its height, and what will be here."""
    if source.trace is None:
        words = "No timeline: the run is not traced (RunSettings(trace=False))."
    elif not source.graph.resources:
        words = "No timeline: every column is made in place, no task needs a slot."
    else:
        words = "Each task will stand here as a bar, in the lane of its slot."
    height = measures.timeline_height(source)
    return {"template": {"layout": {"height": height}}, "picture": f'<p class="ng-empty">{words}</p>'}


class TimelineFeed:
    """Feeds one timeline with one run.

    Args:
        source: the run.
        trace: its attempts.
        board: what shows them.
        standing: gives the look at the run that other parts of the view show; None: there are no others.
    """

    def __init__(
        self,
        source: RunSource,
        trace: Trace,
        board: TimelineBoard,
        standing: Callable[[], Standing | None] = lambda: None,
    ) -> None:
        self._source = source
        self._standing = standing
        self._trace = trace
        self._board = board
        self._history = History(source.graph)
        self._begun: float | None = None
        self._frame_due = self._picture_due = -math.inf
        self._whole_due = -math.inf
        self._picture_waits = False
        self._lanes: LaneKind = "slots"
        self._turn: Turn | None = None
        self._turned: tuple[int, ...] | None = None
        self._has_template = False
        self._shown = -1
        self._stale_at = math.inf
        self._is_behind = False
        self._clock: Clock | None = None
        self._look: _Look | None = None
        self._has_spoken = self._has_plotly = False

    def tick(self, now: float) -> None:
        """Show what has changed.

        Args:
            now: seconds of the view's clock, not of the run's.
        """
        if self._begun is None:
            self._begun, self._picture_due = now, now + _PICTURE_AFTER
        if self._is_behind:
            self._is_behind = False  # this tick shows what the last one took over
        else:
            self._is_behind = self._history.update(self._trace, self._source.read, most=MOST_LINES)
        if self._is_behind:
            return
        is_picture_due = not self._has_plotly and now >= self._picture_due
        is_frame_due = now >= self._frame_due and (self._history.changes != self._shown or self._is_stale())
        # one of them in a tick: both together are more than a redraw may take
        if is_picture_due and (self._picture_waits or not is_frame_due):
            self._picture_due, self._picture_waits = now + _PICTURE_EVERY, False
            self._show_picture()
        elif is_frame_due:
            self._frame_due, self._picture_waits = now + self._show_changes(now) / FRAME_RATE, is_picture_due
        self._show_clock()
        if not self._has_spoken and now >= self._begun + _SILENCE:
            self._has_spoken = True
            self._board.send_plotly()

    def finish(self) -> None:
        """Show the last state: once, also as a picture, since no tick follows in which it could go out."""
        self._history.update(self._trace, self._source.read)
        self._show_frame()
        self._show_detail()
        self._show_clock()
        if not self._has_plotly:
            self._show_picture()

    def answer(self, messages: Sequence[Mapping[str, object]]) -> None:
        """Do what the page has asked for; what it says is not relied on."""
        # where somebody looked in between does not matter any more
        last = {name: message[name] for message in messages for name in _ASKED if name in message}
        for message in messages:
            self._hear_of_plotly(message.get("plotly"))
        was_whole = self._look is None
        if "window" in last:
            self._look = _read_look(last["window"])
        kind = next((kind for kind in LANE_KINDS if kind == last.get("lanes")), self._lanes)
        turn = read_turn(last["turn"]) if "turn" in last else self._turn
        if kind != self._lanes or turn != self._turn:
            self._turn = turn if kind == self._lanes else None
            self._lanes = kind
            self._show_frame()
            self._show_clock()
        elif self._look is None and not was_whole:
            self._show_frame()  # it was not kept up to date
        if last:
            self._show_detail()

    def _is_stale(self) -> bool:
        """Whether so much time has passed since the last frame that a picture without it would have a gap."""
        return self._source.progress.ended is None and self._now() >= self._stale_at

    def _hear_of_plotly(self, word: object) -> None:
        match word:
            case "there":
                self._has_spoken = self._has_plotly = True
                self._board.show_timeline(picture="")
            case "needed":
                self._has_spoken = True
                self._board.send_plotly()
            case "failed":
                self._has_spoken, self._has_plotly = True, False
            case _:
                pass

    def _now(self) -> float:
        return max(self._source.elapsed(), self._history.latest)

    def _chart(self, window: Window, rows: tuple[int, ...] | None) -> Chart:
        source, history = self._source, self._history
        height = measures.timeline_height(source)
        detail = query(
            history,
            window,
            self._now(),
            lanes=LaneChoice(self._lanes, rows_height(height), rows),
            max_bars=most_bars(history),
            waiting_since=self._source.waiting_since(),
        )
        if rows is not None:
            detail = detail.fitted()
        return make_chart(history, detail, source.ceilings, height, is_over=source.progress.ended is not None)

    def _show_changes(self, now: float) -> int:
        """Show what is looked at; gives the bytes that it took."""
        changes = self._history.changes
        if self._look is not None and now < self._whole_due:
            size = self._show_detail()
        else:
            size = self._show_frame()
            self._whole_due = now + _WHOLE_EVERY
        self._shown = changes
        seen = self._now() if self._look is None else self._look.width
        self._stale_at = self._now() + max(_STALE_AFTER, _STALE_SHARE * seen)
        return size

    def _show_frame(self) -> int:
        """Show the whole run; gives the bytes that it took."""
        turn, room = self._turn, rows_height(measures.timeline_height(self._source))
        rows = None if turn is None else turn.rows(self._history.rows, room)
        chart = self._chart(Window(0.0, max(self._now(), 1e-3), measures.CHART_WIDTH), rows)
        self._turned = None if turn is None else chart.detail.lanes.groups
        frame = self._pack(chart)
        if not self._has_template:
            # the template first: a frame cannot be drawn without it
            self._board.show_timeline(template=chart_template(chart), frame=frame)
            self._has_template = True
        else:
            self._board.show_timeline(frame=frame)
        return frame_size(frame)

    def _show_detail(self) -> int:
        """Show the window that was asked for; gives the bytes that it took."""
        look = self._look
        if look is None:
            return 0
        start = max(0.0, self._now() - look.width) if look.follows else look.start
        # the same rows, however many there would be room for in this window
        frame = self._pack(self._chart(Window(start, start + look.width, look.pixels), self._turned))
        self._board.show_timeline(detail=frame)
        return frame_size(frame)

    def _pack(self, chart: Chart) -> Frame:
        begun, is_turned = self._history.rows, self._turn is not None
        rows = rows_frame(chart.detail.lanes, begun, self._source.progress.rows, chosen=is_turned)
        return pack_frame(chart, self._trace.errors, rows)

    def _show_clock(self) -> None:
        count = len(self._history)
        clock: Clock = {
            "now": round(self._now(), 3),
            "running": self._source.progress.ended is None,
            "note": say_tasks(count, most_bars(self._history), self._lanes),
            "figures": write_figures(self._standing() or take_standing(self._source), self._lanes),
        }
        if clock != self._clock:
            self._board.show_timeline(clock=clock)
            self._clock = clock

    def _show_picture(self) -> None:
        """Show the whole run as a picture, with as many bars as it has room for."""
        bars, picture = _PICTURE_BARS, None
        while picture is None or (_size(picture) > MOST_BYTES and bars > 0):
            chart = chart_of_run(
                self._source,
                self._history,
                pixels=measures.CHART_WIDTH,
                max_bars=bars,
                lanes=self._lanes,
                turn=self._turn,
            )
            picture = gantt_svg(chart)
            bars //= 2
        self._board.show_timeline(picture=picture)


def _size(text: str) -> int:
    """The bytes of a text as JSON."""
    return len(json.dumps(text, ensure_ascii=False).encode())


def say_tasks(count: int, bars: int, lanes: LaneKind) -> str:
    """Say beside the heading how many tasks there are, and what to do to see each where there are fewer bars."""
    tasks = write_plural(count, "task") if count else ""
    return f"{tasks} · zoom in to see each" if count > bars and lanes != "rows" else tasks


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
