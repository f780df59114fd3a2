"""`campaigns`: the list, its filters, its opt-in paths."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from simulators.mobile_commons.conftest import Account, Wire


@pytest.fixture
def ended(account: "Account") -> str:
    return account.company.add_campaign("Last year", active=False).id


async def test_campaigns_come_in_the_documented_shape(account: "Account", wire: "Wire") -> None:
    (campaign,) = await wire.get("campaigns", include_opt_in_paths=1)

    assert campaign.tag == "campaigns"
    element = campaign.find("campaign")
    assert element is not None
    assert dict(element.attrib) == {"id": account.campaign.id, "active": "true"}
    assert [child.tag for child in element] == ["name", "description", "tags", "opt_in_paths"]
    assert element.findtext("name") == "General"
    path = element.find("opt_in_paths/opt_in_path")
    assert path is not None
    assert dict(path.attrib) == {"id": account.path.id, "active": "true"}
    assert path.findtext("name") == "CRM sync"


async def test_description_and_tags_are_shown(account: "Account", wire: "Wire") -> None:
    tagged = account.company.add_campaign("News", description="Weekly & short", tags=["owner@example.org", "news"])
    account.company.subscribe(account.person(), tagged, source="NEWS")

    plain, described = (await wire.get("campaigns")).iter("campaign")
    profile = await wire.get("profile", phone_number="12025550123")

    assert (plain.findtext("description"), plain.xpath("tags/tag")) == ("", [])
    assert described.findtext("description") == "Weekly & short"
    assert described.xpath("tags/tag/text()") == ["owner@example.org", "news"]
    assert profile.xpath("//subscription/@campaign_description") == ["Weekly & short"]


async def test_opt_in_paths_are_left_out_unless_asked_for(wire: "Wire") -> None:
    found = await wire.get("campaigns")

    assert found.xpath("//opt_in_paths") == []


async def test_an_unknown_campaign_id_lists_all(account: "Account", wire: "Wire", ended: str) -> None:
    one = await wire.get("campaigns", campaign_id=ended)
    all_of_them = await wire.get("campaigns", campaign_id="999999")

    assert one.xpath("//campaign/@id") == [ended]
    assert all_of_them.xpath("//campaign/@id") == [account.campaign.id, ended]


async def test_campaigns_are_filtered_by_status(account: "Account", wire: "Wire", ended: str) -> None:
    found = {status: await wire.get("campaigns", status=status) for status in ("active", "ended", "")}

    assert {status: answer.xpath("//campaign/@id") for status, answer in found.items()} == {
        "active": [account.campaign.id],
        "ended": [ended],
        "": [account.campaign.id, ended],
    }


async def test_campaigns_are_sorted_by_id_in_both_directions(account: "Account", wire: "Wire", ended: str) -> None:
    found = await wire.get("campaigns", sort="desc")

    assert found.xpath("//campaign/@id") == [ended, account.campaign.id]
