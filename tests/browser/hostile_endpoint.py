"""An endpoint whose answers attack whoever shows them: real HTTP, on loopback, in a thread of the tests."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ATTACKS = (
    "<script>window.__pwn++</script>",
    '<img src=x onerror="window.__pwn++">',
    "<svg onload=window.__pwn++>",
    "</td></table></script><iframe srcdoc='<script>parent.__pwn++</script>'></iframe>",
    '"><a href="javascript:window.__pwn++">click</a>',
    "{{ 7 * 7 }} {% for x in y %} \\N \\G | { } <b>bold</b> &lt;i&gt;",
)
ANSWER = " ".join(ATTACKS)

_SECONDS = 0.4


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(_SECONDS)  # a model's latency, so that the run can be watched
        answer = {"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 9, "completion_tokens": 99, "total_tokens": 108}
        body = json.dumps(
            {"id": "1", "object": "chat.completion", "model": ANSWER, "choices": [answer], "usage": usage}
        )
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Say nothing; a test's output is its own."""


@contextmanager
def hostile_endpoint() -> Iterator[str]:
    """Serve, and give the base URL."""
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
