"""Walks over pages with several of them under way, in a time that only passes when everybody waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anmc.api.credentials import ActionNetworkCredentials, BearerToken
from anmc.api.origins import Origin
from anmc.clients.action_network.client import ActionNetworkAccount, ActionNetworkClient
from anmc.clients.mobile_commons.client import MobileCommonsAccount, MobileCommonsClient
from anmc.clients.pacing.pacers import Pacers
from anmc.errors import ServiceUnavailable
from anmc.rules.records import PersonId
from anmc.sync.ports import Page, Pages
from clients.conftest import FakeMeter
from clients.lists import PeopleList, ProfileList, ServedList
from clients.virtual_time import SlowService, VirtualClock, at_rest, other_tasks

SINCE = datetime(2026, 2, 1, tzinfo=UTC)
QUICK, USUAL, SLOW = 0.01, 0.6, 5.0


def allow() -> None:
    """Pass the gate."""


@asynccontextmanager
async def action_network(clock: VirtualClock, http: SlowService) -> AsyncIterator[ActionNetworkClient]:
    account = ActionNetworkAccount(
        Origin("https", "actionnetwork.org", 443), ActionNetworkCredentials("k"), secret_name="an"
    )
    pacers = Pacers(clock)
    async with ActionNetworkClient(account, pacers=pacers, gate=allow, meter=FakeMeter(), clock=clock, http=http) as an:
        yield an


@asynccontextmanager
async def mobile_commons(clock: VirtualClock, http: SlowService) -> AsyncIterator[MobileCommonsClient]:
    account = MobileCommonsAccount(Origin("https", "secure.mcommons.com", 443), BearerToken("t"), secret_name="mc")
    pacers = Pacers(clock)
    async with MobileCommonsClient(account, pacers=pacers, gate=allow, meter=FakeMeter(), clock=clock, http=http) as mc:
        yield mc


async def walked_people(clock: VirtualClock, service: SlowService) -> list[Page[object]]:
    """Walk all people; time passes as it has to."""
    async with action_network(clock, service) as client:
        return await clock.run(_all(client.iter_people(modified_after=SINCE)))


async def walked_profiles(clock: VirtualClock, service: SlowService) -> list[Page[object]]:
    async with mobile_commons(clock, service) as client:
        return await clock.run(_all(client.iter_profiles(updated_from=SINCE)))


async def _all(pages: Pages[object]) -> list[Page[object]]:
    async with aclosing(pages):
        return [page async for page in pages]


def ids(pages: list[Page[object]]) -> list[str]:
    return [record.id for page in pages for record in page.records]  # type: ignore[attr-defined]


def assert_brought(pages: list[Page[object]], listed: ServedList) -> None:
    assert ids(pages) == [listed.id(at) for at in range(listed.length)]
    assert all(page.is_complete and not page.unreadable for page in pages)


class TestCalls:
    """What a walk costs (performance.md 1, 2)."""

    @pytest.mark.parametrize("latency", [QUICK, USUAL, SLOW])
    @pytest.mark.parametrize(("people", "calls"), [(0, 1), (1, 2), (24, 2), (25, 2), (26, 3), (49, 3)])
    async def test_a_few_people_cost_their_pages_and_the_empty_one(
        self, people: int, calls: int, latency: float
    ) -> None:
        clock, listed = VirtualClock(), PeopleList(people)

        pages = await walked_people(clock, SlowService(clock, listed, latency=latency))

        assert len(listed.calls) == calls
        assert_brought(pages, listed)

    @pytest.mark.parametrize(("profiles", "calls"), [(0, 1), (1, 2), (999, 2), (1000, 2), (1001, 3)])
    async def test_a_few_profiles_cost_their_pages_and_the_empty_one(self, profiles: int, calls: int) -> None:
        clock, listed = VirtualClock(), ProfileList(profiles)

        pages = await walked_profiles(clock, SlowService(clock, listed, latency=USUAL))

        assert len(listed.calls) == calls
        assert_brought(pages, listed)

    @pytest.mark.parametrize("people", [1000, 1001, 1024])
    async def test_a_service_as_quick_as_the_rate_allows_is_asked_for_nothing_beyond_the_end(self, people: int) -> None:
        clock, listed = VirtualClock(), PeopleList(people)

        pages = await walked_people(clock, SlowService(clock, listed, latency=QUICK))

        assert len(listed.calls) == -(-people // 25) + 1
        assert_brought(pages, listed)

    @pytest.mark.parametrize(("people", "latency"), [(1000, 0.3), (2000, 0.6), (5000, 1.5)])
    async def test_many_people_come_as_fast_as_the_rate_allows(self, people: int, latency: float) -> None:
        clock, listed = VirtualClock(), PeopleList(people)

        pages = await walked_people(clock, SlowService(clock, listed, latency=latency))

        assert len(listed.calls) <= 1.05 * (people / 25 + 1)
        assert clock.seconds <= 1.10 * (people / 25 / 4 + latency)
        assert_brought(pages, listed)

    async def test_requests_in_flight_are_bounded_however_slow_the_service_is(self) -> None:
        clock, listed = VirtualClock(), PeopleList(1000)
        service = SlowService(clock, listed, latency=SLOW)

        assert_brought(await walked_people(clock, service), listed)

        assert service.most_in_flight == 8

    async def test_a_few_pages_of_profiles_are_under_way_at_a_time(self) -> None:
        clock, listed = VirtualClock(), ProfileList(8000)
        service = SlowService(clock, listed, latency=SLOW)

        assert_brought(await walked_profiles(clock, service), listed)

        assert service.most_in_flight == 4
        assert len(listed.calls) <= 9 + 3


@settings(max_examples=25, deadline=None)
@given(people=st.integers(0, 400), latencies=st.lists(st.sampled_from([QUICK, USUAL, SLOW]), min_size=1, max_size=9))
def test_pages_arrive_in_any_order_and_each_person_once(people: int, latencies: list[float]) -> None:
    clock, listed = VirtualClock(), PeopleList(people)

    def latency(request: httpx.Request) -> float:
        return latencies[int(request.url.params["page"]) % len(latencies)]

    async def walk() -> list[Page[object]]:
        return await walked_people(clock, SlowService(clock, listed, latency=latency))

    pages = asyncio.run(walk())

    assert_brought(pages, listed)
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))


class TestEnd:
    async def test_people_beyond_the_end_are_kept_and_the_walk_is_not_complete(self) -> None:
        clock, listed = VirtualClock(), PeopleList(200)

        def answer(request: httpx.Request) -> httpx.Response:
            page = listed(request)
            return httpx.Response(200, text=listed.body([], 5)) if request.url.params["page"] == "5" else page

        pages = await walked_people(clock, SlowService(clock, answer, latency=SLOW))

        assert [(page.number, page.is_complete) for page in pages if page.records or page.number == 5] == [
            *((number, True) for number in (1, 2, 3, 4, 5)),
            *((number, False) for number in (6, 7, 8)),
        ]
        assert len(ids(pages)) == 175

    async def test_a_page_that_fails_beyond_the_end_fails_nothing(self) -> None:
        clock, listed = VirtualClock(), PeopleList(80)

        def answer(request: httpx.Request) -> httpx.Response:
            page = listed(request)
            return page if int(request.url.params["page"]) < 6 else httpx.Response(500)

        assert_brought(await walked_people(clock, SlowService(clock, answer, latency=SLOW)), listed)

    async def test_a_page_without_a_next_one_is_the_last(self) -> None:
        clock, listed = VirtualClock(), PeopleList(25)

        def answer(request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, text=listed(request).text.replace('"next"', '"previous"'))

        pages = await walked_people(clock, SlowService(clock, answer))

        assert (len(ids(pages)), len(listed.calls)) == (25, 1)

    @pytest.mark.parametrize(
        "target",
        [
            pytest.param("https://actionnetwork.org/api/v2/people?page=1", id="itself"),
            pytest.param("https://evil.example.org/api/v2/people?page=2", id="another-service"),
            pytest.param("https://actionnetwork.org/api/v2/people?page=9", id="elsewhere"),
        ],
    )
    async def test_where_the_next_page_is_said_to_be_is_never_followed(self, target: str) -> None:
        clock, listed = VirtualClock(), PeopleList(100)
        service = SlowService(clock, lambda request: _pointing_to(target, listed(request)), latency=USUAL)

        assert_brought(await walked_people(clock, service), listed)

        assert {request.url.host for request in service.requests} == {"actionnetwork.org"}
        asked = sorted({int(request.url.params["page"]) for request in service.requests})
        assert asked == list(range(1, len(asked) + 1))

    async def test_a_service_that_serves_one_full_page_for_ever_is_left(self) -> None:
        clock, listed = VirtualClock(), PeopleList(25)
        service = SlowService(
            clock, lambda _request: listed(httpx.Request("GET", "https://x.example.org/?page=1&per_page=25"))
        )

        with pytest.raises(ServiceUnavailable, match="does not come to an end"):
            await walked_people(clock, service)

        assert len(listed.calls) < 20


def _pointing_to(target: str, page: httpx.Response) -> httpx.Response:
    document = page.json()
    if "next" in document["_links"]:
        document["_links"]["next"]["href"] = target
    return httpx.Response(200, json=document)


class TestLeaving:
    """Whoever leaves a walk leaves nothing of it behind."""

    @pytest.fixture
    def clock(self) -> VirtualClock:
        return VirtualClock()

    @pytest.fixture
    def service(self, clock: VirtualClock) -> SlowService:
        return SlowService(clock, PeopleList(1000), latency=SLOW)

    async def test_by_an_error(self, clock: VirtualClock, service: SlowService) -> None:
        async def walk(client: ActionNetworkClient) -> None:
            async with aclosing(client.iter_people(modified_after=SINCE)) as pages:
                async for page in pages:
                    if page.number == 5:
                        raise ZeroDivisionError

        async with action_network(clock, service) as client:
            with pytest.raises(ZeroDivisionError):
                await clock.run(walk(client))

            assert (other_tasks(), service.in_flight) == (set(), 0)

    @pytest.mark.parametrize("page_in_hand", [1, 2, 5])
    async def test_by_cancellation(self, page_in_hand: int, clock: VirtualClock, service: SlowService) -> None:
        reached = asyncio.Event()

        async def walk(client: ActionNetworkClient) -> None:
            async with aclosing(client.iter_people(modified_after=SINCE)) as pages:
                async for page in pages:
                    if page.number == page_in_hand:
                        reached.set()
                        await asyncio.Event().wait()

        async with action_network(clock, service) as client:
            walking = asyncio.create_task(walk(client))
            await clock.run(reached.wait())
            walking.cancel()
            await at_rest()

            assert walking.cancelled()
            assert (other_tasks(), service.in_flight) == (set(), 0)

    async def test_by_cancellation_while_it_waits_for_a_page(self, clock: VirtualClock, service: SlowService) -> None:
        async with action_network(clock, service) as client:
            walking = asyncio.create_task(_all(client.iter_people(modified_after=SINCE)))
            await clock.pass_time(3.5 * SLOW)
            assert service.in_flight > 1
            walking.cancel()
            await at_rest()

            assert walking.cancelled()
            assert (other_tasks(), service.in_flight) == (set(), 0)


async def test_a_page_that_waited_while_somebody_on_it_was_written_is_read_again() -> None:
    """A push runs between two pages of a pull (sync.md W1); what it wrote must not be taken back."""
    clock, listed = VirtualClock(), PeopleList(200)
    written = PersonId(listed.id(120))

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return listed(request)
        newer = listed.record(120).replace("02T00:00:00Z", "03T00:00:00Z")
        listed.odd = {120: newer}
        return httpx.Response(200, text=newer)

    async def walk(client: ActionNetworkClient) -> list[Page[object]]:
        pages: list[Page[object]] = []
        async with aclosing(client.iter_people(modified_after=SINCE)) as walked:
            async for page in walked:
                pages.append(page)
                if page.number == 3:
                    await clock.sleep(10 * USUAL)  # until the pages ahead have come
                    await client.update_person(written, {"custom_fields.sms_opt_in": "0"})
        return pages

    async with action_network(clock, SlowService(clock, answer, latency=USUAL)) as client:
        pages = await clock.run(walk(client))

    (person,) = [record for page in pages for record in page.records if record.id == written]  # type: ignore[attr-defined]
    assert person.modified_date == datetime(2026, 2, 3, tzinfo=UTC)  # type: ignore[attr-defined]
    assert_brought(pages, listed)
    assert listed.calls.count((5, 25)) == 2
    assert sum(listed.calls.count((number, 25)) for number in (4, 6, 7, 8)) == 4


async def test_a_walk_of_profiles_starts_where_it_is_told_and_reads_all_if_no_time_is_named() -> None:
    clock, listed = VirtualClock(), ProfileList(2500)
    service = SlowService(clock, listed)

    async with mobile_commons(clock, service) as client:
        pages = await clock.run(_all(client.iter_profiles(updated_from=None, first_page=3)))

    assert [(page.number, len(page.records)) for page in pages] == [(3, 500), (4, 0)]
    assert "from" not in service.requests[0].url.params
