"""Long walks over records that leave the servers time to answer."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeVar

STEP: Final = 500
"""Records between two pauses: some ten milliseconds of work, which hold up nobody."""

Record = TypeVar("Record")


async def in_steps(records: Iterable[Record]) -> AsyncIterator[Record]:
    """Yield the records with a pause now and then, in which others may change what is still to come."""
    for number, record in enumerate(records, start=1):
        yield record
        if number % STEP == 0:
            await asyncio.sleep(0)
