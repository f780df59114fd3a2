"""Records that failed are kept, passed by the watermark and tried again (sync.md W12, W13, I11, A5, C18)."""

import itertools
from datetime import timedelta

import httpx
import pytest

from anmc.api.names import Category, Direction, Reason, RunResult
from anmc.errors import TooManyFailures
from anmc.rules.dead_letters import DeadLetter
from anmc.rules.outcomes import Outcome
from anmc.sync.run import RunEnd
from anmc.sync.tally import Detail, Tally
from sync.spoiling import heal, nameless, numberless, spoil, without_number
from sync.world import ADA, BEN, CAI, FakeProgress, Killed, World, rows

SUBSCRIBED = {("Subscribed", "Applied"): 1}
EXPORTED = {("Exported", "Applied"): 1}
TOLD = {("OptedOutInActionNetwork", "Applied"): 1}
UNREADABLE = {("ProcessingError", "UnreadableRecord"): 1}
NO_ANSWER = {("ProcessingError", "OutcomeUnknown"): 1}
NOT_WRITTEN = {("UnableToUpdate", "ServiceFailed"): 1}
DELETED = {("UnableToUpdate", "ProfileDeleted"): 1}

TICK = timedelta(minutes=5)
A_NIGHT = timedelta(days=1)
AN_HOUR = timedelta(hours=1)
TOO_LONG_AGO = timedelta(days=3)
"""Beyond every window, and less than a week: no walk over everybody comes by."""
"""Beyond every window and look-back if the first run came an hour after: whoever is read then is read for their own
sake."""


async def letters(world: World) -> dict[str, DeadLetter]:
    return {letter.record_id: letter for letter in await world.memory.dead_letters()}


async def push_after(world: World, wait: timedelta, **order: object) -> RunEnd:
    world.clock.advance(wait)
    return await world.push(**order)


async def pull_after(world: World, wait: timedelta, **order: object) -> RunEnd:
    world.clock.advance(wait)
    return await world.pull(**order)


async def fails_to_import(world: World, phone: str = ADA) -> str:
    """A person whose profile cannot be written while the pull reads them."""
    person = world.adds_person(phone, "1")
    world.faults.set("mobile-commons", "update_profile", status=503)
    assert rows(await pull_after(world, AN_HOUR)) == NOT_WRITTEN
    return person


async def fails_to_opt_out(world: World) -> str:
    """A person who left by text while Action Network takes no write."""
    person = world.adds_person(ADA, "1")
    world.joins(ADA)
    world.leaves(ADA)
    world.faults.set("action-network", "update_person", status=503)
    assert NO_ANSWER.items() <= rows(await push_after(world, AN_HOUR)).items()
    return person


async def fails_to_export(world: World, phone: str = ADA) -> None:
    """A member whom Action Network does not take."""
    world.joins(phone)
    world.edits_profile(phone, email=f"{phone}@example.org")
    world.faults.set("action-network", "create_person", status=422)
    assert rows(await push_after(world, AN_HOUR)) == {("ProcessingError", "ServiceRefused"): 1}


class TestPulls:
    async def test_the_watermark_passes_a_failure_and_a_later_run_makes_up_for_it(self, world: World) -> None:
        ada = await fails_to_import(world)
        assert (await world.positions(Direction.PULL)).watermark is not None
        assert list(await letters(world)) == [ada]
        world.faults.clear()

        end = await pull_after(world, TOO_LONG_AGO)

        assert rows(end) == SUBSCRIBED
        assert world.texted == [ADA]
        assert await letters(world) == {}

    async def test_a_run_with_a_failure_has_succeeded_in_part(self, world: World) -> None:
        await fails_to_import(world)

        end = await pull_after(world, TOO_LONG_AGO)

        assert end.result is RunResult.PARTIALLY_SUCCEEDED
        assert end.watermark is not None

    async def test_nobody_is_tried_before_the_wait_is_over(self, world: World) -> None:
        ada = await fails_to_import(world)
        await pull_after(world, TOO_LONG_AGO)
        calls = len(world.calls("get_person"))

        end = await pull_after(world, timedelta(minutes=8))

        assert rows(end) == {}
        assert len(world.calls("get_person")) == calls
        assert (await letters(world))[ada].failures == 2

    async def test_nightly_pulls_try_each_night(self, world: World) -> None:
        ada = await fails_to_import(world)
        await pull_after(world, TOO_LONG_AGO)

        for _ in range(12):
            end = await pull_after(world, A_NIGHT - timedelta(seconds=5))

            assert rows(end) == NOT_WRITTEN
        assert (await letters(world))[ada].failures == 14

    async def test_a_person_has_to_look_after_three_failures(self, world: World) -> None:
        await fails_to_import(world)

        ends = [await pull_after(world, TOO_LONG_AGO) for _ in range(3)]

        assert [end.tally.attention for end in ends] == [0, 1, 1]

    async def test_a_record_counts_once_although_the_window_reads_it_too(self, world: World) -> None:
        ada = await fails_to_import(world)

        end = await pull_after(world, A_NIGHT)

        assert rows(end) == NOT_WRITTEN
        assert (await letters(world))[ada].failures == 2

    async def test_a_newer_version_that_is_handled_ends_it(self, world: World) -> None:
        ada = await fails_to_import(world)
        world.faults.clear()
        world.clock.advance(TOO_LONG_AGO)
        world.unticks(ada)

        end = await world.pull()

        assert rows(end) == {("NoImport", "NotOptedIn"): 1}
        assert await letters(world) == {}

    async def test_who_was_deleted_leaves(self, world: World) -> None:
        ada = await fails_to_import(world)
        world.faults.clear()
        world.group.remove(world.person(ada))

        ends = [await pull_after(world, TOO_LONG_AGO) for _ in range(2)]

        assert [rows(end) for end in ends] == [{("ProcessingError", "PersonGone"): 1}, {}]
        assert await letters(world) == {}

    async def test_a_person_who_cannot_be_read_by_id_either_stays_unreadable(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        spoil(world, nameless(ada))
        await pull_after(world, AN_HOUR)
        heal(world)
        world.faults.set("action-network", "get_person", status=500)

        ends = [await pull_after(world, TOO_LONG_AGO) for _ in range(2)]

        assert [rows(end) for end in ends] == [UNREADABLE, UNREADABLE]
        assert (await letters(world))[ada].failures == 3

    async def test_a_number_that_cannot_be_looked_up_fails_its_people_and_not_the_run(self, world: World) -> None:
        ada = await fails_to_import(world)
        world.faults.set("mobile-commons", "find_profiles", status=503)

        end = await pull_after(world, TOO_LONG_AGO)

        assert rows(end) == NOT_WRITTEN
        assert end.watermark is not None
        assert (await letters(world))[ada].failures == 2

    async def test_who_could_be_opted_in_by_a_full_pull_still_can(self, world: World) -> None:
        """For any later run this person is not recent (sync.md Q0)."""
        world.specify("initialSync", "Full")
        world.adds_person(ADA, "1", days_ago=300)
        world.faults.set("mobile-commons", "update_profile", status=503)
        await pull_after(world, AN_HOUR)
        world.faults.clear()

        end = await pull_after(world, TOO_LONG_AGO)

        assert rows(end) == SUBSCRIBED

    async def test_who_could_not_be_read_by_a_full_pull_can_be_opted_in_too(self, world: World) -> None:
        world.specify("initialSync", "Full")
        ada = world.adds_person(ADA, "1", days_ago=300)
        spoil(world, nameless(ada))
        await pull_after(world, AN_HOUR)
        heal(world)

        end = await pull_after(world, TOO_LONG_AGO)

        assert rows(end) == SUBSCRIBED

    async def test_who_is_not_recent_does_not_become_so_by_failing(self, world: World) -> None:
        world.specify("initialSync", "LinkOnly")
        world.adds_person(ADA, "1", days_ago=300, given_name="Ada")
        world.adds_profile(ADA, days_ago=300)
        world.faults.set("mobile-commons", "update_profile", status=503)
        await pull_after(world, AN_HOUR)
        world.faults.clear()

        await pull_after(world, TOO_LONG_AGO)

        assert world.column(ADA) is not None
        assert world.texted == []

    async def test_dead_letters_of_a_push_are_none_of_a_pull(self, world: World) -> None:
        await fails_to_export(world)

        end = await pull_after(world, TOO_LONG_AGO)

        assert rows(end) == {}

    async def test_a_pull_that_died_before_it_could_tell_tries_again(self, world: World) -> None:
        world.adds_person(ADA, "1")
        world.faults.set("mobile-commons", "update_profile", status=503)

        for number in itertools.count(1):
            world.wire.dies_after = world.wire.requests + number
            try:
                await world.pull()
            except* Killed:
                world.wire.dies_after = None
                assert (await world.positions(Direction.PULL)).watermark is None
            else:
                break
        world.wire.dies_after = None
        world.faults.clear()
        end = await pull_after(world, TOO_LONG_AGO)

        assert rows(end) == SUBSCRIBED

    async def test_a_resumed_run_counts_who_failed_again_once(self, world: World) -> None:
        crowd = world.adds_crowd(30)
        world.faults.set("mobile-commons", "update_profile", status=503)
        await pull_after(world, AN_HOUR)
        world.clock.advance(TOO_LONG_AGO)
        world.progress = FakeProgress(pages_left=1)
        with pytest.raises(Exception, match="ends the run here"):
            await world.pull()
        world.progress = FakeProgress()

        end = await pull_after(world, timedelta(minutes=30))

        assert rows(end) == {("UnableToUpdate", "ServiceFailed"): len(crowd)}
        assert {letter.failures for letter in (await letters(world)).values()} == {2}


class TestOptIns:
    async def test_a_refused_call_makes_one_and_is_not_repeated(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.faults.set("mobile-commons", "opt_in", status=422)
        await pull_after(world, AN_HOUR)
        assert list(await letters(world)) == [ada]
        world.faults.clear()

        ends = [await pull_after(world, TOO_LONG_AGO) for _ in range(2)]

        assert [rows(end) for end in ends] == [{("UnableToUpdate", "ServiceRefused"): 1}] * 2
        assert len(world.calls("opt_in")) == 1
        assert list(await letters(world)) == [ada]

    async def test_a_person_who_joins_by_text_ends_it(self, world: World) -> None:
        world.adds_person(ADA, "1")
        world.faults.set("mobile-commons", "opt_in", status=422)
        await pull_after(world, AN_HOUR)
        world.faults.clear()
        world.joins(ADA)

        end = await pull_after(world, TOO_LONG_AGO)

        assert rows(end) == {("NoDifference", "AlreadySubscribed"): 1}
        assert await letters(world) == {}

    async def test_a_push_that_releases_an_opt_in_leaves_its_refusal_to_the_pull(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        await world.pull(max_opt_ins_per_day=0)
        world.faults.set("mobile-commons", "opt_in", status=422)

        await push_after(world, TICK)

        assert [(key, letter.trace.direction) for key, letter in (await letters(world)).items()] == [
            (ada, Direction.PULL)
        ]

    async def test_an_opt_in_that_stays_in_the_queue_is_none(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.faults.set("mobile-commons", "opt_in", status=503)

        end = await world.pull()

        assert end.result is RunResult.PARTIALLY_SUCCEEDED
        assert end.watermark is not None
        assert await world.queue() == [ada]
        assert await letters(world) == {}

    async def test_a_released_opt_in_does_not_end_a_failure_of_the_data(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        await world.pull(max_opt_ins_per_day=0)
        world.clock.advance(timedelta(hours=1))
        world.edits_person(ada, given_name="Ada")
        world.faults.set("mobile-commons", "update_profile", status=503)
        await world.pull(max_opt_ins_per_day=0)
        world.faults.clear()

        end = await push_after(world, timedelta(days=1))

        assert rows(end)["Subscribed", "Applied"] == 1
        assert list(await letters(world)) == [ada]


class TestOptOuts:
    async def test_a_failed_opt_out_is_tried_in_every_push(self, world: World) -> None:
        ada = await fails_to_opt_out(world)

        ends = [await push_after(world, TICK) for _ in range(6)]
        world.faults.clear()
        end = await push_after(world, TICK)

        assert [rows(each) for each in ends] == [NO_ANSWER] * 6
        assert rows(end) == TOLD
        assert world.wish(ada) == "0"
        assert await letters(world) == {}

    async def test_the_watermark_passes_it(self, world: World) -> None:
        await fails_to_opt_out(world)

        ends = [await push_after(world, TICK) for _ in range(2)]

        assert [end.watermark for end in ends] == [end.window_to - TICK for end in ends]

    async def test_an_opt_out_stays_new_when_the_profile_changes_long_after_it(self, world: World) -> None:
        """The window of the change begins after the opt-out, and nobody has known the number as a member (C10)."""
        ada = await fails_to_opt_out(world)
        world.clock.advance(TOO_LONG_AGO)
        world.edits_profile(ADA, first_name="Ada")
        world.faults.clear()

        end = await world.push()

        assert rows(end) == TOLD
        assert world.wish(ada) == "0"

    async def test_who_came_back_meanwhile_is_not_opted_out(self, world: World) -> None:
        ada = await fails_to_opt_out(world)
        world.clock.advance(timedelta(hours=1))
        world.joins(ADA)
        world.faults.clear()

        await world.push()

        assert world.wish(ada) == "1"
        assert await letters(world) == {}

    async def test_an_opt_out_whose_holders_cannot_be_found_is_tried_in_every_push(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        world.leaves(ADA)
        world.faults.set("action-network", "find_person", status=503)
        ends = [await push_after(world, TICK) for _ in range(4)]
        world.faults.clear()

        await push_after(world, TICK)

        assert [rows(end) for end in ends] == [{("ProcessingError", "ServiceFailed"): 1}] * 4
        assert world.wish(ada) == "0"

    async def test_an_opt_out_is_told_before_other_dead_letters_are_tried(self, world: World) -> None:
        await fails_to_export(world, BEN)
        await push_after(world, timedelta(hours=1))
        await fails_to_opt_out(world)
        world.faults.clear()
        world.clock.advance(timedelta(days=1))
        world.journal.reset()

        await world.push()

        assert world.writes[:2] == ["update_person", "create_person"]

    async def test_an_opt_out_of_a_deleted_profile_is_left_to_a_person(self, world: World) -> None:
        """Nobody knows its number any more, and an opt-out is never dropped silently (I4)."""
        await fails_to_opt_out(world)
        profile = world.profile(ADA)
        world.company.remove(profile)
        world.faults.clear()

        ends = [await push_after(world, A_NIGHT) for _ in range(3)]

        assert [rows(end) for end in ends] == [{}, DELETED, DELETED]
        assert [end.tally.attention for end in ends] == [0, 1, 1]
        assert list(await letters(world)) == [profile.id]


class TestPushes:
    async def test_a_profile_that_nobody_knows_is_found_by_when_it_changed(self, world: World) -> None:
        await fails_to_export(world)
        world.faults.clear()

        end = await push_after(world, TOO_LONG_AGO)

        assert rows(end) == EXPORTED
        assert await letters(world) == {}

    async def test_one_in_a_crowd_that_changed_since_is_found(self, world: World) -> None:
        await fails_to_export(world)
        world.faults.clear()
        for number in range(130, 170):
            world.clock.advance(timedelta(minutes=1))
            world.adds_profile(f"1202555{number:04}", first_name="Somebody")

        end = await world.push()

        assert rows(end) == {**EXPORTED, ("NoDifference", "NotSubscribed"): 40}
        [stretch] = [call.parameters for call in world.calls("list_profiles") if "to" in call.parameters]
        assert (stretch["from"], stretch["to"]) == ("2026-03-10T14:59:59Z", "2026-03-10T15:00:01Z")

    async def test_a_newer_version_that_is_handled_ends_it(self, world: World) -> None:
        await fails_to_export(world)
        world.clock.advance(TOO_LONG_AGO)
        world.edits_profile(ADA, email="")

        end = await world.push()

        assert rows(end) == {("NoExport", "EmailMissing"): 1}
        assert await letters(world) == {}

    async def test_a_push_tries_less_and_less_often(self, world: World) -> None:
        await fails_to_export(world)

        tried = [tick for tick in range(1, 40) if rows(await push_after(world, TICK))]

        assert tried == [1, 3, 7, 15, 31]

    async def test_a_deleted_profile_leaves_when_it_was_missed_twice(self, world: World) -> None:
        await fails_to_export(world)
        world.company.remove(world.profile(ADA))

        ends = [await push_after(world, A_NIGHT) for _ in range(3)]

        assert [rows(end) for end in ends] == [{}, DELETED, {}]
        assert await letters(world) == {}

    async def test_a_profile_that_changes_while_it_is_looked_for_is_not_deleted(self, world: World) -> None:
        await fails_to_export(world)
        world.faults.clear()
        world.clock.advance(A_NIGHT)

        def edit(request: httpx.Request) -> None:
            if "to" in request.url.params:
                world.edits_profile(ADA, first_name="Ada")
                world.wire.before_request = lambda _request: None

        world.wire.before_request = edit
        first = await world.push()

        second = await push_after(world, TICK)

        assert (rows(first), rows(second)) == ({}, EXPORTED)
        assert await letters(world) == {}

    async def test_a_list_that_fails_does_not_stop_the_run(self, world: World) -> None:
        await fails_to_export(world)
        profile = world.profile(ADA)
        world.clock.advance(A_NIGHT)

        def fail(request: httpx.Request) -> None:
            if "to" in request.url.params:
                world.faults.set("mobile-commons", "list_profiles", status=503)

        world.wire.before_request = fail

        end = await world.push()

        assert rows(end) == NOT_WRITTEN
        assert end.watermark is not None
        assert (await letters(world))[profile.id].failures == 2

    async def test_a_failure_of_the_write_to_mobile_commons_is_made_up_for(self, world: World) -> None:
        world.joins(ADA)
        world.edits_profile(ADA, email="ada@example.org")
        world.faults.set("mobile-commons", "update_profile", status=503)
        await push_after(world, AN_HOUR)
        world.faults.clear()

        end = await push_after(world, TOO_LONG_AGO)

        [person] = world.people()
        assert rows(end) == {("Linked", "Applied"): 1}
        assert world.column(ADA) == person.id

    async def test_many_old_failures_never_stop_a_run(self, world: World) -> None:
        """A run stops for what fails at first, not for what is known to fail (sync.md S3, W12)."""
        for number in range(100, 125):
            world.joins(f"1202555{number:04}")
            world.edits_profile(f"1202555{number:04}", email=f"{number}@example.org")
        world.faults.set("action-network", "create_person", status=422)
        await push_after(world, AN_HOUR, max_failure_percent=100)

        end = await push_after(world, TOO_LONG_AGO, max_failure_percent=20)

        assert rows(end) == {("ProcessingError", "ServiceRefused"): 25}
        assert end.watermark is not None

    async def test_many_new_failures_still_stop_one(self, world: World) -> None:
        await fails_to_export(world)
        world.clock.advance(A_NIGHT)
        for number in range(100, 125):
            world.joins(f"1202555{number:04}")
            world.edits_profile(f"1202555{number:04}", email=f"{number}@example.org")
        before = (await world.positions(Direction.PUSH)).watermark

        with pytest.raises(TooManyFailures):
            await world.push()

        assert (await world.positions(Direction.PUSH)).watermark == before

    async def test_a_push_that_died_before_it_could_tell_tries_again(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        world.leaves(ADA)
        world.faults.set("action-network", "update_person", status=503)

        for number in itertools.count(1):
            world.wire.dies_after = world.wire.requests + number
            try:
                await world.push()
            except* Killed:
                pass
            else:
                break
        world.wire.dies_after = None
        world.faults.clear()
        await push_after(world, TOO_LONG_AGO)

        assert world.wish(ada) == "0"
        assert await letters(world) == {}


class TestUnreadable:
    async def test_a_profile_known_by_its_id_is_found_again_in_its_window(self, world: World) -> None:
        world.joins(ADA)
        world.edits_profile(ADA, email="ada@example.org")
        spoil(world, numberless(ADA))
        assert rows(await push_after(world, AN_HOUR)) == UNREADABLE
        assert (await world.positions(Direction.PUSH)).watermark is not None
        await push_after(world, A_NIGHT)
        heal(world)

        end = await push_after(world, TOO_LONG_AGO)

        assert rows(end) == EXPORTED
        assert await letters(world) == {}

    async def test_a_page_with_poison_lets_the_others_through(self, world: World) -> None:
        for phone in (ADA, BEN, CAI):
            world.joins(phone)
            world.edits_profile(phone, email=f"{phone}@example.org")
        spoil(world, numberless(BEN))

        first = await push_after(world, AN_HOUR)
        second = await push_after(world, A_NIGHT)

        assert rows(first) == {("Exported", "Applied"): 2, **UNREADABLE}
        assert rows(second) == UNREADABLE
        assert list(await letters(world)) == [world.profile(BEN).id]

    async def test_an_opt_out_that_could_not_be_read_is_told_when_it_can(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        world.leaves(ADA)
        spoil(world, numberless(ADA))
        await push_after(world, AN_HOUR)
        heal(world)

        end = await push_after(world, TOO_LONG_AGO)

        assert rows(end) == TOLD
        assert world.wish(ada) == "0"

    async def test_a_row_known_by_its_profile_is_found_again_among_the_subscribers(self, world: World) -> None:
        await world.push()  # the first sweep is done
        ada = world.adds_person(ADA, "1")
        world.adds_profile(ADA, days_ago=9)
        world.joins(ADA)  # which leaves the profile's own date alone
        world.leaves(ADA)
        spoil(world, without_number(ADA, path="/api/campaign_subscribers"))
        await push_after(world, AN_HOUR)
        await push_after(world, A_NIGHT)
        heal(world)

        end = await push_after(world, TOO_LONG_AGO)

        assert rows(end) == TOLD
        assert world.wish(ada) == "0"
        assert await letters(world) == {}

    async def test_a_record_without_an_id_holds_the_watermark(self, world: World) -> None:
        world.joins(ADA)
        spoil(world, without_number(ADA, path="/api/profiles"))

        ends = [await push_after(world, TICK) for _ in range(2)]

        assert [end.watermark for end in ends] == [None, None]


class TestQuietRuns:
    @pytest.fixture
    async def failed(self, world: World) -> World:
        """One dead letter in each direction, both far beyond the windows and just tried again."""
        await fails_to_import(world, BEN)
        await fails_to_export(world, ADA)
        await push_after(world, TOO_LONG_AGO)
        await world.pull()
        world.journal.reset()
        world.progress = FakeProgress()
        return world

    async def test_a_push_between_two_tries_costs_two_calls_and_no_write(self, failed: World) -> None:
        before = await letters(failed)

        end = await push_after(failed, TICK)

        assert [request.operation for request in failed.journal.requests] == ["list_profiles", "list_subscribers"]
        assert (rows(end), failed.progress.claims, failed.progress.pages) == ({}, 0, [])
        assert await letters(failed) == before

    async def test_a_second_run_at_the_same_time_does_nothing(self, failed: World) -> None:
        end = await failed.push()
        again = await failed.pull()

        assert (rows(end), rows(again)) == ({}, {})
        assert failed.writes == []

    async def test_a_dry_run_says_what_it_would_do_and_changes_nothing(self, failed: World) -> None:
        failed.faults.clear()
        before = await letters(failed)
        failed.specify("push.mode", "DryRun")
        failed.specify("pull.mode", "DryRun")

        pushed, pulled = await push_after(failed, A_NIGHT), await failed.pull()

        assert (rows(pushed), rows(pulled)) == ({("Exported", "Planned"): 1}, {("Subscribed", "Planned"): 1})
        assert failed.writes == []
        assert await letters(failed) == before

    async def test_an_inactive_month_freezes_them(self, failed: World) -> None:
        before = await letters(failed)
        failed.faults.clear()
        failed.waits(days=30)
        assert await letters(failed) == before

        pushed, pulled = await failed.push(), await failed.pull()

        assert rows(pushed) == EXPORTED
        assert rows(pulled)["Subscribed", "Applied"] == 1
        assert await letters(failed) == {}

    async def test_status_counts_them_and_knows_the_oldest(self, failed: World) -> None:
        counts = await failed.memory.count_people()

        assert counts.dead_letters == 2
        assert counts.oldest_dead_letter == min(letter.first_failed_at for letter in (await letters(failed)).values())

    async def test_each_record_has_one_outcome_and_the_sum_is_what_was_read(self, failed: World) -> None:
        failed.adds_person(CAI, "1")
        failed.clock.advance(A_NIGHT)

        end = await failed.pull()

        assert end.tally.records_read == sum(end.tally.by_category.values()) == len(end.tally.details)


class TestTallies:
    def test_a_checkpoint_keeps_who_needs_a_person_and_what_cannot_stop_a_run(self) -> None:
        tally = Tally()
        failure = Outcome(Category.UNABLE_TO_UPDATE, Reason.SERVICE_FAILED)
        tally.count(Detail("1", failure, failures=3, is_retry=True))
        tally.count(Detail("2", failure, failures=1))
        tally.count(
            Detail(
                "people, page 1, record 2", Outcome(Category.PROCESSING_ERROR, Reason.UNREADABLE_RECORD), is_lost=True
            )
        )

        again = Tally.from_data(tally.to_data())

        assert (again.attention, again.failures, again.fresh_failures, again.lost) == (2, 3, 2, 1)
        assert [line.record for line in again.details] == ["1", "people, page 1, record 2", "2"]

    def test_who_recovers_in_the_same_run_needs_nobody(self) -> None:
        tally = Tally()
        failure = Outcome(Category.UNABLE_TO_UPDATE, Reason.SERVICE_FAILED)
        tally.count(Detail("1", failure, failures=3, is_retry=True))

        tally.count(Detail("1", Outcome(Category.IMPORTED, Reason.APPLIED)), instead_of=failure)

        assert (tally.attention, tally.failures, tally.fresh_failures) == (0, 0, 0)
