import asyncio
from collections import Counter

import httpx
import pytest
from typing_extensions import override

from anmc.api.origins import Origin
from anmc.clients.connections import Connections

ORIGIN = Origin("https", "secure.mcommons.com", 443)


class Holding(httpx.AsyncBaseTransport):
    """Answers nobody before it is told to, or before as many have asked."""

    def __init__(self, *, until: int = 0) -> None:
        self.until = until
        self.opened = asyncio.Event()
        self.arrived = 0
        self.closed = 0

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.arrived += 1
        if self.arrived >= self.until:
            self.opened.set()
        await self.opened.wait()
        return httpx.Response(200, text="held", request=request)

    @override
    async def aclose(self) -> None:
        self.closed += 1


class Failing(Holding):
    """Cannot be reached."""

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("out of reach")


async def ask(network: Holding) -> Counter[str]:
    """Let as many ask as the network waits for."""
    connections = Connections(network)
    pool = connections.join(ORIGIN)

    async def one() -> str:
        async with pool.exchange(httpx.Request("GET", f"{ORIGIN}/api/campaigns")) as response:
            return (await response.aread()).decode()

    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(one()) for _ in range(network.until)]
    await connections.leave(ORIGIN)
    return Counter(task.result() for task in asked)


async def test_requests_at_a_time_have_a_connection_each() -> None:
    network = Holding(until=13)

    assert await ask(network) == {"held": 13}
    assert network.closed == 13


async def test_a_connection_is_free_again_after_its_answer() -> None:
    network = Holding()
    connections = Connections(network)
    pool = connections.join(ORIGIN)

    for _ in range(3):
        async with pool.exchange(httpx.Request("GET", f"{ORIGIN}/api/campaigns")) as response:
            assert response.status_code == 200
    await connections.leave(ORIGIN)

    assert network.closed == 1


async def test_a_connection_is_free_again_after_a_failure() -> None:
    network = Failing()
    connections = Connections(network)
    pool = connections.join(ORIGIN)

    for _ in range(3):
        with pytest.raises(httpx.ConnectError):
            async with pool.exchange(httpx.Request("GET", f"{ORIGIN}/api/campaigns")):
                pass
    await connections.leave(ORIGIN)

    assert network.closed == 1
