"""Links: a profile has one person and a person one profile."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from anmc.rules.records import PersonId, ProfileId
from anmc.rules.remembered import Link, LinkState
from anmc.store.bulk import by_key, insert_missing, select_in
from anmc.store.schema import field_set, link, profile_seen
from anmc.store.settled import names_of, pack, unpack
from anmc.sync.ports import Walk

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

_SHOWN: Final = (
    update(link)
    .where(link.c.integration_id == bindparam("integration"), link.c.profile_id == bindparam("profile"))
    .values(missed_walks=0, walked_at=bindparam("began_at"))
)
_WAS_HANDLED: Final = exists().where(
    profile_seen.c.integration_id == link.c.integration_id,
    profile_seen.c.profile_id == link.c.profile_id,
    profile_seen.c.run_id == bindparam("run"),
)
_MISSED: Final = (
    update(link)
    .where(
        link.c.integration_id == bindparam("integration"),
        link.c.state == LinkState.LIVE,
        link.c.walked_at.is_distinct_from(bindparam("began_at")),
        ~_WAS_HANDLED,
    )
    .values(missed_walks=link.c.missed_walks + 1)
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


async def mark_shown(connection: AsyncConnection, integration: int, shown: Mapping[ProfileId, datetime]) -> None:
    """Mark the links of profiles that a weekly walk has shown, by when it began (sync.md M13).

    A link takes eight bytes for it, and one small write a week; the ids of an account would not fit into memory.
    """
    if shown:
        await connection.execute(
            _SHOWN,
            [
                {"integration": integration, "profile": profile, "began_at": began_at}
                for profile, began_at in shown.items()
            ],
        )


async def count_missed(connection: AsyncConnection, integration: int, walk: Walk | None) -> None:
    """Count one more missed walk for each live link that a walk has not shown, once that has come to its end.

    Who was handled by its run is there: a link that the run made or made anew lost its mark, or never got one.
    """
    if walk is not None:
        await connection.execute(_MISSED, {"integration": integration, "began_at": walk.began_at, "run": walk.run_id})


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
