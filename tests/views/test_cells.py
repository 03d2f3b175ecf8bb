"""The picture of all cells: exact, bounded, and harmless whatever the columns are called."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from notebook_gen.config.columns import LLMText
from notebook_gen.engine.open_group import DONE, DROPPED, FAILED, IN_FLIGHT, READY, SKIPPED, WAITING, OpenGroup
from notebook_gen.engine.tracker import CompletionTracker
from notebook_gen.events import RowGroupOpened, RowGroupWritten
from notebook_gen.observers.cell_counts import SHOWN_STATES
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.views.cells import (
    MOST_BYTES,
    CellsFeed,
    CellsFrame,
    CellsPicture,
    count_states,
    pack_cells,
    picture_of_part,
    picture_of_run,
)
from notebook_gen.views.cells_svg import FEW_SHAPES, MOST_SHAPES, cells_image, cells_svg, drawable
from notebook_gen.views.text import text_width
from tests.views.fake_run import REVIEW, FakeRun, traced_run
from tests.views.hostile import HOSTILE
from tests.views.recording_board import RecordingBoard

DRAWN = {"div", "svg", "path", "text", "circle", "rect"}


def _picture(states: list[list[int]], *, ended: bool = False) -> CellsPicture:
    """A picture of columns with a row a bin."""
    cells = np.eye(len(SHOWN_STATES), dtype=np.uint32)[np.array(states)]
    names = [f"column {place}" for place in range(len(states))]
    return CellsPicture(names, [f"c{place % 16}" for place in range(len(states))], 1, cells, ended)


def _random(columns: int, bins: int, width: int = 1) -> CellsPicture:
    """The hardest picture to draw: no two neighbours are alike."""
    rng = np.random.default_rng(1)
    picture = _picture(rng.integers(0, len(SHOWN_STATES), (columns, bins * width)).tolist())
    return picture._replace(width=width, cells=picture.cells.reshape(columns, bins, width, -1).sum(axis=2))


def _read(frame: CellsFrame) -> list[list[dict[str, int]]]:
    """What a page reads: by column and bin, the states and their numbers; of a single state, 0."""
    counts = iter(np.frombuffer(frame["counts"], dtype="<u2" if frame["width"] <= 0xFFFF else "<u4").tolist())
    read: list[dict[str, int]] = []
    for mask in np.frombuffer(frame["masks"], dtype="<u2").tolist():
        states = [state for bit, state in enumerate(SHOWN_STATES) if mask >> bit & 1]
        read.append({state: next(counts) if len(states) > 1 else 0 for state in states})
    assert next(counts, None) is None
    return [read[at : at + frame["bins"]] for at in range(0, len(read), frame["bins"])]


def _tags(svg: str) -> Iterator[str]:
    """The elements of a drawing; fails if it is not well formed."""
    return (element.tag.rpartition("}")[2] for element in ET.fromstring(svg).iter())  # noqa: S314  # our own


def _count_shapes(svg: str) -> int:
    return len(re.findall(r"h-[\d.]+z", svg))


def _run() -> FakeRun:
    run = traced_run(4)
    run.open_groups[0] = _open_group(run, RowGroup(0, 0, 4))
    run.publish(RowGroupOpened(0.0, RowGroup(0, 0, 4)))
    return run


def _open_group(run: FakeRun, group: RowGroup) -> OpenGroup:
    tracker = CompletionTracker(run.graph)
    tracker.open(group, 0.0)
    return tracker.groups[group.number]


def test_a_frame_holds_the_state_of_every_cell() -> None:
    frame = pack_cells(_picture([[DONE, IN_FLIGHT, READY], [FAILED, WAITING, SKIPPED]]), [])

    assert _read(frame) == [
        [{"done": 0}, {"in flight": 0}, {"ready": 0}],
        [{"failed": 0}, {"waiting": 0}, {"skipped": 0}],
    ]
    assert (frame["width"], frame["bins"], frame["counts"]) == (1, 3, b"")


@pytest.mark.parametrize("width", [2, 70_000], ids=["short", "long"])
def test_a_stretch_of_rows_holds_how_many_cells_are_in_which_state(width: int) -> None:
    cells = np.zeros((1, 2, len(SHOWN_STATES)), dtype=np.uint32)
    cells[0, 0, DONE] = width
    cells[0, 1, DONE], cells[0, 1, FAILED] = width - 1, 1

    frame = pack_cells(CellsPicture(["a"], ["c0"], width, cells, ended=False), [])

    assert _read(frame) == [[{"done": 0}, {"done": width - 1, "failed": 1}]]


@pytest.mark.parametrize(("columns", "bins", "width"), [(60, 400, 2), (200, 400, 1), (8, 400, 9)])
def test_a_frame_is_small_however_many_cells_there_are(columns: int, bins: int, width: int) -> None:
    picture = _random(columns, bins, width)

    frame = pack_cells(picture, [])

    assert len(frame["masks"]) + len(frame["counts"]) <= MOST_BYTES
    assert frame["bins"] * frame["width"] >= bins * width
    total = sum(count or frame["width"] for column in _read(frame) for cell in column for count in cell.values())
    assert total == pytest.approx(picture.cells.sum(), rel=0.05)


def test_coarser_pictures_lose_no_cell() -> None:
    picture = _random(3, 7)

    coarser = picture.coarser()

    assert (coarser.width, coarser.bins) == (2, 4)
    assert coarser.cells.sum(axis=1).tolist() == picture.cells.sum(axis=1).tolist()


def test_the_feed_shows_made_columns_and_says_what_has_failed() -> None:
    run, board = _run(), RecordingBoard()
    run.drop(2, REVIEW, "no <b>")
    feed = CellsFeed(run, board)

    feed.show()

    frame = board.cells
    assert frame is not None
    assert frame["names"] == frame["labels"] == ["stars", "tone", "review", "score"]
    assert frame["colors"] == ["c0", "c1", "c2", "c3"]
    assert frame["notes"] == {"2": "review: no <b>"}
    assert _read(frame)[REVIEW] == [{"waiting": 0}] * 4


def test_the_feed_shows_only_what_has_changed() -> None:
    run, board = _run(), RecordingBoard()
    feed = CellsFeed(run, board)
    feed.show()
    feed.show()
    assert board.heard == ["cells"]

    run.open_groups[0].states[REVIEW][1] = DONE
    feed.show()

    assert board.heard == ["cells", "cells"]
    assert board.cells is not None
    assert _read(board.cells)[REVIEW] == [{"waiting": 0}, {"done": 0}, {"waiting": 0}, {"waiting": 0}]


def test_a_run_that_makes_nothing_has_an_empty_picture() -> None:
    frame = pack_cells(picture_of_run(FakeRun(build_graph({}), rows=3)), [])

    assert (frame["names"], frame["masks"]) == ([], b"")


# A part of a run


def test_long_names_beside_the_cells_stay_apart() -> None:
    names = [f"a_generated_text_about_a_topic_{at}" for at in range(20)]
    picture = _picture([[1]] * 20)._replace(names=names)

    labels = pack_cells(picture, [])["labels"]

    assert len(set(labels)) == 20
    assert labels[19].endswith("_19")
    assert all(text_width(label, 12) <= 134 for label in labels)
    assert "_19</text>" in cells_svg(picture)


def _half_done_run() -> FakeRun:
    """A run of 1,000 rows in groups of 100: five are written, the sixth is open, the rest waits."""
    run = traced_run(1_000)
    for number in range(6):
        group = RowGroup(number, 100 * number, 100)
        run.open_groups[number] = _open_group(run, group)
        run.publish(RowGroupOpened(0.0, group))
        for states in run.open_groups[number].states:
            states[:] = bytes((DONE,)) * 100
        run.open_groups[number].states[REVIEW][7] = FAILED
        if number < 5:
            run.publish(RowGroupWritten(1.0, group, 99))
            del run.open_groups[number]
    return run


def test_a_part_that_has_a_pixel_for_each_row_is_exact() -> None:
    run, board = _half_done_run(), RecordingBoard()
    run.drop(507, REVIEW, "no")

    CellsFeed(run, board).answer([{"cells": {"first": 495, "end": 605, "pixels": 110}}])

    frame = board.part_of_cells
    assert frame is not None
    assert (frame["first"], frame["width"], frame["bins"], frame["notes"]) == (495, 1, 110, {"507": "review: no"})
    states = [next(iter(cell)) for cell in _read(frame)[REVIEW]]
    assert states == ["done"] * 12 + ["failed"] + ["done"] * 92 + ["waiting"] * 5


def test_a_part_with_fewer_pixels_counts_as_the_whole_does() -> None:
    run = _half_done_run()

    part = picture_of_part(run, range(1_000), 100)

    whole = picture_of_run(run)
    assert (part.width, part.bins) == (10, 100)
    assert part.cells.sum(axis=1).tolist() == whole.cells.sum(axis=1).tolist()
    assert part.cells[REVIEW, 0].tolist()[FAILED] == 1


def _long_run() -> FakeRun:
    """A run of 200,000 rows in groups of 700, with failures anywhere: most are written, five open, the rest waits."""
    run, rng = traced_run(200_000), np.random.default_rng(1)
    for number in range(200):
        group = RowGroup(number, 700 * number, 700)
        run.open_groups[number] = _open_group(run, group)
        run.publish(RowGroupOpened(0.0, group))
        for states in run.open_groups[number].states:
            states[:] = rng.choice([DONE, FAILED, SKIPPED], 700).astype(np.uint8).tobytes()
        if number < 195:
            run.publish(RowGroupWritten(1.0, group, 700))
            del run.open_groups[number]
    return run


LONG_RUN = _long_run()


@pytest.mark.parametrize("pixels", [60, 777, 1_300])
@pytest.mark.parametrize(("first", "end"), [(0, 199_999), (1, 180_001), (130_123, 170_456), (135_000, 150_000)])
def test_a_long_part_is_counted_as_its_cells_are(first: int, end: int, pixels: int) -> None:
    picture = picture_of_part(LONG_RUN, range(first, end), pixels)

    assert picture.first <= first < picture.first + picture.width
    assert picture.bins <= pixels + 1
    reach = picture.first + picture.bins * picture.width
    assert end <= reach < end + picture.width
    # bins of the picture, but the last: it may hold rows that lie behind the part
    states = LONG_RUN.cell_states(picture.first, reach)
    exact = count_states(states, picture.nodes, picture.width)
    assert picture.cells[:, :-1].tolist() == exact[:, :-1].tolist()


def test_while_somebody_looks_at_a_part_only_that_is_sent() -> None:
    run, board = _half_done_run(), RecordingBoard()
    feed = CellsFeed(run, board)
    feed.show()
    feed.answer([{"cells": {"first": 500, "end": 600, "pixels": 800}}])
    feed.show()

    run.open_groups[5].states[REVIEW][8] = IN_FLIGHT
    feed.show()
    feed.answer([{"cells": None}])

    assert board.heard == ["cells", "part of cells", "part of cells", "cells"]


@pytest.mark.parametrize(
    "nonsense",
    [7, {}, {"first": 5}, {"first": 9, "end": 3, "pixels": 100}, {"first": 2_000, "end": 3_000, "pixels": 9}],
)
def test_what_is_no_part_is_the_whole(nonsense: object) -> None:
    board = RecordingBoard()

    CellsFeed(_half_done_run(), board).answer([{"cells": nonsense}])

    assert board.heard == ["cells"]


# In a report


@pytest.mark.parametrize("picture", [_random(6, 40), _random(30, 400, 3), _random(1, 1)], ids=["few", "many", "one"])
def test_a_drawing_is_bounded_and_whole(picture: CellsPicture) -> None:
    drawn, image = cells_svg(drawable(picture)), cells_image(drawable(picture, FEW_SHAPES))

    assert set(_tags(drawn)) | set(_tags(image)) <= DRAWN
    assert _count_shapes(drawn) <= MOST_SHAPES
    assert _count_shapes(image) <= FEW_SHAPES
    assert len(drawn) < 40_000


def test_a_drawing_says_how_many_cells_are_in_which_state() -> None:
    picture = _picture([[DONE, DONE, FAILED, WAITING], [DONE, SKIPPED, DROPPED, WAITING]], ended=True)

    svg = cells_svg(picture)

    assert 'aria-label="cells of 2 columns: 3 done, 1 skipped, 2 not made, 1 dropped, 1 failed"' in svg
    for words in ("3 done", "1 skipped", "2 not made", "1 dropped", "1 failed"):
        assert f">{words}</text>" in svg


def test_cells_stand_apart_where_there_is_room_and_neighbours_are_one_shape_where_there_is_not() -> None:
    assert _count_shapes(cells_svg(_picture([[DONE] * 600]))) == 1
    assert "stroke-dasharray" not in cells_svg(_picture([[DONE] * 600]))
    for rows in (60, 200):
        [(dash, gap)] = re.findall(r"stroke-dasharray:([\d.]+) ([\d.]+);", cells_svg(_picture([[DONE] * rows])))
        assert float(dash) + float(gap) == pytest.approx(1000 / rows, abs=0.01)


@pytest.mark.parametrize("draw", [cells_svg, cells_image])
def test_states_are_told_without_colour_where_a_cell_has_room_in_the_legend_too(
    draw: Callable[[CellsPicture], str],
) -> None:
    few = _picture([[DONE, DONE, FAILED, WAITING], [DONE, SKIPPED, DROPPED, DROPPED]])
    many = _picture([[DONE, FAILED, DROPPED, SKIPPED] * 40])

    marks = re.findall(r'<path d="([^"]*)"[^>]*stroke[^>]*>', draw(few).replace("stroke-dasharray:2", ""))
    crosses = [path for path in marks if re.search(r"m0-[\d.]+l-", path)]
    dashes = [path for path in marks if re.fullmatch(r"M[\d.]+ [\d.]+h[\d.]+", path)]
    assert [path.count("l-") for path in crosses] == [1, 1]
    assert len(dashes) >= 2
    assert draw(few).count("stroke-dasharray:2 2") == 2
    assert draw(many).count("stroke-dasharray:2 2") == 0


def test_what_failed_can_be_seen_in_a_long_stretch() -> None:
    cells = np.zeros((1, 1, len(SHOWN_STATES)), dtype=np.uint32)
    cells[0, 0, DONE], cells[0, 0, FAILED] = 99_999, 1

    svg = cells_svg(CellsPicture(["a"], ["c0"], 100_000, cells, ended=True))

    heights = [float(height) for height in re.findall(r'<path d="M[^v]*v([\d.]+)', svg)]
    assert min(heights) >= 1.5
    assert sum(heights) == pytest.approx(13.0, abs=0.2)


@pytest.mark.parametrize("text", HOSTILE)
def test_names_are_text(text: str) -> None:
    graph = build_graph({text: LLMText("Say something")}) if text.strip() else build_graph({})
    picture = picture_of_run(FakeRun(graph, rows=3))

    for svg in (cells_svg(picture), cells_image(picture)):
        assert set(_tags(svg)) <= DRAWN
