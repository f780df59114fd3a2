"""How fast requests may start, shared by every integration that uses one credential."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Protocol

from anmc.clients.clock import Clock

CALLS_PER_SECOND: Final = 3.9
"""Most calls that start in a second with one Action Network key.

The limit is 4 (action-network-api.md 3.1); the rest absorbs the unevenness of the way there.
"""

ACTION_NETWORK_IN_FLIGHT: Final = 8
"""Requests of one Action Network key at a time (action-network-api.md 3.2)."""

MOBILE_COMMONS_IN_FLIGHT: Final = 8
"""Requests of one Mobile Commons login at a time: where the vendor's limit of 160 leaves everybody room
(mobile-commons-api.md 9.2)."""


class Pacer:
    """Lets requests start at even intervals, in the order of asking, without bursts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turn = asyncio.Lock()
        self._next_start = clock.monotonic()

    async def wait(self, *, calls_per_second: float) -> None:
        """Return when the next request may start; `calls_per_second` is the caller's own ceiling.

        The interval is kept after each start, so callers with different ceilings stay below each of theirs.
        It is measured from the real start and not from the planned one: a late wake-up must not squeeze the
        next interval.
        """
        async with self._turn:
            while (remaining := self._next_start - self._clock.monotonic()) > 0:
                await self._clock.sleep(remaining)
            self._next_start = self._clock.monotonic() + 1 / calls_per_second


class Admission(Protocol):
    """Lets a request in when the limits of its credential allow it."""

    def slot(self) -> AbstractAsyncContextManager[None]:
        """Hold one place; entering waits, leaving frees it."""
        ...


class PacedAdmission:
    """Admission by an even rate, as Action Network limits it."""

    def __init__(self, pacer: Pacer, places: asyncio.Semaphore, *, calls_per_second: float) -> None:
        self._pacer = pacer
        self._places = places
        self._calls_per_second = calls_per_second

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one place; entering waits for it, then for the next start."""
        async with self._places:
            await self._pacer.wait(calls_per_second=self._calls_per_second)
            yield


class ConcurrentAdmission:
    """Admission by requests at a time, as Mobile Commons limits them."""

    def __init__(self, shared: asyncio.Semaphore, *, at_most: int) -> None:
        self._shared = shared
        self._own = asyncio.Semaphore(at_most)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one place of this client's own ceiling, then one of the credential's."""
        async with self._own, self._shared:
            yield


class Pacers:
    """The limits of this process: one set per credential, kept for as long as the process lives.

    A run opens clients and closes them; what their credential may do next must outlive them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pacers: dict[str, Pacer] = {}
        self._places: dict[str, asyncio.Semaphore] = {}

    def paced(self, origin: str, secret: str, *, calls_per_second: float) -> Admission:
        """Return the admission of an Action Network key."""
        key = _fingerprint(origin, secret)
        pacer = self._pacers.setdefault(key, Pacer(self._clock))
        places = self._places.setdefault(key, asyncio.Semaphore(ACTION_NETWORK_IN_FLIGHT))
        return PacedAdmission(pacer, places, calls_per_second=calls_per_second)

    def concurrent(self, origin: str, secret: str, *, at_most: int) -> Admission:
        """Return the admission of a Mobile Commons login; `at_most` is the integration's own ceiling."""
        key = _fingerprint(origin, secret)
        shared = self._places.setdefault(key, asyncio.Semaphore(MOBILE_COMMONS_IN_FLIGHT))
        return ConcurrentAdmission(shared, at_most=at_most)


def _fingerprint(origin: str, secret: str) -> str:
    """Return what a credential is known by here: never the credential itself."""
    return hashlib.sha256(f"{origin}\0{secret}".encode()).hexdigest()
