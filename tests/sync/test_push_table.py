"""Every row of the push table that is built, from a text message to the record in Action Network (sync.md 5)."""

import pytest

from anmc_simulators.mobile_commons.records import Source
from sync.world import ADA, BEN, COLUMN, FIELD, World, rows

EXPORTED = {("Exported", "Applied"): 1}
UPDATED = {("UpdatedInActionNetwork", "Applied"): 1}
OPTED_OUT = {("OptedOutInActionNetwork", "Applied"): 1}


class TestOptIns:
    @pytest.mark.rule("P4", "A3")
    async def test_an_opt_in_with_an_address_becomes_a_person(self, world: World) -> None:
        world.joins(ADA)
        world.edits_profile(ADA, first_name="Ada", email="ada@example.org")

        end = await world.push()

        [person] = world.people()
        assert rows(end) == EXPORTED
        assert (person.phone, person.email, person.given_name) == (ADA, "ada@example.org", "Ada")
        assert (person.email_status, person.sms_status) == ("unsubscribed", "unsubscribed")
        assert world.wish(person.id) == "1"
        assert world.column(ADA) == person.id
        assert world.texted == []

    async def test_an_opt_in_without_an_address_creates_nobody(self, world: World) -> None:
        world.joins(ADA)

        end = await world.push()

        assert rows(end) == {("NoExport", "EmailMissing"): 1}
        assert world.people() == []

    async def test_an_opt_in_without_an_address_is_created_by_number_if_the_spec_says_so(self, world: World) -> None:
        world.specify("actionNetwork.createWithoutEmail", value=True)
        world.joins(ADA)

        end = await world.push()

        [person] = world.people()
        assert rows(end) == EXPORTED
        assert (person.phone, person.email, world.wish(person.id)) == (ADA, "", "1")

    @pytest.mark.parametrize("email", [pytest.param("ada@example.org", id="P2"), pytest.param("", id="P6")])
    async def test_an_opt_in_finds_the_holder_of_its_number(self, world: World, email: str) -> None:
        ada = world.adds_person(ADA, None, given_name="Ada")
        world.joins(ADA)
        world.edits_profile(ADA, last_name="Byron", email=email)

        end = await world.push()

        assert rows(end) == UPDATED
        assert world.wish(ada) == "1"
        assert world.column(ADA) == ada
        assert (world.person(ada).family_name, world.profile(ADA).fields["first_name"]) == ("Byron", "Ada")
        assert len(world.people()) == 1

    async def test_an_opt_in_of_somebody_in_step_is_only_linked(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)

        end = await world.push()

        assert rows(end) == {("Linked", "Applied"): 1}
        assert world.writes == ["update_profile"]
        assert world.column(ADA) == ada

    @pytest.mark.rule("P3", "M5", "A4")
    async def test_an_opt_in_finds_its_person_by_address_and_adds_the_number(self, world: World) -> None:
        ada = world.adds_person("", None, email="ada@example.org")
        world.joins(ADA)
        world.edits_profile(ADA, email="ada@example.org")

        end = await world.push()

        assert rows(end) == UPDATED
        assert (world.person(ada).phone, world.wish(ada)) == (ADA, "1")
        assert world.column(ADA) == ada

    async def test_an_opt_in_that_names_its_person_needs_no_write_to_the_profile(self, world: World) -> None:
        world.specify("fieldMappings", [])
        ada = world.adds_person(ADA, "")
        world.joins(ADA)
        world.edits_profile(ADA, **{COLUMN: ada})

        end = await world.push()

        assert rows(end) == UPDATED
        assert world.wish(ada) == "1"
        assert world.writes == ["update_person"]

    async def test_an_address_without_country_becomes_no_american_one(self, world: World) -> None:
        toronto = "14165550123"
        world.joins(toronto)
        world.edits_profile(toronto, email="ada@example.org", first_name="Ada", city="Toronto")

        first, again = await world.push(), await world.push()

        [person] = world.people()
        assert rows(first) == {("Exported", "CountryUnknown"): 1}
        assert rows(again) == {}
        assert (person.given_name, person.address.locality) == ("Ada", "")

    async def test_a_linked_member_needs_no_look_up(self, world: World) -> None:
        world.joins(ADA)
        world.edits_profile(ADA, email="ada@example.org")
        await world.push()
        [ada] = world.people()
        world.waits(minutes=5)
        world.edits_profile(ADA, first_name="Ada")
        world.journal.reset()

        end = await world.push()

        assert rows(end) == UPDATED
        assert world.person(ada.id).given_name == "Ada"
        assert [request.operation for request in world.journal.requests if request.service == "action-network"] == [
            "get_person",
            "update_person",
        ]

    async def test_a_member_whose_box_is_unticked_is_left_alone(self, world: World) -> None:
        world.joins(ADA)
        world.waits(minutes=1)
        ada = world.adds_person(ADA, "0")

        end = await world.push()

        assert rows(end) == {("Held", "OptInStatusDiffers"): 1}
        assert world.wish(ada) == "0"

    async def test_coming_back_after_stop_ticks_the_box_again(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        await world.push()
        world.waits(minutes=5)
        world.leaves(ADA)
        await world.push()
        assert world.wish(ada) == "0"
        world.waits(minutes=5)
        world.joins(ADA)

        end = await world.push()

        assert rows(end) == UPDATED
        assert world.wish(ada) == "1"

    async def test_a_pending_member_waits_for_their_own_reply(self, world: World) -> None:
        ada = world.adds_person(ADA, "")
        double = world.company.add_path(world.campaign, "Double", double_opt_in=True)
        profile = world.adds_profile(ADA)
        world.company.subscribe(profile, world.campaign, source="Web", path=double)

        end = await world.push()

        assert rows(end) == {("DeferredSubscription", "AwaitingConfirmation"): 1}
        assert world.writes == []
        assert world.wish(ada) == ""

    async def test_a_required_value_that_is_missing_holds_the_record(self, world: World) -> None:
        world.specify("fieldMappings", [{"field": "last_name", "apiFieldName": "family_name", "required": True}])
        world.joins(ADA)
        world.edits_profile(ADA, email="ada@example.org")

        end = await world.push()

        assert rows(end) == {("NoExport", "RequiredFieldEmpty"): 1}
        assert world.people() == []


class TestOthers:
    async def test_a_profile_without_subscription_is_nobody(self, world: World) -> None:
        world.adds_profile(ADA, email="ada@example.org")

        end = await world.push()

        assert rows(end) == {("NoDifference", "NotSubscribed"): 1}
        assert world.writes == []

    async def test_a_foreign_number_is_not_exported(self, world: World) -> None:
        world.adds_profile("442071838750", email="ada@example.org")

        end = await world.push()

        assert rows(end) == {("NoExport", "CountryNotAllowed"): 1}

    @pytest.mark.rule("M3", "M9", "P7")
    async def test_a_number_of_several_people_is_nobody(self, world: World) -> None:
        holders = [world.adds_holder(ADA, ""), world.adds_holder(ADA, "")]
        world.joins(ADA)

        end = await world.push()

        assert rows(end) == {("SkippedMembers", "SeveralMatches"): 1}
        assert [world.wish(holder) for holder in holders] == ["", ""]
        assert world.writes == []

    @pytest.mark.rule("M9")
    async def test_an_id_of_somebody_else_is_not_followed(self, world: World) -> None:
        ben = world.adds_person(BEN, "")
        world.adds_person(ADA, "")
        world.joins(ADA)
        world.edits_profile(ADA, **{COLUMN: ben})

        end = await world.push()

        assert rows(end) == {("SkippedMembers", "IdAndPhoneDisagree"): 1}
        assert world.writes == []

    @pytest.mark.rule("M9", "M5")
    async def test_an_address_with_another_number_is_not_merged(self, world: World) -> None:
        world.adds_person(BEN, "", email="ada@example.org")
        world.joins(ADA)
        world.edits_profile(ADA, email="ada@example.org")

        end = await world.push()

        assert rows(end) == {("SkippedMembers", "EmailMatchHasOtherPhone"): 1}
        assert world.writes == []

    async def test_two_members_with_one_address_make_one_person(self, world: World) -> None:
        for phone in (ADA, BEN):
            world.joins(phone)
            world.edits_profile(phone, email="shared@example.org")

        end = await world.push()

        assert rows(end) == {("Exported", "Applied"): 1, ("SkippedMembers", "EmailShared"): 1}
        assert len(world.people()) == 1

    @pytest.mark.rule("M11", "P21")
    async def test_a_linked_person_with_a_new_number_is_held(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        await world.push()
        world.waits(minutes=5)
        world.edits_person(ada, phone=BEN)
        world.edits_profile(ADA, first_name="Ada")

        end = await world.push()

        assert rows(end) == {("FieldConflict", "PhoneChanged"): 1}
        assert world.person(ada).given_name == ""

    @pytest.mark.rule("I8", "P12")
    async def test_a_person_who_is_gone_is_not_made_again(self, world: World) -> None:
        world.joins(ADA)
        world.edits_profile(ADA, email="ada@example.org")
        await world.push()
        [ada] = world.people()
        world.group.remove(ada)
        world.waits(minutes=5)
        world.edits_profile(ADA, first_name="Ada")

        end = await world.push()

        assert rows(end) == {("ProcessingError", "PersonGone"): 1}
        assert world.people() == []

    async def test_a_push_that_finds_nothing_makes_two_calls_and_claims_nothing(self, world: World) -> None:
        await world.push()
        world.journal.reset()
        world.waits(minutes=5)

        end = await world.push()

        assert rows(end) == {}
        assert sum(world.journal.calls.values()) == 2
        assert world.progress.claims == 0


class TestOptOuts:
    @pytest.mark.rule("P9", "A1", "I7")
    async def test_stop_unticks_the_box_of_the_linked_person_alone(self, world: World) -> None:
        ada = world.adds_person(ADA, "1", given_name="Ada")
        world.joins(ADA)
        await world.push()
        world.waits(minutes=5)
        world.leaves(ADA)
        world.edits_profile(ADA, first_name="Augusta")
        world.journal.reset()

        end = await world.push()

        assert rows(end) == OPTED_OUT
        [call] = world.calls("update_person")
        assert call.parameters["body"] == {"custom_fields": {FIELD: "0"}}
        assert (world.wish(ada), world.person(ada).given_name) == ("0", "Ada")

    async def test_stop_that_leaves_the_profile_alone_is_seen_by_its_subscription(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        await world.push()
        world.waits(hours=2)
        await world.push()
        world.leaves(ADA)

        end = await world.push()

        assert rows(end) == OPTED_OUT
        assert world.wish(ada) == "0"

    async def test_stop_finds_the_holder_of_its_number_and_links(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        world.leaves(ADA)

        end = await world.push()

        assert rows(end) == OPTED_OUT
        assert world.wish(ada) == "0"
        assert (await world.memory.count_people()).linked == 1
        assert world.writes == ["update_person"]

    @pytest.mark.rule("P10", "I8")
    async def test_stop_of_somebody_unknown_creates_nobody_and_is_remembered(self, world: World) -> None:
        world.joins(ADA)
        world.edits_profile(ADA, email="ada@example.org")
        world.leaves(ADA)

        end = await world.push()

        entry = await world.suppression(ADA)
        assert rows(end) == {("NoExport", "OptOutWithoutMatch"): 1}
        assert world.people() == []
        assert entry is not None
        assert entry.is_live

    @pytest.mark.rule("P11", "C9")
    async def test_stop_unticks_the_box_of_every_holder(self, world: World) -> None:
        holders = [world.adds_holder(ADA), world.adds_holder(ADA)]
        world.joins(ADA)
        world.leaves(ADA)

        end = await world.push()

        assert rows(end) == {("SkippedMembers", "OptOutAppliedToAll"): 1}
        assert [world.wish(holder) for holder in holders] == ["0", "0"]
        assert (await world.memory.count_people()).linked == 0

    async def test_stop_of_a_linked_profile_reaches_a_second_holder_whom_a_pull_has_seen(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        await world.push()
        world.waits(minutes=5)
        other = world.adds_holder(ADA)
        world.specify("mobileCommons.optInPath", None)
        await world.pull()
        world.leaves(ADA)

        await world.push()

        assert (world.wish(ada), world.wish(other)) == ("0", "0")

    @pytest.mark.rule("P19", "C9")
    async def test_stop_reaches_the_holder_where_the_id_names_somebody_else(self, world: World) -> None:
        ben = world.adds_person(BEN, "1")
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        world.edits_profile(ADA, **{COLUMN: ben})
        world.leaves(ADA)

        end = await world.push()

        assert rows(end) == {("SkippedMembers", "IdAndPhoneDisagree"): 1}
        assert (world.wish(ada), world.wish(ben)) == ("0", "1")

    @pytest.mark.rule("C9")
    async def test_stop_follows_the_number_when_the_linked_person_has_another_by_now(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        await world.push()
        world.edits_person(ada, phone=BEN)
        other = world.adds_person(ADA, "1")
        world.waits(minutes=5)
        world.leaves(ADA)

        await world.push()

        assert (world.wish(ada), world.wish(other)) == ("0", "0")

    async def test_stop_of_a_gone_person_reaches_who_holds_the_number_now(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        await world.push()
        world.group.remove(world.person(ada))
        other = world.adds_person(ADA, "1")
        world.waits(minutes=5)
        world.leaves(ADA)

        end = await world.push()

        assert rows(end) == {("OptedOutInActionNetwork", "PersonMerged"): 1}
        assert world.wish(other) == "0"

    async def test_leaving_the_one_campaign_of_the_scope_is_an_opt_out(self, world: World) -> None:
        world.specify("mobileCommons.campaignId", world.campaign.id)
        ada = world.adds_person(ADA, "1")
        other = world.company.add_campaign("Other")
        profile = world.joins(ADA)
        world.simulation.mobile_commons.text_keyword(world.company, ADA, other.id)
        await world.push()
        world.waits(minutes=5)
        world.company.leave(profile.subscriptions[world.campaign.id], source="Opt-out from API")

        end = await world.push()

        assert rows(end) == OPTED_OUT
        assert world.wish(ada) == "0"

    async def test_leaving_one_of_two_campaigns_is_none_without_a_scope(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        other = world.company.add_campaign("Other")
        profile = world.joins(ADA)
        world.simulation.mobile_commons.text_keyword(world.company, ADA, other.id)
        await world.push()
        world.waits(minutes=5)
        world.company.leave(profile.subscriptions[world.campaign.id], source="Opt-out from API")

        await world.push()

        assert world.wish(ada) == "1"

    @pytest.mark.rule("A6")
    async def test_an_opt_out_overrules_an_opt_in_of_the_same_tick(self, world: World) -> None:
        ada = world.adds_person(ADA, "")
        world.joins(ADA)
        world.waits(minutes=1)
        world.leaves(ADA)

        await world.push()

        assert [call.parameters["body"] for call in world.calls("update_person")] == [{"custom_fields": {FIELD: "0"}}]
        assert world.wish(ada) == "0"

    @pytest.mark.rule("C10", "P15")
    async def test_an_old_opt_out_is_not_pushed_again(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        world.leaves(ADA)
        await world.push()
        world.waits(hours=1)
        await world.push()
        world.ticks(ada)
        world.edits_profile(ADA, first_name="Ada")

        end = await world.push()

        assert rows(end) == UPDATED
        assert (world.wish(ada), world.person(ada).given_name) == ("1", "Ada")

    @pytest.mark.rule("C10", "P9")
    async def test_an_opt_out_that_moved_no_date_is_new_when_an_edit_shows_it_days_later(self, world: World) -> None:
        """Nobody was known as a member, so that the time of the opt-out alone can tell."""
        ada = world.adds_person(ADA, "1")
        world.company.add_profile(ADA, source=Source("Upload"), at=world.clock.now())
        await world.push()
        world.waits(days=1)
        await world.push()
        world.profile(ADA).opted_out_at = world.simulation.clock.now()
        world.waits(days=1)
        await world.push()
        assert world.wish(ada) == "1"
        world.edits_profile(ADA, first_name="Ada")

        await world.push()

        assert world.wish(ada) == "0"


class TestNotes:
    async def test_a_contradiction_alone_gets_a_line_for_a_person_to_look_at(self, world: World) -> None:
        """Active beside a newer opt-out, of old: nothing is carried, somebody has to look."""
        profile = world.joins(ADA)
        world.waits(days=3)
        profile.opted_out_at = world.simulation.clock.now()
        await world.push()
        world.waits(days=3)
        world.edits_profile(ADA, first_name="Ada")

        end = await world.push()

        assert rows(end) == {("NoDifference", "ConsentContradictory"): 1}
        assert [line.profile_id for line in end.tally.details] == [profile.id]
        assert end.tally.details_omitted == 0
