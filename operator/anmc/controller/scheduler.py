"""Starts a turn of each integration when it is due, one at a time for each."""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from anmc.controller.clock import Clock
from anmc.controller.registry import Entry, Registry

LONGEST_WAIT: Final = 30.0
"""Seconds after which the loop turns without need: it absorbs steps of the wall clock."""

SHORTEST_PAUSE: Final = timedelta(milliseconds=500)
"""Time between a turn and the next of the same integration that it asked for: a turn that leaves a due time in
the past would otherwise be repeated without end. What comes from outside is looked at without a pause."""

Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class Scheduler:
    """Keeps a heap of due times; a turn decides what to do and leaves the entry's next due time behind."""

    def __init__(self, *, clock: Clock, take_turn: Callable[[Entry], Awaitable[None]], spawn: Spawn) -> None:
        self._clock = clock
        self._take_turn = take_turn
        self._spawn = spawn
        self._heap: list[tuple[datetime, int, str]] = []
        self._order = itertools.count()
        self._wake = asyncio.Event()
        self._turns: set[asyncio.Task[None]] = set()
        self._is_draining = False
        self.registry = Registry(now=clock.now, monotonic=clock.monotonic, wake=self.look_at)
        self.heartbeat = clock.monotonic()

    @property
    def is_draining(self) -> bool:
        """Whether no new turn starts any more."""
        return self._is_draining

    def look_at(self, entry: Entry) -> None:
        """Look at an integration now, or when its turn in hand has ended."""
        if entry.turn is not None:
            entry.again = True
            return
        self._push(entry, self._clock.now())

    async def run(self) -> None:
        """Start turns until drained."""
        while not self._is_draining:
            self.heartbeat = self._clock.monotonic()
            delay = (self._heap[0][0] - self._clock.now()).total_seconds() if self._heap else LONGEST_WAIT
            if delay > 0:
                await self._clock.wait(self._wake, min(delay, LONGEST_WAIT))
                self._wake.clear()
                continue
            due, _, uid = heapq.heappop(self._heap)
            entry = self.registry.get(uid)
            if entry is None or entry.due != due or entry.turn is not None:
                continue  # stale: skipped here, never searched for in the heap
            entry.again = False
            entry.turn = self._spawn(self._turn(entry))
            self._turns.add(entry.turn)
            entry.turn.add_done_callback(partial(self._ended, entry))

    async def drain(self, seconds: float) -> bool:
        """Start nothing more and wait for the turns in hand; False when some did not end in time."""
        self._is_draining = True
        self._wake.set()
        for entry in self.registry:
            entry.stop.set()
        if not self._turns:
            return True
        _, unfinished = await asyncio.wait(tuple(self._turns), timeout=seconds)
        for turn in unfinished:
            turn.cancel()
        return not unfinished

    async def _turn(self, entry: Entry) -> None:
        if self.registry.get(entry.seen.uid) is entry:
            await self._take_turn(entry)

    def _ended(self, entry: Entry, turn: asyncio.Task[None]) -> None:
        entry.turn = None
        self._turns.discard(turn)
        if self.registry.get(entry.seen.uid) is entry:
            now = self._clock.now()
            self._push(entry, now if entry.again else max(entry.due, now + SHORTEST_PAUSE))

    def _push(self, entry: Entry, due: datetime) -> None:
        entry.due = due
        heapq.heappush(self._heap, (due, next(self._order), entry.seen.uid))
        self._wake.set()
