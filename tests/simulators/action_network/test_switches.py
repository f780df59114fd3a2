"""Every value of every switch of Action Network, as a caller sees it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from anmc_simulators.action_network.person import Address, Field, Person
from anmc_simulators.action_network.state import ActionNetwork, Group
from anmc_simulators.action_network.switches import ActionNetworkSwitches
from anmc_simulators.clock import Clock
from anmc_simulators.switches import Value, switches_of, turned

A_PHONE, B_PHONE = "13125550101", "13125550102"


@dataclass(frozen=True)
class Stage:
    api: httpx.AsyncClient
    group: Group
    clock: Clock

    def add(self, **fields: Any) -> Person:
        person = replace(self.group.draft(), **fields)
        self.group.put_settled(person)
        return person

    async def post(self, **person: Any) -> httpx.Response:
        return await self.api.post("people", json={"person": person})

    async def put(self, person: Person, **body: Any) -> httpx.Response:
        return await self.api.put(f"people/{person.id}", json=body)

    async def read(self, person: Person) -> dict[str, Any]:
        document: dict[str, Any] = (await self.api.get(f"people/{person.id}")).json()
        return document

    async def search(self, text: str) -> httpx.Response:
        return await self.api.get(f"people?filter={quote(text, safe='')}")

    async def found(self, text: str) -> int:
        return len((await self.search(text)).json()["_embedded"]["osdi:people"])


Observe = Callable[[Stage], Awaitable[Any]]


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.headers.get("Content-Type", "").partition(";")[0]


def names(answer: httpx.Response) -> list[str]:
    return [person["given_name"] for person in answer.json()["_embedded"]["osdi:people"]]


def ids(answer: httpx.Response) -> str:
    return str(answer.json()["_links"]["self"]["href"]).rpartition("/")[2]


async def a_bad_key(stage: Stage) -> Any:
    answer = await stage.api.get("people", headers={"OSDI-API-Token": "wrong"})
    return answer.status_code, answer.json()["error"]


async def a_post_without_key(stage: Stage) -> Any:
    body = {"person": {"phone_numbers": [{"number": A_PHONE}]}}
    answer = await stage.api.post("people", json=body, headers={"OSDI-API-Token": ""})
    return answer.status_code, answer.content == b"", len(stage.group)


async def a_body_of_another_type(stage: Stage) -> Any:
    body = '{"person": {"phone_numbers": [{"number": "13125550101"}]}}'
    return (await stage.api.post("people", content=body, headers={"Content-Type": "text/plain"})).status_code


async def a_body_without_sense(stage: Stage) -> Any:
    answer = await stage.api.post("people", content="{", headers={"Content-Type": "application/json"})
    return kind(answer)


async def a_deletion(stage: Stage) -> Any:
    person = stage.add(phone=A_PHONE)
    return (await stage.api.delete(f"people/{person.id}")).status_code, len(stage.group)


async def two_looks_at_a_list(stage: Stage) -> Any:
    people = [stage.add(given_name=f"P{number}") for number in range(20)]
    stage.clock.advance(timedelta(minutes=1))
    stage.group.put(replace(people[3], family_name="Ruiz"))
    first, second = [names(await stage.api.get("people")) for _ in range(2)]
    assert sorted(first) == sorted(second) == sorted(person.given_name for person in people)
    return "another each time" if first != second else f"{first[3]} in place, {first[-1]} last"


async def a_page_of_a_hundred(stage: Stage) -> Any:
    for number in range(30):
        stage.add(given_name=f"P{number}")
    answer = await stage.api.get("people?per_page=100")
    return answer.status_code, len(answer.json().get("_embedded", {}).get("osdi:people", []))


async def totals(stage: Stage) -> Any:
    for number in range(30):
        stage.add(given_name=f"P{number}")
    filtered, unfiltered = await stage.search("given_name gt 'P'"), await stage.api.get("people")
    return [
        {name: value for name, value in answer.json().items() if name.startswith("total")}
        for answer in (filtered, unfiltered)
    ]


async def an_unsupported_filter(stage: Stage) -> Any:
    stage.add(given_name="Ana")
    answer = await stage.search("last_name eq 'Ruiz'")
    return (*kind(answer), answer.text.count('"given_name":"Ana"'))


async def a_conjunction(stage: Stage) -> Any:
    return (await stage.search("given_name eq 'Ana' and family_name eq 'Ruiz'")).status_code


async def a_bare_date(stage: Stage) -> Any:
    stage.add(given_name="Ana")  # on 2026-01-31 at 09:08:07 UTC
    return await stage.found("created_date gt '2026-01-31'"), await stage.found(
        "created_date gt '2026-01-31T00:00:00Z'"
    )


async def an_address_in_three_spellings(stage: Stage) -> Any:
    answer = await stage.post(email_addresses=[{"address": "Ana@example.org"}])
    await stage.post(email_addresses=[{"address": "ANA@example.org"}])
    stage.clock.advance(timedelta(seconds=5))
    addresses = ("ana@example.org", "Ana@example.org", "ANA@example.org")
    found = [await stage.found(f"email_address eq '{address}'") for address in addresses]
    return answer.json()["email_addresses"][0]["address"], found, len(stage.group)


async def a_number_in_three_forms(stage: Stage) -> Any:
    stage.add(phone=A_PHONE)
    answers = [await stage.search(f"phone_number eq '{number}'") for number in (A_PHONE, f"+{A_PHONE}", A_PHONE[1:])]
    return [
        len(answer.json()["_embedded"]["osdi:people"]) if answer.status_code == 200 else answer.status_code
        for answer in answers
    ]


async def nobody_s_phone(stage: Stage) -> Any:
    return (await stage.read(stage.add(email="ana@example.org"))).get("phone_numbers")


async def nobody_s_email(stage: Stage) -> Any:
    return (await stage.read(stage.add(phone=A_PHONE))).get("email_addresses")


async def identifiers(stage: Stage) -> Any:
    person = stage.add(phone=A_PHONE, foreign_identifiers=("crm:17",))
    return [identifier.partition(":")[0] for identifier in (await stage.read(person))["identifiers"]]


async def a_bare_status_change(stage: Stage) -> Any:
    person = stage.add(phone=A_PHONE, email="ana@example.org")
    stage.clock.advance(timedelta(minutes=1))
    again = await stage.put(person, phone_numbers=[{"status": "unsubscribed"}])
    changed = await stage.put(person, phone_numbers=[{"status": "subscribed"}])
    return [answer.json()["modified_date"] != answer.json()["created_date"] for answer in (again, changed)]


async def an_impossible_number(stage: Stage) -> Any:
    person = stage.add(phone=A_PHONE)
    answer = await stage.put(person, given_name="Ana", phone_numbers=[{"number": "12"}])
    after = await stage.read(person)
    return answer.status_code, after.get("given_name"), after["phone_numbers"][0]["number"]


async def a_status_nobody_can_write(stage: Stage) -> Any:
    person = stage.add(phone=A_PHONE)
    answer = await stage.put(person, given_name="Ana", phone_numbers=[{"status": "bouncing"}])
    after = await stage.read(person)
    return answer.status_code, after.get("given_name"), after["phone_numbers"][0]["status"]


async def a_merge_by_post_and_by_put(stage: Stage) -> Any:
    email, phone = stage.add(email="a@example.org", given_name="Ana"), stage.add(phone=A_PHONE, given_name="A.")
    other, number = stage.add(email="b@example.org"), stage.add(phone=B_PHONE, sms_status="subscribed")
    posted = await stage.post(email_addresses=[{"address": email.email}], phone_numbers=[{"number": A_PHONE}])
    put = await stage.put(other, phone_numbers=[{"number": B_PHONE}])
    assert posted.json()["given_name"] == "Ana"
    assert put.json()["email_addresses"][0]["address"] == "b@example.org"
    assert put.json()["phone_numbers"][0]["status"] == "subscribed"
    roles = {email.id: "email", other.id: "email", phone.id: "phone", number.id: "phone"}
    return [roles[ids(answer)] for answer in (posted, put)], len(stage.group)


async def the_id_of_a_merged_record(stage: Stage) -> Any:
    survivor, merged = stage.add(email="a@example.org"), stage.add(phone=A_PHONE)
    await stage.put(survivor, phone_numbers=[{"number": A_PHONE}])
    answer = await stage.api.get(f"people/{merged.id}")
    return answer.status_code, answer.status_code == 200 and ids(answer) == survivor.id


async def a_new_email_with_a_lone_number(stage: Stage) -> Any:
    holder = stage.add(phone=A_PHONE, family_name="Ruiz", sms_status="subscribed")
    answer = await stage.post(email_addresses=[{"address": "a@example.org"}], phone_numbers=[{"number": A_PHONE}])
    before = stage.group.with_id(holder.id)
    assert answer.json()["phone_numbers"][0] == {
        "primary": True, "number": A_PHONE, "number_type": "Mobile", "status": "subscribed",
    }  # fmt: skip
    return {
        "same record": ids(answer) == holder.id,
        "history": answer.json().get("family_name"),
        "holder": before and (before.phone or "without number"),
    }


async def an_email_of_somebody_else(stage: Stage) -> Any:
    person = stage.add(email="a@example.org")
    stage.add(email="b@example.org")
    answer = await stage.put(person, given_name="Ana", email_addresses=[{"address": "b@example.org"}])
    return answer.status_code, answer.json().get("given_name"), answer.json()["email_addresses"][0]["address"]


async def custom_fields_alone_and_with_an_email(stage: Stage) -> Any:
    person, fields = stage.add(email="a@example.org"), {"sms_source": "x"}
    alone = await stage.put(person, custom_fields=fields)
    cured = await stage.put(person, custom_fields=fields, email_addresses=[{"address": "a@example.org"}])
    return alone.status_code, cured.status_code


async def nulls(stage: Stage) -> Any:
    person = stage.add(given_name="Ana", address=Address(region="IL"))
    document = (await stage.put(person, given_name=None, postal_addresses=[{"region": None, "country": None}])).json()
    address = document["postal_addresses"][0]
    return document.get("given_name"), address["region"], address["country"]


async def a_custom_field_nobody_created(stage: Stage) -> Any:
    answer = await stage.put(stage.add(phone=A_PHONE), custom_fields={"novel": "x"})
    metadata = (await stage.api.get("metadata/custom_fields")).json()["action_network:custom_fields"]
    fields = answer.json()["custom_fields"] if answer.status_code == 200 else None
    return answer.status_code, fields, "novel" in {field["name"] for field in metadata}


async def a_number_as_custom_value(stage: Stage) -> Any:
    answer = await stage.put(stage.add(phone=A_PHONE), custom_fields={"sms_source": 7})
    return answer.status_code, answer.json()["custom_fields"] if answer.content else answer.content


async def an_empty_custom_value(stage: Stage) -> Any:
    person = stage.add(phone=A_PHONE, custom_fields={"sms_source": "x"})
    return (await stage.put(person, custom_fields={"sms_source": ""})).json()["custom_fields"]


async def a_postal_code_and_a_city(stage: Stage) -> Any:
    bodies = ({"postal_code": "60601"}, {"locality": "Chicago"})
    answers = [await stage.put(stage.add(), postal_addresses=[body]) for body in bodies]
    addresses = [answer.json()["postal_addresses"][0] for answer in answers]
    return [(one.get("locality"), one["region"], one.get("postal_code")) for one in addresses]


async def a_first_and_a_second_city(stage: Stage) -> Any:
    person = stage.add()
    answers = [
        await stage.put(person, postal_addresses=[{"locality": "Springfield", "region": "OH"}]) for _ in range(2)
    ]
    return [answer.json()["postal_addresses"][0].get("locality") for answer in answers]


async def a_background_write(stage: Stage) -> Any:
    person = stage.add(phone=A_PHONE)
    await stage.api.put(f"people/{person.id}?background_request=true", json={"given_name": "Ana"})
    seconds = 0
    while "given_name" not in await stage.read(person):
        stage.clock.advance(timedelta(seconds=1))
        seconds += 1
    return seconds


def lag_of(field: Field) -> Observe:
    async def observe(stage: Stage) -> Any:
        """Return after how many seconds a filter by the field finds somebody new."""
        answer = await stage.post(
            given_name="Ana",
            family_name="Ruiz",
            email_addresses=[{"address": "ana@example.org"}],
            phone_numbers=[{"number": A_PHONE}],
            postal_addresses=[{"postal_code": "60601", "region": "IL"}],
        )
        values = {
            Field.IDENTIFIER: answer.json()["identifiers"][0],
            Field.CREATED_DATE: "2026-01-31T09:08:07Z",
            Field.MODIFIED_DATE: "2026-01-31T09:08:07Z",
            Field.FAMILY_NAME: "Ruiz",
            Field.GIVEN_NAME: "Ana",
            Field.EMAIL_ADDRESS: "ana@example.org",
            Field.PHONE_NUMBER: A_PHONE,
            Field.REGION: "IL",
            Field.POSTAL_CODE: "60601",
        }
        seconds = 0
        while not await stage.found(f"{field} eq '{values[field]}'"):
            stage.clock.advance(timedelta(seconds=1))
            seconds += 1
        return seconds

    return observe


EMPTY_PHONE = {"primary": True, "number_type": "Mobile", "status": "unsubscribed"}
EMPTY_EMAIL = {"primary": True, "status": "unsubscribed"}
JSON, HTML = "application/hal+json", "text/html"
REFUSAL = "API Key invalid or not present wrong"

OBSERVED: Mapping[str, tuple[Observe, Mapping[Value, Any]]] = {
    "bad_key_status": (a_bad_key, {"403": (403, REFUSAL), "401": (401, REFUSAL), "400": (400, REFUSAL)}),
    "keyless_post": (a_post_without_key, {"refused": (403, False, 0), "blind": (200, True, 0)}),
    "json_type_required": (a_body_of_another_type, {True: 400, False: 200}),
    "bad_input": (
        a_body_without_sense,
        {"json_400": (400, JSON), "json_500": (500, JSON), "html_500": (500, HTML), "empty_500": (500, "")},
    ),
    "delete_status": (a_deletion, {status: (int(status), 1) for status in ("405", "400", "403", "404", "500")}),
    "order": (
        two_looks_at_a_list,
        {
            "insertion": "P3 in place, P19 last",
            "by_modified_date": "P4 in place, P3 last",
            "shuffled": "another each time",
        },
    ),
    "per_page_over_25": (a_page_of_a_hundred, {"clamped": (200, 25), "refused": (400, 0)}),
    "totals_when_filtered": (
        totals,
        {False: [{}, {}], True: [{"total_pages": 2, "total_records": 30}, {}]},
    ),
    "unsupported_filter": (
        an_unsupported_filter,
        {"html_500": (500, HTML, 0), "json_400": (400, JSON, 0), "ignored": (200, JSON, 1)},
    ),
    "filter_conjunction": (a_conjunction, {True: 200, False: 500}),
    "bare_date_offset_hours": (a_bare_date, {0: (1, 1), 14: (1, 1), -9: (1, 1), -10: (0, 1)}),
    "email_case": (
        an_address_in_three_spellings,
        {
            "lower_case": ("ana@example.org", [1, 0, 0], 1),
            "any_case": ("ana@example.org", [1, 1, 1], 1),
            "as_written": ("Ana@example.org", [0, 0, 1], 1),
        },
    ),
    "phone_filter": (
        a_number_in_three_forms,
        {"stored_form": [1, 0, 0], "any_form": [1, 1, 1], "others_refused": [1, 500, 500]},
    ),
    **{f"lag_{field}": (lag_of(field), {0: 0, 2: 2, 5: 5, 7: 7}) for field in Field},
    "no_phone": (
        nobody_s_phone,
        {
            "entry_without_number": [EMPTY_PHONE],
            "empty_list": [],
            "absent": None,
            "null_number": [{**EMPTY_PHONE, "number": None}],
            "empty_number": [{**EMPTY_PHONE, "number": ""}],
        },
    ),
    "no_email": (nobody_s_email, {"empty_list": [], "absent": None, "entry_without_address": [EMPTY_EMAIL]}),
    "identifiers": (
        identifiers,
        {"own_first": ["action_network", "crm"], "own_last": ["crm", "action_network"], "empty": []},
    ),
    "moves_on_status_change": (a_bare_status_change, {False: [False, False], True: [False, True]}),
    "invalid_phone": (
        an_impossible_number,
        {"dropped": (200, "Ana", A_PHONE), "refused": (400, None, A_PHONE), "failing": (500, None, A_PHONE)},
    ),
    "invalid_status": (
        a_status_nobody_can_write,
        {"refused": (400, None, "unsubscribed"), "ignored": (200, "Ana", "unsubscribed")},
    ),
    "merge_survivor": (
        a_merge_by_post_and_by_put,
        {"email_record": (["email", "email"], 2), "phone_record": (["phone", "phone"], 2)},
    ),
    "merged_id": (the_id_of_a_merged_record, {"gone": (404, False), "survivor": (200, True)}),
    "new_email_for_phone_only": (
        a_new_email_with_a_lone_number,
        {
            "gained": {"same record": True, "history": "Ruiz", "holder": A_PHONE},
            "merged_into_new": {"same record": False, "history": "Ruiz", "holder": None},
            "phone_taken": {"same record": False, "history": None, "holder": "without number"},
        },
    ),
    "email_conflict": (
        an_email_of_somebody_else,
        {"rest_applied": (200, "Ana", "a@example.org"), "nothing_applied": (200, None, "a@example.org")},
    ),
    "custom_fields_only_put": (
        custom_fields_alone_and_with_an_email,
        {"accepted": (200, 200), "failing": (500, 200)},
    ),
    "null_clears": (nulls, {False: ("\u2400", "IL", "US"), True: (None, "", "US")}),
    "unknown_custom_field": (
        a_custom_field_nobody_created,
        {"dropped": (200, {}, False), "stored": (200, {"novel": "x"}, True), "failing": (500, None, False)},
    ),
    "non_string_custom_value": (
        a_number_as_custom_value,
        {"accepted": (200, {"sms_source": "7"}), "failing": (500, b"")},
    ),
    "empty_custom_value": (an_empty_custom_value, {"stored": {"sms_source": ""}, "removed": {}}),
    "geocoding": (
        a_postal_code_and_a_city,
        {
            True: [("Chicago", "IL", "60601"), ("Chicago", "IL", "60601")],
            False: [(None, "", "60601"), ("Chicago", "", None)],
        },
    ),
    "first_city_lost": (
        a_first_and_a_second_city,
        {False: ["Springfield", "Springfield"], True: [None, "Springfield"]},
    ),
    "background_delay_seconds": (a_background_write, {0: 0, 30: 30}),
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, (_, values) in OBSERVED.items() for value in values]
)
async def test_each_value_of_a_switch_is_seen(
    service: ActionNetwork, api: httpx.AsyncClient, group: Group, clock: Clock, name: str, value: Value
) -> None:
    observe, values = OBSERVED[name]
    service.switches.settings = turned(service.switches.settings, {name: value})

    assert await observe(Stage(api, group, clock)) == values[value]


@pytest.mark.parametrize("switch", switches_of(ActionNetworkSwitches), ids=lambda switch: switch.name)
def test_the_table_above_has_every_value_of_a_switch(switch: Any) -> None:
    values = {str(value).lower() if isinstance(value, bool) else value for value in OBSERVED[switch.name][1]}

    if isinstance(switch.default, bool | str):
        assert values == set(switch.choices)
    else:
        assert {switch.default} < values


async def test_a_lag_that_is_turned_counts_for_writes_under_way(
    service: ActionNetwork, api: httpx.AsyncClient, group: Group, clock: Clock
) -> None:
    stage = Stage(api, group, clock)
    await stage.post(given_name="Ana", phone_numbers=[{"number": A_PHONE}])
    wanted = "given_name eq 'Ana'"
    before = await stage.found(wanted)

    service.switches.settings = turned(service.switches.settings, {"lag_given_name": 60})
    clock.advance(timedelta(seconds=59))
    later = await stage.found(wanted)
    service.switches.settings = turned(service.switches.settings, {"lag_given_name": 0})

    assert (before, later, await stage.found(wanted)) == (0, 0, 1)


async def test_a_walk_in_order_of_change_meets_a_record_again_where_it_moved_to(
    service: ActionNetwork, api: httpx.AsyncClient, group: Group, clock: Clock
) -> None:
    stage = Stage(api, group, clock)
    people = [stage.add(given_name=f"P{number}") for number in range(30)]
    service.switches.settings = turned(service.switches.settings, {"order": "by_modified_date"})
    first = names(await api.get("people?page=1"))

    clock.advance(timedelta(minutes=1))
    await stage.put(people[0], family_name="Ruiz")
    second = names(await api.get("people?page=2"))

    assert (first[0], second[-1]) == ("P0", "P0")
    assert "P25" not in first + second
