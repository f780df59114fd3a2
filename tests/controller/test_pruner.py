from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest
from kubernetes.aio.client.exceptions import ApiException

from anmc.cluster.integrations import Integrations
from anmc.controller.pruner import CrdMissing, Pruner
from anmc.controller.registry import Registry
from support.controlled import FakeClock, a_body, a_sighting


class FakeIntegrations:
    """Lists what it is given; `meanwhile` happens between two objects."""

    def __init__(self, *bodies: dict[str, Any]) -> None:
        self.bodies = list(bodies)
        self.error: Exception | None = None
        self.meanwhile: Callable[[], object] = lambda: None

    async def iter_all(self) -> AsyncIterator[dict[str, Any]]:
        self.meanwhile()
        if self.error is not None:
            raise self.error
        for body in self.bodies:
            yield body


class Swept:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.listed = FakeIntegrations()
        self.registry = Registry(now=self.clock.now, monotonic=self.clock.monotonic, wake=lambda _: None)
        self.repairs: list[tuple[int, int]] = []
        self.pruner = Pruner(
            cast("Integrations", self.listed),
            self.registry,
            self.clock,
            repaired=lambda missed, vanished: self.repairs.append((missed, vanished)),
        )

    def see(self, **body: Any) -> None:
        self.registry.observe(a_sighting(**body))
        self.clock.move(seconds=1)

    def generation(self, uid: str = "uid-1") -> int:
        entry = self.registry.get(uid)
        assert entry is not None
        return entry.seen.generation


@pytest.fixture
def swept() -> Swept:
    return Swept()


async def test_the_first_sweep_finds_everything_and_repairs_nothing(swept: Swept) -> None:
    swept.listed.bodies = [a_body(uid="uid-1", name="one"), a_body(uid="uid-2", name="two")]

    await swept.pruner.sweep(is_first=True)

    assert swept.registry.uids() == {"uid-1", "uid-2"}
    assert swept.repairs == []


async def test_what_the_watch_missed_is_found_and_counted(swept: Swept) -> None:
    swept.see(uid="uid-1", name="one")
    swept.see(uid="uid-2", name="two")
    swept.listed.bodies = [a_body(uid="uid-1", name="one", generation=2, version="20"), a_body(uid="uid-3", name="new")]

    await swept.pruner.sweep()

    assert swept.registry.uids() == {"uid-1", "uid-3"}
    assert swept.generation() == 2
    assert swept.repairs == [(2, 1)]


async def test_a_sweep_that_finds_nothing_new_repairs_nothing(swept: Swept) -> None:
    swept.see()
    swept.listed.bodies = [a_body(version="12")]

    await swept.pruner.sweep()

    assert swept.repairs == []


async def test_what_the_watch_showed_during_the_sweep_is_left_alone(swept: Swept) -> None:
    swept.see(generation=1, version="opaque-1")
    swept.listed.bodies = [a_body(generation=1, version="opaque-1")]
    swept.listed.meanwhile = lambda: swept.see(generation=2, version="opaque-2")

    await swept.pruner.sweep()

    assert swept.generation() == 2


async def test_what_was_made_during_the_sweep_is_kept(swept: Swept) -> None:
    swept.listed.meanwhile = lambda: swept.see(uid="uid-9", name="new")

    await swept.pruner.sweep()

    assert swept.registry.uids() == {"uid-9"}


async def test_what_was_deleted_during_the_sweep_does_not_come_back(swept: Swept) -> None:
    swept.see()
    swept.listed.bodies = [a_body()]
    swept.listed.meanwhile = lambda: swept.see(deleted=True)

    await swept.pruner.sweep()

    assert swept.registry.uids() == frozenset()


async def test_a_missing_kind_is_told(swept: Swept) -> None:
    swept.listed.error = ApiException(status=404)

    with pytest.raises(CrdMissing):
        await swept.pruner.sweep(is_first=True)


async def test_a_sweep_that_took_too_long_drops_nothing_and_is_no_success(swept: Swept) -> None:
    swept.see()
    swept.listed.error = ApiException(status=410)
    before = swept.pruner.succeeded_at

    await swept.pruner.sweep()

    assert swept.registry.uids() == {"uid-1"}
    assert swept.pruner.succeeded_at == before


@pytest.mark.parametrize("status", [403, 410, 500])
async def test_the_first_sweep_fails_aloud(swept: Swept, status: int) -> None:
    swept.listed.error = ApiException(status=status)

    with pytest.raises(ApiException):
        await swept.pruner.sweep(is_first=True)


async def test_a_success_is_remembered_for_the_health_endpoint(swept: Swept) -> None:
    swept.clock.move(minutes=7)

    await swept.pruner.sweep()

    assert swept.pruner.succeeded_at == 420
