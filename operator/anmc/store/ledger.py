"""The ledger of opt-outs with our own opt-in calls: what outlives the integration (sync.md C7, I3)."""

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from anmc.rules.records import NumberHash
from anmc.rules.remembered import Attempt, Suppression
from anmc.store.bulk import by_key, select_in, upsert
from anmc.store.schema import opt_in_attempt, suppression

_ENTRIES: Final = by_key(select(suppression), suppression.c.ledger_scope_id, suppression.c.number_hash)
_ATTEMPTS: Final = by_key(select(opt_in_attempt), opt_in_attempt.c.ledger_scope_id, opt_in_attempt.c.number_hash)


async def read_suppressions(
    connection: AsyncConnection, scope: int, numbers: Iterable[NumberHash]
) -> dict[NumberHash, Suppression]:
    """Return the entries of these numbers, ended ones included."""
    return {
        row.number_hash: Suppression(
            number_hash=row.number_hash,
            opted_out_at=row.opted_out_at,
            origin=row.origin,
            handled_at=row.handled_at,
            ended_at=row.ended_at,
        )
        for row in await select_in(connection, _ENTRIES, scope, numbers)
    }


async def read_newest_attempts(
    connection: AsyncConnection, scope: int, numbers: Iterable[NumberHash]
) -> dict[tuple[NumberHash, str], Attempt]:
    """Return the newest attempt of each number and campaign; older ones stay for the daily cap."""
    rows = await select_in(connection, _ATTEMPTS, scope, numbers)
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
    statement = select(func.count()).where(
        opt_in_attempt.c.ledger_scope_id == scope, opt_in_attempt.c.intended_at >= instant
    )
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
