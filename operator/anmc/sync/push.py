"""The push: which profiles of Mobile Commons are read, in what order they are handled (sync.md 5, W3, W4, W7)."""

import math
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import Final

from anmc.api.names import Direction
from anmc.rules.dead_letters import Listing
from anmc.rules.fingerprint import subscription_stamp
from anmc.rules.records import Phone, Profile, ProfileId, SubscriberRow
from anmc.rules.remembered import ProfileSeen
from anmc.rules.windows import next_push_watermark, push_lower_bound
from anmc.sync.book import RECORDS_PER_COMMIT, RunBook
from anmc.sync.exports import Exporter
from anmc.sync.failures import UNREADABLE, ending_the_run
from anmc.sync.opt_outs import OptOuts
from anmc.sync.ports import Page, Service
from anmc.sync.release import release_opt_ins
from anmc.sync.retry_profiles import ProfileRetries
from anmc.sync.run import RunContext, RunEnd
from anmc.sync.tally import Detail

PROFILES_PER_CALL: Final = 1000
"""Profiles of one page (mobile-commons-api.md 4)."""

NUMBERS_PER_CALL: Final = 50
"""Numbers of one bulk look-up (mobile-commons-api.md U15)."""


async def push(context: RunContext) -> RunEnd:
    """Run one push.

    Raises:
        AnmcError: the run ends early; positions stay where they were, finished records stay finished.
    """
    with ending_the_run():
        return await _push(context)


async def _push(context: RunContext) -> RunEnd:
    order = context.order
    stored = await context.memory.positions(Direction.PUSH)
    lower_bound = push_lower_bound(context.position(stored.watermark), order.active_since)
    if order.resumed_from is not None:
        lower_bound = order.resumed_from.lower_bound
    book = await RunBook.open(context, stored, lower_bound=lower_bound)
    opt_outs = OptOuts(context, book)
    exporter = Exporter(context, book, opt_outs, lower_bound=lower_bound)
    reading = _Reading(context, book, exporter, lower_bound)
    retries = ProfileRetries(context, book, exporter)

    first_read_at = await reading.read_profiles()
    await reading.read_subscribers()
    await retries.try_opt_outs()
    await opt_outs.apply()
    await retries.try_others()
    await opt_outs.apply()
    if order.releases_opt_ins and not context.is_dry:
        await release_opt_ins(context, book)
    run_start = context.run_start(first_read_at)
    return await book.close(run_start=run_start, watermark=next_push_watermark(run_start))


class _Reading:
    """The two walks of a push, each profile handled once."""

    def __init__(self, context: RunContext, book: RunBook, exporter: Exporter, lower_bound: datetime) -> None:
        self._context = context
        self._book = book
        self._exporter = exporter
        self._lower_bound = lower_bound
        self._handled: set[ProfileId] = set()

    async def read_profiles(self) -> datetime | None:
        """Handle the profiles that were updated; return when the walk began, in service time."""
        first_read_at, read = None, 0
        async with aclosing(self._context.mobile_commons.iter_profiles(updated_from=self._lower_bound)) as pages:
            async for page in pages:
                first_read_at = first_read_at or page.read_at
                read += await self._count_page(page, Listing.PROFILES)
                await self._handle_page(page.records)
        self._count_pages(read)
        return first_read_at

    async def read_subscribers(self) -> None:
        """Handle the profiles of subscriptions that moved without their profile (sync.md W4)."""
        context, policy = self._context, self._context.policy
        campaign = policy.scope or policy.target
        if campaign is None:
            return
        read = 0
        async with aclosing(context.mobile_commons.iter_subscribers(campaign, changed_from=self._lower_bound)) as pages:
            async for page in pages:
                # Of a profile that was read, the row tells nothing more.
                unread = tuple(row for row in page.unreadable if row.id not in self._handled)
                read += await self._count_page(replace(page, unreadable=unread), Listing.SUBSCRIBERS)
                await self._look_up(await self._numbers_to_look_up(page.records))
        self._count_pages(read)

    async def _look_up(self, wanted: Mapping[Phone, ProfileId]) -> None:
        if not wanted:
            return
        self._context.floor[Service.MOBILE_COMMONS] += math.ceil(len(wanted) / NUMBERS_PER_CALL)
        found = await self._context.mobile_commons.find_profiles(wanted)
        if found.unreadable:
            await self._context.progress.claim()
        for phone in found.unreadable:
            detail = Detail(wanted[phone], UNREADABLE, profile_id=wanted[phone])
            self._book.count_unreadable(detail, listing=Listing.SUBSCRIBERS)
        await self._handle_page(found.profiles)

    async def _count_page(self, page: Page[object], listing: Listing) -> int:
        """Count what of a page cannot be read; return how many records it holds."""
        if page.unreadable:
            await self._context.progress.claim()
        self._book.count_page(page, of=listing.lower(), listing=listing)
        if page.unreadable:
            await self._book.commit()
        return len(page.records) + len(page.unreadable)

    async def _numbers_to_look_up(self, rows: Sequence[SubscriberRow]) -> Mapping[Phone, ProfileId]:
        """Return the numbers whose row is not the one that the store knows, with their profiles."""
        fresh = [row for row in rows if row.profile_id not in self._handled and self._is_recent(row)]
        known = await self._context.memory.recall(profiles=[row.profile_id for row in fresh])
        wanted: dict[Phone, ProfileId] = {}
        for row in fresh:
            seen = known.profiles.get(row.profile_id)
            stamp = subscription_stamp(row.activated_at, row.opted_out_at, self._context.hasher)
            phone = self._context.sightings.phone(row.number)
            if (seen is None or seen.subscription_stamp != stamp) and isinstance(phone, Phone):
                wanted[phone] = row.profile_id
        return wanted

    def _is_recent(self, row: SubscriberRow) -> bool:
        """A server may ignore the filter and send the whole campaign (mobile-commons-api.md U4)."""
        dates = [date for date in (row.activated_at, row.opted_out_at) if date is not None]
        return not dates or max(dates) >= self._lower_bound

    async def _handle_page(self, profiles: Sequence[Profile]) -> None:
        if not profiles:
            return
        seen = (await self._context.memory.recall(profiles=[profile.id for profile in profiles])).profiles
        fresh = [profile for profile in profiles if not self._is_repeat(profile, seen.get(profile.id))]
        self._handled.update(profile.id for profile in profiles)
        for start in range(0, len(fresh), RECORDS_PER_COMMIT):
            await self._context.progress.claim()
            await self._exporter.handle(fresh[start : start + RECORDS_PER_COMMIT])
            await self._book.commit()

    def _is_repeat(self, profile: Profile, seen: ProfileSeen | None) -> bool:
        """The overlap of two windows, or our own write coming back (sync.md W9)."""
        if seen is None or not seen.is_settled:
            return profile.id in self._handled
        return seen.fingerprint == self._context.sightings.profile_fingerprint(profile)

    def _count_pages(self, read: int) -> None:
        self._context.floor[Service.MOBILE_COMMONS] += max(1, math.ceil(read / PROFILES_PER_CALL) + bool(read))
