"""Whose part of the store: an integration, with the ledger that outlives it."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from anmc.store.bulk import insert_missing
from anmc.store.schema import integration, ledger_scope


@dataclass(frozen=True, slots=True)
class StoreScope:
    """One integration's part of the store.

    `ledger_scope` is Mobile Commons origin, company and campaign (sync.md 1): suppressions and opt-in attempts
    belong to it, so that an integration made anew finds them again. All else belongs to `integration_uid`.
    """

    integration_uid: str
    ledger_scope: str


@dataclass(frozen=True, slots=True)
class ScopeIds:
    """The integers that rows carry; 0 stands for what was never stored, and no row has it."""

    integration: int
    ledger: int

    @property
    def are_complete(self) -> bool:
        """Whether both parts of the scope were stored before."""
        return bool(self.integration and self.ledger)


_IDS: Final = select(
    func.coalesce(select(integration.c.id).where(integration.c.uid == bindparam("uid")).scalar_subquery(), 0),
    func.coalesce(select(ledger_scope.c.id).where(ledger_scope.c.name == bindparam("name")).scalar_subquery(), 0),
)


async def find_ids(connection: AsyncConnection, scope: StoreScope) -> ScopeIds:
    """Return the ids of a scope."""
    row = (await connection.execute(_IDS, {"uid": scope.integration_uid, "name": scope.ledger_scope})).one()
    return ScopeIds(integration=row[0], ledger=row[1])


async def make_ids(connection: AsyncConnection, scope: StoreScope) -> ScopeIds:
    """Return the ids of a scope, made if it is new."""
    ids = await find_ids(connection, scope)
    if ids.are_complete:
        return ids
    await insert_missing(connection, integration, [{"uid": scope.integration_uid}])
    await insert_missing(connection, ledger_scope, [{"name": scope.ledger_scope}])
    return await find_ids(connection, scope)
