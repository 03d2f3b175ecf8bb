"""Processors stand below the graph, as marks that no layout knows of."""

import pytest

import notebook_gen as ng
from notebook_gen.config.processors import ProcessorNames
from notebook_gen.observers.progress import Progress
from notebook_gen.views.dag import dag_size, dag_svg, more_below
from notebook_gen.views.processors import ProcessorMarks
from tests.views.fake_run import review_run
from tests.views.hostile import HOSTILE, elements, read_svg

NAMES: ProcessorNames = {"pre_batch": ("clean",), "post_batch": ("few", "DropColumns"), "after_run": ("shuffle",)}
GRAPH = review_run().graph


def _texts(svg: str) -> list[str]:
    return ["".join(text.itertext()) for text in read_svg(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_a_graph_shows_the_processors_of_a_run_in_the_order_they_run() -> None:
    progress = Progress(GRAPH, 40, NAMES)

    svg = dag_svg(GRAPH, progress=progress, max_width=640)

    assert _texts(svg)[-6:] == ["pre-batch", "clean", "post-batch", "few, DropColumns", "after run", "shuffle"]
    assert "post-batch processors: few, DropColumns\neach sees each finished row group" in svg
    assert "; post-batch processors: few, DropColumns; after run processor: shuffle" in svg


def test_marks_take_room_below_the_columns_and_only_where_there_are_processors() -> None:
    plain, marked = Progress(GRAPH, 40), Progress(GRAPH, 40, NAMES)

    assert dag_svg(GRAPH, progress=plain) == dag_svg(GRAPH, progress=Progress(GRAPH, 40, {}))
    assert dag_size(GRAPH, marked, 640)[1] == dag_size(GRAPH, plain, 640)[1] + ProcessorMarks(NAMES, 640).height
    assert more_below(GRAPH, marked, 640, 300) == ""


@pytest.mark.parametrize("room", [460.0, 120.0, 20.0])
def test_where_marks_have_no_room_beside_each_other_they_stand_below_and_long_names_are_cut(room: float) -> None:
    marks = ProcessorMarks(dict.fromkeys(NAMES, ("a name of many words that is long " * 3,)), room)

    assert marks.width <= max(120.0, room)
    assert marks.height == ProcessorMarks({"pre_batch": ("x",)}, room).height + 2 * 26


def test_a_builder_shows_its_processors() -> None:
    builder = ng.DatasetBuilder()
    builder["stars"] = ng.Integer(1, 5)
    builder.processor("post_batch", ng.DropColumns("stars*"), name="without stars")

    drawings = builder._repr_html_(), ng.views.dag(builder).html, ng.views.dag(builder).svg

    assert [">without stars</text>" in drawing for drawing in drawings] == [True] * 3


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_names_stay_text(text: str) -> None:
    def draw(name: str) -> str:
        return dag_svg(GRAPH, progress=Progress(GRAPH, 40, {"after_run": (name,)}), max_width=640)

    assert elements(draw(text)) == elements(draw("harmless"))
