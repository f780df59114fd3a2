"""Calls of Action Network over a scripted wire: what a server cannot be made to do."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from anmc.clients.action_network.client import ActionNetworkClient
from anmc.clients.action_network.service import Operation
from anmc.errors import OutcomeUnknown, PersonGone, RateLimited, ServiceRefused, ServiceUnavailable
from anmc.rules.decisions import NewPerson
from anmc.rules.records import PersonId, Phone
from anmc.sync.ports import ActionNetwork, Page

if TYPE_CHECKING:
    from clients.conftest import FakeMeter, Reply, Wire

ANA = PersonId("0b1e6c1e-0000-4000-8000-000000000001")
BEN = PersonId("0b1e6c1e-0000-4000-8000-000000000002")
PHONE = Phone("+13125550123")
SINCE = datetime(2026, 2, 1, tzinfo=UTC)
OPT_OUT = {"custom_fields.sms_opt_in": "0"}


def person(person_id: str, **members: object) -> dict[str, object]:
    return {"identifiers": [f"action_network:{person_id}"], "modified_date": "2026-02-02T00:00:00Z", **members}


def page(*people: object, has_next: bool | str = True) -> dict[str, object]:
    target = has_next if isinstance(has_next, str) else "https://actionnetwork.org/api/v2/people?page=2"
    return {"_links": {"next": {"href": target}} if has_next else {}, "_embedded": {"osdi:people": list(people)}}


def new_person(*, digits: str | None = PHONE.digits, email: str | None = "ana@example.org") -> NewPerson:
    return NewPerson(digits=digits, email=email, values={}, source_code="Mobile Commons")


async def walked(client: ActionNetwork) -> list[tuple[int, list[str]]]:
    return [(p.number, [record.id for record in p.records]) async for p in client.iter_people(modified_after=SINCE)]


def test_the_client_is_the_port(action_network: ActionNetworkClient) -> None:
    port: ActionNetwork = action_network

    assert port.calls == 0


class TestWalk:
    async def test_pages_are_asked_for_by_number_until_an_empty_one(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, page(person(ANA))), reply(200, page(person(BEN))), reply(200, page(has_next=False)))

        assert await walked(action_network) == [(1, [ANA]), (2, [BEN]), (3, [])]
        assert [dict(request.url.params) for request in wire.requests] == [
            {"filter": "modified_date gt '2026-02-01T00:00:00Z'", "page": str(number), "per_page": "25"}
            for number in (1, 2, 3)
        ]

    async def test_a_walk_starts_where_it_is_told(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, page(person(ANA), has_next=False)))

        pages: list[Page[object]] = [p async for p in action_network.iter_people(modified_after=SINCE, first_page=7)]

        assert [p.number for p in pages] == [7]
        assert wire.requests[0].url.params["page"] == "7"

    async def test_a_foreign_next_link_never_gets_a_request(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        evil = "https://evil.example.org/api/v2/people?page=2"
        wire.script(reply(200, page(person(ANA), has_next=evil)), reply(200, page(has_next=False)))

        await walked(action_network)

        assert {request.url.host for request in wire.requests} == {"actionnetwork.org"}
        assert [request.url.params["page"] for request in wire.requests] == ["1", "2"]

    async def test_an_empty_page_that_promises_more_is_read_again(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, page()), reply(200, page(person(ANA))), reply(200, page(has_next=False)))

        assert await walked(action_network) == [(1, [ANA]), (2, [])]

    async def test_a_page_that_repeats_for_ever_ends_the_walk(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, page(person(ANA))))

        with pytest.raises(ServiceUnavailable, match="does not come to an end"):
            await walked(action_network)

        assert len(wire.requests) < 10

    async def test_a_page_of_people_nobody_asked_for_that_repeats_for_ever_ends_the_walk(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, page(person(ANA, modified_date="2020-01-01T00:00:00Z"))))

        with pytest.raises(ServiceUnavailable, match="does not come to an end"):
            await walked(action_network)

        assert len(wire.requests) < 10

    async def test_people_that_the_filter_should_have_kept_out_are_left_out(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        old = person(BEN, modified_date="2026-02-01T00:00:00Z")
        wire.script(reply(200, page(old, person(ANA), has_next=False)))

        assert await walked(action_network) == [(1, [ANA])]

    async def test_a_damaged_page_is_read_again(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, b'{"_links": {"ne'), reply(200, page(person(ANA), has_next=False)))

        assert await walked(action_network) == [(1, [ANA])]


class TestLookUps:
    async def test_a_number_that_was_not_asked_for_is_no_match(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        holder = person(ANA, phone_numbers=[{"number": PHONE.digits}])
        other = person(BEN, phone_numbers=[{"number": "13125550124"}])
        wire.script(reply(200, page(holder, other)))

        assert [found.id for found in await action_network.find_people_by_phone(PHONE)] == [ANA]
        assert len(wire.requests) == 1

    async def test_everybody_who_shares_a_number_is_found(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        holders = [person(f"p-{number}", phone_numbers=[{"number": PHONE.digits}]) for number in range(27)]
        wire.script(reply(200, page(*holders[:25])), reply(200, page(*holders[25:])))

        assert len(await action_network.find_people_by_phone(PHONE)) == 27

    async def test_an_address_is_asked_for_in_lower_case_and_then_as_spelled(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        found = person(ANA, email_addresses=[{"address": "Ana@Example.org"}])
        wire.script(reply(200, page(has_next=False)), reply(200, page(found, person(BEN))))

        assert [p.id for p in await action_network.find_people_by_email(" Ana@example.org")] == [ANA]
        assert [request.url.params["filter"] for request in wire.requests] == [
            "email_address eq 'ana@example.org'",
            "email_address eq 'Ana@example.org'",
        ]


class TestUpdate:
    async def test_an_update_is_one_call(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, person(ANA, custom_fields={"sms_opt_in": "0"})))

        updated = await action_network.update_person(ANA, OPT_OUT)

        assert updated.values["custom_fields.sms_opt_in"] == "0"
        assert [(r.method, r.url.path) for r in wire.requests] == [("PUT", f"/api/v2/people/{ANA}")]

    @pytest.mark.rule("A5")
    async def test_an_unanswered_update_that_was_applied_is_not_repeated(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(httpx.ReadTimeout("x"), reply(200, person(ANA, custom_fields={"sms_opt_in": "0"})))

        await action_network.update_person(ANA, OPT_OUT)

        assert [r.method for r in wire.requests] == ["PUT", "GET"]

    @pytest.mark.rule("A5")
    async def test_an_update_that_was_not_applied_has_one_more_try(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        before = person(ANA, custom_fields={"sms_opt_in": "1"}, email_addresses=[{"address": "ana@example.org"}])
        wire.script(httpx.ReadTimeout("x"), reply(200, before), reply(504), reply(200, before))

        with pytest.raises(OutcomeUnknown):
            await action_network.update_person(ANA, OPT_OUT)

        assert [r.method for r in wire.requests] == ["PUT", "GET", "PUT"]
        assert [json.loads(wire.bodies[i]) for i in (0, 2)] == [{"custom_fields": {"sms_opt_in": "0"}}] * 2

    @pytest.mark.rule("A2")
    async def test_after_a_500_the_second_try_carries_the_address_just_read(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        before = person(ANA, custom_fields={}, email_addresses=[{"address": "ana@example.org"}])
        after = person(ANA, custom_fields={"sms_opt_in": "0"})
        wire.script(reply(500), reply(200, before), reply(200, after))

        await action_network.update_person(ANA, OPT_OUT)

        assert json.loads(wire.bodies[2]) == {
            "custom_fields": {"sms_opt_in": "0"},
            "email_addresses": [{"address": "ana@example.org"}],
        }

    async def test_an_update_that_cannot_be_settled_stays_unknown(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(500), reply(503))

        with pytest.raises(OutcomeUnknown):
            await action_network.update_person(ANA, OPT_OUT)

        assert [r.method for r in wire.requests] == ["PUT"] + ["GET"] * 5

    async def test_an_answer_about_somebody_else_settles_nothing(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        done = person(ANA, custom_fields={"sms_opt_in": "0"})
        wire.script(reply(200, person(BEN)), reply(200, done))

        assert (await action_network.update_person(ANA, OPT_OUT)).id == ANA

    async def test_a_first_address_is_written_with_the_person_at_hand(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, person(ANA)))

        await action_network.update_person(ANA, {"email_address": "ana@example.org"})

        assert [r.method for r in wire.requests] == ["GET", "PUT"]
        assert json.loads(wire.bodies[1])["email_addresses"][0]["status"] == "unsubscribed"

    async def test_a_rate_limit_is_no_doubt_about_the_outcome(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(429))

        with pytest.raises(RateLimited):
            await action_network.update_person(ANA, OPT_OUT)

        assert {r.method for r in wire.requests} == {"PUT"}


class TestGone:
    async def test_a_404_means_that_the_person_is_gone(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(404, {"error": f"Couldn't find person with id = {ANA}"}))

        with pytest.raises(PersonGone):
            await action_network.get_person(ANA)
        with pytest.raises(PersonGone):
            await action_network.update_person(ANA, OPT_OUT)

    @pytest.mark.parametrize("text", ["../metadata", "a/b", "", "x?y=1", "."])
    async def test_text_that_is_no_id_becomes_no_path(
        self, text: str, action_network: ActionNetworkClient, wire: "Wire"
    ) -> None:
        with pytest.raises(PersonGone):
            await action_network.get_person(PersonId(text))

        assert wire.requests == []

    async def test_another_refusal_is_the_records_own(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(400))

        with pytest.raises(ServiceRefused):
            await action_network.update_person(ANA, OPT_OUT)


class TestCreation:
    async def test_a_confirmed_creation_is_one_call(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(200, person(ANA)))

        assert (await action_network.create_person(new_person())).id == ANA
        assert [(r.method, r.url.path) for r in wire.requests] == [("POST", "/api/v2/people")]

    @pytest.mark.rule("A5")
    @pytest.mark.parametrize("failure", ["timeout", "500", "empty", "blind"])
    async def test_a_creation_in_doubt_is_looked_up_and_never_repeated(
        self, failure: str, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        doubts: dict[str, Reply | Exception] = {
            "timeout": httpx.ReadTimeout("x"),
            "500": reply(500),
            "empty": reply(200),
            "blind": reply(200, {}),
        }
        created = person(ANA, email_addresses=[{"address": "ana@example.org"}])
        wire.script(doubts[failure], reply(200, page(has_next=False)), reply(200, page(created)))

        assert (await action_network.create_person(new_person())).id == ANA
        assert [r.method for r in wire.requests] == ["POST", "GET", "GET"]

    @pytest.mark.parametrize("holders", [[], [ANA, BEN]])
    async def test_a_creation_that_the_look_up_does_not_settle_is_unknown(
        self, holders: list[str], action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        found = [person(holder, phone_numbers=[{"number": PHONE.digits}]) for holder in holders]
        wire.script(httpx.RemoteProtocolError("x"), reply(200, page(*found, has_next=False)))

        with pytest.raises(OutcomeUnknown):
            await action_network.create_person(new_person())

        assert [r.method for r in wire.requests].count("POST") == 1

    async def test_a_creation_that_was_refused_is_the_records_own_failure(
        self, action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
    ) -> None:
        wire.script(reply(400, {"error": "You must specify an email address or a phone number"}))

        with pytest.raises(ServiceRefused):
            await action_network.create_person(new_person())


async def test_custom_fields_are_listed_by_name(
    action_network: ActionNetworkClient, wire: "Wire", meter: "FakeMeter", reply: type["Reply"]
) -> None:
    names = [{"name": "sms_opt_in", "notes": None}, {"name": "team", "numeric_id": 4711}]
    wire.script(reply(200, {"_links": {"self": []}, "action_network:custom_fields": names}))

    assert await action_network.list_custom_fields() == {"sms_opt_in", "team"}
    assert meter.sent_operations == [Operation.LIST_CUSTOM_FIELDS]


async def test_the_key_travels_in_its_header_and_nowhere_else(
    action_network: ActionNetworkClient, wire: "Wire", reply: type["Reply"]
) -> None:
    wire.script(reply(200, person(ANA)))

    await action_network.get_person(ANA)

    assert wire.requests[0].headers["OSDI-API-Token"] == "an-canary-key"
    assert "canary" not in str(wire.requests[0].url)
