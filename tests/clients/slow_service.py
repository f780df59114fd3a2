"""A service whose answers take their time, and clients that ask it in the time of the running loop."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import httpx
from typing_extensions import override

from anmc.api.credentials import ActionNetworkCredentials, BearerToken
from anmc.api.origins import Origin
from anmc.clients.action_network.client import ActionNetworkAccount, ActionNetworkClient
from anmc.clients.mobile_commons.client import MobileCommonsAccount, MobileCommonsClient
from anmc.clients.pacing.pacers import Pacers
from anmc.sync.ports import Page, Pages
from clients.conftest import Chunks, FakeMeter
from support.virtual_time import VirtualClock, run_in_virtual_time

Answering = Callable[[httpx.Request], httpx.Response]


class SlowService(httpx.AsyncBaseTransport):
    """Answers each request after a while; sees how many there are at a time.

    `answer` is asked when a request arrives. `latency` may be a number of seconds, or depend on the request.
    """

    def __init__(self, answer: Answering, *, latency: float | Callable[[httpx.Request], float] = 0.0) -> None:
        self._answer = answer
        self._latency = latency if callable(latency) else lambda _request: latency
        self.requests: list[httpx.Request] = []
        self.in_flight = 0
        self.most_in_flight = 0

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            answer = self._answer(request)
            await asyncio.sleep(self._latency(request))
            return httpx.Response(answer.status_code, headers=answer.headers, stream=Chunks(answer.content))
        finally:
            self.in_flight -= 1


def allow() -> None:
    """Pass the gate."""


def people_client(http: httpx.AsyncBaseTransport) -> ActionNetworkClient:
    account = ActionNetworkAccount(Origin("https", "actionnetwork.org", 443), ActionNetworkCredentials("k"), "an")
    clock = VirtualClock()
    return ActionNetworkClient(account, pacers=Pacers(clock), gate=allow, meter=FakeMeter(), clock=clock, http=http)


def profiles_client(http: httpx.AsyncBaseTransport) -> MobileCommonsClient:
    account = MobileCommonsAccount(Origin("https", "secure.mcommons.com", 443), BearerToken("t"), "mc")
    clock = VirtualClock()
    return MobileCommonsClient(account, pacers=Pacers(clock), gate=allow, meter=FakeMeter(), clock=clock, http=http)


async def all_of(pages: Pages[object]) -> list[Page[object]]:
    """Read a walk to its end."""
    async with aclosing(pages):
        return [page async for page in pages]


def read_people(
    http: httpx.AsyncBaseTransport, walk: Callable[[ActionNetworkClient], Pages[object]]
) -> tuple[list[Page[object]], float]:
    """Return all pages of a walk over people, and the seconds that it would have taken."""

    async def story(clock: VirtualClock) -> tuple[list[Page[object]], float]:
        async with people_client(http) as client:
            return await all_of(walk(client)), clock.monotonic()

    return run_in_virtual_time(story)


def read_profiles(
    http: httpx.AsyncBaseTransport, walk: Callable[[MobileCommonsClient], Pages[object]]
) -> list[Page[object]]:
    """Return all pages of a walk over profiles or subscribers."""

    async def story(_clock: VirtualClock) -> list[Page[object]]:
        async with profiles_client(http) as client:
            return await all_of(walk(client))

    return run_in_virtual_time(story)


def other_tasks() -> set[asyncio.Task[object]]:
    """Return the tasks beside the one that asks."""
    return asyncio.all_tasks() - {asyncio.current_task()}
