"""Turning switches while a simulation runs."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from anmc_simulators.server import create_apps
from anmc_simulators.simulation import Simulation


@pytest.fixture
async def control() -> AsyncIterator[httpx.AsyncClient]:
    simulation = Simulation(switches={"mobile_commons": {"page_cap": 10}})
    transport = httpx.ASGITransport(create_apps(simulation)["action_network"])
    async with httpx.AsyncClient(transport=transport, base_url="http://simulator/_sim/") as client:
        yield client


async def test_a_switch_is_shown_turned_and_reset(control: httpx.AsyncClient) -> None:
    before = (await control.get("switches")).json()

    changes = {"action_network": {"keyless_post": "blind"}, "mobile_commons": {"page_cap": 20}}
    turned = await control.patch("switches", json=changes)
    shown = (await control.get("switches")).json()
    blind = await control.post("http://simulator/api/v2/people", json={})
    reset = (await control.delete("switches")).json()
    refused = await control.post("http://simulator/api/v2/people", json={})

    assert (before["action_network"]["keyless_post"], before["mobile_commons"]["page_cap"]) == ("refused", 10)
    assert turned.json() == shown
    assert (shown["action_network"]["keyless_post"], shown["mobile_commons"]["page_cap"]) == ("blind", 20)
    assert reset == before
    assert (blind.status_code, refused.status_code) == (200, 403)


async def test_what_is_not_named_stays_as_it_is(control: httpx.AsyncClient) -> None:
    await control.patch("switches", json={"action_network": {"geocoding": False}})
    await control.patch("switches", json={"action_network": {"order": "shuffled"}, "mobile_commons": {}})

    shown = (await control.get("switches")).json()["action_network"]

    assert (shown["geocoding"], shown["order"]) == (False, "shuffled")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"action_network": {"order": "sideways"}}, "order must be one of insertion, shuffled, by_modified_date"),
        ({"mobile_commons": {"page_cap": 0}}, "page_cap must be a whole number from 1 to 100000"),
        ({"mobile_commons": {"nothing": 1}}, "nothing is no switch; there are address_form, "),
        ({"twitter": {}}, "twitter: there is no such member; there are: action_network, mobile_commons"),
        ({"action_network": []}, "action_network: Input should be"),
    ],
)
async def test_a_mistake_is_one_sentence_and_turns_nothing(
    control: httpx.AsyncClient, body: dict[str, Any], sentence: str
) -> None:
    before = (await control.get("switches")).json()

    answer = await control.patch("switches", json=body)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(sentence)
    assert (await control.get("switches")).json() == before


async def test_switches_outlive_a_reset_of_the_journal(control: httpx.AsyncClient) -> None:
    await control.patch("switches", json={"action_network": {"geocoding": False}})

    await control.post("reset")

    assert (await control.get("switches")).json()["action_network"]["geocoding"] is False
