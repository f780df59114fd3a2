"""The limit of an Action Network key: calls per second, evenly spaced (action-network-api.md 3.2)."""

import math
from dataclasses import dataclass
from typing import Final

from anmc.clients.failures import Cause
from anmc.clients.pacing.averages import MovingAverage
from anmc.clients.pacing.limits import End, Start

CALLS_PER_SECOND: Final = 3.9
"""Most calls that start in a second with one key.

The limit is 4 (action-network-api.md 3.1); the rest absorbs the unevenness of the way there.
"""

SLOWEST: Final = 0.5
"""Calls per second below which no 429 takes the rate (action-network-api.md 3.2)."""

PENALTY: Final = 60.0
"""Seconds after a halving before the rate doubles, and from one doubling to the next (action-network-api.md 3.2)."""

MAX_IN_FLIGHT: Final = 8
"""Requests of one key at a time (action-network-api.md 3.2)."""

FIRST_LATENCY: Final = 1.0
"""Seconds that a call is taken to last until one has been measured: the middle of the contract's examples."""

RECENT_CALLS: Final = 8
"""Calls over which latency is averaged: the number that may be in flight, so about the last round-trip."""


_ENOUGH_DOUBLINGS: Final = 3
"""Doublings from the slowest rate to beyond the fastest; more would change nothing but overflow one day."""


@dataclass(frozen=True, slots=True)
class _Halving:
    """To what the rate was halved, and when; one value, so that a reader in another thread never sees half of it."""

    to: float
    at: float


class RateLimit:
    """Calls per second, halved by a 429 and doubled again minute by minute."""

    def __init__(self) -> None:
        self.ceiling = CALLS_PER_SECOND
        self._halving = _Halving(to=math.inf, at=0.0)
        self._halvings = 0
        self._latency = MovingAverage(recent=RECENT_CALLS)
        self._last_start = -math.inf

    def allowed(self, now: float, /) -> float:
        """Return the calls per second allowed now."""
        halving = self._halving
        doublings = min(_ENOUGH_DOUBLINGS, max(0, math.floor((now - halving.at) / PENALTY)))
        return min(CALLS_PER_SECOND, self.ceiling, halving.to * 2.0**doublings)

    def allowed_in_flight(self, now: float) -> int:
        """Return the requests at a time that keep this rate at the measured latency."""
        latency = self._latency.value if self._latency.count else FIRST_LATENCY
        return min(MAX_IN_FLIGHT, max(1, math.ceil(self.allowed(now) * latency)))

    def opens_at(self, now: float, in_flight: int, /) -> float | None:
        """Return when the interval since the last start is over; None while too many are in flight.

        The interval is measured from the real start and not from the planned one: a late wake-up must not squeeze
        the next interval.
        """
        if in_flight >= self.allowed_in_flight(now):
            return None
        return self._last_start + 1 / self.allowed(now)

    def start(self, now: float, in_flight: int, /) -> Start:
        """Begin the next interval."""
        self._last_start = now
        return Start(self._halvings, in_flight)

    def end(self, start: Start, end: End, now: float, _in_flight: int, /) -> bool:
        """Halve the rate on a 429, once for all requests that were in flight at that moment."""
        if end.was_worked_on:
            self._latency.add(end.seconds)
        if end.failure is None or end.failure.cause is not Cause.RATE_LIMITED or start.halvings < self._halvings:
            return False
        before = self.allowed(now)
        self._halving = _Halving(to=max(SLOWEST, before / 2), at=now)
        self._halvings += 1
        return self.allowed(now) < before
