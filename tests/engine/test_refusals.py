"""Which 429s say that the limit is too high, and which come by chance."""

import random
from collections.abc import Callable

import pytest

from notebook_gen.engine.falls import FALLS_IN_DOUBT, Falls
from notebook_gen.engine.refusals import ENOUGH_OF_FEW, WINDOW, Refusals
from notebook_gen.engine.resources import Resource
from tests.engine.endpoints import LATENCY, call

CEILING = 16
IsRefused = Callable[[Resource], bool]


def few(refusals: Refusals, refused: int, good: int) -> None:
    """Let calls that are few be refused or not."""
    for is_refused in (*[True] * refused, *[False] * good):
        refusals.add(is_refused=is_refused, is_of_few=True, in_flight=0)
    refusals.begin_anew()


def together(refusals: Refusals, *, is_refused: bool) -> bool:
    return refusals.add(is_refused=is_refused, is_of_few=False, in_flight=0)


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


def answer(resource: Resource, outcomes: str) -> None:
    """Let calls be answered one after the other: "-" is a 429, "+" a good answer."""
    for outcome in outcomes:
        if outcome == "-":
            resource.refused(0.0, None, 0.0)
        else:
            resource.succeeded(0.0, 0.0)


def fickle() -> Resource:
    """An endpoint with its whole limit of four, of which it is known that it refuses a quarter by chance."""
    resource = Resource("m", 4, (0,), is_endpoint=True)
    answer(resource, "---")
    assert resource.limit == 1
    # sixteen calls that are few, and two that are refused when they are two
    answer(resource, "----+" + "-" + "++++++++" + "-" + "+++")
    # the level of two was refused, so it takes eight good answers; then two, then three
    answer(resource, "+++++" + "++" + "+++")
    assert resource.limit == 4
    return resource


def test_every_refusal_counts_at_an_endpoint_that_refused_no_call_among_few() -> None:
    refusals = Refusals()
    few(refusals, 0, ENOUGH_OF_FEW)
    assert not together(refusals, is_refused=False)
    assert together(refusals, is_refused=True)


def test_as_many_refusals_as_calls_met_that_were_few_are_expected() -> None:
    refusals = Refusals()
    few(refusals, ENOUGH_OF_FEW // 4, 3 * ENOUGH_OF_FEW // 4)
    assert [together(refusals, is_refused=at % 4 == 0) for at in range(1, 2 * WINDOW)] == [False] * (2 * WINDOW - 1)


def test_far_more_refusals_than_expected_still_say_that_the_limit_is_too_high() -> None:
    refusals = Refusals()
    few(refusals, ENOUGH_OF_FEW // 4, 3 * ENOUGH_OF_FEW // 4)
    assert any(together(refusals, is_refused=True) for _ in range(10))


def test_an_endpoint_that_refuses_most_calls_is_overloaded_however_few_they_are() -> None:
    refusals = Refusals()
    few(refusals, ENOUGH_OF_FEW - 4, 4)
    assert refusals.by_chance == 0
    assert together(refusals, is_refused=True)


def test_a_share_that_was_shown_outlasts_a_few_answers_without_refusals_but_not_many() -> None:
    refusals = Refusals()
    few(refusals, ENOUGH_OF_FEW // 4, 3 * ENOUGH_OF_FEW // 4)

    few(refusals, 0, ENOUGH_OF_FEW)
    assert refusals.by_chance > 0.05
    few(refusals, 0, 10 * ENOUGH_OF_FEW)
    assert refusals.by_chance < 0.001


def test_calls_are_few_up_to_an_eighth_of_the_ceiling() -> None:
    resource = Resource("m", CEILING, (0,), is_endpoint=True)
    while resource.limit > 2:
        resource.refused(0.0, None, 0.0)

    answer(resource, "+-" + "+-" * ENOUGH_OF_FEW)

    limit = resource.limit
    answer(resource, "+++-" * WINDOW)
    assert resource.limit > limit


def test_the_share_is_forgotten_when_refusals_cease() -> None:
    refusals = Refusals()
    few(refusals, ENOUGH_OF_FEW // 4, 3 * ENOUGH_OF_FEW // 4)
    for _ in range(WINDOW):
        together(refusals, is_refused=False)
    assert refusals.by_chance == 0
    assert together(refusals, is_refused=True)


def test_calls_still_in_flight_are_expected_not_to_be_refused() -> None:
    quick, patient = Refusals(), Refusals()
    for refusals in (quick, patient):
        few(refusals, ENOUGH_OF_FEW // 4, 3 * ENOUGH_OF_FEW // 4)
    told = [quick.add(is_refused=True, is_of_few=False, in_flight=0) for _ in range(5)]
    assert any(told)
    assert not any(patient.add(is_refused=True, is_of_few=False, in_flight=20 - at) for at in range(5))


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


def test_answers_of_long_ago_do_not_hide_refusals_of_today() -> None:
    refusals = Refusals()
    few(refusals, ENOUGH_OF_FEW // 4, 3 * ENOUGH_OF_FEW // 4)
    for at in range(4 * WINDOW):
        together(refusals, is_refused=at % 4 == 0)

    assert any(together(refusals, is_refused=True) for _ in range(12))


def test_as_many_refusals_as_are_expected_leave_the_whole_limit_as_it_is() -> None:
    resource = fickle()

    answer(resource, "+++-" * WINDOW)

    assert resource.limit == 4


def test_good_answers_at_a_lower_limit_do_not_hide_refusals_at_a_higher_one() -> None:
    resource = fickle()

    answer(resource, "---")
    assert resource.limit == 4
    answer(resource, "-")

    assert resource.limit == 3


def test_refusals_at_a_higher_limit_do_not_count_at_a_lower_one() -> None:
    resource = fickle()
    answer(resource, "----")

    answer(resource, "---")

    assert resource.limit == 3


def test_late_answers_to_calls_from_before_the_limit_fell_to_one_were_not_few() -> None:
    resource = Resource("m", 2, (0,), is_endpoint=True)
    resource.refused(0.0, None, 1.0)
    for _ in range(ENOUGH_OF_FEW // 2 - 1):
        resource.succeeded(0.5, 2.0)
    for _ in range(ENOUGH_OF_FEW // 2):
        resource.refused(3.0, None, 3.0)
    resource.succeeded(3.0, 4.0)
    assert resource.limit == 2

    resource.refused(4.0, None, 5.0)

    assert resource.limit == 1


def test_calls_that_were_many_tell_of_no_chance() -> None:
    resource = Resource("m", CEILING, (0,), is_endpoint=True, factor=0.75)
    resource.refused(0.0, None, 1.0)
    for _ in range(ENOUGH_OF_FEW - 1):
        resource.succeeded(2.0, 3.0)
    resource.in_flight = 12
    assert resource.limit == 13

    resource.refused(5.0, None, 6.0)

    assert resource.limit == 9


def test_an_endpoint_that_comes_to_refuse_nearly_everything_is_no_longer_thought_fickle() -> None:
    refusals = Refusals()
    for _ in range(4):
        few(refusals, ENOUGH_OF_FEW // 4, 3 * ENOUGH_OF_FEW // 4)
    assert not together(refusals, is_refused=True)

    few(refusals, ENOUGH_OF_FEW, 0)

    assert together(refusals, is_refused=True)


def at_best(calls: int, at_once: int) -> float:
    """Give the seconds that calls take at an endpoint which refuses none of so many at once."""
    return call(lambda _busy, _now: False, calls, at_once).seconds


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.3])
@pytest.mark.parametrize("seed", range(5))
def test_refusals_that_come_by_chance_soon_lower_nothing(share: float, seed: int) -> None:
    chance = random.Random(seed)
    answers = call(lambda _busy, _now: chance.random() < share, 600, CEILING, seed)
    assert answers.seconds < 1.6 * at_best(600, CEILING)


@pytest.mark.parametrize("share", [0.6, 0.7])
def test_an_endpoint_that_refuses_most_calls_is_called_one_by_one_but_without_long_pauses(share: float) -> None:
    draw = random.Random(3)

    answers = call(lambda busy, now: draw.random() < share, 300, 16, 1)

    one_by_one = 300 * LATENCY + answers.refused * LATENCY
    assert answers.seconds < 1.5 * one_by_one


def test_an_endpoint_that_comes_to_take_fewer_is_not_thought_fickle() -> None:
    answers = call(lambda busy, now: busy >= (4 if 10 < now < 25 else CEILING), 1000, CEILING)
    assert answers.refused < 50


@pytest.mark.parametrize("capacity", [1, 4, 8, 15])
def test_an_endpoint_that_takes_so_many_at_once_is_not_thought_fickle(capacity: int) -> None:
    answers = call(lambda busy, _now: busy >= capacity, 600, CEILING)
    assert max(answers.limits[100:]) <= capacity + 1
    assert answers.seconds < 1.15 * at_best(600, capacity)


def test_an_endpoint_that_takes_so_many_calls_a_second_is_found_out() -> None:
    tokens, filled = 20.0, 0.0

    def refuses(_busy: int, now: float) -> bool:
        nonlocal tokens, filled
        tokens, filled = min(20.0, tokens + 10.0 * (now - filled)), now
        if tokens < 1.0:
            return True
        tokens -= 1.0
        return False

    answers = call(refuses, 600, CEILING)
    assert answers.refused < 120
    assert answers.seconds < 60.0


def test_falls_at_no_more_calls_at_once_than_were_taken_are_in_doubt() -> None:
    falls = Falls()
    falls.add(16, 16)
    for at_once in (12, 9, 6):
        assert not falls.are_in_doubt
        falls.add(at_once, at_once)
    assert falls.are_in_doubt
    assert falls.highest == 16


def test_a_fall_at_more_calls_at_once_than_were_taken_explains_itself() -> None:
    falls = Falls()
    falls.add(8, 8)
    falls.add(6, 6)
    falls.add(4, 4)
    falls.add(9, 9)
    falls.add(6, 6)
    falls.add(4, 4)
    assert not falls.are_in_doubt
    assert falls.highest == 9


def test_a_burst_of_which_most_calls_are_refused_explains_later_falls() -> None:
    falls = Falls()
    falls.add(16, 16)
    falls.add(12, 12)
    for _ in range(8):
        falls.answered(is_refused=True, is_of_burst=True)
    for at_once in (9, 6):
        falls.add(at_once, at_once)
    assert not falls.are_in_doubt


def test_a_conclusion_that_another_fall_refutes_takes_twice_as_many_falls_the_next_time() -> None:
    falls = Falls()
    for at_once in (16, 12, 9, 6):
        falls.add(at_once, at_once)
    assert falls.are_in_doubt
    falls.conclude()

    assert falls.add(16, 16)
    told = []
    for _ in range(2 * FALLS_IN_DOUBT):
        assert not falls.add(12, 12)
        told.append(falls.are_in_doubt)
    assert told == [False] * (2 * FALLS_IN_DOUBT - 1) + [True]


def test_the_share_that_falls_show_is_that_of_the_calls_refused() -> None:
    falls = Falls()
    falls.add(16, 16)
    for at in range(1, 101):
        is_refused = at % 10 == 0
        falls.answered(is_refused=is_refused, is_of_burst=False)
        if is_refused:
            falls.add(12, 1)
    assert falls.share == pytest.approx(0.1)
