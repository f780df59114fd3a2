"""The control API of Mobile Commons over HTTP."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from anmc_simulators.mobile_commons.control import routes
from anmc_simulators.server import create_apps
from anmc_simulators.simulation import Simulation

if TYPE_CHECKING:
    from simulators.mobile_commons.conftest import Account, Wire

ADA = "12025550123"


@pytest.fixture
async def people(account: "Account") -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[Mount("/_sim", routes=routes(account.service))])
    url = "http://simulator/_sim/mobile-commons/"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=url) as http:
        yield http


async def test_a_company_is_created_with_everything_in_it(account: "Account", people: httpx.AsyncClient) -> None:
    path = {"id": "310001", "name": "Web", "double_opt_in": True}
    wanted = {
        "key": "CO-second",
        "name": "Second Company",
        "columns": ["constituent_id"],
        "campaigns": [{"id": "210001", "name": "News", "opt_in_paths": [path, {"name": "Form"}]}],
        "users": [{"login": "second@example.org", "password": "pw-2", "tokens": ["token-2"], "name": "Second"}],
    }

    answer = await people.post("companies", json=wanted)

    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["key"], shown["columns"]) == ("CO-second", ["constituent_id"])
    (campaign,) = shown["campaigns"]
    assert (campaign["id"], [one["id"] for one in campaign["opt_in_paths"]]) == ("210001", ["310001", "300003"])
    assert shown["users"] == [{"login": "second@example.org", "name": "Second", "email": "second@example.org"}]
    user = account.service.user_by_token("token-2")
    assert user is not None
    assert user == account.service.user_by_password("second@example.org", "pw-2")
    listed = (await people.get("companies")).json()["companies"]
    assert listed[1] == shown


async def test_a_user_is_given_another_token(people: httpx.AsyncClient, wire: "Wire") -> None:
    await people.post("users", json={"login": "an-sync@example.org", "tokens": ["rotated"]})

    old = await wire.http.get("/api/campaigns")
    new = await wire.http.get("/api/campaigns", headers={"Authorization": "Bearer rotated"})

    assert (old.status_code, new.status_code) == (401, 200)


async def test_people_join_leave_and_come_back(account: "Account", people: httpx.AsyncClient) -> None:
    keyword = {"phone": "+1 (202) 555-0123", "campaign_id": account.campaign.id}

    joined = (await people.post("keyword", json=keyword)).json()
    left = (await people.post("stop", json={"phone": ADA})).json()
    account.wait(minutes=1)
    back = (await people.post("keyword", json=keyword)).json()

    assert [one["subscriptions"][0]["status"] for one in (joined, left, back)] == ["Active", "Opted-Out", "Active"]
    assert left["opted_out_source"] == "Texted a STOP word"
    assert (back["opted_out_at"], back["subscriptions"][0]["activated_at"]) == (None, "2025-03-01T10:01:00Z")


async def test_staff_edit_a_profile_and_read_it(account: "Account", people: httpx.AsyncClient) -> None:
    account.person()
    account.wait(minutes=1)

    edit = {
        "phone": ADA,
        "fields": {"first_name": "Ada", "an_person_id": "x"},
        "constituent_id": "y",
        "textable": False,
    }
    edited = await people.post("profile", json=edit)

    shown = (await people.get(f"profiles/{ADA}")).json()
    assert edited.json() == shown
    assert (shown["fields"], shown["columns"]) == ({"first_name": "Ada"}, {"an_person_id": "x"})
    assert (shown["constituent_id"], shown["status"]) == ("y", "Undeliverable")
    assert shown["updated_at"] == "2025-03-01T10:01:00Z"


async def test_the_summary_counts_by_status(account: "Account", people: httpx.AsyncClient) -> None:
    account.member()
    account.company.leave_everything(account.member("12025550124"), source="Texted a STOP word")
    account.person("12025550125")

    (company,) = (await people.get("summary")).json()["companies"]

    assert company["profiles"] == 3
    assert company["by_status"] == {
        "Active Subscriber": 1,
        "Undeliverable": 1,
        "Profiles with no Subscriptions": 1,
    }
    assert company["campaigns"][0]["by_status"] == {"Active": 1, "Opted-Out": 1}


async def test_a_campaign_has_to_be_named_where_there_are_several(
    account: "Account", people: httpx.AsyncClient
) -> None:
    joined = await people.post("keyword", json={"phone": ADA})
    account.company.add_campaign("Another")

    ambiguous = await people.post("keyword", json={"phone": ADA})

    assert [row["campaign_id"] for row in joined.json()["subscriptions"]] == [account.campaign.id]
    assert (ambiguous.status_code, "there are 2 campaigns" in ambiguous.text) == (400, True)


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("keyword", {"phone": ADA, "campaign_id": "999999"}, "no campaign with that id"),
        ("keyword", {"phone": "12", "campaign_id": "200001"}, "not a number"),
        ("keyword", {"phone": ADA, "campaign_id": "200001", "company": "CO-none"}, "no company has that key"),
        ("stop", {"phone": "12025550199"}, "no profile has that number"),
        ("stop", {"phone": ADA, "reason": "x"}, "reason: there is no such member; there are: phone, company"),
        ("profile", {"phone": "12025550199", "fields": {}}, "no profile has that number"),
        ("companies", {"campaigns": [{"id": "x"}]}, "campaigns.0.id"),
        ("companies", {"campaigns": [{"id": "200001"}]}, "'200001' is taken"),
        ("users", {"login": "x@example.org", "tokens": ["invented-token"]}, "belongs to another user"),
        ("users", {"login": "x@example.org", "companies": ["CO-none"]}, "each must exist"),
        ("users", [], "body"),
    ],
)
async def test_a_mistake_is_answered_with_what_is_wrong(
    people: httpx.AsyncClient, path: str, body: Any, message: str
) -> None:
    answer = await people.post(path, json=body)

    assert answer.status_code == 400
    assert message in answer.text


async def test_one_of_several_companies_has_to_be_named(account: "Account", people: httpx.AsyncClient) -> None:
    account.service.create_company("Second Company")
    account.person()

    unnamed = await people.get(f"profiles/{ADA}")
    named = await people.get(f"profiles/{ADA}", params={"company": account.company.key})

    assert (unnamed.status_code, named.status_code) == (400, 200)
    assert "2 companies" in unnamed.text


async def test_an_unknown_profile_is_not_found(people: httpx.AsyncClient) -> None:
    unknown, malformed = await people.get(f"profiles/{ADA}"), await people.get("profiles/12")

    assert (unknown.status_code, malformed.status_code) == (404, 400)


@pytest.mark.parametrize("port", ["mobile_commons", "action_network"])
async def test_either_port_takes_the_acts_and_answers_mistakes_in_json(port: str) -> None:
    app = create_apps(Simulation())[port]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulator") as http:
        created = await http.post("/_sim/mobile-commons/companies", json={"campaigns": [{"id": "200001"}]})
        joined = await http.post("/_sim/mobile-commons/keyword", json={"phone": ADA, "campaign_id": "200001"})
        mistake = await http.post("/_sim/mobile-commons/stop", json={"phone": "12025550199"})

    assert (created.status_code, joined.status_code) == (201, 200)
    assert (mistake.status_code, mistake.json()) == (400, {"error": "no profile has that number"})
