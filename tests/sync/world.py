"""A small world: both simulated services with a few acts of people, the real clients, the real store, the runs."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
from starlette.types import ASGIApp
from typing_extensions import override

from anmc.api.credentials import ActionNetworkCredentials, BearerToken
from anmc.api.names import Direction, Trigger
from anmc.api.origins import Origin
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.clients.action_network.client import ActionNetworkAccount, ActionNetworkClient
from anmc.clients.connections import Connections
from anmc.clients.mobile_commons.client import MobileCommonsAccount, MobileCommonsClient
from anmc.clients.pacing.pacers import Pacers
from anmc.errors import Interrupted
from anmc.rules.hashing import Hasher
from anmc.rules.policy import Policy
from anmc.rules.records import PersonId, Phone, ProfileId
from anmc.rules.remembered import PersonSeen, ProfileSeen, Suppression
from anmc.rules.send_window import SendWindow
from anmc.store.memory import SqlMemory
from anmc.store.store import Store, StoreScope
from anmc.sync.ports import Positions, Service
from anmc.sync.pull import pull
from anmc.sync.push import push
from anmc.sync.run import RunContext, RunEnd, RunOrder
from anmc.sync.tally import Tally
from anmc_simulators.action_network.app import create_app as create_action_network
from anmc_simulators.action_network.filters import Filter
from anmc_simulators.action_network.person import UNSUBSCRIBED, Field, Person
from anmc_simulators.action_network.state import Group
from anmc_simulators.clock import Clock
from anmc_simulators.journal import Request
from anmc_simulators.mobile_commons.app import create_app as create_mobile_commons
from anmc_simulators.mobile_commons.records import Profile, Source, User
from anmc_simulators.simulation import Simulation

START: Final = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
"""Eleven in the morning in New York, inside the default send window."""

KEY: Final = "an-key-of-an-example-group"
TOKEN: Final = "mc-token-of-an-example-user"
COMMONS: Final = Origin("http", "mobile-commons.example.org", 80)
NETWORK: Final = Origin("http", "action-network.example.org", 80)

FIELD: Final = "sms_opt_in"
COLUMN: Final = "constituent_id"

ADA: Final = "12025550123"
BEN: Final = "12025550124"
CAI: Final = "12025550125"
DEE: Final = "12025550126"

WRITES: Final = frozenset({"update_profile", "opt_in", "opt_out", "create_person", "update_person"})
"""Operations of the journal that change a service."""

Row = tuple[str, str]


class FakeClock:
    """One clock for services, clients and runs, unless a world is skewed; only waiting and tests move it."""

    def __init__(self) -> None:
        self.time = START
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds  # not through a timedelta, which drops what is left below a microsecond
        self.time += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def advance(self, by: timedelta) -> None:
        self.seconds += by.total_seconds()
        self.time += by


class SilentMeter:
    """Takes what clients report."""

    def sent(self, service: Service, operation: str) -> None: ...

    def answered(self, service: Service, operation: str, *, code: str, seconds: float) -> None: ...

    def retried(self, service: Service, reason: str) -> None: ...

    def waited(self, service: Service, cause: str, seconds: float) -> None: ...


class Killed(Exception):
    """The process died."""


class Wire(httpx.AsyncBaseTransport):
    """The way to both services, which a test can cut after a request was handled.

    `dies_after` and `refuses_from` count the requests to both services from 1; `before_request` sees each of them.
    """

    def __init__(self, services: Mapping[str, ASGIApp]) -> None:
        self._services = {host: httpx.ASGITransport(service) for host, service in services.items()}
        self.requests = 0
        self.dies_after: int | None = None
        self.refuses_from: int | None = None
        self.loses_answer: Callable[[httpx.Request], bool] = lambda _request: False
        self.before_request: Callable[[httpx.Request], None] = lambda _request: None

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        number = self.requests
        self.before_request(request)
        if self.refuses_from is not None and number >= self.refuses_from:
            return httpx.Response(401)
        response = await self._services[request.url.host].handle_async_request(request)
        await asyncio.sleep(0)  # answers are under way together: when one of them kills, the others were handled too
        if self.dies_after is not None and number >= self.dies_after:
            raise Killed
        if self.loses_answer(request):
            raise httpx.ReadTimeout("no answer came")
        return response


@dataclass
class FakeProgress:
    """Lets a run go on until it has seen so many pages."""

    pages_left: int | None = None
    claims: int = 0
    pages: list[int] = field(default_factory=list)
    between_pages: Callable[[], Any] | None = None

    async def claim(self) -> None:
        self.claims += 1

    async def page_done(self, records_read: int) -> None:
        self.pages.append(records_read)
        if self.pages_left is not None and len(self.pages) >= self.pages_left:
            raise Interrupted("The test ends the run here")
        if self.between_pages is not None:
            await self.between_pages()


class World:
    """Everything a run meets: two empty services, and the store."""

    def __init__(self, store: Store) -> None:
        self.clock = FakeClock()
        self.skew = timedelta()
        """How far the clocks of both services are ahead of ours."""
        self.simulation = Simulation(clock=Clock(lambda: self.clock.now() + self.skew), lag=timedelta())
        self.company = self.simulation.mobile_commons.create_company(columns=[COLUMN, "team"])
        self.campaign = self.company.add_campaign("General")
        self.path = self.company.add_path(self.campaign, "Action Network")
        user = User("sync@example.org", (self.company.key,), "Sync", "sync@example.org", tokens=frozenset({TOKEN}))
        self.simulation.mobile_commons.put_user(user)
        self.group = self.simulation.action_network.add_group(KEY, custom_fields=[FIELD, "team"])
        self.journal = self.simulation.journal
        self.faults = self.simulation.faults
        self.wire = Wire(
            {
                COMMONS.host: create_mobile_commons(self.simulation.mobile_commons),
                NETWORK.host: create_action_network(self.simulation.action_network),
            }
        )
        self.hasher = Hasher(store.hash_key)
        self._store = store
        self.memory: SqlMemory = store.memory(StoreScope("uid-1", "mc.example.org/acme/all"))
        self.progress = FakeProgress()
        self.gate: Callable[[], None] = lambda: None
        self.last: RunContext | None = None
        self.missing: frozenset[str] = frozenset()
        """Mapped API field names that the last verification has not found."""
        self.spec: dict[str, Any] = {
            "active": True,
            "mobileCommons": {
                "credentialsSecretRef": {"name": "mc"},
                "optInPath": self.path.id,
            },
            "actionNetwork": {
                "credentialsSecretRef": {"name": "an"},
                "optInField": FIELD,
            },
        }
        self._runs = 0
        self.opens_services()

    def opens_services(self, connections: Connections | None = None) -> None:
        """Open both services anew, as each turn of an integration does."""
        self.mobile_commons = MobileCommonsClient(
            MobileCommonsAccount(COMMONS, BearerToken(TOKEN), "mc", company_key=self.company.key),
            pacers=Pacers(self.clock),
            gate=self._ask_gate,
            meter=SilentMeter(),
            clock=self.clock,
            connections=connections or Connections(self.wire),
        )
        self.action_network = ActionNetworkClient(
            ActionNetworkAccount(NETWORK, ActionNetworkCredentials(KEY), "an"),
            pacers=Pacers(self.clock),
            gate=self._ask_gate,
            meter=SilentMeter(),
            clock=self.clock,
            connections=connections or Connections(self.wire),
        )

    def _ask_gate(self) -> None:
        self.gate()

    # What people do.

    def joins(self, phone: str) -> Profile:
        """Text the keyword."""
        return self.simulation.mobile_commons.text_keyword(self.company, phone, self.campaign.id)

    def leaves(self, phone: str) -> Profile:
        """Text STOP."""
        return self.simulation.mobile_commons.text_stop(phone)

    def adds_profile(self, phone: str, *, days_ago: int = 0, **values: str) -> Profile:
        """Create a profile without a subscription."""
        at = self.simulation.clock.now() - timedelta(days=days_ago)
        return self.company.add_profile(phone, source=Source("Web"), values=values, at=at)

    def edits_profile(self, phone: str, **values: str) -> None:
        """Change a profile by hand in Mobile Commons."""
        self.simulation.mobile_commons.edit_profile(phone, values)

    def adds_person(
        self,
        phone: str = "",
        wish: str | None = "1",
        *,
        email: str = "",
        days_ago: int = 0,
        sms_status: str = UNSUBSCRIBED,
        given_name: str = "",
        family_name: str = "",
    ) -> PersonId:
        """Put a person on the list, long enough ago for every filter to know."""
        person = self.group.draft(created=self.simulation.clock.now() - timedelta(days=days_ago))
        fields = {} if wish is None else {FIELD: wish}
        self.group.put_settled(
            replace(
                person,
                phone=phone,
                email=email,
                sms_status=sms_status,
                given_name=given_name,
                family_name=family_name,
                custom_fields=fields,
            )
        )
        return PersonId(person.id)

    def adds_holder(self, phone: str, wish: str | None = "1") -> PersonId:
        """Put one more holder of a number on the list, which the simulated service by itself never does."""
        vars(self.group)["_check_unique"] = lambda _person: None
        vars(self.group)["page"] = self._page_with_all_holders
        return self.adds_person(phone, wish)

    def adds_crowd(self, size: int = 51) -> list[str]:
        """Put people on the list, by default three pages of them; return the numbers of every tenth, who ticked."""
        phones = [f"1202555{number:04}" for number in range(100, 100 + size)]
        ticked = phones[::10]
        for phone in phones:
            self.adds_person(phone, "1" if phone in ticked else "0")
        return ticked

    def _page_with_all_holders(self, wanted: Filter, *, page: int, size: int) -> list[Person]:
        numbers = [clause.value for clause in wanted if clause.field is Field.PHONE_NUMBER]
        if not numbers:
            return Group.page(self.group, wanted, page=page, size=size)
        return [person for person in self.group if person.phone in numbers] if page == 1 else []

    def edits_person(self, person_id: str, **changes: Any) -> None:
        """Change a person by hand in Action Network."""
        self.group.put(replace(self.person(person_id), **changes))

    def edits_person_unseen(self, person_id: str, **changes: Any) -> None:
        """Change a person in a way that does not move the date of modification."""
        self.group.put_settled(replace(self.person(person_id), **changes))

    def moves_to_the_end(self, person_id: str) -> None:
        """Touch a person in a way that puts it on the last page, where a walk under way meets it again."""
        person = self.person(person_id)
        self.group.remove(person)
        position = self.group.draft().position
        self.group.put_settled(replace(person, position=position, modified=self.simulation.clock.now()))

    def ticks(self, person_id: str) -> None:
        """Tick the box."""
        self.group.tick(self.person(person_id), FIELD)

    def unticks(self, person_id: str) -> None:
        """Untick the box."""
        self.group.untick(self.person(person_id), FIELD)

    def writes_wish(self, person_id: str, text: str) -> None:
        """Write any text into the box's field."""
        person = self.person(person_id)
        self.group.put(replace(person, custom_fields={**person.custom_fields, FIELD: text}))

    def waits(self, **by: float) -> None:
        """Let time pass, in the words of `timedelta`."""
        self.clock.advance(timedelta(**by))

    def replaces_integration(self) -> None:
        """Delete the integration and make another for the same accounts: it knows their ledger, and nobody."""
        self.memory = self._store.memory(StoreScope("uid-2", "mc.example.org/acme/all"))

    # What there is to see.

    def person(self, person_id: str) -> Person:
        person = self.group.with_id(person_id)
        assert person is not None
        return person

    def people(self) -> list[Person]:
        return list(self.group)

    def wish(self, person_id: str) -> str | None:
        return self.person(person_id).custom_fields.get(FIELD)

    def profile(self, phone: str) -> Profile:
        return self.company.profiles[phone]

    def column(self, phone: str) -> str | None:
        column = self.profile(phone).columns.get(COLUMN)
        return column.text if column else None

    def statuses(self, phone: str) -> list[str]:
        return [subscription.status for subscription in self.profile(phone).subscriptions.values()]

    @property
    def texted(self) -> list[str]:
        """The numbers that got a text, once for each."""
        return sorted(text.phone for text in self.journal.texts)

    @property
    def writes(self) -> list[str]:
        """The write operations that arrived, in order."""
        return [request.operation for request in self.journal.requests if request.operation in WRITES]

    def calls(self, operation: str) -> list[Request]:
        return [request for request in self.journal.requests if request.operation == operation]

    async def seen_person(self, person_id: str) -> PersonSeen | None:
        return (await self.memory.recall(people=[PersonId(person_id)])).people.get(PersonId(person_id))

    async def seen_profile(self, phone: str) -> ProfileSeen | None:
        profile_id = ProfileId(self.profile(phone).id)
        return (await self.memory.recall(profiles=[profile_id])).profiles.get(profile_id)

    async def suppression(self, phone: str) -> Suppression | None:
        number = self.hasher.number(Phone(f"+{phone}"))
        return (await self.memory.recall(numbers=[number])).suppressions.get(number)

    async def positions(self, direction: Direction) -> Positions:
        return await self.memory.positions(direction)

    async def queue(self) -> list[str]:
        """Who waits for an opt-in call, due or not."""
        far = self.clock.now() + timedelta(days=400)
        return [entry.person_id for entry in await self.memory.queued_opt_ins(due=far, limit=10_000)]

    # What the operator does.

    async def push(self, **order: Any) -> RunEnd:
        """Run a push; keywords are fields of the order."""
        return await push(await self.context(Direction.PUSH, **order))

    async def pull(self, **order: Any) -> RunEnd:
        """Run a pull; keywords are fields of the order."""
        return await pull(await self.context(Direction.PULL, **order))

    async def context(self, direction: Direction, **order: Any) -> RunContext:
        """Make what a run works with, as the controller does; the last one stays at hand."""
        spec = self.read_spec()
        self._runs += 1
        now = self.clock.now().replace(microsecond=0)
        ordered = RunOrder(
            **{
                "id": f"{direction.lower()}-{self._runs}",
                "direction": direction,
                "trigger": Trigger.SCHEDULE,
                "mode": spec.push.mode if direction is Direction.PUSH else spec.pull.mode,
                "generation": 1,
                "started_at": now,
                "active_since": START,
                "lookback": spec.pull.lookback,
                "initial_sync": spec.initial_sync,
                "max_opt_ins_per_day": spec.consent.max_opt_ins_per_day,
                "max_failure_percent": spec.safety.max_failure_percent,
                "max_opt_out_percent": spec.safety.max_opt_out_percent,
                "max_creates": spec.safety.max_creates_per_run,
                **order,
            }
        ).resume((await self.memory.positions(direction)).checkpoint)
        self.last = RunContext(
            order=ordered,
            policy=Policy.of(
                spec,
                target=self.campaign.id if spec.mobile_commons.opt_in_path else None,
                missing=self.missing,
            ),
            hasher=self.hasher,
            send_window=SendWindow.of(spec),
            mobile_commons=self.mobile_commons,
            action_network=self.action_network,
            memory=self.memory,
            progress=self.progress,
            clock=self.clock.now,
        )
        return self.last

    def read_spec(self) -> DataSyncIntegrationSpec:
        """Read the spec as it stands."""
        return DataSyncIntegrationSpec.from_dict(self.spec)

    def specify(self, path: str, value: object) -> None:
        """Set a field of the spec by its dotted name."""
        *parents, name = path.split(".")
        part = self.spec
        for parent in parents:
            part = part.setdefault(parent, {})
        part[name] = value


def rows(end: RunEnd | Tally) -> dict[Row, int]:
    """What a run counted, by category and reason."""
    tally = end.tally if isinstance(end, RunEnd) else end
    return {(category.value, reason.value): count for (category, reason), count in tally.counts.items() if count}


def total(counts: dict[Row, int]) -> Counter[str]:
    """Sum counts by category."""
    totals: Counter[str] = Counter()
    for (category, _), count in counts.items():
        totals[category] += count
    return totals
