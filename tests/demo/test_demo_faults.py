"""The faults of the demo endpoint over real HTTP, as a client meets them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import pytest

from notebook_gen.config.models import DemoFaults, DemoModel
from notebook_gen.demo.process import DemoEndpoint, demo_endpoint
from notebook_gen.errors import GenerationError, RateLimited, Transient
from notebook_gen.models.client import ChatClient

_FOR_EVER = 500


def with_client(model: DemoModel, work: Callable[[ChatClient, DemoEndpoint], Coroutine[Any, Any, Any]]) -> Any:
    """Do something with a client of a model's endpoint."""

    async def main() -> Any:
        endpoint = await asyncio.to_thread(demo_endpoint, model)
        client = ChatClient(model, base_url=endpoint.base_url)
        try:
            return await work(client, endpoint)
        finally:
            await client.close()

    return asyncio.run(main())


async def outcome_of(client: ChatClient, prompt: str) -> str:
    try:
        await client.complete([("user", prompt)])
    except GenerationError as failure:
        return f"{failure.kind} {failure.status}"
    return "answered"


def failure_of(faults: DemoFaults, latency: float = 0.0) -> GenerationError:
    """The failure of the first call."""
    with pytest.raises(GenerationError) as caught:
        with_client(
            DemoModel(latency=latency, spread=0, faults=faults), lambda client, _: client.complete([("user", "hi")])
        )
    return caught.value


@pytest.mark.parametrize(
    ("faults", "status", "retry_after"),
    [
        (DemoFaults(rate_limited=1), 429, None),
        (DemoFaults(rate_limited=1, retry_after=0), 429, 0.0),
        (DemoFaults(rate_limited=1, retry_after=0.25), 429, 0.25),
        (DemoFaults(capacity=0, retry_after=7), 429, 7.0),
    ],
)
def test_a_429_says_how_long_to_wait_if_it_is_told_to(
    faults: DemoFaults, status: int, retry_after: float | None
) -> None:
    failure = failure_of(faults, latency=_FOR_EVER)  # which a 429 does not take

    assert isinstance(failure, RateLimited)
    assert (failure.status, failure.retry_after) == (status, retry_after)
    assert "asks for fewer calls (429): Too many calls, says the demo endpoint.;" in str(failure)


def test_a_wait_is_named_in_whole_seconds_for_clients_that_know_no_other() -> None:
    async def headers(_: ChatClient, endpoint: DemoEndpoint) -> tuple[str, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{endpoint.base_url}/chat/completions", data=b"{}") as response,
        ):
            return response.headers["Retry-After"], response.headers["retry-after-ms"]

    model = DemoModel(latency=0, faults=DemoFaults(rate_limited=1, retry_after=0.25))

    assert with_client(model, headers) == ("1", "250")


def test_a_server_error_is_transient_and_says_that_it_was_wanted() -> None:
    failure = failure_of(DemoFaults(server_error=1))

    assert isinstance(failure, Transient)
    assert "could not answer (500): The demo endpoint was told to fail like this: see faults= of ng.DemoModel.;" in str(
        failure
    )


def test_a_dropped_connection_is_transient() -> None:
    failure = failure_of(DemoFaults(dropped_connection=1))

    assert isinstance(failure, Transient)
    assert (failure.status, "broke off before the answer was complete" in str(failure)) == (None, True)


def test_calls_that_fail_are_tried_again_with_the_same_result_in_every_run() -> None:
    model = DemoModel(
        latency=0, spread=0, faults=DemoFaults(rate_limited=0.3, server_error=0.1, dropped_connection=0.1)
    )

    async def attempts(client: ChatClient, prompt: str) -> list[str]:
        outcomes: list[str] = []
        while not outcomes or outcomes[-1] != "answered":
            outcomes.append(await outcome_of(client, prompt))
        return outcomes

    async def work(client: ChatClient, _: DemoEndpoint) -> list[list[str]]:
        return await asyncio.gather(*(attempts(client, f"prompt {number}") for number in range(200)))

    first, second = with_client(model, work), with_client(model, work)

    outcomes = Counter(outcome for attempts in first for outcome in attempts)
    assert first == second
    assert outcomes["answered"] == 200
    assert set(outcomes) == {"answered", "rate limited 429", "transient 500", "transient None"}
    assert outcomes.total() == pytest.approx(400, rel=0.2)


async def _wait_for_calls(endpoint: DemoEndpoint, calls: int) -> dict[str, Any]:
    health = endpoint.base_url.removesuffix("/v1") + "/health"
    async with aiohttp.ClientSession() as session, asyncio.timeout(30):
        while True:
            async with session.get(health) as response:
                state: dict[str, Any] = await response.json()
            if state["calls"] == calls:
                return state


def test_what_is_above_the_capacity_is_refused_at_once() -> None:
    async def work(client: ChatClient, endpoint: DemoEndpoint) -> tuple[dict[str, Any], list[str]]:
        calls = [asyncio.create_task(outcome_of(client, str(number))) for number in range(8)]
        state = await _wait_for_calls(endpoint, 8)
        ended = [await call for _, call in zip(range(3), asyncio.as_completed(calls), strict=False)]
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        return state, ended

    model = DemoModel(latency=_FOR_EVER, spread=0, faults=DemoFaults(capacity=5))

    state, ended = with_client(model, work)

    assert state == {"status": "ok", "calls": 8, "in_flight": 5, "most_in_flight": 5}
    assert ended == ["rate limited 429"] * 3


def test_each_client_has_the_capacity_to_itself() -> None:
    model = DemoModel(latency=_FOR_EVER, spread=0, faults=DemoFaults(capacity=1))

    async def work(client: ChatClient, endpoint: DemoEndpoint) -> tuple[dict[str, Any], dict[str, Any]]:
        other_endpoint = await asyncio.to_thread(demo_endpoint, model)
        other = ChatClient(model, base_url=other_endpoint.base_url)
        calls = [asyncio.create_task(outcome_of(one, "hi")) for one in (client, other)]
        states = await _wait_for_calls(endpoint, 1), await _wait_for_calls(other_endpoint, 1)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        await other.close()
        assert other_endpoint.pid == endpoint.pid
        return states

    states = with_client(model, work)

    assert [state["in_flight"] for state in states] == [1, 1]


def test_an_outage_breaks_the_calls_in_flight() -> None:
    failure = failure_of(DemoFaults(outages=[(0.05, 600)]), latency=_FOR_EVER)

    assert isinstance(failure, Transient)
    assert "broke off before the answer was complete" in str(failure)


def test_during_an_outage_calls_get_a_503_or_nothing() -> None:
    async def work(client: ChatClient, _: DemoEndpoint) -> set[str]:
        return {await outcome_of(client, str(number)) for number in range(20)}

    model = DemoModel(latency=0, spread=0, faults=DemoFaults(outages=[(0, 600)]))

    assert with_client(model, work) == {"transient 503", "transient None"}


def test_after_an_outage_calls_are_answered() -> None:
    async def work(client: ChatClient, _: DemoEndpoint) -> list[str]:
        outcomes = [await outcome_of(client, "hi")]
        async with asyncio.timeout(30):
            while outcomes[-1] != "answered":
                outcomes.append(await outcome_of(client, "hi"))
        return outcomes

    model = DemoModel(latency=0, spread=0, faults=DemoFaults(outages=[(0, 0.1)]))

    outcomes = with_client(model, work)

    assert outcomes[0].startswith("transient")
    assert outcomes[-1] == "answered"


def test_a_stream_meets_the_same_faults() -> None:
    async def work(_: ChatClient, endpoint: DemoEndpoint) -> int:
        asked = {"model": "demo", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{endpoint.base_url}/chat/completions", json=asked) as response,
        ):
            return response.status

    assert with_client(DemoModel(latency=0, faults=DemoFaults(server_error=1)), work) == 500
