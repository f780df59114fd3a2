"""Records that cannot be parsed are counted, and kept by id or by the watermark (sync.md W13, I11)."""

from contextlib import aclosing
from dataclasses import replace

import httpx
import pytest

from anmc.api.names import Direction, RunResult
from anmc.errors import Interrupted, TooManyFailures
from anmc.rules.records import Person
from anmc.sync.ports import ActionNetwork, Pages
from anmc.sync.pull import pull
from sync.spoiling import heal, nameless, spoil, without_number
from sync.world import ADA, BEN, CAI, World, rows

UNREADABLE = ("ProcessingError", "UnreadableRecord")


class TestPulls:
    async def test_a_person_who_cannot_be_read_is_counted_and_the_others_are_imported(self, world: World) -> None:
        ada, _ = world.adds_person(ADA, "1"), world.adds_person(BEN, "1")
        spoil(world, nameless(ada))

        end = await world.pull()

        assert rows(end) == {UNREADABLE: 1, ("Subscribed", "Applied"): 1}
        assert [line.person_id for line in end.tally.details if line.outcome.reason == UNREADABLE[1]] == [ada]
        assert (end.result, end.tally.records_read) == (RunResult.PARTIALLY_SUCCEEDED, 2)

    async def test_the_watermark_passes_who_is_known_by_id_and_a_later_run_reads_them(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        spoil(world, nameless(ada))
        await world.pull()
        assert (await world.positions(Direction.PULL)).watermark is not None

        heal(world)
        world.waits(days=9)
        end = await world.pull()

        assert rows(end) == {("Subscribed", "Applied"): 1}

    async def test_a_run_that_goes_on_counts_it_once(self, world: World) -> None:
        ada, _ = world.adds_person(ADA, "1"), world.adds_person(BEN, "1")
        spoil(world, nameless(ada))
        world.progress.pages_left = 1
        with pytest.raises(Interrupted):
            await world.pull()
        world.progress.pages_left = None

        end = await world.pull()

        assert rows(end)[UNREADABLE] == 1

    async def test_too_many_of_them_end_the_run(self, world: World) -> None:
        people = [world.adds_person(f"120255502{number:02}", "1") for number in range(21)]

        def change(request: httpx.Request, body: bytes) -> bytes:
            for person_id in people:
                body = nameless(person_id)(request, body)
            return body

        spoil(world, change)

        with pytest.raises(TooManyFailures):
            await world.pull()

    async def test_nobody_is_opted_in_whose_profile_cannot_be_read(self, world: World) -> None:
        """Not found is no answer here: the number may be opted out (sync.md I2)."""
        world.joins(ADA)
        world.leaves(ADA)
        world.adds_person(ADA, "1")
        world.adds_person(BEN, "1")
        world.journal.reset()
        spoil(world, without_number(ADA, path="/api/profiles"))

        end = await world.pull()

        assert rows(end) == {UNREADABLE: 1, ("Subscribed", "Applied"): 1}
        assert world.texted == [BEN]
        assert [call.parameters["phone_number"] for call in world.calls("update_profile")] == [BEN]

    async def test_an_opt_in_waits_while_the_profile_cannot_be_read(self, world: World) -> None:
        ada = world.adds_person(ADA, "1")
        look_ups: list[httpx.Request] = []

        def change(request: httpx.Request, body: bytes) -> bytes:
            if request.url.params.get("phone_number"):
                look_ups.append(request)
            last_check = len(look_ups) > 1
            return without_number(ADA, path="/api/profiles")(request, body) if last_check else body

        spoil(world, change)
        end = await world.pull()
        assert (world.texted, await world.queue()) == ([], [ada])
        assert rows(end) == {("Imported", "UnreadableRecord"): 1}

        heal(world)
        await world.push()

        assert (world.texted, await world.queue()) == ([ADA], [])

    async def test_a_walk_that_may_have_missed_somebody_moves_no_watermark(self, world: World) -> None:
        world.adds_person(ADA, "1")
        context = await world.context(Direction.PULL)
        context.action_network = Doubtful(context.action_network)  # type: ignore[assignment]

        end = await pull(context)

        assert rows(end) == {("Subscribed", "Applied"): 1}
        assert end.result is RunResult.PARTIALLY_SUCCEEDED
        assert end.watermark is None


class Doubtful:
    """A list whose end came too early."""

    def __init__(self, action_network: ActionNetwork) -> None:
        self._action_network = action_network

    def __getattr__(self, name: str) -> object:
        return getattr(self._action_network, name)

    async def iter_people(self, **walk: object) -> Pages[Person]:
        async with aclosing(self._action_network.iter_people(**walk)) as pages:  # type: ignore[arg-type]
            async for page in pages:
                yield replace(page, is_complete=False)


class TestPushes:
    async def test_a_profile_that_cannot_be_read_is_counted_and_the_others_are_exported(self, world: World) -> None:
        world.joins(ADA)
        world.joins(BEN)
        world.edits_profile(BEN, email="ben@example.org")
        spoil(world, without_number(ADA, path="/api/profiles"))

        end = await world.push()

        assert rows(end)["Exported", "Applied"] == 1
        assert rows(end)[UNREADABLE] >= 1
        assert end.result is RunResult.PARTIALLY_SUCCEEDED

    async def test_the_watermark_stays_before_a_profile_without_an_id_and_the_next_run_reads_it(
        self, world: World
    ) -> None:
        world.joins(CAI)
        world.edits_profile(CAI, email="cai@example.org")
        spoil(world, without_number(CAI, path="/api/profiles"))
        await world.push()
        assert (await world.positions(Direction.PUSH)).watermark is None
        world.waits(minutes=20)

        heal(world)
        end = await world.push()

        assert rows(end) == {("Exported", "Applied"): 1}
        assert (await world.positions(Direction.PUSH)).watermark is not None

    async def test_a_subscriber_who_cannot_be_read_is_counted_by_profile(self, world: World) -> None:
        world.adds_profile(ADA, days_ago=9)
        await world.push()
        world.joins(ADA)  # which leaves the profile's own date alone
        world.waits(minutes=5)
        spoil(world, without_number(ADA, path="/api/campaign_subscribers"))

        end = await world.push()

        assert rows(end) == {UNREADABLE: 1}
        assert [line.profile_id for line in end.tally.details] == [world.profile(ADA).id]
        assert end.watermark is not None

    async def test_a_row_that_cannot_be_read_hides_nothing_of_a_profile_that_was(self, world: World) -> None:
        world.joins(ADA)
        world.edits_profile(ADA, email="ada@example.org")
        spoil(world, without_number(ADA, path="/api/campaign_subscribers"))

        end = await world.push()

        assert rows(end) == {("Exported", "Applied"): 1}
        assert end.watermark is not None

    async def test_a_profile_whose_row_changed_and_that_cannot_be_read_is_counted_once(self, world: World) -> None:
        world.joins(ADA)
        world.edits_profile(ADA, email="ada@example.org")

        def change(request: httpx.Request, body: bytes) -> bytes:
            return (
                body.replace(b"<phone_number>", b"<number>").replace(b"</phone_number>", b"</number>")
                if (request.url.path == "/api/profiles")
                else body
            )

        spoil(world, change)

        end = await world.push()

        assert rows(end) == {UNREADABLE: 1}
        assert [line.profile_id for line in end.tally.details] == [world.profile(ADA).id]
