"""ErrorRate: a sliding window over the last calls, and what is said when it is too high."""

import pytest

from notebook_gen.engine.resources import Resource
from notebook_gen.engine.shutdown import ErrorRate, silence_error
from notebook_gen.errors import Rejected, Transient
from notebook_gen.plan.graph import build_graph
from tests.engine.steps import function

WRONG = Rejected("no answer", advice="look at the prompt")


def calls(window: int, outcomes: str, rate: float = 0.5) -> ErrorRate:
    """A window that has seen calls, the oldest first: "x" failed, "." did not."""
    errors = ErrorRate(rate, window)
    for outcome in outcomes:
        if outcome == "x":
            errors.failed(0, WRONG)
        else:
            errors.succeeded()
    return errors


@pytest.mark.parametrize(
    ("outcomes", "is_too_high"),
    [
        ("", False),
        ("xxx", False),
        ("xxxx", True),
        ("..xx", True),
        ("...x", False),
        ("xxx.", True),
        ("xxxx...", False),
        ("xxxx..", True),
    ],
)
def test_the_share_of_failures_among_the_last_calls_decides_once_there_are_as_many(
    outcomes: str, is_too_high: bool
) -> None:
    assert calls(4, outcomes).is_too_high is is_too_high


@pytest.mark.parametrize(
    ("outcomes", "is_too_high"),
    [(9 * "x", False), (10 * "x", True), ("." + 10 * "x", True), (9 * "x" + "." + 9 * "x", False)],
)
def test_before_the_window_is_full_ten_failures_in_a_row_are_too_much(outcomes: str, is_too_high: bool) -> None:
    assert calls(50, outcomes).is_too_high is is_too_high


def test_ten_failures_in_a_row_are_told_as_such() -> None:
    errors = calls(50, 30 * "." + 10 * "x")

    assert errors.is_too_high
    assert not errors.is_too_high_in_all
    assert str(errors.error(build_graph({"a": function()}))).startswith("all of the last 10 calls failed, so the run")


def test_at_a_rate_of_one_every_call_must_have_failed() -> None:
    assert not calls(4, ".xxx", rate=1.0).is_too_high
    assert calls(4, "xxxx", rate=1.0).is_too_high


def test_the_most_frequent_reason_is_told_with_its_column_and_advice() -> None:
    graph = build_graph({"a": function(), "b": function("a")})
    errors = calls(3, "xx")
    errors.failed(1, Rejected("another"))

    assert str(errors.error(graph)) == (
        "3 of the last 3 calls failed, so the run stopped early; what is finished is kept; 2 × column 'a': "
        "no answer; look at the prompt; RunSettings(disable_early_shutdown=True) goes on whatever fails"
    )


def test_what_one_line_of_a_function_raises_is_one_reason_whatever_it_says() -> None:
    graph = build_graph({"a": function()})
    errors = calls(5, "xx")
    for number in range(3):
        error = Rejected(f"ValueError: no {number}")
        error.raised_at = "ValueError at f(), line 3"
        errors.failed(0, error)

    assert "; 3 × column 'a', such as: ValueError: no 0;" in str(errors.error(graph))


def test_only_the_calls_in_the_window_are_blamed() -> None:
    graph = build_graph({"a": function(), "b": function("a")})
    errors = calls(4, "xxxxxxxxxx")
    for _ in range(4):
        errors.failed(1, Rejected("another"))

    assert "4 of the last 4 calls failed" in str(errors.error(graph))
    assert "; 4 × column 'b': another;" in str(errors.error(graph))


def test_an_endpoint_that_went_silent_is_told_with_how_long() -> None:
    resource = Resource("model m", 4, (0,), is_endpoint=True)
    resource.answered(0.0)
    for _ in range(3):
        resource.failed(10.0, 10.0)

    error = silence_error(resource, Transient("connection refused", advice="is it up?"), 70.4, 1.5)

    assert str(error) == (
        "model m has not answered for 60 s, so no more calls were begun; what is finished is kept; "
        "connection refused; is it up?"
    )
