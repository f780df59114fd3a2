"""The weekly sweep of a push: all subscribers of the campaign, then all profiles (sync.md W4)."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from typing import Final, TypeVar

from anmc.errors import AnmcError, ServiceUnavailable
from anmc.rules.consent import read_membership
from anmc.rules.fingerprint import subscription_stamp
from anmc.rules.records import NumberHash, Phone, Profile, ProfileId, SubscriberRow
from anmc.rules.remembered import ProfileSeen
from anmc.rules.sweep import (
    SweepBounds,
    entry_of_row,
    profile_changed_at,
    row_changed_at,
)
from anmc.rules.withdrawal import needs_repair
from anmc.sync.book import MAX_LONE_FAILURES, RunBook
from anmc.sync.failures import RECORD_ERRORS, UNREADABLE
from anmc.sync.ports import Changes, Known, Page, Service, Walk
from anmc.sync.profiles import FoundProfiles
from anmc.sync.run import RunContext
from anmc.sync.tally import Detail

RECORDS_PER_CALL: Final = 1000
"""Records of one page (mobile-commons-api.md 4)."""

RECORDS_PER_TURN: Final = 100
"""Records compared before other tasks get their turn: some ten milliseconds, most of them for the number."""

Record = TypeVar("Record")


class Sweep:
    """Walks both lists page by page; memory grows with what is found, not with the account.

    The subscribers come first: what a row alone says of an opt-out is then corrected by the whole profile. An
    interrupted sweep begins anew, since its pages shift meanwhile and nobody knows their order.
    """

    def __init__(self, context: RunContext, book: RunBook, profiles: FoundProfiles, bounds: SweepBounds) -> None:
        self._context = context
        self._book = book
        self._profiles = profiles
        self._bounds = bounds
        self._walk = Walk(context.order.id, context.now_there)
        self._unreadable: list[Detail] = []
        self._read = 0
        self.problem: AnmcError | None = None
        """What kept the sweep from its end; after a rest a push sweeps again."""

    @property
    def walked(self) -> Walk | None:
        """The walk, if it has shown every profile there is; one that cannot be read is not absent (sync.md M13)."""
        is_anybody = any(detail.profile_id is None for detail in self._unreadable)
        return None if self.problem or is_anybody else self._walk

    async def run(self) -> None:
        """Sweep. A list that cannot be read is a `problem`: what was found so far must not wait for it (sync.md I4)."""
        try:
            await self._read_subscribers()
            await self._read_profiles()
        except RECORD_ERRORS as error:
            self.problem = error

    def count_unreadable(self) -> None:
        """Count what could not be read, once nothing depends on it any more: it must not stop a run (sync.md S3).

        It holds no position, as the next sweep comes across it again (sync.md W13).
        """
        for detail in self._unreadable:
            self._book.count_unreadable(detail, comes_again=True)

    async def _read_subscribers(self) -> None:
        policy = self._context.policy
        campaign = policy.scope or policy.target
        if campaign is None:
            return
        read = 0
        async with aclosing(self._context.mobile_commons.iter_subscribers(campaign, changed_from=None)) as pages:
            async for page in pages:
                read += self._note(page, of="all subscribers")
                if page.records:
                    await self._handle_rows(page.records)
                    await self._book.commit()
        self._count_pages(read)

    async def _handle_rows(self, shown: Sequence[SubscriberRow]) -> None:
        rows = [row for row in shown if row.profile_id not in self._profiles.handled]
        known = await self._context.memory.recall(profiles=[row.profile_id for row in rows])
        await self._fill_ledger([row for row in rows if row.opted_out_at is not None])
        phones = {row: self._context.sightings.phone(row.number) for row in rows if self._is_included(row, known)}
        wanted = {phone: row.profile_id for row, phone in phones.items() if isinstance(phone, Phone)}
        self._unreadable += await self._profiles.look_up(wanted, lower_bound=self._bounds.lower_bound)

    async def _fill_ledger(self, rows: Sequence[SubscriberRow]) -> None:
        """Enter opt-outs of the campaign in scope; without one, a campaign alone says nothing of the others (C4)."""
        if self._context.policy.scope is None:
            return
        numbers = [(row, number) async for row in _in_turns(rows) if (number := self._hash(row.number)) is not None]
        known = await self._context.memory.recall(numbers={number for _, number in numbers})
        entries = dict(known.suppressions)
        for row, number in numbers:
            if entry := entry_of_row(row, entries.get(number), number):
                entries[number] = entry
                self._book.enter(suppressions=[entry])

    def _is_included(self, row: SubscriberRow, known: Known) -> bool:
        seen = known.profiles.get(row.profile_id)
        stamp = subscription_stamp(row.activated_at, row.opted_out_at, self._context.hasher)
        differs = seen is not None and seen.subscription_stamp != stamp
        return self._bounds.includes(row_changed_at(row), is_known=seen is not None, differs=differs)

    async def _read_profiles(self) -> None:
        read = 0
        async with aclosing(self._context.mobile_commons.iter_profiles(updated_from=None)) as pages:
            async for page in pages:
                read += self._note(page, of="all profiles")
                if page.records:
                    self._context.look_for_vendor_sync(page.records)
                    chosen = await self._choose(page.records)
                    await self._profiles.decide(chosen, lower_bound=self._bounds.lower_bound)
                    await self._book.commit()
                await self._mark_shown(page)
        self._count_pages(read)

    async def _choose(self, shown: Sequence[Profile]) -> list[Profile]:
        """Return the profiles to decide about; let the others tell the ledger what they say (C7)."""
        profiles = [profile for profile in shown if profile.id not in self._profiles.handled]
        seen = (await self._context.memory.recall(profiles=[profile.id for profile in profiles])).profiles
        chosen: list[Profile] = []
        others: list[tuple[Profile, NumberHash]] = []
        async for profile in _in_turns(profiles):
            before = seen.get(profile.id)
            if self._is_profile_included(profile, before):
                chosen.append(profile)
            # What is unchanged has the number that it had, and to parse one takes longer than all else here.
            elif number := before.number_hash if before else self._hash(profile.number):
                others.append((profile, number))
        known = await self._context.memory.recall(numbers={number for _, number in others})
        for profile, number in others:
            reading = read_membership(profile, self._context.policy.scope)
            if needs_repair(reading, self._book.observe(reading, number, known), self._context.policy):
                chosen.append(profile)
        return chosen

    async def _mark_shown(self, page: Page[Profile]) -> None:
        """Remember who is there, after the links of this page were written (sync.md M13)."""
        ids = [profile.id for profile in page.records]
        ids += [ProfileId(record.id) for record in page.unreadable if record.id is not None]
        if ids:
            await self._context.remember(Changes(shown=dict.fromkeys(ids, self._walk.began_at)))

    def _is_profile_included(self, profile: Profile, seen: ProfileSeen | None) -> bool:
        if seen is None:
            return self._bounds.includes(profile_changed_at(profile), is_known=False, differs=False)
        # The whole form is known: without a difference it is a repeat, whatever its date (W9).
        return not seen.is_settled or seen.fingerprint != self._context.sightings.profile_fingerprint(profile)

    def _hash(self, number: str) -> NumberHash | None:
        return self._context.sightings.number_hash(number)

    def _note(self, page: Page[object], *, of: str) -> int:
        """Note what of a page cannot be read; return how many records it holds.

        Raises:
            ServiceUnavailable: the walk may have missed records, or too many of them cannot be read.
        """
        for record in page.unreadable:
            name = record.id or f"{of}, page {record.page}, record {record.place}"
            if record.id is None or record.id not in self._profiles.handled:
                self._unreadable.append(Detail(name, UNREADABLE, profile_id=ProfileId(name) if record.id else None))
        if not page.is_complete:
            raise ServiceUnavailable("The lists of Mobile Commons changed under the weekly sweep")
        size = len(page.records) + len(page.unreadable)
        self._read += size
        unreadable = len(self._unreadable)
        if unreadable > MAX_LONE_FAILURES and unreadable * 100 > self._read * self._context.order.max_failure_percent:
            raise ServiceUnavailable(f"{unreadable} of {self._read} records of the weekly sweep cannot be read")
        return size

    def _count_pages(self, read: int) -> None:
        self._context.floor[Service.MOBILE_COMMONS] += max(1, math.ceil(read / RECORDS_PER_CALL))


async def _in_turns(records: Iterable[Record]) -> AsyncIterator[Record]:
    """Yield records, and let other tasks have their turn now and then."""
    for place, record in enumerate(records):
        if place % RECORDS_PER_TURN == 0:
            await asyncio.sleep(0)
        yield record
