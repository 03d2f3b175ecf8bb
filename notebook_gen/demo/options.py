"""The command line of the demo endpoint: how it is read, and how a program writes it."""

import argparse
import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from notebook_gen.demo.behaviour import Behaviour, Faults

_LONGEST = 86_400


class Options(NamedTuple):
    """What a command line says.

    Attributes:
        port: where to listen; 0: any free one.
        is_child: a program has started it, and is told the port.
        behaviour: how to answer.
    """

    port: int
    is_child: bool
    behaviour: Behaviour


def write_options(behaviour: Behaviour) -> list[str]:
    """Give the arguments with which a program starts a child that behaves so."""
    faults = behaviour.faults
    values: dict[str, float | str | None] = {
        "--port": 0,
        "--latency": behaviour.latency,
        "--spread": behaviour.spread,
        "--seed": behaviour.seed,
        "--rate-limited": faults.rate_limited,
        "--server-error": faults.server_error,
        "--dropped-connection": faults.dropped_connection,
        "--retry-after": faults.retry_after,
        "--capacity": ",".join(f"{begin!r}:{calls}" for begin, calls in faults.capacity) or None,
        "--outages": ",".join(f"{begin!r}:{end!r}" for begin, end in faults.outages) or None,
    }
    # one word each: a negative seed would be taken for an option
    return ["--child", *(f"{name}={value}" for name, value in values.items() if value is not None)]


def read_options(arguments: Sequence[str] | None) -> Options:
    """Read a command line.

    Args:
        arguments: without the program's name; None: those that this process was started with.

    Raises:
        SystemExit: help was asked for, or something is wrong, which has been said.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.rate_limited + given.server_error + given.dropped_connection > 1 + 1e-9:
        parser.error("--rate-limited, --server-error and --dropped-connection must not add up to more than 1")
    faults = Faults(
        rate_limited=given.rate_limited,
        server_error=given.server_error,
        dropped_connection=given.dropped_connection,
        retry_after=given.retry_after,
        capacity=given.capacity,
        outages=given.outages,
    )
    return Options(given.port, given.child, Behaviour(given.latency, given.spread, given.seed, faults))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m notebook_gen.demo",
        description="An OpenAI-compatible endpoint on this machine that answers with placeholder text. No key needed.",
        epilog="TIME is in seconds since the first call. Every address /NAME/v1 is an endpoint of its own, beside /v1: "
        "its faults begin anew.",
    )
    default = Behaviour()
    add = parser.add_argument
    add("--port", type=_port, default=8500, help="where to listen; 0: any free one (default: 8500)")
    add(
        "--latency",
        type=_number_up_to(600),
        default=default.latency,
        help=f"seconds a call takes, in the middle (default: {default.latency})",
    )
    add(
        "--spread",
        type=_number_up_to(3),
        default=default.spread,
        help=f"how far latencies lie apart, sigma of a log-normal; 0: not at all (default: {default.spread})",
    )
    add("--seed", type=int, default=default.seed, help="draws texts, latencies and faults (default: 0)")
    add("--child", action="store_true", help="for programs: print the port and nothing else, end with standard input")
    _add_faults(parser.add_argument_group("faults"))
    return parser


def _add_faults(group: argparse._ArgumentGroup) -> None:
    for name, what in (
        ("--rate-limited", "answered with 429"),
        ("--server-error", "answered with 500"),
        ("--dropped-connection", "whose connection is closed without an answer"),
    ):
        group.add_argument(
            name,
            type=_number_up_to(1),
            default=0.0,
            metavar="SHARE",
            help=f"share of calls {what}, 0 to 1 (default: 0)",
        )
    group.add_argument(
        "--retry-after",
        type=_number_up_to(_LONGEST),
        metavar="SECONDS",
        help="how long a 429 asks to wait (default: it does not say)",
    )
    group.add_argument(
        "--capacity",
        type=_capacity,
        default=(),
        metavar="CALLS | TIME:CALLS,...",
        help="calls at once, or at once from a time on; what comes above it gets a 429 (default: no bound)",
    )
    group.add_argument(
        "--outages",
        type=_outages,
        default=(),
        metavar="TIME:TIME,...",
        help="begin and end of each; connections are closed, or calls get a 503 (default: none)",
    )


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to 65535, not {text!r}")
    return port


def _number_up_to(highest: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        number = _number(text)
        if not 0 <= number <= highest:
            raise argparse.ArgumentTypeError(f"must be a number from 0 to {highest}, not {text!r}")
        return number

    return read


def _capacity(text: str) -> tuple[tuple[float, int], ...]:
    steps = _pairs(text if ":" in text else f"0:{text}")
    rises = all(earlier < later for (earlier, _), (later, _) in pairwise(steps))
    if not (steps and rises and all(calls.is_integer() for _, calls in steps)):
        raise argparse.ArgumentTypeError(f"must be a number of calls, or TIME:CALLS,... in order of time, not {text!r}")
    return tuple((begin, int(calls)) for begin, calls in steps)


def _outages(text: str) -> tuple[tuple[float, float], ...]:
    outages = _pairs(text)
    if not (outages and all(begin < end for begin, end in outages)):
        raise argparse.ArgumentTypeError(f"must be TIME:TIME,..., each with its end after its begin, not {text!r}")
    return outages


def _pairs(text: str) -> tuple[tuple[float, float], ...]:
    """Read pairs of numbers, none of them negative; empty if the text is something else."""
    halves = [pair.partition(":") for pair in text.split(",")]
    pairs = tuple((_number(first), _number(second)) for first, _, second in halves)
    return pairs if all(0 <= number < math.inf for pair in pairs for number in pair) else ()


def _number(text: str) -> float:
    """Read a number; not a number if it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan
