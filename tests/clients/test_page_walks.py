"""Walks over pages with several of them under way, in a time that only passes when everybody waits."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anmc.clients.action_network.client import ActionNetworkClient
from anmc.errors import ServiceUnavailable
from anmc.rules.records import PersonId
from anmc.sync.ports import Page
from clients.lists import PeopleList, ProfileList, ServedList
from clients.slow_service import SlowService, all_of, other_tasks, people_client, read_people, read_profiles
from support.virtual_time import VirtualClock, run_in_virtual_time

SINCE = datetime(2026, 2, 1, tzinfo=UTC)
QUICK, USUAL, SLOW = 0.01, 0.6, 5.0


def walked_people(service: SlowService) -> list[Page[object]]:
    pages, _ = read_people(service, lambda client: client.iter_people(modified_after=SINCE))
    return pages


def walked_profiles(service: SlowService) -> list[Page[object]]:
    return read_profiles(service, lambda client: client.iter_profiles(updated_from=SINCE))


def ids(pages: list[Page[object]]) -> list[str]:
    return [record.id for page in pages for record in page.records]  # type: ignore[attr-defined]


def assert_brought(pages: list[Page[object]], listed: ServedList) -> None:
    assert ids(pages) == [listed.id(at) for at in range(listed.length)]
    assert all(page.is_complete and not page.unreadable for page in pages)


class TestCalls:
    """What a walk costs (performance.md 1, 2)."""

    @pytest.mark.parametrize("latency", [QUICK, USUAL, SLOW])
    @pytest.mark.parametrize(("people", "calls"), [(0, 1), (1, 2), (24, 2), (25, 2), (26, 3), (49, 3)])
    def test_a_few_people_cost_their_pages_and_the_empty_one(self, people: int, calls: int, latency: float) -> None:
        listed = PeopleList(people)

        pages = walked_people(SlowService(listed, latency=latency))

        assert len(listed.calls) == calls
        assert_brought(pages, listed)

    @pytest.mark.parametrize(("profiles", "calls"), [(0, 1), (1, 2), (999, 2), (1000, 2), (1001, 3)])
    def test_a_few_profiles_cost_their_pages_and_the_empty_one(self, profiles: int, calls: int) -> None:
        listed = ProfileList(profiles)

        pages = walked_profiles(SlowService(listed, latency=USUAL))

        assert len(listed.calls) == calls
        assert_brought(pages, listed)

    @pytest.mark.parametrize("people", [1000, 1001, 1024])
    def test_a_service_as_quick_as_the_rate_allows_is_asked_for_nothing_beyond_the_end(self, people: int) -> None:
        listed = PeopleList(people)

        pages = walked_people(SlowService(listed, latency=QUICK))

        assert len(listed.calls) == -(-people // 25) + 1
        assert_brought(pages, listed)

    @pytest.mark.parametrize(("people", "latency"), [(1000, 0.3), (2000, 0.6), (5000, 1.5)])
    def test_many_people_come_as_fast_as_the_rate_allows(self, people: int, latency: float) -> None:
        listed = PeopleList(people)
        service = SlowService(listed, latency=latency)

        pages, seconds = read_people(service, lambda client: client.iter_people(modified_after=SINCE))

        assert len(listed.calls) <= 1.05 * (people / 25 + 1)
        assert seconds <= 1.10 * (people / 25 / 4 + latency)
        assert_brought(pages, listed)

    def test_requests_in_flight_are_bounded_however_slow_the_service_is(self) -> None:
        listed = PeopleList(1000)
        service = SlowService(listed, latency=SLOW)

        assert_brought(walked_people(service), listed)

        assert service.most_in_flight == 8

    def test_a_few_pages_of_profiles_are_under_way_at_a_time(self) -> None:
        listed = ProfileList(8000)
        service = SlowService(listed, latency=SLOW)

        assert_brought(walked_profiles(service), listed)

        assert service.most_in_flight == 4
        assert len(listed.calls) <= 9 + 3


@settings(max_examples=25, deadline=None)
@given(people=st.integers(0, 400), latencies=st.lists(st.sampled_from([QUICK, USUAL, SLOW]), min_size=1, max_size=9))
def test_pages_arrive_in_any_order_and_each_person_once(people: int, latencies: list[float]) -> None:
    listed = PeopleList(people)

    def latency(request: httpx.Request) -> float:
        return latencies[int(request.url.params["page"]) % len(latencies)]

    pages = walked_people(SlowService(listed, latency=latency))

    assert_brought(pages, listed)
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))


class TestEnd:
    def test_people_beyond_the_end_are_kept_and_the_walk_is_not_complete(self) -> None:
        listed = PeopleList(200)

        def answer(request: httpx.Request) -> httpx.Response:
            page = listed(request)
            return httpx.Response(200, text=listed.body([], 5)) if request.url.params["page"] == "5" else page

        pages = walked_people(SlowService(answer, latency=SLOW))

        assert [(page.number, page.is_complete) for page in pages if page.records or page.number == 5] == [
            *((number, True) for number in (1, 2, 3, 4, 5)),
            *((number, False) for number in (6, 7, 8)),
        ]
        assert len(ids(pages)) == 175

    def test_a_page_that_fails_beyond_the_end_fails_nothing(self) -> None:
        listed = PeopleList(80)

        def answer(request: httpx.Request) -> httpx.Response:
            page = listed(request)
            return page if int(request.url.params["page"]) < 6 else httpx.Response(500)

        assert_brought(walked_people(SlowService(answer, latency=SLOW)), listed)

    def test_a_page_without_a_next_one_is_the_last(self) -> None:
        listed = PeopleList(25)

        def answer(request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, text=listed(request).text.replace('"next"', '"previous"'))

        pages = walked_people(SlowService(answer))

        assert (len(ids(pages)), len(listed.calls)) == (25, 1)

    @pytest.mark.parametrize(
        "target",
        [
            pytest.param("https://actionnetwork.org/api/v2/people?page=1", id="itself"),
            pytest.param("https://evil.example.org/api/v2/people?page=2", id="another-service"),
            pytest.param("https://actionnetwork.org/api/v2/people?page=9", id="elsewhere"),
        ],
    )
    def test_where_the_next_page_is_said_to_be_is_never_followed(self, target: str) -> None:
        listed = PeopleList(100)
        service = SlowService(lambda request: _pointing_to(target, listed(request)), latency=USUAL)

        assert_brought(walked_people(service), listed)

        assert {request.url.host for request in service.requests} == {"actionnetwork.org"}
        asked = sorted({int(request.url.params["page"]) for request in service.requests})
        assert asked == list(range(1, len(asked) + 1))

    def test_a_service_that_serves_one_full_page_for_ever_is_left(self) -> None:
        listed = PeopleList(25)
        service = SlowService(
            lambda _request: listed(httpx.Request("GET", "https://x.example.org/?page=1&per_page=25"))
        )

        with pytest.raises(ServiceUnavailable, match="does not come to an end"):
            walked_people(service)

        assert len(listed.calls) < 20


def _pointing_to(target: str, page: httpx.Response) -> httpx.Response:
    document = page.json()
    if "next" in document["_links"]:
        document["_links"]["next"]["href"] = target
    return httpx.Response(200, json=document)


class TestLeaving:
    """Whoever leaves a walk leaves nothing of it behind."""

    @pytest.fixture
    def service(self) -> SlowService:
        return SlowService(PeopleList(1000), latency=SLOW)

    def test_by_an_error(self, service: SlowService) -> None:
        async def walk(client: ActionNetworkClient) -> None:
            async with aclosing(client.iter_people(modified_after=SINCE)) as pages:
                async for page in pages:
                    if page.number == 5:
                        raise ZeroDivisionError

        async def story(_clock: VirtualClock) -> None:
            async with people_client(service) as client:
                with pytest.raises(ZeroDivisionError):
                    await walk(client)

                assert (other_tasks(), service.in_flight) == (set(), 0)

        run_in_virtual_time(story)

    @pytest.mark.parametrize("page_in_hand", [1, 2, 5])
    def test_by_cancellation(self, page_in_hand: int, service: SlowService) -> None:
        async def story(_clock: VirtualClock) -> None:
            reached = asyncio.Event()

            async def walk(client: ActionNetworkClient) -> None:
                async with aclosing(client.iter_people(modified_after=SINCE)) as pages:
                    async for page in pages:
                        if page.number == page_in_hand:
                            reached.set()
                            await asyncio.Event().wait()

            async with people_client(service) as client:
                walking = asyncio.create_task(walk(client))
                await reached.wait()
                await self.assert_ends(walking, service)

        run_in_virtual_time(story)

    def test_by_cancellation_while_it_waits_for_a_page(self, service: SlowService) -> None:
        async def story(clock: VirtualClock) -> None:
            async with people_client(service) as client:
                walking = asyncio.create_task(all_of(client.iter_people(modified_after=SINCE)))
                await clock.sleep(3.5 * SLOW)
                assert service.in_flight > 1
                await self.assert_ends(walking, service)

        run_in_virtual_time(story)

    @staticmethod
    async def assert_ends(walking: "asyncio.Task[object]", service: SlowService) -> None:
        walking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await walking

        assert (other_tasks(), service.in_flight) == (set(), 0)


def test_a_page_that_waited_while_somebody_on_it_was_written_is_read_again() -> None:
    """A push runs between two pages of a pull (sync.md W1); what it wrote must not be taken back."""
    listed = PeopleList(200)
    written = PersonId(listed.id(120))

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return listed(request)
        newer = listed.record(120).replace("02T00:00:00Z", "03T00:00:00Z")
        listed.odd = {120: newer}
        return httpx.Response(200, text=newer)

    async def story(clock: VirtualClock) -> list[Page[object]]:
        pages: list[Page[object]] = []
        async with (
            people_client(SlowService(answer, latency=USUAL)) as client,
            aclosing(client.iter_people(modified_after=SINCE)) as walked,
        ):
            async for page in walked:
                pages.append(page)
                if page.number == 3:
                    await clock.sleep(10 * USUAL)  # until the pages ahead have come
                    await client.update_person(written, {"custom_fields.sms_opt_in": "0"})
        return pages

    pages = run_in_virtual_time(story)

    (person,) = [record for page in pages for record in page.records if record.id == written]  # type: ignore[attr-defined]
    assert person.modified_date == datetime(2026, 2, 3, tzinfo=UTC)  # type: ignore[attr-defined]
    assert_brought(pages, listed)
    assert listed.calls.count((5, 25)) == 2
    assert sum(listed.calls.count((number, 25)) for number in (4, 6, 7, 8)) == 4


def test_a_walk_of_profiles_starts_where_it_is_told_and_reads_all_if_no_time_is_named() -> None:
    service = SlowService(ProfileList(2500))

    pages = read_profiles(service, lambda client: client.iter_profiles(updated_from=None, first_page=3))

    assert [(page.number, len(page.records)) for page in pages] == [(3, 500), (4, 0)]
    assert "from" not in service.requests[0].url.params
