"""Lets the requests of one credential start, as its limit and the service allow."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from anmc.clients.clock import Clock
from anmc.clients.failures import NoTurn
from anmc.clients.pacing.limits import End, Limit, Start
from anmc.clients.pacing.streak import Streak
from anmc.clients.pacing.waiting import WaitingLine
from anmc.sync.ports import Priority, Service, ServiceLog


@dataclass(slots=True)
class Slot:
    """A place for one request; whoever holds it says how the request ended. None: it was not sent."""

    end: End | None = None


class Admission(Protocol):
    """Lets a client's requests in when the limits of its credential allow it."""

    def slot(self, priority: Priority, *, patience: float) -> AbstractAsyncContextManager[Slot]:
        """Hold one place; entering waits, leaving frees it.

        Raises:
            NoTurn: none has come within `patience` seconds.
        """
        ...

    def allowed(self) -> float:
        """Return what the credential's limit allows now: calls per second, or requests at a time."""
        ...

    def close(self) -> None:
        """Give up the client's say in the credential's ceiling."""
        ...


@dataclass(eq=False, slots=True)
class _Turn:
    lane: "Lane"
    priority: Priority
    granted: asyncio.Future[None]
    slot: Slot = field(default_factory=Slot)
    start: Start | None = None


class Pacer:
    """The turns of one credential.

    Nothing is lost when a waiting task is cancelled: its place in the line goes, and a turn that it was given
    already passes to the next.
    """

    def __init__(self, service: Service, limit: Limit, clock: Clock, log: ServiceLog) -> None:
        self.lanes: set[Lane] = set()
        self.used_at = clock.monotonic()
        self._service = service
        self._limit = limit
        self._clock = clock
        self._log = log
        self._line = WaitingLine[_Turn]()
        self._in_flight = 0
        self._held_until = -math.inf
        self._streak = Streak()
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = math.inf

    def open(self, ceiling: float) -> "Lane":
        """Return the admission of one client; the lowest ceiling of those open is the credential's."""
        lane = Lane(self, ceiling)
        self.lanes.add(lane)
        self._adopt_ceiling()
        return lane

    def close(self, lane: "Lane") -> None:
        """Forget a client's ceiling; that of the last one stays until another comes."""
        self.lanes.discard(lane)
        self._adopt_ceiling()

    def allowed(self) -> float:
        """Return what the limit allows now; any thread may ask."""
        return self._limit.allowed(self._clock.monotonic())

    @asynccontextmanager
    async def slot(self, lane: "Lane", priority: Priority, patience: float) -> AsyncIterator[Slot]:
        """Wait for a turn, hold it, learn from its end."""
        turn = _Turn(lane, priority, asyncio.get_running_loop().create_future())
        self._line.put(turn, lane=lane, priority=priority)
        self._admit()
        try:
            await _wait_for(turn.granted, patience)
            yield turn.slot
        finally:
            self._leave(turn)

    def _admit(self) -> None:
        """Let all start who may start now; come back when the next one may."""
        while self._line:
            now = self._clock.monotonic()
            opens_at = self._limit.opens_at(now, self._in_flight)
            if opens_at is None:
                return  # one of those in flight comes back here when it ends
            opens_at = max(opens_at, self._held_until)
            if opens_at > now:
                self._come_back_at(opens_at)
                return
            turn = self._line.take()
            if not turn.granted.done():  # else cancelled, and not woken up yet to leave
                self._in_flight += 1
                turn.start = self._limit.start(now, self._in_flight)
                turn.granted.set_result(None)

    def _leave(self, turn: _Turn) -> None:
        if turn.start is None:
            self._line.discard(turn, lane=turn.lane, priority=turn.priority)
            if not self._line:
                self._stop_alarm()
            return
        if turn.slot.end is not None:
            self._learn(turn.start, turn.slot.end)
        self._in_flight -= 1
        self._admit()

    def _learn(self, start: Start, end: End) -> None:
        now = self._clock.monotonic()
        if self._limit.end(start, end, now, self._in_flight):
            self._log.halved(self._service, self._limit.allowed(now))
        failure = end.failure
        if failure is None:
            if (recovery := self._streak.answered(now)) is not None:
                self._log.recovered(self._service, failures=recovery.failures, seconds=recovery.seconds)
            return
        if failure.retry_after is not None:
            # Who asks one call to wait means all of the credential: the next one would be refused as well.
            self._held_until = max(self._held_until, now + failure.retry_after)
        if self._streak.failed(now):
            self._log.degraded(self._service, code=failure.code)

    def _adopt_ceiling(self) -> None:
        self.used_at = self._clock.monotonic()
        if self.lanes:
            self._limit.ceiling = min(lane.ceiling for lane in self.lanes)
            self._admit()

    def _come_back_at(self, moment: float) -> None:
        if self._alarm is None or moment < self._alarm_at:
            self._stop_alarm()
            self._alarm_at = moment
            self._alarm = asyncio.get_running_loop().create_task(self._sleep_until(moment))

    async def _sleep_until(self, moment: float) -> None:
        while (remaining := moment - self._clock.monotonic()) > 0:
            await self._clock.sleep(remaining)
        self._alarm = None
        self._admit()

    def _stop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None


async def _wait_for(granted: asyncio.Future[None], patience: float) -> None:
    try:
        async with asyncio.timeout(patience):
            await granted
    except TimeoutError:
        raise NoTurn from None


class Lane:
    """One client's way to the pacer of its credential. Implements the port `Admission`."""

    def __init__(self, pacer: Pacer, ceiling: float) -> None:
        self.ceiling = ceiling
        self._pacer = pacer

    def slot(self, priority: Priority, *, patience: float) -> AbstractAsyncContextManager[Slot]:
        """Hold one place of the credential."""
        return self._pacer.slot(self, priority, patience)

    def allowed(self) -> float:
        """Return what the credential's limit allows now."""
        return self._pacer.allowed()

    def close(self) -> None:
        """Give up the client's say in the credential's ceiling."""
        self._pacer.close(self)
