"""Acts that happen between two pages of a walk."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from anmc_simulators.between_pages import MAX_WAITING, BetweenPages
from anmc_simulators.seed import GROUP_KEY, LOGIN, TOKEN, seed
from anmc_simulators.server import create_apps
from anmc_simulators.simulation import Simulation

AN, MC = {"OSDI-API-Token": GROUP_KEY}, {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def simulation() -> Simulation:
    simulation = Simulation()
    seed(simulation, people=60, number=1)
    return simulation


@pytest.fixture
async def network(simulation: Simulation) -> AsyncIterator[httpx.AsyncClient]:
    """Action Network with the control API of both services."""
    transport = httpx.ASGITransport(create_apps(simulation)["action_network"])
    async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
        yield client


@pytest.fixture
async def commons(simulation: Simulation) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_apps(simulation)["mobile_commons"])
    async with httpx.AsyncClient(transport=transport, base_url="http://simulator", headers=MC) as client:
        yield client


async def order(control: httpx.AsyncClient, **act: Any) -> httpx.Response:
    return await control.post("/_sim/after-pages", json={"service": "action-network", **act})


async def ids(network: httpx.AsyncClient, page: int) -> list[str]:
    answer = await network.get("/api/v2/people", params={"page": page}, headers=AN)
    return [person["identifiers"][0].partition(":")[2] for person in answer.json()["_embedded"]["osdi:people"]]


async def test_somebody_deleted_after_a_page_makes_the_walk_miss_another(
    network: httpx.AsyncClient, simulation: Simulation
) -> None:
    everybody = [person.id for person in simulation.action_network.groups[GROUP_KEY]]
    await order(network, pages=1, method="DELETE", path=f"/action-network/people/{everybody[0]}")

    first, second = await ids(network, 1), await ids(network, 2)

    assert first == everybody[:25]
    assert second == everybody[26:51]


async def test_somebody_who_joins_between_two_pages_is_on_the_next(
    network: httpx.AsyncClient, simulation: Simulation
) -> None:
    pages = len(simulation.action_network.groups[GROUP_KEY]) // 25
    before = [identity for page in range(1, pages + 1) for identity in await ids(network, page)]
    await order(network, pages=pages, path="/action-network/people", body={"email": "late@example.org"})

    walk = [identity for page in range(1, pages + 2) for identity in await ids(network, page)]

    late = simulation.action_network.groups[GROUP_KEY].with_email("late@example.org")
    assert late is not None
    assert walk[: len(before)] == before
    assert walk[-1] == late.id


async def test_look_ups_probes_and_other_accounts_do_not_count(
    network: httpx.AsyncClient, simulation: Simulation
) -> None:
    simulation.action_network.add_group("another-key")
    person = next(iter(simulation.action_network.groups[GROUP_KEY]))
    await order(network, account=GROUP_KEY, path="/action-network/action", body={"id": person.id, "key": GROUP_KEY})

    await network.get("/api/v2/people", params={"filter": f"phone_number eq '{person.phone}'"}, headers=AN)
    await network.get("/api/v2/people", params={"per_page": 1}, headers=AN)
    await network.get("/api/v2/people", headers={"OSDI-API-Token": "another-key"})
    await network.get("/api/v2/people", headers={"OSDI-API-Token": "wrong"})
    waiting = (await network.get("/_sim/after-pages")).json()["action-network"]
    await network.get("/api/v2/people", headers=AN)
    done = (await network.get("/_sim/after-pages")).json()["action-network"]

    act = {"method": "POST", "path": "/action-network/action"}
    assert waiting == {"waiting": [{**act, "pages": 1}], "done": []}
    assert done == {"waiting": [], "done": [act]}


async def test_a_key_can_be_revoked_in_the_middle_of_a_walk(network: httpx.AsyncClient) -> None:
    await order(network, pages=2, path="/action-network/revoke-key", body={"key": GROUP_KEY})

    statuses = [
        (await network.get("/api/v2/people", params={"page": page}, headers=AN)).status_code for page in (1, 2, 3)
    ]

    assert statuses == [200, 200, 403]


async def test_clock_and_switches_can_be_moved_between_pages_too(
    network: httpx.AsyncClient, simulation: Simulation
) -> None:
    start = simulation.clock.now()
    await order(network, path="/clock", body={"advance_seconds": 86_400})
    await order(network, method="PATCH", path="/switches", body={"action_network": {"order": "shuffled"}})

    await network.get("/api/v2/people", headers=AN)

    assert (simulation.clock.now() - start).days == 1
    assert simulation.action_network.switches.settings.order == "shuffled"


async def test_a_stop_between_pages_of_the_subscribers_is_not_on_the_page_before(
    commons: httpx.AsyncClient, simulation: Simulation
) -> None:
    company = next(iter(simulation.mobile_commons.companies.values()))
    campaign = next(iter(company.campaigns))
    phone = next(profile.phone for profile in company.profiles.values() if profile.status == "Active Subscriber")
    await order(
        commons,
        service="mobile-commons",
        account=LOGIN,
        operation="list_subscribers",
        path="/mobile-commons/stop",
        body={"phone": phone},
    )

    await commons.get("/api/profiles")
    before = company.profiles[phone].status
    page = await commons.get("/api/campaign_subscribers", params={"campaign_id": campaign})
    after = company.profiles[phone].status
    again = await commons.get("/api/campaign_subscribers", params={"campaign_id": campaign})

    assert (before, after) == ("Active Subscriber", "Undeliverable")
    assert page.text.count("<opted_out_at/>") == again.text.count("<opted_out_at/>") + 1


async def test_an_act_that_fails_says_so_and_leaves_the_page_whole(network: httpx.AsyncClient) -> None:
    await order(network, path="/action-network/stop", body={"phone": "12025550199"})

    page = await ids(network, 1)

    (done,) = (await network.get("/_sim/after-pages")).json()["action-network"]["done"]
    assert len(page) == 25
    assert done["error"] == "404 no such person on this list"


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/_sim/after-pages"), ("POST", "/_sim/reset")])
async def test_what_waits_can_be_forgotten(
    network: httpx.AsyncClient, simulation: Simulation, method: str, path: str
) -> None:
    start = simulation.clock.now()
    await order(network, path="/clock", body={"advance_seconds": 86_400})

    await network.request(method, path)
    await network.get("/api/v2/people", headers=AN)

    assert (simulation.clock.now() - start).days == 0
    assert (await network.get("/_sim/after-pages")).json()["action-network"] == {"waiting": [], "done": []}


@pytest.mark.parametrize(
    ("act", "message"),
    [
        ({"path": "/nowhere"}, "none of the control API"),
        ({"path": "/journal"}, "none of the control API"),
        ({"path": "clock"}, "path"),
        ({"path": "/clock", "method": "GET"}, "method"),
        ({"path": "/clock", "pages": 0}, "pages must be at least 1"),
        ({"path": "/clock", "operation": "probe"}, "list_people, list_profiles, list_subscribers"),
        ({"path": "/clock", "account": "nobody"}, "no account has that key or login"),
        ({"path": "/clock", "service": "twitter"}, "service"),
    ],
)
async def test_a_mistake_is_answered_with_what_is_wrong(
    network: httpx.AsyncClient, act: dict[str, Any], message: str
) -> None:
    answer = await order(network, **act)

    assert answer.status_code == 400
    assert message in answer.json()["error"]


async def test_one_of_several_accounts_has_to_be_named(network: httpx.AsyncClient, simulation: Simulation) -> None:
    simulation.action_network.add_group("another-key")

    answer = await order(network, path="/clock", body={"advance_seconds": 1})

    assert (answer.status_code, "2 accounts" in answer.text) == (400, True)


def test_only_so_many_acts_wait_at_a_time() -> None:
    async def nothing() -> str:
        return ""

    queue = BetweenPages()
    for _ in range(MAX_WAITING):
        queue.schedule(nothing, account="a", pages=1, about={})

    with pytest.raises(ValueError, match="are waiting already"):
        queue.schedule(nothing, account="a", pages=1, about={})
