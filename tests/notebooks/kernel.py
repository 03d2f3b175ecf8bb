"""A real kernel without a browser: cells go in, what they say comes out."""

import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from jupyter_client.manager import start_new_kernel

_PATIENCE = 60.0


class Output(NamedTuple):
    """What one cell gave.

    Attributes:
        error: the name of the exception, empty without one.
        traceback: its traceback, empty without one.
        text: what it printed, and the repr of its last line.
        displays: the MIME bundles it displayed, in order.
    """

    error: str
    traceback: str
    text: str
    displays: list[dict[str, Any]]


class Kernel:
    """A kernel, one cell at a time."""

    def __init__(self, manager: Any, client: Any) -> None:
        self._manager = manager
        self._client = client

    def run(self, code: str) -> Output:
        """Run a cell that raises nothing, and wait for its end."""
        output = self.finish(self.start(code))
        if output.error:
            raise AssertionError(f"the cell {code!r} failed:\n{output.traceback}")
        return output

    def start(self, code: str) -> str:
        """Start a cell; gives the number by which it is finished."""
        return str(self._client.execute(code))

    def interrupt(self) -> None:
        """Interrupt the kernel, as a notebook's stop button does."""
        self._manager.interrupt_kernel()

    def shut_down(self) -> None:
        """End the kernel, as a notebook's restart button does; whatever it says meanwhile has to be whole messages."""
        self._client.shutdown(restart=True)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            try:
                self._client.get_iopub_msg(timeout=0.2)
            except queue.Empty:
                if not self._manager.is_alive():
                    return
        raise TimeoutError("the kernel did not end")

    def wait_for_print(self, number: str, text: str) -> None:
        """Wait until a started cell has printed a text; what it gave before is forgotten."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            message = self._client.get_iopub_msg(timeout=_PATIENCE)
            if message["parent_header"].get("msg_id") != number:
                continue
            content = message["content"]
            if message["msg_type"] == "stream" and text in content["text"]:
                return
            if message["msg_type"] == "error" or content.get("execution_state") == "idle":
                raise AssertionError(f"the cell ended, and did not print {text!r}: {content}")
        raise TimeoutError(f"the cell did not print {text!r}")

    def finish(self, number: str) -> Output:
        """Wait for the end of a started cell and give what came since."""
        texts: list[str] = []
        displays: list[dict[str, Any]] = []
        error = traceback = ""
        while True:
            message = self._client.get_iopub_msg(timeout=_PATIENCE)
            if message["parent_header"].get("msg_id") != number:
                continue
            content = message["content"]
            match message["msg_type"]:
                case "stream":
                    texts.append(content["text"])
                case "execute_result":
                    texts.append(content["data"]["text/plain"])
                case "display_data":
                    displays.append(content["data"])
                case "error":
                    error, traceback = content["ename"], "\n".join(content["traceback"])
                case "status" if content["execution_state"] == "idle":
                    break
        return Output(error, traceback, "".join(texts), displays)


@contextmanager
def running_kernel(folder: Path) -> Iterator[Kernel]:
    """Run a kernel in a folder, and end it."""
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(folder))
    try:
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
