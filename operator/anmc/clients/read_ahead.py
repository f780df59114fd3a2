"""Pages asked for before their turn, several at once, and handed over in their order."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, Self, TypeVar

from anmc.clients.served import Served

R = TypeVar("R")

ReadPage = Callable[[int, Callable[[], None]], Awaitable[Served[R]]]
"""Reads a page by its number, and calls back right before its request goes out."""

PROOF_OF_LENGTH: Final = 2
"""Full pages in a row behind which pages are read ahead.

The first one alone may be the only one: asking for more would make every small read dearer (performance.md 2).
"""


@dataclass(slots=True)
class _Reading(Generic[R]):
    """A page under way; `is_sent` from its request on."""

    task: asyncio.Task[Served[R]]
    is_sent: bool = False


class ReadAhead(Generic[R]):
    """Reads the pages of one listing, at most `width` of them beyond the one handed over last.

    It owns the tasks: when its `async with` block is left, however that happens, none of them is left behind. How
    many requests are really in flight is up to the limits of the service; a page whose request has not gone out
    is given up as soon as an earlier one shows that nobody needs it.
    """

    def __init__(self, read: ReadPage[R], *, first: int, size: int, width: int) -> None:
        self.due = first
        """Number of the page that is handed over next."""
        self._read = read
        self._size = size
        self._width = width
        self._full_pages = 0
        self._horizon: int | None = None
        self._readings: dict[int, _Reading[R]] = {}
        self._given_up: set[asyncio.Task[Served[R]]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = [*(reading.task for reading in self._readings.values()), *self._given_up]
        for task in tasks:
            task.cancel()
        # Comes back only when all have ended, also if this task is cancelled meanwhile.
        await asyncio.gather(*tasks, return_exceptions=True)

    async def take(self) -> Served[R]:
        """Return the page that is due; raises what reading it raised. The next one is due then in either case."""
        number = self.due
        self._begin(number)
        try:
            return await self._readings[number].task
        finally:
            del self._readings[number]
            self.due += 1

    def follow(self, page: Served[R]) -> None:
        """Begin what is worth reading behind the page handed over last."""
        self._full_pages = self._full_pages + 1 if page.size >= self._size else 0
        if self._horizon is not None and self._horizon < self.due:
            self._horizon = None
        if page.is_end or self._full_pages < PROOF_OF_LENGTH:
            return
        last = self.due + self._width - 1
        for number in range(self.due, min(last, self._horizon or last) + 1):
            self._begin(number)

    async def finish(self) -> list[tuple[int, Served[R] | BaseException]]:
        """Wait for the pages whose requests are on their way, without asking for more; return what they brought."""
        self._narrow(self.due - 1)
        readings = sorted(self._readings.items())
        ended = await asyncio.gather(*(reading.task for _, reading in readings), return_exceptions=True)
        self._readings.clear()
        return [(number, outcome) for (number, _), outcome in zip(readings, ended, strict=True)]

    def _begin(self, number: int) -> None:
        if number not in self._readings:
            self._readings[number] = _Reading(asyncio.create_task(self._run(number), name=f"page {number}"))

    async def _run(self, number: int) -> Served[R]:
        try:
            page = await self._read(number, lambda: self._sent(number))
        except Exception:
            self._narrow(number)
            raise
        if page.is_end:
            self._narrow(number)
        elif page.size < self._size:
            self._narrow(number + 1)  # it may be the last one with records; the next one tells
        return page

    def _sent(self, number: int) -> None:
        if (reading := self._readings.get(number)) is not None:
            reading.is_sent = True

    def _narrow(self, last: int) -> None:
        """Give up the pages beyond `last` that have not been asked for."""
        self._horizon = last if self._horizon is None else min(last, self._horizon)
        for number in [number for number in self._readings if number > last and not self._readings[number].is_sent]:
            task = self._readings.pop(number).task
            task.cancel()
            self._given_up.add(task)
            task.add_done_callback(self._given_up.discard)
