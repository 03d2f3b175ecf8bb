"""Nobody waits for what is not theirs, and endpoints are kept as busy as they can be: whole runs in virtual time."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

import pytest

from notebook_gen.config.columns import Column, Function, Integer, LLMText
from notebook_gen.config.settings import RunSettings
from notebook_gen.errors import GenerationError, RateLimited, Transient
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import RowGroups
from tests.books import Books
from tests.simulator import simulate
from tests.worlds import World

FOREVER = 1 << 30
CALL = 0.05
ONE_MODEL: Mapping[str, Column] = {"text": LLMText("Write.")}
TWO_MODELS: Mapping[str, Column] = {"text": LLMText("Write."), "other": LLMText("Write.", model="other")}


def world(columns: Mapping[str, Column], rows: int, size: int, slots: int, **changes: Any) -> World:
    """A world where every task takes `CALL` seconds, and nothing goes wrong but for the changes."""
    graph = build_graph(columns)
    options: dict[str, Any] = {"ceilings": dict.fromkeys(graph.resources, slots), "seconds": CALL} | changes
    return World(graph=graph, groups=RowGroups(rows, size), **options)


def calls_between(books: Books, begin: float, end: float) -> int:
    return sum(begin <= time < end for time in books.made(0))


def test_a_model_that_answers_429_to_everything_changes_nothing_for_another() -> None:
    troubled = {"capacities": [(0.0, 0), (2.0, FOREVER)], "untroubled": frozenset({"model default"})}

    undisturbed = simulate(world(TWO_MODELS, 400, 50, 8))
    books = simulate(world(TWO_MODELS, 400, 50, 8, **troubled))

    assert books.refusals > 0
    assert min(books.made(1)) >= 2.0
    assert books.made(0) == undisturbed.made(0)
    assert books.delivered == set(range(400))


def test_a_model_that_is_down_changes_nothing_for_another() -> None:
    troubled = {"outages": [(0.0, 1.2)], "untroubled": frozenset({"model default"})}

    undisturbed = simulate(world(TWO_MODELS, 400, 50, 8))
    books = simulate(world(TWO_MODELS, 400, 50, 8, **troubled))

    assert books.made(0) == undisturbed.made(0)
    assert books.delivered == set(range(400))


def test_two_models_are_both_busy_all_the_time() -> None:
    books = simulate(world(TWO_MODELS, 400, 50, 8))

    assert books.ended_at == pytest.approx(400 * CALL / 8)


def test_a_straggler_holds_up_only_its_own_row_group() -> None:
    straggler = {(0, 0): 20 * CALL}

    books = simulate(world(ONE_MODEL, 100, 10, 8, slow=straggler))

    # one slot of eight has the straggler; the others do everything else
    times = {number: time for time, number in books.written}
    assert times.pop(0) == pytest.approx(20 * CALL)
    assert times == pytest.approx({number: CALL * -(-((number + 1) * 10 - 1) // 7) for number in range(1, 10)})


def test_row_groups_are_with_processors_before_the_batch_side_by_side() -> None:
    slowly = {"stages": frozenset({"pre_batch"}), "processing": 2 * CALL}

    books = simulate(world({"n": Integer(1, 5), "text": LLMText("Write {{ n }}.")}, 160, 16, 64, **slowly))

    # eight are processed before any call, and the others while their calls are made
    assert books.ended_at == pytest.approx((2 + 160 / 64 + 0.5) * CALL)


def test_a_processor_before_the_batch_that_never_returns_holds_up_only_its_own_row_group() -> None:
    hangs: dict[str, Any] = {"stages": frozenset({"pre_batch"}), "hangs": "pre_batch", "cancel_at": 100 * CALL}

    books = simulate(world({"n": Integer(1, 5), "text": LLMText("Write {{ n }}.")}, 100, 10, 8, **hangs))

    assert books.delivered == set(range(10, 100))
    assert max(books.made(1)) == pytest.approx(CALL * -(-90 // 8))


def test_new_row_groups_are_opened_while_a_straggler_runs() -> None:
    settings = RunSettings(max_open_rows=20)

    books = simulate(world(ONE_MODEL, 100, 10, 8, slow={(0, 0): 100 * CALL}, settings=settings))

    assert [number for _, number in books.written] == [*range(1, 10), 0]


@pytest.mark.parametrize("row", [0, 7])
def test_one_transient_failure_at_the_start_is_a_barrier_for_nothing(row: int) -> None:
    undisturbed = simulate(world(ONE_MODEL, 100, 10, 8))
    books = simulate(world(ONE_MODEL, 100, 10, 8, meets={(0, row): [Transient("it broke")]}))

    on_time = {number: time for time, number in undisturbed.written}
    late = [number for time, number in books.written if time > on_time[number] + CALL]
    assert late in ([], [0])
    assert books.delivered == set(range(100))


def test_a_wide_upstream_starves_nobody() -> None:
    columns: dict[str, Column] = {"text": LLMText("Write.")}
    columns |= {f"judge {place}": LLMText("Judge {{ text }}") for place in range(10)}

    books = simulate(world(columns, 200, 200, 10))

    nodes = [task.node for _, task in books.starts]
    first_half = nodes[: len(nodes) // 2]
    assert all(90 <= first_half.count(node) <= 110 for node in range(1, 11))


def test_rows_finish_early_although_all_slots_are_busy() -> None:
    columns: dict[str, Column] = {"a": LLMText("A."), "b": LLMText("{{ a }}"), "c": LLMText("{{ b }}")}

    books = simulate(world(columns, 1000, 1000, 4))

    first_of_last_column = next(index for index, (_, task) in enumerate(books.starts) if task.node == 2)
    assert first_of_last_column < 3 * 8 + 4


def test_a_downstream_cell_starts_while_its_upstream_still_runs_for_other_rows() -> None:
    columns: dict[str, Column] = {"a": LLMText("A."), "b": LLMText("{{ a }}")}

    books = simulate(world(columns, 50, 50, 4))

    nodes = [task.node for _, task in books.starts]
    assert nodes.index(1) < len(nodes) - 1 - nodes[::-1].index(0)


def test_open_rows_stay_within_their_bound_and_reach_it() -> None:
    books = simulate(world(ONE_MODEL, 100, 5, 50, settings=RunSettings(max_open_rows=20)))

    assert books.most_open_rows == 20


def test_row_groups_are_opened_as_soon_as_the_endpoint_would_idle() -> None:
    books = simulate(world(ONE_MODEL, 1000, 10, 16))

    assert books.ended_at == pytest.approx(CALL * 63)


def test_the_limit_finds_the_capacity_of_an_endpoint() -> None:
    books = simulate(world(ONE_MODEL, 1000, 100, 16, capacities=[(0.0, 8)]))

    assert books.ended_at / (1000 * CALL / 8) <= 1.25
    assert books.refusals < 60
    assert books.delivered == set(range(1000))


def test_the_limit_follows_a_capacity_that_falls_and_comes_back() -> None:
    falls, comes_back, rows = 3.0, 9.0, 3000
    capacities = [(0.0, 16), (falls, 4), (comes_back, 16)]

    books = simulate(world(ONE_MODEL, rows, 100, 16, capacities=capacities))

    made_by_then = falls / CALL * 16 + (comes_back - falls) / CALL * 4
    best = comes_back + (rows - made_by_then) * CALL / 16
    assert books.ended_at / best <= 1.25
    assert books.refusals < 120
    assert books.delivered == set(range(rows))


def test_after_an_outage_of_five_seconds_no_row_is_lost_and_the_pace_is_back_within_a_second() -> None:
    books = simulate(world(ONE_MODEL, 3000, 100, 16, outages=[(4.0, 9.0)]))

    assert books.delivered == set(range(3000))
    assert calls_between(books, 10.0, 11.0) >= 0.95 * 16 / CALL


def test_an_outage_shorter_than_the_patience_costs_no_row_while_there_are_others_to_ask_with() -> None:
    books = simulate(world(ONE_MODEL, 3000, 100, 16, outages=[(4.0, 44.0)]))

    assert books.delivered == set(range(3000))


def test_no_slot_stands_idle_over_a_long_chain() -> None:
    columns: dict[str, Column] = {"c0": LLMText("Write.")}
    columns |= {f"c{place}": LLMText(f"{{{{ c{place - 1} }}}}") for place in range(1, 8)}

    books = simulate(world(columns, 200, 50, 16))

    assert books.ended_at <= 1.05 * 8 * 200 * CALL / 16


def sustained(count: int) -> Sequence[GenerationError]:
    return [RateLimited("slow down")] * count


def test_many_429s_of_one_cell_cost_its_row_nothing_and_are_paced() -> None:
    books = simulate(world(ONE_MODEL, 1, 1, 4, meets={(0, 0): sustained(12)}))

    starts = [time for time, _ in books.starts]
    assert books.delivered == {0}
    assert {task.attempt for _, task in books.starts} == {1}
    assert all(after - before > 2 * CALL for before, after in pairwise(starts))


def test_sustained_429s_do_not_spin() -> None:
    books = simulate(world(ONE_MODEL, 100, 100, 16, capacities=[(0.0, 0), (60.0, FOREVER)]))

    assert books.refusals < 60
    assert books.delivered == set(range(100))


@pytest.mark.parametrize("engine", ["async", "sequential"])
def test_one_slot_for_everything_does_not_deadlock(engine: Literal["async", "sequential"]) -> None:
    columns: dict[str, Column] = {
        "text": LLMText("Write."),
        "sync": Function(function=len, reads=("text",)),
        "awaited": Function(function=len, reads=("sync",), is_async=True),
        "judge": LLMText("Judge {{ awaited }}"),
        "total": Function(function=len, reads=("judge",), full_column=True),
    }
    settings = RunSettings(max_open_rows=1, engine=engine)

    books = simulate(world(columns, 7, 3, 1, settings=settings, transient_rate=0.1))

    assert set(books.row_ends) == set(range(7))


def test_one_open_row_group_with_transient_failures_does_not_deadlock() -> None:
    meets = {(0, row): [Transient("it broke")] * 2 for row in range(1, 10)}

    books = simulate(world(ONE_MODEL, 20, 10, 2, settings=RunSettings(max_open_rows=10), meets=meets))

    assert books.delivered == set(range(20))


def test_a_short_run_does_not_wait_for_a_long_row_group() -> None:
    books = simulate(world(ONE_MODEL, 10, 1000, 10))

    assert books.ended_at == pytest.approx(CALL)


def test_an_endpoint_that_stays_away_stops_the_run_early_and_what_is_finished_is_kept() -> None:
    settings = RunSettings(shutdown_patience=5.0)

    books = simulate(world(ONE_MODEL, 1000, 10, 4, outages=[(1.0, 1000.0)], settings=settings))

    assert books.ending is not None
    assert books.ending.state == "stopped early"
    assert 6.0 <= books.ended_at < 7.5
    assert books.delivered == set(range(76))
