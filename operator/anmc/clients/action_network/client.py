"""Typed calls of Action Network (action-network-api.md)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self, TypeVar

import httpx

from anmc.api.credentials import ActionNetworkCredentials
from anmc.api.origins import Origin
from anmc.clients.action_network import bodies, checks, filters
from anmc.clients.action_network.models import CustomFields, PeoplePage, PersonAnswer, person_id
from anmc.clients.calls import Answer, Body, Call
from anmc.clients.clock import Clock, SystemClock
from anmc.clients.connections import Connections
from anmc.clients.failures import Rejected, Unconfirmed, Unreadable
from anmc.clients.pacing.pacers import Pacers
from anmc.clients.retries import Repeat
from anmc.clients.service import Access, Traits
from anmc.clients.transport import Transport
from anmc.clients.walks import Walk
from anmc.errors import PersonGone, RateLimited, ServiceUnavailable
from anmc.rules.decisions import NewPerson
from anmc.rules.records import Person, PersonId, Phone
from anmc.sync.ports import Gate, Page, Priority, RequestMeter, Service

T = TypeVar("T")

_API: Final = "/api/v2"

PER_PAGE: Final = 25
"""People on a page, which is also the most that the service serves (action-network-api.md 1)."""

MAX_PAGES: Final = 100_000
"""Pages of a walk before it counts as endless: 2.5 million people, seven hours at full speed."""

DEEP_PAGE: Final = 200
DEEP_READ_TIMEOUT: Final = 60.0
"""Page beyond which an answer takes longer, and the seconds that it may take (action-network-api.md 3.2)."""

MAX_LOOK_UP_PAGES: Final = 4
"""Pages of one look-up: nobody shares a number with more than a hundred others."""

_TRAITS: Final = Traits(
    service=Service.ACTION_NETWORK,
    title="Action Network",
    accept="application/hal+json, application/json",
    connect_timeout=5,
    read_timeout=30,
    deadline=90,
    patience=900,
    first_wait=1,
    denial_phrase=b"API Key invalid or not present",
)


class Operation(StrEnum):
    """The calls that are made, as metrics name them; there is no other."""

    LIST_PEOPLE = "list_people"
    FIND_PERSON = "find_person"
    GET_PERSON = "get_person"
    CREATE_PERSON = "create_person"
    UPDATE_PERSON = "update_person"
    LIST_CUSTOM_FIELDS = "list_custom_fields"


@dataclass(frozen=True, slots=True)
class ActionNetworkAccount:
    """Which list is meant; `origin` has passed the allowed origins."""

    origin: Origin
    credentials: ActionNetworkCredentials
    secret_name: str
    max_requests_per_minute: int = 234


@dataclass(frozen=True, slots=True)
class _People:
    """A page as served; where it says the next one is, is never followed."""

    people: tuple[Person, ...]
    has_next: bool
    read_at: datetime


class ActionNetworkClient:
    """Implements the port `ActionNetwork` for one account."""

    def __init__(
        self,
        account: ActionNetworkAccount,
        *,
        pacers: Pacers,
        gate: Gate,
        meter: RequestMeter,
        clock: Clock | None = None,
        connections: Connections | None = None,
        http: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        token = account.credentials.token
        self._transport = Transport(
            _TRAITS,
            account.origin,
            Access(
                headers={"OSDI-API-Token": token},
                noun=account.credentials.noun,
                secret_name=account.secret_name,
                secret_keys=account.credentials.secret_keys,
            ),
            admission=pacers.paced(str(account.origin), token, calls_per_second=account.max_requests_per_minute / 60),
            gate=gate,
            meter=meter,
            clock=clock or SystemClock(),
            connections=connections or Connections(http),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._transport.aclose()

    @property
    def calls(self) -> int:
        """Requests sent so far, retries included."""
        return self._transport.calls

    @property
    def clock_offset(self) -> timedelta:
        """How far the service's clock is ahead of ours (sync.md W2)."""
        return self._transport.clock_offset

    @property
    def allowed_requests_per_second(self) -> Callable[[], float]:
        """What tells the rate that the key's pacer allows, also when this client is closed."""
        return self._transport.allowed

    async def iter_people(
        self, *, modified_after: datetime, first_page: int = 1, priority: Priority = Priority.DATA
    ) -> AsyncIterator[Page[Person]]:
        """Walk the people modified after an instant (action-network-api.md 4.2, 4.3); the empty page comes too."""
        wanted = filters.modified_after(modified_after)
        bound = modified_after.replace(microsecond=0)
        walk = Walk[Person](_TRAITS.title, max_pages=MAX_PAGES)
        number = first_page
        while True:
            page = await self._people(Operation.LIST_PEOPLE, wanted, number, priority)
            if not page.people and page.has_next:
                # By the contract an empty page is the last one and says so; a hiccup must not end a walk early.
                page = await self._people(Operation.LIST_PEOPLE, wanted, number, priority)
            asked = (p for p in page.people if p.modified_date is None or p.modified_date > bound)
            records = walk.fresh((p.id, p.modified_date, p) for p in asked)
            yield Page(records, number, page.read_at)
            if not page.people or not page.has_next:
                return
            number += 1

    async def find_people_by_phone(self, phone: Phone, *, priority: Priority = Priority.DATA) -> list[Person]:
        """Return everybody who holds exactly this number; the answer is checked against the filter again."""
        found = await self._find(filters.holds_phone(phone), priority)
        return [person for person in found if checks.holds_phone(person, phone)]

    async def find_people_by_email(self, email: str) -> list[Person]:
        """Return everybody with this address; asked for in lower case, then as spelled (contract 14)."""
        wanted = email.strip()
        for spelling in dict.fromkeys((wanted.lower(), wanted)):
            found = await self._find(filters.holds_email(spelling), Priority.DATA)
            if matching := [person for person in found if checks.holds_email(person, wanted)]:
                return matching
        return []

    async def get_person(self, person_id: PersonId, *, priority: Priority = Priority.DATA) -> Person:
        """Read one person by id (action-network-api.md 6)."""
        call = Call(Operation.GET_PERSON, "GET", _path(person_id), priority=priority)
        return await self._send_by_id(call, person_id)

    async def update_person(
        self, person_id: PersonId, values: Mapping[str, str], *, priority: Priority = Priority.DATA
    ) -> Person:
        """Write fields of a known person (action-network-api.md 9, sync.md A1, A2, A5).

        When it is not clear whether a write was applied, the person is read; only if it shows that nothing was,
        there is one more try.
        """
        current = await self.get_person(person_id, priority=priority) if bodies.needs_current(values) else None
        try:
            return await self._put(person_id, bodies.update_body(values, current=current), priority)
        except Unconfirmed as unconfirmed:
            first = unconfirmed
        current = await self._settle(self.get_person(person_id, priority=priority))
        if current is None:
            raise first
        if checks.shows(current, values):
            return current
        retried = bodies.with_current_email(values, current) if first.code.startswith("5") else values
        return await self._put(person_id, bodies.update_body(retried, current=current), priority)

    async def create_person(self, new: NewPerson) -> Person:
        """Create a person (action-network-api.md 8, sync.md A3, A5); never sent twice when it may have worked."""
        call = Call(
            Operation.CREATE_PERSON,
            "POST",
            f"{_API}/people",
            body=bodies.creation_body(new),
            repeat=Repeat.UNLESS_RECEIVED,
        )
        try:
            return await self._transport.send(call, _read_person)
        except Unconfirmed as unconfirmed:
            error = unconfirmed
        created = await self._settle(self._look_up(new))
        if created is None:
            raise error
        return created

    async def list_custom_fields(self) -> frozenset[str]:
        """Return the names of the custom fields of the account (action-network-api.md 10.1)."""
        call = Call(Operation.LIST_CUSTOM_FIELDS, "GET", f"{_API}/metadata/custom_fields")
        answer = await self._transport.send(call, CustomFields.read)
        return frozenset(custom_field.name for custom_field in answer.fields)

    async def _people(self, operation: Operation, wanted: str, number: int, priority: Priority) -> _People:
        query = {"filter": wanted, "page": str(number), "per_page": str(PER_PAGE)}
        read_timeout = DEEP_READ_TIMEOUT if number > DEEP_PAGE else None
        call = Call(operation, "GET", f"{_API}/people", query, priority=priority, read_timeout=read_timeout)
        return await self._transport.send(call, _read_page)

    async def _find(self, wanted: str, priority: Priority) -> list[Person]:
        found: list[Person] = []
        for number in range(1, MAX_LOOK_UP_PAGES + 1):
            page = await self._people(Operation.FIND_PERSON, wanted, number, priority)
            found += page.people
            if len(page.people) < PER_PAGE:
                break
        return found

    async def _put(self, person_id: PersonId, body: Body, priority: Priority) -> Person:
        path, repeat = _path(person_id), Repeat.UNLESS_RECEIVED
        call = Call(Operation.UPDATE_PERSON, "PUT", path, body=body, repeat=repeat, priority=priority)
        return await self._send_by_id(call, person_id)

    async def _send_by_id(self, call: Call, person_id: PersonId) -> Person:
        """Make a call about one person; an answer about somebody else is none."""

        def read(answer: Answer) -> Person:
            person = _read_person(answer)
            if person.id != person_id:
                raise Unreadable
            return person

        try:
            return await self._transport.send(call, read)
        except Rejected as rejected:
            error = PersonGone(f"{_TRAITS.title} knows no such person") if rejected.code == "404" else rejected
        raise error

    async def _look_up(self, new: NewPerson) -> Person | None:
        """Find whom an unconfirmed creation made: by number, then by address; several settle nothing."""
        found = await self.find_people_by_phone(Phone(f"+{new.digits}")) if new.digits else []
        if not found and new.email:
            found = await self.find_people_by_email(new.email)
        return found[0] if len(found) == 1 else None

    async def _settle(self, reading: Awaitable[T]) -> T | None:
        """Read what became of a write; None when the reading itself fails."""
        try:
            return await reading
        except (RateLimited, ServiceUnavailable):
            return None


def _path(wanted: PersonId) -> str:
    canonical = person_id(wanted)
    if canonical is None:
        # The constituent id is a column that people edit by hand: what is no id names nobody.
        raise PersonGone("A constituent id is no id of a person")
    return f"{_API}/people/{canonical}"


def _read_page(answer: Answer) -> _People:
    page = PeoplePage.read(answer)
    return _People(page.people, has_next=page.has_next, read_at=answer.read_at)


def _read_person(answer: Answer) -> Person:
    person = PersonAnswer.read(answer).to_person()
    if person is None:
        raise Unreadable
    return person
