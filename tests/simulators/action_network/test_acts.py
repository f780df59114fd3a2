"""What people and staff do to a list, ordered over the control API and seen over the API."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from anmc_simulators.action_network.control import routes
from anmc_simulators.action_network.person import Person
from anmc_simulators.action_network.state import ActionNetwork, Group
from anmc_simulators.bodies import MAX_UPLOAD
from anmc_simulators.clock import Clock
from anmc_simulators.switches import turned

A_PHONE, B_PHONE, NEW_PHONE = "13125550101", "13125550102", "13125550103"


@pytest.fixture
async def acts(service: ActionNetwork) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[Mount("/_sim", routes=routes(service))])
    url = "http://simulator/_sim/action-network/"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=url) as http:
        yield http


@pytest.fixture
def ana(group: Group) -> Person:
    person = replace(
        group.draft(), email="ana@example.org", email_status="subscribed", phone=A_PHONE, sms_status="subscribed"
    )
    group.put_settled(person)
    return person


async def read(api: httpx.AsyncClient, person: Person) -> dict[str, Any]:
    document: dict[str, Any] = (await api.get(f"people/{person.id}")).json()
    return document


async def test_stop_and_bounces_change_the_status_alone(
    api: httpx.AsyncClient, acts: httpx.AsyncClient, clock: Clock, ana: Person
) -> None:
    clock.advance(timedelta(minutes=1))

    async def statuses() -> tuple[str, str, str]:
        document = await read(api, ana)
        return (
            document["phone_numbers"][0]["status"],
            document["email_addresses"][0]["status"],
            document["modified_date"],
        )

    await acts.post("stop", json={"phone": A_PHONE})
    stopped = await statuses()
    await acts.post("bounce", json={"id": ana.id})
    await acts.post("bounce", json={"id": ana.id, "channel": "email"})

    assert stopped == ("unsubscribed", "subscribed", "2026-01-31T09:08:07Z")
    assert await statuses() == ("bouncing", "bouncing", "2026-01-31T09:08:07Z")


async def test_an_action_moves_modified_date_and_nothing_else(
    api: httpx.AsyncClient, acts: httpx.AsyncClient, clock: Clock, ana: Person
) -> None:
    before = await read(api, ana)
    clock.advance(timedelta(minutes=1))

    await acts.post("action", json={"id": ana.id})

    assert await read(api, ana) == {**before, "modified_date": "2026-01-31T09:09:07Z"}


async def test_a_merge_keeps_the_survivor_and_fills_its_blanks(
    api: httpx.AsyncClient, acts: httpx.AsyncClient, group: Group, ana: Person
) -> None:
    ben = replace(
        group.draft(), given_name="Ben", email="ben@example.org", phone=B_PHONE, foreign_identifiers=("crm:1",)
    )
    group.put_settled(ben)

    await acts.post("merge", json={"survivor": ana.id, "removed": ben.id})

    document = await read(api, ana)
    assert (document["given_name"], document["email_addresses"][0]["address"]) == ("Ben", "ana@example.org")
    assert document["phone_numbers"][0]["number"] == A_PHONE
    assert document["identifiers"] == [f"action_network:{ana.id}", "crm:1"]
    assert (await api.get(f"people/{ben.id}")).status_code == 404
    assert group.with_phone(B_PHONE) is None


async def test_an_id_that_is_on_the_list_again_leads_to_nobody_else(
    api: httpx.AsyncClient, acts: httpx.AsyncClient, service: ActionNetwork, group: Group, ana: Person
) -> None:
    service.switches.settings = turned(service.switches.settings, {"merged_id": "survivor"})
    ben = replace(group.draft(), phone=B_PHONE)
    group.put_settled(ben)
    await acts.post("merge", json={"survivor": ana.id, "removed": ben.id})
    merged = (await read(api, ben))["identifiers"]

    await acts.post("people", json={"id": ben.id, "phone": B_PHONE})
    await acts.post("merge", json={"survivor": ben.id, "removed": ana.id})

    assert merged == [f"action_network:{ana.id}"]
    assert [(await read(api, one))["identifiers"] for one in (ana, ben)] == [[f"action_network:{ben.id}"]] * 2


async def test_an_upload_follows_the_rules_of_the_helper(acts: httpx.AsyncClient, group: Group, ana: Person) -> None:
    rows = [
        {"given_name": "Ana", "phone_numbers": [{"number": A_PHONE}]},
        {"given_name": "Neo", "email_addresses": [{"address": "neo@example.org", "status": "unsubscribed"}]},
    ]

    answer = await acts.post("upload", json={"people": rows})

    uploaded = answer.json()["uploaded"]
    assert (uploaded[0], len(group)) == (ana.id, 2)
    assert [person.given_name for person in group] == ["Ana", "Neo"]
    assert [person.email_status for person in group] == ["subscribed", "unsubscribed"]


async def test_an_upload_deletes_for_good(
    api: httpx.AsyncClient, acts: httpx.AsyncClient, group: Group, ana: Person
) -> None:
    ben = replace(group.draft(), phone=B_PHONE)
    group.put_settled(ben)
    rows = [{"email_addresses": [{"address": "ANA@example.org"}]}, {"phone_numbers": [{"number": B_PHONE}]}]

    answer = await acts.post("upload", json={"people": rows, "delete": True})

    assert answer.json() == {"deleted": [ana.id, ben.id]}
    assert (await api.get("people")).json()["_embedded"]["osdi:people"] == []


async def test_the_same_person_can_be_on_two_lists_with_a_status_on_each(
    api: httpx.AsyncClient, acts: httpx.AsyncClient, ana: Person
) -> None:
    await acts.post("groups", json={"key": "other", "personal": True})

    answer = await acts.post("people", json={"key": "other", "id": ana.id, "phone": A_PHONE})

    other = (await api.get(f"people/{ana.id}", headers={"OSDI-API-Token": "other"})).json()
    assert answer.status_code == 201
    assert other["phone_numbers"][0]["status"] == "unsubscribed"
    assert (await read(api, ana))["phone_numbers"][0]["status"] == "subscribed"


async def test_a_revoked_key_closes_its_list(api: httpx.AsyncClient, acts: httpx.AsyncClient, ana: Person) -> None:
    key = api.headers["OSDI-API-Token"]

    answer = await acts.post("revoke-key", json={"key": key})

    assert answer.json() == {"revoked": key}
    assert (await api.get(f"people/{ana.id}")).status_code == 403


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("stop", {}, 400, "id or phone"),
        ("stop", {"phone": "12"}, 400, "not a number"),
        ("stop", {"phone": NEW_PHONE}, 404, "no such person"),
        ("bounce", {"phone": A_PHONE, "channel": "fax"}, 400, "channel"),
        ("action", {"id": "nobody"}, 404, "no such person"),
        ("merge", {"survivor": "ANA", "removed": "ANA"}, 400, "with themselves"),
        ("merge", {"survivor": "ANA", "removed": "nobody"}, 404, "no such person"),
        ("upload", {"people": [{}]}, 400, "email address or a phone number"),
        ("upload", {"people": [{"phone_numbers": [{"number": NEW_PHONE}]}], "delete": True}, 404, "no such person"),
        ("upload", {"people": [{}] * (MAX_UPLOAD + 1)}, 400, "people"),
        ("people", {"id": "ANA", "phone": NEW_PHONE}, 400, "has that id"),
        ("people", {"id": "no uuid"}, 400, "id"),
        ("revoke-key", {"key": "nobody's"}, 400, "no group has that key"),
    ],
)
async def test_a_mistake_is_answered_with_what_is_wrong(
    acts: httpx.AsyncClient, ana: Person, path: str, body: dict[str, Any], status: int, message: str
) -> None:
    named = {name: ana.id if value == "ANA" else value for name, value in body.items()}

    answer = await acts.post(path, json=named)

    assert answer.status_code == status
    assert message in answer.text


async def test_an_upload_that_the_service_fails_over_is_a_mistake_too(
    acts: httpx.AsyncClient, service: ActionNetwork, ana: Person
) -> None:
    service.switches.settings = turned(service.switches.settings, {"unknown_custom_field": "failing"})
    row = {"phone_numbers": [{"number": ana.phone}], "custom_fields": {"novel": "x"}}

    answer = await acts.post("upload", json={"people": [row]})

    assert (answer.status_code, "fails over" in answer.text) == (400, True)
