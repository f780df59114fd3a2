"""How a run in hand is known to the cluster, and when it has to stop."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from anmc.api.status import CurrentRun, IntegrationStatus
from anmc.cluster.connection import KUBE_ERRORS
from anmc.cluster.integrations import Integrations
from anmc.cluster.status import StatusConflict, StatusNotTaken, StatusWriter
from anmc.controller.clock import Clock
from anmc.controller.ending import with_direction
from anmc.controller.registry import Entry, Registry
from anmc.controller.sighting import Sighting
from anmc.errors import Interrupted, ServiceUnavailable
from anmc.sync.run import RunOrder

STATUS_EVERY: Final = timedelta(seconds=15)
"""How often a working run shows its progress in the status, at most (operations.md 12)."""


@dataclass(slots=True)
class RunProgress:
    """Claims a run when there is work, shows how far it is, stops it when it has to stop.

    `may_write` raises `Interrupted` when this process may not go on. `between_pages` is awaited at each page:
    there a pull lets a due push run (sync.md W1).
    """

    entry: Entry
    order: RunOrder
    registry: Registry
    writer: StatusWriter
    integrations: Integrations
    clock: Clock
    may_write: Callable[[], None]
    between_pages: Callable[[], Awaitable[None]]
    is_claimed: bool = False
    _shown_at: datetime | None = None

    async def claim(self) -> None:
        """Write the run into the status, if nobody changed the object meanwhile."""
        if self.is_claimed:
            return
        self._check()
        status = self._with_current_run(records_read=0)
        try:
            await self.writer.claim(self.entry.target, status)
        except StatusConflict:
            await self._look_again()
            raise Interrupted("The object changed while the run was about to start") from None
        except StatusNotTaken as error:
            raise ServiceUnavailable(
                f"The API server did not take the claim of the run ({error})", remedy="The run is tried again."
            ) from None
        self.is_claimed = True
        self.entry.status = status
        self.entry.running_since[self.order.direction] = self.order.started_at
        self._shown_at = self.clock.now()

    async def page_done(self, records_read: int) -> None:
        """Let the run go on, or stop it here, where everything is remembered."""
        self._check()
        if not self.is_claimed:
            return
        now = self.clock.now()
        if self._shown_at is None or now - self._shown_at >= STATUS_EVERY:
            self._shown_at = now
            self.entry.status = self._with_current_run(records_read=records_read)
            await self.writer.write(self.entry.target, self.entry.status)
        await self.between_pages()

    def _check(self) -> None:
        self.may_write()
        if self.entry.stop.is_set():
            raise Interrupted("The object was changed, deactivated or deleted")

    def _with_current_run(self, *, records_read: int) -> IntegrationStatus:
        direction = self.entry.status.of(self.order.direction)
        run = CurrentRun(
            id=self.order.id,
            trigger=self.order.trigger,
            start_time=self.order.started_at,
            records_read=records_read,
        )
        return with_direction(self.entry.status, replace(direction, current_run=run))

    async def _look_again(self) -> None:
        """Fetch the object and plan anew; one that is gone is dropped."""
        seen = self.entry.seen
        try:
            body = await self.integrations.get(seen.namespace, seen.name)
        except KUBE_ERRORS:
            return  # the watch tells, or the next claim
        if body is None or (body.get("metadata") or {}).get("uid") != seen.uid:
            self.registry.vanished([seen.uid])
        else:
            self.registry.observe(Sighting.of(body))
