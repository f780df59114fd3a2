"""How far each direction has read, with the checkpoint of the run in hand (sync.md W8)."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from anmc.api.names import Direction
from anmc.rules.backoff import Backoff
from anmc.store.bulk import upsert
from anmc.store.schema import position
from anmc.sync.ports import Checkpoint, Positions

_CHECKPOINT: Final = (
    "run_id",
    "trigger",
    "generation",
    "started_at",
    "saved_at",
    "lower_bound",
    "next_page",
    "full",
    "read_until",
    "tally",
)
"""Columns of a checkpoint, named as its fields are."""

_NO_CHECKPOINT: Final = dict.fromkeys(_CHECKPOINT)

_POSITION: Final = select(position).where(
    position.c.integration_id == bindparam("integration"), position.c.direction == bindparam("direction")
)


async def read_positions(connection: AsyncConnection, integration: int, direction: Direction) -> Positions:
    """Return the positions of a direction; empty ones when it never ran."""
    row = (await connection.execute(_POSITION, {"integration": integration, "direction": direction})).one_or_none()
    if row is None:
        return Positions()
    return Positions(
        watermark=row.watermark,
        eligible_since=row.eligible_since,
        walked_at=row.walked_at,
        sweep_backoff=None if row.sweep_failures is None else Backoff(row.sweep_failures, row.next_sweep_at),
        checkpoint=_checkpoint(row),
    )


async def write_positions(
    connection: AsyncConnection, integration: int, positions: Mapping[Direction, Positions]
) -> None:
    """Store the positions of these directions; one without a checkpoint loses the stored one."""
    rows: list[dict[str, object]] = [
        {
            "integration_id": integration,
            "direction": direction,
            "watermark": each.watermark,
            "eligible_since": each.eligible_since,
            "walked_at": each.walked_at,
            "sweep_failures": each.sweep_backoff.failures if each.sweep_backoff else None,
            "next_sweep_at": each.sweep_backoff.next_try_at if each.sweep_backoff else None,
            **_columns(each.checkpoint),
        }
        for direction, each in positions.items()
    ]
    await upsert(connection, position, rows)


def _columns(checkpoint: Checkpoint | None) -> Mapping[str, object]:
    if checkpoint is None:
        return _NO_CHECKPOINT
    return {**{name: getattr(checkpoint, name) for name in _CHECKPOINT}, "tally": dict(checkpoint.tally)}


def _checkpoint(row: Row[*tuple[Any, ...]]) -> Checkpoint | None:
    return None if row.run_id is None else Checkpoint(**{name: getattr(row, name) for name in _CHECKPOINT})
