"""The push: which profiles of Mobile Commons are read, in what order they are handled (sync.md 5, W3, W4, W7)."""

import math
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import Final

from anmc.api.names import Direction, Trigger
from anmc.rules.dead_letters import Listing
from anmc.rules.fingerprint import subscription_stamp
from anmc.rules.records import Phone, ProfileId, SubscriberRow
from anmc.rules.sweep import SweepBounds, row_changed_at
from anmc.rules.windows import (
    has_sweep_rested,
    is_sweep_due,
    new_opt_outs_since,
    next_push_watermark,
    push_lower_bound,
    sweep_lower_bound,
)
from anmc.sync.book import RunBook
from anmc.sync.exports import Exporter
from anmc.sync.failures import ending_the_run
from anmc.sync.opt_outs import OptOuts
from anmc.sync.ports import Page, Service
from anmc.sync.profiles import FoundProfiles
from anmc.sync.refusals import reporting_refusals
from anmc.sync.release import release_opt_ins
from anmc.sync.retry_profiles import ProfileRetries
from anmc.sync.run import RunContext, RunEnd
from anmc.sync.safety import ConsentPhase
from anmc.sync.sweep import Sweep
from anmc.sync.withdrawals import Withdrawals

PROFILES_PER_CALL: Final = 1000
"""Profiles of one page (mobile-commons-api.md 4)."""


async def push(context: RunContext) -> RunEnd:
    """Run one push.

    Raises:
        AnmcError: the run ends early; positions stay where they were, finished records stay finished.
    """
    async with reporting_refusals(context):
        with ending_the_run():
            return await _push(context)


async def _push(context: RunContext) -> RunEnd:
    order = context.order
    stored = await context.memory.positions(Direction.PUSH)
    lower_bound = push_lower_bound(context.position(stored.watermark), order.active_since)
    if order.resumed_from is not None:
        lower_bound = order.resumed_from.lower_bound
    book = await RunBook.open(context, stored, lower_bound=lower_bound)
    opt_outs, withdrawals = OptOuts(context, book), Withdrawals(context, book)
    consent = await ConsentPhase.of(context, withdrawals, opt_outs)
    exporter = Exporter(context, book, opt_outs, withdrawals)
    profiles = FoundProfiles(context, book, exporter)
    new_since = new_opt_outs_since(lower_bound, stored.walked_at, order.active_since)
    reading = _Reading(context, book, profiles, lower_bound, new_since)

    first_read_at = await reading.read_profiles()
    await reading.read_subscribers()
    sweep = None
    is_requested = order.trigger is Trigger.REQUEST
    has_rested = has_sweep_rested(stored.sweep_backoff, order.started_at, is_requested=is_requested)
    if has_rested and is_sweep_due(stored.walked_at, context.now_there):
        book.sweep_begins()
        bounds = SweepBounds(sweep_lower_bound(stored.walked_at, order.active_since), order.active_since)
        sweep = Sweep(context, book, profiles, bounds)
        await sweep.run()
    retries = ProfileRetries(context, book, exporter, lower_bound=new_since)
    await retries.try_opt_outs()
    await consent.run()
    await retries.try_others()
    await consent.run_late()
    if context.releases_opt_ins:
        await release_opt_ins(context, book)
    run_start = context.run_start(first_read_at)
    if sweep is None:
        return await book.close(run_start=run_start, watermark=next_push_watermark(run_start))
    sweep.count_unreadable()
    end = await book.close(
        run_start=run_start,
        watermark=next_push_watermark(run_start),
        walked_at=None if sweep.problem else run_start,
        walked=sweep.walked,
    )
    return end if sweep.problem is None else end.with_problem(sweep.problem)


class _Reading:
    """The two walks of a push, each profile handled once; opt-outs are new from `new_since` on (sync.md C10)."""

    def __init__(
        self, context: RunContext, book: RunBook, profiles: FoundProfiles, lower_bound: datetime, new_since: datetime
    ) -> None:
        self._context = context
        self._book = book
        self._profiles = profiles
        self._lower_bound = lower_bound
        self._new_since = new_since

    async def read_profiles(self) -> datetime | None:
        """Handle the profiles that were updated; return when the walk began, in service time."""
        first_read_at, read = None, 0
        async with aclosing(self._context.mobile_commons.iter_profiles(updated_from=self._lower_bound)) as pages:
            async for page in pages:
                first_read_at = first_read_at or page.read_at
                read += await self._count_page(page, Listing.PROFILES)
                await self._profiles.handle(page.records, lower_bound=self._new_since)
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
                unread = tuple(row for row in page.unreadable if row.id not in self._profiles.handled)
                read += await self._count_page(replace(page, unreadable=unread), Listing.SUBSCRIBERS)
                await self._look_up(await self._numbers_to_look_up(page.records))
        self._count_pages(read)

    async def _look_up(self, wanted: Mapping[Phone, ProfileId]) -> None:
        unreadable = await self._profiles.look_up(wanted, lower_bound=self._new_since)
        if not unreadable:
            return
        await self._context.progress.claim()
        for detail in unreadable:
            self._book.count_unreadable(detail, listing=Listing.SUBSCRIBERS)
        await self._book.commit()

    async def _count_page(self, page: Page[object], listing: Listing) -> int:
        """Count what of a page cannot be read; return how many records it holds."""
        if page.unreadable:
            await self._context.progress.claim()
        self._book.count_page(page, of=listing.lower(), listing=listing)
        if page.unreadable:
            await self._book.commit()
        return len(page.records) + len(page.unreadable)

    async def _numbers_to_look_up(self, rows: Sequence[SubscriberRow]) -> Mapping[Phone, ProfileId]:
        """Return the numbers whose row is not the one that was handled, with their profiles."""
        fresh = [row for row in rows if row.profile_id not in self._profiles.handled and self._is_recent(row)]
        known = await self._context.memory.recall(profiles=[row.profile_id for row in fresh])
        wanted: dict[Phone, ProfileId] = {}
        for row in fresh:
            seen = known.profiles.get(row.profile_id)
            stamp = subscription_stamp(row.activated_at, row.opted_out_at, self._context.hasher)
            phone = self._context.sightings.phone(row.number)
            is_known = seen is not None and seen.is_settled and seen.subscription_stamp == stamp
            if not is_known and isinstance(phone, Phone):
                wanted[phone] = row.profile_id
        return wanted

    def _is_recent(self, row: SubscriberRow) -> bool:
        """A server may ignore the filter and send the whole campaign (mobile-commons-api.md U4)."""
        changed_at = row_changed_at(row)
        return changed_at is None or changed_at >= self._lower_bound

    def _count_pages(self, read: int) -> None:
        self._context.floor[Service.MOBILE_COMMONS] += max(1, math.ceil(read / PROFILES_PER_CALL) + bool(read))
