"""A run whose credentials are refused accounts for every record that it has read (sync.md W15, I9, O1)."""

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest

from anmc.api.names import Direction
from anmc.errors import AuthenticationFailed
from anmc_simulators.fault_kinds.catalogue import make
from sync.world import ADA, BEN, CAI, Row, World, rows

pytestmark = pytest.mark.rule("W15")

CUT_OFF = ("ValidationError", "AuthenticationFailed")
A_QUARTER = timedelta(minutes=15)


@contextmanager
def refusing(world: World, service: str, operation: str, *, after: int = 0) -> Iterator[None]:
    """Let a service refuse one kind of call, the first ones excepted; whatever follows uses another key."""
    world.faults.order(make("status", {"status": 401}), service, operation, after=after)
    yield
    world.faults.clear()
    world.opens_services()


async def refused(run: Awaitable[object], world: World) -> dict[Row, int]:
    """Let a run be refused; return what it has counted."""
    with pytest.raises((AuthenticationFailed, ExceptionGroup)):
        await run
    assert world.last is not None
    return rows(world.last.tally)


class TestPulls:
    async def test_who_was_cut_off_says_so_and_who_was_finished_keeps_the_outcome(self, world: World) -> None:
        world.adds_person(ADA, "1")
        world.adds_person(BEN, "1")
        world.adds_person("", "1")

        with refusing(world, "mobile-commons", "update_profile"):
            counts = await refused(world.pull(), world)

        assert counts == {CUT_OFF: 2, ("NoImport", "PhoneMissing"): 1}

    async def test_a_refused_look_up_cuts_off_its_page(self, world: World) -> None:
        world.adds_crowd(30)

        with refusing(world, "mobile-commons", "find_profiles"):
            counts = await refused(world.pull(), world)

        assert counts == {CUT_OFF: 25}

    async def test_the_next_run_decides_about_them(self, world: World) -> None:
        world.adds_person(ADA, "1")
        world.adds_person(BEN, "1")
        with refusing(world, "mobile-commons", "update_profile", after=1):
            await refused(world.pull(), world)
        positions = await world.positions(Direction.PULL)
        world.clock.advance(A_QUARTER)

        end = await world.pull()

        assert (positions.watermark, positions.checkpoint) == (None, None)
        assert rows(end) == {("Subscribed", "Applied"): 2}
        assert world.texted == [ADA, BEN]
        assert await world.memory.dead_letters() == []

    async def test_the_next_run_starts_afresh_as_this_one_was_reported(self, world: World) -> None:
        phones = world.adds_crowd()
        with refusing(world, "action-network", "list_people", after=2):
            counts = await refused(world.pull(), world)
        world.clock.advance(A_QUARTER)

        end = await world.pull()

        assert sum(counts.values()) == 50
        assert world.last is not None
        assert world.last.order.resumed_from is None
        assert end.tally.records_read == 51
        assert world.texted == phones

    async def test_an_opt_in_that_was_not_made_stays_in_the_queue(self, world: World) -> None:
        ada, ben = world.adds_person(ADA, "1"), world.adds_person(BEN, "0")
        with refusing(world, "mobile-commons", "opt_in"):
            counts = await refused(world.pull(), world)
        assert counts == {CUT_OFF: 1, ("NoImport", "NotOptedIn"): 1}
        assert await world.queue() == [ada]
        world.clock.advance(A_QUARTER)

        end = await world.push()

        assert rows(end)["Subscribed", "Applied"] == 1
        assert world.texted == [ADA]
        assert ben not in await world.queue()

    async def test_an_opt_in_that_waits_for_its_hour_is_not_cut_off(self, world: World) -> None:
        world.specify("consent.sendWindow", {"start": "20:00", "end": "21:00"})
        world.adds_crowd(26)

        with refusing(world, "action-network", "list_people", after=1):
            counts = await refused(world.pull(), world)

        assert counts == {("Imported", "OutsideSendWindow"): 3, ("NoImport", "NotOptedIn"): 22}

    @pytest.mark.parametrize(
        ("service", "operation", "after"),
        [
            pytest.param("action-network", "list_people", 1, id="while-reading"),
            pytest.param("mobile-commons", "opt_out", 0, id="at-the-call"),
        ],
    )
    async def test_a_withdrawal_that_was_not_made_stays_staged(
        self, world: World, service: str, operation: str, after: int
    ) -> None:
        ada = world.adds_person(ADA, "1")
        await world.pull()
        world.waits(days=1)
        world.unticks(ada)

        with refusing(world, service, operation, after=after):
            counts = await refused(world.pull(), world)
        world.clock.advance(A_QUARTER)
        await world.pull()

        assert counts == {CUT_OFF: 1}
        assert world.statuses(ADA) == ["Opted-Out"]

    async def test_a_dead_letter_stays_one(self, world: World) -> None:
        world.adds_person(ADA, "1")
        world.faults.set("mobile-commons", "update_profile", status=503)
        world.waits(hours=1)
        await world.pull()
        world.faults.clear()
        before = await world.memory.dead_letters()
        world.waits(days=3)

        with refusing(world, "action-network", "get_person"):
            counts = await refused(world.pull(), world)

        assert counts == {CUT_OFF: 1}
        assert await world.memory.dead_letters() == before

    async def test_a_dry_run_says_so_too(self, world: World) -> None:
        world.specify("pull.mode", "DryRun")
        world.adds_person(ADA, "1")

        with refusing(world, "mobile-commons", "find_profiles"):
            counts = await refused(world.pull(), world)

        assert counts == {CUT_OFF: 1}


class TestPushes:
    async def test_who_was_cut_off_says_so(self, world: World) -> None:
        for phone in (ADA, BEN):
            world.joins(phone)
            world.edits_profile(phone, email=f"{phone}@example.org")
        world.adds_profile(CAI)

        with refusing(world, "action-network", "create_person"):
            counts = await refused(world.push(), world)

        assert counts == {CUT_OFF: 2, ("NoDifference", "NotSubscribed"): 1}

    async def test_the_next_run_decides_about_them(self, world: World) -> None:
        for phone in (ADA, BEN):
            world.joins(phone)
            world.edits_profile(phone, email=f"{phone}@example.org")
        with refusing(world, "action-network", "create_person", after=1):
            await refused(world.push(), world)
        world.clock.advance(A_QUARTER)

        end = await world.push()

        assert end.tally.records_read == 2
        assert sorted(person.phone for person in world.people()) == [ADA, BEN]

    @pytest.mark.parametrize("operation", ["update_person", "find_person"])
    async def test_an_opt_out_that_was_not_told_is_told_by_the_next_run(self, world: World, operation: str) -> None:
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        world.leaves(ADA)

        with refusing(world, "action-network", operation):
            counts = await refused(world.push(), world)
        world.clock.advance(A_QUARTER)
        await world.push()

        assert counts == {CUT_OFF: 1}
        assert world.wish(ada) == "0"

    async def test_a_withdrawal_that_is_tried_again_stays_staged(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        await world.pull()
        world.waits(days=1)
        world.unticks(ada)
        world.faults.set("mobile-commons", "opt_out", status=503)
        await world.pull()
        world.faults.clear()
        world.waits(minutes=15)

        with refusing(world, "mobile-commons", "opt_out"):
            counts = await refused(world.push(), world)
        await world.push()

        assert counts == {CUT_OFF: 1}
        assert world.statuses(ADA) == ["Opted-Out"]

    async def test_an_opt_in_of_the_queue_stays_there(self, world: World) -> None:
        world.specify("consent.sendWindow", {"start": "20:00", "end": "21:00"})
        ada = world.adds_person(ADA, "1")
        await world.pull()
        world.specify("consent.sendWindow", {"start": "00:00", "end": "24:00"})
        world.waits(hours=12)

        with refusing(world, "action-network", "get_person"):
            counts = await refused(world.push(), world)

        assert counts == {CUT_OFF: 1}
        assert await world.queue() == [ada]
        assert world.texted == []


async def test_no_call_leaves_once_a_refusal_has_been_read(world: World) -> None:
    """More people than may be written side by side: the refusal of the first makes room for no further one."""
    for number in range(25):
        world.adds_person(f"1202555{number:04}", "1")
    sent: list[str] = []
    sent_when_answered: list[int] = []

    def note_answer(request: httpx.Request) -> bool:
        if request.url.path.endswith("profile_update"):
            sent_when_answered.append(len(sent))
        return False

    world.wire.before_request = lambda request: sent.append(request.url.path)
    world.wire.loses_answer = note_answer

    with refusing(world, "mobile-commons", "update_profile"):
        await refused(world.pull(), world)

    assert len(sent) == sent_when_answered[0], sent[sent_when_answered[0] :]
