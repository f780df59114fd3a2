"""A walk over the pages of a listing, from the first to the end or until something does not add up."""

from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from anmc.clients.calls import unnoticed
from anmc.clients.failures import Unserved
from anmc.clients.isolation import Isolation
from anmc.clients.read_ahead import ReadAhead
from anmc.clients.served import Served
from anmc.clients.walks import Walk
from anmc.errors import RateLimited, ServiceUnavailable
from anmc.sync.ports import Page, Pages, UnreadableRecord

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """What is walked, and how.

    `sizes` are the records of a page, then those of the smaller pages that find an unreadable record: each a
    multiple of the next, so that they cover the same records. `ahead` is how many pages may be under way. `read`
    takes the number of a page, its size, and what to call right before a request goes out. `identify` returns what
    tells a record from others, and the stamp of its version. `is_wanted` checks the filter once more. `is_stale`
    says that a page was asked for before something on it was written.
    """

    title: str
    sizes: tuple[int, ...]
    ahead: int
    max_pages: int
    read: Callable[[int, int, Callable[[], None]], Awaitable[Served[R]]]
    identify: Callable[[R], tuple[Hashable, datetime | None]]
    is_wanted: Callable[[R], bool] = lambda _record: True
    is_stale: Callable[[Served[R]], bool] = lambda _page: False


async def walk(listing: Listing[R], *, first_page: int = 1) -> Pages[R]:
    """Yield the pages in their order, each record once; the empty last page comes too.

    Pages beyond the end that were under way are awaited. If one of them brings records, it comes as a page that
    is not complete (action-network-api.md 4.2, rule 4). Whoever leaves the walk before its end closes it.

    Raises:
        ServiceUnavailable: a page cannot be read, or the pages do not come to an end.
        RateLimited, AuthenticationFailed, Rejected, Interrupted: as a call of the client raises them.
    """
    pages = _Pages(listing)
    size = listing.sizes[0]
    ahead = ReadAhead(
        lambda number, on_sent: listing.read(number, size, on_sent), first=first_page, size=size, width=listing.ahead
    )
    async with ahead:
        is_at_end = False
        while not is_at_end:
            number = ahead.due
            served = await pages.read(number, ahead)
            ahead.follow(served)
            is_at_end = served.is_end
            yield pages.page(number, served)
        for number, outcome in await ahead.finish():
            # A failure here tells nothing: without reading ahead nobody would have asked.
            if isinstance(outcome, BaseException) and not isinstance(outcome, ServiceUnavailable | RateLimited):
                raise outcome
            if isinstance(outcome, Served) and outcome.size:
                yield pages.page(number, await pages.current(number, outcome), is_complete=False)


class _Pages(Generic[R]):
    """The pages of one walk, without what it has brought already and around what cannot be read."""

    def __init__(self, listing: Listing[R]) -> None:
        self._listing = listing
        self._walk = Walk[R](listing.title, max_pages=listing.max_pages)
        self._isolation = Isolation(self._read_part, listing.sizes)
        self._are_full = True

    async def read(self, number: int, ahead: ReadAhead[R]) -> Served[R]:
        """Return the page that is due: read again if it is stale, without what of it cannot be read."""
        size = self._listing.sizes[0]
        try:
            served = await self.current(number, await ahead.take())
        except Unserved as failure:
            if not self._are_full:
                raise  # the service serves less than it is asked for: nobody knows where this page begins
            start = (number - 1) * size
            served = _joined(await self._isolation.read_around(start, start + size, failure), start)
        self._are_full = self._are_full and served.size == size
        return served

    async def current(self, number: int, served: Served[R]) -> Served[R]:
        """Return a page as it is since the last write to it."""
        if not self._listing.is_stale(served):
            return served
        return await self._listing.read(number, self._listing.sizes[0], unnoticed)

    def page(self, number: int, served: Served[R], *, is_complete: bool = True) -> Page[R]:
        """Return what of a page is new, and asked for."""
        listing = self._listing
        # Strays count as well: a service that ignores the filter may go round in circles with them.
        fresh = self._walk.fresh(
            [(*listing.identify(record), record) for record in served.records], unreadable=served.unreadable.values()
        )
        asked = tuple(record for record in fresh if listing.is_wanted(record))
        unreadable = tuple(UnreadableRecord(number, at + 1, name) for at, name in served.unreadable.items())
        return Page(asked, number, served.read_at, unreadable, is_complete)

    async def _read_part(self, start: int, stop: int) -> Served[R]:
        size = stop - start
        served = await self._listing.read(start // size + 1, size, unnoticed)
        if served.size > size:
            raise ServiceUnavailable(f"{self._listing.title} does not serve pages of {size}")
        return served


def _joined(parts: Mapping[int, Served[R] | None], start: int) -> Served[R]:
    """Make one page of its parts by position, in order; None stands for a record that cannot be read."""
    served = {at: part for at, part in parts.items() if part is not None}
    unreadable: dict[int, str | None] = {}
    for at, part in parts.items():
        places = {0: None} if part is None else part.unreadable
        unreadable |= {at - start + place: name for place, name in places.items()}
    last = parts[max(parts)]
    return Served(
        records=tuple(record for part in served.values() for record in part.records),
        read_at=min(part.read_at for part in served.values()),
        is_end=last is not None and last.is_end,
        unreadable=unreadable,
        asked_at=min(part.asked_at for part in served.values()),
    )
