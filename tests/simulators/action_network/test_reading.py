import json
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import quote

import httpx
import pytest

from anmc_simulators.action_network.person import Person
from anmc_simulators.action_network.state import ActionNetwork, Group
from anmc_simulators.clock import Clock


def settle(group: Group, count: int) -> list[Person]:
    people = [
        replace(group.draft(), phone=f"1312555{number:04d}", email=f"p{number}@example.org", given_name=f"P{number}")
        for number in range(count)
    ]
    for person in people:
        group.put_settled(person)
    return people


def names(page: httpx.Response) -> list[str]:
    return [person.get("given_name", "") for person in page.json()["_embedded"]["osdi:people"]]


async def search(api: httpx.AsyncClient, text: str, *, page: int = 1) -> httpx.Response:
    return await api.get(f"people?per_page=25&page={page}&filter={quote(text, safe='')}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "people"),
        ("GET", "people?per_page=1"),
        ("POST", "people"),
        ("GET", "people/3f1c7a52-6a54-4b7e-9d0d-2f4a8f0e1b11"),
        ("PUT", "people/3f1c7a52-6a54-4b7e-9d0d-2f4a8f0e1b11"),
        ("DELETE", "people/3f1c7a52-6a54-4b7e-9d0d-2f4a8f0e1b11"),
        ("GET", "metadata/custom_fields"),
    ],
)
async def test_a_wrong_key_is_refused_with_the_key_in_the_text(api: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await api.request(method, path, headers={"OSDI-API-Token": "wrong-key"})

    assert answer.status_code == 403
    assert answer.json() == {"error": "API Key invalid or not present wrong-key"}


async def test_the_entry_point_is_no_credential_check(api: httpx.AsyncClient) -> None:
    without_key = await api.get("/", headers={"OSDI-API-Token": ""})
    with_key = await api.get("/")

    assert without_key.status_code == with_key.status_code == 200
    assert without_key.json()["max_page_size"] == 25
    assert "osdi:tags" not in without_key.json()["_links"]
    assert "osdi:tags" in with_key.json()["_links"]


@pytest.mark.parametrize("path", ["people", "people/", "metadata/custom_fields", "metadata/custom_fields/", "/", ""])
async def test_paths_work_with_and_without_final_slash(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.get(path)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/hal+json")


async def test_the_probe_answers_with_page_size_and_self(api: httpx.AsyncClient) -> None:
    answer = await api.get("people?per_page=1")

    assert answer.json()["per_page"] == 1
    assert answer.json()["_links"]["self"]["href"].endswith("/api/v2/people")


async def test_the_date_header_follows_the_simulated_clock(api: httpx.AsyncClient, clock: Clock) -> None:
    clock.advance(timedelta(days=3))

    answer = await api.get("people")

    assert answer.headers["Date"] == format_datetime(clock.now(), usegmt=True)


async def test_pages_hold_25_in_order_of_insertion_without_totals(api: httpx.AsyncClient, group: Group) -> None:
    settle(group, 51)

    pages = [await api.get(f"people?page={number}&per_page=100") for number in (1, 2, 3, 4)]

    assert [len(names(page)) for page in pages] == [25, 25, 1, 0]
    assert [name for page in pages for name in names(page)] == [f"P{number}" for number in range(51)]
    assert not any("total" in key for page in pages for key in page.json())


async def test_every_page_but_an_empty_one_has_a_next(api: httpx.AsyncClient, group: Group) -> None:
    settle(group, 26)

    pages = [await api.get(f"people?page={number}") for number in (1, 2, 3)]

    assert ["next" in page.json()["_links"] for page in pages] == [True, True, False]
    assert ["previous" in page.json()["_links"] for page in pages] == [False, True, True]


async def test_following_next_reads_everybody_under_the_filter(api: httpx.AsyncClient, group: Group) -> None:
    settle(group, 60)
    pages = [await search(api, "given_name gt 'P' and email_address lt 'q'")]

    while next_link := pages[-1].json()["_links"].get("next"):
        pages.append(await api.get(next_link["href"]))

    assert [name for page in pages for name in names(page)] == [f"P{number}" for number in range(60)]
    assert not any("filter" in page.json()["_links"]["self"]["href"] for page in pages)


async def test_a_person_without_anything_keeps_the_shape_of_the_service(api: httpx.AsyncClient, group: Group) -> None:
    group.put(replace(group.draft(person_id="3f1c7a52-6a54-4b7e-9d0d-2f4a8f0e1b11"), email="sam@example.org"))

    person = (await api.get("people/3f1c7a52-6a54-4b7e-9d0d-2f4a8f0e1b11")).json()

    assert "given_name" not in person
    assert "family_name" not in person
    assert person["phone_numbers"] == [{"primary": True, "number_type": "Mobile", "status": "unsubscribed"}]
    assert person["postal_addresses"][0]["country"] == "US"
    assert person["postal_addresses"][0]["region"] == ""
    assert person["languages_spoken"] == ["en"]
    assert person["custom_fields"] == {}
    assert person["identifiers"] == ["action_network:3f1c7a52-6a54-4b7e-9d0d-2f4a8f0e1b11"]
    assert person["created_date"] == "2026-01-31T09:08:07Z"
    assert person["_links"]["curies"]


async def test_an_unknown_id_is_404(api: httpx.AsyncClient) -> None:
    answer = await api.get("people/nobody")

    assert answer.status_code == 404
    assert answer.json() == {"error": "Couldn't find person with id = nobody"}


async def test_people_cannot_be_deleted(api: httpx.AsyncClient, group: Group) -> None:
    person = settle(group, 1)[0]

    answer = await api.delete(f"people/{person.id}")

    assert answer.status_code == 405
    assert answer.json()["error"]
    assert group.with_id(person.id) is not None


async def test_custom_fields_are_listed_at_the_top_level(api: httpx.AsyncClient) -> None:
    document = (await api.get("metadata/custom_fields")).json()

    assert [field["name"] for field in document["action_network:custom_fields"]] == ["sms_opt_in", "sms_source"]
    assert isinstance(document["_links"]["self"], list)
    assert "_embedded" not in document


async def test_an_unsupported_filter_is_an_html_500(api: httpx.AsyncClient) -> None:
    answer = await search(api, "email_address eq 'o'brien@example.org'")

    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_apostrophe_and_plus_sign_are_found_when_written_as_documented(
    api: httpx.AsyncClient, group: Group
) -> None:
    group.put_settled(replace(group.draft(), email="o'brien+sms@example.org", given_name="Ana"))

    assert names(await search(api, "email_address eq 'o''brien+sms@example.org'")) == ["Ana"]


@pytest.mark.parametrize(
    ("text", "lag"),
    [
        ("given_name eq 'Ana'", 2),
        ("email_address eq 'ana@example.org'", 2),
        ("created_date gt '2026-01-31'", 5),
        ("modified_date gt '2026-01-31'", 5),
        ("given_name eq 'Ana' and modified_date gt '2026-01-31'", 5),
    ],
)
async def test_filters_trail_writes(api: httpx.AsyncClient, clock: Clock, text: str, lag: int) -> None:
    assert names(await search(api, text)) == []
    await api.post(
        "people", json={"person": {"given_name": "Ana", "email_addresses": [{"address": "ana@example.org"}]}}
    )

    clock.advance(timedelta(seconds=lag - 1))
    before = names(await search(api, text))
    clock.advance(timedelta(seconds=1))
    after = names(await search(api, text))

    assert (before, after) == ([], ["Ana"])


async def test_phone_identifier_and_id_are_fresh(api: httpx.AsyncClient) -> None:
    person = (await api.post("people", json={"person": {"phone_numbers": [{"number": "3125550123"}]}})).json()
    identifier = person["identifiers"][0]

    by_phone = await search(api, "phone_number eq '13125550123'")
    by_identifier = await search(api, f"identifier eq '{identifier}'")
    by_id = await api.get(f"people/{identifier.partition(':')[2]}")

    assert by_phone.json()["_embedded"]["osdi:people"][0]["identifiers"] == [identifier]
    assert by_identifier.json()["_embedded"]["osdi:people"][0]["identifiers"] == [identifier]
    assert by_id.json()["identifiers"] == [identifier]


async def test_an_old_value_is_found_until_the_filter_catches_up(
    api: httpx.AsyncClient, clock: Clock, group: Group
) -> None:
    person = settle(group, 1)[0]
    await api.put(f"people/{person.id}", json={"email_addresses": [{"address": "new@example.org"}]})

    old, new = "email_address eq 'p0@example.org'", "email_address eq 'new@example.org'"
    assert (names(await search(api, old)), names(await search(api, new))) == (["P0"], [])
    clock.advance(timedelta(seconds=2))
    assert (names(await search(api, old)), names(await search(api, new))) == ([], ["P0"])


async def test_a_person_changed_during_a_walk_enters_the_set_and_none_is_lost(
    api: httpx.AsyncClient, clock: Clock, group: Group
) -> None:
    people = settle(group, 80)
    clock.advance(timedelta(seconds=60))
    for person in people[20:]:
        group.put(replace(person, family_name="Ruiz"))
    clock.advance(timedelta(seconds=5))
    since = "modified_date gt '2026-01-31T09:08:30Z'"

    first = names(await search(api, since))
    group.put(replace(people[0], family_name="Ruiz"))
    clock.advance(timedelta(seconds=5))
    rest = [name for page in (2, 3, 4) for name in names(await search(api, since, page=page))]

    assert len(first) == 25
    assert {f"P{number}" for number in range(20, 80)} == set(first + rest)


async def test_a_deleted_person_leaves_every_page(api: httpx.AsyncClient, group: Group) -> None:
    people = settle(group, 3)
    since = "created_date gt '2026-01-31'"
    assert len(names(await search(api, since))) == 3

    group.remove(people[1])

    assert names(await search(api, since)) == names(await api.get("people")) == ["P0", "P2"]
    assert (await api.get(f"people/{people[1].id}")).status_code == 404


async def test_requests_are_journalled_by_operation(
    api: httpx.AsyncClient, service: ActionNetwork, group: Group
) -> None:
    person = settle(group, 1)[0]

    await api.get("people?per_page=1")
    await api.get("people")
    await search(api, "modified_date gt '2026-01-31'")
    await search(api, "phone_number eq '13125550000'")
    await search(api, "given_name eq 'phone_number '")
    await api.get(f"people/{person.id}")
    await api.post("people", json={"person": {"phone_numbers": [{"number": "3125550000"}]}})
    await api.put(f"people/{person.id}", json={"given_name": "Ana"})
    await api.get("metadata/custom_fields", headers={"OSDI-API-Token": "wrong"})

    assert [request.operation for request in service.journal.requests] == [
        "probe",
        "list_people",
        "list_people",
        "find_person",
        "list_people",
        "get_person",
        "create_person",
        "update_person",
        "list_custom_fields",
    ]
    assert service.journal.requests[-2].parameters["body"] == {"given_name": "Ana"}
    assert (service.journal.requests[-1].account, service.journal.requests[-1].status) == ("wrong", 403)
    assert json.dumps(service.journal.document())


async def test_a_path_outside_the_service_is_a_journalled_404(api: httpx.AsyncClient, service: ActionNetwork) -> None:
    answer = await api.get("petitions")

    assert answer.status_code == 404
    assert service.journal.requests[-1].operation == "unknown"
