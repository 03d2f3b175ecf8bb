"""Salvage: what a failed attempt becomes, and the tasks that wait."""

import pytest

from notebook_gen.config.columns import LLMText
from notebook_gen.engine.salvage import Salvage
from notebook_gen.errors import RateLimited, Rejected, Transient
from notebook_gen.plan.graph import build_graph
from notebook_gen.plan.tasks import Task
from tests.engine.steps import function

TASK = Task(0, 0, 0)
BROKEN = Transient("it broke")


def salvage(rounds: int = 2, backoff: float = 2.0, longest_wait: float = 600.0) -> Salvage:
    graph = build_graph({"a": function(retries=1), "text": LLMText("x")})
    return Salvage(graph, rounds, backoff, longest_wait)


def test_a_task_that_never_failed_is_at_its_first_attempt() -> None:
    assert salvage().attempt(0, 0) == 1


def test_a_transient_failure_costs_an_attempt_and_waits_longer_each_time() -> None:
    waiting = salvage()

    delays = [waiting.delay(TASK, 0, BROKEN, now, waits_alone=False) for now in (0.0, 10.0, 20.0)]

    assert delays[0] is not None
    assert delays[1] is not None
    assert 2.0 <= delays[0] <= 3.0
    assert 4.0 <= delays[1] <= 6.0
    assert delays[2] is None
    assert waiting.attempt(0, 0) == 3


def test_a_delay_has_an_upper_bound() -> None:
    waiting = salvage(rounds=100)

    delays = [waiting.delay(TASK, 0, BROKEN, 1000.0 * n, waits_alone=False) for n in range(50)]

    assert max(delay for delay in delays if delay is not None) <= 450.0


@pytest.mark.parametrize("error", [BROKEN, Transient("it failed", status=500)])
def test_a_task_that_was_tried_early_in_vain_waits_until_it_was_due_and_has_lost_no_attempt(error: Transient) -> None:
    waiting = salvage(rounds=1)
    due = waiting.delay(TASK, 0, error, 0.0)
    assert due is not None
    waiting.defer(0, 0, due)
    assert waiting.take_of([0])

    assert waiting.delay(TASK, 0, error, 0.5) == pytest.approx(due - 0.5)

    waiting.defer(0, 0, due)
    assert not waiting.take_of([0])
    assert waiting.take_due(due)
    assert waiting.attempt(0, 0) == 3
    assert waiting.delay(TASK, 0, error, due + 0.5) is None


def test_a_rejection_is_tried_again_at_once_as_often_as_its_column_says() -> None:
    waiting = salvage()

    assert waiting.delay(TASK, 0, Rejected("no"), 0.0, waits_alone=False) == 0.0
    assert waiting.attempt(0, 0) == 2
    assert waiting.delay(TASK, 0, Rejected("no"), 0.0, waits_alone=False) is None


def test_a_rate_limit_costs_no_attempt_and_its_pause_is_the_endpoints() -> None:
    waiting = salvage(rounds=0)

    for _ in range(100):
        assert waiting.delay(TASK, 0, RateLimited("slow down", retry_after=5.0), 0.0, waits_alone=False) == 0.0

    assert waiting.attempt(0, 0) == 1


@pytest.mark.parametrize(("retry_after", "delay"), [(5.0, 5.0), (None, 0.25)])
def test_a_rate_limit_that_no_endpoint_keeps_is_kept_by_the_task(retry_after: float | None, delay: float) -> None:
    waiting = salvage()

    assert waiting.delay(TASK, 0, RateLimited("slow down", retry_after=retry_after), 0.0, waits_alone=True) == delay


def test_a_task_that_is_not_told_how_long_to_wait_waits_twice_as_long_each_time() -> None:
    waiting = salvage(backoff=2.0)
    refused = RateLimited("slow down")

    delays = [waiting.delay(TASK, 0, refused, 0.0, waits_alone=True) for _ in range(9)]
    other_row = waiting.delay(TASK, 1, refused, 0.0, waits_alone=True)
    waiting.forget(0, 0)

    assert delays == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert other_row == waiting.delay(TASK, 0, refused, 0.0, waits_alone=True) == 0.25


def test_a_task_waits_no_longer_than_the_patience_however_long_it_is_asked_to() -> None:
    waiting = salvage(longest_wait=20.0)

    assert waiting.delay(TASK, 0, RateLimited("slow down", retry_after=3600.0), 0.0, waits_alone=True) == 20.0


def test_when_the_next_of_some_nodes_is_due_is_known() -> None:
    waiting = salvage()
    waiting.defer(0, 5, 7.0)
    waiting.defer(1, 2, 4.0)
    waiting.defer(1, 3, 3.0)

    assert [waiting.due_of([1]), waiting.due_of([0]), waiting.due_of([0, 1])] == [3.0, 7.0, 3.0]
    assert salvage().due_of([0]) == float("inf")


def test_a_task_that_waits_as_long_as_it_was_asked_to_is_not_tried_sooner() -> None:
    waiting = salvage()
    waiting.defer(0, 0, 5.0, may_be_early=False)
    waiting.defer(0, 1, 6.0)

    assert [deferred.row for deferred in waiting.take_of([0])] == [1]
    assert waiting.next_due == 5.0


@pytest.mark.parametrize("retry_after", [0.0, -3.0, None])
def test_a_rate_limit_that_asks_for_no_time_does_not_spin(retry_after: float | None) -> None:
    waiting = salvage(backoff=0.0)

    delay = waiting.delay(TASK, 0, RateLimited("slow down", retry_after=retry_after), 0.0, waits_alone=True)

    assert delay is not None
    assert 0.01 <= delay <= 0.5


def test_a_rate_limit_that_a_task_keeps_costs_it_no_further_attempt() -> None:
    waiting = salvage(rounds=1)
    for _ in range(3):
        assert waiting.delay(TASK, 0, RateLimited("slow down"), 0.0, waits_alone=True) is not None

    assert waiting.delay(TASK, 0, BROKEN, 0.0, waits_alone=True) is not None
    assert waiting.attempt(0, 0) == 2


def test_rows_are_counted_apart_and_forgotten_apart() -> None:
    waiting = salvage()
    for row in (0, 1):
        waiting.delay(TASK, row, BROKEN, 0.0, waits_alone=False)

    waiting.forget(0, 0)
    waiting.forget(0, 7)

    assert [waiting.attempt(0, row) for row in (0, 1)] == [1, 2]


def test_what_is_due_is_given_once_the_oldest_row_last() -> None:
    waiting = salvage()
    for row, due in [(5, 1.0), (3, 2.0), (4, 9.0)]:
        waiting.defer(0, row, due)
    assert waiting.next_due == 1.0

    assert [deferred.row for deferred in waiting.take_due(2.0)] == [5, 3]

    assert waiting.take_due(2.0) == []
    assert waiting.next_due == 9.0


def test_what_waits_for_an_endpoint_can_be_taken_before_it_is_due() -> None:
    waiting = salvage()
    for node, row in [(1, 2), (0, 0), (1, 1)]:
        waiting.defer(node, row, 5.0 + row)

    assert [(deferred.node, deferred.row) for deferred in waiting.take_of([1])] == [(1, 2), (1, 1)]

    assert [(deferred.node, deferred.row) for deferred in waiting.take_due(100.0)] == [(0, 0)]


def test_what_is_forgotten_is_never_due() -> None:
    waiting = salvage()
    waiting.defer(0, 0, 1.0)

    waiting.clear()

    assert waiting.take_due(100.0) == []
    assert waiting.next_due == float("inf")
