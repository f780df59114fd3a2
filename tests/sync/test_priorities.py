"""Which calls of a run go before others that wait for the same credential (sync.md W7)."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from anmc.clients.calls import Call
from anmc.clients.transport import Transport
from anmc.sync.ports import Priority
from sync.world import ADA, World

OPT_OUT, OPT_IN, DATA, FULL_READ = Priority


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, set[Priority]]:
    """The priorities of each operation since the test began."""
    priorities: defaultdict[str, set[Priority]] = defaultdict(set)
    send: Callable[..., Awaitable[Any]] = Transport.send

    async def note(transport: Transport, call: Call, read: object) -> object:
        priorities[call.operation].add(call.priority)
        return await send(transport, call, read)

    monkeypatch.setattr(Transport, "send", note)
    return priorities


async def test_a_push_writes_opt_outs_first(world: World, made: dict[str, set[Priority]]) -> None:
    world.adds_person(ADA)
    await world.push()
    world.joins(ADA)
    world.leaves(ADA)
    made.clear()

    await world.push()

    assert made == {
        "list_profiles": {DATA},
        "list_subscribers": {DATA},
        "find_person": {OPT_OUT},
        "update_person": {OPT_OUT},
    }


async def test_a_sweep_reads_after_everybody_else(world: World, made: Mapping[str, set[Priority]]) -> None:
    await world.push()

    assert made == {"list_profiles": {DATA, FULL_READ}, "list_subscribers": {DATA, FULL_READ}}


async def test_a_push_carries_opt_ins_and_data_after_them(world: World, made: Mapping[str, set[Priority]]) -> None:
    world.adds_person(ADA, wish=None)
    world.joins(ADA)

    await world.push()

    assert made["find_person"] == made["update_person"] == made["update_profile"] == {DATA}


@pytest.mark.rule("W7")
async def test_an_opt_in_goes_before_data_and_so_does_all_that_is_checked_for_it(
    world: World, made: Mapping[str, set[Priority]]
) -> None:
    world.adds_person(ADA)

    await world.pull()

    assert made == {
        "list_people": {DATA},
        "find_profiles": {DATA, OPT_IN},
        "update_profile": {DATA},
        "opt_in": {OPT_IN},
    }


async def test_an_opt_in_that_waited_is_checked_before_data_as_well(
    world: World, made: dict[str, set[Priority]]
) -> None:
    world.specify("consent.sendWindow", {"start": "18:00", "end": "20:00", "zone": "Integration"})
    world.adds_person(ADA)
    await world.pull()
    world.waits(hours=8)
    made.clear()

    await world.push()

    assert made["get_person"] == made["find_profiles"] == made["opt_in"] == {OPT_IN}


@pytest.mark.rule("W7")
async def test_a_full_pull_reads_after_everybody_else(world: World, made: Mapping[str, set[Priority]]) -> None:
    await world.pull(full=True)

    assert made == {"list_people": {FULL_READ}}
