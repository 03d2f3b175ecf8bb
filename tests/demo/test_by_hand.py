"""`python -m notebook_gen.demo`, as a user runs it."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request

COMMAND = [sys.executable, "-m", "notebook_gen.demo"]


def test_it_says_where_it_is_answers_and_ends_quietly_on_an_interrupt() -> None:
    with subprocess.Popen(
        [*COMMAND, "--port", "0", "--latency", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            said = [process.stdout.readline() for _ in range(4)]
            url = re.search(r"http://127\.0\.0\.1:\d+/v1", said[0])
            assert url is not None
            with urllib.request.urlopen(f"{url[0]}/models") as response:  # noqa: S310  # our own address
                models = json.load(response)
            process.send_signal(signal.SIGINT)
            rest, complaints = process.communicate(timeout=30)
        finally:
            process.kill()

    assert models["data"][0]["id"] == "demo"
    assert "placeholder text" in said[0]
    assert f'b.models["default"] = ng.Model("demo", base_url="{url[0]}")' in said[2]
    assert f"curl {url[0]}/chat/completions" in said[3]
    assert (rest, complaints, process.returncode) == ("", "", 0)


def test_a_port_that_is_taken_is_a_clear_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = subprocess.run([*COMMAND, "--port", str(port)], capture_output=True, text=True, timeout=30, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"cannot listen on port {port} of 127.0.0.1: another program uses it; "
        "choose another with --port, or any that is free with --port 0\n"
    )
