"""What a run needs from the world: both services, the store, permission to go on."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Generic, Protocol, TypeVar

from anmc.api.names import Direction, Trigger
from anmc.rules.backoff import Backoff
from anmc.rules.dead_letters import DeadLetter
from anmc.rules.decisions import NewPerson
from anmc.rules.records import (
    Campaign,
    NumberHash,
    Person,
    PersonId,
    Phone,
    Profile,
    ProfileId,
    SubscriberRow,
)
from anmc.rules.remembered import Attempt, Link, PersonSeen, ProfileSeen, QueuedOptIn, StagedOptOut, Suppression

Record = TypeVar("Record", covariant=True)  # noqa: PLC0105  # Page[Person] reads better than Page[Person_co]


class Service(StrEnum):
    """The two services, as metrics and logs name them."""

    MOBILE_COMMONS = "mobile_commons"
    ACTION_NETWORK = "action_network"


class Priority(IntEnum):
    """Which call goes first where several wait for one credential: the lowest number (sync.md W7).

    A client knows it of most calls; of the others their caller says it.
    """

    OPT_OUT = 0
    OPT_IN = 1
    DATA = 2
    FULL_READ = 3


@dataclass(frozen=True, slots=True)
class UnreadableRecord:
    """A record that cannot be parsed (sync.md W13): where it stood, and its id if one can be read, nothing else.

    `page` and `place` count from 1. `id` is that of the service: of a person, or of a profile.
    """

    page: int
    place: int
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Record]):
    """One page of records, in the order served.

    `read_at` is the service's own time when the request began: its `Date` header less the duration of the call
    (sync.md W2), so that clocks never have to agree. A walk with a page that is not `is_complete` may have missed
    records: what it brought counts, but nothing is marked as read (action-network-api.md 4.2).
    """

    records: tuple[Record, ...]
    number: int
    read_at: datetime
    unreadable: tuple[UnreadableRecord, ...] = ()
    is_complete: bool = True
    read_until: datetime | None = None
    """At the end of a slice of a full read: whoever was created before has come (sync.md W6, W8)."""


Pages = AsyncGenerator[Page[Record], None]
"""The pages of a walk in their order. Some are under way before their turn: whoever leaves early closes the walk."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """What a look-up of numbers found.

    `unreadable` are numbers whose answer cannot be parsed: nobody may take them for numbers without a profile.
    """

    profiles: tuple[Profile, ...] = ()
    unreadable: frozenset[Phone] = frozenset()


class MobileCommons(Protocol):
    """The calls of Mobile Commons that a run makes. Every write asks the gate first."""

    def iter_profiles(
        self, *, updated_from: datetime | None, updated_until: datetime | None = None, first_page: int = 1
    ) -> Pages[Profile]:
        """Walk the profiles updated at or after an instant, or all; the empty last page comes too.

        With `updated_until`, which is included, profiles that change under the walk leave it.
        """
        ...

    def iter_subscribers(
        self, campaign_id: str, *, changed_from: datetime | None, first_page: int = 1
    ) -> Pages[SubscriberRow]:
        """Walk the rows of a campaign that changed at or after an instant, or all of them."""
        ...

    async def find_profiles(self, phones: Collection[Phone], *, priority: Priority = Priority.DATA) -> LookUp:
        """Look up numbers in bulk; a number without a profile is simply not in the answer."""
        ...

    async def get_profile(self, phone: Phone, *, priority: Priority = Priority.DATA) -> Profile | None:
        """Read one profile by its number; None when there is none."""
        ...

    async def sample_profile(self) -> Profile | None:
        """Read any one profile, to see which custom columns exist; None on an empty account."""
        ...

    async def list_campaigns(self) -> list[Campaign]:
        """List every campaign with its opt-in paths."""
        ...

    async def update_profile(self, phone: Phone, values: Mapping[str, str]) -> Profile:
        """Create or update a profile by its number; `values` as in `Profile.values`, never a path."""
        ...

    async def opt_in(self, phone: Phone, path: str) -> Profile:
        """Use an opt-in path for a number. This may send a text.

        Raises:
            OutcomeUnknown: sent and not answered; read before any repetition.
        """
        ...

    async def opt_out(self, phone: Phone, *, campaign_id: str | None) -> Profile | None:
        """Opt a number out of one campaign, or of all; None when no profile has the number."""
        ...

    @property
    def calls(self) -> int:
        """Requests sent so far, retries included."""
        ...

    @property
    def clock_offset(self) -> timedelta:
        """How far the service's clock is ahead of ours, by its last answer; zero until there was one (sync.md W2)."""
        ...


class ActionNetwork(Protocol):
    """The calls of Action Network that a run makes. Every write asks the gate first."""

    def iter_people(
        self, *, modified_after: datetime, first_page: int = 1, priority: Priority = Priority.DATA
    ) -> Pages[Person]:
        """Walk the people modified after an instant (strictly); the empty last page comes too."""
        ...

    def iter_everybody(self, *, created_from: datetime | None = None) -> Pages[Person]:
        """Read everybody, or whoever was created at or after an instant, in slices; pages count within a slice."""
        ...

    async def find_people_by_phone(self, phone: Phone, *, priority: Priority = Priority.DATA) -> list[Person]:
        """Return everybody who holds exactly this number."""
        ...

    async def find_people_by_email(self, email: str) -> list[Person]:
        """Return everybody with this address, compared without case."""
        ...

    async def get_person(self, person_id: PersonId, *, priority: Priority = Priority.DATA) -> Person:
        """Read one person by id.

        Raises:
            PersonGone: the id is unknown, deleted, merged away or not visible to this key.
        """
        ...

    async def update_person(
        self, person_id: PersonId, values: Mapping[str, str], *, priority: Priority = Priority.DATA
    ) -> Person:
        """Write fields of a known person; `values` by API field name, nothing else is touched.

        Raises:
            PersonGone: as `get_person`.
            OutcomeUnknown: sent and not answered, and a read did not settle it.
        """
        ...

    async def create_person(self, new: NewPerson) -> Person:
        """Create a person, after look-ups by number and e-mail found nobody (sync.md A3).

        Raises:
            OutcomeUnknown: sent and not confirmed; look up again in a later run.
        """
        ...

    async def list_custom_fields(self) -> frozenset[str]:
        """Return the names of the custom fields of the account."""
        ...

    @property
    def calls(self) -> int:
        """Requests sent so far, retries included."""
        ...

    @property
    def clock_offset(self) -> timedelta:
        """How far the service's clock is ahead of ours, by its last answer; zero until there was one (sync.md W2)."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows about the records that were asked for; absent keys are unknown."""

    people: Mapping[PersonId, PersonSeen] = field(default_factory=dict)
    profiles: Mapping[ProfileId, ProfileSeen] = field(default_factory=dict)
    link_of_person: Mapping[PersonId, Link] = field(default_factory=dict)
    link_of_profile: Mapping[ProfileId, Link] = field(default_factory=dict)
    suppressions: Mapping[NumberHash, Suppression] = field(default_factory=dict)
    attempts: Mapping[tuple[NumberHash, str], Attempt] = field(default_factory=dict)
    """Our newest opt-in call by number and campaign."""
    holders: Mapping[NumberHash, frozenset[PersonId]] = field(default_factory=dict)
    """People last seen with a number."""
    staged: Mapping[NumberHash, StagedOptOut] = field(default_factory=dict)
    """Opt-outs on their way to Mobile Commons."""
    linked_emails: Mapping[bytes, frozenset[ProfileId]] = field(default_factory=dict)
    """Linked profiles last seen with an address, by its hash."""
    aliases: Mapping[PersonId, PersonId] = field(default_factory=dict)
    """Who survives of people that were merged away."""
    tombstones: Mapping[PersonId | ProfileId, datetime] = field(default_factory=dict)
    """Since when records are known to be gone."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a run stands after a page: enough for another process to go on (sync.md W8).

    `tally` and `details` are the counts and report lines so far, as JSON-ready data. `full` says that a full pull was
    asked for. `read_until` is where the slice in hand of a full read begins: whoever was created before is done. None
    in its first slice, and in every other run.
    """

    run_id: str
    trigger: Trigger
    generation: int
    started_at: datetime
    saved_at: datetime
    lower_bound: datetime
    next_page: int
    tally: Mapping[str, object]
    full: bool = False
    read_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Positions:
    """How far one direction of one integration has read (sync.md W3 to W6).

    `walked_at` is the start of its last complete walk over everybody: the sweep of a push, the full read of a pull, or
    the first pull, whatever that one read. `sweep_backoff` is the rest of a sweep that failed since, None if none did.
    """

    watermark: datetime | None = None
    eligible_since: datetime | None = None
    checkpoint: Checkpoint | None = None
    walked_at: datetime | None = None
    sweep_backoff: Backoff | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """A weekly walk over all profiles: the run that made it, and when it began (sync.md W4)."""

    run_id: str
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Changes:
    """What to remember, in one transaction; an entry replaces the one with its key."""

    people: Sequence[PersonSeen] = ()
    profiles: Sequence[ProfileSeen] = ()
    links: Sequence[Link] = ()
    shown: Mapping[ProfileId, datetime] = field(default_factory=dict)
    """Profiles that a weekly walk has shown, and when that began: their links have missed none (sync.md M13)."""
    walked: Walk | None = None
    """A weekly walk that is whole by now: live links whose profile it did not show have missed one more."""
    suppressions: Sequence[Suppression] = ()
    attempts: Sequence[Attempt] = ()
    queued: Sequence[QueuedOptIn] = ()
    dequeued: Collection[PersonId] = ()
    staged: Sequence[StagedOptOut] = ()
    unstaged: Collection[NumberHash] = ()
    aliases: Mapping[PersonId, PersonId] = field(default_factory=dict)
    """Merged people and who survives them; whatever is known of the merged ones but this is forgotten."""
    tombstones: Mapping[PersonId | ProfileId, datetime] = field(default_factory=dict)
    """Records that are gone; one that is known to be gone keeps its time, and a person is forgotten otherwise."""
    dead_letters: Sequence[DeadLetter] = ()
    revived: Collection[tuple[Direction, str]] = ()
    """Records, by direction and id, that are dead letters no more."""
    positions: Mapping[Direction, Positions] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PeopleCounts:
    """Sizes of what the store holds for one integration, as in `status.people`.

    `oldest_dead_letter` is when the one failed that has been among the dead letters for the longest.
    """

    linked: int = 0
    suppressed: int = 0
    deferred_opt_ins: int = 0
    dead_letters: int = 0
    oldest_dead_letter: datetime | None = None


class Memory(Protocol):
    """One integration's part of the store.

    Every method raises `StoreUnavailable` when the store cannot be read or written; a run stops before its next
    write to a service.
    """

    async def recall(
        self,
        *,
        people: Collection[PersonId] = (),
        profiles: Collection[ProfileId] = (),
        numbers: Collection[NumberHash] = (),
        emails: Collection[bytes] = (),
    ) -> Known:
        """Return what is known of these records and numbers, in a few bulk reads."""
        ...

    async def remember(self, changes: Changes) -> None:
        """Store everything in one transaction, or nothing."""
        ...

    async def positions(self, direction: Direction) -> Positions:
        """Return how far a direction has read; empty positions when it never ran."""
        ...

    async def queued_opt_ins(self, *, due: datetime, limit: int) -> list[QueuedOptIn]:
        """Return opt-ins whose `not_before` has come, the oldest decision first, then by person id (sync.md C14)."""
        ...

    async def staged_opt_outs(self) -> list[StagedOptOut]:
        """Return the opt-outs on their way to Mobile Commons, the oldest first (sync.md C13)."""
        ...

    async def dead_letters(self) -> list[DeadLetter]:
        """Return the records of both directions that failed, the oldest first (sync.md W12)."""
        ...

    async def count_attempts_since(self, instant: datetime) -> int:
        """Count opt-in intents at or after an instant, for the daily cap (sync.md C14)."""
        ...

    async def count_people(self) -> PeopleCounts:
        """Return the sizes that `status.people` shows."""
        ...


class Gate(Protocol):
    """Asked right before every request to a service, after all waiting (sync.md W1)."""

    def __call__(self) -> None:
        """Return when the request may be sent.

        Raises:
            Interrupted: the Lease is lost, or the process is shutting down.
        """
        ...


class RequestMeter(Protocol):
    """What clients report about their requests; `operation` and `code` come from closed sets (operations.md 1)."""

    def sent(self, service: Service, operation: str) -> None:
        """Count a request that goes out now."""
        ...

    def answered(self, service: Service, operation: str, *, code: str, seconds: float) -> None:
        """Count its end: a status such as `200`, or `app_error`, `timeout`, `network`, `invalid`."""
        ...

    def retried(self, service: Service, reason: str) -> None:
        """Count a repetition: `rate_limited`, `server_error`, `timeout`, `network` or `invalid`."""
        ...

    def waited(self, service: Service, cause: str, seconds: float) -> None:
        """Add waiting time: `pacing` for our own pacer, `refused` after a 429 or `Retry-After`."""
        ...


class ServiceLog(Protocol):
    """What clients report about a service as one credential meets it: changes of state, never single calls."""

    def halved(self, service: Service, allowed: float) -> None:
        """Say that the limit was halved, to calls per second or requests at a time."""
        ...

    def degraded(self, service: Service, *, code: str) -> None:
        """Say once that try after try fails; `code` is the last one's, as in `RequestMeter.answered`."""
        ...

    def recovered(self, service: Service, *, failures: int, seconds: float) -> None:
        """Say that a service which had been degraded answers again, after so many failed tries."""
        ...
