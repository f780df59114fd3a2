from dataclasses import replace
from typing import Any

import httpx
import pytest

from anmc_simulators.action_network.person import Person
from anmc_simulators.action_network.state import Group

A_PHONE, B_PHONE, NEW_PHONE = "13125550101", "13125550102", "13125550103"


def store(group: Group, **fields: Any) -> Person:
    person = replace(group.draft(), **fields)
    group.put_settled(person)
    return person


async def post(
    api: httpx.AsyncClient,
    *,
    email: dict[str, str] | None = None,
    phone: dict[str, str] | None = None,
    **person: Any,
) -> httpx.Response:
    contacts = {"email_addresses": [email] if email else [], "phone_numbers": [phone] if phone else []}
    return await api.post("people", json={"person": {**contacts, **person}})


def id_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    identifier: str = answer.json()["identifiers"][0]
    return identifier.partition(":")[2]


def now(group: Group, person: Person) -> Person:
    current = group.with_id(person.id)
    assert current is not None
    return current


async def test_a_contact_point_is_required(api: httpx.AsyncClient) -> None:
    answer = await post(api, given_name="Ana")

    assert answer.status_code == 400
    assert "email address or a phone number is required" in answer.json()["error"]


@pytest.mark.parametrize(
    "body",
    ['{"given_name": "Ana", "email_addresses": [{"address": "ana@example.org"}]}', "[]", "{", '{"person": []}'],
)
async def test_a_body_that_is_not_a_wrapped_person_is_400(api: httpx.AsyncClient, body: str) -> None:
    answer = await api.post("people", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert isinstance(answer.json()["error"], str)


async def test_an_email_alone_makes_a_subscribed_person_with_nothing_else(api: httpx.AsyncClient) -> None:
    person = (await post(api, email={"address": "Ana@Example.org"})).json()

    assert person["email_addresses"] == [{"primary": True, "address": "ana@example.org", "status": "subscribed"}]
    assert "number" not in person["phone_numbers"][0]
    assert person["created_date"] == person["modified_date"]


async def test_a_phone_alone_makes_an_unsubscribed_person(api: httpx.AsyncClient) -> None:
    person = (await post(api, phone={"number": "(312) 555-0101"})).json()

    assert person["phone_numbers"][0] == {
        "primary": True,
        "number": A_PHONE,
        "number_type": "Mobile",
        "status": "unsubscribed",
    }
    assert person["email_addresses"] == []


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("3125550101", "13125550101"),
        ("13125550101", "13125550101"),
        ("+1 312 555 0101", "13125550101"),
        ("447911123456", "447911123456"),
        ("+447911123456", "447911123456"),
    ],
)
async def test_numbers_are_stored_as_digits_with_country_code(api: httpx.AsyncClient, sent: str, stored: str) -> None:
    assert (await post(api, phone={"number": sent})).json()["phone_numbers"][0]["number"] == stored


async def test_an_impossible_number_disappears_without_a_message(api: httpx.AsyncClient) -> None:
    answer = await post(api, email={"address": "ana@example.org"}, phone={"number": "12"})

    assert answer.status_code == 200
    assert "number" not in answer.json()["phone_numbers"][0]


async def test_new_data_is_layered_over_old_by_email(api: httpx.AsyncClient, group: Group) -> None:
    ana = store(group, email="ana@example.org", given_name="Ana", family_name="Ruiz", custom_fields={"sms_source": "x"})

    answer = await post(api, email={"address": "ANA@example.org"}, given_name="Anna", custom_fields={"sms_opt_in": "1"})

    assert id_of(answer) == ana.id
    assert answer.json()["given_name"] == "Anna"
    assert answer.json()["family_name"] == "Ruiz"
    assert answer.json()["custom_fields"] == {"sms_source": "x", "sms_opt_in": "1"}


async def test_a_phone_alone_updates_its_holder_also_with_an_email(api: httpx.AsyncClient, group: Group) -> None:
    ana = store(group, email="ana@example.org", phone=A_PHONE)

    answer = await post(api, phone={"number": A_PHONE, "status": "subscribed"}, given_name="Ana")

    assert id_of(answer) == ana.id
    assert answer.json()["email_addresses"][0]["address"] == "ana@example.org"
    assert answer.json()["phone_numbers"][0]["status"] == "subscribed"


async def test_a_phone_is_taken_from_a_record_with_another_email(api: httpx.AsyncClient, group: Group) -> None:
    ana = store(group, email="ana@example.org")
    ben = store(group, email="ben@example.org", phone=B_PHONE, sms_status="subscribed", given_name="Ben")

    answer = await post(api, email={"address": "ana@example.org"}, phone={"number": B_PHONE})

    assert id_of(answer) == ana.id
    assert (now(group, ana).phone, now(group, ana).sms_status) == (B_PHONE, "subscribed")
    assert (now(group, ben).phone, now(group, ben).given_name, now(group, ana).given_name) == ("", "Ben", "")


async def test_a_new_email_with_a_phone_of_another_email_makes_a_new_record(
    api: httpx.AsyncClient, group: Group
) -> None:
    ben = store(group, email="ben@example.org", phone=B_PHONE, sms_status="subscribed")

    answer = await post(api, email={"address": "new@example.org"}, phone={"number": B_PHONE})

    assert id_of(answer) != ben.id
    assert answer.json()["phone_numbers"][0]["status"] == "subscribed"
    assert now(group, ben).phone == ""
    assert len(group) == 2


async def test_a_record_with_only_a_phone_is_merged(api: httpx.AsyncClient, group: Group) -> None:
    ana = store(group, email="ana@example.org", given_name="Ana", custom_fields={"sms_source": "form"})
    other = store(
        group, phone=B_PHONE, given_name="A.", family_name="Ruiz", sms_status="subscribed",
        custom_fields={"sms_source": "text", "sms_opt_in": "1"},
    )  # fmt: skip

    answer = await post(api, email={"address": "ana@example.org"}, phone={"number": B_PHONE})

    assert id_of(answer) == ana.id
    assert (await api.get(f"people/{other.id}")).status_code == 404
    assert (answer.json()["given_name"], answer.json()["family_name"]) == ("Ana", "Ruiz")
    assert answer.json()["custom_fields"] == {"sms_source": "form", "sms_opt_in": "1"}
    assert answer.json()["phone_numbers"][0]["status"] == "subscribed"
    assert len(group) == 1


async def test_a_record_with_only_a_phone_gains_a_new_email(api: httpx.AsyncClient, group: Group) -> None:
    ben = store(group, phone=B_PHONE)

    answer = await post(api, email={"address": "new@example.org"}, phone={"number": B_PHONE})

    assert id_of(answer) == ben.id
    assert answer.json()["email_addresses"][0] == {
        "primary": True,
        "address": "new@example.org",
        "status": "subscribed",
    }


async def test_another_number_overwrites_and_starts_unsubscribed(api: httpx.AsyncClient, group: Group) -> None:
    ana = store(group, email="ana@example.org", phone=A_PHONE, sms_status="subscribed")

    answer = await post(api, email={"address": "ana@example.org"}, phone={"number": NEW_PHONE})

    assert id_of(answer) == ana.id
    assert answer.json()["phone_numbers"][0]["number"] == NEW_PHONE
    assert answer.json()["phone_numbers"][0]["status"] == "unsubscribed"
    assert group.with_phone(A_PHONE) is None


@pytest.mark.parametrize(
    ("before", "sent", "after"),
    [
        pytest.param(None, None, "subscribed", id="new-none"),
        pytest.param(None, "subscribed", "subscribed", id="new-subscribed"),
        pytest.param(None, "unsubscribed", "unsubscribed", id="new-unsubscribed"),
        pytest.param("unsubscribed", None, "unsubscribed", id="existing-none-unsubscribed"),
        pytest.param("subscribed", None, "subscribed", id="existing-none-subscribed"),
        pytest.param("unsubscribed", "subscribed", "subscribed", id="existing-subscribed"),
        pytest.param("subscribed", "unsubscribed", "unsubscribed", id="existing-unsubscribed"),
    ],
)
async def test_email_subscription_rules(
    api: httpx.AsyncClient, group: Group, before: str | None, sent: str | None, after: str
) -> None:
    if before:
        store(group, email="ana@example.org", email_status=before)

    answer = await post(api, email={"address": "ana@example.org", **({"status": sent} if sent else {})})

    assert answer.json()["email_addresses"][0]["status"] == after


@pytest.mark.parametrize(
    ("before", "sent", "after"),
    [
        pytest.param(None, None, "unsubscribed", id="new-none"),
        pytest.param(None, "subscribed", "subscribed", id="new-subscribed"),
        pytest.param("subscribed", None, "subscribed", id="existing-none-subscribed"),
        pytest.param("unsubscribed", None, "unsubscribed", id="existing-none-unsubscribed"),
        pytest.param("bouncing", None, "bouncing", id="existing-none-bouncing"),
        pytest.param("subscribed", "unsubscribed", "unsubscribed", id="existing-unsubscribed"),
        pytest.param("unsubscribed", "subscribed", "subscribed", id="existing-subscribed"),
    ],
)
async def test_mobile_subscription_rules(
    api: httpx.AsyncClient, group: Group, before: str | None, sent: str | None, after: str
) -> None:
    if before:
        store(group, phone=A_PHONE, sms_status=before)

    answer = await post(api, phone={"number": A_PHONE, **({"status": sent} if sent else {})})

    assert answer.json()["phone_numbers"][0]["status"] == after


async def test_any_other_status_is_refused_and_changes_nothing(api: httpx.AsyncClient, group: Group) -> None:
    ana = store(group, phone=A_PHONE, sms_status="subscribed")

    answer = await post(api, phone={"number": A_PHONE, "status": "bouncing"}, given_name="Ana")

    assert answer.status_code == 400
    assert now(group, ana) == ana


async def test_unknown_tags_are_ignored(api: httpx.AsyncClient) -> None:
    body = {"person": {"phone_numbers": [{"number": A_PHONE}]}, "add_tags": ["nowhere"], "remove_tags": ["neither"]}

    assert (await api.post("people", json=body)).status_code == 200
