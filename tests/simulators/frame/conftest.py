"""Both services on real ports, with an account on each side, in a real time that only the test moves."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from lxml import etree
from starlette.applications import Starlette

from anmc_simulators.clock import Clock
from anmc_simulators.mobile_commons.company import Company
from anmc_simulators.mobile_commons.records import User
from anmc_simulators.server import connections, create_apps
from anmc_simulators.simulation import Simulation

NOW = datetime(2026, 1, 31, 9, 8, 7, tzinfo=UTC)
KEY = "an-key"
TOKEN = "mc-token"
LOGIN = "sync@example.org"

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Spares each client the reading of all certificates of the machine."""


@dataclass
class FakeTime:
    """Real time that stands still but for sleeping, or in which nobody who sleeps wakes up."""

    seconds: float = 1000.0
    stands_still: bool = False
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float, *, until: asyncio.Event) -> None:
        self.slept.append(seconds)
        if self.stands_still:
            await until.wait()
        else:
            self.seconds += seconds


@dataclass
class Services:
    """Clients of both services with valid credentials, and of the control API."""

    simulation: Simulation
    time: FakeTime
    company: Company
    action_network: httpx.AsyncClient
    mobile_commons: httpx.AsyncClient
    control: httpx.AsyncClient

    async def order(self, fault: str, service: str = "action-network", **members: Any) -> None:
        """Order a fault through the control API."""
        answer = await self.control.post("/faults", json={"fault": fault, "service": service, **members})
        assert answer.status_code == 200, answer.text

    def add_people(self, count: int) -> list[str]:
        """Put people on both sides; returns their ids in Action Network, in the order of the list."""
        group, ids = self.simulation.action_network.groups[KEY], []
        for number in range(count):
            person = group.draft(created=NOW - timedelta(days=1))
            group.put_settled(person)
            ids.append(person.id)
            self.simulation.mobile_commons.text_keyword(self.company, f"1202555{number:04d}", self.campaign_id)
        return ids

    @property
    def campaign_id(self) -> str:
        return next(iter(self.company.campaigns))

    async def people(self, page: int = 1, **query: str | int) -> dict[str, Any]:
        """Return a page of people."""
        answer = await self.action_network.get("/people", params={"page": page, **query})
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    async def people_ids(self, page: int = 1, **query: str | int) -> list[str]:
        """Return the ids on a page of people."""
        document = await self.people(page, **query)
        return [one["identifiers"][0].partition(":")[2] for one in document["_embedded"]["osdi:people"]]

    async def profiles(self, page: int = 1, limit: int = 10) -> Any:
        """Return the `profiles` element of a page."""
        answer = await self.mobile_commons.get("/profiles", params={"page": page, "limit": limit})
        assert answer.status_code == 200, answer.text
        return etree.fromstring(answer.content)[0]

    async def numbers(self, page: int = 1, limit: int = 10) -> list[str]:
        """Return the numbers on a page of profiles."""
        return [str(text) for text in (await self.profiles(page, limit)).xpath("profile/phone_number/text()")]


@pytest.fixture
async def services() -> AsyncIterator[Services]:
    time = FakeTime()
    simulation = Simulation(clock=Clock(lambda: NOW), lag=timedelta(), real_time=time)
    company = simulation.mobile_commons.create_company()
    company.add_path(company.add_campaign("General"), "Web")
    simulation.mobile_commons.put_user(User(LOGIN, (company.key,), "Sync", LOGIN, tokens=frozenset({TOKEN})))
    simulation.action_network.add_group(KEY, custom_fields=["sms_opt_in"])
    async with contextlib.AsyncExitStack() as stack:
        urls = {
            name: await stack.enter_async_context(_serving(app, time)) for name, app in create_apps(simulation).items()
        }
        network, commons, control = [
            await stack.enter_async_context(httpx.AsyncClient(base_url=url, headers=headers, verify=NO_TLS))
            for url, headers in (
                (f"{urls['action_network']}/api/v2", {"OSDI-API-Token": KEY}),
                (f"{urls['mobile_commons']}/api", {"Authorization": f"Bearer {TOKEN}"}),
                (f"{urls['mobile_commons']}/_sim", {}),
            )
        ]
        yield Services(simulation, time, company, network, commons, control)
        simulation.traffic.patience.close()


@contextlib.asynccontextmanager
async def _serving(app: Starlette, time: FakeTime) -> AsyncIterator[str]:
    config = uvicorn.Config(
        app, http=connections(time), lifespan="off", ws="none", date_header=False, log_config=None, access_log=False
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        # Without uvicorn's own loop, which looks every tenth of a second whether it is to end.
        await server.startup(sockets=[listener])
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            for one in server.servers:
                one.close()
                await one.wait_closed()
