"""Who is who when people are merged, deleted or given another number (sync.md 2.2)."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from anmc.rules.records import PersonId, ProfileId
from anmc.rules.remembered import Link, LinkState
from anmc.sync.ports import Changes
from anmc_simulators.action_network.contacts import merge
from sync.world import ADA, BEN, CAI, COLUMN, START, Row, World, rows


def merges(world: World, survivor: PersonId, removed: PersonId) -> None:
    """Merge two people as staff do; the survivor takes over the number if it had none."""
    kept = world.person(survivor)
    world.group.put(merge(world.group, kept, world.person(removed), survivor=kept))


def deletes(world: World, person_id: PersonId) -> None:
    world.group.remove(world.person(person_id))


def deletes_profile(world: World, phone: str) -> None:
    world.company.remove(world.profile(phone))


async def link_of(world: World, phone: str) -> Link | None:
    profile_id = ProfileId(world.profile(phone).id)
    return (await world.memory.recall(profiles=[profile_id])).link_of_profile.get(profile_id)


async def missed_walks(world: World, link: Link) -> int:
    return (await world.memory.recall(people=[link.person_id])).link_of_person[link.person_id].missed_walks


async def linked(world: World, phone: str = ADA, **values: str) -> PersonId:
    """Link a member and a person of the same number who are in step."""
    person_id = world.adds_person(phone, "1", **values)  # type: ignore[arg-type]
    world.joins(phone)
    await world.push()
    await world.pull()
    world.waits(minutes=15)
    world.journal.reset()
    return person_id


class TestMerges:
    async def test_a_pull_that_meets_the_survivor_lets_link_and_column_follow(self, world: World) -> None:
        ada = await linked(world, given_name="Ada")
        augusta = world.adds_person("", "1", given_name="Augusta", family_name="King")
        merges(world, augusta, ada)

        end = await world.pull()

        link = await link_of(world, ADA)
        assert rows(end) == {("UpdatedInMobileCommons", "PersonMerged"): 1}
        assert link is not None
        assert (link.person_id, link.state) == (augusta, LinkState.LIVE)
        assert (world.column(ADA), world.profile(ADA).fields["first_name"]) == (augusta, "Augusta")
        assert world.texted == []

    async def test_a_merge_is_seen_once(self, world: World) -> None:
        ada = await linked(world)
        augusta = world.adds_person("", "1")
        merges(world, augusta, ada)
        await world.pull()
        world.journal.reset()

        pulled, pushed = await world.pull(), await world.push()

        assert rows(pulled) == {("NoNewChanges", "Unchanged"): 1}
        assert rows(pushed) == {}
        assert world.writes == []

    async def test_a_push_that_meets_a_404_finds_the_survivor_by_number(self, world: World) -> None:
        ada = await linked(world)
        augusta = world.adds_person("", "1")
        merges(world, augusta, ada)
        world.edits_profile(ADA, first_name="Ada")

        end = await world.push()

        assert rows(end) == {("UpdatedInActionNetwork", "PersonMerged"): 1}
        assert (world.person(augusta).given_name, world.column(ADA)) == ("Ada", augusta)
        assert world.calls("create_person") == []

    async def test_a_survivor_without_the_number_is_found_by_the_address(self, world: World) -> None:
        ada = await linked(world, email="ada@example.org")
        deletes(world, ada)
        other = world.adds_person("", "1", email="ada@example.org")
        world.edits_profile(ADA, first_name="Ada")

        end = await world.push()

        assert rows(end) == {("UpdatedInActionNetwork", "PersonMerged"): 1}
        assert (world.person(other).phone, world.column(ADA)) == (ADA, other)

    async def test_a_merge_seen_by_both_directions_is_followed_once(self, world: World) -> None:
        ada = await linked(world)
        augusta = world.adds_person("", "1")
        merges(world, augusta, ada)
        world.edits_profile(ADA, first_name="Ada")
        await world.push()

        end = await world.pull()

        assert rows(end) == {("NoDifference", "AlreadySubscribed"): 1}
        assert (await world.memory.recall(people=[ada])).aliases == {ada: augusta}
        assert world.column(ADA) == augusta

    async def test_stop_of_a_merged_person_reaches_the_survivor_and_the_link_follows(self, world: World) -> None:
        ada = await linked(world)
        augusta = world.adds_person("", "1")
        merges(world, augusta, ada)
        world.leaves(ADA)

        end = await world.push()

        link = await link_of(world, ADA)
        assert rows(end) == {("OptedOutInActionNetwork", "PersonMerged"): 1}
        assert world.wish(augusta) == "0"
        assert link is not None
        assert link.person_id == augusta

    async def test_the_old_column_is_no_disagreement_after_stop(self, world: World) -> None:
        ada = await linked(world)
        augusta = world.adds_person("", "1")
        merges(world, augusta, ada)
        world.leaves(ADA)
        await world.push()
        assert world.column(ADA) == ada

        end = await world.pull()

        assert [category for category, _ in rows(end)] == ["NoDifference"]

    async def test_a_link_that_only_the_column_knew_follows_too(self, world: World) -> None:
        ada, augusta = world.adds_person("", ""), world.adds_person(ADA, "1")
        world.joins(ADA)
        world.edits_profile(ADA, **{COLUMN: ada})
        deletes(world, ada)

        end = await world.push()

        assert rows(end) == {("Linked", "PersonMerged"): 1}
        assert world.column(ADA) == augusta

    async def test_settled_fields_stay_settled_over_a_merge(self, world: World) -> None:
        ada = await linked(world, given_name="Ada")
        augusta = world.adds_person("", "1", given_name="Ada")
        merges(world, augusta, ada)
        await world.pull()
        world.waits(minutes=15)
        world.edits_profile(ADA, first_name="Augusta")

        end = await world.push()

        assert rows(end) == {("UpdatedInActionNetwork", "Applied"): 1}
        assert world.person(augusta).given_name == "Augusta"


class TestMovedNumbers:
    @pytest.mark.parametrize("is_first", [True, False], ids=["the-new-holder-is-read-first", "the-old-one-is"])
    async def test_a_pull_leaves_the_link_where_it_was_and_texts_nobody(self, world: World, *, is_first: bool) -> None:
        world.adds_profile(ADA, days_ago=9)
        ada = world.adds_person(ADA, "0")
        await world.pull()
        world.waits(minutes=15)
        world.edits_person(ada, phone=BEN)
        if not is_first:
            world.waits(seconds=5)
        ben = world.adds_person(ADA, "1", given_name="Ben")
        if is_first:
            world.waits(seconds=5)
            world.edits_person(ada, given_name="Ada")
        world.journal.reset()

        end = await world.pull()

        assert rows(end) == {("SkippedMembers", "PhoneMoved"): 1, ("FieldConflict", "PhoneChanged"): 1}
        assert (world.writes, world.texted, world.column(ADA)) == ([], [], ada)
        assert await world.queue() == []
        assert (await world.memory.recall(people=[ben])).link_of_person == {}

    async def test_a_push_says_that_the_number_moved(self, world: World) -> None:
        ada = await linked(world)
        world.edits_person(ada, phone=BEN)
        ben = world.adds_person(ADA, "")
        world.edits_profile(ADA, first_name="Ada")

        end = await world.push()

        assert rows(end) == {("SkippedMembers", "PhoneMoved"): 1}
        assert (world.person(ada).given_name, world.person(ben).given_name, world.wish(ben)) == ("", "", "")

    async def test_stop_after_a_move_reaches_the_old_and_the_new_holder(self, world: World) -> None:
        ada = await linked(world)
        world.edits_person(ada, phone=BEN)
        ben = world.adds_person(ADA, "1")
        await world.pull()
        world.leaves(ADA)

        await world.push()

        assert (world.wish(ada), world.wish(ben)) == ("0", "0")

    async def test_an_opt_in_that_waits_is_not_called_for_a_number_that_moved(self, world: World) -> None:
        world.specify("consent.maxOptInsPerDay", 0)
        ada = world.adds_person(ADA, "1")
        await world.pull()
        assert await world.queue() == [ada]
        world.edits_person(ada, phone=BEN)
        world.adds_person(ADA, "1")
        world.specify("consent.maxOptInsPerDay", 5)
        world.waits(minutes=15)

        end = await world.pull()

        assert rows(end)["SkippedMembers", "PhoneMoved"] == 1
        assert world.texted == []
        assert await world.queue() == []

    async def test_a_linked_person_whose_number_was_removed_is_held_both_ways(self, world: World) -> None:
        ada = await linked(world)
        world.edits_person(ada, phone="", given_name="Ada")
        pulled = await world.pull()
        world.edits_profile(ADA, last_name="King")

        pushed = await world.push()

        assert rows(pulled) == rows(pushed) == {("FieldConflict", "PhoneChanged"): 1}
        assert world.writes == []
        assert (world.person(ada).family_name, world.profile(ADA).fields.get("first_name", "")) == ("", "")

    async def test_a_number_that_came_back_is_in_step_again(self, world: World) -> None:
        ada = await linked(world)
        world.edits_person(ada, phone=BEN)
        await world.pull()
        world.edits_person(ada, phone=ADA)

        end = await world.pull()

        assert rows(end) == {("NoDifference", "AlreadySubscribed"): 1}


class TestEditedIds:
    async def test_a_pull_reads_whom_the_column_names_before_it_decides(self, world: World) -> None:
        ben = world.adds_person(BEN, "", days_ago=9)
        world.adds_profile(ADA, days_ago=9, **{COLUMN: ben})
        world.adds_person(ADA, "1")

        end = await world.pull()

        assert rows(end) == {("SkippedMembers", "IdAndPhoneDisagree"): 1}
        assert [world.writes, world.texted] == [[], []]
        assert len(world.calls("get_person")) == 1

    async def test_who_was_read_by_this_run_is_not_read_again(self, world: World) -> None:
        world.adds_person(ADA, "1")
        ben = world.adds_person(BEN, "")
        world.adds_profile(ADA, days_ago=9, **{COLUMN: ben})

        end = await world.pull()

        assert rows(end)["SkippedMembers", "IdAndPhoneDisagree"] == 1
        assert world.calls("get_person") == []

    async def test_a_pull_follows_a_merge_that_only_the_column_shows(self, world: World) -> None:
        gone = world.adds_person(BEN, "")
        deletes(world, gone)
        world.adds_profile(ADA, days_ago=9, **{COLUMN: gone})
        ada = world.adds_person(ADA, "1")

        end = await world.pull()

        assert rows(end) == {("Subscribed", "PersonMerged"): 1}
        assert (world.column(ADA), world.texted) == (ada, [ADA])

    async def test_an_edited_column_of_a_link_is_held_both_ways(self, world: World) -> None:
        ada = await linked(world)
        ben = world.adds_person(BEN, "")
        world.edits_profile(ADA, **{COLUMN: ben})
        world.edits_person(ada, given_name="Ada")

        pushed, pulled = await world.push(), await world.pull()

        assert rows(pushed) == {("SkippedMembers", "IdAndPhoneDisagree"): 1}
        assert rows(pulled)["SkippedMembers", "IdAndPhoneDisagree"] == 1
        assert world.profile(ADA).fields.get("first_name", "") == ""

    async def test_a_number_that_the_filter_misses_is_matched_by_id(self, world: World) -> None:
        ada = world.adds_person("", "")
        world.joins(ADA)
        world.edits_profile(ADA, **{COLUMN: ada})
        vars(world.group)["page"] = lambda *_, **__: []
        world.edits_person(ada, phone=ADA)

        end = await world.push()

        assert rows(end) == {("UpdatedInActionNetwork", "Applied"): 1}
        assert world.wish(ada) == "1"

    @pytest.mark.parametrize(
        ("is_linked", "outcome"),
        [
            pytest.param(False, ("FieldConflict", "PhoneChanged"), id="who-has-another-number"),
            pytest.param(True, ("SkippedMembers", "IdAndPhoneDisagree"), id="who-has-another-profile"),
        ],
    )
    async def test_a_member_nobody_holds_the_number_of_is_not_given_to_whom_the_column_names(
        self, world: World, *, is_linked: bool, outcome: Row
    ) -> None:
        ben = await linked(world, BEN) if is_linked else world.adds_person(BEN, "")
        world.joins(ADA)
        world.edits_profile(ADA, email="ada@example.org", **{COLUMN: ben})

        end = await world.push()

        assert rows(end) == {outcome: 1}
        assert world.writes == []

    async def test_a_member_whom_nobody_but_a_404_is_named_for_is_found_by_the_address(self, world: World) -> None:
        gone = world.adds_person(BEN, "")
        deletes(world, gone)
        ada = world.adds_person("", "", email="ada@example.org")
        world.joins(ADA)
        world.edits_profile(ADA, email="ada@example.org", **{COLUMN: gone})

        end = await world.push()

        assert rows(end) == {("UpdatedInActionNetwork", "PersonMerged"): 1}
        assert (world.person(ada).phone, world.column(ADA)) == (ADA, ada)

    async def test_stop_reaches_every_holder_while_the_ids_disagree(self, world: World) -> None:
        ada = await linked(world)
        ben = world.adds_person(BEN, "1")
        other = world.adds_holder(ADA)
        world.edits_profile(ADA, **{COLUMN: ben})
        world.leaves(ADA)

        end = await world.push()

        assert rows(end) == {("SkippedMembers", "IdAndPhoneDisagree"): 1}
        assert (world.wish(ada), world.wish(other), world.wish(ben)) == ("0", "0", "1")

    async def test_a_reading_that_fails_is_a_dead_letter(self, world: World) -> None:
        ben = world.adds_person(BEN, "", days_ago=9)
        world.adds_profile(ADA, days_ago=9, **{COLUMN: ben})
        world.adds_person(ADA, "1")
        world.faults.set("action-network", "get_person", status=503)

        end = await world.pull()

        assert rows(end) == {("ProcessingError", "ServiceFailed"): 1}
        assert len(await world.memory.dead_letters()) == 1

    async def test_a_dry_run_counts_everybody_once(self, world: World) -> None:
        world.specify("pull.mode", "DryRun")
        gone = world.adds_person(BEN, "")
        deletes(world, gone)
        world.adds_profile(ADA, days_ago=9, **{COLUMN: gone})
        world.adds_person(ADA, "1")

        end = await world.pull()

        assert rows(end) == {("Subscribed", "PersonMerged"): 1}
        assert world.writes == []


class TestSharedAddresses:
    async def test_an_address_of_another_link_is_shared_whatever_its_person_says(self, world: World) -> None:
        ada = await linked(world, email="ada@example.org")
        world.edits_profile(ADA, email="family@example.org")
        await world.push()
        world.edits_person(ada, email="ada@example.org")
        world.waits(minutes=15)
        world.joins(BEN)
        world.edits_profile(BEN, email="Family@example.org")

        end = await world.push()

        assert rows(end) == {("SkippedMembers", "EmailShared"): 1}
        assert len(world.people()) == 1

    async def test_an_address_that_the_other_gave_up_is_free(self, world: World) -> None:
        await linked(world, email="ada@example.org")
        world.edits_profile(ADA, email="family@example.org")
        await world.push()
        world.waits(minutes=15)
        world.edits_profile(ADA, email="ada@example.org")
        await world.push()
        world.waits(minutes=15)
        world.joins(BEN)
        world.edits_profile(BEN, email="family@example.org")

        end = await world.push()

        assert rows(end) == {("Exported", "Applied"): 1}


class TestCreations:
    async def test_a_creation_that_meets_somebody_who_was_there_says_so(self, world: World) -> None:
        world.joins(ADA)
        world.edits_profile(ADA, email="ada@example.org")
        made: list[PersonId] = []

        def make(request: httpx.Request) -> None:
            if request.method == "POST" and request.url.path.endswith("/people"):
                made.append(world.adds_person(ADA, "0", email="ada@example.org", days_ago=1))

        world.wire.before_request = make

        end = await world.push()

        seen = await world.seen_person(made[0])
        assert rows(end) == {("Exported", "CreateHitExisting"): 1}
        assert (world.column(ADA), len(world.people())) == (made[0], 1)
        assert seen is not None
        assert not seen.is_settled  # what this person says is still to be read


class TestGone:
    async def test_a_deleted_person_is_made_again_by_a_newer_opt_in_alone(self, world: World) -> None:
        ada = await linked(world, email="ada@example.org")
        deletes(world, ada)
        world.edits_profile(ADA, first_name="Ada")
        first = await world.push()
        world.waits(minutes=15)
        world.edits_profile(ADA, first_name="Augusta")
        second = await world.push()
        world.waits(days=1)
        world.leaves(ADA)
        out = await world.push()
        world.waits(minutes=15)
        world.joins(ADA)

        back = await world.push()

        assert rows(first) == rows(second) == {("ProcessingError", "PersonGone"): 1}
        assert rows(out) == {("NoExport", "OptOutWithoutMatch"): 1}
        assert rows(back) == {("Exported", "Applied"): 1}
        [person] = world.people()
        assert (world.column(ADA), person.email) == (person.id, "ada@example.org")

    async def test_a_person_who_is_found_gone_breaks_the_link(self, world: World) -> None:
        ada = await linked(world)
        deletes(world, ada)
        world.edits_profile(ADA, first_name="Ada")

        await world.push()

        link = await link_of(world, ADA)
        assert link is not None
        assert link.state is LinkState.BROKEN
        assert list((await world.memory.recall(people=[ada])).tombstones) == [ada]
        assert (await world.memory.count_people()).linked == 0

    async def test_who_is_restored_is_linked_as_before(self, world: World) -> None:
        ada = await linked(world)
        before = world.person(ada)
        deletes(world, ada)
        world.edits_profile(ADA, first_name="Ada")
        await world.push()
        world.group.put(replace(before, position=world.group.draft().position))
        world.waits(minutes=15)
        world.edits_profile(ADA, last_name="King")

        end = await world.push()

        link = await link_of(world, ADA)
        assert rows(end) == {("UpdatedInActionNetwork", "Applied"): 1}
        assert link is not None
        assert (link.person_id, link.state) == (ada, LinkState.LIVE)

    async def test_somebody_new_with_the_number_takes_the_place_of_who_was_deleted(self, world: World) -> None:
        ada = await linked(world)
        deletes(world, ada)
        world.edits_profile(ADA, first_name="Ada")
        await world.push()
        other = world.adds_person(ADA, "1")

        end = await world.pull()

        assert rows(end) == {("Linked", "PersonMerged"): 1}
        assert world.column(ADA) == other

    async def test_two_who_hold_the_number_of_who_is_gone_are_passed_over(self, world: World) -> None:
        ada = await linked(world)
        deletes(world, ada)
        others = [world.adds_holder(ADA, ""), world.adds_holder(ADA, "")]
        world.edits_profile(ADA, first_name="Ada")

        end = await world.push()

        assert rows(end) == {("SkippedMembers", "SeveralMatches"): 1}
        assert [world.wish(each) for each in others] == ["", ""]

    async def test_stop_of_who_is_gone_creates_nobody(self, world: World) -> None:
        ada = await linked(world, email="ada@example.org")
        deletes(world, ada)
        world.leaves(ADA)

        end = await world.push()

        assert rows(end) == {("NoExport", "OptOutWithoutMatch"): 1}
        assert world.people() == []

    async def test_stop_of_who_is_gone_reaches_both_who_hold_the_number(self, world: World) -> None:
        ada = await linked(world)
        deletes(world, ada)
        others = [world.adds_holder(ADA), world.adds_holder(ADA)]
        world.leaves(ADA)

        end = await world.push()

        assert rows(end) == {("SkippedMembers", "OptOutAppliedToAll"): 1}
        assert [world.wish(each) for each in others] == ["0", "0"]

    async def test_an_opt_in_that_waits_for_who_is_gone_breaks_the_link(self, world: World) -> None:
        world.specify("consent.maxOptInsPerDay", 0)
        ada = world.adds_person(ADA, "1")
        await world.pull()
        deletes(world, ada)
        world.specify("consent.maxOptInsPerDay", 5)

        end = await world.push()

        link = await link_of(world, ADA)
        assert rows(end) == {("ProcessingError", "PersonGone"): 1}
        assert link is not None
        assert link.state is LinkState.BROKEN
        assert world.texted == []

    @pytest.mark.rule("Q16", "W12")
    async def test_a_person_who_is_gone_when_tried_again_breaks_the_link(self, world: World) -> None:
        ada = await linked(world)
        world.edits_person(ada, family_name="King")
        world.faults.set("mobile-commons", "update_profile", status=503)
        await world.pull()
        world.faults.clear()
        deletes(world, ada)
        world.waits(days=3)

        end = await world.pull()

        link = await link_of(world, ADA)
        assert rows(end) == {("ProcessingError", "PersonGone"): 1}
        assert link is not None
        assert link.state is LinkState.BROKEN


class TestDeletedProfiles:
    async def test_a_profile_that_came_back_by_keyword_is_linked_anew(self, world: World) -> None:
        ada = await linked(world, email="ada@example.org")
        deletes_profile(world, ADA)
        world.edits_person(ada, given_name="Ada")
        deleted = await world.pull()
        world.waits(minutes=15)
        world.joins(ADA)

        end = await world.push()

        assert rows(deleted) == {("UnableToUpdate", "ProfileDeleted"): 1}
        assert rows(end) == {("Linked", "Applied"): 1}
        assert (world.column(ADA), len(world.people())) == (ada, 1)

    async def test_two_missed_walks_and_the_word_of_the_service_make_it_certain(self, world: World) -> None:
        ada = await linked(world)
        link = await link_of(world, ADA)
        assert link is not None
        deletes_profile(world, ADA)
        await world.memory.remember(Changes(links=[replace(link, missed_walks=2)]))
        world.edits_person(ada, given_name="Ada")

        end = await world.pull()

        known = await world.memory.recall(people=[ada], profiles=[link.profile_id])
        assert rows(end) == {("UnableToUpdate", "ProfileDeleted"): 1}
        assert known.link_of_person[ada].state is LinkState.RETIRED
        assert list(known.tombstones) == [link.profile_id]
        assert len(world.calls("get_profile")) == 1

    async def test_from_the_deletion_to_the_return_by_keyword(self, world: World) -> None:
        ada = await linked(world, given_name="Ada")
        link = await link_of(world, ADA)
        assert link is not None
        deletes_profile(world, ADA)
        missed = []
        for _ in range(2):
            world.waits(days=7)
            await world.push()
            missed.append(await missed_walks(world, link))
        world.journal.reset()
        world.edits_person(ada, given_name="Augusta")

        found_gone = await world.pull()
        asked = len(world.calls("get_profile"))
        known = await world.memory.recall(people=[ada], profiles=[link.profile_id])
        world.waits(minutes=15)
        world.joins(ADA)
        back = await world.push()

        again = await link_of(world, ADA)
        assert (missed, asked) == ([1, 2], 1)
        assert rows(found_gone) == {("UnableToUpdate", "ProfileDeleted"): 1}
        assert known.link_of_person[ada].state is LinkState.RETIRED
        assert list(known.tombstones) == [link.profile_id]
        assert rows(back) == {("Linked", "Applied"): 1}
        assert again is not None
        assert (again.person_id, again.state, again.missed_walks) == (ada, LinkState.LIVE, 0)
        assert again.profile_id != link.profile_id
        assert (len(world.people()), world.calls("opt_in")) == (1, [])

    async def test_one_missed_walk_asks_nobody_and_the_next_that_shows_the_profile_begins_anew(
        self, world: World
    ) -> None:
        ada = await linked(world)
        link = await link_of(world, ADA)
        assert link is not None
        profile = world.profile(ADA)
        deletes_profile(world, ADA)
        world.waits(days=7)
        await world.push()
        missed = await missed_walks(world, link)
        world.edits_person(ada, given_name="Ada")
        await world.pull()
        asked = world.calls("get_profile")
        world.company.profiles[ADA] = profile
        world.waits(days=7)

        await world.push()

        assert (missed, asked) == (1, [])
        assert await missed_walks(world, link) == 0

    async def test_a_profile_that_the_walks_missed_and_the_service_has_is_there(self, world: World) -> None:
        ada = await linked(world)
        link = await link_of(world, ADA)
        assert link is not None
        await world.memory.remember(Changes(links=[replace(link, missed_walks=2)]))
        world.edits_person(ada, given_name="Ada")

        end = await world.pull()

        assert rows(end) == {("UpdatedInMobileCommons", "AlreadySubscribed"): 1}

    async def test_a_deleted_profile_that_staff_upload_again_is_not_opted_in(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        await world.pull()
        link = await link_of(world, ADA)
        assert link is not None
        deletes_profile(world, ADA)
        await world.memory.remember(Changes(links=[replace(link, missed_walks=2)]))
        world.edits_person(ada, given_name="Ada")
        await world.pull()
        world.simulation.mobile_commons.upload(world.company, ADA, {"first_name": "Ada"})
        world.journal.reset()

        end = await world.pull()

        assert rows(end) == {("UnableToUpdate", "ProfileDeleted"): 1}
        assert (world.writes, world.texted) == ([], [])

    async def test_a_deleted_profile_that_joins_again_is_linked_by_a_pull(self, world: World) -> None:
        ada = await linked(world)
        link = await link_of(world, ADA)
        assert link is not None
        deletes_profile(world, ADA)
        await world.memory.remember(Changes(links=[replace(link, missed_walks=2)]))
        world.edits_person(ada, given_name="Ada")
        await world.pull()
        world.waits(minutes=15)
        world.joins(ADA)

        end = await world.pull()

        again = await link_of(world, ADA)
        assert rows(end) == {("UpdatedInMobileCommons", "AlreadySubscribed"): 1}
        assert again is not None
        assert (again.person_id, again.state, again.missed_walks) == (ada, LinkState.LIVE, 0)


class TestSharedNumbers:
    async def test_a_second_holder_on_a_later_page_takes_back_what_was_said_of_the_first(self, world: World) -> None:
        world.specify("mobileCommons.optInPath", None)
        first = world.adds_person(ADA, "1", given_name="Ada")
        for _ in range(25):
            world.adds_person("", "1")
        world.adds_holder(ADA)

        end = await world.pull()

        assert rows(end) == {("SkippedMembers", "SeveralMatches"): 2, ("NoImport", "PhoneMissing"): 25}
        assert world.column(ADA) == first  # what was written stays
        assert end.tally.records_read == 27

    async def test_a_third_holder_on_a_later_page_counts_each_once(self, world: World) -> None:
        world.adds_holder(ADA)
        world.adds_holder(ADA)
        for _ in range(25):
            world.adds_person("", "1")
        world.adds_holder(ADA)

        end = await world.pull()

        assert rows(end) == {("SkippedMembers", "SeveralMatches"): 3, ("NoImport", "PhoneMissing"): 25}
        assert world.writes == []

    async def test_two_on_a_later_page_drop_the_opt_in_of_the_first(self, world: World) -> None:
        world.adds_holder(ADA)
        for _ in range(25):
            world.adds_person("", "1")
        world.adds_holder(ADA)
        world.adds_holder(ADA)

        end = await world.pull()

        assert rows(end) == {("SkippedMembers", "SeveralMatches"): 3, ("NoImport", "PhoneMissing"): 25}
        assert (world.texted, await world.queue()) == ([], [])

    async def test_an_opt_in_beyond_the_cap_is_dropped_too(self, world: World) -> None:
        world.specify("consent.maxOptInsPerDay", 0)
        world.adds_holder(ADA)
        for _ in range(25):
            world.adds_person("", "1")
        world.adds_holder(ADA)

        end = await world.pull()

        assert rows(end)["SkippedMembers", "SeveralMatches"] == 2
        assert await world.queue() == []

    async def test_the_other_holder_may_be_long_linked(self, world: World) -> None:
        ada = await linked(world)
        world.adds_holder(ADA)
        pulled = await world.pull()
        world.edits_profile(ADA, first_name="Ada")

        pushed = await world.push()

        assert rows(pulled) == {("SkippedMembers", "SeveralMatches"): 2}
        assert rows(pushed) == {("SkippedMembers", "SeveralMatches"): 1}
        assert world.person(ada).given_name == ""

    async def test_the_last_holder_is_decided_about_again(self, world: World) -> None:
        first, second = world.adds_holder(ADA), world.adds_holder(ADA)
        await world.pull()
        deletes(world, second)
        world.waits(minutes=15)

        end = await world.pull()

        assert rows(end) == {("Subscribed", "PersonMerged"): 1}
        assert (world.column(ADA), world.texted) == (first, [ADA])

    async def test_a_holder_who_has_another_number_by_now_is_none(self, world: World) -> None:
        world.specify("pull.lookback", "1h")
        first, second = world.adds_holder(ADA), world.adds_holder(ADA)
        await world.pull()
        world.edits_person_unseen(second, phone=CAI, modified=START - timedelta(days=2))
        world.waits(hours=3)
        world.edits_person(first, given_name="Ada")

        end = await world.pull()

        assert rows(end) == {("Subscribed", "Applied"): 1}
        assert world.texted == [ADA]
