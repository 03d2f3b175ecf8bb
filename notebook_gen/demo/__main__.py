"""`python -m notebook_gen.demo`: run the demo endpoint by hand."""

import argparse
import asyncio
import sys

from notebook_gen.demo.server import make_app, serve


def main() -> int:
    """Serve until interrupted; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m notebook_gen.demo", description="An endpoint of placeholder text.")
    parser.add_argument("--port", type=int, default=8500, help="0: a free one (default: 8500)")
    parser.add_argument("--latency", type=float, default=0.6, help="seconds a call takes, the median (default: 0.6)")
    parser.add_argument("--spread", type=float, default=0.35, help="sigma of the latencies (default: 0.35; 0: fixed)")
    parser.add_argument("--seed", type=int, default=0, help="draws texts and latencies (default: 0)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    app = make_app(latency=options.latency, spread=options.spread, seed=options.seed)

    def announce(port: int) -> None:
        url = f"http://127.0.0.1:{port}/v1"
        text = str(port) if options.child else f'placeholder text at {url}\nng.Model("demo", base_url="{url}")'
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    try:
        asyncio.run(serve(app, options.port, announce, ends_with_stdin=options.child))
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        sys.stderr.write(f"cannot listen on port {options.port}: {error.strerror}; choose another with --port\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
