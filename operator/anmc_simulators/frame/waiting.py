"""Waiting in real time, which is not the time that the services show."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Protocol

from starlette.types import Receive


class RealTime(Protocol):
    """The time in which limits count and latencies pass."""

    def monotonic(self) -> float:
        """Return seconds since any fixed moment."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...


class MonotonicTime:
    """The machine's own time."""

    def monotonic(self) -> float:
        """Return seconds since any fixed moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)


class Patience:
    """Waits that end early when the server stops, or when nobody is there for the answer any more."""

    def __init__(self, real_time: RealTime) -> None:
        self._time = real_time
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End every wait, those to come included: the server stops."""
        self._closing.set()

    async def pause(self, seconds: float) -> None:
        """Wait as a slow service does, which goes on without its client."""
        await self._first(self._time.sleep(seconds), self._closing.wait())

    async def pause_until(self, moment: float) -> None:
        """Wait likewise, for a moment of the real time."""
        if (seconds := moment - self._time.monotonic()) > 0:
            await self.pause(seconds)

    async def hold(self, receive: Receive, seconds: float) -> bool:
        """Wait; returns whether the client still waits and the server goes on.

        The body of the request must have been read: what `receive` gives next is the end of the connection.
        """
        return await self._first(self._time.sleep(seconds), self._closing.wait(), _disconnected(receive))

    @staticmethod
    async def _first(over: Coroutine[Any, Any, object], *others: Coroutine[Any, Any, object]) -> bool:
        """Wait for one of several things; returns whether it was the first of them."""
        waits = [asyncio.create_task(wait) for wait in (over, *others)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return waits[0].done() and not any(wait.done() for wait in waits[1:])
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
