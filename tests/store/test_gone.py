"""Ids that name nobody any more: whose they were, or since when they are nobody's (sync.md M8, M10, M14)."""

from datetime import UTC, datetime, timedelta
from typing import Final

from anmc.api.names import Category, Reason
from anmc.rules.outcomes import Outcome
from anmc.rules.records import NumberHash, PersonId, ProfileId
from anmc.rules.remembered import Link, LinkState, PersonSeen, QueuedOptIn
from anmc.store.memory import SqlMemory
from anmc.sync.ports import Changes, Known

NOW: Final = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
NUMBER: Final = NumberHash(b"n" * 32)
ANN, BEN, CAT = PersonId("ann"), PersonId("ben"), PersonId("cat")
PROFILE: Final = ProfileId("1001")


def seen(person_id: PersonId) -> PersonSeen:
    outcome = Outcome(Category.LINKED, Reason.APPLIED)
    return PersonSeen(person_id, NUMBER, None, False, NOW, b"f" * 32, outcome, True, "pull-1")  # noqa: FBT003


async def test_an_alias_leads_to_who_survives(memory: SqlMemory) -> None:
    await memory.remember(Changes(aliases={ANN: BEN}))

    assert await memory.recall(people=[ANN, BEN, CAT]) == Known(aliases={ANN: BEN})


async def test_aliases_follow_a_second_merge(memory: SqlMemory) -> None:
    await memory.remember(Changes(aliases={ANN: BEN}))

    await memory.remember(Changes(aliases={BEN: CAT}))

    assert (await memory.recall(people=[ANN, BEN, CAT])).aliases == {ANN: CAT, BEN: CAT}


async def test_who_survives_is_nobody_s_alias(memory: SqlMemory) -> None:
    await memory.remember(Changes(aliases={ANN: BEN}))

    await memory.remember(Changes(aliases={BEN: ANN}))

    assert (await memory.recall(people=[ANN, BEN])).aliases == {BEN: ANN}


async def test_a_tombstone_keeps_its_first_time(memory: SqlMemory) -> None:
    await memory.remember(Changes(tombstones={ANN: NOW, PROFILE: NOW}))

    await memory.remember(Changes(tombstones={ANN: NOW + timedelta(days=1)}))

    known = await memory.recall(people=[ANN, BEN], profiles=[PROFILE])
    assert known == Known(tombstones={ANN: NOW, PROFILE: NOW})


async def test_who_is_gone_holds_no_number_and_waits_for_nothing(memory: SqlMemory) -> None:
    queued = [QueuedOptIn(each, NUMBER, NOW, NOW) for each in (ANN, BEN, CAT)]
    await memory.remember(Changes(people=[seen(ANN), seen(BEN), seen(CAT)], queued=queued))

    await memory.remember(Changes(aliases={ANN: CAT}, tombstones={BEN: NOW}))

    assert (await memory.recall(numbers=[NUMBER])).holders == {NUMBER: {CAT}}
    assert [each.person_id for each in await memory.queued_opt_ins(due=NOW, limit=9)] == [CAT]


async def test_only_live_links_count(memory: SqlMemory) -> None:
    people = {LinkState.LIVE: ANN, LinkState.BROKEN: BEN, LinkState.RETIRED: CAT}
    links = [
        Link(ProfileId(state), person_id, NUMBER, state=state, missed_walks=1) for state, person_id in people.items()
    ]

    await memory.remember(Changes(links=links))

    assert (await memory.count_people()).linked == 1
    assert (await memory.recall(people=[BEN])).link_of_person == {BEN: links[1]}
