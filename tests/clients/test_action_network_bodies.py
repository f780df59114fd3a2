"""What is written to Action Network, to the letter (sync.md A1 to A7, action-network-api.md 5, 8, 9)."""

import json
from datetime import datetime, timedelta, timezone

import pytest

from anmc.clients.action_network import filters
from anmc.clients.action_network.bodies import creation_body, needs_current, update_body, with_current_email
from anmc.clients.calls import Body, Call
from anmc.rules.decisions import NewPerson
from anmc.rules.records import Person, PersonId, Phone


def content(body: Body) -> object:
    assert body.content_type == "application/json"
    return json.loads(body.content)


def a_person(**values: str | None) -> Person:
    return Person(PersonId("1"), None, None, number=None, sms_status=None, values=values)


@pytest.mark.rule("A1", "I7")
def test_an_opt_out_carries_no_contact_point() -> None:
    assert content(update_body({"custom_fields.sms_opt_in": "0"})) == {"custom_fields": {"sms_opt_in": "0"}}


def test_fields_go_where_the_service_keeps_them() -> None:
    values = {
        "given_name": "Zoë",
        "family_name": "O'Brien",
        "locality": "Chicago",
        "country": "US",
        "address_line_1": "1 Sample St",
        "address_line_2": "Apt 2",
        "language_spoken": "es",
        "custom_fields.Date of Birth": "1990-01-01",
    }

    assert content(update_body(values)) == {
        "given_name": "Zoë",
        "family_name": "O'Brien",
        "postal_addresses": [
            {"locality": "Chicago", "country": "US", "address_lines": ["1 Sample St", "Apt 2"]},
        ],
        "languages_spoken": ["es"],
        "custom_fields": {"Date of Birth": "1990-01-01"},
    }


@pytest.mark.rule("A4", "I6")
def test_a_number_is_added_without_a_status() -> None:
    assert content(update_body({"phone_number": "+13125550199"})) == {"phone_numbers": [{"number": "13125550199"}]}


@pytest.mark.rule("A7", "I6")
def test_a_first_address_is_given_without_consent_and_a_changed_one_keeps_its_status() -> None:
    values = {"email_address": "ana@example.org"}

    first = content(update_body(values, current=a_person()))
    changed = content(update_body(values, current=a_person(email_address="old@example.org")))

    assert first == {"email_addresses": [{"address": "ana@example.org", "status": "unsubscribed"}]}
    assert changed == {"email_addresses": [{"address": "ana@example.org"}]}


def test_one_address_line_does_not_take_the_other_away() -> None:
    current = a_person(address_line_1="1 Sample St", address_line_2="Apt 2")

    bodies = [
        update_body({"address_line_1": "3 New St"}, current=current),
        update_body({"address_line_2": "B"}, current=current),
    ]

    assert [content(body) for body in bodies] == [
        {"postal_addresses": [{"address_lines": ["3 New St", "Apt 2"]}]},
        {"postal_addresses": [{"address_lines": ["1 Sample St", "B"]}]},
    ]


@pytest.mark.parametrize(
    ("names", "needed"),
    [
        (["custom_fields.sms_opt_in"], False),
        (["given_name", "locality"], False),
        (["address_line_1", "address_line_2"], False),
        (["address_line_2"], True),
        (["email_address"], True),
    ],
)
def test_only_some_updates_need_the_person_at_hand(names: list[str], *, needed: bool) -> None:
    assert needs_current(dict.fromkeys(names, "x")) is needed


@pytest.mark.rule("A2")
def test_the_second_try_after_a_500_carries_the_address_just_read() -> None:
    values = {"custom_fields.sms_opt_in": "0"}
    current = a_person(email_address="ana@example.org")

    retried = with_current_email(values, current)

    assert content(update_body(retried, current=current)) == {
        "custom_fields": {"sms_opt_in": "0"},
        "email_addresses": [{"address": "ana@example.org"}],
    }


@pytest.mark.parametrize(
    ("values", "email"),
    [
        pytest.param({"custom_fields.a": "1"}, None, id="no-address"),
        pytest.param({"given_name": "Ana"}, "ana@example.org", id="no-custom-field"),
    ],
)
def test_otherwise_the_second_try_carries_the_same(values: dict[str, str], email: str | None) -> None:
    assert with_current_email(values, a_person(email_address=email)) == values


@pytest.mark.rule("A3", "I6")
def test_a_creation_holds_neither_kind_of_consent_but_the_field() -> None:
    new = NewPerson(
        digits="13125550123",
        email="ana@example.org",
        values={"given_name": "Ana", "custom_fields.sms_opt_in": "1", "postal_code": "60601"},
        source_code="Mobile Commons",
    )

    assert content(creation_body(new)) == {
        "person": {
            "given_name": "Ana",
            "postal_addresses": [{"postal_code": "60601"}],
            "custom_fields": {"sms_opt_in": "1"},
            "email_addresses": [{"address": "ana@example.org", "status": "unsubscribed"}],
            "phone_numbers": [{"number": "13125550123"}],
        },
        "action_network:referrer_data": {"source": "Mobile Commons"},
    }


@pytest.mark.parametrize("name", ["identifier", "phone_numbers", "created_date", "tags"])
def test_a_name_that_cannot_be_written_is_a_defect_of_the_caller(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        update_body({name: "x"})


def test_filters_quote_and_encode() -> None:
    wanted = filters.holds_email("o'brien+sms@example.org")

    assert wanted == "email_address eq 'o''brien+sms@example.org'"
    assert Call("find_person", "GET", "/api/v2/people", {"filter": wanted}).target == (
        "/api/v2/people?filter=email_address%20eq%20%27o%27%27brien%2Bsms%40example.org%27"
    )


def test_filters_send_the_stored_forms() -> None:
    eastern = datetime(2026, 1, 31, 5, 15, 42, 500, tzinfo=timezone(timedelta(hours=-5)))

    assert filters.holds_phone(Phone("+13125550123")) == "phone_number eq '13125550123'"
    assert filters.modified_after(eastern) == "modified_date gt '2026-01-31T10:15:42Z'"
