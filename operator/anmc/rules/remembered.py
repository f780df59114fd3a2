"""What the store remembers between runs: ids, times, states and keyed hashes, nothing raw (sync.md 1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from anmc.api.names import Direction, Reason
from anmc.rules.outcomes import Outcome
from anmc.rules.records import NumberHash, PersonId, ProfileId
from anmc.rules.states import Membership, SmsStatus, Wish


@dataclass(frozen=True, slots=True)
class SettledPair:
    """The hash that each side of one field had when the field was last settled (sync.md F1)."""

    profile: bytes
    person: bytes


class LinkState(StrEnum):
    """What a link is worth."""

    LIVE = "Live"
    BROKEN = "Broken"
    """Its person is gone; who took its place is looked for when the profile is read (sync.md M10)."""
    RETIRED = "Retired"
    """Its profile was deleted for good (sync.md M13): it only says that the number was somebody's."""


@dataclass(frozen=True, slots=True)
class Link:
    """A profile and a person known to be the same; `settled` by Mobile Commons field name.

    `missed_walks` counts the weekly walks in a row that did not show the profile (sync.md M13).
    """

    profile_id: ProfileId
    person_id: PersonId
    number_hash: NumberHash
    settled: Mapping[str, SettledPair] = field(default_factory=dict)
    state: LinkState = LinkState.LIVE
    missed_walks: int = 0


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """What was known of a person when it was last handled.

    `stated_wish` is the last wish that was not Unknown (None: none yet) and `wish_is_ours` says that we wrote
    it. `is_settled` is False when the outcome left work undone, so that an unchanged version is decided again
    (sync.md Q21). `run_id` is the run that handled it last. `stated_sms` is the last SMS status that meant something.
    """

    person_id: PersonId
    number_hash: NumberHash | None
    stated_wish: Wish | None
    wish_is_ours: bool
    modified_date: datetime | None
    fingerprint: bytes
    outcome: Outcome
    is_settled: bool
    run_id: str
    stated_sms: SmsStatus | None = None


@dataclass(frozen=True, slots=True)
class ProfileSeen:
    """What was known of a profile when it was last handled; `fingerprint` covers the whole form (sync.md W9).

    `subscription_stamp` is the hash of the dates of its row in the watched campaign (sync.md W4), `email_hash` that
    of its address (sync.md M5), None if it has none.
    """

    profile_id: ProfileId
    number_hash: NumberHash | None
    membership: Membership
    fingerprint: bytes
    subscription_stamp: bytes
    outcome: Outcome
    is_settled: bool
    run_id: str
    email_hash: bytes | None = None


class OptOutOrigin(StrEnum):
    """Where an opt-out was made."""

    MOBILE_COMMONS = "MobileCommons"
    ACTION_NETWORK = "ActionNetwork"


@dataclass(frozen=True, slots=True)
class Suppression:
    """A live ledger entry: no machine may opt this number in (sync.md C7).

    `handled_at` is the opt-out time that the other side has been told of, None while it has not. `ended_at` is
    set by the person's own act alone (sync.md C6); until then the entry is live.
    """

    number_hash: NumberHash
    opted_out_at: datetime
    origin: OptOutOrigin
    handled_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def is_live(self) -> bool:
        """Whether the number is suppressed."""
        return self.ended_at is None


class AttemptResult(StrEnum):
    """How an opt-in call ended, by its answer (sync.md C18)."""

    INTENDED = "Intended"
    SUBSCRIBED = "Subscribed"
    PENDING = "Pending"
    REFUSED = "Refused"
    FAILED = "Failed"
    UNKNOWN = "Unknown"
    OVERTAKEN = "Overtaken"
    """It left no subscription, and the wish has turned to True anew: the call forbids nothing more (sync.md C12)."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An opt-in call of ours: the intent is stored before the call, the result after it (sync.md I3).

    `calls` counts the calls for this number and campaign that may have reached Mobile Commons; one that was answered
    counts for all that are allowed.
    """

    number_hash: NumberHash
    campaign_id: str
    intended_at: datetime
    result: AttemptResult = AttemptResult.INTENDED
    calls: int = 1


@dataclass(frozen=True, slots=True)
class QueuedOptIn:
    """An opt-in that was decided and waits for the end of the reads, the window or the cap (sync.md C13, C14).

    `not_before` is when the send window of its number opens next; until then nobody has to look at it.
    """

    person_id: PersonId
    number_hash: NumberHash
    decided_at: datetime
    not_before: datetime


@dataclass(frozen=True, slots=True)
class StagedOptOut:
    """An opt-out on its way to Mobile Commons (sync.md C8, C13).

    It waits until the reads of a run of its direction are over and the safety limit has let it pass, which makes it
    approved; then until Mobile Commons has taken it. `person_id` made it; a repair (C7) may know the profile alone.
    `opts_out` is False where there was nothing to opt out of: it enters the ledger and no more (Q9b).
    """

    number_hash: NumberHash
    person_id: PersonId | None
    profile_id: ProfileId | None
    opted_out_at: datetime
    reason: Reason
    direction: Direction
    opts_out: bool = True
    is_approved: bool = False
