"""People as Action Network shows them (action-network-api.md 4.4, 6, 10.1)."""

import json
from datetime import UTC, datetime

import pytest

from anmc.clients.action_network.models import CustomFields, PeoplePage, PersonAnswer
from anmc.clients.calls import Answer
from anmc.clients.failures import Unreadable
from anmc.rules.records import Person

ID = "3f1c7a52-6a54-4b7e-9d0d-2f4a8f0e1b11"


def an_answer(content: object) -> Answer:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Answer(code="200", body=body, content_type="application/hal+json", read_at=datetime(2026, 3, 1, tzinfo=UTC))


def a_person(**members: object) -> Person:
    person = PersonAnswer.read(an_answer({"identifiers": [f"action_network:{ID}"], **members})).to_person()
    assert person is not None
    return person


def test_a_full_person_reads_with_every_value_by_its_api_field_name() -> None:
    person = a_person(
        created_date="2026-01-30T18:00:00Z",
        modified_date="2026-01-31T10:15:42Z",
        given_name="Ana",
        family_name="Ruiz",
        email_addresses=[
            {"address": "old@example.org"},
            {"primary": True, "address": "ana@example.org", "status": "subscribed"},
        ],
        phone_numbers=[{"primary": True, "number": "13125550123", "number_type": "Mobile", "status": "bouncing"}],
        postal_addresses=[
            {
                "primary": True,
                "address_lines": ["1 Sample St", "Apt 2"],
                "locality": "Chicago",
                "region": "IL",
                "postal_code": "60601",
                "country": "US",
                "location": {"latitude": None, "accuracy": "Approximate"},
            }
        ],
        languages_spoken=["es"],
        custom_fields={"sms_opt_in": "1", "Date of Birth": "1990-01-01"},
        unknown_member={"anything": [1, 2]},
    )

    assert person == Person(
        id=person.id,
        created_date=datetime(2026, 1, 30, 18, 0, 0, tzinfo=UTC),
        modified_date=datetime(2026, 1, 31, 10, 15, 42, tzinfo=UTC),
        number="13125550123",
        sms_status="bouncing",
        values={
            "given_name": "Ana",
            "family_name": "Ruiz",
            "email_address": "ana@example.org",
            "address_line_1": "1 Sample St",
            "address_line_2": "Apt 2",
            "locality": "Chicago",
            "region": "IL",
            "postal_code": "60601",
            "country": "US",
            "language_spoken": "es",
            "custom_fields.sms_opt_in": "1",
            "custom_fields.Date of Birth": "1990-01-01",
        },
    )
    assert person.id == ID


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"phone_numbers": [{"primary": True, "status": "unsubscribed"}]}, id="entry-without-number"),
        pytest.param({"phone_numbers": []}, id="empty-list"),
        pytest.param({}, id="absent"),
        pytest.param({"phone_numbers": None}, id="null-list"),
        pytest.param({"phone_numbers": [{"number": None}]}, id="null-number"),
        pytest.param({"phone_numbers": [{"number": ""}]}, id="empty-number"),
    ],
)
def test_every_form_of_no_number_reads_as_none(members: dict[str, object]) -> None:
    assert a_person(**members).number is None


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"email_addresses": []}, id="empty-list"),
        pytest.param({}, id="absent"),
        pytest.param({"email_addresses": [{"status": "subscribed"}]}, id="entry-without-address"),
    ],
)
def test_every_form_of_no_address_reads_as_absent(members: dict[str, object]) -> None:
    assert "email_address" not in a_person(**members).values


def test_absent_empty_and_null_stay_apart() -> None:
    values = a_person(given_name="", family_name=None, custom_fields={"a": "", "b": None}).values

    assert values == {"given_name": "", "family_name": None, "custom_fields.a": "", "custom_fields.b": None}


def test_custom_values_of_other_types_read_as_text_and_nested_ones_are_left_out() -> None:
    values = a_person(custom_fields={"n": 7, "yes": True, "no": False, "list": ["a"], "map": {}}).values

    assert values == {"custom_fields.n": "7", "custom_fields.yes": "1", "custom_fields.no": "0"}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_is_no_text(number: str) -> None:
    page = PeoplePage.read(
        an_answer(
            b'{"_links": {}, "_embedded": {"osdi:people": [{"custom_fields": {"a": %s}, '
            b'"identifiers": ["action_network:p"]}]}}' % number.encode()
        )
    )

    assert page.people() == ((), {0: "p"})


def test_a_strange_date_is_no_date() -> None:
    assert a_person(modified_date="soon", created_date=5).modified_date is None


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"identifiers": ["van:1", f"action_network:{ID.upper()}"]}, id="among-foreign-ones-upper-case"),
        pytest.param({"_links": {"self": {"href": f"https://actionnetwork.org/api/v2/people/{ID}"}}}, id="from-link"),
        pytest.param({"identifiers": [], "_links": {"self": {"href": f"/api/v2/people/{ID}/"}}}, id="final-slash"),
    ],
)
def test_the_id_is_found(content: dict[str, object]) -> None:
    assert PersonAnswer.read(an_answer(content)).id() == ID


@pytest.mark.parametrize("content", [{}, {"identifiers": ["van:1"]}, {"identifiers": ["action_network:../x"]}])
def test_a_person_without_a_usable_id_is_nobody(content: dict[str, object]) -> None:
    assert PersonAnswer.read(an_answer(content)).to_person() is None


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"_links": {}}, id="no-embedded"),
        pytest.param({"_links": {}, "_embedded": {}}, id="no-people"),
        pytest.param({"_links": {"next": None}, "_embedded": {"osdi:people": []}}, id="empty"),
    ],
)
def test_a_page_without_people_is_empty(content: dict[str, object]) -> None:
    page = PeoplePage.read(an_answer(content))

    assert (page.people(), page.has_next) == (((), {}), False)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{}", id="says-nothing"),
        pytest.param(b'{"_links": {}, "_embedded": {"osdi:people"', id="truncated"),
        pytest.param(b"<html></html>", id="html"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'{"_links": {}, "page": ' + b"9" * 10_000 + b"}x", id="long-number"),
        pytest.param(b'{"_links": {}, "_embedded": {"osdi:people": {"a": 7}}}', id="no-list"),
        pytest.param(b"\xff\xfe{}", id="not-utf-8"),
    ],
)
def test_what_is_no_page_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        PeoplePage.read(an_answer(body))


def test_custom_fields_without_their_list_say_nothing() -> None:
    with pytest.raises(Unreadable):
        CustomFields.read(an_answer({"_links": {}}))
