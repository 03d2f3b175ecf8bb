"""`python -m notebook_gen.demo`: run the demo endpoint by hand, or, with --child, for a program."""

import asyncio
import errno
import os
import sys
import threading
from collections.abc import Sequence

from notebook_gen.demo.options import read_options
from notebook_gen.demo.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; gives the exit status."""
    options = read_options(arguments)
    announce, until = (_announce_to_parent, _end_of_stdin) if options.is_child else (_announce, asyncio.Event().wait)
    try:
        asyncio.run(serve(options.behaviour, options.port, announce, until))
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
