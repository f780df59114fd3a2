import asyncio
from collections import Counter

import httpx
from typing_extensions import override

from anmc.api.origins import Origin
from anmc.clients.connections import LANE_WIDTH, Connections

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


async def test_few_requests_share_one_lane() -> None:
    network = Holding(until=LANE_WIDTH)

    assert await ask(network) == {"held": LANE_WIDTH}
    assert network.closed == 1


async def test_many_requests_take_as_many_lanes_as_they_fill() -> None:
    network = Holding(until=3 * LANE_WIDTH + 1)

    assert await ask(network) == {"held": 3 * LANE_WIDTH + 1}
    assert network.closed == 4


async def test_a_lane_is_free_again_after_its_answers() -> None:
    network = Holding()
    connections = Connections(network)
    pool = connections.join(ORIGIN)

    for _ in range(3 * LANE_WIDTH):
        async with pool.exchange(httpx.Request("GET", f"{ORIGIN}/api/campaigns")) as response:
            assert response.status_code == 200
    await connections.leave(ORIGIN)

    assert network.closed == 1
