from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from anmc.api.mapping import FieldMapping
from anmc.api.names import OnConflict, Reason, SyncType
from anmc.rules.consent import NEVER, Membership, MembershipReading, Wish
from anmc.rules.fingerprint import person_fingerprint, profile_fingerprint, subscription_stamp
from anmc.rules.hashing import Hasher
from anmc.rules.phone import PhoneProblem, PhoneReading
from anmc.rules.policy import Policy
from anmc.rules.records import Person, PersonId, Phone, Profile, ProfileId, SubscriberRow, Subscription

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PHONE = Phone("+12025550123")
HASHER = Hasher(b"a key of the process")
ACTIVE = MembershipReading(Membership.ACTIVE, NOON)

POLICY = Policy(
    sync_type=SyncType.CONSERVATIVE,
    scope="678",
    target="678",
    opt_in_path="12345",
    opt_in_field="custom_fields.sms_opt_in",
    constituent_column="custom.constituent_id",
    source_code="Mobile Commons",
    create_without_email=False,
    default_region="US",
    allowed_country_codes=frozenset({1}),
    mappings=(
        FieldMapping(field="first_name", api_field_name="given_name"),
        FieldMapping(field="postal_code", api_field_name="postal_code"),
    ),
)

ANA = Person(
    id=PersonId("3f1c7a52-6a54-4b7e-9d0d-2f4a8f0e1b11"),
    created_date=NOON,
    modified_date=NOON,
    number="12025550123",
    sms_status="subscribed",
    values={"given_name": "Ana", "postal_code": "02134", "family_name": "Silva"},
)

ANAS_PROFILE = Profile(
    id=ProfileId("602169563"),
    number="12025550123",
    status="Active Subscriber",
    updated_at=NOON,
    opted_out_at=None,
    values={"first_name": "Ana", "postal_code": "02134", "last_name": "Silva", "custom.constituent_id": ""},
)


WITHOUT_ZIP = replace(POLICY, mappings=POLICY.mappings[:1], missing=POLICY.mappings[1:])
"""What is left of the mapping where Action Network has lost a field."""


def of_person(
    person: Person = ANA, *, phone: PhoneReading = PHONE, wish: Wish = Wish.TRUE, policy: Policy = POLICY
) -> bytes:
    return person_fingerprint(person, phone, wish, policy, HASHER)


def of_profile(
    profile: Profile = ANAS_PROFILE, *, reading: MembershipReading = ACTIVE, policy: Policy = POLICY
) -> bytes:
    return profile_fingerprint(profile, reading, policy, HASHER)


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(lambda: of_person(replace(ANA, modified_date=NOON + SECOND)), id="touched"),
        pytest.param(lambda: of_person(replace(ANA, values={**ANA.values, "given_name": " Ana"})), id="margin"),
        pytest.param(
            lambda: of_person(replace(ANA, values={**ANA.values, "postal_code": "02134-1234"})), id="zip-plus-four"
        ),
        pytest.param(
            lambda: of_person(replace(ANA, values={**ANA.values, "family_name": "Souza"})), id="field-not-mapped"
        ),
        pytest.param(lambda: of_person(replace(ANA, number="(202) 555-0123")), id="spelling-of-the-number"),
        pytest.param(lambda: of_person(replace(ANA, sms_status=" Subscribed")), id="spelling-of-the-status"),
        pytest.param(lambda: of_person(policy=replace(POLICY, source_code="SMS")), id="source-code"),
        pytest.param(
            lambda: of_person(policy=replace(POLICY, mappings=POLICY.mappings[::-1])), id="order-of-the-mappings"
        ),
    ],
)
def test_a_person_without_a_deciding_change_is_the_same(same: Callable[[], bytes]) -> None:
    assert same() == of_person()


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda: of_person(replace(ANA, values={**ANA.values, "given_name": "Anna"})), id="name"),
        pytest.param(lambda: of_person(replace(ANA, values={"postal_code": "02134"})), id="name-gone"),
        pytest.param(lambda: of_person(replace(ANA, sms_status="bouncing")), id="sms-status"),
        pytest.param(lambda: of_person(wish=Wish.FALSE), id="wish"),
        pytest.param(lambda: of_person(phone=Phone("+12025550124")), id="number"),
        pytest.param(lambda: of_person(phone=PhoneProblem(Reason.INVALID_PHONE)), id="no-usable-number"),
        pytest.param(lambda: of_person(policy=replace(POLICY, sync_type=SyncType.LIBERAL)), id="sync-type"),
        pytest.param(lambda: of_person(policy=replace(POLICY, opt_in_path=None)), id="opt-in-path"),
        pytest.param(lambda: of_person(policy=replace(POLICY, scope=None)), id="scope"),
        pytest.param(lambda: of_person(policy=replace(POLICY, mappings=POLICY.mappings[:1])), id="mapping-gone"),
        pytest.param(lambda: of_person(policy=WITHOUT_ZIP), id="F16-field-gone"),
        pytest.param(
            lambda: of_person(
                policy=replace(
                    POLICY,
                    mappings=(
                        POLICY.mappings[0].model_copy(update={"on_conflict": OnConflict.NEWEST}),
                        POLICY.mappings[1],
                    ),
                )
            ),
            id="on-conflict",
        ),
    ],
)
def test_a_person_with_a_deciding_change_is_another(other: Callable[[], bytes]) -> None:
    assert other() != of_person()


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(lambda: of_profile(replace(ANAS_PROFILE, updated_at=NOON + SECOND)), id="touched"),
        pytest.param(
            lambda: of_profile(replace(ANAS_PROFILE, values={**ANAS_PROFILE.values, "last_name": "Souza"})),
            id="field-not-mapped",
        ),
    ],
)
def test_a_profile_without_a_deciding_change_is_the_same(same: Callable[[], bytes]) -> None:
    assert same() == of_profile()


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(
            lambda: of_profile(replace(ANAS_PROFILE, values={**ANAS_PROFILE.values, "first_name": "Anna"})), id="name"
        ),
        pytest.param(
            lambda: of_profile(replace(ANAS_PROFILE, values={**ANAS_PROFILE.values, "custom.constituent_id": "3f1c"})),
            id="constituent-column",
        ),
        pytest.param(lambda: of_profile(replace(ANAS_PROFILE, constituent_ids=(ANA.id,))), id="vendors-constituent-id"),
        pytest.param(lambda: of_profile(replace(ANAS_PROFILE, number="12025550124")), id="number"),
        pytest.param(lambda: of_profile(reading=NEVER), id="membership"),
        pytest.param(lambda: of_profile(reading=replace(ACTIVE, at=NOON + SECOND)), id="time-of-the-membership"),
        pytest.param(lambda: of_profile(reading=replace(ACTIVE, other_opt_out_at=NOON)), id="opt-out-elsewhere"),
        pytest.param(
            lambda: of_profile(reading=replace(ACTIVE, notes=(Reason.CONSENT_CONTRADICTORY,))), id="contradiction"
        ),
        pytest.param(lambda: of_profile(policy=replace(POLICY, create_without_email=True)), id="spec"),
    ],
)
def test_a_profile_with_a_deciding_change_is_another(other: Callable[[], bytes]) -> None:
    assert other() != of_profile()


@pytest.mark.rule("F16")
def test_what_is_held_of_a_profile_is_looked_at_again_when_it_changes() -> None:
    moved = replace(ANAS_PROFILE, values={**ANAS_PROFILE.values, "postal_code": "02135"})

    assert of_profile(moved, policy=WITHOUT_ZIP) != of_profile(policy=WITHOUT_ZIP)
    assert of_profile(policy=WITHOUT_ZIP) != of_profile()


@pytest.mark.rule("F16")
def test_what_a_person_shows_of_a_field_that_vanished_decides_nothing() -> None:
    without = replace(ANA, values={**ANA.values, "postal_code": None})

    assert of_person(without, policy=WITHOUT_ZIP) == of_person(policy=WITHOUT_ZIP)


def test_another_key_gives_another_fingerprint() -> None:
    assert person_fingerprint(ANA, PHONE, Wish.TRUE, POLICY, Hasher(b"another key")) != of_person()


def test_a_zip_code_is_compared_by_the_country_of_its_record() -> None:
    german = replace(ANA, values={**ANA.values, "country": "DE"})
    longer = replace(german, values={**german.values, "postal_code": "02134-1234"})

    assert of_person(german) != of_person(longer)


def test_w4_a_row_of_the_campaign_and_the_profile_show_one_stamp() -> None:
    row = SubscriberRow(ANAS_PROFILE.id, "12025550123", activated_at=NOON, opted_out_at=None)
    subscription = Subscription("678", "Active", "12345", activated_at=NOON, opted_out_at=None)

    assert subscription_stamp(row.activated_at, row.opted_out_at, HASHER) == subscription_stamp(
        subscription.activated_at, subscription.opted_out_at, HASHER
    )


def test_w4_each_change_of_a_subscription_changes_its_stamp() -> None:
    stamps = {
        subscription_stamp(activated_at, opted_out_at, HASHER)
        for activated_at in (None, NOON, NOON + SECOND)
        for opted_out_at in (None, NOON, NOON + SECOND)
    }

    assert len(stamps) == 9
