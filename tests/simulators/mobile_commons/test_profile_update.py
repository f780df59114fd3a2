"""`profile_update`: create, change, opt in once."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from simulators.mobile_commons.conftest import Account, Wire

ADA = "12025550123"


async def test_a_new_number_becomes_a_profile_of_the_api_user(account: "Account", wire: "Wire") -> None:
    answer = await wire.post("profile_update", phone_number="202-555-0123", first_name="Ada", state="DC")

    (profile,) = answer
    assert (profile.tag, profile.findtext("phone_number")) == ("profile", ADA)
    assert (profile.findtext("first_name"), profile.findtext("address/state")) == ("Ada", "DC")
    source = profile.find("source")
    assert source is not None
    assert dict(source.attrib) == {"type": "API", "name": "AN Sync", "email": "an-sync@example.org"}
    assert profile.find("clicks") is not None
    assert account.journal.texts == []


async def test_a_known_number_is_changed_in_the_fields_that_are_sent(account: "Account", wire: "Wire") -> None:
    account.person(first_name="Ada", last_name="Example")

    answer = await wire.post("profile_update", phone_number="2025550123", first_name="Adele")

    assert (answer.findtext("profile/first_name"), answer.findtext("profile/last_name")) == ("Adele", "Example")
    assert len(account.company.profiles) == 1


async def test_null_leaves_a_field_as_it_is(account: "Account", wire: "Wire") -> None:
    profile = account.person(email="ada@example.org", an_person_id="0b1e6c1e")

    body = {"phone_number": ADA, "email": None, "an_person_id": None, "first_name": "Ada"}
    await wire.http.post("/api/profile_update", json=body)

    assert profile.fields == {"email": "ada@example.org", "first_name": "Ada"}
    assert profile.columns["an_person_id"].text == "0b1e6c1e"


async def test_an_empty_value_clears(account: "Account", wire: "Wire") -> None:
    account.person(first_name="Ada", an_person_id="0b1e6c1e")

    await wire.post("profile_update", phone_number=ADA, first_name="", an_person_id="")

    text = (await wire.http.get("/api/profiles")).text
    assert "<first_name/>" in text
    assert '<custom_column name="an_person_id"/>' in text


async def test_a_custom_column_with_blanks_in_its_name_is_written(account: "Account", wire: "Wire") -> None:
    profile = account.person()

    await wire.post("profile_update", phone_number=ADA, **{"Date of Birth": "1990-01-01"})

    assert profile.columns["Date of Birth"].text == "1990-01-01"


async def test_a_rewritten_column_keeps_its_first_date(account: "Account", wire: "Wire") -> None:
    account.person(an_person_id="old")
    account.wait(minutes=1)

    answer = await wire.post("profile_update", phone_number=ADA, an_person_id="new")

    (column,) = answer.xpath("//custom_column[@name='an_person_id']")
    assert (column.get("created_at"), column.get("updated_at")) == ("2025-03-01T10:00:00Z", "2025-03-01T10:01:00Z")


async def test_an_unknown_column_is_ignored_without_a_word(account: "Account", wire: "Wire") -> None:
    account.person()
    account.wait(minutes=1)

    answer = await wire.post("profile_update", phone_number=ADA, an_persn_id="0b1e6c1e")

    assert answer.get("success") == "true"
    assert answer.xpath("//custom_column/@name") == ["an_person_id", "Date of Birth"]
    assert answer.findtext("profile/updated_at") == "2025-03-01 10:00:00 UTC"


@pytest.mark.parametrize("values", [{"first_name": "Ada"}, {"an_person_id": "0b1e6c1e"}])
async def test_writing_a_field_or_column_moves_updated_at(
    account: "Account", wire: "Wire", values: dict[str, str]
) -> None:
    account.person()
    account.wait(minutes=1)

    answer = await wire.post("profile_update", phone_number=ADA, **values)

    assert answer.findtext("profile/updated_at") == "2025-03-01 10:01:00 UTC"


@pytest.mark.parametrize("number", ["", "12", "202555012", "11025550123", "none"])
async def test_a_malformed_number_creates_nothing(account: "Account", wire: "Wire", number: str) -> None:
    answer = await wire.post("profile_update", phone_number=number, first_name="Ada")

    assert answer.xpath("error/@id") == ["5"]
    assert account.company.profiles == {}


async def test_eleven_digits_of_another_country_are_stored_as_undeliverable(wire: "Wire") -> None:
    answer = await wire.post("profile_update", phone_number="72025550123")

    assert answer.findtext("profile/phone_number") == "72025550123"
    assert answer.findtext("profile/status") == "Undeliverable"


async def test_a_path_subscribes_and_sends_its_welcome_text(account: "Account", wire: "Wire") -> None:
    answer = await wire.post("profile_update", phone_number=ADA, opt_in_path_id=account.path.id)

    (subscription,) = answer.iter("subscription")
    assert (subscription.get("status"), subscription.get("opt_in_source")) == ("Active", "AN Sync")
    assert (subscription.get("campaign_id"), subscription.get("opt_in_path_id")) == (
        account.campaign.id,
        account.path.id,
    )
    (text,) = account.journal.texts
    assert (text.phone, text.account, text.kind) == (ADA, account.company.key, "welcome")
    assert (text.campaign_id, text.opt_in_path_id) == (account.campaign.id, account.path.id)


async def test_a_new_subscription_leaves_updated_at_alone(account: "Account", wire: "Wire") -> None:
    account.person()
    account.wait(minutes=1)

    answer = await wire.post("profile_update", phone_number=ADA, opt_in_path_id=account.path.id)

    assert answer.findtext("profile/updated_at") == "2025-03-01 10:00:00 UTC"
    assert answer.xpath("//subscription/@activated_at") == ["2025-03-01T10:01:00Z"]


async def test_a_member_gets_no_second_text_nor_subscription(account: "Account", wire: "Wire") -> None:
    await wire.post("profile_update", phone_number=ADA, opt_in_path_id=account.path.id)
    account.wait(days=1)

    again = await wire.post("profile_update", phone_number=ADA, opt_in_path_id=account.path.id)

    assert again.xpath("//subscription/@activated_at") == ["2025-03-01T10:00:00Z"]
    assert len(account.journal.texts) == 1


@pytest.mark.parametrize("way_out", ["campaign", "everything"])
async def test_a_former_member_stays_out_in_silence_while_fields_are_written(
    account: "Account", wire: "Wire", way_out: str
) -> None:
    account.member()
    selector = {"campaign_id": account.campaign.id} if way_out == "campaign" else {}
    await wire.post("profile_opt_out", phone_number=ADA, **selector)
    account.wait(days=1)

    answer = await wire.post("profile_update", phone_number=ADA, first_name="Ada", opt_in_path_id=account.path.id)

    assert answer.get("success") == "true"
    assert answer.xpath("//subscription/@status") == ["Opted-Out"]
    assert answer.findtext("profile/first_name") == "Ada"
    assert account.journal.texts == []


async def test_who_is_out_of_everything_cannot_be_put_into_a_campaign_they_never_joined(
    account: "Account", wire: "Wire"
) -> None:
    account.person()
    await wire.post("profile_opt_out", phone_number=ADA)

    answer = await wire.post("profile_update", phone_number=ADA, opt_in_path_id=account.path.id)

    assert (answer.get("success"), answer.xpath("//subscription")) == ("true", [])
    assert account.journal.texts == []


async def test_each_campaign_can_be_joined_once(account: "Account", wire: "Wire") -> None:
    second = account.company.add_path(account.company.add_campaign("Second"), "Web")
    await wire.post("profile_update", phone_number=ADA, opt_in_path_id=account.path.id)

    answer = await wire.post("profile_update", phone_number=ADA, opt_in_path_id=second.id)

    assert answer.xpath("//subscription/@campaign_id") == [account.campaign.id, second.campaign_id]
    assert [text.campaign_id for text in account.journal.texts] == [account.campaign.id, second.campaign_id]


async def test_a_path_with_double_opt_in_asks_first(account: "Account", wire: "Wire") -> None:
    answer = await wire.post("profile_update", phone_number=ADA, opt_in_path_id=account.careful_path.id)

    (subscription,) = answer.iter("subscription")
    assert (subscription.get("activated_at"), subscription.get("opted_out_at")) == ("", "")
    assert subscription.get("status") != "Active"
    assert answer.findtext("profile/status") != "Active Subscriber"
    assert [text.kind for text in account.journal.texts] == ["confirmation request"]


async def test_a_path_without_a_welcome_text_sends_none(account: "Account", wire: "Wire") -> None:
    silent = account.company.add_path(account.campaign, "Silent", welcome_text="")

    answer = await wire.post("profile_update", phone_number=ADA, opt_in_path_id=silent.id)

    assert answer.xpath("//subscription/@status") == ["Active"]
    assert account.journal.texts == []


async def test_an_unknown_or_closed_path_is_refused_before_anything_is_written(
    account: "Account", wire: "Wire"
) -> None:
    closed = account.company.add_path(account.campaign, "Closed", active=False)
    ended = account.company.add_path(account.company.add_campaign("Ended", active=False), "Web")

    answers = [
        await wire.post("profile_update", phone_number=ADA, opt_in_path_id=path)
        for path in ("999999", closed.id, ended.id)
    ]

    assert [answer.get("success") for answer in answers] == ["false"] * 3
    assert account.company.profiles == {}
    assert account.journal.texts == []


async def test_a_blank_path_is_no_path(account: "Account", wire: "Wire") -> None:
    answer = await wire.post("profile_update", phone_number=ADA, opt_in_path_id="")

    assert (answer.get("success"), answer.xpath("//subscription")) == ("true", [])
    assert account.journal.texts == []
