"""One integration's part of the store, as runs see it."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, ScalarSelect, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from anmc.api.names import Direction
from anmc.rules.dead_letters import DeadLetter
from anmc.rules.records import NumberHash, PersonId, ProfileId
from anmc.rules.remembered import LinkState, QueuedOptIn, StagedOptOut
from anmc.store import dead_letters, gone, ledger, links, positions, queue, seen, staged
from anmc.store.schema import link, queued_opt_in, suppression
from anmc.store.scope import ScopeIds, StoreScope, find_ids, make_ids
from anmc.store.transactions import Transactions
from anmc.sync.ports import Changes, Known, PeopleCounts, Positions


def _count(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).where(*conditions).scalar_subquery()


_SIZES: Final = select(
    _count(link.c.integration_id == bindparam("integration"), link.c.state == LinkState.LIVE).label("linked"),
    _count(suppression.c.ledger_scope_id == bindparam("ledger"), suppression.c.ended_at.is_(None)).label("suppressed"),
    _count(queued_opt_in.c.integration_id == bindparam("integration")).label("deferred_opt_ins"),
)


class SqlMemory:
    """The `Memory` of one scope; cheap to make, and as many as there are runs may be in use at once."""

    def __init__(self, transactions: Transactions, scope: StoreScope) -> None:
        self._transactions = transactions
        self._scope = scope
        self._ids: ScopeIds | None = None

    async def recall(
        self,
        *,
        people: Collection[PersonId] = (),
        profiles: Collection[ProfileId] = (),
        numbers: Collection[NumberHash] = (),
        emails: Collection[bytes] = (),
    ) -> Known:
        """Return what is known of these records and numbers; links are those of the records asked for."""

        async def read(connection: AsyncConnection) -> Known:
            ids = await self._find_ids(connection)
            return Known(
                people=await seen.read_people(connection, ids.integration, people),
                profiles=await seen.read_profiles(connection, ids.integration, profiles),
                link_of_person=await links.read_by_person(connection, ids.integration, people),
                link_of_profile=await links.read_by_profile(connection, ids.integration, profiles),
                suppressions=await ledger.read_suppressions(connection, ids.ledger, numbers),
                attempts=await ledger.read_newest_attempts(connection, ids.ledger, numbers),
                holders=await seen.read_holders(connection, ids.integration, numbers),
                staged=await staged.read_staged(connection, ids.integration, numbers),
                linked_emails=await seen.read_linked_emails(connection, ids.integration, emails),
                aliases=await gone.read_aliases(connection, ids.integration, people),
                tombstones=await gone.read_tombstones(connection, ids.integration, [*people, *profiles]),
            )

        return await self._transactions.read(read)

    async def remember(self, changes: Changes) -> None:
        """Store everything in one transaction, or nothing; who is both queued and dequeued is out of the queue."""

        async def write(connection: AsyncConnection) -> None:
            ids = self._ids or await make_ids(connection, self._scope)
            await seen.write_people(connection, ids.integration, changes.people)
            await seen.write_profiles(connection, ids.integration, changes.profiles)
            await links.write_links(connection, ids.integration, changes.links)
            await links.mark_shown(connection, ids.integration, changes.shown)
            await links.count_missed(connection, ids.integration, changes.walked)
            await gone.write_aliases(connection, ids.integration, changes.aliases)
            await gone.write_tombstones(connection, ids.integration, changes.tombstones)
            await ledger.write_suppressions(connection, ids.ledger, changes.suppressions)
            await ledger.write_attempts(connection, ids.ledger, changes.attempts)
            await queue.write_queued(connection, ids.integration, changes.queued)
            await queue.remove_queued(connection, ids.integration, changes.dequeued)
            await staged.write_staged(connection, ids.integration, changes.staged)
            await staged.remove_staged(connection, ids.integration, changes.unstaged)
            await dead_letters.remove_dead_letters(connection, ids.integration, changes.revived)
            await dead_letters.write_dead_letters(connection, ids.integration, changes.dead_letters)
            await positions.write_positions(connection, ids.integration, changes.positions)

        await self._transactions.write(write)

    async def positions(self, direction: Direction) -> Positions:
        """Return how far a direction has read; empty positions when it never ran."""

        async def read(connection: AsyncConnection) -> Positions:
            ids = await self._find_ids(connection)
            return await positions.read_positions(connection, ids.integration, direction)

        return await self._transactions.read(read)

    async def queued_opt_ins(self, *, due: datetime, limit: int) -> list[QueuedOptIn]:
        """Return opt-ins whose `not_before` has come, the oldest decision first, then by person id (sync.md C14)."""

        async def read(connection: AsyncConnection) -> list[QueuedOptIn]:
            ids = await self._find_ids(connection)
            return await queue.read_queue(connection, ids.integration, due=due, limit=limit)

        return await self._transactions.read(read)

    async def staged_opt_outs(self) -> list[StagedOptOut]:
        """Return the opt-outs on their way to Mobile Commons, the oldest first (sync.md C13)."""

        async def read(connection: AsyncConnection) -> list[StagedOptOut]:
            ids = await self._find_ids(connection)
            return await staged.read_all_staged(connection, ids.integration)

        return await self._transactions.read(read)

    async def dead_letters(self) -> list[DeadLetter]:
        """Return the records of both directions that failed, the oldest first (sync.md W12)."""

        async def read(connection: AsyncConnection) -> list[DeadLetter]:
            ids = await self._find_ids(connection)
            return await dead_letters.read_dead_letters(connection, ids.integration)

        return await self._transactions.read(read)

    async def count_attempts_since(self, instant: datetime) -> int:
        """Count opt-in intents at or after an instant, in whole seconds (sync.md C14)."""

        async def read(connection: AsyncConnection) -> int:
            ids = await self._find_ids(connection)
            return await ledger.count_attempts_since(connection, ids.ledger, instant)

        return await self._transactions.read(read)

    async def count_people(self) -> PeopleCounts:
        """Return the sizes that `status.people` shows."""

        async def read(connection: AsyncConnection) -> PeopleCounts:
            ids = await self._find_ids(connection)
            sizes = (await connection.execute(_SIZES, {"integration": ids.integration, "ledger": ids.ledger})).one()
            letters = await dead_letters.count_dead_letters(connection, ids.integration)
            return PeopleCounts(
                linked=sizes.linked,
                suppressed=sizes.suppressed,
                deferred_opt_ins=sizes.deferred_opt_ins,
                dead_letters=letters.count,
                oldest_dead_letter=letters.oldest,
            )

        return await self._transactions.read(read)

    async def _find_ids(self, connection: AsyncConnection) -> ScopeIds:
        """Return the ids of the scope. They never change once they are there; what a write makes may be undone."""
        if self._ids is None:
            ids = await find_ids(connection, self._scope)
            if not ids.are_complete:
                return ids
            self._ids = ids
        return self._ids
