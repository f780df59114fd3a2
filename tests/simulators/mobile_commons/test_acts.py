"""What people and staff do, ordered over the control API and seen over the API."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from lxml import etree
from starlette.applications import Starlette
from starlette.routing import Mount

from anmc_simulators.mobile_commons.control import routes
from anmc_simulators.switches import turned

if TYPE_CHECKING:
    from simulators.mobile_commons.conftest import Account, Wire

ADA, BEN = "12025550123", "12025550124"
LATER = "2025-03-01 10:01:00 UTC"


@pytest.fixture
async def acts(account: "Account") -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[Mount("/_sim", routes=routes(account.service))])
    url = "http://simulator/_sim/mobile-commons/"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=url) as http:
        yield http


async def rows(account: "Account", wire: "Wire") -> list[tuple[str, str]]:
    found = await wire.get("campaign_subscribers", campaign_id=account.campaign.id)
    return [(row.findtext("profile_id"), row.findtext("phone_number")) for row in found.iter("sub")]


async def test_oops_takes_back_what_stop_ended_and_nothing_else(
    account: "Account", wire: "Wire", acts: httpx.AsyncClient
) -> None:
    profile = account.member()
    second = account.company.add_campaign("Second")
    account.company.leave(account.company.subscribe(profile, second, source="SECOND"), source="Opt-out from API")
    account.wait(minutes=1)
    await acts.post("stop", json={"phone": ADA})

    answer = await acts.post("oops", json={"phone": ADA})

    assert answer.json()["opted_out_at"] is None
    found = await wire.get("profile", phone_number=ADA)
    assert found.xpath("//subscription/@status") == ["Active", "Opted-Out"]
    assert found.findtext("profile/status") == "Active Subscriber"


async def test_oops_takes_back_a_stop_that_ended_no_membership(account: "Account", acts: httpx.AsyncClient) -> None:
    account.person()
    await acts.post("stop", json={"phone": ADA})

    answer = await acts.post("oops", json={"phone": ADA})

    assert answer.json()["status"] == "Profiles with no Subscriptions"


async def test_oops_does_nothing_for_who_left_through_the_api(account: "Account", acts: httpx.AsyncClient) -> None:
    account.company.opt_out_by_api(account.member())

    answer = await acts.post("oops", json={"phone": ADA})

    assert answer.status_code == 400
    assert "left by STOP" in answer.text


async def test_oops_reaches_one_company_if_it_is_named(account: "Account", acts: httpx.AsyncClient) -> None:
    other = account.service.create_company("Second Company")
    ours, theirs = account.member(), other.add_profile(ADA, source=account.person(BEN).source)
    await acts.post("stop", json={"phone": ADA})

    await acts.post("oops", json={"phone": ADA, "company": account.company.key})

    assert (ours.opted_out_at, theirs.opted_out_at is None) == (None, False)


async def test_an_upload_creates_and_changes_profiles_and_subscribes_nobody(
    account: "Account", wire: "Wire", acts: httpx.AsyncClient
) -> None:
    account.person(first_name="Ada", last_name="Example")
    account.wait(minutes=1)
    uploaded = [
        {"phone": "202-555-0123", "fields": {"first_name": "Adele", "an_person_id": "x"}},
        {"phone": BEN},
    ]

    answer = await acts.post("upload", json={"profiles": uploaded})

    assert [one["phone"] for one in answer.json()["profiles"]] == [ADA, BEN]
    found = await wire.get("profiles", **{"from": "2025-03-01T10:01:00Z"})
    assert found.xpath("//first_name/text()") == ["Adele"]
    assert found.xpath("//last_name/text()") == ["Example"]
    assert found.xpath("//source/@type") == ["API", "Unknown"]
    assert found.xpath("//subscription") == []
    assert account.journal.texts == []


async def test_a_deleted_profile_is_nowhere_any_more(account: "Account", wire: "Wire", acts: httpx.AsyncClient) -> None:
    account.member()
    account.member(BEN)

    answer = await acts.delete(f"profiles/{ADA}")

    assert answer.json() == {"deleted": "700000001"}
    assert (await wire.get("profile", phone_number=ADA)).xpath("error/@id") == ["5"]
    assert await wire.window() == [BEN]
    assert await rows(account, wire) == [("700000002", BEN)]


async def test_a_deleted_number_can_come_back_as_somebody_else(
    account: "Account", wire: "Wire", acts: httpx.AsyncClient
) -> None:
    account.company.opt_out_by_api(account.member())
    await acts.delete(f"profiles/{ADA}")

    answer = await wire.post("profile_update", phone_number=ADA, opt_in_path_id=account.path.id)

    assert answer.xpath("profile/@id") == ["700000002"]
    assert answer.xpath("//subscription/@status") == ["Active"]


async def test_a_merge_moves_what_the_survivor_lacks(account: "Account", wire: "Wire", acts: httpx.AsyncClient) -> None:
    account.person(first_name="Ada")
    account.member(BEN, first_name="A.", last_name="Example", an_person_id="x")
    account.wait(minutes=1)

    await acts.post("merge", json={"survivor": ADA, "removed": BEN})

    found = await wire.get("profile", phone_number=ADA)
    assert [found.findtext(f"profile/{tag}") for tag in ("first_name", "last_name")] == ["Ada", "Example"]
    assert [text.strip() for text in found.xpath("//custom_column/text()")] == ["x"]
    assert found.findtext("profile/updated_at") == LATER
    assert (await wire.get("profile", phone_number=BEN)).xpath("error/@id") == ["5"]
    assert await rows(account, wire) == [("700000001", ADA)]


async def test_a_cleaned_number_can_be_texted_no_more(account: "Account", acts: httpx.AsyncClient) -> None:
    account.member()
    account.member(BEN)

    undeliverable = await acts.post("clean", json={"phone": ADA})
    account.service.switches.settings = turned(account.service.switches.settings, {"cleaned_profile": "gone"})
    await acts.post("clean", json={"phone": BEN})

    assert undeliverable.json()["status"] == "Undeliverable"
    assert list(account.company.profiles) == [ADA]


async def test_clicks_make_a_profile_huge_unless_they_are_left_out(
    account: "Account", wire: "Wire", acts: httpx.AsyncClient
) -> None:
    account.person()

    await acts.post("click", json={"phone": ADA, "url": "https://example.org/a?b&c", "times": 1_000})

    found = await wire.get("profiles")
    without = await wire.http.get("/api/profiles", params={"include_clicks": "false"})
    clicks = found.xpath("//click")
    assert (len(clicks), len(set(found.xpath("//click/@id")))) == (1_000, 1_000)
    assert [child.tag for child in clicks[0]] == ["created_at", "url", "remote_addr", "http_referer", "user_agent"]
    assert clicks[0].findtext("url") == "https://example.org/a?b&c"
    assert len(etree.tostring(found)) > 200_000
    assert "click" not in without.text


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("oops", {"phone": BEN}, 400, "no profile has that number"),
        ("click", {"phone": BEN}, 404, "no profile has that number"),
        ("click", {"phone": ADA, "times": 1_001}, 400, "times"),
        ("clean", {"phone": BEN}, 400, "no profile has that number"),
        ("merge", {"survivor": ADA, "removed": ADA}, 400, "with itself"),
        ("merge", {"survivor": ADA, "removed": BEN}, 404, "no profile has that number"),
        ("merge", {"survivor": ADA, "removed": "12"}, 400, "not a number"),
        ("upload", {"profiles": [{"phone": "12"}]}, 400, "not a number"),
        ("upload", {"profiles": [{"phone": ADA, "fields": {"shoe size": "38"}}]}, 400, "'shoe size'"),
        ("upload", {"profiles": [{"fields": {}}]}, 400, "profiles.0.phone"),
    ],
)
async def test_a_mistake_is_answered_with_what_is_wrong(
    account: "Account", acts: httpx.AsyncClient, path: str, body: dict[str, Any], status: int, message: str
) -> None:
    account.person()

    answer = await acts.post(path, json=body)

    assert answer.status_code == status
    assert message in answer.text


async def test_deleting_nobody_is_not_found(acts: httpx.AsyncClient) -> None:
    assert (await acts.delete(f"profiles/{ADA}")).status_code == 404
