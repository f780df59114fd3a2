"""Opt-outs on their way to Mobile Commons (sync.md C13)."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from anmc.rules.records import NumberHash
from anmc.rules.remembered import StagedOptOut
from anmc.store.bulk import by_key, chunks, select_in, upsert
from anmc.store.schema import staged_opt_out

_STAGED: Final = staged_opt_out.c
_BY_NUMBER: Final = by_key(select(staged_opt_out), _STAGED.integration_id, _STAGED.number_hash)
_ALL: Final = (
    select(staged_opt_out)
    .where(_STAGED.integration_id == bindparam("integration"))
    .order_by(_STAGED.opted_out_at, _STAGED.number_hash)
)


async def read_staged(
    connection: AsyncConnection, integration: int, numbers: Iterable[NumberHash]
) -> Mapping[NumberHash, StagedOptOut]:
    """Return the opt-outs of these numbers."""
    return {row.number_hash: _entry(row) for row in await select_in(connection, _BY_NUMBER, integration, numbers)}


async def read_all_staged(connection: AsyncConnection, integration: int) -> list[StagedOptOut]:
    """Return all that wait, the oldest first."""
    return [_entry(row) for row in await connection.execute(_ALL, {"integration": integration})]


async def write_staged(connection: AsyncConnection, integration: int, staged: Iterable[StagedOptOut]) -> None:
    """Let opt-outs wait, one for each number."""
    rows: list[dict[str, object]] = [
        {
            "integration_id": integration,
            "number_hash": each.number_hash,
            "person_id": each.person_id,
            "profile_id": each.profile_id,
            "opted_out_at": each.opted_out_at,
            "reason": each.reason,
            "direction": each.direction,
            "opts_out": each.opts_out,
            "is_approved": each.is_approved,
        }
        for each in staged
    ]
    await upsert(connection, staged_opt_out, rows)


async def remove_staged(connection: AsyncConnection, integration: int, numbers: Collection[NumberHash]) -> None:
    """Forget opt-outs that were taken or revoked; a number that has none is no error."""
    for chunk in chunks(numbers):
        await connection.execute(
            delete(staged_opt_out).where(_STAGED.integration_id == integration, _STAGED.number_hash.in_(chunk))
        )


def _entry(row: Row[*tuple[Any, ...]]) -> StagedOptOut:
    return StagedOptOut(
        number_hash=row.number_hash,
        person_id=row.person_id,
        profile_id=row.profile_id,
        opted_out_at=row.opted_out_at,
        reason=row.reason,
        direction=row.direction,
        opts_out=row.opts_out,
        is_approved=row.is_approved,
    )
