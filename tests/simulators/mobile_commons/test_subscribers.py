"""`campaign_subscribers`: rows without a status."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from simulators.mobile_commons.conftest import Account, Wire

ADA, BEN, CLEO = "12025550123", "12025550124", "12025550125"


async def test_rows_say_active_pending_and_out_by_their_dates(account: "Account", wire: "Wire") -> None:
    account.member()
    pending = account.person(BEN)
    account.company.use_path(pending, account.careful_path, user=account.service.users["an-sync@example.org"])
    out = account.member(CLEO)
    account.wait(seconds=5)
    account.company.leave_everything(out, source="Texted a STOP word")

    found = await wire.get("campaign_subscribers", campaign_id=account.campaign.id)

    assert found.xpath("subscriptions/@num") == ["3"]
    rows = [[(child.tag, child.text) for child in row] for row in found.iter("sub")]
    joined = "2025-03-01 10:00:00 UTC"
    assert rows == [
        [
            ("id", f"80000000{place}"),
            ("profile_id", f"70000000{place}"),
            ("phone_number", phone),
            ("activated_at", activated),
            ("opted_out_at", opted_out),
        ]
        for place, phone, activated, opted_out in (
            (1, ADA, joined, None),
            (2, BEN, None, None),
            (3, CLEO, joined, "2025-03-01 10:00:05 UTC"),
        )
    ]


async def test_a_page_has_1000_rows_by_default_and_at_most(account: "Account", wire: "Wire") -> None:
    for line in range(1001):
        account.member(f"120255{50000 + line}")

    pages = [
        await wire.get("campaign_subscribers", campaign_id=account.campaign.id, **parameters)
        for parameters in ({}, {"limit": 2000}, {"page": 2}, {"page": 3}, {"limit": 3})
    ]

    assert [page.xpath("subscriptions/@num") for page in pages] == [["1000"], ["1000"], ["1"], ["0"], ["3"]]


async def test_a_window_has_the_rows_whose_newest_date_lies_in_it(account: "Account", wire: "Wire") -> None:
    out = account.member()
    account.member(BEN)
    account.wait(minutes=1)
    account.company.leave_everything(out, source="Texted a STOP word")

    found = await wire.get("campaign_subscribers", campaign_id=account.campaign.id, **{"from": "2025-03-01T10:01:00Z"})
    before = await wire.get("campaign_subscribers", campaign_id=account.campaign.id, to="2025-03-01T10:00:59Z")

    assert found.xpath("//phone_number/text()") == [ADA]
    assert before.xpath("//phone_number/text()") == [BEN]


async def test_rows_can_be_restricted_to_one_path_and_a_blank_path_means_all(account: "Account", wire: "Wire") -> None:
    account.member()
    user = account.service.users["an-sync@example.org"]
    account.company.use_path(account.person(BEN), account.path, user=user)

    one = await wire.get("campaign_subscribers", campaign_id=account.campaign.id, opt_in_path_id=account.path.id)
    every = await wire.get("campaign_subscribers", campaign_id=account.campaign.id, opt_in_path_id="")

    assert one.xpath("//phone_number/text()") == [BEN]
    assert every.xpath("//phone_number/text()") == [ADA, BEN]


async def test_the_count_is_that_of_the_members_whatever_the_page(account: "Account", wire: "Wire") -> None:
    for phone in (ADA, BEN, CLEO):
        account.member(phone)
    account.service.text_stop(CLEO)

    found = await wire.get(
        "campaign_subscribers", campaign_id=account.campaign.id, limit=1, page=9, include_subscriber_count=1
    )

    assert found.xpath("subscriptions/@num") == ["0"]
    assert found.findtext("subscriptions/subscriber_count") == "2"


async def test_rows_can_be_asked_for_by_post(account: "Account", wire: "Wire") -> None:
    account.member()

    found = await wire.post("campaign_subscribers", campaign_id=account.campaign.id)

    assert found.xpath("//phone_number/text()") == [ADA]


@pytest.mark.parametrize("campaign_id", ["", "999999"])
async def test_an_unknown_campaign_is_an_error(wire: "Wire", campaign_id: str) -> None:
    found = await wire.get("campaign_subscribers", campaign_id=campaign_id)

    assert found.get("success") == "false"
