"""What is wanted: one entry for each integration that was seen."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from anmc.api.names import Category, Direction, RunResult
from anmc.api.status import IntegrationStatus
from anmc.cluster.status import StatusTarget
from anmc.controller.sighting import SecretSighting, Sighting
from anmc.sync.verify import Verified


@dataclass(frozen=True, slots=True)
class Verification:
    """What was verified, for which generation of the spec, and when."""

    generation: int
    found: Verified
    at: datetime


@dataclass(slots=True)
class Entry:
    """One integration in memory. While this process leads, `status` is the truth; the object's follows it.

    `due` is when the scheduler looks at it next. `stop` is set when the run in hand has to end at its next page.
    `blocked_until` holds back runs whose credentials or spec a service refused; `refused_secrets` is the hash of
    the Secrets that it refused, and `ask_again_at` when the service is asked even if they stay (sync.md W15).
    The counters are what the metrics of this integration show; they end with the entry.
    """

    seen: Sighting
    status: IntegrationStatus
    target: StatusTarget
    seen_at: float
    due: datetime
    running_since: dict[Direction, datetime] = field(default_factory=dict)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    verification: Verification | None = None
    blocked_until: datetime | None = None
    turn: asyncio.Task[None] | None = None
    again: bool = False
    dry_generations: dict[Direction, int] = field(default_factory=dict)
    refused_secrets: bytes | None = None
    ask_again_at: datetime | None = None
    runs: Counter[tuple[Direction, RunResult]] = field(default_factory=Counter)
    records: Counter[tuple[Direction, Category]] = field(default_factory=Counter)

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.seen.namespace, self.seen.name


class Registry:
    """Holds the entries; told by the watch, by lists and by Secrets. Quick and total: it never raises.

    `wake` is called with an entry that has something new to look at.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        wake: Callable[[Entry], None],
        forget: Callable[[Entry], None] = lambda _: None,
    ) -> None:
        self._entries: dict[str, Entry] = {}
        self._now = now
        self._monotonic = monotonic
        self._wake = wake
        self._forget = forget

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
            self._entries[sighting.uid] = entry = self._first_sight(sighting)
            self._wake(entry)
            return True
        before = entry.seen
        entry.seen_at = self._monotonic()
        entry.target.resource_version = sighting.resource_version
        if (before.generation, before.requests) == (sighting.generation, sighting.requests):
            return False  # our own status write came back, or a label moved
        entry.seen = sighting
        if before.generation != sighting.generation:
            entry.stop.set()  # the run in hand ends at its next page: it works by an old spec
            entry.verification = None
            entry.blocked_until = None
        self._wake(entry)
        return True

    def secret_changed(self, secret: SecretSighting) -> None:
        """Look at once at the integrations that use a labelled Secret."""
        for entry in self._entries.values():
            if entry.seen.namespace == secret.namespace and secret.name in entry.seen.secrets:
                entry.verification = None
                entry.blocked_until = None
                self._wake(entry)

    def vanished(self, uids: Iterable[str]) -> int:
        """Drop entries that a complete list did not hold; return how many there were."""
        return sum(self._drop(uid) for uid in tuple(uids))

    def unseen_since(self, instant: float) -> set[str]:
        """Return the entries that the watch has not shown since a monotonic instant."""
        return {uid for uid, entry in self._entries.items() if entry.seen_at < instant}

    def _first_sight(self, sighting: Sighting) -> Entry:
        return Entry(
            seen=sighting,
            status=IntegrationStatus.from_dict(sighting.status),
            target=StatusTarget(sighting.namespace, sighting.name, sighting.resource_version, served=sighting.status),
            seen_at=self._monotonic(),
            due=self._now(),
        )

    def _drop(self, uid: str) -> bool:
        entry = self._entries.pop(uid, None)
        if entry is None:
            return False
        entry.stop.set()
        self._forget(entry)
        return True
