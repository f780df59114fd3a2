"""A company with one campaign, its paths, an API user, all in a time that stands still."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from lxml import etree

from anmc_simulators.clock import Clock
from anmc_simulators.faults import Faults
from anmc_simulators.journal import Journal
from anmc_simulators.mobile_commons.app import create_app
from anmc_simulators.mobile_commons.company import Company
from anmc_simulators.mobile_commons.records import Campaign, OptInPath, Profile, Source, User
from anmc_simulators.mobile_commons.state import MobileCommons

START = datetime(2025, 3, 1, 10, 0, 0, tzinfo=UTC)
TOKEN = "invented-token"
ADA = "12025550123"


@dataclass(frozen=True, slots=True)
class Account:
    service: MobileCommons
    company: Company
    campaign: Campaign
    path: OptInPath
    careful_path: OptInPath

    @property
    def journal(self) -> Journal:
        return self.service.journal

    @property
    def faults(self) -> Faults:
        return self.service.faults

    def wait(self, **duration: float) -> None:
        self.service.clock.advance(timedelta(**duration))

    def person(self, phone: str = ADA, **values: str) -> Profile:
        source = Source("API", "Somebody else", "somebody@example.org")
        return self.company.add_profile(phone, source=source, values=values)

    def member(self, phone: str = ADA, **values: str) -> Profile:
        profile = self.person(phone, **values)
        self.company.subscribe(profile, self.campaign, source="JOIN")
        return profile


@dataclass(frozen=True, slots=True)
class Wire:
    """A client with the token of the API user; a dictionary goes out as a form."""

    http: httpx.AsyncClient

    async def get(self, endpoint: str, **parameters: str | int) -> Any:
        return _read(await self.http.get(f"/api/{endpoint}", params=parameters))

    async def post(self, endpoint: str, **form: str) -> Any:
        return _read(await self.http.post(f"/api/{endpoint}", data=form))

    async def window(self, **bounds: str) -> list[str]:
        """Return the numbers of the profiles in a window of `updated_at`."""
        found = await self.get("profiles", **bounds)
        return [str(number) for number in found.xpath("//profile/phone_number/text()")]


def _read(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    assert answer.text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<response success="')
    return etree.fromstring(answer.content)


@pytest.fixture
def account() -> Account:
    service = MobileCommons(Clock(lambda: START), Journal())
    company = service.create_company(columns=["an_person_id", "Date of Birth"])
    campaign = company.add_campaign("General", keyword="JOIN")
    path = company.add_path(campaign, "CRM sync")
    careful_path = company.add_path(campaign, "Asks first", double_opt_in=True)
    service.put_user(
        User(
            login="an-sync@example.org",
            companies=(company.key,),
            name="AN Sync",
            email="an-sync@example.org",
            password="invented-password",
            tokens=frozenset({TOKEN}),
        )
    )
    return Account(service, company, campaign, path, careful_path)


@pytest.fixture
async def wire(account: Account) -> AsyncIterator[Wire]:
    transport = httpx.ASGITransport(create_app(account.service))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://simulator", headers=headers) as http:
        yield Wire(http)
