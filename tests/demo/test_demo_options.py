"""The command line of the demo endpoint: what a program writes is what the endpoint reads, and nonsense is refused."""

import pytest

from notebook_gen.demo.behaviour import Behaviour, Faults
from notebook_gen.demo.options import Options, read_options, write_options

EVERYTHING = Behaviour(
    latency=1e-7,
    spread=0.1 + 0.2,
    seed=-3,
    faults=Faults(0.3, 0.05, 1e-9, 0.25, ((0.0, 16), (5.5, 0), (10.0, 1_000_000)), ((2.0, 7.0), (0.1, 1e-3 + 0.1))),
)


@pytest.mark.parametrize("behaviour", [Behaviour(), Behaviour(latency=0, spread=0), EVERYTHING])
def test_what_is_written_is_read(behaviour: Behaviour) -> None:
    assert read_options(write_options(behaviour)) == Options(0, is_child=True, behaviour=behaviour)


def test_by_default_nothing_goes_wrong() -> None:
    assert read_options([]) == Options(8500, is_child=False, behaviour=Behaviour(0.6, 0.35, 0, Faults()))


@pytest.mark.parametrize(
    ("text", "capacity"), [("16", ((0, 16),)), ("0", ((0, 0),)), ("0:16,5:4,7.5:8", ((0, 16), (5, 4), (7.5, 8)))]
)
def test_a_capacity_is_a_number_or_a_schedule(text: str, capacity: tuple[tuple[float, int], ...]) -> None:
    assert read_options(["--capacity", text]).behaviour.faults.capacity == capacity


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--port", "http"], "argument --port: must be a whole number from 0 to 65535, not 'http'"),
        (["--port", "65536"], "argument --port: must be a whole number from 0 to 65535, not '65536'"),
        (["--latency", "-1"], "argument --latency: must be a number from 0 to 600, not '-1'"),
        (["--latency", "nan"], "argument --latency: must be a number from 0 to 600, not 'nan'"),
        (["--spread", "4"], "argument --spread: must be a number from 0 to 3, not '4'"),
        (["--seed", "x"], "argument --seed: invalid int value: 'x'"),
        (["--host", "0.0.0.0"], "unrecognized arguments: --host 0.0.0.0"),  # noqa: S104  # refused
        (["--rate-limited", "30"], "argument --rate-limited: must be a number from 0 to 1, not '30'"),
        (["--retry-after", "soon"], "argument --retry-after: must be a number from 0 to 86400, not 'soon'"),
        (["--rate-limited", "0.6", "--server-error", "0.5"], "must not add up to more than 1"),
        *(
            (
                [f"--capacity={text}"],
                "argument --capacity: must be a number of calls, or TIME:CALLS,... in order of time, not",
            )
            for text in ("many", "", "1.5", "-1", "inf", "5:4,0:16", "0:16,0:4", "0:16,5", "0:1:2", "0:16,")
        ),
        *(
            ([f"--outages={text}"], "argument --outages: must be TIME:TIME,..., each with its end after its begin, not")
            for text in ("5", "", "5:5", "7:2", "-1:2", "1:inf", "1:2,")
        ),
    ],
)
def test_a_bad_option_is_a_clear_error(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        read_options(arguments)

    assert caught.value.code == 2
    assert complaint in capsys.readouterr().err
