"""Which 429s say that the limit is too high, and which come by chance."""

import random
from collections.abc import Callable

from notebook_gen.engine.refusals import ENOUGH_ALONE, WINDOW, Refusals
from notebook_gen.engine.resources import Resource

CEILING = 16
IsRefused = Callable[[Resource], bool]


def alone(refusals: Refusals, refused: int, good: int) -> None:
    """Let calls that are alone be refused or not."""
    for is_refused in (*[True] * refused, *[False] * good):
        refusals.add(is_refused=is_refused, is_alone=True, in_flight=0)
    refusals.begin_anew()


def together(refusals: Refusals, *, is_refused: bool) -> bool:
    return refusals.add(is_refused=is_refused, is_alone=False, in_flight=0)


def call_in_turns(is_refused: IsRefused, calls: int) -> Resource:
    """Let an endpoint answer as many calls as its limit allows, round by round, a second each."""
    resource = Resource("m", CEILING, (0,), is_endpoint=True)
    now = 0.0
    while calls > 0:
        resource.resume(now)
        resource.in_flight = resource.allowed
        calls -= resource.in_flight
        outcomes = sorted((is_refused(resource) for _ in range(resource.in_flight)), reverse=True)
        for refused in outcomes:
            resource.in_flight -= 1
            resource.answered(now)
            if refused:
                resource.refused(now, None, now + 0.1)
            else:
                resource.succeeded(now, now + 1.0)
        now += 1.0
    return resource


def test_every_refusal_counts_at_an_endpoint_that_refused_no_call_that_was_alone() -> None:
    refusals = Refusals()
    alone(refusals, 0, ENOUGH_ALONE)
    assert not together(refusals, is_refused=False)
    assert together(refusals, is_refused=True)


def test_as_many_refusals_as_calls_met_that_were_alone_are_expected() -> None:
    refusals = Refusals()
    alone(refusals, ENOUGH_ALONE // 4, 3 * ENOUGH_ALONE // 4)
    assert [together(refusals, is_refused=at % 4 == 0) for at in range(1, 2 * WINDOW)] == [False] * (2 * WINDOW - 1)


def test_far_more_refusals_than_expected_still_say_that_the_limit_is_too_high() -> None:
    refusals = Refusals()
    alone(refusals, ENOUGH_ALONE // 4, 3 * ENOUGH_ALONE // 4)
    assert any(together(refusals, is_refused=True) for _ in range(10))


def test_an_endpoint_that_refuses_most_calls_is_overloaded_however_few_they_are() -> None:
    refusals = Refusals()
    alone(refusals, ENOUGH_ALONE - 4, 4)
    assert refusals.by_chance == 0
    assert together(refusals, is_refused=True)


def test_the_share_is_forgotten_when_refusals_cease() -> None:
    refusals = Refusals()
    alone(refusals, ENOUGH_ALONE // 4, 3 * ENOUGH_ALONE // 4)
    for _ in range(WINDOW):
        together(refusals, is_refused=False)
    assert refusals.by_chance == 0
    assert together(refusals, is_refused=True)


def test_calls_still_in_flight_are_expected_not_to_be_refused() -> None:
    quick, patient = Refusals(), Refusals()
    for refusals in (quick, patient):
        alone(refusals, ENOUGH_ALONE // 4, 3 * ENOUGH_ALONE // 4)
    told = [quick.add(is_refused=True, is_alone=False, in_flight=0) for _ in range(5)]
    assert any(told)
    assert not any(patient.add(is_refused=True, is_alone=False, in_flight=20 - at) for at in range(5))


def test_an_endpoint_that_refuses_at_random_is_used_nearly_in_full() -> None:
    chance = random.Random(1)
    limits: list[int] = []

    def refuses(resource: Resource) -> bool:
        limits.append(resource.limit)
        return chance.random() < 0.3

    call_in_turns(refuses, 4000)
    late = limits[2000:]
    assert sum(late) / len(late) > CEILING / 2


def test_an_endpoint_that_takes_half_as_many_is_still_found_out() -> None:
    limits: list[int] = []

    def refuses(resource: Resource) -> bool:
        limits.append(resource.limit)
        return resource.in_flight > CEILING // 2

    call_in_turns(refuses, 4000)
    late = limits[2000:]
    assert max(late) <= CEILING // 2 + 1
