"""What people do with their phones, and staff in the user interface, as the API then shows it."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from simulators.mobile_commons.conftest import Account, Wire

ADA = "12025550123"


async def test_a_keyword_makes_a_stranger_a_member(account: "Account", wire: "Wire") -> None:
    account.service.text_keyword(account.company, "+1 202 555 0123", account.campaign.id)

    answer = await wire.get("profile", phone_number=ADA)

    source = answer.find("profile/source")
    assert source is not None
    assert dict(source.attrib) == {
        "type": "Keyword",
        "name": "JOIN",
        "id": "400001",
        "opt_in_path_id": "",
        "message_id": "9000000001",
    }
    (subscription,) = answer.iter("subscription")
    assert (subscription.get("status"), subscription.get("opt_in_path_id")) == ("Active", "")
    assert account.journal.texts == []


async def test_a_keyword_after_stop_renews_the_membership_and_clears_the_opt_out(
    account: "Account", wire: "Wire"
) -> None:
    account.member()
    account.service.text_stop(ADA)
    account.wait(minutes=1)

    account.service.text_keyword(account.company, ADA, account.campaign.id)

    answer = await wire.get("profile", phone_number=ADA)
    assert [answer.findtext(f"profile/{tag}") for tag in ("status", "opted_out_at", "opted_out_source")] == [
        "Active Subscriber",
        "",
        "",
    ]
    (subscription,) = answer.iter("subscription")
    assert [subscription.get(name) for name in ("activated_at", "opted_out_at", "opt_out_source")] == [
        "2025-03-01T10:01:00Z",
        "",
        "",
    ]
    assert len(account.campaign.subscriptions) == 1


async def test_a_keyword_confirms_a_pending_membership(account: "Account", wire: "Wire") -> None:
    await wire.post("profile_update", phone_number=ADA, opt_in_path_id=account.careful_path.id)
    account.wait(minutes=1)

    account.service.text_keyword(account.company, ADA, account.campaign.id)

    answer = await wire.get("profile", phone_number=ADA)
    assert answer.xpath("//subscription/@activated_at") == ["2025-03-01T10:01:00Z"]


async def test_a_keyword_of_a_member_changes_nothing(account: "Account", wire: "Wire") -> None:
    account.member()
    before = (await wire.http.get("/api/profiles")).text
    account.wait(minutes=1)

    account.service.text_keyword(account.company, ADA, account.campaign.id)

    assert (await wire.http.get("/api/profiles")).text == before


async def test_stop_ends_every_membership_under_its_own_source(account: "Account", wire: "Wire") -> None:
    profile = account.member()
    account.company.subscribe(profile, account.company.add_campaign("Second"), source="SECOND")
    account.wait(minutes=1)

    account.service.text_stop(ADA)

    answer = await wire.get("profile", phone_number=ADA)
    assert answer.xpath("//subscription/@status") == ["Opted-Out", "Opted-Out"]
    assert set(answer.xpath("//subscription/@opt_out_source")) == {"Texted a STOP word"}
    assert answer.findtext("profile/status") == "Undeliverable"
    assert answer.findtext("profile/opted_out_at") == "2025-03-01 10:01:00 UTC"
    assert answer.findtext("profile/opted_out_source") == "Texted a STOP word"


async def test_joining_and_stopping_by_phone_show_in_the_subscribers_window_only(
    account: "Account", wire: "Wire"
) -> None:
    account.member()
    account.wait(minutes=1)
    account.service.text_stop(ADA)
    account.wait(minutes=1)
    account.service.text_keyword(account.company, ADA, account.campaign.id)

    rows = await wire.get("campaign_subscribers", campaign_id=account.campaign.id, **{"from": "2025-03-01T10:02:00Z"})

    assert rows.xpath("//phone_number/text()") == [ADA]
    assert await wire.window(**{"from": "2025-03-01T10:00:01Z"}) == []


async def test_stop_reaches_all_companies_unless_one_is_named(account: "Account") -> None:
    other = account.service.create_company("Second Company")
    ours = account.member()
    theirs = other.add_profile(ADA, source=ours.source)

    account.service.text_stop(ADA, company=account.company)
    after_one = (ours.opted_out_at is not None, theirs.opted_out_at is not None)
    account.service.text_stop(ADA)

    assert after_one == (True, False)
    assert theirs.opted_out_at is not None


async def test_an_edit_by_hand_moves_updated_at(account: "Account", wire: "Wire") -> None:
    account.person(first_name="Ada", an_person_id="0b1e6c1e")
    account.wait(minutes=1)

    account.service.edit_profile(ADA, {"first_name": "Adele", "Date of Birth": "1990-01-01", "an_person_id": ""})

    answer = await wire.get("profile", phone_number=ADA)
    assert answer.findtext("profile/first_name") == "Adele"
    assert answer.findtext("profile/updated_at") == "2025-03-01 10:01:00 UTC"
    columns = {column.get("name"): (column.text or "").strip() for column in answer.iter("custom_column")}
    assert columns == {"an_person_id": "", "Date of Birth": "1990-01-01"}


def test_acts_that_make_no_sense_are_refused(account: "Account") -> None:
    account.person()
    service, company = account.service, account.company

    with pytest.raises(ValueError, match="no campaign"):
        service.text_keyword(company, ADA, "999999")
    with pytest.raises(ValueError, match="not a number"):
        service.text_keyword(company, "12", account.campaign.id)
    with pytest.raises(ValueError, match="no profile"):
        service.text_stop("12025550199")
    with pytest.raises(ValueError, match="no profile"):
        service.edit_profile("12025550199", {})
    with pytest.raises(ValueError, match="'shoe size'"):
        service.edit_profile(ADA, {"shoe size": "38"})
