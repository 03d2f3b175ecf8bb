"""Tables say what is there and why the rest is not, whatever text stands in them."""

import base64
from typing import Any

import pandas as pd
import pytest

from notebook_gen.config.columns import LLMText, SeedColumn, SeedData
from notebook_gen.engine.snapshots import CellState, RowView
from notebook_gen.plan.graph import build_graph
from notebook_gen.views.arrangement import TableColumn
from notebook_gen.views.stylesheet import stylesheet
from notebook_gen.views.tables import bounded_table, frame_table, rows_table
from notebook_gen.views.text import one_line, several_lines
from tests.views.hostile import HOSTILE, elements, read_page

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
HOSTILE_TEXTS = pytest.mark.parametrize("text", HOSTILE, ids=ascii)


def _row(*cells: tuple[CellState, Any], row: int = 0, dropped: bool = False) -> RowView:
    return RowView(row, dropped, tuple(state for state, _ in cells), tuple(value for _, value in cells))


def _columns(*names: str) -> list[TableColumn]:
    return [TableColumn(name, place) for place, name in enumerate(names)]


def _texts(html: str) -> list[str]:
    return [text for text in read_page(html).texts if text.strip()]


def test_a_cell_says_its_value_or_why_it_has_none() -> None:
    states: list[tuple[CellState, Any]] = [("done", "dry"), ("in flight", None), ("ready", None), ("waiting", None)]

    html = rows_table(_columns(*"abcd"), [_row(*states, row=27)])

    assert _texts(html) == ["#", "a", "b", "c", "d", "27", "dry", "in flight", "ready", "waiting"]


def test_without_rows_it_says_why_and_nothing_of_it_is_markup() -> None:
    assert _texts(rows_table(_columns("a"), [])) == ["No rows yet. The newest will stand here as they are made."]
    assert _texts(rows_table(_columns("a"), [], nothing="<b>none")) == ["<b>none"]


def test_a_skipped_cell_shows_what_it_holds_instead() -> None:
    html = rows_table(_columns(*"ab"), [_row(("skipped", None), ("skipped", "not asked"))])

    assert _texts(html)[-2:] == ["skipped", "not asked"]


def test_a_dropped_row_is_pale_and_marks_the_cell_that_decided_it() -> None:
    row = _row(("done", "dry"), ("failed", None), ("dropped", None), row=13, dropped=True)

    page = read_page(rows_table(_columns(*"abc"), [row]))

    classes = [attributes.get("class") for tag, attributes in page.elements if tag in ("tr", "td")]
    assert classes == [None, "ng-gone", "ng-number", None, "ng-failed", "ng-pending"]
    assert page.texts[-3:] == ["dry", "failed", "–"]


def test_a_column_has_its_dot_and_seed_data_has_none() -> None:
    columns = [TableColumn("seed", 0), TableColumn("made", 1, color=12)]

    html = rows_table(columns, [_row(("done", 1), ("done", 2))])

    assert [attributes["class"] for tag, attributes in read_page(html).elements if tag == "i"] == ["ng-dot ng-c12"]


def test_text_none_and_nothing_are_told_apart() -> None:
    html = rows_table(_columns(*"abc"), [_row(("done", "None"), ("done", ""), ("done", None))])

    cells = [(attributes.get("class"), tag) for tag, attributes in read_page(html).elements if tag == "td"][1:]
    assert cells == [(None, "td"), ("ng-described", "td"), ("ng-described", "td")]
    assert _texts(html)[-3:] == ["None", '""', "NA"]


@HOSTILE_TEXTS
def test_hostile_text_in_names_and_values_stays_text(text: str) -> None:
    html = rows_table([TableColumn(text, 0, color=3)], [_row(("done", text)), _row(("failed", text))])

    page = read_page(html)
    tags = [tag for tag, _ in page.elements]
    assert tags.count("td") - tags.count("details") == 4  # one more for a text that can be opened
    assert tags.count("th") == 2
    assert {tag for tag, _ in page.elements} <= {
        "div", "table", "colgroup", "col", "thead", "tbody", "tr", "th", "td", "i", "span", "details", "summary", "b",
    }  # fmt: skip


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.strip()], ids=ascii)
def test_hostile_text_changes_no_element_of_a_frame(text: str) -> None:
    def draw(content: str) -> list[str]:
        index = pd.Index([content], dtype=object)  # pandas' own text type cannot hold lone surrogates
        frame = pd.DataFrame([[content[:30]]], index=index, columns=index, dtype=object)
        return [tag for tag, _ in elements(frame_table(frame, note=content))]

    assert draw(text) == draw("x" * len(text))


def test_a_blank_name_and_a_blank_text_are_said_in_words() -> None:
    html = frame_table(pd.DataFrame({"  ": ["   "]}))

    assert _texts(html) == ["#", "no name", "0", "blank, 3 long", "1 row × 1 column"]


def test_a_value_is_shown_whole_when_it_is_short_and_cut_when_it_is_long() -> None:
    html = rows_table(_columns(*"ab"), [_row(("done", "<b>"), ("done", "y" * 10_000))], limit=20, full_limit=0)

    assert _texts(html)[-2:] == ["<b>", "y" * 19 + "…"]
    assert len(html) < 1_000


def test_who_opens_a_text_finds_it_below_its_row() -> None:
    review, reply = "first line\nsecond line " * 20, "z" * 10_000
    columns = [TableColumn("stars", 0, width=60), TableColumn("review", 1, color=2), TableColumn("reply", 2)]

    html = rows_table(columns, [_row(("done", 4), ("done", review), ("done", reply), row=7)])

    page = read_page(html)
    assert [text for text in page.texts if text.strip()][-7:] == [
        "4", one_line(review), one_line(reply), "review", review, "reply", several_lines(reply, 4_000),
    ]  # fmt: skip
    folds = [attributes["class"] for tag, attributes in page.elements if tag == "details"]
    assert folds == ["ng-text0 ng-as-page", "ng-text1 ng-as-page"]
    shown = [attributes["class"] for _, attributes in page.elements if "ng-full" in (attributes.get("class") or "")]
    assert shown == ["ng-full ng-text0", "ng-full ng-text1"]
    assert [attributes["colspan"] for _, attributes in page.elements if "colspan" in attributes] == ["4"]


def test_every_fold_of_a_row_has_a_text_to_show_however_many_there_are() -> None:
    columns = _columns(*"abcdefghijklmno")

    html = rows_table(columns, [_row(*(("done", f"{column.name} " * 100) for column in columns))])

    page = read_page(html)
    folds = [(attributes["class"] or "").split()[0] for tag, attributes in page.elements if tag == "details"]
    assert folds == [f"ng-text{min(place, 12)}" for place in range(len(columns))]
    style = stylesheet()
    assert [name for name in folds if f".{name}[open]) + .ng-whole .{name}" not in style] == []


def test_a_text_that_its_column_shows_whole_is_not_to_be_opened() -> None:
    text = "a text of some sixty letters, which the wide column does hold"

    wide = rows_table([TableColumn("a", 0)], [_row(("done", text))])
    narrow = rows_table([TableColumn("a", 0, width=120)], [_row(("done", text))])

    assert ["details" in html for html in (wide, narrow)] == [False, True]


@pytest.mark.parametrize("value", ["Standing desk", 1234567890.25, b"x" * 99])
def test_what_is_short_is_one_line_and_read_whole_by_who_points_at_it(value: Any) -> None:
    html = rows_table([TableColumn("a", 0, width=120)], [_row(("done", value))])

    page = read_page(html)
    [_, cell] = [facts for tag, facts in page.elements if tag == "td"]
    assert cell["title"] == page.texts[-1]
    assert "details" not in html


def test_in_a_table_of_little_room_texts_are_cut_shorter_then_rows_left_out_and_all_can_be_opened() -> None:
    columns, texts = _columns(*"ab"), [_row(("done", "z" * 9_000), ("done", "short"), row=row) for row in range(20)]

    sizes = [(size, *bounded_table(columns, texts, size, nothing="")) for size in (100_000, 20_000, 5_000)]

    assert [len(rows) for _, _, rows in sizes] == [20, 20, 5]
    assert [table.count("<details") for _, table, _ in sizes] == [20, 20, 5]
    assert [len(table) <= size for size, table, _ in sizes] == [True] * 3


def test_a_picture_is_a_small_image_and_one_without_room_is_said_in_words() -> None:
    row = _row(("done", PNG), ("done", PNG + bytes(30_000)), ("done", "<svg onload=alert(1)>"))

    page = read_page(rows_table(_columns(*"abc"), [row]))

    [image] = [facts for tag, facts in page.elements if tag == "img"]
    assert image["src"] == f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert "max-height:22px" in image["style"]
    assert page.texts[-2:] == ["image, 30.0 kB", "<svg onload=alert(1)>"]
    assert "<img" not in rows_table(_columns(*"abc"), [row], full_limit=0)


def test_what_has_parts_is_json_that_can_be_opened_with_a_line_for_each() -> None:
    value = {"name": "kettle", "tags": ["x" * 40] * 4}

    texts = _texts(rows_table(_columns("a"), [_row(("done", value))]))

    assert texts[3].startswith('{"name": "kettle", "tags": ["xxx')
    assert texts[-1].split("\n")[:3] == ["{", '  "name": "kettle",', '  "tags": [']


def test_a_live_table_of_hostile_giants_stays_small() -> None:
    columns = _columns(*(f"column {at}" for at in range(10)))
    cell: tuple[CellState, Any] = ("done", "<&>'\"" * 100_000)
    rows = [_row(*[cell] * 10, row=row) for row in range(6)]

    assert len(rows_table(columns, rows, full_limit=0)) < 64_000 * 2


def test_a_frame_of_giants_stays_small() -> None:
    frame = pd.DataFrame({f"column {at}": ["<&>'\"" * 100_000] * 10 for at in range(20)})

    assert len(frame_table(frame)) < 1_000_000


def test_a_table_without_rows_says_what_will_be_there() -> None:
    assert _texts(rows_table(_columns(*"ab"), [])) == ["No rows yet. The newest will stand here as they are made."]


def test_values_stand_under_the_name_of_their_column_in_whatever_order_the_columns_are() -> None:
    columns = [TableColumn("b", 1, width=120), TableColumn("a", 0)]

    html = rows_table(columns, [_row(("done", "of a"), ("waiting", None))])

    assert _texts(html) == ["#", "b", "a", "0", "waiting", "of a"]
    widths = [attributes.get("style") for tag, attributes in read_page(html).elements if tag == "col"]
    assert widths == ["width:48px", "width:120px", "width:calc(96px + max(0px,(100cqw - 264px)*1))"]


def test_a_frame_shows_its_first_rows_and_its_shape_and_marks_what_is_missing() -> None:
    frame = pd.DataFrame({"a": [1.5, None, 3.0], "b": ["x", "", None]}, index=[7, 8, 9])

    html = frame_table(frame, rows=2, total=1000, note="placeholder text")

    assert _texts(html) == [
        "#", "a", "b", "7", "1.5", "x", "8", "NA", '""', "1,000 rows × 2 columns · the first 2", "placeholder text",
    ]  # fmt: skip
    assert [attributes.get("class") for tag, attributes in read_page(html).elements if tag == "td"] == [
        "ng-number", None, None, "ng-number", "ng-described", "ng-described",
    ]  # fmt: skip


def test_where_a_frame_has_little_room_its_seed_data_is_narrower_than_what_is_made() -> None:
    names = [f"seed_{at}" for at in range(7)]
    data = SeedData(name="products", columns=tuple(names), rows=4)
    seeds = {name: SeedColumn(name=name, data=data) for name in names}
    frame = pd.DataFrame([["some twenty letters or more"] * 8], columns=[*names, "review"])

    html = frame_table(frame, graph=build_graph({**seeds, "review": LLMText("{{ seed_4 }}")}))

    assert _texts(html)[:9] == ["#", *names, "review"]
    assert html.count('<col style="width:calc(48px + clamp(') == 7


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame({"a": []}),
        pd.DataFrame(index=[1, 2]),
        pd.DataFrame([[1, 2]], columns=["same", "same"]),
        pd.DataFrame({("a", 1): [1], ("a", 2): [{"x": [1]}]}),
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": pd.Categorical(["x", None])}),
    ],
    ids=["empty", "no rows", "no columns", "same names", "tuples as names", "extension types"],
)
def test_odd_frames_are_drawn_too(frame: pd.DataFrame) -> None:
    read_page(frame_table(frame))


@pytest.mark.parametrize("state", ["waiting", "ready", "in flight", "deferred", "skipped", "failed", "dropped"])
def test_who_points_at_a_cell_without_a_value_reads_what_its_state_means(state: CellState) -> None:
    [cell] = [
        facts
        for _, facts in read_page(rows_table(_columns("a"), [_row((state, None))])).elements
        if facts.get("title") and facts["title"] != "a"
    ]

    assert len(cell["title"] or "") > len(state)


def test_a_dropped_row_has_a_mark_that_says_why() -> None:
    row = _row(("done", 4), row=7, dropped=True)

    html = rows_table(_columns("a"), [row._replace(reason='score: "no" <b>'), row._replace(row=8), _row(("done", 5))])

    marks = [facts for _, facts in read_page(html).elements if facts.get("class") == "ng-drop"]
    assert [facts["title"] for facts in marks] == ['dropped: score: "no" <b>', "dropped: its record says why"]
    assert _texts(html) == ["#", "a", "×", "7", "4", "×", "8", "4", "0", "5"]
