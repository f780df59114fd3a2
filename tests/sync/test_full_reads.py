"""Pulls that read everybody: the first one, one on request, and the refresh of every week (sync.md W6, W8)."""

from datetime import timedelta

import httpx
import pytest

from anmc.api.names import Direction, RunResult, Trigger
from anmc.clients.action_network import slices
from anmc.errors import Interrupted
from anmc.sync.run import EVERYBODY
from sync.spoiling import nameless, spoil
from sync.world import ADA, BEN, START, FakeProgress, World, rows

OLD = 300
"""Days since somebody on the list was created and changed: before any window."""


def filters(world: World) -> list[str]:
    return [call.parameters["filter"] for call in world.calls("list_people")]


def reads_everybody(world: World) -> bool:
    """Whether the people read since the journal was reset were asked for by their creation, and not by changes."""
    assert filters(world)
    by_creation = ["created_date" in wanted for wanted in filters(world)]
    assert len(set(by_creation)) == 1
    return by_creation[0]


@pytest.fixture
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "MAX_SLICE_PAGES", 1)


def adds_old_crowd(world: World) -> list[str]:
    """Put three slices of people on the list, one created a day; return the numbers of every tenth, who ticked."""
    phones = [f"1202555{number:04}" for number in range(100, 160)]
    ticked = phones[::10]
    for age, phone in enumerate(reversed(phones), start=OLD):
        world.adds_person(phone, "1" if phone in ticked else "0", days_ago=age)
    return ticked


class TestFirstPulls:
    async def test_a_first_pull_for_links_reads_everybody_and_texts_nobody(self, world: World) -> None:
        world.specify("initialSync", "LinkOnly")
        ada = world.adds_person(ADA, "1", days_ago=OLD)
        world.adds_profile(ADA, days_ago=OLD)
        world.adds_person(BEN, "1", days_ago=OLD)

        end = await world.pull()

        assert reads_everybody(world)
        assert rows(end) == {("UpdatedInMobileCommons", "LinkOnly"): 1, ("Held", "LinkOnly"): 1}
        assert world.column(ADA) == ada
        assert world.texted == []

    async def test_a_first_full_pull_opts_in_whoever_ticked(self, world: World) -> None:
        world.specify("initialSync", "Full")
        world.adds_person(ADA, "1", days_ago=OLD)

        end = await world.pull()

        assert reads_everybody(world)
        assert (rows(end), world.texted) == ({("Subscribed", "Applied"): 1}, [ADA])
        assert end.window_from == EVERYBODY

    async def test_a_first_pull_of_a_window_leaves_the_others_to_the_first_refresh(self, world: World) -> None:
        world.adds_person(ADA, "1", days_ago=OLD)

        end = await world.pull()

        assert not reads_everybody(world)
        assert rows(end) == {}
        assert (await world.positions(Direction.PULL)).walked_at == end.window_to.replace(microsecond=0)

    async def test_a_requested_full_pull_opts_in_people_of_long_ago(self, world: World) -> None:
        await world.pull()
        world.adds_person(ADA, "1", days_ago=OLD)
        world.journal.reset()

        await world.pull(full=True, trigger=Trigger.REQUEST)

        assert reads_everybody(world)
        assert world.texted == [ADA]


class TestRefreshes:
    async def test_every_seventh_night_reads_everybody(self, world: World) -> None:
        refreshes = []
        for night in range(15):
            world.journal.reset()
            await world.pull()
            if reads_everybody(world):
                refreshes.append(night)
            world.waits(days=1, seconds=-3)

        assert refreshes == [7, 14]

    async def test_a_full_pull_puts_it_off(self, world: World) -> None:
        await world.pull()
        world.waits(days=4)
        await world.pull(full=True, trigger=Trigger.REQUEST)
        world.waits(days=4)
        world.journal.reset()

        await world.pull()

        assert not reads_everybody(world)

    async def test_whoever_asks_for_a_pull_does_not_wait_for_it(self, world: World) -> None:
        await world.pull()
        world.waits(days=8)
        world.journal.reset()

        await world.pull(trigger=Trigger.REQUEST)

        assert not reads_everybody(world)

    async def test_it_links_people_of_long_ago_and_carries_what_moved_no_date_and_texts_nobody(
        self, world: World
    ) -> None:
        changed = world.adds_person(BEN, "1")
        await world.pull()
        assert world.texted == [BEN]
        await world.push()
        linked = world.adds_person(ADA, "1", days_ago=OLD)
        world.adds_profile(ADA, days_ago=OLD)
        alone = world.adds_person("12025550177", "1", days_ago=OLD)
        world.waits(days=4)
        await world.pull()
        world.edits_person_unseen(changed, given_name="Ben")
        world.waits(days=3)

        end = await world.pull()

        assert world.column(ADA) == linked
        assert world.profile(BEN).fields["first_name"] == "Ben"
        assert world.texted == [BEN]
        assert rows(end) == {
            ("UpdatedInMobileCommons", "NotRecent"): 1,
            ("UpdatedInMobileCommons", "AlreadySubscribed"): 1,
            ("Held", "NotRecent"): 1,
        }
        assert {line.person_id for line in end.tally.details} == {linked, changed, alone}

    async def test_a_store_that_was_lost_gets_everybody_back_on_the_next_night(self, world: World) -> None:
        ada = world.adds_person(ADA, "1", days_ago=OLD)
        world.adds_profile(ADA, days_ago=OLD)
        known = START - timedelta(days=1)

        await world.pull(known_watermark=known, trigger=Trigger.REQUEST)
        assert not reads_everybody(world)
        world.journal.reset()
        await world.pull()

        assert reads_everybody(world)
        assert world.column(ADA) == ada
        assert world.texted == []

    async def test_who_failed_in_one_is_tried_again_by_the_next_night_alone(self, world: World) -> None:
        world.adds_person(ADA, "0", days_ago=OLD, given_name="Ada")
        await world.pull()
        world.waits(days=7)
        world.adds_profile(ADA, days_ago=OLD)
        world.faults.set("mobile-commons", "update_profile", status=503)
        failed = await world.pull()
        world.faults.clear()
        world.waits(days=1)
        world.journal.reset()

        await world.pull()

        assert failed.result is RunResult.PARTIALLY_SUCCEEDED
        assert not reads_everybody(world)
        assert world.column(ADA) is not None


class TestInterruptions:
    @pytest.mark.usefixtures("short_slices")
    @pytest.mark.parametrize("pages", range(1, 9))
    async def test_a_full_read_goes_on_with_its_slice(self, world: World, pages: int) -> None:
        world.specify("initialSync", "Full")
        ticked = adds_old_crowd(world)
        world.progress = FakeProgress(pages_left=pages)
        with pytest.raises(Interrupted):
            await world.pull()
        first = (await world.positions(Direction.PULL)).checkpoint
        world.progress = FakeProgress()
        world.journal.calls.clear()
        world.waits(minutes=1)

        end = await world.pull()

        assert first is not None
        assert world.last is not None
        assert world.last.order.id == first.run_id
        assert end.tally.records_read == 60
        assert rows(end) == {("Subscribed", "Applied"): 6, ("NoImport", "NotOptedIn"): 54}
        assert world.texted == ticked
        assert min(end.tally.counts.values()) >= 0

    @pytest.mark.usefixtures("short_slices")
    async def test_slices_that_are_done_are_not_read_again(self, world: World) -> None:
        world.specify("initialSync", "Full")
        adds_old_crowd(world)
        reached = None
        pages = 0
        while reached is None:
            pages += 1
            world.progress = FakeProgress(pages_left=pages)
            with pytest.raises(Interrupted):
                await world.pull(id=f"pull-{pages}", generation=pages)
            checkpoint = (await world.positions(Direction.PULL)).checkpoint
            assert checkpoint is not None
            reached = checkpoint.read_until
        world.progress = FakeProgress()
        world.journal.reset()

        await world.pull(generation=pages)

        before = f"created_date gt '{reached - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}'"
        assert filters(world)[0].startswith(before)

    async def test_a_requested_full_pull_does_not_go_on_with_a_refresh(self, world: World) -> None:
        """What the refresh has passed over was not opened to opt-ins."""
        await world.pull()
        world.adds_person(ADA, "1", days_ago=OLD)
        world.waits(days=7)
        world.progress = FakeProgress(pages_left=1)
        with pytest.raises(Interrupted):
            await world.pull()
        world.progress = FakeProgress()

        await world.pull(full=True, trigger=Trigger.REQUEST)

        assert world.texted == [ADA]

    async def test_a_requested_full_pull_that_was_stopped_goes_on(self, world: World) -> None:
        world.adds_person(ADA, "1", days_ago=OLD)
        world.progress = FakeProgress(pages_left=1)
        with pytest.raises(Interrupted):
            await world.pull(full=True, trigger=Trigger.REQUEST)
        world.progress = FakeProgress()

        await world.pull(full=True, trigger=Trigger.REQUEST)

        assert world.last is not None
        assert world.last.order.resumed_from is not None
        assert world.texted == [ADA]


class TestWhatChangesMeanwhile:
    async def test_who_changes_after_their_page_is_in_the_next_window(self, world: World) -> None:
        """The read lasts for hours, longer than the look-back."""
        world.specify("initialSync", "Full")
        ada = world.adds_person(ADA, "1", days_ago=OLD)
        for number in range(30):
            world.adds_person(f"120255502{number:02}", "0", days_ago=OLD - 1)
        second_pages = 0

        def edit_late(request: httpx.Request) -> None:
            """Edit her when both passes over the slice have read her page."""
            nonlocal second_pages
            second_pages += request.url.params.get("page") == "2"
            if second_pages == 2:
                world.wire.before_request = lambda _request: None
                world.waits(hours=1)
                world.edits_person(ada, given_name="Ada")
                world.waits(hours=9)

        world.wire.before_request = edit_late
        first = await world.pull(lookback=timedelta(hours=1))
        assert world.profile(ADA).fields.get("first_name", "") == ""
        world.waits(hours=9)

        second = await world.pull(lookback=timedelta(hours=1))

        assert second.window_from == first.watermark
        assert world.profile(ADA).fields["first_name"] == "Ada"

    async def test_who_joins_the_list_meanwhile_is_read_by_this_pull_or_the_next(self, world: World) -> None:
        world.specify("initialSync", "LinkOnly")
        world.adds_person(BEN, "0", days_ago=OLD)

        async def between_pages() -> None:
            world.progress.between_pages = None
            world.waits(hours=5)
            world.adds_person(ADA, "1")

        world.progress.between_pages = between_pages
        await world.pull(lookback=timedelta(hours=1))
        world.waits(hours=20)

        await world.pull(lookback=timedelta(hours=1))

        assert world.texted == [ADA]


class TestUnreadable:
    async def test_somebody_who_cannot_be_read_holds_nothing_as_the_next_refresh_comes_by(self, world: World) -> None:
        world.specify("initialSync", "Full")
        ada = world.adds_person(ADA, "1", days_ago=OLD)
        world.adds_person(BEN, "1", days_ago=OLD)
        spoil(world, nameless(ada))

        end = await world.pull()

        assert rows(end) == {("ProcessingError", "UnreadableRecord"): 1, ("Subscribed", "Applied"): 1}
        assert end.result is RunResult.PARTIALLY_SUCCEEDED
        assert end.watermark is not None
        assert (await world.positions(Direction.PULL)).walked_at is not None

    async def test_that_survives_an_interruption(self, world: World) -> None:
        world.specify("initialSync", "Full")
        ada = world.adds_person(ADA, "1", days_ago=OLD)
        world.adds_person(BEN, "1", days_ago=OLD)
        spoil(world, nameless(ada))
        world.progress = FakeProgress(pages_left=1)
        with pytest.raises(Interrupted):
            await world.pull()
        world.progress = FakeProgress()

        end = await world.pull()

        assert rows(end)["ProcessingError", "UnreadableRecord"] == 1
        assert end.watermark is not None
