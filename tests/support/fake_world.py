"""A world for turns without network: an API server, two services and a clock in memory, a real store."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any, cast

from kubernetes.aio.client.exceptions import ApiException

from anmc.api.report import SyncReport
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.api.status import IntegrationStatus
from anmc.cluster.events import EventRecorder, IntegrationEvent
from anmc.cluster.integrations import Integrations
from anmc.cluster.reports import Reports
from anmc.cluster.status import StatusWriter
from anmc.controller.announcements import Announcer
from anmc.controller.registry import Entry
from anmc.controller.runner import Runner
from anmc.controller.scheduler import Scheduler
from anmc.controller.services import OpenServices, Pace, Services
from anmc.controller.sighting import Sighting
from anmc.controller.world import World
from anmc.observability.metrics import Metrics
from anmc.rules.records import Campaign, Person, PersonId, Phone, Profile, SubscriberRow
from anmc.store.store import Store
from anmc.sync.ports import ActionNetwork, Gate, LookUp, MobileCommons, Page, Priority, UnreadableRecord
from support.controlled import FakeClock, a_body


class FakeApiServer:
    """Keeps objects by name and patches their status, as the real one does; `failures` come first."""

    def __init__(self) -> None:
        self.bodies: dict[str, dict[str, Any]] = {}
        self.failures: list[Exception] = []
        self.writes = 0

    def put(self, body: dict[str, Any]) -> None:
        self.bodies[body["metadata"]["name"]] = body

    def status(self, name: str = "river-keepers") -> IntegrationStatus:
        """Return the status as it is served."""
        return IntegrationStatus.from_dict(self.bodies[name]["status"])

    async def get(self, namespace: str, name: str) -> dict[str, Any] | None:
        assert namespace == "riverside"
        self._fail()
        return deepcopy(self.bodies.get(name))

    async def patch_status(
        self, namespace: str, name: str, patch: Mapping[str, Any], *, resource_version: str
    ) -> dict[str, Any]:
        assert namespace == "riverside"
        self._fail()
        body = self.bodies.get(name)
        if body is None:
            raise ApiException(status=404)
        if body["metadata"]["resourceVersion"] != resource_version:
            raise ApiException(status=409)
        body["status"] = patched(body["status"], patch)
        body["metadata"]["resourceVersion"] = str(int(resource_version) + 1)
        self.writes += 1
        return deepcopy(body)

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)


def patched(document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Apply a JSON merge patch (RFC 7386)."""
    result = dict(document)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            before = result.get(key)
            result[key] = patched(before if isinstance(before, Mapping) else {}, value)
        else:
            result[key] = value
    return result


class FakeServices:
    """Opens two services in memory. `before` is called with each operation, and may raise or change the world."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.secrets = b"first"
        self.people = b"list"
        self.pace: Pace | None = None
        self.before: Callable[[str], object] = lambda _: None
        self.operations: Counter[str] = Counter()
        self.calls = 0
        self.profiles: list[Profile] = []
        self.unreadable_profiles: tuple[UnreadableRecord, ...] = ()
        self.people_pages: list[list[Person]] = []
        self.custom_fields = frozenset({"sms_opt_in"})
        self.clock_offset = timedelta()

    async def fingerprint(self, namespace: str, spec: DataSyncIntegrationSpec) -> bytes:
        assert namespace == "riverside"
        assert spec is not None
        self.before("fingerprint")
        return self.secrets

    @asynccontextmanager
    async def open(self, namespace: str, spec: DataSyncIntegrationSpec, gate: Gate) -> AsyncIterator[OpenServices]:
        assert namespace == "riverside"
        assert spec is not None
        self.before("open")
        self.gate = gate
        yield OpenServices(
            cast("MobileCommons", self), cast("ActionNetwork", self), self.secrets, self.people, self.pace
        )

    def _call(self, operation: str) -> None:
        self.gate()
        self.calls += 1
        self.operations[operation] += 1
        self.before(operation)

    async def list_campaigns(self) -> list[Campaign]:
        self._call("list_campaigns")
        return []

    async def sample_profile(self) -> Profile | None:
        self._call("sample_profile")
        return None

    async def list_custom_fields(self) -> frozenset[str]:
        self._call("list_custom_fields")
        return self.custom_fields

    async def iter_profiles(
        self, *, updated_from: datetime | None, updated_until: datetime | None = None
    ) -> AsyncIterator[Page[Profile]]:
        assert updated_from is None or updated_from.tzinfo is not None
        assert updated_until is None or (updated_from is not None and updated_until >= updated_from)
        self._call("list_profiles" if updated_from else "list_all_profiles")
        yield Page(tuple(self.profiles), 1, self._clock.now(), self.unreadable_profiles)

    async def iter_subscribers(
        self, campaign_id: str, *, changed_from: datetime | None
    ) -> AsyncIterator[Page[SubscriberRow]]:
        assert campaign_id
        assert changed_from is None or changed_from.tzinfo is not None
        self._call("list_subscribers" if changed_from else "list_all_subscribers")
        yield Page((), 1, self._clock.now())

    async def find_profiles(self, phones: Collection[Phone]) -> LookUp:
        self._call("find_profiles")
        assert phones
        return LookUp()

    async def iter_people(
        self, *, modified_after: datetime, first_page: int = 1, priority: Priority = Priority.DATA
    ) -> AsyncIterator[Page[Person]]:
        assert modified_after.tzinfo is not None
        assert priority in Priority
        for number, people in enumerate(self.people_pages[first_page - 1 :], start=first_page):
            self._call("list_people")
            yield Page(tuple(people), number, self._clock.now())
        self._call("list_people")
        yield Page((), len(self.people_pages) + 1, self._clock.now())


class FakeReports:
    def __init__(self) -> None:
        self.created: list[SyncReport] = []
        self.create_error: Exception | None = None
        self.prune_error: Exception | None = None

    async def create(self, report: SyncReport, *, namespace: str, owner_uid: str) -> None:
        assert (namespace, owner_uid) == ("riverside", "uid-1")
        if self.create_error is not None:
            raise self.create_error
        self.created.append(report)

    async def prune(self, **_: object) -> None:
        if self.prune_error is not None:
            raise self.prune_error


class FakeEvents:
    def __init__(self) -> None:
        self.posted: list[IntegrationEvent] = []

    def post(self, event: IntegrationEvent) -> None:
        self.posted.append(event)

    @property
    def reasons(self) -> list[str]:
        return [event.reason.value for event in self.posted]


class Stage:
    """One integration in a world of fakes; the test takes its turns by hand."""

    def __init__(self, store: Store) -> None:
        self.clock = FakeClock()
        self.api = FakeApiServer()
        self.services = FakeServices(self.clock)
        self.reports = FakeReports()
        self.events = FakeEvents()
        self.metrics = Metrics(version="1", python_version="3", kopf_version="1", shard=0, shards=1)
        self.is_leading = True
        self.given_up: list[int | None] = []
        integrations = cast("Integrations", self.api)
        self.scheduler = Scheduler(clock=self.clock, take_turn=self.take_turn_of, spawn=_never)
        self.world = World(
            clock=self.clock,
            registry=self.scheduler.registry,
            services=cast("Services", self.services),
            store=store,
            integrations=integrations,
            writer=StatusWriter(integrations, given_up=lambda _, code: self.given_up.append(code)),
            reports=cast("Reports", self.reports),
            announcer=Announcer(cast("EventRecorder", self.events)),
            metrics=self.metrics,
            slots=asyncio.Semaphore(1),
            is_leading=lambda: self.is_leading,
            is_draining=lambda: self.scheduler.is_draining,
        )
        self.runner = Runner(self.world)

    def apply(self, **body: Any) -> Entry:
        """Create or change the object, and let the watch tell of it."""
        old = self.api.bodies.get("river-keepers")
        version = str(int(old["metadata"]["resourceVersion"]) + 1) if old else "10"
        status = body.pop("status", old["status"] if old else {})
        new = a_body(version=version, status=status, **body)
        self.api.put(new)
        self.scheduler.registry.observe(Sighting.of(deepcopy(new)))
        return self.entry

    def restart(self) -> None:
        """Forget all that a process knows, and see the object as the API server serves it."""
        registry = self.scheduler.registry
        registry.vanished(registry.uids())
        registry.observe(Sighting.of(deepcopy(self.api.bodies["river-keepers"])))

    @property
    def entry(self) -> Entry:
        (entry,) = self.scheduler.registry
        return entry

    @property
    def status(self) -> IntegrationStatus:
        """The status as the API server serves it."""
        return self.api.status()

    async def take_turn_of(self, entry: Entry) -> None:
        await self.runner.take_turn(entry)

    async def take_turn(self) -> IntegrationStatus:
        """Take a turn now, as the scheduler would; return the status that it leaves."""
        await self.runner.take_turn(self.entry)
        return self.status

    async def take_due_turn(self) -> IntegrationStatus:
        """Let time pass until the integration is due, then take its turn."""
        wait = self.entry.due - self.clock.now()
        self.clock.move(seconds=max(0.0, wait.total_seconds()))
        return await self.take_turn()


def _never(coroutine: Any) -> asyncio.Task[None]:
    coroutine.close()
    raise AssertionError("turns are taken by hand here")


def a_person_without_number(number: int) -> Person:
    """Return somebody whom a pull reads and cannot import: each is one record read."""
    return Person(PersonId(f"00000000-0000-4000-8000-{number:012}"), None, None, None, None, {})
