"""Nothing raw about a person reaches the disk (sync.md 1, operations.md 13)."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import JSON, Column, String
from sqlalchemy.types import TypeDecorator

from anmc.api.names import Category, Direction, Reason, Trigger
from anmc.rules.dead_letters import DeadLetter, Trace
from anmc.rules.hashing import Hasher
from anmc.rules.outcomes import Outcome
from anmc.rules.records import Person, PersonId, Phone, Profile, ProfileId
from anmc.rules.remembered import (
    Attempt,
    Link,
    OptOutOrigin,
    PersonSeen,
    ProfileSeen,
    QueuedOptIn,
    SettledPair,
    StagedOptOut,
    Suppression,
)
from anmc.rules.states import Membership, Wish
from anmc.store.columns import Names, Word
from anmc.store.schema import metadata
from anmc.store.store import Store, StoreScope
from anmc.sync.ports import Changes, Checkpoint, Positions

NOW = datetime(2026, 2, 3, 10, 0, 0, tzinfo=UTC)

ADA = Person(
    id=PersonId("5c0ffee5-0000-4000-8000-000000000001"),
    created_date=NOW,
    modified_date=NOW,
    number="12025550143",
    sms_status="subscribed",
    values={
        "given_name": "Adalbertina",
        "family_name": "Quickwater",
        "email_address": "adalbertina.quickwater@example.org",
        "address_line_1": "17 Canary Lane",
        "postal_code": "90210-4711",
        "custom_fields.team": "Night Herons",
    },
)
FORMER = PersonId("5c0ffee5-0000-4000-8000-000000000002")
HER_PROFILE = Profile(
    id=ProfileId("880017001"),
    number="12025550143",
    status="Active Subscriber",
    updated_at=NOW,
    opted_out_at=None,
    values={"first_name": "Adalbertina", "street1": "17 Canary Lane", "custom.team": "Night Herons"},
)
CANARIES = (
    *(value for value in ADA.values.values() if value),
    *HER_PROFILE.values.values(),
    "12025550143",
    "2025550143",
    "+1 202 555 0143",
    "quickwater",
    "example.org",
)

TEXT_COLUMNS = {
    # ids of the two services
    "person_seen.person_id",
    "profile_seen.profile_id",
    "link.profile_id",
    "link.person_id",
    "alias.former_id",
    "alias.person_id",
    "tombstone.record_id",
    "opt_in_attempt.campaign_id",
    "queued_opt_in.person_id",
    "staged_opt_out.person_id",
    "staged_opt_out.profile_id",
    "dead_letter.record_id",
    # ids of ours and of the cluster
    "integration.uid",
    "ledger_scope.name",
    "person_seen.run_id",
    "profile_seen.run_id",
    "position.run_id",
    # names of mapped fields
    "person_seen.fields",
    "profile_seen.fields",
    "field_set.names",
    # counts and report lines of a run in hand, which name records by id
    "position.tally",
}


def holds_free_text(column: Column[object]) -> bool:
    if isinstance(column.type, Word):
        return False
    plain = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    return isinstance(plain, String | JSON)


def changes_about(person: Person, profile: Profile, hasher: Hasher) -> Changes:
    number = hasher.number(Phone("+" + profile.number))
    outcome = Outcome(Category.UPDATED_IN_MOBILE_COMMONS, Reason.APPLIED, tuple(profile.values))
    settled = {
        name: SettledPair(hasher.value(name, value), hasher.value(name, value + "!"))
        for name, value in profile.values.items()
    }
    form = [value or "" for value in person.values.values()]
    return Changes(
        people=[
            PersonSeen(
                person_id=person.id,
                number_hash=number,
                stated_wish=Wish.TRUE,
                wish_is_ours=False,
                modified_date=person.modified_date,
                fingerprint=hasher.fingerprint(form),
                outcome=outcome,
                is_settled=True,
                run_id="pull-1",
            )
        ],
        profiles=[
            ProfileSeen(
                profile_id=profile.id,
                number_hash=number,
                membership=Membership.ACTIVE,
                fingerprint=hasher.fingerprint(profile.values.values()),
                subscription_stamp=hasher.fingerprint([profile.number]),
                outcome=outcome,
                is_settled=True,
                run_id="push-1",
            )
        ],
        links=[Link(profile.id, person.id, number, settled)],
        suppressions=[Suppression(number, NOW, OptOutOrigin.MOBILE_COMMONS)],
        attempts=[Attempt(number, "77", NOW)],
        queued=[QueuedOptIn(person.id, number, NOW, NOW)],
        staged=[StagedOptOut(number, person.id, profile.id, NOW, Reason.APPLIED, Direction.PULL)],
        aliases={FORMER: person.id},
        tombstones={FORMER: NOW},
        dead_letters=[DeadLetter(profile.id, Trace(Direction.PUSH), outcome, NOW, 1, NOW)],
        positions={
            Direction.PULL: Positions(NOW, NOW, Checkpoint("pull-1", Trigger.REQUEST, 1, NOW, NOW, NOW, 2, {"Held": 1}))
        },
    )


def test_free_text_is_kept_in_known_columns_only() -> None:
    found = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if holds_free_text(column)
    }

    assert found == TEXT_COLUMNS


def test_field_names_count_as_text() -> None:
    assert holds_free_text(Column("names", Names))


async def test_no_value_of_a_person_is_in_the_files(store_url: str, store_file: Path) -> None:
    store = await Store.open(store_url)
    hasher = Hasher(store.hash_key)
    memory = store.memory(StoreScope("uid-1", "https://mc.example|acme|all"))

    await memory.remember(changes_about(ADA, HER_PROFILE, hasher))
    while_open = b"".join(file.read_bytes() for file in store_file.parent.iterdir())
    await store.close()
    dump = while_open + b"".join(file.read_bytes() for file in store_file.parent.iterdir())

    # The dump is of the right files, and holds what it may hold.
    assert ADA.id.encode() in dump
    assert bytes(hasher.number(Phone("+12025550143"))) in dump
    found = [canary for canary in CANARIES if canary.lower().encode() in dump.lower()]
    assert found == []
