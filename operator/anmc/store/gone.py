"""Ids that name nobody any more: aliases of merged people, tombstones of deleted records (sync.md M8, M10, M14)."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from anmc.rules.records import PersonId, ProfileId
from anmc.store.bulk import by_key, chunks, insert_missing, select_in, upsert
from anmc.store.schema import alias, person_seen, queued_opt_in, tombstone

_ALIASES: Final = by_key(select(alias), alias.c.integration_id, alias.c.former_id)
_TOMBSTONES: Final = by_key(select(tombstone), tombstone.c.integration_id, tombstone.c.record_id)

_FOLLOWED: Final = (
    update(alias)
    .where(alias.c.integration_id == bindparam("integration"), alias.c.person_id == bindparam("former"))
    .values(person_id=bindparam("survivor"))
)


async def read_aliases(
    connection: AsyncConnection, integration: int, people: Iterable[PersonId]
) -> dict[PersonId, PersonId]:
    """Return the survivors of those who were merged away."""
    return {row.former_id: row.person_id for row in await select_in(connection, _ALIASES, integration, people)}


async def read_tombstones(
    connection: AsyncConnection, integration: int, records: Iterable[PersonId | ProfileId]
) -> dict[PersonId | ProfileId, datetime]:
    """Return since when those who are gone are known to be."""
    return {row.record_id: row.gone_at for row in await select_in(connection, _TOMBSTONES, integration, records)}


async def write_aliases(connection: AsyncConnection, integration: int, aliases: Mapping[PersonId, PersonId]) -> None:
    """Store who was merged into whom, one after the other; what led to somebody merged now leads to the survivor."""
    for former, survivor in aliases.items():
        await connection.execute(_FOLLOWED, {"integration": integration, "former": former, "survivor": survivor})
        await upsert(connection, alias, [{"integration_id": integration, "former_id": former, "person_id": survivor}])
        # Who survives is there: whatever once led from it leads nowhere now.
        await connection.execute(
            delete(alias).where(alias.c.integration_id == integration, alias.c.former_id == survivor)
        )
    await _forget_people(connection, integration, aliases)


async def write_tombstones(
    connection: AsyncConnection, integration: int, tombstones: Mapping[PersonId | ProfileId, datetime]
) -> None:
    """Store who is gone; the first time counts, or no later opt-in could ever lift a tombstone."""
    rows: list[dict[str, object]] = [
        {"integration_id": integration, "record_id": record, "gone_at": gone_at}
        for record, gone_at in tombstones.items()
    ]
    if rows:
        await insert_missing(connection, tombstone, rows)
        await _forget_people(connection, integration, tombstones)


async def _forget_people(connection: AsyncConnection, integration: int, gone: Collection[str]) -> None:
    """Whoever is gone holds no number, and waits for nothing."""
    for table in (person_seen, queued_opt_in):
        for chunk in chunks(gone):
            await connection.execute(
                delete(table).where(table.c.integration_id == integration, table.c.person_id.in_(chunk))
            )
