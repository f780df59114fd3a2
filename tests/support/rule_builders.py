"""Small builders of what the rules are told: each gives one ordinary record, and a test says what is special."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from anmc.api.mapping import FieldMapping
from anmc.api.names import Category, Reason, SyncType
from anmc.rules.consent import NEVER, read_wish
from anmc.rules.consent import MembershipReading as Reading
from anmc.rules.decisions import NoMatch, PullFacts, PushFacts
from anmc.rules.fields import settle
from anmc.rules.hashing import Hasher
from anmc.rules.outcomes import Outcome
from anmc.rules.phone import read_phone
from anmc.rules.policy import Policy
from anmc.rules.records import Person, PersonId, Phone, Profile, ProfileId
from anmc.rules.remembered import Link, OptOutOrigin, PersonSeen, Suppression
from anmc.rules.states import Membership, Wish

EARLY: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOON: Final = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LATER: Final = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)

HASHER: Final = Hasher(b"a key for tests")
PHONE: Final = Phone("+12025550123")
OTHER_NUMBER: Final = "12025550188"
ANA: Final = PersonId("3f1c7a52-6a54-4b7e-9d0d-2f4a8f0e1b11")
BEN: Final = PersonId("b2a4c6d8-0b1c-4d2e-8f30-4152637485a6")
CAI: Final = PersonId("c0ffee00-1111-4222-8333-444455556666")
PROFILE: Final = ProfileId("602169563")
CAMPAIGN: Final = "678"
OPT_IN_FIELD: Final = "custom_fields.sms_opt_in"
COLUMN: Final = "custom.constituent_id"

ACTIVE: Final = Reading(Membership.ACTIVE, NOON)
OUT: Final = Reading(Membership.OPTED_OUT, NOON)
PENDING: Final = Reading(Membership.PENDING, None)
UNDELIVERABLE: Final = Reading(Membership.UNDELIVERABLE, None)
UNCLEAR: Final = Reading(Membership.UNCLEAR, None)

EMAIL: Final = FieldMapping(field="email", api_field_name="email_address")
FIRST_NAME: Final = FieldMapping(field="first_name", api_field_name="given_name")
LAST_NAME: Final = FieldMapping(field="last_name", api_field_name="family_name")


def a_mapping(mapping: FieldMapping = FIRST_NAME, **changes: object) -> FieldMapping:
    return mapping.model_copy(update=changes)


def a_policy(
    *mappings: FieldMapping,
    sync_type: SyncType = SyncType.CONSERVATIVE,
    opt_in_path: str | None = "12345",
    create_without_email: bool = False,
) -> Policy:
    return Policy(
        sync_type=sync_type,
        scope=None,
        target=CAMPAIGN,
        opt_in_path=opt_in_path,
        opt_in_field=OPT_IN_FIELD,
        constituent_column=COLUMN,
        source_code="Mobile Commons",
        create_without_email=create_without_email,
        default_region="US",
        allowed_country_codes=frozenset({1}),
        mappings=mappings or (EMAIL, FIRST_NAME, LAST_NAME),
    )


def a_person(
    person_id: PersonId = ANA,
    *,
    number: str | None = PHONE.digits,
    wish: str | None = "1",
    modified: datetime | None = NOON,
    sms_status: str | None = "subscribed",
    **values: str | None,
) -> Person:
    """Values by API field name; the wish is the text of the opt-in field, None leaves it out."""
    stated = {} if wish is None else {OPT_IN_FIELD: wish}
    return Person(person_id, EARLY, modified, number, sms_status, {**values, **stated})


def a_profile(
    profile_id: ProfileId = PROFILE,
    *,
    number: str = PHONE.digits,
    column: str = "",
    constituent_ids: tuple[PersonId, ...] = (),
    updated: datetime | None = NOON,
    **values: str,
) -> Profile:
    return Profile(
        id=profile_id,
        number=number,
        status="Active Subscriber",
        updated_at=updated,
        opted_out_at=None,
        values={**values, COLUMN: column},
        constituent_ids=constituent_ids,
    )


def a_link(
    profile: Profile | None = None,
    person: Person | None = None,
    *mappings: FieldMapping,
    number: str = PHONE.e164,
) -> Link:
    """A link of two records; with both given, their mapped fields are settled as they are."""
    settled = {}
    if profile is not None and person is not None:
        rows: Sequence[FieldMapping] = mappings or a_policy().mappings
        settled = settle(rows, profile, person, {row.field for row in rows}, HASHER)
    return Link(profile.id if profile else PROFILE, person.id if person else ANA, HASHER.number(Phone(number)), settled)


def a_suppression(*, handled_at: datetime | None = None, ended_at: datetime | None = None) -> Suppression:
    return Suppression(HASHER.number(PHONE), NOON, OptOutOrigin.MOBILE_COMMONS, handled_at, ended_at)


def a_person_seen(
    stated: Wish | None = Wish.TRUE, *, ours: bool = False, person_id: PersonId = ANA, **changes: Any
) -> PersonSeen:
    seen = PersonSeen(
        person_id=person_id,
        number_hash=HASHER.number(PHONE),
        stated_wish=stated,
        wish_is_ours=ours,
        modified_date=NOON,
        fingerprint=b"form",
        outcome=Outcome(Category.NO_DIFFERENCE, Reason.NOTHING_TO_CARRY),
        is_settled=True,
        run_id="pull-1",
    )
    return replace(seen, **changes)


def push_facts(profile: Profile | None = None, membership: Reading = ACTIVE, **changes: Any) -> PushFacts:
    profile = profile or a_profile()
    facts = PushFacts(
        profile=profile,
        phone=read_phone(profile.number, default_region="US", allowed_country_codes=frozenset({1})),
        membership=membership,
        link=None,
        seen=None,
        suppression=None,
        lower_bound=EARLY,
    )
    return replace(facts, **changes)


def pull_facts(person: Person | None = None, match: Profile | None = None, **changes: Any) -> PullFacts:
    """A person without link whom nobody knows, or whose number has the profile `match`."""
    person = person or a_person()
    facts = PullFacts(
        person=person,
        phone=read_phone(person.number, default_region="US", allowed_country_codes=frozenset({1})),
        wish=read_wish(person.values.get(OPT_IN_FIELD)),
        link=None,
        seen=None,
        match=match or NoMatch(),
        membership=NEVER,
        suppression=None,
        attempt=None,
        shared_number=False,
        eligible=True,
    )
    return replace(facts, **changes)


def written_to(profile: Profile, values: Mapping[str, str] | None) -> Profile:
    """The profile as it stands after a write of values."""
    return replace(profile, values={**profile.values, **(values or {})})


def written_to_person(person: Person, values: Mapping[str, str] | None) -> Person:
    """The person as it stands after a write of values."""
    return replace(person, values={**person.values, **(values or {})})
