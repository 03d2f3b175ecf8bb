"""Resource: the limit of an endpoint moves, and silence is noticed."""

import pytest

from notebook_gen.engine.resources import (
    FAILURES_OF_SILENCE,
    GOOD_ONES_REMEMBERED,
    ROUNDS_BEFORE_A_REFUSED_LEVEL,
    Resource,
)


def endpoint(ceiling: int = 16) -> Resource:
    return Resource("model m", ceiling, (0,), is_endpoint=True)


def succeed(resource: Resource, count: int, now: float = 100.0) -> None:
    for _ in range(count):
        resource.answered(0.0)
        resource.succeeded(now - 1.0, now)


def test_at_first_the_limit_is_the_ceiling() -> None:
    assert endpoint().allowed == 16


def test_a_429_lowers_the_limit_by_a_factor_and_pauses_for_about_one_usual_call() -> None:
    resource = endpoint()
    succeed(resource, 5)

    resource.refused(100.0, None, 101.0)

    assert resource.limit == 12
    assert resource.allowed == 0
    assert resource.resumes_at == 102.0
    assert not resource.resume(101.9)
    assert resource.resume(102.0)
    assert resource.allowed == 12


def test_several_429s_of_one_burst_count_once() -> None:
    resource = endpoint()

    for _ in range(8):
        resource.refused(1.0, None, 2.0)

    assert resource.limit == 12


def test_a_429_for_a_call_begun_after_the_fall_counts_again_and_pauses_for_a_usual_call_again() -> None:
    resource = endpoint()
    succeed(resource, 1)
    resource.refused(100.0, None, 101.0)
    resource.resume(102.0)

    resource.refused(102.0, None, 103.0)

    assert resource.limit == 9
    assert resource.resumes_at == 104.0


def test_the_limit_never_falls_below_one() -> None:
    resource = endpoint(2)

    for now in range(10):
        resource.refused(float(now), None, now + 0.5)

    assert resource.limit == 1


def test_a_429_that_asks_for_a_time_makes_its_own_call_wait_and_a_shorter_pause_for_the_others() -> None:
    resource = endpoint()
    resource.refused(1.0, 3.0, 2.0)
    resource.refused(1.0, 10.0, 2.5)

    assert resource.limit == 12
    assert resource.resumes_at < 3.0
    assert not resource.keeps(10.0, 2.5)


def test_what_an_endpoint_asks_for_is_kept_by_all_calls_if_most_that_were_begun_since_are_refused() -> None:
    resource = endpoint()
    resource.refused(1.0, 10.0, 2.0)
    resource.in_flight = 2
    resource.succeeded(2.5, 3.0)
    for _ in range(3):
        resource.refused(3.0, 4.0, 3.5)
    assert resource.resumes_at < 6.0

    resource.refused(3.0, 4.0, 3.5)

    assert resource.is_paused
    assert resource.resumes_at == 12.0
    assert resource.keeps(8.0, 4.0)
    assert not resource.keeps(9.0, 4.0)


def test_what_was_refused_when_it_asked_the_last_time_does_not_count_the_next_time() -> None:
    resource = endpoint()
    for _ in range(3):
        resource.refused(1.0, 1.0, 2.0)
        resource.refused(2.0, 1.0, 2.5)
    assert resource.resumes_at == 3.5
    resource.resume(9.0)

    resource.refused(9.0, 50.0, 10.0)
    resource.in_flight = 1
    resource.refused(10.0, 50.0, 11.0)

    assert resource.resumes_at < 20.0


def test_good_answers_of_long_ago_do_not_keep_calls_going_when_all_are_refused_in_the_end() -> None:
    resource, now = endpoint(), 0.0
    for _ in range(100):
        # a 429 before the time is over that the last one asked for
        for _ in range(19):
            now += 1.0
            resource.succeeded(now - 0.5, now)
        now += 1.0
        resource.refused(now - 0.5, 60.0, now)

    refused = 0
    while not resource.keeps(60.0, now):
        now += 1.0
        resource.resume(now)
        resource.refused(now - 0.5, 60.0, now)
        refused += 1

    assert refused <= GOOD_ONES_REMEMBERED


def test_all_calls_wait_as_asked_when_most_of_very_many_are_refused() -> None:
    resource = endpoint(1000)
    resource.refused(0.0, 60.0, 1.0)
    resource.resume(2.0)

    for in_flight in range(749, -1, -1):
        resource.in_flight = in_flight
        resource.refused(2.0, 60.0, 3.0)

    assert resource.resumes_at == 63.0


def test_pauses_grow_only_after_many_429s_with_nothing_between_them_and_have_a_limit() -> None:
    resource = endpoint()
    now, pauses = 0.0, []
    for _ in range(40):
        resource.refused(now, None, now)
        pauses.append(resource.resumes_at - now)
        now = resource.resumes_at
        resource.resume(now)

    assert pauses[:9] == [0.5] * 7 + [1.0, 2.0]
    assert max(pauses) == pytest.approx(15.0)


def test_a_pause_is_as_long_as_a_usual_call_however_long_that_is() -> None:
    resource = endpoint()
    resource.succeeded(0.0, 40.0)

    resource.refused(40.0, None, 41.0)

    assert resource.resumes_at == 81.0


def test_the_limit_rises_by_one_after_as_many_good_answers_as_it_counts() -> None:
    resource = endpoint()
    for start in (1.0, 3.0):
        resource.refused(start, None, start + 1.0)
    assert resource.limit == 9

    succeed(resource, 8)
    assert resource.limit == 9
    succeed(resource, 1)

    assert resource.limit == 10


def test_a_level_that_was_refused_is_tried_again_only_after_eight_times_as_many() -> None:
    resource = endpoint(2)
    resource.refused(1.0, None, 2.0)
    assert resource.limit == 1

    succeed(resource, ROUNDS_BEFORE_A_REFUSED_LEVEL - 1)
    assert resource.limit == 1
    succeed(resource, 1)

    assert resource.limit == 2


def test_the_limit_never_rises_above_the_ceiling() -> None:
    resource = endpoint(4)
    resource.refused(1.0, None, 2.0)

    succeed(resource, 1000)

    assert resource.limit == 4


def test_several_failures_in_a_row_are_a_silence_in_which_one_call_at_a_time_asks() -> None:
    resource = endpoint()
    succeed(resource, 1)
    for _ in range(FAILURES_OF_SILENCE - 1):
        resource.failed(101.0, 102.0)
    assert resource.allowed == 16

    resource.failed(101.0, 102.0)

    assert resource.silent_since == 101.0
    assert resource.allowed == 0
    resource.resume(resource.resumes_at)
    assert resource.allowed == 1


def test_it_takes_as_many_failures_in_a_row_as_calls_were_in_flight_to_be_a_silence() -> None:
    resource = endpoint()
    succeed(resource, 1)
    resource.in_flight = 7
    for _ in range(7):
        resource.failed(101.0, 102.0)
    assert resource.allowed == 16

    resource.failed(101.0, 102.0)

    assert resource.silent_since == 101.0


def test_an_endpoint_that_has_never_answered_is_silent_at_its_first_failure() -> None:
    resource = endpoint()

    resource.failed(0.0, 1.0)

    assert resource.silent_since == 0.0


def test_the_first_answer_after_a_silence_brings_the_whole_limit_back_at_once() -> None:
    resource = endpoint()
    resource.failed(0.0, 1.0)
    assert resource.allowed == 0

    assert resource.answered(0.0)

    assert resource.allowed == 16
    assert resource.resumes_at < 1.0


def test_an_answer_to_a_call_from_before_the_silence_does_not_end_it() -> None:
    resource = endpoint()
    succeed(resource, 1)
    for _ in range(FAILURES_OF_SILENCE):
        resource.failed(101.0, 102.0)

    assert not resource.answered(101.5)
    assert resource.silent_since == 101.0
    assert resource.answered(102.5)
    assert resource.silent_since is None


def test_an_answer_does_not_end_the_pause_that_a_429_asked_for() -> None:
    resource = endpoint()
    resource.answered(0.0)
    resource.refused(1.0, 10.0, 2.0)
    resource.refused(2.0, 10.0, 2.0)
    for _ in range(FAILURES_OF_SILENCE):
        resource.failed(1.0, 3.0)

    resource.answered(0.0)

    assert resource.allowed == 0
    assert resource.resumes_at == 12.0


def test_a_good_answer_in_between_is_no_silence() -> None:
    resource = endpoint()
    for _ in range(10):
        succeed(resource, 1)
        resource.failed(101.0, 102.0)
        resource.failed(101.0, 102.0)

    assert resource.silent_since is None


def test_a_silent_endpoint_is_asked_more_and_more_seldom_up_to_once_a_second() -> None:
    resource = endpoint()
    succeed(resource, 1)
    pauses, now = [], 102.0
    for _ in range(FAILURES_OF_SILENCE - 1):
        resource.failed(now, now)
    for _ in range(5):
        resource.failed(now, now)
        pauses.append(resource.resumes_at - now)
        now = resource.resumes_at
        resource.resume(now)

    assert pauses == [0.25, 0.5, 1.0, 1.0, 1.0]


def test_an_endpoint_is_given_up_when_it_was_silent_for_longer_than_patience_lasts() -> None:
    resource = endpoint()
    for _ in range(FAILURES_OF_SILENCE):
        resource.failed(10.0, 10.0)
    resource.failed(10.25, 10.25)

    assert not resource.is_given_up(60.0, 70.0)
    assert resource.is_given_up(60.0, 70.1)


def test_an_endpoint_whose_first_calls_timed_out_together_is_asked_once_more_before_it_is_given_up() -> None:
    resource = endpoint()
    for _ in range(16):
        resource.failed(0.0, 5.0)
    assert not resource.is_given_up(1.5, 5.0)

    resource.failed(5.25, 10.25)

    assert resource.is_given_up(1.5, 10.25)


def test_an_answer_after_a_silence_makes_the_next_silence_be_asked_anew() -> None:
    resource = endpoint()
    for started in (0.0, 0.0, 0.0, 1.0):
        resource.failed(started, started + 5.0)
    resource.answered(7.0)
    for _ in range(FAILURES_OF_SILENCE):
        resource.failed(8.0, 100.0)

    assert not resource.is_given_up(60.0, 100.0)


def test_what_could_start_now_is_bounded_by_ready_work_and_by_the_limit() -> None:
    resource = endpoint(4)
    resource.ready, resource.in_flight = 10, 3
    assert resource.takeable == 1

    resource.ready = 0
    assert resource.takeable == 0
    resource.ready, resource.limit = 10, 2
    assert resource.takeable == 0


def test_it_starves_when_less_is_ready_or_in_flight_than_its_limit() -> None:
    resource = endpoint(4)
    resource.ready, resource.in_flight = 1, 2
    assert resource.is_starving

    resource.ready = 2
    assert not resource.is_starving


def test_an_endpoint_that_only_refuses_for_too_long_is_given_up_and_one_good_answer_begins_that_anew() -> None:
    resource = endpoint()
    succeed(resource, 1)
    resource.refused(100.0, None, 101.0)
    assert not resource.refuses_all(600.0, 700.0)
    assert resource.refuses_all(600.0, 701.0)

    resource.succeeded(700.0, 702.0)
    resource.refused(702.0, None, 703.0)

    assert not resource.refuses_all(600.0, 1300.0)


def test_the_time_of_a_pause_is_no_part_of_a_refusal() -> None:
    resource = endpoint()
    resource.refused(0.0, None, 0.0)
    resource.hold(100.0)
    resource.release(1100.0)

    assert not resource.refuses_all(600.0, 1600.0)
    assert resource.refuses_all(600.0, 1601.0)


def test_the_time_of_a_pause_is_no_part_of_a_refusal_of_a_call_from_before_it() -> None:
    resource = endpoint()
    resource.hold(1.0)
    resource.release(1001.0)

    resource.refused(0.0, None, 1002.0)

    assert not resource.refuses_all(600.0, 1600.0)
    assert resource.refuses_all(600.0, 1602.0)


def test_a_slow_call_that_fails_beside_good_ones_says_nothing_of_the_time_before_these() -> None:
    resource = endpoint()
    succeed(resource, 1, now=650.0)

    resource.failed(0.0, 700.0)

    assert resource.in_vain_since == 650.0
    assert not resource.refuses_all(600.0, 700.0)


def test_a_silence_begins_at_the_last_answer_and_not_when_the_slow_call_began_that_failed_first() -> None:
    resource = endpoint()
    succeed(resource, 1, now=119.0)

    for started in (0.0, 119.0, 119.0):
        resource.failed(started, 120.0)
    resource.failed(120.25, 120.3)

    assert resource.silent_since == 119.0
    assert not resource.is_given_up(60.0, 179.0)
    assert resource.is_given_up(60.0, 180.0)
