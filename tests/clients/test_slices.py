"""Reading everybody in slices by date of creation (action-network-api.md 4.3)."""

import asyncio
import json
import re
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anmc.clients.action_network import slices
from anmc.clients.action_network.slices import BEGINNING, MAX_PASSES, MAX_SLICE_PAGES, Slice, read_everybody
from anmc.clients.failures import MAX_TRIES
from anmc.errors import ServiceRefused, ServiceUnavailable
from anmc.rules.records import Person, PersonId
from anmc.sync.ports import Page, Pages, UnreadableRecord
from clients.test_page_walks import action_network
from clients.virtual_time import START, SlowService, VirtualClock

DAY = timedelta(days=1)
LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)


class Group:
    """People by id with the second of their creation, in pages of 25. `before_page` sees how many were read."""

    def __init__(self, created: list[datetime]) -> None:
        self.people = {f"p-{number}": at for number, at in enumerate(created)}
        self.pages: list[tuple[Slice, int]] = []
        self.before_page: Callable[[int], object] = lambda _pages: None
        self.is_doubtful = False

    async def walk(self, part: Slice) -> Pages[Person]:
        number = 0
        while True:
            number += 1
            records = tuple(Person(PersonId(name), at, at, None, None, {}) for name, at in self.page(part, number))
            yield Page(records, number, START, is_complete=not self.is_doubtful)
            if not records:
                return

    def page(self, part: Slice, number: int) -> list[tuple[str, datetime]]:
        self.before_page(len(self.pages))
        self.pages.append((part, number))
        since, until = part.since or datetime.min.replace(tzinfo=UTC), part.until or datetime.max.replace(tzinfo=UTC)
        found = [(name, at) for name, at in self.people.items() if since <= at < until]
        return found[(number - 1) * 25 : number * 25]


async def read_all(group: Group, *, created_from: datetime | None = None) -> list[Page[Person]]:
    async with aclosing(read_everybody(group.walk, created_from=created_from, now=START)) as pages:
        return [page async for page in pages]


def names(pages: list[Page[Person]]) -> list[str]:
    return sorted(person.id for page in pages for person in page.records)


def is_complete(pages: list[Page[Person]]) -> bool:
    return all(page.is_complete for page in pages)


@pytest.mark.parametrize(("people", "calls"), [(0, 1), (20, 2), (25, 2), (26, 2 * 3), (60, 2 * 4)])
async def test_a_short_list_is_one_slice_that_is_read_twice_if_it_has_several_pages(people: int, calls: int) -> None:
    group = Group([LONG_AGO + number * DAY for number in range(people)])

    pages = await read_all(group)

    assert (names(pages), is_complete(pages)) == (sorted(group.people), True)
    assert len(group.pages) == calls


async def test_a_long_list_is_cut_into_slices_of_a_bounded_length() -> None:
    group = Group([LONG_AGO + number * timedelta(hours=13) for number in range(5000)])

    pages = await read_all(group)

    assert (names(pages), is_complete(pages)) == (sorted(group.people), True)
    assert max(page.number for page in pages) <= MAX_SLICE_PAGES + 1
    assert len(group.pages) < 2.6 * 5000 / 25


async def test_people_of_one_second_are_never_between_two_slices() -> None:
    seconds = [LONG_AGO + number * DAY / 4 for number in range(500)]
    group = Group([second for second in seconds for _ in range(4)])

    assert names(await read_all(group)) == sorted(group.people)


async def test_an_import_of_thousands_in_one_second_is_read_whole() -> None:
    group = Group([LONG_AGO] * 1500 + [LONG_AGO + DAY] * 3)

    pages = await read_all(group)

    assert (names(pages), is_complete(pages)) == (sorted(group.people), True)


async def test_each_slice_but_the_last_says_from_where_a_later_read_may_go_on() -> None:
    group = Group([LONG_AGO + number * DAY for number in range(2000)])
    marks = [page.read_until for page in await read_all(group) if page.read_until]
    assert marks == sorted(marks)

    resumed = await read_all(group, created_from=marks[1])

    assert names(resumed) == sorted(name for name, at in group.people.items() if at >= marks[1])


async def test_the_last_slice_is_open_and_the_others_are_not() -> None:
    group = Group([LONG_AGO + number * DAY for number in range(2000)] + [START + DAY])

    pages = await read_all(group)

    assert names(pages) == sorted(group.people)
    assert group.pages[-1][0].until is None
    assert pages[-1].read_until is None


@settings(max_examples=20, deadline=None)
@given(
    clusters=st.lists(
        st.tuples(st.integers(0, 4000), st.sampled_from([0, 1, 7200]), st.integers(1, 600)), min_size=0, max_size=3
    )
)
def test_everybody_comes_once_however_they_are_spread(clusters: list[tuple[int, int, int]]) -> None:
    group = Group(
        [
            BEGINNING + day * DAY + number * timedelta(seconds=apart)
            for day, apart, people in clusters
            for number in range(people)
        ]
    )

    pages = asyncio.run(read_all(group))

    assert names(pages) == sorted(group.people)
    assert is_complete(pages)


class TestChanges:
    """A person who leaves pulls those behind to earlier pages, where a pass has been already."""

    @pytest.fixture
    def group(self) -> Group:
        return Group([LONG_AGO + number * DAY for number in range(60)])

    async def test_whom_the_first_pass_missed_comes_in_the_second(self, group: Group) -> None:
        def leave(pages: int) -> None:
            if pages == 1:
                del group.people["p-0"]

        group.before_page = leave

        pages = await read_all(group)

        assert (names(pages), is_complete(pages)) == (sorted({*group.people, "p-0"}), True)
        assert len(group.pages) == 3 * 4

    async def test_who_joins_during_the_read_keeps_it_from_no_end(self, group: Group) -> None:
        def join(pages: int) -> None:
            group.people[f"late-{pages}"] = START + timedelta(seconds=pages)

        group.before_page = join

        pages = await read_all(group)

        assert is_complete(pages)
        assert {*(f"p-{number}" for number in range(60))} <= {*names(pages)}
        assert len(group.pages) < 20

    async def test_a_slice_that_does_not_hold_still_is_cut_until_it_does(self, group: Group) -> None:
        def replace_somebody(pages: int) -> None:
            if pages < 100:
                group.people[f"new-{pages}"] = group.people.pop(next(iter(group.people)))

        group.before_page = replace_somebody

        pages = await read_all(group)

        assert is_complete(pages)
        assert {*group.people} <= {*names(pages)}
        assert group.pages[0][0] != group.pages[-1][0]

    async def test_a_second_that_does_not_hold_still_leaves_the_read_incomplete(self) -> None:
        group = Group([LONG_AGO] * 60)

        def replace_somebody(pages: int) -> None:
            group.people[f"new-{pages}"] = group.people.pop(next(iter(group.people)))

        group.before_page = replace_somebody

        pages = await read_all(group)

        assert not is_complete(pages)

    async def test_a_pass_that_may_have_missed_somebody_agrees_with_none(self, group: Group) -> None:
        group.is_doubtful = True

        pages = await read_all(group, created_from=START - timedelta(seconds=1))

        assert [page.is_complete for page in pages] == [True] * MAX_PASSES + [False]


async def test_a_record_that_cannot_be_read_comes_once() -> None:
    async def walk(_part: Slice) -> Pages[Person]:
        people = tuple(Person(PersonId(f"p-{number}"), LONG_AGO, None, None, None, {}) for number in range(23))
        unreadable = (UnreadableRecord(1, 24, "x"), UnreadableRecord(1, 25))
        yield Page(people, 1, START, unreadable)
        yield Page((), 2, START, (UnreadableRecord(2, 1),))

    pages = [page async for page in read_everybody(walk, created_from=None, now=START)]

    assert [record for page in pages for record in page.unreadable] == [
        UnreadableRecord(1, 24, "x"),
        UnreadableRecord(1, 25),
        UnreadableRecord(2, 1),
    ]


class TestFilters:
    """What a service is asked for, over a wire."""

    _CLAUSE = re.compile(r"created_date (gt|lt) '([^']*Z)'")

    def serve(self, group: Group) -> Callable[[httpx.Request], httpx.Response]:
        def answer(request: httpx.Request) -> httpx.Response:
            wanted, page = request.url.params["filter"], int(request.url.params["page"])
            clauses = self._CLAUSE.findall(wanted)
            assert " and ".join(f"created_date {operator} '{text}'" for operator, text in clauses) == wanted
            bounds = {operator: datetime.fromisoformat(text) for operator, text in clauses}
            since = bounds["gt"] + timedelta(seconds=1) if "gt" in bounds else None
            records = [
                {"identifiers": [f"action_network:{name}"], "created_date": at.isoformat()}
                for name, at in group.page(Slice(since, bounds.get("lt")), page)
            ]
            links = {"next": {"href": "x"}} if records else {}
            return httpx.Response(200, text=json.dumps({"_links": links, "_embedded": {"osdi:people": records}}))

        return answer

    @staticmethod
    async def read(
        answer: Callable[[httpx.Request], httpx.Response], *, created_from: datetime | None = None
    ) -> list[Page[Person]]:
        clock = VirtualClock()
        async with action_network(clock, SlowService(clock, answer, latency=0.01)) as client:

            async def read() -> list[Page[Person]]:
                async with aclosing(client.iter_everybody(created_from=created_from)) as pages:
                    return [page async for page in pages]

            return await clock.run(read())

    @pytest.fixture
    def group(self, monkeypatch: pytest.MonkeyPatch) -> Group:
        monkeypatch.setattr(slices, "MAX_SLICE_PAGES", 4)
        return Group([LONG_AGO + number * DAY for number in range(240)])

    async def test_slices_meet_without_a_gap(self, group: Group) -> None:
        pages = await self.read(self.serve(group))

        assert (names(pages), is_complete(pages)) == (sorted(group.people), True)

    @pytest.mark.parametrize("status", [400, 500])
    async def test_a_service_that_takes_one_bound_only_is_read_with_the_lower_one(
        self, status: int, group: Group
    ) -> None:
        serve = self.serve(group)

        pages = await self.read(
            lambda request: httpx.Response(status) if " and " in request.url.params["filter"] else serve(request)
        )

        assert (names(pages), is_complete(pages)) == (sorted(group.people), True)

    async def test_once_two_bounds_have_worked_a_refusal_is_one(self, group: Group) -> None:
        serve = self.serve(group)

        def breaks(request: httpx.Request) -> httpx.Response:
            with_two_bounds = {part for part, _ in group.pages if part.since and part.until}
            return serve(request) if len(with_two_bounds) < 3 else httpx.Response(400)

        with pytest.raises(ServiceRefused):
            await self.read(breaks)

    async def test_an_outage_is_one(self) -> None:
        calls: list[httpx.Request] = []

        def fails(request: httpx.Request) -> httpx.Response:
            calls.append(request)
            return httpx.Response(503, headers={"Retry-After": "1"})

        with pytest.raises(ServiceUnavailable):
            await self.read(fails, created_from=BEGINNING)

        assert len(calls) == MAX_TRIES
