"""`profile_opt_out`: out of everything, of one campaign, of one subscription."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from simulators.mobile_commons.conftest import Account, Wire

ADA = "12025550123"
JOINED, LEFT = "2025-03-01T10:00:00Z", "2025-03-01T10:01:00Z"


@pytest.fixture
def second_campaign(account: "Account") -> str:
    """A campaign that Ada is a member of too, as of a minute ago."""
    campaign = account.company.add_campaign("Second")
    account.company.subscribe(account.member(), campaign, source="SECOND")
    account.wait(minutes=1)
    return campaign.id


async def test_without_a_selector_everything_ends_and_updated_at_moves(
    account: "Account", wire: "Wire", second_campaign: str
) -> None:
    answer = await wire.post("profile_opt_out", phone_number="2025550123")

    (profile,) = answer
    assert [profile.findtext(tag) for tag in ("status", "updated_at", "opted_out_at", "opted_out_source")] == [
        "Undeliverable",
        "2025-03-01 10:01:00 UTC",
        "2025-03-01 10:01:00 UTC",
        "Opt-out from API",
    ]
    rows = [
        tuple(row.get(name) for name in ("campaign_id", "status", "activated_at", "opted_out_at", "opt_out_source"))
        for row in profile.iter("subscription")
    ]
    assert rows == [
        (campaign_id, "Opted-Out", JOINED, LEFT, "Opt-out from API")
        for campaign_id in (account.campaign.id, second_campaign)
    ]
    assert profile.find("clicks") is not None
    assert account.journal.texts == []


async def test_with_a_campaign_only_that_membership_ends_and_updated_at_stays(
    account: "Account", wire: "Wire", second_campaign: str
) -> None:
    answer = await wire.post("profile_opt_out", phone_number=ADA, campaign_id=account.campaign.id)

    statuses = {row.get("campaign_id"): row.get("status") for row in answer.iter("subscription")}
    assert statuses == {account.campaign.id: "Opted-Out", second_campaign: "Active"}
    assert [answer.findtext(f"profile/{tag}") for tag in ("status", "updated_at", "opted_out_at")] == [
        "Active Subscriber",
        "2025-03-01 10:00:00 UTC",
        "",
    ]


async def test_a_single_subscription_is_ended_by_its_id(account: "Account", wire: "Wire", second_campaign: str) -> None:
    rows = await wire.get("campaign_subscribers", campaign_id=second_campaign)
    subscription_id = rows.findtext("subscriptions/sub/id")
    assert subscription_id is not None

    answer = await wire.post("profile_opt_out", phone_number=ADA, subscription_id=subscription_id)

    statuses = {row.get("campaign_id"): row.get("status") for row in answer.iter("subscription")}
    assert statuses == {account.campaign.id: "Active", second_campaign: "Opted-Out"}


async def test_leaving_the_only_campaign_makes_a_profile_undeliverable(account: "Account", wire: "Wire") -> None:
    account.member()

    answer = await wire.post("profile_opt_out", phone_number=ADA, campaign_id=account.campaign.id)

    assert answer.findtext("profile/status") == "Undeliverable"


async def test_who_is_out_already_gets_new_dates_on_the_profile_only(account: "Account", wire: "Wire") -> None:
    account.member()
    account.service.text_stop(ADA)
    account.wait(minutes=1)

    answer = await wire.post("profile_opt_out", phone_number=ADA)

    assert answer.findtext("profile/opted_out_at") == "2025-03-01 10:01:00 UTC"
    assert answer.findtext("profile/opted_out_source") == "Opt-out from API"
    (subscription,) = answer.iter("subscription")
    assert (subscription.get("opted_out_at"), subscription.get("opt_out_source")) == (JOINED, "Texted a STOP word")


async def test_leaving_a_campaign_never_joined_changes_nothing(account: "Account", wire: "Wire") -> None:
    account.person()

    answer = await wire.post("profile_opt_out", phone_number=ADA, campaign_id=account.campaign.id)

    assert answer.get("success") == "true"
    assert answer.findtext("profile/status") == "Profiles with no Subscriptions"
    assert answer.xpath("//subscription") == []


@pytest.mark.parametrize("number", ["12025550199", "12", ""])
async def test_a_number_without_a_profile_is_error_5(account: "Account", wire: "Wire", number: str) -> None:
    answer = await wire.post("profile_opt_out", phone_number=number)

    assert answer.xpath("error/@id") == ["5"]
    assert account.company.profiles == {}


@pytest.mark.parametrize("selector", [{"campaign_id": "999999"}, {"subscription_id": "999999"}])
async def test_an_unknown_selector_is_refused_and_ends_nothing(
    account: "Account", wire: "Wire", selector: dict[str, str]
) -> None:
    profile = account.member()

    answer = await wire.post("profile_opt_out", phone_number=ADA, **selector)

    assert answer.get("success") == "false"
    assert profile.status == "Active Subscriber"
