"""What goes in comes out: every remembered type, whole and by its key."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from anmc.api.names import Category, Direction, Reason, Trigger
from anmc.rules.backoff import Backoff
from anmc.rules.dead_letters import DeadLetter, Listing, Stretch, Trace
from anmc.rules.outcomes import Outcome
from anmc.rules.records import NumberHash, PersonId, ProfileId
from anmc.rules.remembered import (
    Attempt,
    AttemptResult,
    Link,
    OptOutOrigin,
    PersonSeen,
    ProfileSeen,
    QueuedOptIn,
    SettledPair,
    Suppression,
)
from anmc.rules.states import Membership, Wish
from anmc.store.memory import SqlMemory
from anmc.store.store import Store, StoreScope
from anmc.sync.ports import Changes, Checkpoint, Known, Memory, PeopleCounts, Positions

NOW = datetime(2026, 2, 3, 10, 0, 0, tzinfo=UTC)
ONE_SECOND = timedelta(seconds=1)

ANN = PersonId("0f1c2a34-0000-4000-8000-00000000000a")
BEN = PersonId("0f1c2a34-0000-4000-8000-00000000000b")
CAT = PersonId("0f1c2a34-0000-4000-8000-00000000000c")


def a_number_hash(seed: int = 1) -> NumberHash:
    return NumberHash(seed.to_bytes(32))


def a_person_seen(person_id: PersonId = ANN, *, number: NumberHash | None = None) -> PersonSeen:
    return PersonSeen(
        person_id=person_id,
        number_hash=number,
        stated_wish=Wish.TRUE,
        wish_is_ours=False,
        modified_date=NOW,
        fingerprint=b"f" * 32,
        outcome=Outcome(Category.HELD, Reason.NO_OPT_IN_PATH, ("first_name", 'custom.odd "name", é')),
        is_settled=True,
        run_id="pull-1",
    )


def a_profile_seen(profile_id: str = "1001") -> ProfileSeen:
    return ProfileSeen(
        profile_id=ProfileId(profile_id),
        number_hash=a_number_hash(),
        membership=Membership.PENDING,
        fingerprint=b"p" * 32,
        subscription_stamp=b"s" * 32,
        outcome=Outcome(Category.NO_DIFFERENCE, Reason.OWN_WRITE),
        is_settled=False,
        run_id="push-1",
    )


def a_link(profile_id: str, person_id: PersonId, settled: Mapping[str, SettledPair] | None = None) -> Link:
    return Link(ProfileId(profile_id), person_id, a_number_hash(), settled or {})


def a_suppression(seed: int = 1) -> Suppression:
    return Suppression(a_number_hash(seed), NOW, OptOutOrigin.ACTION_NETWORK)


def a_queued(person_id: PersonId, *, decided_at: datetime = NOW, not_before: datetime = NOW) -> QueuedOptIn:
    return QueuedOptIn(person_id, a_number_hash(), decided_at, not_before)


def a_dead_letter(
    record_id: str = "1001", trace: Trace | None = None, *, first_failed_at: datetime = NOW
) -> DeadLetter:
    return DeadLetter(
        record_id=record_id,
        trace=trace or Trace(Direction.PUSH),
        outcome=Outcome(Category.UNABLE_TO_UPDATE, Reason.SERVICE_REFUSED),
        first_failed_at=first_failed_at,
        failures=2,
        next_try_at=NOW + timedelta(minutes=10),
    )


def a_checkpoint() -> Checkpoint:
    return Checkpoint(
        run_id="pull-7",
        trigger=Trigger.CATCH_UP,
        generation=2**40,
        started_at=NOW,
        saved_at=NOW + ONE_SECOND,
        lower_bound=NOW - timedelta(days=2),
        next_page=17,
        full=True,
        read_until=NOW - timedelta(days=900),
        tally={"counts": {"Held": 3}, "details": [{"id": "1001", "fields": ["city"]}], "none": None},
    )


async def test_fulfils_the_port(memory: SqlMemory) -> None:
    port: Memory = memory

    assert await port.recall() == Known()


async def test_an_empty_store_knows_nothing(memory: SqlMemory) -> None:
    assert await memory.recall(people=[ANN], profiles=[ProfileId("1001")], numbers=[a_number_hash()]) == Known()
    assert await memory.positions(Direction.PULL) == Positions()
    assert await memory.queued_opt_ins(due=NOW, limit=5) == []
    assert await memory.dead_letters() == []
    assert await memory.count_people() == PeopleCounts()
    assert await memory.count_attempts_since(NOW) == 0


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(a_person_seen(number=a_number_hash()), id="everything-known"),
        pytest.param(
            replace(a_person_seen(), stated_wish=None, modified_date=None, fingerprint=b""), id="little-known"
        ),
        pytest.param(replace(a_person_seen(), wish_is_ours=True, is_settled=False), id="other-flags"),
    ],
)
async def test_people_come_back(memory: SqlMemory, seen: PersonSeen) -> None:
    await memory.remember(Changes(people=[seen]))

    assert (await memory.recall(people=[ANN, BEN])).people == {ANN: seen}


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(a_profile_seen(), id="everything-known"),
        pytest.param(replace(a_profile_seen(), number_hash=None, subscription_stamp=b""), id="little-known"),
    ],
)
async def test_profiles_come_back(memory: SqlMemory, seen: ProfileSeen) -> None:
    await memory.remember(Changes(profiles=[seen]))

    assert (await memory.recall(profiles=[seen.profile_id])).profiles == {seen.profile_id: seen}


async def test_a_later_entry_replaces_the_one_with_its_key(memory: SqlMemory) -> None:
    await memory.remember(Changes(people=[a_person_seen(number=a_number_hash())]))

    later = replace(a_person_seen(), stated_wish=Wish.FALSE, run_id="pull-2")
    await memory.remember(Changes(people=[later]))

    assert (await memory.recall(people=[ANN])).people == {ANN: later}


async def test_the_last_of_two_entries_in_one_change_counts(memory: SqlMemory) -> None:
    later = replace(a_person_seen(), run_id="pull-2")

    await memory.remember(Changes(people=[a_person_seen(), later]))

    assert (await memory.recall(people=[ANN])).people == {ANN: later}


async def test_holders_are_the_people_last_seen_with_a_number(memory: SqlMemory) -> None:
    shared, other = a_number_hash(1), a_number_hash(2)
    people = [a_person_seen(ANN, number=shared), a_person_seen(BEN, number=shared), a_person_seen(CAT, number=other)]
    await memory.remember(Changes(people=people))

    await memory.remember(Changes(people=[a_person_seen(CAT, number=None)]))

    assert (await memory.recall(numbers=[shared, other])).holders == {shared: frozenset({ANN, BEN})}


async def test_suppressions_come_back_live_or_ended(memory: SqlMemory) -> None:
    live = a_suppression(1)
    ended = Suppression(a_number_hash(2), NOW, OptOutOrigin.MOBILE_COMMONS, handled_at=NOW, ended_at=NOW + ONE_SECOND)

    await memory.remember(Changes(suppressions=[live, ended]))

    known = await memory.recall(numbers=[live.number_hash, ended.number_hash, a_number_hash(3)])
    assert known.suppressions == {live.number_hash: live, ended.number_hash: ended}


async def test_the_newest_attempt_of_a_number_and_campaign_is_known(memory: SqlMemory) -> None:
    number = a_number_hash()
    older = Attempt(number, "77", NOW, AttemptResult.UNKNOWN)
    newer = Attempt(number, "77", NOW + ONE_SECOND, AttemptResult.SUBSCRIBED, calls=2)
    elsewhere = Attempt(number, "78", NOW - ONE_SECOND, AttemptResult.PENDING, calls=0)

    await memory.remember(Changes(attempts=[newer]))
    await memory.remember(Changes(attempts=[older, elsewhere]))

    assert (await memory.recall(numbers=[number])).attempts == {(number, "77"): newer, (number, "78"): elsewhere}


async def test_an_outcome_replaces_its_intent_and_counts_once(memory: SqlMemory) -> None:
    intent = Attempt(a_number_hash(), "77", NOW.replace(microsecond=900_000))
    await memory.remember(Changes(attempts=[intent]))

    await memory.remember(Changes(attempts=[replace(intent, result=AttemptResult.SUBSCRIBED)]))

    known = await memory.recall(numbers=[intent.number_hash])
    assert known.attempts[intent.number_hash, "77"].result is AttemptResult.SUBSCRIBED
    assert await memory.count_attempts_since(NOW) == 1


async def test_attempts_are_counted_from_an_instant_on(memory: SqlMemory) -> None:
    times = [NOW - ONE_SECOND, NOW, NOW + ONE_SECOND]

    await memory.remember(Changes(attempts=[Attempt(a_number_hash(), "77", time) for time in times]))

    assert await memory.count_attempts_since(NOW) == 2


async def test_the_queue_gives_the_oldest_decision_first_then_by_person(memory: SqlMemory) -> None:
    late, early = NOW, NOW - ONE_SECOND

    await memory.remember(
        Changes(
            queued=[a_queued(CAT, decided_at=early), a_queued(BEN, decided_at=late), a_queued(ANN, decided_at=late)]
        )
    )

    assert [each.person_id for each in await memory.queued_opt_ins(due=NOW, limit=10)] == [CAT, ANN, BEN]
    assert await memory.queued_opt_ins(due=NOW, limit=1) == [a_queued(CAT, decided_at=early)]


async def test_the_queue_keeps_back_whose_time_has_not_come(memory: SqlMemory) -> None:
    await memory.remember(Changes(queued=[a_queued(ANN, not_before=NOW), a_queued(BEN, not_before=NOW + ONE_SECOND)]))

    assert [each.person_id for each in await memory.queued_opt_ins(due=NOW, limit=10)] == [ANN]
    assert len(await memory.queued_opt_ins(due=NOW + ONE_SECOND, limit=10)) == 2


async def test_people_leave_the_queue(memory: SqlMemory) -> None:
    await memory.remember(Changes(queued=[a_queued(ANN), a_queued(BEN)]))

    await memory.remember(Changes(queued=[a_queued(CAT)], dequeued=[ANN, CAT]))

    assert await memory.queued_opt_ins(due=NOW, limit=10) == [a_queued(BEN)]


@pytest.mark.parametrize(
    "trace",
    [
        Trace(Direction.PULL),
        Trace(Direction.PULL, is_eligible=True),
        Trace(Direction.PUSH, Stretch(Listing.PROFILES, NOW, NOW), since=NOW - ONE_SECOND, is_opt_out=True),
        Trace(Direction.PUSH, Stretch(Listing.SUBSCRIBERS, NOW, None), since=NOW),
    ],
)
async def test_dead_letters_come_back(memory: SqlMemory, trace: Trace) -> None:
    letter = a_dead_letter(trace=trace)

    await memory.remember(Changes(dead_letters=[letter]))

    assert await memory.dead_letters() == [letter]


async def test_dead_letters_come_in_the_order_of_their_first_failure(memory: SqlMemory) -> None:
    later = a_dead_letter("1", first_failed_at=NOW + ONE_SECOND)
    oldest, next_one = a_dead_letter("3"), a_dead_letter("2", first_failed_at=NOW + ONE_SECOND)

    await memory.remember(Changes(dead_letters=[next_one, later, oldest]))

    assert await memory.dead_letters() == [oldest, later, next_one]


async def test_a_record_has_one_dead_letter_in_each_direction(memory: SqlMemory) -> None:
    pushed, pulled = a_dead_letter(), a_dead_letter(trace=Trace(Direction.PULL))
    await memory.remember(Changes(dead_letters=[pushed, pulled]))

    await memory.remember(Changes(dead_letters=[replace(pushed, failures=3)], revived=[(Direction.PULL, "1001")]))

    assert await memory.dead_letters() == [replace(pushed, failures=3)]


async def test_who_is_no_dead_letter_may_leave_them(memory: SqlMemory) -> None:
    await memory.remember(Changes(revived=[(Direction.PUSH, "1001")]))

    assert await memory.dead_letters() == []


async def test_positions_come_back_for_each_direction(memory: SqlMemory) -> None:
    pull = Positions(watermark=NOW, eligible_since=NOW - ONE_SECOND, checkpoint=a_checkpoint())
    push = Positions(watermark=NOW + ONE_SECOND, walked_at=NOW - timedelta(days=3), sweep_backoff=Backoff(2, NOW))

    await memory.remember(Changes(positions={Direction.PULL: pull, Direction.PUSH: push}))

    assert await memory.positions(Direction.PULL) == pull
    assert await memory.positions(Direction.PUSH) == push


async def test_a_finished_run_leaves_no_checkpoint(memory: SqlMemory) -> None:
    await memory.remember(Changes(positions={Direction.PULL: Positions(checkpoint=a_checkpoint())}))

    await memory.remember(Changes(positions={Direction.PULL: Positions(watermark=NOW)}))

    assert await memory.positions(Direction.PULL) == Positions(watermark=NOW)


async def test_people_are_counted_as_status_shows_them(memory: SqlMemory) -> None:
    await memory.remember(
        Changes(
            links=[a_link("1001", ANN), a_link("1002", BEN)],
            suppressions=[a_suppression(1), replace(a_suppression(2), ended_at=NOW)],
            queued=[a_queued(ANN), a_queued(BEN, not_before=NOW + timedelta(days=1)), a_queued(CAT)],
            dead_letters=[a_dead_letter("1003", first_failed_at=NOW + ONE_SECOND), a_dead_letter()],
        )
    )

    assert await memory.count_people() == PeopleCounts(
        linked=2, suppressed=1, deferred_opt_ins=3, dead_letters=2, oldest_dead_letter=NOW
    )


async def test_times_are_kept_in_utc_and_whole_seconds(memory: SqlMemory) -> None:
    elsewhere = timezone(timedelta(hours=-5))

    await memory.remember(Changes(positions={Direction.PULL: Positions(datetime(2026, 2, 3, 5, 0, 0, 999, elsewhere))}))

    watermark = (await memory.positions(Direction.PULL)).watermark
    assert watermark is not None
    assert watermark.isoformat() == "2026-02-03T10:00:00+00:00"


async def test_a_change_that_fails_leaves_nothing(memory: SqlMemory) -> None:
    naive = NOW.replace(tzinfo=None)

    with pytest.raises(StatementError):
        await memory.remember(
            Changes(
                people=[a_person_seen()],
                links=[a_link("1001", ANN)],
                suppressions=[a_suppression()],
                positions={Direction.PULL: Positions(watermark=naive)},
            )
        )

    assert await memory.recall(people=[ANN], numbers=[a_number_hash()]) == Known()
    await memory.remember(Changes(people=[a_person_seen()]))
    assert (await memory.recall(people=[ANN])).people == {ANN: a_person_seen()}


@pytest.mark.parametrize("turns", [1, 5, 20, 60])
async def test_a_cancelled_change_is_stored_whole_or_not_at_all(memory: SqlMemory, turns: int) -> None:
    people = [a_person_seen(PersonId(f"person-{number}")) for number in range(300)]
    writing = asyncio.create_task(memory.remember(Changes(people=people, links=[a_link("1001", people[0].person_id)])))
    for _ in range(turns):
        await asyncio.sleep(0)

    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)

    known = await memory.recall(people=[person.person_id for person in people])
    assert (len(known.people), len(known.link_of_person)) in {(0, 0), (300, 1)}
    await memory.remember(Changes(people=[a_person_seen()]))
    assert (await memory.recall(people=[ANN])).people == {ANN: a_person_seen()}


async def test_many_runs_write_at_once(store: Store) -> None:
    memories = [store.memory(StoreScope(f"uid-{number}", "scope")) for number in range(20)]

    await asyncio.gather(*(memory.remember(Changes(people=[a_person_seen()])) for memory in memories))

    known = await asyncio.gather(*(memory.recall(people=[ANN]) for memory in memories))
    assert [each.people for each in known] == [{ANN: a_person_seen()}] * 20


async def test_more_records_than_one_statement_takes_come_back(memory: SqlMemory) -> None:
    people = [a_person_seen(PersonId(f"person-{number}"), number=a_number_hash(number)) for number in range(2500)]
    await memory.remember(Changes(people=people, queued=[a_queued(each.person_id) for each in people]))

    known = await memory.recall(
        people=[each.person_id for each in people], numbers=[a_number_hash(number) for number in range(2500)]
    )
    await memory.remember(Changes(dequeued=[each.person_id for each in people]))

    assert len(known.people) == len(known.holders) == 2500
    assert await memory.queued_opt_ins(due=NOW, limit=1) == []


async def test_integrations_with_one_ledger_share_suppressions_and_attempts_only(store: Store) -> None:
    former, later = store.memory(StoreScope("uid-1", "scope")), store.memory(StoreScope("uid-2", "scope"))
    attempt = Attempt(a_number_hash(), "77", NOW)

    await former.remember(
        Changes(
            people=[a_person_seen(number=a_number_hash())],
            profiles=[a_profile_seen()],
            links=[a_link("1001", ANN)],
            suppressions=[a_suppression()],
            attempts=[attempt],
            queued=[a_queued(ANN)],
            positions={Direction.PULL: Positions(watermark=NOW)},
        )
    )

    assert await later.recall(people=[ANN], profiles=[ProfileId("1001")], numbers=[a_number_hash()]) == Known(
        suppressions={a_number_hash(): a_suppression()}, attempts={(a_number_hash(), "77"): attempt}
    )
    assert await later.positions(Direction.PULL) == Positions()
    assert await later.queued_opt_ins(due=NOW, limit=1) == []
    assert await later.count_people() == PeopleCounts(suppressed=1)
    assert await later.count_attempts_since(NOW) == 1


async def test_integrations_with_ledgers_of_their_own_share_nothing(store: Store) -> None:
    one, other = store.memory(StoreScope("uid-1", "scope-1")), store.memory(StoreScope("uid-2", "scope-2"))

    await one.remember(
        Changes(
            suppressions=[a_suppression()],
            attempts=[Attempt(a_number_hash(), "77", NOW)],
            dead_letters=[a_dead_letter()],
        )
    )

    assert await other.recall(numbers=[a_number_hash()]) == Known()
    assert await other.dead_letters() == []
    assert await other.count_people() == PeopleCounts()
    assert await other.count_attempts_since(NOW) == 0


async def test_everything_is_there_after_reopening(store_url: str) -> None:
    scope = StoreScope("uid-1", "scope")
    first = await Store.open(store_url)
    await first.memory(scope).remember(
        Changes(people=[a_person_seen()], positions={Direction.PULL: Positions(NOW, None, a_checkpoint())})
    )
    await first.close()

    second = await Store.open(store_url)
    known = await second.memory(scope).recall(people=[ANN])
    positions = await second.memory(scope).positions(Direction.PULL)
    await second.close()

    assert known.people == {ANN: a_person_seen()}
    assert positions == Positions(NOW, None, a_checkpoint())


async def test_two_processes_see_one_store(store: Store, store_url: str) -> None:
    other = await Store.open(store_url)
    scope = StoreScope("uid-1", "scope")

    await store.memory(scope).remember(Changes(people=[a_person_seen()]))
    known = await other.memory(scope).recall(people=[ANN])
    await other.close()

    assert known.people == {ANN: a_person_seen()}
