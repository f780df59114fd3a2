"""Our own writes are nobody's change, and nobody's change passes for ours (sync.md I4, I10, W9, C5)."""

from collections.abc import Callable

import httpx
import pytest

from sync.world import ADA, BEN, CAI, DEE, World, rows


def before_the_write(world: World, path: str, act: Callable[[], object]) -> None:
    """Let something happen right before the first write to a path leaves."""

    def before(request: httpx.Request) -> None:
        if request.method != "GET" and path in request.url.path:
            world.wire.before_request = lambda _request: None
            act()

    world.wire.before_request = before


@pytest.mark.rule("I10", "W9")
class TestSecondRun:
    async def test_a_quiet_world_is_written_once(self, world: World) -> None:
        """One of each kind: to be opted in, to be exported, to be linked, opted out on each side, in conflict."""
        world.adds_person(ADA, "1", given_name="Ada", email="ada@example.org")
        world.joins(BEN)
        world.edits_profile(BEN, email="ben@example.org", first_name="Ben")
        world.joins(CAI)
        world.adds_person(CAI, "", given_name="Cai")
        world.joins(DEE)
        world.leaves(DEE)
        world.adds_person(DEE, "1")
        for _ in range(2):
            await world.push()
            await world.pull()
            world.waits(minutes=6)
        world.journal.reset()

        for _ in range(3):
            await world.push()
            await world.pull()
            world.waits(hours=13)

        assert world.writes == []
        assert world.journal.texts == []

    async def test_the_same_pull_twice_makes_no_write(self, world: World) -> None:
        world.adds_profile(ADA, first_name="Ada", days_ago=9)
        world.adds_person(ADA, "1", family_name="Byron")
        await world.pull()
        world.journal.reset()

        end = await world.pull()

        assert rows(end) == {("NoNewChanges", "Unchanged"): 1}
        assert world.writes == []

    async def test_a_push_finds_what_a_pull_wrote_no_news(self, world: World) -> None:
        world.adds_person(ADA, "1", given_name="Ada")
        await world.pull()

        end = await world.push()

        assert rows(end) == {}

    async def test_a_pull_finds_what_a_push_wrote_no_news(self, world: World) -> None:
        world.joins(ADA)
        world.edits_profile(ADA, email="ada@example.org")
        await world.push()
        world.journal.reset()

        end = await world.pull()

        assert rows(end) == {("NoNewChanges", "Unchanged"): 1}
        assert world.writes == []

    @pytest.mark.rule("O2")
    async def test_the_overlap_of_two_pushes_is_no_record(self, world: World) -> None:
        world.joins(ADA)
        first = await world.push()
        world.waits(minutes=2)

        second = await world.push()

        assert (first.tally.records_read, second.tally.records_read) == (1, 0)


class TestChangesOfOthers:
    async def test_an_opt_out_that_a_pull_saw_first_is_still_pushed(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        await world.pull()
        await world.push()
        world.waits(minutes=1)
        world.leaves(ADA)
        world.edits_person(ada, given_name="Ada")
        await world.pull()

        end = await world.push()

        assert rows(end) == {("OptedOutInActionNetwork", "Applied"): 1}
        assert world.wish(ada) == "0"

    async def test_an_edit_that_a_pull_saw_first_is_still_pushed(self, world: World) -> None:
        ada = world.adds_person(ADA, "1", given_name="Ada")
        await world.pull()
        await world.push()
        world.waits(minutes=1)
        world.edits_profile(ADA, last_name="Byron")
        world.edits_person(ada, given_name="Augusta")
        await world.pull()

        await world.push()

        assert world.person(ada).family_name == "Byron"

    async def test_an_edit_in_action_network_that_a_push_wrote_over_is_still_pulled(self, world: World) -> None:
        ada = world.adds_person(ADA, "1", given_name="Ada")
        await world.pull()
        await world.push()
        world.waits(minutes=1)
        world.edits_profile(ADA, last_name="Byron")
        world.edits_person(ada, given_name="Augusta")
        await world.push()

        await world.pull()

        assert world.profile(ADA).fields["first_name"] == "Augusta"

    async def test_stop_between_a_pulls_reading_and_its_write_is_pushed(self, world: World) -> None:
        ada = world.adds_person(ADA, "1", given_name="Ada")
        await world.pull()
        await world.push()
        world.waits(minutes=1)
        world.edits_person(ada, given_name="Augusta")
        before_the_write(world, "profile_update", lambda: world.leaves(ADA))
        await world.pull()

        await world.push()

        assert world.wish(ada) == "0"

    async def test_stop_between_a_pushes_reading_and_its_write_to_the_profile_is_pushed(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        before_the_write(world, "profile_update", lambda: world.leaves(ADA))
        await world.push()

        await world.push()

        assert world.wish(ada) == "0"

    async def test_an_edit_between_a_pushes_reading_and_its_write_is_pulled(self, world: World) -> None:
        ada = world.adds_person(ADA, "1", given_name="Ada")
        await world.pull()
        await world.push()
        world.waits(minutes=1)
        world.edits_profile(ADA, last_name="Byron")
        before_the_write(world, f"/people/{ada}", lambda: world.edits_person(ada, given_name="Augusta"))
        await world.push()

        await world.pull()

        assert world.profile(ADA).fields["first_name"] == "Augusta"

    async def test_an_edit_between_a_pulls_reading_and_its_fill_is_pulled(self, world: World) -> None:
        world.adds_profile(ADA, first_name="Ada", days_ago=9)
        ada = world.adds_person(ADA, "1")
        before_the_write(world, f"/people/{ada}", lambda: world.edits_person(ada, family_name="Byron"))
        await world.pull()

        await world.pull()

        assert world.profile(ADA).fields["last_name"] == "Byron"

    async def test_a_box_unticked_between_a_pulls_reading_and_its_fill_is_seen(self, world: World) -> None:
        world.adds_profile(ADA, first_name="Ada", days_ago=9)
        ada = world.adds_person(ADA, "1")
        before_the_write(world, f"/people/{ada}", lambda: world.unticks(ada))
        await world.pull()

        end = await world.pull()

        assert ("NoNewChanges", "Unchanged") not in rows(end)

    async def test_an_edit_between_the_last_check_and_the_opt_in_call_is_pushed(self, world: World) -> None:
        ada = world.adds_person(ADA, "1", given_name="Ada")

        def edit(request: httpx.Request) -> None:
            if b"opt_in_path_id" in request.content:
                world.edits_profile(ADA, last_name="Byron")

        world.wire.before_request = edit
        await world.pull()

        await world.push()

        assert world.person(ada).family_name == "Byron"

    async def test_an_edit_that_a_release_read_first_is_still_pulled(self, world: World) -> None:
        world.waits(hours=11)  # ten in the evening
        ada = world.adds_person(ADA, "1", given_name="Ada")
        await world.pull()
        world.edits_person(ada, given_name="Augusta")
        world.waits(hours=12)
        await world.push()
        assert world.texted == [ADA]

        await world.pull()

        assert world.profile(ADA).fields["first_name"] == "Augusta"

    async def test_an_edit_of_fields_makes_nobodys_no_ours(self, world: World) -> None:
        """A push that wrote a name must not take the person's own No for one that it wrote itself (C11)."""
        world.specify("syncType", "Liberal")
        world.joins(ADA)
        world.waits(minutes=1)
        ada = world.adds_person(ADA, "0")
        await world.push()
        for name in ("Ada", "Augusta"):
            world.waits(minutes=5)
            world.edits_profile(ADA, first_name=name)
            await world.push()

        assert world.person(ada).given_name == "Augusta"
        assert world.wish(ada) == "0"

    async def test_a_conflict_stays_a_conflict_when_the_push_writes_something_else(self, world: World) -> None:
        ada = world.adds_person(ADA, "1", given_name="Ada")
        await world.pull()
        world.waits(minutes=1)
        world.edits_profile(ADA, first_name="Augusta")
        world.edits_person(ada, given_name="Adah")
        await world.pull()
        world.writes_wish(ada, "")
        await world.pull()
        await world.push()

        end = await world.pull()

        assert rows(end) == {("FieldConflict", "BothChanged"): 1}

    async def test_coming_back_between_two_runs_is_known_for_the_persons_own_act(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        world.leaves(ADA)
        await world.push()
        world.waits(minutes=1)
        world.joins(ADA)
        await world.pull()

        await world.push()

        entry = await world.suppression(ADA)
        assert world.wish(ada) == "1"
        assert entry is not None
        assert not entry.is_live
