"""The pictures as plain functions: `ng.views.gantt` and `ng.views.dag`."""

import asyncio
import importlib
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
import pyarrow.parquet as pq
import pytest

import notebook_gen as ng
from notebook_gen.events import LimitMoved, RunPaused, RunResumed
from notebook_gen.observers.trace import Trace
from notebook_gen.storage.row_files import write_table
from notebook_gen.views.dag import dag_html
from notebook_gen.views.lanes import LANE_KINDS, LaneKind
from notebook_gen.views.palette import DARK, EITHER
from tests.views.fake_run import REVIEW, SCORE, FakeRun, traced_run


def _trace() -> Any:
    run: FakeRun = traced_run()
    run.attempt(REVIEW, 0, 1.0, 3.0)
    run.finish()
    return run.trace


def test_the_public_pictures_are_these_and_stay_functions_when_their_modules_are_used() -> None:
    for module in ("cells", "dag", "gantt"):
        importlib.import_module(f"notebook_gen.views.{module}")

    assert ng.views.__all__ == ["CellsDrawing", "Drawing", "cells", "dag", "gantt"]
    assert all(callable(getattr(ng.views, name)) for name in ng.views.__all__)


def test_a_chart_of_saved_traces_is_the_chart_of_the_traces() -> None:
    trace = _trace()

    drawn = ng.views.gantt(trace.to_pandas())

    (bar,) = [one for one in drawn.data if one.type == "bar"]
    assert (bar.name, list(bar.base), bar.y) == ("review", [1.0], ng.views.gantt(trace).data[-1].y)


def _written(trace: Trace, path: Path) -> Path:
    write_table(path, trace.to_arrow_parts())
    return path


WAYS: dict[str, Callable[[Trace, Path], Any]] = {
    "a DataFrame": lambda trace, _: trace.to_pandas(),
    "a DataFrame that was read": lambda trace, path: pd.read_parquet(_written(trace, path)),
    "an Arrow table": lambda trace, path: pq.read_table(_written(trace, path)),
    "a file": lambda trace, path: str(_written(trace, path)),
    "a folder": lambda trace, path: _written(trace, path).parent,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("lanes", LANE_KINDS)
def test_saved_traces_make_the_picture_that_the_run_made(way: str, lanes: LaneKind, tmp_path: Path) -> None:
    run = traced_run()
    assert run.trace is not None
    run.trace.ceilings = {"model default": 8, "model judge": 6}
    run.attempt(SCORE, 1, 0.5, 0.75)  # begun before what is declared before it
    run.attempt(REVIEW, 0, 1.0, 3.0)
    run.publish(LimitMoved(1.5, "model judge", 2, 2.5), RunPaused(2.0), RunResumed(2.9))
    run.attempt_in_vain(SCORE, 0, 3.0, 4.0)
    run.finish()

    drawn = ng.views.gantt(WAYS[way](run.trace, tmp_path / "00000.parquet"), lanes=lanes)

    assert drawn.to_dict() == ng.views.gantt(run.trace, lanes=lanes).to_dict()
    assert "paused" in str(drawn)
    assert lanes == "rows" or "judge 6 → 2" in str(drawn)


def _made(builder: ng.DatasetBuilder, rows: int, folder: Path) -> pd.DataFrame:
    """The traces of a run that has ended."""
    run = builder.create(rows, folder, show=False)
    run.result()
    return run.traces.to_pandas()


def test_the_runs_that_made_a_dataset_are_drawn_one_after_the_other(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2))
    builder["stars"] = ng.Integer(1, 5)

    @builder.column
    async def doubled(stars: int) -> int:
        await asyncio.sleep(0.05)
        return 2 * stars

    first, second = (_made(builder, rows, tmp_path / "stars") for rows in (4, 6))

    drawn = ng.views.gantt(f"{tmp_path / 'stars'}/")

    (bar,) = [one for one in drawn.data if one.type == "bar"]
    starts = sorted(bar.base)
    assert len(starts) == 6
    assert starts[:4] == sorted(first.query("column == 'doubled'")["started"])
    assert min(starts[4:]) > first["ended"].max() + second["started"].min()


def test_of_a_run_that_was_cancelled_and_gone_on_with_the_chart_says_where_and_what_had_waited(tmp_path: Path) -> None:
    is_slow, is_called = threading.Event(), threading.Event()
    is_slow.set()
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=50, max_async_functions=2))
    builder["stars"] = ng.Integer(1, 5)

    @builder.column
    async def doubled(stars: int) -> int:
        is_called.set()
        await asyncio.sleep(60 if is_slow.is_set() else 0)
        return 2 * stars

    run = builder.create(200, tmp_path / "stars", show=False)
    assert is_called.wait(30)
    run.cancel()
    with pytest.raises(ng.RunCancelled):
        run.result(timeout=30)
    is_slow.clear()
    _made(builder, 200, tmp_path / "stars")

    alone, drawn = ng.views.gantt(run), ng.views.gantt(tmp_path / "stars")

    ended = run.traces.ended
    assert ended is not None
    # nothing of what waited was ever begun
    for figure in (alone, drawn):
        assert max(_waited(figure, until=ended)) > 0.5
    [line] = [shape for shape in drawn.layout.shapes if shape.line.dash == "dot"]
    assert ended < line.x0 == line.x1
    assert [note.text for note in drawn.layout.annotations] == ["run 2, right after"]
    assert not alone.layout.annotations


def _waited(figure: go.Figure, until: float) -> list[float]:
    """How many tasks waited at any time, as a share of the most that did."""
    curve = next(trace for trace in figure.data if trace.line.shape == "hv")
    bottom, top = max(curve.y), min(curve.y)
    return [(bottom - y) / max(bottom - top, 1) for x, y in zip(curve.x, curve.y, strict=True) if x <= until]


def test_a_file_that_is_not_there_or_no_parquet_is_told(tmp_path: Path) -> None:
    (tmp_path / "other.parquet").write_text("no traces")

    with pytest.raises(ng.ConfigError, match=r"there is no .*traces'; give the folder"):
        ng.views.gantt(tmp_path / "traces")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ng.ConfigError, match=r"there are no traces in .*nothing'; give the folder"):
        ng.views.gantt(tmp_path / "nothing")
    with pytest.raises(ng.ConfigError, match=r"other\.parquet' could not be read"):
        ng.views.gantt(tmp_path / "other.parquet")


@pytest.fixture
def in_jupyter(monkeypatch: pytest.MonkeyPatch) -> None:
    """What plotly takes to be where figures are shown."""
    monkeypatch.setattr(pio.renderers, "default", "plotly_mimetype")


@pytest.mark.usefixtures("in_jupyter")
def test_a_chart_has_no_ground_of_its_own_and_takes_the_text_of_the_page_where_it_is_shown() -> None:
    figure = ng.views.gantt(_trace())

    shown = figure._repr_mimebundle_()["application/vnd.plotly.v1+json"]

    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == EITHER.panel
    assert "var(--jp-content-font-color1" in shown["layout"]["yaxis"]["ticktext"][0]
    assert "var(--jp-content-font-color1" in shown["data"][-1]["name"]
    assert "var(--colab-primary-text-color,#" in shown["layout"]["yaxis"]["ticktext"][0]
    assert "var(--colab-secondary-text-color,#" in shown["layout"]["xaxis"]["tickprefix"]
    assert "var(--jp-" not in str(figure)
    assert figure.layout.dragmode == "zoom"
    assert (shown["config"]["displayModeBar"], shown["config"]["scrollZoom"]) == (False, False)


@pytest.mark.usefixtures("in_jupyter")
def test_a_chart_is_a_figure_that_can_be_changed_and_has_the_colors_that_it_was_given() -> None:
    figure = ng.views.gantt(_trace())

    changed = figure.update_layout(font_color="#ff0000").update_xaxes(tickfont_color="#ff0000")

    assert isinstance(changed, go.Figure)
    shown = changed._repr_mimebundle_(config={"displayModeBar": True})["application/vnd.plotly.v1+json"]
    assert "var(--jp-" not in str(shown)
    assert shown["config"]["displayModeBar"] is True
    assert go.Figure(changed).to_dict() == changed.to_dict()
    assert pickle.loads(pickle.dumps(changed)).to_dict() == changed.to_dict()  # noqa: S301  # our own


@pytest.mark.usefixtures("in_jupyter")
def test_a_chart_without_legend_labels_or_text_is_shown_too() -> None:
    figure = ng.views.gantt(_trace()).update_layout(showlegend=False, legend=None, yaxis=None)

    assert "application/vnd.plotly.v1+json" in figure._repr_mimebundle_()


def test_a_chart_has_the_colors_of_the_theme_that_was_asked_for() -> None:
    assert ng.views.gantt(_trace(), theme="dark").layout.paper_bgcolor == DARK.panel


def test_what_is_no_trace_and_what_is_no_theme_is_told() -> None:
    not_traces: Any = ["row 1"]
    no_theme: Any = "blue"
    with pytest.raises(ng.ConfigError, match=r"a list is no trace; give run\.traces"):
        ng.views.gantt(not_traces)
    with pytest.raises(ng.ConfigError, match="theme is 'blue'"):
        ng.views.gantt(_trace(), theme=no_theme)


def test_a_run_is_drawn_as_its_builder_is() -> None:
    builder = ng.DatasetBuilder()
    builder["stars"] = ng.Integer(1, 5)
    builder["review"] = ng.LLMText("A review with {{ stars }} stars")
    run = builder.preview(1, show=False)
    run.result(timeout=30)

    assert ng.views.dag(run).html == ng.views.dag(builder).html


def test_what_is_no_builder_is_told() -> None:
    builder = ng.DatasetBuilder()
    builder["stars"] = ng.Integer(1, 5)
    no_builders: list[Any] = [3, builder.preview(1, show=False).result(timeout=30), None]
    for no_builder in no_builders:
        kind = type(no_builder).__name__
        with pytest.raises(ng.ConfigError, match=f"a {kind} is no builder; give the DatasetBuilder, its graph, or one"):
            ng.views.dag(no_builder)


def test_a_builder_is_drawn_as_a_notebook_shows_it(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder()
    builder["stars"] = ng.Integer(1, 5)

    drawing = ng.views.dag(builder)

    assert drawing._repr_html_() == drawing.html == dag_html(builder.graph) == builder._repr_html_()
    assert ng.views.dag(builder.graph) == drawing
    assert drawing.html in drawing.save(tmp_path / "dag.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("dot")
def test_a_drawn_builder_is_saved_as_an_image_and_rendered_by_graphviz(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder()
    builder["stars"] = ng.Integer(1, 5)
    builder["text"] = ng.LLMText("{{ stars }}")

    drawing = ng.views.dag(builder, direction="down")

    svg = ET.parse(drawing.save(tmp_path / "dag.svg")).getroot()  # noqa: S314  # our own
    assert svg.attrib["aria-label"] == "graph of 2 columns: stars; text reads stars"
    assert drawing.save(tmp_path / "dag.gv").read_text(encoding="utf-8") == drawing.source
    assert "rankdir=TB" in drawing.source
    assert drawing.to_graphviz().pipe("pdf").startswith(b"%PDF")
    assert ng.views.dag(builder).source == builder.dot().source


def test_a_picture_that_cannot_be_written_and_a_direction_that_is_none_are_told(tmp_path: Path) -> None:
    builder = ng.DatasetBuilder()
    builder["stars"] = ng.Integer(1, 5)
    no_direction: Any = "up"

    with pytest.raises(ng.ConfigError, match=r"'dag\.docx' is no kind of picture"):
        ng.views.dag(builder).save(tmp_path / "dag.docx")
    with pytest.raises(ng.ConfigError, match="direction is 'up'"):
        ng.views.dag(builder, direction=no_direction)
