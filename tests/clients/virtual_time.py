"""Time that passes when nothing else can happen, and services whose answers take some of it."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import httpx
from typing_extensions import override

from clients.conftest import Chunks

T = TypeVar("T")

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

STEPS_TO_REST = 60
"""Rounds of the event loop in which a request in memory goes as far as it can."""


class VirtualClock:
    """A clock that jumps to the next time somebody waits for, once everybody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self.seconds + seconds, self._count, future))
        await future

    async def run(self, awaitable: Awaitable[T]) -> T:
        """Let time pass until something is done."""
        task = asyncio.ensure_future(awaitable)
        while True:
            await at_rest()
            if task.done():
                return task.result()
            self._wake_next()

    async def pass_time(self, seconds: float) -> None:
        """Let so much time pass, with all that happens in it."""
        await self.run(self.sleep(seconds))

    def _wake_next(self) -> None:
        while self._sleepers:
            until, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                self.seconds = max(self.seconds, until)
                future.set_result(None)
                return
        raise AssertionError("everybody waits for something that never comes")


async def at_rest() -> None:
    """Let every task go on until all of them wait for something."""
    for _ in range(STEPS_TO_REST):
        await asyncio.sleep(0)


def other_tasks() -> set[asyncio.Task[object]]:
    """Return the tasks beside the one that asks."""
    return asyncio.all_tasks() - {asyncio.current_task()}


class SlowService(httpx.AsyncBaseTransport):
    """Answers each request after a while; sees how many there are at a time.

    `answer` is asked when a request arrives. `latency` may be a number of seconds, or depend on the request.
    """

    def __init__(
        self,
        clock: VirtualClock,
        answer: Callable[[httpx.Request], httpx.Response],
        *,
        latency: float | Callable[[httpx.Request], float] = 0.0,
    ) -> None:
        self._clock = clock
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
            await self._clock.sleep(self._latency(request))
            return httpx.Response(answer.status_code, headers=answer.headers, stream=Chunks(answer.content))
        finally:
            self.in_flight -= 1
