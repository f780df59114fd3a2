"""A store in trouble says which, loses nothing, and works again afterwards."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from anmc.api.names import Category, Direction, Reason
from anmc.errors import StoreUnavailable
from anmc.rules.outcomes import Outcome
from anmc.rules.records import PersonId
from anmc.rules.remembered import PersonSeen
from anmc.store import engine
from anmc.store.memory import SqlMemory
from anmc.store.store import Store, StoreScope
from anmc.sync.ports import Changes, Positions

SCOPE = StoreScope("uid-1", "scope")


def a_person_named(person_id: str, *, fingerprint: bytes = b"f" * 32) -> PersonSeen:
    outcome = Outcome(Category.NO_DIFFERENCE, Reason.APPLIED)
    return PersonSeen(PersonId(person_id), None, None, False, None, fingerprint, outcome, True, "pull-1")  # noqa: FBT003


@pytest.fixture
async def impatient_store(store_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", timedelta(milliseconds=5))
    store = await Store.open(store_url)
    yield store
    await store.close()


@pytest.fixture
def intruder(impatient_store: Store, store_file: Path) -> Iterator[sqlite3.Connection]:  # noqa: ARG001  # after it
    """Somebody at a prompt with the write lock."""
    connection = sqlite3.connect(store_file, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


async def test_a_locked_store_cannot_be_written_until_the_lock_is_gone(
    impatient_store: Store, intruder: sqlite3.Connection
) -> None:
    memory = impatient_store.memory(SCOPE)
    changes = Changes(people=[a_person_named("ann")])

    with pytest.raises(StoreUnavailable, match="locked by another program") as trouble:
        await memory.remember(changes)
    intruder.execute("ROLLBACK")
    await memory.remember(changes)

    assert trouble.value.remedy
    assert set((await memory.recall(people=[PersonId("ann")])).people) == {"ann"}


async def test_a_locked_store_can_be_read(impatient_store: Store, intruder: sqlite3.Connection) -> None:
    assert intruder.in_transaction

    assert await impatient_store.memory(SCOPE).positions(Direction.PULL) == Positions()


async def test_a_lock_that_goes_in_time_is_never_noticed(impatient_store: Store, intruder: sqlite3.Connection) -> None:
    refusals: list[object] = []

    def leave(context: object) -> None:
        refusals.append(context)
        intruder.execute("ROLLBACK")

    event.listen(impatient_store._transactions._writer.sync_engine, "handle_error", leave, once=True)
    memory = impatient_store.memory(SCOPE)
    await memory.remember(Changes(people=[a_person_named("ann")]))

    assert len(refusals) == 1
    assert set((await memory.recall(people=[PersonId("ann")])).people) == {"ann"}


async def test_a_full_volume_is_named_and_loses_nothing(store: Store) -> None:
    memory = store.memory(SCOPE)
    await memory.remember(Changes(people=[a_person_named("ann")]))
    await store.close()

    @event.listens_for(store._transactions._writer.sync_engine, "connect")
    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.cursor().execute("PRAGMA max_page_count = 1")  # the size that it has

    people = [a_person_named(f"person-{number}") for number in range(1000)]
    with pytest.raises(StoreUnavailable, match="volume of the store is full"):
        await memory.remember(Changes(people=people))

    known = await memory.recall(people=[PersonId("ann"), *(each.person_id for each in people)])
    assert set(known.people) == {"ann"}


async def test_a_file_that_is_no_store_is_named(store_url: str, store_file: Path) -> None:
    await asyncio.to_thread(store_file.write_bytes, b"Dear diary, " * 1000)

    with pytest.raises(StoreUnavailable, match="damaged, or no store"):
        await Store.open(store_url)


async def test_a_damaged_page_is_named(store_url: str, store_file: Path) -> None:
    store = await Store.open(store_url)
    people = [a_person_named(f"person-{number}") for number in range(500)]
    await store.memory(SCOPE).remember(Changes(people=people))
    await store.close()

    await asyncio.to_thread(_spoil_end, store_file)
    store = await Store.open(store_url)
    with pytest.raises(StoreUnavailable, match="damaged, or no store"):
        await store.memory(SCOPE).recall(people=[each.person_id for each in people])
    await store.close()


def _spoil_end(file: Path) -> None:
    content = file.read_bytes()
    spoilt = 8 * 4096  # pages of records; those of the schema come first
    file.write_bytes(content[:-spoilt] + b"\xff" * spoilt)


async def test_a_word_of_a_later_version_is_named(memory: SqlMemory, store_file: Path) -> None:
    await memory.remember(Changes(people=[a_person_named("ann")]))
    await asyncio.to_thread(_alter, store_file, "UPDATE person_seen SET category = 'Teleported'")

    with pytest.raises(StoreUnavailable, match="Category that this version does not know") as trouble:
        await memory.recall(people=[PersonId("ann")])

    assert "Teleported" not in trouble.value.sentence


async def test_errors_show_no_values(memory: SqlMemory, store_file: Path) -> None:
    await memory.remember(Changes(people=[a_person_named("ann")]))
    await asyncio.to_thread(_alter, store_file, "DROP TABLE queued_opt_in")

    with pytest.raises(StoreUnavailable, match="cannot be read or written") as trouble:
        await memory.remember(Changes(people=[a_person_named("canary-id")], dequeued=[PersonId("canary-id")]))

    assert "canary-id" not in f"{trouble.value.sentence} {trouble.value.__cause__}"
    assert (await memory.recall(people=[PersonId("canary-id")])).people == {}


def _alter(file: Path, statement: str) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute(statement)
    connection.close()
