"""What the rules are told about one record, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from anmc.api.names import Reason
from anmc.rules.consent import MembershipReading, WishReading
from anmc.rules.outcomes import Outcome
from anmc.rules.phone import PhoneReading
from anmc.rules.records import Person, PersonId, Profile
from anmc.rules.remembered import Attempt, Link, PersonSeen, ProfileSeen, Suppression
from anmc.rules.withdrawal import WithdrawalStep


@dataclass(frozen=True, slots=True)
class NoMatch:
    """Nobody on the other side is this record."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Nobody can be chosen: why, with everybody who holds exactly this number (sync.md M9, C9)."""

    reason: Reason
    holders: tuple[PersonId, ...] = ()


@dataclass(frozen=True, slots=True)
class MatchedPerson:
    """The one person of a profile; `person` is None where the id was enough and nothing was read (sync.md M1).

    `merged` are former ids of the person: whoever the link or the column named, and is gone (sync.md M8, M10).
    """

    person_id: PersonId
    person: Person | None
    by_email: bool = False
    merged: frozenset[PersonId] = frozenset()


PersonMatch = MatchedPerson | NoMatch | Ambiguous
ProfileMatch = Profile | NoMatch | Ambiguous


@dataclass(frozen=True, slots=True)
class PushFacts:
    """A profile with everything that is known of it before Action Network is asked.

    `seen` is what the store knew before this reading, `person_seen` what it knows of the linked person.
    `lower_bound` is that of the run (sync.md C10). `holders` are the people last seen with the number.
    `alias_of` is who survives of the person whom the profile names, None if that one was not merged.
    `gone_at` is since when the linked person, or the one whom the profile names, is known to be gone.
    """

    profile: Profile
    phone: PhoneReading
    membership: MembershipReading
    link: Link | None
    seen: ProfileSeen | None
    suppression: Suppression | None
    lower_bound: datetime
    person_seen: PersonSeen | None = None
    holders: frozenset[PersonId] = frozenset()
    alias_of: PersonId | None = None
    gone_at: datetime | None = None
    notes: tuple[Reason, ...] = ()


class PushNeed(Enum):
    """What a profile needs from Action Network before its row can be chosen."""

    OPT_OUT_MATCH = auto()
    """A new opt-out: who holds the number (P9 to P11, P19)."""
    OPT_IN_MATCH = auto()
    """An active member: who this is, by id, number or e-mail (P1 to P7, P12, P14, P21)."""
    REPAIR = auto()
    """An active member whose withdrawal is on record: out of Mobile Commons again, and nobody to look up (P18)."""
    LINKED_PERSON = auto()
    """A linked profile whose fields moved: the person, to compare with (P17)."""


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person to create (sync.md A3); `values` by API field name. Numbers and texts only, no statuses."""

    digits: str | None = field(repr=False)
    email: str | None = field(repr=False)
    values: Mapping[str, str] = field(repr=False)
    source_code: str


@dataclass(frozen=True, slots=True)
class FieldsPlan:
    """Which mapped fields move (sync.md F1 to F12).

    `to_profile` is by Mobile Commons field name, `to_person` by API field name. `moved` and `settle` are Mobile
    Commons names: of the fields that are written, and of those to settle once the writes are confirmed. With a
    conflict nothing moves or settles. `notes` say what of the values stays behind. `missing` are fields of the profile
    that would move if Action Network had them still (F16).
    """

    to_profile: Mapping[str, str] = field(default_factory=dict, repr=False)
    to_person: Mapping[str, str] = field(default_factory=dict, repr=False)
    moved: tuple[str, ...] = ()
    settle: frozenset[str] = frozenset()
    conflicts: tuple[str, ...] = ()
    conflict_reason: Reason | None = None
    notes: tuple[Reason, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def moves_nothing(self) -> bool:
        """Whether neither side would be written."""
        return not self.to_profile and not self.to_person


@dataclass(frozen=True, slots=True)
class PushDecision:
    """What a push does with one profile.

    `opt_out` are people whose opt-in field becomes False, alone (sync.md A1). `update` is written to the linked
    or matched person, by API field name: the opt-in field included, and `phone_number` as digits where an e-mail
    match gets its number (A4). `profile_update` carries the constituent id and fills to Mobile Commons. `link_to`
    is stored after the writes, with `merged` as the person's former ids; a created person is linked by its answer.
    `gone` is a person of whom nothing is left (sync.md M10).
    """

    outcome: Outcome
    opt_out: tuple[PersonId, ...] = ()
    update: tuple[PersonId, Mapping[str, str]] | None = field(default=None, repr=False)
    create: NewPerson | None = None
    profile_update: Mapping[str, str] = field(default_factory=dict, repr=False)
    link_to: PersonId | None = None
    merged: frozenset[PersonId] = frozenset()
    gone: PersonId | None = None
    settle: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PullFacts:
    """A person with everything that is known of it and of the profile with its number.

    `shared_number` says that another person of the page or of the store holds the same number (M3, M7, M15).
    `eligible` is Q0. `attempt` is our newest opt-in call for the number and the target campaign. `withdrawal` is what
    becomes of the person's own, and `is_leaving` says that an opt-out of the number is on its way (C13). `merged` are
    former ids of the person, whose link it inherits (M8). `profile_gone_at` is since when the linked profile is known
    to be deleted (M13).
    """

    person: Person
    phone: PhoneReading
    wish: WishReading
    link: Link | None
    seen: PersonSeen | None
    match: ProfileMatch
    membership: MembershipReading
    suppression: Suppression | None
    attempt: Attempt | None
    shared_number: bool
    eligible: bool
    withdrawal: WithdrawalStep = WithdrawalStep.NONE
    is_leaving: bool = False
    merged: frozenset[PersonId] = frozenset()
    profile_gone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PullDecision:
    """What a pull does with one person.

    `profile_update` creates or updates the profile, the constituent id included and never a path (sync.md Q24);
    None when Mobile Commons is not written. `person_update` carries the fills of a first link to Action Network.
    With `stage_opt_in` the outcome is that of the writes; the opt-in call may raise it to `Subscribed` later.
    """

    outcome: Outcome
    profile_update: Mapping[str, str] | None = field(default=None, repr=False)
    creates_profile: bool = False
    person_update: Mapping[str, str] = field(default_factory=dict, repr=False)
    link: bool = False
    stage_opt_in: bool = False
    settle: frozenset[str] = frozenset()
