"""What a request may look like: media types, verbs, background work, members that mean little."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from anmc_simulators.action_network.person import Person
from anmc_simulators.action_network.state import ActionNetwork, Group
from anmc_simulators.clock import Clock

A_PHONE, B_PHONE = "13125550101", "13125550102"


@pytest.fixture
def ana(group: Group) -> Person:
    person = replace(group.draft(), given_name="Ana", email="ana@example.org", phone=A_PHONE)
    group.put_settled(person)
    return person


async def test_metadata_leads_to_the_custom_fields(api: httpx.AsyncClient) -> None:
    metadata = await api.get("metadata/")
    entry_point = await api.get("/")

    link = metadata.json()["_links"]["action_network:custom_fields"]["href"]
    assert (await api.get(link)).json()["name"] == "Custom Fields"
    assert entry_point.json()["_links"]["action_network:metadata"] == metadata.json()["_links"]["self"]


async def test_a_personal_key_sees_people_and_no_tags(api: httpx.AsyncClient, service: ActionNetwork) -> None:
    service.add_group("personal-key", personal=True)
    headers = {"OSDI-API-Token": "personal-key"}

    probe = await api.get("people?per_page=1", headers=headers)
    entry_point = await api.get("/", headers=headers)

    assert probe.status_code == 200
    assert "osdi:tags" not in entry_point.json()["_links"]


async def test_a_revoked_key_is_refused_and_the_entry_point_stays(
    api: httpx.AsyncClient, service: ActionNetwork, group: Group
) -> None:
    assert len(group) == 0
    service.revoke_key(api.headers["OSDI-API-Token"])

    assert [(await api.get(path)).status_code for path in ("people", "/")] == [403, 200]


@pytest.mark.parametrize(("method", "path"), [("PATCH", "people/{id}"), ("DELETE", "people"), ("POST", "people/{id}")])
async def test_there_are_no_other_verbs(api: httpx.AsyncClient, ana: Person, method: str, path: str) -> None:
    answer = await api.request(method, path.format(id=ana.id), json={"given_name": "Anna"})

    assert answer.status_code == 405
    assert answer.json()["error"]


async def test_an_unknown_path_is_404_in_json(api: httpx.AsyncClient) -> None:
    answer = await api.get("petitions")

    assert answer.status_code == 404
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param({"person": {"phone_numbers": ["13125550101"]}}, "phone_numbers must be an object", id="entry"),
        pytest.param({"person": {"email_addresses": {}, "phone_numbers": "x"}}, "must be an array", id="array"),
        pytest.param({"phone_numbers": [{"number": A_PHONE}]}, "person must be an object", id="not-wrapped"),
        pytest.param([], "person must be an object", id="list"),
        pytest.param({"person": {"given_name": "Ana"}}, "email address or a phone number is required", id="contact"),
        pytest.param(
            {
                "person": {
                    "phone_numbers": [{"number": A_PHONE}],
                    "postal_addresses": [{"address_lines": "1 Sample St"}],
                }
            },
            "address_lines must be an array",
            id="lines",
        ),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused(
    api: httpx.AsyncClient, group: Group, body: object, error: str
) -> None:
    answer = await api.post("people", json=body)

    assert answer.status_code == 400
    assert error in answer.json()["error"]
    assert len(group) == 0


async def test_values_that_are_no_strings_are_stored_as_their_text(api: httpx.AsyncClient) -> None:
    person = {"given_name": 7, "phone_numbers": [{"number": 3125550101}], "custom_fields": {"sms_source": [1, None]}}

    answer = await api.post("people", json={"person": person})

    assert answer.json()["given_name"] == "7"
    assert answer.json()["phone_numbers"][0]["number"] == A_PHONE
    assert answer.json()["custom_fields"] == {"sms_source": "[1, null]"}


async def test_members_that_cannot_be_written_are_ignored(api: httpx.AsyncClient, ana: Person) -> None:
    before = (await api.get(f"people/{ana.id}")).json()

    answer = await api.put(
        f"people/{ana.id}",
        json={
            "created_date": "2001-01-01T00:00:00Z",
            "modified_date": "2001-01-01T00:00:00Z",
            "add_tags": ["x"],
            "action_network:referrer_data": {"source": "x"},
            "origin_system": "x",
        },
    )

    assert (answer.status_code, answer.json()) == (200, before)


class TestIdentifiers:
    async def test_those_of_other_systems_are_added_and_never_removed(
        self, api: httpx.AsyncClient, ana: Person
    ) -> None:
        for identifiers in (["crm:17", "crm:17", "no prefix", "action_network:x", 17], ["erp:4"], None):
            await api.put(f"people/{ana.id}", json={"identifiers": identifiers})

        document = (await api.get(f"people/{ana.id}")).json()
        assert document["identifiers"] == [f"action_network:{ana.id}", "crm:17", "erp:4"]

    async def test_one_that_somebody_of_any_list_has_is_not_given_twice(
        self, api: httpx.AsyncClient, service: ActionNetwork, ana: Person
    ) -> None:
        other = service.add_group("another-key")
        other.put(replace(other.draft(), phone=B_PHONE, foreign_identifiers=("crm:17",)))

        answer = await api.put(f"people/{ana.id}", json={"identifiers": ["crm:17", "crm:18"]})

        assert answer.json()["identifiers"] == [f"action_network:{ana.id}", "crm:18"]


class TestBackground:
    async def test_a_write_is_answered_at_once_with_nothing_and_applied_later(
        self, api: httpx.AsyncClient, clock: Clock, ana: Person
    ) -> None:
        answer = await api.put(f"people/{ana.id}?background_request=true", json={"given_name": "Anna"})
        before = (await api.get(f"people/{ana.id}")).json()
        clock.advance(timedelta(seconds=30))
        after = (await api.get(f"people/{ana.id}")).json()

        assert (answer.status_code, answer.json()) == (200, {})
        assert (before["given_name"], after["given_name"]) == ("Ana", "Anna")
        assert after["modified_date"] == "2026-01-31T09:08:37Z"

    async def test_writes_are_applied_in_their_order(self, api: httpx.AsyncClient, clock: Clock, ana: Person) -> None:
        for name in ("Anna", "Annette"):
            await api.put(f"people/{ana.id}?background_request=true", json={"given_name": name})
        clock.advance(timedelta(minutes=1))

        assert (await api.get(f"people/{ana.id}")).json()["given_name"] == "Annette"

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "people", {"person": {"given_name": "Nobody"}}),
            ("POST", "people", {"person": {"phone_numbers": [{"number": A_PHONE, "status": "bouncing"}]}}),
            ("PUT", "people/nobody", {"given_name": "Nobody"}),
        ],
    )
    async def test_errors_are_lost(
        self, api: httpx.AsyncClient, clock: Clock, group: Group, ana: Person, method: str, path: str, body: Any
    ) -> None:
        answer = await api.request(method, f"{path}?background_request=true", json=body)
        clock.advance(timedelta(minutes=1))

        assert (answer.status_code, answer.json()) == (200, {})
        assert (await api.get("people")).status_code == 200
        assert list(group) == [ana]

    @pytest.mark.parametrize("parameter", ["background_processing=true", "background_request=false"])
    async def test_only_the_exact_name_counts(self, api: httpx.AsyncClient, ana: Person, parameter: str) -> None:
        answer = await api.put(f"people/{ana.id}?{parameter}", json={"given_name": "Anna"})

        assert answer.json()["given_name"] == "Anna"

    async def test_a_bad_key_is_refused_at_once(self, api: httpx.AsyncClient, ana: Person) -> None:
        answer = await api.put(f"people/{ana.id}?background_request=true", json={}, headers={"OSDI-API-Token": "wrong"})

        assert answer.status_code == 403


class TestGeocoding:
    async def test_a_known_place_has_a_location_and_an_unknown_one_none(
        self, api: httpx.AsyncClient, ana: Person
    ) -> None:
        async def location(**address: Any) -> dict[str, Any]:
            answer = await api.put(f"people/{ana.id}", json={"postal_addresses": [address]})
            found: dict[str, Any] = answer.json()["postal_addresses"][0]["location"]
            return found

        known = await location(postal_code="60601", address_lines=["1 Sample St"])
        unknown = await location(postal_code="99999")

        assert known["accuracy"] == "Rooftop"
        assert known["latitude"]
        assert unknown == {"latitude": 0, "longitude": 0, "accuracy": "Approximate"}

    async def test_what_was_written_is_never_replaced(self, api: httpx.AsyncClient, ana: Person) -> None:
        sent = {"locality": "Evanston", "region": "IL", "postal_code": "60601", "country": "US"}

        answer = await api.put(f"people/{ana.id}", json={"postal_addresses": [sent]})

        assert sent.items() <= answer.json()["postal_addresses"][0].items()

    async def test_an_address_abroad_is_left_alone(self, api: httpx.AsyncClient, ana: Person) -> None:
        answer = await api.put(
            f"people/{ana.id}", json={"postal_addresses": [{"postal_code": "60601", "country": "DE"}]}
        )

        assert "locality" not in answer.json()["postal_addresses"][0]
