"""How far each direction has read, with the checkpoint of the run in hand (sync.md W8)."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from anmc.api.names import Direction
from anmc.store.bulk import upsert
from anmc.store.schema import position
from anmc.sync.ports import Checkpoint, Positions

_NO_CHECKPOINT: Final = dict.fromkeys(
    ("run_id", "trigger", "generation", "started_at", "saved_at", "lower_bound", "next_page", "tally")
)


async def read_positions(connection: AsyncConnection, integration: int, direction: Direction) -> Positions:
    """Return the positions of a direction; empty ones when it never ran."""
    statement = select(position).where(position.c.integration_id == integration, position.c.direction == direction)
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return Positions()
    return Positions(watermark=row.watermark, eligible_since=row.eligible_since, checkpoint=_checkpoint(row))


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
            **_columns(each.checkpoint),
        }
        for direction, each in positions.items()
    ]
    await upsert(connection, position, rows)


def _columns(checkpoint: Checkpoint | None) -> Mapping[str, object]:
    if checkpoint is None:
        return _NO_CHECKPOINT
    return {
        "run_id": checkpoint.run_id,
        "trigger": checkpoint.trigger,
        "generation": checkpoint.generation,
        "started_at": checkpoint.started_at,
        "saved_at": checkpoint.saved_at,
        "lower_bound": checkpoint.lower_bound,
        "next_page": checkpoint.next_page,
        "tally": dict(checkpoint.tally),
    }


def _checkpoint(row: Row[*tuple[Any, ...]]) -> Checkpoint | None:
    if row.run_id is None:
        return None
    return Checkpoint(
        run_id=row.run_id,
        trigger=row.trigger,
        generation=row.generation,
        started_at=row.started_at,
        saved_at=row.saved_at,
        lower_bound=row.lower_bound,
        next_page=row.next_page,
        tally=row.tally,
    )
