"""Typed calls of Mobile Commons (mobile-commons-api.md)."""

import base64
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self, TypeVar, assert_never

import httpx

from anmc.api.credentials import BasicLogin, BearerToken, MobileCommonsCredentials
from anmc.api.origins import Origin
from anmc.clients.calls import Answer, Call, Query
from anmc.clients.clock import Clock, SystemClock
from anmc.clients.connections import Connections
from anmc.clients.failures import Rejected
from anmc.clients.mobile_commons import answers, parameters
from anmc.clients.mobile_commons.lists import ProfileLists
from anmc.clients.mobile_commons.service import TRAITS, Operation
from anmc.clients.pacing.pacers import Pacers
from anmc.clients.pages import walk
from anmc.clients.retries import Repeat
from anmc.clients.service import Access
from anmc.clients.transport import Transport
from anmc.errors import PhoneRejected
from anmc.rules.records import Campaign, Phone, Profile, SubscriberRow
from anmc.sync.ports import Gate, LookUp, Pages, Priority, RequestMeter

R = TypeVar("R")

INVALID_PHONE: Final = 5
"""Error of a number that is malformed, or that no profile has: the service does not tell them apart (contract 2)."""


@dataclass(frozen=True, slots=True)
class MobileCommonsAccount:
    """Which company is meant; `origin` has passed the allowed origins."""

    origin: Origin
    credentials: MobileCommonsCredentials
    secret_name: str
    company_key: str | None = None
    max_concurrent_requests: int = 50


class MobileCommonsClient:
    """Implements the port `MobileCommons` for one account.

    Every call may raise `AuthenticationFailed`, `RateLimited`, `ServiceUnavailable`, `ServiceRefused` and
    `Interrupted`; each names what else it raises, or means by one of these. Sections are of mobile-commons-api.md.
    """

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
            TRAITS,
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
        self._lists = ProfileLists(self._transport, self._company)

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

    def iter_profiles(
        self, *, updated_from: datetime | None, updated_until: datetime | None = None, first_page: int = 1
    ) -> Pages[Profile]:
        """Walk the profiles updated at or after an instant, or all of them (contract 4, 5, 6.6).

        `updated_until` ends the stretch and is part of it; profiles that change under the walk leave it.

        Profiles that cannot be parsed are `unreadable` on their page and raise nothing (sync.md W13).
        """
        return walk(self._lists.profiles(updated_from, updated_until), first_page=first_page)

    def iter_subscribers(
        self, campaign_id: str, *, changed_from: datetime | None, first_page: int = 1
    ) -> Pages[SubscriberRow]:
        """Walk the rows of a campaign that changed at or after an instant, or all of them (contract 4, 5, 6.5).

        Rows that cannot be parsed are `unreadable` on their page, by profile, and raise nothing (sync.md W13).
        """
        return walk(self._lists.subscribers(campaign_id, changed_from), first_page=first_page)

    async def find_profiles(self, phones: Collection[Phone], *, priority: Priority = Priority.DATA) -> LookUp:
        """Look up numbers in bulk (contract 6.6, U15); the answer is checked against the numbers again.

        Numbers whose profile cannot be parsed are `unreadable` and raise nothing.
        """
        return await self._lists.find(list(dict.fromkeys(phones)), priority)

    async def get_profile(self, phone: Phone, *, priority: Priority = Priority.DATA) -> Profile | None:
        """Read one profile by its number; None if no profile has it (contract 6.7).

        Raises:
            ServiceUnavailable: also if the answer is about another number.
        """
        query, read = {"phone_number": phone.digits}, answers.profile_reader(phone)
        try:
            return await self._read(Operation.GET_PROFILE, "profile", query, read, priority)
        except Rejected as rejected:
            if rejected.error_id == INVALID_PHONE:
                return None
            raise

    async def sample_profile(self) -> Profile | None:
        """Read any one profile, to see which custom columns exist (contract 6.6, 7).

        None if there is none, or if none of the first few can be parsed.
        """
        return await self._lists.sample()

    async def list_campaigns(self) -> list[Campaign]:
        """List every campaign with its opt-in paths (contract 6.1)."""
        return await self._read(
            Operation.LIST_CAMPAIGNS, "campaigns", {"include_opt_in_paths": "1"}, answers.read_campaigns
        )

    async def update_profile(self, phone: Phone, values: Mapping[str, str]) -> Profile:
        """Create or update a profile by its number, never with a path (contract 6.8, 9.4).

        `values` are texts by Mobile Commons field name. Repeated freely: doing it again changes nothing.

        Raises:
            PhoneRejected: the service does not take the number.
            FieldMappingInvalid: a column cannot be written under its name.
            ValueError: a name that is neither a standard field nor a column.
        """
        fields = parameters.profile_fields(values)
        return await self._write(Operation.UPDATE_PROFILE, "profile_update", phone, fields, Repeat.FREELY)

    async def opt_in(self, phone: Phone, path: str) -> Profile:
        """Use an opt-in path for a number; this may send a text and is never repeated blindly (contract 6.8, 9.4).

        Raises:
            PhoneRejected: the service does not take the number.
            OutcomeUnknown: sent, and the answer does not tell what came of it.
        """
        fields = {"opt_in_path_id": path}
        return await self._write(
            Operation.OPT_IN, "profile_update", phone, fields, Repeat.UNLESS_RECEIVED, priority=Priority.OPT_IN
        )

    async def opt_out(self, phone: Phone, *, campaign_id: str | None) -> Profile | None:
        """Opt a number out of one campaign, or of all; None if no profile has it (contract 6.9, 9.4).

        Repeated freely: doing it again changes nothing.
        """
        fields = {"campaign_id": campaign_id} if campaign_id else {}
        try:
            return await self._write(
                Operation.OPT_OUT, "profile_opt_out", phone, fields, Repeat.FREELY, priority=Priority.OPT_OUT
            )
        except PhoneRejected:
            return None

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
            error = PhoneRejected(f"{TRAITS.title} does not take a number ({operation})") if is_phone else rejected
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
