"""Both simulators, a store and the real clients in one process, for whole runs without a cluster."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from anmc.api.credentials import ActionNetworkCredentials, BearerToken
from anmc.api.names import Direction, InitialSync, Mode, Trigger
from anmc.api.origins import Origin
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.clients.action_network.client import ActionNetworkAccount, ActionNetworkClient
from anmc.clients.mobile_commons.client import MobileCommonsAccount, MobileCommonsClient
from anmc.clients.pacing.pacers import Pacers
from anmc.rules.hashing import Hasher
from anmc.rules.policy import Policy
from anmc.rules.send_window import SendWindow
from anmc.store.scope import StoreScope
from anmc.store.store import Store
from anmc.sync.pull import pull
from anmc.sync.push import push
from anmc.sync.run import RunContext, RunEnd, RunOrder
from anmc_simulators.clock import Clock as ServiceClock
from anmc_simulators.seed import COMPANY_KEY, GROUP_KEY, TOKEN, seed
from anmc_simulators.server import create_apps
from anmc_simulators.simulation import Simulation

NOON = datetime(2026, 3, 2, 17, 0, 0, tzinfo=UTC)
"""Noon in New York, on a Monday: inside every send window of the country's mainland."""

CAMPAIGN, PATH = "200001", "300001"

WRITES = frozenset({"update_profile", "opt_in", "opt_out", "create_person", "update_person"})

ALWAYS = {"start": "00:00", "end": "24:00"}


class InstantClock:
    """A client's clock: waiting takes no time, and is remembered as if it had."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._now()

    def monotonic(self) -> float:
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        self._seconds += seconds


class Meter:
    """Ignores what clients report."""

    def sent(self, *_: object) -> None: ...
    def answered(self, *_: object, **__: object) -> None: ...
    def retried(self, *_: object) -> None: ...
    def waited(self, *_: object) -> None: ...


@dataclass
class Progress:
    """Lets a run go on."""

    pages: int = 0

    async def claim(self) -> None: ...

    async def page_done(self, records_read: int) -> None:
        assert records_read >= 0
        self.pages += 1


@dataclass
class Stage:
    """One integration between two simulated accounts; its clock stands until a test moves it."""

    path: Path
    simulation: Simulation
    store: Store
    spec: DataSyncIntegrationSpec
    active_since: datetime = NOON - timedelta(minutes=10)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    @classmethod
    async def open(cls, path: Path, **spec: Any) -> "Stage":
        simulation = Simulation(clock=ServiceClock(wall=lambda: NOON), lag=timedelta())
        seed(simulation, people=0, number=1)
        store = await Store.open(f"sqlite:///{path}/anmc.db")
        return cls(path, simulation, store, a_spec(**spec))

    def now(self) -> datetime:
        return self.simulation.clock.now()

    def later(self, **duration: float) -> None:
        self.simulation.clock.advance(timedelta(**duration))

    async def act(self, path: str, body: dict[str, Any] | None = None, *, method: str = "POST") -> Any:
        """Do something in one of the services as a person or as staff."""
        apps = create_apps(self.simulation)
        transport = httpx.ASGITransport(app=apps["mobile_commons"])
        async with httpx.AsyncClient(transport=transport, base_url="http://sim.example.org") as client:
            answer = await client.request(method, f"/_sim/{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def keyword(self, phone: str, **fields: str) -> None:
        await self.act("mobile-commons/keyword", {"phone": phone, "campaign_id": CAMPAIGN})
        if fields:
            await self.act("mobile-commons/profile", {"phone": phone, "fields": fields})

    async def stop(self, phone: str) -> None:
        await self.act("mobile-commons/stop", {"phone": phone})

    async def person(self, **values: Any) -> str:
        """Add a person to Action Network by hand; returns its id."""
        document = await self.act("action-network/people", values)
        identifier: str = document["identifiers"][0]
        return identifier.removeprefix("action_network:")

    async def profile(self, phone: str) -> dict[str, Any]:
        document: dict[str, Any] = await self.act(f"mobile-commons/profiles/{phone}", method="GET")
        return document

    async def found(self, **wanted: str) -> dict[str, Any] | None:
        """The person with a phone or an e-mail address, as it is now."""
        group = next(iter(self.simulation.action_network.groups.values()))
        person = group.with_phone(wanted["phone"]) if "phone" in wanted else group.with_email(wanted["email"])
        return await self.read_person(person.id) if person else None

    async def read_person(self, person_id: str) -> dict[str, Any]:
        document: dict[str, Any] = await self.act(f"action-network/people/{person_id}", method="GET")
        return document

    @property
    def texts(self) -> list[str]:
        """Numbers texted so far, in order."""
        return [text.phone for text in self.simulation.journal.texts]

    @property
    def writes(self) -> list[str]:
        """Writing operations that arrived since the journal was last reset."""
        return [request.operation for request in self.simulation.journal.requests if request.operation in WRITES]

    async def run(self, direction: Direction, **order: Any) -> RunEnd:
        """Run one push or pull to its end."""
        apps, clock = create_apps(self.simulation), InstantClock(self.now)
        memory = self.store.memory(StoreScope("uid-1", "ledger"))
        made = RunOrder(
            id=f"{direction.lower()}-{next(self.numbers)}",
            direction=direction,
            trigger=Trigger.REQUEST,
            mode=order.pop("mode", Mode.APPLY),
            generation=1,
            started_at=self.now(),
            active_since=self.active_since,
            lookback=self.spec.pull.lookback,
            initial_sync=order.pop("initial_sync", InitialSync.WINDOW),
            max_opt_ins_per_day=self.spec.consent.max_opt_ins_per_day,
            max_failure_percent=self.spec.safety.max_failure_percent,
            **order,
        )
        made = made.resume((await memory.positions(direction)).checkpoint)
        async with (
            MobileCommonsClient(
                MobileCommonsAccount(
                    Origin("http", "sim.example.org", 80), BearerToken(TOKEN), "mc", company_key=COMPANY_KEY
                ),
                pacers=Pacers(clock),
                gate=lambda: None,
                meter=Meter(),
                clock=clock,
                http=httpx.ASGITransport(app=apps["mobile_commons"]),
            ) as mobile_commons,
            ActionNetworkClient(
                ActionNetworkAccount(Origin("http", "sim.example.org", 80), ActionNetworkCredentials(GROUP_KEY), "an"),
                pacers=Pacers(clock),
                gate=lambda: None,
                meter=Meter(),
                clock=clock,
                http=httpx.ASGITransport(app=apps["action_network"]),
            ) as action_network,
        ):
            context = RunContext(
                order=made,
                policy=Policy.of(self.spec, target=CAMPAIGN if self.spec.mobile_commons.opt_in_path else None),
                hasher=Hasher(self.store.hash_key),
                send_window=SendWindow.of(self.spec),
                mobile_commons=mobile_commons,
                action_network=action_network,
                memory=memory,
                progress=Progress(),
                clock=self.now,
            )
            return await (push(context) if direction is Direction.PUSH else pull(context))

    async def push(self, **order: Any) -> RunEnd:
        return await self.run(Direction.PUSH, **order)

    async def pull(self, **order: Any) -> RunEnd:
        return await self.run(Direction.PULL, **order)

    def with_spec(self, **changes: Any) -> "Stage":
        return replace(self, spec=a_spec(**changes))


def a_spec(**changes: Any) -> DataSyncIntegrationSpec:
    """A spec that fits the seeded accounts; `changes` replace whole sections."""
    spec: dict[str, Any] = {
        "active": True,
        "mobileCommons": {"credentialsSecretRef": {"name": "mc"}, "optInPath": PATH},
        "actionNetwork": {"credentialsSecretRef": {"name": "an"}, "optInField": "sms_opt_in"},
        "consent": {"sendWindow": ALWAYS},
    }
    return DataSyncIntegrationSpec.from_dict({**spec, **changes})
