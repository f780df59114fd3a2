"""A pull that reads everybody: by date of creation, in slices (sync.md W6, action-network-api.md 4.3)."""

import math
from contextlib import aclosing
from datetime import datetime
from typing import Final

from anmc.sync.book import RunBook
from anmc.sync.imports import Importer
from anmc.sync.ports import Service
from anmc.sync.run import RunContext

PEOPLE_PER_CALL: Final = 25
"""People of one page (action-network-api.md 1)."""


async def read_everybody(context: RunContext, book: RunBook, importer: Importer) -> datetime | None:
    """Handle everybody page by page; return when the first page was read, in service time.

    A run that goes on begins with the slice it was in (sync.md W8). Who changes after their page was read is in the
    window of the next pull, which begins before the first page of this one.
    """
    resumed = context.order.resumed_from
    since = resumed.read_until if resumed is not None else None
    first_read_at, read, is_complete = None, 0, True
    async with aclosing(context.action_network.iter_everybody(created_from=since)) as pages:
        async for page in pages:
            first_read_at = first_read_at or page.read_at
            is_complete = is_complete and page.is_complete
            # Pages count within a slice. Who cannot be read holds nothing up: the next refresh comes by (W13).
            book.count_page(page, of=_title(since), comes_again=True)
            read += len(page.records) + len(page.unreadable)
            if page.records:
                await importer.handle(page.records)
            if page.read_until is not None:
                since = page.read_until
            if page.records or page.unreadable or page.read_until is not None:
                # A slice that may have missed somebody is read again if this run is interrupted.
                await book.commit(read_until=since if is_complete else None)
    context.floor[Service.ACTION_NETWORK] += math.ceil(read / PEOPLE_PER_CALL) + 1
    return first_read_at


def _title(since: datetime | None) -> str:
    return "people" if since is None else f"people created from {since:%Y-%m-%dT%H:%M:%SZ} on"
