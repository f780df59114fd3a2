"""Every row of the pull table that is built, from a ticked box to the welcome text (sync.md 6)."""

from datetime import timedelta

import pytest

from anmc.api.names import Direction
from sync.world import ADA, BEN, COLUMN, FIELD, START, World, rows

SUBSCRIBED = {("Subscribed", "Applied"): 1}


class TestOptIns:
    async def test_a_new_person_becomes_a_member_and_is_welcomed_once(self, world: World) -> None:
        ada = world.adds_person(ADA, "1", given_name="Ada", email="ada@example.org")

        end = await world.pull()

        assert rows(end) == SUBSCRIBED
        assert world.texted == [ADA]
        assert world.statuses(ADA) == ["Active"]
        assert (world.profile(ADA).fields["first_name"], world.column(ADA)) == ("Ada", ada)
        assert world.writes == ["update_profile", "opt_in"]

    @pytest.mark.rule("Q24")
    async def test_the_profile_is_written_without_the_path(self, world: World) -> None:
        world.adds_person(ADA, "1")

        await world.pull()

        [update] = world.calls("update_profile")
        assert "opt_in_path_id" not in update.parameters

    async def test_a_profile_without_subscription_is_matched_and_opted_in(self, world: World) -> None:
        world.adds_profile(ADA, first_name="Ada", days_ago=30)
        ada = world.adds_person(ADA, "1")

        end = await world.pull()

        assert rows(end) == SUBSCRIBED
        assert (world.texted, world.column(ADA), world.person(ada).given_name) == ([ADA], ada, "Ada")

    async def test_a_member_gets_no_second_welcome(self, world: World) -> None:
        world.joins(ADA)
        world.edits_profile(ADA, first_name="Ada")
        ada = world.adds_person(ADA, "1", family_name="Byron")

        end = await world.pull()

        assert rows(end) == {("UpdatedInMobileCommons", "AlreadySubscribed"): 1}
        assert world.texted == []
        assert (world.column(ADA), world.profile(ADA).fields["last_name"]) == (ada, "Byron")

    async def test_an_opt_out_outlives_a_ticked_box(self, world: World) -> None:
        world.joins(ADA)
        world.leaves(ADA)
        world.adds_person(ADA, "1")

        end = await world.pull()

        assert [reason for _, reason in rows(end)] == ["PreviouslyOptedOut"]
        assert "opt_in" not in world.writes
        assert world.texted == []

    @pytest.mark.rule("Q4", "C7")
    async def test_an_opt_out_outlives_the_profile(self, world: World) -> None:
        world.joins(ADA)
        world.leaves(ADA)
        await world.push()
        del world.company.profiles[ADA]
        world.adds_person(ADA, "1")

        end = await world.pull()

        assert rows(end) == {("Held", "PreviouslyOptedOut"): 1}
        assert world.writes == []

    async def test_a_pending_member_is_not_called_again(self, world: World) -> None:
        double = world.company.add_path(world.campaign, "Double", double_opt_in=True)
        world.company.subscribe(world.adds_profile(ADA), world.campaign, source="Web", path=double)
        world.adds_person(ADA, "1")

        end = await world.pull()

        assert [reason for _, reason in rows(end)] == ["AwaitingConfirmation"]
        assert "opt_in" not in world.writes

    async def test_a_double_opt_in_ends_as_a_question(self, world: World) -> None:
        double = world.company.add_path(world.campaign, "Double", double_opt_in=True)
        world.specify("mobileCommons.optInPath", double.id)
        world.adds_person(ADA, "1")

        first, second = await world.pull(), await world.pull()

        assert rows(first) == {("DeferredSubscription", "AwaitingConfirmation"): 1}
        assert rows(second) == {("NoNewChanges", "Unchanged"): 1}
        assert [text.kind for text in world.journal.texts] == ["confirmation request"]

    async def test_a_path_that_subscribes_nobody_is_called_once(self, world: World) -> None:
        other = world.company.add_campaign("Other")
        elsewhere = world.company.add_path(other, "Elsewhere")
        world.specify("mobileCommons.optInPath", elsewhere.id)
        world.adds_person(ADA, "1")

        first, second = await world.pull(), await world.pull()

        assert rows(first) == {("Imported", "RefusedByVendor"): 1}
        assert rows(second) == {("NoNewChanges", "Unchanged"): 1}
        assert world.writes.count("opt_in") == 1

    async def test_a_number_that_bounces_gets_no_text(self, world: World) -> None:
        world.adds_person(ADA, "1", sms_status="bouncing")

        end = await world.pull()

        assert rows(end) == {("Imported", "Undeliverable"): 1}
        assert world.texted == []

    async def test_without_a_path_nobody_is_opted_in(self, world: World) -> None:
        world.specify("mobileCommons.optInPath", None)
        world.adds_person(ADA, "1")

        end = await world.pull()

        assert rows(end) == {("Imported", "NoOptInPath"): 1}
        assert world.writes == ["update_profile"]


class TestOthers:
    @pytest.mark.parametrize(
        ("wish", "reason"),
        [
            pytest.param("0", "NotOptedIn", id="unticked"),
            pytest.param(None, "NotOptedIn", id="never-asked"),
            pytest.param("", "NotOptedIn", id="empty"),
            pytest.param("perhaps", "OptInFieldUnreadable", id="unreadable"),
        ],
    )
    async def test_who_has_not_ticked_the_box_stays_where_they_are(
        self, world: World, wish: str | None, reason: str
    ) -> None:
        world.adds_person(ADA, wish)

        end = await world.pull()

        assert rows(end) == {("NoImport", reason): 1}
        assert world.writes == []

    async def test_under_liberal_everybody_gets_a_profile_and_nobody_a_text(self, world: World) -> None:
        world.specify("syncType", "Liberal")
        world.adds_person(ADA, "0", given_name="Ada")

        end = await world.pull()

        assert rows(end) == {("Imported", "NotOptedIn"): 1}
        assert world.profile(ADA).fields["first_name"] == "Ada"
        assert world.statuses(ADA) == []

    @pytest.mark.parametrize(
        ("phone", "reason"),
        [
            pytest.param("", "PhoneMissing", id="missing"),
            pytest.param("12", "InvalidPhone", id="junk"),
            pytest.param("442071838750", "CountryNotAllowed", id="abroad"),
        ],
    )
    async def test_without_a_usable_number_mobile_commons_is_not_asked(
        self, world: World, phone: str, reason: str
    ) -> None:
        world.adds_person(phone, "1")

        end = await world.pull()

        assert rows(end) == {("NoImport", reason): 1}
        assert {request.service for request in world.journal.requests} == {"action-network"}

    async def test_a_required_value_that_is_missing_stops_data_and_opt_in(self, world: World) -> None:
        world.specify("fieldMappings", [{"field": "last_name", "apiFieldName": "family_name", "required": True}])
        world.adds_person(ADA, "1")

        end = await world.pull()

        assert rows(end) == {("NoImport", "RequiredFieldEmpty"): 1}
        assert world.writes == []

    async def test_an_unticked_member_is_left_alone(self, world: World) -> None:
        world.joins(ADA)
        ada = world.adds_person(ADA, "0")

        end = await world.pull()

        assert rows(end) == {("Held", "OptInStatusDiffers"): 1}
        assert (world.statuses(ADA), world.wish(ada)) == (["Active"], "0")

    @pytest.mark.rule("Q12", "M9")
    async def test_two_people_with_one_number_on_a_page_are_both_passed_over(self, world: World) -> None:
        world.adds_holder(ADA)
        world.adds_holder(ADA)

        end = await world.pull()

        assert rows(end) == {("SkippedMembers", "SeveralMatches"): 2}
        assert world.writes == []

    @pytest.mark.rule("M15")
    async def test_a_second_holder_on_a_later_page_drops_the_opt_in_of_the_first(self, world: World) -> None:
        world.adds_holder(ADA)
        for _ in range(25):
            world.adds_person("", "1")
        world.adds_holder(ADA)

        end = await world.pull()

        assert rows(end) == {("SkippedMembers", "SeveralMatches"): 2, ("NoImport", "PhoneMissing"): 25}
        assert world.texted == []
        assert await world.queue() == []

    async def test_a_profile_that_names_somebody_else_is_left_alone(self, world: World) -> None:
        ben = world.adds_person(BEN, None)
        world.adds_profile(ADA, days_ago=9, **{COLUMN: ben})
        world.adds_person(ADA, "1")

        end = await world.pull()

        assert rows(end)["SkippedMembers", "IdAndPhoneDisagree"] == 1
        assert world.writes == []

    @pytest.mark.rule("Q13", "M11")
    async def test_a_linked_person_with_another_number_is_held(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        await world.pull()
        world.edits_person(ada, phone=BEN)
        world.journal.reset()

        end = await world.pull()

        assert rows(end) == {("FieldConflict", "PhoneChanged"): 1}
        assert world.writes == []

    @pytest.mark.rule("Q17", "I8")
    async def test_a_deleted_profile_is_not_made_again(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        await world.pull()
        del world.company.profiles[ADA]
        world.edits_person(ada, given_name="Ada")
        world.journal.reset()

        end = await world.pull()

        assert rows(end) == {("UnableToUpdate", "ProfileDeleted"): 1}
        assert world.writes == []

    async def test_an_edit_on_both_sides_is_held_until_they_agree(self, world: World) -> None:
        ada = world.adds_person(ADA, "1", given_name="Ada")
        await world.pull()
        world.waits(minutes=5)
        world.edits_profile(ADA, first_name="Augusta")
        world.edits_person(ada, given_name="Adah")

        conflict, again = await world.pull(), await world.pull()
        world.edits_person(ada, given_name="Augusta")
        agreed = await world.pull()

        assert rows(conflict) == rows(again) == {("FieldConflict", "BothChanged"): 1}
        assert rows(agreed) == {("NoDifference", "AlreadySubscribed"): 1}

    async def test_an_edit_in_action_network_reaches_the_profile(self, world: World) -> None:
        ada = world.adds_person(ADA, "1", given_name="Ada")
        await world.pull()
        world.edits_person(ada, given_name="Augusta")

        end = await world.pull()

        assert rows(end) == {("UpdatedInMobileCommons", "AlreadySubscribed"): 1}
        assert world.profile(ADA).fields["first_name"] == "Augusta"


class TestBounds:
    async def test_a_window_leaves_older_people_out(self, world: World) -> None:
        world.adds_person(ADA, "1", days_ago=3)
        world.adds_person(BEN, "1", days_ago=1)

        end = await world.pull()

        assert rows(end) == SUBSCRIBED
        assert world.texted == [BEN]

    async def test_a_full_first_pull_opts_everybody_in(self, world: World) -> None:
        world.specify("initialSync", "Full")
        world.adds_person(ADA, "1", days_ago=300)

        end = await world.pull()

        assert rows(end) == SUBSCRIBED

    async def test_a_link_only_first_pull_links_and_neither_creates_nor_texts(self, world: World) -> None:
        world.specify("initialSync", "LinkOnly")
        world.adds_profile(ADA, days_ago=300)
        ada = world.adds_person(ADA, "1", days_ago=300)
        world.adds_person(BEN, "1", days_ago=300)

        end = await world.pull()

        assert {reason for _, reason in rows(end)} == {"LinkOnly"}
        assert world.column(ADA) == ada
        assert BEN not in world.company.profiles
        assert world.texted == []

    async def test_somebody_edited_during_a_link_only_pull_is_left_to_the_next_one(self, world: World) -> None:
        world.specify("initialSync", "LinkOnly")
        ada = world.adds_person(ADA, "1", days_ago=300)
        world.waits(seconds=2)
        context = await world.context(Direction.PULL)
        assert context.order.started_at > START
        world.wire.before_request = lambda _request: world.edits_person(ada, given_name=f"Ada {world.wire.requests}")

        first = await world.pull()
        world.wire.before_request = lambda _request: None
        second = await world.pull()

        assert rows(first) == {("Held", "LinkOnly"): 1}
        assert rows(second) == SUBSCRIBED

    async def test_a_box_ticked_after_a_link_only_pull_opts_in(self, world: World) -> None:
        world.specify("initialSync", "LinkOnly")
        ada = world.adds_person(ADA, "0", days_ago=300)
        await world.pull()
        world.waits(days=1)
        world.ticks(ada)

        await world.pull()

        assert world.texted == [ADA]

    async def test_a_requested_full_pull_reads_and_opts_in_everybody(self, world: World) -> None:
        await world.pull()
        world.adds_person(ADA, "1", days_ago=300)

        window = await world.pull()
        full = await world.pull(full=True)

        assert rows(window) == {}
        assert rows(full) == SUBSCRIBED

    async def test_who_is_older_than_the_first_window_is_not_opted_in_by_a_later_read(self, world: World) -> None:
        world.adds_person(ADA, "1", days_ago=4)
        await world.pull()
        world.specify("pull.lookback", "240h")

        end = await world.pull()

        assert rows(end) == {("Held", "NotRecent"): 1}
        assert world.texted == []

    async def test_a_box_ticked_by_somebody_known_opts_in_however_old(self, world: World) -> None:
        ada = world.adds_person(ADA, "0", days_ago=1)
        await world.pull()
        world.edits_person_unseen(ada, custom_fields={FIELD: "1"})
        world.waits(days=1)

        end = await world.pull()

        assert rows(end) == SUBSCRIBED


class TestPages:
    async def test_people_of_many_pages_are_each_read_once(self, world: World) -> None:
        ticked = world.adds_crowd()

        end = await world.pull()

        assert rows(end) == {("Subscribed", "Applied"): 6, ("NoImport", "NotOptedIn"): 45}
        assert world.texted == ticked

    async def test_the_first_pull_looks_back_as_far_as_the_spec_says(self, world: World) -> None:
        end = await world.pull()

        assert world.clock.now() - end.window_from >= timedelta(hours=48)
