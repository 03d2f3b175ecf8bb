"""What a redraw of the timeline costs when a run has a million attempts: in Python, on the wire, and in the browser."""

import base64
import gzip
import heapq
import json
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from random import Random
from typing import Any, NamedTuple, Unpack

from playwright.sync_api import Page, sync_playwright

from notebook_gen.errors import Transient
from notebook_gen.events import LimitMoved, RunPaused, RunResumed, TaskEnded, TaskStarted
from notebook_gen.observers.trace import Trace
from notebook_gen.plan.tasks import Task
from notebook_gen.plan.values import Usage
from notebook_gen.views.lanes import LANE_KINDS, LaneKind
from notebook_gen.views.stylesheet import stylesheet
from notebook_gen.views.timeline import MOST_LINES, TimelineFeed, TimelineTraits, timeline_script
from notebook_gen.views.widgets import compressed_plotly
from tests.benchmarks.figure import Figure
from tests.browser.lab_harness import CHROMIUM_FLAGS
from tests.views.fake_run import REVIEW, SCORE, FakeRun, traced_run

_ATTEMPTS = 1_000_000
_SLOTS = {REVIEW: 48, SCORE: 16}
_TIMES = 5
_MOVES = 0.02  # how often a limit moves and its endpoint cools down, for each attempt
_BUDGET = "≤ 50 ms of Python, ≤ 64 KB"
_HARNESS = """
const traits = { clock: {} }, model = { get: (name) => traits[name] ?? {}, on() {}, off() {}, send() {} };
const unpack = (thing) => {
  if (thing?.base64 !== undefined) {
    const bytes = Uint8Array.from(atob(thing.base64), (character) => character.charCodeAt(0));
    return new DataView(bytes.buffer);
  }
  if (Array.isArray(thing) || thing === null || typeof thing !== "object") return thing;
  return Object.fromEntries(Object.entries(thing).map(([key, part]) => [key, unpack(part)]));
};
page.plotly = globalThis.Plotly;
const el = document.getElementById("here"), timeline = new Timeline(model, el);
globalThis.redraw = (given) => {
  Object.assign(traits, unpack(given));
  timeline.isDue = true; // nothing but this draws
  timeline.window = given.window;
  timeline.end = 0;
  const began = performance.now();
  timeline.read();
  timeline.draw();
  el.getBoundingClientRect(); // lays the page out
  return performance.now() - began;
};
"""


def measure() -> list[Figure]:
    """Milliseconds and bytes of redraws, in every kind of lanes."""
    _Stage(traced_run()).read_all()  # what is imported once says nothing of a redraw
    run = _make_run()
    stage = _Stage(run)
    longest = stage.read_all()
    floor = f"{1000 * stage.pass_over():.1f} ms: numpy adds up one column of it"
    figures = [
        Figure(
            f"timeline: catching up with {_ATTEMPTS:,} attempts, {MOST_LINES:,} at once: the slowest tick",
            f"{1000 * longest:.0f} ms of Python",
            floor,
            None,
            "≤ 50 ms of Python",
        )
    ]
    with _browser() as page:
        figures.append(_first_picture(page, stage))
        for kind in LANE_KINDS:
            for look, window in _looks(stage.now).items():
                seen = stage.look(kind, window)
                in_page = f"; {_redraw(page, stage, window):.0f} ms in the browser" if page is not None else ""
                figures.append(
                    Figure(
                        f"timeline of {_ATTEMPTS:,} attempts, lanes: {kind}, {look}",
                        f"{1000 * seen.seconds:.1f} ms of Python, {seen.size / 1000:.0f} KB{in_page}",
                        floor,
                        None,
                        _BUDGET,
                    )
                )
    return figures


def _first_picture(page: Page | None, stage: "_Stage") -> Figure:
    """What a page takes to draw a timeline that it has not drawn yet; says so where there is none."""
    what = f"timeline of {_ATTEMPTS:,} attempts: the first picture of a page that has plotly.js"
    if page is None:
        return Figure(
            what, "not measured, and nor is any other time in the browser: no chromium on the PATH", "", None, ""
        )
    stage.look("slots", None)
    return Figure(what, f"{_draw_once(page, stage, None):.0f} ms in the browser", "", None, "")


class _Seen(NamedTuple):
    """What a redraw took: seconds of processor time, and bytes."""

    seconds: float
    size: int


class _Board:
    """Remembers what the page would have been sent."""

    def __init__(self) -> None:
        self.traits: TimelineTraits = {}
        self.sizes: dict[str, int] = {}

    def show_timeline(self, **traits: Unpack[TimelineTraits]) -> None:
        self.traits.update(traits)
        self.sizes = {name: _size(value) for name, value in traits.items()}

    def send_plotly(self) -> None:
        pass


class _Stage:
    """A timeline's feed, and a clock for it."""

    def __init__(self, run: FakeRun) -> None:
        assert run.trace is not None
        self._trace = run.trace
        self.board = _Board()
        self._feed = TimelineFeed(run, run.trace, self.board)
        self._feed.answer([{"plotly": "there"}])
        self.now = run.now
        self._ticks = 0

    def read_all(self) -> float:
        """Take over the whole trace; gives the seconds of the slowest tick."""
        return max(self._tick() for _ in range(3 * _ATTEMPTS // MOST_LINES))

    def _tick(self) -> float:
        self._ticks += 1
        return _cost(lambda: self._feed.tick(float(self._ticks)))

    def look(self, kind: LaneKind, window: Mapping[str, object] | None) -> _Seen:
        """Ask for a window, in lanes of some kind."""
        self._feed.answer([{"lanes": kind, "window": {"start": 0.0, "width": 1.0, "follows": False, "pixels": 830}}])
        costs = [_cost(lambda: self._feed.answer([{"window": window}]))]
        for _ in range(_TIMES - 1):
            # a whole run is sent again only when something else was looked at
            self._feed.answer([{"window": {"start": 0.0, "width": 1.0, "follows": False, "pixels": 830}}])
            costs.append(_cost(lambda: self._feed.answer([{"window": window}])))
        return _Seen(statistics.median(costs), max(self.board.sizes.values()))

    def pass_over(self) -> float:
        """Seconds to add up one column of all attempts."""
        column = self._trace.columns()["ended"]
        return statistics.median(_cost(column.sum) for _ in range(_TIMES))


def _cost(action: Callable[[], object]) -> float:
    began = time.thread_time()
    action()
    return time.thread_time() - began


def _looks(now: float) -> dict[str, dict[str, object] | None]:
    """Where somebody looks: at everything, at a tenth of it, at a moment, and at the moment after it."""
    shared: dict[str, object] = {"follows": False, "pixels": 830}
    return {
        "whole run": None,
        "zoomed into a tenth": {"start": 0.4 * now, "width": 0.1 * now, **shared},
        "zoomed into 20 s": {"start": 0.4 * now, "width": 20.0, **shared},
        "moved by 10 s": {"start": 0.4 * now + 10, "width": 20.0, **shared},
    }


def _make_run() -> FakeRun:
    """A run of many attempts, folded by the real observer from the real events, in the order they would come."""
    random, run = Random(7), traced_run(_ATTEMPTS // 2)
    assert run.trace is not None
    free = [(0.0, node, slot) for node, slots in _SLOTS.items() for slot in range(slots)]
    open_until: list[tuple[float, Task, int]] = []
    rows = {REVIEW: 0, SCORE: 0}
    for _ in range(_ATTEMPTS):
        moment, node, slot = heapq.heappop(free)
        _end_until(run.trace, open_until, moment, random)
        task = Task(node, rows[node] // 1000, rows[node])
        rows[node] += 1
        run.trace(TaskStarted(moment, task, max(0.0, moment - 2 * random.random()), slot))
        end = moment + random.gammavariate(3.0, 0.5 if node == REVIEW else 0.167)
        heapq.heappush(open_until, (end, task, slot))
        heapq.heappush(free, (end + 0.005, node, slot))
        run.now = moment
        if random.random() < _MOVES:
            resource = run.graph.resources[node == SCORE]
            run.trace(LimitMoved(moment, resource, random.randint(1, _SLOTS[node]), moment + random.random()))
    for begin in range(0, int(run.now), 600):
        run.trace(RunPaused(begin))
        run.trace(RunResumed(begin + 60))
    return run


def _end_until(trace: Trace, open_until: list[tuple[float, Task, int]], moment: float, random: Random) -> None:
    while open_until and open_until[0][0] <= moment:
        end, task, slot = heapq.heappop(open_until)
        error = Transient("the endpoint answered 503") if random.random() < 0.002 else None
        trace(TaskEnded(end, task, slot, error, Usage(400, 120), again=error is not None))


def _size(thing: object) -> int:
    """Bytes of a message: arrays as they are, all else as JSON."""
    if isinstance(thing, bytes):
        return len(thing)
    if isinstance(thing, dict):
        return sum(_size(part) + len(str(name)) + 4 for name, part in thing.items())
    return len(json.dumps(thing))


@contextmanager
def _browser() -> Iterator[Page | None]:
    """A page with plotly.js and a timeline in it; None where there is no browser."""
    chromium = shutil.which("chromium")
    if chromium is None:
        yield None
        return
    script = timeline_script().replace("export default", "void")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=list(CHROMIUM_FLAGS))
        page = browser.new_page(viewport={"width": 940, "height": 500})
        page.set_content(f'<style>{stylesheet("live")}</style><div class="ng-view ng-live"><div id="here"></div></div>')
        page.add_script_tag(content=gzip.decompress(compressed_plotly()).decode())
        page.add_script_tag(content=script + _HARNESS)
        yield page
        browser.close()


def _redraw(page: Page, stage: _Stage, window: Mapping[str, object] | None) -> float:
    """Milliseconds until a frame is drawn in a page, laid out and all."""
    return statistics.median(_draw_once(page, stage, window) for _ in range(_TIMES))


def _draw_once(page: Page, stage: _Stage, window: Mapping[str, object] | None) -> float:
    traits = {name: _packed(value) for name, value in stage.board.traits.items() if name != "picture"}
    return float(page.evaluate("(given) => redraw(given)", traits | {"window": window}))


def _packed(thing: Any) -> Any:
    """JSON cannot hold bytes."""
    if isinstance(thing, bytes):
        return {"base64": base64.b64encode(thing).decode()}
    return {name: _packed(part) for name, part in thing.items()} if isinstance(thing, dict) else thing
