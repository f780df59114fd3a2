"""Links: a profile has one person and a person one profile."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from anmc.rules.records import PersonId, ProfileId
from anmc.rules.remembered import Link
from anmc.store.bulk import by_key, insert_missing, select_in
from anmc.store.schema import field_set, link
from anmc.store.settled import names_of, pack, unpack

_LINKS: Final = select(
    link.c.profile_id,
    link.c.person_id,
    link.c.number_hash,
    link.c.settled,
    link.c.state,
    link.c.missed_walks,
    field_set.c.names,
).join_from(link, field_set)
_BY_PERSON: Final = by_key(_LINKS, link.c.integration_id, link.c.person_id)
_BY_PROFILE: Final = by_key(_LINKS, link.c.integration_id, link.c.profile_id)

_REPLACED: Final = delete(link).where(
    link.c.integration_id == bindparam("integration"),
    or_(link.c.profile_id == bindparam("profile"), link.c.person_id == bindparam("person")),
)


async def read_by_person(
    connection: AsyncConnection, integration: int, people: Iterable[PersonId]
) -> dict[PersonId, Link]:
    """Return the links of these people."""
    return {row.person_id: _link(row) for row in await select_in(connection, _BY_PERSON, integration, people)}


async def read_by_profile(
    connection: AsyncConnection, integration: int, profiles: Iterable[ProfileId]
) -> dict[ProfileId, Link]:
    """Return the links of these profiles."""
    return {row.profile_id: _link(row) for row in await select_in(connection, _BY_PROFILE, integration, profiles)}


async def write_links(connection: AsyncConnection, integration: int, links: Sequence[Link]) -> None:
    """Store links one after the other; each ends the older ones of its profile and of its person."""
    if not links:
        return
    await connection.execute(
        _REPLACED,
        [{"integration": integration, "profile": each.profile_id, "person": each.person_id} for each in links],
    )
    sets = await _field_sets(connection, {names_of(each.settled) for each in links})
    await connection.execute(
        insert(link),
        [
            {
                "integration_id": integration,
                "profile_id": each.profile_id,
                "person_id": each.person_id,
                "number_hash": each.number_hash,
                "field_set_id": sets[names_of(each.settled)],
                "settled": pack(each.settled),
                "state": each.state,
                "missed_walks": each.missed_walks,
            }
            for each in _newest(links)
        ],
    )


def _newest(links: Sequence[Link]) -> list[Link]:
    """Drop links whose profile or person has a later one."""
    kept: list[Link] = []
    profiles: set[ProfileId] = set()
    people: set[PersonId] = set()
    for each in reversed(links):
        if each.profile_id not in profiles and each.person_id not in people:
            kept.append(each)
        profiles.add(each.profile_id)
        people.add(each.person_id)
    return kept


async def _field_sets(connection: AsyncConnection, wanted: Collection[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    """Return the ids of sets of field names; there are as many as mappings were ever in force, so a handful."""
    await insert_missing(connection, field_set, [{"names": names} for names in wanted])
    found = await connection.execute(select(field_set).where(field_set.c.names.in_(wanted)))
    return {row.names: row.id for row in found}


def _link(row: Row[*tuple[Any, ...]]) -> Link:
    return Link(
        profile_id=row.profile_id,
        person_id=row.person_id,
        number_hash=row.number_hash,
        settled=unpack(row.names, row.settled),
        state=row.state,
        missed_walks=row.missed_walks,
    )
