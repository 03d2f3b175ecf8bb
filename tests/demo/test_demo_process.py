"""The demo endpoint's process: one for equal settings, replaced when it dies, gone when its interpreter is."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from notebook_gen.config.models import DemoFaults, DemoModel
from notebook_gen.demo.process import DemoEndpoint, demo_endpoint
from notebook_gen.errors import RunError
from notebook_gen.models.client import ChatClient

START = """
import os, signal, sys
from notebook_gen.config.models import DemoModel
from notebook_gen.demo.process import demo_endpoint
endpoint = demo_endpoint(DemoModel(latency=0))
print(endpoint.pid, flush=True)
"""


def text_from(endpoint: DemoEndpoint) -> str:
    async def ask() -> str:
        client = ChatClient(DemoModel(), base_url=endpoint.base_url)
        answer = await client.complete([("user", "hello")])
        await client.close()
        return answer.text

    return asyncio.run(ask())


def run_python(code: str, folder: Path | None = None) -> str:
    """Run code in an interpreter of its own, in a session of its own; gives its output."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
        start_new_session=True,
    )
    assert done.stderr == ""
    return done.stdout


def wait_until(condition: Callable[[], bool]) -> None:
    async def wait() -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110  # another process cannot set an event
                await asyncio.sleep(0.02)

    asyncio.run(wait())


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        # where nobody waits for orphans, the dead stay in the table
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return Path("/proc").exists()


def test_equal_settings_share_one_process_whichever_thread_asks() -> None:
    with ThreadPoolExecutor(4) as threads:
        endpoints = list(threads.map(lambda number: demo_endpoint(DemoModel(f"m{number}", latency=0.01)), range(8)))
    other = demo_endpoint(DemoModel(latency=0.02))

    assert len(set(endpoints)) == 1
    assert other.pid != endpoints[0].pid
    other.close()
    endpoints[0].close()


def test_equal_faults_share_a_process_and_every_caller_gets_an_address_of_its_own() -> None:
    model = DemoModel(latency=0, faults=DemoFaults(capacity=1))

    first, second, faultless = demo_endpoint(model), demo_endpoint(model), demo_endpoint(DemoModel(latency=0))

    assert first.pid == second.pid != faultless.pid
    assert first.base_url != second.base_url
    assert text_from(first)
    assert text_from(second)
    first.close()
    faultless.close()
    assert not second.is_alive


def test_a_process_that_died_is_replaced() -> None:
    first = demo_endpoint(DemoModel(latency=0.01))
    os.kill(first.pid, signal.SIGKILL)
    wait_until(lambda: not first.is_alive)

    second = demo_endpoint(DemoModel(latency=0.01))

    assert second.pid != first.pid
    assert text_from(second)
    second.close()
    assert is_gone(second.pid)


def test_closing_twice_is_harmless() -> None:
    endpoint = demo_endpoint(DemoModel(latency=0.01))

    endpoint.close()
    endpoint.close()

    assert not endpoint.is_alive


@pytest.mark.parametrize("end", ["", "os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_the_process_ends_with_its_interpreter_however_that_ends(end: str) -> None:
    pid = int(run_python(f"{START}{end}"))

    wait_until(lambda: is_gone(pid))


def test_an_interpreter_that_ends_in_order_leaves_no_process_behind() -> None:
    pid = int(run_python(START))

    assert is_gone(pid)


def test_an_interrupt_of_the_interpreter_leaves_the_process_alone() -> None:
    # a kernel's interrupt goes to the whole process group
    code = f"""{START}
signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
os.killpg(0, signal.SIGINT)
import urllib.request
print(urllib.request.urlopen(endpoint.base_url + "/models").status, endpoint.is_alive)
"""

    assert run_python(code).splitlines()[1:] == ["interrupted", "200 True"]


def test_a_forked_child_starts_a_process_of_its_own_and_leaves_its_parents_alone() -> None:
    code = f"""{START}
child = os.fork()
own = demo_endpoint(DemoModel(latency=0))
if child == 0:
    print(own.pid != endpoint.pid, flush=True)
    sys.exit()
os.waitpid(child, 0)
print(own is endpoint, endpoint.is_alive)
"""

    assert run_python(code).splitlines()[1:] == ["True", "True True"]


def test_files_in_the_working_folder_do_not_get_in_the_way(tmp_path: Path) -> None:
    for name in ("json.py", "asyncio.py", "aiohttp.py", "notebook_gen.py"):
        (tmp_path / name).write_text("raise SystemExit('this is not what you want')")

    assert int(run_python(START, tmp_path)) > 0


def test_a_process_that_does_not_start_is_an_error_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'ModuleNotFoundError: No module named aiohttp' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))

    with pytest.raises(RunError) as caught:
        demo_endpoint(DemoModel(latency=0.03))

    assert caught.value.problem == "the demo endpoint did not start: ModuleNotFoundError: No module named aiohttp"


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))

    with pytest.raises(RunError, match="the demo endpoint did not start: No such file or directory"):
        demo_endpoint(DemoModel(latency=0.03))
