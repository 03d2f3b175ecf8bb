"""Cells: exact counts of states, however many rows there are, in little room."""

import pytest

from notebook_gen.config.columns import Function, LLMText
from notebook_gen.engine.open_group import DONE, FAILED, READY, SKIPPED
from notebook_gen.engine.tracker import CompletionTracker
from notebook_gen.errors import DroppedByProcessor, Rejected
from notebook_gen.events import (
    CellsKept,
    RowDropped,
    RowGroupKept,
    RowGroupOpened,
    RowGroupResized,
    RowGroupWritten,
    RunFinished,
)
from notebook_gen.observers.cell_counts import SHOWN_STATES
from notebook_gen.observers.cells import MOST_BINS, Cells
from notebook_gen.plan.graph import ExecutionGraph, build_graph
from notebook_gen.plan.tasks import RowGroup, RowGroups

A, B = 0, 1
"""The nodes; b reads a."""


GRAPH = build_graph({"a": LLMText("Begin"), "b": LLMText("Go on: {{ a }}")})
WITH_FULL_COLUMN = build_graph({"a": LLMText("Begin"), "b": Function(function=len, reads=("a",), full_column=True)})


class _World:
    """The engine's tracker and the events that go with it."""

    def __init__(self, rows: int, group_size: int, graph: ExecutionGraph = GRAPH) -> None:
        self.tracker = CompletionTracker(graph)
        self.cells = Cells(graph, rows, self.tracker.groups.get)
        self.groups = RowGroups(rows, group_size)

    def open(self, number: int) -> None:
        group = self.groups[number]
        self.tracker.open(group, 0.0)
        self.cells(RowGroupOpened(0.0, group))

    def start(self, node: int, row: int) -> None:
        self.tracker.start(node, self.tracker.groups[self.groups.group_of(row)], row)

    def end(self, node: int, row: int, state: int = DONE) -> None:
        self.start(node, row)
        self.tracker.cell_ended(node, self.tracker.groups[self.groups.group_of(row)], row, state, 0.0)

    def drop(self, node: int, row: int) -> None:
        number = self.groups.group_of(row)
        self.tracker.drop(node, self.tracker.groups[number], row, 0.0)
        self.cells(RowDropped(0.0, number, row, node, 1, Rejected("no")))

    def filter(self, row: int) -> None:
        """Let a processor drop a row, as the engine does."""
        number = self.groups.group_of(row)
        group = self.tracker.groups[number]
        was_done = row in group.done_rows()
        if was_done:
            self.tracker.drop_done(group, row)
        else:
            self.tracker.drop(None, group, row, 0.0)
        self.cells(RowDropped(0.0, number, row, None, 1, DroppedByProcessor("only_long", "post_batch"), was_done))

    def write(self, number: int) -> None:
        """Let a row group leave, as the engine does: it is gone when that is told."""
        group = self.tracker.groups[number].group
        self.tracker.free(number)
        self.cells(RowGroupWritten(0.0, group, group.size))

    def states(self, node: int) -> list[str]:
        """The state of each row; only where a bin is a row."""
        counted = self.cells.count()
        assert counted.width == 1
        by_bin = self.by_bin(node)
        assert all(sum(counts.values()) == 1 for counts in by_bin)
        return [next(iter(counts)) for counts in by_bin]

    def by_bin(self, node: int) -> list[dict[str, int]]:
        """How many cells are in which state, bin by bin."""
        counts, size = self.cells.count().counts[node].tolist(), len(SHOWN_STATES)
        bins = (counts[at : at + size] for at in range(0, len(counts), size))
        return [{SHOWN_STATES[state]: count for state, count in enumerate(one) if count} for one in bins]


def test_every_cell_waits_before_its_row_group_is_opened() -> None:
    world = _World(rows=5, group_size=3)
    world.open(0)

    assert world.states(A) == ["ready", "ready", "ready", "waiting", "waiting"]
    assert world.states(B) == ["waiting"] * 5


def test_cells_are_shown_as_they_stand() -> None:
    world = _World(rows=4, group_size=4)
    world.open(0)
    world.end(A, 0)
    world.end(A, 1)
    world.end(B, 0, SKIPPED)
    world.start(A, 2)
    world.drop(B, 1)

    assert world.states(A) == ["done", "done", "in flight", "ready"]
    assert world.states(B) == ["skipped", "failed", "waiting", "waiting"]


def test_what_was_made_of_a_row_that_a_processor_dropped_is_dropped() -> None:
    world = _World(rows=4, group_size=4)
    world.open(0)
    for row in (0, 1):
        world.end(A, row)
        world.end(B, row)
    world.end(A, 2)
    world.end(B, 2, SKIPPED)
    world.end(A, 3)
    world.drop(B, 3)

    world.filter(1)
    world.filter(2)

    for _ in ("while it is open", "when it is written"):
        assert world.states(A) == ["done", "dropped", "dropped", "done"]
        assert world.states(B) == ["done", "dropped", "skipped", "failed"]
        (group,) = world.cells.between(0, 4).groups
        assert [SHOWN_STATES[state] for state in group.states] == [*world.states(A), *world.states(B)]
        if world.tracker.groups:
            world.write(0)


def test_of_a_row_that_a_processor_dropped_before_it_was_made_every_cell_is_dropped() -> None:
    world = _World(rows=3, group_size=3, graph=WITH_FULL_COLUMN)
    world.open(0)
    world.end(A, 0)
    world.filter(0)
    world.end(A, 1)
    world.filter(2)

    assert world.states(A) == ["dropped", "done", "dropped"]
    assert world.states(B) == ["dropped", "ready", "dropped"]


def test_kept_cells_of_a_row_that_a_processor_dropped_are_dropped_too() -> None:
    world = _World(rows=2, group_size=2)
    world.open(0)
    for row in (0, 1):
        world.end(A, row)
        world.end(B, row)
    world.cells(CellsKept(0.0, A, 0, 2, (0, 1)))

    world.filter(1)

    assert world.states(A) == ["kept", "dropped"]


def test_a_row_group_that_is_resized_knows_nothing_of_the_rows_that_a_processor_dropped_before() -> None:
    world = _World(rows=3, group_size=3)
    world.open(0)
    world.filter(0)
    group = world.tracker.groups[0]
    group.states[A][:] = bytes((DONE, DONE, DONE))

    world.cells(RowGroupResized(0.0, group.group, 3))

    assert world.states(A) == ["done", "done", "done"]


def test_what_is_known_of_a_row_group_stays_when_it_is_written() -> None:
    world = _World(rows=4, group_size=2)
    world.open(0)
    world.end(A, 0)
    world.end(B, 0)
    world.start(A, 1)
    world.drop(A, 1)

    world.write(0)
    world.open(1)

    assert world.states(A) == ["done", "failed", "ready", "ready"]
    assert world.states(B) == ["done", "dropped", "waiting", "waiting"]


def test_a_full_column_has_one_state_but_for_rows_that_were_dropped_or_left_out() -> None:
    world = _World(rows=4, group_size=4, graph=WITH_FULL_COLUMN)
    world.open(0)
    world.end(A, 0)
    world.end(A, 1, SKIPPED)
    world.drop(A, 2)
    assert world.states(B) == ["waiting", "waiting", "dropped", "waiting"]

    world.end(A, 3)
    world.tracker.leave_out(B, world.tracker.groups[0], [1], SKIPPED)
    world.start(B, 0)
    assert world.states(B) == ["in flight", "in flight", "dropped", "in flight"]

    world.tracker.full_ended(B, world.tracker.groups[0], DONE, 0.0)
    assert [world.states(B)[row] for row in (0, 1, 3)] == ["done", "skipped", "done"]
    shown = [world.tracker.cell_states(world.tracker.groups[0], row)[B] for row in range(4)]
    assert world.states(B) == shown


def test_what_was_not_made_when_the_run_ended_never_will_be() -> None:
    world = _World(rows=4, group_size=2)
    world.open(0)
    world.end(A, 0)
    world.start(A, 1)

    world.cells(RunFinished(0.0, "cancelled", None))

    assert world.states(A) == ["done", "waiting", "waiting", "waiting"]
    assert world.states(B) == ["waiting"] * 4


def test_what_the_end_of_the_run_has_cut_off_waits_for_ever() -> None:
    world = _World(rows=6, group_size=2)
    world.open(0)
    for row in (0, 1):
        world.end(A, row)
        world.end(B, row)
    world.write(0)
    world.open(1)
    world.open(2)
    world.end(A, 2)
    assert world.cells.waiting_since() == {A: [0.0] * 3, B: [0.0]}

    world.write(1)
    world.cells(RunFinished(0.0, "cancelled", None))

    assert world.cells.waiting_since() == {A: [0.0] * 3, B: [0.0]}


def test_many_rows_are_counted_in_stretches() -> None:
    world = _World(rows=1_000, group_size=100)
    for number in (0, 1):
        world.open(number)
    for row in range(100):
        world.end(A, row)
    world.end(A, 101)
    world.end(B, 4, FAILED)
    world.write(0)

    counted = world.cells.count()

    assert (counted.width, counted.bins) == (3, 334)
    by_bin = world.by_bin(A)
    assert by_bin[:33] == [{"done": 3}] * 33
    # a stretch over the end of a row group, one in it, one over the end of what is opened, and the last
    assert by_bin[33] == {"done": 2, "ready": 1}
    assert by_bin[34] == {"ready": 3}
    assert by_bin[66] == {"ready": 2, "waiting": 1}
    assert by_bin[333] == {"waiting": 1}
    assert world.by_bin(B)[1] == {"waiting": 2, "failed": 1}


@pytest.mark.parametrize("rows", [1, 399, 400, 401, 12_345])
@pytest.mark.parametrize("opened", [0, 1, 3])
def test_every_row_is_counted_once(rows: int, opened: int) -> None:
    world = _World(rows, group_size=97)
    for number in range(min(opened, len(world.groups))):
        world.open(number)
    if opened:
        world.write(0)

    assert [sum(counts) for counts in world.cells.count().counts] == [rows, rows]
    assert world.cells.count().bins <= MOST_BINS


def test_counts_take_no_more_room_the_more_rows_there_are() -> None:
    few, many = _World(400, 100).cells.count(), _World(1_000_000, 1_000).cells.count()

    assert [len(counts) for counts in many.counts] == [len(counts) for counts in few.counts]


@pytest.mark.parametrize("made", [1, 3, 900], ids=["fewer", "more", "many more"])
def test_rows_that_a_column_makes_or_takes_away_are_counted(made: int) -> None:
    world = _World(rows=4, group_size=2)
    world.open(0)
    resized = RowGroup(0, 0, made)
    world.tracker.free(0)
    world.tracker.open(resized, 0.0)
    world.cells(RowGroupResized(0.0, resized, 2))

    counted = world.cells.count()

    assert [sum(counts) for counts in counted.counts] == [made + 2] * 2
    assert counted.bins * counted.width >= max(4, made)
    assert counted.bins <= MOST_BINS
    assert sum(counted.counts[A][READY :: len(SHOWN_STATES)]) == made


def test_what_is_counted_stays_where_it_is_when_a_column_makes_many_more_rows() -> None:
    world = _World(rows=6, group_size=3)
    world.open(0)
    for row in range(3):
        world.end(A, row)
    world.write(0)
    world.open(1)
    resized = RowGroup(1, 3, 900)
    world.tracker.free(1)
    world.tracker.open(resized, 0.0)

    world.cells(RowGroupResized(0.0, resized, 3))

    assert world.cells.count().width == 4
    by_bin = world.by_bin(A)
    assert by_bin[0] == {"done": 3, "ready": 1}
    assert by_bin[1:-1] == [{"ready": 4}] * 224
    assert by_bin[-1] == {"ready": 3}


def test_row_groups_of_an_earlier_run_are_counted_and_what_lies_before_them_waits() -> None:
    world = _World(12, 3)

    world.cells(RowGroupKept(0.0, world.groups[1], [3, 5], 3))
    world.cells(RowGroupKept(0.0, world.groups[3], [9, 10, 11], 3))

    assert world.states(A) == [
        *["waiting"] * 3, "kept", "dropped", "kept", *["waiting"] * 3, *["kept"] * 3
    ]  # fmt: skip


def test_cells_of_an_earlier_run_are_told_from_those_that_were_made_now_and_stay_so_when_they_are_written() -> None:
    world = _World(3, 3)
    world.open(0)
    world.cells(CellsKept(0.0, A, 0, 2, [0, 2]))
    for row in range(3):
        world.end(A, row)

    assert world.states(A) == ["kept", "done", "kept"]
    for row in range(3):
        world.end(B, row)
    world.write(0)
    assert (world.states(A), world.states(B)) == (["kept", "done", "kept"], ["done"] * 3)


def test_what_was_passed_over_is_counted_once_when_it_is_begun() -> None:
    world = _World(12, 3)
    world.cells(RowGroupKept(0.0, world.groups[1], [3, 4, 5], 3))
    world.cells(RowGroupKept(0.0, world.groups[3], [9, 10, 11], 3))

    world.open(0)
    world.end(A, 1)
    world.open(2)

    assert world.states(A) == ["ready", "done", "ready", *["kept"] * 3, *["ready"] * 3, *["kept"] * 3]


def test_the_states_of_some_rows_are_there_after_their_row_group_was_written() -> None:
    world = _World(12, 4)
    for number in range(2):
        world.open(number)
    for row in range(4):
        world.end(A, row)
        world.end(B, row, FAILED if row == 2 else DONE)
    world.write(0)

    found = world.cells.between(2, 9)

    assert [(group.start, group.size) for group in found.groups] == [(0, 4), (4, 4)]
    assert list(found.groups[0].states) == [DONE] * 4 + [DONE, DONE, FAILED, DONE]
    assert list(found.groups[1].states[:4]) == [READY] * 4
    assert found.waiting == [range(8, 12)]


@pytest.mark.parametrize("rows", [100_000, 10_000_000])
@pytest.mark.parametrize("pixels", [1, 300, 2_000])
def test_no_part_of_a_run_takes_more_than_some_thousand_counts(rows: int, pixels: int) -> None:
    cells = _World(rows, 1_000).cells
    looked = [end for end in (rows, rows // 3, rows // 77, 64 * pixels) if end <= rows]

    for end in looked:
        counted = cells.count_between(end // 5, end, -(-end // pixels))
        # what is not counted is looked at cell by cell
        touched = counted.bins if counted is not None else end
        assert touched <= max(16 * pixels, 128 * pixels, 2_000)


def test_a_part_is_counted_as_the_whole_is() -> None:
    world = _World(30_000, 1_000)
    for number in (0, 1, 2, 4):
        world.open(number)
    for row in range(1_990, 2_010):
        world.end(A, row)
    world.end(B, 1_995, FAILED)
    world.write(0)
    world.write(1)

    counted = world.cells.count_between(1_000, 30_000, 100)

    assert counted is not None
    assert (counted.width, counted.first) == (64, 960)
    size = len(SHOWN_STATES)
    of_a = [counted.counts[A][state::size] for state in range(size)]
    ended = dict(zip(SHOWN_STATES, (sum(counts) for counts in of_a), strict=True))
    assert ended["done"] == 20
    assert ended["ready"] == 3_000 - 2_010 + 1_000
    assert sum(ended.values()) == 30_000 - 960
    at = (1_995 - 960) // 64
    assert counted.counts[B][at * size + FAILED] == 1


def test_rows_that_a_column_makes_are_counted_beside_those_that_follow() -> None:
    graph = build_graph(
        {"a": LLMText("Begin"), "b": Function(function=len, reads=("a",), full_column=True, allow_resize=True)}
    )
    world = _World(rows=60_000, group_size=1, graph=graph)
    for number in range(400):
        world.open(number)
        resized = RowGroup(number, number, 900)
        world.tracker.free(number)
        world.tracker.open(resized, 0.0)
        world.cells(RowGroupResized(0.0, resized, 1))
        world.write(number)

    counted = world.cells.count_between(0, 1_344, 64)

    assert counted is not None
    assert sum(counted.counts[A]) == 400 * 900 + 1_344 - 400
