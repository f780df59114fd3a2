"""Records that cannot be read: alone if their page can be, or found by reading less and less (sync.md W13)."""

from collections.abc import Mapping
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anmc.clients.failures import MAX_TRIES
from anmc.clients.isolation import MAX_ALONE, MAX_FAILED_PARTS
from anmc.errors import ServiceUnavailable
from anmc.rules.records import Phone, Profile
from anmc.sync.ports import LookUp, Page, UnreadableRecord
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
from clients.slow_service import SlowService, profiles_client, read_people, read_profiles
from support.virtual_time import VirtualClock, run_in_virtual_time

SINCE = datetime(2026, 2, 1, tzinfo=UTC)


def walked(listed: ServedList) -> list[Page[object]]:
    """Walk a list to its end."""
    service = SlowService(listed, latency=0.01)
    match listed:
        case PeopleList():
            pages, _ = read_people(service, lambda client: client.iter_people(modified_after=SINCE))
            return pages
        case SubscriberList():
            return read_profiles(service, lambda client: client.iter_subscribers("200001", changed_from=SINCE))
        case _:
            return read_profiles(service, lambda client: client.iter_profiles(updated_from=SINCE))


def looked_up(listed: LookedUpProfiles, *positions: int) -> LookUp:
    async def story(_clock: VirtualClock) -> LookUp:
        async with profiles_client(SlowService(listed, latency=0.01)) as client:
            return await client.find_profiles([phone(listed, at) for at in positions])

    return run_in_virtual_time(story)


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
    @pytest.mark.rule("W13")
    @pytest.mark.parametrize("spoil", [fails, is_cut_off])
    @pytest.mark.parametrize("position", [0, 3, 24, 25, 31, 60])
    def test_a_person_who_spoils_a_page_is_alone_in_the_end(self, position: int, spoil: Spoil) -> None:
        listed = PeopleList(61, spoiled={position: spoil})

        pages = walked(listed)

        assert_brought_all_but(pages, listed, listed.spoiled, 25)

    @pytest.mark.rule("W13")
    @pytest.mark.parametrize("kind", [ProfileList, SubscriberList])
    @pytest.mark.parametrize("spoil", [fails, is_cut_off, counts_wrong])
    @pytest.mark.parametrize("position", [0, 999, 1000, 1233])
    def test_a_record_of_mobile_commons_that_spoils_a_page_is_alone_in_the_end(
        self, position: int, spoil: Spoil, kind: type[ProfileList]
    ) -> None:
        listed = kind(1234, spoiled={position: spoil})

        pages = walked(listed)

        assert_brought_all_but(pages, listed, listed.spoiled, 1000)

    def test_text_that_is_no_unicode_spoils_a_page_of_json(self) -> None:
        listed = PeopleList(30)
        listed.odd = {7: listed.record(7).replace("{", '{"given_name": "\\ud800", ', 1)}

        pages = walked(listed)

        assert_brought_all_but(pages, listed, listed.odd, 25)
        assert [record.id for record in unreadable(pages)] == [listed.id(7)]

    @pytest.mark.parametrize("listed", [PeopleList(30), ProfileList(30), SubscriberList(30)])
    def test_a_record_alone_in_a_damaged_answer_may_still_show_its_id(self, listed: ServedList) -> None:
        listed.spoiled = {7: is_cut_off}

        assert [(record.place, record.id) for record in unreadable(walked(listed))] == [(8, listed.id(7))]

    def test_one_that_fails_shows_no_id(self) -> None:
        assert unreadable(walked(PeopleList(30, spoiled={7: fails}))) == [UnreadableRecord(1, 8, None)]

    def test_the_only_record_of_a_list_is_told_from_an_outage_by_the_empty_pages_beside_it(self) -> None:
        listed = ProfileList(1, spoiled={0: fails})

        assert_brought_all_but(walked(listed), listed, listed.spoiled, 1000)

    @pytest.mark.parametrize(
        ("listed", "calls"),
        [
            # One page fails five times at each of its sizes; the other parts of each size are read once.
            pytest.param(PeopleList(100, spoiled={37: fails}), 5 + 3 * MAX_TRIES + 4 + 4, id="people"),
            pytest.param(ProfileList(3000, spoiled={1037: fails}), 4 + 4 * MAX_TRIES + 9 + 9 + 9, id="profiles"),
        ],
    )
    def test_the_cost_of_a_bad_record_is_bounded(self, listed: ServedList, calls: int) -> None:
        walked(listed)

        assert len(listed.calls) <= calls + 8


@pytest.mark.rule("W13")
@settings(max_examples=40, deadline=None)
@given(
    length=st.integers(1, 160),
    bad=st.sets(st.integers(0, 159), max_size=2),
    spoil=st.sampled_from([fails, is_cut_off]),
)
def test_whatever_two_records_spoil_all_others_come_once(length: int, bad: set[int], spoil: Spoil) -> None:
    spoiled = {at: spoil for at in bad if at < length}
    listed = PeopleList(length, spoiled=spoiled)

    pages = walked(listed)

    assert_brought_all_but(pages, listed, spoiled, 25)


class TestOutages:
    """What fails for everybody is no bad record."""

    @pytest.mark.parametrize("listed", [PeopleList(100), ProfileList(3000), SubscriberList(3000)])
    def test_a_service_that_fails_altogether_is_asked_a_bounded_number_of_times(self, listed: ServedList) -> None:
        listed.spoils_everything = fails

        with pytest.raises(ServiceUnavailable):
            walked(listed)

        assert len(listed.calls) == MAX_TRIES * (1 + MAX_FAILED_PARTS)

    @pytest.mark.parametrize("listed", [PeopleList(500), ProfileList(6000)])
    def test_an_outage_in_the_middle_of_a_walk_is_no_bad_record(self, listed: ServedList) -> None:
        def fails_later(body: str) -> tuple[int, str]:
            return fails(body) if len(listed.calls) > 4 else (200, body)

        listed.spoils_everything = fails_later

        with pytest.raises(ServiceUnavailable):
            walked(listed)

    def test_an_outage_that_begins_while_a_bad_record_is_looked_for_ends_the_walk(self) -> None:
        listed = ProfileList(3000, spoiled={1037: fails})

        def fails_later(body: str) -> tuple[int, str]:
            return fails(body) if len(listed.calls) > 20 else fails(body) if _holds(listed, 1037) else (200, body)

        listed.spoils_everything = fails_later

        with pytest.raises(ServiceUnavailable):
            walked(listed)

        assert len(listed.calls) < 150

    def test_a_service_that_says_when_to_come_back_is_left_alone(self) -> None:
        def comes_back(request: httpx.Request) -> httpx.Response:
            response = PeopleList(30, spoils_everything=is_unavailable)(request)
            response.headers["Retry-After"] = "30"
            calls.append(request)
            return response

        calls: list[httpx.Request] = []
        with pytest.raises(ServiceUnavailable):
            read_people(SlowService(comes_back), lambda client: client.iter_people(modified_after=SINCE))

        assert len(calls) == MAX_TRIES

    def test_a_service_that_spoils_too_much_is_out_of_order(self) -> None:
        spoiled = dict.fromkeys(range(0, 25 * (MAX_ALONE + 1), 25), fails)
        listed = PeopleList(500, spoiled=spoiled)

        with pytest.raises(ServiceUnavailable):
            walked(listed)

    def test_behind_a_page_that_was_not_full_no_smaller_page_is_known_to_hold_the_same(self) -> None:
        listed = ProfileList(5000, spoiled={2500: fails})

        def capped(request: httpx.Request) -> httpx.Response:
            response = listed(request)
            page, size = listed.calls[-1]
            records = [listed.record(at) for at in range((page - 1) * 400, page * 400)]
            if size < 1000 or response.status_code != 200:
                return response
            return httpx.Response(200, text=listed.body(records, page))

        with pytest.raises(ServiceUnavailable):
            read_profiles(SlowService(capped), lambda client: client.iter_profiles(updated_from=SINCE))

        assert {size for _, size in listed.calls} == {1000}


def _holds(listed: ServedList, position: int) -> bool:
    page, size = listed.calls[-1]
    return (page - 1) * size <= position < page * size


ODD_PEOPLE = [
    pytest.param("7", None, id="number"),
    pytest.param("null", None, id="null"),
    pytest.param('"text"', None, id="text"),
    pytest.param("[]", None, id="list"),
    pytest.param("{}", None, id="nobody"),
    pytest.param('{"identifiers": ["van:1"]}', None, id="somebody-else"),
    pytest.param('{"identifiers": ["action_network:p-1"], "given_name": {}}', "p-1", id="name-that-is-none"),
    pytest.param('{"identifiers": ["action_network:p-1"], "phone_numbers": "1"}', "p-1", id="phones-that-are-none"),
    pytest.param('{"_links": {"self": {"href": "/people/p-1"}}, "email_addresses": [7]}', "p-1", id="id-from-link"),
]
ODD_PROFILES = [
    pytest.param("<profile/>", None, id="empty"),
    pytest.param("<profile><phone_number>1</phone_number></profile>", None, id="no-id"),
    pytest.param('<profile id="x"><phone_number>1</phone_number></profile>', None, id="id-that-is-none"),
    pytest.param('<profile id="17"/>', "17", id="no-number"),
    pytest.param('<profile id="17"><phone_number> </phone_number></profile>', "17", id="empty-number"),
    pytest.param(
        '<profile id="17"><phone_number>1</phone_number><subscriptions><subscription/></subscriptions></profile>',
        "17",
        id="subscription-to-nothing",
    ),
]
ODD_ROWS = [
    pytest.param("<sub/>", None, id="empty"),
    pytest.param("<sub><phone_number>1</phone_number></sub>", None, id="nobody"),
    pytest.param("<sub><profile_id>17</profile_id></sub>", "17", id="no-number"),
]


class TestOddRecords:
    """A page that can be read is read once, whatever stands on it."""

    @pytest.mark.parametrize(("record", "record_id"), ODD_PEOPLE)
    def test_a_person_who_makes_no_sense_is_passed_over(self, record: str, record_id: str | None) -> None:
        self.assert_passed_over(PeopleList(30, odd={7: record}), record_id, 25)

    @pytest.mark.parametrize(("record", "record_id"), ODD_PROFILES)
    def test_a_profile_that_makes_no_sense_is_passed_over(self, record: str, record_id: str | None) -> None:
        self.assert_passed_over(ProfileList(30, odd={7: record}), record_id, 1000)

    @pytest.mark.parametrize(("record", "record_id"), ODD_ROWS)
    def test_a_row_that_makes_no_sense_is_passed_over(self, record: str, record_id: str | None) -> None:
        self.assert_passed_over(SubscriberList(30, odd={7: record}), record_id, 1000)

    @staticmethod
    def assert_passed_over(listed: ServedList, record_id: str | None, size: int) -> None:
        pages = walked(listed)

        assert_brought_all_but(pages, listed, listed.odd, size)
        assert unreadable(pages) == [UnreadableRecord(1, 8, record_id)]
        assert len(listed.calls) == 30 // size + 2

    def test_a_page_of_nothing_but_nonsense_for_ever_ends_the_walk(self) -> None:
        listed = PeopleList(10_000, odd=dict.fromkeys(range(10_000), "7"))

        with pytest.raises(ServiceUnavailable, match="does not come to an end"):
            walked(listed)


class TestLookUps:
    """A number whose profile cannot be read is not a number without one."""

    @pytest.mark.parametrize("spoil", [fails, is_cut_off, counts_wrong])
    def test_a_number_that_spoils_a_look_up_is_alone_in_the_end(self, spoil: Spoil) -> None:
        listed = LookedUpProfiles(70, spoiled={33: spoil})

        found = looked_up(listed, *range(80))

        assert [profile.id for profile in found.profiles] == [listed.id(at) for at in range(70) if at != 33]
        assert found.unreadable == {phone(listed, 33)}

    @pytest.mark.parametrize("positions", [(33,), (33, 500), tuple(range(60))])
    def test_it_is_told_from_an_outage_also_if_it_is_the_only_one(self, positions: tuple[int, ...]) -> None:
        listed = LookedUpProfiles(70, spoiled={33: fails})

        found = looked_up(listed, *positions)

        assert found.unreadable == {phone(listed, 33)}

    @pytest.mark.parametrize("positions", [(33,), tuple(range(60))])
    def test_an_outage_is_no_bad_number(self, positions: tuple[int, ...]) -> None:
        listed = LookedUpProfiles(70, spoils_everything=fails)

        with pytest.raises(ServiceUnavailable):
            looked_up(listed, *positions)

        assert len(listed.calls) <= MAX_TRIES * (2 + MAX_FAILED_PARTS)

    def test_a_profile_that_makes_no_sense_costs_no_call(self) -> None:
        listed = LookedUpProfiles(5)
        listed.odd = {3: f"<profile><phone_number>{listed.number(3)}</phone_number></profile>"}

        found = looked_up(listed, *range(5))

        assert (len(found.profiles), found.unreadable, len(listed.calls)) == (4, frozenset({phone(listed, 3)}), 1)

    def test_a_profile_without_a_number_leaves_no_other_one_in_doubt(self) -> None:
        listed = LookedUpProfiles(5, odd={3: '<profile id="17"/>'})

        found = looked_up(listed, *range(5))

        assert (len(found.profiles), found.unreadable) == (4, frozenset({phone(listed, 3)}))


class TestSamples:
    """The profile that shows the columns of a company is the first that can be read."""

    @pytest.mark.parametrize(
        "listed",
        [
            pytest.param(ProfileList(5, spoiled={0: fails}), id="spoils-its-page"),
            pytest.param(ProfileList(5, odd={0: "<profile/>"}), id="makes-no-sense"),
        ],
    )
    def test_one_that_cannot_be_read_is_passed_over(self, listed: ProfileList) -> None:
        sample = self.sample(listed)

        assert sample == listed.id(1)

    def test_an_outage_is_one(self) -> None:
        with pytest.raises(ServiceUnavailable):
            self.sample(ProfileList(5, spoils_everything=fails))

    def test_a_company_of_nothing_but_nonsense_shows_none(self) -> None:
        assert self.sample(ProfileList(5, odd=dict.fromkeys(range(5), "<profile/>"))) is None

    @staticmethod
    def sample(listed: ProfileList) -> str | None:
        async def story(_clock: VirtualClock) -> Profile | None:
            async with profiles_client(SlowService(listed)) as client:
                return await client.sample_profile()

        profile = run_in_virtual_time(story)
        return profile.id if profile else None
