"""The pull: which people of Action Network are read, and when its position moves (sync.md 6, W5 to W8)."""

import math
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime

from anmc.api.names import Direction, InitialSync, Trigger
from anmc.rules.windows import next_pull_watermark, pull_filter_bound, pull_lower_bound, reads_everybody
from anmc.sync.book import RunBook
from anmc.sync.failures import ending_the_run
from anmc.sync.full_read import PEOPLE_PER_CALL, read_everybody
from anmc.sync.imports import Eligibility, Importer
from anmc.sync.ports import Changes, Positions, Service
from anmc.sync.refusals import reporting_refusals
from anmc.sync.release import hold_opt_ins, release_opt_ins
from anmc.sync.retry_people import retry_people
from anmc.sync.run import EVERYBODY, RunContext, RunEnd
from anmc.sync.safety import ConsentPhase
from anmc.sync.staging import OptIns
from anmc.sync.withdrawals import Withdrawals


async def pull(context: RunContext) -> RunEnd:
    """Run one pull.

    Raises:
        AnmcError: the run ends early; positions stay where they were, finished records stay finished.
    """
    async with reporting_refusals(context):
        with ending_the_run():
            return await _pull(context)


async def _pull(context: RunContext) -> RunEnd:
    stored = await context.memory.positions(Direction.PULL)
    bounds = _bounds(context, stored)
    eligibility = bounds.eligibility
    positions = replace(stored, eligible_since=eligibility.since)
    if stored.eligible_since is None:  # known before the first read, so that a first pull that fails loses nobody
        await context.remember(Changes(positions={Direction.PULL: positions}))
    book = await RunBook.open(context, positions, lower_bound=bounds.lower_bound)
    book.letters.opens_to_all = eligibility.opens_to_all
    eligibility = replace(eligibility, also=book.letters.eligible)
    opt_ins, withdrawals = await OptIns.of(context), Withdrawals(context, book)
    consent = await ConsentPhase.of(context, withdrawals)

    importer = Importer(context, book, opt_ins, withdrawals, eligibility)
    run_start = await _read(context, book, importer, bounds.lower_bound)
    await retry_people(context, book, importer)
    await importer.settle_disputes()
    await consent.run()
    if context.releases_opt_ins:
        await release_opt_ins(context, book, staged=opt_ins.people)
    else:
        await hold_opt_ins(context, book, opt_ins.people)
    watermark = next_pull_watermark(run_start)
    if eligibility.only_links:  # who came since the first try was linked and no more; the next pull looks again
        watermark = min(watermark, eligibility.since)
    walked_at = run_start if bounds.begins_a_week else None
    return await book.close(run_start=run_start, watermark=watermark, walked_at=walked_at)


async def _read(context: RunContext, book: RunBook, importer: Importer, lower_bound: datetime) -> datetime:
    """Handle the people page by page; return from when on nothing was missed, in service time."""
    if lower_bound == EVERYBODY:
        first_read_at = await read_everybody(context, book, importer)
    else:
        first_read_at = await _read_window(context, book, importer, lower_bound)
    return context.run_start(first_read_at)


async def _read_window(
    context: RunContext, book: RunBook, importer: Importer, lower_bound: datetime
) -> datetime | None:
    """Handle who was modified since; return when the first page was read, in service time."""
    resumed = context.order.resumed_from
    first_page = 1 if resumed is None else max(1, resumed.next_page - 1)
    first_read_at, read = None, 0
    bound = pull_filter_bound(lower_bound)
    walk = context.action_network.iter_people(modified_after=bound, first_page=first_page)
    async with aclosing(walk) as pages:
        async for page in pages:
            first_read_at = first_read_at or page.read_at
            book.count_page(page, of="people")
            if page.records or page.unreadable:
                read += len(page.records) + len(page.unreadable)
                await importer.handle(page.records)
                await book.commit(next_page=page.number + 1)
    context.floor[Service.ACTION_NETWORK] += math.ceil(read / PEOPLE_PER_CALL) + 1
    return first_read_at


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What a pull reads, and who of them may be opted in; `begins_a_week` until the next refresh (sync.md W6)."""

    lower_bound: datetime
    eligibility: Eligibility
    begins_a_week: bool


def _bounds(context: RunContext, stored: Positions) -> _Bounds:
    """Fix from when on people are read, and who of them may be opted in (sync.md W5, W6, Q0).

    A resumed run keeps its bounds. Until a pull has read to its end, all begin where the first one began: what
    that one left undone is in no later look-back (sync.md I11).
    """
    order, now = context.order, context.now_there
    is_first = stored.watermark is None and order.known_watermark is None
    only_links = is_first and order.initial_sync is InitialSync.LINK_ONLY and not order.full
    reads_all = reads_everybody(
        full=order.full,
        is_first=is_first,
        initial_sync=order.initial_sync,
        is_requested=order.trigger is Trigger.REQUEST,
        walked_at=stored.walked_at,
        now=now,
    )
    window = pull_lower_bound(context.position(stored.watermark) or stored.eligible_since, now, order.lookback)
    if stored.eligible_since is not None:
        since = stored.eligible_since
    elif not is_first:  # the store was lost: what it knew of eligibility is gone with it
        since = order.active_since - order.lookback
    else:
        since = now if only_links else window
    lower_bound = EVERYBODY if reads_all else window
    if order.resumed_from is not None:
        lower_bound = order.resumed_from.lower_bound
    opens_to_all = order.full or (is_first and order.initial_sync is InitialSync.FULL)
    return _Bounds(
        lower_bound,
        Eligibility(since, opens_to_all=opens_to_all, only_links=only_links),
        begins_a_week=is_first or lower_bound == EVERYBODY,
    )
