"""Where the next run begins: watermarks, failures that they pass, runs that may not move them (sync.md I11, W17)."""

from datetime import timedelta

import httpx
import pytest

from anmc.api.names import Direction, RunResult
from anmc.errors import ServiceUnavailable, TooManyFailures
from anmc.sync.run import RunEnd
from sync.world import ADA, BEN, COLUMN, START, World, rows

BOTH = pytest.mark.parametrize("direction", list(Direction))


async def run(world: World, direction: Direction, **order: object) -> RunEnd:
    return await (world.push(**order) if direction is Direction.PUSH else world.pull(**order))


class TestWatermarks:
    @pytest.mark.rule("W3")
    async def test_a_push_leaves_ten_minutes_of_overlap(self, world: World) -> None:
        world.waits(hours=1)
        first = await world.push()
        world.waits(minutes=5)

        second = await world.push()

        assert first.watermark == first.window_to - timedelta(minutes=5)
        assert second.window_from == first.window_to - timedelta(minutes=10)

    @pytest.mark.rule("W3")
    async def test_a_first_push_begins_at_the_activation(self, world: World) -> None:
        world.waits(hours=1)

        end = await world.push()

        assert end.window_from == START - timedelta(minutes=5)

    async def test_a_pull_leaves_room_for_the_lag_of_the_index(self, world: World) -> None:
        end = await world.pull()

        assert end.watermark == end.window_to.replace(microsecond=0) - timedelta(minutes=15)

    async def test_missed_nights_are_read_again(self, world: World) -> None:
        first = await world.pull()
        world.waits(days=5)

        second = await world.pull()

        assert second.window_from == first.watermark

    @BOTH
    async def test_the_older_of_two_positions_counts(self, world: World, direction: Direction) -> None:
        await run(world, direction)
        older = START - timedelta(days=9)

        end = await run(world, direction, known_watermark=older)

        assert end.window_from <= older

    @BOTH
    async def test_a_lost_store_reads_at_least_the_look_back_again(self, world: World, direction: Direction) -> None:
        world.waits(days=9)

        end = await run(world, direction, known_watermark=world.clock.now() - timedelta(minutes=5))

        assert end.window_from <= world.clock.now() - timedelta(hours=48)

    @BOTH
    async def test_a_service_that_is_down_ends_the_run_and_moves_nothing(
        self, world: World, direction: Direction
    ) -> None:
        operation = {
            Direction.PUSH: ("mobile-commons", "list_profiles"),
            Direction.PULL: ("action-network", "list_people"),
        }
        world.faults.set(*operation[direction], status=503)

        with pytest.raises(ServiceUnavailable):
            await run(world, direction)

        assert (await world.positions(direction)).watermark is None

    @pytest.mark.rule("I4")
    async def test_an_opt_out_that_shows_on_the_subscription_alone_survives_a_failed_write(self, world: World) -> None:
        world.clock.advance(-timedelta(hours=1))
        world.joins(ADA)
        ada = world.adds_person(ADA, "1")
        world.waits(hours=1)
        world.leaves(ADA)
        world.faults.set("action-network", "update_person", status=503)
        await world.push()
        world.faults.clear()
        world.waits(minutes=5)

        await world.push()

        assert world.wish(ada) == "0"

    async def test_an_opt_out_known_by_a_lost_membership_alone_survives_a_failed_write(self, world: World) -> None:
        """Nobody watches a campaign: the STOP shows days later, when somebody edits the profile."""
        world.specify("mobileCommons.optInPath", None)
        ada = world.adds_person(ADA, "1")
        world.joins(ADA)
        await world.push()
        world.waits(hours=1)
        world.leaves(ADA)
        world.waits(days=3)
        await world.push()
        world.waits(days=3)
        world.edits_profile(ADA, first_name="Ada")
        world.faults.set("action-network", "update_person", status=503)
        await world.push()
        world.faults.clear()
        world.waits(minutes=5)

        await world.push()

        assert world.wish(ada) == "0"

    async def test_who_asked_while_the_first_pull_found_the_service_down_is_not_forgotten(self, world: World) -> None:
        world.adds_person(ADA, "1")
        world.faults.set("action-network", "list_people", status=503)
        with pytest.raises(ServiceUnavailable):
            await world.pull()
        world.faults.clear()
        world.waits(days=9)

        await world.pull()

        assert world.texted == [ADA]

    async def test_who_asked_while_a_pull_for_links_alone_kept_failing_is_not_forgotten(self, world: World) -> None:
        world.specify("initialSync", "LinkOnly")
        failing = world.adds_person(BEN, "0", given_name="Ben", days_ago=9)
        world.adds_profile(BEN, days_ago=9)
        world.faults.set("mobile-commons", "update_profile", status=503)
        await world.pull()
        world.waits(hours=1)
        world.adds_person(ADA, "1")
        world.waits(days=9)
        await world.pull()
        assert world.texted == []
        world.faults.clear()
        world.waits(days=1)

        await world.pull()

        assert world.column(BEN) == failing
        assert world.texted == [ADA]

    async def test_a_failed_write_is_blamed_on_its_service(self, world: World) -> None:
        world.joins(ADA)
        world.edits_profile(ADA, email="ada@example.org")
        world.faults.set("mobile-commons", "update_profile", status=503)
        failed = await world.push()
        world.faults.clear()
        world.waits(minutes=5)

        end = await world.push()

        [person] = world.people()
        assert rows(failed) == {("UnableToUpdate", "ServiceFailed"): 1}
        assert rows(end) == {("Linked", "Applied"): 1}
        assert world.column(ADA) == person.id

    @pytest.mark.rule("I11")
    async def test_opt_ins_in_the_queue_hold_nothing(self, world: World) -> None:
        world.adds_person(ADA, "1")

        end = await world.pull(max_opt_ins_per_day=0)

        assert end.watermark is not None


@pytest.mark.rule("S3")
class TestTooManyFailures:
    @pytest.fixture
    async def refusing(self, world: World) -> World:
        """Mobile Commons refuses to write anybody."""
        world.faults.set("mobile-commons", "update_profile", status=422)
        return world

    async def test_a_run_with_too_many_failures_stops_and_the_next_one_starts_afresh(self, refusing: World) -> None:
        for number in range(100, 126):
            refusing.adds_person(f"1202555{number:04}", "1")

        with pytest.raises(TooManyFailures, match="25 of 25 records failed, more than 20 %"):
            await refusing.pull()
        stopped = await refusing.positions(Direction.PULL)
        refusing.faults.clear()
        end = await refusing.pull()

        assert (stopped.watermark, stopped.checkpoint) == (None, None)
        assert rows(end) == {("Subscribed", "Applied"): 26}
        assert len(refusing.texted) == 26

    async def test_twenty_failures_end_no_run(self, refusing: World) -> None:
        for number in range(100, 120):
            refusing.adds_person(f"1202555{number:04}", "1")

        end = await refusing.pull()

        assert rows(end) == {("UnableToUpdate", "ServiceRefused"): 20}


class TestRefusedLists:
    @pytest.mark.parametrize(
        ("direction", "service", "operation"),
        [
            pytest.param(Direction.PULL, "action-network", "list_people", id="people"),
            pytest.param(Direction.PULL, "mobile-commons", "find_profiles", id="numbers"),
            pytest.param(Direction.PUSH, "mobile-commons", "list_profiles", id="profiles"),
            pytest.param(Direction.PUSH, "mobile-commons", "list_subscribers", id="subscribers"),
        ],
    )
    async def test_a_refused_list_fails_the_run(
        self, world: World, direction: Direction, service: str, operation: str
    ) -> None:
        world.adds_person(ADA, "1")
        world.faults.set(service, operation, status=422)

        with pytest.raises(ServiceUnavailable, match=rf"refused {operation} \(422\)") as caught:
            await run(world, direction)

        assert caught.value.remedy
        assert (await world.positions(direction)).watermark is None


@pytest.mark.rule("W17")
class TestDryRun:
    @pytest.fixture
    async def dry(self, world: World) -> World:
        """Something to do for each table, and both directions in dry run."""
        world.specify("push.mode", "DryRun")
        world.specify("pull.mode", "DryRun")
        world.adds_person(ADA, "1")
        world.joins(BEN)
        world.edits_profile(BEN, email="ben@example.org")
        return world

    async def test_a_push_says_what_it_would_do(self, dry: World) -> None:
        end = await dry.push()

        assert end.result is RunResult.DRY_RUN
        assert rows(end) == {("Exported", "Planned"): 1}

    async def test_a_pull_says_what_it_would_do(self, dry: World) -> None:
        end = await dry.pull()

        assert end.result is RunResult.DRY_RUN
        assert rows(end) == {("Subscribed", "Planned"): 1}

    async def test_an_opt_out_is_planned_too(self, dry: World) -> None:
        dry.adds_person(BEN, "1")
        dry.leaves(BEN)

        end = await dry.push()

        assert rows(end) == {("OptedOutInActionNetwork", "Planned"): 1}

    async def test_what_would_wait_is_shown_waiting(self, dry: World) -> None:
        end = await dry.pull(max_opt_ins_per_day=0)

        assert rows(end) == {("Imported", "DailyCapReached"): 1}

    @pytest.mark.rule("I13")
    @BOTH
    async def test_nothing_is_written_anywhere_and_no_position_moves(self, dry: World, direction: Direction) -> None:
        first = await run(dry, direction)
        second = await run(dry, direction)

        positions = await dry.positions(direction)
        assert dry.writes == []
        assert (positions.watermark, positions.eligible_since, positions.checkpoint) == (None, None, None)
        assert (first.watermark, second.watermark) == (None, None)
        assert rows(first) == rows(second)
        assert await dry.queue() == []

    async def test_what_a_dry_run_saw_is_all_done_once_it_counts(self, dry: World) -> None:
        await dry.push()
        await dry.pull()
        dry.waits(days=1)
        dry.specify("push.mode", "Apply")
        dry.specify("pull.mode", "Apply")

        pushed, pulled = await dry.push(), await dry.pull()

        assert rows(pushed)["Exported", "Applied"] == 1
        assert dry.texted == [ADA]
        assert pulled.watermark is not None

    async def test_a_dry_push_leaves_the_queue_alone(self, world: World) -> None:
        world.adds_person(ADA, "1")
        await world.pull(max_opt_ins_per_day=0)
        world.specify("push.mode", "DryRun")

        end = await world.push()

        assert rows(end) == {}
        assert world.texted == []


class TestOutcomes:
    @pytest.mark.rule("I9", "O2")
    async def test_every_record_has_one_outcome_and_the_sum_is_what_was_read(self, world: World) -> None:
        world.adds_person(ADA, "1")
        world.adds_person(BEN, "0")
        world.adds_person("", "1")
        profile = world.adds_profile("12025550130", days_ago=9, **{COLUMN: "junk"})
        world.adds_person(profile.phone, "1")

        end = await world.pull()

        assert end.tally.records_read == sum(end.tally.by_category.values()) == 4
        assert len(end.tally.details) == 4
        assert end.tally.details_omitted == 0

    @pytest.mark.rule("O2")
    async def test_a_profile_and_a_person_of_one_push_are_two_records(self, world: World) -> None:
        """The push updates the person of a profile, then releases the same person's deferred opt-in."""
        ada = world.adds_person(ADA, "1", given_name="Ada")
        await world.pull(max_opt_ins_per_day=0)
        await world.push(max_opt_ins_per_day=0)
        world.waits(minutes=5)
        world.edits_profile(ADA, last_name="Byron")

        end = await world.push()

        assert rows(end) == {("UpdatedInActionNetwork", "Applied"): 1, ("Subscribed", "Applied"): 1}
        assert {line.record for line in end.tally.details} == {ada, world.profile(ADA).id}

    @pytest.mark.rule("I9", "O2")
    async def test_a_person_touched_while_a_pull_reads_keeps_the_outcome_of_what_was_done(self, world: World) -> None:
        ticked = world.adds_crowd(30)
        first = next(person for person in world.people() if person.phone == ticked[0])

        def touch(request: httpx.Request) -> None:
            if request.url.path.endswith("/people") and "page=2" in str(request.url):
                world.waits(seconds=1)
                world.moves_to_the_end(first.id)
                world.wire.before_request = lambda _request: None

        world.wire.before_request = touch

        end = await world.pull()

        assert end.tally.records_read == 30
        assert rows(end) == {("Subscribed", "Applied"): 3, ("NoImport", "NotOptedIn"): 27}
