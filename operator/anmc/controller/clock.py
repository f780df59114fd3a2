"""The process's clock, which tests replace by one of their own."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic
from typing import Protocol


class Clock(Protocol):
    """Wall-clock time for schedules, monotonic time for ages, and waiting."""

    def now(self) -> datetime:
        """Return the present, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """Return when the event is set or the time is over."""
        ...


class SystemClock:
    """The real clock."""

    def now(self) -> datetime:
        """Return the present, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return monotonic()

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """Return when the event is set or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()
