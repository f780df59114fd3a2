"""What is wanted: one entry for each integration that was seen."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from anmc.api.names import Category, Direction, RunResult
from anmc.api.status import IntegrationStatus
from anmc.cluster.status import StatusTarget
from anmc.cluster.versions import is_older
from anmc.controller.services import Pace
from anmc.controller.sighting import SecretSighting, Sighting
from anmc.rules.uniqueness import Claim
from anmc.sync.verify import Verified


@dataclass(frozen=True, slots=True)
class Verification:
    """What was verified, for which revision of the wish, and when."""

    revision: int
    found: Verified
    at: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing may run before `until`, unless the wish gets another revision.

    `secrets` is the hash of the Secrets that were refused; others are tried at once. None when no Secret can help.
    `is_duplicate`: an older integration was in the way, and once it is not, this one begins at once.
    """

    revision: int
    until: datetime
    secrets: bytes | None = None
    is_duplicate: bool = False


@dataclass(slots=True)
class Entry:
    """One integration in memory. While this process leads, `status` is the truth; the object's follows it.

    `due` is when the scheduler looks at it next. `stop` is set when the run in hand has to end at its next page.
    `revision` grows with each change of the spec or of a Secret that it names: what was found out about an
    earlier one does not count, even if it is written down late. `claim` is the accounts that an active integration
    was last verified on. `stale_after` is from when on a direction counts as stale. `pace` tells what the pacers of
    its credentials allow, once its services were opened. `oldest_dead_letter` is as the store knew it when it was last
    asked, and `is_counted` says that it was. The counters are what the metrics of this integration show; they end with
    the entry.
    """

    seen: Sighting
    status: IntegrationStatus
    target: StatusTarget
    seen_at: float
    due: datetime
    revision: int = 0
    verification: Verification | None = None
    refusal: Refusal | None = None
    claim: Claim | None = None
    pace: Pace | None = None
    turn: asyncio.Task[None] | None = None
    again: bool = False
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    running: set[Direction] = field(default_factory=set)
    running_since: dict[Direction, datetime] = field(default_factory=dict)
    stale_after: dict[Direction, datetime] = field(default_factory=dict)
    oldest_dead_letter: datetime | None = None
    is_counted: bool = False
    runs: Counter[tuple[Direction, RunResult]] = field(default_factory=Counter)
    records: Counter[tuple[Direction, Category]] = field(default_factory=Counter)

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.seen.namespace, self.seen.name


class Registry:
    """Holds the entries; told by the watch, by lists and by Secrets. Quick and total: it never raises.

    `wake` is called with an entry that has something new to look at; others may call it as well.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        wake: Callable[[Entry], None],
    ) -> None:
        self._entries: dict[str, Entry] = {}
        self._uids: dict[tuple[str, str], str] = {}
        self._now = now
        self._monotonic = monotonic
        self.wake = wake

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, uid: str) -> Entry | None:
        """Return the entry of an object; None when it is not known."""
        return self._entries.get(uid)

    def observe(self, sighting: Sighting) -> bool:
        """Note what was seen; return whether it was new."""
        if sighting.is_deleted:
            return self._drop(sighting.uid)
        entry = self._entries.get(sighting.uid)
        if entry is None:
            entry = self._first_sight(sighting)
            self.wake(entry)
            return True
        before = entry.seen
        entry.seen_at = self._monotonic()
        if is_older(sighting.resource_version, before.resource_version):
            return False  # a list may be older than what the watch told meanwhile
        entry.target.saw(sighting.resource_version)
        if (before.generation, before.requests) == (sighting.generation, sighting.requests):
            return False  # our own status write came back, or a label moved
        entry.seen = sighting
        if before.generation != sighting.generation:
            entry.revision += 1
            entry.stop.set()  # the run in hand ends at its next page: it works by an old spec
        self.wake(entry)
        return True

    def secret_changed(self, secret: SecretSighting) -> None:
        """Look at once at the integrations that use a labelled Secret."""
        for entry in self:
            if entry.seen.namespace == secret.namespace and secret.name in entry.seen.secrets:
                entry.revision += 1
                self.wake(entry)

    def vanished(self, uids: Iterable[str]) -> int:
        """Drop entries that a complete list did not hold; return how many there were."""
        return sum(self._drop(uid) for uid in tuple(uids))

    def uids(self) -> frozenset[str]:
        """Return the objects that are known now."""
        return frozenset(self._entries)

    def _first_sight(self, sighting: Sighting) -> Entry:
        namesake = self._uids.get((sighting.namespace, sighting.name))
        if namesake is not None:
            self._drop(namesake)  # deleted and made anew, and the watch was not told
        entry = Entry(
            seen=sighting,
            status=IntegrationStatus.from_dict(sighting.status),
            target=StatusTarget(
                sighting.namespace,
                sighting.name,
                sighting.uid,
                sighting.resource_version,
                served=sighting.status,
            ),
            seen_at=self._monotonic(),
            due=self._now(),
        )
        self._entries[sighting.uid] = entry
        self._uids[entry.key] = sighting.uid
        return entry

    def _drop(self, uid: str) -> bool:
        entry = self._entries.pop(uid, None)
        if entry is None:
            return False
        if self._uids.get(entry.key) == uid:
            del self._uids[entry.key]
        entry.stop.set()
        return True
