"""Lists of people, page by page (action-network-api.md 4, 5)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from anmc.clients.action_network.models import PeoplePage, find_id
from anmc.clients.action_network.service import API, TRAITS, Operation
from anmc.clients.action_network.writes import RecentWrites
from anmc.clients.alone import send_for_one
from anmc.clients.calls import Answer, Call
from anmc.clients.failures import Unreadable
from anmc.clients.pages import Listing
from anmc.clients.served import Served
from anmc.clients.transport import Transport
from anmc.rules.records import Person
from anmc.sync.ports import Priority

PAGE_SIZES: Final = (25, 5, 1)
"""People on a page, which is also the most that the service serves (action-network-api.md 1); then on the pages
that find one who cannot be read."""

PAGES_AHEAD: Final = 8
"""Pages under way at a time: as many requests as a key may have in flight (action-network-api.md 3.2)."""

MAX_PAGES: Final = 100_000
"""Pages of a walk before it counts as endless: 2.5 million people, seven hours at full speed."""

DEEP_FROM: Final = 200 * PAGE_SIZES[0]
DEEP_READ_TIMEOUT: Final = 60.0
"""People beyond whom an answer takes longer, and the seconds that it may take (action-network-api.md 3.2)."""

MAX_LOOK_UP_PAGES: Final = 4
"""Pages of one look-up: nobody shares a number with more than a hundred others."""


class PeopleLists:
    """Reads people by filter; `writes` tells what was written since."""

    def __init__(self, transport: Transport, writes: RecentWrites) -> None:
        self._transport = transport
        self._writes = writes

    def listing(self, wanted: str, is_wanted: Callable[[Person], bool], priority: Priority) -> Listing[Person]:
        """Return what a filter selects, to be walked; `is_wanted` checks each person against it once more."""

        async def read(number: int, size: int, on_sent: Callable[[], None]) -> Served[Person]:
            call = replace(_call(Operation.LIST_PEOPLE, wanted, number, size, priority), on_sent=on_sent)
            page = await self._read(call, size)
            if page.size or page.is_end:
                return page
            # By the contract an empty page is the last one and says so; a hiccup must not end a walk early.
            again = await self._read(call, size)
            return again if again.size else replace(again, is_end=True)

        return Listing(
            title=TRAITS.title,
            sizes=PAGE_SIZES,
            ahead=PAGES_AHEAD,
            max_pages=MAX_PAGES,
            read=read,
            identify=lambda person: (person.id, person.modified_date),
            is_wanted=is_wanted,
            is_stale=lambda page: self._writes.any_since(page.asked_at, (person.id for person in page.records)),
        )

    async def find(self, wanted: str, priority: Priority) -> list[Person]:
        """Return everybody whom a filter selects.

        Raises:
            ServiceUnavailable: not all of them can be read; a failed call never proves absence (contract 14).
        """
        found: list[Person] = []
        for number in range(1, MAX_LOOK_UP_PAGES + 1):
            call = _call(Operation.FIND_PERSON, wanted, number, PAGE_SIZES[0], priority)
            people = await self._transport.send(call, _read_everybody)
            found += people
            if len(people) < PAGE_SIZES[0]:
                break
        return found

    async def _read(self, call: Call, size: int) -> Served[Person]:
        asked_at = self._writes.count
        if size == PAGE_SIZES[-1]:
            page = await send_for_one(self._transport, call, _read_page, find_id)
        else:
            page = await self._transport.send(call, _read_page)
        return replace(page, asked_at=asked_at)


def _call(operation: Operation, wanted: str, number: int, size: int, priority: Priority) -> Call:
    query = {"filter": wanted, "page": str(number), "per_page": str(size)}
    is_deep = (number - 1) * size >= DEEP_FROM
    read_timeout = DEEP_READ_TIMEOUT if is_deep else None
    return Call(operation, "GET", f"{API}/people", query, priority=priority, read_timeout=read_timeout)


def _read_page(answer: Answer) -> Served[Person]:
    page = PeoplePage.read(answer)
    people, unreadable = page.people()
    return Served(people, answer.read_at, is_end=not page.has_next, unreadable=unreadable)


def _read_everybody(answer: Answer) -> tuple[Person, ...]:
    people, unreadable = PeoplePage.read(answer).people()
    if unreadable:
        raise Unreadable
    return people
