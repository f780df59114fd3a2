"""Who is who: by constituent id, number and e-mail (sync.md 2.2)."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto, unique
from types import MappingProxyType
from typing import Final

from anmc.api.names import Reason
from anmc.rules.decisions import Ambiguous, MatchedPerson, NoMatch, PersonMatch, ProfileMatch
from anmc.rules.normalise import EMPTY_MARK, email_or_none
from anmc.rules.phone import PhoneReading, read_phone
from anmc.rules.policy import Policy
from anmc.rules.records import Person, PersonId, Phone, Profile
from anmc.rules.remembered import Link

_PREFIX = "action_network:"
CREATION_LEEWAY: Final = timedelta(seconds=2)
"""How much older than its request a new person may look: both `Date` headers, by which the service's time is known,
and its `created_date` are cut to whole seconds."""
_NO_ALIASES: Final[Mapping[PersonId, PersonId]] = MappingProxyType({})


def column_person_id(profile: Profile, policy: Policy) -> PersonId | None:
    """Return whom a profile names: by its column, else by the vendor's own integration; junk names nobody."""
    for text in (profile.values.get(policy.constituent_column, ""), *profile.constituent_ids):
        if (person_id := _person_id(text)) is not None:
            return person_id
    return None


def match_holders(
    holders: Sequence[Person],
    *,
    phone: Phone,
    named: PersonId | None,
    policy: Policy,
    linked_elsewhere: Collection[PersonId] = (),
) -> PersonMatch:
    """Match a profile without a link by its number; rules M2, M3 and M8 as far as nobody else was read.

    `named` is whom the profile names, with aliases followed. `linked_elsewhere` are those of the holders who are
    linked to the profile of another number. Who does not hold exactly this number is passed over: a service that
    ignores a filter must not produce a match.
    """
    exact = {person.id: person for person in holders if _phone(person.number, policy) == phone}
    if not exact:
        return NoMatch()
    ids = tuple(exact)
    if len(ids) > 1:
        return Ambiguous(Reason.SEVERAL_MATCHES, ids)
    if (named is not None and named != ids[0]) or ids[0] in linked_elsewhere:
        return Ambiguous(Reason.ID_AND_PHONE_DISAGREE, ids)
    return MatchedPerson(ids[0], exact[ids[0]])


def match_email(people: Sequence[Person], *, email: str, linked_elsewhere: Collection[PersonId]) -> PersonMatch:
    """Match an opt-in by its e-mail address, to avoid a duplicate; rule M5."""
    wanted = email.casefold()
    exact = {
        person.id: person
        for person in people
        if (address := email_or_none(person.values.get("email_address"))) and address.casefold() == wanted
    }
    if not exact:
        return NoMatch()
    if len(exact) > 1:
        return Ambiguous(Reason.SEVERAL_MATCHES)
    [person] = exact.values()
    if person.id in linked_elsewhere:
        return Ambiguous(Reason.EMAIL_SHARED)
    if (person.number or "").strip() not in {"", EMPTY_MARK}:
        return Ambiguous(Reason.EMAIL_MATCH_HAS_OTHER_PHONE)
    return MatchedPerson(person.id, person, by_email=True)


def is_older(person: Person, requested_at: datetime) -> bool:
    """Say whether the answer to a creation shows somebody who was there before; rule A3.

    `requested_at` is in service time.
    """
    return person.created_date is not None and person.created_date < requested_at - CREATION_LEEWAY


def match_profile(
    profile: Profile | None,
    *,
    person: Person,
    link: Link | None,
    policy: Policy,
    aliases: Mapping[PersonId, PersonId] = _NO_ALIASES,
) -> ProfileMatch:
    """Match a person with the profile that has its number; rule M7.

    `link` is that of the person or of the profile, `aliases` lead from merged people to those who survive them.
    A column or a link that names somebody else decides against it.
    """
    phone = _phone(person.number, policy)
    if profile is None or not isinstance(phone, Phone) or _phone(profile.number, policy) != phone:
        return NoMatch()
    if Claims.of(profile, link=link, policy=policy, aliases=aliases).people - {person.id}:
        return Ambiguous(Reason.ID_AND_PHONE_DISAGREE)
    return profile


@dataclass(frozen=True, slots=True)
class Claims:
    """Whom a profile belongs to: by its column or the vendor's integration `named`, by its link `linked`."""

    profile: Profile
    link: Link | None
    named: PersonId | None
    linked: PersonId | None

    @classmethod
    def of(
        cls, profile: Profile, *, link: Link | None, policy: Policy, aliases: Mapping[PersonId, PersonId]
    ) -> "Claims":
        """Read the claims on a profile; a link of another profile is none. Aliases lead to who survives."""
        link = link if link is not None and link.profile_id == profile.id else None
        named, linked = column_person_id(profile, policy), link.person_id if link is not None else None
        return cls(
            profile,
            link,
            named=aliases.get(named, named) if named is not None else None,
            linked=aliases.get(linked, linked) if linked is not None else None,
        )

    @property
    def people(self) -> frozenset[PersonId]:
        """Nobody, one person, or two who differ."""
        return frozenset(each for each in (self.named, self.linked) if each is not None)


@unique
class Holding(Enum):
    """What became of a person who is known by an id, as far as one number goes."""

    GONE = auto()
    """Nobody has the id any more."""
    SAME_NUMBER = auto()
    """The person holds the number."""
    OTHER_NUMBER = auto()
    """The person holds another number, or none."""


def settle_disagreement(
    rivals: Mapping[PersonId, Holding], *, named: PersonId | None, linked: PersonId | None
) -> Reason | None:
    """Say why a number cannot be given to the one who holds it, None if it can; rules M8 and M12.

    `rivals` are the others who held the number, or to whom its profile belongs: by its column `named`, by its link
    `linked`. Who of them is gone was merged into the holder.
    """
    if Holding.SAME_NUMBER in rivals.values():
        return Reason.SEVERAL_MATCHES
    if linked is not None and rivals.get(linked) is Holding.OTHER_NUMBER:
        return Reason.PHONE_MOVED
    if named is not None and rivals.get(named) is Holding.OTHER_NUMBER:
        return Reason.ID_AND_PHONE_DISAGREE
    return None


def _phone(number: str | None, policy: Policy) -> PhoneReading:
    return read_phone(number, default_region=policy.default_region, allowed_country_codes=policy.allowed_country_codes)


def _person_id(text: str) -> PersonId | None:
    try:
        return PersonId(str(uuid.UUID(text.strip().lower().removeprefix(_PREFIX))))
    except ValueError:
        return None
