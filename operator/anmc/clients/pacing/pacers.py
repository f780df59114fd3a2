"""The pacers of this process: one per credential, found again by every client that uses it."""

import hashlib
from collections.abc import Callable
from typing import Final

from anmc.clients.clock import Clock
from anmc.clients.pacing.concurrency import ConcurrencyLimit
from anmc.clients.pacing.limits import Limit
from anmc.clients.pacing.pacer import Admission, Pacer
from anmc.clients.pacing.rate import RateLimit
from anmc.sync.ports import Service, ServiceLog

KEPT: Final = 3600.0
"""Seconds that a pacer without a client is kept.

A run opens clients and closes them; what their credential may do next must outlive them. After an hour every
halving and every `Retry-After` is over, so that nothing is lost with the pacer of a credential that was rotated.
"""


class SilentLog:
    """Takes what happens to services and tells nobody."""

    def halved(self, service: Service, allowed: float) -> None:
        """Pass over it."""

    def degraded(self, service: Service, *, code: str) -> None:
        """Pass over it."""

    def recovered(self, service: Service, *, failures: int, seconds: float) -> None:
        """Pass over it."""


class Pacers:
    """Hands out admissions; a credential is known here by its hash only."""

    def __init__(self, clock: Clock, log: ServiceLog | None = None) -> None:
        self._clock = clock
        self._log = log or SilentLog()
        self._pacers: dict[str, Pacer] = {}
        self._next_look = clock.monotonic() + KEPT

    def __len__(self) -> int:
        return len(self._pacers)

    def paced(self, origin: str, secret: str, *, calls_per_second: float) -> Admission:
        """Return the admission of an Action Network key; `calls_per_second` is the integration's own ceiling."""
        return self._find(Service.ACTION_NETWORK, origin, secret, RateLimit).open(calls_per_second)

    def concurrent(self, origin: str, secret: str, *, at_most: int) -> Admission:
        """Return the admission of a Mobile Commons login; `at_most` is the integration's own ceiling."""
        return self._find(Service.MOBILE_COMMONS, origin, secret, ConcurrencyLimit).open(at_most)

    def _find(self, service: Service, origin: str, secret: str, new_limit: Callable[[], Limit]) -> Pacer:
        self._forget_unused()
        key = _fingerprint(service, origin, secret)
        if key not in self._pacers:
            self._pacers[key] = Pacer(service, new_limit(), self._clock, self._log)
        return self._pacers[key]

    def _forget_unused(self) -> None:
        """Look now and then for pacers that no client has used for long."""
        now = self._clock.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + KEPT
        for key, pacer in list(self._pacers.items()):
            if not pacer.lanes and now - pacer.used_at >= KEPT:
                del self._pacers[key]


def _fingerprint(service: Service, origin: str, secret: str) -> str:
    """Return what a credential is known by here: never the credential itself."""
    return hashlib.sha256(f"{service}\0{origin}\0{secret}".encode()).hexdigest()
