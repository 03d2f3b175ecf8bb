"""CompletionTracker against a naive model, whatever is done to it in whatever order."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from notebook_gen.config.columns import Column
from notebook_gen.engine.open_group import DEFERRED, DONE, DROPPED, FAILED, IN_FLIGHT, READY, SKIPPED, WAITING
from notebook_gen.engine.tracker import CompletionTracker, Ready
from notebook_gen.plan.graph import ExecutionGraph, build_graph
from notebook_gen.plan.tasks import RowGroup
from tests.engine.steps import function
from tests.engine.tracker_model import ModelGroup, Place


@st.composite
def graphs(draw: st.DrawFn) -> ExecutionGraph:
    """Up to six columns, cell by cell or full-column, each reading any of those before it."""
    columns: dict[str, Column] = {}
    for index in range(draw(st.integers(1, 6))):
        reads = draw(st.lists(st.sampled_from(sorted(columns)), unique=True, max_size=3)) if columns else []
        columns[f"c{index}"] = function(*reads, full_column=draw(st.booleans()))
    return build_graph(columns)


class TrackerMachine(RuleBasedStateMachine):
    """Two row groups; each step is done to the tracker and to the model, and what became ready is compared."""

    @initialize(graph=graphs(), sizes=st.lists(st.integers(1, 4), min_size=2, max_size=2), has_gate=st.booleans())
    def begin(self, graph: ExecutionGraph, sizes: list[int], has_gate: bool) -> None:
        self.now = 0.0
        self.tracker = CompletionTracker(graph, has_gate=has_gate)
        self.models: list[ModelGroup] = []
        start = 0
        for number, size in enumerate(sizes):
            group = RowGroup(number, start, size)
            model = ModelGroup(graph, group, has_gate=has_gate)
            self.models.append(model)
            self.compare(model, self.tracker.open(group, self.now))
            start += size

    def compare(self, model: ModelGroup, told: Sequence[Ready]) -> None:
        """Check that just what is ready by the rules was told, each once."""
        places: list[Place] = []
        for node, rows in told:
            places += [(node, None)] if model.full[node] else [(node, row) for row in rows]
        assert sorted(places, key=str) == sorted(model.wake(), key=str)

    def pick(self, data: st.DataObject, *states: int, full: bool | None = None) -> tuple[ModelGroup, Place] | None:
        """Choose a task in one of these states, if there is one."""
        places = [
            (model, place)
            for model in self.models
            for place, state in model.state.items()
            if state in states and full in (None, place[1] is None)
        ]
        return data.draw(st.sampled_from(places), label="task") if places else None

    def give_back(self, model: ModelGroup, place: Place) -> None:
        """Give back the slot of a task that has one, as the core does."""
        if model.state[place] == IN_FLIGHT:
            model.slots -= 1
            self.tracker.groups[model.group.number].in_flight -= 1

    @rule(data=st.data())
    def start_a_ready_task(self, data: st.DataObject) -> None:
        chosen = self.pick(data, READY)
        if chosen is None:
            return
        model, place = chosen
        group = self.tracker.groups[model.group.number]

        assert self.tracker.start(place[0], group, place[1] if place[1] is not None else model.group.start)

        model.state[place] = IN_FLIGHT
        model.slots += 1

    @rule(data=st.data())
    def start_what_cannot_start(self, data: st.DataObject) -> None:
        chosen = self.pick(data, WAITING, IN_FLIGHT, DEFERRED, DONE, SKIPPED, FAILED, DROPPED)
        if chosen is None:
            return
        model, place = chosen
        group, row = self.tracker.groups[model.group.number], place[1] or model.group.start
        if model.state[place] == DROPPED:
            assert not self.tracker.start(place[0], group, row)
        else:
            with pytest.raises(RuntimeError, match="cannot start"):
                self.tracker.start(place[0], group, row)

    @rule(data=st.data(), state=st.sampled_from([DONE, SKIPPED, FAILED]))
    def end_a_cell(self, data: st.DataObject, state: int) -> None:
        chosen = self.pick(data, READY, IN_FLIGHT, full=False)
        if chosen is None:
            return
        model, (node, row) = chosen
        assert row is not None
        self.now += 1.0
        self.give_back(model, (node, row))
        model.state[node, row] = state

        told = self.tracker.cell_ended(node, self.tracker.groups[model.group.number], row, state, self.now)

        self.compare(model, told)

    @rule(data=st.data(), state=st.sampled_from([DONE, SKIPPED, FAILED]))
    def end_a_full_column(self, data: st.DataObject, state: int) -> None:
        chosen = self.pick(data, READY, IN_FLIGHT, full=True)
        if chosen is None or not chosen[0].live:
            return
        model, place = chosen
        self.now += 1.0
        self.give_back(model, place)
        model.end_full(place[0], state)

        told = self.tracker.full_ended(place[0], self.tracker.groups[model.group.number], state, self.now)

        self.compare(model, told)

    @rule(data=st.data())
    def end_what_has_ended_or_waits(self, data: st.DataObject) -> None:
        chosen = self.pick(data, WAITING, DEFERRED, DONE, SKIPPED, FAILED, DROPPED)
        if chosen is None:
            return
        model, place = chosen
        group, row = self.tracker.groups[model.group.number], place[1] or model.group.start
        with pytest.raises(RuntimeError, match="cannot end"):
            self.tracker.cell_ended(place[0], group, row, DONE, self.now)
        with pytest.raises(RuntimeError, match="cannot end"):
            self.tracker.full_ended(place[0], group, DONE, self.now)

    @rule(data=st.data(), is_deferred=st.booleans())
    def try_again(self, data: st.DataObject, is_deferred: bool) -> None:
        chosen = self.pick(data, IN_FLIGHT, DEFERRED)
        if chosen is None:
            return
        model, place = chosen
        group, row = self.tracker.groups[model.group.number], place[1] or model.group.start
        self.now += 1.0
        self.give_back(model, place)
        again = self.tracker.defer if is_deferred else self.tracker.put_back

        # a full-column task whose rows were all dropped while it ran is not tried again
        assert again(place[0], group, row, self.now) == bool(model.live)

        if model.live:
            model.state[place] = DEFERRED if is_deferred else READY
        else:
            model.state[place] = IN_FLIGHT
            model.slots += 1
            group.in_flight += 1

    @rule(data=st.data(), by_a_node=st.booleans())
    def drop_a_row(self, data: st.DataObject, by_a_node: bool) -> None:
        rows = [(model, row) for model in self.models for row in model.live if not model.is_done(row)]
        if not rows:
            return
        model, row = data.draw(st.sampled_from(rows), label="row")
        failed = [place for place, state in model.state.items() if place[1] == row and state in (READY, IN_FLIGHT)]
        place = data.draw(st.sampled_from(failed), label="failed") if failed and by_a_node else None
        self.now += 1.0
        model.drop(row, place, FAILED)

        group = self.tracker.groups[model.group.number]
        told = self.tracker.drop(place[0] if place is not None else None, group, row, self.now)

        self.compare(model, told)

    @rule(data=st.data())
    def discard_what_ran_for_a_dropped_row(self, data: st.DataObject) -> None:
        running = [model for model in self.models if model.slots > list(model.state.values()).count(IN_FLIGHT)]
        if running:
            model = data.draw(st.sampled_from(running), label="row group")
            model.slots -= 1
            self.tracker.groups[model.group.number].in_flight -= 1

    @rule(data=st.data())
    def drop_a_row_that_is_done(self, data: st.DataObject) -> None:
        rows = [(model, row) for model in self.models for row in model.live if model.is_done(row)]
        if not rows:
            return
        model, row = data.draw(st.sampled_from(rows), label="row")
        group = self.tracker.groups[model.group.number]
        with pytest.raises(RuntimeError, match="cannot be dropped"):
            self.tracker.drop(None, group, row, self.now)

        self.tracker.drop_done(group, row)

        model.dropped.add(row)

    @rule(data=st.data())
    def drop_what_is_dropped(self, data: st.DataObject) -> None:
        rows = [(model, row) for model in self.models for row in sorted(model.dropped)]
        if not rows:
            return
        model, row = data.draw(st.sampled_from(rows), label="row")
        group = self.tracker.groups[model.group.number]
        with pytest.raises(RuntimeError, match="cannot be dropped"):
            self.tracker.drop(None, group, row, self.now)
        with pytest.raises(RuntimeError, match="cannot be dropped"):
            self.tracker.drop_done(group, row)

    @rule(data=st.data(), state=st.sampled_from([SKIPPED, FAILED]))
    def leave_rows_out_of_a_full_column(self, data: st.DataObject, state: int) -> None:
        chosen = self.pick(data, WAITING, READY, full=True)
        if chosen is None or chosen[1][0] == self.tracker.gate or not chosen[0].live:
            return
        model, (node, _) = chosen
        rows = data.draw(st.lists(st.sampled_from(model.live), unique=True, min_size=1), label="rows")

        self.tracker.leave_out(node, self.tracker.groups[model.group.number], rows, state)

        model.left_out.setdefault(node, {}).update(dict.fromkeys(rows, state))

    def resizable(self) -> list[tuple[ModelGroup, int]]:
        """Full-column tasks that alone are in flight, while other nodes have ended in all their rows or in none."""
        return [
            (model, node)
            for model in self.models
            for (node, row), state in model.state.items()
            if state == IN_FLIGHT and row is None and node != self.tracker.gate and model.slots == 1
            if model.rows_of(node) and DEFERRED not in model.state.values()
            if all(len({model.has_ended(other, row) for row in model.live}) == 1 for other in range(len(model.full)))
        ]

    @precondition(lambda self: self.resizable())
    @rule(data=st.data())
    def change_the_number_of_rows(self, data: st.DataObject) -> None:
        model, node = data.draw(st.sampled_from(self.resizable()), label="task")
        positions = st.integers(0, len(model.rows_of(node)) - 1)
        sources = data.draw(st.lists(positions, max_size=5), label="sources")
        if model is not self.models[-1]:
            # the row group behind it begins where this one ended before; the sequential engine has but one open
            sources = sources[: len(model.rows_of(node))]
        old = self.tracker.groups[model.group.number]
        self.now += 1.0
        offsets = old.resized_offsets(node, sources)
        model.resize(node, sources)

        self.compare(model, self.tracker.resize(node, old, offsets, self.now))

    @invariant()
    def every_cell_is_in_its_state(self) -> None:
        for model in self.models:
            group = self.tracker.groups[model.group.number]
            for row in model.group.rows:
                nodes = range(len(group.states) - (self.tracker.gate is not None))
                assert self.tracker.cell_states(group, row) == [model.seen(node, row) for node in nodes]
                for node in nodes:
                    assert self.tracker.is_skipped(node, group, row) == self.skipped(model, node, row)

    @staticmethod
    def skipped(model: ModelGroup, node: int, row: int) -> bool:
        if model.full[node]:
            return model.left_out.get(node, {}).get(row) == SKIPPED
        return model.state[node, row] == SKIPPED

    @invariant()
    def every_count_is_right(self) -> None:
        for model in self.models:
            group = self.tracker.groups[model.group.number]
            done = [row for row in model.group.rows if model.is_done(row)]
            is_whole = len(done) + len(model.dropped) == model.group.size
            assert group.group == model.group
            assert list(group.live_rows()) == model.live
            assert list(group.done_rows()) == done
            assert (group.rows_done, group.rows_dropped) == (len(done), len(model.dropped))
            assert group.in_flight == model.slots
            assert (group.is_whole, group.is_closed) == (is_whole, is_whole and not model.slots)
            for node, full in enumerate(model.full):
                if full:
                    assert list(group.rows_of(node)) == model.rows_of(node)


TestTracker = TrackerMachine.TestCase
TestTracker.settings = settings(
    max_examples=300,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def tracker_of(*, has_gate: bool = False) -> CompletionTracker:
    return CompletionTracker(build_graph({"a": function(), "b": function("a")}), has_gate=has_gate)


def test_a_row_group_is_opened_once() -> None:
    tracker = tracker_of()
    tracker.open(RowGroup(0, 0, 2), 0.0)

    with pytest.raises(RuntimeError, match="open already"):
        tracker.open(RowGroup(0, 0, 2), 0.0)


def test_a_row_group_that_is_freed_is_forgotten_and_freeing_it_again_is_harmless() -> None:
    tracker = tracker_of()
    tracker.open(RowGroup(0, 0, 2), 0.0)

    tracker.free(0)
    tracker.free(0)

    assert tracker.groups == {}


def test_when_a_cell_became_ready_is_kept() -> None:
    tracker = tracker_of()
    tracker.open(RowGroup(0, 0, 2), 1.0)
    group = tracker.groups[0]

    tracker.cell_ended(0, group, 1, DONE, 3.0)

    assert list(group.ready_at[0]) == [1.0, 1.0]
    assert group.ready_at[1][1] == 3.0


def test_a_row_that_was_dropped_before_a_full_column_was_made_is_dropped_there_too() -> None:
    tracker = CompletionTracker(build_graph({"a": function(), "f": function("a", full_column=True)}))
    tracker.open(RowGroup(0, 0, 4), 0.0)
    group = tracker.groups[0]
    tracker.drop(0, group, 0, 1.0)
    for row in (1, 2, 3):
        tracker.cell_ended(0, group, row, DONE, 1.0)
    tracker.drop(1, group, 1, 2.0)

    tracker.full_ended(1, group, DONE, 2.0)
    tracker.drop_done(group, 2)

    states = [tracker.cell_states(group, row) for row in range(4)]
    assert states == [["failed", "dropped"], ["done", "failed"], ["done", "done"], ["done", "done"]]


def test_a_full_column_that_failed_in_all_rows_left_did_not_fail_in_those_dropped_before() -> None:
    tracker = CompletionTracker(build_graph({"a": function(), "f": function("a", full_column=True)}))
    tracker.open(RowGroup(0, 0, 2), 0.0)
    group = tracker.groups[0]
    tracker.drop(0, group, 0, 1.0)
    tracker.cell_ended(0, group, 1, DONE, 1.0)

    tracker.drop(1, group, 1, 2.0)
    tracker.fail_full(1, group)

    assert [tracker.cell_states(group, row) for row in range(2)] == [["failed", "dropped"], ["done", "failed"]]


def test_the_newest_row_that_was_started_is_kept() -> None:
    tracker = tracker_of()
    tracker.open(RowGroup(0, 10, 3), 0.0)
    group = tracker.groups[0]
    assert group.newest == -1

    tracker.start(0, group, 11)
    tracker.start(0, group, 10)

    assert group.newest == 11
