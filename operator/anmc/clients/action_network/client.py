"""Typed calls of Action Network (action-network-api.md)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self, TypeVar

import httpx

from anmc.api.credentials import ActionNetworkCredentials
from anmc.api.origins import Origin
from anmc.clients.action_network import bodies, checks, filters
from anmc.clients.action_network.models import CustomFields, PersonAnswer, person_id
from anmc.clients.action_network.people import PeopleLists
from anmc.clients.action_network.service import API, TRAITS, Operation
from anmc.clients.action_network.slices import Slice, read_everybody
from anmc.clients.action_network.writes import RecentWrites
from anmc.clients.calls import Answer, Body, Call
from anmc.clients.clock import Clock, SystemClock
from anmc.clients.connections import Connections
from anmc.clients.failures import Rejected, Unconfirmed, Unreadable
from anmc.clients.pacing.pacers import Pacers
from anmc.clients.pages import walk
from anmc.clients.retries import Repeat
from anmc.clients.service import Access
from anmc.clients.transport import Transport
from anmc.errors import PersonGone, RateLimited, ServiceUnavailable
from anmc.rules.decisions import NewPerson
from anmc.rules.records import Person, PersonId, Phone
from anmc.sync.ports import Gate, Pages, Priority, RequestMeter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ActionNetworkAccount:
    """Which list is meant; `origin` has passed the allowed origins."""

    origin: Origin
    credentials: ActionNetworkCredentials
    secret_name: str
    max_requests_per_minute: int = 234


class ActionNetworkClient:
    """Implements the port `ActionNetwork` for one account.

    Every call may raise `AuthenticationFailed`, `RateLimited`, `ServiceUnavailable`, `ServiceRefused` and
    `Interrupted`; each names what else it raises, or means by one of these.
    """

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
        self._clock = clock or SystemClock()
        self._transport = Transport(
            TRAITS,
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
            clock=self._clock,
            connections=connections or Connections(http),
        )
        self._writes = RecentWrites()
        self._people = PeopleLists(self._transport, self._writes)

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

    def iter_people(
        self, *, modified_after: datetime, first_page: int = 1, priority: Priority = Priority.DATA
    ) -> Pages[Person]:
        """Walk the people modified after an instant, strictly and to the second (action-network-api.md 4.2, 4.3).

        People who cannot be parsed are `unreadable` on their page and raise nothing (sync.md W13).
        """
        bound = modified_after.replace(microsecond=0)
        listing = self._people.listing(
            filters.modified_after(modified_after),
            lambda person: person.modified_date is None or person.modified_date > bound,
            priority,
        )
        return walk(listing, first_page=first_page)

    def iter_everybody(self, *, created_from: datetime | None = None) -> Pages[Person]:
        """Read everybody, or whoever was created at or after a second, in slices (action-network-api.md 4.3, 13).

        Numbers of pages count within a slice; `read_until` of a page tells where a slice ended.
        """
        since = created_from.replace(microsecond=0) if created_from else None
        return read_everybody(self._walk_slice, created_from=since, now=self._clock.now().replace(microsecond=0))

    async def find_people_by_phone(self, phone: Phone, *, priority: Priority = Priority.DATA) -> list[Person]:
        """Return everybody who holds exactly this number (action-network-api.md 5, 6.1).

        The answer is checked against the filter again.

        Raises:
            ServiceUnavailable: also if one of them cannot be parsed; a failed call never proves absence.
        """
        found = await self._people.find(filters.holds_phone(phone), priority)
        return [person for person in found if checks.holds_phone(person, phone)]

    async def find_people_by_email(self, email: str) -> list[Person]:
        """Return everybody with this address, compared without case (action-network-api.md 5, 14).

        Asked for in lower case, then as spelled.

        Raises:
            ServiceUnavailable: also if one of them cannot be parsed.
        """
        wanted = email.strip()
        for spelling in dict.fromkeys((wanted.lower(), wanted)):
            found = await self._people.find(filters.holds_email(spelling), Priority.DATA)
            if matching := [person for person in found if checks.holds_email(person, wanted)]:
                return matching
        return []

    async def get_person(self, person_id: PersonId, *, priority: Priority = Priority.DATA) -> Person:
        """Read one person by id (action-network-api.md 6).

        Raises:
            PersonGone: nobody has the id, or it is no id at all.
            ServiceUnavailable: also if the answer is about somebody else.
        """
        call = Call(Operation.GET_PERSON, "GET", _path(person_id), priority=priority)
        return await self._send_by_id(call, person_id)

    async def update_person(
        self, person_id: PersonId, values: Mapping[str, str], *, priority: Priority = Priority.DATA
    ) -> Person:
        """Write fields of a known person (action-network-api.md 9, sync.md A1, A2, A5).

        `values` are texts by API field name. When it is not clear whether a write was applied, the person is read;
        only if it shows that nothing was, there is one more try.

        Raises:
            PersonGone: as `get_person`.
            OutcomeUnknown: neither the answer nor a look at the person tells what came of it.
            ValueError: a name that cannot be written.
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
        """Create a person (action-network-api.md 8, sync.md A3, A5); never sent twice when it may have worked.

        Raises:
            OutcomeUnknown: neither the answer nor a look-up tells what came of it.
        """
        call = Call(
            Operation.CREATE_PERSON,
            "POST",
            f"{API}/people",
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
        call = Call(Operation.LIST_CUSTOM_FIELDS, "GET", f"{API}/metadata/custom_fields")
        answer = await self._transport.send(call, CustomFields.read)
        return frozenset(custom_field.name for custom_field in answer.fields)

    def _walk_slice(self, part: Slice) -> Pages[Person]:
        listing = self._people.listing(
            filters.created(part.since, part.until),
            lambda person: checks.is_created_in(person, part),
            Priority.FULL_READ,
        )
        return walk(listing)

    async def _put(self, person_id: PersonId, body: Body, priority: Priority) -> Person:
        path, repeat = _path(person_id), Repeat.UNLESS_RECEIVED
        call = Call(Operation.UPDATE_PERSON, "PUT", path, body=body, repeat=repeat, priority=priority)
        try:
            return await self._send_by_id(call, person_id)
        finally:
            self._writes.ended(person_id)

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
            error = PersonGone(f"{TRAITS.title} knows no such person") if rejected.code == "404" else rejected
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
    return f"{API}/people/{canonical}"


def _read_person(answer: Answer) -> Person:
    person = PersonAnswer.read(answer).to_person()
    if person is None:
        raise Unreadable
    return person
