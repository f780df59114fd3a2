"""Both clients over HTTP against services that were written from the contracts, not from the clients."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import uvicorn
from starlette.applications import Starlette
from typing_extensions import override

from anmc.api.credentials import ActionNetworkCredentials, BasicLogin, BearerToken, MobileCommonsCredentials
from anmc.api.origins import Origin
from anmc.clients.action_network.client import ActionNetworkAccount, ActionNetworkClient
from anmc.clients.mobile_commons.client import MobileCommonsAccount, MobileCommonsClient
from anmc.clients.pacing.pacers import Pacers
from anmc.errors import AuthenticationFailed, OutcomeUnknown, PersonGone, PhoneRejected, ServiceRefused
from anmc.rules.decisions import NewPerson
from anmc.rules.records import PersonId, Phone
from anmc.sync.ports import LookUp
from anmc_simulators.action_network.app import create_app as create_action_network
from anmc_simulators.action_network.state import ActionNetwork, Group
from anmc_simulators.clock import Clock
from anmc_simulators.faults import Faults
from anmc_simulators.journal import Journal
from anmc_simulators.mobile_commons.app import create_app as create_mobile_commons
from anmc_simulators.mobile_commons.company import Company
from anmc_simulators.mobile_commons.records import Campaign, OptInPath, Source, User
from anmc_simulators.mobile_commons.state import MobileCommons

if TYPE_CHECKING:
    from clients.conftest import FakeClock, FakeMeter

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
KEY = "an-key-of-an-example-group"
TOKEN = "mc-token-of-an-example-user"
ADA = Phone("+12025550123")
BEN = Phone("+12025550124")
NOBODY = Phone("+12025550199")


class Server(uvicorn.Server):
    """A server that says when it listens and leaves the signals to pytest."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[Origin]:
    """Serve on a free loopback port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, lifespan="off", ws="none", date_header=False, log_config=None, access_log=False)
        server = Server(config)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[listener]))
            await server.listening.wait()
            try:
                yield Origin("http", "127.0.0.1", listener.getsockname()[1])
            finally:
                server.should_exit = True


def allow() -> None:
    """Pass the gate."""


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def service_clock() -> Clock:
    return Clock(lambda: NOW)


class TestMobileCommons:
    @pytest.fixture
    def service(self, service_clock: Clock, journal: Journal, faults: Faults) -> MobileCommons:
        return MobileCommons(service_clock, journal, faults=faults)

    @pytest.fixture
    def company(self, service: MobileCommons) -> Company:
        company = service.create_company(columns=["constituent_id", "Date of Birth"])
        tokens, login = frozenset({TOKEN}), "api@example.org"
        service.put_user(User(login, (company.key,), "AN Sync", login, password="pässword", tokens=tokens))
        return company

    @pytest.fixture
    def campaign(self, company: Company) -> Campaign:
        return company.add_campaign("General ")

    @pytest.fixture
    def path(self, company: Company, campaign: Campaign) -> OptInPath:
        return company.add_path(campaign, "Web")

    @pytest.fixture
    async def origin(self, service: MobileCommons) -> AsyncIterator[Origin]:
        async with serving(create_mobile_commons(service)) as origin:
            yield origin

    @pytest.fixture
    async def client(
        self, origin: Origin, company: Company, clock: "FakeClock", meter: "FakeMeter"
    ) -> AsyncIterator[MobileCommonsClient]:
        async with self.connect(origin, BearerToken(TOKEN), clock, meter, company_key=company.key) as client:
            yield client

    @staticmethod
    def connect(
        origin: Origin,
        credentials: MobileCommonsCredentials,
        clock: "FakeClock",
        meter: "FakeMeter",
        *,
        company_key: str | None = None,
    ) -> MobileCommonsClient:
        account = MobileCommonsAccount(origin, credentials, secret_name="mc", company_key=company_key)
        return MobileCommonsClient(account, pacers=Pacers(clock), gate=allow, meter=meter, clock=clock)

    async def test_a_window_is_read_to_its_end(self, client: MobileCommonsClient, company: Company) -> None:
        for number in range(1001):
            at = NOW - timedelta(days=30) if number == 500 else NOW
            company.add_profile(f"1202555{number:04}", source=Source("API"), at=at)

        pages = [page async for page in client.iter_profiles(updated_from=NOW - timedelta(minutes=5))]

        assert [(page.number, len(page.records)) for page in pages] == [(1, 1000), (2, 0)]
        assert {page.read_at for page in pages} == {NOW}

    async def test_a_profile_reads_as_it_was_written(self, client: MobileCommonsClient) -> None:
        written = await client.update_profile(
            ADA,
            {"first_name": "Zoë", "city": "Washington", "custom.constituent_id": "abc", "custom.Date of Birth": "x"},
        )
        read = await client.get_profile(ADA)

        assert read == written
        assert (read.number, read.updated_at, read.subscriptions) == (ADA.digits, NOW, ())
        assert read.values["first_name"] == "Zoë"
        assert read.values["custom.constituent_id"] == "abc"
        assert read.values["custom.Date of Birth"] == "x"
        assert read.values["last_name"] == ""

    async def test_an_update_sends_no_text(
        self, client: MobileCommonsClient, path: OptInPath, journal: Journal
    ) -> None:
        await client.update_profile(ADA, {"first_name": "Ada"})

        assert path.welcome_text
        assert journal.texts == []

    async def test_an_opt_in_sends_one_text_and_a_second_one_none(
        self, client: MobileCommonsClient, campaign: Campaign, path: OptInPath, journal: Journal
    ) -> None:
        first = await client.opt_in(ADA, path.id)
        second = await client.opt_in(ADA, path.id)

        assert [s.status for s in first.subscriptions] == ["Active"]
        assert first.subscriptions[0].campaign_id == campaign.id
        assert first.subscriptions[0].opt_in_path_id == path.id
        assert second.subscriptions == first.subscriptions
        assert [text.phone for text in journal.texts] == [ADA.digits]

    async def test_an_unknown_path_is_refused(
        self, client: MobileCommonsClient, campaign: Campaign, journal: Journal
    ) -> None:
        with pytest.raises(ServiceRefused):
            await client.opt_in(ADA, f"9{campaign.id}")

        assert journal.texts == []

    @pytest.mark.parametrize("everywhere", [pytest.param(True, id="all"), pytest.param(False, id="one")])
    async def test_an_opt_out_ends_the_membership(
        self, *, everywhere: bool, client: MobileCommonsClient, campaign: Campaign, path: OptInPath
    ) -> None:
        await client.opt_in(ADA, path.id)

        profile = await client.opt_out(ADA, campaign_id=None if everywhere else campaign.id)

        assert profile is not None
        assert [(s.status, s.opted_out_at) for s in profile.subscriptions] == [("Opted-Out", NOW)]
        assert (profile.opted_out_at is not None) is everywhere

    async def test_a_number_without_a_profile_is_nobody(self, client: MobileCommonsClient) -> None:
        assert await client.get_profile(NOBODY) is None
        assert await client.opt_out(NOBODY, campaign_id=None) is None
        assert await client.find_profiles([NOBODY]) == LookUp()
        assert await client.sample_profile() is None

    async def test_a_number_that_cannot_be_is_rejected(self, client: MobileCommonsClient) -> None:
        with pytest.raises(PhoneRejected):
            await client.update_profile(Phone("+1"), {"first_name": "Ada"})

    async def test_numbers_are_found_in_bulk(
        self, client: MobileCommonsClient, company: Company, journal: Journal
    ) -> None:
        phones = [Phone(f"+1202555{number:04}") for number in range(60)]
        for phone in phones[:55]:
            company.add_profile(phone.digits, source=Source("API"))

        found = await client.find_profiles(phones)

        assert sorted(profile.number for profile in found.profiles) == [phone.digits for phone in phones[:55]]
        assert journal.calls["mobile-commons", "find_profiles"] == 2

    async def test_subscribers_show_who_joined_and_who_left(
        self, client: MobileCommonsClient, service: MobileCommons, company: Company, campaign: Campaign
    ) -> None:
        service.text_keyword(company, ADA.digits, campaign.id)
        service.text_keyword(company, BEN.digits, campaign.id)
        service.text_stop(BEN.digits)

        pages = [page async for page in client.iter_subscribers(campaign.id, changed_from=NOW - timedelta(hours=1))]

        assert [(row.number, row.activated_at, row.opted_out_at) for page in pages for row in page.records] == [
            (ADA.digits, NOW, None),
            (BEN.digits, NOW, NOW),
        ]
        assert len(pages) == 2

    async def test_campaigns_come_with_their_paths(
        self, client: MobileCommonsClient, campaign: Campaign, path: OptInPath
    ) -> None:
        (found,) = await client.list_campaigns()

        assert (found.id, found.is_active, found.opt_in_paths) == (campaign.id, True, frozenset({path.id}))

    async def test_a_wrong_token_is_refused(
        self, origin: Origin, company: Company, clock: "FakeClock", meter: "FakeMeter"
    ) -> None:
        async with self.connect(origin, BearerToken("revoked"), clock, meter, company_key=company.key) as client:
            with pytest.raises(AuthenticationFailed, match=r'the token in Secret "mc" \(401\)'):
                await client.list_campaigns()

    async def test_a_login_does_as_well_as_a_token(
        self, origin: Origin, company: Company, clock: "FakeClock", meter: "FakeMeter"
    ) -> None:
        login = BasicLogin("api@example.org", "pässword")
        async with self.connect(origin, login, clock, meter) as client:
            assert await client.list_campaigns() == []
        assert company.campaigns == {}

    async def test_an_outage_is_survived(
        self, client: MobileCommonsClient, faults: Faults, meter: "FakeMeter", campaign: Campaign
    ) -> None:
        faults.set("mobile-commons", "list_campaigns", status=503, times=2)

        assert [found.id for found in await client.list_campaigns()] == [campaign.id]
        assert meter.codes == ["503", "503", "200"]

    async def test_an_opt_in_that_fails_on_the_way_is_asked_for_once(
        self, client: MobileCommonsClient, faults: Faults, path: OptInPath, journal: Journal
    ) -> None:
        faults.set("mobile-commons", "opt_in", status=500, times=1)

        with pytest.raises(OutcomeUnknown):
            await client.opt_in(ADA, path.id)

        assert journal.calls["mobile-commons", "opt_in"] == 1


class TestActionNetwork:
    @pytest.fixture
    def service(self, service_clock: Clock, journal: Journal, faults: Faults) -> ActionNetwork:
        return ActionNetwork(service_clock, journal, faults=faults, lag=timedelta())

    @pytest.fixture
    def group(self, service: ActionNetwork) -> Group:
        return service.add_group(KEY, custom_fields=["sms_opt_in", "team"])

    @pytest.fixture
    async def origin(self, service: ActionNetwork) -> AsyncIterator[Origin]:
        async with serving(create_action_network(service)) as origin:
            yield origin

    @pytest.fixture
    async def client(
        self, origin: Origin, group: Group, clock: "FakeClock", meter: "FakeMeter"
    ) -> AsyncIterator[ActionNetworkClient]:
        assert group.custom_fields
        async with self.connect(origin, KEY, clock, meter) as client:
            yield client

    @staticmethod
    def connect(origin: Origin, key: str, clock: "FakeClock", meter: "FakeMeter") -> ActionNetworkClient:
        account = ActionNetworkAccount(origin, ActionNetworkCredentials(key), secret_name="an")
        return ActionNetworkClient(account, pacers=Pacers(clock), gate=allow, meter=meter, clock=clock)

    @staticmethod
    def ada(**values: str) -> NewPerson:
        wanted = {"given_name": "Zoë", "custom_fields.sms_opt_in": "1", **values}
        return NewPerson(digits=ADA.digits, email="o'ada+sms@example.org", values=wanted, source_code="Mobile Commons")

    async def test_a_created_person_reads_as_wished_and_consents_to_nothing_else(
        self, client: ActionNetworkClient, group: Group
    ) -> None:
        created = await client.create_person(self.ada(address_line_1="1 Sample St", locality="Chicago", country="US"))

        (stored,) = list(group)
        assert created == await client.get_person(created.id)
        assert (created.number, created.sms_status, stored.email_status) == (ADA.digits, "unsubscribed", "unsubscribed")
        assert created.values["given_name"] == "Zoë"
        assert created.values["address_line_1"] == "1 Sample St"
        assert created.values["custom_fields.sms_opt_in"] == "1"
        assert "family_name" not in created.values

    async def test_people_are_found_by_number_and_by_address(
        self, client: ActionNetworkClient, service_clock: Clock
    ) -> None:
        created = await client.create_person(self.ada())
        service_clock.advance(timedelta(minutes=1))  # the search for addresses trails the writes

        by_phone = await client.find_people_by_phone(ADA)
        by_email = await client.find_people_by_email("O'Ada+SMS@example.org")

        assert by_phone == by_email == [created]
        assert await client.find_people_by_phone(NOBODY) == []
        assert await client.find_people_by_email("nobody@example.org") == []

    async def test_an_update_changes_what_it_names_and_nothing_else(self, client: ActionNetworkClient) -> None:
        created = await client.create_person(self.ada())

        updated = await client.update_person(created.id, {"custom_fields.sms_opt_in": "0"})

        assert updated.values == {**created.values, "custom_fields.sms_opt_in": "0"}
        assert (updated.number, updated.sms_status) == (created.number, created.sms_status)

    async def test_a_number_can_be_added(self, client: ActionNetworkClient) -> None:
        created = await client.create_person(
            NewPerson(digits=None, email="ben@example.org", values={}, source_code="Mobile Commons")
        )

        updated = await client.update_person(created.id, {"phone_number": BEN.digits})

        assert created.number is None
        assert (updated.number, updated.sms_status) == (BEN.digits, "unsubscribed")

    async def test_an_address_can_be_added_without_consent(self, client: ActionNetworkClient, group: Group) -> None:
        created = await client.create_person(
            NewPerson(digits=BEN.digits, email=None, values={}, source_code="Mobile Commons")
        )

        updated = await client.update_person(created.id, {"email_address": "ben@example.org"})

        (stored,) = list(group)
        assert updated.values["email_address"] == "ben@example.org"
        assert stored.email_status == "unsubscribed"

    async def test_one_address_line_leaves_the_other(self, client: ActionNetworkClient) -> None:
        lines = {"address_line_1": "1 Sample St", "address_line_2": "Apt 2", "country": "US"}
        created = await client.create_person(self.ada(**lines))

        updated = await client.update_person(created.id, {"address_line_1": "3 New St", "country": "US"})

        assert [updated.values[f"address_line_{n}"] for n in (1, 2)] == ["3 New St", "Apt 2"]

    async def test_a_window_is_read_to_its_end(
        self, client: ActionNetworkClient, group: Group, service_clock: Clock, journal: Journal
    ) -> None:
        group.put(group.draft(created=NOW - timedelta(days=30)))
        for _ in range(26):
            group.put(group.draft())

        pages = [page async for page in client.iter_people(modified_after=NOW - timedelta(seconds=1))]

        assert [(page.number, len(page.records)) for page in pages] == [(1, 25), (2, 1), (3, 0)]
        assert {page.read_at for page in pages} == {service_clock.now()}
        assert journal.calls["action-network", "list_people"] == 3

    async def test_somebody_unknown_is_gone(self, client: ActionNetworkClient) -> None:
        unknown = PersonId("00000000-0000-4000-8000-000000000000")

        with pytest.raises(PersonGone):
            await client.get_person(unknown)
        with pytest.raises(PersonGone):
            await client.update_person(unknown, {"custom_fields.sms_opt_in": "0"})

    async def test_custom_fields_are_listed(self, client: ActionNetworkClient) -> None:
        assert await client.list_custom_fields() == {"sms_opt_in", "team"}

    async def test_a_wrong_key_is_refused_and_not_repeated(
        self, origin: Origin, clock: "FakeClock", meter: "FakeMeter"
    ) -> None:
        async with self.connect(origin, "revoked-key", clock, meter) as client:
            with pytest.raises(AuthenticationFailed, match=r'the key in Secret "an" \(403\)') as caught:
                await client.list_custom_fields()

        assert "revoked-key" not in caught.value.sentence
        assert meter.codes == ["403"]

    async def test_an_update_that_fails_on_the_way_is_done_at_the_second_try(
        self, client: ActionNetworkClient, faults: Faults, journal: Journal
    ) -> None:
        created = await client.create_person(self.ada())
        faults.set("action-network", "update_person", status=500, times=1)

        updated = await client.update_person(created.id, {"custom_fields.sms_opt_in": "0"})

        assert updated.values["custom_fields.sms_opt_in"] == "0"
        assert journal.calls["action-network", "update_person"] == 2
        assert updated.values["email_address"] == created.values["email_address"]

    async def test_a_creation_that_fails_on_the_way_creates_nobody_twice(
        self, client: ActionNetworkClient, faults: Faults, journal: Journal, group: Group
    ) -> None:
        faults.set("action-network", "create_person", status=502, times=1)

        with pytest.raises(OutcomeUnknown):
            await client.create_person(self.ada())

        assert journal.calls["action-network", "create_person"] == 1
        assert len(group) == 0
