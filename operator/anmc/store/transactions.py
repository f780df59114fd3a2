"""Transactions: all or nothing, repeated when the database was locked."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from anmc.store.engine import WRITES
from anmc.store.failures import is_locked, translated

Answer = TypeVar("Answer")
Work = Callable[[AsyncConnection], Awaitable[Answer]]

_TRIES: Final = 3
"""How often a transaction is begun at most. Each try has waited for the lock already, so none waits between."""


class Transactions:
    """Runs functions of one connection, each in a transaction of its own; errors are `StoreUnavailable`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reader = engine
        self._writer = engine.execution_options(**WRITES)
        # SQLite has one writer at a time. Its own waiting is polling without an order; this is a queue.
        self._turn = asyncio.Lock()

    async def read(self, work: Work[Answer]) -> Answer:
        """Run a function that only reads; on SQLite everything it reads is of one moment."""
        return await _run(self._reader, work)

    async def write(self, work: Work[Answer]) -> Answer:
        """Run a function that writes; when it raises, nothing of it stays. It may be run more than once."""
        async with self._turn:
            return await _run(self._writer, work)

    async def close(self) -> None:
        """Close all connections; with the last one SQLite empties its log into the file."""
        with translated():
            await self._reader.dispose()


async def _run(engine: AsyncEngine, work: Work[Answer]) -> Answer:
    with translated():
        for _ in range(_TRIES - 1):
            try:
                return await _once(engine, work)
            except DBAPIError as error:
                if not is_locked(error):
                    raise
        return await _once(engine, work)


async def _once(engine: AsyncEngine, work: Work[Answer]) -> Answer:
    async with engine.begin() as connection:
        return await work(connection)
