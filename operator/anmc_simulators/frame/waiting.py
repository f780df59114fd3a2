"""Waiting in real time, which is not the time that the services show."""

import asyncio
import contextlib
import time
from typing import Protocol

from starlette.types import Receive


class RealTime(Protocol):
    """The time in which limits count and latencies pass."""

    def monotonic(self) -> float:
        """Return seconds since any fixed moment."""
        ...

    async def sleep(self, seconds: float, *, until: asyncio.Event) -> None:
        """Let time pass, no more of it once the event has come."""
        ...


class MonotonicTime:
    """The machine's own time."""

    def monotonic(self) -> float:
        """Return seconds since any fixed moment."""
        return time.monotonic()

    async def sleep(self, seconds: float, *, until: asyncio.Event) -> None:
        """Let time pass, no more of it once the event has come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await until.wait()


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
        await self._time.sleep(seconds, until=self._closing)

    async def pause_until(self, moment: float) -> None:
        """Wait likewise, for a moment of the real time."""
        if (seconds := moment - self._time.monotonic()) > 0:
            await self.pause(seconds)

    async def hold(self, receive: Receive, seconds: float) -> bool:
        """Wait; returns whether the client still waits and the server goes on.

        The body of the request must have been read: what `receive` gives next is the end of the connection.
        """
        slept, left = waits = [asyncio.create_task(self.pause(seconds)), asyncio.create_task(_disconnected(receive))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return slept.done() and not left.done() and not self._closing.is_set()
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
