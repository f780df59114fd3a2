from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from anmc_simulators.action_network.person import Address, Person
from anmc_simulators.action_network.state import Group
from anmc_simulators.clock import Clock


@pytest.fixture
def ana(group: Group) -> Person:
    person = replace(
        group.draft(),
        given_name="Ana",
        family_name="Ruiz",
        email="ana@example.org",
        email_status="subscribed",
        phone="13125550101",
        sms_status="subscribed",
        address=Address(locality="Chicago", region="IL", postal_code="60601", country="CA"),
        custom_fields={"sms_source": "form"},
    )
    group.put_settled(person)
    return person


@pytest.fixture
def ben(group: Group) -> Person:
    person = replace(group.draft(), email="ben@example.org", phone="13125550102", sms_status="unsubscribed")
    group.put_settled(person)
    return person


async def put(api: httpx.AsyncClient, record: Person, **body: Any) -> dict[str, Any]:
    answer = await api.put(f"people/{record.id}", json=body)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    assert document == (await api.get(f"people/{record.id}")).json()
    return document


async def test_a_status_only_body_changes_the_sms_status_alone(
    api: httpx.AsyncClient, group: Group, ana: Person
) -> None:
    await put(api, ana, phone_numbers=[{"status": "unsubscribed"}])

    assert group.with_id(ana.id) == replace(ana, sms_status="unsubscribed")


async def test_a_bare_status_change_does_not_move_modified_date(
    api: httpx.AsyncClient, clock: Clock, ana: Person
) -> None:
    clock.advance(timedelta(hours=1))

    document = await put(api, ana, phone_numbers=[{"status": "unsubscribed"}])

    assert document["modified_date"] == "2026-01-31T09:08:07Z"


@pytest.mark.parametrize(
    "body",
    [
        {"given_name": "Anna"},
        {"email_addresses": [{"address": "anna@example.org"}]},
        {"phone_numbers": [{"number": "13125550109"}]},
        {"postal_addresses": [{"postal_code": "60602"}]},
        {"languages_spoken": ["es"]},
        {"custom_fields": {"sms_opt_in": "1"}},
    ],
)
async def test_changes_of_the_record_move_modified_date(
    api: httpx.AsyncClient, clock: Clock, ana: Person, body: dict[str, Any]
) -> None:
    clock.advance(timedelta(hours=1))

    document = await put(api, ana, **body)

    assert document["modified_date"] == "2026-01-31T10:08:07Z"
    assert document["created_date"] == "2026-01-31T09:08:07Z"


async def test_what_changes_nothing_leaves_modified_date(api: httpx.AsyncClient, clock: Clock, ana: Person) -> None:
    clock.advance(timedelta(hours=1))

    document = await put(api, ana, given_name="Ana", custom_fields={"sms_source": "form"})

    assert document["modified_date"] == "2026-01-31T09:08:07Z"


async def test_an_email_of_somebody_else_is_ignored_while_the_rest_is_applied(
    api: httpx.AsyncClient, ana: Person, ben: Person
) -> None:
    document = await put(api, ana, given_name="Anna", email_addresses=[{"address": ben.email.upper()}])

    assert document["email_addresses"][0]["address"] == "ana@example.org"
    assert document["given_name"] == "Anna"


async def test_a_free_email_replaces_the_old_one_and_keeps_its_status(
    api: httpx.AsyncClient, group: Group, ana: Person
) -> None:
    document = await put(api, ana, email_addresses=[{"address": "Anna@example.org"}])

    assert document["email_addresses"] == [{"primary": True, "address": "anna@example.org", "status": "subscribed"}]
    assert group.with_email("ana@example.org") is None


async def test_an_email_status_alone_unsubscribes(api: httpx.AsyncClient, ana: Person) -> None:
    document = await put(api, ana, email_addresses=[{"status": "unsubscribed"}])

    assert document["email_addresses"][0] == {
        "primary": True,
        "address": "ana@example.org",
        "status": "unsubscribed",
    }


async def test_a_number_replaces_the_only_entry(api: httpx.AsyncClient, ana: Person) -> None:
    document = await put(api, ana, phone_numbers=[{"number": "3125550199", "status": "subscribed"}])

    assert [entry["number"] for entry in document["phone_numbers"]] == ["13125550199"]
    assert document["phone_numbers"][0]["status"] == "subscribed"


async def test_a_number_without_a_status_starts_unsubscribed(api: httpx.AsyncClient, ana: Person) -> None:
    document = await put(api, ana, phone_numbers=[{"number": "3125550199"}])

    assert document["phone_numbers"][0]["status"] == "unsubscribed"


async def test_a_number_of_somebody_else_moves_with_its_status(
    api: httpx.AsyncClient, group: Group, ana: Person, ben: Person
) -> None:
    document = await put(api, ana, phone_numbers=[{"number": ben.phone}])

    assert document["phone_numbers"][0]["number"] == ben.phone
    assert document["phone_numbers"][0]["status"] == ben.sms_status
    loser = group.with_id(ben.id)
    assert loser is not None
    assert loser.phone == ""


async def test_a_status_for_nobody_s_number_is_ignored(api: httpx.AsyncClient, group: Group) -> None:
    person = group.put(replace(group.draft(), email="eva@example.org"))

    document = await put(api, person, phone_numbers=[{"status": "subscribed"}])

    assert document["phone_numbers"] == [{"primary": True, "number_type": "Mobile", "status": "unsubscribed"}]


async def test_custom_fields_merge_and_hold_strings_only(api: httpx.AsyncClient, ana: Person) -> None:
    document = await put(api, ana, custom_fields={"sms_opt_in": 1})
    assert document["custom_fields"] == {"sms_source": "form", "sms_opt_in": "1"}

    document = await put(api, ana, custom_fields={"sms_opt_in": False, "sms_source": None})
    assert document["custom_fields"] == {"sms_opt_in": "false"}


async def test_unknown_custom_fields_are_dropped_without_a_message(api: httpx.AsyncClient, ana: Person) -> None:
    document = await put(api, ana, custom_fields={"nobody_created_this": "x"})

    assert document["custom_fields"] == {"sms_source": "form"}


async def test_an_address_without_country_is_in_the_united_states(api: httpx.AsyncClient, ana: Person) -> None:
    document = await put(api, ana, postal_addresses=[{"postal_code": "60602"}])

    address = document["postal_addresses"][0]
    assert (address["postal_code"], address["country"]) == ("60602", "US")
    assert (address["locality"], address["region"]) == ("Chicago", "IL")


async def test_null_clears_neither_names_nor_address(api: httpx.AsyncClient, ana: Person) -> None:
    document = await put(
        api, ana, given_name=None, postal_addresses=[{"region": None, "locality": None, "country": None}]
    )

    address = document["postal_addresses"][0]
    assert document["given_name"] == address["locality"] == "\u2400"
    assert (address["region"], address["country"]) == ("IL", "US")


async def test_an_unknown_language_is_ignored(api: httpx.AsyncClient, ana: Person) -> None:
    assert (await put(api, ana, languages_spoken=["es"]))["languages_spoken"] == ["es"]
    assert (await put(api, ana, languages_spoken=["klingon"]))["languages_spoken"] == ["es"]


async def test_the_person_is_not_wrapped(api: httpx.AsyncClient, ana: Person) -> None:
    document = await put(api, ana, person={"given_name": "Anna"})

    assert document["given_name"] == "Ana"


async def test_an_unknown_id_is_404(api: httpx.AsyncClient) -> None:
    assert (await api.put("people/nobody", json={"given_name": "Ana"})).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"phone_numbers": [{"status": "bouncing"}]},
        {"email_addresses": [{"status": "spam complaint"}]},
        {"email_addresses": [{"address": "no address"}]},
        {"phone_numbers": {"number": "13125550199"}},
        {"custom_fields": ["sms_opt_in"]},
    ],
)
async def test_what_is_not_valid_is_refused_whole(
    api: httpx.AsyncClient, group: Group, ana: Person, body: dict[str, Any]
) -> None:
    answer = await api.put(f"people/{ana.id}", json={"given_name": "Anna", **body})

    assert answer.status_code == 400
    assert group.with_id(ana.id) == ana
