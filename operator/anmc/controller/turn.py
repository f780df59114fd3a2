"""What one turn goes by: the wish as it was when the turn began."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from anmc.api.names import Direction
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.api.status import IntegrationStatus
from anmc.controller.due import Plan, Situation, plan, stale_after
from anmc.controller.ending import with_direction
from anmc.controller.registry import Entry
from anmc.controller.sighting import Sighting

IDLE: Final = timedelta(hours=1)
"""How long nobody looks at an integration that has nothing due; a change wakes it at once."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An integration as it was seen when the turn began.

    The entry's own `seen` and `revision` may change at any time; what starts by one spec ends by it, and what is
    found out about it is kept under its revision.
    """

    entry: Entry
    seen: Sighting
    revision: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of an active integration whose spec can be read."""

    subject: Subject
    spec: DataSyncIntegrationSpec
    active_since: datetime

    @property
    def entry(self) -> Entry:
        """The integration in memory."""
        return self.subject.entry

    @property
    def seen(self) -> Sighting:
        """The object as it was when the turn began."""
        return self.subject.seen

    @property
    def revision(self) -> int:
        """The revision of the wish that this turn works by."""
        return self.subject.revision

    def plan(self, now: datetime) -> Plan:
        """Plan the next runs, by the status and the requests of this moment.

        Raises:
            InvalidSpec: the schedule or its zone cannot be used.
        """
        situation = Situation(
            uid=self.seen.uid,
            generation=self.seen.generation,
            spec=self.spec,
            status=self.entry.status,
            requests=self.entry.seen.requests,
            active_since=self.active_since,
            now=now,
        )
        self.entry.stale_after = stale_after(situation)
        return plan(situation)

    def come_back(self, planned: Plan, now: datetime) -> IntegrationStatus:
        """Set when the entry is looked at next; return the status that shows the next runs."""
        entry, status = self.entry, self.entry.status
        entry.due = planned.first.time if planned.first is not None else now + IDLE
        for direction, due in ((Direction.PUSH, planned.push), (Direction.PULL, planned.pull)):
            time = due.time.replace(microsecond=0) if due is not None else None
            status = with_direction(status, replace(status.of(direction), next_run_time=time))
        return status
