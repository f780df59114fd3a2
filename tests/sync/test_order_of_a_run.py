"""What a run does when: it reads and writes data, then opts out, then opts in (sync.md W7, C13)."""

import pytest

from sync.world import ADA, BEN, CAI, World


@pytest.mark.rule("W7", "C13")
async def test_a_pull_opts_out_after_all_data_and_opts_in_after_that(world: World) -> None:
    ada = world.adds_person(ADA, "1")
    world.joins(ADA)
    await world.pull()
    world.waits(hours=1)
    world.unticks(ada)
    world.adds_person(BEN, "1")
    world.waits(minutes=20)
    world.journal.reset()

    await world.pull()

    assert world.writes == ["update_profile", "opt_out", "opt_in"]


@pytest.mark.rule("W7", "C13")
async def test_a_push_opts_out_after_all_data_and_opts_in_whoever_waits_after_that(world: World) -> None:
    world.adds_person(CAI, "1")
    await world.pull(max_opt_ins_per_day=0)
    world.adds_person(ADA, "1")
    world.joins(ADA)
    world.leaves(ADA)
    world.adds_person(BEN, "")
    world.joins(BEN)
    world.journal.reset()

    await world.push()

    carried = ["update_person", "update_profile"]  # of Ben, whose profile came last
    assert world.writes == [*carried, "update_person", "opt_in"]
    assert world.calls("update_person")[-1].parameters["body"] == {"custom_fields": {"sms_opt_in": "0"}}
