"""Lists of profiles and of subscribers, page by page, and look-ups of many numbers (mobile-commons-api.md 4, 5, 6)."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

from anmc.clients.alone import send_for_one
from anmc.clients.calls import Answer, Call, Query, unnoticed
from anmc.clients.failures import Unserved
from anmc.clients.isolation import Isolation
from anmc.clients.mobile_commons import answers, parameters
from anmc.clients.mobile_commons.service import TRAITS, Operation
from anmc.clients.pages import Listing
from anmc.clients.served import Served
from anmc.clients.times import write_time
from anmc.clients.transport import Transport
from anmc.rules.records import Phone, Profile, SubscriberRow
from anmc.sync.ports import LookUp, Priority

R = TypeVar("R")

PAGE_SIZES: Final = (1000, 100, 10, 1)
"""Records on a page, which is also the most that the service serves (contract 4); then on the pages that find one
that cannot be read."""

PAGES_AHEAD: Final = 4
"""Pages under way at a time. Each may hold several megabytes, and the service takes seconds for one."""

MAX_PAGES: Final = 10_000
"""Pages of a walk before it counts as endless: ten million profiles."""

LOOK_UP_SIZES: Final = (parameters.MAX_NUMBERS, 10, 1)
"""Numbers of one look-up, then of those that find one whose answer cannot be read."""

SAMPLES: Final = 3
"""Profiles that are tried as a sample, should the first ones be unreadable."""


class ProfileLists:
    """Reads many records at a time; `company` is what each call names its company by."""

    def __init__(self, transport: Transport, company: Query) -> None:
        self._transport = transport
        self._company = company

    def profiles(self, updated_from: datetime | None, updated_until: datetime | None = None) -> Listing[Profile]:
        """Return the profiles updated in a stretch of time, both ends included, or all of them (contract 5, 6.6)."""
        return self._profiles(updated_from, _priority(updated_from), updated_until)

    def subscribers(self, campaign_id: str, changed_from: datetime | None) -> Listing[SubscriberRow]:
        """Return the rows of a campaign that changed at or after an instant, or all of them (contract 6.5)."""
        return self._listing(
            Operation.LIST_SUBSCRIBERS,
            "campaign_subscribers",
            {"campaign_id": campaign_id, **_since(changed_from)},
            priority=_priority(changed_from),
            read_page=answers.read_subscribers,
            find_id=answers.find_profile_id_of_row,
            # Coming back may add a second row of the same profile: only the whole row tells a repeat (contract 8.2).
            identify=lambda row: (row, None),
        )

    async def sample(self) -> Profile | None:
        """Return the first profile that can be read; None if there is none, or none of the first few can."""
        listing = self._anybody()
        failure: Unserved | None = None
        for number in range(1, SAMPLES + 1):
            try:
                page = await listing.read(number, 1, unnoticed)
            except Unserved as error:
                if not error.may_be_poison:
                    raise
                failure = error
            else:
                failure = None
                if page.records or page.is_end:
                    return page.records[0] if page.records else None
        if failure is not None:
            raise failure
        return None

    async def find(self, phones: Sequence[Phone], priority: Priority) -> LookUp:
        """Look numbers up, a batch at a time; an answer is checked against the numbers again (contract 6.6).

        Raises:
            ServiceUnavailable: a batch cannot be read, nor what is left of it without a number or two.
        """

        async def read(start: int, stop: int) -> Served[Profile]:
            wanted = phones[start:stop]
            numbers = ",".join(phone.digits for phone in wanted)
            query = {"phone_number": numbers, "include_clicks": "false", "limit": str(PAGE_SIZES[0]), "page": "1"}
            query |= self._company
            call = Call(Operation.FIND_PROFILES, "GET", "/api/profiles", query, priority=priority)
            return await self._transport.send(call, answers.look_up_reader(wanted))

        isolation = Isolation(read, LOOK_UP_SIZES, serves_else=self._serves_profiles)
        found: dict[str, Profile] = {}
        unreadable: set[Phone] = set()
        for start in range(0, len(phones), LOOK_UP_SIZES[0]):
            stop = min(start + LOOK_UP_SIZES[0], len(phones))
            parts: Mapping[int, Served[Profile] | None]
            try:
                parts = {start: await read(start, stop)}
            except Unserved as failure:
                parts = await isolation.read_around(start, stop, failure)
            for at, part in parts.items():
                if part is None:
                    unreadable.add(phones[at])
                else:
                    found |= {profile.number: profile for profile in part.records}
                    unreadable |= {phones[at + place] for place in part.unreadable}
        return LookUp(tuple(found.values()), frozenset(unreadable))

    def _anybody(self) -> Listing[Profile]:
        """Return all profiles, for whom the first is as good as any."""
        return self._profiles(None, Priority.DATA)

    async def _serves_profiles(self) -> bool:
        """Say whether the service serves a profile at all."""
        try:
            await self._anybody().read(1, 1, unnoticed)
        except Unserved:
            return False
        return True

    def _profiles(
        self, updated_from: datetime | None, priority: Priority, updated_until: datetime | None = None
    ) -> Listing[Profile]:
        return self._listing(
            Operation.LIST_PROFILES,
            "profiles",
            {**_since(updated_from), **_until(updated_until), "include_clicks": "false"},
            priority=priority,
            read_page=answers.read_profiles,
            find_id=answers.find_profile_id,
            identify=lambda profile: (profile.id, profile.updated_at),
        )

    def _listing(
        self,
        operation: Operation,
        endpoint: str,
        wanted: Query,
        *,
        priority: Priority,
        read_page: Callable[[Answer], Served[R]],
        find_id: Callable[[bytes], str | None],
        identify: Callable[[R], tuple[Hashable, datetime | None]],
    ) -> Listing[R]:
        async def read(number: int, size: int, on_sent: Callable[[], None]) -> Served[R]:
            query = {**wanted, "limit": str(size), "page": str(number), **self._company}
            call = Call(operation, "GET", f"/api/{endpoint}", query, priority=priority, on_sent=on_sent)
            if size == PAGE_SIZES[-1]:
                return await send_for_one(self._transport, call, read_page, find_id)
            return await self._transport.send(call, read_page)

        return Listing(
            title=TRAITS.title,
            sizes=PAGE_SIZES,
            ahead=PAGES_AHEAD,
            max_pages=MAX_PAGES,
            read=read,
            identify=identify,
        )


def _priority(since: datetime | None) -> Priority:
    """A read of everything waits for whatever else there is to do (sync.md W7)."""
    return Priority.DATA if since is not None else Priority.FULL_READ


def _since(instant: datetime | None) -> Query:
    return {"from": write_time(instant)} if instant is not None else {}


def _until(instant: datetime | None) -> Query:
    return {"to": write_time(instant)} if instant is not None else {}
