"""The demo endpoint: its text, and its server as a real process over real HTTP."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from notebook_gen.config.models import DemoModel
from notebook_gen.demo.process import DemoEndpoint, demo_endpoint
from notebook_gen.demo.text import draw_latency, write_answer
from notebook_gen.models.client import Answer, ChatClient


@pytest.fixture(scope="module")
def endpoint() -> Iterator[DemoEndpoint]:
    endpoint = demo_endpoint(DemoModel(latency=0.01))
    yield endpoint
    endpoint.close()


def ask(endpoint: DemoEndpoint, *prompts: str) -> list[Answer]:
    async def main() -> list[Answer]:
        client = ChatClient(DemoModel(), base_url=endpoint.base_url)
        try:
            return await asyncio.gather(*(client.complete([("user", prompt)]) for prompt in prompts))
        finally:
            await client.close()

    return asyncio.run(main())


def test_the_same_prompt_gets_the_same_text_and_speaks_of_its_subject() -> None:
    prompt = "Write a furious 2-star review of the Trail kettle."

    assert write_answer(prompt, 0) == write_answer(prompt, 0)
    assert "kettle" in write_answer(prompt, 0)
    assert len({write_answer(f"{prompt} {number}", 0) for number in range(20)}) > 5


def test_without_spread_every_call_takes_its_latency() -> None:
    assert {draw_latency(str(number), 0, 0.1, 0.0) for number in range(5)} == {0.1}
    assert len({draw_latency(str(number), 0, 0.1, 0.5) for number in range(5)}) == 5


def test_the_same_request_gets_the_same_answer_over_http(endpoint: DemoEndpoint) -> None:
    first, again, other = ask(endpoint, "Describe a lamp.", "Describe a lamp.", "Describe a boat.")

    assert first == again
    assert first.text != other.text
    assert first.usage is not None


def test_equal_settings_share_one_server_and_a_dead_one_is_replaced(endpoint: DemoEndpoint) -> None:
    assert demo_endpoint(DemoModel("other", latency=0.01)) is endpoint

    own = demo_endpoint(DemoModel(latency=0.02))
    own.close()
    replacement = demo_endpoint(DemoModel(latency=0.02))
    assert replacement.pid != own.pid
    assert ask(replacement, "hello")[0].text
    replacement.close()


def test_the_server_ends_when_its_interpreter_is_killed() -> None:
    code = (
        "import os, signal; from notebook_gen.config.models import DemoModel;"
        "from notebook_gen.demo.process import demo_endpoint; endpoint = demo_endpoint(DemoModel());"
        "print(endpoint.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )

    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    # the output is at its end only when the server, which has no hold on it, and its parent are gone
    pid = int(output.stdout)
    asyncio.run(_wait_for_end(pid))


async def _wait_for_end(pid: int) -> None:
    async with asyncio.timeout(20):
        while _is_running(pid):  # noqa: ASYNC110  # another process cannot set an event
            await asyncio.sleep(0.05)


def _is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123  # a process, not a file
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return os.path.exists("/proc") is False  # noqa: PTH110
