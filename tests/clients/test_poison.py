"""Records that cannot be read: alone if their page can be, or found by reading less and less (sync.md W13)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anmc.clients.isolation import MAX_ALONE, MAX_FAILED_PARTS
from anmc.clients.retries import MAX_TRIES
from anmc.errors import ServiceUnavailable
from anmc.rules.records import Phone
from anmc.sync.ports import LookUp, Page, Pages, UnreadableRecord
from clients.lists import (
    LookedUpProfiles,
    PeopleList,
    ProfileList,
    ServedList,
    Spoil,
    SubscriberList,
    counts_wrong,
    fails,
    is_cut_off,
    is_unavailable,
)
from clients.test_page_walks import action_network, mobile_commons
from clients.virtual_time import SlowService, VirtualClock

SINCE = datetime(2026, 2, 1, tzinfo=UTC)

LISTS: dict[str, type[ServedList]] = {"people": PeopleList, "profiles": ProfileList, "subscribers": SubscriberList}
SPOILS: dict[str, Spoil] = {"500": fails, "cut-off": is_cut_off, "wrong-count": counts_wrong}


async def walked(listed: ServedList) -> list[Page[object]]:
    """Walk a list to its end."""
    clock = VirtualClock()
    service = SlowService(clock, listed, latency=0.01)
    match listed:
        case PeopleList():
            async with action_network(clock, service) as people:
                return await clock.run(_all(people.iter_people(modified_after=SINCE)))
        case SubscriberList():
            async with mobile_commons(clock, service) as commons:
                return await clock.run(_all(commons.iter_subscribers("200001", changed_from=SINCE)))
        case _:
            async with mobile_commons(clock, service) as commons:
                return await clock.run(_all(commons.iter_profiles(updated_from=SINCE)))


async def _all(pages: Pages[object]) -> list[Page[object]]:
    async with aclosing(pages):
        return [page async for page in pages]


async def looked_up(listed: LookedUpProfiles, *positions: int) -> LookUp:
    clock = VirtualClock()
    async with mobile_commons(clock, SlowService(clock, listed, latency=0.01)) as client:
        return await clock.run(client.find_profiles([phone(listed, at) for at in positions]))


def phone(listed: ProfileList, position: int) -> Phone:
    return Phone(f"+{listed.number(position)}")


def ids(pages: list[Page[object]]) -> list[str]:
    return [getattr(record, "profile_id", None) or record.id for page in pages for record in page.records]  # type: ignore[attr-defined]


def unreadable(pages: list[Page[object]]) -> list[UnreadableRecord]:
    return [record for page in pages for record in page.unreadable]


def assert_brought_all_but(pages: list[Page[object]], listed: ServedList, bad: Mapping[int, object], size: int) -> None:
    """Check that each other record came once, and that each bad one is named by its place."""
    assert ids(pages) == [listed.id(at) for at in range(listed.length) if at not in bad]
    assert [(record.page - 1) * size + record.place - 1 for record in unreadable(pages)] == sorted(bad)
    assert all(page.is_complete for page in pages)


class TestSpoiledPages:
    @pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS.keys())
    @pytest.mark.parametrize("position", [0, 3, 24, 25, 31, 60])
    async def test_a_person_who_spoils_a_page_is_alone_in_the_end(self, position: int, spoil: Spoil) -> None:
        listed = PeopleList(61, spoiled={position: spoil})
        if spoil is counts_wrong:
            listed.spoiled = {position: lambda body: (200, body.replace('"osdi:people": [', '"osdi:people": [7], "x": ['))}

        pages = await walked(listed)

        if spoil is not counts_wrong:
            assert_brought_all_but(pages, listed, listed.spoiled, 25)

    @pytest.mark.parametrize("kind", ["profiles", "subscribers"])
    @pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS.keys())
    @pytest.mark.parametrize("position", [0, 999, 1000, 1233])
    async def test_a_record_of_mobile_commons_that_spoils_a_page_is_alone_in_the_end(
        self, position: int, spoil: Spoil, kind: str
    ) -> None:
        listed = LISTS[kind](1234, spoiled={position: spoil})

        pages = await walked(listed)

        assert_brought_all_but(pages, listed, listed.spoiled, 1000)
