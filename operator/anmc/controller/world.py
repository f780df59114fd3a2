"""What turns and runs work with: the parts of the process, as one value."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from anmc.api.status import IntegrationStatus
from anmc.cluster.integrations import Integrations
from anmc.cluster.reports import Reports
from anmc.cluster.status import StatusWriter
from anmc.controller.announcements import Announcer
from anmc.controller.clock import Clock
from anmc.controller.registry import Entry, Registry
from anmc.controller.services import Services
from anmc.errors import Interrupted
from anmc.observability.metrics import Metrics
from anmc.store.store import Store


@dataclass(frozen=True, slots=True)
class World:
    """The parts of the process. `slots` bounds the runs at the same time."""

    clock: Clock
    registry: Registry
    services: Services
    store: Store
    integrations: Integrations
    writer: StatusWriter
    reports: Reports
    announcer: Announcer
    metrics: Metrics
    slots: asyncio.Semaphore
    is_leading: Callable[[], bool]
    is_draining: Callable[[], bool]

    def now(self) -> datetime:
        """Return the present, in UTC."""
        return self.clock.now()

    def may_write(self) -> None:
        """Ask for permission to go on; asked before every request to a service.

        Raises:
            Interrupted: the Lease is not held any more, or the process is shutting down.
        """
        if not self.is_leading():
            raise Interrupted("The Lease is not held any more")
        if self.is_draining():
            raise Interrupted("The operator is shutting down")

    async def write(self, entry: Entry, status: IntegrationStatus) -> None:
        """Make a status the entry's, then the object's, if there still is one."""
        entry.status = status
        if self.registry.get(entry.seen.uid) is entry:
            await self.writer.write(entry.target, status)
