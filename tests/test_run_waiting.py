"""A run that waits for its next try says so."""

import time

import pandas as pd

import notebook_gen as ng


def test_a_run_of_which_nothing_is_left_but_a_call_that_waits_says_when_that_is_tried_again() -> None:
    builder = ng.DatasetBuilder()
    builder.seed_data(pd.DataFrame({"number": range(4)}))

    @builder.column
    def made(number: int) -> int:
        if number == 1:
            raise ng.RateLimited("come back tomorrow", retry_after=86_400)
        return number

    run = builder.preview(4, show=False)
    end = time.monotonic() + 30
    while run.rows()["made"].isna().sum() != 1 or not any(one.goes_on_in for one in run._source.in_vain()):
        assert time.monotonic() < end
    [waiting] = run._source.in_vain()
    run.cancel()

    assert (waiting.resource, waiting.problem) == ("thread pool", "come back tomorrow")
    assert 0 <= waiting.seconds < 30
    assert 570 < waiting.goes_on_in <= 600
