import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from anmc.observability.health import Health, HttpEndpoint, Role
from anmc.observability.metrics import CONTENT_TYPE


class Ages:
    """What the checks measure, in the hands of the test."""

    def __init__(self) -> None:
        self.lease = 1.0
        self.scheduler = 2.0
        self.prune = 3.0
        self.health = Health(
            shard=0,
            lease_age=lambda: self.lease,
            leader_ages={
                "scheduler": (lambda: self.scheduler, 60.0),
                "prune": (lambda: self.prune, 900.0),
            },
        )


@pytest.fixture
def ages() -> Ages:
    return Ages()


@pytest.mark.parametrize(
    ("role", "change", "healthy"),
    [
        (Role.STANDBY, {}, True),
        (Role.LEADING, {}, True),
        (Role.DRAINING, {}, True),
        (Role.LEADING, {"scheduler": 60.1}, False),
        (Role.LEADING, {"scheduler": 60.0}, True),
        (Role.LEADING, {"prune": 900.1}, False),
        (Role.LEADING, {"lease": 60.1}, False),
        (Role.STANDBY, {"lease": 60.1}, False),
        (Role.STANDBY, {"scheduler": 1e6, "prune": 1e6}, True),
        (Role.DRAINING, {"scheduler": 1e6}, True),
    ],
)
def test_a_process_is_healthy_while_it_does_what_it_should_be_doing(
    ages: Ages, role: Role, change: dict[str, float], *, healthy: bool
) -> None:
    ages.health.role = role
    for name, age in change.items():
        setattr(ages, name, age)

    assert ages.health.is_healthy is healthy


def test_a_loop_that_lags_is_not_healthy(ages: Ages) -> None:
    ages.health.loop_lag = 10.1

    assert not ages.health.is_healthy


@pytest.mark.parametrize(("role", "ready"), [(Role.STANDBY, True), (Role.LEADING, True), (Role.DRAINING, False)])
def test_a_process_is_ready_until_it_drains(ages: Ages, role: Role, *, ready: bool) -> None:
    ages.health.role = role

    assert ages.health.is_ready is ready


def test_the_heartbeats_are_those_of_the_loops_that_should_turn(ages: Ages) -> None:
    standing_by = ages.health.ages()
    ages.health.role = Role.LEADING

    assert standing_by == {"lease": 1.0}
    assert ages.health.ages() == {"lease": 1.0, "scheduler": 2.0, "prune": 3.0}


class Site:
    """The endpoint on a free port; `rendering` can be held back."""

    def __init__(self, health: Health) -> None:
        self.let_go = threading.Event()
        self.let_go.set()
        self.renderings = 0
        self.endpoint = HttpEndpoint(health, self._render, content_type=CONTENT_TYPE)
        self.base = ""

    def _render(self) -> bytes:
        self.renderings += 1
        self.let_go.wait(timeout=60)
        return f"page {self.renderings}".encode()

    async def get(self, path: str, method: str = "GET") -> tuple[int, str, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, f"{self.base}{path}") as response,
        ):
            return response.status, response.headers.get("Content-Type", ""), await response.text()

    async def json(self, path: str) -> tuple[int, Any]:
        async with aiohttp.ClientSession() as session, session.get(f"{self.base}{path}") as response:
            return response.status, await response.json()


@pytest.fixture
async def site(ages: Ages) -> AsyncIterator[Site]:
    site = Site(ages.health)
    port = await site.endpoint.start("127.0.0.1", 0)
    site.base = f"http://127.0.0.1:{port}"
    yield site
    site.let_go.set()
    await site.endpoint.stop()


async def test_both_probes_tell_role_shard_and_ages(site: Site, ages: Ages) -> None:
    ages.health.role = Role.LEADING

    for path in ("/healthz", "/readyz"):
        status, document = await site.json(path)
        assert status == 200
        assert document == {
            "role": "leading",
            "shard": 0,
            "checks": {"lease": 1.0, "loop_lag": 0.0, "scheduler": 2.0, "prune": 3.0},
        }


async def test_a_stuck_scheduler_answers_503_and_says_which(site: Site, ages: Ages) -> None:
    ages.health.role, ages.scheduler = Role.LEADING, 300.0

    status, document = await site.json("/healthz")

    assert status == 503
    assert document["checks"]["scheduler"] == 300.0


async def test_a_draining_process_is_alive_and_not_ready(site: Site, ages: Ages) -> None:
    ages.health.role = Role.DRAINING

    assert (await site.json("/healthz"))[0] == 200
    assert (await site.json("/readyz"))[0] == 503


async def test_the_metrics_come_in_the_form_that_scrapers_read(site: Site) -> None:
    assert await site.get("/metrics") == (200, CONTENT_TYPE, "page 1")


async def test_who_asks_during_a_rendering_gets_the_same_page_and_the_probes_still_answer(site: Site) -> None:
    site.let_go.clear()
    scrapes = [asyncio.ensure_future(site.get("/metrics")) for _ in range(3)]

    while not site.renderings:
        await asyncio.wait(scrapes, timeout=0.01)
    probe = await site.json("/healthz")
    site.let_go.set()
    pages = {body for _, _, body in await asyncio.gather(*scrapes)}

    assert probe[0] == 200
    assert pages == {f"page {site.renderings}"}
    assert await site.get("/metrics") == (200, CONTENT_TYPE, f"page {site.renderings}")


@pytest.mark.parametrize(
    ("path", "method", "status"), [("/", "GET", 404), ("/metrics", "POST", 405), ("/x", "PUT", 404)]
)
async def test_there_is_no_other_route_and_no_write(site: Site, path: str, method: str, status: int) -> None:
    assert (await site.get(path, method))[0] == status


class LoopClock:
    """As much of a loop as the measurement asks: a clock that shows one time after the other."""

    def __init__(self, *times: float) -> None:
        self._times = list(times)

    def time(self) -> float:
        return self._times.pop(0)


async def test_a_blocked_loop_shows_as_lag(ages: Ages, monkeypatch: pytest.MonkeyPatch) -> None:
    observed: list[float] = []
    loop = LoopClock(100.0, 104.5, 200.0)

    async def sleep(_: float) -> None:
        if observed:
            raise asyncio.CancelledError

    monkeypatch.setattr("anmc.observability.health.asyncio.get_running_loop", lambda: loop)
    monkeypatch.setattr("anmc.observability.health.asyncio.sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await ages.health.watch_lag(observed.append)

    assert observed == [3.5]
    assert ages.health.loop_lag == 3.5
