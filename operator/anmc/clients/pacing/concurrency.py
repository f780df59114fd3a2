"""The limit of a Mobile Commons login: requests at a time, found out by trying (mobile-commons-api.md 9.2)."""

from typing import Final

from anmc.clients.failures import Cause
from anmc.clients.pacing.limits import End, Start
from anmc.clients.pacing.load import LoadedLatency

FIRST_IN_FLIGHT: Final = 25
"""Requests at a time to begin with: one round-trip from what an integration allows by itself (decision 0014)."""

MAX_IN_FLIGHT: Final = 80
"""Requests at a time that nothing exceeds: the vendor's request to one client (contract 9.2)."""


class ConcurrencyLimit:
    """Requests at a time: doubled per round-trip until the first sign of overload, then one more; halved on each.

    Each answer that finds the limit in use allows one more request while doubling; later on it takes as many as
    the limit, which is a round-trip. A limit that is not in use does not grow: it would have proved nothing.
    """

    def __init__(self) -> None:
        self.ceiling: float = MAX_IN_FLIGHT
        self._limit = FIRST_IN_FLIGHT
        self._is_doubling = True
        self._answers = 0
        self._halvings = 0
        self._latency = LoadedLatency(few=FIRST_IN_FLIGHT)

    def allowed(self, _now: float, /) -> float:
        """Return the requests allowed at a time."""
        return min(self._limit, self._highest)

    def opens_at(self, now: float, in_flight: int, /) -> float | None:
        """Return now if there is room; None while there is not."""
        return now if in_flight < self.allowed(now) else None

    def start(self, _now: float, in_flight: int, /) -> Start:
        """Note among how many a request starts."""
        return Start(self._halvings, in_flight)

    def end(self, start: Start, end: End, now: float, in_flight: int, /) -> bool:
        """Halve on 429, 503 and a rise of latency, once per round-trip; grow on any other answer."""
        if start.halvings < self._halvings:
            return False  # in flight when the limit was halved: it says nothing of the new one
        rose = end.kind is not None and end.was_worked_on and self._latency.rose(end.kind, end.seconds, start.among)
        if _is_overload(end):
            return self._halve(at_least=1)
        if rose:
            return self._halve(at_least=FIRST_IN_FLIGHT)
        if end.failure is None and in_flight >= self.allowed(now):
            self._grow()
        return False

    @property
    def _highest(self) -> int:
        return max(1, int(min(self.ceiling, MAX_IN_FLIGHT)))

    def _grow(self) -> None:
        self._answers += 1
        if self._limit < self._highest and (self._is_doubling or self._answers >= self._limit):
            self._limit += 1
            self._answers = 0

    def _halve(self, *, at_least: int) -> bool:
        """Halve; for latency alone not below where the limit began: what makes so few slow is not their number."""
        self._is_doubling = False
        before = min(self._limit, self._highest)
        if before <= at_least:
            return False
        self._limit = max(at_least, before // 2)
        self._answers = 0
        self._halvings += 1
        self._latency.forget_load()
        return True


def _is_overload(end: End) -> bool:
    failure = end.failure
    return failure is not None and (failure.cause is Cause.RATE_LIMITED or failure.code == "503")
