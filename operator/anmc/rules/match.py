"""Who is who: by constituent id, number and e-mail (sync.md 2.2)."""

import uuid
from collections.abc import Collection, Sequence

from anmc.api.names import Reason
from anmc.rules.decisions import Ambiguous, MatchedPerson, NoMatch, PersonMatch, ProfileMatch
from anmc.rules.normalise import EMPTY_MARK, email_or_none
from anmc.rules.phone import PhoneReading, read_phone
from anmc.rules.policy import Policy
from anmc.rules.records import Person, PersonId, Phone, Profile
from anmc.rules.remembered import Link

_PREFIX = "action_network:"


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
    profile: Profile,
    policy: Policy,
    linked_elsewhere: Collection[PersonId],
) -> PersonMatch:
    """Match a profile without a link by its number; rules M2, M3 and the cautious side of M8.

    `linked_elsewhere` are those of the holders who have a link already. Who does not hold exactly this number is
    passed over: a service that ignores a filter must not produce a match.
    """
    exact = {person.id: person for person in holders if _phone(person.number, policy) == phone}
    if not exact:
        return NoMatch()
    ids = tuple(exact)
    if len(ids) > 1:
        return Ambiguous(Reason.SEVERAL_MATCHES, ids)
    named = column_person_id(profile, policy)
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


def match_profile(profile: Profile | None, *, person: Person, link: Link | None, policy: Policy) -> ProfileMatch:
    """Match a person with the profile that has its number; rule M7.

    `link` is that of the person or of the profile. A column or a link that names somebody else decides against it.
    """
    phone = _phone(person.number, policy)
    if profile is None or not isinstance(phone, Phone) or _phone(profile.number, policy) != phone:
        return NoMatch()
    named = column_person_id(profile, policy)
    names_another = named is not None and named != person.id
    linked_to_another = link is not None and link.profile_id == profile.id and link.person_id != person.id
    if names_another or linked_to_another:
        return Ambiguous(Reason.ID_AND_PHONE_DISAGREE)
    return profile


def _phone(number: str | None, policy: Policy) -> PhoneReading:
    return read_phone(number, default_region=policy.default_region, allowed_country_codes=policy.allowed_country_codes)


def _person_id(text: str) -> PersonId | None:
    try:
        return PersonId(str(uuid.UUID(text.strip().lower().removeprefix(_PREFIX))))
    except ValueError:
        return None
