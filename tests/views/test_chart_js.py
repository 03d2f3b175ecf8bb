"""The page draws the same chart as Python does: static/chart.js against gantt_traces.py, on the same frames."""

import base64
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from notebook_gen.events import LimitMoved, RunPaused, RunResumed
from notebook_gen.views.chart import Chart, chart_of_run, make_chart
from notebook_gen.views.frames import pack_frame
from notebook_gen.views.gantt import chart_template
from notebook_gen.views.gantt_traces import draw_traces
from notebook_gen.views.history import History
from notebook_gen.views.lanes import LANE_KINDS, LaneKind
from notebook_gen.views.level_of_detail import Window, query
from notebook_gen.views.palette import name_paint
from notebook_gen.views.stylesheet import read_static
from tests.views.fake_run import REVIEW, SCORE, FakeRun, traced_run
from tests.views.test_in_flight import many_models

_DRAW = """
const unpack = (thing) => {
  if (thing?.base64 !== undefined) {
    const bytes = Buffer.from(thing.base64, "base64");
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  if (Array.isArray(thing) || thing === null || typeof thing !== "object") return thing;
  return Object.fromEntries(Object.entries(thing).map(([key, part]) => [key, unpack(part)]));
};
const { template, frame: packed, now, ...seen } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const frame = readFrame(unpack(packed)), colors = { get: (name, opacity = 1) => `ng:${name}/${opacity}` };
const sight = { ...seen, widthOf: (words) => 5.2 * words.length };
console.log(JSON.stringify(drawTraces(template, frame, now, sight, colors)));
"""
_PIXELS = 800


def _few() -> FakeRun:
    run = traced_run()
    run.attempt(REVIEW, 0, 1.0, 3.0)
    run.attempt(REVIEW, 1, 1.0, 2.0, slot=1)
    run.attempt_in_vain(SCORE, 0, 3.0, 4.0)
    run.attempt_in_vain(SCORE, 2, 4.0, 4.25, slot=2)
    for row in range(4, 8):
        run.attempt_in_vain(SCORE, row, 5.0 + row / 32, 5.0 + row / 32 + 1 / 64, slot=2)
    run.attempt_in_vain(REVIEW, 3, 4.0, 5.0, slot=2, again=True)
    run.publish(LimitMoved(4.0, "model judge", 4, 4.75), LimitMoved(5.5, "model judge", 5, 0.0))
    run.publish(RunPaused(1.0), RunResumed(2.5), RunPaused(5.75))
    run.waiting = {SCORE: [2.0, 2.5]}
    run.attempt(SCORE, 1, 5.0)
    run.now = 6.0
    return run


def _many() -> FakeRun:
    run = traced_run(3000)
    for row in range(3000):
        run.attempt(REVIEW, row, row * 0.125, row * 0.125 + 0.0625, slot=row % 3)
        run.attempt(SCORE, row, row * 0.125, row * 0.125 + 0.03125, slot=row % 2)
    return run


def _crowd() -> FakeRun:
    run = many_models(12)
    run.publish(LimitMoved(5.0, "model m3", 4, 0.0))
    return run


def _history(run: FakeRun) -> History:
    assert run.trace is not None
    history = History(run.graph)
    history.update(run.trace)
    return history


def _chart(run: FakeRun, lanes: LaneKind) -> Chart:
    return chart_of_run(run, _history(run), pixels=_PIXELS, max_bars=100, lanes=lanes)


def _packed(thing: Any) -> Any:
    """JSON cannot hold bytes."""
    if isinstance(thing, bytes):
        return {"base64": base64.b64encode(thing).decode()}
    return {name: _packed(part) for name, part in thing.items()} if isinstance(thing, dict) else thing


def _draw_in_page(node: str, chart: Chart) -> list[dict[str, Any]]:
    given = {
        "template": chart_template(chart),
        "frame": _packed(pack_frame(chart, {})),
        "now": chart.detail.now,
        "perPixel": chart.detail.window.seconds / _PIXELS,
        "range": [chart.detail.window.start, chart.detail.window.end],
    }
    done = subprocess.run(
        [node, "-e", read_static("chart.js") + _DRAW],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    traces: list[dict[str, Any]] = json.loads(done.stdout)
    return traces


def _numbers(values: list[float | None]) -> list[float]:
    """A gap as a number of its own."""
    return [-1.0 if value is None else value for value in values]


def _by_color(traces: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {trace["marker"]["color"]: trace for trace in traces if trace["type"] == "bar"}


def _zoomed(run: FakeRun, start: float, end: float) -> Chart:
    history = _history(run)
    detail = query(history, Window(start, end, _PIXELS), run.now, max_bars=100)
    return make_chart(history, detail, {}, 300, is_over=False)


_SHORT, _LONG = "judge 4 → 3", "writer 10 → 4, 3 falls"


@pytest.mark.parametrize(
    ("falls", "placed"),
    [
        ([(20.0, _LONG)], [(20.0, "right")]),
        # a letter takes 5 pixels, each of which is a tenth of a second: 6.3 s and 11.8 s with the gap
        ([(20.0, _LONG), (13.7, _SHORT)], [(20.0, "right"), (13.7, "right")]),
        ([(30.0, _LONG), (24.0, _SHORT)], [(30.0, "right"), (24.0, "left")]),
        ([(20.0, _LONG), (21.0, _LONG), (22.0, _SHORT)], [(20.0, "right")]),
        # the line at now stands at 60, the edges of what is seen at 10 and 70
        ([(50.0, _LONG)], [(50.0, "left")]),
        ([(60.0, _LONG)], [(60.0, "left")]),
        ([(9.0, _SHORT), (71.0, _SHORT)], []),
    ],
)
def test_words_where_a_limit_fell_stand_whole_and_apart_and_off_the_line_at_now(
    node: str, falls: list[tuple[float, str]], placed: list[tuple[float, str]]
) -> None:
    given = json.dumps([[moment, 0, words] for moment, words in falls], ensure_ascii=False)
    sight = "{ range: [10, 70], perPixel: 0.1, widthOf: (words) => 5 * words.length }"
    script = f"const placed = placeFalls({given}, 60, {sight}).map(({{ moment, room }}) => [moment, room[2]]);"

    done = subprocess.run(
        [node, "-e", f"{read_static('chart.js')}{script}console.log(JSON.stringify(placed));"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout) == [[moment, f"middle {side}"] for moment, side in placed]


@pytest.mark.parametrize(("start", "end", "words"), [(1.5, 3.5, [2.0]), (2.0, 2.25, [2.125]), (2.49, 5.0, [])])
def test_whoever_zooms_into_a_pause_reads_that_it_is_one(
    node: str, start: float, end: float, words: list[float]
) -> None:
    chart = _zoomed(_few(), start, end)

    for drawn in (list(draw_traces(chart, name_paint)), _draw_in_page(node, chart)):
        assert [
            x for trace in drawn if trace.get("mode") == "text" and "paused" in trace["text"] for x in trace["x"]
        ] == words


@pytest.mark.parametrize("lanes", LANE_KINDS)
@pytest.mark.parametrize("make", [_few, _many, _crowd], ids=["bars", "bars and grid", "many models"])
def test_the_page_draws_what_python_draws(node: str, make: Callable[[], FakeRun], lanes: LaneKind) -> None:
    chart = _chart(make(), lanes)

    here, there = list(draw_traces(chart, name_paint)), _draw_in_page(node, chart)

    assert [trace["type"] for trace in there] == [trace["type"] for trace in here]
    for mine, other in zip(here, there, strict=True):
        if mine["type"] == "heatmap":
            assert other["y"] == pytest.approx(mine["y"], abs=0.01)
            assert {name: other[name] for name in mine if name != "y"} | {"y": mine["y"]} == mine
        elif mine.get("mode") == "text":
            assert (other["x"], other["y"], other["text"]) == (mine["x"], pytest.approx(mine["y"]), mine["text"])
        elif mine.get("mode") == "lines" and None in mine["x"]:
            assert _numbers(other["x"]) == pytest.approx(_numbers(mine["x"]), abs=1e-3)
            assert _numbers(other["y"]) == pytest.approx(_numbers(mine["y"]), abs=0.01)
            assert other["line"] == mine["line"]
            assert other.get("fillcolor") == mine.get("fillcolor")
        elif mine.get("mode") == "markers":
            assert (other["x"], other["marker"]) == (mine["x"], mine["marker"])
            assert other["y"] == pytest.approx(mine["y"], abs=0.01)
        elif mine.get("fill"):
            assert other["fillcolor"] == mine["fillcolor"]
            assert other["x"][:-2] == pytest.approx(mine["x"][:-1])
            assert other["y"][:-2] == pytest.approx(mine["y"][:-1])
        elif mine.get("mode") == "lines":
            assert other["y"] == pytest.approx(mine["y"])
            assert other["line"] == mine["line"]


@pytest.mark.parametrize("lanes", LANE_KINDS)
@pytest.mark.parametrize("make", [_few, _many], ids=["bars", "bars and grid"])
def test_the_page_has_the_same_bars_each_a_pixel_shorter(
    node: str, make: Callable[[], FakeRun], lanes: LaneKind
) -> None:
    chart = _chart(make(), lanes)
    pixel = chart.detail.window.seconds / _PIXELS

    here, there = _by_color(list(draw_traces(chart, name_paint))), _by_color(_draw_in_page(node, chart))

    assert there.keys() == here.keys()
    for color, mine in here.items():
        other = there[color]
        assert other["base"] == mine["base"]
        assert [*other["y"], other["width"]] == pytest.approx([*mine["y"], mine["width"]], abs=0.01)
        assert other["x"] == pytest.approx([max(seconds - pixel, 2 * pixel) for seconds in mine["x"]], rel=1e-5)
        assert other["marker"]["cornerradius"] == mine["marker"]["cornerradius"]
        assert other["marker"].get("pattern") == mine["marker"].get("pattern")
        assert (other["marker"]["line"]["width"] == 1.5) == (mine["marker"]["line"]["width"] == 1.5)


def test_bars_that_are_wide_have_round_corners(node: str) -> None:
    run = traced_run()
    for row in range(40):
        run.attempt(REVIEW, row, row * 10.0, row * 10.0 + 8.0)  # 16 pixels
        run.attempt(SCORE, row, row * 10.0, row * 10.0 + 2.0)
    chart = _chart(run, "slots")

    for drawn in (list(draw_traces(chart, name_paint)), _draw_in_page(node, chart)):
        assert [trace["marker"]["cornerradius"] for trace in drawn if trace["type"] == "bar"] == [2, 0]


def test_figures_stand_below_the_names_that_have_room_for_them(node: str) -> None:
    frame = {
        "labels": [["default", "1 of 8"], ["judge +2", ""], ["waiting", "0 now"], ["in flight", "- - limit"]],
        "lanes": {"kind": "slots", "labelled": [0, 3]},
    }
    groups = ["9, limit 7", "1 of 8", "2 of 8", "3 of 8"]
    figures = [
        {"kind": "slots", "groups": groups, "waiting": "4 now"},
        {"kind": "columns", "groups": [], "waiting": "4 now"},
        None,
    ]
    clocks = json.dumps([{"figures": one} for one in figures])
    script = f"console.log(JSON.stringify({clocks}.map((clock) => labelsOf({json.dumps(frame)}, clock))));"

    done = subprocess.run([node, "-e", read_static("chart.js") + script], capture_output=True, text=True, check=True)

    now = [["default", "9, limit 7"], ["judge +2", ""], ["waiting", "4 now"], ["in flight", "- - limit"]]
    assert json.loads(done.stdout) == [now, frame["labels"], frame["labels"]]
