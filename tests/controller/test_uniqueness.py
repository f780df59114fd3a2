"""Two integrations on the same accounts: the older one works, the younger one says why it does not (sync.md W16)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from anmc.api.names import Direction
from anmc.controller.registry import Entry
from anmc.controller.sighting import Sighting
from anmc.store.store import Store
from support.controlled import NOON, a_body, a_sighting, shown
from support.fake_world import Stage

OLDER = {"uid": "uid-9", "name": "older", "created": NOON - timedelta(days=9)}
YOUNGER = {"uid": "uid-1", "name": "younger", "created": NOON}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    store = await Store.open(f"sqlite:///{tmp_path}/anmc.db")
    yield Stage(store)
    await store.close()


class Pair:
    """Two integrations of one world, whose services show one list of people."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def apply(self, who: dict[str, Any], **body: Any) -> Entry:
        old = self.stage.api.bodies.get(who["name"], {"metadata": {"resourceVersion": "10"}, "status": {}})
        version = str(int(old["metadata"]["resourceVersion"]) + 1)
        new = a_body(**who, version=version, status=old["status"], **body)
        self.stage.api.put(new)
        self.stage.scheduler.registry.observe(Sighting.of(new))
        return self.entry(who)

    def entry(self, who: dict[str, Any]) -> Entry:
        entry = self.stage.scheduler.registry.get(who["uid"])
        assert entry is not None
        return entry

    async def turn(self, who: dict[str, Any]) -> dict[str, str]:
        """Take a turn when it is due; return the conditions that it leaves."""
        entry = self.entry(who)
        wait = (entry.due - self.stage.clock.now()).total_seconds()
        self.stage.clock.move(seconds=max(0.0, wait))
        await self.stage.runner.take_turn(entry)
        return shown(self.stage.api.status(who["name"]).conditions)

    def forget(self) -> None:
        """Let another process begin, which knows what the objects say and no more."""
        bodies = list(self.stage.api.bodies.values())
        clock, api = self.stage.clock, self.stage.api
        self.stage = Stage(self.stage.world.store)
        self.stage.clock.move(seconds=(clock.now() - NOON).total_seconds())
        self.stage.api.bodies = api.bodies
        for body in bodies:
            self.stage.scheduler.registry.observe(Sighting.of(body))


@pytest.fixture
def pair(stage: Stage) -> Pair:
    pair = Pair(stage)
    pair.apply(OLDER)
    pair.apply(YOUNGER)
    return pair


def is_refused(conditions: dict[str, str]) -> bool:
    return conditions["Ready"] == "False DuplicateIntegration" and conditions["Stalled"] == "True DuplicateIntegration"


async def test_the_younger_one_does_nothing_and_names_the_older_one(pair: Pair) -> None:
    assert (await pair.turn(OLDER))["Ready"] == "True Synced"

    conditions = await pair.turn(YOUNGER)

    assert is_refused(conditions)
    assert conditions["CredentialsValid"] == "True Verified"
    assert "riverside/older" in pair.stage.api.status("younger").conditions[0].message
    assert pair.stage.api.status("younger").push.last_run is None
    assert pair.stage.events.reasons[-1] == "DuplicateIntegration"


async def test_on_another_list_both_work(pair: Pair) -> None:
    await pair.turn(OLDER)
    pair.stage.services.people = b"another list"

    assert (await pair.turn(YOUNGER))["Ready"] == "True Synced"
    assert (await pair.turn(OLDER))["Ready"] == "True Synced"


async def test_a_younger_one_that_worked_alone_stops_as_soon_as_the_older_one_is_active(pair: Pair) -> None:
    pair.apply(OLDER, active=False, generation=2)
    await pair.turn(OLDER)
    assert (await pair.turn(YOUNGER))["Ready"] == "True Synced"
    now = pair.stage.clock.now()

    pair.apply(OLDER, active=True, generation=3)
    await pair.turn(OLDER)
    runs = pair.stage.api.status("younger").push.last_run

    assert is_refused(await pair.turn(YOUNGER))
    assert pair.stage.clock.now() == now
    assert pair.stage.api.status("younger").push.last_run == runs


async def test_the_older_one_waits_for_the_run_in_hand_of_the_younger_one(pair: Pair) -> None:
    pair.apply(OLDER, active=False, generation=2)
    await pair.turn(OLDER)
    await pair.turn(YOUNGER)
    younger = pair.entry(YOUNGER)
    younger.running.add(Direction.PULL)
    pair.apply(OLDER, active=True, generation=3)

    await pair.turn(OLDER)

    assert younger.stop.is_set()
    assert pair.stage.api.status("older").push.last_run is None
    younger.running.clear()
    assert (await pair.turn(OLDER))["Ready"] == "True Synced"


@pytest.mark.parametrize("how", ["deactivated", "deleted"])
async def test_once_the_older_one_is_out_of_the_way_the_younger_one_works(pair: Pair, how: str) -> None:
    await pair.turn(OLDER)
    await pair.turn(YOUNGER)
    if how == "deleted":
        pair.stage.scheduler.registry.observe(a_sighting(deleted=True, **OLDER))
    else:
        pair.apply(OLDER, active=False, generation=2)

    conditions = await pair.turn(YOUNGER)

    assert conditions["Ready"] == "True Synced"
    assert "Stalled" not in conditions
    assert pair.stage.clock.now() <= NOON + timedelta(minutes=2)


async def test_while_it_waits_the_younger_one_asks_no_service(pair: Pair) -> None:
    await pair.turn(OLDER)
    await pair.turn(YOUNGER)
    before = pair.stage.services.calls

    for _ in range(3):
        assert is_refused(await pair.turn(YOUNGER))

    assert pair.stage.services.calls == before


async def test_after_a_restart_the_younger_one_waits_until_the_older_one_was_looked_at(pair: Pair) -> None:
    await pair.turn(OLDER)
    await pair.turn(YOUNGER)
    pair.forget()

    assert is_refused(await pair.turn(YOUNGER))
    assert pair.stage.services.operations["list_profiles"] == 0

    assert (await pair.turn(OLDER))["Ready"] == "True Synced"
    assert is_refused(await pair.turn(YOUNGER))


async def test_after_a_restart_without_the_older_one_the_younger_one_works(pair: Pair) -> None:
    await pair.turn(OLDER)
    await pair.turn(YOUNGER)
    del pair.stage.api.bodies["older"]
    pair.forget()

    assert (await pair.turn(YOUNGER))["Ready"] == "True Synced"


async def test_what_is_deleted_leaves_no_claim_behind(pair: Pair) -> None:
    await pair.turn(OLDER)
    pair.stage.scheduler.registry.observe(a_sighting(deleted=True, **OLDER))
    pair.stage.services.people = b"another list"
    await pair.turn(YOUNGER)

    assert set(pair.stage.runner._uniqueness._claims) == {"uid-1"}
    assert list(pair.stage.runner._uniqueness._claimants.values()) == [{"uid-1"}]
