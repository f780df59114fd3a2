"""Transactions: all or nothing, repeated when the database was locked."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

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
        return await _to_its_end(_run(self._reader, work))

    async def write(self, work: Work[Answer]) -> Answer:
        """Run a function that writes; when it raises, nothing of it stays. It may be run more than once."""
        async with self._turn:
            return await _to_its_end(_run(self._writer, work))

    async def close(self) -> None:
        """Close all connections; with the last one SQLite empties its log into the file."""
        with translated():
            await _to_its_end(self._reader.dispose())


async def _to_its_end(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Await work that cancellation must not reach; a cancelled caller waits for its end and is cancelled then.

    A statement that is cancelled goes on in the thread of its connection, which keeps its lock: from then on no
    run of the process could write. The wait is as long as the lock is waited for, at most.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        await asyncio.wait([task])
        task.exception()  # seen: the caller is not there any more to be told
        raise
    return task.result()


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
