"""A small pipeline, and what the simulators can tell about it."""

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from conftest import Simulators


def subscribe_everybody_who_ticked(simulators: "Simulators", accounts: dict[str, Any]) -> None:
    """Stand in for the pipeline that you want to test."""
    commons, network = accounts["mobile_commons"], accounts["action_network"]
    reader, writer = {"OSDI-API-Token": network["key"]}, {"Authorization": f"Bearer {commons['token']}"}
    join = f"{simulators.mobile_commons}/api/profile_update?company={commons['company']}"
    with httpx.Client() as client:
        url: str | None = f"{simulators.action_network}/api/v2/people"
        while url:
            page = patiently(client, "GET", url, headers=reader).json()
            time.sleep(0.26)  # four calls a second are allowed
            for person in page["_embedded"]["osdi:people"]:
                if person["custom_fields"].get(network["opt_in_field"]) == "1":
                    number = person["phone_numbers"][0]["number"]
                    form = {"phone_number": number, "opt_in_path_id": commons["opt_in_path_id"]}
                    patiently(client, "POST", join, data=form, headers=writer)
            url = page["_links"].get("next", {}).get("href")


def patiently(client: httpx.Client, method: str, url: str, **request: Any) -> httpx.Response:
    """Send a request, once more when no good answer came."""
    try:
        answer = client.request(method, url, **request)
        if answer.is_success:
            return answer
    except httpx.TransportError:
        pass
    return client.request(method, url, **request).raise_for_status()


@pytest.fixture
def ada(simulators: "Simulators", accounts: dict[str, Any]) -> str:
    """Somebody who ticked the box; returns the number."""
    network = accounts["action_network"]
    person = {"key": network["key"], "phone": "12025550123", "custom_fields": {network["opt_in_field"]: "1"}}
    simulators.control("POST", "action-network/people", person)
    return "12025550123"


def texts(simulators: "Simulators", accounts: dict[str, Any]) -> list[str]:
    """Return the numbers that were texted, each as often as it was."""
    journal = simulators.control("GET", "journal", account=accounts["mobile_commons"]["company"])
    return [text["phone"] for text in journal["texts"]]


def test_who_ticked_gets_one_text_at_a_pace_that_the_services_allow(
    simulators: "Simulators", accounts: dict[str, Any], ada: str
) -> None:
    subscribe_everybody_who_ticked(simulators, accounts)

    figures = simulators.control("GET", "journal", account=accounts["action_network"]["key"], limit=0)
    assert texts(simulators, accounts) == [ada]
    assert figures["accounts"][0]["max_calls_per_second"] <= 4
    assert figures["totals"]["too_many_requests"] == 0


def test_a_lost_answer_sends_no_second_text(simulators: "Simulators", accounts: dict[str, Any], ada: str) -> None:
    fault = {"fault": "disconnect-after", "service": "mobile-commons", "operation": "opt_in", "times": 1}
    simulators.control("POST", "faults", {**fault, "account": accounts["mobile_commons"]["company"]})

    subscribe_everybody_who_ticked(simulators, accounts)

    journal = simulators.control("GET", "journal", operation="opt_in")
    assert [(call["status"], call["faults"]) for call in journal["requests"]] == [(0, ["disconnect-after"]), (200, [])]
    assert texts(simulators, accounts) == [ada]


def test_who_texted_stop_stays_out(simulators: "Simulators", accounts: dict[str, Any], ada: str) -> None:
    commons = accounts["mobile_commons"]
    simulators.control("POST", "mobile-commons/keyword", {"phone": ada, "company": commons["company"]})
    simulators.control("POST", "mobile-commons/stop", {"phone": ada, "company": commons["company"]})

    subscribe_everybody_who_ticked(simulators, accounts)

    profile = simulators.control("GET", f"mobile-commons/profiles/{ada}", company=commons["company"])
    assert profile["status"] == "Undeliverable"
    assert texts(simulators, accounts) == []
