"""Faults of lists that are read page by page, seen by a walk."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

if TYPE_CHECKING:
    from simulators.frame.conftest import Services

Pages = Callable[[int], Awaitable[list[str]]]
"""What a page of ten records holds, by id or number."""

SERVICES = ["action-network", "mobile-commons"]


def pages_of(services: "Services", service: str) -> Pages:
    async def people(page: int) -> list[str]:
        return await services.people_ids(page, per_page=10)

    return people if service == "action-network" else services.numbers


@pytest.mark.parametrize("service", SERVICES)
async def test_each_record_of_a_page_comes_twice(services: "Services", service: str) -> None:
    services.add_people(15)
    page = pages_of(services, service)
    before = await page(2)
    await services.order("duplicate-records", service)

    assert await page(2) == [record for record in before for _ in range(2)]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_repeated_page_never_ends(services: "Services", service: str) -> None:
    services.add_people(25)
    page = pages_of(services, service)
    before = [await page(number) for number in (1, 2, 3)]
    await services.order("repeated-page", service, page=2)

    assert [await page(number) for number in (1, 2, 3, 4, 99)] == [
        before[0],
        before[1],
        before[1],
        before[1],
        before[1],
    ]


async def test_a_repeated_page_passes_for_the_one_that_was_asked_for(services: "Services") -> None:
    services.add_people(30)
    await services.order("repeated-page")
    await services.order("repeated-page", "mobile-commons")

    people, profiles = await services.people(7), await services.profiles(7)

    assert people["page"] == 7
    assert people["_links"]["next"]["href"].endswith("/people?page=8")
    assert (profiles.get("page"), profiles.get("num")) == ("7", "10")


@pytest.mark.parametrize("service", SERVICES)
async def test_a_page_in_the_middle_is_empty_and_others_follow(services: "Services", service: str) -> None:
    services.add_people(25)
    page = pages_of(services, service)
    before = [await page(number) for number in (1, 2, 3)]
    await services.order("empty-page", service, page=2)

    assert [await page(number) for number in (1, 2, 3)] == [before[0], [], before[2]]


async def test_an_empty_page_in_the_middle_is_empty_by_all_signs_but_has_a_next(services: "Services") -> None:
    services.add_people(60)
    await services.order("empty-page")
    await services.order("empty-page", "mobile-commons")

    people, profiles = await services.people(2), await services.profiles(2)

    assert people["_links"]["osdi:people"] == people["_embedded"]["osdi:people"] == []
    assert people["_links"]["next"]["href"].endswith("page=3")
    assert (profiles.get("num"), len(profiles), profiles.text) == ("0", 0, "\n")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("people", [25, 28, 30])
async def test_who_enters_ahead_of_a_walk_makes_it_see_some_twice(
    services: "Services", service: str, people: int
) -> None:
    services.add_people(people)
    page = pages_of(services, service)
    everybody = [record for number in (1, 2, 3, 4) for record in await page(number)]
    await services.order("shifted-pages", service, rows=3)

    walk = [await page(number) for number in (1, 2, 3, 4, 5)]

    assert [record for one in walk for record in one] == [*everybody[:10], *everybody[7:]]
    assert max(map(len, walk)) == 10


@pytest.mark.parametrize("service", SERVICES)
async def test_who_leaves_ahead_of_a_walk_makes_it_miss_some(services: "Services", service: str) -> None:
    services.add_people(36)
    page = pages_of(services, service)
    everybody = [record for number in (1, 2, 3, 4) for record in await page(number)]
    await services.order("shifted-pages", service, rows=-3, page=3)

    walk = [await page(number) for number in (1, 2, 3, 4, 5)]

    assert [record for one in walk for record in one] == [*everybody[:20], *everybody[23:]]


@pytest.mark.parametrize("service", SERVICES)
async def test_somebody_new_appears_before_each_page_but_the_first(services: "Services", service: str) -> None:
    services.add_people(10)
    page = pages_of(services, service)
    await services.order("rows-inserted", service, rows=2)

    walk = [await page(number) for number in (1, 2, 2)]

    assert [len(one) for one in walk] == [10, 2, 4]
    assert walk[2][:2] == walk[1]


@pytest.mark.parametrize("service", SERVICES)
async def test_who_changes_during_a_walk_enters_the_window_ahead_of_it(services: "Services", service: str) -> None:
    services.add_people(5)
    services.simulation.clock.advance(timedelta(hours=1))
    window = services.simulation.clock.now() - timedelta(minutes=1)
    await services.order("rows-updated", service, rows=2)

    async def found(page: int) -> int:
        if service == "action-network":
            return len(await services.people_ids(page, filter=f"modified_date gt '{window:%Y-%m-%dT%H:%M:%SZ}'"))
        query = {"page": str(page), "from": f"{window:%Y-%m-%dT%H:%M:%SZ}"}
        return len(etree.fromstring((await services.mobile_commons.get("/profiles", params=query)).content)[0])

    counts = [await found(1), await found(2), await found(1), await found(2), await found(1)]

    assert counts == [0, 0, 2, 0, 4]


async def test_faults_of_pages_leave_everything_else_alone(services: "Services") -> None:
    (person_id,) = services.add_people(1)
    for name in ("duplicate-records", "rows-inserted", "missing-embedded"):
        await services.order(name)

    answer = await services.action_network.get(f"/people/{person_id}")
    look_up = await services.action_network.get("/people", params={"filter": "phone_number eq '13125550100'"})

    assert (answer.status_code, look_up.json()["_embedded"]) == (200, {"osdi:people": []})
    assert [row["faults"] for row in (await services.control.get("/journal")).json()["requests"]] == [[], []]


async def test_a_next_link_leads_to_its_own_page(services: "Services") -> None:
    services.add_people(60)
    await services.order("next-to-itself")

    links = (await services.people(2, per_page=3))["_links"]

    assert links["next"]["href"].endswith("/people?page=2&per_page=3")


async def test_a_next_link_leads_to_a_foreign_host(services: "Services") -> None:
    services.add_people(60)
    await services.order("next-to-foreign-host", origin="https://elsewhere.example.org/")

    links = (await services.people(2))["_links"]

    assert links["next"]["href"] == "https://elsewhere.example.org/api/v2/people?page=3"


async def test_a_page_lacks_what_is_embedded(services: "Services") -> None:
    services.add_people(3)
    await services.order("missing-embedded")

    assert "_embedded" not in await services.people()


@pytest.mark.parametrize(("by", "num"), [(1, "4"), (-1, "2"), (-9, "0")])
async def test_the_count_of_a_page_is_wrong(services: "Services", by: int, num: str) -> None:
    services.add_people(3)
    await services.order("wrong-count", "mobile-commons", by=by)

    profiles = await services.profiles()

    assert (profiles.get("num"), len(profiles)) == (num, 3)


class TestAPoisonedRecord:
    @pytest.mark.parametrize("service", SERVICES)
    async def test_fails_each_page_that_holds_it_and_no_other(self, services: "Services", service: str) -> None:
        services.add_people(30)
        page = pages_of(services, service)
        poisoned = (await page(2))[4]
        await services.order("poisoned-record", service, record=poisoned)
        client = services.action_network if service == "action-network" else services.mobile_commons
        path, size = ("/people", "per_page") if service == "action-network" else ("/profiles", "limit")

        statuses = [
            (await client.get(path, params={"page": number, size: rows})).status_code
            for rows, number in ((10, 1), (10, 2), (10, 3), (1, 14), (1, 15), (1, 16))
        ]

        assert statuses == [200, 500, 200, 200, 500, 200]

    async def test_fails_by_itself_too_but_can_be_written(self, services: "Services") -> None:
        first, second = services.add_people(2)
        await services.order("poisoned-record", record=first)
        body = {"given_name": "Ada"}

        statuses = [
            (await services.action_network.get(f"/people/{first}")).status_code,
            (await services.action_network.get(f"/people/{second}")).status_code,
            (await services.action_network.put(f"/people/{first}", json=body)).status_code,
        ]

        assert statuses == [500, 200, 200]

    async def test_is_counted_where_it_was_seen(self, services: "Services") -> None:
        ids = services.add_people(30)
        await services.order("poisoned-record", record=ids[27], times=1)

        statuses = [
            (await services.action_network.get("/people", params={"page": page})).status_code for page in (1, 2, 2)
        ]

        assert statuses == [200, 500, 200]

    async def test_is_not_the_only_one(self, services: "Services") -> None:
        ids = services.add_people(3)
        for record in ids[:2]:
            await services.order("poisoned-record", record=record, form="wrong-type")

        people = (await services.people())["_embedded"]["osdi:people"]

        assert [isinstance(one, str) for one in people] == [True, True, False]

    @pytest.mark.parametrize("service", SERVICES)
    async def test_can_be_of_another_type(self, services: "Services", service: str) -> None:
        records = await self._spoilt(services, service, "wrong-type")

        assert records[1] == ("poisoned" if service == "action-network" else {})
        assert len(records) == 3
        assert all(len(records[place]) > 1 for place in (0, 2))

    @pytest.mark.parametrize("service", SERVICES)
    async def test_can_have_an_id_and_nothing_else_that_makes_sense(self, services: "Services", service: str) -> None:
        records = await self._spoilt(services, service, "wrong-values")

        assert len({_id(record) for record in records}) == 3
        assert ["poisoned" in json.dumps(record) for record in records] == [False, True, False]

    @pytest.mark.parametrize("service", SERVICES)
    async def test_can_make_the_whole_page_unreadable(self, services: "Services", service: str) -> None:
        services.add_people(3)
        record = (await pages_of(services, service)(1))[1]
        await services.order("poisoned-record", service, record=record, form="broken")
        client = services.action_network if service == "action-network" else services.mobile_commons

        answer = await client.get("/people" if service == "action-network" else "/profiles")

        assert answer.status_code == 200
        with pytest.raises(UnicodeDecodeError):
            answer.content.decode("utf-8")

    async def test_can_be_unreadable_where_it_is_alone(self, services: "Services") -> None:
        (person_id,) = services.add_people(1)
        await services.order("poisoned-record", record=person_id, form="wrong-type")
        await services.order("poisoned-record", "mobile-commons", record="12025550000", form="wrong-type")

        person = await services.action_network.get(f"/people/{person_id}")
        profile = await services.mobile_commons.get("/profile", params={"phone_number": "12025550000"})

        assert person.json() == "poisoned"
        assert len(etree.fromstring(profile.content)[0]) == 0

    @staticmethod
    async def _spoilt(services: "Services", service: str, form: str) -> list[Any]:
        """Return the records of a page of three, of which the second is poisoned."""
        services.add_people(3)
        record = (await pages_of(services, service)(1))[1]
        await services.order("poisoned-record", service, record=record, form=form)
        if service == "action-network":
            return list((await services.people())["_embedded"]["osdi:people"])
        return [
            {**profile.attrib, **{part.tag: (part.text or "").strip() for part in profile}}
            for profile in await services.profiles()
        ]


def _id(record: dict[str, Any]) -> str:
    return str(record["id"] if "id" in record else record["identifiers"][0])
