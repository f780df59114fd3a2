"""The operator's own clients, with the pacing that the operator gives them."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from anmc.api.credentials import ActionNetworkCredentials, BearerToken
from anmc.api.origins import Origin
from anmc.clients.action_network.client import ActionNetworkAccount, ActionNetworkClient
from anmc.clients.clock import SystemClock
from anmc.clients.mobile_commons.client import MobileCommonsAccount, MobileCommonsClient
from anmc.clients.pacing.pacers import Pacers
from anmc.rules.records import Phone
from anmc.sync.ports import Service
from bench.clients.work import FIRST_NAME, Work
from support.simulators import Account

LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Before every change of the invented people."""


class Ours:
    """Both clients; `concurrency` is the most writes in flight, which pacing finds its way to."""

    name = "anmc"

    def __init__(self, account: Account, *, concurrency: int) -> None:
        self._list = ActionNetworkAccount(
            _origin(account.simulators.action_network), ActionNetworkCredentials(account.key), secret_name="bench"
        )
        self._company = MobileCommonsAccount(
            _origin(account.simulators.mobile_commons),
            BearerToken(account.token),
            secret_name="bench",
            company_key=account.company,
            max_concurrent_requests=concurrency,
        )

    def read_people(self) -> Work:
        """Walk the list."""
        return asyncio.run(self._read_people())

    def update_profiles(self, phones: Sequence[str]) -> Work:
        """Ask for more updates at a time than may be in flight, as a run does; pacing decides how many go out."""
        return asyncio.run(self._update_profiles(phones))

    async def _read_people(self) -> Work:
        clock, people = SystemClock(), set()
        began = time.perf_counter()
        async with ActionNetworkClient(
            self._list, pacers=Pacers(clock), gate=_open, meter=_NoMeter(), clock=clock
        ) as client:
            async for page in client.iter_people(modified_after=LONG_AGO):
                people |= {person.id for person in page.records}
        return Work(len(people), time.perf_counter() - began)

    async def _update_profiles(self, phones: Sequence[str]) -> Work:
        clock, fields = SystemClock(), {"first_name": FIRST_NAME}
        waiting, updated = iter(phones), set()
        began = time.perf_counter()
        async with MobileCommonsClient(
            self._company, pacers=Pacers(clock), gate=_open, meter=_NoMeter(), clock=clock
        ) as client:

            async def update() -> None:
                for phone in waiting:
                    profile = await client.update_profile(Phone(f"+{phone}"), fields)
                    updated.add(profile.number)

            async with asyncio.TaskGroup() as tasks:
                for _ in range(2 * self._company.max_concurrent_requests):
                    tasks.create_task(update())
        return Work(len(updated), time.perf_counter() - began)


class _NoMeter:
    """Takes what clients report and keeps nothing of it: the simulators count."""

    def sent(self, service: Service, operation: str) -> None: ...

    def answered(self, service: Service, operation: str, *, code: str, seconds: float) -> None: ...

    def retried(self, service: Service, reason: str) -> None: ...

    def waited(self, service: Service, cause: str, seconds: float) -> None: ...


def _open() -> None:
    """Be the gate of a process that may always send."""


def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return Origin(parts.scheme, parts.hostname, parts.port)
