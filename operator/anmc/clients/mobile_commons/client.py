"""Typed calls of Mobile Commons (mobile-commons-api.md)."""

import base64
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self, TypeVar, assert_never

import httpx

from anmc.api.credentials import BasicLogin, BearerToken, MobileCommonsCredentials
from anmc.api.origins import Origin
from anmc.clients.calls import Answer, Call, Query
from anmc.clients.clock import Clock, SystemClock
from anmc.clients.connections import Connections
from anmc.clients.failures import Rejected
from anmc.clients.mobile_commons import answers, parameters
from anmc.clients.pacing.pacers import Pacers
from anmc.clients.retries import Repeat
from anmc.clients.service import Access, Traits
from anmc.clients.times import write_time
from anmc.clients.transport import Transport
from anmc.clients.walks import Walk
from anmc.errors import PhoneRejected
from anmc.rules.records import Campaign, Phone, Profile, SubscriberRow
from anmc.sync.ports import Gate, Page, Priority, RequestMeter, Service

R = TypeVar("R")

PAGE_SIZE: Final = 1000
"""Records on a page, which is also the most that the service serves (contract 4)."""

MAX_PAGES: Final = 10_000
"""Pages of a walk before it counts as endless: ten million profiles."""

INVALID_PHONE: Final = 5
"""Error of a number that is malformed, or that no profile has: the service does not tell them apart (contract 2)."""


class Operation(StrEnum):
    """The calls that are made, as metrics name them; nothing here ever sends a message of its own."""

    LIST_PROFILES = "list_profiles"
    FIND_PROFILES = "find_profiles"
    GET_PROFILE = "get_profile"
    UPDATE_PROFILE = "update_profile"
    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    LIST_CAMPAIGNS = "list_campaigns"
    LIST_SUBSCRIBERS = "list_subscribers"


_TRAITS: Final = Traits(
    service=Service.MOBILE_COMMONS,
    title="Mobile Commons",
    accept="application/xml",
    connect_timeout=10,
    read_timeout=120,
    deadline=300,
    patience=1800,
    first_wait=2,
    repeats_bad_request=True,
    uniform=frozenset({Operation.GET_PROFILE, Operation.UPDATE_PROFILE, Operation.OPT_IN, Operation.OPT_OUT}),
)


@dataclass(frozen=True, slots=True)
class MobileCommonsAccount:
    """Which company is meant; `origin` has passed the allowed origins."""

    origin: Origin
    credentials: MobileCommonsCredentials
    secret_name: str
    company_key: str | None = None
    max_concurrent_requests: int = 50


class MobileCommonsClient:
    """Implements the port `MobileCommons` for one account."""

    def __init__(
        self,
        account: MobileCommonsAccount,
        *,
        pacers: Pacers,
        gate: Gate,
        meter: RequestMeter,
        clock: Clock | None = None,
        connections: Connections | None = None,
        http: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        authorization, login = _authorization(account.credentials)
        self._company: Query = {"company": account.company_key} if account.company_key else {}
        self._transport = Transport(
            _TRAITS,
            account.origin,
            Access(
                headers={"Authorization": authorization},
                noun=account.credentials.noun,
                secret_name=account.secret_name,
                secret_keys=account.credentials.secret_keys,
            ),
            admission=pacers.concurrent(str(account.origin), login, at_most=account.max_concurrent_requests),
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
    def allowed_concurrency(self) -> Callable[[], float]:
        """What tells the requests at a time that the login's pacer allows, also when this client is closed."""
        return self._transport.allowed

    async def iter_profiles(self, *, updated_from: datetime) -> AsyncIterator[Page[Profile]]:
        """Walk the profiles updated at or after an instant (contract 5, 6.6); the empty last page comes too."""
        walk = Walk[Profile](_TRAITS.title, max_pages=MAX_PAGES)
        wanted = {"from": write_time(updated_from), "include_clicks": "false"}
        async for page in self._pages(Operation.LIST_PROFILES, "profiles", wanted, answers.read_profiles):
            fresh = walk.fresh((profile.id, profile.updated_at, profile) for profile in page.records)
            yield Page(fresh, page.number, page.read_at)

    async def iter_subscribers(self, campaign_id: str, *, changed_from: datetime) -> AsyncIterator[Page[SubscriberRow]]:
        """Walk the rows of a campaign that changed at or after an instant (contract 5, 6.5)."""
        walk = Walk[SubscriberRow](_TRAITS.title, max_pages=MAX_PAGES)
        wanted = {"campaign_id": campaign_id, "from": write_time(changed_from)}
        async for page in self._pages(
            Operation.LIST_SUBSCRIBERS, "campaign_subscribers", wanted, answers.read_subscribers
        ):
            # Coming back may add a second row of the same profile: only the whole row tells a repeat (contract 8.2).
            fresh = walk.fresh((row, None, row) for row in page.records)
            yield Page(fresh, page.number, page.read_at)

    async def find_profiles(self, phones: Collection[Phone], *, priority: Priority = Priority.DATA) -> list[Profile]:
        """Look up numbers in bulk (contract 6.6); the answer is checked against the numbers again."""
        asked = list(dict.fromkeys(phones))
        wanted = {phone.digits for phone in asked}
        found: dict[str, Profile] = {}
        for numbers in parameters.batches(asked):
            query = {"phone_number": numbers, "include_clicks": "false", "limit": str(PAGE_SIZE), "page": "1"}
            profiles = await self._read(Operation.FIND_PROFILES, "profiles", query, answers.read_profiles, priority)
            found |= {profile.number: profile for profile in profiles if profile.number in wanted}
        return list(found.values())

    async def get_profile(self, phone: Phone, *, priority: Priority = Priority.DATA) -> Profile | None:
        """Read one profile by its number (contract 6.7)."""
        query, read = {"phone_number": phone.digits}, answers.profile_reader(phone)
        try:
            return await self._read(Operation.GET_PROFILE, "profile", query, read, priority)
        except Rejected as rejected:
            if rejected.error_id == INVALID_PHONE:
                return None
            raise

    async def sample_profile(self) -> Profile | None:
        """Read any one profile, to see which custom columns exist."""
        query = {"limit": "1", "page": "1", "include_clicks": "false"}
        profiles = await self._read(Operation.LIST_PROFILES, "profiles", query, answers.read_profiles)
        return profiles[0] if profiles else None

    async def list_campaigns(self) -> list[Campaign]:
        """List every campaign with its opt-in paths (contract 6.1)."""
        return await self._read(
            Operation.LIST_CAMPAIGNS, "campaigns", {"include_opt_in_paths": "1"}, answers.read_campaigns
        )

    async def update_profile(self, phone: Phone, values: Mapping[str, str]) -> Profile:
        """Create or update a profile by its number, never with a path (contract 6.8, 9.4)."""
        fields = parameters.profile_fields(values)
        return await self._write(Operation.UPDATE_PROFILE, "profile_update", phone, fields, Repeat.FREELY)

    async def opt_in(self, phone: Phone, path: str) -> Profile:
        """Use an opt-in path for a number; this may send a text and is never repeated blindly (contract 9.4)."""
        fields = {"opt_in_path_id": path}
        return await self._write(
            Operation.OPT_IN, "profile_update", phone, fields, Repeat.UNLESS_RECEIVED, priority=Priority.OPT_IN
        )

    async def opt_out(self, phone: Phone, *, campaign_id: str | None) -> Profile | None:
        """Opt a number out of one campaign, or of all (contract 6.9)."""
        fields = {"campaign_id": campaign_id} if campaign_id else {}
        try:
            return await self._write(
                Operation.OPT_OUT, "profile_opt_out", phone, fields, Repeat.FREELY, priority=Priority.OPT_OUT
            )
        except PhoneRejected:
            return None

    async def _pages(
        self,
        operation: Operation,
        endpoint: str,
        wanted: Query,
        read: Callable[[Answer], list[R]],
    ) -> AsyncIterator[Page[R]]:
        """Read pages until an empty one: a short page need not be the last (contract 4)."""
        number = 1
        while True:
            query = {**wanted, "limit": str(PAGE_SIZE), "page": str(number)}
            page = await self._read(operation, endpoint, query, _page_reader(read, number))
            yield page
            if not page.records:
                return
            number += 1

    async def _read(
        self,
        operation: Operation,
        endpoint: str,
        query: Query,
        read: Callable[[Answer], R],
        priority: Priority = Priority.DATA,
    ) -> R:
        call = Call(operation, "GET", f"/api/{endpoint}", {**query, **self._company}, priority=priority)
        return await self._transport.send(call, read)

    async def _write(
        self,
        operation: Operation,
        endpoint: str,
        phone: Phone,
        fields: Query,
        repeat: Repeat,
        *,
        priority: Priority = Priority.DATA,
    ) -> Profile:
        body = parameters.form({"phone_number": phone.digits, **fields})
        call = Call(operation, "POST", f"/api/{endpoint}", self._company, body=body, repeat=repeat, priority=priority)
        try:
            return await self._transport.send(call, answers.profile_reader(phone))
        except Rejected as rejected:
            is_phone = rejected.error_id == INVALID_PHONE
            error = PhoneRejected(f"{_TRAITS.title} does not take a number ({operation})") if is_phone else rejected
        raise error


def _authorization(credentials: MobileCommonsCredentials) -> tuple[str, str]:
    """Return the header and the login that the service's limit follows."""
    match credentials:
        case BearerToken(token):
            return f"Bearer {token}", token
        case BasicLogin(username, password):
            pair = base64.b64encode(f"{username}:{password}".encode()).decode()
            return f"Basic {pair}", username
        case _:
            assert_never(credentials)


def _page_reader(read: Callable[[Answer], list[R]], number: int) -> Callable[[Answer], Page[R]]:
    return lambda answer: Page(tuple(read(answer)), number, answer.read_at)
