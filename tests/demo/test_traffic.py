"""What becomes of calls to the demo endpoint, decided without one: by chance, by capacity, by outages."""

import math
from collections import Counter

import pytest

from notebook_gen.demo.behaviour import Faults
from notebook_gen.demo.traffic import Fate, Traffic

ANSWERED = Fate("answered", math.inf, is_immediate=False)
REFUSED = Fate("rate limited", math.inf, is_immediate=True)
MIXED = Faults(rate_limited=0.3, server_error=0.1, dropped_connection=0.05)


def attempts(traffic: Traffic, request: bytes, count: int) -> list[str]:
    """The outcomes of attempts of a request, one after the other."""
    outcomes: list[str] = []
    for _ in range(count):
        fate = traffic.arrive(request, 0.0)
        outcomes.append(fate.outcome)
        if not fate.is_immediate:
            traffic.leave()
    return outcomes


def test_without_faults_every_call_is_answered() -> None:
    traffic = Traffic(Faults(), seed=0)

    fates = [traffic.arrive(b"same", 0.0) for _ in range(500)]

    assert fates == [ANSWERED] * 500
    assert (traffic.calls, traffic.in_flight, traffic.most_in_flight) == (500, 500, 500)


def test_faults_have_the_shares_that_are_set_over_requests_and_over_attempts() -> None:
    over_requests = Counter(
        outcome for number in range(10_000) for outcome in attempts(Traffic(MIXED, 0), b"%d" % number, 1)
    )
    over_attempts = Counter(attempts(Traffic(MIXED, 0), b"same", 10_000))

    for outcomes in (over_requests, over_attempts):
        assert outcomes["rate limited"] == pytest.approx(3000, rel=0.1)
        assert outcomes["server error"] == pytest.approx(1000, rel=0.1)
        assert outcomes["dropped"] == pytest.approx(500, rel=0.2)


def test_the_same_attempt_of_the_same_request_always_ends_alike() -> None:
    first, second, other = Traffic(MIXED, seed=1), Traffic(MIXED, seed=1), Traffic(MIXED, seed=2)
    second.arrive(b"something else", 0.0)

    assert attempts(first, b"request", 40) == attempts(second, b"request", 40)
    assert attempts(Traffic(MIXED, seed=1), b"request", 40) != attempts(other, b"request", 40)


def test_a_call_that_fails_succeeds_when_it_is_tried_again_often_enough() -> None:
    traffic = Traffic(Faults(rate_limited=0.9), seed=0)

    assert all("answered" in attempts(traffic, b"%d" % number, 200) for number in range(50))


def test_what_is_above_the_capacity_is_refused_until_a_call_leaves() -> None:
    traffic = Traffic(Faults(capacity=((0, 2),)), seed=0)

    fates = [traffic.arrive(b"%d" % number, 0.0) for number in range(4)]
    traffic.leave()
    fates.append(traffic.arrive(b"4", 0.0))

    assert fates == [ANSWERED, ANSWERED, REFUSED, REFUSED, ANSWERED]
    assert (traffic.calls, traffic.in_flight, traffic.most_in_flight) == (5, 2, 2)


@pytest.mark.parametrize(
    ("seconds", "admitted"), [(0.0, 5), (0.9, 5), (1.0, 3), (1.9, 3), (2.0, 0), (2.9, 0), (3.0, 4), (99.0, 4)]
)
def test_the_capacity_follows_its_schedule_from_the_first_call_on(seconds: float, admitted: int) -> None:
    traffic = Traffic(Faults(capacity=((0, 5), (1, 3), (2, 0), (3, 4))), seed=0)
    began = 1234.5
    traffic.arrive(b"first", began)
    traffic.leave()

    fates = [traffic.arrive(b"%d" % number, began + seconds) for number in range(6)]

    assert fates == [ANSWERED] * admitted + [REFUSED] * (6 - admitted)


def test_calls_in_flight_stay_when_the_capacity_falls() -> None:
    traffic = Traffic(Faults(capacity=((0, 3), (1, 1))), seed=0)
    for number in range(3):
        traffic.arrive(b"%d" % number, 0.0)

    refused = traffic.arrive(b"3", 1.0)
    traffic.leave()
    traffic.leave()
    still_refused = traffic.arrive(b"4", 1.0)
    traffic.leave()
    admitted = traffic.arrive(b"5", 1.0)

    assert [refused, still_refused, admitted] == [REFUSED, REFUSED, ANSWERED]


def test_before_its_first_time_a_schedule_has_no_bound() -> None:
    traffic = Traffic(Faults(capacity=((10, 0),)), seed=0)

    assert [traffic.arrive(b"%d" % number, 0.0) for number in range(100)] == [ANSWERED] * 100


def test_what_the_capacity_refuses_uses_up_no_attempt() -> None:
    free, full = Traffic(MIXED, seed=0), Traffic(Faults(0.3, 0.1, 0.05, capacity=((0, 0), (1, 100))), seed=0)
    for _ in range(7):
        full.arrive(b"request", 0.0)

    outcomes = [full.arrive(b"request", 1.0).outcome for _ in range(40)]

    assert outcomes == attempts(free, b"request", 40)


def test_an_outage_drops_half_of_the_calls_and_answers_the_others_with_503() -> None:
    traffic = Traffic(Faults(outages=((5, 6), (1, 3))), seed=0)
    traffic.arrive(b"first", 0.0)

    fates = [traffic.arrive(b"%d" % number, 2.0) for number in range(1000)]

    outcomes = Counter(fate.outcome for fate in fates)
    assert set(outcomes) == {"dropped", "unavailable"}
    assert outcomes["dropped"] == pytest.approx(500, rel=0.1)
    assert all(fate.is_immediate for fate in fates)
    assert traffic.in_flight == 1


def test_a_call_knows_when_the_next_outage_breaks_its_connection() -> None:
    traffic = Traffic(Faults(outages=((5, 6), (1, 3))), seed=0)

    waits = [traffic.arrive(b"%d" % now, now).outage_in for now in (0, 1, 3, 4, 6)]

    assert waits == [1, 0, 2, 1, math.inf]
