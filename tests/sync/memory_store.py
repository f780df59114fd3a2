"""The real store, in memory and in the thread of the event loop: whole runs make hundreds of calls to it.

`SqlMemory` and every statement are those of the operator. What is missing is the thread of the driver, the pool, the
file; `tests/store` and the runs of `support.sync_stage` have them.
"""

import asyncio
import functools
import sqlite3
from collections.abc import Iterator
from typing import Any, Final, cast

from sqlalchemy import Connection, create_engine
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import StaticPool
from typing_extensions import override

from anmc.rules.records import NumberHash, PersonId, ProfileId
from anmc.rules.states import Wish
from anmc.store.revisions import migrate
from anmc.store.store import Store, StoreScope
from anmc.store.transactions import Answer, Transactions, Work

HASH_KEY: Final = b"key of a store that is gone in a moment"

SCOPE: Final = StoreScope("uid-1", "mc.example.org/acme/all")


_COMPILED: Final[dict[Any, Any]] = {}
"""Statements in the words of SQLite, shared by all stores: to compile them takes longer than most runs."""


class _AtOnce:
    """As much of an `AsyncConnection` as the store uses, without a wait."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect

    async def execute(self, *statement: Any) -> Any:
        return self._connection.execute(*statement)


class _OneConnection(Transactions):
    """Transactions, none of which is ever interrupted by another: nothing waits but before them."""

    def __init__(self, database: sqlite3.Connection, connection: Connection) -> None:
        self._database = database
        self._connection = cast("AsyncConnection", _AtOnce(connection))

    @override
    async def read(self, work: Work[Answer]) -> Answer:
        await asyncio.sleep(0)  # others have their turn, as while a driver works
        return await work(self._connection)

    @override
    async def write(self, work: Work[Answer]) -> Answer:
        await asyncio.sleep(0)
        self._database.execute("BEGIN")
        try:
            answer = await work(self._connection)
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")
        return answer

    @override
    async def close(self) -> None:
        self._database.close()


@functools.cache
def _empty() -> bytes:
    """Return a database with its tables, and with the ids of the scope: a run asks for them until they are there."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    engine = create_engine("sqlite://", creator=lambda: database, poolclass=StaticPool)
    migrate(engine.connect().execution_options(isolation_level="AUTOCOMMIT"))
    database.execute("INSERT INTO integration (uid) VALUES (?)", (SCOPE.integration_uid,))
    database.execute("INSERT INTO ledger_scope (name) VALUES (?)", (SCOPE.ledger_scope,))
    content = database.serialize()
    engine.dispose()
    return content


class MemoryStore(Store):
    """A store that can be emptied; what it holds can be asked for beside the operator's own way."""

    def __init__(self) -> None:
        self._database = sqlite3.connect(":memory:", isolation_level=None)
        self._engine = create_engine("sqlite://", creator=lambda: self._database, poolclass=StaticPool)
        options = {"isolation_level": "AUTOCOMMIT", "compiled_cache": _COMPILED}
        self.transactions = _OneConnection(self._database, self._engine.connect().execution_options(**options))
        super().__init__(self.transactions, HASH_KEY)
        self.lose()

    def lose(self) -> None:
        """Lose everything that is stored."""
        self._database.deserialize(_empty())

    @override
    async def close(self) -> None:
        await super().close()
        self._engine.dispose()

    @property
    def changes(self) -> int:
        """How many rows were ever written."""
        return self._database.total_changes

    def people_with(self, number: NumberHash) -> set[str]:
        """Return the people last seen with a number, and the one whom its profile is linked to."""
        rows = self._database.execute(
            "SELECT person_id FROM person_seen WHERE number_hash = ?"
            " UNION SELECT person_id FROM link WHERE number_hash = ?",
            (number, number),
        )
        return {person_id for (person_id,) in rows}

    def linked_person(self, profile: ProfileId) -> str | None:
        """Return whom a profile is linked to."""
        person_id: str | None = self._one("SELECT person_id FROM link WHERE profile_id = ?", profile)
        return person_id

    def linked_profile(self, person: PersonId) -> str | None:
        """Return which profile a person is linked to."""
        profile_id: str | None = self._one("SELECT profile_id FROM link WHERE person_id = ?", person)
        return profile_id

    def linked_number(self, person: PersonId) -> bytes | None:
        """Return under which number a person is linked."""
        number: bytes | None = self._one("SELECT number_hash FROM link WHERE person_id = ?", person)
        return number

    def states_true(self, person: PersonId) -> bool:
        """Whether the last wish that a person was seen to state is True."""
        wish: str | None = self._one("SELECT stated_wish FROM person_seen WHERE person_id = ?", person)
        return wish == Wish.TRUE

    def _one(self, query: str, key: str) -> Any:
        rows: Iterator[tuple[Any]] = self._database.execute(query, (key,))
        return next((value for (value,) in rows), None)
