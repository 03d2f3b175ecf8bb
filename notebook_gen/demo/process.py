"""The demo endpoint as a process of its own: started on first use, ended with the interpreter, however that ends."""

import atexit
import itertools
import os
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path

from notebook_gen.config.models import DemoModel
from notebook_gen.demo.behaviour import Behaviour, Faults
from notebook_gen.demo.options import write_options
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


class DemoEndpoint:
    """A running demo server, at one of its addresses.

    Args:
        process: the server's.
        port: where it listens on loopback.
        name: of the address; without one it is the first.

    Attributes:
        base_url: where it is.
        pid: its process.
    """

    def __init__(self, process: subprocess.Popen[str], port: int, name: str = "") -> None:
        self._process = process
        self._port = port
        self.base_url = f"http://127.0.0.1:{port}{f'/{name}' if name else ''}/v1"
        self.pid = process.pid

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self._process.poll() is None

    def at(self, name: str) -> "DemoEndpoint":
        """Give the same server at an address of another name, where its faults begin anew."""
        return DemoEndpoint(self._process, self._port, name)

    def close(self) -> None:
        """End the server, at all of its addresses; harmless when called again."""
        _end(self._process)


def demo_endpoint(model: DemoModel) -> DemoEndpoint:
    """Give the demo server that behaves as a model says; starts it if none runs, which takes a moment.

    Equal models share a server. With faults, each call of this function gets an address of its own there, so that one
    run does not use up another's capacity, and meets the same faults as the one before it.

    May be called from any thread.

    Raises:
        RunError: it does not start; says what it said.
    """
    # a forked child gets servers of its own: its parent's end with its parent, and their lock may be held for ever
    servers = _servers.get(os.getpid()) or _servers.setdefault(os.getpid(), _Servers())
    endpoint = servers.get(_behaviour_of(model))
    return endpoint if model.faults is None else endpoint.at(str(next(servers.names)))


def _behaviour_of(model: DemoModel) -> Behaviour:
    faults = Faults() if model.faults is None else Faults(**dict(model.faults))
    return Behaviour(model.latency, model.spread, model.seed, faults)


class _Servers:
    """The servers that one process started, by how they behave.

    Attributes:
        names: for addresses, each of them once.
    """

    def __init__(self) -> None:
        self._running: dict[Behaviour, DemoEndpoint] = {}
        self._starting = threading.Lock()
        self.names = itertools.count(1)
        atexit.register(self.close)

    def get(self, behaviour: Behaviour) -> DemoEndpoint:
        with self._starting:
            endpoint = self._running.get(behaviour)
            if endpoint is not None and endpoint.is_alive:
                return endpoint
            if endpoint is not None:
                endpoint.close()
            self._running[behaviour] = _start(behaviour)
            return self._running[behaviour]

    def close(self) -> None:
        # harmless in a forked child: a process can only wait for, and so only end, its own children
        for endpoint in self._running.values():
            endpoint.close()


_servers: dict[int, _Servers] = {}


def _start(behaviour: Behaviour) -> DemoEndpoint:
    try:
        process = _spawn(behaviour)
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


def _spawn(behaviour: Behaviour) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  # our own module, and numbers
        # -P: a json.py in the folder of a notebook must not stand in for Python's
        [sys.executable, "-P", "-c", _CHILD, str(_FOLDER), *write_options(behaviour)],
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
