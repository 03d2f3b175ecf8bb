"""Presence: who is at work in a view keeps it, until they have left it alone for long enough."""

import pytest

from notebook_gen.views.presence import MOST_PAGES, Patience, Presence


class _View:
    """What a page says of one view, on a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 100.0
        self.is_reading = False
        self.presence = Presence(clock=lambda: self.now)

    def say(self, *, busy: bool = False, touched: float | None = None, page: str = "one") -> None:
        self.presence.hear({"page": page, "busy": busy, "touched": touched})

    def left_after(self, seconds: float) -> float:
        """How long somebody is there after so many seconds."""
        self.now += seconds
        return self.presence.seconds_left(is_reading=self.is_reading)


@pytest.fixture
def view() -> _View:
    return _View()


def test_nobody_is_there_of_whom_nothing_was_heard(view: _View) -> None:
    assert view.left_after(0) <= 0

    view.presence.end()

    assert view.left_after(0) <= 0


def test_who_has_touched_a_view_is_there_for_a_moment_and_longer_if_the_run_ends_meanwhile(view: _View) -> None:
    view.say(touched=2.0)
    assert view.left_after(0) == 18

    view.presence.end()

    assert view.left_after(0) == 58
    assert view.left_after(58) <= 0


def test_who_has_touched_a_view_long_before_the_end_is_not_there(view: _View) -> None:
    view.say(touched=0.0)

    assert view.left_after(20) <= 0


def test_who_is_busy_is_there_however_long_nothing_is_heard_before_the_end(view: _View) -> None:
    view.say(busy=True)
    assert view.left_after(10_000) > 0

    view.presence.end()

    assert view.left_after(599) == 1
    assert view.left_after(1) <= 0


def test_each_sign_of_who_is_busy_begins_the_wait_anew(view: _View) -> None:
    view.say(busy=True)
    view.presence.end()
    view.now += 599

    view.say(busy=True)

    assert view.left_after(0) == 600


def test_who_is_busy_no_more_is_there_for_a_while_only(view: _View) -> None:
    view.say(busy=True)
    view.presence.end()

    view.say(busy=False)

    assert view.left_after(0) == 60


def test_who_reads_a_record_is_busy_and_gone_when_it_is_closed_untouched(view: _View) -> None:
    view.is_reading = True
    view.presence.end()
    assert view.left_after(1) == 599

    view.is_reading = False

    assert view.left_after(0) <= 0


def test_who_is_done_with_a_view_is_not_there_although_it_was_touched(view: _View) -> None:
    view.say(busy=True, touched=0.0)

    view.say(busy=False, touched=None)

    assert view.left_after(0) <= 0


def test_a_page_that_is_only_opened_takes_nothing_from_the_one_at_work(view: _View) -> None:
    view.say(busy=True, touched=0.0)
    view.say(page="other")
    view.presence.end()
    assert view.left_after(0) == 600

    view.say(page="other", touched=0.0)
    assert view.left_after(0) == 600

    view.say(busy=False, touched=30.0)
    assert view.left_after(0) == 60


def test_of_two_pages_that_are_busy_the_one_that_stays_counts(view: _View) -> None:
    view.say(busy=True)
    view.say(busy=True, page="other")
    view.presence.end()
    view.now += 100

    view.say(busy=False, page="other")

    assert view.left_after(0) == 500
    assert view.left_after(500) <= 0


def test_of_very_many_pages_those_that_are_silent_for_longest_are_forgotten(view: _View) -> None:
    view.say(busy=True)
    for number in range(MOST_PAGES - 1):
        view.say(page=f"page {number}")
    assert view.left_after(0) > 0
    view.say(busy=True)
    view.say(page="the next")
    assert view.left_after(0) > 0

    for number in range(MOST_PAGES):
        view.say(page=f"page {number}")

    assert view.left_after(0) <= 0


def test_the_times_can_be_others(view: _View) -> None:
    view.presence.patience = Patience(touched=1, left=2, busy=3)
    view.say(busy=True, touched=0)
    view.presence.end()

    assert view.left_after(0) == 3
    view.say(touched=0)
    assert view.left_after(0) == 2


@pytest.mark.parametrize(
    "word",
    [
        None,
        7,
        {},
        {"page": "one", "busy": 1, "touched": 0},
        {"page": "one", "busy": True},
        {"page": "one", "busy": True, "touched": "x"},
        {"page": 1, "busy": True, "touched": 0},
        {"busy": True, "touched": 0},
    ],
)
def test_words_that_no_page_says_are_not_heard(view: _View, word: object) -> None:
    view.presence.hear(word)

    assert view.left_after(0) <= 0
