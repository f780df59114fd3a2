import asyncio
from typing import Any

import pytest
from kubernetes.aio.client import ApiClient, CoordinationV1Api, V1Lease

from anmc.cluster import lease as lease_module
from anmc.cluster.lease import DEADLINE, DURATION, Elector
from support.controlled import FakeClock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The elector's monotonic clock, in the hands of the test; between two tries it does not wait."""
    clock = FakeClock()
    monkeypatch.setattr(lease_module, "monotonic", clock.monotonic)
    return clock


@pytest.fixture
def waits(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of the elector: each lets the clock go on, and others do their part."""
    pauses: list[float] = []
    really = asyncio.sleep

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        clock.move(seconds=seconds)
        await really(0)

    monkeypatch.setattr("anmc.cluster.lease.asyncio.sleep", sleep)
    return pauses


class Leases:
    def __init__(self, api: ApiClient, namespace: str) -> None:
        self._raw = api
        self.namespace = namespace
        self.api = CoordinationV1Api(api)

    def elector(self, identity: str) -> Elector:
        return Elector(self._raw, namespace=self.namespace, name="anmc-shard-0", identity=identity)

    async def read(self) -> V1Lease:
        return await self.api.read_namespaced_lease("anmc-shard-0", self.namespace)

    async def holder(self) -> str | None:
        held: Any = (await self.read()).spec
        holder: str | None = held.holder_identity
        return holder


@pytest.fixture
def leases(api: ApiClient, namespace: str) -> Leases:
    return Leases(api, namespace)


@pytest.mark.usefixtures("clock")
async def test_the_first_process_makes_the_lease_and_may_write(leases: Leases) -> None:
    elector = leases.elector("one")
    before = elector.is_valid()

    await elector.acquire()

    assert not before
    assert elector.is_valid()
    assert await leases.holder() == "one"


async def test_of_two_processes_that_start_together_one_leads(leases: Leases, waits: list[float]) -> None:
    electors = [leases.elector("one"), leases.elector("two")]
    tasks = [asyncio.ensure_future(elector.acquire()) for elector in electors]

    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    leading = [elector.is_valid() for elector in electors]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert leading.count(True) == 1
    assert await leases.holder() == ("one" if leading[0] else "two")
    assert sum(waits) < DURATION


async def test_a_lease_that_is_not_renewed_is_taken_after_its_duration_and_not_before(
    leases: Leases, clock: FakeClock
) -> None:
    await leases.elector("one").acquire()
    other = leases.elector("two")

    taken = []
    for _ in range(3):
        taken.append(await other._try_quietly())
        clock.move(seconds=DURATION / 2)

    assert taken == [False, False, True]
    assert await leases.holder() == "two"


async def test_a_lease_that_is_renewed_is_never_taken(leases: Leases, clock: FakeClock) -> None:
    leader, other = leases.elector("one"), leases.elector("two")
    await leader.acquire()

    for _ in range(6):
        clock.move(seconds=DURATION / 2)
        assert await leader._try_quietly()
        assert not await other._try_quietly()

    assert await leases.holder() == "one"


async def test_past_the_deadline_nothing_may_be_written(leases: Leases, clock: FakeClock) -> None:
    elector = leases.elector("one")
    await elector.acquire()

    clock.move(seconds=DEADLINE - 0.1)
    just_before = elector.is_valid()
    clock.move(seconds=0.1)

    assert just_before
    assert not elector.is_valid()
    assert DEADLINE < DURATION


@pytest.mark.usefixtures("waits")
async def test_keeping_ends_when_somebody_else_holds_the_lease(leases: Leases) -> None:
    elector = leases.elector("one")
    await elector.acquire()
    lease: Any = await leases.read()
    lease.spec.holder_identity = "two"
    await leases.api.replace_namespaced_lease("anmc-shard-0", leases.namespace, lease)

    await elector.keep()

    assert await leases.holder() == "two"


async def test_keeping_outlives_an_edit_of_the_lease_by_somebody_who_does_not_want_it(
    leases: Leases, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    elector = leases.elector("one")
    await elector.acquire()
    read = elector._read

    async def read_and_be_overtaken() -> V1Lease | None:
        lease = await read()
        if len(waits) == 1:
            await leases.api.patch_namespaced_lease(
                "anmc-shard-0", leases.namespace, {"metadata": {"annotations": {"example.org/seen": "yes"}}}
            )
        return lease

    monkeypatch.setattr(elector, "_read", read_and_be_overtaken)
    keeping = asyncio.ensure_future(elector.keep())
    while len(waits) < 4:
        await asyncio.wait({keeping}, timeout=0.01)

    still_kept = not keeping.done()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert still_kept
    assert elector.is_valid()


async def test_keeping_ends_at_the_deadline_when_the_api_server_is_away(
    leases: Leases, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    elector = leases.elector("one")
    await elector.acquire()

    async def away() -> V1Lease | None:
        raise OSError

    monkeypatch.setattr(elector, "_read", away)
    await elector.keep()

    assert sum(waits) == DEADLINE
    assert not elector.is_valid()


@pytest.mark.usefixtures("clock")
async def test_a_release_leaves_the_holder_empty_and_the_next_process_leads_at_once(leases: Leases) -> None:
    elector = leases.elector("one")
    await elector.acquire()

    await elector.release()

    assert not elector.is_valid()
    assert not await leases.holder()
    assert await leases.elector("two")._try_quietly()


async def test_a_process_that_may_not_write_any_more_releases_nothing(leases: Leases, clock: FakeClock) -> None:
    elector = leases.elector("one")
    await elector.acquire()

    clock.move(seconds=DEADLINE)
    await elector.release()

    assert await leases.holder() == "one"


@pytest.mark.usefixtures("clock")
async def test_a_release_leaves_a_lease_alone_that_somebody_else_took(leases: Leases) -> None:
    elector = leases.elector("one")
    await elector.acquire()
    lease: Any = await leases.read()
    lease.spec.holder_identity = "two"
    await leases.api.replace_namespaced_lease("anmc-shard-0", leases.namespace, lease)

    await elector.release()

    assert await leases.holder() == "two"


async def test_waiting_is_announced_once(leases: Leases, api: ApiClient, waits: list[float]) -> None:
    await leases.elector("one").acquire()
    announced: list[bool] = []
    other = Elector(
        api,
        namespace=leases.namespace,
        name="anmc-shard-0",
        identity="two",
        on_waiting=lambda: announced.append(True),
    )

    await other.acquire()

    assert announced == [True]
    assert len(waits) > 1


@pytest.mark.usefixtures("clock")
async def test_a_renewal_on_the_very_second_is_taken_by_the_api_server(
    leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OnTheSecond(lease_module.datetime):  # type: ignore[misc,name-defined]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return super().now(tz).replace(microsecond=0)

    monkeypatch.setattr(lease_module, "datetime", OnTheSecond)

    await leases.elector("one").acquire()

    assert await leases.holder() == "one"
