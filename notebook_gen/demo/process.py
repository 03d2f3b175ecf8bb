"""The demo endpoint as a process of its own: started on first use, ended with the interpreter, however that ends."""

import atexit
import subprocess
import sys
import threading
from typing import Final

from notebook_gen.config.models import DemoModel
from notebook_gen.errors import RunError

_PATIENCE: Final = 10.0


class DemoEndpoint:
    """A running demo server.

    Attributes:
        base_url: where it is.
    """

    def __init__(self, model: DemoModel) -> None:
        options = ["--latency", str(model.latency), "--spread", str(model.spread), "--seed", str(model.seed)]
        # its standard input is a pipe that closes with this interpreter, even if that is killed
        self._process = subprocess.Popen(  # noqa: S603  # our own module, and numbers
            [sys.executable, "-m", "notebook_gen.demo", "--child", "--port", "0", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line.strip().isdigit():
            _, said = self._process.communicate(timeout=_PATIENCE)
            raise RunError("the demo endpoint did not start", advice=said.strip().rpartition("\n")[2] or "try again")
        self.base_url = f"http://127.0.0.1:{line.strip()}/v1"

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The server's process number."""
        return self._process.pid

    def close(self) -> None:
        """End it; harmless when called again."""
        if self._process.returncode is None:
            self._process.kill()
            self._process.communicate(timeout=_PATIENCE)


_running: dict[tuple[float, float, int], DemoEndpoint] = {}
_starting = threading.Lock()  # runs start on several threads; the engine itself has no locks


def demo_endpoint(model: DemoModel) -> DemoEndpoint:
    """Give the demo server for a model's latency, spread and seed; starts it if none runs, which takes a moment.

    Raises:
        RunError: it does not start; says what it said.
    """
    key = (model.latency, model.spread, model.seed)
    with _starting:
        endpoint = _running.get(key)
        if endpoint is None or not endpoint.is_alive:
            endpoint = _running[key] = DemoEndpoint(model)
            atexit.register(endpoint.close)
        return endpoint
