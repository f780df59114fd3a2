from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.api.names import Category, Reason
from anmc.rules.dead_letters import needs_attention
from anmc.rules.outcomes import Outcome, is_settled, rank, strongest

ATTENTION = {
    Reason.APPLIED: False,
    Reason.PLANNED: False,
    Reason.UNCHANGED: False,
    Reason.NOTHING_TO_CARRY: False,
    Reason.OWN_WRITE: False,
    Reason.NOT_SUBSCRIBED: False,
    Reason.PHONE_MISSING: False,
    Reason.INVALID_PHONE: False,
    Reason.COUNTRY_NOT_ALLOWED: False,
    Reason.NOT_OPTED_IN: False,
    Reason.OPT_IN_FIELD_UNREADABLE: True,
    Reason.REQUIRED_FIELD_EMPTY: False,
    Reason.EMAIL_MISSING: False,
    Reason.OPT_OUT_WITHOUT_MATCH: False,
    Reason.SEVERAL_MATCHES: True,
    Reason.EMAIL_SHARED: True,
    Reason.OPT_OUT_APPLIED_TO_ALL: True,
    Reason.ID_AND_PHONE_DISAGREE: True,
    Reason.EMAIL_MATCH_HAS_OTHER_PHONE: True,
    Reason.PHONE_MOVED: True,
    Reason.PHONE_CHANGED: True,
    Reason.BOTH_CHANGED: True,
    Reason.FIRST_LINK_DIFFERS: True,
    Reason.PERSON_MERGED: False,
    Reason.PERSON_GONE: True,
    Reason.PROFILE_DELETED: True,
    Reason.PREVIOUSLY_OPTED_OUT: False,
    Reason.REFUSED_BY_VENDOR: True,
    Reason.SUPPRESSED: True,
    Reason.FLAG_AND_STATUS_DIFFER: True,
    Reason.OPT_IN_STATUS_DIFFERS: True,
    Reason.OPT_IN_IS_NEWER: False,
    Reason.WITHDRAWAL_REVOKED: False,
    Reason.OPT_OUT_NOT_CARRIED: False,
    Reason.CONSENT_CONTRADICTORY: True,
    Reason.ALREADY_SUBSCRIBED: False,
    Reason.AWAITING_CONFIRMATION: False,
    Reason.UNDELIVERABLE: False,
    Reason.MEMBERSHIP_UNCLEAR: True,
    Reason.NO_OPT_IN_PATH: False,
    Reason.LINK_ONLY: False,
    Reason.NOT_RECENT: False,
    Reason.OUTSIDE_SEND_WINDOW: False,
    Reason.DAILY_CAP_REACHED: False,
    Reason.NO_LONGER_REQUESTED: False,
    Reason.OPT_OUT_LIMIT_REACHED: True,
    Reason.CREATE_LIMIT_REACHED: True,
    Reason.EMAIL_TAKEN: True,
    Reason.NOT_STORED: True,
    Reason.FIELD_MISSING: True,
    Reason.NOT_CLEARABLE: False,
    Reason.COUNTRY_UNKNOWN: False,
    Reason.CONTROL_CHARACTERS_REMOVED: False,
    Reason.CREATE_HIT_EXISTING: True,
    Reason.PHONE_REJECTED: True,
    Reason.SERVICE_REFUSED: True,
    Reason.SERVICE_FAILED: False,  # only after three runs, which nobody counts yet
    Reason.OUTCOME_UNKNOWN: False,
    Reason.UNREADABLE_RECORD: True,
    Reason.AUTHENTICATION_FAILED: True,
    Reason.PERMISSION_DENIED: True,
}
"""Column *Att.* of sync.md section 8."""


def test_every_reason_has_a_row() -> None:
    assert set(ATTENTION) == set(Reason)


@pytest.mark.parametrize(("reason", "needed"), ATTENTION.items())
def test_a_reason_says_whether_a_person_has_to_look(reason: Reason, *, needed: bool) -> None:
    assert needs_attention(Outcome(Category.HELD, reason)) is needed


def test_o1_every_category_has_a_place_and_the_stronger_comes_first() -> None:
    order = [
        Category.VALIDATION_ERROR,
        Category.SKIPPED_MEMBERS,
        Category.OPTED_OUT_IN_ACTION_NETWORK,
        Category.SUBSCRIBED,
        Category.IMPORTED,
        Category.UPDATED_IN_MOBILE_COMMONS,
        Category.FIELD_CONFLICT,
        Category.UNABLE_TO_UPDATE,
        Category.NO_IMPORT,
        Category.HELD,
        Category.DEFERRED_SUBSCRIPTION,
        Category.LINKED,
        Category.NO_DIFFERENCE,
        Category.NO_NEW_CHANGES,
    ]

    assert all(rank(first) < rank(second) for first, second in pairwise(order))
    assert {rank(category) for category in Category} == {rank(category) for category in order}


APPLIED_UPDATE = Outcome(Category.UPDATED_IN_ACTION_NETWORK, Reason.APPLIED, ("first_name",))
CONFLICT = Outcome(Category.FIELD_CONFLICT, Reason.BOTH_CHANGED, ("city",))
HELD = Outcome(Category.HELD, Reason.PREVIOUSLY_OPTED_OUT)
LINKED = Outcome(Category.LINKED, Reason.APPLIED)
NOTHING = Outcome(Category.NO_DIFFERENCE, Reason.NOTHING_TO_CARRY)


@pytest.mark.parametrize(
    ("outcomes", "notes", "expected"),
    [
        pytest.param([NOTHING, APPLIED_UPDATE], [], APPLIED_UPDATE, id="O1-an-effect-without-a-problem-is-applied"),
        pytest.param(
            [HELD, APPLIED_UPDATE],
            [],
            Outcome(Category.UPDATED_IN_ACTION_NETWORK, Reason.PREVIOUSLY_OPTED_OUT, ("first_name",)),
            id="O1-an-effect-hides-no-problem",
        ),
        pytest.param(
            [LINKED, HELD, CONFLICT, Outcome(Category.UPDATED_IN_ACTION_NETWORK, Reason.APPLIED)],
            [],
            Outcome(Category.UPDATED_IN_ACTION_NETWORK, Reason.BOTH_CHANGED, ("city",)),
            id="O1-of-several-problems-the-highest",
        ),
        pytest.param([LINKED, HELD], [], HELD, id="O1-held-counts-before-linked"),
        pytest.param(
            [LINKED],
            [Reason.CONSENT_CONTRADICTORY],
            Outcome(Category.LINKED, Reason.CONSENT_CONTRADICTORY),
            id="O1-a-note-becomes-the-reason",
        ),
        pytest.param([HELD], [Reason.CONSENT_CONTRADICTORY], HELD, id="O1-a-category-keeps-its-own-reason"),
        pytest.param(
            [NOTHING],
            [Reason.CONSENT_CONTRADICTORY],
            Outcome(Category.NO_DIFFERENCE, Reason.CONSENT_CONTRADICTORY),
            id="O1-a-note-alone-is-no-difference",
        ),
    ],
)
def test_one_outcome_counts(outcomes: list[Outcome], notes: list[Reason], expected: Outcome) -> None:
    assert strongest(outcomes, notes=notes) == expected


def test_a_record_without_any_outcome_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one outcome"):
        strongest([])


@given(st.lists(st.builds(Outcome, st.sampled_from(Category), st.sampled_from(Reason)), min_size=1))
def test_no_outcome_is_stronger_than_the_one_that_counts(outcomes: list[Outcome]) -> None:
    assert rank(strongest(outcomes).category) == min(rank(outcome.category) for outcome in outcomes)


@pytest.mark.parametrize(
    ("outcome", "settled"),
    [
        pytest.param(NOTHING, True, id="Q21-nothing-to-do"),
        pytest.param(APPLIED_UPDATE, True, id="Q21-done"),
        pytest.param(HELD, True, id="Q21-held-by-a-rule-until-something-changes"),
        pytest.param(CONFLICT, False, id="Q21-conflict"),
        pytest.param(
            Outcome(Category.UPDATED_IN_MOBILE_COMMONS, Reason.FIRST_LINK_DIFFERS), False, id="Q21-conflict-below"
        ),
        pytest.param(Outcome(Category.SKIPPED_MEMBERS, Reason.SEVERAL_MATCHES), False, id="Q21-skip"),
        pytest.param(Outcome(Category.UNABLE_TO_UPDATE, Reason.SERVICE_FAILED), False, id="Q21-failure"),
        pytest.param(Outcome(Category.HELD, Reason.CREATE_LIMIT_REACHED), False, id="Q21-limit-of-a-run"),
        pytest.param(Outcome(Category.HELD, Reason.NOT_RECENT), False, id="Q21-limit-that-a-full-pull-lifts"),
        pytest.param(Outcome(Category.IMPORTED, Reason.OUTSIDE_SEND_WINDOW), True, id="C14-the-queue-remembers-it"),
    ],
)
def test_an_unchanged_record_is_passed_over_if_no_work_is_left(outcome: Outcome, *, settled: bool) -> None:
    assert is_settled(outcome) is settled
