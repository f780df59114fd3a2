import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

import anmc_simulators.control
from anmc_simulators.census import Census, Cohort, take_census
from anmc_simulators.clock import Clock
from anmc_simulators.server import create_apps
from anmc_simulators.simulation import Simulation

KEY = "an-key"


@pytest.fixture
def simulation() -> Simulation:
    now = datetime(2026, 1, 31, 9, 8, 7, tzinfo=UTC)
    return Simulation(clock=Clock(lambda: now))


@pytest.fixture
async def control(simulation: Simulation) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_apps(simulation)["action_network"]),
        base_url="http://action-network.example.org",
    ) as client:
        group = {"key": KEY, "custom_fields": ["sms_opt_in", "note"]}
        answer = await client.post("/_sim/action-network/groups", json=group)
        assert answer.status_code == 200
        yield client


async def add(control: httpx.AsyncClient, **person: Any) -> str:
    answer = await control.post("/_sim/action-network/people", json=person)
    assert answer.status_code == 201, answer.text
    person_id: str = answer.json()["id"]
    return person_id


async def read(control: httpx.AsyncClient, person_id: str) -> dict[str, Any]:
    answer = await control.get(f"/api/v2/people/{person_id}", headers={"OSDI-API-Token": KEY})
    document: dict[str, Any] = answer.json()
    return document


async def test_a_record_can_be_an_old_one(control: httpx.AsyncClient) -> None:
    person_id = await add(control, phone="(312) 555-0101", days_ago=30)

    person = await read(control, person_id)

    assert person["modified_date"] == "2026-01-01T09:08:07Z"
    assert person["created_date"] == person["modified_date"]


async def test_a_record_edited_by_hand_is_what_the_service_shows(control: httpx.AsyncClient) -> None:
    person_id = await add(control, given_name="Ana", email="Ana@example.org", phone="(312) 555-0101")

    await control.post("/_sim/clock", json={"advance_seconds": 60})
    answer = await control.post(
        f"/_sim/action-network/people/{person_id}",
        json={"family_name": "Ruiz", "postal_code": "60601", "custom_fields": {"note": "x"}},
    )

    person = await read(control, person_id)
    assert answer.status_code == 200
    assert (person["given_name"], person["family_name"]) == ("Ana", "Ruiz")
    assert person["phone_numbers"][0]["number"] == "13125550101"
    assert person["postal_addresses"][0]["postal_code"] == "60601"
    assert person["custom_fields"] == {"note": "x"}
    assert person["modified_date"] == "2026-01-31T09:09:07Z"


async def test_an_empty_string_blanks_a_field(control: httpx.AsyncClient) -> None:
    person_id = await add(control, given_name="Ana", email="ana@example.org", phone="13125550101")

    await control.post(f"/_sim/action-network/people/{person_id}", json={"given_name": "", "phone": ""})

    person = await read(control, person_id)
    assert "given_name" not in person
    assert "number" not in person["phone_numbers"][0]


@pytest.mark.parametrize(
    ("value", "custom_fields"),
    [
        (True, {"sms_opt_in": "1"}),
        (False, {"sms_opt_in": "0"}),
        ("Yes", {"sms_opt_in": "Yes"}),
        (None, {}),
    ],
)
async def test_the_checkbox_can_be_ticked_unticked_worded_and_taken_away(
    control: httpx.AsyncClient,
    value: bool | str | None,  # noqa: FBT001  a table column
    custom_fields: dict[str, str],
) -> None:
    person_id = await add(control, phone="13125550101", custom_fields={"sms_opt_in": "before"})

    answer = await control.post(
        "/_sim/action-network/tick", json={"phone": "13125550101", "field": "sms_opt_in", "value": value}
    )

    assert answer.status_code == 200
    assert (await read(control, person_id))["custom_fields"] == custom_fields


async def test_a_person_is_found_by_phone_and_by_email(control: httpx.AsyncClient) -> None:
    person_id = await add(control, email="ana@example.org", phone="13125550101")

    by_phone = await control.get("/_sim/action-network/people", params={"phone": "+1 312 555 0101"})
    by_email = await control.get("/_sim/action-network/people", params={"email": "ANA@example.org"})
    by_id = await control.get(f"/_sim/action-network/people/{person_id}")

    assert by_phone.json() == by_email.json() == by_id.json()
    assert by_id.json()["id"] == person_id


async def test_a_deleted_record_is_gone(control: httpx.AsyncClient) -> None:
    person_id = await add(control, phone="13125550101")

    assert (await control.delete(f"/_sim/action-network/people/{person_id}")).status_code == 200

    assert (await control.get(f"/_sim/action-network/people/{person_id}")).status_code == 404
    assert (await read(control, person_id))["error"].startswith("Couldn't find person")


async def test_the_summary_counts_people_and_boxes(control: httpx.AsyncClient) -> None:
    await add(control, phone="13125550101", sms_status="subscribed", custom_fields={"sms_opt_in": "1"})
    await add(control, email="ben@example.org", custom_fields={"sms_opt_in": "0"})

    group = (await control.get("/_sim/action-network/summary")).json()["groups"][0]

    assert (group["key"], group["people"], group["with_email"]) == (KEY, 2, 1)
    assert group["sms"] == {"subscribed": 1, "no phone": 1}
    assert group["custom_fields"]["sms_opt_in"] == {"ticked": 1, "unticked": 1, "set": 2}


async def test_a_replaced_key_stops_at_once_and_the_new_one_opens_the_list(control: httpx.AsyncClient) -> None:
    person_id = await add(control, phone="13125550101")

    await control.post("/_sim/action-network/replace-key", json={"key": KEY, "new_key": "an-new-key"})

    old = await control.get("/api/v2/people", headers={"OSDI-API-Token": KEY})
    new = await control.get(f"/api/v2/people/{person_id}", headers={"OSDI-API-Token": "an-new-key"})
    assert (old.status_code, new.status_code) == (403, 200)


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("clock", {"advance_seconds": -1}, "advance_seconds"),
        ("clock", {"seconds": 1}, "advance_seconds"),
        ("seed", {"people": -1}, "people"),
        ("action-network/groups", {"key": " "}, "key"),
        ("action-network/people", {"nickname": "Ana"}, "nickname"),
        ("action-network/people", {"phone": "12"}, "phone: not a number"),
        ("action-network/people", {"phone": "13125550199"}, "another person on this list"),
        ("action-network/people", {"custom_fields": {"nowhere": "x"}}, "no custom field"),
        ("action-network/people", {"key": "other", "phone": "13125550102"}, "no group has that key"),
        ("action-network/tick", {"field": "sms_opt_in"}, "id or phone"),
        ("action-network/tick", {"field": "nowhere", "phone": "13125550199"}, "no custom field"),
        ("action-network/replace-key", {"key": KEY, "new_key": KEY}, "in use"),
    ],
)
async def test_bad_input_is_400_with_a_message(
    control: httpx.AsyncClient, path: str, body: dict[str, Any], message: str
) -> None:
    await add(control, phone="13125550199")

    answer = await control.post(f"/_sim/{path}", json=body)

    assert answer.status_code == 400
    assert message in answer.json()["error"]


async def test_what_is_no_json_is_400(control: httpx.AsyncClient) -> None:
    answer = await control.post("/_sim/clock", content="{")

    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]


async def test_a_person_has_to_be_named_by_the_group_when_there_are_several(control: httpx.AsyncClient) -> None:
    await control.post("/_sim/action-network/groups", json={"key": "second"})

    ambiguous = await control.post("/_sim/action-network/people", json={"phone": "13125550101"})
    named = await control.post("/_sim/action-network/people", json={"phone": "13125550101", "key": "second"})

    assert ambiguous.status_code == 400
    assert "2 groups" in ambiguous.json()["error"]
    assert named.status_code == 201


async def test_the_clock_moves_for_both_services(control: httpx.AsyncClient) -> None:
    await control.post("/_sim/clock", json={"advance_seconds": 86_400})

    assert (await control.get("/_sim/clock")).json() == {"now": "2026-02-01T09:08:07Z"}
    assert (await control.get("/api/v2/people")).headers["Date"] == "Sun, 01 Feb 2026 09:08:07 GMT"


async def test_a_fault_hits_the_operation_it_is_set_for_as_often_as_it_says(control: httpx.AsyncClient) -> None:
    headers = {"OSDI-API-Token": KEY}
    fault = {"service": "action-network", "operation": "list_people", "status": 503, "times": 1}
    assert (await control.post("/_sim/faults", json=fault)).status_code == 200

    other = await control.get("/api/v2/metadata/custom_fields", headers=headers)
    first = await control.get("/api/v2/people", headers=headers)
    second = await control.get("/api/v2/people", headers=headers)

    assert (other.status_code, first.status_code, second.status_code) == (200, 503, 200)


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/_sim/faults"), ("POST", "/_sim/reset")])
async def test_faults_end_when_cleared_or_reset(control: httpx.AsyncClient, method: str, path: str) -> None:
    fault = {"service": "action-network", "operation": "list_people", "status": 503}
    await control.post("/_sim/faults", json=fault)
    before = await control.get("/api/v2/people", headers={"OSDI-API-Token": KEY})

    await control.request(method, path)

    after = await control.get("/api/v2/people", headers={"OSDI-API-Token": KEY})
    assert (before.status_code, after.status_code) == (503, 200)


async def test_a_reset_forgets_the_journal_and_keeps_people(control: httpx.AsyncClient) -> None:
    person_id = await add(control, phone="13125550101")
    await read(control, person_id)
    assert len((await control.get("/_sim/journal")).json()["requests"]) == 1

    await control.post("/_sim/reset")

    journal = (await control.get("/_sim/journal")).json()
    assert (journal["requests"], journal["texts"], journal["calls"], journal["accounts"]) == ([], [], {}, [])
    assert (await control.get(f"/_sim/action-network/people/{person_id}")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/_sim/jurnal", 404, "/_sim has /healthz, /reset, /clock"),
        ("PUT", "/_sim/faults", 405, "PUT is not possible here; possible: DELETE, GET, HEAD, POST"),
        ("POST", "/_sim/journal", 405, "POST is not possible here; possible: GET, HEAD"),
    ],
)
async def test_what_is_not_there_is_answered_with_what_is(
    control: httpx.AsyncClient, method: str, path: str, status: int, message: str
) -> None:
    answer = await control.request(method, path)

    assert (answer.status_code, message in answer.json()["error"]) == (status, True)


async def test_a_pair_of_accounts_works_at_once_and_shares_nothing(control: httpx.AsyncClient) -> None:
    first = (await control.post("/_sim/accounts", json={"columns": ["team"], "custom_fields": ["team"]})).json()
    second = (await control.post("/_sim/accounts", json={})).json()
    commons, network = first["mobile_commons"], first["action_network"]

    keyword = {"phone": "13125550101", "company": commons["company"]}
    joined = await control.post("/_sim/mobile-commons/keyword", json=keyword)
    person = {"phone": "13125550101", "key": network["key"], "custom_fields": {"team": "red", "sms_opt_in": "1"}}
    added = await control.post("/_sim/action-network/people", json=person)
    listed = {one["account"]: one for one in (await control.get("/_sim/accounts")).json()["accounts"]}

    assert (joined.status_code, added.status_code) == (200, 201)
    assert joined.json()["subscriptions"][0]["campaign_id"] == commons["campaign_id"]
    assert [listed[one["action_network"]["key"]]["people"] for one in (first, second)] == [1, 0]
    assert [listed[one["mobile_commons"]["company"]]["people"] for one in (first, second)] == [1, 0]
    assert listed[commons["company"]]["logins"] == [commons["username"]]
    assert commons["token"] not in str(listed)


async def test_each_port_controls_both_services(simulation: Simulation) -> None:
    for app in create_apps(simulation).values():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://example.org") as client:
            health = await client.get("/_sim/healthz")
            summary = await client.get("/_sim/action-network/summary")
            assert (health.status_code, summary.status_code) == (200, 200)


async def test_both_services_answer_while_people_are_invented(
    control: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, begun, finish = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def take_long(cohort: Cohort) -> Census:
        loop.call_soon_threadsafe(begun.set)
        finish.wait(60)
        return take_census(cohort)

    monkeypatch.setattr(anmc_simulators.control, "take_census", take_long)
    seeding = asyncio.create_task(control.post("/_sim/seed", json={"people": 20}))
    await begun.wait()
    meanwhile = [await control.get("/_sim/healthz"), await control.get("/api/v2/people")]
    finish.set()

    assert [answer.status_code for answer in meanwhile] == [200, 403]
    assert (await seeding).json()["action_network"]["people"] == 17


async def test_two_seeds_at_a_time_invent_different_people(control: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*[control.post("/_sim/seed", json={"people": 20}) for _ in range(2)])

    first, second = (answer.json() for answer in answers)
    assert {first["action_network"]["people"], second["action_network"]["people"]} == {17, 34}
    assert first["kinds"]["both_linked_ticked"]["people"] != second["kinds"]["both_linked_ticked"]["people"]


async def test_the_summaries_count_invented_people(control: httpx.AsyncClient) -> None:
    await control.post("/_sim/seed", json={"people": 20})

    groups = (await control.get("/_sim/action-network/summary")).json()["groups"]
    (company,) = (await control.get("/_sim/mobile-commons/summary")).json()["companies"]

    assert [group["people"] for group in groups] == [0, 17]
    assert groups[1]["custom_fields"]["sms_opt_in"] == {"ticked": 10, "unticked": 3, "set": 13}
    assert (company["profiles"], company["by_status"]) == (9, {"Active Subscriber": 7, "Undeliverable": 2})
    assert company["campaigns"][0]["by_status"] == {"Active": 7, "Opted-Out": 2}
