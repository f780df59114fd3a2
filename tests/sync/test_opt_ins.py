"""The way of an opt-in from the queue to the welcome text: window, cap, last check, answer (sync.md C12 to C18)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from anmc.errors import Interrupted
from anmc.rules.states import Wish
from anmc.sync.ports import Changes
from anmc.sync.run import RunEnd
from sync.world import ADA, BEN, CAI, FIELD, FakeProgress, Killed, World, rows

LOS_ANGELES = "12135550123"

AT_NIGHT = timedelta(hours=11)
"""From the beginning of the world to ten in the evening in New York."""

TO_MORNING = timedelta(hours=11, minutes=30)
"""From then to half past nine."""


REQUIRED_NAME = [{"field": "first_name", "apiFieldName": "given_name", "required": True}]


def is_opt_in(request: httpx.Request) -> bool:
    return b"opt_in_path_id" in request.content


@pytest.fixture
async def night(world: World) -> World:
    """A world at ten in the evening, with Ada's opt-in in the queue."""
    world.clock.advance(AT_NIGHT)
    world.adds_person(ADA, "1", given_name="Ada")
    end = await world.pull()
    assert rows(end) == {("Imported", "OutsideSendWindow"): 1}
    assert world.texted == []
    return world


@pytest.fixture
def filtered(world: World) -> World:
    """A world whose opt-in path lets nobody in and says success, with Ada who asks for it."""
    vars(world.company)["use_path"] = lambda *_args, **_keywords: None
    world.adds_person(ADA, "1")
    return world


def the_person(world: World) -> str:
    [person] = world.people()
    return person.id


class TestSendWindow:
    async def test_a_push_at_night_leaves_the_queue_alone(self, night: World) -> None:
        night.waits(hours=1)

        end = await night.push()

        assert rows(end) == {}
        assert await night.queue() == [the_person(night)]

    async def test_the_first_push_in_the_morning_welcomes(self, night: World) -> None:
        night.clock.advance(TO_MORNING)

        end = await night.push()

        assert rows(end) == {("Subscribed", "Applied"): 1}
        assert night.texted == [ADA]
        assert await night.queue() == []

    async def test_a_push_inside_a_pull_leaves_the_queue_to_it(self, night: World) -> None:
        night.clock.advance(TO_MORNING)

        await night.push(releases_opt_ins=False)

        assert night.texted == []

    async def test_the_clock_of_the_recipient_counts(self, night: World) -> None:
        night.adds_person(LOS_ANGELES, "1")

        await night.pull()

        assert night.texted == [LOS_ANGELES]

    async def test_the_morning_of_the_recipient_is_waited_for(self, night: World) -> None:
        night.waits(hours=3)
        night.adds_person(LOS_ANGELES, "1")
        await night.pull()
        night.clock.advance(TO_MORNING - timedelta(hours=3))

        await night.push()
        first = night.texted
        night.waits(hours=3)
        await night.push()

        assert (first, night.texted) == ([ADA], [ADA, LOS_ANGELES])

    async def test_a_window_that_closed_meanwhile_is_waited_for_again(self, night: World) -> None:
        night.clock.advance(TO_MORNING)
        night.specify("consent.sendWindow", {"start": "18:00", "end": "20:00"})

        end = await night.push()

        assert rows(end) == {("Held", "OutsideSendWindow"): 1}
        assert night.texted == []
        assert await night.queue() == [the_person(night)]

    async def test_a_conflict_is_not_hidden_by_the_wait(self, world: World) -> None:
        world.clock.advance(AT_NIGHT)
        world.adds_profile(ADA, first_name="Augusta", days_ago=9)
        ada = world.adds_person(ADA, "1", given_name="Ada")

        end = await world.pull()

        assert rows(end) == {("FieldConflict", "FirstLinkDiffers"): 1}
        assert await world.queue() == [ada]


class TestLastCheck:
    @pytest.mark.parametrize(
        ("change", "category", "reason"),
        [
            pytest.param(lambda w: w.unticks(the_person(w)), "Held", "NoLongerRequested", id="unticked"),
            pytest.param(
                lambda w: w.writes_wish(the_person(w), "perhaps"), "Held", "OptInFieldUnreadable", id="unreadable"
            ),
            pytest.param(lambda w: w.edits_person(the_person(w), phone=BEN), "Held", "PhoneChanged", id="number"),
            pytest.param(lambda w: w.edits_person(the_person(w), phone=""), "Held", "PhoneChanged", id="no-number"),
            pytest.param(
                # The same push has written the person's False before it comes to the queue.
                lambda w: (w.joins(ADA), w.leaves(ADA)),
                "Held",
                "NoLongerRequested",
                id="joined-and-left",
            ),
            pytest.param(lambda w: w.joins(ADA), "NoDifference", "AlreadySubscribed", id="joined"),
            pytest.param(
                lambda w: w.edits_person(the_person(w), sms_status="bouncing"), "Held", "Undeliverable", id="bouncing"
            ),
            pytest.param(
                lambda w: w.group.remove(w.person(the_person(w))), "ProcessingError", "PersonGone", id="Q16-gone"
            ),
            pytest.param(
                lambda w: w.company.profiles.pop(ADA), "UnableToUpdate", "ProfileDeleted", id="profile-deleted"
            ),
            pytest.param(
                lambda w: w.edits_profile(ADA, constituent_id="b2a4c6d8-0b1c-4d2e-8f30-4152637485a6"),
                "SkippedMembers",
                "IdAndPhoneDisagree",
                id="profile-names-somebody-else",
            ),
            pytest.param(
                lambda w: w.specify("mobileCommons.optInPath", None), "Held", "NoOptInPath", id="path-removed"
            ),
        ],
    )
    async def test_an_opt_in_whose_ground_is_gone_is_dropped(
        self, night: World, change: Callable[[World], object], category: str, reason: str
    ) -> None:
        change(night)
        night.clock.advance(TO_MORNING)
        night.journal.reset()

        end = await night.push()

        assert rows(end)[category, reason] == 1
        assert "opt_in" not in night.writes
        assert night.texted == []
        assert await night.queue() == []

    async def test_a_box_ticked_by_others_after_stop_drops_the_opt_in(self, night: World) -> None:
        night.joins(ADA)
        night.leaves(ADA)
        await night.push()
        night.ticks(the_person(night))
        night.clock.advance(TO_MORNING)

        end = await night.push()

        assert rows(end) == {("Held", "PreviouslyOptedOut"): 1}
        assert night.texted == []
        assert await night.queue() == []

    async def test_a_required_value_that_was_emptied_drops_the_opt_in(self, night: World) -> None:
        night.specify("fieldMappings", REQUIRED_NAME)
        night.edits_person(the_person(night), given_name="")
        night.clock.advance(TO_MORNING)

        end = await night.push()

        assert rows(end)["NoImport", "RequiredFieldEmpty"] == 1
        assert night.texted == []
        assert await night.queue() == []

    async def test_stop_outlives_a_profile_that_was_made_anew(self, night: World) -> None:
        night.joins(ADA)
        night.leaves(ADA)
        await night.push(releases_opt_ins=False)
        del night.company.profiles[ADA]
        night.adds_profile(ADA)
        night.clock.advance(TO_MORNING)

        await night.push()

        assert night.texted == []

    @pytest.mark.parametrize(
        ("takes_back", "asks_again"),
        [
            pytest.param(
                lambda w: w.unticks(the_person(w)), lambda w: w.ticks(the_person(w)), id="box-unticked-and-ticked"
            ),
            pytest.param(
                lambda w: w.writes_wish(the_person(w), "perhaps"),
                lambda w: w.ticks(the_person(w)),
                id="box-unreadable-and-ticked",
            ),
            pytest.param(
                lambda w: w.edits_person(the_person(w), given_name=""),
                lambda w: w.edits_person(the_person(w), given_name="Ada"),
                id="required-value-emptied-and-filled",
            ),
            pytest.param(
                lambda w: w.edits_person(the_person(w), phone=BEN),
                lambda w: w.edits_person(the_person(w), phone=ADA),
                id="number-changed-and-corrected",
            ),
            pytest.param(
                lambda w: w.specify("mobileCommons.optInPath", None),
                lambda w: w.specify("mobileCommons.optInPath", w.path.id),
                id="path-removed-and-set-again",
            ),
        ],
    )
    async def test_a_person_who_returns_to_the_form_that_was_handled_asks_anew(
        self, world: World, takes_back: Callable[[World], object], asks_again: Callable[[World], object]
    ) -> None:
        world.specify("fieldMappings", REQUIRED_NAME)
        world.adds_person(ADA, "1", given_name="Ada")
        await world.pull(max_opt_ins_per_day=0)
        world.waits(minutes=5)
        takes_back(world)
        await world.push()
        assert await world.queue() == []
        world.waits(minutes=5)
        asks_again(world)

        await world.pull()

        assert world.texted == [ADA]


class TestDailyCap:
    async def test_no_more_than_the_cap_are_called_on_a_day(self, world: World) -> None:
        for phone in (ADA, BEN, CAI):
            world.adds_person(phone, "1")

        end = await world.pull(max_opt_ins_per_day=2)
        await world.push(max_opt_ins_per_day=2)

        assert rows(end) == {("Subscribed", "Applied"): 2, ("Imported", "DailyCapReached"): 1}
        assert len(world.texted) == 2
        assert len(await world.queue()) == 1

    async def test_the_rest_follows_on_the_next_day(self, world: World) -> None:
        for phone in (ADA, BEN, CAI):
            world.adds_person(phone, "1")
        await world.pull(max_opt_ins_per_day=2)
        world.waits(days=1)

        await world.push(max_opt_ins_per_day=2)

        assert world.texted == [ADA, BEN, CAI]

    async def test_the_oldest_decision_is_called_first(self, world: World) -> None:
        world.adds_person(ADA, "1")
        await world.pull(max_opt_ins_per_day=0)
        world.waits(minutes=1)
        world.adds_person(BEN, "1")

        await world.pull(max_opt_ins_per_day=1)

        assert world.texted == [ADA]

    async def test_a_dropped_opt_in_leaves_its_place_to_the_next(self, world: World) -> None:
        people = [world.adds_person(phone, "1") for phone in (ADA, BEN, CAI)]
        await world.pull(max_opt_ins_per_day=0)
        first = (await world.queue())[0]
        world.unticks(first)

        await world.push(max_opt_ins_per_day=2)

        assert len(world.texted) == 2
        assert world.person(first).phone not in world.texted
        assert len(people) == 3


class TestAnswers:
    @pytest.mark.rule("I3")
    async def test_a_call_that_was_applied_without_an_answer_is_not_repeated(self, world: World) -> None:
        world.adds_person(ADA, "1")
        world.wire.loses_answer = is_opt_in
        first = await world.pull()
        world.wire.loses_answer = lambda _request: False
        world.waits(minutes=5)

        second = await world.push()

        assert rows(first) == {("Imported", "OutcomeUnknown"): 1}
        assert rows(second)["Subscribed", "Applied"] == 1
        assert world.writes.count("opt_in") == 1
        assert world.texted == [ADA]

    async def test_a_call_that_left_nothing_is_made_once_more_after_a_reading(self, world: World) -> None:
        world.adds_person(ADA, "1")
        world.faults.set("mobile-commons", "opt_in", status=504, times=1)
        await world.pull()
        world.waits(minutes=5)
        world.journal.reset()

        end = await world.push()

        operations = [request.operation for request in world.journal.requests]
        assert rows(end)["Subscribed", "Applied"] == 1
        assert operations.index("find_profiles") < operations.index("opt_in")
        assert world.texted == [ADA]

    @pytest.mark.rule("I3")
    async def test_there_is_no_third_call(self, world: World) -> None:
        world.adds_person(ADA, "1")
        world.faults.set("mobile-commons", "opt_in", status=504)
        await world.pull()
        for _ in range(4):
            world.waits(minutes=5)
            await world.push()

        assert world.writes.count("opt_in") == 2
        assert await world.queue() == []

    @pytest.mark.rule("I3", "C18")
    async def test_a_crash_at_the_call_counts_as_a_call(self, world: World) -> None:
        """The intent was stored before it; nobody knows whether the call arrived."""
        calls: list[str] = []

        def die_at_opt_ins(request: httpx.Request) -> None:
            if is_opt_in(request):
                calls.append(request.method)
                raise Killed

        world.adds_person(ADA, "1")
        world.wire.before_request = die_at_opt_ins
        with pytest.RaisesGroup(Killed, flatten_subgroups=True, allow_unwrapped=True):
            await world.pull()
        world.waits(minutes=5)
        with pytest.RaisesGroup(Killed, flatten_subgroups=True, allow_unwrapped=True):
            await world.push()
        world.waits(minutes=5)

        end = await world.push()

        assert len(calls) == 2
        assert rows(end)["Held", "RefusedByVendor"] == 1
        assert await world.queue() == []

    async def test_a_success_without_a_subscription_is_no_reason_to_call_again(self, filtered: World) -> None:
        end = await filtered.pull()
        await filtered.push()

        assert rows(end) == {("Imported", "RefusedByVendor"): 1}
        assert filtered.writes.count("opt_in") == 1
        assert await filtered.queue() == []

    async def test_a_success_whose_subscription_cannot_be_read_is_read_later(self, filtered: World) -> None:
        filtered.faults.set("mobile-commons", "get_profile", status=503)
        first = await filtered.pull()
        filtered.waits(minutes=5)

        second = await filtered.push()

        assert rows(first) == {("Imported", "OutcomeUnknown"): 1}
        assert rows(second) == {("Held", "RefusedByVendor"): 1}
        assert filtered.writes.count("opt_in") == 1
        assert await filtered.queue() == []

    async def test_a_subscription_that_came_late_is_the_answer(self, filtered: World) -> None:
        filtered.faults.set("mobile-commons", "get_profile", status=503)
        await filtered.pull()
        filtered.waits(minutes=5)
        filtered.company.subscribe(
            filtered.profile(ADA), filtered.campaign, source="Action Network", path=filtered.path
        )

        end = await filtered.push()

        assert rows(end)["Subscribed", "Applied"] == 1
        assert filtered.writes.count("opt_in") == 1

    async def test_a_refused_call_is_over(self, world: World) -> None:
        world.specify("mobileCommons.optInPath", "999999")
        world.adds_person(ADA, "1")

        end = await world.pull()
        await world.push()

        assert rows(end) == {("Imported", "ServiceRefused"): 1}
        assert world.writes.count("opt_in") == 1
        assert await world.queue() == []

    async def test_a_refused_call_whose_conclusion_was_lost_is_still_over(self, world: World) -> None:
        world.specify("mobileCommons.optInPath", "999999")
        world.adds_person(ADA, "1")
        world.progress = FakeProgress(pages_left=1)
        with pytest.raises(Interrupted):
            await world.pull()
        world.progress = FakeProgress()
        remember = world.memory.remember

        async def dies_at_the_end(changes: object) -> None:
            if getattr(changes, "dequeued", ()):
                raise Interrupted("killed")
            await remember(changes)  # type: ignore[arg-type]

        world.memory.remember = dies_at_the_end  # type: ignore[method-assign]
        with pytest.raises(Interrupted):
            await world.pull()
        world.memory.remember = remember  # type: ignore[method-assign]

        end = await world.pull()

        assert rows(end) == {("Imported", "ServiceRefused"): 1}
        assert world.writes.count("opt_in") == 1

    async def test_a_service_that_is_down_leaves_the_opt_in_in_the_queue(self, night: World) -> None:
        night.clock.advance(TO_MORNING)
        night.faults.set("action-network", "get_person", status=503)
        failed = await night.push()
        night.faults.clear()
        night.waits(minutes=5)

        end = await night.push()

        assert rows(failed) == {("ProcessingError", "ServiceFailed"): 1}
        assert rows(end) == {("Subscribed", "Applied"): 1}

    async def test_the_box_of_somebody_welcomed_is_left_untouched(self, world: World) -> None:
        ada = world.adds_person(ADA, "yes")

        await world.pull()
        await world.push()

        assert world.person(ada).custom_fields == {FIELD: "yes"}


def lets_in(world: World) -> None:
    """Let the opt-in path work again."""
    vars(world.company).pop("use_path", None)
    world.specify("mobileCommons.optInPath", world.path.id)


async def unticks_and_ticks(world: World) -> RunEnd:
    """Let a pull see both, neither of which it takes for a withdrawal (sync.md C5)."""
    world.replaces_integration()
    world.unticks(the_person(world))
    world.waits(minutes=15)
    await world.pull()
    world.ticks(the_person(world))
    world.waits(minutes=15)
    return await world.pull()


async def forgets_the_tick(world: World) -> None:
    """Let the store hold what a withdrawal leaves that a safety limit stopped and that was revoked (sync.md C13)."""
    seen = await world.seen_person(the_person(world))
    assert seen is not None
    await world.memory.remember(Changes(people=[replace(seen, stated_wish=Wish.FALSE, fingerprint=b"")]))


class TestANewWish:
    """A call that left no subscription forbids another one until the wish turns to True anew (sync.md C12)."""

    async def test_somebody_whom_the_path_let_not_in_may_ask_again(self, filtered: World) -> None:
        await filtered.pull()
        lets_in(filtered)

        end = await unticks_and_ticks(filtered)

        assert rows(end)["Subscribed", "Applied"] == 1
        assert filtered.writes.count("opt_in") == 2
        assert filtered.texted == [ADA]

    async def test_somebody_whose_call_failed_may_ask_again(self, world: World) -> None:
        world.specify("mobileCommons.optInPath", "999999")
        world.adds_person(ADA, "1")
        await world.pull()
        lets_in(world)

        end = await unticks_and_ticks(world)

        assert rows(end)["Subscribed", "Applied"] == 1
        assert world.texted == [ADA]

    async def test_the_old_wish_asks_for_nothing_even_where_it_is_read_for_the_first_time(
        self, filtered: World
    ) -> None:
        await filtered.pull()
        lets_in(filtered)
        filtered.replaces_integration()

        end = await filtered.pull()

        assert rows(end)["Held", "RefusedByVendor"] == 1
        assert filtered.writes.count("opt_in") == 1

    async def test_a_call_that_is_refused_again_is_over_again(self, filtered: World) -> None:
        await filtered.pull()

        again = await unticks_and_ticks(filtered)
        filtered.edits_person(the_person(filtered), given_name="Ada")
        third = await filtered.pull()
        await filtered.push()

        assert rows(again)["Held", "RefusedByVendor"] == 1
        assert rows(third)["UpdatedInMobileCommons", "RefusedByVendor"] == 1
        assert filtered.writes.count("opt_in") == 2

    @pytest.mark.rule("I3")
    async def test_the_new_call_is_made_once_more_if_nobody_knows_what_it_did(self, filtered: World) -> None:
        await filtered.pull()
        filtered.faults.set("mobile-commons", "opt_in", status=504)
        await unticks_and_ticks(filtered)
        for _ in range(4):
            filtered.waits(minutes=5)
            await filtered.push()

        assert filtered.writes.count("opt_in") == 3
        assert await filtered.queue() == []

    @pytest.mark.rule("I3")
    async def test_a_call_that_left_a_subscription_is_never_repeated(self, world: World) -> None:
        world.adds_person(ADA, "1")
        await world.pull()
        world.company.remove(world.profile(ADA))

        await unticks_and_ticks(world)
        await world.push()

        assert world.writes.count("opt_in") == 1
        assert world.texted == [ADA]

    @pytest.mark.rule("I3")
    async def test_a_call_whose_outcome_nobody_knows_is_not_overtaken(self, world: World) -> None:
        world.adds_person(ADA, "1")
        world.faults.set("mobile-commons", "opt_in", status=504)
        await world.pull()
        await forgets_the_tick(world)

        await world.pull()
        for _ in range(4):
            world.waits(minutes=5)
            await world.push()

        assert world.writes.count("opt_in") == 2
        assert await world.queue() == []

    async def test_a_box_that_comes_back_while_the_refused_opt_in_is_still_in_the_queue_is_called_once(
        self, world: World
    ) -> None:
        """The process died between the answer and the queue: what waits there is the old wish and the new one."""
        world.specify("mobileCommons.optInPath", "999999")
        world.adds_person(ADA, "1")
        remember = world.memory.remember

        async def dies_at_the_end(changes: Changes) -> None:
            if changes.dequeued:
                raise Interrupted("killed")
            await remember(changes)

        world.memory.remember = dies_at_the_end  # type: ignore[method-assign]
        with pytest.raises(Interrupted):
            await world.pull()
        world.memory.remember = remember  # type: ignore[method-assign]
        assert len(await world.queue()) == 1
        await forgets_the_tick(world)
        lets_in(world)
        world.waits(hours=2)

        end = await world.pull()
        await world.push()

        assert rows(end)["Subscribed", "Applied"] == 1
        assert world.writes.count("opt_in") == 2
        assert world.texted == [ADA]
        assert await world.queue() == []

    async def test_a_new_wish_outlives_a_crash_before_the_call(self, filtered: World) -> None:
        await filtered.pull()
        lets_in(filtered)
        await forgets_the_tick(filtered)
        filtered.progress = FakeProgress(pages_left=1)
        with pytest.raises(Interrupted):
            await filtered.pull()
        filtered.progress = FakeProgress()

        end = await filtered.pull()

        assert rows(end)["Subscribed", "Applied"] == 1
        assert filtered.writes.count("opt_in") == 2

    async def test_a_person_whom_the_run_reads_twice_is_called_once(self, filtered: World) -> None:
        """What the second reading finds is a wish that is True already, and an opt-in that waits."""
        await filtered.pull()
        lets_in(filtered)
        await forgets_the_tick(filtered)
        ada = the_person(filtered)
        for number in range(30):  # two pages
            filtered.adds_person(f"120255502{number:02}", "0")

        def touch(request: httpx.Request) -> None:
            if request.url.path.endswith("/people") and "page=2" in str(request.url):
                filtered.wire.before_request = lambda _request: None
                filtered.edits_person(ada, given_name="Ada")
                filtered.moves_to_the_end(ada)

        filtered.wire.before_request = touch

        await filtered.pull()
        filtered.waits(minutes=5)
        await filtered.push()

        assert filtered.writes.count("opt_in") == 2
        assert filtered.texted == [ADA]
        assert filtered.profile(ADA).fields["first_name"] == "Ada"
