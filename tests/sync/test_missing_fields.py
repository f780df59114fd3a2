"""A mapped field that vanished from Action Network is held alone, and lost nowhere (sync.md F16)."""

from datetime import timedelta
from typing import Final

import pytest

from anmc.rules.records import PersonId
from sync.world import ADA, FIELD, World, rows

pytestmark = pytest.mark.rule("F16")

TEAM: Final = "custom_fields.team"
A_WEEK: Final = timedelta(days=7)


@pytest.fixture(autouse=True)
def _team(world: World) -> None:
    world.specify(
        "fieldMappings",
        [
            {"field": "first_name", "apiFieldName": "given_name"},
            {"field": "custom.team", "apiFieldName": TEAM},
        ],
    )


async def linked(world: World, team: str = "Red") -> PersonId:
    """Link a member and a person of one team."""
    ada = world.adds_person(ADA, "1", given_name="Ada")
    world.edits_person_unseen(ada, custom_fields={FIELD: "1", "team": team})
    world.joins(ADA)
    await world.push()
    await world.pull()
    assert world.profile(ADA).columns["team"].text == team
    world.waits(minutes=15)
    world.journal.reset()
    return ada


def loses_team(world: World, ada: PersonId | None = None) -> None:
    """Delete the field in Action Network: nobody shows it any more, and the next verification tells so."""
    world.missing = frozenset({TEAM})
    if ada is not None:
        world.edits_person_unseen(ada, custom_fields={FIELD: "1"})


def team(world: World) -> str:
    return world.profile(ADA).columns["team"].text


async def test_what_was_edited_meanwhile_is_held_and_told(world: World) -> None:
    ada = await linked(world)
    loses_team(world, ada)
    world.edits_profile(ADA, team="Blue")

    end = await world.push()

    assert rows(end) == {("Held", "FieldMissing"): 1}
    assert end.tally.attention == 1
    assert end.tally.details[0].outcome.fields == ("custom.team",)
    assert world.writes == []


async def test_the_other_fields_flow(world: World) -> None:
    ada = await linked(world)
    loses_team(world, ada)
    world.edits_profile(ADA, team="Blue", first_name="Augusta")

    end = await world.push()

    assert rows(end) == {("UpdatedInActionNetwork", "FieldMissing"): 1}
    assert world.person(ada).given_name == "Augusta"
    assert world.person(ada).custom_fields == {FIELD: "1"}


async def test_what_is_held_is_told_once(world: World) -> None:
    ada = await linked(world)
    loses_team(world, ada)
    world.edits_profile(ADA, team="Blue")
    await world.push()
    world.journal.reset()

    ends = []
    for _ in range(3):
        world.waits(minutes=5)
        ends.append(await world.push())

    assert [rows(end) for end in ends] == [{}, {}, {}]
    assert world.writes == []


async def test_it_is_told_again_when_it_changes(world: World) -> None:
    ada = await linked(world)
    loses_team(world, ada)
    world.edits_profile(ADA, team="Blue")
    await world.push()
    world.waits(minutes=5)
    world.edits_profile(ADA, team="Green")

    assert rows(await world.push()) == {("Held", "FieldMissing"): 1}


async def test_a_pull_takes_no_absent_value_for_an_empty_one(world: World) -> None:
    ada = await linked(world)
    loses_team(world, ada)
    world.edits_person(ada, given_name="Augusta")

    end = await world.pull()

    assert rows(end)["UpdatedInMobileCommons", "AlreadySubscribed"] == 1
    assert world.profile(ADA).fields["first_name"] == "Augusta"
    assert team(world) == "Red"


async def test_a_pull_tells_of_what_a_push_cannot_carry(world: World) -> None:
    ada = await linked(world)
    loses_team(world, ada)
    world.edits_profile(ADA, team="Blue")
    world.edits_person(ada, given_name="Augusta")

    assert rows(await world.pull()) == {("UpdatedInMobileCommons", "FieldMissing"): 1}


async def test_what_was_held_moves_when_the_field_is_back(world: World) -> None:
    """Nobody touches the profile again: the weekly sweep comes by, and knows that it was handled without the field."""
    ada = await linked(world)
    loses_team(world, ada)
    world.edits_profile(ADA, team="Blue")
    await world.push()
    world.missing = frozenset()
    world.clock.advance(A_WEEK)

    end = await world.push()

    assert rows(end) == {("UpdatedInActionNetwork", "Applied"): 1}
    assert world.person(ada).custom_fields["team"] == "Blue"


async def test_a_field_that_comes_back_empty_empties_nothing(world: World) -> None:
    ada = await linked(world)
    loses_team(world, ada)
    world.edits_person(ada, given_name="Augusta")
    await world.pull()
    world.missing = frozenset()
    world.waits(days=1)
    world.edits_person(ada, given_name="Ada")

    await world.pull()

    assert team(world) == "Red"


async def test_a_value_that_is_edited_after_the_field_is_back_flows(world: World) -> None:
    ada = await linked(world)
    loses_team(world, ada)
    await world.pull()
    world.missing = frozenset()
    world.waits(days=1)
    world.edits_person(ada, custom_fields={FIELD: "1", "team": "Green"})

    await world.pull()

    assert team(world) == "Green"


async def test_nobody_looks_changed_for_ever(world: World) -> None:
    """A field that goes missing makes everybody look changed once, and so does one that is back."""
    await linked(world)
    for missing in (frozenset({TEAM}), frozenset[str]()):
        world.missing = missing
        world.waits(hours=12)

        first, second = await world.pull(), await world.pull()

        assert rows(first) == {("NoDifference", "AlreadySubscribed"): 1}
        assert rows(second) == {("NoNewChanges", "Unchanged"): 1}
    assert world.writes == []


async def test_a_required_field_that_vanished_blocks_nobody(world: World) -> None:
    world.specify(
        "fieldMappings",
        [
            {"field": "first_name", "apiFieldName": "given_name"},
            {"field": "custom.team", "apiFieldName": TEAM, "required": True},
        ],
    )
    loses_team(world)
    world.adds_person(ADA, "1", given_name="Ada")

    end = await world.pull()

    assert rows(end) == {("Subscribed", "Applied"): 1}
    assert world.profile(ADA).fields["first_name"] == "Ada"


async def test_who_is_made_without_the_field_gets_its_value_once_it_is_back(world: World) -> None:
    loses_team(world)
    world.joins(ADA)
    world.edits_profile(ADA, email="ada@example.org", team="Blue")

    first = await world.push()
    world.missing = frozenset()
    world.clock.advance(A_WEEK)
    await world.push()

    [person] = world.people()
    assert rows(first) == {("Exported", "FieldMissing"): 1}
    assert person.custom_fields["team"] == "Blue"
