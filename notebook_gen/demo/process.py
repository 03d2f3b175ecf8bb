"""The demo endpoint as a process of its own: started on first use, ended with the interpreter, however that ends."""

import atexit
import os
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path

from notebook_gen.config.models import DemoModel
from notebook_gen.errors import RunError

_PATIENCE = 30.0
# The child finds the package in the folder where this process found it, and, last of all, what is installed beside it.
# It gets an empty package in place of notebook_gen's own, whose imports (pydantic, jinja2) a server does not need: they
# would make up half of its start.
_CHILD = """
import sys, types
folder = sys.argv.pop(1)
sys.path.append(folder + "/..")
package = sys.modules["notebook_gen"] = types.ModuleType("notebook_gen")
package.__path__ = [folder]
from notebook_gen.demo.__main__ import main
sys.exit(main())
"""
_FOLDER = Path(__file__).parents[1]

_Settings = tuple[float, float, int]


class DemoEndpoint:
    """A running demo server.

    Attributes:
        base_url: where it is.
        pid: its process.
    """

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = process
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self.pid = process.pid

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it; harmless when called again."""
        _end(self._process)


def demo_endpoint(model: DemoModel) -> DemoEndpoint:
    """Give the demo server for a model's latency, spread and seed; starts it if none runs, which takes a moment.

    May be called from any thread.

    Raises:
        RunError: it does not start; says what it said.
    """
    # a forked child gets servers of its own: its parent's end with its parent, and their lock may be held for ever
    servers = _servers.get(os.getpid()) or _servers.setdefault(os.getpid(), _Servers())
    return servers.get((model.latency, model.spread, model.seed))


class _Servers:
    """The servers that one process started, by their settings."""

    def __init__(self) -> None:
        self._running: dict[_Settings, DemoEndpoint] = {}
        self._starting = threading.Lock()
        atexit.register(self.close)

    def get(self, settings: _Settings) -> DemoEndpoint:
        with self._starting:
            endpoint = self._running.get(settings)
            if endpoint is not None and endpoint.is_alive:
                return endpoint
            if endpoint is not None:
                endpoint.close()
            self._running[settings] = _start(settings)
            return self._running[settings]

    def close(self) -> None:
        # harmless in a forked child: a process can only wait for, and so only end, its own children
        for endpoint in self._running.values():
            endpoint.close()


_servers: dict[int, _Servers] = {}


def _start(settings: _Settings) -> DemoEndpoint:
    try:
        process = _spawn(settings)
    except OSError as error:
        raise _not_started(error.strerror or str(error)) from error
    timer = threading.Timer(_PATIENCE, process.kill)
    timer.start()
    try:
        port, said = _read_port(process)
    finally:
        timer.cancel()
    if port is not None:
        return DemoEndpoint(process, port)
    _end(process)
    raise _not_started(said or "it said nothing")


def _spawn(settings: _Settings) -> subprocess.Popen[str]:
    latency, spread, seed = map(str, settings)
    options = ["--child", "--port", "0", "--latency", latency, "--spread", spread, "--seed", seed]
    return subprocess.Popen(  # noqa: S603  # our own module, and numbers
        # -P: a json.py in the folder of a notebook must not stand in for Python's
        [sys.executable, "-P", "-c", _CHILD, str(_FOLDER), *options],
        # closes with this process, even if that is killed
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        cwd=_FOLDER,
        # interrupting a kernel, or Ctrl-C in a terminal, means the run, and goes to the whole process group
        start_new_session=True,
    )


def _not_started(reason: str) -> RunError:
    return RunError(
        f"the demo endpoint did not start: {reason}",
        advice="see what `python -m notebook_gen.demo` says, or name a model of your own in builder.models",
    )


def _read_port(process: subprocess.Popen[str]) -> tuple[int | None, str]:
    """Read what the child says until it says its port, or ends; gives the port, and the last of the rest."""
    if process.stdout is None:  # only without a pipe
        return None, ""
    said: deque[str] = deque(maxlen=3)
    for line in process.stdout:
        if line.strip().isdecimal():
            return int(line), ""
        said.append(line.strip())
    return None, " ".join(said)


def _end(process: subprocess.Popen[str]) -> None:
    """End a process by closing its standard input, and wait until it is gone."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(2.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
