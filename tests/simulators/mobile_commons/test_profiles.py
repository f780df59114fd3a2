"""`profiles` and `profile`: pages, windows, number lists, the profile element."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from anmc_simulators.mobile_commons.records import Source

if TYPE_CHECKING:
    from simulators.mobile_commons.conftest import Account, Wire

ADA, BEN = "12025550123", "12025550124"
RECORDED_ORDER = [
    "first_name", "last_name", "phone_number", "email", "status", "created_at", "updated_at", "opted_out_at",
    "opted_out_source", "source", "address", "last_saved_location", "last_saved_districts", "custom_columns",
    "subscriptions", "integrations", "clicks",
]  # fmt: skip


async def get_only_profile(wire: "Wire", **parameters: str) -> Any:
    found = await wire.get("profiles", **parameters)
    (profile,) = found.iter("profile")
    return profile


async def test_a_profile_has_the_recorded_children_in_the_recorded_order(account: "Account", wire: "Wire") -> None:
    account.member(first_name="Ada", street1="1 Sample St", state="DC")

    profile = await get_only_profile(wire)

    assert [child.tag for child in profile] == RECORDED_ORDER
    assert profile.get("id") == "700000001"
    assert profile.findtext("phone_number") == ADA
    assert profile.findtext("address/street1") == "1 Sample St"
    assert [child.tag for child in profile.iterfind("address/*")] == [
        "street1", "street2", "city", "state", "postal_code", "country",
    ]  # fmt: skip


async def test_empty_values_are_self_closed_elements(account: "Account", wire: "Wire") -> None:
    account.person()

    text = (await wire.http.get("/api/profiles")).text

    for element in ("first_name", "email", "opted_out_at", "opted_out_source", "street1"):
        assert f"<{element}/>" in text


async def test_text_of_a_custom_column_is_padded_and_dated(account: "Account", wire: "Wire") -> None:
    account.person(an_person_id="0b1e6c1e")

    profile = await get_only_profile(wire)

    (filled,) = profile.xpath("custom_columns/custom_column[@name='an_person_id']")
    assert filled.text is not None
    assert filled.text.strip() == "0b1e6c1e"
    assert filled.text[0].isspace()
    assert filled.text[-1].isspace()
    assert (filled.get("created_at"), filled.get("updated_at")) == ("2025-03-01T10:00:00Z", "2025-03-01T10:00:00Z")


async def test_every_column_of_the_company_is_listed_the_empty_ones_without_dates(
    account: "Account", wire: "Wire"
) -> None:
    account.person(an_person_id="0b1e6c1e")

    text = (await wire.http.get("/api/profiles")).text

    assert '<custom_column name="Date of Birth"/>' in text


async def test_containers_without_children_hold_white_space(account: "Account", wire: "Wire") -> None:
    account.person()

    profile = await get_only_profile(wire)

    for tag in ("integrations", "clicks"):
        container = profile.find(tag)
        assert container is not None
        assert len(container) == 0
        assert container.text is not None
        assert container.text.isspace()


async def test_without_any_subscription_the_container_is_absent(account: "Account", wire: "Wire") -> None:
    account.person()

    profile = await get_only_profile(wire)

    assert profile.find("subscriptions") is None
    assert profile.findtext("status") == "Profiles with no Subscriptions"


async def test_a_subscription_has_the_recorded_attributes(account: "Account", wire: "Wire") -> None:
    account.member()

    profile = await get_only_profile(wire)

    (subscription,) = profile.iterfind("subscriptions/subscription")
    assert dict(subscription.attrib) == {
        "campaign_id": account.campaign.id,
        "campaign_name": "General ",
        "campaign_description": "",
        "opt_in_path_id": "",
        "status": "Active",
        "opt_in_source": "JOIN",
        "created_at": "2025-03-01T10:00:00Z",
        "activated_at": "2025-03-01T10:00:00Z",
        "opted_out_at": "",
        "opt_out_source": "",
    }
    assert profile.findtext("status") == "Active Subscriber"


async def test_times_in_elements_end_in_utc(account: "Account", wire: "Wire") -> None:
    profile = account.member()
    account.wait(seconds=65)
    account.company.opt_out_by_api(profile)

    element = await get_only_profile(wire)

    assert [element.findtext(tag) for tag in ("created_at", "updated_at", "opted_out_at")] == [
        "2025-03-01 10:00:00 UTC",
        "2025-03-01 10:01:05 UTC",
        "2025-03-01 10:01:05 UTC",
    ]


async def test_the_source_of_an_api_profile_is_its_user(account: "Account", wire: "Wire") -> None:
    account.person()

    source = (await get_only_profile(wire)).find("source")

    assert source is not None
    assert dict(source.attrib) == {"type": "API", "name": "Somebody else", "email": "somebody@example.org"}


async def test_the_integration_record_carries_the_constituent_id(account: "Account", wire: "Wire") -> None:
    account.person().constituent_id = "0b1e6c1e"

    (integration,) = (await get_only_profile(wire)).iterfind("integrations/integration")

    assert dict(integration.attrib) == {
        "constituent_id": "0b1e6c1e",
        "type": "ActionNetwork",
        "synchronized_at": "",
    }


@pytest.mark.parametrize(
    ("flag", "part"),
    [
        ("include_custom_columns", "custom_columns"),
        ("include_subscriptions", "subscriptions"),
        ("include_clicks", "clicks"),
        ("include_members", "integrations"),
    ],
)
async def test_a_part_vanishes_with_its_flag_alone(account: "Account", wire: "Wire", flag: str, part: str) -> None:
    account.member()

    profile = await get_only_profile(wire, **{flag: "false"})

    assert [child.tag for child in profile] == [tag for tag in RECORDED_ORDER if tag != part]


async def test_messages_and_donations_come_with_one_profile_on_request(account: "Account", wire: "Wire") -> None:
    account.person()

    plain = await wire.get("profile", phone_number=ADA)
    asked = await wire.get("profile", phone_number=ADA, include_messages="true", include_donations="1")

    assert [plain.find(f"profile/{tag}") for tag in ("messages", "donations")] == [None, None]
    assert [child.tag for child in asked[0]][-3:] == ["clicks", "messages", "donations"]


async def test_markup_and_control_characters_leave_the_answer_well_formed(account: "Account", wire: "Wire") -> None:
    account.person(first_name="<A&B>\x0b“é”\x00", an_person_id="]]>\ufffe")

    profile = await get_only_profile(wire)

    assert profile.findtext("first_name") == "<A&B>“é”"


async def test_num_is_the_size_of_this_page_and_zero_behind_the_end(account: "Account", wire: "Wire") -> None:
    for line in range(5):
        account.person(f"1202555010{line}")

    pages = [await wire.get("profiles", limit=2, page=page) for page in (1, 3, 4)]

    found = [page.find("profiles") for page in pages]
    assert [(one.get("num"), one.get("page"), len(one)) for one in found if one is not None] == [
        ("2", "1", 2),
        ("1", "3", 1),
        ("0", "4", 0),
    ]
    assert all(page.get("success") == "true" for page in pages)


@pytest.mark.parametrize(
    ("limit", "num"), [("", "100"), ("1000", "1000"), ("5000", "1000"), ("0", "100"), ("many", "100"), ("-1", "100")]
)
async def test_a_page_has_100_profiles_by_default_and_1000_at_most(
    account: "Account", wire: "Wire", limit: str, num: str
) -> None:
    for line in range(1001):
        account.person(f"120255{50000 + line}")

    found = await wire.get("profiles", limit=limit)

    assert found.xpath("profiles/@num") == [num]


@pytest.mark.parametrize(
    "spelling",
    [
        "2025-03-01T10:00:00Z",
        "2025-03-01T10:00:00.000Z",
        "2025-03-01T12:00:00+02:00",
        "2025-03-01 10:00:00 UTC",
        "20250301T100000",
    ],
)
async def test_both_bounds_are_inclusive_in_every_spelling(account: "Account", wire: "Wire", spelling: str) -> None:
    account.person()
    account.wait(seconds=1)
    account.person(BEN)

    assert await wire.window(**{"from": spelling, "to": spelling}) == [ADA]
    assert await wire.window(**{"from": spelling}) == [ADA, BEN]
    assert await wire.window(to=spelling) == [ADA]


async def test_a_date_alone_is_its_first_second(account: "Account", wire: "Wire") -> None:
    account.person()

    assert await wire.window(**{"from": "2025-03-01"}) == [ADA]
    assert await wire.window(**{"from": "2025-03-02"}) == []
    assert await wire.window(to="2025-03-01") == []


async def test_a_bound_that_is_no_time_is_refused(wire: "Wire") -> None:
    found = await wire.get("profiles", **{"from": "yesterday"})

    assert found.get("success") == "false"


async def test_a_number_list_finds_the_numbers_that_carry_their_country_code(account: "Account", wire: "Wire") -> None:
    account.person()
    account.person(BEN)
    account.person("12025550125")

    found = await wire.get("profiles", phone_number=f"{BEN},{ADA},12025550199,2025550125")

    assert sorted(found.xpath("//profile/phone_number/text()")) == [ADA, BEN]
    assert found.xpath("profiles/@num") == ["2"]


@pytest.mark.parametrize("spelling", ["2025550123", "12025550123", "+1 (202) 555-0123", "202.555.0123"])
async def test_a_single_profile_is_found_by_most_formats(account: "Account", wire: "Wire", spelling: str) -> None:
    account.person()

    by_get = await wire.get("profile", phone_number=spelling)
    by_post = await wire.post("profile", phone_number=spelling)

    assert by_get.findtext("profile/phone_number") == by_post.findtext("profile/phone_number") == ADA


@pytest.mark.parametrize("number", [BEN, "", "12", "none", "11025550123", "12" * 10])
async def test_unknown_and_malformed_numbers_are_the_same_error(wire: "Wire", number: str) -> None:
    answer = await wire.http.get("/api/profile", params={"phone_number": number})

    response = etree.fromstring(answer.content)
    assert (answer.status_code, response.get("success")) == (200, "false")
    (error,) = response
    assert (error.tag, error.items()) == ("error", [("id", "5"), ("message", "Invalid phone number")])
    assert '<error id="5" message="Invalid phone number"/>' in answer.text


async def test_a_hundred_thousand_profiles_are_walked_to_the_last(account: "Account", wire: "Wire") -> None:
    past = datetime(2024, 1, 1, tzinfo=UTC)
    for line in range(100_000):
        account.company.add_profile(f"1202{5_500_000 + line}", source=Source("Keyword", "JOIN"), at=past)

    last = await wire.get("profiles", limit=1000, page=100)
    behind = await wire.get("profiles", limit=1000, page=101)

    assert last.xpath("//profile/phone_number/text()")[-1] == "12025599999"
    assert behind.xpath("profiles/@num") == ["0"]
