"""People and profiles as they were last handled."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from anmc.rules.outcomes import Outcome
from anmc.rules.records import NumberHash, PersonId, ProfileId
from anmc.rules.remembered import LinkState, PersonSeen, ProfileSeen
from anmc.store.bulk import by_key, select_in, upsert
from anmc.store.schema import link, person_seen, profile_seen

_PEOPLE: Final = by_key(select(person_seen), person_seen.c.integration_id, person_seen.c.person_id)
_PROFILES: Final = by_key(select(profile_seen), profile_seen.c.integration_id, profile_seen.c.profile_id)
_HOLDERS: Final = by_key(
    select(person_seen.c.number_hash, person_seen.c.person_id), person_seen.c.integration_id, person_seen.c.number_hash
)

_LINKED_EMAILS: Final = by_key(
    select(profile_seen.c.email_hash, profile_seen.c.profile_id)
    .join(
        link,
        (link.c.integration_id == profile_seen.c.integration_id) & (link.c.profile_id == profile_seen.c.profile_id),
    )
    .where(link.c.state == LinkState.LIVE),
    profile_seen.c.integration_id,
    profile_seen.c.email_hash,
)


async def read_people(
    connection: AsyncConnection, integration: int, ids: Iterable[PersonId]
) -> dict[PersonId, PersonSeen]:
    """Return the people that were handled before."""
    return {
        row.person_id: PersonSeen(
            person_id=row.person_id,
            number_hash=row.number_hash,
            stated_wish=row.stated_wish,
            wish_is_ours=row.wish_is_ours,
            modified_date=row.modified_date,
            fingerprint=row.fingerprint,
            outcome=Outcome(row.category, row.reason, row.fields),
            is_settled=row.is_settled,
            run_id=row.run_id,
            stated_sms=row.stated_sms,
        )
        for row in await select_in(connection, _PEOPLE, integration, ids)
    }


async def read_profiles(
    connection: AsyncConnection, integration: int, ids: Iterable[ProfileId]
) -> dict[ProfileId, ProfileSeen]:
    """Return the profiles that were handled before."""
    return {
        row.profile_id: ProfileSeen(
            profile_id=row.profile_id,
            number_hash=row.number_hash,
            membership=row.membership,
            fingerprint=row.fingerprint,
            subscription_stamp=row.subscription_stamp,
            email_hash=row.email_hash,
            outcome=Outcome(row.category, row.reason, row.fields),
            is_settled=row.is_settled,
            run_id=row.run_id,
        )
        for row in await select_in(connection, _PROFILES, integration, ids)
    }


async def read_holders(
    connection: AsyncConnection, integration: int, numbers: Iterable[NumberHash]
) -> dict[NumberHash, frozenset[PersonId]]:
    """Return the people who were last seen with each number."""
    holders: defaultdict[NumberHash, set[PersonId]] = defaultdict(set)
    for row in await select_in(connection, _HOLDERS, integration, numbers):
        holders[row.number_hash].add(row.person_id)
    return {number: frozenset(people) for number, people in holders.items()}


async def read_linked_emails(
    connection: AsyncConnection, integration: int, emails: Iterable[bytes]
) -> dict[bytes, frozenset[ProfileId]]:
    """Return the linked profiles that were last seen with each address."""
    profiles: defaultdict[bytes, set[ProfileId]] = defaultdict(set)
    for row in await select_in(connection, _LINKED_EMAILS, integration, emails):
        profiles[row.email_hash].add(row.profile_id)
    return {email: frozenset(ids) for email, ids in profiles.items()}


async def write_people(connection: AsyncConnection, integration: int, people: Iterable[PersonSeen]) -> None:
    """Store people; one entry each."""
    rows: list[dict[str, object]] = [
        {
            "integration_id": integration,
            "person_id": person.person_id,
            "number_hash": person.number_hash,
            "stated_wish": person.stated_wish,
            "wish_is_ours": person.wish_is_ours,
            "modified_date": person.modified_date,
            "fingerprint": person.fingerprint,
            "category": person.outcome.category,
            "reason": person.outcome.reason,
            "fields": person.outcome.fields,
            "is_settled": person.is_settled,
            "run_id": person.run_id,
            "stated_sms": person.stated_sms,
        }
        for person in people
    ]
    await upsert(connection, person_seen, rows)


async def write_profiles(connection: AsyncConnection, integration: int, profiles: Iterable[ProfileSeen]) -> None:
    """Store profiles; one entry each."""
    rows: list[dict[str, object]] = [
        {
            "integration_id": integration,
            "profile_id": profile.profile_id,
            "number_hash": profile.number_hash,
            "membership": profile.membership,
            "fingerprint": profile.fingerprint,
            "subscription_stamp": profile.subscription_stamp,
            "email_hash": profile.email_hash,
            "category": profile.outcome.category,
            "reason": profile.outcome.reason,
            "fields": profile.outcome.fields,
            "is_settled": profile.is_settled,
            "run_id": profile.run_id,
        }
        for profile in profiles
    ]
    await upsert(connection, profile_seen, rows)
