"""The ledger of opt-outs with our own opt-in calls: what outlives the integration (sync.md C7, I3)."""

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from anmc.rules.records import NumberHash
from anmc.rules.remembered import Attempt, Suppression
from anmc.store.bulk import select_in, upsert
from anmc.store.schema import opt_in_attempt, suppression

_ENTRY: Final = suppression.c
_ATTEMPT: Final = opt_in_attempt.c


async def read_suppressions(
    connection: AsyncConnection, scope: int, numbers: Iterable[NumberHash]
) -> dict[NumberHash, Suppression]:
    """Return the entries of these numbers, ended ones included."""
    statement = select(suppression).where(_ENTRY.ledger_scope_id == scope)
    return {
        row.number_hash: Suppression(
            number_hash=row.number_hash,
            opted_out_at=row.opted_out_at,
            origin=row.origin,
            handled_at=row.handled_at,
            ended_at=row.ended_at,
        )
        for row in await select_in(connection, statement, _ENTRY.number_hash, numbers)
    }


async def read_newest_attempts(
    connection: AsyncConnection, scope: int, numbers: Iterable[NumberHash]
) -> dict[tuple[NumberHash, str], Attempt]:
    """Return the newest attempt of each number and campaign; older ones stay for the daily cap."""
    statement = select(opt_in_attempt).where(_ATTEMPT.ledger_scope_id == scope)
    rows = await select_in(connection, statement, _ATTEMPT.number_hash, numbers)
    # Sorted here: asked to sort, SQLite walks all attempts of the scope in order of time.
    rows.sort(key=attrgetter("intended_at"))
    return {
        (row.number_hash, row.campaign_id): Attempt(
            number_hash=row.number_hash,
            campaign_id=row.campaign_id,
            intended_at=row.intended_at,
            result=row.result,
            calls=row.calls,
        )
        for row in rows
    }


async def count_attempts_since(connection: AsyncConnection, scope: int, instant: datetime) -> int:
    """Count the intents at or after an instant."""
    statement = select(func.count()).where(_ATTEMPT.ledger_scope_id == scope, _ATTEMPT.intended_at >= instant)
    return (await connection.execute(statement)).scalar_one()


async def write_suppressions(connection: AsyncConnection, scope: int, entries: Iterable[Suppression]) -> None:
    """Store entries; one for each number."""
    rows: list[dict[str, object]] = [
        {
            "ledger_scope_id": scope,
            "number_hash": entry.number_hash,
            "opted_out_at": entry.opted_out_at,
            "origin": entry.origin,
            "handled_at": entry.handled_at,
            "ended_at": entry.ended_at,
        }
        for entry in entries
    ]
    await upsert(connection, suppression, rows)


async def write_attempts(connection: AsyncConnection, scope: int, attempts: Iterable[Attempt]) -> None:
    """Store intents and their results; the time of the intent tells attempts of one number apart."""
    rows: list[dict[str, object]] = [
        {
            "ledger_scope_id": scope,
            "number_hash": attempt.number_hash,
            "campaign_id": attempt.campaign_id,
            "intended_at": attempt.intended_at,
            "result": attempt.result,
            "calls": attempt.calls,
        }
        for attempt in attempts
    ]
    await upsert(connection, opt_in_attempt, rows)
