from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.api.names import Category, MappingDirection, OnConflict, Reason, SyncType
from anmc.rules.consent import NEVER, MembershipReading
from anmc.rules.decisions import Ambiguous, MatchedPerson, NewPerson, NoMatch, PersonMatch, PushDecision, PushNeed
from anmc.rules.fields import settle
from anmc.rules.outcomes import Outcome
from anmc.rules.phone import PhoneProblem
from anmc.rules.push import decide_data, decide_opt_in, decide_opt_out, triage_push
from anmc.rules.records import Person, PersonId, Profile
from anmc.rules.remembered import Link, LinkState, ProfileSeen
from anmc.rules.states import Membership, Wish
from support.rule_builders import (
    ACTIVE,
    ANA,
    BEN,
    CAI,
    COLUMN,
    EARLY,
    FIRST_NAME,
    HASHER,
    LATER,
    NOON,
    OPT_IN_FIELD,
    OUT,
    PENDING,
    PHONE,
    UNCLEAR,
    UNDELIVERABLE,
    a_link,
    a_mapping,
    a_person,
    a_person_seen,
    a_policy,
    a_profile,
    a_suppression,
    push_facts,
    written_to,
    written_to_person,
)

POLICY = a_policy()
PERSON = a_person(given_name="Ana")
AGREED = a_profile(first_name="Ana", column=ANA)
LINK = a_link(AGREED, PERSON)
UNNAMED = a_profile(first_name="Ana")
EDITED = a_profile(first_name="Anna", column=ANA)
TRUE_TO_AN = {OPT_IN_FIELD: "1"}


def outcome(category: Category, reason: Reason = Reason.APPLIED, *fields: str) -> Outcome:
    return Outcome(category, reason, fields)


NOTHING = outcome(Category.NO_DIFFERENCE, Reason.NOTHING_TO_CARRY)
UPDATED = outcome(Category.UPDATED_IN_ACTION_NETWORK)


def seen_as(membership: Membership) -> ProfileSeen:
    return ProfileSeen(AGREED.id, None, membership, b"", b"", NOTHING, is_settled=True, run_id="push-1")


OLD_OUT = MembershipReading(Membership.OPTED_OUT, EARLY)
TOLD = a_suppression(handled_at=NOON)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(
            push_facts(a_profile(number="123")),
            outcome(Category.NO_EXPORT, Reason.INVALID_PHONE),
            id="P22-a-number-that-is-none",
        ),
        pytest.param(
            push_facts(a_profile(number="442071838750"), OUT),
            outcome(Category.NO_EXPORT, Reason.COUNTRY_NOT_ALLOWED),
            id="P22-a-country-that-is-not-allowed-opted-out-or-not",
        ),
        pytest.param(
            push_facts(AGREED, OUT, link=LINK, phone=PhoneProblem(Reason.COUNTRY_NOT_ALLOWED)),
            PushNeed.OPT_OUT_MATCH,
            id="P22-not-for-a-linked-opt-out",
        ),
        pytest.param(
            push_facts(AGREED, UNCLEAR, link=LINK), outcome(Category.HELD, Reason.MEMBERSHIP_UNCLEAR), id="P20-unclear"
        ),
        pytest.param(
            push_facts(AGREED, suppression=a_suppression()),
            outcome(Category.HELD, Reason.PREVIOUSLY_OPTED_OUT),
            id="P23-active-and-suppressed-creates-nobody",
        ),
        pytest.param(
            push_facts(EDITED, suppression=a_suppression(), link=LINK),
            PushNeed.LINKED_PERSON,
            id="P23-data-of-a-linked-profile",
        ),
        pytest.param(push_facts(AGREED, OUT), PushNeed.OPT_OUT_MATCH, id="P9-a-new-opt-out"),
        pytest.param(push_facts(EDITED, OUT, link=LINK), PushNeed.OPT_OUT_MATCH, id="P9-goes-before-data"),
        pytest.param(
            push_facts(AGREED, OLD_OUT, lower_bound=NOON, seen=seen_as(Membership.ACTIVE)),
            PushNeed.OPT_OUT_MATCH,
            id="C10-known-as-active",
        ),
        pytest.param(push_facts(AGREED, OLD_OUT, lower_bound=NOON), NOTHING, id="P15-an-old-opt-out"),
        pytest.param(push_facts(AGREED, OUT, suppression=TOLD), NOTHING, id="P15-an-opt-out-that-was-told"),
        pytest.param(
            push_facts(EDITED, OUT, suppression=TOLD, link=LINK), PushNeed.LINKED_PERSON, id="P15-data-if-linked"
        ),
        pytest.param(
            push_facts(AGREED, UNDELIVERABLE),
            outcome(Category.NO_DIFFERENCE, Reason.UNDELIVERABLE),
            id="P13-undeliverable-is-no-opt-out",
        ),
        pytest.param(push_facts(EDITED, UNDELIVERABLE, link=LINK), PushNeed.LINKED_PERSON, id="P13-data-if-linked"),
        pytest.param(
            push_facts(EDITED, PENDING, link=LINK),
            outcome(Category.DEFERRED_SUBSCRIPTION, Reason.AWAITING_CONFIRMATION),
            id="P8-pending-waits-for-the-person",
        ),
        pytest.param(
            push_facts(AGREED, NEVER), outcome(Category.NO_DIFFERENCE, Reason.NOT_SUBSCRIBED), id="P16-never-no-link"
        ),
        pytest.param(push_facts(EDITED, NEVER, link=LINK), PushNeed.LINKED_PERSON, id="P17-never-but-linked"),
        pytest.param(push_facts(AGREED, NEVER, link=LINK), NOTHING, id="P17-nothing-differs-from-the-settled-hash"),
        pytest.param(push_facts(AGREED), PushNeed.OPT_IN_MATCH, id="P1-active"),
        pytest.param(
            push_facts(AGREED, link=LINK, person_seen=a_person_seen(Wish.TRUE)), NOTHING, id="C11-stated-true-no-call"
        ),
        pytest.param(
            push_facts(EDITED, link=LINK, person_seen=a_person_seen(Wish.TRUE)),
            PushNeed.OPT_IN_MATCH,
            id="P1-stated-true-with-changed-fields",
        ),
        pytest.param(
            push_facts(replace(AGREED, values={**AGREED.values, COLUMN: BEN}), link=LINK, person_seen=a_person_seen()),
            PushNeed.OPT_IN_MATCH,
            id="M1-a-column-edited-by-hand-is-looked-at",
        ),
        pytest.param(
            push_facts(AGREED, link=LINK, person_seen=a_person_seen(Wish.FALSE)),
            PushNeed.OPT_IN_MATCH,
            id="P1-stated-false",
        ),
        pytest.param(
            push_facts(UNNAMED, link=LINK, person_seen=a_person_seen(Wish.TRUE)),
            PushNeed.OPT_IN_MATCH,
            id="P4-created-and-the-id-not-written",
        ),
        pytest.param(
            push_facts(replace(UNNAMED, constituent_ids=(ANA,)), link=LINK, person_seen=a_person_seen(Wish.TRUE)),
            NOTHING,
            id="M1-named-by-the-vendors-own-integration",
        ),
    ],
)
def test_what_needs_nobody_is_decided_at_once(facts: Any, expected: Outcome | PushNeed) -> None:
    assert triage_push(facts, POLICY, HASHER) == expected


def test_a_contradiction_becomes_the_reason() -> None:
    contradictory = MembershipReading(Membership.OPTED_OUT, EARLY, (Reason.CONSENT_CONTRADICTORY,))

    triage = triage_push(push_facts(AGREED, contradictory, lower_bound=NOON), POLICY, HASHER)

    assert triage == outcome(Category.NO_DIFFERENCE, Reason.CONSENT_CONTRADICTORY)


@pytest.mark.parametrize(
    ("link", "match", "expected"),
    [
        pytest.param(
            None,
            MatchedPerson(ANA, PERSON),
            PushDecision(outcome(Category.OPTED_OUT_IN_ACTION_NETWORK), opt_out=(ANA,), link_to=ANA),
            id="P9-one-match-is-linked",
        ),
        pytest.param(
            LINK,
            MatchedPerson(ANA, None),
            PushDecision(outcome(Category.OPTED_OUT_IN_ACTION_NETWORK), opt_out=(ANA,)),
            id="P9-the-linked-person-without-a-look-up",
        ),
        pytest.param(
            None,
            NoMatch(),
            PushDecision(outcome(Category.NO_EXPORT, Reason.OPT_OUT_WITHOUT_MATCH)),
            id="P10-nobody-is-created",
        ),
        pytest.param(
            None,
            Ambiguous(Reason.ID_AND_PHONE_DISAGREE),
            PushDecision(outcome(Category.NO_EXPORT, Reason.OPT_OUT_WITHOUT_MATCH)),
            id="P10-nobody-holds-the-number",
        ),
        pytest.param(
            None,
            Ambiguous(Reason.SEVERAL_MATCHES, (ANA, BEN)),
            PushDecision(outcome(Category.SKIPPED_MEMBERS, Reason.OPT_OUT_APPLIED_TO_ALL), opt_out=(ANA, BEN)),
            id="P11-every-holder",
        ),
        pytest.param(
            None,
            Ambiguous(Reason.ID_AND_PHONE_DISAGREE, (BEN,)),
            PushDecision(outcome(Category.SKIPPED_MEMBERS, Reason.ID_AND_PHONE_DISAGREE), opt_out=(BEN,)),
            id="P19-the-holder-of-the-number",
        ),
        pytest.param(
            LINK,
            Ambiguous(Reason.ID_AND_PHONE_DISAGREE, (BEN,)),
            PushDecision(outcome(Category.SKIPPED_MEMBERS, Reason.ID_AND_PHONE_DISAGREE), opt_out=(ANA, BEN)),
            id="C9-the-linked-person-and-every-holder",
        ),
    ],
)
def test_an_opt_out_reaches_whoever_holds_the_number(
    link: Link | None, match: PersonMatch, expected: PushDecision
) -> None:
    assert decide_opt_out(push_facts(AGREED, OUT, link=link), match) == expected


@pytest.mark.parametrize(
    ("match", "facts", "policy", "expected"),
    [
        pytest.param(
            Ambiguous(Reason.EMAIL_SHARED),
            push_facts(),
            POLICY,
            outcome(Category.SKIPPED_MEMBERS, Reason.EMAIL_SHARED),
            id="P7-not-clear-who",
        ),
        pytest.param(
            Ambiguous(Reason.PHONE_CHANGED),
            push_facts(AGREED, link=LINK),
            POLICY,
            outcome(Category.FIELD_CONFLICT, Reason.PHONE_CHANGED),
            id="P21-the-person-has-another-number-now",
        ),
        pytest.param(
            NoMatch(),
            push_facts(AGREED, link=LINK),
            POLICY,
            outcome(Category.PROCESSING_ERROR, Reason.PERSON_GONE),
            id="P12-a-linked-person-is-never-made-again",
        ),
        pytest.param(
            NoMatch(),
            push_facts(a_profile(column=BEN, email="ana@example.org")),
            POLICY,
            outcome(Category.PROCESSING_ERROR, Reason.PERSON_GONE),
            id="P12-nor-one-whom-the-column-names",
        ),
        pytest.param(
            NoMatch(),
            push_facts(a_profile(email="ana@example.org")),
            a_policy(a_mapping(required=True)),
            outcome(Category.NO_EXPORT, Reason.REQUIRED_FIELD_EMPTY, "first_name"),
            id="P14-required-and-empty",
        ),
        pytest.param(
            NoMatch(),
            push_facts(a_profile(first_name="Ana", email="no address")),
            POLICY,
            outcome(Category.NO_EXPORT, Reason.EMAIL_MISSING),
            id="P5-no-usable-email",
        ),
    ],
)
def test_an_opt_in_that_moves_nothing(match: PersonMatch, facts: Any, policy: Any, expected: Outcome) -> None:
    decision = decide_opt_in(facts, match, policy, HASHER)

    assert decision == PushDecision(expected, gone=decision.gone)
    assert (decision.gone is None) == (expected.reason is not Reason.PERSON_GONE)


BROKEN = replace(LINK, state=LinkState.BROKEN)
MERGED = MatchedPerson(BEN, a_person(BEN, email_address="ana@example.org"), merged=frozenset({ANA}))


@pytest.mark.parametrize(
    ("gone_at", "membership", "is_made"),
    [
        pytest.param(None, ACTIVE, False, id="P12-found-gone-just-now"),
        pytest.param(LATER, ACTIVE, False, id="M14-the-activation-is-older"),
        pytest.param(NOON, ACTIVE, False, id="M14-as-old-is-not-newer"),
        pytest.param(EARLY, ACTIVE, True, id="M14-the-activation-is-newer"),
        pytest.param(EARLY, MembershipReading(Membership.ACTIVE, None), False, id="M14-without-a-time"),
    ],
)
@pytest.mark.parametrize("link", [pytest.param(BROKEN, id="linked"), pytest.param(None, id="named")])
def test_only_a_newer_activation_brings_back_who_was_deleted(
    gone_at: datetime | None, membership: MembershipReading, link: Link | None, *, is_made: bool
) -> None:
    profile = a_profile(column=ANA, email="ana@example.org")

    decision = decide_opt_in(push_facts(profile, membership, link=link, gone_at=gone_at), NoMatch(), POLICY, HASHER)

    assert (decision.create is not None) == is_made
    assert (decision.gone == ANA) == (not is_made)


@pytest.mark.parametrize(
    "profile", [pytest.param(AGREED, id="column-empty"), pytest.param(a_profile(column=ANA), id="column-old")]
)
def test_m10_the_link_and_the_column_follow_who_survives(profile: Profile) -> None:
    decision = decide_opt_in(push_facts(profile, link=LINK), MERGED, POLICY, HASHER)

    assert (decision.outcome.category, decision.outcome.reason) == (Category.LINKED, Reason.PERSON_MERGED)
    assert (decision.link_to, decision.merged) == (BEN, frozenset({ANA}))
    assert decision.profile_update[COLUMN] == BEN


def test_m10_who_is_back_under_the_same_id_was_not_merged() -> None:
    decision = decide_opt_in(
        push_facts(a_profile(column=ANA), link=BROKEN), MatchedPerson(ANA, a_person(ANA)), POLICY, HASHER
    )

    assert (decision.outcome.reason, decision.link_to, decision.merged) == (Reason.NOTHING_TO_CARRY, ANA, frozenset())


@pytest.mark.parametrize(
    ("match", "told", "link_to", "reason"),
    [
        pytest.param(MERGED, (BEN,), BEN, Reason.PERSON_MERGED, id="M10-who-took-the-place"),
        pytest.param(NoMatch(), (), None, Reason.OPT_OUT_WITHOUT_MATCH, id="P10-gone"),
        pytest.param(
            Ambiguous(Reason.SEVERAL_MATCHES, (BEN, CAI)),
            (BEN, CAI),
            None,
            Reason.OPT_OUT_APPLIED_TO_ALL,
            id="M10-two-hold-the-number",
        ),
    ],
)
def test_an_opt_out_passes_over_a_linked_person_who_is_gone(
    match: PersonMatch, told: tuple[PersonId, ...], link_to: PersonId | None, reason: Reason
) -> None:
    decision = decide_opt_out(push_facts(AGREED, OUT, link=BROKEN), match)

    assert (decision.opt_out, decision.link_to, decision.outcome.reason) == (told, link_to, reason)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"link": BROKEN}, id="M10-the-person-is-gone"),
        pytest.param({"person_seen": a_person_seen(number_hash=None)}, id="M11-seen-without-a-number"),
        pytest.param({"holders": frozenset({ANA, BEN})}, id="M3-somebody-else-was-seen-with-the-number"),
    ],
)
def test_m1_a_member_in_step_is_looked_at_when_the_identity_is_in_doubt(changes: dict[str, Any]) -> None:
    profile = a_profile(column=ANA)
    facts = push_facts(profile, link=a_link(profile, a_person()), person_seen=a_person_seen(), holders=frozenset({ANA}))

    assert triage_push(facts, POLICY, HASHER) == NOTHING
    assert triage_push(replace(facts, **changes), POLICY, HASHER) is PushNeed.OPT_IN_MATCH


def test_p4_a_member_whom_nobody_knows_becomes_a_person() -> None:
    facts = push_facts(a_profile(first_name="Ana", email="Ana@example.org"))

    decision = decide_opt_in(facts, NoMatch(), POLICY, HASHER)

    assert decision == PushDecision(
        outcome(Category.EXPORTED),
        create=NewPerson(PHONE.digits, "Ana@example.org", {"given_name": "Ana", **TRUE_TO_AN}, "Mobile Commons"),
        settle=frozenset({"email", "first_name", "last_name"}),
    )


def test_p5_with_create_without_email_the_number_is_enough() -> None:
    decision = decide_opt_in(push_facts(), NoMatch(), a_policy(create_without_email=True), HASHER)

    assert decision.outcome == outcome(Category.EXPORTED)
    assert decision.create == NewPerson(PHONE.digits, None, TRUE_TO_AN, "Mobile Commons")


@pytest.mark.parametrize(
    ("person", "seen", "expected", "update"),
    [
        pytest.param(a_person(wish="1", given_name="Ana"), None, NOTHING, None, id="C11-true-nothing"),
        pytest.param(a_person(wish=None, given_name="Ana"), None, UPDATED, TRUE_TO_AN, id="C11-unknown-true"),
        pytest.param(
            a_person(wish=None, given_name="Ana"), a_person_seen(Wish.TRUE), NOTHING, None, id="C1-unknown-leaves-true"
        ),
        pytest.param(
            a_person(wish="", given_name="Ana"),
            a_person_seen(Wish.FALSE),
            outcome(Category.HELD, Reason.OPT_IN_STATUS_DIFFERS),
            None,
            id="C1-unknown-leaves-false",
        ),
        pytest.param(
            a_person(wish="0", modified=EARLY, given_name="Ana"), None, UPDATED, TRUE_TO_AN, id="C11-an-older-false"
        ),
        pytest.param(
            a_person(wish="0", modified=NOON, given_name="Ana"),
            None,
            outcome(Category.HELD, Reason.OPT_IN_STATUS_DIFFERS),
            None,
            id="C11-of-the-same-second-is-not-older",
        ),
        pytest.param(
            a_person(wish="0", modified=LATER, given_name="Ana"),
            None,
            outcome(Category.HELD, Reason.OPT_IN_STATUS_DIFFERS),
            None,
            id="C11-a-newer-false-is-held",
        ),
        pytest.param(
            a_person(wish="0", modified=None, given_name="Ana"),
            None,
            outcome(Category.HELD, Reason.OPT_IN_STATUS_DIFFERS),
            None,
            id="C11-without-a-date-held",
        ),
        pytest.param(
            a_person(wish="0", modified=LATER, given_name="Ana"),
            a_person_seen(Wish.FALSE, ours=True),
            UPDATED,
            TRUE_TO_AN,
            id="C11-our-own-false-for-an-opt-out-that-ended",
        ),
        pytest.param(
            a_person(wish="0", modified=LATER, given_name="Ana"),
            a_person_seen(Wish.FALSE, ours=True, person_id=BEN),
            outcome(Category.HELD, Reason.OPT_IN_STATUS_DIFFERS),
            None,
            id="C11-somebody-elses-false",
        ),
    ],
)
def test_p1_a_linked_member_says_true(
    person: Person, seen: Any, expected: Outcome, update: dict[str, str] | None
) -> None:
    facts = push_facts(AGREED, link=LINK, person_seen=seen)

    decision = decide_opt_in(facts, MatchedPerson(ANA, person), POLICY, HASHER)

    assert decision.outcome == expected
    assert decision.update == (None if update is None else (ANA, update))


def test_p4_an_id_that_was_not_written_is_made_up_for() -> None:
    facts = push_facts(UNNAMED, link=LINK, person_seen=a_person_seen(Wish.TRUE))

    decision = decide_opt_in(facts, MatchedPerson(ANA, PERSON), POLICY, HASHER)

    everything = frozenset({"email", "first_name", "last_name"})
    assert decision == PushDecision(outcome(Category.LINKED), profile_update={COLUMN: ANA}, settle=everything)


def test_p1_consent_and_changed_fields_travel_in_one_write() -> None:
    facts = push_facts(EDITED, link=LINK)

    decision = decide_opt_in(facts, MatchedPerson(ANA, a_person(wish=None, given_name="Ana")), POLICY, HASHER)

    assert decision.update == (ANA, {"given_name": "Anna", **TRUE_TO_AN})
    assert decision.outcome == outcome(Category.UPDATED_IN_ACTION_NETWORK, Reason.APPLIED, "first_name")
    assert decision.profile_update == {}
    assert decision.link_to is None


@pytest.mark.rule("F11")
def test_f11_a_conflict_stops_the_data_and_not_the_consent() -> None:
    facts = push_facts(EDITED, link=LINK)

    decision = decide_opt_in(facts, MatchedPerson(ANA, a_person(wish=None, given_name="Anne")), POLICY, HASHER)

    assert decision.update == (ANA, TRUE_TO_AN)
    assert decision.outcome == outcome(Category.UPDATED_IN_ACTION_NETWORK, Reason.BOTH_CHANGED, "first_name")
    assert decision.settle == frozenset()


@pytest.mark.parametrize(
    ("profile", "person", "expected"),
    [
        pytest.param(
            a_profile(first_name="Ana"),
            a_person(wish="1", given_name="Ana"),
            PushDecision(
                outcome(Category.LINKED),
                profile_update={COLUMN: ANA},
                link_to=ANA,
                settle=frozenset({"email", "first_name", "last_name"}),
            ),
            id="P2-nothing-to-write-but-the-link-and-the-id",
        ),
        pytest.param(
            AGREED,
            a_person(wish="1", given_name="Ana"),
            PushDecision(outcome(Category.LINKED), link_to=ANA, settle=frozenset({"email", "first_name", "last_name"})),
            id="P1-matched-by-id-the-column-is-right-already",
        ),
        pytest.param(
            a_profile(first_name="Ana", email="old@example.org"),
            a_person(wish=None, family_name="Silva", email_address="ana@example.org"),
            PushDecision(
                outcome(Category.UPDATED_IN_ACTION_NETWORK, Reason.APPLIED, "email", "first_name", "last_name"),
                update=(ANA, {"given_name": "Ana", **TRUE_TO_AN}),
                profile_update={"email": "ana@example.org", "last_name": "Silva", COLUMN: ANA},
                link_to=ANA,
                settle=frozenset({"email", "first_name", "last_name"}),
            ),
            id="P2-fills-both-sides-and-takes-the-e-mail-of-AN",
        ),
        pytest.param(
            a_profile(first_name="Ana"),
            a_person(wish="1", given_name="Anne"),
            PushDecision(
                outcome(Category.FIELD_CONFLICT, Reason.FIRST_LINK_DIFFERS, "first_name"),
                profile_update={COLUMN: ANA},
                link_to=ANA,
            ),
            id="F7-the-link-is-stored-in-any-case",
        ),
        pytest.param(
            a_profile(first_name="Ana"),
            a_person(wish="0", modified=LATER),
            PushDecision(
                outcome(Category.HELD, Reason.OPT_IN_STATUS_DIFFERS),
                profile_update={COLUMN: ANA},
                link_to=ANA,
                settle=frozenset({"email", "last_name"}),
            ),
            id="F13-without-a-true-wish-no-data",
        ),
    ],
)
def test_p2_a_match_by_number_is_linked(profile: Profile, person: Person, expected: PushDecision) -> None:
    assert decide_opt_in(push_facts(profile), MatchedPerson(ANA, person), POLICY, HASHER) == expected


@pytest.mark.rule("P3", "A4")
def test_p3_a_match_by_email_gets_the_number() -> None:
    person = a_person(number=None, wish="1", email_address="ana@example.org")

    decision = decide_opt_in(
        push_facts(a_profile(email="ana@example.org")), MatchedPerson(ANA, person, by_email=True), POLICY, HASHER
    )

    assert decision.update == (ANA, {"phone_number": PHONE.digits})
    assert decision.outcome == UPDATED
    assert decision.link_to == ANA


@pytest.mark.parametrize(
    ("facts", "person", "policy", "expected", "update"),
    [
        pytest.param(
            push_facts(EDITED, OLD_OUT, link=LINK),
            PERSON,
            POLICY,
            outcome(Category.UPDATED_IN_ACTION_NETWORK, Reason.APPLIED, "first_name"),
            {"given_name": "Anna"},
            id="P17-a-changed-field",
        ),
        pytest.param(
            push_facts(EDITED, NEVER, link=LINK),
            a_person(wish="0", given_name="Ana"),
            POLICY,
            outcome(Category.HELD, Reason.NOT_OPTED_IN, "first_name"),
            None,
            id="F13-not-opted-in",
        ),
        pytest.param(
            push_facts(EDITED, NEVER, link=LINK),
            a_person(wish="0", given_name="Ana"),
            a_policy(sync_type=SyncType.LIBERAL),
            outcome(Category.UPDATED_IN_ACTION_NETWORK, Reason.APPLIED, "first_name"),
            {"given_name": "Anna"},
            id="F13-liberal",
        ),
        pytest.param(
            push_facts(EDITED, NEVER, link=LINK),
            a_person(given_name="Anne"),
            POLICY,
            outcome(Category.FIELD_CONFLICT, Reason.BOTH_CHANGED, "first_name"),
            None,
            id="P17-both-changed",
        ),
        pytest.param(push_facts(AGREED, NEVER, link=LINK), PERSON, POLICY, NOTHING, None, id="P17-nothing-differs"),
        pytest.param(
            push_facts(a_profile(column=ANA), NEVER, link=LINK),
            PERSON,
            a_policy(a_mapping(required=True)),
            outcome(Category.NO_EXPORT, Reason.REQUIRED_FIELD_EMPTY, "first_name"),
            None,
            id="F12-required-and-empty",
        ),
        pytest.param(
            push_facts(EDITED, ACTIVE, link=LINK, suppression=a_suppression()),
            PERSON,
            POLICY,
            outcome(Category.UPDATED_IN_ACTION_NETWORK, Reason.PREVIOUSLY_OPTED_OUT, "first_name"),
            {"given_name": "Anna"},
            id="P23-data-and-no-consent",
        ),
        pytest.param(
            push_facts(AGREED, UNDELIVERABLE, link=LINK),
            PERSON,
            POLICY,
            outcome(Category.NO_DIFFERENCE, Reason.UNDELIVERABLE),
            None,
            id="P13-data-alone",
        ),
    ],
)
def test_p17_data_of_a_linked_profile(
    facts: Any, person: Person, policy: Any, expected: Outcome, update: dict[str, str] | None
) -> None:
    decision = decide_data(facts, MatchedPerson(person.id, person), policy, HASHER)

    assert decision.outcome == expected
    assert decision.update == (None if update is None else (ANA, update))


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(push_facts(AGREED, membership, link=LINK), id=membership.membership.value)
        for membership in (NEVER, PENDING, OUT, UNDELIVERABLE, UNCLEAR)
    ]
    + [pytest.param(push_facts(AGREED, link=LINK, suppression=a_suppression()), id="suppressed")],
)
def test_only_an_active_membership_becomes_true(facts: Any) -> None:
    with pytest.raises(ValueError, match="active membership"):
        decide_opt_in(facts, MatchedPerson(ANA, PERSON), POLICY, HASHER)


def test_an_opt_in_is_decided_on_the_person_as_read() -> None:
    with pytest.raises(ValueError, match="as read"):
        decide_opt_in(push_facts(AGREED, link=LINK), MatchedPerson(ANA, None), POLICY, HASHER)


TEXTS = st.sampled_from(["", "Ana", "Anna", "Anne"])
WISHES = st.sampled_from(["1", "0", "", None, "maybe"])
POLICIES = st.builds(
    lambda sync_type, direction, on_conflict: a_policy(
        a_mapping(FIRST_NAME, direction=direction, on_conflict=on_conflict), sync_type=sync_type
    ),
    st.sampled_from(SyncType),
    st.sampled_from(MappingDirection),
    st.sampled_from(OnConflict),
)


@pytest.mark.rule("I10")
@given(TEXTS, TEXTS, TEXTS, WISHES, st.booleans(), st.booleans(), st.sampled_from([EARLY, NOON, LATER]), POLICIES)
def test_i10_what_a_push_has_done_it_does_not_do_again(
    profile_name: str,
    person_name: str,
    settled_name: str,
    wish: str | None,
    linked: bool,  # noqa: FBT001 - hypothesis fills by position
    named: bool,  # noqa: FBT001
    modified: Any,
    policy: Any,
) -> None:
    profile = a_profile(first_name=profile_name, column=ANA if named else "")
    person = a_person(wish=wish, given_name=person_name, modified=modified)
    settled = a_link(a_profile(first_name=settled_name), a_person(given_name=settled_name), *policy.mappings)
    link = settled if linked else None
    first = decide_opt_in(push_facts(profile, link=link), MatchedPerson(ANA, person), policy, HASHER)

    profile = written_to(profile, first.profile_update)
    person = written_to_person(person, first.update[1] if first.update else {})
    pairs = settle(policy.mappings, profile, person, first.settle, HASHER)
    link = replace(link or a_link(), settled={**(link.settled if link else {}), **pairs})
    second = decide_opt_in(push_facts(profile, link=link), MatchedPerson(ANA, person), policy, HASHER)

    assert second.update is None
    assert not second.profile_update


@pytest.mark.rule("I1", "I6")
@given(
    st.sampled_from([NEVER, PENDING, OUT, OLD_OUT, UNDELIVERABLE, UNCLEAR, ACTIVE]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([EARLY, NOON, LATER]),
)
def test_i6_only_an_unsuppressed_active_profile_asks_for_an_opt_in(
    membership: MembershipReading,
    linked: bool,  # noqa: FBT001 - hypothesis fills by position
    suppressed: bool,  # noqa: FBT001
    lower_bound: Any,
) -> None:
    facts = push_facts(
        EDITED,
        membership,
        link=LINK if linked else None,
        suppression=a_suppression() if suppressed else None,
        lower_bound=lower_bound,
    )

    wants_opt_in = triage_push(facts, POLICY, HASHER) is PushNeed.OPT_IN_MATCH

    assert wants_opt_in == (membership == ACTIVE and not suppressed)
