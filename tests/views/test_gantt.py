"""The Gantt chart: a plotly figure, a template for the page, SVG for a report."""

import json
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from notebook_gen.config.columns import Column, LLMText
from notebook_gen.events import LimitMoved, RunPaused, RunResumed, RunStarted, TaskEnded, TaskStarted
from notebook_gen.observers.trace import Trace
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import Task
from notebook_gen.views.chart import Chart, chart_of_run, time_ticks
from notebook_gen.views.frames import pack_frame
from notebook_gen.views.gantt import chart_template, gantt
from notebook_gen.views.gantt_svg import gantt_image, gantt_svg
from notebook_gen.views.gantt_traces import draw_traces
from notebook_gen.views.history import History
from notebook_gen.views.lanes import LANE_KINDS, LaneKind
from notebook_gen.views.moves import Moves
from notebook_gen.views.palette import name_paint
from notebook_gen.views.row_choice import RowChoice
from notebook_gen.views.text import plotly_text, text_width
from tests.views.fake_run import REVIEW, SCORE, FakeRun, traced_run
from tests.views.hostile import HOSTILE, elements, read_page


def _worked() -> FakeRun:
    run = traced_run()
    run.attempt(REVIEW, 0, 1.0, 3.0)
    run.attempt(REVIEW, 1, 1.0, 2.0, slot=1)
    run.attempt_in_vain(SCORE, 0, 3.0, 4.0)
    run.attempt(SCORE, 1, 5.0)
    run.now = 6.0
    return run


def _trace(run: FakeRun) -> Trace:
    assert run.trace is not None
    return run.trace


def _chart(run: FakeRun, max_bars: int = 1000, lanes: LaneKind = "slots") -> Chart:
    history = History(run.graph)
    history.update(_trace(run))
    return chart_of_run(run, history, pixels=800, max_bars=max_bars, lanes=lanes)


def _run_of(columns: Mapping[str, Column]) -> FakeRun:
    """A run that began ten seconds ago."""
    graph = build_graph(columns)
    run = FakeRun(graph, trace=Trace(graph))
    run.publish(RunStarted(0.0, run.rows, 0.0))
    run.now = 10.0
    return run


def test_columns_of_which_few_tasks_are_in_flight_have_their_labels_beside_those_of_which_many_are() -> None:
    names = ("topic", "summary", "trivia", "analysis", "score", "facts", "checked", "picture")
    run = _run_of({name: LLMText("x") for name in names})
    run.ceilings = dict.fromkeys(run.graph.resources, 20)
    for node, peak in enumerate((10, 10, 10, 10, 4, 1, 2, 1)):
        for slot in range(peak):
            run.attempt(node, slot, 0.0, 1.0, slot=slot)
    chart = _chart(run, lanes="columns")

    assert tuple(name for name, _ in chart.labels[:-2]) == names
    assert min(below - above for above, below in pairwise(chart.places.labels)) >= 13 - 0.01
    assert chart.places.thickness >= 2
    assert min(below - above for above, below in pairwise(chart.places.lanes)) > chart.places.thickness


def test_lanes_of_columns_with_long_names_tell_them_apart_and_name_all_to_who_points_at_them() -> None:
    names = [f"generated_text_{at}" for at in range(1, 29)]
    run = _run_of({name: LLMText("x") for name in names})
    for node in range(28):
        run.attempt(node, 0, 0.0, 1.0)
    chart = _chart(run, lanes="columns")

    labels, titles = [name for name, _ in chart.labels[:-2]], chart.titles[:-2]

    assert len(labels) < 28
    assert len(set(labels)) == len(labels)
    assert ", ".join(titles).split(", ") == names
    for label, title in zip(labels, titles, strict=True):
        name, _, more = label.partition(" +")
        assert name[-2:] == title.split(", ")[0][-2:]
        assert int(more or 0) == len(title.split(", ")) - 1


def _busy(count: int) -> FakeRun:
    run = traced_run(count)
    for row in range(count):
        run.attempt(REVIEW, row, row * 0.1, row * 0.1 + 0.1, slot=row % 3)
    return run


def test_a_figure_has_a_trace_for_each_column_and_state_and_a_cross_on_what_failed() -> None:
    figure = gantt(_trace(_worked()))

    bars = [(bar.name, list(bar.base), list(bar.x), bar.showlegend) for bar in figure.data if bar.type == "bar"]
    assert bars == [
        ("review", [1.0, 1.0], [2.0, 1.0], True),
        ("score", [5.0], [pytest.approx(0.0, abs=0.02)], True),
        ("score", [3.0], [1.0], False),
    ]
    [crosses] = [trace for trace in figure.data if trace.type == "scatter" and trace.mode == "markers"]
    assert list(crosses.x) == [3.5]


def test_crosses_never_lie_on_each_other_however_close_failures_are() -> None:
    run = traced_run()
    for row in range(20):
        run.attempt_in_vain(SCORE, row, row * 0.1, row * 0.1 + 0.01)
    run.attempt_in_vain(SCORE, 20, 1.0, 1.01, slot=1)
    run.attempt_in_vain(SCORE, 21, 9.0, 9.1)
    run.attempt(REVIEW, 0, 9.0, 100.0)
    run.finish()
    chart = _chart(run)

    [crosses] = [trace for trace in draw_traces(chart, name_paint) if trace.get("mode") == "markers"]

    # 8 pixels a second: the first of a crowd has one, the next that lies apart, and what is in another lane
    assert crosses["x"] == pytest.approx([0.005, 1.505, 1.005, 9.05])
    assert crosses["y"][0] == crosses["y"][1] == crosses["y"][3] != crosses["y"][2]
    # what has no cross has its edge
    [failed] = [
        bars
        for bars in draw_traces(chart, name_paint)
        if bars.get("marker", {}).get("line", {}).get("color", "").startswith("ng:bad")
    ]
    assert len(failed["base"]) == 22
    assert [len(re.findall("l6 6m0-6l-6 6", svg(chart))) for svg in (gantt_svg, gantt_image)] == [4, 4]


def test_an_attempt_that_was_tried_again_is_hatched_and_has_no_cross() -> None:
    run = traced_run()
    run.attempt_in_vain(REVIEW, 0, 1.0, 2.0, again=True)
    run.attempt(REVIEW, 0, 3.0, 4.0)

    figure = gantt(_trace(run))

    bars = [bar for bar in figure.data if bar.type == "bar"]
    assert [(list(bar.base), bar.marker.pattern.shape) for bar in bars] == [([3.0], None), ([1.0], "/")]
    assert bars[1].hovertext[0].endswith("failed, and was tried again<br>no &lt;b&gt;")
    assert not [trace for trace in figure.data if trace.type == "scatter" and trace.mode == "markers"]
    drawn = gantt_svg(_chart(run))
    assert "tried again after 1.0 s" in drawn
    # one line for the bar, however long it is: its dashes lie as near to each other in a long one
    assert len(re.findall("stroke-dasharray:1.4 4", drawn)) == 1


def test_a_figure_of_many_attempts_has_a_heat_map_and_few_bars() -> None:
    figure = gantt(_trace(_busy(3000)), max_bars=100)

    assert [trace.type for trace in figure.data].count("heatmap") == 2
    assert sum(len(trace.base) for trace in figure.data if trace.type == "bar") <= 100


def test_whoever_points_at_a_bar_reads_what_it_was() -> None:
    run = _worked()
    run.attempt(REVIEW, 2, 10.0, 19.0)

    texts = [text for bar in gantt(_trace(run)).data if bar.type == "bar" for text in bar.hovertext]

    assert texts[2] == (
        "<b>review · row 2</b><br>9.0 s in flight, waited 0.5 s for a slot<br>"
        "default · 10 tokens in, 20 out<br>4.5 × the usual: the slowest so far"
    )
    assert [text.rpartition("<br>")[2] for text in texts[3:]] == ["in flight", "no &lt;b&gt;"]


def test_attempts_that_took_no_time_at_all_are_nothing_unusual() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 1.0, 1.0)
    run.attempt(REVIEW, 1, 1.0, 1.0, slot=1)

    [bar] = [trace for trace in gantt(_trace(run)).data if trace.type == "bar"]

    assert "usual" not in "".join(bar.hovertext)


def test_a_run_without_attempts_is_drawn_too() -> None:
    figure = gantt(_trace(traced_run()))

    assert [trace.type for trace in figure.data if trace.type == "bar"] == []


def test_a_template_is_json_and_names_colors_instead_of_giving_them() -> None:
    template = json.dumps(chart_template(_chart(_worked())))

    assert '"names": ["stars", "tone", "review", "score"]' in template
    assert "ng:ink/1" in template
    assert "#" not in template


def test_labels_say_how_many_slots_are_in_use_then_how_many_were_needed() -> None:
    run = _worked()
    assert _chart(run).labels == [
        ("default", "0 of 8"),
        ("judge", "1 of 8"),
        ("waiting", "0 now"),
        ("in flight", "- - limit"),
    ]

    run.finish()

    assert _chart(run).labels == [
        ("default", "2 of 8 used"),
        ("judge", "1 of 8 used"),
        ("waiting", "cells"),
        ("in flight", "- - limit"),
    ]


def test_the_line_of_a_limit_moves_with_it() -> None:
    run = _worked()
    run.publish(LimitMoved(1.0, "model judge", 4, 0.0), LimitMoved(2.0, "model judge", 6, 0.0))

    chart = _chart(run)

    start, end = chart.detail.load.times[[0, -1]]
    default, judge = chart.limits
    assert default == ((start, 8), (end, 8))
    assert [limit for _, limit in judge] == [8, 8, 4, 4, 6, 6]
    assert [moment for moment, _ in judge[1:5]] == pytest.approx([1.0, 1.0, 2.0, 2.0], abs=0.1)
    assert chart.labels[1] == ("judge", "1 of 8, limit 6")


def test_words_stand_where_a_limit_fell_and_never_on_each_other() -> None:
    run = _worked()
    run.now = 100.0
    for step in range(50):
        run.publish(LimitMoved(step * 2.0, "model judge", 8, 0.0), LimitMoved(step * 2.0 + 1, "model judge", 4, 0.0))
    run.publish(LimitMoved(41.5, "model default", 2, 0.0))

    falls = _chart(run).falls

    assert falls[0].words == "default 8 → 2"
    assert {fall.words for fall in falls[1:]} <= {f"judge 8 → 4, {times} falls" for times in (6, 7, 8)}
    assert 3 <= len(falls) <= 6
    assert all(fall.moment + fall.width / 800 * (100.0 / 0.85) <= run.now for fall in falls)  # off the line at now
    for one, other in pairwise(sorted(falls)):
        assert (other.moment - one.moment) / (100.0 / 0.85) * 800 >= one.width
    svg = gantt_svg(_chart(run))
    assert "judge 8 → 4, 1" in svg
    # 340 pixels for the lanes, where words do not shrink
    words = re.findall(r'<text x="([\d.]+)%"[^>]*>([^<]* → [^<]*)<', svg)
    assert len(words) >= 2
    for (place, said), (after, _) in pairwise(sorted((float(place), said) for place, said in words)):
        assert (after - place) / 100 * 340 >= text_width(said, 10.0)


def test_falls_that_one_word_has_room_for_are_counted_however_many_there_are() -> None:
    run = _worked()
    run.ceilings = {"model default": 8, "model judge": 12}
    for step in range(9):
        run.publish(LimitMoved(10.0 + step * 0.1, "model judge", 11 - step, 0.0))
    for step in range(4_000):  # more than a line has steps
        run.publish(LimitMoved(100.0 + step * 0.01, "model default", 8 if step % 2 else 5, 0.0))
    run.publish(LimitMoved(300.0, "model judge", 2, 0.0))
    run.now = 400.0

    falls = sorted(_chart(run).falls)

    assert [fall.words for fall in falls] == [
        "judge 12 → 3, 9 falls", "default 8 → 5, 2,000 falls", "judge 3 → 2",
    ]  # fmt: skip


def test_falls_are_counted_in_the_window_that_is_looked_at() -> None:
    history = _history_of([(1.0, 6), (2.0, 8), (3.0, 4), (4.0, 3), (9.0, 2)])

    assert [history.falls(8, *part) for part in ((-1.0, 10.0), (1.0, 10.0), (3.0, 4.0), (4.0, 8.0))] == [4, 3, 1, 0]
    assert history.falls(6, -1.0, 10.0) == 3


def _history_of(moves: list[tuple[float, int]]) -> Moves:
    """The moves of a limit, taken over one after the other."""
    known = Moves.none()
    for moment, limit in moves:
        known = known.with_more([LimitMoved(moment, "model judge", limit, 0.0)])
    return known


def test_the_words_of_a_fall_say_whose_limit_it_was_unless_there_is_only_one() -> None:
    review, score = LLMText("A review"), LLMText("Judge {{ review }}", model="<i>j</i>")
    alone, both = _run_of({"review": review}), _run_of({"review": review, "score": score})
    for run, name in ((alone, "model default"), (both, "model <i>j</i>")):
        run.publish(LimitMoved(0.0, name, 8, 0.0), LimitMoved(2.0, name, 4, 0.0))

    assert [fall.words for fall in _chart(alone).falls] == ["limit 8 → 4"]
    assert [fall.words for fall in _chart(both).falls] == ["<i>j</i> 8 → 4"]
    for drawn in (gantt_svg(_chart(both)), pack_frame(_chart(both), {})["falls"][0][2]):
        assert "<i>" not in drawn


def test_a_pause_of_the_run_is_shaded_and_says_so_where_there_is_room() -> None:
    run = _worked()
    run.publish(RunPaused(1.0), RunResumed(1.02), RunPaused(2.0), RunResumed(4.5), RunPaused(5.5))

    figure = gantt(_trace(run))
    chart = _chart(run)

    [words] = [trace for trace in figure.data if trace.type == "scatter" and trace.mode == "text"]
    assert list(words.x) == [3.25]
    shade = next(trace for trace in figure.data if trace.type == "scatter" and None in trace.x)
    assert list(shade.x[:10]) == [1.0, 1.02, 1.02, 1.0, None, 2.0, 4.5, 4.5, 2.0, None]
    assert ">paused<" in gantt_svg(chart)
    assert chart.shown_pauses[-1] == (5.5, 6.0)


@pytest.mark.parametrize("lanes", LANE_KINDS)
@pytest.mark.parametrize("rows", [2, 60])
def test_the_word_about_a_pause_stands_on_its_ground_and_on_no_lane(lanes: LaneKind, rows: int) -> None:
    run = traced_run()
    for row in range(rows):
        run.attempt(REVIEW, row, 1.0, 2.0, slot=row)
    run.publish(RunPaused(2.0), RunResumed(4.5))
    run.attempt(REVIEW, rows, 5.0, 6.0)

    figure = gantt(_trace(run), lanes=lanes)

    [words] = [trace for trace in figure.data if trace.type == "scatter" and trace.mode == "text"]
    shade = next(trace for trace in figure.data if trace.type == "scatter" and trace.fill == "toself")
    grounds = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    height = figure.layout.yaxis.range[0]
    assert max(ground.y1 for ground in grounds) + 5 < words.y[0] < max(shade.y[:4]) - 5
    assert max(shade.y[:4]) <= height


def test_of_a_wait_the_part_counts_as_cooling_down_in_which_the_endpoint_was_left_alone() -> None:
    run = traced_run()
    run.publish(LimitMoved(1.0, "model default", 4, 1.25), LimitMoved(3.0, "model default", 3, 9.0))
    run.publish(LimitMoved(3.5, "model default", 4, 0.0))
    run.publish(TaskStarted(4.0, Task(REVIEW, 0, 0, 2), 0.5, 0), TaskStarted(4.0, Task(SCORE, 0, 1), 0.5, 0))
    run.now = 5.0

    chart = _chart(run, lanes="rows")
    figure = gantt(_trace(run), lanes="rows")

    assert chart.cooled.tolist() == [0.75, 0.0]
    assert [(part.bar, part.start, part.end) for part in chart.cooling] == [(0, 1.0, 1.25), (0, 3.0, 3.5)]
    texts = [text for bar in figure.data if bar.type == "bar" for text in bar.hovertext]
    assert texts[0].startswith("<b>review · row 0 · attempt 2</b><br>")
    assert "waited 3.5 s for a slot, 0.8 s of it cooling down" in texts[0]
    assert texts[1].startswith("<b>score · row 1</b><br>")
    assert "cooling down" not in texts[1]


def test_the_bars_of_a_row_stand_around_the_middle_of_its_label_and_off_what_is_above() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 1.0, 2.0)
    run.attempt(SCORE, 0, 2.5, 3.0)
    for slot, node in enumerate((REVIEW, SCORE, SCORE)):
        run.publish(TaskStarted(4.0, Task(node, 0, 1), 3.5, slot))
    run.attempt(REVIEW, 2, 5.0, 6.0)

    chart = _chart(run, lanes="rows")

    places = chart.places
    assert chart.detail.lanes.counts == (1, 3, 1)
    assert (places.lanes[0], places.lanes[2], places.lanes[4]) == pytest.approx(tuple(places.labels))
    assert places.groups[0].top == 4.0
    assert places.groups[0].bottom - places.groups[0].top > 3 * places.thickness
    assert places.pauses_end <= places.height


def test_where_lanes_are_rows_a_thin_line_stands_for_each_wait_and_nothing_below_them() -> None:
    run = traced_run()
    run.attempt(REVIEW, 0, 1.0, 2.0)
    run.attempt(SCORE, 0, 3.0, 4.0)

    figure = gantt(_trace(run), lanes="rows")

    lines = [list(trace.x) for trace in figure.data if trace.type == "scatter"]
    assert lines == [[0.5, 1.0, None], [2.5, 3.0, None]]
    assert list(figure.layout.yaxis.ticktext) == ["row 0"]
    assert list(figure.layout.xaxis.range) == [0.0, 4.0]


def test_while_a_run_goes_on_its_picture_has_room_ahead_of_now_and_none_when_it_has_ended() -> None:
    run = _busy(1000)
    going_on = {lanes: _chart(run, lanes=lanes).detail for lanes in LANE_KINDS}
    run.finish()
    ended = {lanes: _chart(run, lanes=lanes).detail for lanes in LANE_KINDS}

    for lanes in LANE_KINDS:
        window, now = going_on[lanes].window, going_on[lanes].now
        assert (window.end - now) / window.seconds == pytest.approx(0.15)
        assert ended[lanes].window.end == ended[lanes].now


def test_where_rows_do_not_all_fit_the_figure_says_which_it_shows() -> None:
    trace = _trace(_busy(1000))

    figure = gantt(trace, lanes="rows")

    names = figure.layout.yaxis.ticktext
    [note] = [annotation.text for annotation in figure.layout.annotations]
    shown, why = note.split(" · ")
    assert re.fullmatch(r"rows 9\d\d–999 of 1,000", shown)
    assert why == "those in which something began last; for others, give rows=range(…)"
    assert names[0] == f"row {shown[5:8]}"
    assert not gantt(trace, lanes="slots").layout.annotations
    assert gantt(_trace(_busy(3)), lanes="rows").layout.annotations[0].text == "rows 0–2"


def test_a_figure_shows_the_rows_that_were_asked_for_while_something_of_them_went_on() -> None:
    trace = _trace(_busy(1000))

    figure = gantt(trace, lanes="rows", rows=range(300, 310))

    assert [annotation.text for annotation in figure.layout.annotations] == ["rows 300–309 of 1,000"]
    bars = [begin for bar in figure.data if bar.type == "bar" for begin in bar.base]
    assert bars == pytest.approx([30.0 + 0.1 * row for row in range(10)])
    assert list(figure.layout.xaxis.range) == pytest.approx([29.5, 31.0])


@pytest.mark.parametrize("rows", [range(500, 700), 500])
def test_of_more_rows_than_sixty_the_first_are_shown_the_figure_says_so_and_the_axis_ends_with_them(
    rows: RowChoice,
) -> None:
    asked = len(rows) if isinstance(rows, range) else 500

    figure = gantt(_trace(_busy(1000)), lanes="rows", rows=rows)

    [note] = figure.layout.annotations
    assert note.text == f"first 60 of {asked} rows · rows 500–559"
    assert figure.layout.xaxis.range[1] == pytest.approx(0.1 * 559 + 0.1)
    assert len({lane for bar in figure.data if bar.type == "bar" for lane in bar.y}) == 60


def test_a_figure_is_as_high_as_the_rows_that_were_asked_for_need() -> None:
    trace = _trace(_busy(1000))

    few, many = (gantt(trace, lanes="rows", rows=range(300, 300 + count)) for count in (10, 60))

    assert [figure.layout.annotations[0].text for figure in (few, many)] == [
        "rows 300–309 of 1,000",
        "rows 300–359 of 1,000",
    ]
    assert few.layout.height < many.layout.height < 1000
    assert len({lane for bar in many.data if bar.type == "bar" for lane in bar.y}) == 60


@pytest.mark.parametrize("beside", [1, 2, 3])
def test_each_of_the_rows_that_were_asked_for_has_its_label(beside: int) -> None:
    run = traced_run(40)
    for row in range(40):
        for slot in range(beside):
            run.attempt((REVIEW, SCORE, REVIEW)[slot], row, row * 0.1, row * 0.1 + 1.0, slot=slot * 40 + row)

    for count in (20, 40):
        figure = gantt(_trace(run), lanes="rows", rows=range(count))

        assert list(figure.layout.yaxis.ticktext) == [f"row {row}" for row in range(count)]
        places = list(figure.layout.yaxis.tickvals)
        assert min(below - above for above, below in pairwise(places)) >= figure.layout.font.size + 1


def test_rows_of_which_nothing_is_known_yet_are_empty_lanes() -> None:
    figure = gantt(_trace(traced_run(40)), lanes="rows", rows=range(3))

    assert list(figure.layout.yaxis.ticktext) == ["row 0", "row 1", "row 2"]
    assert figure.layout.annotations[0].text == "rows 0–2 of 40"


@pytest.mark.parametrize("lanes", LANE_KINDS)
def test_lanes_have_their_names_and_lie_within_the_chart(lanes: LaneKind) -> None:
    chart = _chart(_worked(), lanes=lanes)

    names = [name for name, _ in chart.labels]
    assert (
        names[:2] == {"slots": ["default", "judge"], "rows": ["row 0", "row 1"], "columns": ["review", "score"]}[lanes]
    )
    assert all(0 <= place <= chart.places.height for place in (*chart.places.lanes, *chart.places.labels))
    assert len(chart.labels) == len(chart.places.labels)
    assert len(gantt(_trace(_worked()), lanes=lanes).data) > 2


@pytest.mark.parametrize("lanes", ["slots", "columns"])
def test_labels_and_the_lines_below_them_leave_the_padding_of_the_view_as_the_run_goes_on_and_after(
    lanes: LaneKind,
) -> None:
    run = traced_run(400)
    run.ceilings = dict.fromkeys(run.graph.resources, 100)
    for row in range(100):
        run.attempt(REVIEW, row, 1.0 + row / 100, slot=row)
    charts = [_chart(run, lanes=lanes)]
    for row in range(100):
        run.publish(TaskEnded(3.0, Task(REVIEW, 0, row), row, None, None))
    run.finish()
    charts.append(_chart(run, lanes=lanes))

    for chart in charts:
        for name, below in chart.labels:
            assert max(text_width(name, 11.0), text_width(below, 10.0)) + 8 + 16 <= chart.places.label_width
    assert charts[0].places.label_width == charts[1].places.label_width


@pytest.mark.parametrize("lanes", ["slots", "columns"])
@pytest.mark.parametrize("models", [1, 3, 8, 24, 60])
def test_labels_never_lie_on_each_other_however_many_there_are(lanes: LaneKind, models: int) -> None:
    names = [f"column {number} with a name that is too long" for number in range(models)]
    run = FakeRun(build_graph({name: LLMText("Write.", model=f"model {name}") for name in names}))
    run.trace = Trace(run.graph)
    for node in range(models):
        run.attempt(node, 0, 1.0, 2.0)

    chart = _chart(run, lanes=lanes)

    assert all(0 <= band.top < band.bottom for band in chart.places.groups)
    heights = [25.0 if below else 13.0 for _, below in chart.labels]
    edges = [
        edge
        for place, height in zip(chart.places.labels, heights, strict=True)
        for edge in (place - height / 2, place + height / 2)
    ]
    assert all(after >= before - 0.1 for before, after in pairwise(edges))
    assert edges[0] >= -7.0  # the margin over the chart, and the leading of a line
    labels = [name for name, _ in chart.labels[:-2]]
    more = [int(name.rpartition(" +")[2]) for name in labels if "…" in name and " +" in name]
    assert len(labels) + sum(more) == models
    assert all(text_width(name, 11.0) + 8 <= chart.places.label_width for name in labels)


def test_what_the_end_of_a_run_has_cut_off_waits_until_its_end() -> None:
    run = _worked()
    run.waiting = {SCORE: [2.0, 3.0]}

    run.finish()

    chart = _chart(run)
    assert int(chart.detail.load.waiting[-1]) == 2
    assert ("waiting", "cells") in chart.labels


def test_everything_of_a_chart_lies_within_it_and_nothing_on_something_else() -> None:
    places = _chart(_worked()).places
    assert places.waiting is not None
    assert places.in_flight is not None

    edges = [place for band in (*places.groups, places.waiting, places.in_flight) for place in (band.top, band.bottom)]
    assert edges == sorted(edges)
    assert edges[-1] == places.height
    assert list(places.lanes) == sorted(places.lanes)


@pytest.mark.parametrize("draw", [gantt_svg, gantt_image])
@pytest.mark.parametrize("lanes", LANE_KINDS)
@pytest.mark.parametrize("count", [0, 1, 300, 5000])
def test_svg_is_well_formed_and_bounded(draw: Callable[[Chart], str], lanes: LaneKind, count: int) -> None:
    svg = draw(_chart(_busy(count), lanes=lanes))

    read_page(svg)
    ET.fromstring(svg[svg.index("<svg") : svg.rindex("</svg>") + len("</svg>")])  # noqa: S314  # our own
    assert len(svg) < 160_000


def test_a_bar_in_svg_has_words_and_in_an_image_it_has_none() -> None:
    chart = _chart(_worked())

    assert "review · row 0\n2.0 s, waited 0.5 s for a slot" in read_page(gantt_svg(chart)).texts
    assert "failed after 1.0 s" in gantt_svg(chart)
    assert "title" not in {tag for tag, _ in elements(gantt_image(chart))}


def test_of_many_bars_in_svg_those_that_lie_on_each_other_are_one_that_says_how_many() -> None:
    run = traced_run(600)
    for row in range(600):
        start = row * 1.0 if row < 500 else 600.0 + row * 0.001
        run.attempt(REVIEW, row, start, start + 0.001, slot=0)
    run.attempt_in_vain(REVIEW, 0, 700.0, 701.0, slot=1)
    chart = _chart(run)

    svg = gantt_svg(chart)

    titles = [text for text in read_page(svg).texts if text.startswith("review · ")]
    assert titles[-2:] == ["review · 100 tasks", "review · row 0\nfailed after 1.0 s"]
    assert sum(len(title) > 0 for title in titles) < 400
    assert len(svg) < 40_000
    assert gantt_image(chart).count('z"') == 1  # what failed has an edge


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_names_stay_text_in_svg(text: str) -> None:
    def draw(name: str) -> list[tuple[str, tuple[str, ...]]]:
        run = FakeRun(build_graph({name: LLMText("x", model=name)}))
        run.trace = Trace(run.graph)
        run.attempt(0, 0, 1.0, 2.0)
        return elements(gantt_svg(_chart(run)) + gantt_image(_chart(run)))

    assert draw(text) == draw("harmless")


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_plotly_reads_no_markup_no_template_and_no_formula_in_text(text: str) -> None:
    assert not set(plotly_text(text)) & set("<>\"'%$\n")


@pytest.mark.parametrize(
    ("end", "ticks"),
    [
        (0.004, ["0.000 s", "0.001 s", "0.002 s", "0.003 s", "0.004 s"]),
        (2.3, ["0.0 s", "0.5 s", "1.0 s", "1.5 s", "2.0 s"]),
        (45.0, ["0 s", "5 s", "10 s", "15 s", "20 s", "25 s", "30 s", "35 s", "40 s", "45 s"]),
        (600.0, ["0:00", "1:00", "2:00", "3:00", "4:00", "5:00", "6:00", "7:00", "8:00", "9:00", "10:00"]),
    ],
)
def test_moments_on_the_axis_are_round(end: float, ticks: list[str]) -> None:
    assert [word for _, word in time_ticks(0.0, end)] == ticks


@pytest.mark.parametrize("end", [1e-9, 1.0, 86_400.0 * 400, 1e12])
def test_there_are_never_many_moments_on_the_axis(end: float) -> None:
    assert len(time_ticks(0.0, end)) <= 11
