"""`python -m notebook_gen.demo`: run the demo endpoint by hand, or, with --child, for a program."""

import argparse
import asyncio
import errno
import math
import os
import sys
import threading
from collections.abc import Callable, Sequence

from notebook_gen.demo.server import Pace, serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; gives the exit status."""
    options = _parser().parse_args(arguments)
    pace = Pace(latency=options.latency, spread=options.spread, seed=options.seed)
    announce, until = (_announce_to_parent, _end_of_stdin) if options.child else (_announce, asyncio.Event().wait)
    try:
        asyncio.run(serve(pace, options.port, announce, until))
    except KeyboardInterrupt:
        pass
    except OSError as error:
        reason = "another program uses it" if error.errno == errno.EADDRINUSE else os.strerror(error.errno or 0)
        sys.stderr.write(
            f"cannot listen on port {options.port} of 127.0.0.1: {reason}; "
            "choose another with --port, or any that is free with --port 0\n"
        )
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m notebook_gen.demo",
        description="An OpenAI-compatible endpoint on this machine that answers with placeholder text. No key needed.",
    )
    default = Pace()
    parser.add_argument("--port", type=_port, default=8500, help="where to listen; 0: any free one (default: 8500)")
    parser.add_argument(
        "--latency",
        type=_number_up_to(600),
        default=default.latency,
        help=f"seconds a call takes, in the middle (default: {default.latency})",
    )
    parser.add_argument(
        "--spread",
        type=_number_up_to(3),
        default=default.spread,
        help=f"how far latencies lie apart, sigma of a log-normal; 0: not at all (default: {default.spread})",
    )
    parser.add_argument("--seed", type=int, default=default.seed, help="draws texts and latencies (default: 0)")
    parser.add_argument(
        "--child", action="store_true", help="for programs: print the port and nothing else, end with standard input"
    )
    return parser


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to 65535, not {text!r}")
    return port


def _number_up_to(highest: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not 0 <= number <= highest:
            raise argparse.ArgumentTypeError(f"must be a number from 0 to {highest}, not {text!r}")
        return number

    return read


def _announce(port: int) -> None:
    url = f"http://127.0.0.1:{port}/v1"
    body = '{"model": "demo", "messages": [{"role": "user", "content": "Review a kettle."}]}'
    sys.stdout.write(
        f"The demo endpoint answers at {url}, with placeholder text. Ctrl-C ends it.\n\n"
        f'  in a notebook   b.models["default"] = ng.Model("demo", base_url="{url}")\n'
        f"  in a shell      curl {url}/chat/completions -H 'Content-Type: application/json' -d '{body}'\n"
    )
    sys.stdout.flush()


def _announce_to_parent(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # the parent reads no further: a pipe that fills up would stop this process in the middle of a word
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  # a device, not a file
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
        os.dup2(nowhere.fileno(), sys.stderr.fileno())


async def _end_of_stdin() -> None:
    """Wait until standard input is closed, which the parent's end does, however it comes."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def watch() -> None:
        # not sys.stdin: its lock would be held when the interpreter ends for another reason
        while os.read(0, 4096):
            pass
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=watch, name="end of stdin", daemon=True).start()
    await ended.wait()


if __name__ == "__main__":
    sys.exit(main())
