"""Who is let in, in which form parameters come, what surrounds every answer."""

import base64
import json
from typing import TYPE_CHECKING

import httpx
import pytest
from lxml import etree

if TYPE_CHECKING:
    from simulators.mobile_commons.conftest import Account, Wire

ADA = "12025550123"


def basic(login: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{login}:{password}'.encode()).decode()}"


@pytest.mark.parametrize("authorization", ["Bearer invented-token", basic("an-sync@example.org", "invented-password")])
async def test_token_and_password_both_let_in(wire: "Wire", authorization: str) -> None:
    answer = await wire.http.get("/api/campaigns", headers={"Authorization": authorization})

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/xml")


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer wrong",
        "Bearer",
        "Basic !!!",
        "Basic /w==",
        "Digest x",
        basic("an-sync@example.org", "wrong"),
        basic("nobody@example.org", "invented-password"),
    ],
)
async def test_wrong_credentials_are_answered_with_a_page_that_is_no_xml(wire: "Wire", authorization: str) -> None:
    answer = await wire.http.get("/api/campaigns", headers={"Authorization": authorization})

    assert answer.status_code == 401
    assert answer.headers["Content-Type"].startswith("text/html")
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(answer.content)


async def test_a_revoked_token_is_refused(account: "Account", wire: "Wire") -> None:
    user = account.service.users["an-sync@example.org"]
    account.service.put_user(type(user)(user.login, user.companies, user.name, user.email, tokens=frozenset({"new"})))

    old = await wire.http.get("/api/campaigns")
    new = await wire.http.get("/api/campaigns", headers={"Authorization": "Bearer new"})

    assert (old.status_code, new.status_code) == (401, 200)


async def test_a_company_that_the_user_may_see_is_chosen_by_its_key(account: "Account", wire: "Wire") -> None:
    other = account.service.create_company("Second Company")
    campaign = other.add_campaign("Elsewhere")
    user = account.service.users["an-sync@example.org"]
    companies = (*user.companies, other.key)
    account.service.put_user(type(user)(user.login, companies, user.name, user.email, tokens=user.tokens))

    found = await wire.get("campaigns", company=other.key)

    assert found.xpath("//campaign/@id") == [campaign.id]


async def test_another_company_or_none_leads_to_the_users_own(account: "Account", wire: "Wire") -> None:
    account.service.create_company("Strangers", key="CO-strangers").add_campaign("Elsewhere")

    for company in ("CO-strangers", "CO-nobody", ""):
        found = await wire.get("campaigns", company=company)
        assert found.xpath("//campaign/@id") == [account.campaign.id]


async def test_company_in_the_query_counts_for_a_write_with_a_json_body(account: "Account", wire: "Wire") -> None:
    other = account.service.create_company("Second Company")
    user = account.service.users["an-sync@example.org"]
    companies = (*user.companies, other.key)
    account.service.put_user(type(user)(user.login, companies, user.name, user.email, tokens=user.tokens))

    await wire.http.post("/api/profile_update", params={"company": other.key}, json={"phone_number": ADA})

    assert (list(other.profiles), list(account.company.profiles)) == ([ADA], [])


@pytest.mark.parametrize(
    "request_parts",
    [
        pytest.param({"data": {"phone_number": ADA, "first_name": "Adã & Co"}}, id="form"),
        pytest.param({"json": {"phone_number": int(ADA), "first_name": "Adã & Co", "email": None}}, id="json"),
        pytest.param(
            {"files": {"phone_number": (None, ADA), "first_name": (None, "Adã & Co")}},
            id="multipart",
        ),
        pytest.param({"params": {"phone_number": ADA, "first_name": "Adã & Co"}}, id="query"),
        pytest.param({"params": {"phone_number": ADA}, "data": {"first_name": "Adã & Co"}}, id="query-and-form"),
    ],
)
async def test_a_write_is_understood_in_every_encoding(wire: "Wire", request_parts: dict[str, object]) -> None:
    request = httpx.Request(
        "POST",
        "http://simulator/api/profile_update",
        headers=wire.http.headers,
        **request_parts,  # type: ignore[arg-type]
    )

    answer = etree.fromstring((await wire.http.send(request)).content)

    assert answer.findtext("profile/first_name") == "Adã & Co"
    assert answer.findtext("profile/phone_number") == ADA


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"text"', b"\xff"])
async def test_a_json_body_that_is_no_object_is_a_bad_request(wire: "Wire", body: bytes) -> None:
    answer = await wire.http.post(
        "/api/profile_update", content=body, headers={"Content-Type": "application/json; charset=utf-8"}
    )

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("method", "endpoint"),
    [("GET", "profile_update"), ("GET", "profile_opt_out"), ("POST", "profiles"), ("GET", "nothing")],
)
async def test_a_wrong_method_or_path_is_not_found(wire: "Wire", method: str, endpoint: str) -> None:
    answer = await wire.http.request(method, f"/api/{endpoint}")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_the_date_header_follows_the_services_clock(account: "Account", wire: "Wire") -> None:
    account.wait(hours=2)

    answer = await wire.http.get("/api/campaigns")

    assert answer.headers["Date"] == "Sat, 01 Mar 2025 12:00:00 GMT"


@pytest.mark.parametrize(
    ("method", "endpoint", "parameters", "operation"),
    [
        ("GET", "campaigns", {"include_opt_in_paths": "1"}, "list_campaigns"),
        ("GET", "profiles", {"from": "2025-03-01T00:00:00Z"}, "list_profiles"),
        ("GET", "profiles", {"phone_number": ADA}, "find_profiles"),
        ("GET", "profile", {"phone_number": ADA}, "get_profile"),
        ("POST", "profile", {"phone_number": ADA}, "get_profile"),
        ("GET", "campaign_subscribers", {"campaign_id": "200001"}, "list_subscribers"),
        ("POST", "profile_update", {"phone_number": ADA}, "update_profile"),
        ("POST", "profile_update", {"phone_number": ADA, "opt_in_path_id": "300001"}, "opt_in"),
        ("POST", "profile_opt_out", {"phone_number": ADA}, "opt_out"),
    ],
)
async def test_the_journal_names_the_operation_with_its_parameters(
    account: "Account", wire: "Wire", method: str, endpoint: str, parameters: dict[str, str], operation: str
) -> None:
    await wire.http.request(method, f"/api/{endpoint}", params=parameters)

    (request,) = account.journal.requests
    assert (request.service, request.account) == ("mobile-commons", "an-sync@example.org")
    assert (request.method, request.path, request.status) == (method, f"/api/{endpoint}", 200)
    assert (request.operation, request.parameters) == (operation, parameters)


async def test_the_journal_notes_refused_requests_without_their_credentials(account: "Account", wire: "Wire") -> None:
    await wire.http.get("/api/campaigns", headers={"Authorization": "Bearer not-this-one"})

    (request,) = account.journal.requests
    assert (request.status, request.account) == (401, "")
    assert "not-this-one" not in json.dumps(account.journal.document())


async def test_a_status_fault_answers_in_html_before_anything_is_done(account: "Account", wire: "Wire") -> None:
    account.faults.set("mobile-commons", "update_profile", status=503, times=1)

    first = await wire.http.post("/api/profile_update", data={"phone_number": ADA})
    profiles_after_first = dict(account.company.profiles)
    second = await wire.http.post("/api/profile_update", data={"phone_number": ADA})

    assert (first.status_code, second.status_code) == (503, 200)
    assert first.headers["Content-Type"].startswith("text/html")
    assert profiles_after_first == {}
    assert [request.status for request in account.journal.requests] == [503, 200]
