"""Records that failed and are tried again (sync.md W12)."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from anmc.api.names import Direction
from anmc.rules.dead_letters import DeadLetter, Stretch, Trace
from anmc.rules.outcomes import Outcome
from anmc.store.bulk import chunks, upsert
from anmc.store.columns import Moment
from anmc.store.schema import dead_letter

_LETTER: Final = dead_letter.c
_IS_OF_INTEGRATION: Final = _LETTER.integration_id == bindparam("integration")
_ALL: Final = select(dead_letter).where(_IS_OF_INTEGRATION).order_by(_LETTER.first_failed_at, _LETTER.record_id)
_SIZE: Final = select(func.count(), type_coerce(func.min(_LETTER.first_failed_at), Moment)).where(_IS_OF_INTEGRATION)


@dataclass(frozen=True, slots=True)
class DeadLetterCount:
    """How many there are, and since when the oldest of them has failed; None if there is none."""

    count: int
    oldest: datetime | None


async def read_dead_letters(connection: AsyncConnection, integration: int) -> list[DeadLetter]:
    """Return all, the oldest first."""
    return [_letter(row) for row in await connection.execute(_ALL, {"integration": integration})]


async def count_dead_letters(connection: AsyncConnection, integration: int) -> DeadLetterCount:
    """Count them."""
    row = (await connection.execute(_SIZE, {"integration": integration})).one()
    return DeadLetterCount(row[0], row[1])


async def write_dead_letters(connection: AsyncConnection, integration: int, letters: Iterable[DeadLetter]) -> None:
    """Store dead letters, one for each record and direction."""
    rows: list[dict[str, object]] = [
        {
            "integration_id": integration,
            "direction": letter.trace.direction,
            "record_id": letter.record_id,
            "category": letter.outcome.category,
            "reason": letter.outcome.reason,
            "first_failed_at": letter.first_failed_at,
            "failures": letter.failures,
            "next_try_at": letter.next_try_at,
            "is_opt_out": letter.trace.is_opt_out,
            "is_eligible": letter.trace.is_eligible,
            "since": letter.trace.since,
            "listing": letter.trace.stretch.listing if letter.trace.stretch else None,
            "stretch_start": letter.trace.stretch.start if letter.trace.stretch else None,
            "stretch_end": letter.trace.stretch.end if letter.trace.stretch else None,
        }
        for letter in letters
    ]
    await upsert(connection, dead_letter, rows)


async def remove_dead_letters(
    connection: AsyncConnection, integration: int, records: Collection[tuple[Direction, str]]
) -> None:
    """Take records out; those that are not among the dead letters are no error."""
    by_direction: defaultdict[Direction, list[str]] = defaultdict(list)
    for direction, record_id in records:
        by_direction[direction].append(record_id)
    for direction, ids in by_direction.items():
        for chunk in chunks(ids):
            await connection.execute(
                delete(dead_letter).where(
                    _LETTER.integration_id == integration,
                    _LETTER.direction == direction,
                    _LETTER.record_id.in_(chunk),
                )
            )


def _letter(row: Row[*tuple[Any, ...]]) -> DeadLetter:
    stretch = None if row.listing is None else Stretch(row.listing, row.stretch_start, row.stretch_end)
    return DeadLetter(
        record_id=row.record_id,
        trace=Trace(
            direction=row.direction,
            stretch=stretch,
            since=row.since,
            is_opt_out=row.is_opt_out,
            is_eligible=row.is_eligible,
        ),
        outcome=Outcome(row.category, row.reason),
        first_failed_at=row.first_failed_at,
        failures=row.failures,
        next_try_at=row.next_try_at,
    )
