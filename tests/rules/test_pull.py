from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.api.names import Category, MappingDirection, OnConflict, Reason, SyncType
from anmc.rules.consent import NEVER, MembershipReading
from anmc.rules.decisions import Ambiguous, NoMatch, PullDecision, PullFacts
from anmc.rules.fields import settle
from anmc.rules.outcomes import Outcome
from anmc.rules.policy import Policy
from anmc.rules.pull import decide_pull, recognise
from anmc.rules.records import ProfileId
from anmc.rules.remembered import Attempt, AttemptResult, Link, LinkState, PersonSeen
from anmc.rules.states import Membership, Wish
from support.rule_builders import (
    ACTIVE,
    ANA,
    BEN,
    CAMPAIGN,
    COLUMN,
    EARLY,
    FIRST_NAME,
    HASHER,
    LATER,
    NOON,
    OPT_IN_FIELD,
    OTHER_NUMBER,
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
    pull_facts,
    written_to,
    written_to_person,
)

POLICY = a_policy()
LIBERAL = a_policy(sync_type=SyncType.LIBERAL)
NO_PATH = a_policy(opt_in_path=None)
PERSON = a_person(given_name="Ana")
PROFILE = a_profile(first_name="Ana", column=ANA)
LINK = a_link(PROFILE, PERSON)
RETIRED = replace(LINK, state=LinkState.RETIRED)
EDITED = a_person(given_name="Anna")
ALL = frozenset({"email", "first_name", "last_name"})


def outcome(category: Category, reason: Reason = Reason.APPLIED, *fields: str) -> Outcome:
    return Outcome(category, reason, fields)


NOTHING = outcome(Category.NO_DIFFERENCE, Reason.NOTHING_TO_CARRY)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(None, None, id="Q21-never-seen"),
        pytest.param(
            a_person_seen(modified_date=LATER),
            outcome(Category.NO_NEW_CHANGES, Reason.UNCHANGED),
            id="Q21-same-version",
        ),
        pytest.param(a_person_seen(modified_date=NOON), NOTHING, id="Q21-touched"),
        pytest.param(
            a_person_seen(modified_date=NOON, outcome=outcome(Category.UPDATED_IN_ACTION_NETWORK)),
            outcome(Category.NO_DIFFERENCE, Reason.OWN_WRITE),
            id="Q21-our-own-write-came-back",
        ),
        pytest.param(a_person_seen(fingerprint=b"another form"), None, id="Q21-changed"),
        pytest.param(a_person_seen(modified_date=LATER, is_settled=False), None, id="Q21-work-was-left-undone"),
    ],
)
def test_an_unchanged_person_is_recognised(seen: PersonSeen | None, expected: Outcome | None) -> None:
    assert recognise(a_person(modified=LATER), seen, b"form") == expected


@pytest.mark.parametrize(
    ("facts", "policy", "expected"),
    [
        pytest.param(
            pull_facts(a_person(number=None)),
            POLICY,
            outcome(Category.NO_IMPORT, Reason.PHONE_MISSING),
            id="Q11-no-number",
        ),
        pytest.param(
            pull_facts(a_person(number="123")),
            POLICY,
            outcome(Category.NO_IMPORT, Reason.INVALID_PHONE),
            id="Q11-no-usable-number",
        ),
        pytest.param(
            pull_facts(PERSON, PROFILE, shared_number=True),
            POLICY,
            outcome(Category.SKIPPED_MEMBERS, Reason.SEVERAL_MATCHES),
            id="Q12-somebody-else-holds-the-number",
        ),
        pytest.param(
            pull_facts(PERSON, PROFILE, shared_number=True, link=LINK),
            POLICY,
            outcome(Category.SKIPPED_MEMBERS, Reason.SEVERAL_MATCHES),
            id="Q12-a-linked-one-included",
        ),
        pytest.param(
            pull_facts(PERSON, match=Ambiguous(Reason.ID_AND_PHONE_DISAGREE)),  # type: ignore[arg-type]
            POLICY,
            outcome(Category.SKIPPED_MEMBERS, Reason.ID_AND_PHONE_DISAGREE),
            id="Q12-ids-disagree",
        ),
        pytest.param(
            pull_facts(a_person(number=OTHER_NUMBER), link=LINK),
            POLICY,
            outcome(Category.FIELD_CONFLICT, Reason.PHONE_CHANGED),
            id="Q13-the-number-of-a-linked-person-changed",
        ),
        pytest.param(
            pull_facts(a_person(number=None), link=LINK),
            POLICY,
            outcome(Category.FIELD_CONFLICT, Reason.PHONE_CHANGED),
            id="Q13-or-was-removed",
        ),
        pytest.param(
            pull_facts(PERSON, link=LINK),
            POLICY,
            outcome(Category.UNABLE_TO_UPDATE, Reason.PROFILE_DELETED),
            id="Q17-a-deleted-profile-is-not-made-again",
        ),
        pytest.param(
            pull_facts(PERSON, link=RETIRED, profile_gone_at=NOON),
            POLICY,
            outcome(Category.UNABLE_TO_UPDATE, Reason.PROFILE_DELETED),
            id="M13-nor-when-that-is-certain",
        ),
        pytest.param(
            pull_facts(PERSON, PROFILE, link=RETIRED, profile_gone_at=NOON),
            POLICY,
            outcome(Category.UNABLE_TO_UPDATE, Reason.PROFILE_DELETED),
            id="M14-one-that-others-made-again",
        ),
        pytest.param(
            pull_facts(PERSON, PROFILE, link=RETIRED, profile_gone_at=NOON, membership=ACTIVE),
            POLICY,
            outcome(Category.UNABLE_TO_UPDATE, Reason.PROFILE_DELETED),
            id="M14-an-activation-that-is-no-newer",
        ),
        pytest.param(
            pull_facts(PERSON, match=Ambiguous(Reason.PHONE_MOVED)),  # type: ignore[arg-type]
            POLICY,
            outcome(Category.SKIPPED_MEMBERS, Reason.PHONE_MOVED),
            id="Q18-the-number-came-from-another",
        ),
        pytest.param(
            pull_facts(a_person(number=OTHER_NUMBER), match=Ambiguous(Reason.PHONE_MOVED), link=LINK),  # type: ignore[arg-type]
            POLICY,
            outcome(Category.SKIPPED_MEMBERS, Reason.PHONE_MOVED),
            id="Q18-before-the-change-of-its-own",
        ),
        pytest.param(
            pull_facts(a_person()),
            a_policy(a_mapping(required=True)),
            outcome(Category.NO_IMPORT, Reason.REQUIRED_FIELD_EMPTY, "first_name"),
            id="Q15-required-and-empty",
        ),
        pytest.param(
            pull_facts(a_person(wish="0")), POLICY, outcome(Category.NO_IMPORT, Reason.NOT_OPTED_IN), id="Q8-false"
        ),
        pytest.param(
            pull_facts(a_person(wish=None)), POLICY, outcome(Category.NO_IMPORT, Reason.NOT_OPTED_IN), id="Q10-unknown"
        ),
        pytest.param(
            pull_facts(a_person(wish="perhaps")),
            POLICY,
            outcome(Category.NO_IMPORT, Reason.OPT_IN_FIELD_UNREADABLE),
            id="Q10-unreadable",
        ),
        pytest.param(
            pull_facts(a_person(wish=None), eligible=False),
            LIBERAL,
            outcome(Category.HELD, Reason.NOT_RECENT),
            id="Q0-an-old-person-is-not-created",
        ),
        pytest.param(
            pull_facts(PERSON, eligible=False),
            POLICY,
            outcome(Category.HELD, Reason.NOT_RECENT),
            id="Q0-nor-one-who-wishes",
        ),
        pytest.param(
            pull_facts(PERSON, suppression=a_suppression()),
            POLICY,
            outcome(Category.HELD, Reason.PREVIOUSLY_OPTED_OUT),
            id="Q4-no-profile-for-a-suppressed-number",
        ),
        pytest.param(
            pull_facts(EDITED, PROFILE, membership=UNCLEAR, link=LINK),
            POLICY,
            outcome(Category.HELD, Reason.MEMBERSHIP_UNCLEAR),
            id="Q23-unclear",
        ),
        pytest.param(
            pull_facts(PERSON, a_profile(), membership=UNCLEAR),
            POLICY,
            outcome(Category.HELD, Reason.MEMBERSHIP_UNCLEAR),
            id="Q23-not-even-a-link",
        ),
    ],
)
def test_rows_that_write_nothing(facts: PullFacts, policy: Policy, expected: Outcome) -> None:
    assert decide_pull(facts, policy, HASHER) == PullDecision(expected)


@pytest.mark.parametrize(
    ("facts", "policy", "expected"),
    [
        pytest.param(
            pull_facts(a_person(wish="0", given_name="Ana")),
            LIBERAL,
            PullDecision(
                outcome(Category.IMPORTED, Reason.NOT_OPTED_IN),
                profile_update={"first_name": "Ana", COLUMN: ANA},
                creates_profile=True,
                link=True,
                settle=ALL,
            ),
            id="Q8-liberal-imports-and-never-subscribes",
        ),
        pytest.param(
            pull_facts(PERSON),
            POLICY,
            PullDecision(
                outcome(Category.IMPORTED),
                profile_update={"first_name": "Ana", COLUMN: ANA},
                creates_profile=True,
                link=True,
                stage_opt_in=True,
                settle=ALL,
            ),
            id="Q1-new",
        ),
        pytest.param(
            pull_facts(PERSON),
            NO_PATH,
            PullDecision(
                outcome(Category.IMPORTED, Reason.NO_OPT_IN_PATH),
                profile_update={"first_name": "Ana", COLUMN: ANA},
                creates_profile=True,
                link=True,
                settle=ALL,
            ),
            id="Q7-no-path",
        ),
        pytest.param(
            pull_facts(a_person(sms_status="bouncing", given_name="Ana")),
            POLICY,
            PullDecision(
                outcome(Category.IMPORTED, Reason.UNDELIVERABLE),
                profile_update={"first_name": "Ana", COLUMN: ANA},
                creates_profile=True,
                link=True,
                settle=ALL,
            ),
            id="Q6-bouncing",
        ),
    ],
)
def test_rows_that_make_a_profile(facts: PullFacts, policy: Policy, expected: PullDecision) -> None:
    assert decide_pull(facts, policy, HASHER) == expected


FALSE, BLANK = a_person(wish="0", given_name="Ana"), a_person(wish=None, given_name="Ana")
HELD_DATA = outcome(Category.HELD, Reason.NOT_OPTED_IN, "first_name")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(
            pull_facts(FALSE, PROFILE, membership=ACTIVE, link=LINK),
            outcome(Category.HELD, Reason.OPT_IN_STATUS_DIFFERS),
            id="Q19-false-beside-active",
        ),
        pytest.param(pull_facts(FALSE, PROFILE, membership=OUT, link=LINK), NOTHING, id="Q22-false-beside-out"),
        pytest.param(pull_facts(BLANK, PROFILE, membership=ACTIVE, link=LINK), NOTHING, id="Q22-blank-is-no-opt-out"),
        pytest.param(
            pull_facts(a_person(wish=None, given_name="Anna"), PROFILE, membership=ACTIVE, link=LINK),
            HELD_DATA,
            id="Q22-held-when-something-differs",
        ),
        pytest.param(
            pull_facts(a_person(wish="huh", given_name="Ana"), PROFILE, membership=ACTIVE, link=LINK),
            outcome(Category.HELD, Reason.OPT_IN_FIELD_UNREADABLE),
            id="C1-unreadable-is-reported",
        ),
        pytest.param(
            pull_facts(PERSON, PROFILE, membership=OUT, link=LINK),
            outcome(Category.HELD, Reason.PREVIOUSLY_OPTED_OUT),
            id="Q4-opt-out-outlives-a-ticked-box",
        ),
        pytest.param(
            pull_facts(PERSON, PROFILE, membership=NEVER, link=LINK, suppression=a_suppression()),
            outcome(Category.HELD, Reason.PREVIOUSLY_OPTED_OUT),
            id="Q4-and-a-forgotten-subscription",
        ),
        pytest.param(
            pull_facts(PERSON, PROFILE, membership=ACTIVE, link=LINK, suppression=a_suppression()),
            outcome(Category.HELD, Reason.PREVIOUSLY_OPTED_OUT),
            id="Q4-goes-before-Q3",
        ),
        pytest.param(
            pull_facts(EDITED, PROFILE, membership=OUT, link=LINK),
            outcome(Category.UPDATED_IN_MOBILE_COMMONS, Reason.PREVIOUSLY_OPTED_OUT, "first_name"),
            id="Q4-data-flows",
        ),
        pytest.param(
            pull_facts(PERSON, PROFILE, membership=UNDELIVERABLE, link=LINK),
            outcome(Category.HELD, Reason.UNDELIVERABLE),
            id="Q6-undeliverable",
        ),
        pytest.param(
            pull_facts(a_person(given_name="Ana", sms_status="bouncing"), PROFILE, membership=ACTIVE, link=LINK),
            outcome(Category.HELD, Reason.UNDELIVERABLE),
            id="Q6-bouncing-whatever-the-membership",
        ),
        pytest.param(
            pull_facts(PERSON, PROFILE, membership=ACTIVE, link=LINK),
            outcome(Category.NO_DIFFERENCE, Reason.ALREADY_SUBSCRIBED),
            id="Q3-member-gets-no-second-welcome",
        ),
        pytest.param(
            pull_facts(EDITED, PROFILE, membership=ACTIVE, link=LINK),
            outcome(Category.UPDATED_IN_MOBILE_COMMONS, Reason.ALREADY_SUBSCRIBED, "first_name"),
            id="Q3-data-flows",
        ),
        pytest.param(
            pull_facts(PERSON, a_profile(first_name="Ana"), membership=ACTIVE),
            outcome(Category.LINKED, Reason.ALREADY_SUBSCRIBED),
            id="Q3-linked",
        ),
        pytest.param(
            pull_facts(PERSON, PROFILE, membership=PENDING, link=LINK),
            outcome(Category.DEFERRED_SUBSCRIPTION, Reason.AWAITING_CONFIRMATION),
            id="Q5-pending",
        ),
        pytest.param(
            pull_facts(PERSON, PROFILE, link=LINK, eligible=False),
            outcome(Category.HELD, Reason.NOT_RECENT),
            id="Q0-not-opted-in",
        ),
        pytest.param(
            pull_facts(
                PERSON,
                PROFILE,
                link=LINK,
                attempt=Attempt(HASHER.number(PHONE), CAMPAIGN, EARLY, AttemptResult.REFUSED),
            ),
            outcome(Category.HELD, Reason.REFUSED_BY_VENDOR),
            id="C12-refused-before",
        ),
        pytest.param(
            pull_facts(
                PERSON,
                PROFILE,
                link=LINK,
                attempt=Attempt(HASHER.number(PHONE), CAMPAIGN, EARLY, AttemptResult.FAILED),
            ),
            outcome(Category.UNABLE_TO_UPDATE, Reason.SERVICE_REFUSED),
            id="C12-failed-for-good-before",
        ),
    ],
)
def test_rows_that_subscribe_nobody(facts: PullFacts, expected: Outcome) -> None:
    decision = decide_pull(facts, POLICY, HASHER)

    assert decision.outcome == expected
    assert not decision.stage_opt_in


def test_q7_without_a_path_a_member_to_be_is_held() -> None:
    decision = decide_pull(pull_facts(PERSON, PROFILE, link=LINK), NO_PATH, HASHER)

    assert decision == PullDecision(outcome(Category.HELD, Reason.NO_OPT_IN_PATH), settle=ALL)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(
            pull_facts(PERSON, PROFILE, link=LINK),
            PullDecision(NOTHING, stage_opt_in=True, settle=ALL),
            id="Q2-linked-and-in-step",
        ),
        pytest.param(
            pull_facts(EDITED, PROFILE, link=LINK),
            PullDecision(
                outcome(Category.UPDATED_IN_MOBILE_COMMONS, Reason.APPLIED, "first_name"),
                profile_update={"first_name": "Anna"},
                stage_opt_in=True,
                settle=ALL,
            ),
            id="Q2-with-a-changed-field",
        ),
        pytest.param(
            pull_facts(PERSON, a_profile(last_name="Silva")),
            PullDecision(
                outcome(Category.UPDATED_IN_MOBILE_COMMONS, Reason.APPLIED, "first_name", "last_name"),
                profile_update={"first_name": "Ana", COLUMN: ANA},
                person_update={"family_name": "Silva"},
                link=True,
                stage_opt_in=True,
                settle=ALL,
            ),
            id="Q2-link-fill-id",
        ),
        pytest.param(
            pull_facts(PERSON, a_profile(first_name="Anne")),
            PullDecision(
                outcome(Category.FIELD_CONFLICT, Reason.FIRST_LINK_DIFFERS, "first_name"),
                profile_update={COLUMN: ANA},
                link=True,
                stage_opt_in=True,
            ),
            id="Q14-no-data-the-consent-step-runs-the-id-is-stored",
        ),
        pytest.param(
            pull_facts(EDITED, replace(PROFILE, values={**PROFILE.values, "first_name": "Anne"}), link=LINK),
            PullDecision(outcome(Category.FIELD_CONFLICT, Reason.BOTH_CHANGED, "first_name"), stage_opt_in=True),
            id="Q14-both-changed",
        ),
    ],
)
def test_q2_a_known_number_that_never_subscribed_is_opted_in(facts: PullFacts, expected: PullDecision) -> None:
    assert decide_pull(facts, POLICY, HASHER) == expected


@pytest.mark.parametrize(
    ("membership", "person"),
    [
        pytest.param(OUT, PERSON, id="Q24-opted-out"),
        pytest.param(UNDELIVERABLE, PERSON, id="Q24-undeliverable"),
        pytest.param(OUT, FALSE, id="Q22-a-false-wish"),
    ],
)
def test_a_first_link_stores_the_id_whatever_the_consent(membership: MembershipReading, person: Any) -> None:
    facts = pull_facts(person, a_profile(first_name="Ana"), membership=membership)

    decision = decide_pull(facts, POLICY, HASHER)

    assert decision.link
    assert decision.profile_update == {COLUMN: ANA}


def test_a_profile_that_came_back_by_itself_is_linked_as_new() -> None:
    returned = replace(a_profile(first_name="Ana"), id=ProfileId("700000001"))

    decision = decide_pull(pull_facts(PERSON, returned, membership=ACTIVE, link=LINK), POLICY, HASHER)

    assert decision.link
    assert decision.outcome == outcome(Category.LINKED, Reason.ALREADY_SUBSCRIBED)


def test_f13_liberal_carries_the_data_of_a_linked_pair_without_a_wish() -> None:
    person = a_person(wish="0", given_name="Anna")

    decision = decide_pull(pull_facts(person, PROFILE, membership=ACTIVE, link=LINK), LIBERAL, HASHER)

    assert decision.profile_update == {"first_name": "Anna"}
    assert decision.outcome == outcome(Category.UPDATED_IN_MOBILE_COMMONS, Reason.OPT_IN_STATUS_DIFFERS, "first_name")


def test_a_contradiction_becomes_the_reason() -> None:
    contradictory = MembershipReading(Membership.OPTED_OUT, NOON, (Reason.CONSENT_CONTRADICTORY,))

    decision = decide_pull(pull_facts(FALSE, PROFILE, membership=contradictory, link=LINK), POLICY, HASHER)

    assert decision.outcome == outcome(Category.NO_DIFFERENCE, Reason.CONSENT_CONTRADICTORY)


NUMBERS = st.sampled_from([PHONE.digits, OTHER_NUMBER, None, "123"])
WISHES = st.sampled_from(["1", "0", "", None, "maybe"])
TEXTS = st.sampled_from(["", "Ana", "Anna", "Anne"])
MEMBERSHIPS = st.sampled_from([NEVER, PENDING, ACTIVE, OUT, UNDELIVERABLE, UNCLEAR])
SUPPRESSIONS = st.sampled_from([None, a_suppression(), a_suppression(ended_at=LATER)])
ATTEMPTS = st.none() | st.builds(
    Attempt, st.just(HASHER.number(PHONE)), st.just(CAMPAIGN), st.just(EARLY), st.sampled_from(AttemptResult)
)
POLICIES = st.builds(
    lambda sync_type, path, direction, on_conflict: a_policy(
        a_mapping(FIRST_NAME, direction=direction, on_conflict=on_conflict), sync_type=sync_type, opt_in_path=path
    ),
    st.sampled_from(SyncType),
    st.sampled_from([None, "12345"]),
    st.sampled_from(MappingDirection),
    st.sampled_from(OnConflict),
)


@st.composite
def all_facts(draw: st.DrawFn) -> PullFacts:
    person = a_person(
        number=draw(NUMBERS),
        wish=draw(WISHES),
        given_name=draw(TEXTS),
        sms_status=draw(st.sampled_from(["subscribed", "unsubscribed", "bouncing", None])),
    )
    profile = draw(st.none() | st.builds(lambda name: a_profile(first_name=name), TEXTS))
    return pull_facts(
        person,
        match=draw(st.sampled_from([profile or NoMatch(), Ambiguous(Reason.ID_AND_PHONE_DISAGREE)])),  # type: ignore[arg-type]
        membership=draw(MEMBERSHIPS) if profile else NEVER,
        link=draw(st.sampled_from([None, LINK])),
        suppression=draw(SUPPRESSIONS),
        attempt=draw(ATTEMPTS),
        shared_number=draw(st.booleans()),
        eligible=draw(st.booleans()),
    )


@pytest.mark.rule("I1", "I2", "I5")
@given(all_facts(), POLICIES)
def test_i1_i2_i5_nobody_is_opted_in_without_a_wish_a_clean_number_and_a_path(facts: PullFacts, policy: Policy) -> None:
    decision = decide_pull(facts, policy, HASHER)

    is_suppressed = facts.suppression is not None and facts.suppression.is_live
    allowed = (
        facts.wish.wish is Wish.TRUE
        and facts.membership.membership is Membership.NEVER
        and not is_suppressed
        and facts.eligible
        and not facts.shared_number
        and not isinstance(facts.match, Ambiguous)
        and policy.opt_in_path is not None
    )
    assert allowed or not decision.stage_opt_in


@pytest.mark.rule("I6", "I12")
@given(all_facts(), POLICIES)
def test_i6_and_i12_a_pull_writes_neither_consent_nor_an_empty_value(facts: PullFacts, policy: Policy) -> None:
    decision = decide_pull(facts, policy, HASHER)

    assert all({**(decision.profile_update or {}), **decision.person_update}.values())
    assert OPT_IN_FIELD not in decision.person_update
    assert "phone_number" not in decision.person_update


@pytest.mark.rule("I8")
@given(all_facts(), POLICIES)
def test_a_linked_record_is_never_created_and_nothing_is_settled_without_a_link(
    facts: PullFacts, policy: Policy
) -> None:
    decision = decide_pull(facts, policy, HASHER)

    assert not (decision.creates_profile and facts.link is not None)
    assert not decision.settle or decision.link or facts.link is not None


@pytest.mark.rule("I10")
@given(all_facts(), POLICIES)
def test_i10_what_a_pull_has_done_it_does_not_do_again(facts: PullFacts, policy: Policy) -> None:
    first = decide_pull(facts, policy, HASHER)

    profile = facts.match if not isinstance(facts.match, NoMatch | Ambiguous) else a_profile()
    profile = written_to(profile, first.profile_update)
    person = written_to_person(facts.person, first.person_update)
    link = facts.link
    if first.link or first.settle:
        pairs = settle(policy.mappings, profile, person, first.settle, HASHER)
        link = replace(LINK, settled={**(link.settled if link else {}), **pairs})
    exists = first.creates_profile or not isinstance(facts.match, NoMatch | Ambiguous)
    second = decide_pull(
        replace(facts, person=person, link=link, match=profile if exists else facts.match), policy, HASHER
    )

    assert second.profile_update is None
    assert not second.person_update


def test_m14_a_profile_that_came_back_by_itself_is_linked_anew() -> None:
    back = MembershipReading(Membership.ACTIVE, LATER)

    decision = decide_pull(
        pull_facts(PERSON, PROFILE, link=RETIRED, profile_gone_at=NOON, membership=back), POLICY, HASHER
    )

    assert (decision.outcome.category, decision.link) == (Category.LINKED, True)


@pytest.mark.parametrize("link", [pytest.param(LINK, id="linked"), pytest.param(None, id="named")])
def test_m8_the_column_follows_who_survives(link: Link | None) -> None:
    facts = pull_facts(PERSON, a_profile(first_name="Ana", column=BEN), link=link, merged=frozenset({BEN}))

    decision = decide_pull(replace(facts, membership=ACTIVE), POLICY, HASHER)

    assert decision.profile_update == {COLUMN: ANA}
    assert decision.link
    assert (decision.outcome.category, decision.stage_opt_in) == (Category.LINKED, False)


def test_m8_the_merge_is_noted() -> None:
    facts = pull_facts(EDITED, a_profile(first_name="Ana", column=BEN), link=LINK, merged=frozenset({BEN}))

    decision = decide_pull(facts, POLICY, HASHER)

    assert decision.profile_update == {"first_name": "Anna", COLUMN: ANA}
    assert decision.outcome == outcome(Category.UPDATED_IN_MOBILE_COMMONS, Reason.PERSON_MERGED, "first_name")


def test_m10_the_link_of_somebody_who_is_back_lives_again() -> None:
    decision = decide_pull(pull_facts(PERSON, PROFILE, link=replace(LINK, state=LinkState.BROKEN)), POLICY, HASHER)

    assert (decision.link, decision.profile_update) == (True, None)
