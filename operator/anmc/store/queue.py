"""Opt-ins that wait for their hour (sync.md C14)."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from anmc.rules.records import PersonId
from anmc.rules.remembered import QueuedOptIn
from anmc.store.bulk import chunks, upsert
from anmc.store.schema import queued_opt_in

_QUEUED: Final = queued_opt_in.c


async def read_queue(connection: AsyncConnection, integration: int, *, due: datetime, limit: int) -> list[QueuedOptIn]:
    """Return those whose time has come: the oldest decisions first, then by person id."""
    statement = (
        select(_QUEUED.person_id, _QUEUED.number_hash, _QUEUED.decided_at, _QUEUED.not_before)
        .where(_QUEUED.integration_id == integration, _QUEUED.not_before <= due)
        .order_by(_QUEUED.decided_at, _QUEUED.person_id)
        .limit(limit)
    )
    return [
        QueuedOptIn(
            person_id=row.person_id,
            number_hash=row.number_hash,
            decided_at=row.decided_at,
            not_before=row.not_before,
        )
        for row in await connection.execute(statement)
    ]


async def remove_queued(connection: AsyncConnection, integration: int, people: Collection[PersonId]) -> None:
    """Take people out of the queue; those who are not in it are no error."""
    for chunk in chunks(people):
        await connection.execute(
            delete(queued_opt_in).where(_QUEUED.integration_id == integration, _QUEUED.person_id.in_(chunk))
        )


async def write_queued(connection: AsyncConnection, integration: int, queued: Iterable[QueuedOptIn]) -> None:
    """Put people into the queue, each once."""
    rows: list[dict[str, object]] = [
        {
            "integration_id": integration,
            "person_id": each.person_id,
            "number_hash": each.number_hash,
            "decided_at": each.decided_at,
            "not_before": each.not_before,
        }
        for each in queued
    ]
    await upsert(connection, queued_opt_in, rows)
