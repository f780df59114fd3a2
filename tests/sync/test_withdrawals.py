"""Opt-outs made in Action Network on their way to Mobile Commons (sync.md C5 to C8, C13, Q9, Q9b, Q25, P18)."""

import httpx
import pytest

from anmc.api.names import Direction, Mode, Reason
from anmc.rules.records import NumberHash, PersonId, Phone
from anmc.rules.remembered import OptOutOrigin, StagedOptOut, Suppression
from anmc.sync.ports import Changes
from sync.world import ADA, BEN, CAI, Killed, World, rows


def refuse_opt_outs(request: httpx.Request) -> None:
    if request.url.path.endswith("/profile_opt_out"):
        raise httpx.ConnectError("the service is down")


def die_at_opt_outs(request: httpx.Request) -> None:
    if request.url.path.endswith("/profile_opt_out"):
        raise Killed


def let_all_pass(_request: httpx.Request) -> None: ...


@pytest.fixture
async def member(world: World) -> PersonId:
    """Ada, a member of both services, whose yes the sync has seen."""
    person_id = world.adds_person(ADA, "1")
    world.joins(ADA)
    await world.pull()
    await world.push()
    world.waits(hours=1)
    world.journal.reset()
    return person_id


def number_of(world: World, phone: str = ADA) -> NumberHash:
    return world.hasher.number(Phone(f"+{phone}"))


class TestCarried:
    @pytest.mark.rule("Q9", "C8")
    async def test_unticking_the_box_opts_out_in_mobile_commons(self, world: World, member: PersonId) -> None:
        world.unticks(member)
        world.waits(minutes=20)

        end = await world.pull()

        assert rows(end) == {("OptedOutInMobileCommons", "Applied"): 1}
        assert world.statuses(ADA) == ["Opted-Out"]
        assert world.writes == ["opt_out"]
        assert await world.memory.staged_opt_outs() == []
        entry = await world.suppression(ADA)
        assert entry is not None
        assert entry.is_live

    async def test_what_was_carried_is_not_pushed_back(self, world: World, member: PersonId) -> None:
        world.unticks(member)
        world.waits(minutes=20)
        await world.pull()
        world.waits(minutes=10)
        world.journal.reset()

        first, second = await world.push(), await world.push()

        assert rows(first) == {("NoDifference", "NothingToCarry"): 1}
        assert rows(second) == {}
        assert world.writes == []

    async def test_an_sms_opt_out_counts_although_the_box_is_ticked(self, world: World) -> None:
        person_id = world.adds_person(ADA, "1", sms_status="subscribed")
        world.joins(ADA)
        await world.pull()
        world.waits(hours=1)
        world.edits_person(person_id, sms_status="unsubscribed")
        world.waits(minutes=20)

        end = await world.pull()

        assert rows(end) == {("OptedOutInMobileCommons", "FlagAndStatusDiffer"): 1}
        assert world.statuses(ADA) == ["Opted-Out"]

    @pytest.mark.rule("C5", "Q19")
    async def test_a_first_no_is_a_baseline(self, world: World) -> None:
        world.adds_person(ADA, "0")
        world.joins(ADA)

        end = await world.pull()

        assert world.statuses(ADA) == ["Active"]
        assert {reason for _, reason in rows(end)} == {"OptInStatusDiffers"}
        assert world.calls("opt_out") == []

    @pytest.mark.rule("C5", "I5")
    async def test_a_blank_box_is_no_withdrawal(self, world: World, member: PersonId) -> None:
        world.writes_wish(member, "")
        world.waits(minutes=20)

        await world.pull()

        assert world.statuses(ADA) == ["Active"]

    @pytest.mark.rule("C5")
    async def test_a_no_of_ours_is_no_withdrawal(self, world: World, member: PersonId) -> None:
        world.leaves(ADA)
        world.waits(minutes=1)
        await world.push()
        assert world.wish(member) == "0"
        world.waits(minutes=1)
        world.joins(ADA)
        world.waits(minutes=20)

        await world.pull()

        assert world.statuses(ADA) == ["Active"]
        assert world.calls("opt_out") == []

    async def test_somebody_who_has_no_subscription_is_only_remembered(self, world: World) -> None:
        world.specify("mobileCommons.optInPath", None)
        person_id = world.adds_person(ADA, "1")
        await world.pull()
        world.waits(hours=1)
        world.unticks(person_id)
        world.waits(minutes=20)
        world.journal.reset()

        end = await world.pull()

        assert world.writes == []
        assert rows(end) == {("NoDifference", "NothingToCarry"): 1}
        assert await world.suppression(ADA) is not None
        assert await world.memory.staged_opt_outs() == []

    @pytest.mark.rule("Q9b", "A6")
    async def test_it_drops_an_opt_in_that_waits(self, world: World) -> None:
        world.waits(hours=11)  # at night
        person_id = world.adds_person(ADA, "1")
        await world.pull()
        assert await world.queue() == [person_id]
        world.waits(hours=1)
        world.unticks(person_id)
        world.waits(minutes=20)

        await world.pull()
        world.waits(hours=11)
        await world.push()

        assert await world.queue() == []
        assert world.texted == []

    async def test_a_dry_run_counts_it_and_leaves_no_trace(self, world: World, member: PersonId) -> None:
        world.unticks(member)
        world.waits(minutes=20)

        end = await world.pull(mode=Mode.DRY_RUN)

        assert rows(end) == {("OptedOutInMobileCommons", "Planned"): 1}
        assert world.writes == []
        assert await world.memory.staged_opt_outs() == []
        assert rows(await world.pull()) == {("OptedOutInMobileCommons", "Applied"): 1}

    @pytest.mark.rule("M11")
    async def test_the_old_number_leaves_too(self, world: World, member: PersonId) -> None:
        world.edits_person(member, phone=BEN)
        world.unticks(member)
        world.waits(minutes=20)

        end = await world.pull()

        assert world.statuses(ADA) == ["Opted-Out"]
        assert {category for category, _ in rows(end)} == {"OptedOutInMobileCommons"}
        assert await world.suppression(BEN) is not None

    @pytest.mark.rule("C8", "I4")
    async def test_the_spec_can_keep_it_in_action_network(self, world: World, member: PersonId) -> None:
        world.specify("consent.optOutFromActionNetwork", value=False)
        world.unticks(member)
        world.waits(minutes=20)

        end = await world.pull()

        assert rows(end) == {("Held", "OptOutNotCarried"): 1}
        assert world.statuses(ADA) == ["Active"]
        assert await world.suppression(ADA) is not None


class TestNewestActWins:
    async def test_an_own_act_after_it_makes_it_void(self, world: World, member: PersonId) -> None:
        world.unticks(member)
        world.waits(minutes=5)
        world.leaves(ADA)
        world.waits(minutes=5)
        world.joins(ADA)
        world.waits(minutes=20)

        end = await world.pull()

        assert rows(end) == {("UpdatedInActionNetwork", "OptInIsNewer"): 1}
        assert world.wish(member) == "1"
        assert world.statuses(ADA) == ["Active"]
        assert world.calls("opt_out") == []

    @pytest.mark.rule("C13")
    async def test_one_taken_back_before_it_was_applied_is_dropped(self, world: World, member: PersonId) -> None:
        waiting = StagedOptOut(number_of(world), member, None, world.clock.now(), Reason.APPLIED, Direction.PULL)
        await world.memory.remember(Changes(staged=[waiting]))
        world.edits_person(member, given_name="Ada")
        world.waits(minutes=20)

        end = await world.pull()

        assert rows(end) == {("UpdatedInMobileCommons", "WithdrawalRevoked"): 1}
        assert await world.memory.staged_opt_outs() == []
        assert world.statuses(ADA) == ["Active"]

    @pytest.mark.rule("C13")
    async def test_nobody_is_opted_in_while_an_opt_out_of_the_number_waits(self, world: World) -> None:
        waiting = StagedOptOut(
            number_of(world), PersonId("somebody-else"), None, world.clock.now(), Reason.APPLIED, Direction.PULL
        )
        await world.memory.remember(Changes(staged=[waiting]))
        world.adds_person(ADA, "1")

        await world.pull()

        assert world.texted == []

    @pytest.mark.rule("C13", "C15")
    async def test_a_waiting_opt_in_is_dropped_while_an_opt_out_of_the_number_waits(self, world: World) -> None:
        """A run that died between the two has left both."""
        world.specify("consent.maxOptInsPerDay", 0)
        ada = world.adds_person(ADA, "1")
        await world.pull()
        waiting = StagedOptOut(number_of(world), None, None, world.clock.now(), Reason.APPLIED, Direction.PULL)
        await world.memory.remember(Changes(staged=[waiting]))
        world.specify("consent.maxOptInsPerDay", 5)
        world.waits(minutes=5)

        end = await world.push()

        assert rows(end)["Held", "PreviouslyOptedOut"] == 1
        assert world.texted == []
        assert await world.queue() == []
        assert world.wish(ada) == "1"


class TestFailures:
    @pytest.mark.rule("I4")
    async def test_one_that_fails_waits_approved_and_every_push_tries_again(
        self, world: World, member: PersonId
    ) -> None:
        world.unticks(member)
        world.waits(minutes=20)
        world.wire.before_request = refuse_opt_outs

        failed = await world.pull()

        assert rows(failed) == {("UnableToUpdate", "ServiceFailed"): 1}
        assert [entry.is_approved for entry in await world.memory.staged_opt_outs()] == [True]
        assert await world.suppression(ADA) is not None
        world.wire.before_request = let_all_pass
        world.waits(minutes=5)
        assert rows(await world.push()) == {("OptedOutInMobileCommons", "Applied"): 1}
        assert world.statuses(ADA) == ["Opted-Out"]
        assert await world.memory.staged_opt_outs() == []

    async def test_one_that_waits_is_void_once_the_person_has_come_back(self, world: World, member: PersonId) -> None:
        world.unticks(member)
        world.waits(minutes=20)
        world.wire.before_request = refuse_opt_outs
        await world.pull()
        world.wire.before_request = let_all_pass
        world.waits(minutes=1)
        world.leaves(ADA)
        world.waits(minutes=1)
        world.joins(ADA)
        world.waits(minutes=5)

        await world.push()

        assert world.statuses(ADA) == ["Active"]
        assert await world.memory.staged_opt_outs() == []

    @pytest.mark.rule("I4")
    async def test_a_crash_before_the_opt_outs_loses_none(self, world: World, member: PersonId) -> None:
        world.unticks(member)
        world.waits(minutes=20)
        world.wire.before_request = die_at_opt_outs
        with pytest.RaisesGroup(Killed):
            await world.pull()
        world.wire.before_request = let_all_pass
        world.waits(minutes=5)

        await world.push()

        assert world.statuses(ADA) == ["Opted-Out"]

    async def test_a_person_who_is_gone_is_found_by_the_hash_of_the_number(
        self, world: World, member: PersonId
    ) -> None:
        approved = StagedOptOut(
            number_of(world), member, None, world.clock.now(), Reason.APPLIED, Direction.PULL, is_approved=True
        )
        await world.memory.remember(Changes(staged=[approved]))
        world.group.remove(world.person(member))

        await world.push()

        assert world.statuses(ADA) == ["Opted-Out"]

    async def test_a_number_that_nobody_has_any_more_is_done(self, world: World, member: PersonId) -> None:
        gone = StagedOptOut(
            number_of(world, CAI), member, None, world.clock.now(), Reason.APPLIED, Direction.PULL, is_approved=True
        )
        await world.memory.remember(Changes(staged=[gone]))

        end = await world.push()

        assert await world.memory.staged_opt_outs() == []
        assert world.writes == []
        assert ("NoDifference", "NothingToCarry") in rows(end)


class TestRepair:
    @pytest.fixture
    async def recorded(self, world: World, member: PersonId) -> PersonId:
        """A withdrawal on record, newer than the membership that Mobile Commons shows."""
        entry = Suppression(number_of(world), world.clock.now(), OptOutOrigin.ACTION_NETWORK)
        await world.memory.remember(Changes(suppressions=[entry]))
        world.waits(minutes=1)
        return member

    @pytest.mark.rule("P18")
    async def test_a_push_opts_out_again(self, world: World, recorded: PersonId) -> None:
        world.edits_profile(ADA, first_name="Ada")

        end = await world.push()

        assert rows(end) == {("OptedOutInMobileCommons", "Suppressed"): 1}
        assert world.statuses(ADA) == ["Opted-Out"]
        assert recorded

    @pytest.mark.rule("Q25")
    async def test_a_pull_opts_out_again(self, world: World, recorded: PersonId) -> None:
        world.edits_person(recorded, given_name="Ada")
        world.waits(minutes=20)

        end = await world.pull()

        assert rows(end) == {("OptedOutInMobileCommons", "Suppressed"): 1}
        assert world.statuses(ADA) == ["Opted-Out"]

    async def test_the_spec_can_forbid_it(self, world: World, recorded: PersonId) -> None:
        world.specify("consent.optOutFromActionNetwork", value=False)
        world.edits_profile(ADA, first_name="Ada")

        await world.push()

        assert world.statuses(ADA) == ["Active"]
        assert recorded
