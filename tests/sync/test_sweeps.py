"""Once a week a push looks at everybody, whatever the windows have shown (sync.md W4, C7)."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from anmc.api.names import Direction, RunResult, Trigger
from anmc.clients.mobile_commons import lists
from anmc.errors import Interrupted, ServiceUnavailable, TooManyFailures
from anmc.rules.backoff import Backoff
from anmc.rules.records import PersonId, Profile, SubscriberRow
from anmc.sync.ports import MobileCommons, Page, Pages, Service
from anmc.sync.push import push
from anmc.sync.run import RunEnd
from anmc_simulators.mobile_commons.records import Source
from sync.spoiling import numberless, spoil, without_number
from sync.world import ADA, BEN, CAI, START, FakeProgress, World, rows

WEEK = timedelta(days=7)


def has_member(world: World, phone: str, *, days_ago: float, left_days_ago: float | None = None) -> None:
    """Make a profile with a membership of long ago, which may have ended since."""
    now = world.clock.now()
    profile = world.company.add_profile(phone, source=Source("Web"), at=now - timedelta(days=days_ago))
    member = world.company.subscribe(profile, world.campaign, source="Web", at=now - timedelta(days=days_ago))
    if left_days_ago is not None:
        world.company.leave(member, source="Web", at=now - timedelta(days=left_days_ago))


def leaves_unseen(world: World, phone: str, at: datetime) -> None:
    """End a membership with a date that no window reaches, and leave the profile alone."""
    [member] = world.profile(phone).subscriptions.values()
    world.company.leave(member, source="Web", at=at)


async def linked(world: World, phone: str) -> PersonId:
    """Link a member and a person of the same number."""
    person_id = world.adds_person(phone, "1")
    world.joins(phone)
    await world.push()
    return person_id


async def missed_walks(world: World, *people: PersonId) -> list[int]:
    links = (await world.memory.recall(people=people)).link_of_person
    return [links[person_id].missed_walks for person_id in people]


async def push_with(world: World, mobile_commons: MobileCommons) -> RunEnd:
    context = await world.context(Direction.PUSH)
    context.mobile_commons = mobile_commons
    return await push(context)


class Whole:
    """Mobile Commons whose whole lists are as a test wants them."""

    def __init__(self, world: World, *, profiles_fail: bool = False, are_complete: bool = True) -> None:
        self._service = world.mobile_commons
        self._profiles_fail = profiles_fail
        self._are_complete = are_complete
        self.sweeps = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)

    async def iter_profiles(
        self, *, updated_from: datetime | None, updated_until: datetime | None = None, first_page: int = 1
    ) -> Pages[Profile]:
        self.sweeps += updated_from is None
        if updated_from is None and self._profiles_fail:
            raise ServiceUnavailable("Mobile Commons does not show everybody")
        async for page in self._service.iter_profiles(
            updated_from=updated_from, updated_until=updated_until, first_page=first_page
        ):
            yield page

    async def iter_subscribers(
        self, campaign_id: str, *, changed_from: datetime | None, first_page: int = 1
    ) -> Pages[SubscriberRow]:
        async for page in self._service.iter_subscribers(campaign_id, changed_from=changed_from, first_page=first_page):
            yield Page(page.records, page.number, page.read_at, page.unreadable, self._are_complete)


class TestWhatASweepFinds:
    async def test_an_opt_out_that_no_window_shows_reaches_the_person(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        await world.push()
        world.waits(days=1)
        await world.push()
        leaves_unseen(world, ADA, world.clock.now() - timedelta(hours=12))
        world.waits(minutes=5)
        await world.push()
        assert world.wish(ada) == "1"
        world.waits(days=6)

        end = await world.push()

        assert world.wish(ada) == "0"
        assert rows(end) == {("OptedOutInActionNetwork", "Applied"): 1}

    async def test_an_opt_out_of_a_campaign_that_nobody_watches_reaches_the_person(self, world: World) -> None:
        """The profile belongs to no watched campaign; only its own form tells."""
        world.specify("mobileCommons.optInPath", None)
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        await world.push()
        world.waits(days=1)
        await world.push()
        world.waits(minutes=30)
        leaves_unseen(world, ADA, world.clock.now())
        await world.push()
        assert world.wish(ada) == "1"
        world.waits(days=6)

        await world.push()

        assert world.wish(ada) == "0"

    async def test_a_member_since_the_activation_whom_no_window_showed_is_exported(self, world: World) -> None:
        world.waits(days=3)
        await world.push()
        has_member(world, ADA, days_ago=2)
        world.edits_profile(ADA, email="ada@example.org")
        world.profile(ADA).updated_at = START + timedelta(days=1)
        world.waits(days=8)

        end = await world.push()

        assert rows(end) == {("Exported", "Applied"): 1}

    async def test_what_the_window_has_shown_is_not_handled_again(self, world: World) -> None:
        world.joins(ADA)

        end = await world.push()

        assert rows(end) == {("NoExport", "EmailMissing"): 1}

    async def test_somebody_who_came_back_by_text_is_no_longer_suppressed(self, world: World) -> None:
        has_member(world, ADA, days_ago=9, left_days_ago=8)
        await world.push()
        world.waits(days=1)
        world.joins(ADA)
        world.profile(ADA).subscriptions[world.campaign.id].activated_at = START + timedelta(hours=1)
        world.profile(ADA).updated_at = START - timedelta(days=8)
        world.waits(days=7)

        await world.push()

        entry = await world.suppression(ADA)
        assert entry is not None
        assert not entry.is_live


class TestTheLedger:
    @pytest.mark.parametrize("is_bound", [True, False])
    async def test_an_old_opt_out_is_an_entry_and_nothing_else(self, world: World, *, is_bound: bool) -> None:
        world.specify("mobileCommons.campaignId", world.campaign.id if is_bound else None)
        ada = world.adds_person(ADA, "1")
        has_member(world, ADA, days_ago=9, left_days_ago=8)
        has_member(world, BEN, days_ago=9)

        end = await world.push()

        entry = await world.suppression(ADA)
        assert entry is not None
        assert entry.is_live
        assert entry.opted_out_at == START - timedelta(days=8)
        assert await world.suppression(BEN) is None
        assert rows(end) == {}
        assert (world.writes, world.wish(ada), world.progress.claims) == ([], "1", 0)
        assert await world.seen_profile(ADA) is None

    async def test_it_keeps_a_number_out_when_the_profile_is_gone(self, world: World) -> None:
        has_member(world, ADA, days_ago=9, left_days_ago=8)
        await world.push()
        world.company.remove(world.profile(ADA))
        world.adds_person(ADA, "1")

        end = await world.pull()

        assert rows(end) == {("Held", "PreviouslyOptedOut"): 1}
        assert world.texted == []

    async def test_a_row_of_the_campaign_in_scope_is_enough(self, world: World) -> None:
        world.specify("mobileCommons.campaignId", world.campaign.id)
        has_member(world, ADA, days_ago=9, left_days_ago=8)

        await push_with(world, Whole(world, profiles_fail=True))

        assert await world.suppression(ADA) is not None

    async def test_a_row_of_one_campaign_does_not_speak_for_all_of_them(self, world: World) -> None:
        """Without `campaignId` somebody who left one campaign may be in another (sync.md C4)."""
        has_member(world, ADA, days_ago=9, left_days_ago=8)
        other = world.company.add_campaign("Other")
        world.company.subscribe(world.profile(ADA), other, source="Web", at=START - timedelta(days=9))

        await world.push()

        assert await world.suppression(ADA) is None

    async def test_a_dry_run_leaves_no_entry(self, world: World) -> None:
        world.specify("push.mode", "DryRun")
        has_member(world, ADA, days_ago=9, left_days_ago=8)

        await world.push()

        assert await world.suppression(ADA) is None
        assert (await world.positions(Direction.PUSH)).walked_at is None


class TestWhenItSweeps:
    async def test_every_seventh_day_and_else_a_tick_makes_two_calls(self, world: World) -> None:
        sweeps = []
        for day in range(15):
            world.journal.reset()
            await world.push()
            calls = sum(world.journal.calls.values())
            assert calls in {2, 4}
            if calls == 4:
                sweeps.append(day)
            world.waits(days=1)

        assert sweeps == [0, 7, 14]

    async def test_where_nothing_changed_nothing_is_looked_up_or_written(self, world: World) -> None:
        world.adds_person(ADA, "1")
        world.joins(ADA)
        has_member(world, BEN, days_ago=9, left_days_ago=8)
        has_member(world, CAI, days_ago=9)
        for _ in range(2):
            await world.push()
            world.waits(days=7, minutes=20)
        world.journal.reset()
        world.progress.claims = 0

        end = await world.push()

        assert rows(end) == {}
        assert dict(world.journal.calls) == {
            ("mobile-commons", "list_profiles"): 3,
            ("mobile-commons", "list_subscribers"): 3,
        }
        assert world.progress.claims == 0

    async def test_its_reads_count_as_calls_that_the_work_needs(self, world: World) -> None:
        has_member(world, ADA, days_ago=9)

        await world.push()

        assert world.last is not None
        assert world.last.floor[Service.MOBILE_COMMONS] == 4

    async def test_the_start_of_the_run_is_where_the_next_sweep_begins(self, world: World) -> None:
        end = await world.push()

        positions = await world.positions(Direction.PUSH)
        assert positions.walked_at == end.window_to.replace(microsecond=0)


class TestMissedWalks:
    """A whole sweep counts the linked profiles that it has not shown (sync.md M13)."""

    async def test_a_deleted_profile_has_missed_a_walk_and_no_other_has(self, world: World) -> None:
        ada, ben = await linked(world, ADA), await linked(world, BEN)
        world.company.remove(world.profile(ADA))
        world.waits(days=7)

        await world.push()

        assert await missed_walks(world, ada, ben) == [1, 0]

    async def test_a_push_without_a_sweep_counts_nothing(self, world: World) -> None:
        ada = await linked(world, ADA)
        world.company.remove(world.profile(ADA))
        world.waits(days=6)

        await world.push()

        assert await missed_walks(world, ada) == [0]

    async def test_a_link_that_is_made_by_the_run_of_the_sweep_has_missed_nothing(self, world: World) -> None:
        ada = await linked(world, ADA)

        assert (await world.positions(Direction.PUSH)).walked_at is not None
        assert await missed_walks(world, ada) == [0]

    async def test_a_sweep_that_fails_counts_nothing(self, world: World) -> None:
        ada = await linked(world, ADA)
        world.company.remove(world.profile(ADA))
        world.waits(days=7)

        await push_with(world, Whole(world, profiles_fail=True))

        assert await missed_walks(world, ada) == [0]

    async def test_a_list_that_changed_under_the_sweep_counts_nothing(self, world: World) -> None:
        ada = await linked(world, ADA)
        world.company.remove(world.profile(ADA))
        world.waits(days=7)

        await push_with(world, Whole(world, are_complete=False))

        assert await missed_walks(world, ada) == [0]

    async def test_a_profile_that_cannot_be_read_is_not_absent(self, world: World) -> None:
        ada, ben = await linked(world, ADA), await linked(world, BEN)
        world.company.remove(world.profile(BEN))
        world.waits(days=1)
        await world.push()  # no window shows them any more
        world.waits(days=6)
        spoiled = numberless(ADA)
        spoil(world, lambda request, body: body if "from" in request.url.params else spoiled(request, body))

        end = await world.push()

        assert rows(end) == {("ProcessingError", "UnreadableRecord"): 1}
        assert await missed_walks(world, ada, ben) == [0, 1]

    async def test_while_one_without_an_id_cannot_be_read_nobody_is_absent(self, world: World) -> None:
        """It may be anybody."""
        ada = await linked(world, ADA)
        ben = await linked(world, BEN)
        world.company.remove(world.profile(BEN))
        world.waits(days=7)
        spoiled = without_number(ADA, path="/api/profiles")
        spoil(world, lambda request, body: body if "from" in request.url.params else spoiled(request, body))

        end = await world.push()

        assert rows(end) == {("ProcessingError", "UnreadableRecord"): 1}
        assert (await world.positions(Direction.PUSH)).walked_at == end.window_to.replace(microsecond=0)
        assert await missed_walks(world, ada, ben) == [0, 0]

    async def test_an_interrupted_sweep_counts_nothing_and_the_one_that_begins_anew_once(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada = await linked(world, ADA)
        world.company.remove(world.profile(ADA))
        monkeypatch.setattr(lists, "PAGE_SIZES", (2, 1))
        for number in range(7):
            has_member(world, f"120255502{number:02}", days_ago=9)
        world.waits(days=7)
        world.progress = FakeProgress(pages_left=6)
        with pytest.raises(Interrupted):
            await world.push()
        interrupted = await missed_walks(world, ada)
        world.progress = FakeProgress()
        world.waits(minutes=1)

        await world.push()

        assert (interrupted, await missed_walks(world, ada)) == ([0], [1])

    async def test_a_run_whose_positions_stay_counts_nothing(self, world: World) -> None:
        """It sweeps again with the next tick, which is no walk of another week."""
        ada = await linked(world, ADA)
        world.company.remove(world.profile(ADA))
        world.waits(days=7)
        world.specify("safety.maxCreatesPerRun", 1)
        for phone in (BEN, CAI):
            world.joins(phone)
            world.edits_profile(phone, email=f"{phone}@example.org")

        end = await world.push()

        assert end.error is not None
        assert await missed_walks(world, ada) == [0]

    async def test_a_dry_run_counts_nothing(self, world: World) -> None:
        ada = await linked(world, ADA)
        world.company.remove(world.profile(ADA))
        world.waits(days=7)
        world.specify("push.mode", "DryRun")

        await world.push()

        assert await missed_walks(world, ada) == [0]


class TestTroubles:
    async def test_a_sweep_that_fails_holds_back_no_opt_out_of_the_window(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        await world.push()
        world.joins(ADA)
        world.leaves(ADA)
        world.waits(days=7)

        end = await push_with(world, Whole(world, profiles_fail=True))

        assert world.wish(ada) == "0"
        assert end.result is RunResult.PARTIALLY_SUCCEEDED
        assert end.problem is not None
        positions = await world.positions(Direction.PUSH)
        assert positions.watermark == end.watermark
        assert positions.walked_at == START
        assert positions.checkpoint is None

    async def test_it_is_made_up_for_by_the_next_push(self, world: World) -> None:
        await push_with(world, Whole(world, profiles_fail=True))
        world.waits(minutes=5)
        has_member(world, ADA, days_ago=9, left_days_ago=8)

        end = await world.push()

        assert (end.result, end.problem) == (RunResult.SUCCEEDED, None)
        assert await world.suppression(ADA) is not None
        assert (await world.positions(Direction.PUSH)).walked_at is not None

    async def test_a_list_that_changed_under_it_counts_as_not_read(self, world: World) -> None:
        end = await push_with(world, Whole(world, are_complete=False))

        assert end.result is RunResult.PARTIALLY_SUCCEEDED
        assert (await world.positions(Direction.PUSH)).walked_at is None

    async def test_an_interrupted_sweep_begins_anew(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lists, "PAGE_SIZES", (2, 1))
        phones = [f"120255501{number:02}" for number in range(7)]
        for phone in phones:
            has_member(world, phone, days_ago=9, left_days_ago=8)
        world.progress = FakeProgress(pages_left=6)
        with pytest.raises(Interrupted):
            await world.push()
        world.progress = FakeProgress()
        world.journal.reset()
        world.waits(minutes=1)

        end = await world.push()

        assert len(world.calls("list_subscribers")) > 5
        assert len(world.calls("list_profiles")) > 5
        assert all([await world.suppression(phone) is not None for phone in phones])
        assert rows(end) == {}
        assert (await world.positions(Direction.PUSH)).walked_at is not None

    async def test_a_record_that_cannot_be_read_is_shown_and_holds_nothing(self, world: World) -> None:
        has_member(world, ADA, days_ago=9)
        ada = world.profile(ADA).id
        spoil(world, without_number(ADA, path="/api/campaign_subscribers"))

        end = await world.push()

        assert rows(end) == {("ProcessingError", "UnreadableRecord"): 1}
        assert [line.profile_id for line in end.tally.details] == [ada]
        assert end.result is RunResult.PARTIALLY_SUCCEEDED
        positions = await world.positions(Direction.PUSH)
        assert positions.watermark is not None
        assert positions.walked_at is not None

    async def test_many_that_cannot_be_read_end_the_sweep_and_not_the_push(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        await world.push()
        for number in range(25):
            has_member(world, f"120255502{number:02}", days_ago=9)
        world.joins(ADA)
        world.leaves(ADA)
        world.waits(days=7)

        def nameless(request: Any, body: bytes) -> bytes:
            is_whole = request.url.path == "/api/campaign_subscribers" and "from" not in request.url.params
            return re.sub(rb"<phone_number>120255502..</phone_number>", b"", body) if is_whole else body

        spoil(world, nameless)
        end = await world.push()

        assert world.wish(ada) == "0"
        assert end.problem is not None
        assert end.problem.message == "25 of 26 records of the weekly sweep cannot be read"
        assert rows(end)["ProcessingError", "UnreadableRecord"] == 25
        assert end.watermark is not None


class TestBackOff:
    """A sweep that fails is not repeated in full by each push (sync.md W4, W12)."""

    async def test_it_rests_ever_longer_and_the_pushes_between_work(self, world: World) -> None:
        failing = Whole(world, profiles_fail=True)
        ada = world.adds_person(ADA, "1")
        swept = []
        for tick in range(16):
            before = failing.sweeps
            end = await push_with(world, failing)
            swept += [tick * 5] if failing.sweeps > before else []
            assert (end.problem is not None) == (failing.sweeps > before)
            world.waits(minutes=5)
        world.joins(ADA)
        world.leaves(ADA)
        await push_with(world, failing)

        assert swept == [0, 5, 15, 35, 75]
        assert world.wish(ada) == "0"

    async def test_a_success_ends_it(self, world: World) -> None:
        await push_with(world, Whole(world, profiles_fail=True))
        resting = (await world.positions(Direction.PUSH)).sweep_backoff
        world.waits(minutes=5)

        await world.push()

        assert resting == Backoff(1, START + timedelta(minutes=5))
        assert (await world.positions(Direction.PUSH)).sweep_backoff is None

    async def test_a_requested_push_sweeps_at_once(self, world: World) -> None:
        await push_with(world, Whole(world, profiles_fail=True))
        world.waits(minutes=1)

        await world.push(trigger=Trigger.REQUEST)

        assert (await world.positions(Direction.PUSH)).walked_at is not None

    async def test_a_sweep_in_which_too_many_records_fail_leaves_the_next_push_to_the_opt_outs(
        self, world: World
    ) -> None:
        await world.push()
        world.waits(days=1)
        await world.push()
        for number in range(25):
            has_member(world, f"120255502{number:02}", days_ago=0.5)
        ada = world.adds_person(ADA, "1")
        world.waits(days=6)
        world.joins(ADA)
        world.leaves(ADA)
        world.faults.set("action-network", "find_person", status=400)
        started_at = world.clock.now().replace(microsecond=0)
        with pytest.raises(TooManyFailures):
            await world.push()
        world.faults.clear()
        world.waits(minutes=3)

        await world.push()

        assert world.wish(ada) == "0"
        positions = await world.positions(Direction.PUSH)
        assert positions.walked_at == START
        assert positions.sweep_backoff == Backoff(1, started_at + timedelta(minutes=5))

    async def test_a_safety_stop_is_looked_at_again_by_the_next_push(self, world: World) -> None:
        """Without the sweep it would find less, and take that for an end of the stop."""
        world.specify("safety.maxCreatesPerRun", 1)
        for phone in (ADA, BEN, CAI):
            has_member(world, phone, days_ago=0)
            world.edits_profile(phone, email=f"{phone}@example.org")
            world.profile(phone).updated_at = START - timedelta(days=1)

        stopped, again = await world.push(), await world.push()

        assert [end.error is not None for end in (stopped, again)] == [True, True]
        assert (await world.positions(Direction.PUSH)).sweep_backoff is None
