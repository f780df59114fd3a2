from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from anmc.api.names import Reason
from anmc.rules.decisions import Ambiguous, MatchedPerson, NoMatch, PersonMatch, ProfileMatch
from anmc.rules.match import (
    Holding,
    column_person_id,
    is_older,
    match_email,
    match_holders,
    match_profile,
    settle_disagreement,
)
from anmc.rules.records import Person, PersonId, Profile
from anmc.rules.remembered import Link
from support.rule_builders import (
    ANA,
    BEN,
    CAI,
    NOON,
    OTHER_NUMBER,
    PHONE,
    a_link,
    a_person,
    a_policy,
    a_profile,
)

POLICY = a_policy()


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        pytest.param(a_profile(), None, id="nobody"),
        pytest.param(a_profile(column=ANA), ANA, id="column"),
        pytest.param(a_profile(column=f" action_network:{ANA.upper()} "), ANA, id="prefix-case-and-blanks"),
        pytest.param(a_profile(column="4711"), None, id="no-uuid"),
        pytest.param(a_profile(constituent_ids=(BEN,)), BEN, id="the-vendors-integration"),
        pytest.param(a_profile(column=ANA, constituent_ids=(BEN,)), ANA, id="column-first"),
        pytest.param(a_profile(column="junk", constituent_ids=(BEN,)), BEN, id="junk-in-the-column"),
        pytest.param(a_profile(constituent_ids=(PersonId(""),)), None, id="an-empty-integration"),
    ],
)
def test_a_profile_names_a_person(profile: Profile, expected: PersonId | None) -> None:
    assert column_person_id(profile, POLICY) == expected


NAMED_BEN = a_profile(column=BEN)
A = a_person(ANA)
B = a_person(BEN)


@pytest.mark.parametrize(
    ("holders", "profile", "linked", "expected"),
    [
        pytest.param([], a_profile(), set(), NoMatch(), id="M2-no-holder"),
        pytest.param([A], a_profile(), set(), MatchedPerson(ANA, A), id="M2-one-holder-no-column"),
        pytest.param([A], a_profile(column=ANA), set(), MatchedPerson(ANA, A), id="M2-column-names-the-holder"),
        pytest.param([A, A], a_profile(), set(), MatchedPerson(ANA, A), id="M2-the-same-person-twice"),
        pytest.param(
            [a_person(ANA, number=OTHER_NUMBER)], a_profile(), set(), NoMatch(), id="N1-an-ignored-filter-is-no-match"
        ),
        pytest.param(
            [A, a_person(BEN, number=OTHER_NUMBER)],
            a_profile(),
            set(),
            MatchedPerson(ANA, A),
            id="N1-others-in-the-answer-do-not-count",
        ),
        pytest.param(
            [A, B], a_profile(column=ANA), set(), Ambiguous(Reason.SEVERAL_MATCHES, (ANA, BEN)), id="M3-two-holders"
        ),
        pytest.param(
            [A],
            a_profile(column=CAI),
            set(),
            Ambiguous(Reason.ID_AND_PHONE_DISAGREE, (ANA,)),
            id="M8-column-names-another",
        ),
        pytest.param(
            [A], a_profile(), {ANA}, Ambiguous(Reason.ID_AND_PHONE_DISAGREE, (ANA,)), id="M8-linked-elsewhere"
        ),
        pytest.param([], a_profile(column=CAI), set(), NoMatch(), id="M4-nobody-holds-it-whoever-is-named"),
    ],
)
def test_a_profile_is_matched_by_number(
    holders: list[Person], profile: Profile, linked: set[PersonId], expected: PersonMatch
) -> None:
    match = match_holders(
        holders,
        phone=PHONE,
        named=column_person_id(profile, POLICY),
        policy=POLICY,
        linked_elsewhere=linked,
    )

    assert match == expected


def with_email(person_id: PersonId, *, number: str | None = None, address: str = "Ana@example.org") -> Person:
    return a_person(person_id, number=number, email_address=address)


@pytest.mark.parametrize(
    ("people", "linked", "expected"),
    [
        pytest.param([], set(), NoMatch(), id="M5-nobody"),
        pytest.param([with_email(ANA)], set(), MatchedPerson(ANA, with_email(ANA), by_email=True), id="M5-one"),
        pytest.param(
            [with_email(ANA, number="")],
            set(),
            MatchedPerson(ANA, with_email(ANA, number=""), by_email=True),
            id="M5-an-empty-number-is-none",
        ),
        pytest.param(
            [with_email(ANA, number=OTHER_NUMBER)],
            set(),
            Ambiguous(Reason.EMAIL_MATCH_HAS_OTHER_PHONE),
            id="M5-with-another-number",
        ),
        pytest.param([with_email(ANA)], {ANA}, Ambiguous(Reason.EMAIL_SHARED), id="M5-linked-elsewhere"),
        pytest.param([with_email(ANA), with_email(BEN)], set(), Ambiguous(Reason.SEVERAL_MATCHES), id="M5-several"),
        pytest.param([with_email(ANA, address="cai@example.org")], set(), NoMatch(), id="M5-an-ignored-filter"),
    ],
)
def test_an_opt_in_is_matched_by_email(people: list[Person], linked: set[PersonId], expected: PersonMatch) -> None:
    assert match_email(people, email="ana@example.org", linked_elsewhere=linked) == expected


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        pytest.param(NOON - timedelta(seconds=3), True, id="A3-seconds-before"),
        pytest.param(NOON - timedelta(seconds=2), False, id="A3-as-old-as-rounding-makes-it"),
        pytest.param(NOON + timedelta(seconds=1), False, id="A3-by-the-request"),
        pytest.param(None, False, id="A3-unknown"),
    ],
)
def test_a_creation_may_meet_somebody_older(created: datetime | None, *, expected: bool) -> None:
    assert is_older(replace(A, created_date=created), NOON) == expected


@pytest.mark.parametrize(
    ("rivals", "named", "linked", "expected"),
    [
        pytest.param({}, None, None, None, id="M2-nobody-else"),
        pytest.param({BEN: Holding.GONE}, BEN, None, None, id="M8-merged-whom-the-column-names"),
        pytest.param({BEN: Holding.GONE}, None, BEN, None, id="M8-merged-whom-the-link-names"),
        pytest.param({BEN: Holding.GONE, CAI: Holding.GONE}, BEN, CAI, None, id="M8-two-were-merged"),
        pytest.param({BEN: Holding.SAME_NUMBER}, BEN, None, Reason.SEVERAL_MATCHES, id="M8-both-hold-the-number"),
        pytest.param({BEN: Holding.SAME_NUMBER}, None, None, Reason.SEVERAL_MATCHES, id="M3-as-the-store-knew"),
        pytest.param({BEN: Holding.OTHER_NUMBER}, None, None, None, id="M3-until-the-store-knows-one-only"),
        pytest.param({BEN: Holding.OTHER_NUMBER}, BEN, None, Reason.ID_AND_PHONE_DISAGREE, id="M8-an-edited-column"),
        pytest.param({BEN: Holding.OTHER_NUMBER}, None, BEN, Reason.PHONE_MOVED, id="M12-moved-from-the-linked-one"),
        pytest.param({BEN: Holding.OTHER_NUMBER}, BEN, BEN, Reason.PHONE_MOVED, id="M12-whom-the-column-names-too"),
        pytest.param(
            {BEN: Holding.GONE, CAI: Holding.OTHER_NUMBER},
            BEN,
            CAI,
            Reason.PHONE_MOVED,
            id="M12-whoever-else-is-gone",
        ),
        pytest.param(
            {BEN: Holding.OTHER_NUMBER, CAI: Holding.SAME_NUMBER},
            None,
            BEN,
            Reason.SEVERAL_MATCHES,
            id="M3-before-all-else",
        ),
    ],
)
def test_a_disagreement_is_settled_by_what_became_of_the_others(
    rivals: dict[PersonId, Holding], named: PersonId | None, linked: PersonId | None, expected: Reason | None
) -> None:
    assert settle_disagreement(rivals, named=named, linked=linked) == expected


@pytest.mark.parametrize(
    ("aliases", "expected"),
    [
        pytest.param({BEN: ANA}, NAMED_BEN, id="M7-an-alias-of-this-person"),
        pytest.param({BEN: CAI}, Ambiguous(Reason.ID_AND_PHONE_DISAGREE), id="M7-an-alias-of-another"),
        pytest.param({}, Ambiguous(Reason.ID_AND_PHONE_DISAGREE), id="M7-no-alias"),
    ],
)
def test_a_column_may_name_a_former_id(aliases: dict[PersonId, PersonId], expected: ProfileMatch) -> None:
    assert match_profile(NAMED_BEN, person=a_person(ANA), link=None, policy=POLICY, aliases=aliases) == expected


OURS, NAMED = a_profile(), a_profile(column=ANA)


@pytest.mark.parametrize(
    ("profile", "link", "expected"),
    [
        pytest.param(None, None, NoMatch(), id="M7-no-profile"),
        pytest.param(OURS, None, OURS, id="M7-column-empty"),
        pytest.param(NAMED, None, NAMED, id="M7-column-names-this-person"),
        pytest.param(
            a_profile(column=BEN), None, Ambiguous(Reason.ID_AND_PHONE_DISAGREE), id="M7-column-names-another"
        ),
        pytest.param(
            OURS, a_link(OURS, a_person(BEN)), Ambiguous(Reason.ID_AND_PHONE_DISAGREE), id="M7-linked-to-another"
        ),
        pytest.param(OURS, a_link(OURS, a_person(ANA)), OURS, id="M6-linked-to-this-person"),
        pytest.param(a_profile(number=OTHER_NUMBER), None, NoMatch(), id="N1-an-ignored-filter-is-no-match"),
    ],
)
def test_a_person_is_matched_with_the_profile_of_its_number(
    profile: Profile | None, link: Link | None, expected: ProfileMatch
) -> None:
    assert match_profile(profile, person=a_person(ANA), link=link, policy=POLICY) == expected
