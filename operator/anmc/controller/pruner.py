"""Repairs what the watch missed, by a LIST of our own (kopf.md 7)."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from anmc.cluster.connection import GONE, KUBE_ERRORS, NOT_FOUND, status_of
from anmc.cluster.integrations import Integrations
from anmc.controller.clock import Clock
from anmc.controller.registry import Registry
from anmc.controller.sighting import Sighting

PERIOD: Final = 600.0
"""Seconds between two sweeps."""


class CrdMissing(Exception):
    """The API server does not know our kinds."""


class Pruner:
    """Lists all integrations at the start and every ten minutes; drops those that are gone."""

    def __init__(
        self,
        integrations: Integrations,
        registry: Registry,
        clock: Clock,
        *,
        repaired: Callable[[int, int], None] = lambda _, __: None,
    ) -> None:
        self._integrations = integrations
        self._registry = registry
        self._clock = clock
        self._repaired = repaired
        self._never = asyncio.Event()
        self.succeeded_at = clock.monotonic()

    async def sweep(self, *, is_first: bool = False) -> None:
        """List once. Entries that the watch saw after the list began are left alone: it may be older than they.

        Raises:
            CrdMissing: the CRDs are not installed.
            Exception: one of `KUBE_ERRORS`, when the API server does not let us list.
        """
        began = self._clock.monotonic()
        known = self._registry.uids()
        listed: set[str] = set()
        missed = 0
        try:
            async for body in self._integrations.iter_all():
                sighting = Sighting.of(body)
                listed.add(sighting.uid)
                if self._may_be_news(sighting.uid, known, began):
                    missed += self._registry.observe(sighting)
        except KUBE_ERRORS as error:
            if status_of(error) == NOT_FOUND:
                raise CrdMissing from None
            if status_of(error) == GONE and not is_first:
                return  # the walk took too long for its token: the next sweep starts over
            raise
        vanished = self._registry.vanished(known - listed)
        self.succeeded_at = self._clock.monotonic()
        if not is_first and (missed or vanished):
            self._repaired(missed, vanished)

    def _may_be_news(self, uid: str, known: frozenset[str], began: float) -> bool:
        entry = self._registry.get(uid)
        if entry is None:
            return uid not in known  # one that went away during the sweep does not come back
        return entry.seen_at < began

    async def run(self) -> None:
        """Sweep until cancelled; a failed sweep waits for the next one, and health tells of it."""
        while True:
            await self._clock.wait(self._never, PERIOD)
            with suppress(*KUBE_ERRORS):
                await self.sweep()
