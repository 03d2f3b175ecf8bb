"""A run that waits for its next try says so; one whose endpoint is still to be started waits for that."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest

import notebook_gen as ng
from tests.models.scripted_endpoint import chat, http


def test_a_run_of_which_nothing_is_left_but_a_call_that_waits_says_when_that_is_tried_again() -> None:
    builder = ng.DatasetBuilder()
    builder.seed_data(pd.DataFrame({"number": range(4)}))

    @builder.column
    def made(number: int) -> int:
        if number == 1:
            raise ng.RateLimited("come back tomorrow", retry_after=86_400)
        return number

    run = builder.preview(4, show=False)
    end = time.monotonic() + 30
    while run.rows()["made"].isna().sum() != 1 or not any(one.goes_on_in for one in run._source.in_vain()):
        assert time.monotonic() < end
    [waiting] = run._source.in_vain()
    run.cancel()

    assert (waiting.resource, waiting.problem) == ("thread pool", "come back tomorrow")
    assert 0 <= waiting.seconds < 30
    assert 570 < waiting.goes_on_in <= 600


class Answers(BaseHTTPRequestHandler):
    """Says yes to every call."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.wfile.write(http(200, chat("Yes.")))
        self.close_connection = True

    def log_message(self, *said: object) -> None:
        pass


@contextmanager
def serving(bound: socket.socket) -> Iterator[None]:
    """An endpoint on an address at which nobody has listened so far."""
    bound.listen()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers, bind_and_activate=False) as server:
        server.socket.close()
        server.socket = bound
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def asking(bound: socket.socket, **settings: float) -> ng.DatasetBuilder:
    builder = ng.DatasetBuilder(settings=ng.RunSettings(**settings))
    builder.models["default"] = ng.Model("m", base_url=f"http://127.0.0.1:{bound.getsockname()[1]}/v1")
    builder["text"] = ng.LLMText("Say yes.")
    return builder


def test_a_server_that_is_started_after_the_run_is_waited_for_as_long_as_the_settings_say() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # not listening yet: whoever connects is refused
        run = asking(bound, shutdown_unreached_patience=60).preview(3, show=False)
        with pytest.raises(TimeoutError):
            run.result(timeout=3)
        with serving(bound):
            rows = run.result(timeout=30).to_pandas()

    assert rows["text"].tolist() == ["Yes."] * 3


def test_a_run_whose_endpoint_is_never_there_stops_early_and_names_the_setting_that_waits_longer() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        run = asking(bound).preview(3, show=False)
        with pytest.raises(ng.StoppedEarly, match=r"RunSettings\(shutdown_unreached_patience=1.5\) waits no longer"):
            run.result(timeout=30)
