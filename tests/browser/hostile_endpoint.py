"""An endpoint whose answers attack whoever shows them: real HTTP, on loopback, in a thread of the tests."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

from tests.views.hostile import HOSTILE

_SECONDS = 0.1
_REFUSES_EVERY = 97


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    numbers = count()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(_SECONDS)  # a model's latency, so that the run can be watched
        number = next(self.numbers)
        text = HOSTILE[number % len(HOSTILE)]
        if number % _REFUSES_EVERY == _REFUSES_EVERY - 1:
            self._send(400, {"error": {"message": text, "type": text, "code": text}})
            return
        message = {"role": "assistant", "content": text, "reasoning_content": text}
        usage = {"prompt_tokens": 9, "completion_tokens": 99, "total_tokens": 108}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self._send(200, {"id": "1", "object": "chat.completion", "model": text, "choices": [choice], "usage": usage})

    def _send(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        with suppress(ConnectionError):  # a run that is cancelled hangs up
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Say nothing; a test's output is its own."""


@contextmanager
def hostile_endpoint() -> Iterator[str]:
    """Serve, and give the base URL; each answer is the next of `HOSTILE`, a call in 97 is refused."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="hostile endpoint")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
